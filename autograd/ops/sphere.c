/* The derivative by which a von Mises-Fisher draw follows its concentration: S(u, kappa) = du/dkappa at a fixed value
 * of the distribution function, for the cosine w = 1 - u of a draw's angle. With f(w) proportional to
 * (1 - w^2)^((Z - 3) / 2) e^(kappa w) and its mean A, f S is the integral of (A - t) f(t) from w to 1. Its derivatives
 * follow from that, and from (1 - w^2) f as the integral of its own derivative:
 *
 *     S_u = A - w + S (kappa - (Z - 3) w / (1 - w^2)),    S_kappa = -(1 - w^2) / kappa - S ((Z - 1) / kappa + A + w) */
#include <math.h>

#include "../../tensor/bessel.h"
#include "../../tensor/sphere.h"
#include "../op.h"

/* ---- plain: five points of Gauss in each of many parts of the angles --------------------------------------------- */

static double plain_slope(double dims, double u, double kappa, double ratio)
{
    enum { PARTS = 64 };
    static const double points[5][2] = {{-0.90617984593866399, 0.23692688505618909},
                                        {-0.53846931010568309, 0.47862867049936647},
                                        {0, 0.56888888888888889},
                                        {0.53846931010568309, 0.47862867049936647},
                                        {0.90617984593866399, 0.23692688505618909}};
    const double w = 1 - u, angle = acos(w), end = w > ratio ? 0 : acos(-1), part = (end - angle) / PARTS;
    double sum = 0;
    for (int i = 0; i < 5 * PARTS; i++) {
        const double t = angle + part * (i / 5 + (1 + points[i % 5][0]) / 2);
        sum += points[i % 5][1] * (cos(t) - ratio) * pow(sin(t) / sin(angle), dims - 2) * exp(kappa * (cos(t) - w));
    }
    return u > 0 && u < 2 ? sum * part / 2 * sin(angle) : u * kappa * 0;
}

/* ---- both -------------------------------------------------------------------------------------------------------- */

/* The ratio is worked out anew where kappa is another one: it is the same for all draws of an image. */
static void each(const elbo__call *call, double (*slope)(double, double, double, double))
{
    const double dims = (double)call->attr->size;
    double last = NAN, ratio = NAN;
    for (elbo__walk w = elbo__walk_start(&call->out.layout.shape); w.more; elbo__walk_next(&w)) {
        const double u = elbo__get(&call->in[0], &w), kappa = elbo__get(&call->in[1], &w);
        if (kappa != last) {
            ratio = elbo__bessel(dims / 2 - 1, kappa).ratio;
            last = kappa;
        }
        elbo__put(&call->out, &w, slope(dims, u, kappa, ratio));
    }
}

static void interpret(const elbo__call *call)
{
    each(call, plain_slope);
}

static void kernel(const elbo__call *call)
{
    each(call, elbo__vmf_slope);
}

static double nanoseconds(const elbo_shape *y, const elbo_shape *a)
{
    (void)a;
    return 2000 * (double)elbo_shape_size(y);
}

static void derive(elbo_var *y, elbo_var *dy, elbo_var **dx)
{
    elbo_var *u = y->in[0], *kappa = y->in[1], *one = elbo_constant(y->graph, 1), *w = elbo_sub(one, u);
    const double dims = (double)y->attr.size;
    elbo_var *mean = elbo_bessel_ratio(kappa, dims / 2 - 1);
    elbo_var *squares = elbo_mul(u, elbo_shift(w, 1)); /* 1 - w^2 */
    elbo_var *bend = elbo_div(elbo_scale(w, dims - 3), elbo_maximum(squares, elbo_constant(y->graph, 1e-30)));
    elbo_var *by_u = elbo_add(elbo_sub(mean, w), elbo_mul(y, elbo_sub(kappa, bend)));
    elbo_var *sum = elbo_add(elbo_scale(elbo_reciprocal(kappa), dims - 1), elbo_add(mean, w));
    elbo_var *by_kappa = elbo_neg(elbo_add(elbo_div(squares, kappa), elbo_mul(y, sum)));
    dx[0] = elbo_mul(dy, by_u);
    dx[1] = elbo_mul(dy, by_kappa);
}

static elbo_var *build_circle(elbo_var **in)
{
    return elbo__sphere_slope(in[0], in[1], 2);
}

static elbo_var *build_ball(elbo_var **in)
{
    return elbo__sphere_slope(in[0], in[1], 3);
}

static elbo_var *build_many(elbo_var **in)
{
    return elbo__sphere_slope(in[0], elbo_scale(in[1], 20), 11);
}

const elbo__op elbo__op_sphere_slope = {
    .name = "sphere_slope",
    .interpret = interpret,
    .kernel = kernel,
    .derive = derive,
    .walks = elbo__walks_same,
    .nanoseconds = nanoseconds,
    .cases = (const elbo__case[]){{"in two dimensions", build_circle, 2, {{2, {2, 3}}, {2, {2, 3}}}, 0.3, 1.8, 0},
                                  {"in three dimensions", build_ball, 2, {{2, {2, 3}}, {2, {2, 3}}}, 0.3, 1.8, 0},
                                  {"in eleven, concentrated", build_many, 2, {{2, {2, 3}}, {2, {2, 3}}}, 0.2, 1.5, 0},
                                  {0}},
};

elbo_var *elbo__sphere_slope(elbo_var *u, elbo_var *kappa, int64_t dims)
{
    elbo_var *in[2] = {u, kappa};
    if (!elbo__broadcast("sphere_slope", in, 2))
        return elbo__harmless(u);
    if (dims < 2)
        return elbo_graph_fail(u->graph, ELBO_INVALID, "sphere_slope: a sphere of %lld dimensions", (long long)dims);
    return elbo__append(u->graph, &elbo__op_sphere_slope, u->graph->dtype, in[0]->shape, in, 2,
                        &(elbo__attr){.size = dims});
}
