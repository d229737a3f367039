#include "optim.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#include "../../autograd/op.h"
#include "../../tensor/elementwise.h"
#include "../../tensor/memory.h"

/* ---- rules ------------------------------------------------------------------------------------------------------- */

/* The slab `name` of the updated parameter; two optimisers on one tensor have slabs of their own. */
static elbo_var *moment(const elbo_update *u, const char *name)
{
    if (!u->optim->slab)
        return elbo_slab(u->w, name);
    char *own = elbo__format("%s.%s", u->optim->slab, name);
    if (!own)
        return elbo_graph_fail(elbo_graph_of(u->w), ELBO_NO_MEMORY, "out of memory");
    elbo_var *slab = elbo_slab(u->w, own);
    elbo__free(own);
    return slab;
}

static void store(const elbo_update *u, elbo_var *state, elbo_var *value)
{
    if (u->ok)
        elbo_assign_if(u->ok, state, value);
    else
        elbo_assign(state, value);
}

/* The gradient of loss + weight_decay / 2 |w|^2 */
static elbo_var *penalised(const elbo_update *u)
{
    double decay = u->optim->weight_decay;
    return decay > 0 ? elbo_add(u->g, elbo_scale(u->w, decay)) : u->g;
}

static void sgd(const elbo_update *u)
{
    elbo_var *v = penalised(u);
    if (u->optim->momentum > 0) {
        elbo_var *velocity = moment(u, "sgd.velocity");
        v = elbo_add(elbo_scale(velocity, u->optim->momentum), v);
        store(u, velocity, v);
    }
    store(u, u->w, elbo_sub(u->w, elbo_mul(u->lr, v)));
}

/* 1 - b^t () without the cancellation for b near 1 */
static elbo_var *correction(elbo_var *t, double b)
{
    return elbo_neg(elbo_expm1(elbo_scale(t, log(b))));
}

/* Moves `from` along Adam's direction for gradient g. With the corrections c1 = 1 - b1^t and c2 = 1 - b2^t, lr (m / c1)
 * / (sqrt(v / c2) + eps) = (lr sqrt(c2) / c1) m / (sqrt(v) + eps sqrt(c2)): what is computed for each weight is least
 * that way. */
static void adam_from(const elbo_update *u, elbo_var *g, elbo_var *from)
{
    const elbo_optim *o = u->optim;
    elbo_var *m_state = moment(u, "adam.m"), *v_state = moment(u, "adam.v");
    elbo_var *m = elbo_add(m_state, elbo_scale(elbo_sub(g, m_state), 1 - o->beta1));
    elbo_var *v = elbo_add(v_state, elbo_scale(elbo_sub(elbo_square(g), v_state), 1 - o->beta2));
    elbo_var *root_scale = elbo_sqrt(correction(u->step, o->beta2));
    elbo_var *rate = elbo_div(elbo_mul(u->lr, root_scale), correction(u->step, o->beta1));
    elbo_var *eps = elbo_scale(root_scale, o->eps);
    store(u, m_state, m);
    store(u, v_state, v);
    store(u, u->w, elbo_sub(from, elbo_mul(rate, elbo_div(m, elbo_add(elbo_sqrt(v), eps)))));
}

static void adam(const elbo_update *u)
{
    adam_from(u, penalised(u), u->w);
}

static void adamw(const elbo_update *u)
{
    elbo_var *w = u->w;
    if (u->optim->weight_decay > 0)
        w = elbo_sub(w, elbo_mul(elbo_scale(u->lr, u->optim->weight_decay), w));
    adam_from(u, u->g, w);
}

static void adamax(const elbo_update *u)
{
    const elbo_optim *o = u->optim;
    elbo_var *m_state = moment(u, "adamax.m"), *u_state = moment(u, "adamax.u"), *g = penalised(u);
    elbo_var *m = elbo_add(m_state, elbo_scale(elbo_sub(g, m_state), 1 - o->beta1));
    elbo_var *most = elbo_maximum(elbo_scale(u_state, o->beta2), elbo_shift(elbo_abs(g), o->eps));
    elbo_var *rate = elbo_div(u->lr, correction(u->step, o->beta1));
    store(u, m_state, m);
    store(u, u_state, most);
    store(u, u->w, elbo_sub(u->w, elbo_mul(rate, elbo_div(m, most))));
}

static void rmsprop(const elbo_update *u)
{
    const elbo_optim *o = u->optim;
    elbo_var *v_state = moment(u, "rmsprop.v"), *g = penalised(u);
    elbo_var *v = elbo_add(v_state, elbo_scale(elbo_sub(elbo_square(g), v_state), 1 - o->decay));
    store(u, v_state, v);
    store(u, u->w, elbo_sub(u->w, elbo_mul(u->lr, elbo_div(g, elbo_shift(elbo_sqrt(v), o->eps)))));
}

/* One list for both tables. */
#define OPTIMISERS(ROW) ROW(sgd, false) ROW(adam, true) ROW(adamw, true) ROW(adamax, true) ROW(rmsprop, false)
#define ENTRY(name, counts) {#name, name, counts},
#define NAME(name, counts) #name,
const elbo_optimiser elbo_optimisers[] = {OPTIMISERS(ENTRY){NULL, NULL, false}};
const char *const elbo_optimiser_names[] = {OPTIMISERS(NAME) NULL};

/* ---- one step ---------------------------------------------------------------------------------------------------- */

/* Euclidean norm () of all gradients together. Each is summed along one axis first, so that a large one is shared out
 * among the threads: matrices along the axis that they lie in memory by. */
static elbo_var *global_norm(elbo_graph *g, elbo_var *const *grads, int n)
{
    elbo_var *sum = elbo_constant(g, 0);
    for (int i = 0; i < n; i++) {
        elbo_var *square = elbo_square(grads[i]);
        if (elbo_ndim(square) == 2)
            square = elbo_sum_axis(square, 0);
        else if (elbo_ndim(square) > 2)
            square = elbo_sum_axis(elbo_reshape(square, ELBO_SHAPE(elbo_size(square, 0), -1)), 1);
        sum = elbo_add(sum, elbo_sum_all(square));
    }
    return elbo_sqrt(sum);
}

/* 1 when a bound on all gradients is finite, and they with it; 0 otherwise */
static elbo_var *all_finite(elbo_graph *g, elbo_var *const *grads, int n)
{
    elbo_var *sum = elbo_constant(g, 0), *vector = NULL;
    for (int i = 0; i < n; i++) {
        elbo_var *b = elbo__magnitude(grads[i]);
        elbo_shape shape = elbo_shape_of(b), like = vector ? elbo_shape_of(vector) : shape;
        if (elbo_shape_equal(&shape, &like))
            vector = vector ? elbo_add(vector, b) : b; /* one for each image, as a rule */
        else
            sum = elbo_add(sum, elbo_sum_all(b));
    }
    return elbo_isfinite(vector ? elbo_add(sum, elbo_sum_all(vector)) : sum);
}

/* The first entry () of x */
static elbo_var *first_of(elbo_var *x)
{
    for (int axis = 0; axis < elbo_ndim(x); axis++)
        x = elbo_slice(x, axis, 0, 1);
    return elbo_reshape(x, ELBO_SCALAR);
}

/* How many updates of these parameters this one makes (), if it is made: counted at the smallest of them, since a set
 * has slabs of its own layout only. */
static elbo_var *count_updates(elbo_update *u, elbo_var *const *params, int n)
{
    u->w = NULL;
    for (int i = 0; i < n; i++) {
        const elbo_shape shape = elbo_shape_of(params[i]), least = u->w ? elbo_shape_of(u->w) : shape;
        if (elbo_shape_size(&shape) > 0 && (!u->w || elbo_shape_size(&shape) < elbo_shape_size(&least)))
            u->w = params[i];
    }
    if (!u->w)
        return elbo_scalar(elbo_graph_of(u->lr), "step");
    elbo_var *count = moment(u, "adam.updates"), *next = elbo_shift(count, 1);
    store(u, count, next);
    return first_of(next);
}

const elbo_optimiser *elbo_optimiser_find(const char *name)
{
    for (const elbo_optimiser *o = elbo_optimisers; o->name; o++)
        if (strcmp(o->name, name) == 0)
            return o;
    return NULL;
}

static elbo_optim with_defaults(const elbo_optim *optim)
{
    elbo_optim o = *optim;
    o.name = o.name ? o.name : "adam";
    o.beta1 = o.beta1 > 0 ? o.beta1 : o.beta1 < 0 ? 0 : 0.9;
    o.beta2 = o.beta2 > 0 ? o.beta2 : 0.999;
    o.decay = o.decay > 0 ? o.decay : 0.99;
    o.eps = o.eps > 0 ? o.eps : 1e-8;
    return o;
}

elbo_optim_report elbo_apply_gradients(elbo_graph *g, elbo_var *const *params, elbo_var *const *grads, int n,
                                       const elbo_optim *optim)
{
    elbo_optim o = with_defaults(optim);
    elbo_optim_report report = {NULL, NULL};
    const elbo_optimiser *rule = elbo_optimiser_find(o.name);
    if (!rule) {
        elbo_graph_fail(g, ELBO_INVALID, "no optimiser \"%s\"", o.name);
        return report;
    }
    elbo_update u = {.optim = &o, .ok = o.when, .lr = o.lr ? o.lr : elbo_scalar(g, "lr")};
    elbo_var *factor = NULL, *clip = elbo_constant(g, o.clip_norm);
    if (o.clip_norm > 0)
        report.norm = global_norm(g, grads, n);
    if (o.skip_nonfinite) {
        elbo_var *finite = all_finite(g, grads, n);
        report.skipped = elbo_sub(elbo_constant(g, 1), finite);
        u.ok = o.when ? elbo_mul(o.when, finite) : finite;
    }
    if (o.clip_norm > 0) /* min(1, clip / norm), also where the norm is 0 */
        factor = elbo_div(clip, elbo_maximum(report.norm, clip));
    u.step = rule->counts && u.ok ? count_updates(&u, params, n) : o.step ? o.step : elbo_scalar(g, "step");
    for (int i = 0; i < n; i++) {
        u.w = params[i];
        u.g = factor ? elbo_mul(grads[i], factor) : grads[i];
        rule->update(&u);
    }
    return report;
}

elbo_optim_report elbo_minimise(elbo_var *loss, elbo_var *const *params, int n, const elbo_optim *optim)
{
    elbo_graph *g = elbo_graph_of(loss);
    elbo_optim_report report = {NULL, NULL};
    if (!params)
        n = elbo_graph_params(g, NULL);
    elbo_var **grads = elbo__calloc((size_t)n, sizeof *grads), **all = elbo__calloc((size_t)n, sizeof *all);
    if (!grads || !all) {
        elbo_graph_fail(g, ELBO_NO_MEMORY, "out of memory");
    } else {
        if (!params)
            elbo_graph_params(g, all);
        elbo_grad(loss, params ? params : all, n, grads);
        report = elbo_apply_gradients(g, params ? params : all, grads, n, optim);
    }
    elbo__free(grads);
    elbo__free(all);
    return report;
}

void elbo_accumulate_gradients(elbo_graph *g, elbo_var *const *params, elbo_var **grads, int n, elbo_accumulation part)
{
    for (int i = 0; i < n && part != ELBO_ACCUMULATE_NONE; i++) {
        elbo_var *accumulated = elbo_slab(params[i], ELBO_ACCUMULATED);
        elbo_var *sum = elbo_add(accumulated, elbo_mul(grads[i], elbo_scalar(g, "accumulate-share")));
        const bool last = part == ELBO_ACCUMULATE_LAST;
        elbo_assign(accumulated, last ? elbo_expand(elbo_constant(g, 0), elbo_shape_of(accumulated)) : sum);
        grads[i] = last ? elbo_div(sum, elbo_scalar(g, "accumulate-total")) : sum;
    }
}

void elbo_average_weights(elbo_graph *g, double decay, elbo_var *when)
{
    const int n = elbo_graph_params(g, NULL);
    elbo_var **params = elbo__calloc((size_t)n, sizeof *params);
    if (!params)
        elbo_graph_fail(g, ELBO_NO_MEMORY, "out of memory");
    else
        elbo_graph_params(g, params);
    for (int i = 0; i < n && params; i++) {
        elbo_var *average = elbo_slab(params[i], ELBO_AVERAGE);
        elbo_var *next = elbo_lerp(average, params[i], elbo_constant(g, 1 - decay));
        if (when)
            elbo_assign_if(when, average, next);
        else
            elbo_assign(average, next);
    }
    elbo__free(params);
}

elbo_optim elbo_optim_of(const elbo_values *values)
{
    return (elbo_optim){
        .name = elbo_values_choice(values, "optimiser"),
        .momentum = elbo_values_number(values, "momentum"),
        .beta1 = elbo_values_number(values, "adam-beta1"),
        .beta2 = elbo_values_number(values, "adam-beta2"),
        .eps = elbo_values_number(values, "adam-eps"),
        .decay = elbo_values_number(values, "rmsprop-decay"),
        .weight_decay = elbo_values_number(values, "weight-decay"),
        .clip_norm = elbo_values_number(values, "clip-norm"),
    };
}
