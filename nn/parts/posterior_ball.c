/* Posteriors on the Poincare ball: Mathieu et al. 2019, arXiv:1901.06033. The mean is exp0 of layer encoder.mean, the
 * deviation by option spread, one for each direction or one for all. The prior is of the same kind, at 0, with
 * deviation 1. The decoder sees distances to gyroplanes, or log0(z), z as a vector at 0. */
#include <math.h>

#include "../layers/ball.h"
#include "parts_private.h"

static double curvature(elbo_in *in)
{
    return elbo_option_number(in, "curvature");
}

/* ---- q(z|x) ------------------------------------------------------------------------------------------------------ */

typedef elbo_dist (*make_dist)(elbo_var *mean, elbo_var *logvar, double c);

static elbo_dist law(elbo_in *in, make_dist make, bool isotropic)
{
    const int64_t dims = elbo_option_integer(in, "latent-dim");
    elbo_var *h = elbo_net_encode(in);
    elbo_var *mean = elbo_ball_exp0(elbo__net_linear(in, h, "encoder.mean", dims), curvature(in));
    return make(mean, elbo__net_logvar(in, h, isotropic ? 1 : dims), curvature(in));
}

static elbo_dist wrapped(elbo_in *in)
{
    return law(in, elbo_wrapped_normal, elbo_option_flag(in, "isotropic"));
}

static elbo_dist riemannian(elbo_in *in)
{
    return law(in, elbo_riemannian_normal, true);
}

static elbo_inference infer_wrapped(elbo_in *in)
{
    return elbo_infer_from(in, wrapped(in));
}

static elbo_inference infer_riemannian(elbo_in *in)
{
    return elbo_infer_from(in, riemannian(in));
}

/* ---- p(z) -------------------------------------------------------------------------------------------------------- */

/* The graph is in error where the prior's z, which lie about `distance` from 0, lie beyond the edge of the numbers
 * (nn/layers/ball.h). */
static void check_reach(elbo_in *in, int64_t dims, double distance)
{
    const double reach = elbo_ball_reach(elbo_graph_dtype(in->g), curvature(in));
    if (distance + 3 > reach)
        elbo_graph_fail(
            in->g, ELBO_INVALID,
            "option \"curvature\": too much for %lld dimensions: the prior's z lie about %.3g from 0, where "
            "the numbers of the ball end at %.3g",
            (long long)dims, distance, reach);
}

static elbo_dist standard_wrapped(elbo_in *in, int64_t dims)
{
    check_reach(in, dims, sqrt((double)dims));
    return elbo_standard_wrapped_normal(in->g, ELBO_SHAPE(elbo_size(in->x, 0), dims), curvature(in));
}

/* The radius r has its mode where (Z - 1) sqrt(c) coth(sqrt(c) r) = r. */
static elbo_dist standard_riemannian(elbo_in *in, int64_t dims)
{
    const double n = (double)dims - 1, a = n * n * curvature(in);
    check_reach(in, dims, sqrt((a + sqrt(a * a + 4 * n * n)) / 2));
    return elbo_standard_riemannian_normal(in->g, ELBO_SHAPE(elbo_size(in->x, 0), dims), curvature(in));
}

/* ---- the decoder's beginning ------------------------------------------------------------------------------------- */

/* Codes from elsewhere may lie outside. */
static elbo_var *place(elbo_in *in, elbo_var *z)
{
    z = elbo_ball_project(z, curvature(in));
    if (!elbo_option_flag(in, "gyroplanes"))
        return elbo_ball_log0(z, curvature(in));
    if (elbo_option_sizes(in, "hidden").n == 0)
        return elbo_graph_fail(in->g, ELBO_INVALID, "option \"gyroplanes\": there is no hidden layer to be of them");
    return z;
}

/* A label that stands beside z is added by a linear layer NAME.label. */
static elbo_var *layer(elbo_in *in, elbo_var *x, const char *name, int64_t out)
{
    const int64_t dims = elbo__dims_of(in), others = elbo_size(x, -1) - dims;
    if (!elbo_option_flag(in, "gyroplanes"))
        return elbo__net_linear(in, x, name, out);
    elbo_var *h = elbo_gyroplanes(others > 0 ? elbo_slice(x, -1, 0, dims) : x, name, out, curvature(in));
    if (others == 0)
        return h;
    elbo_scope(in->g, name);
    elbo_var *label = elbo__net_linear(in, elbo_slice(x, -1, dims, others), "label", out);
    elbo_scope_end(in->g);
    return elbo_add(h, label);
}

const elbo__posterior elbo__posterior_wrapped_normal = {
    .infer = infer_wrapped, .standard = standard_wrapped, .law = wrapped, .place = place, .layer = layer};
const elbo__posterior elbo__posterior_riemannian_normal = {
    .infer = infer_riemannian, .standard = standard_riemannian, .law = riemannian, .place = place, .layer = layer};
