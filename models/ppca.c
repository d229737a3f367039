/* Probabilistic PCA, the exact linear VAE: Tipping and Bishop, JRSS B 61 (1999). With the noise c
 *
 *     z ~ N(0, I),  x | z ~ N(m + sum_i sqrt(s_i - c) z_i u_i, c I) */
#include <math.h>

#include "../tensor/error_private.h"
#include "models.h"
#include "pca.h"

static const elbo_option options[] = {ELBO_OPTION_LATENT_DIM, ELBO_OPTIONS_END};

/* The exact posterior, of independent z_i: mean sqrt(s_i - c) / s_i u_i^T (x - m), variance c / s_i */
static elbo_inference infer(elbo_in *in)
{
    const elbo__pca f = elbo__pca_find(in);
    elbo_var *scale = elbo_div(elbo_sqrt(elbo_sub(f.variances, f.noise)), f.variances);
    elbo_var *mean = elbo_mul(elbo__pca_project(in, &f), scale);
    elbo_var *logvar = elbo_log(elbo_div(f.noise, f.variances));
    return elbo_infer_normal(in, mean, elbo_expand(logvar, elbo_shape_of(mean)));
}

static elbo_dist generate(elbo_in *in, elbo_var *z)
{
    const elbo__pca f = elbo__pca_find(in);
    elbo_var *mean = elbo__pca_compose(elbo_mul(z, elbo_sqrt(elbo_sub(f.variances, f.noise))), &f);
    return elbo_normal(mean, elbo_expand(elbo_log(f.noise), elbo_shape_of(mean)));
}

/* -1/2 (D log 2 pi + sum_i log s_i + (D - Z) log c + sum_i t_i^2 / s_i + |x - m - sum_i t_i u_i|^2 / c), t_i =
 * u_i^T (x - m): log p(x), (B). The rest is taken by itself, not as a difference of squares: c may be small. */
static elbo_var *log_likelihood(elbo_in *in)
{
    const elbo__pca f = elbo__pca_find(in);
    const double pixels = (double)elbo_size(in->x, -1), others = pixels - (double)elbo_size(f.variances, 0);
    elbo_var *along = elbo__pca_project(in, &f), *rest = elbo_sub(in->x, elbo__pca_compose(along, &f));
    elbo_var *inside = elbo_sum_axis(elbo_div(elbo_square(along), f.variances), 1);
    elbo_var *outside = elbo_div(elbo_sum_axis(elbo_square(rest), 1), f.noise);
    elbo_var *determinant = elbo_add(elbo_sum_all(elbo_log(f.variances)), elbo_scale(elbo_log(f.noise), others));
    elbo_var *sum = elbo_add(elbo_add(inside, outside), determinant);
    return elbo_scale(elbo_shift(sum, pixels * log(2 * M_PI)), -0.5);
}

/* Where the axes left out have no variance, the density has no bound. */
static elbo_status fit(elbo_run *run, const elbo_images *images)
{
    elbo_status status = elbo__pca_fit(run, images);
    elbo_params *params = elbo_run_params(run);
    const elbo_tensor noise = elbo_params_tensor(params, elbo_params_find(params, "noise"));
    if (status == ELBO_OK && elbo_tensor_get(&noise, NULL) <= ELBO__PCA_LEAST)
        return elbo__fail(ELBO_INVALID, "ppca: %lld components leave no variance for the noise; take fewer",
                          (long long)elbo_run_latent(run));
    return status;
}

static int losses(elbo_in *in, elbo_loss *out)
{
    elbo_report(in, "log_likelihood", log_likelihood(in));
    return elbo_default_losses(in, out);
}

const elbo_model elbo_model_ppca = {
    .name = "ppca",
    .family = "Fitted in closed form",
    .summary = "probabilistic principal component analysis, the exact linear VAE",
    .options = options,
    .infer = infer,
    .generate = generate,
    .losses = losses,
    .fit = fit,
};
