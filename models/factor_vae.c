/* The FactorVAE: Kim and Mnih, arXiv:1802.05983. */
#include "../nn/parts/parts.h"
#include "models.h"

const elbo_model elbo_model_factor_vae = {
    .name = "factor-vae",
    .family = "Codes matched or disentangled",
    .summary = "VAE whose total correlation a discriminator finds",
    .preset = "objective=factor",
    ELBO_OF_PARTS,
};
