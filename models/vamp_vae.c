/* The VampPrior: Tomczak and Welling, arXiv:1705.07120. */
#include "../nn/parts/parts.h"
#include "models.h"

const elbo_model elbo_model_vamp_vae = {
    .name = "vamp-vae",
    .family = "Priors that are learned",
    .summary = "VAE whose prior is a mixture of posteriors of learned images",
    .preset = "prior=vamp",
    ELBO_OF_PARTS,
};
