/* The variational autoencoder: Kingma and Welling, arXiv:1312.6114. */
#include "models.h"
#include "vae.h"

static const elbo_option options[] = {ELBO_MODEL_OPTIONS, ELBO_OPTIONS_NET, ELBO_OPTIONS_END};

elbo_inference elbo__vae_infer(elbo_in *in)
{
    return elbo_infer_net(in, elbo_net_encode(in));
}

elbo_dist elbo__vae_generate(elbo_in *in, elbo_var *z)
{
    return elbo_likelihood(in, elbo_net_decode(in, z));
}

const elbo_model elbo_model_vae = {
    .name = "vae",
    .summary = "variational autoencoder",
    .options = options,
    .infer = elbo__vae_infer,
    .generate = elbo__vae_generate,
};
