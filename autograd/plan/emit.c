/* Buffers, and the instructions over them. A value that only its own group reads stays in a register; one that only its
 * own loop reads is local to a thread's run of blocks; the others are whole. */
#include <string.h>

#include "../../tensor/lookup.h"
#include "../../tensor/memory.h"
#include "ir.h"

/* ---- buffers ----------------------------------------------------------------------------------------------------- */

static elbo_status add_buffer(elbo_plan *plan, elbo__buffer buffer, int *index)
{
    elbo_status status = elbo__grow((void **)&plan->buffers, &plan->buffers_capacity, plan->n_buffers + 1,
                                    sizeof buffer);
    if (status == ELBO_OK) {
        *index = (int)plan->n_buffers;
        plan->buffers[plan->n_buffers++] = buffer;
    }
    return status;
}

static elbo_status add_input(elbo_plan *plan, elbo__node *node)
{
    elbo_status status = elbo__grow((void **)&plan->inputs, &plan->inputs_capacity, plan->n_inputs + 1,
                                    sizeof *plan->inputs);
    if (status == ELBO_OK) {
        plan->inputs[plan->n_inputs++] = (elbo__input_slot){
            .name = node->name, .dtype = node->dtype, .shape = node->shape};
        node->name = NULL; /* the slot owns it now */
    }
    return status;
}

static elbo_status leaf_buffer(elbo_plan *plan, elbo__node *node)
{
    elbo__buffer buffer = {.dtype = node->dtype, .size = elbo_shape_size(&node->shape), .loop = ELBO__NONE};
    if (node->op == &elbo__op_param) {
        buffer.class = ELBO__PARAM;
        buffer.slab = node->attr.slab;
    } else if (node->op == &elbo__op_input) {
        buffer.class = ELBO__INPUT;
        buffer.input = (int)plan->n_inputs;
        elbo_status status = add_input(plan, node);
        if (status != ELBO_OK)
            return status;
    } else {
        buffer.class = ELBO__CONSTANT;
    }
    return add_buffer(plan, buffer, &node->buffer);
}

/* Where the readers of a node's value are. */
typedef struct {
    bool outside_group, outside_loop;
} readership;

static void look_at_readers(const elbo_plan *plan, readership *readers)
{
    for (size_t id = 0; id < plan->n_nodes; id++) {
        const elbo__node *node = &plan->nodes[id];
        for (int k = 0; k < node->n_in && !node->is_view && !(node->op->flags & ELBO__LEAF); k++) {
            int from = plan->nodes[node->in[k]].base;
            const elbo__node *base = &plan->nodes[from];
            readers[from].outside_loop |= base->loop != node->loop;
            readers[from].outside_group |= base->loop != node->loop || base->instr != node->instr;
        }
    }
}

static elbo_status make_buffers(elbo_plan *plan)
{
    readership *readers = elbo__calloc(plan->n_nodes, sizeof *readers);
    if (!readers)
        return ELBO_NO_MEMORY;
    look_at_readers(plan, readers);
    elbo_status status = ELBO_OK;
    for (size_t id = 0; id < plan->n_nodes && status == ELBO_OK; id++) {
        elbo__node *node = &plan->nodes[id];
        node->buffer = ELBO__NONE;
        if (node->op->flags & ELBO__LEAF) {
            status = leaf_buffer(plan, node);
        } else if (node->op->flags & ELBO__ASSIGN) {
            node->buffer = plan->nodes[node->in[0]].buffer;
        } else if (!node->is_view &&
                   (node->output || readers[id].outside_group || !(node->op->flags & ELBO__ELEMENTWISE))) {
            bool local = !node->output && !readers[id].outside_loop && node->axis >= 0 && !node->stripes;
            int64_t size = elbo_shape_size(&node->shape);
            elbo__buffer buffer = {.class = local ? ELBO__LOCAL : ELBO__SHARED,
                                   .dtype = node->dtype,
                                   .size = local && node->units ? size / node->units : size,
                                   .loop = local ? node->loop : ELBO__NONE};
            status = add_buffer(plan, buffer, &node->buffer);
        }
    }
    elbo__free(readers);
    return status;
}

/* ---- operands ---------------------------------------------------------------------------------------------------- */

/* What node `reader` (one of the computed ones) reads of operand k. */
static elbo__operand read_operand(const elbo_plan *plan, int reader, int k)
{
    const elbo__node *node = &plan->nodes[reader], *from = &plan->nodes[node->in[k]];
    elbo__operand operand = {.buffer = plan->nodes[from->base].buffer, .layout = from->layout, .axis = ELBO__UNCUT};
    int axis = elbo__node_walks(plan, reader, k, node->axis);
    if (axis >= 0 && node->units && from->shape.dim[axis] % node->units == 0) {
        operand.axis = axis;
        operand.per_unit = from->shape.dim[axis] / node->units;
    }
    return operand;
}

static elbo__operand write_operand(const elbo__node *node)
{
    elbo__operand operand = {.buffer = node->buffer, .layout = node->layout, .axis = node->axis};
    if (node->axis >= 0)
        operand.per_unit = node->units ? node->shape.dim[node->axis] / node->units : 0;
    return operand;
}

elbo_layout elbo__operand_block(const elbo__operand *operand, bool local, int64_t first, int64_t units)
{
    elbo_layout layout = operand->layout;
    if (operand->axis >= 0) {
        layout.shape.dim[operand->axis] = units * operand->per_unit;
        if (!local)
            layout.offset += first * operand->per_unit * layout.strides[operand->axis];
    }
    return layout;
}

/* ---- groups ------------------------------------------------------------------------------------------------------ */

typedef struct {
    elbo_plan *plan;
    elbo__instr *instr;
    size_t operands_capacity;
    int *value;     /* by node: the register that holds it within the group; NONE */
    int *shown;     /* by state leaf: the register that holds what the group assigned to it; NONE */
    int next;       /* registers handed out so far: one a value, made fewer at the end */
    bool *computed; /* by register: by the group; else it is loaded */
    size_t computed_capacity;
    elbo__lookup loads; /* steps that load, by what they load */
} emission;

static elbo_status add_step(emission *e, elbo__step step)
{
    elbo__group *g = e->instr->group;
    elbo_status status = elbo__grow((void **)&g->steps, &g->steps_capacity, g->n_steps + 1, sizeof step);
    if (status == ELBO_OK && elbo__fills(&step))
        status = elbo__grow((void **)&e->computed, &e->computed_capacity, (size_t)step.to + 1, sizeof *e->computed);
    if (status != ELBO_OK)
        return status;
    if (elbo__fills(&step))
        e->computed[step.to] = step.kind == ELBO__COMPUTE;
    g->steps[g->n_steps++] = step;
    return ELBO_OK;
}

/* Adds an operand, as the node's lane. */
static elbo_status add_operand(emission *e, const elbo__node *node, elbo__operand operand, int *index)
{
    elbo_status status = elbo__grow((void **)&e->instr->in, &e->operands_capacity, (size_t)e->instr->n_in + 1,
                                    sizeof operand);
    if (status != ELBO_OK)
        return status;
    operand.layout = elbo__lane(node, &operand.layout);
    operand.axis = operand.axis < 0 ? ELBO__UNCUT : node->stripes ? operand.layout.shape.ndim - 1 : 0;
    if (operand.axis >= 0)
        operand.per_unit = node->units ? operand.layout.shape.dim[operand.axis] / node->units : 0;
    *index = e->instr->n_in;
    e->instr->in[e->instr->n_in++] = operand;
    return ELBO_OK;
}

static bool same_number_everywhere(const elbo_layout *layout)
{
    for (int i = 0; i < layout->shape.ndim; i++)
        if (layout->shape.dim[i] != 1 && layout->strides[i] != 0)
            return false;
    return true;
}

static elbo_status load(emission *e, const elbo__node *node, elbo__operand operand, int *reg)
{
    elbo__group *g = e->instr->group;
    elbo_layout lane = elbo__lane(node, &operand.layout);
    const uint64_t hash = elbo__hash_more((uint64_t)operand.buffer, &lane.offset, sizeof lane.offset);
    for (int entry = elbo__lookup_first(&e->loads, hash); entry >= 0; entry = elbo__lookup_next(&e->loads, entry)) {
        const elbo__step *old = &g->steps[e->loads.entries[entry].value];
        if (e->instr->in[old->operand].buffer == operand.buffer &&
            elbo__layout_same(&e->instr->in[old->operand].layout, &lane)) {
            *reg = old->to;
            return ELBO_OK;
        }
    }
    elbo__step step = {.kind = ELBO__LOAD, .to = *reg = e->next++};
    step.once = same_number_everywhere(&lane);
    elbo_status status = add_operand(e, node, operand, &step.operand);
    if (status == ELBO_OK)
        status = elbo__lookup_add(&e->loads, hash, (int)g->n_steps);
    return status == ELBO_OK ? add_step(e, step) : status;
}

static elbo_status operand_register(emission *e, int id, int k, int *reg)
{
    const elbo__node *from = &e->plan->nodes[e->plan->nodes[id].in[k]];
    *reg = e->value[from->base] != ELBO__NONE ? e->value[from->base] : e->shown[from->base];
    return *reg != ELBO__NONE ? ELBO_OK : load(e, &e->plan->nodes[id], read_operand(e->plan, id, k), reg);
}

static elbo_status emit_fused(emission *e, int id)
{
    elbo__node *node = &e->plan->nodes[id];
    elbo__step step = {.kind = ELBO__COMPUTE, .elementwise = node->attr.elementwise, .operand = ELBO__NONE};
    elbo_status status = ELBO_OK;
    bool assigns = node->op->flags & ELBO__ASSIGN;
    for (int k = assigns ? 1 : 0; k < node->n_in && status == ELBO_OK; k++)
        status = operand_register(e, id, k, &step.from[assigns ? 0 : k]);
    if (status != ELBO_OK)
        return status;
    /* Cast passes on what it loads, for loads convert; assign what the group has computed. What an assignment loads may
     * be memory that changes while the new value is still read, so it is copied: right to the state's memory, as a
     * rule. */
    int reg = step.from[0];
    bool copies = assigns && !e->computed[reg];
    if (node->op == &elbo__op_elementwise || copies) {
        step.elementwise = copies ? ELBO__copy : step.elementwise;
        reg = step.to = e->next++;
        if ((status = add_step(e, step)) != ELBO_OK)
            return status;
    }
    e->value[id] = reg;
    if (assigns)
        e->shown[node->in[0]] = reg;
    if (node->buffer == ELBO__NONE)
        return ELBO_OK;
    elbo__step store = {.kind = ELBO__STORE, .from = {reg}};
    status = add_operand(e, node, write_operand(node), &store.operand);
    return status == ELBO_OK ? add_step(e, store) : status;
}

/* A sum along the rows of what the group computes. */
static elbo_status emit_sum(emission *e, int id)
{
    const elbo__node *node = &e->plan->nodes[id];
    elbo__step sum = {.kind = ELBO__SUM, .elementwise = node->op == &elbo__op_sum_abs ? ELBO__abs : ELBO__copy};
    elbo__operand to = write_operand(node);
    elbo_status status = operand_register(e, id, 0, &sum.from[0]);
    sum.to = e->next++;
    to.layout = elbo__spread(e->plan, id);
    if (status == ELBO_OK)
        status = add_operand(e, node, to, &sum.operand);
    e->instr->group->row_axes = elbo__sums_rows(e->plan, id);
    return status == ELBO_OK ? add_step(e, sum) : status;
}

/* Whether kernels can work on an operand in place, in rows of so many axes. */
static bool in_place(const emission *e, const elbo__operand *operand, int row_axes)
{
    return e->plan->buffers[operand->buffer].dtype == e->plan->dtype && elbo__lane_in_place(&operand->layout, row_axes);
}

/* The most axes of such rows; 0 where there are none. */
static int longest_rows(const emission *e, const elbo__operand *operand)
{
    int axes = 0;
    while (axes < operand->layout.shape.ndim && in_place(e, operand, axes + 1))
        axes++;
    return axes;
}

/* Of blocks that are one piece, all numbers are a row. But a lane that repeats its rows, as the bias of a layer does,
 * or has them somewhere else, can be worked on in place by rows of its own. They pay where they are long; short ones
 * are faster copied. */
static int choose_rows(const emission *e)
{
    enum { LEAST = ELBO__CHUNK / 2 };
    const elbo__group *g = e->instr->group;
    int axes = g->shape.ndim;
    for (size_t i = 0; i < g->n_steps; i++) {
        const elbo__step *step = &g->steps[i];
        if (step->kind == ELBO__COMPUTE || step->once)
            continue;
        const int found = longest_rows(e, &e->instr->in[step->operand]);
        if (found > 0 && found < axes && elbo__row(&g->shape, found) >= LEAST)
            axes = found;
    }
    return axes;
}

static void load_in_place(const emission *e)
{
    elbo__group *g = e->instr->group;
    for (elbo__step *step = g->steps; step < g->steps + g->n_steps; step++)
        if (step->kind == ELBO__LOAD && !step->once)
            step->direct = in_place(e, &e->instr->in[step->operand], g->row_axes);
}

/* The nodes [first, first + n) of the loop's list, as one fused group. */
static elbo_status emit_group(elbo_plan *plan, elbo__instr *instr, const int *nodes, size_t n, int *value, int *shown)
{
    emission e = {.plan = plan, .instr = instr, .value = value, .shown = shown};
    const elbo__node *like = &plan->nodes[nodes[0]];
    elbo__group *g = instr->group = elbo__calloc(1, sizeof *g);
    if (!g)
        return ELBO_NO_MEMORY;
    g->shape = elbo__lane(like, &like->layout).shape;
    g->condition = ELBO__NONE;
    instr->axis = like->axis < 0 ? ELBO__UNCUT : like->stripes ? g->shape.ndim - 1 : 0;
    elbo_status status = ELBO_OK;
    for (size_t i = 0; i < n && status == ELBO_OK; i++)
        status = plan->nodes[nodes[i]].op->flags & (ELBO__ELEMENTWISE | ELBO__ASSIGN) ? emit_fused(&e, nodes[i])
                                                                                      : emit_sum(&e, nodes[i]);
    if (g->row_axes == 0) /* else those of its sums */
        g->row_axes = like->stripes ? 1 : choose_rows(&e);
    load_in_place(&e);
    for (size_t i = 0; i < n; i++) {
        value[nodes[i]] = ELBO__NONE;
        if (plan->nodes[nodes[i]].op->flags & ELBO__ASSIGN)
            shown[plan->nodes[nodes[i]].in[0]] = ELBO__NONE;
    }
    elbo__free(e.computed);
    elbo__lookup_free(&e.loads);
    return status == ELBO_OK ? elbo__plan_refine(instr, e.next) : status;
}

/* ---- kernels ----------------------------------------------------------------------------------------------------- */

static elbo_status emit_kernel(elbo_plan *plan, elbo__instr *instr, int id)
{
    const elbo__node *node = &plan->nodes[id];
    instr->op = node->op;
    instr->attr = node->attr;
    instr->axis = node->axis;
    instr->out = write_operand(node);
    instr->n_in = node->n_in;
    instr->in = elbo__calloc((size_t)node->n_in, sizeof *instr->in);
    if (!instr->in)
        return ELBO_NO_MEMORY;
    for (int k = 0; k < node->n_in; k++)
        instr->in[k] = read_operand(plan, id, k);
    return ELBO_OK;
}

/* ---- the pass ---------------------------------------------------------------------------------------------------- */

static elbo_status emit_loop(elbo_plan *plan, elbo__loop *loop, int *value, int *shown)
{
    loop->instrs = elbo__calloc(loop->n_instrs, sizeof *loop->instrs);
    if (!loop->instrs)
        return ELBO_NO_MEMORY;
    elbo_status status = ELBO_OK;
    for (size_t i = 0, end; i < loop->n_nodes && status == ELBO_OK; i = end) {
        const elbo__node *node = &plan->nodes[loop->nodes[i]];
        for (end = i + 1; end < loop->n_nodes && plan->nodes[loop->nodes[end]].instr == node->instr;)
            end++;
        elbo__instr *instr = &loop->instrs[node->instr];
        status = node->op->flags & (ELBO__ELEMENTWISE | ELBO__ASSIGN)
                     ? emit_group(plan, instr, &loop->nodes[i], end - i, value, shown)
                     : emit_kernel(plan, instr, loop->nodes[i]);
    }
    return status;
}

elbo_status elbo__plan_emit(elbo_plan *plan)
{
    elbo_status status = make_buffers(plan);
    int *value = elbo__alloc(plan->n_nodes * sizeof *value), *shown = elbo__alloc(plan->n_nodes * sizeof *shown);
    if (!value || !shown)
        status = ELBO_NO_MEMORY;
    for (size_t id = 0; id < plan->n_nodes && status == ELBO_OK; id++)
        value[id] = shown[id] = ELBO__NONE;
    for (size_t i = 0; i < plan->n_loops && status == ELBO_OK; i++)
        status = emit_loop(plan, &plan->loops[i], value, shown);
    elbo__free(value);
    elbo__free(shown);
    return status;
}
