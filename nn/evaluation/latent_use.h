/* How much of its latent space a trained model uses, told by images.
 *
 *     elbo_latent_use use;
 *     if (elbo_run_latent_use(run, &test, 1000, &use) == ELBO_OK) {
 *         if (use.active == 0) ...                       // posterior collapse: the decoder gets nothing of x
 *         for (int64_t j = 0; j < use.latent; j++) ...   // use.kl[j] nats, if use.kl is there
 *         elbo_latent_use_free(&use);
 *     }
 *
 * Images are taken as they are, binarised where the model's options ask for that, and never corrupted. All figures are
 * sums in the order of the images: the same bits in whatever blocks these are looked at. A code that is not finite
 * makes figures that are not; no unit is active by such a one.
 */
#ifndef ELBO_NN_LATENT_USE_H
#define ELBO_NN_LATENT_USE_H

#include "../runs/run.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ELBO_ACTIVE_VARIANCE 1e-2 /* above it a unit is active */

typedef struct {
    int64_t images;   /* N, how many were looked at                                                                 */
    int64_t latent;   /* Z                                                                                          */
    int64_t active;   /* units j with variance[j] > ELBO_ACTIVE_VARIANCE                                            */
    double *variance; /* (Z) of the codes, 1/N sum_n (m_nj - mean of m_j)^2, m_n = E_q[z|x_n,y_n]: the activity of  */
                      /* Burda, Grosse and Salakhutdinov (arXiv:1509.00519, section 5.2)                            */
    double *kl;       /* (Z) 1/N sum_n KL(q(z_j|x_n,y_n) || p(z_j|y_n)) in nats; NULL where q(z|x) or p(z) is no    */
                      /* normal, so that dimensions have no KL of their own in closed form                          */
    double kl_total;  /* the sum of kl; NaN without it                                                              */
} elbo_latent_use;

/* Looks at the first `count` images of a data set; 0, or more than there are: at all. ELBO_INVALID for a model
 * without a prior, whose codes have no scale that the activity could be measured by. On failure *out is empty. */
ELBO_API elbo_status elbo_run_latent_use(elbo_run *run, const elbo_images *images, int64_t count,
                                         elbo_latent_use *out) ELBO_MUST_CHECK;
ELBO_API void elbo_latent_use_free(elbo_latent_use *use); /* leaves it empty; accepts NULL */

/* What codes tell of images, and how the codes of all of them lie beside the prior (Hoffman and Johnson, ELBO surgery,
 * 2016):
 *
 *     1/N sum_n KL(q(z|x_n) || p(z)) = I_q(x;z) + KL(q(z) || p(z)),    q(z) = 1/N sum_n q(z|x_n)
 *     I_q(x;z) = 1/N sum_n E_q[log q(z|x_n) - log q(z)],               by one draw z_n from each q(z|x_n)
 *
 * For which of these N images a code is of, I_q is estimated without bias. For images at large it is too small, since
 * x_n is itself among the N that q(z) is made of; no estimate exceeds log N, and one near it says that the true figure
 * is above. Labels count as a part of x. */
typedef struct {
    int64_t images;            /* N                                                                                 */
    double mutual_information; /* I_q(x;z), nats                                                                    */
    double error;              /* its standard error from the draws, deviation / sqrt(N); NaN for one image         */
    double limit;              /* log N                                                                             */
    double kl;                 /* the mean KL: closed where q(z|x) and p(z) are normal, else at the same draws      */
    double marginal_kl;        /* KL(q(z) || p(z)), the mean KL less I_q; NaN where p(z|y) is not the same for all  */
} elbo_information;

/* *known = whether q(z|x,y) and p(z|y) have densities at any z, without which there is no estimate: none of a code, nor
 * of what has a density at its draws alone. */
ELBO_API elbo_status elbo_run_has_densities(elbo_run *run, bool *known) ELBO_MUST_CHECK;

/* From the first `count` images (0, or more than there are: all): time goes with N^2 Z, and Z numbers are kept for each
 * image. A normal q(z|x) is compared in double, one of another kind as the run has it. ELBO_INVALID where
 * elbo_run_has_densities finds none. Draw n depends on `seed` and n only. */
ELBO_API elbo_status elbo_run_mutual_information(elbo_run *run, const elbo_images *images, int64_t count, int64_t seed,
                                                 elbo_information *out) ELBO_MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif
