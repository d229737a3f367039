/* Posteriors that a flow makes of a normal distribution: z_t = f_t(z_{t-1}), z_0 ~ N(mean, exp logvar),
 *
 *     log q(z_T) = log q(z_0) - sum_t log |det df_t/dz_{t-1}|
 *
 * Planar and radial: Rezende and Mohamed 2015, arXiv:1505.05770. Inverse autoregressive: Kingma et al. 2016,
 * arXiv:1606.04934. Autoregressive: Papamakarios et al. 2017, arXiv:1705.07057. What the encoder computed of x, h, is
 * the source of a planar or radial flow's parameters and a context of the autoregressive networks, unless option
 * flow-shared says that all images have the same flow. */
#include <math.h>

#include "parts_private.h"

/* z (B, K, Z) under way, with the sum of the logarithms (B, K) so far. */
typedef struct {
    elbo_var *z, *log_det;
} moved;

/* A step of a flow: its layers are met within a scope of its own, of z and h (B, H); NULL where all images share it. */
typedef moved (*flow_step)(elbo_in *in, elbo_var *z, elbo_var *h, bool backwards);

static elbo_var *dot(elbo_var *a, elbo_var *b)
{
    return elbo_sum(elbo_mul(a, b), (int[]){-1}, 1, true);
}

/* n numbers of a step: a parameter (n), or those of each image (B, 1, n) by a layer. */
static elbo_var *numbers(elbo_in *in, elbo_var *h, const char *name, int64_t n)
{
    if (!h)
        return elbo_param(in->g, name, ELBO_SHAPE(n), elbo_init_normal(0, 0.1));
    return elbo_unsqueeze(elbo_linear(h, name, n), 1);
}

/* z + u tanh(a), a = w^T z + b, with log |1 + (1 - tanh^2 a) w^T u|. For the step to be invertible w^T u is more than
 * -1 (appendix A.1): u = v + (m(w^T v) - w^T v) w / |w|^2, m(s) = -1 + 1e-6 + softplus(s), which w^T u is: summed up
 * again it could be rounded below -1. */
static moved planar(elbo_in *in, elbo_var *z, elbo_var *h, bool backwards)
{
    const int64_t dims = elbo_size(z, -1);
    (void)backwards;
    elbo_var *w = numbers(in, h, "w", dims), *v = numbers(in, h, "u", dims), *b = numbers(in, h, "b", 1);
    elbo_var *along = dot(w, v), *least = elbo_shift(elbo_softplus(along), 1e-6 - 1);
    elbo_var *length = elbo_shift(dot(w, w), 1e-12);
    elbo_var *u = elbo_add(v, elbo_mul(elbo_div(elbo_sub(least, along), length), w));
    elbo_var *t = elbo_tanh(elbo_add(dot(w, z), b));
    elbo_var *slope = elbo_sub(elbo_constant(in->g, 1), elbo_square(t));
    return (moved){elbo_add(z, elbo_mul(u, t)), elbo_squeeze(elbo_log1p(elbo_mul(slope, least)), -1)};
}

/* z + beta h (z - c), h = 1 / (alpha + r), r = |z - c|, with log (1 + beta h)^(Z - 1) (1 + beta h - beta h^2 r);
 * invertible where beta >= -alpha (appendix A.2): alpha = softplus, beta = -alpha + softplus. */
static moved radial(elbo_in *in, elbo_var *z, elbo_var *h, bool backwards)
{
    const int64_t dims = elbo_size(z, -1);
    (void)backwards;
    elbo_var *c = numbers(in, h, "centre", dims);
    elbo_var *alpha = elbo_softplus(numbers(in, h, "alpha", 1));
    elbo_var *beta = elbo_sub(elbo_softplus(numbers(in, h, "beta", 1)), alpha);
    elbo_var *away = elbo_sub(z, c), *r = elbo_sqrt(elbo_shift(dot(away, away), 1e-12));
    elbo_var *inverse = elbo_reciprocal(elbo_add(alpha, r)), *share = elbo_mul(beta, inverse);
    elbo_var *across = elbo_scale(elbo_log1p(share), (double)dims - 1);
    elbo_var *outwards = elbo_log1p(elbo_sub(share, elbo_mul(share, elbo_mul(inverse, r))));
    return (moved){elbo_add(z, elbo_mul(share, away)), elbo_squeeze(elbo_add(across, outwards), -1)};
}

/* Two numbers for each entry of z from the entries before it: m and s (..., Z) */
static void autoregress(elbo_in *in, elbo_var *z, elbo_var *h, bool backwards, elbo_var **m, elbo_var **s)
{
    const elbo_sizes hidden = elbo_option_sizes(in, "flow-hidden");
    const int64_t dims = elbo_size(z, -1);
    elbo_var *both = elbo_made(z, h, "made", (elbo_made_shape){hidden.at, hidden.n, "relu", 2, backwards});
    *m = elbo_slice(both, -1, 0, dims);
    *s = elbo_slice(both, -1, dims, dims);
}

/* A gate that is nearly open at first, so that a flow begins as little more than the identity. */
#define OPEN 2

/* g z + (1 - g) m, g = sigmoid(s + 2) */
static moved inverse_autoregressive(elbo_in *in, elbo_var *z, elbo_var *h, bool backwards)
{
    elbo_var *m, *s;
    autoregress(in, z, h, backwards, &m, &s);
    s = elbo_shift(s, OPEN);
    return (moved){elbo_lerp(m, z, elbo_sigmoid(s)), elbo_neg(elbo_sum_axis(elbo_softplus(elbo_neg(s)), -1))};
}

/* y with y_i = m_i(y_1 ... y_{i-1}) + z_i exp s_i(y_1 ... y_{i-1}): after pass i the first i entries are what they will
 * be. */
static moved autoregressive(elbo_in *in, elbo_var *z, elbo_var *h, bool backwards)
{
    elbo_var *y = elbo_scale(z, 0), *m, *s = y;
    for (int64_t i = 0; i < elbo_size(z, -1); i++) {
        autoregress(in, y, h, backwards, &m, &s);
        s = elbo_tanh(s);
        y = elbo_add(m, elbo_mul(z, elbo_exp(s)));
    }
    return (moved){y, elbo_sum_axis(s, -1)};
}

/* All steps of a flow; every other autoregressive one goes through the entries backwards. */
static moved flow(elbo_in *in, elbo_var *z, elbo_var *h, flow_step step)
{
    const int steps = (int)elbo_option_integer(in, "flow-steps");
    moved sum = {z, NULL};
    for (int i = 0; i < steps; i++) {
        elbo_scope(in->g, elbo_numbered("encoder.flow", i + 1).text);
        const moved next = step(in, sum.z, h, i % 2 == 1);
        elbo_scope_end(in->g);
        sum = (moved){next.z, sum.log_det ? elbo_add(sum.log_det, next.log_det) : next.log_det};
    }
    return sum;
}

/* The code is where the flow takes the mean of what it begins with. */
static elbo_inference infer(elbo_in *in, flow_step step)
{
    elbo_var *h = elbo_net_encode(in);
    elbo_inference i = elbo_infer_from(in, elbo__net_normal(in, h));
    if (elbo_graph_status(in->g) != ELBO_OK)
        return i;
    elbo_var *context = elbo_option_flag(in, "flow-shared") ? NULL : h;
    const moved drawn = flow(in, i.z, context, step);
    i.code = elbo_squeeze(flow(in, elbo_unsqueeze(i.code, 1), context, step).z, 1);
    i.q = (elbo_dist){.kind = NULL};
    i.z = drawn.z;
    i.log_q = elbo_sub(i.log_q, drawn.log_det);
    return i;
}

#define FLOW(id, step)                                                                                                 \
    static elbo_inference infer_##id(elbo_in *in)                                                                      \
    {                                                                                                                  \
        return infer(in, step);                                                                                        \
    }                                                                                                                  \
    const elbo__posterior elbo__posterior_##id = {.infer = infer_##id, .law = elbo__net_law};

FLOW(planar, planar)
FLOW(radial, radial)
FLOW(iaf, inverse_autoregressive)
FLOW(maf, autoregressive)
