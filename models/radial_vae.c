/* Radial flows: Rezende and Mohamed, arXiv:1505.05770. */
#include "../nn/parts/parts.h"
#include "models.h"

const elbo_model elbo_model_radial_vae = {
    .name = "radial-vae",
    .family = "Posteriors beyond the normal",
    .summary = "VAE with radial flows after its posterior",
    .preset = "posterior=radial flow-steps=5",
    ELBO_OF_PARTS,
};
