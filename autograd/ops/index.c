/* Rows by number: gather (an embedding, a batch out of a data set), its adjoint scatter_add, and argmax. */
#include <math.h>
#include <string.h>

#include "../../tensor/clones.h"
#include "../../tensor/elementwise.h"
#include "../../tensor/move.h"
#include "../op.h"

/* Entry i of axis 0, as a tensor of size 1 along it. */
static elbo_tensor row(const elbo_tensor *x, int64_t i)
{
    elbo_tensor r = *x;
    r.layout = elbo_layout_slice(&x->layout, 0, i, 1);
    return r;
}

static bool bad_index(elbo_graph *g, const char *op, const elbo_var *index)
{
    if (index->dtype == ELBO_I32 && index->shape.ndim == 1)
        return false;
    elbo_graph_fail(g, ELBO_INVALID, "%s: the index must be i32 (B), got %s %s", op, elbo_dtype_name(index->dtype),
                    elbo_shape_format(&index->shape).text);
    return true;
}

/* ---- gather ------------------------------------------------------------------------------------------------------ */

/* Row i of the index is wanted soon: rows of a data set come from main memory, from where the processor cannot
 * guess. */
static void fetch(const elbo__call *call, int64_t i)
{
    enum { LINE = 64, MOST = 4096 };
    const elbo_tensor *table = &call->in[0];
    if (i >= call->out.layout.shape.dim[0])
        return;
    int64_t at = (int64_t)elbo_tensor_get(&call->in[1], &i), size = (int64_t)elbo_dtype_size(table->dtype);
    int64_t bytes = table->layout.strides[0] * size;
    if (at < 0 || at >= table->layout.shape.dim[0])
        return;
    for (int64_t line = 0; line < bytes && line < MOST; line += LINE)
        __builtin_prefetch((const char *)table->data + table->layout.offset * size + at * bytes + line);
}

static void pick(const elbo__call *call, void (*copy)(const elbo_tensor *, const elbo_tensor *),
                 void (*fill)(const elbo_tensor *, double))
{
    enum { AHEAD = 8 };
    int64_t n = call->in[0].layout.shape.dim[0];
    for (int64_t i = 0; i < AHEAD; i++)
        fetch(call, i);
    for (int64_t i = 0; i < call->out.layout.shape.dim[0]; i++) {
        fetch(call, i + AHEAD);
        int64_t at = (int64_t)elbo_tensor_get(&call->in[1], &i);
        elbo_tensor to = row(&call->out, i);
        if (at < 0 || at >= n) {
            fill(&to, 0);
            continue;
        }
        elbo_tensor from = row(&call->in[0], at);
        copy(&to, &from);
    }
}

static void fill_plainly(const elbo_tensor *x, double value)
{
    for (elbo__walk w = elbo__walk_start(&x->layout.shape); w.more; elbo__walk_next(&w))
        elbo__put(x, &w, value);
}

static void interpret_gather(const elbo__call *call)
{
    pick(call, elbo_tensor_copy, fill_plainly);
}

/* Rows that lie in one piece, in the table and in the result. */
static void copy_rows(const elbo__call *call, size_t bytes)
{
    const elbo_tensor *table = &call->in[0], *index = &call->in[1], *y = &call->out;
    const int64_t n = table->layout.shape.dim[0], size = (int64_t)elbo_dtype_size(y->dtype);
    const char *from = (const char *)table->data + table->layout.offset * size;
    char *to = (char *)y->data + y->layout.offset * size;
    for (int64_t i = 0; i < y->layout.shape.dim[0]; i++) {
        const int64_t at = (int64_t)elbo_tensor_get(index, &i);
        if (at >= 0 && at < n)
            memcpy(to + i * y->layout.strides[0] * size, from + at * table->layout.strides[0] * size, bytes);
        else
            memset(to + i * y->layout.strides[0] * size, 0, bytes);
    }
}

static void kernel_gather(const elbo__call *call)
{
    enum { FEW = 256 }; /* bytes: longer rows are worth fetching ahead */
    const elbo_layout table = elbo_layout_slice(&call->in[0].layout, 0, 0, 1);
    const elbo_layout y = elbo_layout_slice(&call->out.layout, 0, 0, 1);
    const size_t bytes = (size_t)elbo_shape_size(&y.shape) * elbo_dtype_size(call->out.dtype);
    if (bytes <= FEW && elbo_layout_contiguous(&table) && elbo_layout_contiguous(&y))
        copy_rows(call, bytes);
    else
        pick(call, elbo__move, elbo__fill);
}

static void derive_gather(elbo_var *y, elbo_var *dy, elbo_var **dx)
{
    dx[0] = elbo_scatter_add(dy, y->in[1], y->in[0]->shape.dim[0]);
}

static int walks_gather(const elbo_shape *y, const elbo_shape *x, const elbo__attr *attr, int operand, int axis)
{
    (void)y, (void)x, (void)attr;
    if (operand == 1)
        return axis == 0 ? 0 : ELBO__APART;
    return axis == 0 ? ELBO__APART : axis;
}

static elbo_var *build_gather(elbo_var **in)
{
    return elbo_gather(in[0], in[1]);
}

const elbo__op elbo__op_gather = {
    .name = "gather",
    .interpret = interpret_gather,
    .kernel = kernel_gather,
    .derive = derive_gather,
    .walks = walks_gather,
    .cases = (const elbo__case[]){{"rows, some twice", build_gather, 2, {{2, {4, 3}}, {1, {6}}}, -3, 3, 4}, {0}},
};

elbo_var *elbo_gather(elbo_var *table, elbo_var *index)
{
    elbo_graph *g = elbo__common_graph("gather", (elbo_var *[]){table, index}, 2);
    if (!g || bad_index(g, "gather", index))
        return elbo__harmless(table);
    if (table->shape.ndim < 1)
        return elbo_graph_fail(g, ELBO_INVALID, "gather: the table has no axis");
    elbo_shape shape = table->shape;
    shape.dim[0] = index->shape.dim[0];
    return elbo__append(g, &elbo__op_gather, table->dtype, shape, (elbo_var *[]){table, index}, 2, NULL);
}

/* ---- scatter_add ------------------------------------------------------------------------------------------------- */

/* In the order of the index, so that the sums do not depend on how the other axes are cut. */
static void interpret_scatter_add(const elbo__call *call)
{
    fill_plainly(&call->out, 0);
    elbo_shape part = call->in[0].layout.shape;
    for (elbo__walk w = elbo__walk_start(&part); w.more; elbo__walk_next(&w)) {
        elbo__walk to = w;
        to.index[0] = (int64_t)elbo_tensor_get(&call->in[1], &w.index[0]);
        if (to.index[0] >= 0 && to.index[0] < call->out.layout.shape.dim[0])
            elbo__put(&call->out, &to, elbo__get(&call->out, &to) + elbo__get(&call->in[0], &w));
    }
}

/* Row `i` of x joins row to[i] of y for TILE rows at a time. Where the numbers of a row of y lie side by side, one
 * row after the other; else (as in a table whose memory lies across) number by number, so that each line of x is
 * read while it is near. Either way an element of y is a sum in the order of the index. */
enum { TILE = 16 };
typedef struct {
    char *y;
    const char *x;
    int64_t y_row, x_row, y_step, x_step, n; /* elements */
    int64_t to[TILE];                        /* negative: no such row */
    int rows;
} tile;

#define ADD(type)                                                                                                      \
    for (int64_t k = 0; k < t->n; k++)                                                                                 \
        for (int i = 0; i < t->rows; i++)                                                                              \
            if (t->to[i] >= 0)                                                                                         \
    ((type *)(void *)t->y)[t->to[i] * t->y_row + k * t->y_step] +=                                                     \
        ((const type *)(const void *)t->x)[i * t->x_row + k * t->x_step]
static void add_tile(const tile *t, elbo_dtype dtype)
{
    const int64_t size = (int64_t)elbo_dtype_size(dtype);
    if (t->y_step == 1 && t->x_step == 1) {
        const elbo__elementwise_kernel add = elbo__kernels_for(dtype)->elementwise[ELBO__add];
        for (int i = 0; i < t->rows; i++) {
            char *y = t->y + t->to[i] * t->y_row * size;
            if (t->to[i] >= 0)
                add(t->n, y, y, t->x + i * t->x_row * size, NULL);
        }
    } else if (dtype == ELBO_F32) {
        ADD(float);
    } else {
        ADD(double);
    }
}
#undef ADD

static void kernel_scatter_add(const elbo__call *call)
{
    const elbo_tensor *x = &call->in[0], *y = &call->out;
    const int64_t size = (int64_t)elbo_dtype_size(y->dtype), many = x->layout.shape.dim[0];
    elbo__fill(y, 0);
    if (elbo_shape_size(&x->layout.shape) == 0 || elbo_shape_size(&y->layout.shape) == 0)
        return;
    elbo_layout y_rest = elbo_layout_slice(&y->layout, 0, 0, 1), x_rest = elbo_layout_slice(&x->layout, 0, 0, 1);
    elbo__sort_axes(&y_rest, &x_rest);
    const elbo_layout *both[2] = {&y_rest, &x_rest};
    const elbo__loops l = elbo__loops_over(both, 2); /* of the axes beside that of rows */
    const int last = l.ndim - 1;
    tile t = {.y_row = y->layout.strides[0],
              .x_row = x->layout.strides[0],
              .y_step = l.strides[0][last],
              .x_step = l.strides[1][last],
              .n = l.dim[last]};
    for (int64_t first = 0; first < many; first += TILE) {
        t.rows = (int)(many - first < TILE ? many - first : TILE);
        for (int i = 0; i < t.rows; i++) {
            const int64_t at = first + i, to = (int64_t)elbo_tensor_get(&call->in[1], &at);
            t.to[i] = to < y->layout.shape.dim[0] ? to : -1;
        }
        int64_t index[ELBO_MAX_RANK] = {0}, at[2] = {y_rest.offset, x_rest.offset + first * t.x_row};
        do {
            t.y = (char *)y->data + at[0] * size;
            t.x = (const char *)x->data + at[1] * size;
            add_tile(&t, y->dtype);
        } while (elbo__loops_next(&l, 2, index, at));
    }
}

static void derive_scatter_add(elbo_var *y, elbo_var *dy, elbo_var **dx)
{
    dx[0] = elbo_gather(dy, y->in[1]);
}

static int walks_scatter_add(const elbo_shape *y, const elbo_shape *x, const elbo__attr *attr, int operand, int axis)
{
    (void)y, (void)x, (void)attr;
    return operand == 1 || axis == 0 ? ELBO__APART : axis;
}

static elbo_var *build_scatter_add(elbo_var **in)
{
    return elbo_scatter_add(in[0], in[1], 5);
}

const elbo__op elbo__op_scatter_add = {
    .name = "scatter_add",
    .interpret = interpret_scatter_add,
    .kernel = kernel_scatter_add,
    .derive = derive_scatter_add,
    .walks = walks_scatter_add,
    .cases = (const elbo__case[]){{"rows that meet", build_scatter_add, 2, {{2, {6, 3}}, {1, {6}}}, -3, 3, 5}, {0}},
};

elbo_var *elbo_scatter_add(elbo_var *x, elbo_var *index, int64_t rows)
{
    elbo_graph *g = elbo__common_graph("scatter_add", (elbo_var *[]){x, index}, 2);
    if (!g || bad_index(g, "scatter_add", index))
        return elbo__harmless(x);
    if (x->shape.ndim < 1 || x->shape.dim[0] != index->shape.dim[0] || x->dtype != g->dtype || rows < 0)
        return elbo_graph_fail(g, ELBO_INVALID, "scatter_add: %s %s by an index %s into %lld rows",
                               elbo_dtype_name(x->dtype), elbo_shape_format(&x->shape).text,
                               elbo_shape_format(&index->shape).text, (long long)rows);
    elbo_shape shape = x->shape;
    shape.dim[0] = rows;
    return elbo__append(g, &elbo__op_scatter_add, x->dtype, shape, (elbo_var *[]){x, index}, 2,
                        &(elbo__attr){.size = rows});
}

/* ---- argmax ------------------------------------------------------------------------------------------------------ */

static void interpret_argmax(const elbo__call *call)
{
    int axis = call->attr->axis;
    for (elbo__walk w = elbo__walk_start(&call->out.layout.shape); w.more; elbo__walk_next(&w)) {
        elbo__walk at = w;
        int64_t best = 0;
        double most = -INFINITY;
        for (int64_t i = 0; i < call->in[0].layout.shape.dim[axis]; i++) {
            at.index[axis] = i;
            double x = elbo__get(&call->in[0], &at);
            if (x > most) {
                most = x;
                best = i;
            }
        }
        elbo__put(&call->out, &w, (double)best);
    }
}

/* The same for n numbers that lie side by side, in LANES lanes that are compared in the end; NaN is never more. */
enum { LANES = 16 };
#define ARGMAX_OF(type, integer)                                                                                       \
    ELBO__CLONES static int64_t argmax_of_##type(const type *x, int64_t n)                                             \
    {                                                                                                                  \
        typedef type numbers __attribute__((vector_size(LANES * sizeof(type))));                                       \
        typedef integer places __attribute__((vector_size(LANES * sizeof(type))));                                     \
        numbers most = (numbers){0} - (type)INFINITY;                                                                  \
        places place = {0}, here = {0};                                                                                \
        int64_t i = 0, best = 0;                                                                                       \
        for (; i + LANES <= n; i += LANES, here += LANES) {                                                            \
            numbers next;                                                                                              \
            memcpy(&next, x + i, sizeof next);                                                                         \
            const places more = next > most;                                                                           \
            most = (numbers)(((places)next & more) | ((places)most & ~more));                                          \
            place = (here & more) | (place & ~more);                                                                   \
        }                                                                                                              \
        type value = -INFINITY;                                                                                        \
        for (int k = 0; k < LANES; k++) {                                                                              \
            const int64_t at = place[k] + k;                                                                           \
            if (most[k] > value || (most[k] == value && most[k] > -INFINITY && at < best)) {                           \
                value = most[k];                                                                                       \
                best = at;                                                                                             \
            }                                                                                                          \
        }                                                                                                              \
        for (; i < n; i++)                                                                                             \
            if (x[i] > value) {                                                                                        \
                value = x[i];                                                                                          \
                best = i;                                                                                              \
            }                                                                                                          \
        return best;                                                                                                   \
    }
ARGMAX_OF(float, int32_t)
ARGMAX_OF(double, int64_t)

static void kernel_argmax(const elbo__call *call)
{
    const elbo_tensor *x = &call->in[0];
    const int axis = call->attr->axis;
    const int64_t n = x->layout.shape.dim[axis];
    const bool is_float = x->dtype == ELBO_F32;
    if ((x->dtype != ELBO_F32 && x->dtype != ELBO_F64) || (x->layout.strides[axis] != 1 && n != 1)) {
        interpret_argmax(call);
        return;
    }
    for (elbo__walk w = elbo__walk_start(&call->out.layout.shape); w.more; elbo__walk_next(&w)) {
        int64_t at = x->layout.offset;
        for (int i = 0; i < x->layout.shape.ndim; i++)
            at += w.index[i] * x->layout.strides[i]; /* on the axis itself w is at 0 */
        const int64_t best = is_float ? argmax_of_float((const float *)x->data + at, n)
                                      : argmax_of_double((const double *)x->data + at, n);
        elbo__put(&call->out, &w, (double)best);
    }
}

static int walks_argmax(const elbo_shape *y, const elbo_shape *x, const elbo__attr *attr, int operand, int axis)
{
    (void)y, (void)x, (void)operand;
    return axis == attr->axis ? ELBO__APART : axis;
}

const elbo__op elbo__op_argmax = {
    .name = "argmax",
    .flags = ELBO__NO_CASES,
    .interpret = interpret_argmax,
    .kernel = kernel_argmax,
    .walks = walks_argmax,
};

elbo_var *elbo_argmax(elbo_var *x, int axis)
{
    elbo_graph *g = x->graph;
    int at = elbo__axis("argmax", x, axis);
    if (at < 0 || !elbo__graph_ok(g))
        return elbo__harmless(x);
    elbo_shape shape = x->shape;
    shape.dim[at] = 1;
    elbo_var *y = elbo__append(g, &elbo__op_argmax, ELBO_I32, shape, &x, 1, &(elbo__attr){.axis = at});
    return elbo_squeeze(y, at);
}
