/* The partially importance weighted autoencoder: Rainforth et al., arXiv:1802.04537. */
#include "../nn/parts/parts.h"
#include "models.h"

const elbo_model elbo_model_piwae = {
    .name = "piwae",
    .family = "Tighter bounds",
    .summary = "VAE with importance weighted bounds of its own for encoder and decoder",
    .preset = "objective=piwae draws=16 estimates=4",
    ELBO_OF_PARTS,
};
