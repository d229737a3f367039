/* Internal: what the VAE and its conditional form share. Networks put the label beside their input where there
 * is one. */
#ifndef ELBO_MODELS_VAE_H
#define ELBO_MODELS_VAE_H

#include "../nn/parts/options.h"

elbo_inference elbo__vae_infer(elbo_in *in);               /* q(z|x,y): draws (B, K, Z)   */
elbo_dist elbo__vae_generate(elbo_in *in, elbo_var *z);    /* p(x|z,y): (..., Z) -> (..., D) */

#endif
