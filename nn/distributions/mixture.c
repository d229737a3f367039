/* A mixture of C components of one kind. With `own` the axes of an event that choose a component each (none where all
 * of the event has one) and E those of the components' own event:
 *
 *     logits (B, own, C),  components (B, own, C, E) or without leading axes,  x (B, own, E)
 *
 * Draws stand after the images, as ever. The components lie in d->components, a copy that belongs to the graph. */
#include "../../autograd/op.h"
#include "../../tensor/memory.h"
#include "distribution_private.h"

/* The axes of the event that choose for themselves. */
static int own_axes(const elbo_dist *d)
{
    return d->event_rank - d->components->event_rank;
}

/* The components with parameters of the rank `ndim` of (B, K, own, C, E); one without (C, E) is the same for all. */
static elbo_dist aligned(const elbo_dist *d, int ndim)
{
    elbo_dist c = *d->components;
    const int event = own_axes(d) + 1 + c.event_rank;
    for (int i = 0; i < ELBO_DIST_ARGS; i++) {
        if (!c.args[i] || elbo_ndim(c.args[i]) < 1 + c.event_rank)
            continue;
        for (int axis = elbo_ndim(c.args[i]); axis < event; axis++)
            c.args[i] = elbo_unsqueeze(c.args[i], 0);
        c.args[i] = elbo_align(c.args[i], event, ndim);
    }
    return c;
}

/* log of the weights, of the rank `ndim` of (B, K, own, C) */
static elbo_var *log_weights(const elbo_dist *d, int ndim)
{
    return elbo_align(elbo_log_softmax(d->args[0], -1), own_axes(d) + 1, ndim);
}

/* log sum_c w_c p_c(x) = logsumexp_c (log w_c + log p_c(x)), for each of the own axes. A mask of single values that
 * share a component acts within it, one of values that choose for themselves after it. */
static elbo_var *mixture_log_prob(const elbo_dist *d, elbo_var *x, elbo_var *mask)
{
    const int rank = d->components->event_rank, ndim = elbo_ndim(x);
    elbo_dist c = aligned(d, ndim + 1);
    elbo_var *within = mask && rank > 0 ? elbo_align(mask, d->event_rank, ndim) : NULL;
    if (within)
        within = elbo_unsqueeze(within, elbo_ndim(within) - rank);
    if (!c.kind->log_prob)
        return elbo_graph_fail(d->graph, ELBO_INVALID, "distribution \"mixture\" of \"%s\" has no log_prob",
                               c.kind->name);
    elbo_var *terms = c.kind->log_prob(&c, elbo_unsqueeze(x, ndim - rank), within); /* (B, K, own, C) */
    terms = elbo_logsumexp(elbo_add(terms, log_weights(d, elbo_ndim(terms))), -1);
    return elbo_event_sum(terms, rank > 0 ? NULL : mask, own_axes(d));
}

/* A component is drawn, and then from it: of each parameter what the component has, and no other's noise. */
static elbo_draw mixture_draw(const elbo_dist *d, const char *name, elbo_shape shape, int draw_axis)
{
    const int rank = d->components->event_rank;
    elbo_dist c = aligned(d, shape.ndim + 1);
    if (!c.kind->draw) {
        elbo_var *harmless = elbo_graph_fail(d->graph, ELBO_INVALID, "distribution \"mixture\" of \"%s\" has no draw",
                                             c.kind->name);
        return (elbo_draw){harmless, harmless};
    }
    elbo_shape choice = shape;
    choice.ndim = shape.ndim - rank + 1;
    choice.dim[choice.ndim - 1] = elbo_size(d->args[0], -1);
    elbo_dist which = elbo_categorical(elbo_align(d->args[0], own_axes(d) + 1, choice.ndim));
    elbo_var *one = which.kind->draw(&which, name, choice, draw_axis).z; /* (B, K, own, C) */
    for (int i = 0; i < rank; i++)
        one = elbo_unsqueeze(one, elbo_ndim(one));
    for (int i = 0; i < ELBO_DIST_ARGS; i++)
        if (c.args[i] && elbo_ndim(c.args[i]) == shape.ndim + 1)
            c.args[i] = elbo_sum_axis(elbo_where(one, c.args[i], elbo_constant(d->graph, 0)), shape.ndim - rank);
    c.shape = shape;
    return (elbo_draw){.z = c.kind->draw(&c, name, shape, draw_axis).z};
}

/* sum_c w_c E_c[x] */
static elbo_var *mixture_mean(const elbo_dist *d)
{
    const elbo_dist *c = d->components;
    if (!c->kind->mean)
        return elbo_graph_fail(d->graph, ELBO_INVALID, "distribution \"mixture\" of \"%s\" has no mean", c->kind->name);
    elbo_var *weights = elbo_softmax(d->args[0], -1);
    for (int i = 0; i < c->event_rank; i++)
        weights = elbo_unsqueeze(weights, elbo_ndim(weights));
    return elbo_sum_axis(elbo_mul(weights, c->kind->mean(c)), d->shape.ndim - c->event_rank);
}

const elbo_dist_kind elbo_kind_mixture = {
    .name = "mixture",
    .log_prob = mixture_log_prob,
    .draw = mixture_draw,
    .mean = mixture_mean,
};

/* Whether components (C, E), (own, C, E) or (B, own, C, E) belong to logits (B, own, C). */
static bool belongs(const elbo_shape *logits, const elbo_shape *components, int event_rank)
{
    const int n = components->ndim - event_rank;
    bool same = n >= 1 && n <= logits->ndim;
    for (int i = 1; same && i <= n; i++)
        same = components->dim[n - i] == logits->dim[logits->ndim - i];
    return same;
}

elbo_dist elbo_mixture(elbo_var *logits, elbo_dist components)
{
    if (!logits || !components.kind)
        return (elbo_dist){.kind = NULL};
    elbo_graph *g = elbo_graph_of(logits);
    const elbo_shape weights = elbo_shape_of(logits), of = components.shape;
    const int rank = components.event_rank;
    elbo_dist d = {.kind = &elbo_kind_mixture, .graph = g, .args = {logits}, .event_rank = rank > 0 ? rank : 1};
    elbo_dist *own = elbo__graph_own(g, elbo__calloc(1, sizeof *own));
    if (!own)
        return elbo_bernoulli(elbo__harmless(logits));
    d.components = own;
    *own = components;
    if (components.components)
        elbo_graph_fail(g, ELBO_INVALID, "mixture: its components are mixtures");
    if (elbo__graph_ok(g) && (weights.ndim < 2 || !belongs(&weights, &of, rank)))
        elbo_graph_fail(g, ELBO_INVALID,
                        "mixture: logits %s and components %s of \"%s\" with event_rank %d, expected (B, ..., C) "
                        "and (..., C) followed by the event",
                        elbo_shape_format(&weights).text, elbo_shape_format(&of).text, components.kind->name, rank);
    d.shape = weights; /* (B, own, C) -> (B, own, E) */
    d.shape.ndim = weights.ndim > 0 ? weights.ndim - 1 : 0;
    for (int i = of.ndim - rank; i >= 0 && i < of.ndim && d.shape.ndim < ELBO_MAX_RANK; i++)
        d.shape.dim[d.shape.ndim++] = of.dim[i];
    return d;
}
