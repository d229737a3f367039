/* The variational autoencoder: Kingma and Welling, arXiv:1312.6114. */
#include "models.h"
#include "vae.h"

const elbo_option elbo__vae_options[] = {ELBO_MODEL_OPTIONS, ELBO_OPTIONS_END};

elbo_inference elbo__vae_infer(elbo_in *in, elbo_var *input)
{
    elbo_sizes hidden = elbo_option_sizes(in, "hidden");
    int64_t dims = elbo_option_integer(in, "latent-dim");
    elbo_var *h = elbo_mlp(input, "encoder.hidden", hidden.at, hidden.n, elbo_option_choice(in, "activation"));
    elbo_var *mean = elbo_linear(h, "encoder.mean", dims);
    elbo_var *logvar = elbo_linear(h, "encoder.logvar", dims);
    return elbo_infer_normal(in, mean, logvar);
}

elbo_dist elbo__vae_generate(elbo_in *in, elbo_var *input)
{
    elbo_sizes hidden = elbo_sizes_reversed(elbo_option_sizes(in, "hidden"));
    return elbo_likelihood(
        in, elbo_mlp(input, "decoder.hidden", hidden.at, hidden.n, elbo_option_choice(in, "activation")));
}

static elbo_inference infer(elbo_in *in)
{
    return elbo__vae_infer(in, in->x);
}

const elbo_model elbo_model_vae = {
    .name = "vae",
    .summary = "variational autoencoder",
    .options = elbo__vae_options,
    .infer = infer,
    .generate = elbo__vae_generate,
};
