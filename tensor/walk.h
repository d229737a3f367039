/* Internal: a walk over the elements of a tensor, for plain loops. */
#ifndef ELBO_TENSOR_WALK_H
#define ELBO_TENSOR_WALK_H

#include "tensor.h"

/* Visits the indices of a shape in row-major order: for (elbo__walk w = elbo__walk_start(&shape); w.more;
 * elbo__walk_next(&w)) ... w.index ... */
typedef struct {
    elbo_shape shape;
    int64_t index[ELBO_MAX_RANK];
    bool more;
} elbo__walk;
elbo__walk elbo__walk_start(const elbo_shape *shape);
void elbo__walk_next(elbo__walk *walk);
int64_t elbo__layout_at(const elbo_layout *layout, const int64_t *index); /* the element's position */

#endif
