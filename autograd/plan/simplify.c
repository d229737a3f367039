/* Graph in, live nodes out: dead ones dropped, none twice, arithmetic on constants done, axes in the order in which
 * they lie best, and copies put in where a kernel or the caller cannot take a view. */
#include <string.h>

#include "../../tensor/memory.h"
#include "../params_private.h"
#include "simplify.h"

/* ---- products in parts ------------------------------------------------------------------------------------------- */

/* How a view of state lies, through so many views at most. */
static bool lies_as(const elbo__importer *im, int id, int views, elbo_layout *layout)
{
    const elbo__node *node = &im->plan->nodes[id];
    elbo_layout from;
    if (node->op == &elbo__op_param) {
        *layout = elbo__params_layout(im->graph->params, node->attr.param);
        layout->shape = node->shape;
        return true;
    }
    return views > 0 && lies_as(im, node->in[0], views - 1, &from) &&
           node->op->view(&from, &node->shape, &node->attr, layout);
}

/* In how many parts a product of few rows by a parameter is made, each of which sums over some rows of the parameter as
 * it lies: those the thread that updates them finds in its own cache. Cut by columns, half of what a thread reads comes
 * from another. Worth it while little is written for the parts beside what is read. 1: it is not, or the parameter
 * stays as it is. */
static int64_t parts_of(const elbo__importer *im, const elbo_var *x, int right)
{
    enum { MOST = 8, VIEWS = 8 };
    const elbo__column_rule *rule = &im->graph->columns;
    const elbo_var *state = x->in[1]->root;
    elbo_layout lies;
    if (x->shape.ndim != 2 || !state || state->assigned <= x->id || elbo__state_of(im->plan, right) == ELBO__NONE ||
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
static elbo_status put_in_parts(elbo__importer *im, const elbo_var *x, const int *in, int64_t parts, int *id)
{
    const int64_t rows = x->shape.dim[0], columns = x->shape.dim[1], terms = x->in[0]->shape.dim[1] / parts;
    elbo__node node = {.op = &elbo__op_reshape, .dtype = x->dtype, .n_in = 1, .apart = 1 << 1};
    int operands[2], product = ELBO__NONE, sum = ELBO__NONE;
    node.shape = ELBO_SHAPE(rows, parts, terms);
    elbo_status status = elbo__put_once(im, node, &in[0], &operands[0]);
    if (status == ELBO_OK)
        status = elbo__put_permuted(im, operands[0], (int[]){1, 0, 2}, &operands[0]);
    node.apart = 1;
    node.shape = ELBO_SHAPE(parts, terms, columns);
    if (status == ELBO_OK)
        status = elbo__put_once(im, node, &in[1], &operands[1]);
    node = (elbo__node){.op = x->op, .attr = x->attr, .dtype = x->dtype, .n_in = 2, .apart = 1};
    node.shape = ELBO_SHAPE(parts, rows, columns);
    if (status == ELBO_OK)
        status = elbo__put_once(im, node, operands, &product);
    for (int64_t i = 0; i < parts && status == ELBO_OK; i++) { /* added up where they are read */
        node = (elbo__node){.op = &elbo__op_slice, .dtype = x->dtype, .n_in = 1, .attr.start = i};
        node.shape = ELBO_SHAPE(1, rows, columns);
        status = elbo__put_once(im, node, &product, &operands[1]);
        operands[0] = sum;
        node = (elbo__node){.op = &elbo__op_elementwise, .dtype = x->dtype, .n_in = 2, .attr.elementwise = ELBO__add};
        node.shape = ELBO_SHAPE(1, rows, columns);
        if (i == 0)
            sum = operands[1];
        else if (status == ELBO_OK)
            status = elbo__put_once(im, node, operands, &sum);
    }
    node = (elbo__node){.op = &elbo__op_reshape, .dtype = x->dtype, .n_in = 1, .shape = x->shape};
    return status == ELBO_OK ? elbo__put_once(im, node, &sum, id) : status;
}

/* ---- importing --------------------------------------------------------------------------------------------------- */

/* A copy in memory of its own, even of a constant. */
static elbo_status put_copy(elbo__importer *im, int of, int *id)
{
    elbo__node copy = {.op = &elbo__op_elementwise,
                       .dtype = im->plan->nodes[of].dtype,
                       .shape = im->plan->nodes[of].shape,
                       .n_in = 1,
                       .attr.elementwise = ELBO__copy};
    return elbo__put_once(im, copy, &of, id);
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
    return x->op == &elbo__op_gather && x->shape.ndim == 2 && elbo__state_of(plan, table) != ELBO__NONE &&
           x->shape.dim[0] >= plan->nodes[table].shape.dim[0];
}

/* "rows", "encoder.mean.weight", "adam.m:encoder.mean.weight", "z#0" */
static char *name_of(const elbo_graph *g, const elbo_var *leaf)
{
    bool other_slab = leaf->op == &elbo__op_param && leaf->attr.slab != 0;
    return other_slab ? elbo__format("%s:%s", g->slabs[leaf->attr.slab], leaf->name) : elbo__strdup(leaf->name);
}

/* How long the beginning is that the names of several leaves have in common, up to a point. */
static int shared_beginning(const elbo__alike *a)
{
    const char *first = a->of[0]->name;
    int length = 0;
    for (int i = 0; first[i]; i++) {
        for (int k = 1; k < a->n; k++)
            if (a->of[k]->name[i] != first[i])
                return length;
        length = first[i] == '.' ? i + 1 : length;
    }
    return length;
}

/* And the end, from a point on, behind a beginning. */
static int shared_end(const elbo__alike *a, int beginning)
{
    const char *first = a->of[0]->name;
    const int size = (int)strlen(first);
    int length = 0;
    for (int i = 1; beginning + i <= size; i++) {
        for (int k = 1; k < a->n; k++) {
            const int its_size = (int)strlen(a->of[k]->name);
            if (beginning + i > its_size || a->of[k]->name[its_size - i] != first[size - i])
                return length;
        }
        length = first[size - i] == '.' ? i : length;
    }
    return length;
}

/* "adam.m:encoder.{mean,logvar}.weight" */
static char *name_of_all(const elbo_graph *g, const elbo__alike *a)
{
    const elbo_var *first = a->of[0];
    const int from = shared_beginning(a), end = shared_end(a, from);
    const char *slab = first->attr.slab ? g->slabs[first->attr.slab] : "", *colon = first->attr.slab ? ":" : "";
    char *name = elbo__format("%s%s%.*s{", slab, colon, from, first->name);
    for (int i = 0; i < a->n && name; i++) {
        char *before = name;
        const char *its = a->of[i]->name;
        const int size = (int)strlen(its), left = size - from - end;
        name = elbo__format("%s%.*s%s%s", before, left, its + from, i + 1 < a->n ? "," : "}",
                            i + 1 < a->n ? "" : its + size - end);
        elbo__free(before);
    }
    return name;
}

/* Where a kernel will read an elementwise node in some order and one of its operands lies so, all come to lie so. */
static elbo_status turn_like_others(elbo__importer *im, const elbo_var *x, int *in)
{
    const int *order = im->read[x->id];
    elbo_status status = ELBO_OK;
    bool any = false;
    for (int i = 0; i < x->n_in && order; i++)
        any |= elbo__lies_in(im->plan, in[i], order);
    for (int i = 0; i < x->n_in && any && status == ELBO_OK; i++)
        if (elbo__lies_across(im->plan, in[i], order))
            status = elbo__put_turned(im, in[i], order, &in[i]);
    return status;
}

/* The plan's node for x. One of several that were made at once is a slice of what was made. */
static elbo_status place_of(elbo__importer *im, const elbo_var *x, int *id)
{
    *id = im->place[x->id];
    if (*id != ELBO__NONE)
        return ELBO_OK;
    const elbo__alike *a = &im->alikes.all[im->alikes.place[x->id]];
    if (a->node == ELBO__NONE || a->kind != ELBO__ALIKE)
        return elbo__fail(ELBO_INVALID, "compile: a node is planned before what it reads");
    elbo__node part = {.op = &elbo__op_slice, .dtype = x->dtype, .shape = x->shape, .n_in = 1, .attr.axis = a->axis};
    for (int i = 0; a->of[i] != x; i++)
        part.attr.start += a->of[i]->shape.dim[a->axis];
    elbo_status status = elbo__put_once(im, part, &a->node, id);
    im->place[x->id] = *id;
    return status;
}

/* The node for x, or the one for all that are computed like it. */
static elbo_status import_node(elbo__importer *im, const elbo_var *x, elbo__alike *a)
{
    elbo_plan *plan = im->plan;
    elbo__node node = {.op = x->op, .attr = x->attr, .dtype = x->dtype, .shape = x->shape, .n_in = x->n_in};
    for (int i = 1; a && a->kind == ELBO__ALIKE && i < a->n; i++)
        node.shape.dim[a->axis] += a->of[i]->shape.dim[a->axis];
    int few[4], *in = x->n_in > 4 ? elbo__alloc((size_t)x->n_in * sizeof *in) : few;
    if (!in)
        return ELBO_NO_MEMORY;
    elbo_status status = ELBO_OK;
    for (int i = 0; i < x->n_in && status == ELBO_OK; i++) {
        if (a && a->in[i] != ELBO__COMMON)
            in[i] = im->alikes.all[a->in[i]].node;
        else
            status = place_of(im, elbo__read_by(x, i), &in[i]);
        if (status != ELBO_OK)
            break;
        if (x->op == &elbo__op_matmul && repeats_rows(plan, in[i]))
            status = put_copy(im, in[i], &in[i]);
        else if (i == 0 && gathers_across(plan, x, in[0]))
            status = elbo__put_rows(im, in[0], &in[0]);
        else if (x->op->reads && im->reads[x->in[i]->id] > 1 && elbo__lies_across(plan, in[i], x->op->reads))
            status = elbo__put_turned(im, in[i], x->op->reads, &in[i]);
    }
    if (status == ELBO_OK && x->op->flags & ELBO__ELEMENTWISE && !im->wanted[x->id])
        status = turn_like_others(im, x, in);
    /* a state that is assigned a view of itself: the old value must not change while it is read */
    if (status == ELBO_OK && x->op->flags & ELBO__ASSIGN && in[1] != in[0] && elbo__state_of(plan, in[1]) == in[0])
        status = put_copy(im, in[1], &in[1]);
    if (x->op == &elbo__op_param)
        node.attr.slab = im->graph->slab_index[x->attr.slab];
    if (status == ELBO_OK && x->name)
        status = (node.name = a ? name_of_all(im->graph, a) : name_of(im->graph, x)) ? ELBO_OK : ELBO_NO_MEMORY;
    int id = ELBO__NONE;
    const int64_t parts = status == ELBO_OK && x->op == &elbo__op_matmul && !a ? parts_of(im, x, in[1]) : 1;
    if (status == ELBO_OK && parts > 1)
        status = put_in_parts(im, x, in, parts, &id);
    else if (status == ELBO_OK)
        status = elbo__put_best(im, node, in, im->wanted[x->id], &id);
    if (in != few)
        elbo__free(in);
    if (status != ELBO_OK || plan->nodes[id].name != node.name)
        elbo__free(node.name);
    if (status != ELBO_OK)
        return status;
    *(a ? &a->node : &im->place[x->id]) = id;
    if (x->op->flags & ELBO__ASSIGN) {
        im->assigned[plan->nodes[id].in[0]]++;
        plan->assigns = true;
    }
    /* a view of state as an output shows the state as it is here, not as later assignments leave it */
    if (im->wanted[x->id] && x->op->flags & ELBO__VIEW && elbo__state_of(plan, id) != ELBO__NONE)
        return put_copy(im, id, &im->place[x->id]);
    return ELBO_OK;
}

/* Copies of several nodes, in one. */
static elbo_status put_together(elbo__importer *im, elbo__alike *a)
{
    const elbo_var *first = a->of[0];
    int in[ELBO__MOST_BESIDE];
    elbo__node all = {
        .op = &elbo__op_concat, .dtype = first->dtype, .shape = first->shape, .n_in = a->n, .attr.axis = a->axis};
    elbo_status status = ELBO_OK;
    for (int i = 0; i < a->n && status == ELBO_OK; i++) {
        all.shape.dim[a->axis] += i > 0 ? a->of[i]->shape.dim[a->axis] : 0;
        status = place_of(im, a->of[i], &in[i]);
    }
    return status == ELBO_OK ? elbo__put_once(im, all, in, &a->node) : status;
}

static elbo_status import_alike(elbo__importer *im, elbo__alike *a)
{
    if (a->kind == ELBO__TOGETHER)
        return put_together(im, a);
    elbo_status status = import_node(im, a->of[0], a);
    if (status != ELBO_OK || a->kind == ELBO__ALIKE)
        return status;
    int in[2] = {ELBO__NONE, a->node};
    if (a->rest) {
        elbo__node sum = {.op = &elbo__op_elementwise, .dtype = a->sum->dtype, .shape = a->sum->shape, .n_in = 2};
        sum.attr.elementwise = ELBO__add;
        if ((status = place_of(im, a->rest, &in[0])) == ELBO_OK)
            status = elbo__put_once(im, sum, in, &a->node);
    }
    im->place[a->sum->id] = a->node;
    return status;
}

/* Node i of the graph, and what can be planned when it is there. */
static elbo_status import(elbo__importer *im, size_t i)
{
    elbo__alikes *alikes = &im->alikes;
    elbo_status status = ELBO_OK;
    if (im->live[i] && alikes->place[i] == ELBO__ALONE)
        status = import_node(im, im->graph->nodes[i], NULL);
    for (int k = alikes->behind[i]; k >= 0 && status == ELBO_OK; k = alikes->all[k].next)
        status = import_alike(im, &alikes->all[k]);
    return status;
}

/* An output must be memory of the plan's own: leaves (and views of them) are copied, parameters after everything
 * else. */
static elbo_status settle_output(elbo__importer *im, int i, const elbo_var *x)
{
    elbo_plan *plan = im->plan;
    int id = ELBO__NONE, base = ELBO__NONE;
    elbo_status status = place_of(im, x, &id);
    if (status != ELBO_OK)
        return status;
    if (plan->nodes[elbo__shown_by(plan, id)].op->flags & ELBO__LEAF) {
        if (plan->nodes[id].dtype != plan->dtype)
            return elbo__fail(ELBO_INVALID, "output %d is an input of dtype %s: cast it", i,
                              elbo_dtype_name(plan->nodes[id].dtype));
        status = put_copy(im, id, &id);
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
static void mark_read(elbo__importer *im, const elbo_var *x, int k)
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

static void mark_live(elbo__importer *im, elbo_var *const *outputs, int n)
{
    elbo_graph *g = im->graph;
    for (int i = 0; i < n; i++)
        im->live[outputs[i]->id] = im->wanted[outputs[i]->id] = true;
    for (size_t i = g->n_nodes; i-- > 0;) {
        const elbo_var *x = g->nodes[i];
        im->live[i] |= (x->op->flags & ELBO__ASSIGN) != 0;
        for (int k = 0; im->live[i] && k < x->n_in; k++) {
            im->live[elbo__read_by(x, k)->id] = true;
            mark_read(im, x, k);
        }
    }
}

elbo_status elbo__plan_simplify(elbo_plan *plan, elbo_graph *g, elbo_var *const *outputs, int n)
{
    /* room for copies: one an operand of a product and one an output, three nodes a folded constant, or up to four
     * views beside an elementwise node, three for each operand that is turned, or 20 for a product in parts, beside
     * copies of its operands and itself; what is planned at once has a slice for each node it stands for */
    size_t most = 24 * g->n_nodes + (size_t)n + 8;
    elbo__importer im = {.plan = plan,
                         .graph = g,
                         .live = elbo__calloc(g->n_nodes, sizeof *im.live),
                         .wanted = elbo__calloc(g->n_nodes, sizeof *im.wanted),
                         .read = elbo__calloc(g->n_nodes, sizeof *im.read),
                         .reads = elbo__calloc(g->n_nodes, sizeof *im.reads),
                         .place = elbo__calloc(g->n_nodes, sizeof *im.place),
                         .assigned = elbo__calloc(most, sizeof *im.assigned)};
    elbo_status status = im.live && im.wanted && im.read && im.reads && im.place && im.assigned ? ELBO_OK
                                                                                                : ELBO_NO_MEMORY;
    if (status == ELBO_OK) {
        mark_live(&im, outputs, n);
        status = elbo__find_alikes(g, im.live, im.wanted, &im.alikes);
    }
    for (size_t i = 0; i < g->n_nodes && status == ELBO_OK; i++)
        im.place[i] = ELBO__NONE;
    for (size_t i = 0; i < g->n_nodes && status == ELBO_OK; i++)
        status = import(&im, i);
    for (int i = 0; i < n && status == ELBO_OK; i++)
        status = settle_output(&im, i, outputs[i]);
    elbo__free(im.live);
    elbo__free(im.wanted);
    elbo__free(im.read);
    elbo__free(im.reads);
    elbo__free(im.place);
    elbo__free(im.assigned);
    elbo__alikes_free(&im.alikes);
    elbo__lookup_free(&im.nodes);
    return status;
}
