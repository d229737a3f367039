/* The combination of both bounds: Rainforth et al., arXiv:1802.04537. */
#include "../nn/parts/parts.h"
#include "models.h"

const elbo_model elbo_model_ciwae = {
    .name = "ciwae",
    .family = "Tighter bounds",
    .summary = "VAE trained by the ELBO and an importance weighted bound together",
    .preset = "objective=ciwae draws=5",
    ELBO_OF_PARTS,
};
