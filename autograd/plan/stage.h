/* Internal to the pass `stage`: what its two files share. */
#ifndef ELBO_AUTOGRAD_PLAN_STAGE_H
#define ELBO_AUTOGRAD_PLAN_STAGE_H

#include "ir.h"

typedef struct {
    elbo_plan *plan;
    const elbo_graph *graph;
    int *parent;    /* union-find over (node, axis) */
    int64_t *units; /* of a root */
    int *latest;    /* by node: the last stage it may stand in, for sinking */
    bool *leafy;    /* by node: depends on leaves alone */
    bool *followed; /* by node: every reader, so far, reads it block by block */
    elbo__readers readers; /* of the nodes placed so far */
} staging;

/* The root of the domain that an axis of a node belongs to. */
int elbo__domain_of(const staging *s, int node, int axis);

/* Whether a node cut along `axis` meets, block by block, what was cut along `met_axis` (of a tensor read at
 * `at_axis`). */
bool elbo__together(const staging *s, int node, int axis, int at_axis, int met, int met_axis);

/* Whether a node that reads state `leaf` meets, block by block, an assignment to it that is cut along `axis`. */
bool elbo__reader_meets(const staging *s, int reader, int leaf, int assignment, int axis);

/* Moves nodes to later stages; all have been placed. */
void elbo__sink(staging *s);

#endif
