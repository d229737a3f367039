/* Elementwise ops: the rows of tensor/elementwise.def as functions of the graph, and cast. */
#include <math.h>

#include "../../tensor/elementwise.h"
#include "../op.h"

/* ---- forward, in double: the oracle ------------------------------------------------------------------------------ */

static double sigmoid(double x)
{
    double e = exp(-fabs(x)); /* never overflows: the result is right down to the smallest numbers */
    return (x < 0 ? e : 1) / (1 + e);
}

static double softplus(double x)
{
    return x > 0 ? x + log1p(exp(-x)) : log1p(exp(x));
}

static double modulo(double a, double b)
{
    double r = fmod(a, b); /* of the sign of a */
    return r == 0 ? copysign(0, b) : signbit(r) == signbit(b) ? r : r + b;
}

/* 1 / x^(n+1) + 1 / (x + 1)^(n+1) + ...: trigamma for n = 1 and, less an infinite constant, -digamma for n = 0. After
 * 32 terms the rest is an integral and its corrections (Euler and Maclaurin). In long double: where digamma is 0, its
 * terms cancel. */
static long double terms_from(long double x, int n)
{
    long double sum = 0, end = x + 32;
    for (; x < end; x++)
        sum += 1 / (n ? x * x : x);
    long double s = 1 / (x * x);
    if (n)
        return sum + 1 / x + s / 2 + s / x * (1.0L / 6 - s * (1.0L / 30 - s * (1.0L / 42 - s * (1.0L / 30))));
    return sum - logl(x) + 1 / (2 * x) + s * (1.0L / 12 - s * (1.0L / 120 - s * (1.0L / 252 - s * (1.0L / 240))));
}

static const long double pi = 3.14159265358979323846264338327950288L;

/* digamma(1 - x) = digamma(x) + pi cot(pi x) */
static double digamma(double x)
{
    if (x <= 0 && x == floor(x))
        return x == 0 ? -1 / x : NAN;
    if (x < 0)
        return (double)(-terms_from(1 - (long double)x, 0) - pi / tanl(pi * (x - roundl(x))));
    return (double)-terms_from(x, 0);
}

/* trigamma(1 - x) + trigamma(x) = (pi / sin(pi x))^2 */
static double trigamma(double x)
{
    if (x <= 0 && x == floor(x))
        return INFINITY;
    if (x < 0)
        return (double)(powl(pi / sinl(pi * (x - roundl(x))), 2) - terms_from(1 - (long double)x, 1));
    return (double)terms_from(x, 1);
}

static double forward(int id, double a, double b, double c)
{
#define M(f) f
#define ELEMENTWISE(operands, name, y, ...)                                                                            \
    case ELBO__##name: return y;
    switch (id) {
#include "../../tensor/elementwise.def"
    }
#undef M
    return NAN;
}

static void interpret(const elbo__call *call)
{
    for (elbo__walk w = elbo__walk_start(&call->out.layout.shape); w.more; elbo__walk_next(&w)) {
        double v[3] = {0};
        for (int i = 0; i < call->n_in; i++)
            v[i] = elbo__get(&call->in[i], &w);
        elbo__put(&call->out, &w, forward(call->attr->elementwise, v[0], v[1], v[2]));
    }
}

/* ---- derivatives ------------------------------------------------------------------------------------------------- */

/* The derivative of trigamma at x > 0, of ops that have derivatives in their turn: -2 / x^3 at x, x + 1, ..., x + 9,
 * and from y = x + 10 on -1/y^2 - 1/y^3 - the sum over k >= 1 of (2k + 1) B_2k / y^(2k + 2), B the Bernoulli numbers.
 * NaN for x < 0. */
static elbo_var *tetragamma(elbo_var *x)
{
    static const double c[] = {-35.0 / 2, 691.0 / 210, -5.0 / 6, 3.0 / 10, -1.0 / 6, 1.0 / 6, -1.0 / 2};
    elbo_graph *g = elbo_graph_of(x);
    elbo_var *recent = elbo_constant(g, 0), *series = recent;
    for (int i = 0; i < 10; i++) {
        elbo_var *at = elbo_shift(x, i);
        recent = elbo_add(recent, elbo_reciprocal(elbo_mul(at, elbo_square(at))));
    }
    elbo_var *w = elbo_reciprocal(elbo_shift(x, 10)), *s = elbo_square(w);
    for (size_t i = 0; i < sizeof c / sizeof c[0]; i++)
        series = elbo_mul(elbo_shift(series, c[i]), s);
    series = elbo_mul(elbo_sub(elbo_shift(series, -1), w), s);
    elbo_var *y = elbo_sub(series, elbo_scale(recent, 2));
    return elbo_where(elbo_less(x, elbo_constant(g, 0)), elbo_constant(g, NAN), y);
}

#define NONE NULL
#define ZERO elbo_constant(elbo_graph_of(y), 0)
#define ELEMENTWISE(operands, name, forward, da, db, dc, low, high)                                                    \
    static void derive_##name(elbo_var *y, elbo_var *g, elbo_var **dx)                                                 \
    {                                                                                                                  \
        elbo_var *a = y->in[0], *b = y->n_in > 1 ? y->in[1] : NULL, *c = y->n_in > 2 ? y->in[2] : NULL;                \
        (void)a, (void)b, (void)c, (void)g;                                                                            \
        dx[0] = da;                                                                                                    \
        dx[1] = db;                                                                                                    \
        dx[2] = dc;                                                                                                    \
    }
#include "../../tensor/elementwise.def"

static void (*const derivatives[])(elbo_var *, elbo_var *, elbo_var **) = {
#define ELEMENTWISE(operands, name, ...) [ELBO__##name] = derive_##name,
#include "../../tensor/elementwise.def"
};

static void derive(elbo_var *y, elbo_var *dy, elbo_var **dx)
{
    derivatives[y->attr.elementwise](y, dy, dx);
}

/* Of a sum, the magnitudes of both parts, where neither takes a look at entries. */
static elbo_var *magnitude(elbo_var *y)
{
    if (y->attr.elementwise != ELBO__add)
        return NULL;
    elbo_var *a = elbo__magnitude_by_op(y->in[0]), *b = a ? elbo__magnitude_by_op(y->in[1]) : NULL;
    if (!b)
        return NULL;
    return elbo_shape_equal(&a->shape, &b->shape) ? elbo_add(a, b) : elbo_add(elbo_sum_all(a), elbo_sum_all(b));
}

/* ---- the public functions ---------------------------------------------------------------------------------------- */

static elbo_var *apply(int id, elbo_var *a, elbo_var *b, elbo_var *c)
{
    elbo_var *in[3] = {a, b, c};
    int n = c ? 3 : b ? 2 : 1;
    if (!elbo__broadcast(elbo__elementwise_name(id), in, n))
        return elbo__harmless(a);
    return elbo__append(a->graph, &elbo__op_elementwise, a->graph->dtype, in[0]->shape, in, n,
                        &(elbo__attr){.elementwise = id});
}

#define PARAMETERS_1 elbo_var *a
#define PARAMETERS_2 elbo_var *a, elbo_var *b
#define PARAMETERS_3 elbo_var *a, elbo_var *b, elbo_var *c
#define ARGUMENTS_1 a, NULL, NULL
#define ARGUMENTS_2 a, b, NULL
#define ARGUMENTS_3 a, b, c
#define OPERANDS_1 in[0]
#define OPERANDS_2 in[0], in[1]
#define OPERANDS_3 in[0], in[1], in[2]
#define ELEMENTWISE(operands, name, ...) FUNCTION(elbo_##name, operands, name)
#define FUSED(operands, name, ...) FUNCTION(elbo__##name, operands, name)
#define FUNCTION(function, operands, name)                                                                             \
    elbo_var *function(PARAMETERS_##operands)                                                                          \
    {                                                                                                                  \
        return apply(ELBO__##name, ARGUMENTS_##operands);                                                              \
    }                                                                                                                  \
    static elbo_var *build_##name(elbo_var **in)                                                                       \
    {                                                                                                                  \
        return function(OPERANDS_##operands);                                                                          \
    }
#include "../../tensor/elementwise.def"

/* A case of every row, at the row's domain. */
static const elbo__case cases[] = {
#define SHAPE                                                                                                          \
    {                                                                                                                  \
        2,                                                                                                             \
        {                                                                                                              \
            3, 4                                                                                                       \
        }                                                                                                              \
    }
#define ELEMENTWISE(operands, name, y, da, db, dc, low, high)                                                          \
    {#name, build_##name, operands, {SHAPE, SHAPE, SHAPE}, low, high, 0},
#include "../../tensor/elementwise.def"
    {0},
};

const elbo__op elbo__op_elementwise = {
    .name = "elementwise",
    .flags = ELBO__ELEMENTWISE,
    .interpret = interpret,
    .derive = derive,
    .magnitude = magnitude,
    .walks = elbo__walks_same,
    .cases = cases,
};

elbo_var *elbo_scale(elbo_var *x, double factor)
{
    return factor == 1 ? x : elbo_mul(x, elbo_constant(x->graph, factor));
}

elbo_var *elbo_shift(elbo_var *x, double amount)
{
    return amount == 0 ? x : elbo_add(x, elbo_constant(x->graph, amount));
}

elbo_var *elbo_clamp(elbo_var *x, double low, double high)
{
    return elbo_minimum(elbo_maximum(x, elbo_constant(x->graph, low)), elbo_constant(x->graph, high));
}

/* ---- cast: u8 or i32 to the graph's dtype ------------------------------------------------------------------------ */

static void interpret_cast(const elbo__call *call)
{
    elbo_tensor_copy(&call->out, &call->in[0]);
}

const elbo__op elbo__op_cast = {
    .name = "cast",
    .flags = ELBO__ELEMENTWISE | ELBO__NO_CASES,
    .interpret = interpret_cast,
    .walks = elbo__walks_same,
};

elbo_var *elbo_cast(elbo_var *x)
{
    elbo_graph *g = x->graph;
    if (!elbo__graph_ok(g) || x->dtype == g->dtype)
        return elbo__graph_ok(g) ? x : elbo__harmless(x);
    return elbo__append(g, &elbo__op_cast, g->dtype, x->shape, &x, 1, NULL);
}

elbo_var *elbo_one_hot(elbo_var *x, int64_t classes)
{
    elbo_graph *g = x->graph;
    elbo_shape shape = x->shape;
    if (!elbo__graph_ok(g))
        return elbo__harmless(x);
    if (shape.ndim == ELBO_MAX_RANK)
        return elbo_graph_fail(g, ELBO_INVALID, "one_hot: a tensor of rank %d", shape.ndim);
    shape.dim[shape.ndim++] = 1;
    return elbo_equal(elbo_reshape(elbo_cast(x), shape), elbo_arange(g, classes));
}
