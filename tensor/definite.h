/* Internal: small symmetric positive definite matrices, in double, for kernels: they allocate and report nothing. */
#ifndef ELBO_TENSOR_DEFINITE_H
#define ELBO_TENSOR_DEFINITE_H

#include <stdbool.h>
#include <stdint.h>

/* a = u' u for an upper triangle u: of a (n, n), row-major, the upper triangle is read and becomes u; what lies below
 * stays. false, and u is of no use, where a is not positive definite or has a NaN. */
bool elbo__definite_factor(int64_t n, double *a) __attribute__((warn_unused_result));

/* u (n, n) as it was left there becomes the inverse of a, both triangles; work (n, n) is written over. */
void elbo__definite_inverse(int64_t n, double *u, double *work);

#endif
