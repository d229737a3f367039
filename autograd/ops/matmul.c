/* Products of matrices: (..., M, K) (..., K, N) -> (..., M, N). */
#include "../../tensor/product.h"
#include "../op.h"

static void interpret(const elbo__call *call)
{
    int rank = call->out.layout.shape.ndim;
    int64_t inner = call->in[0].layout.shape.dim[rank - 1];
    for (elbo__walk w = elbo__walk_start(&call->out.layout.shape); w.more; elbo__walk_next(&w)) {
        elbo__walk a = w, b = w;
        double sum = 0;
        for (int64_t k = 0; k < inner; k++) {
            a.index[rank - 1] = b.index[rank - 2] = k;
            sum += elbo__get(&call->in[0], &a) * elbo__get(&call->in[1], &b);
        }
        elbo__put(&call->out, &w, sum);
    }
}

/* One product a matrix of the leading axes. What is cut is worked off in the plan's fixed blocks: rows as they are,
 * columns as the rows of y' = b' a'. Where leading axes are cut, the matrix is whole in every block, and so is the
 * call. */
static void kernel(const elbo__call *call)
{
    int rank = call->out.layout.shape.ndim;
    bool by_columns = call->axis == rank - 1;
    int64_t grain = by_columns || call->axis == rank - 2 ? call->grain : INT64_MAX;
    elbo_shape leading = call->out.layout.shape;
    leading.ndim = rank - 2;
    for (elbo__walk w = elbo__walk_start(&leading); w.more; elbo__walk_next(&w)) {
        elbo__matrix m[3];
        const elbo_tensor *tensors[3] = {&call->out, &call->in[0], &call->in[1]};
        for (int i = 0; i < 3; i++) {
            const elbo_layout *l = &tensors[i]->layout;
            int64_t at = l->offset;
            for (int d = 0; d < leading.ndim; d++)
                at += w.index[d] * l->strides[d];
            m[i] = (elbo__matrix){
                .data = (char *)tensors[i]->data + at * (int64_t)elbo_dtype_size(tensors[i]->dtype),
                .rows = l->shape.dim[rank - 2],
                .columns = l->shape.dim[rank - 1],
                .row_stride = l->strides[rank - 2],
                .column_stride = l->strides[rank - 1],
            };
        }
        if (by_columns) {
            elbo__matrix y = elbo__transposed(m[0]), a = elbo__transposed(m[2]), b = elbo__transposed(m[1]);
            elbo__product(call->out.dtype, &y, &a, &b, grain);
        } else {
            elbo__product(call->out.dtype, &m[0], &m[1], &m[2], grain);
        }
    }
}

/* Term k of every entry is at most (sum over i of |a_ik|) (sum over j of |b_kj|). */
static elbo_var *magnitude(elbo_var *y)
{
    return elbo_ndim(y) == 2 ? elbo_mul(elbo__absolute_sum(y->in[0], 0), elbo__absolute_sum(y->in[1], 1)) : NULL;
}

/* Whether the columns of a matrix are what lies together in memory, as in a parameter (out, in) that is no table and in
 * a transposed view of a transposed one. */
static bool lies_across(const elbo_var *x)
{
    bool across = true;
    for (; x->op == &elbo__op_permute && elbo_ndim(x) == 2; x = x->in[0])
        across = !across;
    return x->op == &elbo__op_param && elbo_ndim(x) == 2 && across != elbo__lies_by_rows(x);
}

/* y' = b' a', so the derivative of a parameter comes to lie in memory as the parameter does: there it meets other
 * parts of the same derivative, and updates it. */
static void derive(elbo_var *y, elbo_var *dy, elbo_var **dx)
{
    elbo_var *a = y->in[0], *b = y->in[1];
    dx[0] = lies_across(a) ? elbo_transpose(elbo_matmul(b, elbo_transpose(dy))) : elbo_matmul(dy, elbo_transpose(b));
    dx[1] = lies_across(b) ? elbo_transpose(elbo_matmul(elbo_transpose(dy), a)) : elbo_matmul(elbo_transpose(a), dy);
}

static int walks(const elbo_shape *y, const elbo_shape *x, const elbo__attr *attr, int operand, int axis)
{
    (void)x, (void)attr;
    int rows = y->ndim - 2;
    if (axis < rows)
        return axis;
    return (axis == rows) == (operand == 0) ? axis : ELBO__APART;
}

static double flops(const elbo_shape *y, const elbo_shape *a, const elbo_shape *b)
{
    (void)b;
    return 2.0 * (double)elbo_shape_size(y) * (double)a->dim[a->ndim - 1];
}

static elbo_var *build(elbo_var **in)
{
    return elbo_matmul(in[0], in[1]);
}

const elbo__op elbo__op_matmul = {
    .name = "matmul",
    .interpret = interpret,
    .kernel = kernel,
    .derive = derive,
    .magnitude = magnitude,
    .walks = walks,
    .flops = flops,
    .cases = (const elbo__case[]){{"two matrices", build, 2, {{2, {3, 4}}, {2, {4, 2}}}, -2, 2, 0},
                                  {"stacks of matrices", build, 2, {{3, {2, 3, 4}}, {3, {2, 4, 2}}}, -2, 2, 0},
                                  {"a stack by a matrix", build, 2, {{3, {2, 3, 4}}, {2, {4, 2}}}, -2, 2, 0},
                                  {0}},
};

elbo_var *elbo_matmul(elbo_var *a, elbo_var *b)
{
    elbo_graph *g = elbo__common_graph("matmul", (elbo_var *[]){a, b}, 2);
    if (!g)
        return elbo__harmless(a);
    const elbo_shape *sa = &a->shape, *sb = &b->shape;
    if (sa->ndim < 2 || sb->ndim < 2 || sa->dim[sa->ndim - 1] != sb->dim[sb->ndim - 2] || a->dtype != g->dtype ||
        b->dtype != g->dtype)
        return elbo_graph_fail(g, ELBO_INVALID, "matmul: %s %s by %s %s", elbo_dtype_name(a->dtype),
                               elbo_shape_format(sa).text, elbo_dtype_name(b->dtype), elbo_shape_format(sb).text);
    int64_t rows = sa->dim[sa->ndim - 2], inner = sa->dim[sa->ndim - 1], columns = sb->dim[sb->ndim - 1];
    if (sb->ndim == 2 && sa->ndim > 2) { /* one matrix for a whole stack: a single product */
        elbo_shape shape = *sa, leading = *sa;
        leading.ndim--;
        shape.dim[leading.ndim] = columns;
        elbo_var *flat = elbo_reshape(a, ELBO_SHAPE(elbo_shape_size(&leading), inner));
        return elbo_reshape(elbo_matmul(flat, b), shape);
    }
    elbo_shape ya, yb, shape = sa->ndim > sb->ndim ? *sa : *sb;
    for (int back = 3; back <= shape.ndim; back++) {
        int64_t da = back <= sa->ndim ? sa->dim[sa->ndim - back] : 1,
                db = back <= sb->ndim ? sb->dim[sb->ndim - back] : 1;
        if (da != db && da != 1 && db != 1)
            return elbo_graph_fail(g, ELBO_INVALID, "matmul: %s by %s", elbo_shape_format(sa).text,
                                   elbo_shape_format(sb).text);
        shape.dim[shape.ndim - back] = da == 1 ? db : da;
    }
    ya = yb = shape;
    ya.dim[shape.ndim - 2] = shape.dim[shape.ndim - 2] = rows;
    ya.dim[shape.ndim - 1] = yb.dim[shape.ndim - 2] = inner;
    yb.dim[shape.ndim - 1] = shape.dim[shape.ndim - 1] = columns;
    elbo_var *in[2] = {elbo_expand(a, ya), elbo_expand(b, yb)};
    return elbo__append(g, &elbo__op_matmul, g->dtype, shape, in, 2, NULL);
}
