/* Internal: sums in place of integrals. */
#ifndef ELBO_NN_QUADRATURE_H
#define ELBO_NN_QUADRATURE_H

/* Nodes x (n) in (0, 1) and weights w (n) of the rule of Gauss and Legendre: the sum of w_i f(x_i) is the integral of f
 * over (0, 1), for polynomials of degree 2n - 1 exactly. */
void elbo__gauss_legendre(int n, double *x, double *w);

#endif
