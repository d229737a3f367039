/* The Riemannian Hamiltonian posterior: a draw of the encoder's normal, moved as on a surface whose metric G(z) is
 * learned with it (Chadebec, Thibeau-Sutre, Burgos and Allassonniere, arXiv:2105.00026). With
 *
 *     H(z, r) = -log p(x, z) + r^T G(z)^-1 r / 2 + log det G(z) / 2
 *
 * a step is that of the generalised leapfrog, whose implicit equations are iterated option fixed-points times:
 *
 *     s = r - e/2 dH/dz(z, s),  z' = z + e/2 (G(z)^-1 + G(z')^-1) s,  r' = s - e/2 dH/dz(z', s)
 *
 * It keeps volumes as far as the iterations have converged, and so far the weights are unbiased:
 *
 *     g ~ N(0, I),  r_0 = G C g ~ N(0, G(z_0)) for C C^T = G(z_0)^-1, then tempered,
 *     log q = log q(z_0|x) + log N(g) - log det G(z_0) / 2 - log N(r_K; 0, G(z_K))
 *
 * The code is the mean of q(z_0|x), which the metric is made around. */
#include "metric.h"

/* What the equations need of a place. */
typedef struct {
    elbo__metric_place at;
    elbo_var *metric; /* G (B, K, Z, Z)                                     */
    elbo_var *steady; /* (B, K, Z) -dH/dz without the term that r is part of */
} station;

static station arrive(const elbo__course *c, elbo_var *z)
{
    station s = {.at = elbo__metric_at(c->metric, z)};
    s.metric = elbo_spd_inverse(s.at.inverse);
    s.steady = elbo_add(elbo__force(c->motion, z), elbo__metric_pull(c->metric, &s.at, s.metric));
    return s;
}

/* (e / 2) -dH/dz(z, r) */
static elbo_var *half_kick(const elbo__course *c, const station *s, elbo_var *r)
{
    elbo_var *pairs = elbo_mul(elbo_unsqueeze(r, -1), elbo_unsqueeze(r, -2));
    elbo_var *force = elbo_sub(s->steady, elbo__metric_pull(c->metric, &s->at, pairs));
    return elbo_mul(force, elbo_scale(c->motion->size, 0.5));
}

static elbo_var *half_kicked(const elbo__course *c, const station *s, elbo_var *r)
{
    elbo_var *next = r;
    for (int i = 0; i < c->iterations; i++)
        next = elbo_add(r, half_kick(c, s, next));
    return next;
}

static elbo_var *drifted(const elbo__course *c, const station *s, elbo_var *r)
{
    elbo_var *z = s->at.z, *half = elbo_scale(c->motion->size, 0.5), *here = elbo__metric_applied(s->at.inverse, r);
    for (int i = 0; i < c->iterations; i++) {
        elbo_var *there = i ? elbo__metric_applied(elbo__metric_at(c->metric, z).inverse, r) : here;
        z = elbo_add(s->at.z, elbo_mul(half, elbo_add(here, there)));
    }
    return z;
}

elbo__phase elbo__riemannian_leapfrog(const elbo__course *c, elbo__phase from)
{
    station at = arrive(c, from.z);
    elbo_var *r = elbo__tempered(c->motion, from.momentum, 0);
    for (int k = 1; k <= c->motion->steps; k++) {
        elbo_var *half = half_kicked(c, &at, r);
        at = arrive(c, drifted(c, &at, half));
        r = elbo__tempered(c->motion, elbo_add(half, half_kick(c, &at, half)), k);
    }
    return (elbo__phase){at.at.z, r};
}

/* ---- the posterior ----------------------------------------------------------------------------------------------- */

/* v^T w (B, K) */
static elbo_var *dot(elbo_var *v, elbo_var *w)
{
    return elbo_sum_axis(elbo_mul(v, w), -1);
}

/* log N(g; 0, I) - log det G(z_0) / 2 - log N(r; 0, G(z_K)) (B, K) */
static elbo_var *log_ratio(const elbo__metric_place *first, const elbo__metric_place *last, elbo_var *g, elbo_var *r)
{
    elbo_var *volumes = elbo_sub(elbo_spd_logdet(first->inverse), elbo_spd_logdet(last->inverse));
    elbo_var *squares = elbo_sub(dot(r, elbo__metric_applied(last->inverse, r)), dot(g, g));
    return elbo_scale(elbo_add(volumes, squares), 0.5);
}

static elbo_inference infer(elbo_in *in)
{
    elbo_inference i = elbo_infer_from(in, elbo__net_law(in));
    if (elbo_graph_status(in->g) != ELBO_OK)
        return i;
    elbo__motion motion = elbo__motion_of(in, elbo_size(i.z, -1));
    const bool training = elbo_graph_mode(in->g) == ELBO_TRAIN;
    const elbo__metric metric = training ? elbo__metric_of_batch(in, i.code)
                                         : elbo__metric_of_state(in, elbo_size(i.z, -1));
    const elbo__course course = {&motion, &metric, (int)elbo_option_integer(in, "fixed-points")};
    if (motion.steps < 1)
        return i;
    const elbo__metric_place first = elbo__metric_at(&metric, i.z);
    elbo_var *g = elbo_random_normal(in->g, "momentum", elbo_shape_of(i.z), 1);
    const elbo__phase end = elbo__riemannian_leapfrog(&course, (elbo__phase){i.z, elbo__metric_momentum(&first, g)});
    const elbo__metric_place last = elbo__metric_at(&metric, end.z);
    i.q = (elbo_dist){.kind = NULL};
    i.z = end.z;
    i.log_q = elbo_add(i.log_q, log_ratio(&first, &last, g, end.momentum));
    return i;
}

const elbo__posterior elbo__posterior_riemannian_hamiltonian = {.infer = infer, .law = elbo__net_law};

elbo_var *elbo_metric_density(elbo_in *in, elbo_var *z, elbo_var **gradient)
{
    if (elbo__posterior_of(in) != &elbo__posterior_riemannian_hamiltonian)
        return *gradient = elbo_graph_fail(in->g, ELBO_INVALID,
                                           "has no metric; that takes posterior riemannian-hamiltonian");
    const elbo__metric metric = elbo__metric_of_state(in, elbo_size(z, -1));
    const elbo__metric_place at = elbo__metric_at(&metric, elbo_unsqueeze(z, 1));
    *gradient = elbo_squeeze(elbo__metric_pull(&metric, &at, elbo_spd_inverse(at.inverse)), 1);
    return elbo_scale(elbo_squeeze(elbo_spd_logdet(at.inverse), 1), 0.5);
}
