/* The variational autoencoder: Kingma and Welling, arXiv:1312.6114. */
#include "../nn/parts/parts.h"
#include "models.h"

const elbo_model elbo_model_vae = {
    .name = "vae",
    .family = "Variational autoencoders",
    .summary = "variational autoencoder",
    ELBO_OF_PARTS,
};
