/* What the instructions of a plan do: arithmetic, bytes, and in a watched plan time. */
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

/* Of what has this number among the notes of each thread: an instruction's, or n_instrs for barriers. A small plan runs
 * on one thread, whatever it was cut for; the others have noted nothing. */
static double seconds(const elbo_plan *plan, size_t number)
{
    double sum = 0;
    int team = 0;
    for (int t = 0; t < plan->threads; t++) {
        const double *spent = plan->spent + (size_t)t * (plan->n_instrs + 1);
        bool took_part = false;
        for (size_t i = 0; i <= plan->n_instrs; i++)
            took_part |= spent[i] > 0;
        team += took_part;
        sum += spent[number];
    }
    return team ? sum / team / (double)plan->watched : 0;
}

double elbo__instr_seconds(const elbo_plan *plan, const elbo__instr *instr)
{
    return seconds(plan, (size_t)instr->number);
}

double elbo__run_seconds(const elbo_plan *plan, double by[ELBO__SPENDINGS])
{
    double all = plan->watched_seconds / (double)plan->watched, known = 0;
    for (int i = 0; i < ELBO__SPENDINGS; i++)
        by[i] = 0;
    for (size_t l = 0; l < plan->n_loops; l++)
        for (size_t i = 0; i < plan->loops[l].n_instrs; i++) {
            const elbo__instr *instr = &plan->loops[l].instrs[i];
            bool product = instr->op && instr->op->flops;
            by[product        ? ELBO__IN_PRODUCTS
               : instr->group ? ELBO__IN_GROUPS
                              : ELBO__IN_KERNELS] += elbo__instr_seconds(plan, instr);
        }
    by[ELBO__AT_BARRIERS] = seconds(plan, plan->n_instrs);
    for (int i = 0; i < ELBO__ELSEWHERE; i++)
        known += by[i];
    by[ELBO__ELSEWHERE] = all > known ? all - known : 0;
    return all;
}
