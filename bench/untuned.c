/* A VAE with layer norm and GELU: a graph that no pass of the planner was written for. */
#include "workloads.h"

enum { HIDDEN = 300, LATENT = 16 };

static elbo_var *layer(elbo_var *x, const char *name)
{
    elbo_graph *g = elbo_graph_of(x);
    elbo_scope(g, name);
    elbo_var *y = elbo_gelu(elbo_layer_norm(elbo_linear(x, "linear", HIDDEN), "norm"));
    elbo_scope_end(g);
    return y;
}

static elbo_inference infer(elbo_in *in)
{
    elbo_var *h = layer(layer(in->x, "encoder.hidden"), "encoder.hidden2");
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
    elbo_var *h = layer(layer(z, "decoder.hidden"), "decoder.hidden2");
    return elbo_bernoulli(elbo_linear(h, "decoder.logits", elbo_size(in->x, -1)));
}

const elbo_model elbo_bench_untuned = {
    .name = "untuned",
    .summary = "VAE with layer norm and GELU",
    .infer = infer,
    .prior = prior,
    .generate = generate,
};
