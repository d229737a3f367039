/* The maximum mean discrepancy of two samples. */
#include <math.h>
#include <string.h>

#include "aggregate.h"

/* ---- kernels: of squared distances d2 (..., B, B'), of points of Z numbers --------------------------------------- */

static elbo_var *imq(elbo_var *d2, double dims, double bandwidth)
{
    static const double scales[] = {0.1, 0.2, 0.5, 1, 2, 5, 10};
    elbo_var *sum = NULL;
    for (size_t s = 0; s < sizeof scales / sizeof scales[0]; s++) {
        const double c = 2 * dims * bandwidth * bandwidth * scales[s];
        elbo_var *k = elbo_reciprocal(elbo_shift(elbo_scale(d2, 1 / c), 1));
        sum = sum ? elbo_add(sum, k) : k;
    }
    return sum;
}

static elbo_var *rbf(elbo_var *d2, double dims, double bandwidth)
{
    return elbo_exp(elbo_scale(d2, -0.5 / (dims * bandwidth * bandwidth)));
}

typedef elbo_var *(*kernel_function)(elbo_var *d2, double dims, double bandwidth);

/* One list for both tables. */
#define KERNELS(ROW) ROW(imq) ROW(rbf)
#define NAME(name) #name,
#define ENTRY(name) name,
const char *const elbo_mmd_kernel_names[] = {KERNELS(NAME) NULL};
static const kernel_function kernels[] = {KERNELS(ENTRY)};

/* NULL puts the graph in error. */
static kernel_function find_kernel(elbo_graph *g, const char *name)
{
    for (int i = 0; elbo_mmd_kernel_names[i]; i++)
        if (strcmp(elbo_mmd_kernel_names[i], name) == 0)
            return kernels[i];
    elbo_graph_fail(g, ELBO_INVALID, "mmd: no kernel \"%s\"", name);
    return NULL;
}

/* ---- sums over pairs --------------------------------------------------------------------------------------------- */

/* |a_i - b_j|^2 = |a_i|^2 + |b_j|^2 - 2 a_i b_j (..., B, B'), by a product, which leaves a rounding error in proportion
 * to |a_i|^2: without harm, since kernels are smooth where points meet, but not below 0. */
static elbo_var *squared_distances(elbo_var *a, elbo_var *b)
{
    elbo_var *a2 = elbo_sum(elbo_square(a), (int[]){-1}, 1, true);
    elbo_var *b2 = elbo_transpose(elbo_sum(elbo_square(b), (int[]){-1}, 1, true));
    return elbo_relu(elbo_sub(elbo_add(a2, b2), elbo_scale(elbo_matmul(a, elbo_transpose(b)), 2)));
}

/* 0 on the diagonal, 1 elsewhere: (n, n) */
static elbo_var *off_diagonal(elbo_graph *g, int64_t n)
{
    elbo_var *i = elbo_arange(g, n);
    return elbo_shift(elbo_neg(elbo_equal(elbo_unsqueeze(i, 1), i)), 1);
}

typedef struct {
    kernel_function k;
    double bandwidth;
    bool paired; /* row i of a and row i of b are not compared */
} comparison;

/* The mean of k (...) over a row of a and one of b, or over rows i != j of the two */
static elbo_var *mean_kernel(const comparison *c, elbo_var *a, elbo_var *b, bool distinct)
{
    const double rows = (double)elbo_size(a, -2), others = (double)elbo_size(b, -2) - distinct;
    elbo_var *k = c->k(squared_distances(a, b), (double)elbo_size(a, -1), c->bandwidth);
    if (distinct)
        k = elbo_mul(k, off_diagonal(elbo_graph_of(a), elbo_size(a, -2)));
    return elbo_scale(elbo_sum(k, (int[]){-2, -1}, 2, false), 1 / (rows * others));
}

/* Whether these are two samples of points of the same space. False puts the graph in error. */
static bool are_samples(elbo_var *a, elbo_var *b, bool paired)
{
    const elbo_shape s = elbo_shape_of(a), t = elbo_shape_of(b);
    bool alike = s.ndim >= 2 && s.ndim == t.ndim;
    for (int i = 0; i < s.ndim && alike; i++)
        alike = (i == s.ndim - 2 && !paired) || s.dim[i] == t.dim[i];
    if (!alike)
        elbo_graph_fail(elbo_graph_of(a), ELBO_INVALID,
                        "mmd: samples of shapes %s and %s; expected (..., B, Z) twice%s", elbo_shape_format(&s).text,
                        elbo_shape_format(&t).text, paired ? ", of as many rows" : "");
    return alike;
}

/* 0 (...) for a (..., B, Z) */
static elbo_var *nothing(elbo_var *a)
{
    elbo_shape shape = elbo_shape_of(a);
    shape.ndim -= 2;
    return elbo_expand(elbo_constant(elbo_graph_of(a), 0), shape);
}

static elbo_var *mmd(elbo_var *a, elbo_var *b, const char *name, double bandwidth, bool paired)
{
    elbo_graph *g = elbo_graph_of(a);
    const comparison c = {find_kernel(g, name), bandwidth, paired};
    if (!(bandwidth > 0) || isinf(bandwidth))
        elbo_graph_fail(g, ELBO_INVALID, "mmd: bandwidth %g is not a positive number", bandwidth);
    if (!are_samples(a, b, paired) || elbo_graph_status(g) != ELBO_OK)
        return a;
    if (elbo_size(a, -2) < 2 || elbo_size(b, -2) < 2)
        return nothing(a);
    elbo_var *own = elbo_add(mean_kernel(&c, a, a, true), mean_kernel(&c, b, b, true));
    return elbo_sub(own, elbo_scale(mean_kernel(&c, a, b, paired), 2));
}

elbo_var *elbo_mmd(elbo_var *a, elbo_var *b, const char *kernel, double bandwidth)
{
    return mmd(a, b, kernel, bandwidth, false);
}

elbo_var *elbo_mmd_paired(elbo_var *a, elbo_var *b, const char *kernel, double bandwidth)
{
    return mmd(a, b, kernel, bandwidth, true);
}
