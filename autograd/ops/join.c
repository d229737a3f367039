/* Movement that copies: pad and concat. */
#include "../../tensor/move.h"
#include "../op.h"

/* The part of `whole` that begins at `start` along an axis and has the size of `part`. */
static elbo_tensor window(const elbo_tensor *whole, const elbo_tensor *part, int axis, int64_t start)
{
    elbo_tensor w = *whole;
    w.layout = elbo_layout_slice(&whole->layout, axis, start, part->layout.shape.dim[axis]);
    return w;
}

static int walks_join(const elbo_shape *y, const elbo_shape *x, const elbo__attr *attr, int operand, int axis)
{
    (void)y, (void)x, (void)operand;
    return axis == attr->axis ? ELBO__APART : axis;
}

/* ---- pad --------------------------------------------------------------------------------------------------------- */

static void interpret_pad(const elbo__call *call)
{
    for (elbo__walk w = elbo__walk_start(&call->out.layout.shape); w.more; elbo__walk_next(&w))
        elbo__put(&call->out, &w, 0);
    elbo_tensor inside = window(&call->out, &call->in[0], call->attr->axis, call->attr->start);
    elbo_tensor_copy(&inside, &call->in[0]);
}

static void kernel_pad(const elbo__call *call)
{
    int axis = call->attr->axis;
    int64_t size = call->in[0].layout.shape.dim[axis], end = call->attr->start + size;
    elbo_tensor before = call->out, after = call->out;
    before.layout = elbo_layout_slice(&call->out.layout, axis, 0, call->attr->start);
    after.layout = elbo_layout_slice(&call->out.layout, axis, end, call->out.layout.shape.dim[axis] - end);
    elbo__fill(&before, 0);
    elbo__fill(&after, 0);
    elbo_tensor inside = window(&call->out, &call->in[0], axis, call->attr->start);
    elbo__move(&inside, &call->in[0]);
}

static void derive_pad(elbo_var *y, elbo_var *dy, elbo_var **dx)
{
    dx[0] = elbo_slice(dy, y->attr.axis, y->attr.start, y->in[0]->shape.dim[y->attr.axis]);
}

static elbo_var *build_pad(elbo_var **in)
{
    return elbo_pad(in[0], 1, 2, 1);
}

const elbo__op elbo__op_pad = {
    .name = "pad",
    .interpret = interpret_pad,
    .kernel = kernel_pad,
    .derive = derive_pad,
    .walks = walks_join,
    .cases = (const elbo__case[]){{"both ends of an axis", build_pad, 1, {{3, {2, 3, 2}}}, -3, 3, 0}, {0}},
};

elbo_var *elbo_pad(elbo_var *x, int axis, int64_t before, int64_t after)
{
    elbo_graph *g = x->graph;
    int at = elbo__axis("pad", x, axis);
    if (at < 0 || !elbo__graph_ok(g))
        return elbo__harmless(x);
    elbo_shape shape = x->shape;
    if (before < 0 || after < 0 || __builtin_add_overflow(shape.dim[at], before, &shape.dim[at]) ||
        __builtin_add_overflow(shape.dim[at], after, &shape.dim[at]))
        return elbo_graph_fail(g, ELBO_INVALID, "pad: %lld before and %lld after axis %d of %s", (long long)before,
                               (long long)after, axis, elbo_shape_format(&x->shape).text);
    if (before == 0 && after == 0)
        return x;
    return elbo__append(g, &elbo__op_pad, x->dtype, shape, &x, 1, &(elbo__attr){.axis = at, .start = before});
}

/* ---- concat ------------------------------------------------------------------------------------------------------ */

static void put_side_by_side(const elbo__call *call, void (*copy)(const elbo_tensor *, const elbo_tensor *))
{
    int64_t start = 0;
    for (int i = 0; i < call->n_in; i++) {
        elbo_tensor part = window(&call->out, &call->in[i], call->attr->axis, start);
        copy(&part, &call->in[i]);
        start += call->in[i].layout.shape.dim[call->attr->axis];
    }
}

static void interpret_concat(const elbo__call *call)
{
    put_side_by_side(call, elbo_tensor_copy);
}

static void kernel_concat(const elbo__call *call)
{
    put_side_by_side(call, elbo__move);
}

static void derive_concat(elbo_var *y, elbo_var *dy, elbo_var **dx)
{
    int64_t start = 0;
    for (int i = 0; i < y->n_in; i++) {
        int64_t size = y->in[i]->shape.dim[y->attr.axis];
        dx[i] = elbo_slice(dy, y->attr.axis, start, size);
        start += size;
    }
}

static elbo_var *build_concat(elbo_var **in)
{
    return elbo_concat(in, 3, 1);
}

const elbo__op elbo__op_concat = {
    .name = "concat",
    .interpret = interpret_concat,
    .kernel = kernel_concat,
    .derive = derive_concat,
    .walks = walks_join,
    .cases =
        (const elbo__case[]){
            {"three blocks", build_concat, 3, {{3, {2, 3, 2}}, {3, {2, 1, 2}}, {3, {2, 2, 2}}}, -3, 3, 0}, {0}},
};

elbo_var *elbo_concat(elbo_var *const *xs, int n, int axis)
{
    elbo_graph *g = elbo__common_graph("concat", xs, n);
    int at = g ? elbo__axis("concat", xs[0], axis) : -1;
    if (at < 0)
        return elbo__harmless(xs[0]);
    elbo_shape shape = xs[0]->shape;
    for (int i = 1; i < n; i++) {
        elbo_shape fits = shape;
        fits.dim[at] = xs[i]->shape.ndim == shape.ndim ? xs[i]->shape.dim[at] : 0;
        if (!elbo_shape_equal(&xs[i]->shape, &fits) || xs[i]->dtype != xs[0]->dtype)
            return elbo_graph_fail(g, ELBO_INVALID, "concat: %s %s does not fit beside %s %s along axis %d",
                                   elbo_dtype_name(xs[i]->dtype), elbo_shape_format(&xs[i]->shape).text,
                                   elbo_dtype_name(xs[0]->dtype), elbo_shape_format(&xs[0]->shape).text, axis);
        if (__builtin_add_overflow(shape.dim[at], xs[i]->shape.dim[at], &shape.dim[at]))
            return elbo_graph_fail(g, ELBO_NO_MEMORY, "concat: too many elements");
    }
    return n == 1 ? xs[0] : elbo__append(g, &elbo__op_concat, xs[0]->dtype, shape, xs, n, &(elbo__attr){.axis = at});
}
