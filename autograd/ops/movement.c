/* Movement that strides can express: reshape, permute, expand, slice, and detach. No work is done unless a reshape
 * meets strides that do not allow it. */
#include "../../tensor/memory.h"
#include "../../tensor/move.h"
#include "../op.h"

static int apart(const elbo_shape *y, const elbo_shape *x, int axis, int from)
{
    return from >= 0 && y->dim[axis] == x->dim[from] ? from : ELBO__APART;
}

/* ---- detach ------------------------------------------------------------------------------------------------------ */

static void interpret_copy(const elbo__call *call)
{
    elbo_tensor_copy(&call->out, &call->in[0]);
}

static bool view_same(const elbo_layout *in, const elbo_shape *out, const elbo__attr *attr, elbo_layout *view)
{
    (void)out, (void)attr;
    *view = *in;
    return true;
}

const elbo__op elbo__op_detach = {
    .name = "detach",
    .flags = ELBO__VIEW | ELBO__NO_CASES,
    .interpret = interpret_copy,
    .walks = elbo__walks_same,
    .view = view_same,
};

elbo_var *elbo_detach(elbo_var *x)
{
    return elbo__append(x->graph, &elbo__op_detach, x->dtype, x->shape, &x, 1, NULL);
}

elbo_var *elbo_straight_through(elbo_var *hard, elbo_var *soft)
{
    return elbo_add(elbo_detach(hard), elbo_sub(soft, elbo_detach(soft))); /* s - s is 0: nothing is rounded */
}

/* Movement leaves the entries as they are: only an operand whose op tells more spares a look at them. */
static elbo_var *magnitude_same(elbo_var *y)
{
    return elbo__magnitude(y->in[0]);
}

/* ---- reshape ----------------------------------------------------------------------------------------------------- */

/* Row-major order: walk both shapes side by side; an element of one is the element of the other of the same number. */
static void interpret_reshape(const elbo__call *call)
{
    elbo__walk in = elbo__walk_start(&call->in[0].layout.shape);
    for (elbo__walk w = elbo__walk_start(&call->out.layout.shape); w.more; elbo__walk_next(&w), elbo__walk_next(&in))
        elbo__put(&call->out, &w, elbo__get(&call->in[0], &in));
}

/* Where strides do not allow a view. */
static void kernel_reshape(const elbo__call *call)
{
    elbo__move_reshaped(&call->out, &call->in[0]);
}

static void derive_reshape(elbo_var *y, elbo_var *dy, elbo_var **dx)
{
    dx[0] = elbo_reshape(dy, y->in[0]->shape);
}

/* Both shapes fall into the shortest runs of axes with equal products; the first axes of two such runs walk
 * together. */
static int walks_reshape(const elbo_shape *y, const elbo_shape *x, const elbo__attr *attr, int operand, int axis)
{
    (void)attr, (void)operand;
    int i = 0, j = 0;
    while (i < x->ndim && j < y->ndim) {
        while (i < x->ndim && x->dim[i] == 1)
            i++;
        while (j < y->ndim && y->dim[j] == 1)
            j++;
        if (i == x->ndim || j == y->ndim)
            break;
        int first = i, start = j;
        int64_t old_size = x->dim[i++], new_size = y->dim[j++];
        while (old_size != new_size) {
            if (old_size == 0 || new_size == 0)
                return ELBO__APART;
            if (old_size < new_size)
                old_size *= x->dim[i++];
            else
                new_size *= y->dim[j++];
        }
        if (start == axis)
            return first;
    }
    return ELBO__APART;
}

static bool view_reshape(const elbo_layout *in, const elbo_shape *out, const elbo__attr *attr, elbo_layout *view)
{
    (void)attr;
    return elbo_layout_reshape(in, out, view);
}

static elbo_var *build_reshape(elbo_var **in)
{
    return elbo_reshape(in[0], ELBO_SHAPE(elbo_size(in[0], 0) * elbo_size(in[0], 1), elbo_size(in[0], 2)));
}

const elbo__op elbo__op_reshape = {
    .name = "reshape",
    .flags = ELBO__VIEW,
    .interpret = interpret_reshape,
    .kernel = kernel_reshape,
    .derive = derive_reshape,
    .magnitude = magnitude_same,
    .walks = walks_reshape,
    .view = view_reshape,
    .cases = (const elbo__case[]){{"join two axes", build_reshape, 1, {{3, {2, 3, 4}}}, -3, 3, 0}, {0}},
};

elbo_var *elbo_reshape(elbo_var *x, elbo_shape shape)
{
    elbo_graph *g = x->graph;
    if (!elbo__graph_ok(g))
        return elbo__harmless(x);
    int64_t size = elbo_shape_size(&x->shape), known = 1;
    int open = -1;
    bool fits = shape.ndim >= 0 && shape.ndim <= ELBO_MAX_RANK;
    for (int i = 0; fits && i < shape.ndim; i++)
        if (shape.dim[i] == -1 && open < 0)
            open = i;
        else
            fits = elbo__mul_size(known, shape.dim[i], &known);
    if (fits && open >= 0)
        shape.dim[open] = known ? size / known : 0;
    if (!fits || elbo_shape_check(&shape) != ELBO_OK || elbo_shape_size(&shape) != size)
        return elbo_graph_fail(g, ELBO_INVALID, "reshape: %s does not fit into %s", elbo_shape_format(&x->shape).text,
                               elbo_shape_format(&shape).text);
    if (elbo_shape_equal(&x->shape, &shape))
        return x;
    return elbo__append(g, &elbo__op_reshape, x->dtype, shape, &x, 1, NULL);
}

elbo_var *elbo_unsqueeze(elbo_var *x, int axis)
{
    elbo_shape s = x->shape;
    int at = axis < 0 ? axis + s.ndim + 1 : axis;
    if (at < 0 || at > s.ndim || s.ndim == ELBO_MAX_RANK)
        return elbo_graph_fail(x->graph, ELBO_INVALID, "unsqueeze: axis %d of a tensor of shape %s", axis,
                               elbo_shape_format(&s).text);
    for (int i = s.ndim++; i > at; i--)
        s.dim[i] = s.dim[i - 1];
    s.dim[at] = 1;
    return elbo_reshape(x, s);
}

elbo_var *elbo_squeeze(elbo_var *x, int axis)
{
    elbo_shape s = x->shape;
    int at = elbo__axis("squeeze", x, axis);
    if (at < 0)
        return elbo__harmless(x);
    if (s.dim[at] != 1)
        return elbo_graph_fail(x->graph, ELBO_INVALID, "squeeze: axis %d of %s is not of size 1", axis,
                               elbo_shape_format(&s).text);
    for (int i = at; i + 1 < s.ndim; i++)
        s.dim[i] = s.dim[i + 1];
    s.ndim--;
    return elbo_reshape(x, s);
}

/* ---- permute ----------------------------------------------------------------------------------------------------- */

static void interpret_permute(const elbo__call *call)
{
    elbo_tensor x = call->in[0];
    x.layout = elbo_layout_permute(&x.layout, call->attr->axes);
    elbo_tensor_copy(&call->out, &x);
}

static void derive_permute(elbo_var *y, elbo_var *dy, elbo_var **dx)
{
    int back[ELBO_MAX_RANK];
    for (int i = 0; i < y->shape.ndim; i++)
        back[y->attr.axes[i]] = i;
    dx[0] = elbo_permute(dy, back);
}

static int walks_permute(const elbo_shape *y, const elbo_shape *x, const elbo__attr *attr, int operand, int axis)
{
    (void)y, (void)x, (void)operand;
    return attr->axes[axis];
}

static bool view_permute(const elbo_layout *in, const elbo_shape *out, const elbo__attr *attr, elbo_layout *view)
{
    (void)out;
    *view = elbo_layout_permute(in, attr->axes);
    return true;
}

static elbo_var *build_permute(elbo_var **in)
{
    return elbo_permute(in[0], (int[]){2, 0, 1});
}

const elbo__op elbo__op_permute = {
    .name = "permute",
    .flags = ELBO__VIEW,
    .interpret = interpret_permute,
    .derive = derive_permute,
    .magnitude = magnitude_same,
    .walks = walks_permute,
    .view = view_permute,
    .cases = (const elbo__case[]){{"turn three axes", build_permute, 1, {{3, {2, 3, 4}}}, -3, 3, 0}, {0}},
};

elbo_var *elbo_permute(elbo_var *x, const int *axes)
{
    elbo_graph *g = x->graph;
    if (!elbo__graph_ok(g))
        return elbo__harmless(x);
    elbo__attr attr = {0};
    elbo_shape shape = x->shape;
    bool seen[ELBO_MAX_RANK] = {false}, moved = false;
    for (int i = 0; i < shape.ndim; i++) {
        if (axes[i] < 0 || axes[i] >= shape.ndim || seen[axes[i]])
            return elbo_graph_fail(g, ELBO_INVALID, "permute: the axes of %s are not a permutation",
                                   elbo_shape_format(&x->shape).text);
        seen[axes[i]] = true;
        moved |= axes[i] != i;
        attr.axes[i] = axes[i];
        shape.dim[i] = x->shape.dim[axes[i]];
    }
    return moved ? elbo__append(g, &elbo__op_permute, x->dtype, shape, &x, 1, &attr) : x;
}

elbo_var *elbo_transpose(elbo_var *x)
{
    int n = x->shape.ndim, axes[ELBO_MAX_RANK];
    if (n < 2)
        return elbo_graph_fail(x->graph, ELBO_INVALID, "transpose: a tensor of shape %s",
                               elbo_shape_format(&x->shape).text);
    for (int i = 0; i < n; i++)
        axes[i] = i;
    axes[n - 2] = n - 1;
    axes[n - 1] = n - 2;
    return elbo_permute(x, axes);
}

/* ---- expand ------------------------------------------------------------------------------------------------------ */

static void interpret_expand(const elbo__call *call)
{
    elbo_tensor x = call->in[0];
    x.layout = elbo_layout_expand(&x.layout, &call->out.layout.shape);
    elbo_tensor_copy(&call->out, &x);
}

static void derive_expand(elbo_var *y, elbo_var *dy, elbo_var **dx)
{
    int axes[ELBO_MAX_RANK], n = 0;
    for (int i = 0; i < y->shape.ndim; i++)
        if (y->shape.dim[i] != y->in[0]->shape.dim[i])
            axes[n++] = i;
    dx[0] = elbo_sum(dy, axes, n, true);
}

static int walks_expand(const elbo_shape *y, const elbo_shape *x, const elbo__attr *attr, int operand, int axis)
{
    (void)attr, (void)operand;
    return apart(y, x, axis, axis);
}

static bool view_expand(const elbo_layout *in, const elbo_shape *out, const elbo__attr *attr, elbo_layout *view)
{
    (void)attr;
    *view = elbo_layout_expand(in, out);
    return true;
}

static elbo_var *build_expand(elbo_var **in)
{
    return elbo_expand(in[0], ELBO_SHAPE(4, elbo_size(in[0], 0), 2, elbo_size(in[0], 2)));
}

const elbo__op elbo__op_expand = {
    .name = "expand",
    .flags = ELBO__VIEW,
    .interpret = interpret_expand,
    .derive = derive_expand,
    .walks = walks_expand,
    .view = view_expand,
    .cases = (const elbo__case[]){{"repeat one axis, add another", build_expand, 1, {{3, {2, 1, 3}}}, -3, 3, 0}, {0}},
};

elbo_var *elbo_expand(elbo_var *x, elbo_shape shape)
{
    elbo_graph *g = x->graph;
    if (!elbo__graph_ok(g))
        return elbo__harmless(x);
    if (elbo_shape_equal(&x->shape, &shape))
        return x;
    elbo_shape padded = {.ndim = shape.ndim};
    int missing = shape.ndim - x->shape.ndim;
    bool fits = missing >= 0 && shape.ndim <= ELBO_MAX_RANK;
    for (int i = 0; fits && i < shape.ndim; i++) {
        padded.dim[i] = i < missing ? 1 : x->shape.dim[i - missing];
        fits = padded.dim[i] == shape.dim[i] || padded.dim[i] == 1;
    }
    if (!fits)
        return elbo_graph_fail(g, ELBO_INVALID, "expand: %s does not stretch to %s", elbo_shape_format(&x->shape).text,
                               elbo_shape_format(&shape).text);
    x = elbo_reshape(x, padded);
    return elbo_shape_equal(&padded, &shape) ? x : elbo__append(g, &elbo__op_expand, x->dtype, shape, &x, 1, NULL);
}

/* ---- slice ------------------------------------------------------------------------------------------------------- */

static elbo_layout sliced(const elbo_layout *in, const elbo_shape *out, const elbo__attr *attr)
{
    return elbo_layout_slice(in, attr->axis, attr->start, out->dim[attr->axis]);
}

static void interpret_slice(const elbo__call *call)
{
    elbo_tensor x = call->in[0];
    x.layout = sliced(&x.layout, &call->out.layout.shape, call->attr);
    elbo_tensor_copy(&call->out, &x);
}

static void derive_slice(elbo_var *y, elbo_var *dy, elbo_var **dx)
{
    int axis = y->attr.axis;
    int64_t before = y->attr.start;
    dx[0] = elbo_pad(dy, axis, before, y->in[0]->shape.dim[axis] - before - y->shape.dim[axis]);
}

static int walks_slice(const elbo_shape *y, const elbo_shape *x, const elbo__attr *attr, int operand, int axis)
{
    (void)y, (void)x, (void)operand;
    return axis == attr->axis ? ELBO__APART : axis;
}

static bool view_slice(const elbo_layout *in, const elbo_shape *out, const elbo__attr *attr, elbo_layout *view)
{
    *view = sliced(in, out, attr);
    return true;
}

static elbo_var *build_slice(elbo_var **in)
{
    int64_t n = elbo_size(in[0], 1);
    return elbo_slice(in[0], 1, n / 3, n - n / 3);
}

const elbo__op elbo__op_slice = {
    .name = "slice",
    .flags = ELBO__VIEW,
    .interpret = interpret_slice,
    .derive = derive_slice,
    .walks = walks_slice,
    .view = view_slice,
    .cases = (const elbo__case[]){{"the end of an axis", build_slice, 1, {{3, {2, 5, 3}}}, -3, 3, 0}, {0}},
};

elbo_var *elbo_slice(elbo_var *x, int axis, int64_t start, int64_t size)
{
    elbo_graph *g = x->graph;
    int at = elbo__axis("slice", x, axis);
    if (at < 0 || !elbo__graph_ok(g))
        return elbo__harmless(x);
    if (start < 0 || size < 0 || start > x->shape.dim[at] || size > x->shape.dim[at] - start)
        return elbo_graph_fail(g, ELBO_INVALID, "slice: entries %lld to %lld of axis %d of %s", (long long)start,
                               (long long)(start + size), axis, elbo_shape_format(&x->shape).text);
    if (size == x->shape.dim[at])
        return x;
    elbo_shape shape = x->shape;
    shape.dim[at] = size;
    return elbo__append(g, &elbo__op_slice, x->dtype, shape, &x, 1, &(elbo__attr){.axis = at, .start = start});
}
