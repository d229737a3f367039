/* The ladder VAE: Sonderby et al., arXiv:1602.02282. */
#include "../nn/parts/parts.h"
#include "models.h"

const elbo_model elbo_model_ladder_vae = {
    .name = "ladder-vae",
    .family = "Posteriors beyond the normal",
    .summary = "VAE of several latent levels, inferred from the top down",
    .preset = "posterior=ladder beta-schedule=linear",
    ELBO_OF_PARTS,
};
