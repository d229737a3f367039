/* Internal: nodes of a graph that do the same to each of several matrices that lie beside each other, and are planned
 * as one that does it to all of them: products x W_i', the derivatives by W_i, the updates of W_i and of the slabs; and
 * the sum over i of products D_i W_i, one product of all D_i beside each other. */
#ifndef ELBO_AUTOGRAD_PLAN_ALIKE_H
#define ELBO_AUTOGRAD_PLAN_ALIKE_H

#include "../beside.h"

enum { ELBO__MOST_ALIKE_OPERANDS = 4 };

typedef enum {
    ELBO__ALIKE,    /* what `of` does, done at once: along `axis` the result is theirs beside each other  */
    ELBO__TOGETHER, /* a copy of all of `of` beside each other along `axis`; they stay nodes of their own */
    ELBO__SUMMED    /* stands for `sum`: `rest`, if there is any, and the sum of `of`                     */
} elbo__alike_kind;

typedef struct {
    elbo__alike_kind kind;
    int n;
    const elbo_var *of[ELBO__MOST_BESIDE];
    int axis;
    int in[ELBO__MOST_ALIKE_OPERANDS]; /* operand k: such nodes too; -1: as of[0] has it, the same for all */
    const elbo_var *sum, *rest;
    int at;   /* the graph's node after which it is planned */
    int node; /* in the plan, once it is there              */
} elbo__alike;

/* Operands come before those that have them. `place`: by graph id, -1: planned as it is. */
typedef struct {
    elbo__alike *all;
    size_t n, capacity;
    int *place;
} elbo__alikes;

/* live, wanted: by graph id. */
elbo_status elbo__find_alikes(const elbo_graph *graph, const bool *live, const bool *wanted,
                              elbo__alikes *alikes) ELBO_MUST_CHECK;
void elbo__alikes_free(elbo__alikes *alikes);

#endif
