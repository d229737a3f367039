/* The adversarial autoencoder: Makhzani, Shlens, Jaitly, Goodfellow and Frey, arXiv:1511.05644. */
#include "../nn/parts/parts.h"
#include "models.h"

const elbo_model elbo_model_aae = {
    .name = "aae",
    .family = "Codes matched or disentangled",
    .summary = "autoencoder whose codes a discriminator draws to the prior",
    .preset = "objective=adversarial latent-dim=8 discriminator-lr=0.0002",
    ELBO_OF_PARTS,
};
