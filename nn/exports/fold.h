/* Internal: nodes of a graph as steps. */
#ifndef ELBO_NN_FOLD_H
#define ELBO_NN_FOLD_H

#include "program.h"

enum { ELBO__FOLDED_OPERANDS = 5 };

/* A node as a step: its own op, or one that stands for it and for some of what it is made of. */
typedef struct {
    elbo__step step; /* without `in`; its shape is the node's */
    elbo_var *operands[ELBO__FOLDED_OPERANDS];
    elbo_var **in;   /* [step.n_in] the operands, or those of the node */
} elbo__folded;

/* False: no step is like it. `in` may point into *out, which must not be moved. */
bool elbo__as_step(elbo_var *x, elbo__folded *out);

#endif
