/* The logistic distribution on L levels 0, h, ..., 1 with h = 1/(L-1): a level has what the density has within h/2 of
 * it, black and white all that lies beyond. With a = (x + h/2 - m) / s and b = (x - h/2 - m) / s
 *
 *     p(x) = sigmoid(a) - sigmoid(b) = sigmoid(a) sigmoid(-b) (1 - e^-(a-b)),     a - b = h/s,
 *
 * a product, so that its logarithm is that of no difference, however far from m x is. At 0 the factors with b are 1, at
 * 1 those with a. */
#include "distribution_private.h"

static double step_of(const elbo_dist *d)
{
    return 1 / (d->number - 1);
}

/* log(1 - e^-(h/s)) */
static elbo_var *log_width(const elbo_dist *d, elbo_var *logscale)
{
    elbo_var *width = elbo_scale(elbo_exp(elbo_neg(logscale)), step_of(d));
    return elbo_log(elbo_neg(elbo_expm1(elbo_neg(width))));
}

static elbo_var *logistic_log_prob(const elbo_dist *d, elbo_var *x, elbo_var *mask)
{
    const double step = step_of(d);
    elbo_graph *g = d->graph;
    elbo_var *m = elbo_align(d->args[0], d->event_rank, elbo_ndim(x));
    elbo_var *logscale = elbo_align(d->args[1], d->event_rank, elbo_ndim(x));
    x = elbo_scale(elbo_round(elbo_scale(elbo_clamp(x, 0, 1), 1 / step)), step);
    elbo_var *black = elbo_less(x, elbo_constant(g, step / 2)), *white = elbo_less(elbo_constant(g, 1 - step / 2), x);
    elbo_var *zero = elbo_constant(g, 0), *distance = elbo_sub(x, m), *slope = elbo_exp(elbo_neg(logscale));
    elbo_var *below = elbo_softplus(elbo_neg(elbo_mul(elbo_shift(distance, step / 2), slope))); /* -log sigmoid(a)  */
    elbo_var *above = elbo_softplus(elbo_mul(elbo_shift(distance, -step / 2), slope));          /* -log sigmoid(-b) */
    elbo_var *width = elbo_where(elbo_add(black, white), zero, log_width(d, logscale));
    elbo_var *cost = elbo_add(elbo_where(white, zero, below), elbo_where(black, zero, above));
    return elbo_event_sum(elbo_sub(width, cost), mask, d->event_rank);
}

/* The level next to m + s log(u / (1 - u)) */
static elbo_draw logistic_draw(const elbo_dist *d, const char *name, elbo_shape shape, int draw_axis)
{
    elbo_graph *g = d->graph;
    elbo_var *m = elbo_align(d->args[0], d->event_rank, shape.ndim);
    elbo_var *scale = elbo_exp(elbo_align(d->args[1], d->event_rank, shape.ndim));
    elbo_var *u = elbo_random_uniform(g, name, shape, draw_axis);
    elbo_var *e = elbo_sub(elbo_log(u), elbo_log(elbo_sub(elbo_constant(g, 1), u)));
    elbo_var *x = elbo_clamp(elbo_add(m, elbo_mul(scale, e)), 0, 1);
    return (elbo_draw){.z = elbo_scale(elbo_round(elbo_scale(x, 1 / step_of(d))), step_of(d))};
}

/* The integral over 0..1 of P(X > x): s (softplus(m/s) - softplus((m-1)/s)), which for a wide s is
 * s log(1 + sigmoid((m-1)/s) (e^(1/s) - 1)). The mean of the levels is the same integral by the rule of midpoints. */
static elbo_var *logistic_mean(const elbo_dist *d)
{
    elbo_graph *g = d->graph;
    elbo_var *one = elbo_constant(g, 1), *m = d->args[0];
    elbo_var *scale = elbo_exp(d->args[1]), *slope = elbo_exp(elbo_neg(d->args[1])), *wide = elbo_less(slope, one);
    elbo_var *top = elbo_mul(m, slope), *end = elbo_mul(elbo_shift(m, -1), slope);
    elbo_var *rise = elbo_mul(elbo_sigmoid(end), elbo_expm1(elbo_where(wide, slope, one)));
    elbo_var *difference = elbo_sub(elbo_softplus(top), elbo_softplus(end));
    return elbo_mul(scale, elbo_where(wide, elbo_log1p(rise), difference));
}

const elbo_dist_kind elbo_kind_discretised_logistic = {
    .name = "discretised-logistic",
    .log_prob = logistic_log_prob,
    .draw = logistic_draw,
    .mean = logistic_mean,
};

elbo_dist elbo_discretised_logistic(elbo_var *mean, elbo_var *logscale, int levels)
{
    elbo_dist d = elbo__dist_of_pair(&elbo_kind_discretised_logistic, mean, logscale);
    if (levels < 2)
        elbo_graph_fail(d.graph, ELBO_INVALID, "discretised-logistic: %d levels; at least 2", levels);
    d.number = levels;
    return d;
}
