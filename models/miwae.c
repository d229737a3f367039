/* The multiply importance weighted autoencoder: Rainforth et al., arXiv:1802.04537. */
#include "../nn/parts/parts.h"
#include "models.h"

const elbo_model elbo_model_miwae = {
    .name = "miwae",
    .family = "Tighter bounds",
    .summary = "VAE trained by the mean of several importance weighted bounds",
    .preset = "objective=miwae draws=16 estimates=4",
    ELBO_OF_PARTS,
};
