/* Internal: sums and maxima over axes. */
#ifndef ELBO_TENSOR_REDUCE_H
#define ELBO_TENSOR_REDUCE_H

#include "tensor.h"

typedef enum { ELBO__SUM, ELBO__SUM_ABS, ELBO__MAX } elbo__reduction; /* SUM_ABS: of absolute values */

/* y = the reduction of x over every axis on which y has size 1; f32 or f64. The order of the operations for one element
 * of y depends on the sizes of the reduced axes and on strides, not on how much of the other axes is given: cutting
 * those into blocks changes no bit. A maximum that is zero is +0, whatever zeros there are. */
void elbo__reduce(elbo__reduction reduction, const elbo_tensor *y, const elbo_tensor *x);

#endif
