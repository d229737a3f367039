#include "distribution_private.h"

/* Sum over classes of weight log p, then over the event's other axes. */
static elbo_var *class_sum(elbo_var *weight, elbo_var *log_p, elbo_var *mask, int event_rank)
{
    return elbo_event_sum(elbo_sum_axis(elbo_mul(weight, log_p), -1), mask, event_rank - 1);
}

static elbo_var *categorical_log_prob(const elbo_dist *d, elbo_var *x, elbo_var *mask)
{
    elbo_var *l = elbo_align(d->args[0], d->event_rank, elbo_ndim(x));
    return class_sum(x, elbo_log_softmax(l, -1), mask, d->event_rank);
}

/* The class of the largest logit + Gumbel noise -log(-log u) (Gumbel 1954; Maddison et al., arXiv:1411.0030) */
static elbo_draw categorical_draw(const elbo_dist *d, const char *name, elbo_shape shape, int draw_axis)
{
    elbo_var *l = elbo_align(d->args[0], d->event_rank, shape.ndim);
    elbo_var *u = elbo_random_uniform(d->graph, name, shape, draw_axis);
    elbo_var *noisy = elbo_sub(l, elbo_log(elbo_neg(elbo_log(u))));
    return (elbo_draw){.z = elbo_one_hot(elbo_argmax(noisy, -1), elbo_size(l, -1))};
}

static elbo_var *categorical_mean(const elbo_dist *d)
{
    return elbo_softmax(d->args[0], -1);
}

static elbo_var *categorical_entropy(const elbo_dist *d)
{
    elbo_var *log_p = elbo_log_softmax(d->args[0], -1);
    return elbo_neg(class_sum(elbo_exp(log_p), log_p, NULL, d->event_rank));
}

static elbo_var *categorical_kl(const elbo_dist *q, const elbo_dist *p)
{
    if (p->kind != &elbo_kind_categorical || p->event_rank != q->event_rank)
        return NULL;
    elbo_var *a = elbo_log_softmax(elbo_align(q->args[0], q->event_rank, elbo__common_rank(q, p)), -1);
    elbo_var *b = elbo_log_softmax(elbo_align(p->args[0], p->event_rank, elbo__common_rank(q, p)), -1);
    return elbo_mul(elbo_exp(a), elbo_sub(a, b));
}

const elbo_dist_kind elbo_kind_categorical = {
    .name = "categorical",
    .log_prob = categorical_log_prob,
    .draw = categorical_draw,
    .mean = categorical_mean,
    .entropy = categorical_entropy,
    .kl = categorical_kl,
};

elbo_dist elbo_categorical(elbo_var *logits)
{
    return elbo_dist_of(&elbo_kind_categorical, elbo_shape_of(logits), logits);
}
