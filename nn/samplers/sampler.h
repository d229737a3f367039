/* Samplers: where the codes of new pictures come from. The prior of a model is one; others are fitted to the codes of
 * its training images once it is trained (Ghosh et al., arXiv:1903.12436), so that a model without a prior draws
 * pictures too, and one whose codes are not spread as its prior says draws better ones.
 *
 *     elbo_values *how = elbo_values_new(elbo_sampler_options);                    // and elbo_values_free(how)
 *     if (elbo_values_set(how, "sampler", "gmm") != ELBO_OK || elbo_values_set(how, "components", "20") != ELBO_OK) ...
 *     elbo_sampler *s = elbo_sampler_fit(run, how, &train);                        // NULL: elbo_error() says why
 *     if (elbo_sampler_draw(s, labels, n, 1, z) != ELBO_OK ||                      // z (n, Z)
 *         elbo_run_decode(run, z, labels, n, x) != ELBO_OK)                        // x (n, D)
 *         fprintf(stderr, "%s\n", elbo_error());
 *     if (elbo_sampler_save(s, "runs/digits/sampler-gmm.safetensors") != ELBO_OK)  // for elbo_sampler_load
 *         ...
 *     elbo_sampler_free(s);
 *
 * What is fitted, gets one draw of q(z|x,y) for each image, and of a model without a density the code itself; of a
 * model that takes labels it learns p(z|y). The same run, images and options give the same bits. docs/models.md says
 * what each sampler is.
 *
 * In nn/samplers: densities of codes and how they are fitted, each in a file; and what they share.
 */
#ifndef ELBO_NN_SAMPLER_H
#define ELBO_NN_SAMPLER_H

#include "../runs/run.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct elbo_sampler elbo_sampler;

/* Option `sampler`, which names the kind, and the options of each kind. */
ELBO_API extern const elbo_option elbo_sampler_options[];
ELBO_API extern const char *const elbo_sampler_names[]; /* the choices of the first, then NULL                        */

/* Whether the sampler of that name is fitted to images; else it is what the run has already. */
ELBO_API bool elbo_sampler_is_fitted(const char *name);

/* The sampler that option `sampler` names, of a run, which is borrowed. Random numbers of the fit are those of the
 * run's seed. `images` may be NULL where nothing is fitted. NULL on failure: for a run that has no such sampler, images
 * that do not suit it, an option that is of no use beside the others; and where a watcher ends it. */
ELBO_API elbo_sampler *elbo_sampler_fit(elbo_run *run, const elbo_values *options, const elbo_images *images);
ELBO_API void elbo_sampler_free(elbo_sampler *sampler); /* accepts NULL                                               */

ELBO_API const char *elbo_sampler_name(const elbo_sampler *sampler);
ELBO_API const elbo_values *elbo_sampler_values(const elbo_sampler *sampler); /* of elbo_sampler_options              */

/* What the fit came to, such as log-likelihood, or another note, as text that stands in quotes where elbo_run_note
 * writes some; NULL where there is no such thing. */
ELBO_API const char *elbo_sampler_noted(const elbo_sampler *sampler, const char *key);

/* Notes a word of the caller's, such as data "people.csv", which elbo_sampler_save keeps. ELBO_INVALID for the name of
 * an option. */
ELBO_API elbo_status elbo_sampler_note(elbo_sampler *sampler, const char *key, const char *value) ELBO_MUST_CHECK;

/* ---- at work ----------------------------------------------------------------------------------------------------- */

/* One code for each label, or n codes of a run that takes none: z (n, Z). Row i depends on `seed`, i and its label
 * only. ELBO_INVALID for a class of which the sampler has seen no image. */
ELBO_API elbo_status elbo_sampler_draw(elbo_sampler *sampler, const int *labels, int64_t n, int64_t seed,
                                       float *z) ELBO_MUST_CHECK;

/* Whether its density can be told. */
ELBO_API bool elbo_sampler_has_density(const elbo_sampler *sampler);

/* log p(z|y) in nats: z (n, Z) -> nats (n). ELBO_INVALID where its density cannot be told. */
ELBO_API elbo_status elbo_sampler_log_prob(elbo_sampler *sampler, const float *z, const int *labels, int64_t n,
                                           double *nats) ELBO_MUST_CHECK;

/* elbo_picture_samples of codes from the sampler. */
ELBO_API elbo_status elbo_sampler_picture(elbo_sampler *sampler, int64_t n, int label, int64_t seed,
                                          const char *path) ELBO_MUST_CHECK;

/* ---- files ------------------------------------------------------------------------------------------------------- */

/* RUN/sampler-NAME.safetensors, beside the model of the run that `path` names, a folder or a model file: where the
 * program keeps it. A new string, freed with elbo_release; NULL on failure. */
ELBO_API char *elbo_sampler_path(const char *path, const char *name);

/* Writes what was fitted, its options, and of which weights. A file that is there already is replaced when all is
 * written, and untouched on failure. ELBO_INVALID where nothing was fitted. */
ELBO_API elbo_status elbo_sampler_save(const elbo_sampler *sampler, const char *path) ELBO_MUST_CHECK;

/* The sampler of that file, of the run that it was fitted to. NULL on failure; the message begins with the file's name.
 * Refused where the run has other weights by now. */
ELBO_API elbo_sampler *elbo_sampler_load(elbo_run *run, const char *path);

/* Whether it was fitted as the options say that were given (elbo_values_given). ELBO_INVALID, and the first that
 * differs. */
ELBO_API elbo_status elbo_sampler_check(const elbo_sampler *sampler, const elbo_values *options) ELBO_MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif
