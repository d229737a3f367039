/* What the instructions of a plan do: arithmetic, bytes, and in a watched plan time. */
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
    static const elbo__op *const reductions[] = {&elbo__op_sum, &elbo__op_max, &elbo__op_argmax};
    if (instr->op && instr->op->flops)
        return instr->op->flops(&instr->out.layout.shape, &instr->in[0].layout.shape, &instr->in[1].layout.shape);
    for (size_t i = 0; i < sizeof reductions / sizeof reductions[0]; i++)
        if (instr->op == reductions[i])
            return elements(&instr->in[0].layout.shape);
    int steps = 0;
    for (size_t i = 0; instr->group && i < instr->group->n_steps; i++) {
        const elbo__step *step = &instr->group->steps[i];
        if (step->kind == ELBO__COMPUTE)
            steps += 1 + more_flops[step->elementwise];
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

/* Note i of the runs that count, on average; how many those are. */
static double average(const elbo_plan *plan, size_t i, int *counted)
{
    const elbo__watch *w = &plan->watch;
    const size_t each = elbo__run_notes(plan);
    double sum = 0;
    *counted = 0;
    for (const double *notes = w->notes; notes < w->notes + w->runs * each; notes += each) {
        if (notes[each - 1] > w->times[(w->runs - 1) / 2])
            continue;
        sum += notes[i];
        ++*counted;
    }
    return sum / *counted;
}

static double noted(const elbo_plan *plan, int thread, size_t note)
{
    int counted;
    return average(plan, (size_t)thread * elbo__notes(plan) + note, &counted);
}

/* A small plan runs on one thread, whatever it was cut for; the others have noted nothing. */
int elbo__team(const elbo_plan *plan)
{
    int team = 0;
    for (int t = 0; t < plan->threads; t++) {
        bool took_part = false;
        for (size_t i = 0; i < elbo__notes(plan); i++)
            took_part |= noted(plan, t, i) > 0;
        team += took_part;
    }
    return team > 0 ? team : 1;
}

double elbo__instr_seconds(const elbo_plan *plan, const elbo__instr *instr)
{
    double sum = 0;
    for (int t = 0; t < plan->threads; t++)
        sum += noted(plan, t, (size_t)instr->number);
    return sum / elbo__team(plan);
}

void elbo__stage_seconds(const elbo_plan *plan, int stage, int thread, double by[ELBO__SPENDINGS])
{
    memset(by, 0, ELBO__SPENDINGS * sizeof *by);
    for (const elbo__loop *loop = plan->loops; loop < plan->loops + plan->n_loops; loop++)
        for (size_t i = 0; loop->stage == stage && i < loop->n_instrs; i++) {
            const elbo__instr *instr = &loop->instrs[i];
            const int where = instr->op && instr->op->flops ? ELBO__IN_PRODUCTS
                              : instr->group                ? ELBO__IN_GROUPS
                                                            : ELBO__IN_KERNELS;
            by[where] += noted(plan, thread, (size_t)instr->number);
        }
    by[stage == 0 ? ELBO__STARTING : ELBO__WAITING] = noted(plan, thread, plan->n_instrs + (size_t)stage);
}

double elbo__run_seconds(const elbo_plan *plan, int *counted)
{
    return average(plan, elbo__run_notes(plan) - 1, counted);
}

void elbo__run_spendings(const elbo_plan *plan, double by[ELBO__SPENDINGS])
{
    int counted;
    const double all = elbo__run_seconds(plan, &counted);
    const int team = elbo__team(plan);
    double known = 0;
    memset(by, 0, ELBO__SPENDINGS * sizeof *by);
    for (int stage = 0; stage <= plan->n_stages; stage++) /* the last one is the end */
        for (int t = 0; t < plan->threads; t++) {
            double own[ELBO__SPENDINGS];
            elbo__stage_seconds(plan, stage, t, own);
            for (int i = 0; i < ELBO__SPENDINGS; i++)
                by[i] += own[i] / team;
        }
    for (int i = 0; i < ELBO__ELSEWHERE; i++)
        known += by[i];
    by[ELBO__ELSEWHERE] = all > known ? all - known : 0;
}

/* Seconds that a block of each loop took, over all threads. */
static void block_seconds(const elbo_plan *plan, double *by_loop)
{
    for (size_t l = 0; l < plan->n_loops; l++) {
        const elbo__loop *loop = &plan->loops[l];
        double all = 0;
        for (size_t i = 0; i < loop->n_instrs; i++)
            all += elbo__instr_seconds(plan, &loop->instrs[i]) * elbo__team(plan);
        by_loop[l] = elbo__loop_blocks(loop) ? all / (double)elbo__loop_blocks(loop) : 0;
    }
}

double elbo__seconds_on(const elbo_plan *plan, int threads)
{
    elbo__range *ranges = elbo__plan_ranges(plan, threads);
    double *a_block = elbo__calloc(plan->n_loops, sizeof *a_block), sum = 0;
    if (ranges && a_block)
        block_seconds(plan, a_block);
    for (int stage = 0; stage < plan->n_stages && ranges && a_block; stage++) {
        double longest = 0;
        for (int t = 0; t < threads; t++) {
            double own = 0;
            for (size_t l = 0; l < plan->n_loops; l++) {
                const elbo__range *range = &ranges[(size_t)t * plan->n_loops + l];
                own += plan->loops[l].stage == stage ? (double)(range->end - range->first) * a_block[l] : 0;
            }
            longest = own > longest ? own : longest;
        }
        sum += longest;
    }
    elbo__free(ranges);
    elbo__free(a_block);
    return sum;
}
