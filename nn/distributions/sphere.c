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
    .reparametrised = true,
    .log_prob = sphere_log_prob,
    .draw = sphere_draw,
    .mean = sphere_mean,
    .entropy = sphere_entropy,
};

elbo_dist elbo_sphere(elbo_graph *graph, elbo_shape shape)
{
    elbo_dist d = {.kind = &elbo_kind_sphere, .graph = graph, .shape = shape, .event_rank = 1};
    elbo__sphere_takes(&d, NULL);
    return d;
}
