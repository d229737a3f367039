/* Graph in, live nodes out: dead ones dropped, none twice, arithmetic on constants done, axes in the order in which
 * they lie best, and copies put in where a kernel or the caller cannot take a view. */
#include <string.h>

#include "../../tensor/memory.h"
#include "../../tensor/lookup.h"
#include "../params_private.h"
#include "ir.h"

typedef struct {
    elbo_plan *plan;
    elbo_graph *graph;
    bool *live;         /* by graph id */
    bool *wanted;       /* by graph id: an output */
    const int **read;   /* by graph id: the order of axes in which kernels would read it */
    int *reads;         /* by graph id: by how many of them */
    int *place;         /* graph id to plan node */
    int *assigned;      /* plan node of a state leaf: assignments to it so far */
    elbo__lookup nodes; /* by what makes them what they are */
} importer;

/* ---- adding nodes ------------------------------------------------------------------------------------------------ */

static elbo_status add(elbo_plan *plan, elbo__node node, const int *in)
{
    elbo_status status = elbo__grow((void **)&plan->nodes, &plan->nodes_capacity, plan->n_nodes + 1, sizeof node);
    if (status != ELBO_OK)
        return status;
    node.in = elbo__alloc((size_t)node.n_in * sizeof *in);
    if (!node.in)
        return ELBO_NO_MEMORY;
    for (int i = 0; i < node.n_in; i++)
        node.in[i] = in[i];
    node.assignment = ELBO__NONE;
    if (node.op->flags & ELBO__ASSIGN) {
        node.assignment = plan->nodes[in[0]].assignment;
        plan->nodes[in[0]].assignment = (int)plan->n_nodes;
    }
    plan->nodes[plan->n_nodes++] = node;
    return ELBO_OK;
}

/* What a chain of views shows, or the node itself. */
static int shown_by(const elbo_plan *plan, int id)
{
    while (plan->nodes[id].op->flags & ELBO__VIEW)
        id = plan->nodes[id].in[0];
    return id;
}

/* The state leaf that a node is a view of by movement alone, or NONE. */
static int state_of(const elbo_plan *plan, int id)
{
    id = shown_by(plan, id);
    return plan->nodes[id].op == &elbo__op_param ? id : ELBO__NONE;
}

/* ---- the same node again ----------------------------------------------------------------------------------------- */

/* Nodes that read state are the same only between two assignments to it: `epoch` counts those. */
static int epoch(const importer *im, const int *in, int n)
{
    int sum = 0;
    for (int i = 0; i < n; i++) {
        int state = state_of(im->plan, in[i]);
        sum += state == ELBO__NONE ? 0 : im->assigned[state];
    }
    return sum;
}

static uint64_t hash_of(const elbo__node *node, const int *in)
{
    uint64_t hash = elbo__hash_more((uint64_t)node->dtype, &node->op, sizeof node->op);
    hash = elbo__hash_more(hash, in, (size_t)node->n_in * sizeof *in);
    hash = elbo__hash_more(hash, node->shape.dim, (size_t)node->shape.ndim * sizeof node->shape.dim[0]);
    hash = elbo__hash_more(hash, &node->units, sizeof node->units);
    return elbo__hash_more(hash, &node->attr, sizeof node->attr);
}

static bool same_operands(const elbo__node *a, const elbo__node *b, const int *b_in)
{
    if (a->n_in != b->n_in)
        return false;
    for (int i = 0; i < a->n_in; i++)
        if (a->in[i] != b_in[i])
            return false;
    return true;
}

static int find_same(const importer *im, const elbo__node *node, const int *in, uint64_t hash)
{
    const elbo_plan *plan = im->plan;
    if (node->op->flags & ELBO__ASSIGN || node->op == &elbo__op_input || node->op == &elbo__op_array)
        return ELBO__NONE;
    for (int e = elbo__lookup_first(&im->nodes, hash); e >= 0; e = elbo__lookup_next(&im->nodes, e)) {
        const elbo__node *old = &plan->nodes[im->nodes.entries[e].value];
        if (old->op == node->op && old->dtype == node->dtype && same_operands(old, node, in) &&
            elbo_shape_equal(&old->shape, &node->shape) && memcmp(&old->attr, &node->attr, sizeof node->attr) == 0 &&
            old->units == node->units && old->apart == node->apart)
            return im->nodes.entries[e].value;
    }
    return ELBO__NONE;
}

/* ---- constants --------------------------------------------------------------------------------------------------- */

/* Its value as the dtype holds it. */
static bool constant(const elbo_plan *plan, int id, double *value)
{
    id = shown_by(plan, id);
    *value = plan->nodes[id].attr.value;
    if (plan->nodes[id].dtype == ELBO_F32)
        *value = (float)*value;
    return plan->nodes[id].op == &elbo__op_constant;
}

/* The value of an elementwise node whose operands are all constants, rounded as the dtype would. */
static bool folded(const elbo_plan *plan, const elbo__node *node, const int *in, double *value)
{
    if (node->op != &elbo__op_elementwise)
        return false;
    double v[3];
    elbo_tensor operands[3];
    for (int i = 0; i < node->n_in; i++) {
        if (!constant(plan, in[i], &v[i]))
            return false;
        operands[i] = elbo_tensor_of(ELBO_F64, ELBO_SCALAR, &v[i]);
    }
    float narrow = 0;
    double wide = 0;
    elbo_tensor out = elbo_tensor_of(node->dtype, ELBO_SCALAR, node->dtype == ELBO_F32 ? (void *)&narrow : &wide);
    node->op->interpret(&(elbo__call){.attr = &node->attr, .out = out, .in = operands, .n_in = node->n_in});
    *value = node->dtype == ELBO_F32 ? narrow : wide;
    return true;
}

/* x * 1 is x; x + 0 is not where x is -0. With state it is its value as it is here, which needs a node of its own. */
static int neutral(const elbo_plan *plan, const elbo__node *node, const int *in)
{
    double value;
    for (int i = 0; i < 2 && node->op == &elbo__op_elementwise && node->attr.elementwise == ELBO__mul; i++)
        if (constant(plan, in[i], &value) && value == 1 && state_of(plan, in[1 - i]) == ELBO__NONE)
            return in[1 - i];
    return ELBO__NONE;
}

/* ---- putting ----------------------------------------------------------------------------------------------------- */

/* The node as it is, or the same one from before. */
static elbo_status put_once(importer *im, elbo__node node, const int *in, int *id)
{
    node.units = epoch(im, in, node.n_in); /* until pass `stage` gives it its meaning */
    const uint64_t hash = hash_of(&node, in);
    if ((*id = find_same(im, &node, in, hash)) != ELBO__NONE)
        return ELBO_OK;
    *id = (int)im->plan->n_nodes;
    elbo_status status = elbo__lookup_add(&im->nodes, hash, *id);
    return status == ELBO_OK ? add(im->plan, node, in) : status;
}

/* The node, or what it comes to. */
static elbo_status put(importer *im, elbo__node node, const int *in, int *id)
{
    elbo_plan *plan = im->plan;
    double value;
    if (folded(plan, &node, in, &value)) {
        elbo__node number = {.op = &elbo__op_constant, .dtype = node.dtype, .attr.value = value};
        elbo_status status = put_once(im, number, NULL, id);
        if (status != ELBO_OK || node.shape.ndim == 0)
            return status;
        /* a number seen as a tensor: reshape to size-1 axes, then expand */
        elbo__node ones = {.op = &elbo__op_reshape, .dtype = node.dtype, .n_in = 1, .shape.ndim = node.shape.ndim};
        for (int i = 0; i < node.shape.ndim; i++)
            ones.shape.dim[i] = 1;
        int from = *id;
        if ((status = put_once(im, ones, &from, id)) != ELBO_OK)
            return status;
        elbo__node spread = {.op = &elbo__op_expand, .dtype = node.dtype, .n_in = 1, .shape = node.shape};
        from = *id;
        return put_once(im, spread, &from, id);
    }
    *id = neutral(plan, &node, in);
    return *id != ELBO__NONE ? ELBO_OK : put_once(im, node, in, id);
}

/* ---- the order of axes in memory --------------------------------------------------------------------------------- */

/* Views are nodes of their own: a node whose axes lie in another order is one of a permuted shape and a view of it. */

static void invert(const int *axes, int n, int *inverse)
{
    for (int i = 0; i < n; i++)
        inverse[axes[i]] = i;
}

/* Axis i of the view is axis axes[i] of x. */
static elbo_status put_permuted(importer *im, int x, const int *axes, int *id)
{
    const elbo__node *of = &im->plan->nodes[x];
    elbo__node view = {.op = &elbo__op_permute, .dtype = of->dtype, .n_in = 1, .shape.ndim = of->shape.ndim};
    const bool again = of->op == &elbo__op_permute && state_of(im->plan, x) == ELBO__NONE;
    const int from = again ? of->in[0] : x;
    bool moved = false;
    for (int i = 0; i < of->shape.ndim; i++) {
        view.attr.axes[i] = again ? of->attr.axes[axes[i]] : axes[i];
        view.shape.dim[i] = of->shape.dim[axes[i]];
        moved |= view.attr.axes[i] != i;
    }
    *id = from;
    return moved ? put_once(im, view, &from, id) : ELBO_OK;
}

/* The node with its axes in another order, then a view that shows it as it is: its axis i is axis axes[i]. */
static elbo_status put_in_order(importer *im, elbo__node node, const int *in, const int *axes, int *id)
{
    const elbo_shape shape = node.shape;
    int inverse[ELBO_MAX_RANK], laid = ELBO__NONE;
    invert(axes, shape.ndim, inverse);
    for (int i = 0; i < shape.ndim; i++)
        node.shape.dim[i] = shape.dim[inverse[i]];
    const elbo_status status = put(im, node, in, &laid);
    return status == ELBO_OK ? put_permuted(im, laid, axes, id) : status;
}

/* Whether a node is the view of one whose axes lie in this order. */
static bool lies_in(const elbo_plan *plan, int x, const int *order)
{
    const elbo__node *node = &plan->nodes[x];
    bool same = node->op == &elbo__op_permute && state_of(plan, x) == ELBO__NONE;
    for (int i = 0; i < node->shape.ndim && same; i++)
        same = node->attr.axes[order[i]] == i;
    return same;
}

/* A row-major copy, by a kernel of its own: not fused, and cut along any axis but 1. */
static elbo_status put_rows(importer *im, int of, int *id)
{
    const elbo__node *as = &im->plan->nodes[of];
    elbo__node rows = {.op = &elbo__op_concat, .dtype = as->dtype, .shape = as->shape, .n_in = 1, .attr.axis = 1};
    return put_once(im, rows, &of, id);
}

/* A copy of images whose axes lie in this order, and a view that shows it as x. A kernel of its own makes it: turning
 * tiles is four times as fast as reading numbers that lie apart. */
static elbo_status put_turned(importer *im, int x, const int *order, int *id)
{
    int inverse[ELBO_MAX_RANK], view = ELBO__NONE, copy = ELBO__NONE;
    invert(order, im->plan->nodes[x].shape.ndim, inverse);
    elbo_status status = put_permuted(im, x, order, &view);
    if (status == ELBO_OK)
        status = put_rows(im, view, &copy);
    return status == ELBO_OK ? put_permuted(im, copy, inverse, id) : status;
}

/* Whether images that are computed lie in another order than this: with one channel, or one pixel, there is none. */
static bool lies_across(const elbo_plan *plan, int x, const int *order)
{
    const elbo__node *node = &plan->nodes[x], *base = &plan->nodes[shown_by(plan, x)];
    return node->op != &elbo__op_expand && !(base->op->flags & ELBO__LEAF) && node->shape.dim[1] > 1 &&
           node->shape.dim[2] * node->shape.dim[3] > 1 && !lies_in(plan, x, order);
}

/* Whether all operands of an elementwise node that are not repeated are permuted in one way, and so lie in one order
 * that is not the node's: then that becomes its own. Of matrices, how they are cut decides (pass `stage`). */
static const int *common_order(const elbo_plan *plan, const elbo__node *node, const int *in)
{
    const int *axes = NULL;
    if (!(node->op->flags & ELBO__ELEMENTWISE) || node->shape.ndim < 3)
        return NULL;
    for (int i = 0; i < node->n_in; i++) {
        const elbo__node *x = &plan->nodes[in[i]];
        double value;
        if (x->op == &elbo__op_expand || constant(plan, in[i], &value))
            continue;
        if (x->op != &elbo__op_permute || state_of(plan, in[i]) != ELBO__NONE)
            return NULL;
        if (axes && memcmp(axes, x->attr.axes, (size_t)node->shape.ndim * sizeof *axes) != 0)
            return NULL;
        axes = x->attr.axes;
    }
    return axes;
}

/* An elementwise node in the common order of its operands. */
static elbo_status put_elementwise(importer *im, elbo__node node, const int *in, const int *order, int *id)
{
    int axes[ELBO_MAX_RANK], inverse[ELBO_MAX_RANK], turned[3] = {0};
    memcpy(axes, order, sizeof axes); /* which lies in a node: nodes move when one is added */
    invert(axes, node.shape.ndim, inverse);
    elbo_status status = ELBO_OK;
    for (int i = 0; i < node.n_in && status == ELBO_OK; i++)
        status = put_permuted(im, in[i], inverse, &turned[i]);
    return status == ELBO_OK ? put_in_order(im, node, turned, axes, id) : status;
}

/* Any node, in the order of axes that is best for it. An elementwise output stays as its shape says. */
static elbo_status put_best(importer *im, elbo__node node, const int *in, bool output, int *id)
{
    const int *order = output ? NULL : common_order(im->plan, &node, in);
    if (order)
        return put_elementwise(im, node, in, order, id);
    if (node.op == &elbo__op_permute)
        return put_permuted(im, in[0], node.attr.axes, id);
    if (node.op == &elbo__op_reshape && elbo_shape_equal(&node.shape, &im->plan->nodes[in[0]].shape)) {
        *id = in[0]; /* reshaped to what it was */
        return ELBO_OK;
    }
    if (!node.op->order)
        return put(im, node, in, id);
    int axes[ELBO_MAX_RANK];
    invert(node.op->order, node.shape.ndim, axes);
    return put_in_order(im, node, in, axes, id);
}

/* ---- products in parts ------------------------------------------------------------------------------------------- */

/* How a view of state lies, through so many views at most. */
static bool lies_as(const importer *im, int id, int views, elbo_layout *layout)
{
    const elbo__node *node = &im->plan->nodes[id];
    elbo_layout from;
    if (node->op == &elbo__op_param) {
        *layout = elbo__params_layout(im->graph->params, node->attr.param);
        return true;
    }
    return views > 0 && lies_as(im, node->in[0], views - 1, &from) &&
           node->op->view(&from, &node->shape, &node->attr, layout);
}

/* In how many parts a product of few rows by a parameter is made, each of which sums over some rows of the parameter as
 * it lies: those the thread that updates them finds in its own cache. Cut by columns, half of what a thread reads comes
 * from another. Worth it while little is written for the parts beside what is read. 1: it is not, or the parameter
 * stays as it is. */
static int64_t parts_of(const importer *im, const elbo_var *x, int right)
{
    enum { MOST = 8, VIEWS = 8 };
    const elbo__column_rule *rule = &im->graph->columns;
    const elbo_var *state = x->in[1]->root;
    elbo_layout lies;
    if (x->shape.ndim != 2 || !state || state->assigned <= x->id || state_of(im->plan, right) == ELBO__NONE ||
        !lies_as(im, right, VIEWS, &lies) || lies.strides[1] != 1)
        return 1;
    const int64_t rows = x->shape.dim[0], columns = x->shape.dim[1], terms = x->in[0]->shape.dim[1];
    if (rows < 2 || rows > rule->rows || columns < rule->columns || terms * columns < rule->entries)
        return 1;
    int64_t parts = MOST;
    while (parts > 1 && (terms % parts != 0 || rule->terms * parts * rows > terms))
        parts /= 2;
    return parts;
}

/* a (M,K) b (K,N) as the sum of so many products (M,K/parts) (K/parts,N). */
static elbo_status put_in_parts(importer *im, const elbo_var *x, const int *in, int64_t parts, int *id)
{
    const int64_t rows = x->shape.dim[0], columns = x->shape.dim[1], terms = x->in[0]->shape.dim[1] / parts;
    elbo__node node = {.op = &elbo__op_reshape, .dtype = x->dtype, .n_in = 1, .apart = 1 << 1};
    int operands[2], product = ELBO__NONE, sum = ELBO__NONE;
    node.shape = ELBO_SHAPE(rows, parts, terms);
    elbo_status status = put_once(im, node, &in[0], &operands[0]);
    if (status == ELBO_OK)
        status = put_permuted(im, operands[0], (int[]){1, 0, 2}, &operands[0]);
    node.apart = 1;
    node.shape = ELBO_SHAPE(parts, terms, columns);
    if (status == ELBO_OK)
        status = put_once(im, node, &in[1], &operands[1]);
    node = (elbo__node){.op = x->op, .attr = x->attr, .dtype = x->dtype, .n_in = 2, .apart = 1};
    node.shape = ELBO_SHAPE(parts, rows, columns);
    if (status == ELBO_OK)
        status = put_once(im, node, operands, &product);
    for (int64_t i = 0; i < parts && status == ELBO_OK; i++) { /* added up where they are read */
        node = (elbo__node){.op = &elbo__op_slice, .dtype = x->dtype, .n_in = 1, .attr.start = i};
        node.shape = ELBO_SHAPE(1, rows, columns);
        status = put_once(im, node, &product, &operands[1]);
        operands[0] = sum;
        node = (elbo__node){.op = &elbo__op_elementwise, .dtype = x->dtype, .n_in = 2, .attr.elementwise = ELBO__add};
        node.shape = ELBO_SHAPE(1, rows, columns);
        if (i == 0)
            sum = operands[1];
        else if (status == ELBO_OK)
            status = put_once(im, node, operands, &sum);
    }
    node = (elbo__node){.op = &elbo__op_reshape, .dtype = x->dtype, .n_in = 1, .shape = x->shape};
    return status == ELBO_OK ? put_once(im, node, &sum, id) : status;
}

/* ---- importing --------------------------------------------------------------------------------------------------- */

/* A copy in memory of its own, even of a constant. */
static elbo_status put_copy(importer *im, int of, int *id)
{
    elbo__node copy = {.op = &elbo__op_elementwise,
                       .dtype = im->plan->nodes[of].dtype,
                       .shape = im->plan->nodes[of].shape,
                       .n_in = 1,
                       .attr.elementwise = ELBO__copy};
    return put_once(im, copy, &of, id);
}

/* BLIS takes no repeated rows or columns. Repeated whole matrices are fine. */
static bool repeats_rows(const elbo_plan *plan, int id)
{
    for (bool last = true; plan->nodes[id].op->flags & ELBO__VIEW; last = false) {
        const elbo__node *node = &plan->nodes[id], *from = &plan->nodes[node->in[0]];
        if (node->op == &elbo__op_expand)
            for (int i = last ? node->shape.ndim - 2 : 0; i < node->shape.ndim; i++)
                if (node->shape.dim[i] != from->shape.dim[i])
                    return true;
        id = node->in[0];
    }
    return false;
}

/* Whether rows are gathered from a parameter, each perhaps several times. The numbers of a row of a matrix (out, in)
 * that is state lie far apart, since such a matrix lies as (in, out). */
static bool gathers_across(const elbo_plan *plan, const elbo_var *x, int table)
{
    return x->op == &elbo__op_gather && x->shape.ndim == 2 && state_of(plan, table) != ELBO__NONE &&
           x->shape.dim[0] >= plan->nodes[table].shape.dim[0];
}

/* "rows", "encoder.mean.weight", "adam.m:encoder.mean.weight", "z#0" */
static char *name_of(const elbo_graph *g, const elbo_var *leaf)
{
    bool other_slab = leaf->op == &elbo__op_param && leaf->attr.slab != 0;
    return other_slab ? elbo__format("%s:%s", g->slabs[leaf->attr.slab], leaf->name) : elbo__strdup(leaf->name);
}

/* Operand k; of a reshape what is reshaped, however often it was before. */
static const elbo_var *operand(const elbo_var *x, int k)
{
    const elbo_var *from = x->in[k];
    while (x->op == &elbo__op_reshape && from->op == &elbo__op_reshape && !from->root)
        from = from->in[0];
    return from;
}

/* Where a kernel will read an elementwise node in some order and one of its operands lies so, all come to lie so. */
static elbo_status turn_like_others(importer *im, const elbo_var *x, int *in)
{
    const int *order = im->read[x->id];
    elbo_status status = ELBO_OK;
    bool any = false;
    for (int i = 0; i < x->n_in && order; i++)
        any |= lies_in(im->plan, in[i], order);
    for (int i = 0; i < x->n_in && any && status == ELBO_OK; i++)
        if (lies_across(im->plan, in[i], order))
            status = put_turned(im, in[i], order, &in[i]);
    return status;
}

static elbo_status import_node(importer *im, const elbo_var *x)
{
    elbo_plan *plan = im->plan;
    elbo__node node = {.op = x->op, .attr = x->attr, .dtype = x->dtype, .shape = x->shape, .n_in = x->n_in};
    int few[4], *in = x->n_in > 4 ? elbo__alloc((size_t)x->n_in * sizeof *in) : few;
    if (!in)
        return ELBO_NO_MEMORY;
    elbo_status status = ELBO_OK;
    for (int i = 0; i < x->n_in && status == ELBO_OK; i++) {
        in[i] = im->place[operand(x, i)->id];
        if (x->op == &elbo__op_matmul && repeats_rows(plan, in[i]))
            status = put_copy(im, in[i], &in[i]);
        else if (i == 0 && gathers_across(plan, x, in[0]))
            status = put_rows(im, in[0], &in[0]);
        else if (x->op->reads && im->reads[x->in[i]->id] > 1 && lies_across(plan, in[i], x->op->reads))
            status = put_turned(im, in[i], x->op->reads, &in[i]);
    }
    if (status == ELBO_OK && x->op->flags & ELBO__ELEMENTWISE && !im->wanted[x->id])
        status = turn_like_others(im, x, in);
    /* a state that is assigned a view of itself: the old value must not change while it is read */
    if (status == ELBO_OK && x->op->flags & ELBO__ASSIGN && in[1] != in[0] && state_of(plan, in[1]) == in[0])
        status = put_copy(im, in[1], &in[1]);
    if (x->op == &elbo__op_param)
        node.attr.slab = im->graph->slab_index[x->attr.slab];
    if (status == ELBO_OK && x->name)
        status = (node.name = name_of(im->graph, x)) ? ELBO_OK : ELBO_NO_MEMORY;
    int id = ELBO__NONE;
    const int64_t parts = status == ELBO_OK && x->op == &elbo__op_matmul ? parts_of(im, x, in[1]) : 1;
    if (status == ELBO_OK && parts > 1)
        status = put_in_parts(im, x, in, parts, &id);
    else if (status == ELBO_OK)
        status = put_best(im, node, in, im->wanted[x->id], &id);
    if (in != few)
        elbo__free(in);
    if (status != ELBO_OK || plan->nodes[id].name != node.name)
        elbo__free(node.name);
    if (status != ELBO_OK)
        return status;
    im->place[x->id] = id;
    if (x->op->flags & ELBO__ASSIGN) {
        im->assigned[plan->nodes[id].in[0]]++;
        plan->assigns = true;
    }
    /* a view of state as an output shows the state as it is here, not as later assignments leave it */
    if (im->wanted[x->id] && x->op->flags & ELBO__VIEW && state_of(plan, id) != ELBO__NONE)
        return put_copy(im, id, &im->place[x->id]);
    return ELBO_OK;
}

/* An output must be memory of the plan's own: leaves (and views of them) are copied, parameters after everything
 * else. */
static elbo_status settle_output(importer *im, int i, const elbo_var *x)
{
    elbo_plan *plan = im->plan;
    int id = im->place[x->id], base = shown_by(plan, id);
    if (plan->nodes[base].op->flags & ELBO__LEAF) {
        if (plan->nodes[id].dtype != plan->dtype)
            return elbo__fail(ELBO_INVALID, "output %d is an input of dtype %s: cast it", i,
                              elbo_dtype_name(plan->nodes[id].dtype));
        elbo_status status = put_copy(im, id, &id);
        if (status != ELBO_OK)
            return status;
    }
    plan->outputs[i] = id;
    /* which of a chain of views will hold the value is known only when strides are: a reshape may take a copy */
    for (base = id; plan->nodes[base].op->flags & ELBO__VIEW; base = plan->nodes[base].in[0])
        plan->nodes[base].output = true;
    plan->nodes[base].output = true;
    return ELBO_OK;
}

/* In which order x reads operand k: as its kernel would, or where it is elementwise as its own readers would. */
static void mark_read(importer *im, const elbo_var *x, int k)
{
    enum { IMAGES = 4 }; /* axes */
    const bool passes_on = x->op->flags & ELBO__ELEMENTWISE && elbo_shape_equal(&x->shape, &x->in[k]->shape);
    const int *order = passes_on ? im->read[x->id] : x->op->reads;
    const size_t id = x->in[k]->id;
    if (!order || x->in[k]->shape.ndim != IMAGES)
        return;
    im->read[id] = order;
    im->reads[id] += !passes_on;
}

static void mark_live(importer *im, elbo_var *const *outputs, int n)
{
    elbo_graph *g = im->graph;
    for (int i = 0; i < n; i++)
        im->live[outputs[i]->id] = im->wanted[outputs[i]->id] = true;
    for (size_t i = g->n_nodes; i-- > 0;) {
        const elbo_var *x = g->nodes[i];
        im->live[i] |= (x->op->flags & ELBO__ASSIGN) != 0;
        for (int k = 0; im->live[i] && k < x->n_in; k++) {
            im->live[operand(x, k)->id] = true;
            mark_read(im, x, k);
        }
    }
}

elbo_status elbo__plan_simplify(elbo_plan *plan, elbo_graph *g, elbo_var *const *outputs, int n)
{
    /* room for copies: one an operand of a product and one an output, three nodes a folded constant, or up to four
     * views beside an elementwise node, three for each operand that is turned, or 20 for a product in parts, beside
     * copies of its operands and itself */
    size_t most = 24 * g->n_nodes + (size_t)n + 8;
    importer im = {.plan = plan,
                   .graph = g,
                   .live = elbo__calloc(g->n_nodes, sizeof *im.live),
                   .wanted = elbo__calloc(g->n_nodes, sizeof *im.wanted),
                   .read = elbo__calloc(g->n_nodes, sizeof *im.read),
                   .reads = elbo__calloc(g->n_nodes, sizeof *im.reads),
                   .place = elbo__calloc(g->n_nodes, sizeof *im.place),
                   .assigned = elbo__calloc(most, sizeof *im.assigned)};
    elbo_status status = im.live && im.wanted && im.read && im.reads && im.place && im.assigned ? ELBO_OK
                                                                                                : ELBO_NO_MEMORY;
    if (status == ELBO_OK)
        mark_live(&im, outputs, n);
    for (size_t i = 0; i < g->n_nodes && status == ELBO_OK; i++)
        if (im.live[i])
            status = import_node(&im, g->nodes[i]);
    for (int i = 0; i < n && status == ELBO_OK; i++)
        status = settle_output(&im, i, outputs[i]);
    elbo__free(im.live);
    elbo__free(im.wanted);
    elbo__free(im.read);
    elbo__free(im.reads);
    elbo__free(im.place);
    elbo__free(im.assigned);
    elbo__lookup_free(&im.nodes);
    return status;
}
