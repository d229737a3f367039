/* The Hamiltonian VAE: Caterini, Doucet and Sejdinovic, arXiv:1805.11328. */
#include "../nn/parts/parts.h"
#include "models.h"

const elbo_model elbo_model_hvae = {
    .name = "hvae",
    .family = "Posteriors beyond the normal",
    .summary = "VAE whose draws are moved along the gradient of log p(x, z)",
    .preset = "posterior=hamiltonian leapfrog-learn=both",
    ELBO_OF_PARTS,
};
