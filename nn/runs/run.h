/* Runs: a model with its options and its weights, at work on plain arrays.
 *
 *     elbo_run *run = elbo_run_load("runs/digits", elbo_models);              // NULL: elbo_error() says why
 *     float *z = malloc(n * elbo_run_latent(run) * sizeof *z);
 *     if (elbo_run_encode(run, x, NULL, n, z) != ELBO_OK ||                   // x (n, 784) -> z (n, 20)
 *         elbo_run_decode(run, z, NULL, n, x) != ELBO_OK)                     // and back
 *         fprintf(stderr, "%s\n", elbo_error());
 *     elbo_run_free(run);
 *
 * A model of one's own works in the same way: elbo_run_load(path, (const elbo_model *[]){&mine, NULL}).
 * nn/training/train.h trains a run. In the signatures below N is the number of images, D the pixels of one, Z the
 * dimensions of the latent space. Arrays are row-major. Pixels are in [0, 1], or counts where the
 * likelihood is one of counts; in any x (N, D) that goes in, NaN is a
 * value that is missing: the encoder sees 0 there, densities and errors leave it out, and a model that is fitted
 * refuses it. `labels` (N) are in 0..classes-1; NULL for a model that takes none, and not looked at there. A call
 * compiles what it needs the first time and keeps it for the next one, so a run serves one thread at a time.
 *
 * In nn/runs: a model with its weights, at work on arrays, in files and in folders, and the plans for it. What makes
 * the weights is in nn/training and nn/pca.
 */
#ifndef ELBO_NN_RUN_H
#define ELBO_NN_RUN_H

#include "../../io/dataset.h"
#include "../../io/ini.h"
#include "../model/model.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct elbo_run elbo_run;

/* ---- making one -------------------------------------------------------------------------------------------------- */

/* An untrained run: the weights of `model` at their initial values, which depend on `seed`. `options` are copied; NULL:
 * the defaults. `image` is the shape of one image, (28, 28), (3, 64, 64) or (784); `classes` is 0 without labels. The
 * model is borrowed. NULL on failure. */
ELBO_API elbo_run *elbo_run_new(const elbo_model *model, const elbo_values *options, elbo_shape image, int classes,
                                int64_t seed);

/* The run for a data set: its image shape and classes. Where the model takes labels, the run notes what they are
 * called; with likelihood columns option columns becomes that of the data (images->columns). */
ELBO_API elbo_run *elbo_run_for(const elbo_model *model, const elbo_values *options, const elbo_images *images,
                                int64_t seed);

/* A trained run from a run folder or from its model.safetensors. `models` ends with NULL: which models the file may be
 * of, such as elbo_models. NULL on failure; the message begins with the file's name. */
ELBO_API elbo_run *elbo_run_load(const char *path, const elbo_model *const *models);

/* Writes weights and configuration as one safetensors file, from which elbo_run_load makes the run again. A file
 * that is there already is replaced when all is written, and untouched on failure. Weights that are not finite are
 * ELBO_INVALID; elbo_run_load refuses them too. */
ELBO_API elbo_status elbo_run_save(const elbo_run *run, const char *path) ELBO_MUST_CHECK;

/* Makes the folder `name`, or where that exists the first of name-2, name-3, ... that does not: of several processes
 * no two get the same. A new string for elbo_training.folder, freed with elbo_release; NULL on failure. A training
 * that fails leaves the folder empty, and to the caller. */
ELBO_API char *elbo_claim_folder(const char *name);

ELBO_API void elbo_run_free(elbo_run *run); /* accepts NULL */

/* ---- asking ------------------------------------------------------------------------------------------------------ */

ELBO_API const elbo_model *elbo_run_model(const elbo_run *run);
ELBO_API const elbo_values *elbo_run_options(const elbo_run *run); /* of the model                                    */
ELBO_API elbo_params *elbo_run_params(elbo_run *run);              /* closed; touch it after writing to it            */
ELBO_API elbo_shape elbo_run_image(const elbo_run *run);           /* of one image                                    */
ELBO_API int64_t elbo_run_pixels(const elbo_run *run);             /* D                                               */
ELBO_API int64_t elbo_run_latent(const elbo_run *run);             /* Z                                               */
ELBO_API int elbo_run_classes(const elbo_run *run);                /* 0: takes no labels                              */
ELBO_API int64_t elbo_run_seed(const elbo_run *run);

/* The configuration, as in config.ini and in the metadata of a saved run: model, image, classes, seed, every option of
 * the model, and the notes of elbo_run_note. Added to *out; free it with elbo_ini_free. */
ELBO_API elbo_status elbo_run_describe(const elbo_run *run, elbo_ini *out) ELBO_MUST_CHECK;

/* Adds a line to the configuration that travels with the run, or replaces one. Refused for what is not a note. Keys
 * that begin with train-, val- or test- are those of a training, which removes what another one left. The value may be
 * any bytes: what a line cannot hold, and what is not UTF-8, stands there in double quotes, as "caf\xe9". The note
 * class-names says what the classes are called, cat,"dog, big", and is taken as it is. */
ELBO_API elbo_status elbo_run_note(elbo_run *run, const char *key, const char *value) ELBO_MUST_CHECK;

/* What was noted, as the same bytes; a new string, freed with elbo_release. NULL where nothing was, or on failure. */
ELBO_API char *elbo_run_noted(const elbo_run *run, const char *key);

/* ---- classes ----------------------------------------------------------------------------------------------------- */

/* The name of a class; NULL where the run knows none. It is the run's, until the next note. */
ELBO_API const char *elbo_run_class_name(const elbo_run *run, int label);

/* The class that a text means, else -1 and a message: first the one of that name, then the one of that number. Where a
 * class bears the number of another, such as the classes "2" and "10", numbers are names and nothing else. */
ELBO_API int elbo_run_class(const elbo_run *run, const char *name);

/* elbo_images_match with the run's names; nothing where it has none. What takes a run and elbo_images does so by
 * itself. */
ELBO_API elbo_status elbo_run_match(const elbo_run *run, elbo_images *images) ELBO_MUST_CHECK;

/* ---- at work ----------------------------------------------------------------------------------------------------- */

/* The code of each image, for a VAE the mean of q(z|x,y): x (N, D) -> z (N, Z) */
ELBO_API elbo_status elbo_run_encode(elbo_run *run, const float *x, const int *labels, int64_t n,
                                     float *z) ELBO_MUST_CHECK;

/* The same with the log-variances of q(z|x,y): x (N, D) -> mean, logvar (N, Z). ELBO_INVALID where q is no normal. */
ELBO_API elbo_status elbo_run_posterior(elbo_run *run, const float *x, const int *labels, int64_t n, float *mean,
                                        float *logvar) ELBO_MUST_CHECK;

/* The same of all images of a data set, which are read where they lie: mean (N, Z), and logvar (N, Z) or NULL. */
ELBO_API elbo_status elbo_run_encode_images(elbo_run *run, const elbo_images *images, float *mean,
                                            float *logvar) ELBO_MUST_CHECK;

/* One draw z from q(z|x,y) for each image of a data set, of a model without a density the code itself: z (N, Z). Images
 * are taken as they are, binarised where the model's options ask for that. Row i depends on `seed`, i and image i only.
 */
ELBO_API elbo_status elbo_run_draw_codes(elbo_run *run, const elbo_images *images, int64_t seed,
                                         float *z) ELBO_MUST_CHECK;

/* One draw z from p(z|y) for each label, or n draws of p(z): z (n, Z), the ones that elbo_run_sample decodes. */
ELBO_API elbo_status elbo_run_draw_prior(elbo_run *run, const int *labels, int64_t n, int64_t seed,
                                         float *z) ELBO_MUST_CHECK;

/* Whether it can draw pictures from nothing. */
ELBO_API bool elbo_run_has_prior(const elbo_run *run);

/* Whether p(x|z,y) is a distribution. An ELBO of one that is not, such as squared-error, has neither a unit nor its
 * constant, and no log p(x|y) stands above it. */
ELBO_API bool elbo_run_has_likelihood(const elbo_run *run);

/* The unit of a bound and of recon: "nats per image", of a cost "per image". */
ELBO_API const char *elbo_run_unit(const elbo_run *run);

/* Whether p(z|y) is a normal distribution, so that elbo_run_prior can tell of it. */
ELBO_API bool elbo_run_has_normal_prior(const elbo_run *run);

/* Mean and deviations of a normal p(z|y) for n labels, or n times the same: mean, deviation (N, Z). ELBO_INVALID
 * where the model has no prior, or one that is no normal. */
ELBO_API elbo_status elbo_run_prior(elbo_run *run, const int *labels, int64_t n, float *mean,
                                    float *deviation) ELBO_MUST_CHECK;

/* The ELBO as elbo_run_elbo gives it for every label in turn, of a model that takes labels: x (N, D) -> out (N, C).
 * Where the labels are equally frequent, the largest entry of a row is the best guess of p(y|x). (Importance weights
 * guess worse: they forgive that q(z|x,y) fits a wrong label badly.) */
ELBO_API elbo_status elbo_run_classify(elbo_run *run, const float *x, int64_t n, int draws, int64_t seed,
                                       float *out) ELBO_MUST_CHECK;

/* The same of the first n images of a data set, which are read where they lie: out (n, C). */
ELBO_API elbo_status elbo_run_classify_images(elbo_run *run, const elbo_images *images, int64_t n, int draws,
                                              int64_t seed, float *out) ELBO_MUST_CHECK;

/* x as the encoder sees it in training, binarised and corrupted as the options of the model ask for: x (N, D) -> out
 * (N, D). Besides this, elbo_run_evaluate alone corrupts images (its figures are
 * those of repairing them); all of it binarises them where that is asked for. */
ELBO_API elbo_status elbo_run_seen(elbo_run *run, const float *x, const int *labels, int64_t n, int64_t seed,
                                   float *out) ELBO_MUST_CHECK;

/* E[x|z,y]: z (N, Z) -> x (N, D) */
ELBO_API elbo_status elbo_run_decode(elbo_run *run, const float *z, const int *labels, int64_t n,
                                     float *x) ELBO_MUST_CHECK;

/* elbo_metric_density by the images trained on last, and its derivative: z (N, Z) -> density (N), gradient (N, Z).
 * Those images' codes are parameter encoder.metric.centroids. ELBO_INVALID where nothing has learned a metric. */
ELBO_API elbo_status elbo_run_metric(elbo_run *run, const float *z, int64_t n, float *density,
                                     float *gradient) ELBO_MUST_CHECK;

/* At one draw z from the prior for each image E[x|z,y], or with likelihood columns x drawn from p(x|z,y): x (N, D).
 * Image i depends on `seed`, i and its label only. */
ELBO_API elbo_status elbo_run_sample(elbo_run *run, const int *labels, int64_t n, int64_t seed,
                                     float *x) ELBO_MUST_CHECK;

/* What elbo_run_sample makes of its draws of z, of others: z (N, Z) -> x (N, D) */
ELBO_API elbo_status elbo_run_sample_at(elbo_run *run, const float *z, const int *labels, int64_t n, int64_t seed,
                                        float *x) ELBO_MUST_CHECK;

/* E[x|z,y] at one draw z from q(z|x,y) for each image: x (N, D) -> out (N, D) */
ELBO_API elbo_status elbo_run_reconstruct(elbo_run *run, const float *x, const int *labels, int64_t n, int64_t seed,
                                          float *out) ELBO_MUST_CHECK;

/* E_q[log p(x|z,y)] - KL(q(z|x,y)||p(z|y)) with the mean over `draws` draws, and the KL in closed form where there
 * is one: x (N, D) -> out (N), in nats; where p(x|z) is a cost, minus it without a unit. */
ELBO_API elbo_status elbo_run_elbo(elbo_run *run, const float *x, const int *labels, int64_t n, int draws, int64_t seed,
                                   float *out) ELBO_MUST_CHECK;

/* log p(x|y) from `draws` draws of z for each image, in nats: x (N, D) -> out (N). With one draw an unbiased estimate
 * of the ELBO; with more the bound of Burda et al. (arXiv:1509.00519), which nears log p(x|y) from below. */
ELBO_API elbo_status elbo_run_log_prob(elbo_run *run, const float *x, const int *labels, int64_t n, int draws,
                                       int64_t seed, float *out) ELBO_MUST_CHECK;

/* What became of missing values. */
typedef struct {
    int64_t filled;    /* values, of one time     */
    int64_t left;      /* values that are NaN yet */
    int64_t left_rows; /* images that they are of */
} elbo_imputed;

/* Fills in what is missing in a data set: out (N, D) has what is there as elbo_run_rows gives it, and in the place of
 * the rest E[x_mis|x_obs,y], a mean over `draws` draws z_k of q(z|x,y) whose weights are
 * p(x_obs|z_k,y) p(z_k|y) / q(z_k|x,y) divided by their sum; of columns of words the most likely, of counts the
 * nearest.
 * With multiple = M > 0 it is filled in M times, each time by a draw from p(x_mis|z_k,y) with z_k drawn by its weight:
 * out (M, N, D) (Mattei and Frellsen, arXiv:1812.02633). Where p(x|z) is a cost c, e^-c takes its place, and only means
 * are filled in. Image i depends on `seed` and i only. One that no draw explains, since the weight of none is finite
 * and above 0, stays as it is: NaN where values are missing. */
ELBO_API elbo_status elbo_run_impute(elbo_run *run, const elbo_images *images, int draws, int multiple, int64_t seed,
                                     float *out, elbo_imputed *told /* may be NULL */) ELBO_MUST_CHECK;

/* Named means over images, in nats. */
typedef struct {
    int count;
    int losses; /* so many of them, the first ones, are what training minimises */
    struct {
        char name[32];
        double value;
        bool own; /* reported by the model, not by the library */
    } at[ELBO_MAX_METRICS];
} elbo_figures;
ELBO_API double elbo_figures_get(const elbo_figures *figures, const char *name); /* NaN when there is none            */
ELBO_API bool elbo_figures_has(const elbo_figures *figures, const char *name);

/* Whether the run can be trained and measured on a data set: images of its shape, labels within its classes if it
 * takes any, values as its likelihood (see elbo_likelihood) or option binarise needs them, and none missing where the
 * model is fitted. The message says what does not fit. */
ELBO_API elbo_status elbo_run_accepts(const elbo_run *run, const elbo_images *images) ELBO_MUST_CHECK;

/* The model's metrics over a data set: recon, kl, elbo = -(recon + kl), iwae-K of K > 1 draws, and others of its own.
 * Each image has `draws` draws of z; 0: as many as those of the test images in its training, else option draws, else 1.
 * u8 pixels count as value / 255, or as counts. */
ELBO_API elbo_status elbo_run_evaluate(elbo_run *run, const elbo_images *images, int draws, int64_t seed,
                                       elbo_figures *out) ELBO_MUST_CHECK;

/* Images first, first + 1, ... of a data set as the functions above take them: x (n, D), NaN where a value is missing,
 * or NULL for the labels alone, and labels (n) or NULL, in the run's classes: by name where both have names. */
ELBO_API elbo_status elbo_run_rows(const elbo_run *run, const elbo_images *images, int64_t first, int64_t n, float *x,
                                   int *labels) ELBO_MUST_CHECK;

/* The same without a run: labels are those of the data. */
ELBO_API elbo_status elbo_images_rows(const elbo_images *images, int64_t first, int64_t n, float *x,
                                      int *labels) ELBO_MUST_CHECK;

/* The kernel set that BLIS uses on this machine, for matrix products that elbo has no kernel of its own for (see
 * elbo_machine_describe): "haswell", "zen3", "skx", ... */
ELBO_API const char *elbo_kernels(void);

#ifdef __cplusplus
}
#endif
#endif
