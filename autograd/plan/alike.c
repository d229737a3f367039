/* Each block of matrices that lie beside each other (autograd/beside.c) is tried as a whole: unless every assignment to
 * one of them is also one to the others, of what is computed alike, all stay as they are. */
#include "alike.h"

#include <string.h>

#include "../../tensor/elementwise.h"
#include "../../tensor/memory.h"
#include "../params_private.h"

enum { NONE = -1 };

typedef struct {
    const elbo_graph *graph;
    const bool *live, *wanted;
    elbo__alikes *found;
    int *readers;                   /* by graph id: how many live operands it is */
    int members[ELBO__MOST_BESIDE]; /* the block at hand, as places in the parameter set */
    int n;
    elbo_status status;
} finder;

typedef struct {
    const elbo_var *of[ELBO__MOST_BESIDE];
} tuple;

/* ---- adding ------------------------------------------------------------------------------------------------------ */

static int add(finder *f, elbo__alike alike)
{
    elbo__alikes *found = f->found;
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
            f->found->place[id] = NONE;
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

/* A tuple of results that are no parameters and stay as they are. */
static int put_together(finder *f, const tuple *t, int axis)
{
    for (size_t i = 0; i < f->found->n; i++) {
        const elbo__alike *old = &f->found->all[i];
        if (old->kind == ELBO__TOGETHER && old->n == f->n && old->axis == axis &&
            memcmp(old->of, t->of, (size_t)f->n * sizeof *t->of) == 0)
            return (int)i;
    }
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

static bool do_the_same(const finder *f, const tuple *t)
{
    const elbo_var *first = t->of[0];
    for (int i = 0; i < f->n; i++) {
        const elbo_var *x = t->of[i];
        if (x->op != first->op || x->dtype != first->dtype ||
            x->n_in != first->n_in || x->shape.ndim != first->shape.ndim ||
            memcmp(&x->attr, &first->attr, sizeof x->attr) != 0)
            return false;
    }
    return first->n_in <= ELBO__MOST_ALIKE_OPERANDS;
}

/* What operand k of the tuple is, whose result is to lie along `axis`: in *in such nodes, or NONE for the same as the
 * others have. */
static bool join_operand(finder *f, const tuple *t, int k, int axis, int *in)
{
    const elbo_var *x = t->of[0];
    const tuple operand = operands(f, t, k);
    *in = NONE;
    if (x->op == &elbo__op_permute) {
        *in = join(f, &operand, x->attr.axes[axis]);
    } else if (x->op == &elbo__op_expand) {
        return x->in[0]->shape.ndim == x->shape.ndim && x->in[0]->shape.dim[axis] == 1 && all_same(f, &operand);
    } else if (x->op == &elbo__op_matmul) {
        if (x->shape.ndim != 2 || x->in[0]->shape.ndim != 2 || x->in[1]->shape.ndim != 2)
            return false;
        if ((k == 0) != (axis == 0))
            return all_same(f, &operand);
        *in = x->in[k]->root ? join(f, &operand, axis) : put_together(f, &operand, axis);
    } else if (x->op->flags & (ELBO__ELEMENTWISE | ELBO__ASSIGN)) {
        *in = join(f, &operand, axis);
    }
    return *in != NONE;
}

/* The tuple as one node, results beside each other along `axis`; NONE: they differ, or memory is short. */
static int join(finder *f, const tuple *t, int axis)
{
    const int known = f->found->place[t->of[0]->id];
    for (int i = 0; i < f->n; i++)
        if (f->found->place[t->of[i]->id] != known || (known != NONE && f->found->all[known].of[i] != t->of[i]))
            return NONE;
    if (known != NONE)
        return f->found->all[known].axis == axis ? known : NONE;
    elbo__alike alike = {.kind = ELBO__ALIKE, .n = f->n, .axis = axis, .in = {NONE, NONE, NONE, NONE}};
    memcpy(alike.of, t->of, sizeof alike.of);
    if (are_leaves(f, t))
        return axis == 0 ? add(f, alike) : NONE;
    if (t->of[0]->op->flags & ELBO__LEAF || !do_the_same(f, t))
        return NONE;
    for (int k = 0; k < t->of[0]->n_in; k++)
        if (!join_operand(f, t, k, axis, &alike.in[k]))
            return NONE;
    return add(f, alike);
}

/* ---- where they begin -------------------------------------------------------------------------------------------- */

/* The axis of b, in a product a b of matrices by one of the block's (itself or turned), along which its block lies;
 * NONE: it is no such product. */
static int axis_of_product(const finder *f, const elbo_var *x, int member)
{
    if (x->op != &elbo__op_matmul || x->shape.ndim != 2 || !f->live[x->id] || f->found->place[x->id] != NONE)
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

/* The first assignment to the leaf behind node `after`. */
static const elbo_var *next_assignment(const elbo_graph *g, const elbo_var *leaf, int after)
{
    for (size_t id = (size_t)(after + 1); leaf && id < g->n_nodes; id++)
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
            t.of[i] = next_assignment(f->graph, leaves.of[i], t.of[i] ? t.of[i]->id : NONE);
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
            if (f->graph->nodes[id]->in[k] == x)
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
    int n = 0, terms = 0;
    while (n < f->n && is_sum(x) && (x == sum || (f->readers[x->id] == 1 && !f->wanted[x->id])) &&
           take_term(f, x->in[1], &t)) {
        sums[n++] = x;
        x = x->in[0];
    }
    terms = n;
    if (n + 1 == f->n && take_term(f, x, &t)) {
        terms++;
        x = NULL;
    }
    if (terms < f->n)
        return;
    const size_t before = f->found->n;
    const tuple left = operands(f, &t, 0), right = operands(f, &t, 1);
    elbo__alike alike = {.kind = ELBO__SUMMED, .n = f->n, .sum = sum, .rest = x, .in = {NONE, NONE, NONE, NONE}};
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

/* The node after which x is there. */
static int there(const elbo__alikes *found, const elbo_var *x)
{
    return found->place[x->id] == NONE ? x->id : found->all[found->place[x->id]].at;
}

static void set_time(elbo__alikes *found, elbo__alike *a)
{
    int first = a->of[0]->id, ready = 0;
    for (int i = 0; i < a->n; i++) {
        const elbo_var *x = a->of[i];
        first = x->id < first ? x->id : first;
        for (int k = 0; k < x->n_in && a->kind != ELBO__TOGETHER; k++) {
            const int its = a->in[k] == NONE ? there(found, a->of[0]->in[k]) : found->all[a->in[k]].at;
            ready = its > ready ? its : ready;
        }
        if (a->kind == ELBO__TOGETHER && there(found, x) > ready)
            ready = there(found, x);
    }
    if (a->kind == ELBO__SUMMED) {
        first = a->sum->id;
        ready = a->rest && there(found, a->rest) > ready ? there(found, a->rest) : ready;
    }
    a->at = first > ready ? first : ready;
}

/* Whether x, or what it is planned with, comes before y, or what that is planned with. */
static bool planned_before(const elbo__alikes *found, const elbo_var *x, const elbo_var *y)
{
    const int a = found->place[x->id], b = found->place[y->id], at = there(found, x), than = there(found, y);
    return at != than ? at < than : a < b; /* nodes as they are stand before those that follow them */
}

/* Whether whoever reads one of a tuple does so once it is planned. */
static bool readers_wait(const finder *f)
{
    for (size_t id = 0; id < f->graph->n_nodes; id++) {
        const elbo_var *x = f->graph->nodes[id];
        for (int k = 0; k < x->n_in && f->live[id] && f->found->place[id] == NONE; k++) {
            const int place = f->found->place[x->in[k]->id];
            if (place != NONE && f->found->all[place].kind == ELBO__ALIKE && f->found->all[place].at >= x->id)
                return false;
        }
    }
    return true;
}

/* Whether what reads the state that y, of a tuple, assigns to, or assigns to it too, comes before or behind y as it did
 * before. */
static bool keeps_order(const finder *f, const elbo_var *y)
{
    const elbo_var *leaf = y->in[0];
    for (size_t id = 0; id < f->graph->n_nodes; id++) {
        const elbo_var *x = f->graph->nodes[id];
        bool meets = false;
        for (int k = 0; k < x->n_in && f->live[id] && x != y && !(x->op->flags & ELBO__VIEW); k++)
            meets |= x->in[k]->root == leaf;
        if (meets && planned_before(f->found, x, y) != (x->id < y->id))
            return false;
    }
    return true;
}

static bool in_time(finder *f, size_t first)
{
    elbo__alikes *found = f->found;
    for (size_t i = first; i < found->n; i++)
        set_time(found, &found->all[i]);
    if (!readers_wait(f))
        return false;
    for (size_t i = first; i < found->n; i++) {
        const elbo__alike *a = &found->all[i];
        if (a->kind == ELBO__SUMMED && a->at != a->sum->id)
            return false;
        for (int k = 0; k < a->n && a->of[0]->op->flags & ELBO__ASSIGN; k++)
            if (!keeps_order(f, a->of[k]))
                return false;
    }
    return true;
}

/* ---- the pass ---------------------------------------------------------------------------------------------------- */

/* The block that parameter `lead` is the first of. */
static bool take_block(finder *f, int lead)
{
    const elbo_params *params = f->graph->params;
    f->n = 0;
    for (int i = lead; i >= 0 && elbo__params_lead(params, i) == lead && f->n < ELBO__MOST_BESIDE;
         i = elbo__params_next(params, i))
        f->members[f->n++] = i;
    return f->n > 1;
}

static bool join_block(finder *f, size_t first)
{
    bool all = join_products(f);
    for (int slab = 0; slab < f->graph->n_slabs && all; slab++)
        all = join_assignments(f, slab);
    if (all)
        join_sums(f);
    return all && f->status == ELBO_OK && in_time(f, first);
}

elbo_status elbo__find_alikes(const elbo_graph *g, const bool *live, const bool *wanted, elbo__alikes *found)
{
    *found = (elbo__alikes){.place = elbo__alloc(g->n_nodes * sizeof *found->place)};
    finder f = {.graph = g,
                .live = live,
                .wanted = wanted,
                .found = found,
                .readers = elbo__calloc(g->n_nodes, sizeof *f.readers)};
    if (!found->place || !f.readers)
        f.status = ELBO_NO_MEMORY;
    for (size_t id = 0; id < g->n_nodes && f.status == ELBO_OK; id++) {
        found->place[id] = NONE;
        for (int k = 0; k < g->nodes[id]->n_in && live[id]; k++)
            f.readers[g->nodes[id]->in[k]->id]++;
    }
    for (int i = 0; g->params && i < elbo_params_count(g->params) && f.status == ELBO_OK; i++) {
        const size_t first = found->n;
        if (take_block(&f, i) && !join_block(&f, first))
            cut(&f, first);
    }
    elbo__free(f.readers);
    return f.status;
}

void elbo__alikes_free(elbo__alikes *found)
{
    elbo__free(found->all);
    elbo__free(found->place);
}
