/* Loops over blocks, and in each an order of its nodes in which elementwise ones fuse.
 *
 * Nodes of one stage and one domain form a loop. Within it a list schedule keeps the order that values and assignments
 * ask for, and goes on with a node that can join the open group as long as there is one. */
#include <string.h>

#include "../../tensor/memory.h"
#include "ir.h"

bool elbo__layout_same(const elbo_layout *a, const elbo_layout *b)
{
    return elbo_shape_equal(&a->shape, &b->shape) && a->offset == b->offset &&
           memcmp(a->strides, b->strides, (size_t)a->shape.ndim * sizeof a->strides[0]) == 0;
}

int64_t elbo__loop_blocks(const elbo__loop *loop)
{
    return loop->units ? (loop->units + loop->grain - 1) / loop->grain : 0;
}

elbo_layout elbo__lane(const elbo__node *node, const elbo_layout *layout)
{
    elbo_layout lane = {.offset = layout->offset};
    for (int turn = 0; turn < 2; turn++) /* the cut axis, then the others; the other way round for stripes */
        for (int i = 0; i < layout->shape.ndim; i++)
            if ((i == node->axis) == (turn == node->stripes) && (i == node->axis || layout->shape.dim[i] != 1)) {
                lane.shape.dim[lane.shape.ndim] = layout->shape.dim[i];
                lane.strides[lane.shape.ndim++] = layout->strides[i];
            }
    return lane;
}

bool elbo__lane_in_place(const elbo_layout *lane, bool stripes, int64_t *row)
{
    int last = lane->shape.ndim - 1;
    *row = 0;
    if (!stripes)
        return elbo_layout_contiguous(lane);
    if (lane->strides[last] != 1 && lane->shape.dim[last] != 1)
        return false;
    *row = last > 0 ? lane->strides[last - 1] : 0;
    for (int i = 0; i + 1 < last; i++)
        if (lane->strides[i] != lane->strides[i + 1] * lane->shape.dim[i + 1])
            return false;
    return true;
}

int64_t elbo__chunk(const elbo_shape *shape, int axis, int64_t first)
{
    int64_t row = axis > 0 ? shape->dim[axis] : elbo_shape_size(shape), left = row - first % row;
    return left < ELBO__CHUNK ? left : ELBO__CHUNK;
}

static bool works(const elbo__node *node)
{
    return !node->is_view && !(node->op->flags & ELBO__LEAF);
}

/* ---- loops --------------------------------------------------------------------------------------------------------------- */

static elbo_status find_loop(elbo_plan *plan, const elbo__node *node, int *found)
{
    for (size_t i = 0; i < plan->n_loops; i++)
        if (plan->loops[i].stage == node->stage && plan->loops[i].domain == node->domain) {
            *found = (int)i;
            return ELBO_OK;
        }
    elbo_status status = elbo__grow((void **)&plan->loops, &plan->loops_capacity, plan->n_loops + 1,
                                    sizeof *plan->loops);
    if (status == ELBO_OK) {
        *found = (int)plan->n_loops;
        plan->loops[plan->n_loops++] = (elbo__loop){.stage = node->stage, .domain = node->domain, .units = node->units};
    }
    return status;
}

/* Loops by stage: all nodes of a stage are met before those of the next. */
static elbo_status make_loops(elbo_plan *plan)
{
    for (int stage = 0; stage < plan->n_stages; stage++)
        for (size_t id = 0; id < plan->n_nodes; id++) {
            elbo__node *node = &plan->nodes[id];
            if (!works(node) || node->stage != stage)
                continue;
            elbo_status status = find_loop(plan, node, &node->loop);
            if (status != ELBO_OK)
                return status;
            elbo__loop *loop = &plan->loops[node->loop];
            status = elbo__grow((void **)&loop->nodes, &loop->nodes_capacity, loop->n_nodes + 1, sizeof(int));
            if (status != ELBO_OK)
                return status;
            loop->nodes[loop->n_nodes++] = (int)id;
        }
    return ELBO_OK;
}

/* ---- what must come before what --------------------------------------------------------------------------------------------- */

typedef struct {
    int before, after; /* places in the loop's list */
} edge;

typedef struct {
    elbo_plan *plan;
    elbo__loop *loop;
    int index;
    int *place; /* by node id: place in the loop's list */
    edge *edges;
    size_t n_edges, edges_capacity;
    int *waits; /* by place: how many it still waits for; -1: scheduled */
} schedule;

static elbo_status order(schedule *s, int before, int after)
{
    if (before == ELBO__NONE || !works(&s->plan->nodes[before]) || s->plan->nodes[before].loop != s->index)
        return ELBO_OK;
    elbo_status status = elbo__grow((void **)&s->edges, &s->edges_capacity, s->n_edges + 1, sizeof(edge));
    if (status == ELBO_OK) {
        s->edges[s->n_edges++] = (edge){s->place[before], s->place[after]};
        s->waits[s->place[after]]++;
    }
    return status;
}

static elbo_status find_order(schedule *s)
{
    const elbo_plan *plan = s->plan;
    elbo_status status = ELBO_OK;
    for (size_t i = 0; i < s->loop->n_nodes; i++)
        s->place[s->loop->nodes[i]] = (int)i;
    for (size_t i = 0; i < s->loop->n_nodes; i++) {
        int id = s->loop->nodes[i];
        const elbo__node *node = &plan->nodes[id];
        for (int k = 0; k < node->n_in && status == ELBO_OK; k++) {
            int base = plan->nodes[node->in[k]].base;
            bool state = plan->nodes[base].op == &elbo__op_param;
            status = order(s, state ? elbo__last_assignment(plan, base, id) : base, id);
        }
        for (size_t j = 0; j < i && node->op->flags & ELBO__ASSIGN && status == ELBO_OK; j++)
            if (elbo__node_reads(plan, s->loop->nodes[j], node->in[0]))
                status = order(s, s->loop->nodes[j], id);
    }
    return status;
}

/* ---- what fuses ---------------------------------------------------------------------------------------------------------------- */

static bool fuses(const elbo__node *node)
{
    return node->op->flags & (ELBO__ELEMENTWISE | ELBO__ASSIGN);
}

static bool in_group(const elbo__node *node, const elbo__node *of, int instr)
{
    return node->loop == of->loop && node->instr == instr && works(node);
}

/* Whether two nodes see the same numbers in the same order of a group's elements. */
static bool same_lane(const elbo__node *a, const elbo_layout *a_layout, const elbo__node *b,
                      const elbo_layout *b_layout)
{
    elbo_layout x = elbo__lane(a, a_layout), y = elbo__lane(b, b_layout);
    return elbo__layout_same(&x, &y);
}

/* Reads of state within a group must show the very elements that the group assigns, in the same places. */
static bool state_fits(const elbo_plan *plan, int id, int instr, const int *members, size_t n)
{
    const elbo__node *node = &plan->nodes[id];
    for (size_t i = 0; i < n; i++) {
        const elbo__node *member = &plan->nodes[members[i]];
        if (!in_group(member, node, instr))
            continue;
        const elbo__node *writer = member->op->flags & ELBO__ASSIGN ? member : node;
        const elbo__node *reader = writer == member ? node : member;
        if (!(writer->op->flags & ELBO__ASSIGN))
            continue;
        int leaf = writer->in[0];
        for (int k = reader->op->flags & ELBO__ASSIGN ? 1 : 0; k < reader->n_in; k++)
            if (plan->nodes[reader->in[k]].base == leaf &&
                !same_lane(reader, &plan->nodes[reader->in[k]].layout, writer, &plan->nodes[leaf].layout))
                return false;
    }
    return true;
}

/* Whether the node can join group `instr` of its loop, of which `like` is a member. */
static bool joins(const elbo_plan *plan, int id, const elbo__node *like, int instr, const int *members, size_t n)
{
    const elbo__node *node = &plan->nodes[id];
    elbo_layout own = elbo__lane(node, &node->layout), group = elbo__lane(like, &like->layout);
    if (!fuses(node) || !elbo_shape_equal(&own.shape, &group.shape) ||
        (node->axis == ELBO__UNCUT) != (like->axis == ELBO__UNCUT) || node->stripes != like->stripes)
        return false;
    for (int k = 0; k < node->n_in; k++) {
        const elbo__node *operand = &plan->nodes[node->in[k]], *base = &plan->nodes[operand->base];
        if (works(base) && in_group(base, node, instr) && !same_lane(node, &operand->layout, base, &base->layout))
            return false; /* it would read elements that the group has yet to compute */
    }
    return state_fits(plan, id, instr, members, n);
}

/* ---- the list schedule ------------------------------------------------------------------------------------------------------------ */

/* The next ready node: one that joins the open group, else one that does not fuse, else the first. Returns its place. */
static int next_ready(const schedule *s, const elbo__node *open, int instr, const int *done, size_t n_done)
{
    int best = -1, best_rank = 3;
    for (size_t i = 0; i < s->loop->n_nodes && best_rank > 0; i++) {
        int id = s->loop->nodes[i];
        if (s->waits[i] != 0)
            continue;
        int rank = open && joins(s->plan, id, open, instr, done, n_done) ? 0 : fuses(&s->plan->nodes[id]) ? 2 : 1;
        if (rank < best_rank) {
            best = (int)i;
            best_rank = rank;
        }
    }
    return best;
}

static elbo_status schedule_loop(schedule *s)
{
    elbo_plan *plan = s->plan;
    size_t n = s->loop->n_nodes, n_done = 0;
    int *done = elbo__alloc(n * sizeof *done);
    if (!done)
        return ELBO_NO_MEMORY;
    for (size_t i = 0; i < n; i++)
        plan->nodes[s->loop->nodes[i]].instr = ELBO__NONE;
    const elbo__node *open = NULL;
    int instr = -1;
    while (n_done < n) {
        int at = next_ready(s, open, instr, done, n_done);
        elbo__node *node = &plan->nodes[s->loop->nodes[at]];
        if (!open || !joins(plan, s->loop->nodes[at], open, instr, done, n_done))
            instr++;
        open = fuses(node) ? node : NULL;
        node->instr = instr;
        done[n_done++] = s->loop->nodes[at];
        s->waits[at] = -1;
        for (size_t i = 0; i < s->n_edges; i++)
            if (s->edges[i].before == at)
                s->waits[s->edges[i].after]--;
    }
    memcpy(s->loop->nodes, done, n * sizeof *done);
    s->loop->n_instrs = (size_t)(instr + 1);
    elbo__free(done);
    return ELBO_OK;
}

elbo_status elbo__plan_group(elbo_plan *plan)
{
    elbo_status status = make_loops(plan);
    schedule s = {.plan = plan, .place = elbo__calloc(plan->n_nodes, sizeof *s.place)};
    if (!s.place)
        return ELBO_NO_MEMORY;
    for (size_t i = 0; i < plan->n_loops && status == ELBO_OK; i++) {
        s.loop = &plan->loops[i];
        s.index = (int)i;
        s.n_edges = 0;
        s.waits = elbo__calloc(s.loop->n_nodes, sizeof *s.waits);
        status = s.waits ? find_order(&s) : ELBO_NO_MEMORY;
        if (status == ELBO_OK)
            status = schedule_loop(&s);
        elbo__free(s.waits);
    }
    elbo__free(s.place);
    elbo__free(s.edges);
    return status;
}
