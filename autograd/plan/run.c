/* The executor: one parallel region a run, a barrier between stages, every thread its own blocks. */
#include "../../tensor/memory.h"
#include "../../tensor/subnormals.h"
#include "../../tensor/threads.h"
#include "../params_private.h"
#include "ir.h"

#include <omp.h>
#include <string.h>
#include <time.h>

typedef struct {
    const elbo_plan *plan;
    const elbo_at *at;
    const elbo__loop *loop;
    char *local, *scratch; /* the thread's own */
    int64_t first, units;  /* the run of blocks at hand */
    double *notes;         /* by instruction; NULL: nobody watches */
} work;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* The address of an operand's element 0 and the layout of its part that belongs to the blocks at hand. */
static elbo_tensor part_of(const work *w, const elbo__operand *operand)
{
    const elbo__buffer *b = &w->plan->buffers[operand->buffer];
    bool local = b->class == ELBO__LOCAL;
    return (elbo_tensor){.dtype = b->dtype,
                         .layout = elbo__operand_block(operand, local, w->first, w->units),
                         .data = local ? w->local + b->at : w->plan->pointers[operand->buffer]};
}

/* ---- kernels ----------------------------------------------------------------------------------------------------- */

static void run_kernel(const work *w, const elbo__instr *instr)
{
    elbo_tensor *in = (elbo_tensor *)(void *)(w->scratch + instr->scratch);
    elbo__call call = {.attr = &instr->attr,
                       .out = part_of(w, &instr->out),
                       .in = in,
                       .n_in = instr->n_in,
                       .first = instr->axis >= 0 ? w->first * instr->out.per_unit : 0,
                       .grain = instr->axis >= 0 ? w->loop->grain * instr->out.per_unit : INT64_MAX,
                       .axis = instr->axis,
                       .at = w->at,
                       .scratch = w->scratch};
    for (int k = 0; k < instr->n_in; k++)
        in[k] = part_of(w, &instr->in[k]);
    (instr->op->kernel ? instr->op->kernel : instr->op->interpret)(&call);
}

static void run_group(const work *w, const elbo__instr *instr)
{
    elbo_tensor *parts = (elbo_tensor *)(void *)w->scratch;
    elbo_shape shape = instr->group->shape;
    if (instr->axis >= 0)
        shape.dim[instr->axis] = w->loop->units ? w->units * (shape.dim[instr->axis] / w->loop->units) : 0;
    for (int k = 0; k < instr->n_in; k++)
        parts[k] = part_of(w, &instr->in[k]);
    elbo__steps_run(instr, w->plan->dtype, parts, &shape, w->scratch + elbo__parts_bytes(instr->n_in));
}

/* ---- blocks ------------------------------------------------------------------------------------------------------ */

/* Blocks [first, end) of a loop, a run of them at a time. */
static void run_blocks(work *w, int64_t first, int64_t end, int64_t together)
{
    const elbo__loop *loop = w->loop;
    for (int64_t b = first; b < end; b += together) {
        int64_t last = b + together < end ? b + together : end;
        w->first = b * loop->grain;
        w->units = (last * loop->grain < loop->units ? last * loop->grain : loop->units) - w->first;
        for (size_t i = 0; i < loop->n_instrs; i++) {
            double start = w->notes ? now() : 0;
            (loop->instrs[i].group ? run_group : run_kernel)(w, &loop->instrs[i]);
            if (w->notes)
                w->notes[loop->instrs[i].number] += now() - start;
        }
    }
}

/* Block by block in an odd order: for tests. The step is prime to the number of blocks. */
static void run_blocks_oddly(work *w, int64_t first, int64_t end, elbo__order order)
{
    int64_t n = end - first, step = order == ELBO__REVERSED ? n - 1 : 7;
    while (n > 1 && order == ELBO__SHUFFLED && n % step == 0)
        step += 4;
    for (int64_t i = 0, b = n - 1; i < n; i++, b = (b + step) % n)
        run_blocks(w, first + b, first + b + 1, 1);
}

static void run_range(work *w, const elbo__range *range)
{
    w->loop = &w->plan->loops[range->loop];
    if (w->plan->order == ELBO__FORWARD)
        run_blocks(w, range->first, range->end, w->loop->run);
    else
        run_blocks_oddly(w, range->first, range->end, w->plan->order);
}

static double *notes_of_run(const elbo_plan *plan)
{
    return plan->watch.notes + (size_t)(plan->watch.runs % ELBO__WATCHED) * elbo__run_notes(plan);
}

/* What the plan calls thread t is done by whatever thread is there: a caller's own parallel region may leave us only
 * one. Loops stand in the order of their stages. */
static void run_as(const elbo_plan *plan, const elbo_at *at, int me, int team, double called)
{
    size_t own = plan->local_bytes + plan->scratch_bytes;
    double *notes = plan->watch.notes ? notes_of_run(plan) + (size_t)me * elbo__notes(plan) : NULL;
    double *waits = notes ? notes + plan->n_instrs : NULL;
    elbo__float_mode mode = elbo__flush_subnormals();
    if (waits)
        waits[0] = now() - called;
    for (size_t i = 0; i < plan->n_loops; i++) {
        if (i > 0 && plan->loops[i].stage != plan->loops[i - 1].stage && team > 1) {
            double start = waits ? now() : 0;
#pragma omp barrier
            if (waits)
                waits[plan->loops[i].stage] = now() - start;
        }
        for (int t = me; t < plan->threads; t += team) {
            char *memory = plan->arena + plan->shared_bytes + (size_t)t * own;
            work w = {.plan = plan, .at = at, .local = memory, .scratch = memory + plan->local_bytes, .notes = notes};
            run_range(&w, &plan->ranges[(size_t)t * plan->n_loops + i]);
        }
    }
    elbo__restore_float_mode(mode);
    if (waits)
        waits[plan->n_stages] = now(); /* until it is known when all are done */
}

static void close_notes(elbo_plan *plan, double called, double done)
{
    const size_t of_thread = elbo__notes(plan), all = elbo__run_notes(plan);
    double *notes = notes_of_run(plan);
    notes[all - 2] = 0;
    for (int t = 0; t < plan->threads; t++) {
        double *end = &notes[((size_t)t + 1) * of_thread - 1];
        notes[all - 2] += *end > 0; /* a thread that took no part has not ended */
        *end = *end > 0 ? done - *end : 0;
    }
    notes[all - 1] = done - called;
    plan->watch.runs++;
}

/* Below this waking the other threads costs more than they bring. */
static const double LEAST_PARALLEL = 30000; /* ns */

static elbo_status ready(elbo_plan *plan, const elbo_params *params)
{
    for (size_t i = 0; i < plan->n_inputs; i++)
        if (!plan->inputs[i].data)
            return elbo__fail(ELBO_INVALID, "input \"%s\" is not given", plan->inputs[i].name);
    bool fits = plan->params_count == 0 ||
                (params && elbo_params_closed(params) && elbo_params_dtype(params) == plan->dtype &&
                 elbo_params_count(params) == plan->params_count &&
                 elbo__params_mark(params) == plan->params_mark);
    for (size_t i = 0; i < plan->n_buffers && fits; i++) {
        const elbo__buffer *b = &plan->buffers[i];
        if (b->class == ELBO__PARAM && !(fits = b->slab < elbo_params_slab_count(params)))
            break;
        plan->pointers[i] = b->class == ELBO__PARAM      ? elbo__params_data(params, b->slab)
                            : b->class == ELBO__INPUT    ? (char *)(intptr_t)plan->inputs[b->input].data
                            : b->class == ELBO__CONSTANT ? plan->constants + b->at
                                                         : plan->arena + b->at;
    }
    return fits ? ELBO_OK : elbo__fail(ELBO_INVALID, "the parameter set is not the one the plan was compiled for");
}

elbo_status elbo_plan_run(elbo_plan *plan, elbo_params *params, elbo_at at)
{
    elbo_status status = ready(plan, params);
    if (status != ELBO_OK)
        return status;
    if (plan->poison)
        memset(plan->arena, 0xff,
               plan->shared_bytes + (size_t)plan->threads * (plan->local_bytes + plan->scratch_bytes));
    bool small = plan->cost < LEAST_PARALLEL && !plan->poison && !plan->eager;
    if (plan->watch.notes)
        memset(notes_of_run(plan), 0, elbo__run_notes(plan) * sizeof(double));
    const double called = plan->watch.notes ? now() : 0;
    if (plan->threads == 1 || small) {
        run_as(plan, &at, 0, 1, called);
    } else {
#pragma omp parallel num_threads(plan->threads)
        run_as(plan, &at, omp_get_thread_num(), omp_get_num_threads(), called);
    }
    if (plan->watch.notes)
        close_notes(plan, called, now());
    if (plan->assigns)
        elbo_params_touch(params);
    return ELBO_OK;
}

elbo_status elbo_plan_watch(elbo_plan *plan, bool on)
{
    elbo__free(plan->watch.notes);
    plan->watch = (elbo__watch){0};
    if (on && !(plan->watch.notes = elbo__calloc(ELBO__WATCHED * elbo__run_notes(plan), sizeof *plan->watch.notes)))
        return ELBO_NO_MEMORY;
    return ELBO_OK;
}
