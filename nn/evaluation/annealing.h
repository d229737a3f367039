/* log p(x) between two bounds, by annealed importance sampling.
 *
 *     elbo_annealed a;
 *     if (elbo_run_anneal(run, &test, &(elbo_annealing){.count = 100, .seed = 1}, &a) == ELBO_OK) {
 *         const elbo_summary s = elbo_summary_of(a.log_likelihood, a.images);
 *         printf("log p(x) at least %.2f, and so much too small at most: %.2f\n", s.mean, a.gap.mean);
 *         elbo_annealed_free(&a);
 *     }
 *
 * Between the prior and the posterior stand f_t(z) = p(z) p(x|z)^b_t, 0 = b_0 < b_1 < ... < b_T = 1. A chain begins
 * with z_0 from the prior, and its step at t leaves f_t as it is: L leapfrog steps of Hamiltonian Monte Carlo, taken or
 * not by their energy (Neal 2001, arXiv:physics/9803008; Wu et al. 2017, arXiv:1611.04273). Then
 *
 *     log w = sum_t (b_t - b_t-1) log p(x|z_t-1),      E[w] = p(x),      log 1/C sum_c w_c <= log p(x) on average.
 *
 * Of an image that the model has drawn itself, z from p(z) and then x from p(x|z), z is a draw of the true posterior.
 * From there the same chain goes backwards, and its weight has E[1/w] = 1/p(x): -log 1/C sum_c 1/w_c >= log p(x) on
 * average (Grosse et al. 2015, arXiv:1511.02543). How far the two bounds of such images are apart says by how much the
 * first may fall short, if images are like those that the model draws.
 *
 * One temperature is importance sampling from the prior. What an encoder has learned is not looked at: so the bound
 * also tells how much a poor encoder hides.
 */
#ifndef ELBO_NN_ANNEALING_H
#define ELBO_NN_ANNEALING_H

#include "measure.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What is 0 is the default. */
typedef struct {
    int64_t count;     /* the first images only; 0, or more than there are: all                                      */
    int64_t simulated; /* M images that the model draws, for bounds from both sides; 0: none                         */
    int chains;        /* C for each image: 16                                                                       */
    int temperatures;  /* T: 500                                                                                     */
    int leapfrog;      /* L steps of one proposal: 10                                                                */
    double acceptance; /* share of proposals that are to be taken, by which step sizes are found: 0.65               */
    bool linear;       /* b_t = t / T; else by a sigmoid, closer together at either end (Grosse et al. 2015)         */
    int64_t seed;
} elbo_annealing;

typedef struct {
    int64_t images;         /* N                                                                                     */
    double *log_likelihood; /* (N) log 1/C sum_c w_c                                                                 */
    double *error;          /* (N) its standard error to first order, as in ELBO_IMAGE_ERROR; NaN of one chain       */
    int64_t simulated;      /* M                                                                                     */
    double *below, *above;  /* (M) the bounds of images that were drawn; NULL: none were                             */
    elbo_summary gap;       /* of above - below; NaN without them                                                    */
    double acceptance;      /* share of proposals that were taken                                                    */
    double first_step, last_step; /* step sizes at either end; NaN for one temperature, which takes none             */
} elbo_annealed;

/* Time goes with (N + 2 M) C T L; step sizes are found first by chains of a few images that are then forgotten, since
 * a step that depended on its own chain would not leave f_t as it is. All chains of an image depend on weights, seed
 * and where it stands. Positions and energies are in double, densities as the run has them. A model with labels is
 * asked for log p(x|y), and draws images of the labels that there are. ELBO_INVALID of a model without a prior, with
 * one on a sphere or in another curved space, or whose p(x|z) is no density. On failure *out is empty. */
ELBO_API elbo_status elbo_run_anneal(elbo_run *run, const elbo_images *images, const elbo_annealing *how,
                                     elbo_annealed *out) ELBO_MUST_CHECK;
ELBO_API void elbo_annealed_free(elbo_annealed *annealed); /* leaves it empty; accepts NULL */

#ifdef __cplusplus
}
#endif
#endif
