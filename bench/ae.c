/* A deep autoencoder: Hinton and Salakhutdinov 2006, with rectifiers. */
#include "workloads.h"

static elbo_inference infer(elbo_in *in)
{
    elbo_var *code = elbo_mlp(in->x, "encoder.hidden", (int64_t[]){128, 32}, 2, "relu"); /* (B, 32) */
    return (elbo_inference){.z = code, .code = code};
}

/* Of variance 1/2, for which -log p(x|z) is the squared error and a constant. */
static elbo_dist generate(elbo_in *in, elbo_var *z)
{
    elbo_var *h = elbo_mlp(z, "decoder.hidden", (int64_t[]){128}, 1, "relu");
    return elbo_normal_fixed(elbo_linear(h, "decoder.mean", elbo_size(in->x, -1)), 0.5);
}

/* Without that constant. */
static int losses(elbo_in *in, elbo_loss *out)
{
    elbo_var *mean = elbo_dist_mean(generate(in, infer(in).z));
    out[0] = (elbo_loss){.value = elbo_mean_all(elbo_sum_axis(elbo_square(elbo_sub(mean, in->x)), 1))};
    return 1;
}

const elbo_model elbo_bench_ae = {
    .name = "ae",
    .summary = "autoencoder",
    .flags = ELBO_NO_PRIOR,
    .infer = infer,
    .generate = generate,
    .losses = losses,
};
