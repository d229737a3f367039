/* Distributions side by side: each of a span of x. They lie in d->components, an array that belongs to the graph, and
 * d->number says how many they are. */
#include <string.h>

#include "../../autograd/op.h"
#include "../../tensor/memory.h"
#include "distribution_private.h"

enum { MOST = 4096 };

static int parts_of(const elbo_dist *d)
{
    return (int)d->number;
}

static int64_t width_of(const elbo_dist *part)
{
    return part->shape.dim[part->shape.ndim - 1];
}

static elbo_var *independent_log_prob(const elbo_dist *d, elbo_var *x, elbo_var *mask)
{
    elbo_var *sum = NULL;
    int64_t at = 0;
    for (int i = 0; i < parts_of(d); i++) {
        const int64_t width = width_of(&d->components[i]);
        elbo_var *there = mask ? elbo_slice(mask, -1, at, width) : NULL;
        elbo_var *terms = elbo_log_prob(d->components[i], elbo_slice(x, -1, at, width), there);
        sum = sum ? elbo_add(sum, terms) : terms;
        at += width;
    }
    return sum;
}

/* What `of` gives for each part, side by side. */
static elbo_var *side_by_side(const elbo_dist *d, elbo_var *(*of)(const elbo_dist *part))
{
    elbo_var *all[MOST];
    for (int i = 0; i < parts_of(d); i++)
        all[i] = of(&d->components[i]);
    return elbo_concat(all, parts_of(d), -1);
}

static elbo_draw independent_draw(const elbo_dist *d, const char *name, elbo_shape shape, int draw_axis)
{
    elbo_var *all[MOST];
    for (int i = 0; i < parts_of(d); i++) {
        const elbo_dist *part = &d->components[i];
        if (!part->kind->draw)
            return (elbo_draw){
                .z = elbo_graph_fail(d->graph, ELBO_INVALID, "distribution \"%s\" has no draw", part->kind->name)};
        shape.dim[shape.ndim - 1] = width_of(part);
        all[i] = part->kind->draw(part, name, shape, draw_axis).z;
    }
    return (elbo_draw){.z = elbo_concat(all, parts_of(d), -1)};
}

static elbo_var *mean_of(const elbo_dist *part)
{
    return elbo_dist_mean(*part);
}

static elbo_var *independent_mean(const elbo_dist *d)
{
    return side_by_side(d, mean_of);
}

static elbo_var *independent_entropy(const elbo_dist *d)
{
    elbo_var *sum = elbo_entropy(d->components[0]);
    for (int i = 1; i < parts_of(d); i++)
        sum = elbo_add(sum, elbo_entropy(d->components[i]));
    return sum;
}

const elbo_dist_kind elbo_kind_independent = {
    .name = "independent",
    .log_prob = independent_log_prob,
    .draw = independent_draw,
    .mean = independent_mean,
    .entropy = independent_entropy,
};

/* Shares of classes (..., D, C) as (..., D C); else the mean */
static elbo_var *expectation_of(const elbo_dist *part)
{
    if (part->kind != &elbo_kind_classes)
        return elbo_dist_mean(*part);
    elbo_var *shares = elbo_softmax(part->args[0], -1);
    elbo_shape shape = elbo_shape_of(shares);
    shape.dim[shape.ndim - 2] *= shape.dim[shape.ndim - 1];
    shape.ndim--;
    return elbo_reshape(shares, shape);
}

elbo_var *elbo__dist_expectations(const elbo_dist *d)
{
    return d->kind == &elbo_kind_independent ? side_by_side(d, expectation_of) : expectation_of(d);
}

/* Whether shapes agree but for their last axis. */
static bool are_beside(elbo_shape a, elbo_shape b)
{
    if (a.ndim < 1 || b.ndim < 1)
        return false;
    a.ndim--;
    b.ndim--;
    return elbo_shape_equal(&a, &b);
}

elbo_dist elbo_independent(const elbo_dist *parts, int n)
{
    if (n < 1 || !parts[0].kind)
        return (elbo_dist){.kind = NULL};
    elbo_graph *g = parts[0].graph;
    elbo_dist d = {.kind = &elbo_kind_independent, .graph = g, .number = n, .shape = parts[0].shape, .event_rank = 1};
    elbo_dist *own = n <= MOST ? elbo__graph_own(g, elbo__calloc((size_t)n, sizeof *own)) : NULL;
    if (n > MOST)
        elbo_graph_fail(g, ELBO_INVALID, "independent: %d parts; at most %d", n, MOST);
    if (!own)
        return elbo_bernoulli(elbo__harmless(parts[0].args[0]));
    memcpy(own, parts, (size_t)n * sizeof *own);
    d.components = own;
    for (int i = 1; i < n; i++) {
        if (elbo__graph_ok(g) && (!are_beside(d.shape, parts[i].shape) || parts[i].event_rank != 1))
            elbo_graph_fail(g, ELBO_INVALID, "independent: \"%s\" %s does not go beside \"%s\" %s", parts[i].kind->name,
                            elbo_shape_format(&parts[i].shape).text, parts[0].kind->name,
                            elbo_shape_format(&parts[0].shape).text);
        d.shape.dim[d.shape.ndim - 1] += width_of(&parts[i]);
    }
    return d;
}
