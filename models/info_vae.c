/* The InfoVAE with a mean discrepancy: Zhao, Song and Ermon, arXiv:1706.02262. */
#include "../nn/parts/parts.h"
#include "models.h"

const elbo_model elbo_model_info_vae = {
    .name = "info-vae",
    .family = "Codes matched or disentangled",
    .summary = "VAE that keeps what z says of x by a mean discrepancy",
    .preset = "objective=info",
    ELBO_OF_PARTS,
};
