/* The shadow check: a plan is walked as the executor runs it, but over memory that tells who wrote what (shadow.h).
 *
 * Besides what holds for all memory, values of parameters have versions: a node that stands before an assignment in the
 * graph must find the old one, a node after it the new one. The plan is walked block by block, then by runs of
 * blocks. */
#include "../../tensor/memory.h"
#include "shadow.h"

static elbo_layout part_of(const elbo__shadow *s, const elbo__operand *operand)
{
    return elbo__operand_block(operand, s->plan->buffers[operand->buffer].class == ELBO__LOCAL, s->first, s->units);
}

/* ---- kernels ----------------------------------------------------------------------------------------------------- */

/* While it writes, a kernel may read again what it has read before: its result lies apart. */
static elbo_status lies_apart(const elbo__shadow *s, int out, int in)
{
    const elbo__buffer *a = &s->plan->buffers[out], *b = &s->plan->buffers[in];
    size_t units = a->class == ELBO__LOCAL ? (size_t)s->units : 1;
    bool meet = a->class == b->class && a->at < b->at + (size_t)b->size * units * elbo_dtype_size(b->dtype) &&
                b->at < a->at + (size_t)a->size * units * elbo_dtype_size(a->dtype);
    return meet ? elbo__shadow_wrong(s, out, 0, "lies in buffer %d, which the same kernel reads", in) : ELBO_OK;
}

static elbo_status check_kernel(elbo__shadow *s, const int *tags)
{
    const elbo__instr *instr = s->instr;
    elbo_status status = ELBO_OK;
    s->now++;
    for (int k = 0; k < instr->n_in && status == ELBO_OK; k++) {
        elbo_layout part = part_of(s, &instr->in[k]);
        status = elbo__shadow_read(s, instr->in[k].buffer, &part, 0, elbo_shape_size(&part.shape), tags[k], s->now);
        if (status == ELBO_OK)
            status = lies_apart(s, instr->out.buffer, instr->in[k].buffer);
    }
    elbo_layout part = part_of(s, &instr->out);
    return status != ELBO_OK
               ? status
               : elbo__shadow_write(s, instr->out.buffer, &part, 0, elbo_shape_size(&part.shape), tags[instr->n_in]);
}

/* ---- groups ------------------------------------------------------------------------------------------------------ */

/* What a register is: a chunk of its own, or the memory of an operand as it was after some step. */
typedef struct {
    bool filled;
    int operand; /* NONE: its own */
    int tag;
    int64_t since;
} reg;

typedef struct {
    elbo_shape shape; /* of the part at hand */
    int64_t first, n; /* the chunk */
    reg *regs;
} chunk;

/* Registers that are memory must still be as they were when they were filled. */
static elbo_status check_use(elbo__shadow *s, const chunk *c, const elbo__step *step)
{
    int count = elbo__reads_of(step);
    elbo_status status = ELBO_OK;
    for (int k = 0; k < count && status == ELBO_OK; k++) {
        const reg *r = &c->regs[step->from[k]];
        if (!r->filled)
            return elbo__fail(
                ELBO_INVALID, "stage %d, loop %d, instruction %d: register %d is used before it is filled",
                s->loop->stage, (int)(s->loop - s->plan->loops), (int)(s->instr - s->loop->instrs), step->from[k]);
        if (r->operand == ELBO__NONE || s->wrote <= r->since)
            continue;
        elbo_layout part = part_of(s, &s->instr->in[r->operand]);
        status = elbo__shadow_read(s, s->instr->in[r->operand].buffer, &part, c->first, c->n, r->tag, r->since);
    }
    return status;
}

static bool uniform(const elbo_layout *l)
{
    for (int i = 0; i < l->shape.ndim; i++)
        if (l->shape.dim[i] > 1 && l->strides[i] != 0)
            return false;
    return true;
}

/* Whether the step may do to its operand what it says. */
static elbo_status check_operand(const elbo__shadow *s, const chunk *c, const elbo__step *step, const elbo_layout *part)
{
    int buffer = s->instr->in[step->operand].buffer;
    bool in_place = step->kind == ELBO__COMPUTE || (step->kind == ELBO__LOAD && step->direct);
    if (!elbo_shape_equal(&part->shape, &c->shape))
        return elbo__shadow_wrong(s, buffer, part->offset, "begins a part of shape %s, but the group's is %s",
                                  elbo_shape_format(&part->shape).text, elbo_shape_format(&c->shape).text);
    if (in_place &&
        (!elbo__lane_in_place(part, s->instr->group->row_axes) || s->plan->buffers[buffer].dtype != s->plan->dtype))
        return elbo__shadow_wrong(s, buffer, part->offset,
                                  "begins a part that is no row of numbers of the plan's dtype");
    if (step->kind == ELBO__LOAD && step->once && !uniform(part))
        return elbo__shadow_wrong(s, buffer, part->offset, "is not the only one, but loaded once");
    return ELBO_OK;
}

static elbo_status check_step(elbo__shadow *s, chunk *c, const elbo__step *step, int tag)
{
    reg filled = {.filled = true, .operand = ELBO__NONE, .tag = tag, .since = s->now};
    bool load = step->kind == ELBO__LOAD;
    elbo_status status = load ? ELBO_OK : check_use(s, c, step);
    if (status == ELBO_OK && step->operand != ELBO__NONE) {
        int buffer = s->instr->in[step->operand].buffer;
        elbo_layout part = part_of(s, &s->instr->in[step->operand]);
        filled.operand = !load || step->direct ? step->operand : ELBO__NONE;
        status = check_operand(s, c, step, &part);
        if (status == ELBO_OK && !load)
            status = elbo__shadow_write(s, buffer, &part, c->first, c->n, tag);
        else if (status == ELBO_OK && !(step->once && c->first > 0))
            status = elbo__shadow_read(s, buffer, &part, c->first, c->n, tag, s->now);
    }
    if (elbo__fills(step))
        c->regs[step->to] = filled;
    return status;
}

static elbo_status check_group(elbo__shadow *s, const int *tags)
{
    const elbo__group *g = s->instr->group;
    chunk c = {.shape = g->shape, .regs = elbo__calloc((size_t)g->registers, sizeof *c.regs)};
    elbo_status status = c.regs ? ELBO_OK : ELBO_NO_MEMORY;
    if (s->instr->axis >= 0)
        c.shape.dim[s->instr->axis] = g->shape.dim[s->instr->axis] / s->loop->units * s->units;
    const int64_t total = elbo_shape_size(&c.shape), row = elbo__row(&c.shape, g->row_axes);
    const int64_t most = total > 0 ? elbo__chunk(row) : 0;
    for (; c.first < total && status == ELBO_OK; c.first += c.n) {
        c.n = elbo__chunk_at(most, row, c.first % row);
        for (size_t i = 0; i < g->n_steps && status == ELBO_OK; i++) {
            s->now++;
            status = check_step(s, &c, &g->steps[i], tags[i]);
        }
    }
    elbo__free(c.regs);
    return status;
}

/* ---- tags: for every access of an instruction, what is to be found or left --------------------------------------- */

static int accesses(const elbo__instr *instr)
{
    return instr->group ? (int)instr->group->n_steps : instr->n_in + 1;
}

/* In a parameter: the version for the first of the instruction's nodes; a group keeps what it assigns in registers. */
static int tag_to_find(const elbo__shadow *s, const elbo__loop *loop, int instr, int buffer)
{
    if (s->plan->buffers[buffer].class != ELBO__PARAM)
        return buffer + 1;
    int oldest = INT32_MAX, leaf = s->leaf[buffer];
    for (size_t k = 0; k < loop->n_nodes; k++) {
        int id = loop->nodes[k], version = elbo__last_assignment(s->plan, leaf, id) + 1;
        if (s->plan->nodes[id].instr == instr && elbo__node_reads(s->plan, id, leaf) && version < oldest)
            oldest = version;
    }
    return oldest;
}

/* By the n-th store to the buffer; 0 when no node asks for it. */
static int tag_to_leave(const elbo__shadow *s, const elbo__loop *loop, int instr, int buffer, int n)
{
    if (s->plan->buffers[buffer].class != ELBO__PARAM)
        return buffer + 1;
    for (size_t k = 0; k < loop->n_nodes; k++) {
        const elbo__node *node = &s->plan->nodes[loop->nodes[k]];
        if (node->instr == instr && node->op->flags & ELBO__ASSIGN && node->in[0] == s->leaf[buffer] && n-- == 0)
            return loop->nodes[k] + 1;
    }
    return 0;
}

static void tags_of_group(const elbo__shadow *s, const elbo__loop *loop, int instr, int *tags)
{
    const elbo__instr *in = &loop->instrs[instr];
    for (size_t i = 0; i < in->group->n_steps; i++) {
        const elbo__step *step = &in->group->steps[i];
        int buffer = step->operand != ELBO__NONE ? in->in[step->operand].buffer : ELBO__NONE, stores = 0;
        for (size_t j = 0; j < i; j++) {
            const elbo__step *old = &in->group->steps[j];
            stores += old->kind != ELBO__LOAD && old->operand != ELBO__NONE && in->in[old->operand].buffer == buffer;
        }
        if (buffer != ELBO__NONE)
            tags[i] = step->kind == ELBO__LOAD ? tag_to_find(s, loop, instr, buffer)
                                               : tag_to_leave(s, loop, instr, buffer, stores);
    }
}

static int *tags_of_loop(const elbo__shadow *s, const elbo__loop *loop)
{
    int count = 0;
    for (size_t i = 0; i < loop->n_instrs; i++)
        count += accesses(&loop->instrs[i]);
    int *tags = elbo__calloc((size_t)count, sizeof *tags);
    for (int i = 0, at = 0; tags && i < (int)loop->n_instrs; at += accesses(&loop->instrs[i++])) {
        const elbo__instr *instr = &loop->instrs[i];
        if (instr->group) {
            tags_of_group(s, loop, i, &tags[at]);
            continue;
        }
        for (int k = 0; k < instr->n_in; k++)
            tags[at + k] = tag_to_find(s, loop, i, instr->in[k].buffer);
        tags[at + instr->n_in] = tag_to_leave(s, loop, i, instr->out.buffer, 0);
    }
    return tags;
}

/* ---- the walk ---------------------------------------------------------------------------------------------------- */

static elbo_status walk_loop(elbo__shadow *s, const elbo__loop *loop, int64_t together)
{
    int *tags = tags_of_loop(s, loop);
    elbo_status status = tags ? ELBO_OK : ELBO_NO_MEMORY;
    int64_t run = together * loop->grain;
    s->loop = loop;
    for (int64_t first = 0; first < loop->units && status == ELBO_OK; first += run) {
        elbo__shadow_next_blocks(s, first, loop->units - first < run ? loop->units - first : run);
        const int *tag = tags;
        for (size_t i = 0; i < loop->n_instrs && status == ELBO_OK; tag += accesses(&loop->instrs[i++])) {
            s->instr = &loop->instrs[i];
            status = s->instr->group ? check_group(s, tag) : check_kernel(s, tag);
        }
    }
    s->loop = NULL;
    elbo__free(tags);
    return status;
}

/* Outputs are there, and every parameter is as its last assignment leaves it. */
static elbo_status check_end(elbo__shadow *s)
{
    const elbo_plan *plan = s->plan;
    elbo_status status = ELBO_OK;
    elbo__shadow_next_stage(s);
    elbo__shadow_next_blocks(s, 0, 1);
    for (int i = 0; i < plan->n_outputs && status == ELBO_OK; i++) {
        const elbo__node *node = &plan->nodes[plan->outputs[i]];
        int buffer = plan->nodes[node->base].buffer;
        status = elbo__shadow_read(s, buffer, &node->layout, 0, elbo_shape_size(&node->shape), buffer + 1, s->now);
    }
    for (int id = 0; id < (int)plan->n_nodes && status == ELBO_OK; id++) {
        const elbo__node *node = &plan->nodes[id];
        if (node->op == &elbo__op_param)
            status = elbo__shadow_read(s, node->buffer, &node->layout, 0, elbo_shape_size(&node->shape),
                                       elbo__last_assignment(plan, id, (int)plan->n_nodes) + 1, s->now);
    }
    return status;
}

static elbo_status walk_plan(elbo__shadow *s, bool by_runs)
{
    elbo_status status = ELBO_OK;
    elbo__shadow_restart(s);
    for (size_t i = 0; i < s->plan->n_loops && status == ELBO_OK; i++) {
        const elbo__loop *loop = &s->plan->loops[i];
        if (i > 0 && loop->stage != s->plan->loops[i - 1].stage)
            elbo__shadow_next_stage(s);
        status = walk_loop(s, loop, by_runs ? loop->run : 1);
    }
    return status == ELBO_OK ? check_end(s) : status;
}

/* ---- what needs no walk ------------------------------------------------------------------------------------------ */

/* What moves with the blocks is covered by the units exactly, and along the axis that the op says. */
static bool moves_well(const elbo_plan *plan, const elbo__loop *loop, int id)
{
    const elbo__instr *instr = &loop->instrs[plan->nodes[id].instr];
    bool group = instr->group;
    if (!group && (instr->op != plan->nodes[id].op || instr->n_in != plan->nodes[id].n_in))
        return false;
    for (int k = group ? 0 : -1; k < instr->n_in; k++) {
        const elbo__operand *o = k < 0 ? &instr->out : &instr->in[k];
        int axis = group || k < 0 ? instr->axis : elbo__node_walks(plan, id, k, instr->axis);
        if (o->axis >= 0 && (o->axis != axis || o->per_unit * loop->units != o->layout.shape.dim[axis]))
            return false;
    }
    return true;
}

static elbo_status check_moves(const elbo_plan *plan)
{
    for (size_t i = 0; i < plan->n_loops; i++)
        for (size_t k = 0; k < plan->loops[i].n_nodes; k++) {
            int id = plan->loops[i].nodes[k];
            if (!moves_well(plan, &plan->loops[i], id))
                return elbo__fail(ELBO_INVALID,
                                  "loop %zu, instruction %d: an operand of node %d does not move as it should", i,
                                  plan->nodes[id].instr, id);
        }
    return ELBO_OK;
}

static elbo_status check_places(const elbo_plan *plan)
{
    for (size_t i = 0; i < plan->n_buffers; i++) {
        const elbo__buffer *b = &plan->buffers[i];
        if (b->class != ELBO__SHARED && b->class != ELBO__LOCAL)
            continue;
        const elbo__loop *loop = b->class == ELBO__LOCAL ? &plan->loops[b->loop] : NULL;
        size_t bytes = (size_t)(b->size * (loop ? loop->grain * loop->run : 1)) * elbo_dtype_size(b->dtype);
        if (b->at % 64 || b->at + bytes > (loop ? plan->local_bytes : plan->shared_bytes))
            return elbo__fail(ELBO_INVALID, "%s buffer %zu: %zu bytes at %zu do not fit", elbo__class_name(b->class), i,
                              bytes, b->at);
    }
    return ELBO_OK;
}

/* Every block of every loop belongs to one thread. */
static elbo_status check_ranges(const elbo_plan *plan)
{
    for (size_t i = 0; i < plan->n_loops; i++) {
        int64_t next = 0;
        bool ok = true;
        for (int t = 0; t < plan->threads; t++) {
            const elbo__range *range = &plan->ranges[(size_t)t * plan->n_loops + i];
            ok = ok && range->loop == (int)i && range->first == next && range->end >= next;
            next = range->end;
        }
        if (!ok || next != elbo__loop_blocks(&plan->loops[i]))
            return elbo__fail(ELBO_INVALID, "loop %zu: its %lld blocks are not shared out", i,
                              (long long)elbo__loop_blocks(&plan->loops[i]));
    }
    return ELBO_OK;
}

elbo_status elbo__plan_check(const elbo_plan *plan)
{
    elbo_status status = check_places(plan);
    if (status == ELBO_OK)
        status = check_ranges(plan);
    if (status == ELBO_OK)
        status = check_moves(plan);
    if (status != ELBO_OK)
        return status;
    elbo__shadow shadow;
    status = elbo__shadow_new(&shadow, plan);
    if (status == ELBO_OK)
        status = walk_plan(&shadow, false);
    if (status == ELBO_OK)
        status = walk_plan(&shadow, true);
    elbo__shadow_free(&shadow);
    return status;
}
