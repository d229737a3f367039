/* The Riemannian Hamiltonian VAE: Chadebec et al., arXiv:2105.00026. */
#include "../nn/parts/parts.h"
#include "models.h"

const elbo_model elbo_model_rhvae = {
    .name = "rhvae",
    .family = "Posteriors beyond the normal",
    .summary = "Hamiltonian VAE that learns a Riemannian metric of its latent space (experimental)",
    .preset = "posterior=riemannian-hamiltonian leapfrog-size=0.001 latent-dim=10",
    ELBO_OF_PARTS,
};
