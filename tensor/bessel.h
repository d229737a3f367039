/* Internal: modified Bessel functions of the first kind, in double. */
#ifndef ELBO_TENSOR_BESSEL_H
#define ELBO_TENSOR_BESSEL_H

/* For I(x) of order nu and J(x) of order nu + 1, with F(x) = gamma(nu + 1) (2/x)^nu I(x), which is 1 at 0:
 *
 *     factor = ln F(x),    ratio = J(x) / I(x) = d factor / dx,    slope = d ratio / dx.
 *
 * nu >= 0, any x: ratio is odd in x, the others are even. For |x| <= 10^6 and nu <= 5000 right to 13 digits, slope to
 * 11. */
typedef struct {
    double factor, ratio, slope;
} elbo__bessel_values;
elbo__bessel_values elbo__bessel(double nu, double x);

#endif
