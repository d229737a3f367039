/* The autoregressive flow as posterior: Papamakarios, Pavlakou and Murray, arXiv:1705.07057. */
#include "../nn/parts/parts.h"
#include "models.h"

const elbo_model elbo_model_maf_vae = {
    .name = "maf-vae",
    .family = "Posteriors beyond the normal",
    .summary = "VAE with an autoregressive flow after its posterior",
    .preset = "posterior=maf",
    ELBO_OF_PARTS,
};
