/* The beta-TCVAE: Chen, Li, Grosse and Duvenaud, arXiv:1802.04942. */
#include "../nn/parts/parts.h"
#include "models.h"

const elbo_model elbo_model_beta_tcvae = {
    .name = "beta-tcvae",
    .family = "Codes matched or disentangled",
    .summary = "VAE that presses the total correlation of its codes alone",
    .preset = "objective=beta-tc beta=6",
    ELBO_OF_PARTS,
};
