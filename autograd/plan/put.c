/* Nodes of a plan as they are put in: none twice, arithmetic on constants done. */
#include <string.h>

#include "../../tensor/memory.h"
#include "simplify.h"

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

int elbo__shown_by(const elbo_plan *plan, int id)
{
    while (plan->nodes[id].op->flags & ELBO__VIEW)
        id = plan->nodes[id].in[0];
    return id;
}

int elbo__state_of(const elbo_plan *plan, int id)
{
    id = elbo__shown_by(plan, id);
    return plan->nodes[id].op == &elbo__op_param ? id : ELBO__NONE;
}

/* ---- the same node again ----------------------------------------------------------------------------------------- */

/* Nodes that read state are the same only between two assignments to it: `epoch` counts those. */
static int epoch(const elbo__importer *im, const int *in, int n)
{
    int sum = 0;
    for (int i = 0; i < n; i++) {
        int state = elbo__state_of(im->plan, in[i]);
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

static int find_same(const elbo__importer *im, const elbo__node *node, const int *in, uint64_t hash)
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

bool elbo__constant_of(const elbo_plan *plan, int id, double *value)
{
    id = elbo__shown_by(plan, id);
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
        if (!elbo__constant_of(plan, in[i], &v[i]))
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
        if (elbo__constant_of(plan, in[i], &value) && value == 1 && elbo__state_of(plan, in[1 - i]) == ELBO__NONE)
            return in[1 - i];
    return ELBO__NONE;
}

/* ---- putting ----------------------------------------------------------------------------------------------------- */

elbo_status elbo__put_once(elbo__importer *im, elbo__node node, const int *in, int *id)
{
    node.units = epoch(im, in, node.n_in); /* until pass `stage` gives it its meaning */
    const uint64_t hash = hash_of(&node, in);
    if ((*id = find_same(im, &node, in, hash)) != ELBO__NONE)
        return ELBO_OK;
    *id = (int)im->plan->n_nodes;
    elbo_status status = elbo__lookup_add(&im->nodes, hash, *id);
    return status == ELBO_OK ? add(im->plan, node, in) : status;
}

elbo_status elbo__put_node(elbo__importer *im, elbo__node node, const int *in, int *id)
{
    elbo_plan *plan = im->plan;
    double value;
    if (folded(plan, &node, in, &value)) {
        elbo__node number = {.op = &elbo__op_constant, .dtype = node.dtype, .attr.value = value};
        elbo_status status = elbo__put_once(im, number, NULL, id);
        if (status != ELBO_OK || node.shape.ndim == 0)
            return status;
        /* a number seen as a tensor: reshape to size-1 axes, then expand */
        elbo__node ones = {.op = &elbo__op_reshape, .dtype = node.dtype, .n_in = 1, .shape.ndim = node.shape.ndim};
        for (int i = 0; i < node.shape.ndim; i++)
            ones.shape.dim[i] = 1;
        int from = *id;
        if ((status = elbo__put_once(im, ones, &from, id)) != ELBO_OK)
            return status;
        elbo__node spread = {.op = &elbo__op_expand, .dtype = node.dtype, .n_in = 1, .shape = node.shape};
        from = *id;
        return elbo__put_once(im, spread, &from, id);
    }
    *id = neutral(plan, &node, in);
    return *id != ELBO__NONE ? ELBO_OK : elbo__put_once(im, node, in, id);
}
