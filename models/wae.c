/* The Wasserstein autoencoder: Tolstikhin, Bousquet, Gelly and Schoelkopf, arXiv:1711.01558. */
#include "../nn/parts/parts.h"
#include "models.h"

const elbo_model elbo_model_wae = {
    .name = "wae",
    .family = "Codes matched or disentangled",
    .summary = "autoencoder whose codes are drawn to the prior by a mean discrepancy",
    .preset = "posterior=delta objective=mmd likelihood=squared-error latent-dim=8",
    ELBO_OF_PARTS,
};
