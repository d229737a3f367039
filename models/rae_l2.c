/* RAE-L2, an autoencoder that is made smooth by the size of the decoder's weights: Ghosh et al., arXiv:1903.12436. */
#include "../nn/parts/parts.h"
#include "models.h"

const elbo_model elbo_model_rae_l2 = {
    .name = "rae-l2",
    .family = "Autoencoders",
    .summary = "autoencoder with short codes and a decoder of small weights",
    .preset = "posterior=delta prior=none objective=rae likelihood=squared-error latent-dim=16 decoder-decay=1e-7",
    ELBO_OF_PARTS,
};
