/* Internal: what the parts of pass simplify share (put.c, order.c, simplify.c). */
#ifndef ELBO_AUTOGRAD_PLAN_SIMPLIFY_H
#define ELBO_AUTOGRAD_PLAN_SIMPLIFY_H

#include "../../tensor/lookup.h"
#include "alike.h"
#include "ir.h"

typedef struct {
    elbo_plan *plan;
    elbo_graph *graph;
    bool *live;       /* by graph id */
    bool *wanted;     /* by graph id: an output */
    const int **read; /* by graph id: the order of axes in which kernels would read it */
    int *reads;       /* by graph id: by how many of them */
    int *place;       /* graph id to plan node; NONE: it has none yet */
    elbo__alikes alikes;
    int *assigned;      /* plan node of a state leaf: assignments to it so far */
    elbo__lookup nodes; /* by what makes them what they are */
} elbo__importer;

/* What a chain of views shows, or the node itself. */
int elbo__shown_by(const elbo_plan *plan, int id);

/* The state leaf that a node is a view of by movement alone, or NONE. */
int elbo__state_of(const elbo_plan *plan, int id);

/* Whether a node is a constant, or a view of one; its value as the dtype holds it. */
bool elbo__constant_of(const elbo_plan *plan, int id, double *value);

/* The node as it is, or the same one from before. */
elbo_status elbo__put_once(elbo__importer *im, elbo__node node, const int *in, int *id);

/* The node, or what it comes to: a constant, or one of its operands. */
elbo_status elbo__put_node(elbo__importer *im, elbo__node node, const int *in, int *id);

/* Any node, in the order of axes that is best for it. An elementwise output stays as its shape says. */
elbo_status elbo__put_best(elbo__importer *im, elbo__node node, const int *in, bool output, int *id);

/* A view of x: its axis i is axis axes[i] of x. */
elbo_status elbo__put_permuted(elbo__importer *im, int x, const int *axes, int *id);

/* A row-major copy, by a kernel of its own: not fused, and cut along any axis but 1. */
elbo_status elbo__put_rows(elbo__importer *im, int of, int *id);

/* A copy of images whose axes lie in this order, and a view that shows it as x. A kernel of its own makes it: turning
 * tiles is four times as fast as reading numbers that lie apart. */
elbo_status elbo__put_turned(elbo__importer *im, int x, const int *order, int *id);

/* Whether a node is the view of one whose axes lie in this order. */
bool elbo__lies_in(const elbo_plan *plan, int x, const int *order);

/* Whether images that are computed lie in another order than this: with one channel, or one pixel, there is none. */
bool elbo__lies_across(const elbo_plan *plan, int x, const int *order);

#endif
