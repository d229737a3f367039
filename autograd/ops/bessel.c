/* Modified Bessel functions of the first kind, I of order nu and J of order nu + 1: nu is a constant of the node. They
 * are closed under differentiation, each with the next as its derivative:
 *
 *     log_bessel         ln I(x), derivative J / I + nu / x
 *     log_bessel_factor  ln (gamma(nu + 1) (2/x)^nu I(x)), which is 0 at 0
 *     bessel_ratio       J(x) / I(x)
 *     bessel_slope       the derivative of that, of which the derivative is made of the last two */
#include <math.h>

#include "../../tensor/bessel.h"
#include "../../tensor/vgamma.h"
#include "../op.h"

/* ---- plain ------------------------------------------------------------------------------------------------------- */

/* The logarithm of the sum over k >= 0 of (x^2 / 4)^k / (k! (nu + 1) ... (nu + k)), whose terms are positive. */
static long double log_series(long double nu, long double x)
{
    long double sum = 0, term = 1, scale = 0; /* less the first term, until it is lost beside the others */
    bool first = true;
    for (long double k = 1; term > 1e-22L * sum || k < 3; k++) {
        term *= x * x / (4 * k * (nu + k));
        sum += term;
        if (sum > 1e1000L) {
            term /= sum;
            scale += logl(sum);
            sum = 1;
            first = false;
        }
    }
    return scale + (first ? log1pl(sum) : logl(sum));
}

/* J(x) / (x I(x)) = 1 / (2 nu + 2 + x^2 / (2 nu + 4 + x^2 / (2 nu + 6 + ...))) */
static long double ratio_over_x(long double nu, long double x)
{
    long double y = 0;
    for (long double k = ceill(2 * fabsl(x)) + 60; k > 0; k--)
        y = 1 / (2 * (nu + k) + x * x * y);
    return y;
}

static elbo__bessel_values plain(double nu, double x)
{
    if (isnan(x) || isinf(x))
        return (elbo__bessel_values){fabs(x), isnan(x) ? x : copysign(1, x), isnan(x) ? x : 0};
    const long double over_x = ratio_over_x(nu, x), ratio = x * over_x;
    const long double slope = 1 - ratio * ratio - (2 * (long double)nu + 1) * over_x;
    return (elbo__bessel_values){(double)log_series(nu, x), (double)ratio, (double)slope};
}

/* ---- the four ---------------------------------------------------------------------------------------------------- */

/* ln ((x/2)^nu / gamma(nu + 1)) */
static double first_term(double nu, double x)
{
    return nu == 0 ? 0 : nu * log(x / 2) - elbo__lgamma_f64(nu + 1);
}

static elbo_var *node(const elbo__op *op, elbo_var *x, double nu)
{
    elbo_graph *g = x->graph;
    if (!elbo__graph_ok(g))
        return elbo__harmless(x);
    if (x->dtype != g->dtype)
        return elbo_graph_fail(g, ELBO_INVALID, "%s: the operand is %s, expected %s", op->name,
                               elbo_dtype_name(x->dtype), elbo_dtype_name(g->dtype));
    if (!(nu >= 0) || isinf(nu))
        return elbo_graph_fail(g, ELBO_INVALID, "%s: the order is %g, expected a number that is not negative", op->name,
                               nu);
    return elbo__append(g, op, x->dtype, x->shape, &x, 1, &(elbo__attr){.value = nu});
}

static double nanoseconds(const elbo_shape *y, const elbo_shape *a)
{
    (void)a;
    return 500 * (double)elbo_shape_size(y);
}

/* An op whose number is made of the values of Bessel functions at x. */
#define BESSEL(op, number, derivative)                                                                                 \
    static void each_##op(const elbo__call *call, elbo__bessel_values (*values)(double, double))                       \
    {                                                                                                                  \
        const double nu = call->attr->value;                                                                           \
        for (elbo__walk w = elbo__walk_start(&call->out.layout.shape); w.more; elbo__walk_next(&w)) {                  \
            const double x = elbo__get(&call->in[0], &w);                                                              \
            const elbo__bessel_values f = values(nu, x);                                                               \
            elbo__put(&call->out, &w, number);                                                                         \
        }                                                                                                              \
    }                                                                                                                  \
    static void interpret_##op(const elbo__call *call)                                                                 \
    {                                                                                                                  \
        each_##op(call, plain);                                                                                        \
    }                                                                                                                  \
    static void kernel_##op(const elbo__call *call)                                                                    \
    {                                                                                                                  \
        each_##op(call, elbo__bessel);                                                                                 \
    }                                                                                                                  \
    static void derive_##op(elbo_var *y, elbo_var *dy, elbo_var **dx)                                                  \
    {                                                                                                                  \
        elbo_var *x = y->in[0];                                                                                        \
        const double nu = y->attr.value;                                                                               \
        dx[0] = elbo_mul(dy, derivative);                                                                              \
    }                                                                                                                  \
    static elbo_var *build_##op##_0(elbo_var **in)                                                                     \
    {                                                                                                                  \
        return elbo_##op(in[0], 0);                                                                                    \
    }                                                                                                                  \
    static elbo_var *build_##op##_half(elbo_var **in)                                                                  \
    {                                                                                                                  \
        return elbo_##op(in[0], 4.5);                                                                                  \
    }                                                                                                                  \
    const elbo__op elbo__op_##op = {                                                                                   \
        .name = #op,                                                                                                   \
        .interpret = interpret_##op,                                                                                   \
        .kernel = kernel_##op,                                                                                         \
        .derive = derive_##op,                                                                                         \
        .walks = elbo__walks_same,                                                                                     \
        .nanoseconds = nanoseconds,                                                                                    \
        .cases = (const elbo__case[]){{"of order 0", build_##op##_0, 1, {{2, {3, 4}}}, 0.2, 6, 0},                     \
                                      {"of order 4.5", build_##op##_half, 1, {{2, {3, 4}}}, 0.2, 40, 0},               \
                                      {0}},                                                                            \
    };                                                                                                                 \
    elbo_var *elbo_##op(elbo_var *x, double nu)                                                                        \
    {                                                                                                                  \
        return node(&elbo__op_##op, x, nu);                                                                            \
    }

/* The derivative of the slope S of the ratio A. As S = 1 - A^2 - (2 nu + 1) A / x and A / x = 1 / d,
 * d = 2 nu + 2 + x A+ with the ratio A+ of the next order, it is -2 A S + (2 nu + 1) (A+ + x S+) / d^2: no quotient by
 * x, which may be 0. */
static elbo_var *slope_of_slope(elbo_var *x, double nu, elbo_var *slope)
{
    elbo_var *next = elbo_bessel_ratio(x, nu + 1), *d = elbo_shift(elbo_mul(x, next), 2 * nu + 2);
    elbo_var *d_next = elbo_add(next, elbo_mul(x, elbo_bessel_slope(x, nu + 1)));
    elbo_var *gain = elbo_scale(elbo_div(d_next, elbo_square(d)), 2 * nu + 1);
    return elbo_sub(gain, elbo_scale(elbo_mul(elbo_bessel_ratio(x, nu), slope), 2));
}

BESSEL(log_bessel, f.factor + first_term(nu, x),
       nu == 0 ? elbo_bessel_ratio(x, nu)
               : elbo_add(elbo_bessel_ratio(x, nu), elbo_div(elbo_constant(x->graph, nu), x)))
BESSEL(log_bessel_factor, f.factor, elbo_bessel_ratio(x, nu))
BESSEL(bessel_ratio, f.ratio, elbo_bessel_slope(x, nu))
BESSEL(bessel_slope, f.slope, slope_of_slope(x, nu, y))
