/* Planar flows: Rezende and Mohamed, arXiv:1505.05770. */
#include "../nn/parts/parts.h"
#include "models.h"

const elbo_model elbo_model_planar_vae = {
    .name = "planar-vae",
    .family = "Posteriors beyond the normal",
    .summary = "VAE with planar flows after its posterior",
    .preset = "posterior=planar flow-steps=5",
    ELBO_OF_PARTS,
};
