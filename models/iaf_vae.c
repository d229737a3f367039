/* The inverse autoregressive flow: Kingma et al., arXiv:1606.04934. */
#include "../nn/parts/parts.h"
#include "models.h"

const elbo_model elbo_model_iaf_vae = {
    .name = "iaf-vae",
    .family = "Posteriors beyond the normal",
    .summary = "VAE with an inverse autoregressive flow after its posterior",
    .preset = "posterior=iaf",
    ELBO_OF_PARTS,
};
