/* Images that are not like those of the training: scores that say how odd each is, and how well they do.
 *
 *     elbo_oddness o;
 *     elbo_auroc a;
 *     const elbo_odd_search how = {.samples = 100, .usual = &train, .seed = 1};
 *     if (elbo_run_oddness(run, &images, &how, &o) == ELBO_OK &&
 *         elbo_auroc_of(o.at[ELBO_ODD_NLL], odd, o.images, &a) == ELBO_OK)
 *         printf("area under the curve %.3f, standard error %.3f\n", a.area, a.error);
 *
 * A model may well give a higher density to images of another kind than to those that it was trained on (Nalisnick et
 * al. 2019, arXiv:1810.09136): what is smooth and dark is likely under models of busy pictures. So log p(x) alone
 * proves nothing; the others are attempts to do better, and none always does. Trust a score where it has told known odd
 * ones.
 */
#ifndef ELBO_NN_ANOMALY_H
#define ELBO_NN_ANOMALY_H

#include "measure.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The larger, the odder. */
typedef enum {
    ELBO_ODD_NLL,        /* -log p(x|y) in nats, by K samples                                                         */
    ELBO_ODD_TYPICALITY, /* |log p(x|y) - its mean over images of the training| (Nalisnick et al., arXiv:1906.02994,  */
                         /* for a batch of one): likelier than usual is odd, too                                      */
    ELBO_ODD_COMPLEXITY, /* -log2 p(x|y) - 8 (bytes of the image as a PNG file), in bits (Serra et al.,               */
                         /* arXiv:1909.11480): of pictures alone, since simple ones are likely in any case            */
    ELBO_ODD_ERROR,      /* |x - E[x|z,y]|^2, a sum over pixels                                                       */
    ELBO_ODD_KL,         /* KL(q(z|x,y) || p(z|y)) in nats                                                            */
    ELBO_ODD_SCORES
} elbo_odd_score;

ELBO_API extern const char *const elbo_odd_score_names[]; /* "nll", "typicality", "complexity", "error", "kl", NULL   */

/* What is 0 (or NULL) is the default. */
typedef struct {
    int64_t count;            /* the first images only; 0, or more than there are: all                                */
    int64_t samples;          /* K of z for log p(x|y): 100                                                           */
    const elbo_images *usual; /* of the training; NULL: there is no typicality                                        */
    int64_t usual_count;      /* the first of them: 1000                                                              */
    int64_t seed;
} elbo_odd_search;

typedef struct {
    int64_t images;              /* N                                                                                 */
    double *at[ELBO_ODD_SCORES]; /* (N) each; NULL: the model has no such figure, or the images are no pictures       */
    double usual;                /* mean log p(x|y) of images of the training: minus an estimate of their entropy     */
} elbo_oddness;

/* A model without a density of z has its error alone, one whose p(x|z) is a cost that and the KL. On failure *out is
 * empty. */
ELBO_API elbo_status elbo_run_oddness(elbo_run *run, const elbo_images *images, const elbo_odd_search *how,
                                      elbo_oddness *out) ELBO_MUST_CHECK;
ELBO_API void elbo_oddness_free(elbo_oddness *oddness); /* leaves it empty; accepts NULL */

/* Writes a table with a row for each image, FILE.csv or FILE.npy, as elbo_image_figures_write does: odd (0 or 1; where
 * `odd` (N) is not NULL), and the scores. */
ELBO_API elbo_status elbo_oddness_write(const elbo_oddness *oddness, const elbo_images *images, const bool *odd,
                                        const char *path) ELBO_MUST_CHECK;

/* How often an odd one has a larger score than another, ties counting half: the area under the curve of hits against
 * false alarms. 1/2 is chance. The error is DeLong's (1988). */
typedef struct {
    double area, error; /* NaN where there is none of either kind, or a score is NaN; error also of one alone         */
    int64_t odd, others;
} elbo_auroc;

/* scores, odd (n) */
ELBO_API elbo_status elbo_auroc_of(const double *scores, const bool *odd, int64_t n, elbo_auroc *out) ELBO_MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif
