/* A VAE whose decoder gives each pixel a mixture of discretised logistics over 256 grey levels: Salimans et al. 2017,
 * arXiv:1701.05517. 784-200-20 and mirrored; three numbers for each of the components. Sums and maxima over the few
 * components of each of 784 pixels are what it is about. */
#include "workloads.h"

enum { COMPONENTS = 5, HIDDEN = 200, LATENT = 20, LEVELS = 256 };

static elbo_inference infer(elbo_in *in)
{
    elbo_var *h = elbo_relu(elbo_linear(in->x, "encoder.hidden", HIDDEN));
    elbo_var *mean = elbo_linear(h, "encoder.mean", LATENT);
    elbo_var *logvar = elbo_linear(h, "encoder.logvar", LATENT);
    return elbo_infer_normal(in, mean, logvar);
}

/* (B, K, D, 3 COMPONENTS): logits, means and log-scales of each pixel's components */
static elbo_var *components(elbo_in *in, elbo_var *z)
{
    elbo_var *h = elbo_relu(elbo_linear(z, "decoder.hidden", HIDDEN));
    const int64_t pixels = elbo_size(in->x, -1);
    elbo_var *y = elbo_linear(h, "decoder.mixture", pixels * 3 * COMPONENTS);
    return elbo_reshape(y, ELBO_SHAPE(elbo_size(z, 0), elbo_size(z, 1), pixels, 3 * COMPONENTS));
}

static elbo_var *part(elbo_var *y, int which)
{
    return elbo_slice(y, -1, which * COMPONENTS, COMPONENTS);
}

/* ln of what a logistic puts between the edges of the grey level x, the outermost ones open:
 * sigmoid((x + 1/2L - mean) / s) - sigmoid((x - 1/2L - mean) / s), (B, K, D, COMPONENTS) */
static elbo_var *log_mass(elbo_var *x, elbo_var *mean, elbo_var *log_scale)
{
    elbo_graph *g = elbo_graph_of(x);
    const double half = 0.5 / (LEVELS - 1);
    elbo_var *centred = elbo_sub(x, mean), *rate = elbo_exp(elbo_neg(log_scale));
    elbo_var *above = elbo_sigmoid(elbo_mul(elbo_shift(centred, half), rate));
    elbo_var *below = elbo_sigmoid(elbo_mul(elbo_shift(centred, -half), rate));
    above = elbo_where(elbo_less(elbo_constant(g, 1 - half), x), elbo_constant(g, 1), above);
    below = elbo_where(elbo_less(x, elbo_constant(g, half)), elbo_constant(g, 0), below);
    return elbo_log(elbo_maximum(elbo_sub(above, below), elbo_constant(g, 1e-12)));
}

/* -log p(x|z) + KL, a mean over images */
static int losses(elbo_in *in, elbo_loss *out)
{
    const elbo_inference q = infer(in);
    elbo_var *y = components(in, q.z);
    elbo_var *x = elbo_unsqueeze(elbo_unsqueeze(in->x, 1), -1); /* (B, 1, D, 1) */
    elbo_var *log_scale = elbo_maximum(elbo_shift(part(y, 2), -2), elbo_constant(in->g, -7));
    elbo_var *terms = elbo_add(elbo_log_softmax(part(y, 0), -1), log_mass(x, part(y, 1), log_scale));
    elbo_var *log_p = elbo_sum_axis(elbo_logsumexp(terms, -1), -1); /* (B, K) */
    elbo_var *kl = elbo_kl(q.q, elbo_standard_normal(in->g, ELBO_SHAPE(elbo_size(in->x, 0), LATENT)), NULL);
    out[0] = (elbo_loss){.value = elbo_sub(elbo_mean_all(kl), elbo_mean_all(log_p))};
    return 1;
}

/* The mean of the mixture. */
static elbo_dist generate(elbo_in *in, elbo_var *z)
{
    elbo_var *y = components(in, z);
    elbo_var *mean = elbo_sum_axis(elbo_mul(elbo_softmax(part(y, 0), -1), part(y, 1)), -1);
    return elbo_squared_error(mean);
}

const elbo_model elbo_bench_mixture = {
    .name = "mixture",
    .summary = "VAE with a mixture of logistics for each pixel",
    .infer = infer,
    .generate = generate,
    .losses = losses,
};
