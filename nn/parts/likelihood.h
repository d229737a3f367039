/* p(x|z) from what a decoder computed, as the model's options ask for it. */
#ifndef ELBO_NN_LIKELIHOOD_H
#define ELBO_NN_LIKELIHOOD_H

#include "../model/model.h"

#ifdef __cplusplus
extern "C" {
#endif

/* p(x|h) by option `likelihood`, h as elbo_net_decode gives it or (..., H) -> (..., D) with the D of in->x:
 *
 *     bernoulli              logits from layer decoder.logits
 *     continuous-bernoulli   the same, as a density on [0, 1]
 *     gaussian               mean from layer decoder.mean; option learn-variance (where declared) says whose variance:
 *                            no       option variance
 *                            shared   the number decoder.logvar (), which begins at that of option variance
 *                            pixel    from layer decoder.logvar
 *     squared-error          mean from layer decoder.mean; no density, see elbo_squared_error
 *
 * A learned log-variance l is a + softplus(l - a) with a = log 1e-4: where a pixel never varies, the density of a
 * variance that goes to 0 would know no bound. (1e-4 is the variance of noise within some two grey levels of 255.) */
ELBO_API elbo_dist elbo_likelihood(elbo_in *in, elbo_var *h);

/* Choices of options, then NULL. */
ELBO_API extern const char *const elbo_likelihood_names[];       /* all of those above                           */
ELBO_API extern const char *const elbo_reconstruction_names[];   /* of autoencoders: bernoulli, squared-error     */
ELBO_API extern const char *const elbo_learned_variance_names[]; /* no, shared, pixel                             */

#ifdef __cplusplus
}
#endif
#endif
