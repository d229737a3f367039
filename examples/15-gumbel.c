/* Discrete codes: z is a row of choices among C categories, whose derivative in training is that of a softened choice,
 * softmax((logits + Gumbel noise) / t), t falling from 1 to 1/2 in 7 epochs (Jang, Gu and Poole 2017,
 * arXiv:1611.01144). Elsewhere choices are one-hot: figures are those of discrete codes. Option latent-dim is how many.
 *
 *     15-gumbel train [OPTION...]      see 12-program.c */
#include <elbo.h>

enum { C = 10 };

/* (..., N C) -> (..., N, C) */
static elbo_var *split(elbo_var *x)
{
    elbo_shape shape = elbo_shape_of(x);
    shape.dim[shape.ndim - 1] = -1;
    shape.dim[shape.ndim++] = C;
    return elbo_reshape(x, shape);
}

/* log p of each category, for x of the given rank: (..., N, C); args: logits (B, N C) */
static elbo_var *log_p(const elbo_dist *d, int ndim)
{
    return elbo_log_softmax(split(elbo_align(d->args[0], d->event_rank, ndim)), -1);
}

static elbo_var *log_prob(const elbo_dist *d, elbo_var *x, elbo_var *mask)
{
    return elbo_event_sum(elbo_reshape(elbo_mul(split(x), log_p(d, elbo_ndim(x))), elbo_shape_of(x)), mask, 1);
}

static elbo_draw draw(const elbo_dist *d, const char *name, elbo_shape shape, int draw_axis)
{
    elbo_var *u = elbo_random_uniform(d->graph, name, shape, draw_axis), *h;
    h = elbo_sub(log_p(d, shape.ndim), split(elbo_log(elbo_neg(elbo_log(u)))));
    if (elbo_graph_mode(d->graph) == ELBO_EVALUATE)
        return (elbo_draw){.z = elbo_reshape(elbo_one_hot(elbo_argmax(h, -1), C), shape)};
    elbo_var *t = elbo_scale(elbo_scalar(d->graph, "epoch"), -0.1);
    h = elbo_div(h, elbo_exp(elbo_maximum(t, elbo_constant(d->graph, -0.7))));
    return (elbo_draw){.z = elbo_reshape(elbo_softmax(h, -1), shape)};
}

static elbo_var *mean(const elbo_dist *d)
{
    return elbo_reshape(elbo_exp(log_p(d, d->shape.ndim)), d->shape);
}

static elbo_var *kl(const elbo_dist *q, const elbo_dist *p) /* its terms: one for each category; p of the same kind */
{
    elbo_var *log_q = log_p(q, q->shape.ndim), *ratio = elbo_sub(log_q, log_p(p, p->shape.ndim));
    return elbo_reshape(elbo_mul(elbo_exp(log_q), ratio), q->shape);
}

static const elbo_dist_kind choices = {
    .name = "choices", .reparametrised = true, .log_prob = log_prob, .draw = draw, .mean = mean, .kl = kl};

static elbo_inference infer(elbo_in *in) /* q(z|x), and draws from it */
{
    elbo_var *logits = elbo_linear(elbo_net_encode(in), "encoder.logits", C * elbo_option_integer(in, "latent-dim"));
    return elbo_infer_from(in, elbo_dist_of(&choices, elbo_shape_of(logits), logits));
}

static elbo_dist prior(elbo_in *in) /* p(z): all as likely */
{
    const elbo_shape shape = ELBO_SHAPE(elbo_size(in->x, 0), C * elbo_option_integer(in, "latent-dim"));
    return elbo_dist_of(&choices, shape, elbo_expand(elbo_constant(in->g, 0), shape));
}

static const elbo_option options[] = {ELBO_MODEL_OPTIONS, ELBO_OPTIONS_END};
static const elbo_model model = {.name = "gumbel-vae",
                                 .summary = "VAE whose codes are choices among categories",
                                 .options = options,
                                 .infer = infer,
                                 .prior = prior,
                                 .generate = elbo_generate};

int main(int argc, char **argv)
{
    char *listing[] = {argv[0], "models", NULL};
    return elbo_main(argc > 1 ? argc : 2, argc > 1 ? argv : listing, (const elbo_model *const[]){&model, NULL});
}
