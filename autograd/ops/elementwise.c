/* Elementwise ops: the rows of tensor/elementwise.def as functions of the graph, and cast. */
#include <math.h>

#include "../../tensor/elementwise.h"
#include "../op.h"

/* ---- forward, in double: the oracle -------------------------------------------------------------------------------- */

static double sigmoid(double x)
{
    double e = exp(-fabs(x)); /* never overflows: the result is right down to the smallest numbers */
    return (x < 0 ? e : 1) / (1 + e);
}

static double softplus(double x)
{
    return x > 0 ? x + log1p(exp(-x)) : log1p(exp(x));
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

/* ---- derivatives --------------------------------------------------------------------------------------------------- */

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

/* Of a sum, the bounds of both parts, where neither takes a look at entries. */
static elbo_var *bound(elbo_var *y)
{
    if (y->attr.elementwise != ELBO__add)
        return NULL;
    elbo_var *a = elbo__bound_by_op(y->in[0]), *b = a ? elbo__bound_by_op(y->in[1]) : NULL;
    if (!b)
        return NULL;
    return elbo_shape_equal(&a->shape, &b->shape) ? elbo_add(a, b) : elbo_add(elbo_sum_all(a), elbo_sum_all(b));
}

/* ---- the public functions ------------------------------------------------------------------------------------------- */

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
#define ELEMENTWISE(operands, name, ...)                                                                               \
    elbo_var *elbo_##name(PARAMETERS_##operands)                                                                       \
    {                                                                                                                  \
        return apply(ELBO__##name, ARGUMENTS_##operands);                                                              \
    }                                                                                                                  \
    static elbo_var *build_##name(elbo_var **in)                                                                       \
    {                                                                                                                  \
        return elbo_##name(OPERANDS_##operands);                                                                       \
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
    .bound = bound,
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

/* ---- cast: u8 or i32 to the graph's dtype ------------------------------------------------------------------------------ */

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
