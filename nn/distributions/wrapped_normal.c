/* The wrapped normal of the Poincare ball: a normal vector v, walked along from the mean. Its density is that of v over
 * the factor (sinh(sqrt(c) r) / (sqrt(c) r))^(Z - 1) by which the map stretches volumes at the distance r = |v|. */
#include <math.h>

#include "../../autograd/op.h"
#include "../layers/ball.h"
#include "../layers/layers_private.h"
#include "distribution_private.h"

/* Parameter i aligned to `ndim` axes; NULL stays what it is: mean 0, deviation 1. */
static elbo_var *param(const elbo_dist *d, int i, int ndim)
{
    return d->args[i] ? elbo_align(d->args[i], 1, ndim) : NULL;
}

/* The log-density from v (..., Z) and its squares over the variances. */
static elbo_var *density(const elbo_dist *d, elbo_var *v, elbo_var *scaled, elbo_var *logvar)
{
    elbo_var *terms = elbo_shift(logvar ? elbo_add(scaled, logvar) : scaled, log(2 * M_PI));
    elbo_var *stretch = elbo_sum_axis(elbo__log_sinhc(elbo_scale(elbo__length(v), 2 * sqrt(d->number))), -1);
    return elbo_sub(elbo_scale(elbo_sum_axis(terms, -1), -0.5), elbo_scale(stretch, (double)elbo_size(v, -1) - 1));
}

static elbo_var *wrapped_log_prob(const elbo_dist *d, elbo_var *z, elbo_var *mask)
{
    elbo_var *mean = param(d, 0, elbo_ndim(z)), *logvar = param(d, 1, elbo_ndim(z));
    if (mask)
        return elbo_graph_fail(d->graph, ELBO_INVALID, "wrapped-normal: log_prob takes no mask");
    z = elbo_ball_project(z, d->number);
    elbo_var *v = mean ? elbo_ball_between(mean, z, d->number) : elbo_scale(elbo_ball_log0(z, d->number), 2);
    elbo_var *square = elbo_square(v);
    return density(d, v, logvar ? elbo_mul(square, elbo_exp(elbo_neg(logvar))) : square, logvar);
}

/* The density is taken of v, not of z, which would round. */
static elbo_draw wrapped_draw(const elbo_dist *d, const char *name, elbo_shape shape, int draw_axis)
{
    elbo_var *mean = param(d, 0, shape.ndim), *logvar = param(d, 1, shape.ndim);
    elbo_var *e = elbo_random_normal(d->graph, name, shape, draw_axis);
    elbo_var *v = logvar ? elbo_mul(e, elbo_exp(elbo_scale(logvar, 0.5))) : e;
    elbo_var *z = mean ? elbo_ball_move(mean, v, d->number) : elbo_ball_exp0(elbo_scale(v, 0.5), d->number);
    return (elbo_draw){.z = z, .log_prob = density(d, v, elbo_square(e), logvar)};
}

/* The point to which the squares of the distances are least on average. */
static elbo_var *wrapped_mean(const elbo_dist *d)
{
    return d->args[0] ? d->args[0] : elbo_expand(elbo_constant(d->graph, 0), d->shape);
}

const elbo_dist_kind elbo_kind_wrapped_normal = {
    .name = "wrapped-normal",
    .curved = true,
    .reparametrised = true,
    .log_prob = wrapped_log_prob,
    .draw = wrapped_draw,
    .mean = wrapped_mean,
};

/* Whether log-variances belong to a mean: of its shape, or with one for all of the last axis. */
static bool fit(elbo_shape mean, const elbo_shape *logvar)
{
    if (mean.ndim >= 2 && logvar->ndim == mean.ndim && logvar->dim[mean.ndim - 1] == 1)
        mean.dim[mean.ndim - 1] = 1;
    return mean.ndim >= 2 && elbo_shape_equal(&mean, logvar);
}

elbo_dist elbo_wrapped_normal(elbo_var *mean, elbo_var *logvar, double c)
{
    const elbo_shape a = elbo_shape_of(mean), b = elbo_shape_of(logvar);
    elbo_dist d = elbo_dist_of(&elbo_kind_wrapped_normal, a, mean, logvar);
    d.number = c;
    if (elbo__graph_ok(d.graph) && !fit(a, &b))
        elbo_graph_fail(d.graph, ELBO_INVALID, "wrapped-normal: mean %s and log-variance %s do not belong together",
                        elbo_shape_format(&a).text, elbo_shape_format(&b).text);
    return d;
}

elbo_dist elbo_standard_wrapped_normal(elbo_graph *graph, elbo_shape shape, double c)
{
    return (elbo_dist){.kind = &elbo_kind_wrapped_normal, .graph = graph, .number = c, .shape = shape, .event_rank = 1};
}
