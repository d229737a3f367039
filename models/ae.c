/* Autoencoders: linear, deep, with tied weights, denoising, sparse, and any of these together.
 * Hinton and Salakhutdinov 2006; Vincent et al. 2008 (denoising); Ng 2011, CS294A (sparse). */
#include <string.h>

#include "../nn/parts/options.h"
#include "models.h"

static const elbo_option options[] = {
    ELBO_OPTION_HIDDEN("128"), ELBO_OPTION_LATENT_DIM,     ELBO_OPTION_ACTIVATION, ELBO_OPTION_CODE_ACTIVATION,
    ELBO_OPTION_TIED,          ELBO_OPTION_RECONSTRUCTION, ELBO_OPTIONS_SPARSITY,  ELBO_OPTIONS_CORRUPTION,
    ELBO_OPTIONS_BINARISE,     ELBO_OPTIONS_NET,           ELBO_OPTIONS_END,
};

static bool is_sigmoid(elbo_in *in, const char *option)
{
    return strcmp(elbo_option_choice(in, option), "sigmoid") == 0;
}

/* The sum of the penalties on sigmoid units of dense layers, code included, (); NULL where none is asked for */
static elbo_var *penalty(elbo_in *in, elbo_units units, elbo_var *code)
{
    const double sparsity = elbo_option_number(in, "sparsity"), rho = elbo_option_number(in, "rho");
    elbo_var *sum = NULL, *sparse = NULL;
    for (int i = 0; i <= units.n && sparsity > 0; i++)
        if (is_sigmoid(in, i < units.n ? "activation" : "code-activation")) {
            sparse = i < units.n ? units.at[i] : code;
            elbo_var *term = elbo_scale(elbo_sparseness(sparse, rho), sparsity);
            sum = sum ? elbo_add(sum, term) : term;
        }
    if (sparse)
        elbo_report(in, "activity", elbo_mean_all(sparse));
    else if (sparsity > 0)
        elbo_graph_fail(in->g, ELBO_INVALID, "sparsity: there are no sigmoid units; take code-activation sigmoid");
    return sum;
}

static elbo_inference infer(elbo_in *in)
{
    elbo_units units;
    elbo_var *h = elbo_net_encode_units(in, &units);
    elbo_inference inference = elbo_infer_code(elbo_net_code(in, h));
    inference.penalty = penalty(in, units, inference.code);
    return inference;
}

static elbo_dist generate(elbo_in *in, elbo_var *z)
{
    return elbo_likelihood(in, elbo_net_decode(in, z));
}

const elbo_model elbo_model_ae = {
    .name = "ae",
    .family = "Autoencoders",
    .summary = "autoencoder: linear, deep, convolutional, tied, denoising, sparse",
    .options = options,
    .flags = ELBO_NO_PRIOR,
    .infer = infer,
    .generate = generate,
};
