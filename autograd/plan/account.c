/* What the instructions of a plan do: arithmetic, bytes, and in a watched plan time. */
#include <stdlib.h>
#include <string.h>

#include "../../tensor/memory.h"
#include "print.h"

/* ---- arithmetic ------------------------------------------------------------------------------------------------ */

/* What a step counts besides the one that every step does. */
static const unsigned char more_flops[ELBO__ELEMENTWISE_COUNT] = {
    [ELBO__mul_add] = 1, [ELBO__mul_sub] = 1, [ELBO__sub_mul] = 1, [ELBO__root_add] = 1, [ELBO__over_root] = 2,
};

static double elements(const elbo_shape *shape)
{
    return (double)elbo_shape_size(shape);
}

double elbo__instr_flops(const elbo__instr *instr)
{
    static const elbo__op *const reductions[] = {&elbo__op_sum, &elbo__op_sum_abs, &elbo__op_max, &elbo__op_argmax};
    if (elbo__multiplies(instr))
        return instr->op->flops(&instr->out.layout.shape, &instr->in[0].layout.shape, &instr->in[1].layout.shape);
    for (size_t i = 0; i < sizeof reductions / sizeof reductions[0]; i++)
        if (instr->op == reductions[i])
            return elements(&instr->in[0].layout.shape);
    int steps = 0;
    for (size_t i = 0; instr->group && i < instr->group->n_steps; i++) {
        const elbo__step *step = &instr->group->steps[i];
        steps += step->kind == ELBO__COMPUTE ? 1 + more_flops[step->elementwise] : step->kind == ELBO__SUM;
    }
    return steps ? steps * elements(&instr->group->shape) : 0;
}

/* ---- bytes ----------------------------------------------------------------------------------------------------- */

static double operand_bytes(const elbo_plan *plan, const elbo__operand *operand)
{
    double n = (double)elbo_dtype_size(plan->buffers[operand->buffer].dtype);
    const elbo_layout *layout = &operand->layout;
    for (int i = 0; i < layout->shape.ndim; i++)
        n *= layout->strides[i] == 0 && layout->shape.dim[i] > 0 ? 1 : (double)layout->shape.dim[i];
    return n;
}

double elbo__instr_bytes(const elbo_plan *plan, const elbo__instr *instr)
{
    double bytes = instr->op ? operand_bytes(plan, &instr->out) : 0;
    for (int k = 0; k < instr->n_in; k++) {
        if (instr->op == &elbo__op_gather && k == 0) /* as many of its rows as are asked for */
            bytes += elements(&instr->out.layout.shape) *
                     (double)elbo_dtype_size(plan->buffers[instr->in[0].buffer].dtype);
        else
            bytes += operand_bytes(plan, &instr->in[k]);
    }
    return bytes;
}

/* ---- time ------------------------------------------------------------------------------------------------------ */

typedef struct {
    double seconds;
    const double *notes;
} watched_run;

static int by_seconds(const void *a, const void *b)
{
    const watched_run *x = a, *y = b;
    return (x->seconds > y->seconds) - (x->seconds < y->seconds);
}

elbo_status elbo__account_make(elbo__account *a, const elbo_plan *plan)
{
    const size_t all = elbo__run_notes(plan);
    const int64_t known = plan->watch.runs < ELBO__WATCHED ? plan->watch.runs : ELBO__WATCHED;
    watched_run runs[ELBO__WATCHED];
    *a = (elbo__account){.plan = plan, .notes = elbo__calloc(all, sizeof *a->notes)};
    if (!a->notes)
        return ELBO_NO_MEMORY;
    const double *last = plan->watch.notes + (size_t)((plan->watch.runs - 1) % ELBO__WATCHED) * all;
    for (int64_t i = 0; i < known; i++) {
        const double *notes = plan->watch.notes + (size_t)i * all;
        if (notes[all - 2] == last[all - 2])
            runs[a->runs++] = (watched_run){notes[all - 1], notes};
    }
    qsort(runs, (size_t)a->runs, sizeof runs[0], by_seconds);
    a->counted = (a->runs + 1) / 2;
    for (int run = 0; run < a->counted; run++)
        for (size_t i = 0; i < all; i++)
            a->notes[i] += runs[run].notes[i] / a->counted;
    a->team = (int)last[all - 2];
    a->seconds = a->notes[all - 1];
    return ELBO_OK;
}

void elbo__account_free(elbo__account *a)
{
    elbo__free(a->notes);
    a->notes = NULL;
}

static double noted(const elbo__account *a, int thread, size_t note)
{
    return a->notes[(size_t)thread * elbo__notes(a->plan) + note];
}

double elbo__instr_seconds(const elbo__account *a, const elbo__instr *instr)
{
    double sum = 0;
    for (int t = 0; t < a->plan->threads; t++)
        sum += noted(a, t, (size_t)instr->number);
    return sum / a->team;
}

void elbo__stage_seconds(const elbo__account *a, int stage, int thread, double by[ELBO__SPENDINGS])
{
    const elbo_plan *plan = a->plan;
    memset(by, 0, ELBO__SPENDINGS * sizeof *by);
    for (const elbo__loop *loop = plan->loops; loop < plan->loops + plan->n_loops; loop++)
        for (size_t i = 0; loop->stage == stage && i < loop->n_instrs; i++) {
            const elbo__instr *instr = &loop->instrs[i];
            const int where = elbo__multiplies(instr) ? ELBO__IN_PRODUCTS
                              : instr->group          ? ELBO__IN_GROUPS
                                                      : ELBO__IN_KERNELS;
            by[where] += noted(a, thread, (size_t)instr->number);
        }
    by[stage == 0 ? ELBO__STARTING : ELBO__WAITING] = noted(a, thread, plan->n_instrs + (size_t)stage);
}

void elbo__run_spendings(const elbo__account *a, double by[ELBO__SPENDINGS])
{
    double known = 0;
    memset(by, 0, ELBO__SPENDINGS * sizeof *by);
    for (int stage = 0; stage <= a->plan->n_stages; stage++) /* the last one is the end */
        for (int t = 0; t < a->plan->threads; t++) {
            double own[ELBO__SPENDINGS];
            elbo__stage_seconds(a, stage, t, own);
            for (int i = 0; i < ELBO__SPENDINGS; i++)
                by[i] += own[i] / a->team;
        }
    for (int i = 0; i < ELBO__ELSEWHERE; i++)
        known += by[i];
    by[ELBO__ELSEWHERE] = a->seconds > known ? a->seconds - known : 0;
}

/* Seconds that a block of a loop took, over all threads. */
static double block_seconds(const elbo__account *a, const elbo__loop *loop)
{
    double all = 0;
    for (size_t i = 0; i < loop->n_instrs; i++)
        all += elbo__instr_seconds(a, &loop->instrs[i]) * a->team;
    return elbo__loop_blocks(loop) ? all / (double)elbo__loop_blocks(loop) : 0;
}

elbo_status elbo__seconds_on(const elbo__account *a, int threads, double *seconds)
{
    const elbo_plan *plan = a->plan;
    elbo__range *ranges = elbo__plan_ranges(plan, threads);
    double *load = elbo__alloc((size_t)threads * sizeof *load);
    *seconds = 0;
    for (size_t l = 0; l < plan->n_loops && ranges && load; l++) {
        const elbo__loop *loop = &plan->loops[l];
        const bool first = l == 0 || plan->loops[l - 1].stage != loop->stage;
        const bool last = l + 1 == plan->n_loops || plan->loops[l + 1].stage != loop->stage;
        const double a_block = block_seconds(a, loop);
        double longest = 0;
        for (int t = 0; t < threads; t++) {
            const elbo__range *range = &ranges[(size_t)t * plan->n_loops + l];
            load[t] = (first ? 0 : load[t]) + (double)(range->end - range->first) * a_block;
            longest = load[t] > longest ? load[t] : longest;
        }
        *seconds += last ? longest : 0;
    }
    const bool ok = ranges && load;
    elbo__free(ranges);
    elbo__free(load);
    return ok ? ELBO_OK : ELBO_NO_MEMORY;
}
