#include "distribution.h"

#include <math.h>

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

/* The number of single values in an event. */
static double event_size(const elbo_shape *shape, int event_rank)
{
    double size = 1;
    for (int i = 0; i < event_rank && i < shape->ndim; i++)
        size *= (double)shape->dim[shape->ndim - 1 - i];
    return size;
}

static elbo_dist dist_of(const elbo_dist_kind *kind, elbo_var *first)
{
    return (elbo_dist){
        .kind = kind, .graph = elbo_graph_of(first), .args = {first}, .shape = elbo_shape_of(first), .event_rank = 1};
}

/* The common rank of two distributions' terms: the one that has draws decides. */
static int common_rank(const elbo_dist *a, const elbo_dist *b)
{
    return a->shape.ndim > b->shape.ndim ? a->shape.ndim : b->shape.ndim;
}

/* ---- normal ------------------------------------------------------------------------------------------------------ */

/* Its parameters aligned to `ndim` axes. What is NULL is the same for all: mean 0, variance d->number. */
typedef struct {
    elbo_var *mean, *logvar;
    double variance;
} normal_args;

static normal_args normal_of(const elbo_dist *d, int ndim)
{
    return (normal_args){.mean = d->args[0] ? elbo_align(d->args[0], d->event_rank, ndim) : NULL,
                         .logvar = d->args[1] ? elbo_align(d->args[1], d->event_rank, ndim) : NULL,
                         .variance = d->number};
}

/* -1/2 ((x - m)^2 / s^2 + log s^2 + log 2 pi) */
static elbo_var *normal_log_prob(const elbo_dist *d, elbo_var *x, elbo_var *mask)
{
    normal_args a = normal_of(d, elbo_ndim(x));
    elbo_var *square = elbo_square(a.mean ? elbo_sub(x, a.mean) : x);
    if (a.logvar) {
        elbo_var *scaled = elbo_mul(square, elbo_exp(elbo_neg(a.logvar)));
        elbo_var *terms = elbo_scale(elbo_shift(elbo_add(scaled, a.logvar), log(2 * M_PI)), -0.5);
        return elbo_event_sum(terms, mask, d->event_rank);
    }
    double factor = -0.5 / a.variance, constant = -0.5 * log(2 * M_PI * a.variance);
    if (mask)
        return elbo_event_sum(elbo_shift(elbo_scale(square, factor), constant), mask, d->event_rank);
    return elbo_shift(elbo_scale(elbo_event_sum(square, NULL, d->event_rank), factor),
                      constant * event_size(&d->shape, d->event_rank));
}

/* z = m + s e; log q(z) = -1/2 (e^2 + log s^2 + log 2 pi), from e rather than from (z - m) / s, which would round */
static elbo_draw normal_draw(const elbo_dist *d, const char *name, elbo_shape shape, int draw_axis)
{
    normal_args a = normal_of(d, shape.ndim);
    elbo_var *e = elbo_random_normal(d->graph, name, shape, draw_axis), *terms = elbo_square(e), *z = e;
    double constant = log(2 * M_PI);
    if (a.logvar) {
        z = elbo_mul(elbo_exp(elbo_scale(a.logvar, 0.5)), z);
        terms = elbo_add(terms, a.logvar);
    } else if (a.variance != 1) {
        z = elbo_scale(z, sqrt(a.variance));
        constant += log(a.variance);
    }
    if (a.mean)
        z = elbo_add(a.mean, z);
    terms = elbo_scale(elbo_shift(terms, constant), -0.5);
    return (elbo_draw){.z = z, .log_prob = elbo_event_sum(terms, NULL, d->event_rank)};
}

static elbo_var *normal_mean(const elbo_dist *d)
{
    return d->args[0] ? d->args[0] : elbo_expand(elbo_constant(d->graph, 0), d->shape);
}

/* 1/2 (log s^2 + 1 + log 2 pi) */
static elbo_var *normal_entropy(const elbo_dist *d)
{
    elbo_var *logvar = d->args[1] ? d->args[1] : elbo_constant(d->graph, log(d->number));
    elbo_var *terms = elbo_scale(elbo_shift(logvar, 1 + log(2 * M_PI)), 0.5);
    return elbo_event_sum(elbo_expand(terms, d->shape), NULL, d->event_rank);
}

/* 1/2 (((m - n)^2 + s^2) / t^2 - 1 - log s^2 + log t^2) for q = N(m, s^2), p = N(n, t^2) */
static elbo_var *normal_kl(const elbo_dist *qd, const elbo_dist *pd)
{
    if (pd->kind != &elbo_kind_normal || pd->event_rank != qd->event_rank)
        return NULL;
    int ndim = common_rank(qd, pd);
    normal_args q = normal_of(qd, ndim), p = normal_of(pd, ndim);
    elbo_graph *g = qd->graph;
    elbo_var *q_logvar = q.logvar ? q.logvar : elbo_constant(g, log(q.variance));
    elbo_var *second = q.logvar ? elbo_exp(q.logvar) : elbo_constant(g, q.variance); /* E_q[(z - n)^2] */
    elbo_var *shift = q.mean && p.mean ? elbo_sub(q.mean, p.mean) : q.mean ? q.mean : p.mean;
    if (shift)
        second = elbo_add(elbo_square(shift), second);
    if (p.logvar)
        second = elbo_add(elbo_mul(second, elbo_exp(elbo_neg(p.logvar))), p.logvar);
    else if (p.variance != 1)
        second = elbo_shift(elbo_scale(second, 1 / p.variance), log(p.variance));
    elbo_var *terms = elbo_scale(elbo_shift(elbo_sub(second, q_logvar), -1), 0.5);
    return elbo_expand(terms, qd->shape.ndim == ndim ? qd->shape : pd->shape);
}

const elbo_dist_kind elbo_kind_normal = {
    .name = "normal",
    .reparametrised = true,
    .log_prob = normal_log_prob,
    .draw = normal_draw,
    .mean = normal_mean,
    .entropy = normal_entropy,
    .kl = normal_kl,
};

elbo_dist elbo_normal(elbo_var *mean, elbo_var *logvar)
{
    elbo_dist d = dist_of(&elbo_kind_normal, mean);
    elbo_shape a = elbo_shape_of(mean), b = elbo_shape_of(logvar);
    if (!elbo_shape_equal(&a, &b))
        elbo_graph_fail(d.graph, ELBO_INVALID, "normal: mean %s and log-variance %s differ in shape",
                        elbo_shape_format(&a).text, elbo_shape_format(&b).text);
    d.args[1] = logvar;
    return d;
}

elbo_dist elbo_normal_fixed(elbo_var *mean, double variance)
{
    elbo_dist d = dist_of(&elbo_kind_normal, mean);
    if (!(variance > 0) || isinf(variance))
        elbo_graph_fail(d.graph, ELBO_INVALID, "normal: variance %g is not a positive number", variance);
    d.number = variance;
    return d;
}

elbo_dist elbo_standard_normal(elbo_graph *graph, elbo_shape shape)
{
    return (elbo_dist){.kind = &elbo_kind_normal, .graph = graph, .number = 1, .shape = shape, .event_rank = 1};
}

elbo_var *elbo_normal_logvar(elbo_dist d)
{
    if (d.kind != &elbo_kind_normal)
        return NULL;
    return d.args[1] ? d.args[1] : elbo_expand(elbo_constant(d.graph, log(d.number)), d.shape);
}

/* ---- Bernoulli --------------------------------------------------------------------------------------------------- */

/* log p(x) = x l - log(1 + e^l): finite for any logit l */
static elbo_var *bernoulli_log_prob(const elbo_dist *d, elbo_var *x, elbo_var *mask)
{
    elbo_var *l = elbo_align(d->args[0], d->event_rank, elbo_ndim(x));
    return elbo_event_sum(elbo_sub(elbo_mul(x, l), elbo_softplus(l)), mask, d->event_rank);
}

static elbo_draw bernoulli_draw(const elbo_dist *d, const char *name, elbo_shape shape, int draw_axis)
{
    elbo_var *p = elbo_sigmoid(elbo_align(d->args[0], d->event_rank, shape.ndim));
    return (elbo_draw){.z = elbo_less(elbo_random_uniform(d->graph, name, shape, draw_axis), p)};
}

static elbo_var *bernoulli_mean(const elbo_dist *d)
{
    return elbo_sigmoid(d->args[0]);
}

/* |l| sigmoid(-|l|) + log(1 + e^-|l|): even in l, and no difference of large numbers */
static elbo_var *bernoulli_entropy(const elbo_dist *d)
{
    elbo_var *size = elbo_abs(d->args[0]), *minus = elbo_neg(size);
    return elbo_event_sum(elbo_add(elbo_mul(size, elbo_sigmoid(minus)), elbo_softplus(minus)), NULL, d->event_rank);
}

/* sigmoid(a) (a - b) - log(1 + e^a) + log(1 + e^b) for logits a of q and b of p */
static elbo_var *bernoulli_kl(const elbo_dist *q, const elbo_dist *p)
{
    if (p->kind != &elbo_kind_bernoulli || p->event_rank != q->event_rank)
        return NULL;
    elbo_var *a = elbo_align(q->args[0], q->event_rank, common_rank(q, p));
    elbo_var *b = elbo_align(p->args[0], p->event_rank, common_rank(q, p));
    return elbo_add(elbo_mul(elbo_sigmoid(a), elbo_sub(a, b)), elbo_sub(elbo_softplus(b), elbo_softplus(a)));
}

const elbo_dist_kind elbo_kind_bernoulli = {
    .name = "bernoulli",
    .log_prob = bernoulli_log_prob,
    .draw = bernoulli_draw,
    .mean = bernoulli_mean,
    .entropy = bernoulli_entropy,
    .kl = bernoulli_kl,
};

elbo_dist elbo_bernoulli(elbo_var *logits)
{
    return dist_of(&elbo_kind_bernoulli, logits);
}

/* ---- categorical ------------------------------------------------------------------------------------------------- */

/* Sum over classes of weight log p, then over the event's other axes. */
static elbo_var *class_sum(elbo_var *weight, elbo_var *log_p, elbo_var *mask, int event_rank)
{
    return elbo_event_sum(elbo_sum_axis(elbo_mul(weight, log_p), -1), mask, event_rank - 1);
}

static elbo_var *categorical_log_prob(const elbo_dist *d, elbo_var *x, elbo_var *mask)
{
    elbo_var *l = elbo_align(d->args[0], d->event_rank, elbo_ndim(x));
    return class_sum(x, elbo_log_softmax(l, -1), mask, d->event_rank);
}

/* The class of the largest logit + Gumbel noise -log(-log u) (Gumbel 1954; Maddison et al., arXiv:1411.0030) */
static elbo_draw categorical_draw(const elbo_dist *d, const char *name, elbo_shape shape, int draw_axis)
{
    elbo_var *l = elbo_align(d->args[0], d->event_rank, shape.ndim);
    elbo_var *u = elbo_random_uniform(d->graph, name, shape, draw_axis);
    elbo_var *noisy = elbo_sub(l, elbo_log(elbo_neg(elbo_log(u))));
    return (elbo_draw){.z = elbo_one_hot(elbo_argmax(noisy, -1), elbo_size(l, -1))};
}

static elbo_var *categorical_mean(const elbo_dist *d)
{
    return elbo_softmax(d->args[0], -1);
}

static elbo_var *categorical_entropy(const elbo_dist *d)
{
    elbo_var *log_p = elbo_log_softmax(d->args[0], -1);
    return elbo_neg(class_sum(elbo_exp(log_p), log_p, NULL, d->event_rank));
}

static elbo_var *categorical_kl(const elbo_dist *q, const elbo_dist *p)
{
    if (p->kind != &elbo_kind_categorical || p->event_rank != q->event_rank)
        return NULL;
    elbo_var *a = elbo_log_softmax(elbo_align(q->args[0], q->event_rank, common_rank(q, p)), -1);
    elbo_var *b = elbo_log_softmax(elbo_align(p->args[0], p->event_rank, common_rank(q, p)), -1);
    return elbo_mul(elbo_exp(a), elbo_sub(a, b));
}

const elbo_dist_kind elbo_kind_categorical = {
    .name = "categorical",
    .log_prob = categorical_log_prob,
    .draw = categorical_draw,
    .mean = categorical_mean,
    .entropy = categorical_entropy,
    .kl = categorical_kl,
};

elbo_dist elbo_categorical(elbo_var *logits)
{
    return dist_of(&elbo_kind_categorical, logits);
}

/* ---- questions --------------------------------------------------------------------------------------------------- */

/* The harmless node, and an error that names the kind. */
static elbo_var *lacks(const elbo_dist *d, const char *what)
{
    return elbo_graph_fail(d->graph, ELBO_INVALID, "distribution \"%s\" has no %s", d->kind->name, what);
}

elbo_var *elbo_log_prob(elbo_dist d, elbo_var *x, elbo_var *mask)
{
    if (!d.kind->log_prob)
        return lacks(&d, "log_prob");
    return d.kind->log_prob(&d, elbo_align(x, d.event_rank, d.shape.ndim), mask);
}

/* (B, Z) with K draws: (B, K, Z), the draw standing before the event */
static elbo_draw draw(elbo_dist *d, const char *name, int draws)
{
    elbo_shape shape = d->shape;
    int axis = shape.ndim - d->event_rank;
    if (draws <= 0)
        return d->kind->draw(d, name, shape, -1);
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
    if (!drawn.log_prob)
        drawn.log_prob = elbo_log_prob(d, drawn.z, NULL);
    return drawn;
}

elbo_draw elbo_sample(elbo_dist d, const char *name, int draws)
{
    if (!d.kind->draw) {
        elbo_var *harmless = lacks(&d, "draw");
        return (elbo_draw){harmless, harmless};
    }
    elbo_var *z = elbo_detach(draw(&d, name, draws).z);
    return (elbo_draw){.z = z, .log_prob = elbo_log_prob(d, z, NULL)};
}

elbo_var *elbo_dist_mean(elbo_dist d)
{
    return d.kind->mean ? d.kind->mean(&d) : lacks(&d, "mean");
}

elbo_var *elbo_entropy(elbo_dist d)
{
    return d.kind->entropy ? d.kind->entropy(&d) : lacks(&d, "entropy");
}

bool elbo_kl_closed(elbo_dist q, elbo_dist p)
{
    return q.kind->kl && q.kind->kl(&q, &p);
}

elbo_var *elbo_kl_dims(elbo_dist q, elbo_dist p)
{
    elbo_var *terms = q.kind->kl ? q.kind->kl(&q, &p) : NULL;
    if (!terms)
        return elbo_graph_fail(q.graph, ELBO_INVALID, "KL(%s || %s) has no closed form", q.kind->name, p.kind->name);
    return terms;
}

elbo_var *elbo_kl(elbo_dist q, elbo_dist p, const elbo_draw *drawn)
{
    elbo_var *terms = q.kind->kl ? q.kind->kl(&q, &p) : NULL;
    if (terms)
        return elbo_event_sum(terms, NULL, q.event_rank);
    if (!drawn)
        return elbo_graph_fail(q.graph, ELBO_INVALID, "KL(%s || %s) has no closed form and needs a draw", q.kind->name,
                               p.kind->name);
    return elbo_sub(drawn->log_prob, elbo_log_prob(p, drawn->z, NULL));
}
