/* The beta-VAE with a capacity that rises: Burgess et al., arXiv:1804.03599. */
#include "../nn/parts/parts.h"
#include "models.h"

const elbo_model elbo_model_capacity_vae = {
    .name = "capacity-vae",
    .family = "Variational autoencoders",
    .summary = "VAE whose KL term is drawn to a number of nats that rises",
    .preset = "objective=capacity beta=100",
    ELBO_OF_PARTS,
};
