/* Internal: how the von Mises-Fisher distribution moves with its concentration, in double. */
#ifndef ELBO_TENSOR_SPHERE_H
#define ELBO_TENSOR_SPHERE_H

/* For z on the unit sphere of R^Z, Z >= 2, with a density proportional to e^(kappa w), w = mu'z = 1 - u: the derivative
 * of u by kappa at a fixed value of the distribution function P(w), that is P_kappa / P_w; never positive. u lies in
 * [0, 2] (0 at its ends), kappa >= 0; ratio is that of elbo__bessel(Z/2 - 1, kappa), the mean of w. Right to 9 digits
 * for kappa <= 10^5. */
double elbo__vmf_slope(double dims, double u, double kappa, double ratio);

#endif
