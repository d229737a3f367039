/* The conditional variational autoencoder: the one-hot label joins the input of encoder and decoder.
 * Sohn, Lee and Yan, NeurIPS 2015. */
#include "models.h"
#include "vae.h"

static elbo_inference infer(elbo_in *in)
{
    return elbo__vae_infer(in, elbo_condition(in->x, in->y));
}

static elbo_dist generate(elbo_in *in, elbo_var *z)
{
    return elbo__vae_generate(in, elbo_condition(z, in->y));
}

const elbo_model elbo_model_cvae = {
    .name = "cvae",
    .summary = "variational autoencoder conditioned on the label",
    .options = elbo__vae_options,
    .flags = ELBO_NEEDS_LABELS,
    .infer = infer,
    .generate = generate,
};
