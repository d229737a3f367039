/* The power spherical distribution on the unit sphere of R^Z: De Cao and Aziz, arXiv:2006.04437. With b = (Z - 1) / 2,
 * a = b + k and the area S of the sphere, t = (1 + m'z) / 2 is from Beta(a, b), and
 *
 *     log p(z) = k ln t + C - ln S,  C = ln (gamma(a + b) gamma(b) / (gamma(a) gamma(2 b))),
 *     E[m'z] = k / (a + b),          KL(p || uniform) = C - k E,  E = C' = digamma(a + b) - digamma(a).
 *
 * For whole b, C is the sum of ln (1 + k / (b + i)) and E that of 1 / (a + i), i = 0, 1, ..., b - 1: no difference of
 * the large numbers that gamma functions have. Otherwise the sums begin at b + 1/2, and one factor
 * gamma(a + 1/2) / gamma(a) remains. */
#include <math.h>

#include "distribution_private.h"

/* m (..., Z) and k (..., 1), aligned to `ndim` axes */
typedef struct {
    elbo_var *m, *k;
    double b;
    bool half;    /* b is not whole                                                 */
    elbo_var *at; /* b + i, or b + 1/2 + i (n); NULL: there is none, since Z is 2   */
} parameters;

static parameters parameters_of(const elbo_dist *d, int ndim)
{
    const int64_t dims = d->shape.dim[d->shape.ndim - 1], n = (dims - 1) / 2;
    parameters p = {.m = elbo_align(d->args[0], 1, ndim), .k = elbo_align(d->args[1], 1, ndim)};
    p.b = ((double)dims - 1) / 2;
    p.half = dims % 2 == 0;
    p.at = n > 0 ? elbo_shift(elbo_arange(d->graph, n), p.b + p.half * 0.5) : NULL;
    return p;
}

/* What y (..., n) comes to along the axis of p->at, and what else there is: (..., 1) */
static elbo_var *total(elbo_var *y, elbo_var *other)
{
    elbo_var *sum = y ? elbo_sum(y, (int[]){-1}, 1, true) : NULL;
    return !sum ? other : other ? elbo_add(sum, other) : sum;
}

/* f(a + 1/2) - f(a) */
static elbo_var *over_half(const parameters *p, elbo_var *(*f)(elbo_var *))
{
    elbo_var *a = elbo_shift(p->k, p->b);
    return elbo_sub(f(elbo_shift(a, 0.5)), f(a));
}

static double log_gamma(double x)
{
    int sign; /* lgamma itself would write it to a variable of all threads */
    return lgamma_r(x, &sign);
}

/* C (..., 1) */
static elbo_var *log_constant(const parameters *p)
{
    elbo_var *sum = p->at ? elbo_log1p(elbo_div(p->k, p->at)) : NULL, *rest = NULL;
    if (p->half)
        rest = elbo_shift(over_half(p, elbo_lgamma), log_gamma(p->b) - log_gamma(p->b + 0.5));
    return total(sum, rest);
}

/* C - k E (..., 1) */
static elbo_var *from_uniform(const parameters *p)
{
    elbo_var *slopes = p->at ? elbo_reciprocal(elbo_add(p->k, p->at)) : NULL;
    elbo_var *slope = total(slopes, p->half ? over_half(p, elbo_digamma) : NULL);
    return elbo_sub(log_constant(p), elbo_mul(p->k, slope));
}

/* For ln t (..., 1): (...) */
static elbo_var *density(const elbo_dist *d, const parameters *p, elbo_var *log_t)
{
    elbo_var *y = elbo_add(elbo_mul(p->k, log_t), log_constant(p));
    return elbo_squeeze(elbo_shift(y, -elbo__log_area(d)), -1);
}

static elbo_var *power_log_prob(const elbo_dist *d, elbo_var *x, elbo_var *mask)
{
    const parameters p = parameters_of(d, elbo_ndim(x));
    if (!elbo__sphere_takes(d, mask))
        return x;
    elbo_var *t = elbo_scale(elbo_shift(elbo__along(p.m, x), 1), 0.5);
    return density(d, &p, elbo_log(elbo_maximum(t, elbo_constant(d->graph, 1e-30))));
}

/* ln t (..., 1) as a smooth function of k and uniform numbers: t is a product of numbers from Beta(a, 1),
 * Beta(a + 1, 1), ..., which are u^(1 / a), u^(1 / (a + 1)), ... Where b is not whole, a number from Beta(a, 1/2) comes
 * first, 1 - c^2 with the coordinate c = (1 - v^(1 / (a - 1/2)))^(1/2) cos 2 pi v' of a uniform point of the sphere in
 * 2 a + 1 dimensions, and the others follow from a + 1/2 on. */
static elbo_var *draw_log_t(const parameters *p, const char *name, elbo_shape shape, int draw_axis)
{
    elbo_graph *g = elbo_graph_of(p->k);
    elbo_var *logs = NULL, *first = NULL;
    if (p->half) {
        shape.dim[shape.ndim - 1] = 1;
        elbo_var *turn = elbo_cos(elbo_scale(elbo_random_uniform(g, name, shape, draw_axis), 2 * M_PI));
        elbo_var *power = elbo_log(elbo_random_uniform(g, name, shape, draw_axis));
        power = elbo_div(power, elbo_shift(p->k, p->b - 0.5));
        first = elbo_log1p(elbo_mul(elbo_expm1(power), elbo_square(turn)));
    }
    if (p->at) {
        shape.dim[shape.ndim - 1] = elbo_size(p->at, 0);
        logs = elbo_div(elbo_log(elbo_random_uniform(g, name, shape, draw_axis)), elbo_add(p->k, p->at));
    }
    return total(logs, first);
}

static elbo_draw power_draw(const elbo_dist *d, const char *name, elbo_shape shape, int draw_axis)
{
    const parameters p = parameters_of(d, shape.ndim);
    elbo_var *log_t = draw_log_t(&p, name, shape, draw_axis), *u = elbo_scale(elbo_expm1(log_t), -2);
    return (elbo_draw){.z = elbo__around(p.m, u, name, shape, draw_axis), .log_prob = density(d, &p, log_t)};
}

static elbo_var *power_mean(const elbo_dist *d)
{
    const parameters p = parameters_of(d, d->shape.ndim);
    return elbo_mul(elbo_div(p.k, elbo_shift(p.k, 2 * p.b)), p.m);
}

static elbo_var *power_entropy(const elbo_dist *d)
{
    const parameters p = parameters_of(d, d->shape.ndim);
    return elbo_squeeze(elbo_shift(elbo_neg(from_uniform(&p)), elbo__log_area(d)), -1);
}

static elbo_var *power_kl(const elbo_dist *q, const elbo_dist *p)
{
    if (p->kind != &elbo_kind_sphere || p->shape.dim[p->shape.ndim - 1] != q->shape.dim[q->shape.ndim - 1])
        return NULL;
    const parameters of_q = parameters_of(q, elbo__common_rank(q, p));
    return elbo_squeeze(from_uniform(&of_q), -1);
}

const elbo_dist_kind elbo_kind_power_spherical = {
    .name = "power-spherical",
    .reparametrised = true,
    .curved = true,
    .log_prob = power_log_prob,
    .draw = power_draw,
    .mean = power_mean,
    .entropy = power_entropy,
    .kl_event = power_kl,
};

elbo_dist elbo_power_spherical(elbo_var *mean, elbo_var *concentration)
{
    return elbo__sphere_of(&elbo_kind_power_spherical, mean, concentration);
}
