/* Hierarchical residual quantisation: Hosking, Tang and Lapata, arXiv:2203.03463. */
#include "../nn/parts/parts.h"
#include "models.h"

const elbo_model elbo_model_hrq_vae = {
    .name = "hrq-vae",
    .family = "Discrete codes",
    .summary = "autoencoder whose codes are sums of rows of several codebooks",
    .preset = "posterior=hrq prior=none likelihood=squared-error net=conv codes=64",
    ELBO_OF_PARTS,
};
