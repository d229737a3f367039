/* Random graphs: compiled, checked, run by plan and interpreter, and compared. */
#include <math.h>
#include <stdarg.h>
#include <string.h>

#include "fuzz_graph.h"
#include "plan_faults.h"

#include "../tensor/memory.h"

enum { MOST_STEPS = 4 };

typedef struct {
    const fuzz_program *p;
    fuzz_build b;
    elbo_plan *plan;
    elbo_var *outputs[FUZZ_OUTPUTS];
    elbo_feed feeds[FUZZ_LINES];
    int n_feeds;
    uint64_t digest[MOST_STEPS]; /* of everything that the first pass left */
    fuzz_stats stats;
    char *why;
} trial;

static bool wrong(trial *t, const char *format, ...) ELBO_PRINTF(2, 3);
static bool wrong(trial *t, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(t->why, FUZZ_WHY, format, args);
    va_end(args);
    return false;
}

/* ---- what goes in ------------------------------------------------------------------------------------------------ */

static bool make_feeds(trial *t)
{
    for (size_t i = 0; i < t->b.g->n_nodes; i++) {
        const elbo_var *x = t->b.g->nodes[i];
        if (x->op != &elbo__op_input)
            continue;
        t->feeds[t->n_feeds] = (elbo_feed){x->name, elbo_tensor_new(x->dtype, x->shape)};
        if (!t->feeds[t->n_feeds++].data.data)
            return false;
    }
    return true;
}

static bool feed_step(trial *t, int step)
{
    for (int k = 0; k < t->n_feeds; k++) {
        const elbo_tensor *data = &t->feeds[k].data;
        uint64_t i = (uint64_t)step * 1000003 + (uint64_t)k * 7001;
        for (elbo__walk w = elbo__walk_start(&data->layout.shape); w.more; elbo__walk_next(&w)) {
            int64_t raw = (int64_t)(fuzz_hash(t->p->seed, i++) >> 8);
            double value = data->dtype == ELBO_U8    ? (double)(raw % 10)
                           : data->dtype == ELBO_I32 ? (double)(raw % 12 - 2)
                           : t->p->exact             ? (double)(raw % 7 - 3)
                                                     : (double)(raw % 4001 - 2000) / 1000;
            elbo_tensor_set(data, w.index, value);
        }
        if (elbo_plan_bind(t->plan, t->feeds[k].name, *data) != ELBO_OK)
            return false;
    }
    return true;
}

static elbo_at at_step(const trial *t, int step)
{
    return (elbo_at){.seed = t->p->seed, .step = (uint64_t)step, .first_row = t->p->seed % 3 * 50, .first_draw = 2};
}

/* ---- what comes out ---------------------------------------------------------------------------------------------- */

/* Elements of the plan against the interpreter's: the same number with the same sign, or, with bounds, within them. */
static bool compare(trial *t, const char *what, int step, const elbo_tensor *plan, const elbo_tensor *judge,
                    const elbo_tensor *bound)
{
    for (elbo__walk w = elbo__walk_start(&judge->layout.shape); w.more; elbo__walk_next(&w)) {
        double a = elbo_tensor_get(plan, w.index), b = elbo_tensor_get(judge, w.index);
        double slack = bound ? elbo_tensor_get(bound, w.index) : 0;
        t->stats.elements++;
        t->stats.loose += slack > 1e4 * (t->p->dtype == ELBO_F32 ? 0x1p-24 : 0x1p-53) * (1 + fabs(b));
        bool same = (a == b && signbit(a) == signbit(b)) || (isnan(a) && isnan(b));
        if (same || (bound && (slack == INFINITY || fabs(a - b) <= slack)))
            continue;
        elbo_shape index = {.ndim = w.shape.ndim};
        memcpy(index.dim, w.index, sizeof index.dim);
        return wrong(t, "step %d: %s, element %s: the plan has %.17g, the interpreter %.17g (within %.3g)", step, what,
                     elbo_shape_format(&index).text, a, b, slack);
    }
    return true;
}

static void digest_tensor(uint64_t *digest, const elbo_tensor *x)
{
    size_t size = elbo_dtype_size(x->dtype);
    for (elbo__walk w = elbo__walk_start(&x->layout.shape); w.more; elbo__walk_next(&w)) {
        uint64_t bits = 0;
        memcpy(&bits, (char *)x->data + (size_t)elbo__layout_at(&x->layout, w.index) * size, size);
        *digest = fuzz_hash(*digest, bits);
    }
}

static uint64_t digest_of(const trial *t, const elbo_params *params)
{
    uint64_t digest = 0;
    for (int i = 0; i < t->p->n_outputs; i++) {
        elbo_tensor out = elbo_plan_output(t->plan, i);
        digest_tensor(&digest, &out);
    }
    for (int i = 0; i < elbo_params_slab_count(params); i++) {
        elbo_tensor slab = elbo_params_slab(params, i);
        digest_tensor(&digest, &slab);
    }
    return digest;
}

/* The interpreter's step, compared with what the plan has just done. */
static bool judge_step(trial *t, int step, elbo_params *planned, elbo_params *judged, elbo_params *bounds)
{
    int n = t->p->n_outputs;
    elbo_tensor out[FUZZ_OUTPUTS] = {{0}}, bound[FUZZ_OUTPUTS] = {{0}};
    elbo_status status = t->p->exact ? elbo_interpret(t->b.g, judged, at_step(t, step), t->feeds, t->n_feeds,
                                                      t->outputs, n, out)
                                     : fuzz_bounded(t->b.g, judged, bounds, at_step(t, step), t->feeds, t->n_feeds,
                                                    t->outputs, n, out, bound);
    bool ok = status == ELBO_OK || wrong(t, "the interpreter: %s", elbo_error());
    char what[64];
    for (int i = 0; i < n && ok; i++) {
        elbo_tensor plan = elbo_plan_output(t->plan, i);
        snprintf(what, sizeof what, "output %d (v%d)", i, t->p->outputs[i]);
        ok = elbo_shape_equal(&plan.layout.shape, &out[i].layout.shape) && plan.dtype == out[i].dtype;
        ok = ok ? compare(t, what, step, &plan, &out[i], t->p->exact ? NULL : &bound[i])
                : wrong(t, "%s is %s %s", what, elbo_dtype_name(plan.dtype),
                        elbo_shape_format(&plan.layout.shape).text);
    }
    for (int i = 0; i < elbo_params_slab_count(planned) && ok; i++) {
        elbo_tensor a = elbo_params_slab(planned, i), b = elbo_params_slab(judged, i),
                    slack = elbo_params_slab(bounds, i);
        snprintf(what, sizeof what, "slab \"%s\" of the parameters", elbo_params_slab_name(planned, i));
        ok = compare(t, what, step, &a, &b, t->p->exact ? NULL : &slack);
    }
    for (int i = 0; i < n; i++) {
        elbo_tensor_free(&out[i]);
        elbo_tensor_free(&bound[i]);
    }
    return ok;
}

/* ---- passes ------------------------------------------------------------------------------------------------------ */

static bool share_out(trial *t, int threads, elbo__order order)
{
    t->plan->threads = threads;
    t->plan->order = order;
    t->plan->poison = true;
    return elbo__plan_divide(t->plan) == ELBO_OK && elbo__plan_allocate(t->plan) == ELBO_OK;
}

/* All steps, from the parameters' first values: the first pass beside the interpreter, the second against the first. */
static bool pass(trial *t, bool first, int threads, elbo__order order)
{
    static const char *const orders[] = {"forward", "reversed", "shuffled"};
    elbo_params *planned = elbo_params_copy(t->b.params), *judged = elbo_params_copy(t->b.params),
                *bounds = fuzz_bounds_of(t->b.params);
    bool ok = (planned && judged && bounds && share_out(t, threads, order)) || wrong(t, "out of memory");
    for (int step = 0; step < t->p->steps && ok; step++) {
        ok = (feed_step(t, step) && elbo_plan_run(t->plan, planned, at_step(t, step)) == ELBO_OK) ||
             wrong(t, "the run: %s", elbo_error());
        uint64_t digest = ok ? digest_of(t, planned) : 0;
        if (ok && first) {
            t->digest[step] = digest;
            ok = judge_step(t, step, planned, judged, bounds);
        } else if (ok && digest != t->digest[step])
            ok = wrong(t, "step %d: other bits with %d threads, %s", step, threads, orders[order]);
    }
    elbo_params_free(planned);
    elbo_params_free(judged);
    elbo_params_free(bounds);
    return ok;
}

static void count(trial *t)
{
    fuzz_stats *s = &t->stats;
    s->graphs = 1;
    s->nodes = (int64_t)t->plan->n_nodes;
    s->loops = (int64_t)t->plan->n_loops;
    s->stages = t->plan->n_stages;
    for (size_t i = 0; i < t->plan->n_loops; i++)
        s->blocks += elbo__loop_blocks(&t->plan->loops[i]);
    s->with_stages[t->plan->n_stages < 8 ? t->plan->n_stages : 7] = 1;
}

static void add_stats(fuzz_stats *to, const fuzz_stats *s)
{
    to->graphs += s->graphs;
    to->nodes += s->nodes;
    to->stages += s->stages;
    to->loops += s->loops;
    to->blocks += s->blocks;
    to->elements += s->elements;
    to->loose += s->loose;
    for (int i = 0; i < 8; i++)
        to->with_stages[i] += s->with_stages[i];
}

/* ---- a trial ----------------------------------------------------------------------------------------------------- */

static fuzz_outcome attempt(trial *t, int fault)
{
    for (int i = 0; i < t->p->n_outputs; i++)
        t->outputs[i] = t->b.value[t->p->outputs[i]];
    if (fuzz_hash(t->p->seed, 1) % 2) /* small products in stripes of columns, and in parts */
        t->b.g->columns = (elbo__column_rule){.rows = INT64_MAX, .columns = 1, .entries = 1};
    t->plan = elbo_compile(t->b.g, t->outputs, t->p->n_outputs);
    if (!t->plan)
        return wrong(t, "compile: %s", elbo_error()), FUZZ_WRONG;
    if (elbo__plan_recut(t->plan, t->p->grain, t->p->run) != ELBO_OK || !make_feeds(t))
        return wrong(t, "out of memory"), FUZZ_WRONG;
    if (fault != FUZZ_AS_IT_IS && !plan_fault_plant(t->plan, fault, t->p->seed))
        return FUZZ_NO_GRAPH;
    count(t);
    if (elbo__plan_check(t->plan) != ELBO_OK)
        return wrong(t, "the shadow check: %s", elbo_error()), FUZZ_WRONG;
    bool ok = pass(t, true, 1, ELBO__FORWARD) && pass(t, false, t->p->threads, t->p->order);
    return ok ? FUZZ_FINE : FUZZ_WRONG;
}

fuzz_outcome fuzz_try(const fuzz_program *p, int fault, fuzz_stats *stats, char *why)
{
    trial t = {.p = p, .why = why};
    fuzz_outcome outcome = fuzz_build_all(&t.b, p) ? attempt(&t, fault) : FUZZ_NO_GRAPH;
    if (stats)
        add_stats(stats, &t.stats);
    for (int i = 0; i < t.n_feeds; i++)
        elbo_tensor_free(&t.feeds[i].data);
    elbo_plan_free(t.plan);
    fuzz_build_free(&t.b);
    return outcome;
}
