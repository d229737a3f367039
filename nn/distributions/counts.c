/* Distributions of x = 0, 1, 2, ...: Poisson, negative binomial, and the latter with more zeros.
 *
 * As textbooks have them these are small differences of large numbers: of x = 10^6 nothing is left in f32. So they are
 * written by what factorials are beside their leading terms, and by deviances (Loader 2000, "Fast and accurate
 * computation of binomial probabilities"):
 *
 *     rest(y)         = log y! - (y log y - y)
 *     deviance(x, m)  = m - x - x log m/x = x (e^r - 1 - r),   r = log m - log x
 *
 *     log Poisson(x)  = -rest(x) - deviance(x, m)
 *     log NB(x)       = log(t/n) + rest(n) - rest(x) - rest(t) - deviance(x, n m/(m+t)) - deviance(t, n t/(m+t))
 *
 * for x >= 1, n = x + t. */
#include "distribution_private.h"

#include <math.h>

/* ---- parts ------------------------------------------------------------------------------------------------------- */

/* From this y on Stirling's series, of which this many terms leave less than is rounded; below it the difference, of
 * numbers that are small. */
static double series_from(const elbo_graph *g)
{
    return elbo_graph_dtype(g) == ELBO_F64 ? 16 : 4;
}

static const double stirling[] = {1.0 / 12, -1.0 / 360, 1.0 / 1260, -1.0 / 1680, 1.0 / 1188, -691.0 / 360360};
enum { STIRLING = sizeof stirling / sizeof stirling[0] };

/* 1/2 log(2 pi y) + 1/(12 y) - 1/(360 y^3) + ..., y >= series_from */
static elbo_var *large_rest(elbo_var *y)
{
    elbo_graph *g = elbo_graph_of(y);
    elbo_var *inverse = elbo_reciprocal(y), *square = elbo_square(inverse),
             *sum = elbo_constant(g, stirling[STIRLING - 1]);
    for (int i = STIRLING - 2; i >= 0; i--)
        sum = elbo_mul_add(sum, square, elbo_constant(g, stirling[i]));
    return elbo_mul_add(sum, inverse, elbo_scale(elbo_log(elbo_scale(y, 2 * M_PI)), 0.5));
}

/* y > 0 -> log y! - (y log y - y), given log y. Each form gets the y that it is meant for, so that the derivative of
 * the other is finite where it does not count. */
static elbo_var *rest(elbo_var *y, elbo_var *log_y)
{
    elbo_var *bound = elbo_constant(elbo_graph_of(y), series_from(elbo_graph_of(y))), *low = elbo_minimum(y, bound);
    elbo_var *small = elbo_sub(elbo_lgamma(elbo_shift(low, 1)),
                               elbo_mul(low, elbo_shift(elbo_minimum(log_y, elbo_log(bound)), -1)));
    return elbo_where(elbo_less(y, bound), small, large_rest(elbo_maximum(y, bound)));
}

/* x (e^r - 1 - r) */
static elbo_var *deviance(elbo_var *x, elbo_var *r)
{
    return elbo_mul(x, elbo_sub(elbo_expm1(r), r));
}

/* `zero` where x = 0 and `more` elsewhere */
static elbo_var *by_zero(elbo_var *x, elbo_var *zero, elbo_var *more)
{
    return elbo_where(elbo_less(x, elbo_constant(elbo_graph_of(x), 0.5)), zero, more);
}

static elbo_var *at_least_one(elbo_var *x)
{
    return elbo_maximum(x, elbo_constant(elbo_graph_of(x), 1));
}

/* Parameter i, aligned to x */
static elbo_var *arg(const elbo_dist *d, int i, elbo_var *x)
{
    return elbo_align(d->args[i], d->event_rank, elbo_ndim(x));
}

/* The same for a draw */
static elbo_var *arg_for(const elbo_dist *d, int i, const elbo_shape *shape)
{
    return elbo_align(d->args[i], d->event_rank, shape->ndim);
}

static elbo_var *mean_of_log(const elbo_dist *d)
{
    return elbo_exp(d->args[0]);
}

/* ---- Poisson ----------------------------------------------------------------------------------------------------- */

/* x log m - m - log x! */
static elbo_var *poisson_log_prob(const elbo_dist *d, elbo_var *x, elbo_var *mask)
{
    elbo_var *log_mean = arg(d, 0, x), *some = at_least_one(x), *log_some = elbo_log(some);
    elbo_var *more = elbo_neg(elbo_add(rest(some, log_some), deviance(some, elbo_sub(log_mean, log_some))));
    return elbo_event_sum(by_zero(x, elbo_neg(elbo_exp(log_mean)), more), mask, d->event_rank);
}

static elbo_draw poisson_draw(const elbo_dist *d, const char *name, elbo_shape shape, int draw_axis)
{
    return (elbo_draw){.z = elbo__draw_poisson(d->graph, name, arg_for(d, 0, &shape), shape, draw_axis)};
}

/* m log m/n - m + n for means m of q and n of p */
static elbo_var *poisson_kl(const elbo_dist *q, const elbo_dist *p)
{
    if (p->kind != &elbo_kind_poisson || p->event_rank != q->event_rank)
        return NULL;
    elbo_var *a = elbo_align(q->args[0], q->event_rank, elbo__common_rank(q, p));
    elbo_var *b = elbo_align(p->args[0], p->event_rank, elbo__common_rank(q, p));
    return deviance(elbo_exp(a), elbo_sub(b, a));
}

const elbo_dist_kind elbo_kind_poisson = {
    .name = "poisson",
    .log_prob = poisson_log_prob,
    .draw = poisson_draw,
    .mean = mean_of_log,
    .kl = poisson_kl,
};

elbo_dist elbo_poisson(elbo_var *log_mean)
{
    return elbo_dist_of(&elbo_kind_poisson, elbo_shape_of(log_mean), log_mean);
}

/* ---- negative binomial ------------------------------------------------------------------------------------------- */

/* log p of each x, and of 0 */
static elbo_var *binomial_terms(const elbo_dist *d, elbo_var *x, elbo_var **of_zero)
{
    elbo_var *log_m = arg(d, 0, x), *log_t = arg(d, 1, x), *t = elbo_exp(log_t);
    elbo_var *some = at_least_one(x), *log_some = elbo_log(some), *n = elbo_add(some, t);
    elbo_var *excess = elbo_softplus(elbo_sub(log_m, log_t));                 /* log (m + t)/t */
    elbo_var *more_x = elbo_log1p(elbo_mul(some, elbo_exp(elbo_neg(log_t)))); /* log n/t       */
    elbo_var *more_t = elbo_log1p(elbo_div(t, some));                         /* log n/x       */
    elbo_var *rests = elbo_sub(rest(n, elbo_log(n)), elbo_add(rest(some, log_some), rest(t, log_t)));
    elbo_var *of_x = deviance(some, elbo_sub(more_t, elbo_softplus(elbo_sub(log_t, log_m))));
    elbo_var *of_t = deviance(t, elbo_sub(more_x, excess));
    *of_zero = elbo_neg(elbo_mul(t, excess));
    return by_zero(x, *of_zero, elbo_sub(elbo_sub(rests, more_x), elbo_add(of_x, of_t)));
}

static elbo_var *binomial_log_prob(const elbo_dist *d, elbo_var *x, elbo_var *mask)
{
    elbo_var *of_zero;
    return elbo_event_sum(binomial_terms(d, x, &of_zero), mask, d->event_rank);
}

/* A Poisson whose mean is m/t times a draw of a gamma distribution of shape t */
static elbo_draw binomial_draw(const elbo_dist *d, const char *name, elbo_shape shape, int draw_axis)
{
    elbo_var *log_m = arg_for(d, 0, &shape), *log_t = arg_for(d, 1, &shape);
    elbo_var *log_gamma = elbo__draw_log_gamma(d->graph, name, log_t, shape, draw_axis);
    elbo_var *log_mean = elbo_add(log_gamma, elbo_sub(log_m, log_t));
    return (elbo_draw){.z = elbo__draw_poisson(d->graph, name, log_mean, shape, draw_axis)};
}

const elbo_dist_kind elbo_kind_negative_binomial = {
    .name = "negative-binomial",
    .log_prob = binomial_log_prob,
    .draw = binomial_draw,
    .mean = mean_of_log,
};

elbo_dist elbo_negative_binomial(elbo_var *log_mean, elbo_var *log_size)
{
    return elbo__dist_of_pair(&elbo_kind_negative_binomial, log_mean, log_size);
}

/* ---- with more zeros --------------------------------------------------------------------------------------------- */

/* log(w + (1 - w) NB(0)) at 0, log(1 - w) + log NB(x) elsewhere, w = sigmoid(logit) */
static elbo_var *inflated_log_prob(const elbo_dist *d, elbo_var *x, elbo_var *mask)
{
    elbo_var *of_zero, *more = binomial_terms(d, x, &of_zero), *logit = arg(d, 2, x);
    elbo_var *zero = elbo_sub(elbo_softplus(elbo_sub(of_zero, logit)), elbo_softplus(elbo_neg(logit)));
    return elbo_event_sum(by_zero(x, zero, elbo_sub(more, elbo_softplus(logit))), mask, d->event_rank);
}

static elbo_draw inflated_draw(const elbo_dist *d, const char *name, elbo_shape shape, int draw_axis)
{
    elbo_var *x = binomial_draw(d, name, shape, draw_axis).z, *w = elbo_sigmoid(arg_for(d, 2, &shape));
    elbo_var *u = elbo_random_uniform(d->graph, name, shape, draw_axis);
    return (elbo_draw){.z = elbo_where(elbo_less(u, w), elbo_constant(d->graph, 0), x)};
}

static elbo_var *inflated_mean(const elbo_dist *d)
{
    return elbo_mul(elbo_sigmoid(elbo_neg(d->args[2])), elbo_exp(d->args[0]));
}

const elbo_dist_kind elbo_kind_zero_inflated_negative_binomial = {
    .name = "zero-inflated-negative-binomial",
    .log_prob = inflated_log_prob,
    .draw = inflated_draw,
    .mean = inflated_mean,
};

elbo_dist elbo_zero_inflated_negative_binomial(elbo_var *log_mean, elbo_var *log_size, elbo_var *logit)
{
    elbo_dist d = elbo__dist_of_pair(&elbo_kind_zero_inflated_negative_binomial, log_mean, log_size);
    elbo__dist_check(&d, logit);
    d.args[2] = logit;
    return d;
}
