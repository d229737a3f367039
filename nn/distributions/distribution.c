#include "distribution_private.h"

#include <string.h>

/* ---- shapes ------------------------------------------------------------------------------------------------------ */

elbo_var *elbo_align(elbo_var *x, int event_rank, int ndim)
{
    elbo_shape from = elbo_shape_of(x), to = from;
    int missing = ndim - from.ndim, batch = from.ndim - event_rank;
    if (missing <= 0 || batch < 0 || ndim > ELBO_MAX_RANK)
        return x;
    to.ndim = ndim;
    for (int i = batch; i < ndim; i++)
        to.dim[i] = i < batch + missing ? 1 : from.dim[i - missing];
    return elbo_reshape(x, to);
}

elbo_var *elbo_event_sum(elbo_var *terms, elbo_var *mask, int event_rank)
{
    int axes[ELBO_MAX_RANK], ndim = elbo_ndim(terms);
    if (mask)
        terms = elbo_mul(terms, elbo_align(mask, event_rank, ndim));
    for (int i = 0; i < event_rank; i++)
        axes[i] = ndim - event_rank + i;
    return event_rank > 0 ? elbo_sum(terms, axes, event_rank, false) : terms;
}

elbo_dist elbo_dist_with(const elbo_dist_kind *kind, elbo_shape shape, elbo_var *const *args)
{
    if (!args[0])
        return (elbo_dist){.kind = NULL};
    elbo_dist d = {.kind = kind, .graph = elbo_graph_of(args[0]), .shape = shape, .event_rank = 1};
    memcpy(d.args, args, sizeof d.args);
    return d;
}

void elbo__dist_check(const elbo_dist *d, elbo_var *another)
{
    const elbo_shape shape = elbo_shape_of(another);
    if (!elbo_shape_equal(&d->shape, &shape))
        elbo_graph_fail(d->graph, ELBO_INVALID, "%s: parameters %s and %s differ in shape", d->kind->name,
                        elbo_shape_format(&d->shape).text, elbo_shape_format(&shape).text);
}

elbo_dist elbo__dist_of_pair(const elbo_dist_kind *kind, elbo_var *first, elbo_var *second)
{
    const elbo_dist d = elbo_dist_of(kind, elbo_shape_of(first), first, second);
    elbo__dist_check(&d, second);
    return d;
}

int elbo__common_rank(const elbo_dist *a, const elbo_dist *b)
{
    return a->shape.ndim > b->shape.ndim ? a->shape.ndim : b->shape.ndim;
}

/* ---- questions --------------------------------------------------------------------------------------------------- */

static const char *name_of(const elbo_dist_kind *kind)
{
    return kind->name ? kind->name : "without a name";
}

/* The harmless node, and an error that names the kind. */
static elbo_var *lacks(const elbo_dist *d, const char *what)
{
    return elbo_graph_fail(d->graph, ELBO_INVALID, "distribution \"%s\" has no %s", name_of(d->kind), what);
}

elbo_var *elbo_log_prob(elbo_dist d, elbo_var *x, elbo_var *mask)
{
    if (!d.kind)
        return elbo_graph_fail(elbo_graph_of(x), ELBO_INVALID, "log_prob: of no distribution");
    if (!d.kind->log_prob)
        return lacks(&d, "log_prob");
    x = elbo_align(x, d.event_rank, d.shape.ndim);
    elbo_var *terms = d.kind->log_prob(&d, x, mask);
    const elbo_shape shape = elbo_shape_of(terms), of_x = elbo_shape_of(x);
    if (shape.ndim != of_x.ndim - d.event_rank)
        return elbo_graph_fail(d.graph, ELBO_INVALID,
                               "distribution \"%s\": log_prob of x %s is of shape %s; expected a number for each event "
                               "of rank %d (elbo_event_sum)",
                               name_of(d.kind), elbo_shape_format(&of_x).text, elbo_shape_format(&shape).text,
                               d.event_rank);
    return terms;
}

/* (B, Z) with K draws: (B, K, Z), the draw standing before the event */
static elbo_draw draw(elbo_dist *d, const char *name, int draws)
{
    elbo_shape shape = d->shape;
    int axis = shape.ndim - d->event_rank;
    if (draws <= 0) /* parameters (B, K, Z) have draws already */
        return d->kind->draw(d, name, shape, axis == 2 ? 1 : -1);
    if (axis < 1 || shape.ndim == ELBO_MAX_RANK) {
        elbo_var *harmless = elbo_graph_fail(d->graph, ELBO_INVALID, "draw \"%s\": no room for a draw axis in %s", name,
                                             elbo_shape_format(&shape).text);
        return (elbo_draw){harmless, harmless};
    }
    for (int i = shape.ndim++; i > axis; i--)
        shape.dim[i] = shape.dim[i - 1];
    shape.dim[axis] = draws;
    return d->kind->draw(d, name, shape, axis);
}

elbo_draw elbo_rsample(elbo_dist d, const char *name, int draws)
{
    if (!d.kind->draw || !d.kind->reparametrised) {
        elbo_var *harmless = lacks(&d, "reparametrised draw");
        return (elbo_draw){harmless, harmless};
    }
    elbo_draw drawn = draw(&d, name, draws);
    if (!drawn.log_prob && d.kind->log_prob)
        drawn.log_prob = elbo_log_prob(d, drawn.z, NULL);
    return drawn;
}

elbo_var *elbo_sample(elbo_dist d, const char *name, int draws)
{
    return d.kind->draw ? elbo_detach(draw(&d, name, draws).z) : lacks(&d, "draw");
}

elbo_dist elbo_dist_detach(elbo_dist d)
{
    for (int i = 0; i < ELBO_DIST_ARGS; i++)
        d.args[i] = d.args[i] ? elbo_detach(d.args[i]) : NULL;
    return d; /* the components of a mixture, which nothing is drawn from with a derivative, stay as they are */
}

elbo_var *elbo_dist_mean(elbo_dist d)
{
    return d.kind->mean ? d.kind->mean(&d) : lacks(&d, "mean");
}

elbo_var *elbo_entropy(elbo_dist d)
{
    return d.kind->entropy ? d.kind->entropy(&d) : lacks(&d, "entropy");
}

/* NULL: no closed form */
static elbo_var *kl_in_closed_form(const elbo_dist *q, const elbo_dist *p)
{
    elbo_var *terms = q->kind->kl ? q->kind->kl(q, p) : NULL;
    if (terms)
        return elbo_event_sum(terms, NULL, q->event_rank);
    return q->kind->kl_event ? q->kind->kl_event(q, p) : NULL;
}

bool elbo_kl_closed(elbo_dist q, elbo_dist p)
{
    return kl_in_closed_form(&q, &p) != NULL;
}

elbo_var *elbo_kl_dims(elbo_dist q, elbo_dist p)
{
    elbo_var *terms = q.kind->kl ? q.kind->kl(&q, &p) : NULL;
    if (!terms)
        return elbo_graph_fail(q.graph, ELBO_INVALID, "KL(%s || %s) has no closed form%s", name_of(q.kind),
                               name_of(p.kind), elbo_kl_closed(q, p) ? " for each dimension" : "");
    return terms;
}

elbo_var *elbo_kl(elbo_dist q, elbo_dist p, const elbo_draw *drawn)
{
    elbo_var *closed = kl_in_closed_form(&q, &p);
    if (closed)
        return closed;
    if (!drawn)
        return elbo_graph_fail(q.graph, ELBO_INVALID, "KL(%s || %s) has no closed form and needs a draw",
                               name_of(q.kind), name_of(p.kind));
    return elbo_sub(drawn->log_prob, elbo_log_prob(p, drawn->z, NULL));
}
