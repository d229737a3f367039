/* p(x|z) from what a decoder computed, as the model's options ask for it. */
#ifndef ELBO_NN_LIKELIHOOD_H
#define ELBO_NN_LIKELIHOOD_H

#include "../model/model.h"

#ifdef __cplusplus
extern "C" {
#endif

/* p(x|h) by option `likelihood`, h as elbo_net_decode gives it or (..., H) -> (..., D) with the D of in->x. The names
 * are those of layers:
 *
 *     bernoulli              x in [0, 1]     logits decoder.logits
 *     continuous-bernoulli   in [0, 1]       the same, as a density on [0, 1]
 *     gaussian               any             decoder.mean, through a sigmoid by option mean (where declared); option
 *                                            learn-variance (where declared) says whose variance:
 *                                            no       option variance
 *                                            shared   decoder.logvar (), which begins at that of option variance
 *                                            pixel    decoder.logvar
 *     laplace                any             the same, b^2 being half the variance
 *     beta                   in [0, 1]       log a decoder.white, log b decoder.black; x as 1/512 to 511/512
 *     categorical            in [0, 1]       option levels: logits decoder.logits (..., D, levels)
 *     logistic               in [0, 1]       option levels: decoder.mean, log-scales decoder.logscale
 *     logistic-mixture       in [0, 1]       the same with option logistic-components: and logits decoder.weights
 *     poisson                0, 1, 2, ...    log-means decoder.logmean
 *     negative-binomial      0, 1, 2, ...    the same, and log-sizes decoder.logsize (D), the same for all images
 *     zero-inflated-negative-binomial        and logits decoder.zero of a zero that is none of the distribution's
 *     squared-error          any             as gaussian; no density, see elbo_squared_error
 *     ms-ssim                in [0, 1]       sigmoid of decoder.logits, option ssim-window; see elbo_ms_ssim
 *
 * Networks see counts as log(1 + x).
 *
 * What is learned has bounds. A log-variance l is a + softplus(l - a) with a = log 1e-4: where a pixel never varies,
 * the density of a variance that goes to 0 would know no bound. (1e-4 is the variance of noise within some two grey
 * levels of 255.) The other logarithms are c tanh(l/c): with c = 20 that of the mean of a count, 10 of its size, 8 of a
 * logistic's scale and of the two parameters of a beta. */
ELBO_API elbo_dist elbo_likelihood(elbo_in *in, elbo_var *h);

/* Choices of options, then NULL. */
ELBO_API extern const char *const elbo_likelihood_names[];       /* all of those above                           */
ELBO_API extern const char *const elbo_reconstruction_names[];   /* of autoencoders: bernoulli, squared-error     */
ELBO_API extern const char *const elbo_learned_variance_names[]; /* no, shared, pixel                             */
ELBO_API extern const char *const elbo_mean_names[];             /* linear, sigmoid                               */

#ifdef __cplusplus
}
#endif
#endif
