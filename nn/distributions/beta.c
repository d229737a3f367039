/* The beta distribution: p(x) = x^(a-1) (1-x)^(b-1) / B(a, b) for 0 < x < 1. */
#include "distribution_private.h"

/* log B(a, b) */
static elbo_var *log_beta(elbo_var *a, elbo_var *b)
{
    return elbo_sub(elbo_add(elbo_lgamma(a), elbo_lgamma(b)), elbo_lgamma(elbo_add(a, b)));
}

static elbo_var *beta_log_prob(const elbo_dist *d, elbo_var *x, elbo_var *mask)
{
    elbo_var *a = elbo_exp(elbo_align(d->args[0], d->event_rank, elbo_ndim(x)));
    elbo_var *b = elbo_exp(elbo_align(d->args[1], d->event_rank, elbo_ndim(x)));
    x = elbo_clamp(x, d->number, 1 - d->number);
    elbo_var *left = elbo_mul(elbo_shift(a, -1), elbo_log(x));
    elbo_var *right = elbo_mul(elbo_shift(b, -1), elbo_log1p(elbo_neg(x)));
    return elbo_event_sum(elbo_sub(elbo_add(left, right), log_beta(a, b)), mask, d->event_rank);
}

/* x / (1 - x) is a quotient of two draws of gamma distributions of the same scale. */
static elbo_draw beta_draw(const elbo_dist *d, const char *name, elbo_shape shape, int draw_axis)
{
    elbo_var *log_x[2];
    for (int i = 0; i < 2; i++)
        log_x[i] = elbo__draw_log_gamma(d->graph, name, elbo_align(d->args[i], d->event_rank, shape.ndim), shape,
                                        draw_axis);
    return (elbo_draw){.z = elbo_sigmoid(elbo_sub(log_x[0], log_x[1]))};
}

/* a / (a + b) */
static elbo_var *beta_mean(const elbo_dist *d)
{
    return elbo_sigmoid(elbo_sub(d->args[0], d->args[1]));
}

/* log B(a, b) - (a - 1) psi(a) - (b - 1) psi(b) + (a + b - 2) psi(a + b) */
static elbo_var *beta_entropy(const elbo_dist *d)
{
    elbo_var *a = elbo_exp(d->args[0]), *b = elbo_exp(d->args[1]), *all = elbo_add(a, b);
    elbo_var *parts = elbo_add(elbo_mul(elbo_shift(a, -1), elbo_digamma(a)),
                               elbo_mul(elbo_shift(b, -1), elbo_digamma(b)));
    elbo_var *whole = elbo_mul(elbo_shift(all, -2), elbo_digamma(all));
    return elbo_event_sum(elbo_add(log_beta(a, b), elbo_sub(whole, parts)), NULL, d->event_rank);
}

const elbo_dist_kind elbo_kind_beta = {
    .name = "beta",
    .log_prob = beta_log_prob,
    .draw = beta_draw,
    .mean = beta_mean,
    .entropy = beta_entropy,
};

elbo_dist elbo_beta_density(elbo_var *log_a, elbo_var *log_b, double edge)
{
    elbo_dist d = elbo__dist_of_pair(&elbo_kind_beta, log_a, log_b);
    if (!(edge > 0 && edge < 0.5))
        elbo_graph_fail(d.graph, ELBO_INVALID, "beta: an edge of %g; it lies between 0 and 1/2", edge);
    d.number = edge;
    return d;
}
