/* Symmetric positive definite matrices: inverse, ln of the determinant, Cholesky factor; of (..., n, n) one matrix at
 * a time. All three are functions of (a + a') / 2, so that their derivatives are right for every entry of a:
 *
 *     y = a^-1          da = -y (dy + dy') / 2 y
 *     y = ln |a|        da = dy a^-1
 *     y y' = a          da = (p + p') / 2,  p = y^-T F(y' dy) y^-1,  F: the lower triangle with half the diagonal
 *                       (Murray 2016, arXiv:1602.07527)
 *
 * What is not positive definite has NaN for every result. */
#include <math.h>

#include "../../tensor/definite.h"
#include "../../tensor/memory.h"
#include "../op.h"

/* ---- plain: elimination without exchanges ------------------------------------------------------------------------ */

/* A matrix on its way: a becomes the pivots on its diagonal and the multipliers below it, right = a^-1. */
typedef struct {
    int64_t n;
    long double *a, *right;
    bool definite;
} elimination;

static long double mean_entry(const elbo_tensor *x, elbo__walk at, int64_t i, int64_t j)
{
    elbo__walk across = at;
    int rank = x->layout.shape.ndim;
    at.index[rank - 2] = across.index[rank - 1] = i;
    at.index[rank - 1] = across.index[rank - 2] = j;
    return ((long double)elbo__get(x, &at) + (long double)elbo__get(x, &across)) / 2;
}

static elimination eliminate(const elbo_tensor *x, const elbo__walk *at, long double *memory)
{
    const int64_t n = x->layout.shape.dim[x->layout.shape.ndim - 1];
    elimination e = {n, memory, memory ? memory + n * n : NULL, memory != NULL};
    for (int64_t i = 0; i < n && e.definite; i++)
        for (int64_t j = 0; j < n; j++) {
            e.a[i * n + j] = mean_entry(x, *at, i, j);
            e.right[i * n + j] = i == j;
        }
    for (int64_t k = 0; k < n && e.definite; k++) {
        const long double pivot = e.a[k * n + k];
        e.definite = pivot > 0 && !isinf(pivot);
        for (int64_t i = 0; i < n; i++) {
            const long double factor = e.a[i * n + k] / pivot;
            for (int64_t j = 0; j < n && i != k; j++) {
                e.a[i * n + j] -= j > k ? factor * e.a[k * n + j] : 0;
                e.right[i * n + j] -= factor * e.right[k * n + j];
            }
            if (i > k)
                e.a[i * n + k] = factor;
        }
    }
    return e;
}

static long double plain_inverse(const elimination *e, int64_t i, int64_t j)
{
    return e->right[i * e->n + j] / e->a[i * e->n + i];
}

static long double plain_factor(const elimination *e, int64_t i, int64_t j)
{
    return i < j ? 0 : sqrtl(e->a[j * e->n + j]) * (i == j ? 1 : e->a[i * e->n + j]);
}

static long double plain_logdet(const elimination *e)
{
    long double sum = 0;
    for (int64_t k = 0; k < e->n; k++)
        sum += logl(e->a[k * e->n + k]);
    return sum;
}

/* The shape of the leading axes. */
static elbo_shape stack_of(const elbo_tensor *x)
{
    elbo_shape shape = x->layout.shape;
    shape.ndim -= 2;
    return shape;
}

/* `entry` of a result (..., n, n), or `number` of a result (...). */
static void interpret(const elbo__call *call, long double (*entry)(const elimination *, int64_t, int64_t),
                      long double (*number)(const elimination *))
{
    const elbo_tensor *x = &call->in[0];
    const int rank = x->layout.shape.ndim;
    const int64_t n = x->layout.shape.dim[rank - 1];
    const elbo_shape stack = stack_of(x);
    long double *memory = elbo__alloc((size_t)(2 * n * n) * sizeof *memory);
    for (elbo__walk w = elbo__walk_start(&stack); w.more; elbo__walk_next(&w)) {
        const elimination e = eliminate(x, &w, memory);
        elbo__walk at = w;
        for (int64_t i = 0; i < n && entry; i++)
            for (int64_t j = 0; j < n; j++) {
                at.index[rank - 2] = i;
                at.index[rank - 1] = j;
                elbo__put(&call->out, &at, e.definite ? (double)entry(&e, i, j) : NAN);
            }
        if (number)
            elbo__put(&call->out, &w, e.definite ? (double)number(&e) : NAN);
    }
    elbo__free(memory);
}

/* ---- kernels ----------------------------------------------------------------------------------------------------- */

/* One matrix of a stack: its first entry and the steps to the next row and column. */
typedef struct {
    void *data;
    elbo_dtype dtype;
    int64_t n, row, column;
} matrix;

static matrix matrix_at(const elbo_tensor *x, const elbo__walk *w)
{
    const elbo_layout *l = &x->layout;
    const int rank = l->shape.ndim;
    int64_t at = l->offset;
    for (int d = 0; d < rank - 2; d++)
        at += w->index[d] * l->strides[d];
    return (matrix){(char *)x->data + at * (int64_t)elbo_dtype_size(x->dtype), x->dtype, l->shape.dim[rank - 1],
                    l->strides[rank - 2], l->strides[rank - 1]};
}

/* The upper triangle of (a + a') / 2. */
static void load(const matrix *m, double *a)
{
#define LOAD(type)                                                                                                     \
    for (int64_t i = 0; i < m->n; i++)                                                                                 \
        for (int64_t j = i; j < m->n; j++)                                                                             \
    a[i * m->n + j] = ((double)((const type *)m->data)[i * m->row + j * m->column] +                                   \
                       (double)((const type *)m->data)[j * m->row + i * m->column]) /                                  \
                      2
    if (m->dtype == ELBO_F32)
        LOAD(float);
    else
        LOAD(double);
#undef LOAD
}

/* Entry (i, j) is a[i n + j], or NaN without one. */
static void store(const matrix *m, const double *a)
{
#define STORE(type)                                                                                                    \
    for (int64_t i = 0; i < m->n; i++)                                                                                 \
        for (int64_t j = 0; j < m->n; j++)                                                                             \
    ((type *)m->data)[i * m->row + j * m->column] = a ? (type)a[i * m->n + j] : (type)NAN
    if (m->dtype == ELBO_F32)
        STORE(float);
    else
        STORE(double);
#undef STORE
}

/* Works off the stack: `finish` makes of the factor u, with as much memory again, the matrix or number asked for. */
static void each(const elbo__call *call, double (*finish)(int64_t n, double *u, double *work))
{
    const elbo_shape stack = stack_of(&call->in[0]);
    for (elbo__walk w = elbo__walk_start(&stack); w.more; elbo__walk_next(&w)) {
        const matrix from = matrix_at(&call->in[0], &w);
        double *u = call->scratch, *work = u + from.n * from.n;
        load(&from, u);
        const bool definite = elbo__definite_factor(from.n, u);
        const double number = definite ? finish(from.n, u, work) : NAN;
        if (call->out.layout.shape.ndim == stack.ndim) {
            elbo__put(&call->out, &w, number);
        } else {
            const matrix to = matrix_at(&call->out, &w);
            store(&to, definite ? u : NULL);
        }
    }
}

static double finish_inverse(int64_t n, double *u, double *work)
{
    elbo__definite_inverse(n, u, work);
    return 0;
}

static double finish_factor(int64_t n, double *u, double *work)
{
    (void)work;
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < i; j++) {
            u[i * n + j] = u[j * n + i];
            u[j * n + i] = 0;
        }
    return 0;
}

static double finish_logdet(int64_t n, double *u, double *work)
{
    double sum = 0;
    (void)work;
    for (int64_t k = 0; k < n; k++)
        sum += log(u[k * n + k]);
    return 2 * sum;
}

static size_t scratch(elbo_dtype dtype, const elbo_shape *y, const elbo_shape *a, const elbo_shape *b,
                      const elbo__attr *attr)
{
    (void)dtype, (void)y, (void)b, (void)attr;
    const int64_t n = a->dim[a->ndim - 1];
    return (size_t)(2 * n * n) * sizeof(double);
}

static double nanoseconds(const elbo_shape *y, const elbo_shape *a)
{
    (void)y;
    return 0.5 * (double)elbo_shape_size(a) * (double)a->dim[a->ndim - 1];
}

/* ---- the graph --------------------------------------------------------------------------------------------------- */

static elbo_var *symmetric(elbo_var *x)
{
    return elbo_scale(elbo_add(x, elbo_transpose(x)), 0.5);
}

static void derive_spd_inverse(elbo_var *y, elbo_var *dy, elbo_var **dx)
{
    dx[0] = elbo_neg(elbo_matmul(elbo_matmul(y, symmetric(dy)), y));
}

static void derive_spd_logdet(elbo_var *y, elbo_var *dy, elbo_var **dx)
{
    dx[0] = elbo_mul(elbo_unsqueeze(elbo_unsqueeze(dy, elbo_ndim(dy)), elbo_ndim(dy) + 1), elbo_spd_inverse(y->in[0]));
}

/* y^-1 = y' a^-1 */
static void derive_cholesky(elbo_var *y, elbo_var *dy, elbo_var **dx)
{
    elbo_graph *g = y->graph;
    const int64_t n = elbo_size(y, -1);
    elbo_var *column = elbo_arange(g, n), *row = elbo_reshape(column, ELBO_SHAPE(n, 1));
    elbo_var *half = elbo_add(elbo_less(column, row), elbo_scale(elbo_equal(column, row), 0.5));
    elbo_var *inverse = elbo_matmul(elbo_transpose(y), elbo_spd_inverse(y->in[0]));
    elbo_var *lower = elbo_mul(elbo_matmul(elbo_transpose(y), dy), half);
    dx[0] = symmetric(elbo_matmul(elbo_matmul(elbo_transpose(inverse), lower), inverse));
}

static int walks(const elbo_shape *y, const elbo_shape *x, const elbo__attr *attr, int operand, int axis)
{
    (void)y, (void)attr, (void)operand;
    return axis < x->ndim - 2 ? axis : ELBO__APART;
}

static elbo_var *node(const elbo__op *op, elbo_var *x, bool number)
{
    elbo_graph *g = x->graph;
    elbo_shape shape = x->shape;
    if (!elbo__graph_ok(g))
        return elbo__harmless(x);
    if (x->dtype != g->dtype || shape.ndim < 2 || shape.dim[shape.ndim - 1] != shape.dim[shape.ndim - 2])
        return elbo_graph_fail(g, ELBO_INVALID, "%s: %s %s, expected %s (..., n, n)", op->name,
                               elbo_dtype_name(x->dtype), elbo_shape_format(&shape).text, elbo_dtype_name(g->dtype));
    shape.ndim -= number ? 2 : 0;
    return elbo__append(g, op, x->dtype, shape, &x, 1, NULL);
}

static elbo_var *identity(elbo_graph *g, int64_t n)
{
    return elbo_one_hot(elbo_arange(g, n), n);
}

/* x x' + 2, which is positive definite for any x */
static elbo_var *definite(elbo_var *x)
{
    elbo_graph *g = x->graph;
    return elbo_add(elbo_matmul(x, elbo_transpose(x)), elbo_scale(identity(g, elbo_size(x, -2)), 2));
}

/* Not symmetric: only the mean of both triangles counts. */
static elbo_var *askew(elbo_var *x)
{
    return elbo_add(x, elbo_scale(identity(x->graph, elbo_size(x, -1)), 4));
}

/* An op whose result is a matrix, of `entry`, or a `number`; the other is NULL. */
#define SPD(op, entry, number, finish)                                                                                 \
    static void interpret_##op(const elbo__call *call)                                                                 \
    {                                                                                                                  \
        interpret(call, entry, number);                                                                                \
    }                                                                                                                  \
    static void kernel_##op(const elbo__call *call)                                                                    \
    {                                                                                                                  \
        each(call, finish);                                                                                            \
    }                                                                                                                  \
    static elbo_var *build_##op(elbo_var **in)                                                                         \
    {                                                                                                                  \
        return elbo_##op(definite(in[0]));                                                                             \
    }                                                                                                                  \
    static elbo_var *build_##op##_askew(elbo_var **in)                                                                 \
    {                                                                                                                  \
        return elbo_##op(askew(in[0]));                                                                                \
    }                                                                                                                  \
    const elbo__op elbo__op_##op = {                                                                                   \
        .name = #op,                                                                                                   \
        .interpret = interpret_##op,                                                                                   \
        .kernel = kernel_##op,                                                                                         \
        .derive = derive_##op,                                                                                         \
        .walks = walks,                                                                                                \
        .scratch = scratch,                                                                                            \
        .nanoseconds = nanoseconds,                                                                                    \
        .cases = (const elbo__case[]){{"a matrix", build_##op, 1, {{2, {3, 4}}}, -1, 1, 0},                            \
                                      {"a stack", build_##op, 1, {{3, {2, 3, 2}}}, -1, 1, 0},                          \
                                      {"entries of their own", build_##op##_askew, 1, {{3, {2, 3, 3}}}, -1, 1, 0},     \
                                      {0}},                                                                            \
    };                                                                                                                 \
    elbo_var *elbo_##op(elbo_var *x)                                                                                   \
    {                                                                                                                  \
        return node(&elbo__op_##op, x, number != NULL);                                                                \
    }

SPD(spd_inverse, plain_inverse, NULL, finish_inverse)
SPD(spd_logdet, NULL, plain_logdet, finish_logdet)
SPD(cholesky, plain_factor, NULL, finish_factor)
