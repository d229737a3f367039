/* RAE-GP, an autoencoder that is made smooth by the derivatives of the decoder: Ghosh et al., arXiv:1903.12436. */
#include "../nn/parts/parts.h"
#include "models.h"

const elbo_model elbo_model_rae_gp = {
    .name = "rae-gp",
    .family = "Autoencoders",
    .summary = "autoencoder with short codes and a decoder of small derivatives",
    .preset = "posterior=delta prior=none objective=rae likelihood=squared-error latent-dim=16 gradient-penalty=1e-7",
    ELBO_OF_PARTS,
};
