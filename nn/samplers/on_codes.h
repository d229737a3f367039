/* Internal: samplers that are models of codes, trained as any other model is: s->fitted is a run of kind->model, whose
 * "images" are the codes (N, Z). A file of such a sampler is one of that run, with more notes.
 *
 * A density of codes is a model whose latent space is that of the codes turned into noise: `infer` gives the noise of a
 * code with log_q = -log |det|, and `generate` is elbo__code_of_noise. Its ELBO then is log p(z), exactly. */
#ifndef ELBO_NN_ON_CODES_H
#define ELBO_NN_ON_CODES_H

#include "sampler_private.h"

/* ---- hooks of a kind with a model -------------------------------------------------------------------------------- */

/* Trains the model with those of its options that samplers have too, and `conditional` where the run takes labels; the
 * states mean and deviation (Z) are set before to those of the codes. Ends by the codes held out. */
elbo_status elbo__on_codes_fit(elbo_sampler *s, const elbo__codes *codes) ELBO_MUST_CHECK;

/* Decodes noise from the model's prior. */
elbo_status elbo__on_codes_draw(elbo_sampler *s, const int *labels, int64_t n, int64_t seed, float *z) ELBO_MUST_CHECK;

/* The ELBO of codes, for a model for which it is exact. */
elbo_status elbo__on_codes_log_prob(elbo_sampler *s, const float *z, const int *labels, int64_t n,
                                    double *nats) ELBO_MUST_CHECK;

elbo_status elbo__on_codes_write(const elbo_sampler *s, const char *path, const elbo_ini *notes) ELBO_MUST_CHECK;
elbo_status elbo__on_codes_read(elbo_sampler *s, const elbo_safetensors *file) ELBO_MUST_CHECK;
void elbo__on_codes_release(void *fitted);

/* ---- what these are made of, for a kind whose model sees codes in another form ----------------------------------- */

/* s->fitted = a new run of kind->model, of "images" of that shape, with its options as above and as `pairs` say, names
 * and texts in turn, then NULL; NULL: none. */
elbo_status elbo__on_codes_open(elbo_sampler *s, elbo_shape shape, const char *const *pairs) ELBO_MUST_CHECK;

/* Trains it on x (n, size of shape), and notes under `figure` what its ELBO came to. */
elbo_status elbo__on_codes_train(elbo_sampler *s, const float *x, const int *labels, int64_t n,
                                 const char *figure) ELBO_MUST_CHECK;

/* s->fitted = what the file holds, which must be a run of "images" of that shape. */
elbo_status elbo__on_codes_load(elbo_sampler *s, const elbo_safetensors *file, elbo_shape shape) ELBO_MUST_CHECK;

/* ---- for the models ---------------------------------------------------------------------------------------------- */

/* What standardises codes: states mean and deviation (Z). */
typedef struct {
    elbo_var *mean, *deviation;
} elbo__scale;
elbo__scale elbo__scale_of(elbo_in *in);

/* N(0, I) of the width of a code: (B, Z) */
elbo_dist elbo__noise(elbo_in *in);

/* What `generate` of a density makes of noise z: log_prob is 0, for nothing is left to chance. Where z (B, Z) is to be
 * decoded its mean is back(in, z); a bound, which has draws (B, K, Z), does without. */
elbo_dist elbo__code_of_noise(elbo_in *in, elbo_var *z, elbo_var *(*back)(elbo_in *in, elbo_var *z));

#endif
