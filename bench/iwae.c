/* The importance-weighted autoencoder: Burda, Grosse and Salakhutdinov, arXiv:1509.00519. */
#include "workloads.h"

enum { LATENT = 50 };
static const int64_t hidden[] = {200, 200};

static elbo_inference infer(elbo_in *in)
{
    elbo_var *h = elbo_mlp(in->x, "encoder.hidden", hidden, 2, "tanh");
    elbo_var *mean = elbo_linear(h, "encoder.mean", LATENT);
    elbo_var *logvar = elbo_linear(h, "encoder.logvar", LATENT);
    return elbo_infer_normal(in, mean, logvar);
}

static elbo_dist prior(elbo_in *in)
{
    return elbo_standard_normal(in->g, ELBO_SHAPE(elbo_size(in->x, 0), LATENT));
}

static elbo_dist generate(elbo_in *in, elbo_var *z)
{
    elbo_var *h = elbo_mlp(z, "decoder.hidden", hidden, 2, "tanh"); /* (B, K, 200) */
    return elbo_bernoulli(elbo_linear(h, "decoder.logits", elbo_size(in->x, -1)));
}

/* -log 1/K sum_k p(x|z_k) p(z_k) / q(z_k|x) */
static int losses(elbo_in *in, elbo_loss *out)
{
    elbo_bound bound = elbo_model_bound(in, in->x, NULL);
    out[0] = (elbo_loss){.value = elbo_neg(elbo_mean_all(elbo_iwae_bound(bound.log_weight)))};
    return 1;
}

static const elbo_option options[] = {
    {.name = "draws",
     .type = ELBO_INTEGER,
     .default_value = "50",
     .least = 1,
     .greatest = 10000,
     .metavar = "N",
     .help = "draws of z for each image and step"},
    ELBO_OPTIONS_END,
};

const elbo_model elbo_bench_iwae = {
    .name = "iwae",
    .summary = "importance-weighted autoencoder",
    .options = options,
    .infer = infer,
    .prior = prior,
    .generate = generate,
    .losses = losses,
};
