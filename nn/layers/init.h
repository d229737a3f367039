/* Initial values of parameters.
 *
 *     elbo_var *w = elbo_param(g, "weight", ELBO_SHAPE(10, 784), elbo_init_glorot());
 *
 * Fan-in and fan-out come from the tensor's shape: (out, in) for a matrix, (out, in, kh, kw) for a convolution, whose
 * fans are in kh kw and out kh kw; a vector (n) has both equal to n. The numbers depend on the seed, the parameter's
 * name and the position in logical row-major order: not on the memory layout, and f32 and f64 agree to rounding.
 */
#ifndef ELBO_NN_INIT_H
#define ELBO_NN_INIT_H

#include "../../autograd/params.h"

#ifdef __cplusplus
extern "C" {
#endif

ELBO_API elbo_init elbo_init_zeros(void);                          /* 0                                               */
ELBO_API elbo_init elbo_init_constant(double value);               /* value                                           */
ELBO_API elbo_init elbo_init_uniform(double low, double high);     /* U(low, high)                                    */
ELBO_API elbo_init elbo_init_normal(double mean, double deviation); /* N(mean, deviation^2)                           */

/* U(-a, a), a = sqrt(6 / (fan_in + fan_out)): Glorot and Bengio 2010; for tanh and linear layers */
ELBO_API elbo_init elbo_init_glorot(void);

/* N(0, 2 / fan_in): He et al. 2015 (arXiv:1502.01852), the normal form; for rectifiers */
ELBO_API elbo_init elbo_init_he(void);

/* U(-a, a), a = 1 / sqrt(fan_in): what PyTorch's linear layer does for weight and bias. `fan_in` 0 takes it from the
 * tensor's own shape; a bias needs that of its weight. */
ELBO_API elbo_init elbo_init_fan_in(int64_t fan_in);

/* Rows (of the last axis) of the given Euclidean norm in uniform directions; for codebooks */
ELBO_API elbo_init elbo_init_sphere(double norm);

#ifdef __cplusplus
}
#endif
#endif
