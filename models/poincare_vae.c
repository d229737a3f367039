/* The Poincare VAE: Mathieu et al., arXiv:1901.06033. */
#include "../nn/parts/parts.h"
#include "models.h"

const elbo_model elbo_model_poincare_vae = {
    .name = "poincare-vae",
    .family = "Curved latent spaces",
    .summary = "VAE whose latent space is hyperbolic",
    .preset = "posterior=wrapped-normal latent-dim=10 spread=softplus isotropic=yes gyroplanes=yes",
    ELBO_OF_PARTS,
};
