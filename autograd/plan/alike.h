/* Internal: nodes of a graph that do the same to each of several matrices that lie beside each other, and are planned
 * as one that does it to all of them: products x W_i', the derivatives by W_i, the updates of W_i and of the slabs; and
 * the sum over i of products D_i W_i, one product of all D_i beside each other. */
#ifndef ELBO_AUTOGRAD_PLAN_ALIKE_H
#define ELBO_AUTOGRAD_PLAN_ALIKE_H

#include "../beside.h"

enum {
    ELBO__ALONE = -1,  /* planned as it is                         */
    ELBO__COMMON = -1, /* an operand that all have: that of of[0]  */
    ELBO__MOST_ALIKE_OPERANDS = 3
};

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
    int in[ELBO__MOST_ALIKE_OPERANDS]; /* operand k: the number of what is planned at once too, or COMMON */
    const elbo_var *sum, *rest;
    int at;   /* the graph's node behind which it is planned */
    int next; /* what is planned behind the same node next   */
    int node; /* in the plan; ELBO__NONE: not there yet      */
} elbo__alike;

/* By graph id: of what a node is a part, or ALONE; and what is planned behind it first; less than 0: nothing. */
typedef struct {
    elbo__alike *all;
    size_t n, capacity;
    int *place, *behind;
} elbo__alikes;

/* What the plan's node for x reads as operand k: of a reshape of a reshape what that reshapes. */
const elbo_var *elbo__read_by(const elbo_var *x, int k);

/* live, wanted: by graph id. */
elbo_status elbo__find_alikes(const elbo_graph *graph, const bool *live, const bool *wanted,
                              elbo__alikes *alikes) ELBO_MUST_CHECK;
void elbo__alikes_free(elbo__alikes *alikes);

#endif
