/* The importance weighted autoencoder: Burda, Grosse and Salakhutdinov, arXiv:1509.00519. */
#include "../nn/parts/parts.h"
#include "models.h"

const elbo_model elbo_model_iwae = {
    .name = "iwae",
    .family = "Tighter bounds",
    .summary = "VAE trained by importance weights",
    .preset = "objective=iwae draws=5",
    ELBO_OF_PARTS,
};
