/* The Riemannian normal of the Poincare ball: density e^(-d^2/(2 s^2)) / A by the ball's volume, d the distance of the
 * mean. A draw has a uniform direction and, with t = d/s and k = sqrt(c) s, a t of density proportional to
 *
 *     e^g(t),  g(t) = (Z - 1) log (sinh(k t) / k) - t^2/2
 *
 * g is smooth and concave, with g'' <= -1: all that counts of e^g lies within a few units of its mode, wherever that
 * is. So integrals of it are Gauss-Legendre sums over such a stretch, of e^(g - g(mode)), which neither overflow nor
 * cancel (the closed form is an alternating sum of numbers like e^(Z^2 k^2 / 2)). */
#include <math.h>

#include "../../autograd/op.h"
#include "../layers/ball.h"
#include "../layers/layers_private.h"
#include "distribution_private.h"
#include "quadrature.h"

/* How far the stretch reaches to either side of the mode, by how many nodes it is summed, how often it is halved to
 * find a draw, and the least density by which a draw's derivative is divided. What is left out and the error of the sum
 * are less than the rounding. */
typedef struct {
    double reach;
    int nodes, halvings;
    double least;
} effort;

static effort effort_of(elbo_graph *g)
{
    return elbo_graph_dtype(g) == ELBO_F64 ? (effort){8, 64, 50, 1e-12} : (effort){6, 32, 25, 1e-5};
}

enum { MOST_NODES = 64 };

/* The law of t; all (..., 1) but the nodes and their weights (n). */
typedef struct {
    double others;        /* Z - 1                                        */
    elbo_var *k, *mode;   /* the mode, nearly, as a number without a derivative */
    elbo_var *low, *high; /* the stretch                                  */
    elbo_var *nodes, *weights;
    elbo_var *tail; /* log (1 - e^(-2k mode))                       */
} radial;

/* log (1 - e^(-2 k t)) = log (2 sinh(k t)) - k t */
static elbo_var *log_tail(elbo_var *k, elbo_var *t)
{
    return elbo_log(elbo_neg(elbo_expm1(elbo_scale(elbo_mul(k, t), -2))));
}

/* Where g' = (Z - 1) k coth(k t) - t is 0, with sqrt(1 + 1/x^2) in place of coth x: right to within 0.5 */
static elbo_var *mode_of(elbo_var *k, double others)
{
    elbo_var *a = elbo_square(elbo_scale(k, others)),
             *root = elbo_sqrt(elbo_shift(elbo_square(a), 4 * others * others));
    return elbo_maximum(elbo_sqrt(elbo_scale(elbo_add(a, root), 0.5)), elbo_constant(elbo_graph_of(k), 1e-3));
}

static radial radial_of(elbo_var *k, int64_t dims)
{
    elbo_graph *g = elbo_graph_of(k);
    const effort e = effort_of(g);
    double x[MOST_NODES], w[MOST_NODES];
    radial l = {.others = (double)dims - 1, .k = k};
    elbo__gauss_legendre(e.nodes, x, w);
    l.mode = mode_of(elbo_detach(k), l.others);
    l.low = elbo_relu(elbo_shift(l.mode, -e.reach));
    l.high = elbo_shift(l.mode, e.reach);
    l.nodes = elbo_array(g, ELBO_SHAPE(e.nodes), x);
    l.weights = elbo_array(g, ELBO_SHAPE(e.nodes), w);
    l.tail = log_tail(k, l.mode);
    return l;
}

/* g(t) - g(mode), as differences: (..., n) */
static elbo_var *log_ratio(const radial *l, elbo_var *t)
{
    elbo_var *away = elbo_sub(t, l->mode);
    elbo_var *slope = elbo_sub(elbo_sub(elbo_scale(l->k, l->others), l->mode), elbo_scale(away, 0.5));
    elbo_var *tails = elbo_scale(elbo_sub(log_tail(l->k, t), l->tail), l->others);
    return elbo_add(elbo_mul(away, slope), tails);
}

/* The integral of e^(g - g(mode)) from `low` to t (..., 1) */
static elbo_var *mass(const radial *l, elbo_var *t)
{
    elbo_var *length = elbo_sub(t, l->low), *at = elbo_add(l->low, elbo_mul(length, l->nodes));
    elbo_var *terms = elbo_mul(elbo_exp(log_ratio(l, at)), l->weights);
    return elbo_mul(length, elbo_sum(terms, (int[]){-1}, 1, true));
}

/* The t below which the share u (..., 1) of all mass lies, by halving; without a derivative. */
static elbo_var *quantile(const radial *l, elbo_var *u)
{
    const effort e = effort_of(elbo_graph_of(u));
    elbo_var *below = elbo_mul(u, mass(l, l->high)), *length = elbo_sub(l->high, l->low), *t = l->low;
    for (int i = 0; i < e.halvings; i++) {
        length = elbo_scale(length, 0.5);
        elbo_var *middle = elbo_add(t, length);
        t = elbo_where(elbo_less(mass(l, middle), below), middle, t);
    }
    return elbo_detach(elbo_add(t, elbo_scale(length, 0.5)));
}

/* t with dt/dk = -(dF/dk) / F' at a given u, F the distribution function. */
static elbo_var *drawn(const radial *l, elbo_var *u)
{
    radial fixed = *l;
    fixed.k = elbo_detach(l->k);
    fixed.tail = elbo_detach(l->tail);
    elbo_var *t = quantile(&fixed, u), *total = mass(l, l->high), *share = elbo_div(mass(l, t), total);
    elbo_var *density = elbo_detach(elbo_div(elbo_exp(log_ratio(l, t)), total));
    density = elbo_maximum(density, elbo_constant(elbo_graph_of(u), effort_of(elbo_graph_of(u)).least));
    return elbo_sub(t, elbo_div(elbo_sub(share, elbo_detach(share)), density));
}

/* ---- the kind ---------------------------------------------------------------------------------------------------- */

/* Mean and log-variance of the rank `ndim`; the mean is NULL at 0. */
typedef struct {
    elbo_var *mean, *logvar;
    radial law;
    double log_area; /* elbo__log_area */
} params;

static params params_of(const elbo_dist *d, int ndim)
{
    elbo_shape ones = {.ndim = ndim};
    for (int i = 0; i < ndim; i++)
        ones.dim[i] = 1;
    params p = {.mean = d->args[0] ? elbo_align(d->args[0], 1, ndim) : NULL};
    p.logvar = d->args[1] ? elbo_align(d->args[1], 1, ndim) : elbo_expand(elbo_constant(d->graph, 0), ones);
    elbo_var *k = elbo_scale(elbo_exp(elbo_scale(p.logvar, 0.5)), sqrt(d->number));
    p.law = radial_of(k, d->shape.dim[d->shape.ndim - 1]);
    p.log_area = elbo__log_area(d);
    return p;
}

/* -t^2/2 - log A, A = S s^Z e^g(mode) times the integral of e^(g - g(mode)), S = 2 pi^(Z/2) / Gamma(Z/2):
 * (..., 1) -> (...) */
static elbo_var *density(const params *p, elbo_var *t)
{
    const double dims = p->law.others + 1;
    const radial *l = &p->law;
    elbo_var *sinh = elbo_sub(elbo_add(elbo_mul(l->k, l->mode), l->tail), elbo_log(elbo_scale(l->k, 2)));
    elbo_var *at_mode = elbo_sub(elbo_scale(sinh, l->others), elbo_scale(elbo_square(l->mode), 0.5));
    elbo_var *log_a = elbo_add(elbo_add(at_mode, elbo_log(mass(l, l->high))), elbo_scale(p->logvar, dims / 2));
    return elbo_sum_axis(elbo_shift(elbo_neg(elbo_add(log_a, elbo_scale(elbo_square(t), 0.5))), -p->log_area), -1);
}

static elbo_var *riemannian_log_prob(const elbo_dist *d, elbo_var *z, elbo_var *mask)
{
    const params p = params_of(d, elbo_ndim(z));
    if (mask)
        return elbo_graph_fail(d->graph, ELBO_INVALID, "riemannian-normal: log_prob takes no mask");
    z = elbo_ball_project(z, d->number);
    elbo_var *from = p.mean ? p.mean : elbo_scale(z, 0);
    elbo_var *distance = elbo_unsqueeze(elbo_ball_distance(from, z, d->number), elbo_ndim(z) - 1);
    return density(&p, elbo_mul(distance, elbo_exp(elbo_scale(p.logvar, -0.5))));
}

/* In a direction g / |g| of normal numbers g. */
static elbo_draw riemannian_draw(const elbo_dist *d, const char *name, elbo_shape shape, int draw_axis)
{
    const params p = params_of(d, shape.ndim);
    elbo_shape one = shape;
    one.dim[shape.ndim - 1] = 1;
    elbo_var *g = elbo_random_normal(d->graph, name, shape, draw_axis);
    elbo_var *t = drawn(&p.law, elbo_random_uniform(d->graph, name, one, draw_axis));
    elbo_var *r = elbo_mul(t, elbo_exp(elbo_scale(p.logvar, 0.5)));
    elbo_var *v = elbo_mul(g, elbo_div(r, elbo__length(g)));
    elbo_var *z = p.mean ? elbo_ball_move(p.mean, v, d->number) : elbo_ball_exp0(elbo_scale(v, 0.5), d->number);
    return (elbo_draw){.z = z, .log_prob = density(&p, t)};
}

static elbo_var *riemannian_mean(const elbo_dist *d)
{
    return d->args[0] ? d->args[0] : elbo_expand(elbo_constant(d->graph, 0), d->shape);
}

const elbo_dist_kind elbo_kind_riemannian_normal = {
    .name = "riemannian-normal",
    .curved = true,
    .reparametrised = true,
    .log_prob = riemannian_log_prob,
    .draw = riemannian_draw,
    .mean = riemannian_mean,
};

elbo_dist elbo_riemannian_normal(elbo_var *mean, elbo_var *logvar, double c)
{
    const elbo_shape a = elbo_shape_of(mean), b = elbo_shape_of(logvar);
    elbo_dist d = elbo_dist_of(&elbo_kind_riemannian_normal, a, mean, logvar);
    elbo_shape one = a;
    d.number = c;
    if (a.ndim > 0)
        one.dim[a.ndim - 1] = 1;
    if (elbo__graph_ok(d.graph) && (a.ndim < 2 || a.dim[a.ndim - 1] < 1 || !elbo_shape_equal(&one, &b)))
        elbo_graph_fail(d.graph, ELBO_INVALID,
                        "riemannian-normal: mean %s and log-variance %s do not belong together; expected (B, 1)",
                        elbo_shape_format(&a).text, elbo_shape_format(&b).text);
    return d;
}

elbo_dist elbo_standard_riemannian_normal(elbo_graph *graph, elbo_shape shape, double c)
{
    return (elbo_dist){
        .kind = &elbo_kind_riemannian_normal, .graph = graph, .number = c, .shape = shape, .event_rank = 1};
}
