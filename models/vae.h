/* Internal: the networks that the VAE and its conditional form share. */
#ifndef ELBO_MODELS_VAE_H
#define ELBO_MODELS_VAE_H

#include "../nn/model.h"

/* q(z|input) = N(mean, exp logvar) from an MLP: input (B, ...) -> draws (B, K, Z) */
elbo_inference elbo__vae_infer(elbo_in *in, elbo_var *input);

/* p(x|input) by option likelihood from the mirrored MLP: input (..., Z + ...) -> (..., D) */
elbo_dist elbo__vae_generate(elbo_in *in, elbo_var *input);

/* hidden, latent-dim, activation, beta, likelihood, variance, draws */
extern const elbo_option elbo__vae_options[];

#endif
