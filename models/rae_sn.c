/* RAE-SN, an autoencoder that is made smooth by the spectral norm of the decoder: Ghosh et al., arXiv:1903.12436. */
#include "../nn/parts/parts.h"
#include "models.h"

const elbo_model elbo_model_rae_sn = {
    .name = "rae-sn",
    .family = "Autoencoders",
    .summary = "autoencoder with short codes and a decoder of spectral norm 1",
    .preset = "posterior=delta prior=none objective=rae likelihood=squared-error latent-dim=16 spectral-norm=yes",
    ELBO_OF_PARTS,
};
