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

/* ---- tied weights ------------------------------------------------------------------------------------------------ */

/* h times the weight of the encoder's layer `name`, across */
static elbo_var *mirrored(elbo_var *h, const char *name, const char *bias, int64_t out)
{
    elbo_graph *g = elbo_graph_of(h);
    const elbo_init init = elbo_init_fan_in(elbo_size(h, -1));
    elbo_scope(g, name);
    elbo_var *w = elbo_param(g, "weight", ELBO_SHAPE(elbo_size(h, -1), out), init);
    elbo_scope_end(g);
    return elbo_affine(h, elbo_transpose(w), elbo_param(g, bias, ELBO_SHAPE(out), init));
}

static elbo_dist generate_tied(elbo_in *in, elbo_var *z)
{
    elbo_var *h = elbo_relu(mirrored(z, "encoder.hidden2", "decoder.hidden.bias", 128));
    return elbo_normal_fixed(mirrored(h, "encoder.hidden", "decoder.mean.bias", elbo_size(in->x, -1)), 0.5);
}

static int losses_tied(elbo_in *in, elbo_loss *out)
{
    elbo_var *mean = elbo_dist_mean(generate_tied(in, infer(in).z));
    out[0] = (elbo_loss){.value = elbo_mean_all(elbo_sum_axis(elbo_square(elbo_sub(mean, in->x)), 1))};
    return 1;
}

const elbo_model elbo_bench_tied = {
    .name = "tied",
    .summary = "autoencoder with tied weights",
    .flags = ELBO_NO_PRIOR,
    .infer = infer,
    .generate = generate_tied,
    .losses = losses_tied,
};
