/* How well single dimensions of a code stand for single factors that images were made from, where these are known.
 *
 *     elbo_disentangling d;
 *     if (elbo_run_disentangling(run, &sprites, 0, 1, &d) == ELBO_OK) {
 *         printf("MIG %.3f, factor score %.3f\n", d.mig, d.factor_score);
 *         elbo_disentangling_free(&d);
 *     }
 *
 * Codes are the means of q(z|x). Figures of different papers agree only roughly, and all of them depend on choices that
 * are made here as follows (Locatello et al. 2019, arXiv:1811.12359, whose library has other models for the importances
 * and whose figures move with the release of another library):
 *
 *     mig          1/F sum_f (I(z_a; v_f) - I(z_b; v_f)) / H(v_f), a and b the codes with the most information on v_f,
 *                  codes in 20 bins of equal width (Chen et al. 2018, arXiv:1802.04942)
 *     sap          1/F sum_f (S_af - S_bf), S_jf the square of the correlation of z_j and an ordered v_f, of another
 *                  v_f the share of the variance of z_j between its values (Kumar et al. 2018, arXiv:1711.00848)
 *     disentanglement, completeness, informativeness (Eastwood and Williams 2018): importance R_jf = share of the
 *                  variance of v_f that a model of v_f explains by z_j; P_jf = R_jf / sum_f R_jf;
 *                  sum_j rho_j (1 - H(P_j) / log F), rho_j = sum_f R_jf / sum R; the same by columns; the variance that
 *                  is explained for images which the model has not seen. The model is a sum of stumps, f(z) = sum_i
 *                  [z_j(i) < t_i] a_i, boosted by gradients on half of the images (learning rate 0.3, thresholds at 31
 *                  quantiles, at most 200), which ends when no stump is better than chance; of a factor without an
 *                  order there is one for each value
 *     factor_score one factor is held fast in batches of 64, and the code with the least variance (by its variance over
 *                  all images) tells which, by majority (Kim and Mnih 2018, arXiv:1802.05983): 10,000 batches to learn
 *                  from, 5,000 to be measured by. Chance is 1/F
 *     beta_score   one factor is the same in each of 64 pairs, and a linear classifier (softmax regression) tells which
 *                  from the mean distance in each code (Higgins et al. 2017): 10,000 and 5,000. Chance is 1/F
 *
 * All lie between 0 and 1. A code that is the factors has 1 everywhere.
 */
#ifndef ELBO_NN_DISENTANGLING_H
#define ELBO_NN_DISENTANGLING_H

#include "../runs/run.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What is measured: codes (N, Z) and factors (N, F), values from 0 on; ordered (F), NULL: all are. Borrowed. */
typedef struct {
    int64_t count, latent, factors; /* N, Z, F */
    const float *codes;
    const int32_t *values;
    const bool *ordered;
} elbo_factored;

typedef struct {
    int64_t images, latent, factors; /* N, Z, F                                                                       */
    double mig, sap, disentanglement, completeness, informativeness, factor_score, beta_score;
    double *information;             /* (F, Z) I(z_j; v_f) in nats                                                    */
    double *importance;              /* (F, Z) R_jf                                                                   */
    double *entropy;                 /* (F) H(v_f) in nats                                                            */
} elbo_disentangling;

/* ELBO_INVALID for fewer than 100 rows, a code that is not finite, a negative value, or a factor with one value in all
 * rows. Batches depend on the seed. On failure *out is empty. */
ELBO_API elbo_status elbo_disentangling_of(const elbo_factored *data, int64_t seed,
                                           elbo_disentangling *out) ELBO_MUST_CHECK;

/* The same of the codes of the first `count` images (0, or more than there are: all), which must have factors. */
ELBO_API elbo_status elbo_run_disentangling(elbo_run *run, const elbo_images *images, int64_t count, int64_t seed,
                                            elbo_disentangling *out) ELBO_MUST_CHECK;

ELBO_API void elbo_disentangling_free(elbo_disentangling *d); /* leaves it empty; accepts NULL */

#ifdef __cplusplus
}
#endif
#endif
