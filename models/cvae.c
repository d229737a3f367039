/* The conditional variational autoencoder: the label joins the input of encoder and decoder.
 * Sohn, Lee and Yan, NeurIPS 2015. */
#include <string.h>

#include "models.h"
#include "vae.h"

static const char *const priors[] = {"standard", "learned", NULL};
static const elbo_option options[] = {
    ELBO_MODEL_OPTIONS,
    ELBO_OPTIONS_NET,
    {.name = "prior",
     .type = ELBO_CHOICE,
     .default_value = "standard",
     .choices = priors,
     .metavar = "NAME",
     .help = "of z given the label: N(0, I) for all, or a normal that is learned for each"},
    ELBO_OPTIONS_END,
};

/* p(z|y): N(0, I), or mean and log-variance from the label */
static elbo_dist prior(elbo_in *in)
{
    const int64_t dims = elbo_option_integer(in, "latent-dim");
    if (strcmp(elbo_option_choice(in, "prior"), "standard") == 0)
        return elbo_standard_normal(in->g, ELBO_SHAPE(elbo_size(in->x, 0), dims));
    elbo_var *mean = elbo_linear(in->y, "prior.mean", dims);
    return elbo_normal(mean, elbo_linear(in->y, "prior.logvar", dims));
}

const elbo_model elbo_model_cvae = {
    .name = "cvae",
    .summary = "variational autoencoder conditioned on the label",
    .options = options,
    .flags = ELBO_NEEDS_LABELS,
    .infer = elbo__vae_infer,
    .prior = prior,
    .generate = elbo__vae_generate,
};
