/* The VAE that compares pictures by their structure: Snell et al., arXiv:1511.06409. */
#include "../nn/parts/parts.h"
#include "models.h"

const elbo_model elbo_model_ms_ssim_vae = {
    .name = "ms-ssim-vae",
    .family = "Variational autoencoders",
    .summary = "VAE that compares pictures by structural similarity at several scales",
    .preset = "likelihood=ms-ssim beta=0.01",
    ELBO_OF_PARTS,
};
