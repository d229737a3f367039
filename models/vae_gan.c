/* The VAE-GAN, which compares pictures by what a discriminator sees: Larsen, Soenderby, Larochelle and Winther,
 * arXiv:1512.09300. */
#include "../nn/parts/parts.h"
#include "models.h"

const elbo_model elbo_model_vae_gan = {
    .name = "vae-gan",
    .family = "Codes matched or disentangled",
    .summary = "VAE with a discriminator that compares pictures",
    .preset = "objective=vae-gan beta=0.05 gan-layer=1 gan-alpha=0.3",
    ELBO_OF_PARTS,
};
