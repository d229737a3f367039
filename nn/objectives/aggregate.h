/* The aggregate posterior q(z) = 1/N sum_n q(z|x_n), as a batch shows it: how far it is from a prior, and how far from
 * a product of its marginals.
 *
 *     elbo_var *own = elbo_permute(i.z, (int[]){1, 0, 2});                            // (K, B, Z)
 *     elbo_var *drawn = elbo_permute(elbo_sample(prior, "mmd", K), (int[]){1, 0, 2}); // of p(z)
 *     elbo_var *cost = elbo_mean_all(elbo_mmd(own, drawn, "imq", 1));                 // what a WAE adds
 *
 * Unlike the terms of the bound these couple the images of a batch: the figure depends on how many there are.
 */
#ifndef ELBO_NN_AGGREGATE_H
#define ELBO_NN_AGGREGATE_H

#include "../distributions/distribution.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- two samples ------------------------------------------------------------------------------------------------- */

/* MMD^2 (...) of the laws of two samples, rows of a (..., B, Z) and of b (..., B', Z), leading axes alike: the unbiased
 * estimate of Gretton et al. (JMLR 13, 2012, lemma 6), which may be below 0,
 *
 *     1 / (B (B-1)) sum_{i != j} k(a_i, a_j) + 1 / (B' (B'-1)) sum_{i != j} k(b_i, b_j) - 2 / (B B') sum_ij k(a_i, b_j)
 *
 * for a kernel by its name, with bandwidth h > 0 (Tolstikhin et al., arXiv:1711.01558, for both):
 *
 *     imq    k(a, b) = sum_s C s / (C s + |a - b|^2), C = 2 Z h^2, s in {0.1, 0.2, 0.5, 1, 2, 5, 10}
 *     rbf    k(a, b) = exp(-|a - b|^2 / (2 Z h^2))
 *
 * A sample of one row has no pairs, so that nothing is known: 0. */
ELBO_API elbo_var *elbo_mmd(elbo_var *a, elbo_var *b, const char *kernel, double bandwidth);

/* The same of the empirical laws, where a row pairs with itself as well and B^2 stands for B (B-1): at least 0, and 0
 * of equal samples; on average above what is estimated (loc. cit., equation 5). */
ELBO_API elbo_var *elbo_mmd_biased(elbo_var *a, elbo_var *b, const char *kernel, double bandwidth);

ELBO_API extern const char *const elbo_mmd_kernel_names[]; /* imq, rbf, then NULL */

#ifdef __cplusplus
}
#endif
#endif
