/* Autoencoders: linear, deep, with tied weights, denoising, sparse, and any of these together.
 * Hinton and Salakhutdinov 2006; Vincent et al. 2008 (denoising); Ng 2011, CS294A (sparse). */
#include <string.h>

#include "../nn/model/model_options.h"
#include "models.h"

static const elbo_option options[] = {
    ELBO_OPTION_HIDDEN("128"), ELBO_OPTION_LATENT_DIM,     ELBO_OPTION_ACTIVATION, ELBO_OPTION_CODE_ACTIVATION,
    ELBO_OPTION_TIED,          ELBO_OPTION_RECONSTRUCTION, ELBO_OPTIONS_SPARSITY,  ELBO_OPTIONS_CORRUPTION,
    ELBO_OPTION_BINARISE,      ELBO_OPTIONS_END,
};

/* The encoder's layer i, counted from 0: encoder.hidden, encoder.hidden2, ..., encoder.code */
static elbo_layer_name encoder_name(const elbo_sizes *hidden, int i)
{
    return i == hidden->n ? elbo_numbered("encoder.code", 1) : elbo_numbered("encoder.hidden", i + 1);
}

/* (B, D) -> code (B, Z); sigmoid units on the way add to the penalty where that is asked for */
static elbo_inference infer(elbo_in *in)
{
    const elbo_sizes hidden = elbo_option_sizes(in, "hidden");
    const double sparsity = elbo_option_number(in, "sparsity"), rho = elbo_option_number(in, "rho");
    elbo_var *h = in->x, *sparse = NULL, *penalty = NULL;
    for (int i = 0; i <= hidden.n; i++) {
        const char *activation = elbo_option_choice(in, i == hidden.n ? "code-activation" : "activation");
        const int64_t units = i == hidden.n ? elbo_option_integer(in, "latent-dim") : hidden.at[i];
        h = elbo_activation(elbo_linear(h, encoder_name(&hidden, i).text, units), activation);
        if (sparsity > 0 && strcmp(activation, "sigmoid") == 0) {
            elbo_var *term = elbo_scale(elbo_sparseness(h, rho), sparsity);
            penalty = penalty ? elbo_add(penalty, term) : term;
            sparse = h;
        }
    }
    if (sparse)
        elbo_report(in, "activity", elbo_mean_all(sparse));
    else if (sparsity > 0)
        elbo_graph_fail(in->g, ELBO_INVALID, "sparsity: there are no sigmoid units; take code-activation sigmoid");
    return (elbo_inference){.z = elbo_unsqueeze(h, 1), .code = h, .penalty = penalty};
}

/* The layer that mirrors the encoder's layer i: h (..., units of i) -> (..., out) */
static elbo_var *decoder_layer(elbo_in *in, elbo_var *h, const char *name, const char *mirrored, int64_t out)
{
    if (!elbo_option_flag(in, "tied"))
        return elbo_linear(h, name, out);
    const elbo_init init = elbo_init_fan_in(elbo_size(h, -1));
    elbo_scope(in->g, mirrored);
    elbo_var *w = elbo_param(in->g, "weight", ELBO_SHAPE(elbo_size(h, -1), out), init);
    elbo_scope_end(in->g);
    elbo_scope(in->g, name);
    elbo_var *b = elbo_param(in->g, "bias", ELBO_SHAPE(out), init);
    elbo_scope_end(in->g);
    return elbo_affine(h, elbo_transpose(w), b);
}

static elbo_dist generate(elbo_in *in, elbo_var *z)
{
    const elbo_sizes hidden = elbo_option_sizes(in, "hidden");
    const bool bernoulli = strcmp(elbo_option_choice(in, "likelihood"), "bernoulli") == 0;
    for (int i = hidden.n; i > 0; i--) {
        const elbo_layer_name name = elbo_numbered("decoder.hidden", hidden.n - i + 1);
        z = decoder_layer(in, z, name.text, encoder_name(&hidden, i).text, hidden.at[i - 1]);
        z = elbo_activation(z, elbo_option_choice(in, "activation"));
    }
    z = decoder_layer(in, z, bernoulli ? "decoder.logits" : "decoder.mean", encoder_name(&hidden, 0).text,
                      elbo_size(in->x, -1));
    return bernoulli ? elbo_bernoulli(z) : elbo_squared_error(z);
}

const elbo_model elbo_model_ae = {
    .name = "ae",
    .summary = "autoencoder: linear, deep, tied, denoising, sparse",
    .options = options,
    .flags = ELBO_NO_PRIOR,
    .infer = infer,
    .generate = generate,
};
