/* Reductions. The primitives keep reduced axes with size 1, so that axis i of the result is axis i of the operand;
 * the public functions drop them where asked. */
#include <math.h>

#include "../../tensor/reduce.h"
#include "../op.h"

static int walks_reduce(const elbo_shape *y, const elbo_shape *x, const elbo__attr *attr, int operand, int axis)
{
    (void)y, (void)x, (void)operand;
    return attr->axes[axis] ? ELBO__APART : axis;
}

static void fold_plainly(const elbo__call *call, double start, elbo__reduction reduction)
{
    for (elbo__walk w = elbo__walk_start(&call->out.layout.shape); w.more; elbo__walk_next(&w))
        elbo__put(&call->out, &w, start);
    /* sums in double: the output is read back exactly as long as it is f64; for f32 the interpreter is no finer than
     * the dtype, which is what a sum in f32 means. + 0: a maximum of zeros is +0 */
    for (elbo__walk w = elbo__walk_start(&call->in[0].layout.shape); w.more; elbo__walk_next(&w)) {
        elbo__walk to = w;
        for (int i = 0; i < w.shape.ndim; i++)
            if (call->attr->axes[i])
                to.index[i] = 0;
        double a = elbo__get(&call->out, &to), b = elbo__get(&call->in[0], &w), larger = a < b || b != b ? b : a;
        double sum = a + (reduction == ELBO__SUM_ABS ? fabs(b) : b);
        elbo__put(&call->out, &to, (reduction == ELBO__MAX ? larger : sum) + 0.0);
    }
}

static elbo_var *reduce(const elbo__op *op, elbo_var *x, const int *axes, int n, bool keep)
{
    elbo_graph *g = x->graph;
    if (!elbo__graph_ok(g))
        return elbo__harmless(x);
    if (x->dtype != g->dtype)
        return elbo_graph_fail(g, ELBO_INVALID, "%s: the operand is %s, expected %s", op->name,
                               elbo_dtype_name(x->dtype), elbo_dtype_name(g->dtype));
    elbo__attr attr = {0};
    elbo_shape kept = x->shape;
    for (int i = 0; i < n; i++) {
        int at = elbo__axis(op->name, x, axes[i]);
        if (at < 0)
            return elbo__harmless(x);
        attr.axes[at] = 1;
        kept.dim[at] = 1;
    }
    elbo_var *y = n ? elbo__append(g, op, x->dtype, kept, &x, 1, &attr) : x;
    if (keep || !elbo__graph_ok(g))
        return y;
    elbo_shape dropped = {0};
    for (int i = 0; i < kept.ndim; i++)
        if (!attr.axes[i])
            dropped.dim[dropped.ndim++] = kept.dim[i];
    return elbo_reshape(y, dropped);
}

/* ---- sum --------------------------------------------------------------------------------------------------------- */

static void interpret_sum(const elbo__call *call)
{
    fold_plainly(call, 0, ELBO__SUM);
}

static void kernel_sum(const elbo__call *call)
{
    elbo__reduce(ELBO__SUM, &call->out, &call->in[0]);
}

static void derive_sum(elbo_var *y, elbo_var *dy, elbo_var **dx)
{
    dx[0] = elbo_expand(dy, y->in[0]->shape);
}

/* A bias's gradient: what is summed is a factor of a weight's gradient, too. */
static elbo_var *magnitude_sum(elbo_var *y)
{
    return elbo_ndim(y->in[0]) == 2 ? elbo__magnitude_by_entries(y->in[0]) : NULL;
}

static elbo_var *build_sum_last(elbo_var **in)
{
    return elbo_sum(in[0], (int[]){2}, 1, false);
}

static elbo_var *build_sum_first_two(elbo_var **in)
{
    return elbo_sum(in[0], (int[]){0, 1}, 2, true);
}

const elbo__op elbo__op_sum = {
    .name = "sum",
    .interpret = interpret_sum,
    .kernel = kernel_sum,
    .derive = derive_sum,
    .magnitude = magnitude_sum,
    .walks = walks_reduce,
    .cases = (const elbo__case[]){{"over the last axis", build_sum_last, 1, {{3, {2, 3, 4}}}, -3, 3, 0},
                                  {"over the first two axes", build_sum_first_two, 1, {{3, {2, 3, 4}}}, -3, 3, 0},
                                  {0}},
};

elbo_var *elbo_sum(elbo_var *x, const int *axes, int n, bool keep)
{
    return reduce(&elbo__op_sum, x, axes, n, keep);
}

/* ---- sums of absolute values ------------------------------------------------------------------------------------- */

/* For long rows: short ones have a kernel for sums alone. */

static void interpret_sum_abs(const elbo__call *call)
{
    fold_plainly(call, 0, ELBO__SUM_ABS);
}

static void kernel_sum_abs(const elbo__call *call)
{
    elbo__reduce(ELBO__SUM_ABS, &call->out, &call->in[0]);
}

static void derive_sum_abs(elbo_var *y, elbo_var *dy, elbo_var **dx)
{
    dx[0] = elbo_mul(elbo_sign(y->in[0]), dy);
}

static elbo_var *build_sum_abs_last(elbo_var **in)
{
    return elbo__sum_abs(in[0], 1);
}

static elbo_var *build_sum_abs_first(elbo_var **in)
{
    return elbo__sum_abs(in[0], 0);
}

const elbo__op elbo__op_sum_abs = {
    .name = "sum_abs",
    .interpret = interpret_sum_abs,
    .kernel = kernel_sum_abs,
    .derive = derive_sum_abs,
    .walks = walks_reduce,
    .cases = (const elbo__case[]){{"over the last axis", build_sum_abs_last, 1, {{2, {3, 50}}}, -3, 3, 0},
                                  {"over the first axis", build_sum_abs_first, 1, {{2, {5, 7}}}, -3, 3, 0},
                                  {0}},
};

elbo_var *elbo__sum_abs(elbo_var *x, int axis)
{
    return reduce(&elbo__op_sum_abs, x, &axis, 1, false);
}

/* ---- max --------------------------------------------------------------------------------------------------------- */

static void interpret_max(const elbo__call *call)
{
    fold_plainly(call, -INFINITY, ELBO__MAX);
}

static void kernel_max(const elbo__call *call)
{
    elbo__reduce(ELBO__MAX, &call->out, &call->in[0]);
}

/* Entries that attain the maximum share its derivative equally. */
static void derive_max(elbo_var *y, elbo_var *dy, elbo_var **dx)
{
    elbo_var *hit = elbo_equal(y->in[0], y);
    int axes[ELBO_MAX_RANK], n = 0;
    for (int i = 0; i < y->shape.ndim; i++)
        if (y->attr.axes[i])
            axes[n++] = i;
    dx[0] = elbo_mul(hit, elbo_div(dy, elbo_sum(hit, axes, n, true)));
}

static elbo_var *build_max_last(elbo_var **in)
{
    return elbo_max(in[0], (int[]){1}, 1, false);
}

const elbo__op elbo__op_max = {
    .name = "max",
    .interpret = interpret_max,
    .kernel = kernel_max,
    .derive = derive_max,
    .walks = walks_reduce,
    .cases = (const elbo__case[]){{"over the middle axis", build_max_last, 1, {{3, {2, 5, 3}}}, -3, 3, 0}, {0}},
};

elbo_var *elbo_max(elbo_var *x, const int *axes, int n, bool keep)
{
    return reduce(&elbo__op_max, x, axes, n, keep);
}

/* ---- composed ---------------------------------------------------------------------------------------------------- */

elbo_var *elbo_mean(elbo_var *x, const int *axes, int n, bool keep)
{
    bool seen[ELBO_MAX_RANK] = {false};
    double count = 1;
    for (int i = 0; i < n; i++) {
        int at = elbo__axis("mean", x, axes[i]);
        if (at < 0)
            return elbo__harmless(x);
        count *= seen[at] ? 1 : (double)x->shape.dim[at];
        seen[at] = true;
    }
    return elbo_scale(elbo_sum(x, axes, n, keep), 1 / count);
}

elbo_var *elbo_sum_axis(elbo_var *x, int axis)
{
    return elbo_sum(x, &axis, 1, false);
}

/* In two steps, so that the first can be shared out by rows. */
elbo_var *elbo_sum_all(elbo_var *x)
{
    int axes[ELBO_MAX_RANK], n = 0;
    for (int i = 1; i < x->shape.ndim; i++)
        axes[n++] = i;
    elbo_var *rows = elbo_sum(x, axes, n, false);
    return x->shape.ndim ? elbo_sum_axis(rows, 0) : rows;
}

elbo_var *elbo_mean_all(elbo_var *x)
{
    return elbo_scale(elbo_sum_all(x), 1 / (double)elbo_shape_size(&x->shape));
}

/* x less its maximum along an axis, so that e^x neither overflows nor vanishes. The maximum is a constant of the
 * derivative, and 0 where it is infinite. */
static elbo_var *shifted(elbo_var *x, int axis, elbo_var **maximum)
{
    elbo_var *m = elbo_detach(elbo_max(x, &axis, 1, true));
    *maximum = elbo_where(elbo_isfinite(m), m, elbo_constant(x->graph, 0));
    return elbo_sub(x, *maximum);
}

static elbo_var *log_sum(elbo_var *d, int axis)
{
    return elbo_log(elbo_sum(elbo_exp(d), &axis, 1, true));
}

elbo_var *elbo_logsumexp(elbo_var *x, int axis)
{
    elbo_var *m, *d = shifted(x, axis, &m);
    return elbo_squeeze(elbo_add(m, log_sum(d, axis)), axis);
}

elbo_var *elbo_softmax(elbo_var *x, int axis)
{
    elbo_var *m, *e = elbo_exp(shifted(x, axis, &m));
    return elbo_div(e, elbo_sum(e, &axis, 1, true));
}

/* d - ln sum e^d of the shifted d: a common offset of x is rounded once only */
elbo_var *elbo_log_softmax(elbo_var *x, int axis)
{
    elbo_var *m, *d = shifted(x, axis, &m);
    return elbo_sub(d, log_sum(d, axis));
}
