/* The order in which the axes of nodes lie in memory. Views are nodes of their own: a node whose axes lie in another
 * order is one of a permuted shape and a view of it. */
#include <string.h>

#include "simplify.h"

static void invert(const int *axes, int n, int *inverse)
{
    for (int i = 0; i < n; i++)
        inverse[axes[i]] = i;
}

elbo_status elbo__put_permuted(elbo__importer *im, int x, const int *axes, int *id)
{
    const elbo__node *of = &im->plan->nodes[x];
    elbo__node view = {.op = &elbo__op_permute, .dtype = of->dtype, .n_in = 1, .shape.ndim = of->shape.ndim};
    const bool again = of->op == &elbo__op_permute && elbo__state_of(im->plan, x) == ELBO__NONE;
    const int from = again ? of->in[0] : x;
    bool moved = false;
    for (int i = 0; i < of->shape.ndim; i++) {
        view.attr.axes[i] = again ? of->attr.axes[axes[i]] : axes[i];
        view.shape.dim[i] = of->shape.dim[axes[i]];
        moved |= view.attr.axes[i] != i;
    }
    *id = from;
    return moved ? elbo__put_once(im, view, &from, id) : ELBO_OK;
}

/* The node with its axes in another order, then a view that shows it as it is: its axis i is axis axes[i]. */
static elbo_status put_in_order(elbo__importer *im, elbo__node node, const int *in, const int *axes, int *id)
{
    const elbo_shape shape = node.shape;
    int inverse[ELBO_MAX_RANK], laid = ELBO__NONE;
    invert(axes, shape.ndim, inverse);
    for (int i = 0; i < shape.ndim; i++)
        node.shape.dim[i] = shape.dim[inverse[i]];
    const elbo_status status = elbo__put_node(im, node, in, &laid);
    return status == ELBO_OK ? elbo__put_permuted(im, laid, axes, id) : status;
}

bool elbo__lies_in(const elbo_plan *plan, int x, const int *order)
{
    const elbo__node *node = &plan->nodes[x];
    bool same = node->op == &elbo__op_permute && elbo__state_of(plan, x) == ELBO__NONE;
    for (int i = 0; i < node->shape.ndim && same; i++)
        same = node->attr.axes[order[i]] == i;
    return same;
}

elbo_status elbo__put_rows(elbo__importer *im, int of, int *id)
{
    const elbo__node *as = &im->plan->nodes[of];
    elbo__node rows = {.op = &elbo__op_concat, .dtype = as->dtype, .shape = as->shape, .n_in = 1, .attr.axis = 1};
    return elbo__put_once(im, rows, &of, id);
}

elbo_status elbo__put_turned(elbo__importer *im, int x, const int *order, int *id)
{
    int inverse[ELBO_MAX_RANK], view = ELBO__NONE, copy = ELBO__NONE;
    invert(order, im->plan->nodes[x].shape.ndim, inverse);
    elbo_status status = elbo__put_permuted(im, x, order, &view);
    if (status == ELBO_OK)
        status = elbo__put_rows(im, view, &copy);
    return status == ELBO_OK ? elbo__put_permuted(im, copy, inverse, id) : status;
}

bool elbo__lies_across(const elbo_plan *plan, int x, const int *order)
{
    const elbo__node *node = &plan->nodes[x], *base = &plan->nodes[elbo__shown_by(plan, x)];
    return node->op != &elbo__op_expand && !(base->op->flags & ELBO__LEAF) && node->shape.dim[1] > 1 &&
           node->shape.dim[2] * node->shape.dim[3] > 1 && !elbo__lies_in(plan, x, order);
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
        if (x->op == &elbo__op_expand || elbo__constant_of(plan, in[i], &value))
            continue;
        if (x->op != &elbo__op_permute || elbo__state_of(plan, in[i]) != ELBO__NONE)
            return NULL;
        if (axes && memcmp(axes, x->attr.axes, (size_t)node->shape.ndim * sizeof *axes) != 0)
            return NULL;
        axes = x->attr.axes;
    }
    return axes;
}

/* An elementwise node in the common order of its operands. */
static elbo_status put_elementwise(elbo__importer *im, elbo__node node, const int *in, const int *order, int *id)
{
    int axes[ELBO_MAX_RANK], inverse[ELBO_MAX_RANK], turned[3] = {0};
    memcpy(axes, order, sizeof axes); /* which lies in a node: nodes move when one is added */
    invert(axes, node.shape.ndim, inverse);
    elbo_status status = ELBO_OK;
    for (int i = 0; i < node.n_in && status == ELBO_OK; i++)
        status = elbo__put_permuted(im, in[i], inverse, &turned[i]);
    return status == ELBO_OK ? put_in_order(im, node, turned, axes, id) : status;
}

elbo_status elbo__put_best(elbo__importer *im, elbo__node node, const int *in, bool output, int *id)
{
    const int *order = output ? NULL : common_order(im->plan, &node, in);
    if (order)
        return put_elementwise(im, node, in, order, id);
    if (node.op == &elbo__op_permute)
        return elbo__put_permuted(im, in[0], node.attr.axes, id);
    if (node.op == &elbo__op_reshape && elbo_shape_equal(&node.shape, &im->plan->nodes[in[0]].shape)) {
        *id = in[0]; /* reshaped to what it was */
        return ELBO_OK;
    }
    if (!node.op->order)
        return elbo__put_node(im, node, in, id);
    int axes[ELBO_MAX_RANK];
    invert(node.op->order, node.shape.ndim, axes);
    return put_in_order(im, node, in, axes, id);
}
