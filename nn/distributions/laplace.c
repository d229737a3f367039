#include "distribution_private.h"

#include <math.h>

/* -|x - m| / b - log b - log 2 */
static elbo_var *laplace_log_prob(const elbo_dist *d, elbo_var *x, elbo_var *mask)
{
    elbo_var *m = elbo_align(d->args[0], d->event_rank, elbo_ndim(x));
    elbo_var *logscale = elbo_align(d->args[1], d->event_rank, elbo_ndim(x));
    elbo_var *size = elbo_mul(elbo_abs(elbo_sub(x, m)), elbo_exp(elbo_neg(logscale)));
    return elbo_event_sum(elbo_neg(elbo_shift(elbo_add(size, logscale), M_LN2)), mask, d->event_rank);
}

/* x = m + b e with P(E <= e) = u: e = log 2u below the median and -log 2(1 - u) above it, where |e| = -log 2t for the
 * smaller part t. log q(x) = log t - log b. Neither takes the logarithm of 0. */
static elbo_draw laplace_draw(const elbo_dist *d, const char *name, elbo_shape shape, int draw_axis)
{
    elbo_graph *g = d->graph;
    elbo_var *m = elbo_align(d->args[0], d->event_rank, shape.ndim);
    elbo_var *logscale = elbo_align(d->args[1], d->event_rank, shape.ndim);
    elbo_var *u = elbo_random_uniform(g, name, shape, draw_axis);
    elbo_var *below = elbo_less(u, elbo_constant(g, 0.5));
    elbo_var *log_t = elbo_log(elbo_where(below, u, elbo_sub(elbo_constant(g, 1), u)));
    elbo_var *size = elbo_shift(log_t, M_LN2), *e = elbo_where(below, size, elbo_neg(size));
    elbo_var *log_q = elbo_event_sum(elbo_sub(log_t, logscale), NULL, d->event_rank);
    return (elbo_draw){.z = elbo_add(m, elbo_mul(elbo_exp(logscale), e)), .log_prob = log_q};
}

static elbo_var *laplace_mean(const elbo_dist *d)
{
    return d->args[0];
}

/* 1 + log 2b */
static elbo_var *laplace_entropy(const elbo_dist *d)
{
    return elbo_event_sum(elbo_shift(d->args[1], 1 + M_LN2), NULL, d->event_rank);
}

/* log c/b + (r + e^-r) b/c - 1 with r = |m - n| / b, for q of m, b and p of n, c */
static elbo_var *laplace_kl(const elbo_dist *q, const elbo_dist *p)
{
    if (p->kind != &elbo_kind_laplace || p->event_rank != q->event_rank)
        return NULL;
    const int ndim = elbo__common_rank(q, p), event = q->event_rank;
    elbo_var *m = elbo_align(q->args[0], event, ndim), *log_b = elbo_align(q->args[1], event, ndim);
    elbo_var *n = elbo_align(p->args[0], event, ndim), *log_c = elbo_align(p->args[1], event, ndim);
    elbo_var *r = elbo_mul(elbo_abs(elbo_sub(m, n)), elbo_exp(elbo_neg(log_b))), *ratio = elbo_sub(log_c, log_b);
    elbo_var *second = elbo_mul(elbo_add(r, elbo_exp(elbo_neg(r))), elbo_exp(elbo_neg(ratio)));
    return elbo_shift(elbo_add(ratio, second), -1);
}

const elbo_dist_kind elbo_kind_laplace = {
    .name = "laplace",
    .reparametrised = true,
    .log_prob = laplace_log_prob,
    .draw = laplace_draw,
    .mean = laplace_mean,
    .entropy = laplace_entropy,
    .kl = laplace_kl,
};

elbo_dist elbo_laplace(elbo_var *location, elbo_var *logscale)
{
    return elbo__dist_of_pair(&elbo_kind_laplace, location, logscale);
}
