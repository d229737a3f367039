/* The von Mises-Fisher distribution on the unit sphere of R^Z. With nu = Z/2 - 1, the area S of the sphere,
 * G(k) = ln (gamma(nu+1) (2/k)^nu I_nu(k)) and A = G' = I_(nu+1)(k) / I_nu(k),
 *
 *     log p(z) = k m'z - G(k) - ln S,    E[z] = A m,    KL(p || uniform) = k A - G.
 *
 * G is 0 for k = 0: nothing here is a difference of large numbers where k is small. */
#include <math.h>

#include "../../autograd/op.h"
#include "distribution_private.h"

/* Candidates of a draw. Each is accepted with a probability of at least 0.66, so in one draw of 10^11 none of them is;
 * the first one counts then. */
enum { CANDIDATES = 24 };

/* The mean direction m (..., Z) and k (..., 1), aligned to `ndim` axes, with nu. */
typedef struct {
    elbo_var *m, *k;
    int64_t dims;
    double order;
} parameters;

static parameters parameters_of(const elbo_dist *d, int ndim)
{
    const int64_t dims = d->shape.dim[d->shape.ndim - 1];
    return (parameters){elbo_align(d->args[0], 1, ndim), elbo_align(d->args[1], 1, ndim), dims, (double)dims / 2 - 1};
}

/* k w - G(k) - ln S (...) for the cosine w (..., 1) */
static elbo_var *density(const elbo_dist *d, const parameters *p, elbo_var *w)
{
    elbo_var *y = elbo_sub(elbo_mul(p->k, w), elbo_log_bessel_factor(p->k, p->order));
    return elbo_squeeze(elbo_shift(y, -elbo__log_area(d)), -1);
}

static elbo_var *vmf_log_prob(const elbo_dist *d, elbo_var *x, elbo_var *mask)
{
    const parameters p = parameters_of(d, elbo_ndim(x));
    return elbo__sphere_takes(d, mask) ? density(d, &p, elbo__along(p.m, x)) : x;
}

/* ---- draws ------------------------------------------------------------------------------------------------------- */

/* The cosine w is drawn from its own density by rejection (Ulrich 1984; Wood 1994): with n = Z - 1,
 * b = n / (2 k + (4 k^2 + n^2)^(1/2)) and e from Beta(n/2, n/2),
 *
 *     w = 1 - u,  u = 2 b e / (1 - (1 - b) e),  accepted with probability exp(n (1 + ln t - t)),
 *                                               t = (1 + b) / (2 - 2 (1 - b) e).
 *
 * 2 e - 1 is a coordinate of a uniform point on the sphere of R^(n+1): (1 - v^(2/(n-1)))^(1/2) cos 2 pi v' for uniform
 * v and v', without the root for n = 1. Returns u (..., 1) of a k that has no derivative. */
static elbo_var *draw_u(elbo_var *k, const char *name, elbo_shape shape, int draw_axis)
{
    elbo_graph *g = elbo_graph_of(k);
    const double n = (double)shape.dim[shape.ndim - 1] - 1;
    shape.dim[shape.ndim - 1] = CANDIDATES;
    elbo_var *e = elbo_cos(elbo_scale(elbo_random_uniform(g, name, shape, draw_axis), 2 * M_PI));
    elbo_var *trial = elbo_log(elbo_random_uniform(g, name, shape, draw_axis));
    if (n > 1) {
        elbo_var *power = elbo_scale(elbo_log(elbo_random_uniform(g, name, shape, draw_axis)), 2 / (n - 1));
        e = elbo_mul(e, elbo_sqrt(elbo_neg(elbo_expm1(power))));
    }
    e = elbo_scale(elbo_shift(e, 1), 0.5);
    elbo_var *twice = elbo_scale(k, 2), *root = elbo_sqrt(elbo_shift(elbo_square(twice), n * n));
    elbo_var *b = elbo_scale(elbo_reciprocal(elbo_add(twice, root)), n), *one = elbo_constant(g, 1);
    elbo_var *below = elbo_sub(one, elbo_mul(elbo_sub(one, b), e));
    elbo_var *t = elbo_scale(elbo_div(elbo_shift(b, 1), below), 0.5);
    elbo_var *accepted = elbo_less_equal(trial, elbo_scale(elbo_sub(elbo_shift(elbo_log(t), 1), t), n));
    elbo_var *first = elbo_one_hot(elbo_argmax(accepted, -1), CANDIDATES);
    return elbo_scale(elbo__along(first, elbo_div(elbo_mul(b, e), below)), 2);
}

/* u with its first two derivatives by k at a fixed value of the distribution function: S = du/dk and S_k + S_u S. The
 * derivative of u at a fixed e is another one, and biased, for what is accepted depends on k, too (Naesseth et al.,
 * arXiv:1610.05683; derivatives by the distribution function: Figurnov et al., arXiv:1805.08498). */
static elbo_var *follow(elbo_var *u, elbo_var *k, int64_t dims)
{
    elbo_var *fixed = elbo_detach(k), *at[2] = {u, elbo_expand(fixed, elbo_shape_of(u))}, *by[2];
    elbo_var *slope = elbo__sphere_slope(at[0], at[1], dims), *away = elbo_sub(k, fixed);
    elbo_grad(slope, at, 2, by);
    elbo_var *bend = elbo_scale(elbo_add(by[1], elbo_mul(by[0], slope)), 0.5);
    return elbo_straight_through(u, elbo_mul(away, elbo_add(slope, elbo_mul(bend, away))));
}

static elbo_draw vmf_draw(const elbo_dist *d, const char *name, elbo_shape shape, int draw_axis)
{
    const parameters p = parameters_of(d, shape.ndim);
    elbo_var *u = follow(draw_u(elbo_detach(p.k), name, shape, draw_axis), p.k, p.dims);
    elbo_var *w = elbo_sub(elbo_constant(d->graph, 1), u);
    return (elbo_draw){.z = elbo__around(p.m, u, name, shape, draw_axis), .log_prob = density(d, &p, w)};
}

/* ---- what is asked of it ----------------------------------------------------------------------------------------- */

static elbo_var *vmf_mean(const elbo_dist *d)
{
    const parameters p = parameters_of(d, d->shape.ndim);
    return elbo_mul(elbo_bessel_ratio(p.k, p.order), p.m);
}

/* k A - G (..., 1) */
static elbo_var *from_uniform(const parameters *p)
{
    return elbo_sub(elbo_mul(p->k, elbo_bessel_ratio(p->k, p->order)), elbo_log_bessel_factor(p->k, p->order));
}

static elbo_var *vmf_entropy(const elbo_dist *d)
{
    const parameters p = parameters_of(d, d->shape.ndim);
    return elbo_squeeze(elbo_shift(elbo_neg(from_uniform(&p)), elbo__log_area(d)), -1);
}

/* From another of its kind, with n and l: k A - G(k) less what the other's density is made of, l n'E[z] - G(l) */
static elbo_var *vmf_kl(const elbo_dist *qd, const elbo_dist *pd)
{
    const bool uniform = pd->kind == &elbo_kind_sphere, same = pd->kind == &elbo_kind_von_mises_fisher;
    if ((!uniform && !same) || pd->shape.dim[pd->shape.ndim - 1] != qd->shape.dim[qd->shape.ndim - 1])
        return NULL;
    const int ndim = elbo__common_rank(qd, pd);
    const parameters q = parameters_of(qd, ndim);
    elbo_var *y = from_uniform(&q);
    if (same) {
        const parameters p = parameters_of(pd, ndim);
        elbo_var *cosine = elbo_mul(elbo_bessel_ratio(q.k, q.order), elbo__along(q.m, p.m));
        y = elbo_add(y, elbo_sub(elbo_log_bessel_factor(p.k, p.order), elbo_mul(p.k, cosine)));
    }
    return elbo_squeeze(y, -1);
}

const elbo_dist_kind elbo_kind_von_mises_fisher = {
    .name = "von-mises-fisher",
    .curved = true,
    .reparametrised = true,
    .log_prob = vmf_log_prob,
    .draw = vmf_draw,
    .mean = vmf_mean,
    .entropy = vmf_entropy,
    .kl_event = vmf_kl,
};

elbo_dist elbo_von_mises_fisher(elbo_var *mean, elbo_var *concentration)
{
    return elbo__sphere_of(&elbo_kind_von_mises_fisher, mean, concentration);
}
