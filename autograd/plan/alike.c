/* Each block of matrices that lie beside each other (autograd/beside.c) is tried as a whole. All of it stays as it is
 * unless every assignment to one of them, in any slab, has its like for the others, and everything that is planned at
 * once can be: behind what it is made of, before whoever reads it, and where the state that it reads or writes has the
 * value that it has in the graph. */
#include "alike.h"

#include <string.h>

#include "../../tensor/elementwise.h"
#include "../../tensor/memory.h"
#include "../params_private.h"

enum { NONE = -2 };

typedef struct {
    const elbo_graph *graph;
    const bool *live, *wanted;
    elbo__alikes *found;
    int *readers;                   /* by graph id: how many live operands it is */
    int *assigned_before;           /* of an assignment: the one before it to the same state; NONE: there is none */
    int members[ELBO__MOST_BESIDE]; /* the block at hand, as places in the parameter set */
    int n;
    elbo_status status;
} finder;

typedef struct {
    const elbo_var *of[ELBO__MOST_BESIDE];
} tuple;

const elbo_var *elbo__read_by(const elbo_var *x, int k)
{
    const elbo_var *from = x->in[k];
    while (x->op == &elbo__op_reshape && from->op == &elbo__op_reshape && !from->root)
        from = from->in[0];
    return from;
}

/* ---- adding ------------------------------------------------------------------------------------------------------ */

static int add(finder *f, elbo__alike alike)
{
    elbo__alikes *found = f->found;
    alike.node = -1;
    f->status = elbo__grow((void **)&found->all, &found->capacity, found->n + 1, sizeof *found->all);
    if (f->status != ELBO_OK)
        return NONE;
    found->all[found->n] = alike;
    for (int i = 0; i < alike.n && alike.kind != ELBO__TOGETHER; i++)
        found->place[alike.of[i]->id] = (int)found->n;
    return (int)found->n++;
}

/* Leaves the first n. */
static void cut(finder *f, size_t n)
{
    for (size_t id = 0; id < f->graph->n_nodes; id++)
        if (f->found->place[id] >= (int)n)
            f->found->place[id] = ELBO__ALONE;
    f->found->n = n;
}

static tuple operands(const finder *f, const tuple *t, int k)
{
    tuple in = {{NULL}};
    for (int i = 0; i < f->n; i++)
        in.of[i] = t->of[i]->in[k];
    return in;
}

/* All of the tuple but the first computed as the first is. */
static bool all_same(const finder *f, const tuple *t)
{
    for (int i = 1; i < f->n; i++)
        if (!elbo__computed_alike(t->of[0], t->of[i]))
            return false;
    return true;
}

/* ---- from a tuple down to the matrices --------------------------------------------------------------------------- */

static int join(finder *f, const tuple *t, int axis);

/* A tuple of results that are no state and stay as they are. */
static int put_together(finder *f, const tuple *t, int axis)
{
    for (size_t i = 0; i < f->found->n; i++) {
        const elbo__alike *old = &f->found->all[i];
        if (old->kind == ELBO__TOGETHER && old->n == f->n && old->axis == axis &&
            memcmp(old->of, t->of, (size_t)f->n * sizeof *t->of) == 0)
            return (int)i;
    }
    for (int i = 0; i < f->n; i++)
        if (t->of[i]->root)
            return NONE;
    elbo__alike alike = {.kind = ELBO__TOGETHER, .n = f->n, .axis = axis};
    memcpy(alike.of, t->of, sizeof alike.of);
    return add(f, alike);
}

/* The block's own matrices, all of one slab. */
static bool are_leaves(const finder *f, const tuple *t)
{
    for (int i = 0; i < f->n; i++)
        if (t->of[i]->op != &elbo__op_param || t->of[i]->attr.param != f->members[i] ||
            t->of[i]->attr.slab != t->of[0]->attr.slab)
            return false;
    return true;
}

/* Nodes of one op and one set of attributes, with operands. A view of state that is an output shows it as it is here,
 * which takes a copy. */
static bool do_the_same(const finder *f, const tuple *t)
{
    const elbo_var *first = t->of[0];
    for (int i = 0; i < f->n; i++) {
        const elbo_var *x = t->of[i];
        if (x->op != first->op || x->dtype != first->dtype || x->n_in != first->n_in ||
            x->shape.ndim != first->shape.ndim || memcmp(&x->attr, &first->attr, sizeof x->attr) != 0 ||
            (f->wanted[x->id] && x->root))
            return false;
    }
    return first->n_in > 0 && first->n_in <= ELBO__MOST_ALIKE_OPERANDS;
}

static int common_if(bool common)
{
    return common ? ELBO__COMMON : NONE;
}

/* What operand k of the tuple is, whose result is to lie along `axis`; NONE: nothing that all can have at once. */
static int join_operand(finder *f, const tuple *t, int k, int axis)
{
    const elbo_var *x = t->of[0];
    const tuple operand = operands(f, t, k);
    if (x->op == &elbo__op_permute)
        return join(f, &operand, x->attr.axes[axis]);
    if (x->op == &elbo__op_expand)
        return common_if(x->in[0]->shape.ndim == x->shape.ndim && x->in[0]->shape.dim[axis] == 1 &&
                         all_same(f, &operand));
    if (x->op == &elbo__op_matmul) {
        if (x->shape.ndim != 2 || x->in[0]->shape.ndim != 2 || x->in[1]->shape.ndim != 2)
            return NONE;
        if ((k == 0) != (axis == 0))
            return common_if(all_same(f, &operand));
        return x->in[k]->root ? join(f, &operand, axis) : put_together(f, &operand, axis);
    }
    return x->op->flags & (ELBO__ELEMENTWISE | ELBO__ASSIGN) ? join(f, &operand, axis) : NONE;
}

/* The tuple as one node, results beside each other along `axis`; NONE: they differ, or memory is short. */
static int join(finder *f, const tuple *t, int axis)
{
    const int known = f->found->place[t->of[0]->id];
    for (int i = 0; i < f->n; i++)
        if (f->found->place[t->of[i]->id] != known || (known >= 0 && f->found->all[known].of[i] != t->of[i]))
            return NONE;
    if (known >= 0)
        return f->found->all[known].axis == axis ? known : NONE;
    elbo__alike alike = {.kind = ELBO__ALIKE, .n = f->n, .axis = axis};
    memcpy(alike.of, t->of, sizeof alike.of);
    if (are_leaves(f, t))
        return axis == 0 ? add(f, alike) : NONE;
    if (t->of[0]->op->flags & ELBO__LEAF || !do_the_same(f, t))
        return NONE;
    for (int k = 0; k < t->of[0]->n_in; k++)
        if ((alike.in[k] = join_operand(f, t, k, axis)) == NONE)
            return NONE;
    return add(f, alike);
}

/* ---- where they begin -------------------------------------------------------------------------------------------- */

/* The axis of b, in a product a b of matrices by one of the block's (itself or turned), along which its block lies;
 * NONE: it is no such product. */
static int axis_of_product(const finder *f, const elbo_var *x, int member)
{
    if (x->op != &elbo__op_matmul || x->shape.ndim != 2 || !f->live[x->id] || f->found->place[x->id] != ELBO__ALONE)
        return NONE;
    int axis = 0;
    const elbo_var *b = x->in[1];
    for (; b->op == &elbo__op_permute && b->shape.ndim == 2; b = b->in[0])
        axis = b->attr.axes[0] == 0 ? axis : 1 - axis;
    return b->op == &elbo__op_param && b->attr.slab == 0 && b->attr.param == f->members[member] ? axis : NONE;
}

/* Products of one x by all of the block. */
static bool join_products(finder *f)
{
    const elbo_graph *g = f->graph;
    bool any = false;
    for (size_t id = 0; id < g->n_nodes && f->status == ELBO_OK; id++) {
        tuple t = {{g->nodes[id]}};
        if (axis_of_product(f, t.of[0], 0) != 1)
            continue;
        int n = 1;
        for (; n < f->n; n++) {
            for (size_t other = 0; other < g->n_nodes && !t.of[n]; other++)
                if (axis_of_product(f, g->nodes[other], n) == 1 &&
                    elbo__computed_alike(t.of[0]->in[0], g->nodes[other]->in[0]))
                    t.of[n] = g->nodes[other];
            if (!t.of[n])
                break;
        }
        const size_t before = f->found->n;
        if (n < f->n || join(f, &t, 1) == NONE)
            cut(f, before);
        else
            any = true;
    }
    return any && f->status == ELBO_OK;
}

/* The first assignment to the leaf behind another, or at all. */
static const elbo_var *next_assignment(const elbo_graph *g, const elbo_var *leaf, const elbo_var *after)
{
    for (size_t id = after ? (size_t)after->id + 1 : 0; leaf && id < g->n_nodes; id++)
        if (g->nodes[id]->op->flags & ELBO__ASSIGN && g->nodes[id]->in[0] == leaf)
            return g->nodes[id];
    return NULL;
}

/* All assignments to the block, in one slab. */
static bool join_assignments(finder *f, int slab)
{
    tuple leaves = {{NULL}}, t = {{NULL}};
    for (int i = 0; i < f->n; i++)
        leaves.of[i] = elbo__find_state(f->graph, f->members[i], slab);
    for (;;) {
        int n = 0;
        for (int i = 0; i < f->n; i++) {
            t.of[i] = next_assignment(f->graph, leaves.of[i], t.of[i]);
            n += t.of[i] != NULL;
        }
        if (n == 0)
            return true;
        if (n < f->n || join(f, &t, 0) == NONE)
            return false;
    }
}

static const elbo_var *only_reader(const finder *f, const elbo_var *x)
{
    for (size_t id = (size_t)x->id + 1; f->readers[x->id] == 1 && id < f->graph->n_nodes; id++)
        for (int k = 0; k < f->graph->nodes[id]->n_in && f->live[id]; k++)
            if (elbo__read_by(f->graph->nodes[id], k) == x)
                return f->graph->nodes[id];
    return NULL;
}

static bool is_sum(const elbo_var *x)
{
    return x && x->op == &elbo__op_elementwise && x->attr.elementwise == ELBO__add;
}

/* Takes a product D_i W_i, for an i that has none yet, into the tuple. */
static bool take_term(const finder *f, const elbo_var *x, tuple *t)
{
    for (int i = 0; i < f->n; i++)
        if (!t->of[i] && axis_of_product(f, x, i) == 0 && f->readers[x->id] == 1 && !f->wanted[x->id]) {
            t->of[i] = x;
            return true;
        }
    return false;
}

/* A sum ((rest + D_n W_n) + ...) + D_1 W_1, as derivatives by what several products read come to be added up. */
static void join_sum(finder *f, const elbo_var *term)
{
    const elbo_var *sum = only_reader(f, term), *x = sum, *sums[ELBO__MOST_BESIDE];
    tuple t = {{NULL}};
    int n = 0;
    while (n < f->n && is_sum(x) && (x == sum || (f->readers[x->id] == 1 && !f->wanted[x->id])) &&
           take_term(f, x->in[1], &t)) {
        sums[n++] = x;
        x = x->in[0];
    }
    int terms = n;
    if (n + 1 == f->n && take_term(f, x, &t)) {
        terms++;
        x = NULL;
    }
    if (terms < f->n)
        return;
    const size_t before = f->found->n;
    const tuple left = operands(f, &t, 0), right = operands(f, &t, 1);
    elbo__alike alike = {.kind = ELBO__SUMMED, .n = f->n, .sum = sum, .rest = x};
    memcpy(alike.of, t.of, sizeof alike.of);
    alike.in[1] = join(f, &right, 0);
    alike.in[0] = alike.in[1] == NONE ? NONE : put_together(f, &left, 1);
    const int place = alike.in[0] == NONE ? NONE : add(f, alike);
    if (place == NONE)
        cut(f, before);
    for (int i = 0; i < n && place != NONE; i++)
        f->found->place[sums[i]->id] = place;
}

static void join_sums(finder *f)
{
    for (size_t id = 0; id < f->graph->n_nodes && f->status == ELBO_OK; id++)
        if (axis_of_product(f, f->graph->nodes[id], 0) == 0)
            join_sum(f, f->graph->nodes[id]);
}

/* ---- when they are planned --------------------------------------------------------------------------------------- */

/* A place in the order in which nodes are planned: behind node `at` of the graph, and of those there by number. The
 * node itself has number ALONE. */
typedef struct {
    int at, number;
} moment;

static moment moment_of(const elbo__alikes *found, const elbo_var *x)
{
    const int place = found->place[x->id];
    return place == ELBO__ALONE ? (moment){x->id, ELBO__ALONE} : (moment){found->all[place].at, place};
}

static bool is_before(moment a, moment b)
{
    return a.at != b.at ? a.at < b.at : a.number < b.number;
}

/* Operand number i of what is planned at once, when it is there; false: it has no more. */
static bool operand_of(const elbo__alikes *found, const elbo__alike *a, int i, moment *when)
{
    if (a->kind == ELBO__TOGETHER) {
        if (i < a->n)
            *when = moment_of(found, a->of[i]);
        return i < a->n;
    }
    const elbo_var *first = a->of[0];
    if (i < first->n_in)
        *when = a->in[i] == ELBO__COMMON ? moment_of(found, first->in[i]) : (moment){found->all[a->in[i]].at, a->in[i]};
    else if (i == first->n_in && a->kind == ELBO__SUMMED && a->rest)
        *when = moment_of(found, a->rest);
    else
        return false;
    return true;
}

/* As early as one of them stands in the graph, a sum in its own place, but behind all operands. */
static int earliest(const elbo__alikes *found, const elbo__alike *a)
{
    int at = a->kind == ELBO__SUMMED ? a->sum->id : a->of[0]->id;
    for (int i = 1; i < a->n && a->kind != ELBO__SUMMED; i++)
        at = a->of[i]->id < at ? a->of[i]->id : at;
    moment when;
    for (int i = 0; operand_of(found, a, i, &when); i++)
        at = when.at > at ? when.at : at;
    return at;
}

/* Each may wait for any other, so until no time moves. */
static void set_times(elbo__alikes *found)
{
    for (size_t i = 0; i < found->n; i++)
        found->all[i].at = 0;
    for (bool moved = true; moved;) {
        moved = false;
        for (size_t i = 0; i < found->n; i++) {
            const int at = earliest(found, &found->all[i]);
            moved |= at != found->all[i].at;
            found->all[i].at = at;
        }
    }
}

/* Which those that wait for each other in a circle cannot. */
static bool follow_operands(const elbo__alikes *found)
{
    moment when;
    for (size_t i = 0; i < found->n; i++)
        for (int k = 0; operand_of(found, &found->all[i], k, &when); k++)
            if (!is_before(when, (moment){found->all[i].at, (int)i}))
                return false;
    return true;
}

/* Whether node x, which stays as it is, stands behind what is planned at once of its operands. */
static bool waits_for_operands(const elbo__alikes *found, const elbo_var *x)
{
    for (int k = 0; k < x->n_in && found->place[x->id] == ELBO__ALONE; k++)
        if (!is_before(moment_of(found, elbo__read_by(x, k)), moment_of(found, x)))
            return false;
    return true;
}

/* Whether node x comes before and behind the same assignments to what it reads, or assigns to, as it does in the
 * graph. */
static bool keeps_order(const finder *f, const elbo_var *x)
{
    const elbo__alikes *found = f->found;
    for (int k = 0; k < x->n_in; k++) {
        int id = x->in[k]->root ? x->in[k]->root->assigned : NONE;
        for (; id >= 0; id = f->assigned_before[id])
            if (id != x->id && is_before(moment_of(found, x), moment_of(found, f->graph->nodes[id])) != (x->id < id))
                return false;
    }
    return true;
}

static bool in_time(const finder *f)
{
    set_times(f->found);
    bool fits = follow_operands(f->found);
    for (size_t id = 0; id < f->graph->n_nodes && fits; id++) {
        const elbo_var *x = f->graph->nodes[id];
        fits = !f->live[id] || (waits_for_operands(f->found, x) && keeps_order(f, x));
    }
    return fits;
}

/* ---- the pass ---------------------------------------------------------------------------------------------------- */

static bool join_block(finder *f)
{
    bool all = join_products(f);
    for (int slab = 0; slab < f->graph->n_slabs && all; slab++)
        all = join_assignments(f, slab);
    if (all)
        join_sums(f);
    return all && f->status == ELBO_OK && in_time(f);
}

/* Lists what is planned behind each node. */
static void list_by_time(elbo__alikes *found)
{
    for (int i = (int)found->n - 1; i >= 0; i--) {
        found->all[i].next = found->behind[found->all[i].at];
        found->behind[found->all[i].at] = i;
    }
}

elbo_status elbo__find_alikes(const elbo_graph *g, const bool *live, const bool *wanted, elbo__alikes *found)
{
    const size_t size = g->n_nodes * sizeof(int);
    *found = (elbo__alikes){.place = elbo__alloc(size), .behind = elbo__alloc(size)};
    finder f = {.graph = g,
                .live = live,
                .wanted = wanted,
                .found = found,
                .readers = elbo__calloc(g->n_nodes, sizeof *f.readers),
                .assigned_before = elbo__alloc(size)};
    int *last = elbo__alloc(size); /* assignment to a leaf so far */
    if (!found->place || !found->behind || !f.readers || !f.assigned_before || !last)
        f.status = ELBO_NO_MEMORY;
    for (size_t id = 0; id < g->n_nodes && f.status == ELBO_OK; id++) {
        const elbo_var *x = g->nodes[id];
        found->place[id] = ELBO__ALONE;
        found->behind[id] = last[id] = NONE;
        for (int k = 0; k < x->n_in && live[id]; k++)
            f.readers[elbo__read_by(x, k)->id]++;
        if (x->op->flags & ELBO__ASSIGN) {
            f.assigned_before[id] = last[x->in[0]->id];
            last[x->in[0]->id] = (int)id;
        }
    }
    for (int i = 0; g->params && i < elbo_params_count(g->params) && f.status == ELBO_OK; i++) {
        const size_t before = found->n;
        f.n = elbo__params_block(g->params, i, f.members);
        if (f.n > 1 && !join_block(&f)) {
            cut(&f, before);
            set_times(found); /* as they were */
        }
    }
    if (f.status == ELBO_OK)
        list_by_time(found);
    elbo__free(last);
    elbo__free(f.readers);
    elbo__free(f.assigned_before);
    return f.status;
}

void elbo__alikes_free(elbo__alikes *found)
{
    elbo__free(found->all);
    elbo__free(found->place);
    elbo__free(found->behind);
}
