/* A categorical distribution whose x are numbers in place of one-hot rows: log p(x), draws and all else are those of
 * elbo_categorical, over one axis more. */
#include "distribution_private.h"

/* The distance of two levels: number / (C - 1) */
static double step_of(const elbo_dist *d)
{
    const int64_t levels = elbo_size(d->args[0], -1);
    return levels > 1 ? d->number / (double)(levels - 1) : 1;
}

/* The one of one-hot rows: x (..., D, C) */
static elbo_dist one_hot(const elbo_dist *d)
{
    elbo_dist c = elbo_categorical(d->args[0]);
    c.event_rank = d->event_rank + 1;
    return c;
}

/* sum_c weight_c times level c: (..., C) -> (...) */
static elbo_var *weighted(const elbo_dist *d, elbo_var *weight)
{
    elbo_var *level = elbo_scale(elbo_arange(d->graph, elbo_size(weight, -1)), step_of(d));
    return elbo_sum_axis(elbo_mul(weight, level), -1);
}

static elbo_var *levels_log_prob(const elbo_dist *d, elbo_var *x, elbo_var *mask)
{
    elbo_var *level = elbo_round(elbo_scale(elbo_clamp(x, 0, d->number), 1 / step_of(d)));
    return elbo_log_prob(one_hot(d), elbo_one_hot(level, elbo_size(d->args[0], -1)), mask);
}

static elbo_draw levels_draw(const elbo_dist *d, const char *name, elbo_shape shape, int draw_axis)
{
    const elbo_dist c = one_hot(d);
    if (shape.ndim == ELBO_MAX_RANK)
        return (elbo_draw){.z = elbo_graph_fail(d->graph, ELBO_INVALID,
                                                "draw \"%s\": no room for the axis of levels in %s", name,
                                                elbo_shape_format(&shape).text)};
    shape.dim[shape.ndim++] = elbo_size(d->args[0], -1);
    return (elbo_draw){.z = weighted(d, c.kind->draw(&c, name, shape, draw_axis).z)};
}

static elbo_var *levels_mean(const elbo_dist *d)
{
    return weighted(d, elbo_softmax(d->args[0], -1));
}

static elbo_var *levels_entropy(const elbo_dist *d)
{
    return elbo_entropy(one_hot(d));
}

static elbo_var *levels_kl(const elbo_dist *q, const elbo_dist *p)
{
    if (p->kind != q->kind || p->event_rank != q->event_rank)
        return NULL;
    return elbo_sum_axis(elbo_kl_dims(one_hot(q), one_hot(p)), -1);
}

/* The number of the most likely one, of two alike the lower */
static elbo_var *most_likely(const elbo_dist *d)
{
    return elbo_cast(elbo_argmax(d->args[0], -1));
}

const elbo_dist_kind elbo_kind_levels = {
    .name = "levels",
    .log_prob = levels_log_prob,
    .draw = levels_draw,
    .mean = levels_mean,
    .entropy = levels_entropy,
    .kl = levels_kl,
};

const elbo_dist_kind elbo_kind_classes = {
    .name = "classes",
    .log_prob = levels_log_prob,
    .draw = levels_draw,
    .mean = most_likely,
    .entropy = levels_entropy,
    .kl = levels_kl,
};

/* logits (..., D, C) */
static elbo_dist of_logits(const elbo_dist_kind *kind, elbo_var *logits, double greatest)
{
    elbo_shape shape = elbo_shape_of(logits);
    if (shape.ndim < 2)
        elbo_graph_fail(elbo_graph_of(logits), ELBO_INVALID, "%s: logits %s; expected (B, ..., C)", kind->name,
                        elbo_shape_format(&shape).text);
    else
        shape.ndim--;
    elbo_dist d = elbo_dist_of(kind, shape, logits);
    d.number = greatest;
    return d;
}

elbo_dist elbo_levels(elbo_var *logits)
{
    return of_logits(&elbo_kind_levels, logits, 1);
}

elbo_dist elbo_classes(elbo_var *logits)
{
    return of_logits(&elbo_kind_classes, logits, (double)(elbo_size(logits, -1) - 1));
}
