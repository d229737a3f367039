/* Internal: the Cholesky factor of an f64 matrix, and its inverse, by LAPACK. */
#ifndef ELBO_TENSOR_CHOLESKY_H
#define ELBO_TENSOR_CHOLESKY_H

#include <stdint.h>

#include "error.h"

/* a (n, n) symmetric, of which a[i][k] is read where k <= i: becomes L with a = L L^T, zeros above its diagonal.
 * ELBO_INVALID, and a is lost, where a is not positive definite. */
elbo_status elbo__cholesky(int64_t n, double *a) ELBO_MUST_CHECK;

/* l (n, n), zeros above its diagonal and none on it, becomes its inverse. */
elbo_status elbo__invert_lower(int64_t n, double *l) ELBO_MUST_CHECK;

#endif
