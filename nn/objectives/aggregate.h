/* The aggregate posterior q(z) = 1/N sum_n q(z|x_n), as a batch shows it: how far it is from a prior, and how far from
 * a product of its marginals.
 *
 *     elbo_var *code = elbo_squeeze(inference.z, 1);                                // (B, Z) of q(z)
 *     elbo_var *drawn = elbo_sample(elbo_model_prior(in), "mmd", 0);                // (B, Z) of p(z)
 *     elbo_var *cost = elbo_mmd(code, drawn, "imq", 1);                             // (): what a WAE adds to its error
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

/* The same where row i of a and row i of b go together, such as codes beside the label of one image: only rows i != j
 * are compared, of a and b too, so B' = B, and of equal samples it is 0 (loc. cit., equation 4). */
ELBO_API elbo_var *elbo_mmd_paired(elbo_var *a, elbo_var *b, const char *kernel, double bandwidth);

ELBO_API extern const char *const elbo_mmd_kernel_names[]; /* imq, rbf, then NULL */

/* ---- total correlation ------------------------------------------------------------------------------------------- */

typedef struct {
    elbo_var *log_q;       /* (B, K) log q(z)             */
    elbo_var *log_product; /* (B, K) sum_d log q(z_d)     */
} elbo_aggregate;

/* Estimates of the aggregate posterior at draws z (B, K, Z) of a normal q(z|x) of shape (B, Z), from the batch alone
 * (Chen et al., arXiv:1802.04942), N = images () being how many there are in all; where N < B, B of them.
 *
 *     log q(z_i) = logsumexp_j (log W_ij + log q(z_i|x_j)), log q(z_id) the same of q(z_id|x_j)
 *
 *     mss    stratified: W_ii = 1/N, W_ij = (N-M) / (N M) for the image j after i (the first after the last), 1/M for
 *            others, M = B - 1: rows sum to 1, and on average over batches q(z) is right; of one image W_ii = 1
 *     mws    weighted: W_ij = 1 / (B N), which is low by up to log N
 *
 * Whatever the weights, the three parts of the KL that follow from these add up to log q(z|x) - log p(z):
 *
 *     log q(z|x) - log q(z)                 on average the mutual information I(x; z); with mss at most log N
 *     log q(z) - sum_d log q(z_d)           on average the total correlation
 *     sum_d log q(z_d) - log p(z)           on average what is left: the KL of each dimension of q(z) from the prior */
ELBO_API elbo_aggregate elbo_aggregate_posterior(elbo_dist q, elbo_var *z, elbo_var *images, const char *estimator);

ELBO_API extern const char *const elbo_aggregate_estimator_names[]; /* mss, mws, then NULL */

/* Draws from the product of the marginals of the law of which rows of x are draws: each column of x (B, ...) permuted
 * over the batch by itself, from a random stream (Kim and Mnih, arXiv:1802.05983, algorithm 1). All permutations are
 * as likely. The work is B^2 for each column. */
ELBO_API elbo_var *elbo_shuffle_columns(elbo_var *x, const char *name);

#ifdef __cplusplus
}
#endif
#endif
