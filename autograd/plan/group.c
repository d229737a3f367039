/* Loops over blocks, and in each an order of its nodes in which elementwise ones fuse.
 *
 * Nodes of one stage and one domain form a loop. Within it a list schedule keeps the order that values and assignments
 * ask for, and goes on with a node that can join the open group as long as there is one. */
#include <string.h>

#include "../../tensor/lookup.h"
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
    int axes = 0;
    for (int i = 0; i < layout->shape.ndim; i++)
        axes += i == node->axis || layout->shape.dim[i] != 1;
    const bool splits = node->axis >= 0 && !node->stripes && node->units > 0 && axes < ELBO_MAX_RANK;
    for (int turn = 0; turn < 2; turn++) /* the cut axis, then the others; the other way round for stripes */
        for (int i = 0; i < layout->shape.ndim; i++) {
            const int64_t n = layout->shape.dim[i], a_unit = splits && i == node->axis ? n / node->units : 1;
            if ((i == node->axis) != (turn == node->stripes) || (i != node->axis && n == 1))
                continue;
            lane.shape.dim[lane.shape.ndim] = n / a_unit;
            lane.strides[lane.shape.ndim++] = layout->strides[i] * a_unit;
            if (a_unit > 1) {
                lane.shape.dim[lane.shape.ndim] = a_unit;
                lane.strides[lane.shape.ndim++] = layout->strides[i];
            }
        }
    return lane;
}

bool elbo__same_lane(const elbo__node *a, const elbo_layout *a_layout, const elbo__node *b, const elbo_layout *b_layout)
{
    elbo_layout x = elbo__lane(a, a_layout), y = elbo__lane(b, b_layout);
    return elbo__layout_same(&x, &y);
}

bool elbo__lane_in_place(const elbo_layout *lane, int row_axes)
{
    int64_t step = 1;
    for (int i = lane->shape.ndim - 1; i >= lane->shape.ndim - row_axes; i--) {
        if (lane->shape.dim[i] != 1 && lane->strides[i] != step)
            return false;
        step *= lane->shape.dim[i];
    }
    return true;
}

int64_t elbo__row(const elbo_shape *shape, int row_axes)
{
    int64_t row = 1;
    for (int i = shape->ndim - row_axes; i < shape->ndim; i++)
        row *= shape->dim[i];
    return row;
}

int64_t elbo__chunk(int64_t row)
{
    const int64_t chunks = (row + ELBO__CHUNK - 1) / ELBO__CHUNK, even = (row + chunks - 1) / chunks;
    return (even + ELBO__SUM_LANES - 1) / ELBO__SUM_LANES * ELBO__SUM_LANES;
}

static bool fuses(const elbo__node *node)
{
    return node->op->flags & (ELBO__ELEMENTWISE | ELBO__ASSIGN);
}

/* ---- loops ------------------------------------------------------------------------------------------------------- */

static elbo_status find_loop(elbo_plan *plan, elbo__lookup *known, const elbo__node *node, int *found)
{
    const uint64_t hash = elbo__hash_more((uint64_t)node->stage, &node->domain, sizeof node->domain);
    for (int e = elbo__lookup_first(known, hash); e >= 0; e = elbo__lookup_next(known, e)) {
        *found = known->entries[e].value;
        if (plan->loops[*found].stage == node->stage && plan->loops[*found].domain == node->domain)
            return ELBO_OK;
    }
    *found = (int)plan->n_loops;
    elbo_status status = elbo__grow((void **)&plan->loops, &plan->loops_capacity, plan->n_loops + 1,
                                    sizeof *plan->loops);
    if (status == ELBO_OK)
        status = elbo__lookup_add(known, hash, *found);
    if (status == ELBO_OK)
        plan->loops[plan->n_loops++] = (elbo__loop){.stage = node->stage, .domain = node->domain, .units = node->units};
    return status;
}

static elbo_status join_loop(elbo_plan *plan, elbo__lookup *known, int id)
{
    elbo__node *node = &plan->nodes[id];
    if (!elbo__works(node))
        return ELBO_OK;
    elbo_status status = find_loop(plan, known, node, &node->loop);
    if (status != ELBO_OK)
        return status;
    elbo__loop *loop = &plan->loops[node->loop];
    status = elbo__grow((void **)&loop->nodes, &loop->nodes_capacity, loop->n_nodes + 1, sizeof(int));
    if (status == ELBO_OK)
        loop->nodes[loop->n_nodes++] = id;
    return status;
}

/* Loops by stage: all nodes of a stage are met before those of the next. */
static elbo_status make_loops(elbo_plan *plan)
{
    elbo__lookup known = {0};
    int *next = elbo__calloc((size_t)plan->n_stages + 1, sizeof *next); /* by stage: the place of its next node */
    int *by_stage = elbo__alloc(plan->n_nodes * sizeof *by_stage);
    elbo_status status = next && by_stage ? ELBO_OK : ELBO_NO_MEMORY;
    for (size_t id = 0; id < plan->n_nodes && status == ELBO_OK; id++)
        next[plan->nodes[id].stage + 1]++;
    for (int stage = 0; stage < plan->n_stages && status == ELBO_OK; stage++)
        next[stage + 1] += next[stage];
    for (size_t id = 0; id < plan->n_nodes && status == ELBO_OK; id++)
        by_stage[next[plan->nodes[id].stage]++] = (int)id;
    for (size_t i = 0; i < plan->n_nodes && status == ELBO_OK; i++)
        status = join_loop(plan, &known, by_stage[i]);
    elbo__lookup_free(&known);
    elbo__free(next);
    elbo__free(by_stage);
    return status;
}

/* ---- what must come before what ---------------------------------------------------------------------------------- */

/* The least number first. */
typedef struct {
    int *items;
    size_t n, capacity;
} heap;

typedef struct {
    int after, next; /* a place in the loop's list; another edge from the same place */
} edge;

typedef struct {
    elbo_plan *plan;
    elbo__loop *loop;
    int index;
    elbo__readers readers;
    int *reader; /* by node id: who alone reads its value, NONE, or SEVERAL      */
    bool *kept;  /* by node id: it lies in memory for a kernel's or a loop's sake */
    int *late;   /* by node id: it is computed where it is read, and so many go with it; 0: no */
    int *place;  /* by node id: place in the loop's list                          */
    edge *edges;
    size_t n_edges, edges_capacity;
    int *first_edge; /* by place */
    int *waits;      /* by place: how many it still waits for */
    int *kind;       /* by place: which of `fusing` it is one of; NONE: it does not fuse */
    heap *fusing;    /* places that wait for nothing, those that may fuse with each other together */
    size_t n_kinds, kinds_capacity;
    heap others, aside;
} schedule;

static elbo_status order(schedule *s, int before, int after)
{
    if (before == ELBO__NONE || !elbo__works(&s->plan->nodes[before]) || s->plan->nodes[before].loop != s->index)
        return ELBO_OK;
    elbo_status status = elbo__grow((void **)&s->edges, &s->edges_capacity, s->n_edges + 1, sizeof(edge));
    if (status == ELBO_OK) {
        int *first = &s->first_edge[s->place[before]];
        s->edges[s->n_edges] = (edge){.after = s->place[after], .next = *first};
        *first = (int)s->n_edges++;
        s->waits[s->place[after]]++;
    }
    return status;
}

/* An elementwise node that one other reads, of operands that lie in memory anyway or can wait themselves, is best
 * computed where it is read: then it need not be stored. Returns how many nodes and operands wait with it; 0: it does
 * not. */
static int waiting(const schedule *s, int id)
{
    enum { MOST = 8 }; /* nodes and operands: operands must be kept, and all of them looked through for each node */
    const elbo_plan *plan = s->plan;
    const elbo__node *node = &plan->nodes[id];
    const int reader = s->reader[id];
    if (!elbo__works(node) || !(node->op->flags & ELBO__ELEMENTWISE) || node->output || reader < 0 ||
        plan->nodes[reader].loop != node->loop || !(plan->nodes[reader].op->flags & ELBO__ELEMENTWISE))
        return 0;
    for (int k = 0; k < plan->nodes[reader].n_in; k++) { /* where it would not fuse it is stored anyway */
        const elbo__node *as = &plan->nodes[plan->nodes[reader].in[k]];
        if (as->base == id && !elbo__same_lane(&plan->nodes[reader], &as->layout, node, &node->layout))
            return 0;
    }
    int n = 0;
    for (int k = 0; k < node->n_in; k++) {
        const int base = plan->nodes[node->in[k]].base;
        if (plan->nodes[base].op == &elbo__op_constant)
            continue;
        if (!elbo__works(&plan->nodes[base]) || !(s->kept[base] || s->late[base]))
            return 0;
        n += s->late[base] ? s->late[base] : 1;
    }
    return n > 0 && n < MOST ? n + 1 : 0;
}

/* Behind all operands of the reader, and of those that wait with it. */
static elbo_status order_behind(schedule *s, int reader, int id)
{
    const elbo__node *node = &s->plan->nodes[reader];
    elbo_status status = ELBO_OK;
    for (int k = 0; k < node->n_in && status == ELBO_OK; k++) {
        const int base = s->plan->nodes[node->in[k]].base;
        if (base != id)
            status = s->late[base] ? order_behind(s, base, id) : order(s, base, id);
    }
    return status;
}

/* Up the readers of a node that waits, to the first that does not: behind all that this one's operands need. */
static elbo_status order_late(schedule *s, int id)
{
    int last = s->reader[id];
    while (s->late[last])
        last = s->reader[last];
    return order_behind(s, last, id);
}

static void find_readers(schedule *s)
{
    enum { SEVERAL = -2 };
    const elbo_plan *plan = s->plan;
    for (size_t id = 0; id < plan->n_nodes; id++) {
        s->reader[id] = ELBO__NONE;
        s->kept[id] = plan->nodes[id].output || !fuses(&plan->nodes[id]);
    }
    for (size_t id = 0; id < plan->n_nodes; id++) {
        const elbo__node *node = &plan->nodes[id];
        for (int k = 0; k < node->n_in && elbo__works(node); k++) {
            const int base = plan->nodes[node->in[k]].base;
            s->reader[base] = s->reader[base] == ELBO__NONE || s->reader[base] == (int)id ? (int)id : SEVERAL;
            s->kept[base] |= !fuses(node) || node->loop != plan->nodes[base].loop;
        }
    }
    for (size_t id = 0; id < plan->n_nodes; id++) /* operands come first */
        s->late[id] = waiting(s, (int)id);
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
        int at = node->op->flags & ELBO__ASSIGN ? s->readers.newest[node->in[0]] : ELBO__NONE;
        for (; at != ELBO__NONE && status == ELBO_OK; at = s->readers.links[at].older)
            if (s->readers.links[at].node < id)
                status = order(s, s->readers.links[at].node, id);
        if (s->late[id] && status == ELBO_OK)
            status = order_late(s, id);
    }
    return status;
}

/* ---- what fuses -------------------------------------------------------------------------------------------------- */

static bool in_group(const elbo__node *node, const elbo__node *of, int instr)
{
    return node->loop == of->loop && node->instr == instr && elbo__works(node);
}

/* Whether a member of the group, or to be one, that assigns to `leaf` writes what a member reads of it in the same
 * places. */
static bool assigns_in_place(const elbo_plan *plan, int reader, int writer, int leaf)
{
    const elbo__node *node = &plan->nodes[reader];
    for (int k = node->op->flags & ELBO__ASSIGN ? 1 : 0; k < node->n_in; k++)
        if (plan->nodes[node->in[k]].base == leaf &&
            !elbo__same_lane(node, &plan->nodes[node->in[k]].layout, &plan->nodes[writer], &plan->nodes[leaf].layout))
            return false;
    return true;
}

/* Reads of state within a group must show the very elements that the group assigns, in the same places. */
static bool state_fits(const schedule *s, int id, int instr)
{
    const elbo_plan *plan = s->plan;
    const elbo__node *node = &plan->nodes[id];
    bool assigns = node->op->flags & ELBO__ASSIGN;
    for (int k = assigns ? 1 : 0; k < node->n_in; k++) {
        int leaf = plan->nodes[node->in[k]].base, writer = ELBO__NONE;
        if (plan->nodes[leaf].op == &elbo__op_param)
            writer = plan->nodes[leaf].assignment;
        for (; writer != ELBO__NONE; writer = plan->nodes[writer].assignment)
            if (in_group(&plan->nodes[writer], node, instr) && !assigns_in_place(plan, id, writer, leaf))
                return false;
    }
    int at = assigns ? s->readers.newest[node->in[0]] : ELBO__NONE;
    for (; at != ELBO__NONE; at = s->readers.links[at].older) {
        int reader = s->readers.links[at].node;
        if (in_group(&plan->nodes[reader], node, instr) && !assigns_in_place(plan, reader, id, node->in[0]))
            return false;
    }
    return true;
}

/* Whether the node, of the kind of a member of group `instr` of its loop, can join it. */
static bool joins(const schedule *s, int id, int instr)
{
    const elbo_plan *plan = s->plan;
    const elbo__node *node = &plan->nodes[id];
    for (int k = 0; k < node->n_in; k++) {
        const elbo__node *operand = &plan->nodes[node->in[k]], *base = &plan->nodes[operand->base];
        if (elbo__works(base) && in_group(base, node, instr) &&
            !elbo__same_lane(node, &operand->layout, base, &base->layout))
            return false; /* it would read elements that the group has yet to compute */
    }
    return state_fits(s, id, instr);
}

/* Nodes that fuse are of one kind when their lanes have one shape and blocks cut them alike. */
static elbo_status find_kinds(schedule *s)
{
    elbo__lookup known = {0};
    elbo_status status = ELBO_OK;
    s->n_kinds = 0;
    for (size_t i = 0; i < s->loop->n_nodes && status == ELBO_OK; i++) {
        const elbo__node *node = &s->plan->nodes[s->loop->nodes[i]];
        s->kind[i] = ELBO__NONE;
        if (!fuses(node))
            continue;
        const elbo_shape shape = elbo__lane(node, &node->layout).shape;
        const bool uncut = node->axis == ELBO__UNCUT;
        const uint64_t hash = elbo__hash_more(0, shape.dim, (size_t)shape.ndim * sizeof shape.dim[0]);
        for (int e = elbo__lookup_first(&known, hash); e >= 0; e = elbo__lookup_next(&known, e)) {
            int place = known.entries[e].value;
            const elbo__node *like = &s->plan->nodes[s->loop->nodes[place]];
            const elbo_shape its_shape = elbo__lane(like, &like->layout).shape;
            if (elbo_shape_equal(&its_shape, &shape) && (like->axis == ELBO__UNCUT) == uncut &&
                like->stripes == node->stripes)
                s->kind[i] = s->kind[place];
        }
        if (s->kind[i] != ELBO__NONE)
            continue;
        s->kind[i] = (int)s->n_kinds;
        size_t before = s->kinds_capacity;
        status = elbo__grow((void **)&s->fusing, &s->kinds_capacity, s->n_kinds + 1, sizeof *s->fusing);
        for (; status == ELBO_OK && before < s->kinds_capacity; before++)
            s->fusing[before] = (heap){0};
        if (status == ELBO_OK)
            status = elbo__lookup_add(&known, hash, (int)i);
        s->n_kinds += status == ELBO_OK;
    }
    elbo__lookup_free(&known);
    return status;
}

/* ---- the list schedule ------------------------------------------------------------------------------------------- */

static elbo_status push(heap *h, int item)
{
    elbo_status status = elbo__grow((void **)&h->items, &h->capacity, h->n + 1, sizeof *h->items);
    if (status != ELBO_OK)
        return status;
    size_t at = h->n++;
    for (; at > 0 && h->items[(at - 1) / 2] > item; at = (at - 1) / 2)
        h->items[at] = h->items[(at - 1) / 2];
    h->items[at] = item;
    return ELBO_OK;
}

static int pop(heap *h)
{
    const int least = h->items[0], last = h->items[--h->n];
    size_t at = 0, child;
    for (; (child = 2 * at + 1) < h->n; at = child) {
        child += child + 1 < h->n && h->items[child + 1] < h->items[child];
        if (last <= h->items[child])
            break;
        h->items[at] = h->items[child];
    }
    h->items[at] = last;
    return least;
}

static elbo_status make_ready(schedule *s, int place)
{
    return push(s->kind[place] == ELBO__NONE ? &s->others : &s->fusing[s->kind[place]], place);
}

/* The first ready place whose node joins group `instr`, of the kind of the last one to join; NONE where there is
 * none. */
static elbo_status next_to_join(schedule *s, int kind, int instr, int *found)
{
    elbo_status status = ELBO_OK;
    *found = ELBO__NONE;
    while (s->fusing[kind].n > 0 && *found == ELBO__NONE && status == ELBO_OK) {
        int place = pop(&s->fusing[kind]);
        if (joins(s, s->loop->nodes[place], instr))
            *found = place;
        else
            status = push(&s->aside, place);
    }
    while (s->aside.n > 0 && status == ELBO_OK)
        status = push(&s->fusing[kind], s->aside.items[--s->aside.n]);
    return status;
}

/* The first ready place whose node does not fuse, else the first of all. */
static int next_to_begin(schedule *s)
{
    if (s->others.n > 0)
        return pop(&s->others);
    heap *least = NULL;
    for (heap *h = s->fusing; h < s->fusing + s->n_kinds; h++)
        if (h->n > 0 && (!least || h->items[0] < least->items[0]))
            least = h;
    return pop(least);
}

static elbo_status schedule_loop(schedule *s)
{
    elbo_plan *plan = s->plan;
    size_t n = s->loop->n_nodes, n_done = 0;
    int *done = elbo__alloc(n * sizeof *done);
    elbo_status status = done ? find_kinds(s) : ELBO_NO_MEMORY;
    for (size_t i = 0; i < n && status == ELBO_OK; i++) {
        plan->nodes[s->loop->nodes[i]].instr = ELBO__NONE;
        if (s->waits[i] == 0)
            status = make_ready(s, (int)i);
    }
    int instr = -1, open = ELBO__NONE; /* the kind of the open group */
    while (n_done < n && status == ELBO_OK) {
        int at = ELBO__NONE;
        if (open != ELBO__NONE)
            status = next_to_join(s, open, instr, &at);
        if (at == ELBO__NONE && status == ELBO_OK) {
            at = next_to_begin(s);
            open = s->kind[at];
            instr++;
        }
        for (int e = status == ELBO_OK ? s->first_edge[at] : ELBO__NONE; e != ELBO__NONE && status == ELBO_OK;
             e = s->edges[e].next)
            if (--s->waits[s->edges[e].after] == 0)
                status = make_ready(s, s->edges[e].after);
        if (status == ELBO_OK) {
            plan->nodes[s->loop->nodes[at]].instr = instr;
            done[n_done++] = s->loop->nodes[at];
        }
    }
    if (status == ELBO_OK)
        memcpy(s->loop->nodes, done, n * sizeof *done);
    s->loop->n_instrs = (size_t)(instr + 1);
    elbo__free(done);
    return status;
}

/* ---- the pass ---------------------------------------------------------------------------------------------------- */

/* One loop's order, with lists of its own. */
static elbo_status order_loop(schedule *s)
{
    size_t n = s->loop->n_nodes;
    s->n_edges = 0;
    s->first_edge = elbo__alloc(n * sizeof *s->first_edge);
    s->waits = elbo__calloc(n, sizeof *s->waits);
    s->kind = elbo__alloc(n * sizeof *s->kind);
    elbo_status status = s->first_edge && s->waits && s->kind ? ELBO_OK : ELBO_NO_MEMORY;
    for (size_t i = 0; i < n && status == ELBO_OK; i++)
        s->first_edge[i] = ELBO__NONE;
    if (status == ELBO_OK)
        status = find_order(s);
    if (status == ELBO_OK)
        status = schedule_loop(s);
    if (status == ELBO_OK)
        status = elbo__join_sums(s->plan, s->loop);
    elbo__free(s->first_edge);
    elbo__free(s->waits);
    elbo__free(s->kind);
    return status;
}

elbo_status elbo__plan_group(elbo_plan *plan)
{
    elbo_status status = make_loops(plan);
    schedule s = {.plan = plan,
                  .reader = elbo__alloc(plan->n_nodes * sizeof *s.reader),
                  .kept = elbo__calloc(plan->n_nodes, sizeof *s.kept),
                  .late = elbo__calloc(plan->n_nodes, sizeof *s.late),
                  .place = elbo__calloc(plan->n_nodes, sizeof *s.place)};
    if (status == ELBO_OK)
        status = s.reader && s.kept && s.late && s.place ? elbo__readers_start(&s.readers, plan) : ELBO_NO_MEMORY;
    if (status == ELBO_OK)
        find_readers(&s);
    for (size_t id = 0; id < plan->n_nodes && status == ELBO_OK; id++)
        elbo__readers_add(&s.readers, plan, (int)id);
    for (size_t i = 0; i < plan->n_loops && status == ELBO_OK; i++) {
        s.loop = &plan->loops[i];
        s.index = (int)i;
        status = order_loop(&s);
    }
    for (size_t i = 0; i < s.kinds_capacity; i++)
        elbo__free(s.fusing[i].items);
    elbo__free(s.fusing);
    elbo__free(s.others.items);
    elbo__free(s.aside.items);
    elbo__readers_free(&s.readers);
    elbo__free(s.reader);
    elbo__free(s.kept);
    elbo__free(s.late);
    elbo__free(s.place);
    elbo__free(s.edges);
    return status;
}
