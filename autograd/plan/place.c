/* How long blocks are, where every buffer lies and for how long, and which thread works on which blocks. */
#include <stdlib.h>
#include <string.h>

#include "../../tensor/memory.h"
#include "ir.h"

/* ---- what an instruction costs, roughly, in nanoseconds a unit --------------------------------------------------- */

static const struct {
    double flop, element, step, function, call;
} nanoseconds = {.flop = 1 / 60.0, .element = 0.3, .step = 0.05, .function = 0.4, .call = 100};

static double product_flops(const elbo__instr *instr)
{
    if (!elbo__multiplies(instr))
        return 0;
    return instr->op->flops(&instr->out.layout.shape, &instr->in[0].layout.shape,
                            &instr->in[instr->n_in - 1].layout.shape);
}

static double cost_of(const elbo__instr *instr)
{
    if (elbo__multiplies(instr))
        return product_flops(instr) * nanoseconds.flop;
    if (instr->op && instr->op->nanoseconds)
        return instr->op->nanoseconds(&instr->out.layout.shape, &instr->in[0].layout.shape);
    if (instr->op) {
        double elements = (double)elbo_shape_size(&instr->out.layout.shape);
        for (int k = 0; k < instr->n_in; k++) {
            bool indexed = instr->op == &elbo__op_gather && k == 0; /* not read whole */
            elements += indexed ? 0 : (double)elbo_shape_size(&instr->in[k].layout.shape);
        }
        return elements * nanoseconds.element;
    }
    double steps = 0;
    for (size_t i = 0; i < instr->group->n_steps; i++) {
        const elbo__step *step = &instr->group->steps[i];
        bool function = step->kind == ELBO__COMPUTE && elbo__elementwise_calls(step->elementwise);
        steps += function ? nanoseconds.function : nanoseconds.step;
    }
    return steps * (double)elbo_shape_size(&instr->group->shape);
}

/* ---- blocks ------------------------------------------------------------------------------------------------------ */

/* At least this many rows of a product in a call of BLIS, this many nanoseconds of work in a block, and not more than
 * this many blocks in a loop. Nothing here may depend on the number of threads: results of BLIS do depend on where
 * blocks end. How many blocks a thread works off together changes no result: the more, the more rows meet a weight
 * while it is near, as long as their local buffers stay in the caches. */
enum { LEAST_ROWS = 16, LEAST_WORK = 2000, MOST_BLOCKS = 16, MOST_LOCAL = 1 << 22 };

static int64_t divide_up(int64_t a, int64_t b)
{
    return (a + b - 1) / b;
}

static void cut_blocks(elbo__loop *loop, elbo_dtype dtype)
{
    int64_t rows = 0; /* of a product, in a unit */
    double work = 0;
    for (size_t i = 0; i < loop->n_instrs; i++) {
        elbo__instr *instr = &loop->instrs[i];
        work += instr->cost;
        if (instr->op == &elbo__op_matmul && instr->out.axis >= 0 && instr->out.per_unit > rows)
            rows = instr->out.per_unit;
    }
    int64_t grain = divide_up(loop->units, MOST_BLOCKS);
    if (rows > 0 && grain * rows < LEAST_ROWS && !elbo__kernels_for(dtype)->product)
        grain = divide_up(LEAST_ROWS, rows);
    if ((double)grain * work < LEAST_WORK && work > 0)
        grain = (int64_t)(LEAST_WORK / work) + 1;
    loop->grain = grain > loop->units ? loop->units : grain;
    loop->grain = loop->grain > 0 ? loop->grain : 1;
    loop->cost = work;
}

/* ---- memory: the first place that is free for as long as it is needed -------------------------------------------- */

typedef struct {
    size_t bytes, at;
    int first, last, buffer;
} extent;

static int by_size(const void *a, const void *b)
{
    const extent *x = a, *y = b;
    if (x->bytes != y->bytes)
        return x->bytes < y->bytes ? 1 : -1;
    return x->buffer - y->buffer;
}

static size_t aligned(size_t bytes)
{
    return (bytes + 63) / 64 * 64;
}

static bool overlap(const extent *a, const extent *b)
{
    return a->first <= b->last && b->first <= a->last;
}

/* Lowest address first; the largest chooses first. Returns the bytes needed in all. `placed` (n) is for those that have
 * chosen, by address: one that begins behind the place at hand, and all after it, are no longer in the way. */
static size_t fit(extent *extents, size_t n, extent **placed)
{
    size_t top = 0;
    qsort(extents, n, sizeof *extents, by_size);
    for (size_t i = 0; i < n; i++) {
        extent *e = &extents[i];
        e->at = 0;
        size_t j = 0;
        for (; j < i && placed[j]->at < e->at + e->bytes; j++)
            if (overlap(e, placed[j]) && e->at < placed[j]->at + placed[j]->bytes)
                e->at = placed[j]->at + placed[j]->bytes;
        for (j = i; j > 0 && placed[j - 1]->at > e->at; j--)
            placed[j] = placed[j - 1];
        placed[j] = e;
        top = e->at + e->bytes > top ? e->at + e->bytes : top;
    }
    return top;
}

/* What a kernel needs besides its operands, so that what follows it in memory is aligned. */
static size_t kernel_scratch(const elbo_plan *plan, const elbo__instr *instr)
{
    if (!instr->op || !instr->op->scratch)
        return 0;
    return aligned(instr->op->scratch(plan->dtype, &instr->out.layout.shape, &instr->in[0].layout.shape,
                                      &instr->in[instr->n_in - 1].layout.shape, &instr->attr));
}

/* What a thread needs besides local buffers: what the kernel works in, the list of parts, and for a group its
 * registers. */
static size_t scratch_of(const elbo_plan *plan, const elbo__instr *instr)
{
    return instr->scratch + elbo__parts_bytes(instr->n_in) + (instr->group ? elbo__steps_bytes(instr, plan->dtype) : 0);
}

static void find_lifetimes(elbo_plan *plan)
{
    for (size_t id = 0; id < plan->n_nodes; id++) {
        const elbo__node *node = &plan->nodes[id];
        if (node->is_view || node->op->flags & ELBO__LEAF)
            continue;
        if (node->buffer != ELBO__NONE && !(node->op->flags & ELBO__ASSIGN)) {
            elbo__buffer *own = &plan->buffers[node->buffer];
            own->first = own->last = own->class == ELBO__LOCAL ? node->instr : node->stage;
            if (node->output)
                own->last = INT32_MAX;
        }
        for (int k = 0; k < node->n_in; k++) {
            int index = plan->nodes[plan->nodes[node->in[k]].base].buffer;
            if (index == ELBO__NONE)
                continue;
            elbo__buffer *read = &plan->buffers[index];
            int now = read->class == ELBO__LOCAL ? node->instr : node->stage;
            read->last = now > read->last ? now : read->last;
        }
    }
}

/* The arena's buffers: shared ones, then those of each loop. */
typedef struct {
    int *buffers;
    size_t *first; /* by loop, counted from 1; 0: shared */
} sorted;

static size_t owner(const elbo__buffer *b)
{
    return b->class == ELBO__LOCAL ? (size_t)b->loop + 1 : 0;
}

static bool in_arena(const elbo__buffer *b)
{
    return b->class == ELBO__SHARED || b->class == ELBO__LOCAL;
}

static void forget(sorted *s)
{
    elbo__free(s->buffers);
    elbo__free(s->first);
}

static elbo_status sort_buffers(const elbo_plan *plan, sorted *s)
{
    *s = (sorted){.buffers = elbo__alloc(plan->n_buffers * sizeof *s->buffers),
                  .first = elbo__calloc(plan->n_loops + 3, sizeof *s->first)};
    if (!s->buffers || !s->first) {
        forget(s);
        return ELBO_NO_MEMORY;
    }
    for (size_t i = 0; i < plan->n_buffers; i++)
        if (in_arena(&plan->buffers[i]))
            s->first[owner(&plan->buffers[i]) + 2]++;
    for (size_t i = 2; i < plan->n_loops + 3; i++)
        s->first[i] += s->first[i - 1];
    for (size_t i = 0; i < plan->n_buffers;
         i++) /* entry k + 1 is where the next of k goes, then where those of k end */
        if (in_arena(&plan->buffers[i]))
            s->buffers[s->first[owner(&plan->buffers[i]) + 1]++] = (int)i;
    return ELBO_OK;
}

/* Places the buffers of one owner. */
static elbo_status place(elbo_plan *plan, const sorted *s, size_t owner_, int64_t units, size_t *bytes)
{
    const int *buffers = s->buffers + s->first[owner_];
    size_t n = s->first[owner_ + 1] - s->first[owner_];
    extent *extents = elbo__calloc(n, sizeof *extents), **placed = elbo__calloc(n, sizeof(extent *));
    for (size_t i = 0; i < n && extents && placed; i++) {
        const elbo__buffer *b = &plan->buffers[buffers[i]];
        extents[i] = (extent){.bytes = aligned((size_t)(b->size * units) * elbo_dtype_size(b->dtype)),
                              .first = b->first,
                              .last = b->last,
                              .buffer = buffers[i]};
    }
    elbo_status status = extents && placed ? ELBO_OK : ELBO_NO_MEMORY;
    if (status == ELBO_OK)
        *bytes = fit(extents, n, placed);
    for (size_t i = 0; i < n && status == ELBO_OK; i++)
        plan->buffers[extents[i].buffer].at = extents[i].at;
    elbo__free(extents);
    elbo__free(placed);
    return status;
}

/* ---- constants --------------------------------------------------------------------------------------------------- */

static elbo_status write_constants(elbo_plan *plan)
{
    size_t bytes = 0;
    for (size_t i = 0; i < plan->n_buffers; i++) {
        elbo__buffer *b = &plan->buffers[i];
        if (b->class != ELBO__CONSTANT)
            continue;
        b->at = bytes;
        bytes += aligned((size_t)b->size * elbo_dtype_size(b->dtype));
    }
    if (!(plan->constants = elbo__calloc(bytes, 1)))
        return ELBO_NO_MEMORY;
    for (size_t id = 0; id < plan->n_nodes; id++) {
        elbo__node *node = &plan->nodes[id];
        if (node->op != &elbo__op_constant && node->op != &elbo__op_array)
            continue;
        const void *values = node->attr.values ? (const void *)node->attr.values : &node->attr.value;
        elbo_tensor from = elbo_tensor_of(ELBO_F64, node->shape, values);
        elbo_tensor to = elbo_tensor_of(node->dtype, node->shape, plan->constants + plan->buffers[node->buffer].at);
        elbo_tensor_copy(&to, &from);
        node->attr.values = NULL; /* the graph's; it may be freed */
    }
    return ELBO_OK;
}

/* ---- threads ----------------------------------------------------------------------------------------------------- */

/* The thread with the least work so far among those that have no extra block of this loop yet. */
static int least_loaded(const double *load, const bool *extra, int threads)
{
    int least = -1;
    for (int t = 0; t < threads; t++)
        if (!extra[t] && (least < 0 || load[t] < load[least]))
            least = t;
    return least;
}

elbo__range *elbo__plan_ranges(const elbo_plan *plan, int threads)
{
    elbo__range *ranges = elbo__calloc((size_t)threads * plan->n_loops, sizeof *ranges);
    double *load = elbo__calloc((size_t)threads, sizeof *load);
    bool *extra = elbo__calloc((size_t)threads, sizeof *extra);
    bool ok = ranges && load && extra;
    for (size_t i = 0; i < plan->n_loops && ok; i++) {
        const elbo__loop *loop = &plan->loops[i];
        int64_t blocks = elbo__loop_blocks(loop), next = 0;
        for (int t = 0; t < threads; t++) {
            load[t] = i > 0 && loop->stage != plan->loops[i - 1].stage ? 0 : load[t];
            extra[t] = false;
        }
        for (int64_t left = blocks % threads; left > 0; left--)
            extra[least_loaded(load, extra, threads)] = true;
        for (int t = 0; t < threads; t++) {
            int64_t mine = blocks / threads + extra[t];
            ranges[(size_t)t * plan->n_loops + i] = (elbo__range){(int)i, next, next + mine};
            load[t] += (double)mine * ((double)loop->grain * loop->cost + nanoseconds.call);
            next += mine;
        }
    }
    elbo__free(load);
    elbo__free(extra);
    if (!ok)
        elbo__free(ranges);
    return ok ? ranges : NULL;
}

elbo_status elbo__plan_divide(elbo_plan *plan)
{
    elbo__free(plan->ranges);
    plan->ranges = elbo__plan_ranges(plan, plan->threads);
    return plan->ranges ? ELBO_OK : ELBO_NO_MEMORY;
}

/* ---- the pass ---------------------------------------------------------------------------------------------------- */

/* Local buffers grow with the units in a run. */
static elbo_status choose_runs(elbo_plan *plan, const sorted *s)
{
    elbo_status status = ELBO_OK;
    for (size_t i = 0; i < plan->n_loops && status == ELBO_OK; i++) {
        elbo__loop *loop = &plan->loops[i];
        status = place(plan, s, i + 1, loop->grain, &loop->local);
        int64_t blocks = elbo__loop_blocks(loop), fitting = loop->local ? MOST_LOCAL / (int64_t)loop->local : blocks;
        loop->run = fitting < blocks ? fitting : blocks;
        loop->run = loop->run > 0 ? loop->run : 1;
    }
    return status;
}

static elbo_status place_all(elbo_plan *plan, const sorted *s)
{
    elbo_status status = place(plan, s, 0, 1, &plan->shared_bytes);
    plan->local_bytes = 0;
    for (size_t i = 0; i < plan->n_loops && status == ELBO_OK; i++) {
        elbo__loop *loop = &plan->loops[i];
        status = place(plan, s, i + 1, loop->grain * loop->run, &loop->local);
        plan->local_bytes = loop->local > plan->local_bytes ? loop->local : plan->local_bytes;
    }
    return status;
}

elbo_status elbo__plan_allocate(elbo_plan *plan)
{
    enum { SLACK = 512 }; /* BLIS may read a little beyond the end of an operand */
    elbo__free(plan->arena);
    elbo__free(plan->pointers);
    plan->arena = elbo__calloc(
        plan->shared_bytes + (size_t)plan->threads * (plan->local_bytes + plan->scratch_bytes) + SLACK, 1);
    plan->pointers = elbo__calloc(plan->n_buffers, sizeof *plan->pointers);
    return plan->arena && plan->pointers ? ELBO_OK : ELBO_NO_MEMORY;
}

elbo_status elbo__plan_recut(elbo_plan *plan, int64_t grain, int64_t run)
{
    for (size_t i = 0; i < plan->n_loops; i++) {
        elbo__loop *loop = &plan->loops[i];
        if (grain > 0)
            loop->grain = grain < loop->units ? grain : loop->units > 0 ? loop->units : 1;
        if (run > 0)
            loop->run = run;
    }
    sorted s;
    elbo_status status = sort_buffers(plan, &s);
    if (status != ELBO_OK)
        return status;
    status = place_all(plan, &s);
    forget(&s);
    if (status == ELBO_OK)
        status = elbo__plan_divide(plan);
    return status == ELBO_OK ? elbo__plan_allocate(plan) : status;
}

elbo_status elbo__plan_place(elbo_plan *plan)
{
    size_t scratch = 0;
    for (size_t i = 0; i < plan->n_loops; i++) {
        elbo__loop *loop = &plan->loops[i];
        for (size_t k = 0; k < loop->n_instrs; k++) {
            elbo__instr *instr = &loop->instrs[k];
            instr->number = (int)plan->n_instrs++;
            instr->cost = loop->units ? cost_of(instr) / (double)loop->units : 0;
            plan->product_flops += product_flops(instr);
            instr->scratch = kernel_scratch(plan, instr);
            size_t needed = scratch_of(plan, instr);
            scratch = needed > scratch ? needed : scratch;
        }
        cut_blocks(loop, plan->dtype);
        plan->cost += loop->cost * (double)loop->units;
    }
    plan->scratch_bytes = aligned(scratch);
    find_lifetimes(plan);
    sorted s;
    elbo_status status = sort_buffers(plan, &s);
    if (status != ELBO_OK)
        return status;
    status = choose_runs(plan, &s);
    if (status == ELBO_OK)
        status = place_all(plan, &s);
    forget(&s);
    if (status == ELBO_OK)
        status = write_constants(plan);
    return status == ELBO_OK ? elbo__plan_divide(plan) : status;
}
