/* Principal component analysis: Pearson 1901; Hotelling 1933. A projection, without a density. */
#include "models.h"
#include "pca.h"

static const elbo_option options[] = {
    ELBO_OPTION_LATENT_DIM,
    {.name = "whiten",
     .type = ELBO_FLAG,
     .default_value = "no",
     .help = "divide each number of the code by its deviation"},
    ELBO_OPTIONS_END,
};

static elbo_inference infer(elbo_in *in)
{
    const elbo__pca f = elbo__pca_find(in);
    elbo_var *code = elbo__pca_project(in, &f);
    if (elbo_option_flag(in, "whiten"))
        code = elbo_div(code, elbo_sqrt(f.variances));
    return elbo_infer_code(code);
}

static elbo_dist generate(elbo_in *in, elbo_var *z)
{
    const elbo__pca f = elbo__pca_find(in);
    return elbo_squared_error(
        elbo__pca_compose(elbo_option_flag(in, "whiten") ? elbo_mul(z, elbo_sqrt(f.variances)) : z, &f));
}

const elbo_model elbo_model_pca = {
    .name = "pca",
    .family = "Fitted in closed form",
    .summary = "principal component analysis",
    .options = options,
    .flags = ELBO_NO_PRIOR,
    .infer = infer,
    .generate = generate,
    .fit = elbo__pca_fit,
};
