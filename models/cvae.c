/* The conditional variational autoencoder: the label joins the input of encoder and decoder.
 * Sohn, Lee and Yan, NeurIPS 2015. */
#include "../nn/parts/parts.h"
#include "models.h"

const elbo_model elbo_model_cvae = {
    .name = "cvae",
    .family = "Variational autoencoders",
    .summary = "variational autoencoder conditioned on the label",
    .preset = "conditional=yes",
    ELBO_OF_PARTS,
};
