/* A mixture of normals as prior, learned with the rest: the baseline of Tomczak and Welling, arXiv:1705.07120. */
#include "../nn/parts/parts.h"
#include "models.h"

const elbo_model elbo_model_mixture_vae = {
    .name = "mixture-vae",
    .family = "Priors that are learned",
    .summary = "VAE whose prior is a mixture of normals",
    .preset = "prior=mixture",
    ELBO_OF_PARTS,
};
