#include "ball.h"

#include <math.h>

#include "../../autograd/op.h"
#include "layers_private.h"

/* Added to the square of a length, so that its root has a derivative at 0. */
#define TINY 1e-20

/* ---- lengths ----------------------------------------------------------------------------------------------------- */

static bool is_curvature(elbo_graph *g, double c)
{
    if (!(c > 0) || isinf(c))
        elbo_graph_fail(g, ELBO_INVALID, "ball: curvature %g is not a positive number", c);
    return elbo__graph_ok(g);
}

/* 1 - sqrt(c) |z| of the edge of the ball */
static double margin_of(elbo_dtype dtype)
{
    return dtype == ELBO_F64 ? 1e-10 : 1e-5;
}

static double margin(elbo_var *z)
{
    return margin_of(elbo_graph_dtype(elbo_graph_of(z)));
}

double elbo_ball_reach(elbo_dtype dtype, double c)
{
    return 2 / sqrt(c) * atanh(1 - margin_of(dtype));
}

/* |x|^2 and |x|: (..., Z) -> (..., 1) */
static elbo_var *square(elbo_var *x)
{
    return elbo_sum(elbo_square(x), (int[]){-1}, 1, true);
}

elbo_var *elbo__length(elbo_var *x)
{
    return elbo_sqrt(elbo_shift(square(x), TINY));
}

/* 1 - c|x|^2, above 0 even where rounding says otherwise: (..., 1) */
static elbo_var *gap(elbo_var *x, double c)
{
    return elbo_maximum(elbo_shift(elbo_scale(square(x), -c), 1), elbo_constant(elbo_graph_of(x), margin(x)));
}

/* arsinh(t) of t >= 0 */
static elbo_var *arsinh(elbo_var *t)
{
    elbo_var *squared = elbo_square(t), *root = elbo_sqrt(elbo_shift(squared, 1));
    return elbo_log1p(elbo_add(t, elbo_div(squared, elbo_shift(root, 1))));
}

/* arsinh of any sign: of t or -t, chosen so that the derivative at 0 is 1. */
static elbo_var *arsinh_signed(elbo_var *t)
{
    elbo_var *below = elbo_less(t, elbo_constant(elbo_graph_of(t), 0));
    elbo_var *y = arsinh(elbo_where(below, elbo_neg(t), t));
    return elbo_where(below, elbo_neg(y), y);
}

/* x + y, with what is needed of it: the difference s, and the denominator c|s|^2 + gap(x) gap(y) */
typedef struct {
    elbo_var *s, *cross, *gap_x, *gap_y, *below;
} sum;

static sum sum_of(elbo_var *x, elbo_var *y, double c)
{
    sum m = {.s = elbo_add(x, y), .gap_x = gap(x, c), .gap_y = gap(y, c)};
    m.cross = elbo_scale(square(m.s), c);
    m.below = elbo_add(m.cross, elbo_mul(m.gap_x, m.gap_y));
    return m;
}

static elbo_var *value_of(const sum *m, elbo_var *x)
{
    return elbo_div(elbo_add(elbo_mul(m->cross, x), elbo_mul(m->gap_x, m->s)), m->below);
}

/* ---- points ------------------------------------------------------------------------------------------------------ */

/* The last step of whatever makes a point. */
static elbo_var *inside(elbo_var *z, double c)
{
    elbo_graph *g = elbo_graph_of(z);
    elbo_var *most = elbo_constant(g, (1 - margin(z)) / sqrt(c));
    return elbo_mul(z, elbo_minimum(elbo_div(most, elbo__length(z)), elbo_constant(g, 1)));
}

elbo_var *elbo_ball_project(elbo_var *z, double c)
{
    return is_curvature(elbo_graph_of(z), c) ? inside(z, c) : elbo__harmless(z);
}

elbo_var *elbo_ball_add(elbo_var *x, elbo_var *y, double c)
{
    if (!is_curvature(elbo_graph_of(x), c))
        return elbo__harmless(x);
    const sum m = sum_of(x, y, c);
    return inside(value_of(&m, x), c);
}

elbo_var *elbo_ball_exp0(elbo_var *v, double c)
{
    if (!is_curvature(elbo_graph_of(v), c))
        return elbo__harmless(v);
    elbo_var *r = elbo_scale(elbo__length(v), sqrt(c)), *most = elbo_constant(elbo_graph_of(v), 1 - margin(v));
    return elbo_mul(v, elbo_div(elbo_minimum(elbo_tanh(r), most), r));
}

/* artanh(t) = arsinh(t / sqrt(1 - t^2)) */
elbo_var *elbo_ball_log0(elbo_var *z, double c)
{
    if (!is_curvature(elbo_graph_of(z), c))
        return elbo__harmless(z);
    elbo_var *r = elbo_scale(elbo__length(z), sqrt(c));
    return elbo_mul(z, elbo_div(arsinh(elbo_div(r, elbo_sqrt(gap(z, c)))), r));
}

/* ---- pairs of points --------------------------------------------------------------------------------------------- */

/* d(x, y) / 2 sqrt(c) from y - x: (..., 1) */
static elbo_var *rapidity(const sum *m, double c)
{
    return arsinh(elbo_div(elbo_scale(elbo__length(m->s), sqrt(c)), elbo_sqrt(elbo_mul(m->gap_x, m->gap_y))));
}

elbo_var *elbo_ball_distance(elbo_var *x, elbo_var *y, double c)
{
    if (!is_curvature(elbo_graph_of(x), c))
        return elbo__harmless(x);
    const sum m = sum_of(elbo_neg(x), y, c);
    return elbo_sum_axis(elbo_scale(rapidity(&m, c), 2 / sqrt(c)), -1);
}

elbo_var *elbo_ball_move(elbo_var *x, elbo_var *v, double c)
{
    return elbo_ball_add(x, elbo_ball_exp0(elbo_scale(v, 0.5), c), c);
}

/* 2 log0(w), w = -x + y, of the length sqrt(|y - x|^2 / m.below) */
elbo_var *elbo_ball_between(elbo_var *x, elbo_var *y, double c)
{
    if (!is_curvature(elbo_graph_of(x), c))
        return elbo__harmless(x);
    elbo_var *back = elbo_neg(x);
    const sum m = sum_of(back, y, c);
    elbo_var *size = elbo_div(elbo__length(m.s), elbo_sqrt(m.below));
    return elbo_mul(value_of(&m, back), elbo_div(elbo_scale(rapidity(&m, c), 2 / sqrt(c)), size));
}

/* ---- planes ------------------------------------------------------------------------------------------------------ */

/* weight / |weight|, row by row, as it lies in memory: (Z, out) */
static elbo_var *directions(elbo_var *w)
{
    elbo_var *across = elbo_transpose(w);
    return elbo_div(across, elbo_sqrt(elbo_shift(elbo_sum(elbo_square(across), (int[]){0}, 1, true), TINY)));
}

/* With the unit vector a and the bias b the argument of arsinh is cosh(sqrt(c) b) sqrt(c) l <z,a> - sinh(sqrt(c) b)
 * (l - 1), l = 2 / (1 - c|z|^2): sqrt(c) l z and l - 1 are coordinates of the hyperboloid. */
elbo_var *elbo_gyroplanes(elbo_var *z, const char *name, int64_t out, double c)
{
    elbo_graph *g = elbo_graph_of(z);
    if (!is_curvature(g, c) || !elbo__takes_rows("gyroplanes", name, z, (elbo__fan){2, 1}))
        return elbo__harmless(z);
    const double furthest = 30 / sqrt(c), start = 4 / sqrt((double)elbo_size(z, -1)); /* e^30: finite when squared */
    elbo_scope(g, name);
    elbo_var *w = elbo_param(g, "weight", ELBO_SHAPE(out, elbo_size(z, -1)), elbo_init_fan_in(elbo_size(z, -1)));
    elbo_var *b = elbo_param(g, "bias", ELBO_SHAPE(out), elbo_init_uniform(-start, start));
    elbo_scope_end(g);
    if (!elbo__graph_ok(g))
        return elbo__harmless(z);
    elbo_var *e = elbo_exp(elbo_scale(elbo_clamp(b, -furthest, furthest), sqrt(c))), *back = elbo_reciprocal(e);
    elbo_var *cosh = elbo_scale(elbo_add(e, back), sqrt(c) / 2), *sinh = elbo_scale(elbo_sub(e, back), 0.5);
    elbo_var *l = elbo_scale(elbo_reciprocal(gap(z, c)), 2);
    elbo_var *along = elbo_mul(elbo_affine(z, elbo_transpose(directions(w)), NULL), l);
    elbo_var *t = elbo_sub(elbo_mul(along, cosh), elbo_mul(elbo_shift(l, -1), sinh));
    return elbo_scale(arsinh_signed(t), 1 / sqrt(c));
}
