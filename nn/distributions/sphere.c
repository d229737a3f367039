/* The uniform distribution on the unit sphere of R^Z, and what others there share. */
#include <math.h>

#include "../../autograd/op.h"
#include "distribution_private.h"

elbo_var *elbo__along(elbo_var *a, elbo_var *b)
{
    return elbo_sum(elbo_mul(a, b), (int[]){-1}, 1, true);
}

elbo_var *elbo__on_sphere(elbo_var *x)
{
    elbo_var *square = elbo_maximum(elbo__along(x, x), elbo_constant(elbo_graph_of(x), 1e-30));
    return elbo_div(x, elbo_sqrt(square));
}

/* x (..., Z) turned so that the first axis, e, comes to lie along m: with s, the sign of m_1, and the reflection that
 * takes e to -s m, -s (x - (e + s m) (e + s m)'x / (1 + |m_1|)), whose denominator is at least 1. */
static elbo_var *turned(elbo_var *x, elbo_var *m, int64_t dims)
{
    elbo_graph *g = elbo_graph_of(x);
    elbo_var *m_1 = elbo_slice(m, -1, 0, 1), *x_1 = elbo_slice(x, -1, 0, 1), *one = elbo_constant(g, 1);
    elbo_var *s = elbo_where(elbo_less(m_1, elbo_constant(g, 0)), elbo_neg(one), one);
    elbo_var *part = elbo_div(elbo_add(x_1, elbo_mul(s, elbo__along(m, x))), elbo_shift(elbo_abs(m_1), 1));
    return elbo_sub(elbo_mul(elbo_add(elbo_pad(s, -1, 0, dims - 1), m), part), elbo_mul(s, x));
}

elbo_var *elbo__around(elbo_var *m, elbo_var *u, const char *name, elbo_shape shape, int draw_axis)
{
    elbo_graph *g = elbo_graph_of(u);
    const int64_t dims = shape.dim[shape.ndim - 1]--;
    elbo_var *v = elbo__on_sphere(elbo_random_normal(g, name, shape, draw_axis));
    elbo_var *w = elbo_sub(elbo_constant(g, 1), u), *squares = elbo_mul(u, elbo_shift(w, 1)); /* 1 - w^2 */
    elbo_var *across = elbo_sqrt(elbo_maximum(squares, elbo_constant(g, 1e-30)));
    return turned(elbo_concat((elbo_var *[]){w, elbo_mul(across, v)}, 2, -1), m, dims);
}

double elbo__log_area(const elbo_dist *d)
{
    const double half = (double)d->shape.dim[d->shape.ndim - 1] / 2;
    int sign; /* lgamma itself would write it to a variable of all threads */
    return log(2) + half * log(M_PI) - lgamma_r(half, &sign);
}

bool elbo__sphere_takes(const elbo_dist *d, elbo_var *mask)
{
    const elbo_shape *shape = &d->shape;
    if (elbo__graph_ok(d->graph) && (shape->ndim < 2 || shape->dim[shape->ndim - 1] < 2 || d->event_rank != 1))
        elbo_graph_fail(d->graph, ELBO_INVALID, "%s: the shape is %s, expected (B, Z) with Z of at least 2",
                        d->kind->name, elbo_shape_format(shape).text);
    else if (mask)
        elbo_graph_fail(d->graph, ELBO_INVALID, "%s: a point of the sphere has no missing values", d->kind->name);
    return elbo__graph_ok(d->graph);
}

/* With a shape that can be worked with, whatever is wrong. */
static elbo_dist checked(elbo_dist d)
{
    if (!elbo__sphere_takes(&d, NULL))
        d.shape = ELBO_SHAPE(1, 2);
    return d;
}

elbo_dist elbo__sphere_of(const elbo_dist_kind *kind, elbo_var *mean, elbo_var *concentration)
{
    const elbo_shape a = elbo_shape_of(mean), b = elbo_shape_of(concentration);
    const elbo_dist d = checked(elbo_dist_of(kind, a, mean, concentration));
    elbo_shape expected = d.shape;
    expected.dim[expected.ndim - 1] = 1;
    if (elbo__graph_ok(d.graph) && !elbo_shape_equal(&b, &expected))
        elbo_graph_fail(d.graph, ELBO_INVALID, "%s: mean direction %s and concentration %s, expected %s", kind->name,
                        elbo_shape_format(&a).text, elbo_shape_format(&b).text, elbo_shape_format(&expected).text);
    return d;
}

/* A number for each event of x. */
static elbo_var *for_each(elbo_var *x, double number)
{
    elbo_shape shape = elbo_shape_of(x);
    shape.ndim--;
    return elbo_expand(elbo_constant(elbo_graph_of(x), number), shape);
}

static elbo_var *sphere_log_prob(const elbo_dist *d, elbo_var *x, elbo_var *mask)
{
    return elbo__sphere_takes(d, mask) ? for_each(x, -elbo__log_area(d)) : x;
}

static elbo_draw sphere_draw(const elbo_dist *d, const char *name, elbo_shape shape, int draw_axis)
{
    return (elbo_draw){.z = elbo__on_sphere(elbo_random_normal(d->graph, name, shape, draw_axis))};
}

static elbo_var *sphere_mean(const elbo_dist *d)
{
    return elbo_expand(elbo_constant(d->graph, 0), d->shape);
}

static elbo_var *sphere_entropy(const elbo_dist *d)
{
    return for_each(sphere_mean(d), elbo__log_area(d));
}

const elbo_dist_kind elbo_kind_sphere = {
    .name = "sphere",
    .curved = true,
    .reparametrised = true,
    .log_prob = sphere_log_prob,
    .draw = sphere_draw,
    .mean = sphere_mean,
    .entropy = sphere_entropy,
};

elbo_dist elbo_sphere(elbo_graph *graph, elbo_shape shape)
{
    return checked((elbo_dist){.kind = &elbo_kind_sphere, .graph = graph, .shape = shape, .event_rank = 1});
}
