/* Probabilistic PCA, the exact linear VAE: Tipping and Bishop, JRSS B 61 (1999). With the noise c
 *
 *     z ~ N(0, I),  x | z ~ N(m + sum_i sqrt(s_i - c) z_i u_i, c I) */
#include <math.h>

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

/* -1/2 (D log 2 pi + sum_i log s_i + (D - Z) log c + sum_i t_i^2 / s_i + (|x - m|^2 - sum_i t_i^2) / c), t_i =
 * u_i^T (x - m): log p(x), (B) */
static elbo_var *log_likelihood(elbo_in *in)
{
    const elbo__pca f = elbo__pca_find(in);
    const double pixels = (double)elbo_size(in->x, -1), others = pixels - (double)elbo_size(f.variances, 0);
    elbo_var *along = elbo_square(elbo__pca_project(in, &f)), *all = elbo_square(elbo_sub(in->x, f.mean));
    elbo_var *inside = elbo_sum_axis(elbo_div(along, f.variances), 1);
    elbo_var *outside = elbo_div(elbo_sub(elbo_sum_axis(all, 1), elbo_sum_axis(along, 1)), f.noise);
    elbo_var *determinant = elbo_add(elbo_sum_all(elbo_log(f.variances)), elbo_scale(elbo_log(f.noise), others));
    elbo_var *sum = elbo_add(elbo_add(inside, outside), determinant);
    return elbo_scale(elbo_shift(sum, pixels * log(2 * M_PI)), -0.5);
}

static int losses(elbo_in *in, elbo_loss *out)
{
    elbo_report(in, "log_likelihood", log_likelihood(in));
    return elbo_bound_loss(in, out);
}

const elbo_model elbo_model_ppca = {
    .name = "ppca",
    .summary = "probabilistic principal component analysis, the exact linear VAE",
    .options = options,
    .infer = infer,
    .generate = generate,
    .losses = losses,
    .fit = elbo__pca_fit,
};
