/* The beta-VAE, whose KL term weighs more: Higgins et al., ICLR 2017. */
#include "../nn/parts/parts.h"
#include "models.h"

const elbo_model elbo_model_beta_vae = {
    .name = "beta-vae",
    .family = "Variational autoencoders",
    .summary = "VAE that presses its codes to be independent",
    .preset = "beta=4",
    ELBO_OF_PARTS,
};
