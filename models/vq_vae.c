/* The vector-quantised autoencoder: van den Oord, Vinyals and Kavukcuoglu, arXiv:1711.00937. */
#include "../nn/parts/parts.h"
#include "models.h"

const elbo_model elbo_model_vq_vae = {
    .name = "vq-vae",
    .family = "Discrete codes",
    .summary = "autoencoder whose codes are rows of a codebook",
    .preset = "posterior=vq prior=none likelihood=squared-error net=conv",
    ELBO_OF_PARTS,
};
