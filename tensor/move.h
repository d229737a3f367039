/* Internal: loops over several layouts of one shape, and the copies made with them. */
#ifndef ELBO_TENSOR_MOVE_H
#define ELBO_TENSOR_MOVE_H

#include "tensor.h"

enum { ELBO__MAX_LOOPED = 2 };

/* The loops that visit a shape in row-major order, with axes of size 1 dropped and neighbouring axes joined where every
 * layout allows it. The last loop is the innermost; there is always at least one. */
typedef struct {
    int ndim;
    int64_t dim[ELBO_MAX_RANK];
    int64_t strides[ELBO__MAX_LOOPED][ELBO_MAX_RANK];
} elbo__loops;

elbo__loops elbo__loops_over(const elbo_layout *const *layouts, int n);

/* Steps the outer loops (all but the last) on; false when they are through. `at` moves along, one entry a layout. */
bool elbo__loops_next(const elbo__loops *loops, int n, int64_t *index, int64_t *at);

/* Axes in the order of `by`'s steps, the widest first, and those of `other` in the same order. */
void elbo__sort_axes(elbo_layout *by, elbo_layout *other);

/* to[...] = from[...]: same dtype, same shape, memory apart */
void elbo__move(const elbo_tensor *to, const elbo_tensor *from);

/* to[...] = from[...] in row-major order of each: same dtype, same number of elements */
void elbo__move_reshaped(const elbo_tensor *to, const elbo_tensor *from);

/* x[...] = value */
void elbo__fill(const elbo_tensor *x, double value);

#endif
