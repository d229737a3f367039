/* Which axes walk together, where each node is cut, and behind how many barriers it stands.
 *
 * Domains come first: an axis of a node and the axis of an operand that walks with it belong to one domain, and so on
 * through the graph. Then nodes are placed in order: a node may stand in its operand's stage (in the same loop, block
 * by block) when it is cut along the axis that walks with the operand's; otherwise it needs all of the operand, and
 * stands one stage later. Of the axes a node could be cut along, the one with the earliest stage wins. At last, work
 * that depends on leaves alone moves to the stage where it is used. */
#include <string.h>

#include "../../tensor/memory.h"
#include "../params_private.h"
#include "stage.h"

static int64_t gcd(int64_t a, int64_t b)
{
    while (b) {
        int64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* ---- domains ----------------------------------------------------------------------------------------------------- */

int elbo__domain_of(const staging *s, int node, int axis)
{
    int i = node * ELBO_MAX_RANK + axis;
    while (s->parent[i] != i)
        i = s->parent[i] = s->parent[s->parent[i]];
    return i;
}

/* Joins two axes unless their domains' units do not nest: then they stay apart, and a barrier stands between. */
static void join(staging *s, int node_a, int axis_a, int node_b, int axis_b)
{
    int a = elbo__domain_of(s, node_a, axis_a), b = elbo__domain_of(s, node_b, axis_b);
    int64_t units = gcd(s->units[a], s->units[b]), least = s->units[a] < s->units[b] ? s->units[a] : s->units[b];
    if (a == b || units != least || (least == 0 && s->units[a] != s->units[b]))
        return;
    s->parent[a < b ? b : a] = a < b ? a : b;
    s->units[a < b ? a : b] = units;
}

int elbo__node_walks(const elbo_plan *plan, int id, int operand, int axis)
{
    const elbo__node *node = &plan->nodes[id];
    return axis < 0 ? ELBO__APART
                    : node->op->walks(&node->shape, &plan->nodes[node->in[operand]].shape, &node->attr, operand, axis);
}

static void find_domains(staging *s)
{
    elbo_plan *plan = s->plan;
    for (size_t id = 0; id < plan->n_nodes; id++)
        for (int axis = 0; axis < plan->nodes[id].shape.ndim; axis++) {
            int i = (int)id * ELBO_MAX_RANK + axis;
            s->parent[i] = i;
            s->units[i] = plan->nodes[id].shape.dim[axis];
        }
    for (size_t id = 0; id < plan->n_nodes; id++) {
        const elbo__node *node = &plan->nodes[id];
        for (int k = 0; k < node->n_in && !(node->op->flags & ELBO__WHOLE_OP); k++)
            for (int axis = 0; axis < node->shape.ndim; axis++) {
                int other = elbo__node_walks(plan, (int)id, k, axis);
                if (other >= 0 && node->shape.dim[axis] != 1 && !(node->apart >> axis & 1))
                    join(s, (int)id, axis, node->in[k], other);
            }
    }
}

/* ---- the stage a node can stand in ------------------------------------------------------------------------------- */

static bool is_leaf(const elbo_plan *plan, int id)
{
    return plan->nodes[plan->nodes[id].base].op->flags & ELBO__LEAF;
}

/* The axis of a view's base that walks with the view's `axis`. */
static int base_axis(const elbo_plan *plan, int id, int axis)
{
    while (axis >= 0 && plan->nodes[id].is_view) {
        axis = elbo__node_walks(plan, id, 0, axis);
        id = plan->nodes[id].in[0];
    }
    return axis;
}

bool elbo__together(const staging *s, int node, int axis, int at_axis, int met, int met_axis)
{
    if (axis == ELBO__UNCUT || met_axis < 0)
        return axis == ELBO__UNCUT && met_axis == ELBO__UNCUT;
    return at_axis == met_axis && elbo__domain_of(s, node, axis) == elbo__domain_of(s, met, met_axis);
}

static int later(int stage, int other, bool together_)
{
    int needed = together_ ? other : other + 1;
    return stage > needed ? stage : needed;
}

/* The axis of state `leaf` that walks with `axis` of the node, through the operand by which the node reads it; when
 * it reads it more than once, all must agree. */
static int state_axis(const elbo_plan *plan, int id, int leaf, int axis)
{
    const elbo__node *node = &plan->nodes[id];
    int found = ELBO__APART;
    for (int k = node->op->flags & ELBO__ASSIGN ? 1 : 0, first = 1; k < node->n_in; k++) {
        if (plan->nodes[node->in[k]].base != leaf)
            continue;
        int here = base_axis(plan, node->in[k], elbo__node_walks(plan, id, k, axis));
        if (!first && here != found)
            return ELBO__APART;
        found = here;
        first = 0;
    }
    return found;
}

bool elbo__reader_meets(const staging *s, int reader, int leaf, int assignment, int axis)
{
    int its_axis = s->plan->nodes[reader].axis;
    return elbo__together(s, reader, its_axis, state_axis(s->plan, reader, leaf, its_axis), assignment, axis);
}

/* After an operand is complete: its own blocks, or the last assignment to the state that it shows. */
static int after_operand(const staging *s, int id, int k, int axis)
{
    const elbo_plan *plan = s->plan;
    int from = plan->nodes[id].in[k], at = elbo__node_walks(plan, id, k, axis);
    if (!is_leaf(plan, from))
        return later(0, plan->nodes[from].stage, elbo__together(s, id, axis, at, from, plan->nodes[from].axis));
    int leaf = plan->nodes[from].base;
    if (plan->nodes[leaf].op != &elbo__op_param)
        return 0;
    int assignment = elbo__last_assignment(plan, leaf, id);
    if (assignment == ELBO__NONE)
        return 0;
    return later(0, plan->nodes[assignment].stage,
                 elbo__together(s, id, axis, base_axis(plan, from, at), assignment, plan->nodes[assignment].axis));
}

/* An assignment comes after everything that reads the old value. */
static int after_readers(const staging *s, int id, int axis)
{
    const elbo_plan *plan = s->plan;
    int leaf = plan->nodes[id].in[0], stage = 0;
    for (int at = s->readers.newest[leaf]; at != ELBO__NONE; at = s->readers.links[at].older) {
        int other = s->readers.links[at].node;
        stage = later(stage, plan->nodes[other].stage, elbo__reader_meets(s, other, leaf, id, axis));
    }
    return stage;
}

static int stage_for(const staging *s, int id, int axis)
{
    const elbo__node *node = &s->plan->nodes[id];
    int stage = 0;
    for (int k = 0; k < node->n_in; k++) {
        int needed = after_operand(s, id, k, axis);
        stage = stage > needed ? stage : needed;
    }
    if (node->op->flags & ELBO__ASSIGN) {
        int needed = after_readers(s, id, axis);
        stage = stage > needed ? stage : needed;
    }
    return stage;
}

/* ---- choosing ---------------------------------------------------------------------------------------------------- */

/* The widest step in memory that an operand makes along an axis: cutting there keeps blocks together in memory. */
static int64_t reach(const elbo_plan *plan, int id, int axis)
{
    int64_t widest = 0;
    for (int k = 0; k < plan->nodes[id].n_in; k++) {
        int at = elbo__node_walks(plan, id, k, axis);
        int64_t step = at >= 0 ? plan->nodes[plan->nodes[id].in[k]].layout.strides[at] : 0;
        widest = step > widest ? step : widest;
    }
    return widest;
}

/* Row-major with the cut axis outermost, so that a block is one piece of memory. */
static elbo_layout own_layout(const elbo__node *node)
{
    if (node->axis <= 0)
        return elbo_layout_of(&node->shape);
    int order[ELBO_MAX_RANK], back[ELBO_MAX_RANK], n = 0;
    elbo_shape turned = {.ndim = node->shape.ndim};
    order[n++] = node->axis;
    for (int i = 0; i < node->shape.ndim; i++)
        if (i != node->axis)
            order[n++] = i;
    for (int i = 0; i < n; i++) {
        turned.dim[i] = node->shape.dim[order[i]];
        back[order[i]] = i;
    }
    elbo_layout layout = elbo_layout_of(&turned), whole = elbo_layout_of(&node->shape);
    layout = elbo_layout_permute(&layout, back);
    for (int i = 0; i < n; i++)
        if (node->shape.dim[i] == 1)
            layout.strides[i] = whole.strides[i]; /* no step of 1 that nobody takes: sums would go along it */
    return layout;
}

/* Whether a kernel can work on a part of the output along an axis. Where no operand walks along (the rows of
 * scatter_add, the padded axis of pad), or one does but cannot be cut alike (a reshape of (2,3) to (3,2)), it would
 * have to know which part it is. */
static bool can_cut(const staging *s, int id, int axis)
{
    const elbo__node *node = &s->plan->nodes[id];
    int64_t units = s->units[elbo__domain_of(s, id, axis)];
    bool walks = node->n_in == 0;
    for (int k = 0; k < node->n_in; k++) {
        int at = elbo__node_walks(s->plan, id, k, axis);
        if (at >= 0 && units > 0 && s->plan->nodes[node->in[k]].shape.dim[at] % units != 0)
            return false;
        walks |= at >= 0;
    }
    return walks && units > 1;
}

/* Cut by rows, a product of few rows by a parameter has every thread read the whole of the parameter, of which the
 * others have just written their parts: far slower than a stage more in which each thread reads some of its columns. */
static bool wants_columns(const staging *s, int id)
{
    const elbo__node *node = &s->plan->nodes[id];
    if (node->op != &elbo__op_matmul || node->shape.ndim != 2 || !can_cut(s, id, 1))
        return false;
    const elbo__node *right = &s->plan->nodes[node->in[1]];
    const elbo__column_rule *rule = &s->graph->columns;
    return s->plan->nodes[right->base].op == &elbo__op_param && node->shape.dim[0] > 1 &&
           node->shape.dim[0] <= rule->rows && node->shape.dim[1] >= rule->columns &&
           elbo_shape_size(&right->shape) >= rule->entries;
}

/* Whether the node's blocks are columns of a row-major matrix: those of such a product, and what is made of them. */
static bool lies_in_stripes(const staging *s, int id)
{
    const elbo__node *node = &s->plan->nodes[id];
    if (!(node->op->flags & ELBO__ELEMENTWISE) || node->axis < 1 || node->axis != node->shape.ndim - 1)
        return wants_columns(s, id);
    for (int k = 0; k < node->n_in; k++) {
        const elbo__node *base = &s->plan->nodes[s->plan->nodes[node->in[k]].base];
        if (base->stripes && base->stage == node->stage && s->plan->nodes[node->in[k]].axis == node->axis)
            return true;
    }
    return false;
}

/* What is larger is shared out among the threads, even where it could stand a stage earlier in one piece. */
enum { MOST_UNCUT = 4096 };

/* The axis with the earliest stage, and of several the one with the widest steps. */
static int earliest_axis(const staging *s, int id)
{
    const elbo__node *node = &s->plan->nodes[id];
    bool large = elbo_shape_size(&node->shape) > MOST_UNCUT;
    int best = ELBO__UNCUT, best_stage = large ? INT32_MAX : stage_for(s, id, ELBO__UNCUT);
    int64_t best_reach = -1;
    int cuttable = node->op->flags & ELBO__WHOLE_OP ? 0 : node->op->flags & ELBO__ROWS_ONLY ? 1 : node->shape.ndim;
    for (int axis = 0; axis < cuttable && axis < node->shape.ndim; axis++) {
        if (!can_cut(s, id, axis))
            continue;
        int stage = stage_for(s, id, axis);
        int64_t r = reach(s->plan, id, axis);
        if (stage < best_stage || (stage == best_stage && r > best_reach)) {
            best = axis;
            best_stage = stage;
            best_reach = r;
        }
    }
    return best;
}

/* A product's rows, though columns may come a stage earlier: what is made of it lies by rows. Or, for few rows, parts
 * of the sum, or columns. UNCUT: it is no such product. */
static int product_axis(const staging *s, int id)
{
    const elbo__node *node = &s->plan->nodes[id];
    if (node->op == &elbo__op_matmul && node->apart & 1)
        return 0;
    if (node->op != &elbo__op_matmul || node->shape.ndim != 2 || !can_cut(s, id, 0))
        return ELBO__UNCUT;
    return wants_columns(s, id) ? 1 : 0;
}

/* In memory: as the state that it is assigned to, row-major where its blocks are stripes, else by blocks. */
static elbo_layout layout_for(const staging *s, const elbo__node *node)
{
    if (node->op->flags & ELBO__ASSIGN)
        return s->plan->nodes[node->in[0]].layout;
    return node->stripes ? elbo_layout_of(&node->shape) : own_layout(node);
}

static void place_node(staging *s, int id)
{
    elbo__node *node = &s->plan->nodes[id];
    node->axis = product_axis(s, id);
    if (node->axis == ELBO__UNCUT)
        node->axis = earliest_axis(s, id);
    node->stage = stage_for(s, id, node->axis);
    node->base = id;
    node->stripes = lies_in_stripes(s, id);
    node->layout = layout_for(s, node);
}

/* A view stands where its operand stands, cut along the axis that walks with the operand's. */
static bool place_view(staging *s, int id)
{
    elbo_plan *plan = s->plan;
    elbo__node *node = &plan->nodes[id];
    const elbo__node *from = &plan->nodes[node->in[0]];
    if (!node->op->view(&from->layout, &node->shape, &node->attr, &node->layout))
        return false;
    node->is_view = true;
    node->base = from->base;
    node->stage = from->stage;
    node->axis = from->axis == ELBO__UNCUT ? ELBO__UNCUT : ELBO__ACROSS;
    for (int axis = 0; axis < node->shape.ndim && from->axis >= 0; axis++)
        if (elbo__together(s, id, axis, elbo__node_walks(plan, id, 0, axis), node->in[0], from->axis))
            node->axis = axis;
    return true;
}

static void place_leaf(staging *s, int id)
{
    elbo__node *node = &s->plan->nodes[id];
    node->base = id;
    node->axis = ELBO__ACROSS;
    node->layout = elbo_layout_of(&node->shape);
    if (node->op == &elbo__op_param) { /* of several beside each other the first says where they all are */
        node->layout = elbo__params_layout(s->graph->params, node->attr.param);
        node->layout.shape = node->shape;
    }
}

/* ---- the pass ---------------------------------------------------------------------------------------------------- */

elbo_status elbo__plan_stage(elbo_plan *plan, const elbo_graph *graph)
{
    size_t axes = plan->n_nodes * ELBO_MAX_RANK;
    staging s = {.plan = plan,
                 .graph = graph,
                 .parent = elbo__calloc(axes, sizeof *s.parent),
                 .units = elbo__calloc(axes, sizeof *s.units),
                 .latest = elbo__calloc(plan->n_nodes, sizeof *s.latest),
                 .leafy = elbo__calloc(plan->n_nodes, sizeof *s.leafy),
                 .followed = elbo__calloc(plan->n_nodes, sizeof *s.followed)};
    elbo_status status = elbo__readers_start(&s.readers, plan);
    if (!s.parent || !s.units || !s.latest || !s.leafy || !s.followed)
        status = ELBO_NO_MEMORY;
    if (status == ELBO_OK) {
        find_domains(&s);
        for (int id = 0; id < (int)plan->n_nodes; id++) {
            const elbo__node *node = &plan->nodes[id];
            if (node->op->flags & ELBO__LEAF)
                place_leaf(&s, id);
            else if (!(node->op->flags & ELBO__VIEW) || !place_view(&s, id))
                place_node(&s, id);
            elbo__readers_add(&s.readers, plan, id);
        }
        elbo__sink(&s);
        plan->n_stages = 1;
        for (int id = 0; id < (int)plan->n_nodes; id++) {
            elbo__node *node = &plan->nodes[id];
            node->domain = node->axis >= 0 ? elbo__domain_of(&s, id, node->axis) : ELBO__NONE;
            node->units = node->axis >= 0 ? s.units[node->domain] : 1;
            if (node->stage + 1 > plan->n_stages)
                plan->n_stages = node->stage + 1;
        }
    }
    elbo__readers_free(&s.readers);
    elbo__free(s.parent);
    elbo__free(s.units);
    elbo__free(s.latest);
    elbo__free(s.leafy);
    elbo__free(s.followed);
    return status;
}
