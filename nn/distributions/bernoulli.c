#include "distribution_private.h"

/* log p(x) = x l - log(1 + e^l): finite for any logit l */
static elbo_var *bernoulli_log_prob(const elbo_dist *d, elbo_var *x, elbo_var *mask)
{
    elbo_var *l = elbo_align(d->args[0], d->event_rank, elbo_ndim(x));
    return elbo_event_sum(elbo_sub(elbo_mul(x, l), elbo_softplus(l)), mask, d->event_rank);
}

static elbo_draw bernoulli_draw(const elbo_dist *d, const char *name, elbo_shape shape, int draw_axis)
{
    elbo_var *p = elbo_sigmoid(elbo_align(d->args[0], d->event_rank, shape.ndim));
    return (elbo_draw){.z = elbo_less(elbo_random_uniform(d->graph, name, shape, draw_axis), p)};
}

static elbo_var *bernoulli_mean(const elbo_dist *d)
{
    return elbo_sigmoid(d->args[0]);
}

/* |l| sigmoid(-|l|) + log(1 + e^-|l|): even in l, and no difference of large numbers */
static elbo_var *bernoulli_entropy(const elbo_dist *d)
{
    elbo_var *size = elbo_abs(d->args[0]), *minus = elbo_neg(size);
    return elbo_event_sum(elbo_add(elbo_mul(size, elbo_sigmoid(minus)), elbo_softplus(minus)), NULL, d->event_rank);
}

/* sigmoid(a) (a - b) - log(1 + e^a) + log(1 + e^b) for logits a of q and b of p */
static elbo_var *bernoulli_kl(const elbo_dist *q, const elbo_dist *p)
{
    if (p->kind != &elbo_kind_bernoulli || p->event_rank != q->event_rank)
        return NULL;
    elbo_var *a = elbo_align(q->args[0], q->event_rank, elbo__common_rank(q, p));
    elbo_var *b = elbo_align(p->args[0], p->event_rank, elbo__common_rank(q, p));
    return elbo_add(elbo_mul(elbo_sigmoid(a), elbo_sub(a, b)), elbo_sub(elbo_softplus(b), elbo_softplus(a)));
}

const elbo_dist_kind elbo_kind_bernoulli = {
    .name = "bernoulli",
    .log_prob = bernoulli_log_prob,
    .draw = bernoulli_draw,
    .mean = bernoulli_mean,
    .entropy = bernoulli_entropy,
    .kl = bernoulli_kl,
};

elbo_dist elbo_bernoulli(elbo_var *logits)
{
    return elbo_dist_of(&elbo_kind_bernoulli, elbo_shape_of(logits), logits);
}
