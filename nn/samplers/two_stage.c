/* A second VAE, of the codes z of the first (Dai and Wipf, ICLR 2019, arXiv:1903.05789):
 *
 *     u ~ N(0, I),   z ~ p(z|u) = N(m(u), g diag(deviation^2)),   then x ~ p(x|z)
 *
 * u has the dimensions of z. g = 1e-4 + e^l with one number l that is learned: were codes known exactly, their density
 * would know no bound. Since z is what is drawn, its noise is a part of it. */
#include <math.h>

#include "../../tensor/memory.h"
#include "../../tensor/random.h"
#include "on_codes.h"

#define LEAST_VARIANCE 1e-4

static const elbo_option options[] = {ELBO__OPTIONS_TWO_STAGE(NULL), ELBO__OPTION_OF_LABELS, ELBO_OPTIONS_END};

static elbo_inference infer(elbo_in *in)
{
    const elbo__scale scale = elbo__scale_of(in);
    const elbo_sizes hidden = elbo_option_sizes(in, "stage-hidden");
    const int64_t dims = elbo_size(in->x, -1);
    elbo_var *h = elbo_condition(elbo_div(elbo_sub(in->x, scale.mean), scale.deviation), in->y);
    h = elbo_mlp(h, "encoder.hidden", hidden.at, hidden.n, "relu");
    elbo_var *mean = elbo_linear(h, "encoder.mean", dims), *logvar = elbo_linear(h, "encoder.logvar", dims);
    return elbo_infer_normal(in, mean, logvar);
}

static elbo_dist generate(elbo_in *in, elbo_var *u)
{
    const elbo__scale scale = elbo__scale_of(in);
    const elbo_sizes hidden = elbo_sizes_reversed(elbo_option_sizes(in, "stage-hidden"));
    const double least = log(LEAST_VARIANCE);
    elbo_var *h = elbo_mlp(elbo_condition(u, in->y), "decoder.hidden", hidden.at, hidden.n, "relu");
    elbo_var *mean = elbo_linear(h, "decoder.mean", elbo_size(in->x, -1));
    elbo_var *logvar = elbo_param(in->g, "decoder.logvar", ELBO_SCALAR, elbo_init_zeros());
    logvar = elbo_shift(elbo_softplus(elbo_shift(logvar, -least)), least);
    logvar = elbo_add(logvar, elbo_scale(elbo_log(scale.deviation), 2));
    return elbo_normal(elbo_add(elbo_mul(mean, scale.deviation), scale.mean), elbo_expand(logvar, elbo_shape_of(mean)));
}

static const elbo_model model = {.name = "sampler-two-stage",
                                 .summary = "VAE of codes",
                                 .options = options,
                                 .infer = infer,
                                 .prior = elbo__noise,
                                 .generate = generate};

static double weight_of(const elbo_run *run, const char *name, int64_t at)
{
    const elbo_tensor weight = elbo_params_tensor(run->params, elbo_params_find(run->params, name));
    return elbo_tensor_get(&weight, &at);
}

/* The mean of p(z|u) and its noise. */
static elbo_status draw(elbo_sampler *s, const int *labels, int64_t n, int64_t seed, float *z)
{
    const elbo__random_key key = {.seed = (uint64_t)seed, .stream = elbo__stream("sampler", "second stage", 0)};
    const int64_t dims = s->run->latent;
    double *noise = elbo__calloc((size_t)dims, sizeof *noise), *deviation = elbo__calloc((size_t)dims, sizeof *noise);
    elbo_status status = noise && deviation ? elbo__on_codes_draw(s, labels, n, seed, z) : ELBO_NO_MEMORY;
    for (int64_t j = 0; j < dims && status == ELBO_OK; j++)
        deviation[j] = weight_of(s->fitted, "deviation", j) *
                       sqrt(LEAST_VARIANCE + exp(weight_of(s->fitted, "decoder.logvar", 0)));
    for (int64_t i = 0; i < n && status == ELBO_OK; i++) {
        elbo__normal_f64(noise, 1, 1, dims, key, (uint64_t)i, 0);
        for (int64_t j = 0; j < dims; j++)
            z[i * dims + j] += (float)(deviation[j] * noise[j]);
    }
    elbo__free(noise);
    elbo__free(deviation);
    return status;
}

const elbo__sampler_kind elbo__sampler_two_stage = {.fit = elbo__on_codes_fit,
                                                    .draw = draw,
                                                    .write = elbo__on_codes_write,
                                                    .read = elbo__on_codes_read,
                                                    .release = elbo__on_codes_release,
                                                    .model = &model};
