#include "distribution_private.h"

#include <math.h>

/* The number of single values in an event. */
static double event_size(const elbo_shape *shape, int event_rank)
{
    double size = 1;
    for (int i = 0; i < event_rank && i < shape->ndim; i++)
        size *= (double)shape->dim[shape->ndim - 1 - i];
    return size;
}

/* Its parameters aligned to `ndim` axes. What is NULL is the same for all: mean 0, variance d->number. */
typedef struct {
    elbo_var *mean, *logvar;
    double variance;
} normal_args;

static normal_args normal_of(const elbo_dist *d, int ndim)
{
    return (normal_args){.mean = d->args[0] ? elbo_align(d->args[0], d->event_rank, ndim) : NULL,
                         .logvar = d->args[1] ? elbo_align(d->args[1], d->event_rank, ndim) : NULL,
                         .variance = d->number};
}

/* -1/2 ((x - m)^2 / s^2 + log s^2 + log 2 pi) */
static elbo_var *normal_log_prob(const elbo_dist *d, elbo_var *x, elbo_var *mask)
{
    normal_args a = normal_of(d, elbo_ndim(x));
    elbo_var *square = elbo_square(a.mean ? elbo_sub(x, a.mean) : x);
    if (a.logvar) {
        elbo_var *scaled = elbo_mul(square, elbo_exp(elbo_neg(a.logvar)));
        elbo_var *terms = elbo_scale(elbo_shift(elbo_add(scaled, a.logvar), log(2 * M_PI)), -0.5);
        return elbo_event_sum(terms, mask, d->event_rank);
    }
    double factor = -0.5 / a.variance, constant = -0.5 * log(2 * M_PI * a.variance);
    if (mask)
        return elbo_event_sum(elbo_shift(elbo_scale(square, factor), constant), mask, d->event_rank);
    return elbo_shift(elbo_scale(elbo_event_sum(square, NULL, d->event_rank), factor),
                      constant * event_size(&d->shape, d->event_rank));
}

/* z = m + s e; log q(z) = -1/2 (e^2 + log s^2 + log 2 pi), from e rather than from (z - m) / s, which would round */
static elbo_draw normal_draw(const elbo_dist *d, const char *name, elbo_shape shape, int draw_axis)
{
    normal_args a = normal_of(d, shape.ndim);
    elbo_var *e = elbo_random_normal(d->graph, name, shape, draw_axis), *terms = elbo_square(e), *z = e;
    double constant = log(2 * M_PI);
    if (a.logvar) {
        z = elbo_mul(elbo_exp(elbo_scale(a.logvar, 0.5)), z);
        terms = elbo_add(terms, a.logvar);
    } else if (a.variance != 1) {
        z = elbo_scale(z, sqrt(a.variance));
        constant += log(a.variance);
    }
    if (a.mean)
        z = elbo_add(a.mean, z);
    terms = elbo_scale(elbo_shift(terms, constant), -0.5);
    return (elbo_draw){.z = z, .log_prob = elbo_event_sum(terms, NULL, d->event_rank)};
}

static elbo_var *normal_mean(const elbo_dist *d)
{
    return d->args[0] ? d->args[0] : elbo_expand(elbo_constant(d->graph, 0), d->shape);
}

/* 1/2 (log s^2 + 1 + log 2 pi) */
static elbo_var *normal_entropy(const elbo_dist *d)
{
    elbo_var *logvar = d->args[1] ? d->args[1] : elbo_constant(d->graph, log(d->number));
    elbo_var *terms = elbo_scale(elbo_shift(logvar, 1 + log(2 * M_PI)), 0.5);
    return elbo_event_sum(elbo_expand(terms, d->shape), NULL, d->event_rank);
}

/* 1/2 (((m - n)^2 + s^2) / t^2 - 1 - log s^2 + log t^2) for q = N(m, s^2), p = N(n, t^2) */
static elbo_var *normal_kl(const elbo_dist *qd, const elbo_dist *pd)
{
    if (pd->kind != &elbo_kind_normal || pd->event_rank != qd->event_rank)
        return NULL;
    int ndim = elbo__common_rank(qd, pd);
    normal_args q = normal_of(qd, ndim), p = normal_of(pd, ndim);
    elbo_graph *g = qd->graph;
    elbo_var *q_logvar = q.logvar ? q.logvar : elbo_constant(g, log(q.variance));
    elbo_var *second = q.logvar ? elbo_exp(q.logvar) : elbo_constant(g, q.variance); /* E_q[(z - n)^2] */
    elbo_var *shift = q.mean && p.mean ? elbo_sub(q.mean, p.mean) : q.mean ? q.mean : p.mean;
    if (shift)
        second = elbo_add(elbo_square(shift), second);
    if (p.logvar)
        second = elbo_add(elbo_mul(second, elbo_exp(elbo_neg(p.logvar))), p.logvar);
    else if (p.variance != 1)
        second = elbo_shift(elbo_scale(second, 1 / p.variance), log(p.variance));
    elbo_var *terms = elbo_scale(elbo_shift(elbo_sub(second, q_logvar), -1), 0.5);
    return elbo_expand(terms, qd->shape.ndim == ndim ? qd->shape : pd->shape);
}

const elbo_dist_kind elbo_kind_normal = {
    .name = "normal",
    .reparametrised = true,
    .log_prob = normal_log_prob,
    .draw = normal_draw,
    .mean = normal_mean,
    .entropy = normal_entropy,
    .kl = normal_kl,
};

elbo_dist elbo_normal(elbo_var *mean, elbo_var *logvar)
{
    elbo_dist d = elbo_dist_of(&elbo_kind_normal, elbo_shape_of(mean), mean);
    elbo_shape a = elbo_shape_of(mean), b = elbo_shape_of(logvar);
    if (!elbo_shape_equal(&a, &b))
        elbo_graph_fail(d.graph, ELBO_INVALID, "normal: mean %s and log-variance %s differ in shape",
                        elbo_shape_format(&a).text, elbo_shape_format(&b).text);
    d.args[1] = logvar;
    return d;
}

elbo_dist elbo_normal_fixed(elbo_var *mean, double variance)
{
    elbo_dist d = elbo_dist_of(&elbo_kind_normal, elbo_shape_of(mean), mean);
    if (!(variance > 0) || isinf(variance))
        elbo_graph_fail(d.graph, ELBO_INVALID, "normal: variance %g is not a positive number", variance);
    d.number = variance;
    return d;
}

elbo_dist elbo_standard_normal(elbo_graph *graph, elbo_shape shape)
{
    return (elbo_dist){.kind = &elbo_kind_normal, .graph = graph, .number = 1, .shape = shape, .event_rank = 1};
}

elbo_var *elbo_normal_logvar(elbo_dist d)
{
    if (d.kind != &elbo_kind_normal)
        return NULL;
    return d.args[1] ? d.args[1] : elbo_expand(elbo_constant(d.graph, log(d.number)), d.shape);
}
