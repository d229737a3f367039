/* The hyperspherical VAE: Davidson et al., arXiv:1804.00891. */
#include "../nn/parts/parts.h"
#include "models.h"

const elbo_model elbo_model_svae = {
    .name = "svae",
    .family = "Curved latent spaces",
    .summary = "VAE whose latent space is a sphere",
    .preset = "posterior=vmf latent-dim=11",
    ELBO_OF_PARTS,
};
