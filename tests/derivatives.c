#include "derivatives.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../autograd/plan/ir.h"
#include "numbers.h"

enum { OPERANDS = 3, PARAMS = 8, UNKNOWNS = OPERANDS + PARAMS, FEEDS = 1 + OPERANDS + UNKNOWNS };
enum { MOST = 512, GRID = 64 };
static const double STEP = 1.0 / 2048; /* a power of 2, so that x + STEP is exact */
static const double LIMIT = 1e-9;

/* How the operands of a case arrive. */
typedef enum { PLAIN, TRANSPOSED, SLICED } route;
typedef struct {
    char title[120];
    route route;
    elbo_shape fed[OPERANDS], seen[OPERANDS]; /* an axis of size 1 in fed and not in seen is repeated */
    bool empty; /* the op may refuse these shapes, and its value may be infinite: the maximum of nothing */
} variant;

/* What is asked for. */
typedef struct {
    const char *op;
    const elbo__case *c;
    elbo_mode mode;
    int order;
    derivative_report *report;
} job;

typedef struct {
    const char *op;
    const elbo__case *c;
    const variant *v;
    int order;
    elbo_params *params; /* of f64 */
    elbo_graph *g;
    elbo_feed feeds[FEEDS]; /* operands, the cotangents d_i, the cotangent c */
    int n_feeds;
    double values[FEEDS][MOST];
    int32_t index[MOST];
    elbo_var *in[UNKNOWNS]; /* what to differentiate for: n_inputs operands, then parameters */
    int n_in, n_inputs;
    elbo_var *outputs[1 + UNKNOWNS]; /* L or S, its derivatives */
} problem;

static bool is_index(const elbo__case *c, int operand)
{
    return c->index_below > 0 && operand == c->n_in - 1;
}

/* ---- building ---------------------------------------------------------------------------------------------------- */

static elbo_var *feed(problem *p, const char *name, elbo_shape shape, numbers *n)
{
    double *values = p->values[p->n_feeds];
    elbo_tensor x = elbo_tensor_of(ELBO_F64, shape, values);
    ck_assert_int_le(elbo_shape_size(&shape), MOST);
    fill_between(&x, n, 0.5, 1.5);
    for (int i = 0; i < MOST; i += 3)
        values[i] = -values[i];
    p->feeds[p->n_feeds++] = (elbo_feed){name, x};
    return elbo_input(p->g, name, ELBO_F64, shape);
}

static elbo_var *feed_index(problem *p, elbo_shape shape)
{
    for (int i = 0; i < MOST; i++)
        p->index[i] = (int32_t)(3 * i % p->c->index_below);
    p->feeds[p->n_feeds++] = (elbo_feed){"index", elbo_tensor_of(ELBO_I32, shape, p->index)};
    return elbo_input(p->g, "index", ELBO_I32, shape);
}

/* Different numbers of the grid inside the case's range for all operands. */
static void choose_values(problem *p, numbers *n)
{
    int pool[1024], count = 0, used = 0;
    for (int m = (int)ceil(p->c->low * GRID); m + 1 <= p->c->high * GRID && count < 1024; m++)
        pool[count++] = m;
    numbers_shuffle(n, pool, count);
    for (int i = 0; i < p->n_inputs; i++)
        for (int64_t k = 0; k < elbo_shape_size(&p->v->fed[i]); k++) {
            ck_assert_msg(used < count, "%s, %s: too many elements for the range", p->op, p->c->title);
            p->values[i][k] = (pool[used++] + 0.5) / GRID;
        }
}

/* The parameters that the case has named, of which no more are to come. */
static void choose_parameters(problem *p, numbers *n)
{
    ck_assert_int_le(p->n_in + elbo_graph_params(p->g, NULL), UNKNOWNS);
    p->n_in += elbo_graph_params(p->g, p->in + p->n_in);
    ck_assert_int_eq(elbo__graph_settle(p->g), ELBO_OK);
    for (int i = 0; i < elbo_params_count(p->params); i++) {
        elbo_tensor x = elbo_params_tensor(p->params, i);
        fill_between(&x, n, 0.5, 1.5);
        int count = 0;
        for (elbo__walk w = elbo__walk_start(&x.layout.shape); w.more; elbo__walk_next(&w))
            if (elbo_params_trained(p->params, i) && count++ % 3 == 0)
                elbo_tensor_set(&x, w.index, -elbo_tensor_get(&x, w.index));
    }
    elbo_params_touch(p->params);
}

/* Entry k of what is differentiated for. */
static double *entry(problem *p, int i, int64_t k)
{
    if (i < p->n_inputs)
        return &p->values[i][k];
    elbo_tensor x = elbo_params_tensor(p->params, p->in[i]->attr.param);
    int64_t index[ELBO_MAX_RANK];
    for (int axis = x.layout.shape.ndim - 1; axis >= 0; k /= x.layout.shape.dim[axis--])
        index[axis] = k % x.layout.shape.dim[axis];
    return (double *)x.data + elbo__layout_at(&x.layout, index);
}

/* The operand as the op sees it. */
static elbo_var *arrive(elbo_var *x, route by, const elbo_shape *seen)
{
    int rank = elbo_ndim(x), axes[ELBO_MAX_RANK];
    for (int i = 0; i < rank; i++)
        axes[i] = rank - 1 - i;
    if (by == TRANSPOSED)
        x = elbo_permute(x, axes);
    for (int i = 0; by == SLICED && i < rank; i++)
        x = elbo_slice(x, i, 1, seen->dim[i]);
    return elbo_expand(x, *seen);
}

/* sum(c x) */
static elbo_var *contract(problem *p, const char *name, elbo_var *x, numbers *n)
{
    return elbo_sum_all(elbo_mul(x, feed(p, name, elbo_shape_of(x), n)));
}

static void build(problem *p)
{
    static const char *const names[] = {"a", "b", "c"};
    static const char *const cotangents[UNKNOWNS] = {"d0", "d1", "d2", "d3", "d4", "d5", "d6", "d7", "d8", "d9", "d10"};
    numbers n = {7};
    elbo_var *seen[OPERANDS] = {NULL};
    for (int i = 0; i < p->c->n_in; i++) {
        elbo_shape fed = p->v->fed[i];
        elbo_var *x = is_index(p->c, i) ? feed_index(p, fed) : feed(p, names[i], fed, &n);
        if (!is_index(p->c, i))
            p->in[p->n_inputs++] = x;
        seen[i] = arrive(x, p->v->route, &p->v->seen[i]);
    }
    p->n_in = p->n_inputs;
    choose_values(p, &n);
    elbo_var *y = p->c->build(seen);
    if (p->v->empty && elbo_graph_status(p->g) != ELBO_OK)
        return;
    ck_assert_msg(elbo_graph_status(p->g) == ELBO_OK, "%s, %s, %s: %s", p->op, p->c->title, p->v->title, elbo_error());
    choose_parameters(p, &n);
    p->outputs[0] = contract(p, "cotangent", y, &n);
    elbo_grad(p->outputs[0], p->in, p->n_in, p->outputs + 1);
    if (p->order == 2) {
        elbo_var *sum = elbo_constant(p->g, 0);
        for (int i = 0; i < p->n_in; i++)
            sum = elbo_add(sum, contract(p, cotangents[i], p->outputs[1 + i], &n));
        p->outputs[0] = sum;
        elbo_grad(sum, p->in, p->n_in, p->outputs + 1);
    }
    ck_assert_msg(elbo_graph_status(p->g) == ELBO_OK, "%s, %s, %s: %s", p->op, p->c->title, p->v->title, elbo_error());
}

/* ---- running ----------------------------------------------------------------------------------------------------- */

/* In blocks as small as they can be: whoever reads beyond its block does so here. */
static elbo_plan *compile(problem *p, int n)
{
    elbo_plan *plan = elbo_compile(p->g, p->outputs, n);
    ck_assert_msg(plan != NULL, "%s, %s, %s: %s", p->op, p->c->title, p->v->title, elbo_error());
    plan->poison = true;
    ck_assert_int_eq(elbo__plan_recut(plan, 1, 1), ELBO_OK);
    for (int i = 0; i < p->n_feeds; i++)
        ck_assert_int_eq(elbo_plan_bind(plan, p->feeds[i].name, p->feeds[i].data), ELBO_OK);
    return plan;
}

/* The first n outputs, by the plan or, without one, by the interpreter. */
static void run(problem *p, elbo_plan *plan, int n, double out[][MOST])
{
    elbo_tensor values[1 + UNKNOWNS];
    elbo_at at = {.seed = 1};
    elbo_status status = plan ? elbo_plan_run(plan, p->params, at)
                              : elbo_interpret(p->g, p->params, at, p->feeds, p->n_feeds, p->outputs, n, values);
    if (status != ELBO_OK)
        ck_abort_msg("%s, %s, %s: %s", p->op, p->c->title, p->v->title, elbo_error());
    for (int i = 0; i < n; i++) {
        elbo_tensor value = plan ? elbo_plan_output(plan, i) : values[i];
        elbo_tensor to = elbo_tensor_of(ELBO_F64, value.layout.shape, out[i]);
        elbo_tensor_copy(&to, &value);
        if (!plan)
            elbo_tensor_free(&values[i]);
    }
}

/* df/dx by differences of fourth order: (8 (f(x+h) - f(x-h)) - (f(x+2h) - f(x-2h))) / 12h */
static double difference(problem *p, elbo_plan *plan, double *x)
{
    static const int steps[] = {1, -1, 2, -2}, weights[] = {8, -8, -1, 1};
    double kept = *x, sum = 0, f[1][MOST];
    for (int i = 0; i < 4; i++) {
        *x = kept + steps[i] * STEP;
        elbo_params_touch(p->params);
        run(p, plan, 1, f);
        sum += weights[i] * f[0][0];
    }
    *x = kept;
    elbo_params_touch(p->params);
    return sum / (12 * STEP);
}

static void compare(problem *p, elbo_plan *all, elbo_plan *value, derivative_report *r)
{
    static double out[1 + UNKNOWNS][MOST];
    run(p, all, 1 + p->n_in, out);
    for (int i = 0; i < p->n_in; i++) {
        elbo_shape shape = elbo_shape_of(p->outputs[1 + i]), expected = elbo_shape_of(p->in[i]);
        ck_assert(elbo_shape_equal(&shape, &expected));
        for (int64_t k = 0; k < elbo_shape_size(&shape) && (isfinite(out[0][0]) || !p->v->empty); k++) {
            double a = out[1 + i][k], n = difference(p, value, entry(p, i, k));
            double error = fabs(a - n) / fmax(1, fmax(fabs(a), fabs(n)));
            if (!(error <= LIMIT))
                ck_abort_msg("%s, %s, %s, %s: derivative %d for entry %lld of %s is %.12g, expected %.12g", p->op,
                             p->c->title, p->v->title, all ? "planned" : "interpreted", p->order, (long long)k,
                             elbo_name_of(p->in[i]), a, n);
            r->entries++;
            if (error >= r->worst) {
                r->worst = error;
                snprintf(r->where, sizeof r->where, "%s, %s, %s, %s", p->op, p->c->title, p->v->title,
                         all ? "planned" : "interpreted");
            }
        }
    }
}

/* Returns false when the op refuses the shapes, which it may only if they are empty. */
static bool check_variant(const job *j, const variant *v)
{
    static problem p;
    p = (problem){.op = j->op, .c = j->c, .v = v, .order = j->order, .params = elbo_params_new(ELBO_F64, 1)};
    p.g = elbo_graph_new(p.params, j->mode);
    build(&p);
    bool accepted = elbo_graph_status(p.g) == ELBO_OK;
    if (accepted) {
        compare(&p, NULL, NULL, j->report);
        elbo_plan *all = compile(&p, 1 + p.n_in), *value = compile(&p, 1);
        compare(&p, all, value, j->report);
        elbo_plan_free(all);
        elbo_plan_free(value);
    }
    elbo_graph_free(p.g);
    elbo_params_free(p.params);
    return accepted;
}

/* ---- variants ---------------------------------------------------------------------------------------------------- */

static variant start(const char *title, const elbo__case *c)
{
    variant v = {.route = PLAIN};
    snprintf(v.title, sizeof v.title, "%s", title);
    for (int i = 0; i < c->n_in; i++)
        v.fed[i] = v.seen[i] = c->in[i];
    return v;
}

static void check_rearranged(const job *j)
{
    const elbo__case *c = j->c;
    variant plain = start("contiguous", c), turned = start("transposed", c), part = start("sliced", c);
    turned.route = TRANSPOSED;
    part.route = SLICED;
    for (int i = 0; i < c->n_in; i++)
        for (int k = 0; k < c->in[i].ndim; k++) {
            turned.fed[i].dim[k] = c->in[i].dim[c->in[i].ndim - 1 - k];
            part.fed[i].dim[k] = c->in[i].dim[k] + 2;
        }
    check_variant(j, &plain);
    check_variant(j, &turned);
    check_variant(j, &part);
}

/* One axis of one operand at a time. */
static void check_broadcast(const job *j)
{
    const elbo__case *c = j->c;
    for (int i = 0; i < c->n_in; i++)
        for (int k = 0; k < c->in[i].ndim; k++) {
            variant v = start("", c);
            snprintf(v.title, sizeof v.title, "operand %d repeated along axis %d", i, k);
            v.fed[i].dim[k] = 1;
            if (c->in[i].dim[k] > 1)
                check_variant(j, &v);
        }
}

static void check_ones(const job *j)
{
    const elbo__case *c = j->c;
    variant v = start("all sizes 1", c);
    for (int i = 0; i < c->n_in; i++)
        for (int k = 0; k < c->in[i].ndim; k++)
            v.fed[i].dim[k] = v.seen[i].dim[k] = 1;
    check_variant(j, &v);
}

/* Every choice of at most one axis of each operand set to 0, fed as such or as size 1 repeated 0 times; those that the
 * op takes, of which there must be one. */
static void check_empty(const job *j)
{
    const elbo__case *c = j->c;
    int choices = 1, accepted = 0;
    for (int i = 0; i < c->n_in; i++)
        choices *= 1 + c->in[i].ndim;
    for (int choice = 1; choice < choices; choice++)
        for (int64_t size = 0; size < 2; size++) {
            variant v = start(size ? "repeated 0 times:" : "empty:", c);
            v.empty = true;
            for (int i = 0, rest = choice; i < c->n_in; rest /= 1 + c->in[i].ndim, i++) {
                int axis = rest % (1 + c->in[i].ndim) - 1;
                if (axis >= 0) {
                    v.seen[i].dim[axis] = 0;
                    v.fed[i].dim[axis] = size;
                }
                size_t used = strlen(v.title);
                snprintf(v.title + used, sizeof v.title - used, " %s", elbo_shape_format(&v.seen[i]).text);
            }
            accepted += check_variant(j, &v);
        }
    ck_assert_msg(accepted > 0, "%s, %s: no empty operands are taken", j->op, c->title);
}

void check_derivatives(const char *op, const elbo__case *cases, elbo_mode mode, int order, derivative_report *r)
{
    elbo_set_threads(1); /* the plans are too small to share out */
    for (const elbo__case *c = cases; c->build; c++) {
        const job j = {op, c, mode, order, r};
        check_rearranged(&j);
        check_broadcast(&j);
        check_ones(&j);
        check_empty(&j);
    }
    elbo_set_threads(0);
}
