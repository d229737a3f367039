/* Internal: which matrices of a parameter set lie beside each other. */
#ifndef ELBO_AUTOGRAD_BESIDE_H
#define ELBO_AUTOGRAD_BESIDE_H

#include "op.h"

enum { ELBO__MOST_BESIDE = 8 };

/* Has the narrow matrices W_i of products x W_i' of one x, in a graph whose set is open, lie beside each other, up to
 * so many: they can be one product then, which fills the lanes of vectors better (plan/alike.h). */
elbo_status elbo__lay_beside(elbo_graph *graph) ELBO_MUST_CHECK;

/* Whether two nodes are the same, or made by the same operations of the same. Nodes that read state are only the same
 * when they are one. */
bool elbo__computed_alike(const elbo_var *a, const elbo_var *b);

#endif
