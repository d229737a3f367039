/* What is known about the numbers of a random graph before it runs: intervals, and whether they are integers.
 *
 * In an exact graph every partial sum must stay below 2^24 and be one of integers. Numbers that are not integers may
 * come up by one correctly rounded operation (a quotient, a root, a uniform number): then plan and interpreter, which
 * computes in double and rounds, have the same bits, as long as nothing is summed whose order could matter, and no
 * product of such numbers is added to something, which a plan rounds once. */
#include <math.h>

#include "fuzz_graph.h"

#include "../tensor/memory.h"
#include "../tensor/vgamma.h"

double fuzz_range_limit(bool exact)
{
    return exact ? 0x1p24 : 1e8;
}

fuzz_range fuzz_range_of_state(bool exact)
{
    double most = exact ? 8 : 4;
    return (fuzz_range){-most, most, exact};
}

static double most(const fuzz_range *r)
{
    return fmax(fabs(r->low), fabs(r->high));
}

static fuzz_range join(fuzz_range a, fuzz_range b)
{
    return (fuzz_range){fmin(a.low, b.low), fmax(a.high, b.high), a.integer && b.integer};
}

/* ---- elementwise ------------------------------------------------------------------------------------------------- */

/* By row: how it rounds, whether whole numbers stay whole, and the range of its results. */
enum { WHOLE_MADE = 1, WHOLE_KEPT = 2, ANY = 0 };
static const struct {
    fuzz_rounding rounding;
    int whole;
    bool fixed; /* low..high whatever the operands; otherwise the row is monotone in each of them */
    double low, high;
} rules[] = {
    [ELBO__copy] = {FUZZ_NOT_ROUNDED, WHOLE_KEPT, false, 0, 0},
    [ELBO__neg] = {FUZZ_NOT_ROUNDED, WHOLE_KEPT, false, 0, 0},
    [ELBO__abs] = {FUZZ_NOT_ROUNDED, WHOLE_KEPT, false, 0, 0},
    [ELBO__sign] = {FUZZ_NOT_ROUNDED, WHOLE_MADE, false, 0, 0},
    [ELBO__square] = {FUZZ_ROUNDED_FREELY, WHOLE_KEPT, false, 0, 0},
    [ELBO__sqrt] = {FUZZ_ROUNDED_ONCE, ANY, false, 0, 0},
    [ELBO__reciprocal] = {FUZZ_ROUNDED_ONCE, ANY, false, 0, 0},
    [ELBO__exp] = {FUZZ_FUNCTION, ANY, false, 0, 0},
    [ELBO__expm1] = {FUZZ_FUNCTION, ANY, false, 0, 0},
    [ELBO__log] = {FUZZ_FUNCTION, ANY, false, 0, 0},
    [ELBO__log1p] = {FUZZ_FUNCTION, ANY, false, 0, 0},
    [ELBO__sin] = {FUZZ_FUNCTION, ANY, true, -1, 1},
    [ELBO__cos] = {FUZZ_FUNCTION, ANY, true, -1, 1},
    [ELBO__tanh] = {FUZZ_FUNCTION, ANY, false, 0, 0},
    [ELBO__erf] = {FUZZ_FUNCTION, ANY, false, 0, 0},
    [ELBO__sigmoid] = {FUZZ_FUNCTION, ANY, false, 0, 0},
    [ELBO__softplus] = {FUZZ_FUNCTION, ANY, false, 0, 0},
    [ELBO__relu] = {FUZZ_NOT_ROUNDED, WHOLE_KEPT, false, 0, 0},
    [ELBO__floor] = {FUZZ_NOT_ROUNDED, WHOLE_MADE, false, 0, 0},
    [ELBO__round] = {FUZZ_NOT_ROUNDED, WHOLE_MADE, false, 0, 0},
    [ELBO__lgamma] = {FUZZ_FUNCTION, ANY, false, 0, 0},
    [ELBO__digamma] = {FUZZ_FUNCTION, ANY, false, 0, 0},
    [ELBO__trigamma] = {FUZZ_FUNCTION, ANY, false, 0, 0},
    [ELBO__isfinite] = {FUZZ_NOT_ROUNDED, WHOLE_MADE, true, 0, 1},
    [ELBO__add] = {FUZZ_ROUNDED_ONCE, WHOLE_KEPT, false, 0, 0},
    [ELBO__sub] = {FUZZ_ROUNDED_ONCE, WHOLE_KEPT, false, 0, 0},
    [ELBO__mul] = {FUZZ_ROUNDED_FREELY, WHOLE_KEPT, false, 0, 0},
    [ELBO__div] = {FUZZ_ROUNDED_ONCE, ANY, false, 0, 0},
    [ELBO__pow] = {FUZZ_FUNCTION, ANY, false, 0, 0},
    [ELBO__remainder] = {FUZZ_NOT_ROUNDED, WHOLE_KEPT, false, 0, 0},
    [ELBO__maximum] = {FUZZ_NOT_ROUNDED, WHOLE_KEPT, false, 0, 0},
    [ELBO__minimum] = {FUZZ_NOT_ROUNDED, WHOLE_KEPT, false, 0, 0},
    [ELBO__less] = {FUZZ_NOT_ROUNDED, WHOLE_MADE, true, 0, 1},
    [ELBO__less_equal] = {FUZZ_NOT_ROUNDED, WHOLE_MADE, true, 0, 1},
    [ELBO__equal] = {FUZZ_NOT_ROUNDED, WHOLE_MADE, true, 0, 1},
    [ELBO__where] = {FUZZ_NOT_ROUNDED, WHOLE_KEPT, false, 0, 0},
    [ELBO__mul_add] = {FUZZ_ROUNDED_FREELY, WHOLE_KEPT, false, 0, 0},
    [ELBO__mul_sub] = {FUZZ_ROUNDED_FREELY, WHOLE_KEPT, false, 0, 0},
    [ELBO__sub_mul] = {FUZZ_ROUNDED_FREELY, WHOLE_KEPT, false, 0, 0},
    [ELBO__lerp] = {FUZZ_ROUNDED_FREELY, WHOLE_KEPT, false, 0, 0},
    [ELBO__lerp_square] = {FUZZ_ROUNDED_FREELY, WHOLE_KEPT, false, 0, 0},
    [ELBO__root_add] = {FUZZ_FUNCTION, ANY, false, 0, 0},
    [ELBO__over_root] = {FUZZ_FUNCTION, ANY, false, 0, 0},
};
_Static_assert(sizeof rules / sizeof rules[0] == ELBO__ELEMENTWISE_COUNT, "a rule for every row");

fuzz_rounding fuzz_rounding_of(int row)
{
    return rules[row].rounding;
}

static double sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

static double softplus(double x)
{
    return x > 0 ? x + log1p(exp(-x)) : log1p(exp(x));
}

#define modulo elbo__modulo_f64
#define digamma elbo__digamma_f64
#define trigamma elbo__trigamma_f64
double fuzz_forward(int row, double a, double b, double c)
{
#define M(f) f
#define ELEMENTWISE(operands, name, y, ...)                                                                            \
    case ELBO__##name: return y;
    switch (row) {
#include "../tensor/elementwise.def"
    }
#undef M
    (void)c;
    return NAN;
}

bool fuzz_range_of_elementwise(int row, const fuzz_range *in, fuzz_range *out, bool exact)
{
    int n = elbo__elementwise_operands(row), first = row == ELBO__where;
    *out = (fuzz_range){rules[row].low, rules[row].high, rules[row].whole != ANY};
    for (int i = first; i < n && rules[row].whole == WHOLE_KEPT; i++)
        out->integer &= in[i].integer;
    bool roots = row == ELBO__root_add || row == ELBO__over_root;
    bool adds_product = row == ELBO__mul_add || row == ELBO__mul_sub || row == ELBO__sub_mul || row == ELBO__lerp ||
                        row == ELBO__lerp_square;
    bool divides = row == ELBO__div || row == ELBO__reciprocal || row == ELBO__remainder;
    bool logs = row == ELBO__pow || row == ELBO__log || row == ELBO__lgamma || row == ELBO__digamma ||
                row == ELBO__trigamma;
    if ((exact && rules[row].rounding == FUZZ_FUNCTION) || (logs && in[0].low < 0.125) ||
        (divides && in[n - 1].low < 0.125 && in[n - 1].high > -0.125) ||
        (roots && (in[n - 2].low < 0 || in[n - 1].low < 0.125)) || (exact && adds_product && !out->integer))
        return false;
    if (rules[row].fixed)
        return true;
    if (row == ELBO__remainder) { /* of whole numbers only: it jumps where a quotient is whole */
        *out = (fuzz_range){fmin(in[1].low, 0), fmax(in[1].high, 0), true};
        return in[0].integer && in[1].integer;
    }
    bool turns = (row == ELBO__abs || row == ELBO__square) && in[0].low <= 0 && in[0].high >= 0;
    out->low = turns ? 0 : INFINITY;
    out->high = -INFINITY;
    for (int corner = 0; corner < 1 << n; corner++) {
        double v[3];
        for (int i = 0; i < n; i++)
            v[i] = corner >> i & 1 ? in[i].high : in[i].low;
        double y = row == ELBO__where ? v[1 + (corner & 1)]
                                      : fuzz_forward(row, v[0], n > 1 ? v[1] : 0, n > 2 ? v[2] : 0);
        if (isnan(y))
            return false;
        out->low = fmin(out->low, y);
        out->high = fmax(out->high, y);
    }
    if (row == ELBO__lgamma) /* its least number above 0, at 1.46 */
        out->low = fmin(out->low, -0.1215);
    return most(out) <= fuzz_range_limit(exact);
}

/* ---- the other ops ----------------------------------------------------------------------------------------------- */

static bool leaf_range(const elbo_var *x, bool exact, fuzz_range *out)
{
    const elbo__attr *attr = &x->attr;
    if (x->op == &elbo__op_input)
        *out = x->dtype == ELBO_U8    ? (fuzz_range){0, 9, true}
               : x->dtype == ELBO_I32 ? (fuzz_range){-2, 9, true}
                                      : (fuzz_range){-3, 3, exact};
    else if (x->op == &elbo__op_param)
        *out = fuzz_range_of_state(exact);
    else if (x->op == &elbo__op_random_normal || x->op == &elbo__op_random_uniform)
        *out = (fuzz_range){-16, 16, false};
    else {
        const double *values = attr->values ? attr->values : &attr->value;
        *out = (fuzz_range){0, 0, true};
        for (int64_t i = 0; i < elbo_shape_size(&x->shape); i++)
            *out = join(*out, (fuzz_range){values[i], values[i], floor(values[i]) == values[i]});
    }
    return true;
}

static bool sum_range(const fuzz_range *in, double count, bool exact, fuzz_range *out)
{
    *out = (fuzz_range){fmin(0, count * in->low), fmax(0, count * in->high), in->integer};
    return count * most(in) <= fuzz_range_limit(exact) && (in->integer || !exact || count <= 1);
}

/* A maximum's derivative divides by the number of entries that attain it, which is not 0: a sum of x == max x. */
static bool counts_hits(const elbo_var *x)
{
    return x->op == &elbo__op_sum && x->in[0]->op == &elbo__op_elementwise && x->in[0]->attr.elementwise == ELBO__equal;
}

/* A product whose sum with something a plan may round once. */
static bool contracts(const fuzz_build *b, const elbo_var *x)
{
    while (x->op->flags & ELBO__VIEW)
        x = x->in[0];
    return x->op == &elbo__op_elementwise && fuzz_rounding_of(x->attr.elementwise) == FUZZ_ROUNDED_FREELY &&
           !b->ranges[x->id].integer;
}

bool fuzz_multiplies(const elbo_var *x)
{
    return x->op == &elbo__op_matmul || x->op == &elbo__op_conv2d || x->op == &elbo__op_conv2d_input ||
           x->op == &elbo__op_conv2d_weight;
}

int64_t fuzz_terms(const elbo_var *x)
{
    const int64_t *a = x->in[0]->shape.dim, *c = x->in[1]->shape.dim;
    if (x->op == &elbo__op_matmul)
        return a[x->shape.ndim - 1];
    if (x->op == &elbo__op_conv2d_weight) /* y (B, O, H', W'): over the images of a group and their positions */
        return (x->shape.dim[0] ? a[0] / x->shape.dim[0] : 0) * a[2] * a[3];
    return (x->op == &elbo__op_conv2d ? c[2] : c[1]) * c[3] * c[4]; /* w (G, O, C, h, w) */
}

bool fuzz_is_bessel(const elbo_var *x)
{
    return x->op == &elbo__op_log_bessel_factor || x->op == &elbo__op_bessel_ratio || x->op == &elbo__op_bessel_slope;
}

/* Of not too large numbers: the plain way takes as many steps as their size. */
static bool bessel_range(const elbo_var *x, const fuzz_range *in, bool exact, fuzz_range *out)
{
    *out = x->op == &elbo__op_log_bessel_factor ? (fuzz_range){0, most(in), false}
           : x->op == &elbo__op_bessel_ratio    ? (fuzz_range){-1, 1, false}
                                                : (fuzz_range){0, 0.5, false};
    return !exact && most(in) <= 1000;
}

bool fuzz_is_spd(const elbo_var *x)
{
    return x->op == &elbo__op_spd_inverse || x->op == &elbo__op_spd_logdet || x->op == &elbo__op_cholesky;
}

/* No entry of an inverse is above 1, |a| is at most the product of the diagonal, a row of a factor is as long as the
 * root of its entry of that. */
static bool spd_range(const elbo_var *x, const fuzz_range *in, bool exact, fuzz_range *out)
{
    const double n = (double)x->in[0]->shape.dim[x->in[0]->shape.ndim - 1], root = sqrt(fmax(in->high, 1));
    *out = x->op == &elbo__op_spd_inverse  ? (fuzz_range){-1, 1, false}
           : x->op == &elbo__op_spd_logdet ? (fuzz_range){0, 2 * n * log(root), false}
                                           : (fuzz_range){-root, root, false};
    return !exact;
}

static bool range_of(const fuzz_build *b, const elbo_var *x, fuzz_range *out)
{
    bool exact = b->program->exact;
    fuzz_range in[3] = {{0}};
    for (int i = 0; i < x->n_in && i < 3; i++)
        in[i] = b->ranges[x->in[i]->id];
    double size = (double)elbo_shape_size(&x->shape), from = x->n_in ? (double)elbo_shape_size(&x->in[0]->shape) : 0;
    *out = in[0];
    if (x->op->flags & ELBO__LEAF)
        return leaf_range(x, exact, out);
    if (x->op == &elbo__op_random_normal || x->op == &elbo__op_random_uniform)
        return leaf_range(x, exact, out);
    if (x->op == &elbo__op_elementwise) {
        if (x->attr.elementwise == ELBO__div && counts_hits(x->in[1]))
            in[1].low = 1;
        bool adds = x->attr.elementwise == ELBO__add || x->attr.elementwise == ELBO__sub;
        if (exact && adds && (contracts(b, x->in[0]) || contracts(b, x->in[1])))
            return false;
        return fuzz_range_of_elementwise(x->attr.elementwise, in, out, exact);
    }
    if (fuzz_is_bessel(x))
        return bessel_range(x, &in[0], exact, out);
    if (fuzz_is_spd(x))
        return spd_range(x, &in[0], exact, out);
    if (x->op == &elbo__op_sum)
        return sum_range(&in[0], size > 0 ? from / size : 0, exact, out);
    if (x->op == &elbo__op_max)
        return from > 0 || size == 0;
    if (x->op == &elbo__op_argmax) {
        *out = (fuzz_range){0, (double)x->in[0]->shape.dim[x->attr.axis], true};
        return true;
    }
    if (fuzz_multiplies(x)) {
        double a = most(&in[0]), c = most(&in[1]);
        fuzz_range product = {-a * c, a * c, in[0].integer && in[1].integer};
        return sum_range(&product, (double)fuzz_terms(x), exact, out);
    }
    if (x->op == &elbo__op_scatter_add)
        return sum_range(&in[0], (double)x->in[1]->shape.dim[0], exact, out);
    if (x->op == &elbo__op_pad || x->op == &elbo__op_gather)
        *out = join(in[0], (fuzz_range){0, 0, true});
    else if (x->op == &elbo__op_concat)
        for (int i = 1; i < x->n_in; i++)
            *out = join(*out, b->ranges[x->in[i]->id]);
    else if (x->op->flags & ELBO__ASSIGN)
        *out = in[1];
    return true; /* movement and cast keep the numbers */
}

bool fuzz_range_follow(fuzz_build *b)
{
    for (; b->n_ranges < b->g->n_nodes; b->n_ranges++)
        if (b->n_ranges == FUZZ_NODES || !range_of(b, b->g->nodes[b->n_ranges], &b->ranges[b->n_ranges])) {
            b->n_ranges = b->g->n_nodes < FUZZ_NODES ? b->g->n_nodes : FUZZ_NODES;
            return false;
        }
    return true;
}
