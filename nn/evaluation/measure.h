/* A trained run measured image by image.
 *
 *     elbo_figures means;
 *     elbo_image_figures each;
 *     if (elbo_run_measure(run, &test, &(elbo_measuring){.samples = 5000, .seed = 1}, &means, &each) == ELBO_OK) {
 *         elbo_summary s = elbo_summary_of(each.at[ELBO_IMAGE_LOG_LIKELIHOOD], each.images);
 *         printf("log p(x) %.2f, standard error %.2f\n", s.mean, s.error);
 *         if (elbo_image_figures_write(&each, &test, "figures.csv") != ELBO_OK) ...
 *         elbo_image_figures_free(&each);
 *     }
 *
 * All in nats but the squared error and ess. docs/evaluating.md says what may be compared with what.
 *
 * In nn/evaluation: what a trained run is worth, told by images. It is no part of training, and changes no weight.
 */
#ifndef ELBO_NN_MEASURE_H
#define ELBO_NN_MEASURE_H

#include "../runs/run.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What is known of one image. w_k = p(x|z_k,y) p(z_k|y) / q(z_k|x,y) of K samples z_k from q(z|x,y), all in double: */
typedef enum {
    ELBO_IMAGE_ELBO,           /* -(recon + kl)                                                                     */
    ELBO_IMAGE_RECON,          /* -E_q[log p(x|z,y)], a mean over the draws of the ELBO                             */
    ELBO_IMAGE_KL,             /* KL(q(z|x,y) || p(z|y)), closed where it can be, else the mean over those draws    */
    ELBO_IMAGE_SQUARED_ERROR,  /* |x - E[x|z,y]|^2, a sum over pixels, a mean over those draws                      */
    ELBO_IMAGE_LOG_LIKELIHOOD, /* log 1/K sum_k w_k: log p(x|y), on average a little too small (arXiv:1509.00519)   */
    ELBO_IMAGE_ERROR,          /* its standard error, deviation of w / (mean of w * sqrt K) to first order; NaN of  */
                               /* one sample. Too small itself where ess is: weights that matter were not drawn     */
    ELBO_IMAGE_ESS,            /* (sum_k w_k)^2 / sum_k w_k^2, from 1 to K: so many samples count (Kong 1992)       */
    ELBO_IMAGE_FIGURES
} elbo_image_figure;

ELBO_API extern const char *const elbo_image_figure_names[]; /* "elbo", "recon", "kl", "squared_error",            */
                                                             /* "log_likelihood", "log_likelihood_se", "ess", NULL */

typedef struct {
    int64_t images;                 /* N                                                                            */
    double *at[ELBO_IMAGE_FIGURES]; /* (N) each; NULL: the model has no such figure, or it was not asked for        */
    int rounds;                     /* R: how often log p(x|y) was estimated; 0: it was not asked for               */
    double *of_rounds;              /* (R) means over images of log p(x|y), one a round; NULL without it            */
} elbo_image_figures;

/* What is 0 is the default. */
typedef struct {
    int64_t count;   /* the first images only; 0, or more than there are: all */
    int draws;       /* of z for the ELBO, as of elbo_run_evaluate            */
    int64_t samples; /* of z for log p(x|y), K; 0: it is not estimated        */
    int rounds;      /* of log p(x|y), each with draws of its own, R; 0: one  */
    int64_t seed;

    /* log p(z|y) in place of that of the model's own prior, for log p(x|y): z (n, Z), labels (n) or NULL -> nats (n) */
    elbo_status (*prior)(void *user, const float *z, const int *labels, int64_t n, double *nats);
    void *user;
} elbo_measuring;

/* *means (may be NULL) = what elbo_run_evaluate gives for these images; *each = the same image by image where there is
 * such a thing, and log p(x|y). A denoising model is measured by what it makes of damaged images, but log p(x|y) is
 * that of whole ones. Images are encoded once, and their samples taken in portions; what is binarised is so anew in
 * each round, by the seed. Of several rounds an image has the mean of its estimates, the error of that (of one by sqrt
 * R) and the mean of its effective samples. The figures of an image depend on weights, seed and where it stands, not
 * on how many others are measured or fit in memory. ELBO_INVALID where samples are asked of a model without a density
 * of z. A figure may be no finite number. On failure *each is empty. */
ELBO_API elbo_status elbo_run_measure(elbo_run *run, const elbo_images *images, const elbo_measuring *how,
                                      elbo_figures *means, elbo_image_figures *each) ELBO_MUST_CHECK;
ELBO_API void elbo_image_figures_free(elbo_image_figures *figures); /* leaves it empty; accepts NULL */

/* Writes a table with a row for each image. FILE.csv: the columns index, label where there are labels, file where the
 * images are files, and the figures that there are. FILE.npy: the figures alone, f64 (N, ELBO_IMAGE_FIGURES), NaN where
 * there is none. `images` are those that were measured. ELBO_INVALID for a name with another end. */
ELBO_API elbo_status elbo_image_figures_write(const elbo_image_figures *figures, const elbo_images *images,
                                              const char *path) ELBO_MUST_CHECK;

typedef struct {
    double mean, error; /* the standard error of the mean, deviation / sqrt(N); NaN for one number */
    double least;       /* NaN where one is NaN                                                    */
} elbo_summary;

/* Of x (n), n > 0. */
ELBO_API elbo_summary elbo_summary_of(const double *x, int64_t n);

/* The standard error of a mean of n figures that have errors of their own, sqrt(sum e^2) / n: of the mean log p(x|y),
 * how far it would move with other samples of z for the same images. */
ELBO_API double elbo_error_of_mean(const double *errors, int64_t n);

/* What a share q in [0, 1] of x (n), n > 0, is not above: order statistics, between two of them by a straight line. NaN
 * where one is NaN, or memory is short. */
ELBO_API double elbo_quantile_of(const double *x, int64_t n, double q);

#ifdef __cplusplus
}
#endif
#endif
