/* How far rounding can take a plan from the interpreter: running error bounds.
 *
 * Every node is computed as the interpreter does it, and beside every number stands a bound on the difference of
 * another computation of the graph that takes each operation in its own way: products and sums in any order, with or
 * without fused multiply-adds, and elementary functions to within 8 units in the last place. For an elementwise
 * operation the bound is the largest change when its operands move within theirs; a comparison, a sign or an index
 * whose operands are that close may come out otherwise, and its bound says so. Bounds are infinite where nothing can be
 * said. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "fuzz_graph.h"

#include "../autograd/beside.h"
#include "../autograd/params_private.h"
#include "../tensor/memory.h"

/* Half a unit in the last place of 1, and the smallest number above 0. */
static double unit_of(elbo_dtype dtype)
{
    return dtype == ELBO_F32 ? 0x1p-24 : 0x1p-53;
}

/* What is smaller is 0 to a run of a plan (subnormals.h), and may be to the interpreter. */
static double least_of(elbo_dtype dtype)
{
    return dtype == ELBO_F32 ? FLT_MIN : DBL_MIN;
}

typedef struct {
    elbo_tensor value, bound; /* bound: f64, whatever the value is */
} pair;

/* The elements in row-major order as doubles; freed by the caller. */
static double *flat(const elbo_tensor *x)
{
    double *out = elbo__alloc((size_t)elbo_shape_size(&x->layout.shape) * sizeof *out);
    int64_t i = 0;
    for (elbo__walk w = elbo__walk_start(&x->layout.shape); out && w.more; elbo__walk_next(&w))
        out[i++] = elbo_tensor_get(x, w.index);
    return out;
}

/* ---- elementwise ------------------------------------------------------------------------------------------------- */

/* The rounding of one operation is the same for the same operands, unless a product may be rounded with what is added
 * to it (which changes nothing where it is a whole number); functions are good to 8 units in the last place. */
static double own_rounding(int row, elbo_dtype dtype, double y, bool moved)
{
    static const double units[] = {
        [FUZZ_NOT_ROUNDED] = 0, [FUZZ_ROUNDED_ONCE] = 2, [FUZZ_ROUNDED_FREELY] = 2, [FUZZ_FUNCTION] = 16};
    fuzz_rounding rounding = fuzz_rounding_of(row);
    bool same = rounding == FUZZ_ROUNDED_ONCE || (rounding == FUZZ_ROUNDED_FREELY && y < 0x1p22 && y == floor(y));
    return same && !moved ? 0 : units[rounding] * (unit_of(dtype) * y + least_of(dtype));
}

/* What a row's roundings are relative to: where it subtracts what it has rounded, to the numbers that it subtracts. */
static double scale_of(int row, const double *v, double y)
{
    switch (row) {
    case ELBO__lerp: return fabs(v[0]) + fabs((v[1] - v[0]) * v[2]);
    case ELBO__lerp_square: return fabs(v[0]) + fabs((v[1] * v[1] - v[0]) * v[2]);
    case ELBO__digamma: return fabs(log(fabs(v[0]))) + fabs(0.5 / v[0]);
    default: return fabs(y);
    }
}

static double elementwise_bound(int row, elbo_dtype dtype, double y, const double *v, const double *e)
{
    int n = elbo__elementwise_operands(row);
    double worst = 0;
    bool moved = false, compares = row == ELBO__less || row == ELBO__less_equal || row == ELBO__equal;
    for (int i = 0; i < n; i++)
        moved |= e[i] != 0;
    if (moved && compares && fabs(v[0] - v[1]) <= e[0] + e[1])
        return 1;
    if (row == ELBO__where && e[0] > 0 && fabs(v[0]) <= e[0])
        return fabs(v[1] - v[2]) + e[1] + e[2];
    /* the extremes are at the corners: operations are monotone in each operand, or turn once (then a corner lies
     * further away than the turning point); sine and cosine turn often, and have a slope of at most 1 */
    bool waves = row == ELBO__sin || row == ELBO__cos;
    if (waves)
        worst = fmin(e[0], 2);
    for (int corner = 0; moved && !waves && corner < 1 << n; corner++) {
        double at[3] = {0};
        for (int i = 0; i < n; i++)
            at[i] = corner >> i & 1 ? v[i] + e[i] : v[i] - e[i];
        double change = fabs(fuzz_forward(row, at[0], at[1], at[2]) - y);
        worst = change <= worst ? worst : change;
    }
    worst = 1.01 * worst + own_rounding(row, dtype, scale_of(row, v, y) + worst, moved);
    return isfinite(y) && isfinite(worst) ? worst : INFINITY;
}

static elbo_status bound_elementwise(const elbo_var *x, const pair *in, const pair *out)
{
    double *v[3] = {NULL}, *e[3] = {NULL}, *y = flat(&out->value), *bound = out->bound.data;
    bool ok = y;
    for (int k = 0; k < x->n_in; k++) {
        v[k] = flat(&in[k].value);
        e[k] = flat(&in[k].bound);
        ok = ok && v[k] && e[k];
    }
    for (int64_t i = 0; i < elbo_shape_size(&x->shape) && ok; i++) {
        double at[3] = {0}, around[3] = {0};
        for (int k = 0; k < x->n_in; k++) {
            at[k] = v[k][i];
            around[k] = e[k][i];
        }
        bound[i] = elementwise_bound(x->attr.elementwise, x->dtype, y[i], at, around);
    }
    elbo__free(y);
    for (int k = 0; k < 3; k++) {
        elbo__free(v[k]);
        elbo__free(e[k]);
    }
    return ok ? ELBO_OK : ELBO_NO_MEMORY;
}

/* ---- sums, products, indices ------------------------------------------------------------------------------------- */

static void call_op(const elbo_var *x, const elbo_tensor *in, elbo_tensor out, const elbo_at *at)
{
    x->op->interpret(&(elbo__call){
        .attr = &x->attr, .out = out, .in = in, .n_in = x->n_in, .grain = INT64_MAX, .axis = -1, .at = at});
}

/* |x| + extra bound, as a new tensor */
static elbo_tensor magnitude(const pair *x, double extra)
{
    elbo_tensor out = elbo_tensor_new(ELBO_F64, x->value.layout.shape);
    for (elbo__walk w = elbo__walk_start(&out.layout.shape); out.data && w.more; elbo__walk_next(&w))
        elbo_tensor_set(&out, w.index,
                        fabs(elbo_tensor_get(&x->value, w.index)) + extra * elbo_tensor_get(&x->bound, w.index));
    return out;
}

/* bound = op(|a| + e, |b| + f) - op(|a|, |b|) + 2 n u op(|a| + e, |b| + f): sums of n terms, of which those of at most
 * `exact_terms` are rounded once or not at all. */
static elbo_status bound_sum(const elbo_var *x, const pair *in, const pair *out, int64_t n, int64_t exact_terms)
{
    elbo_tensor low[2] = {{0}}, high[2] = {{0}}, least = elbo_tensor_new(ELBO_F64, x->shape);
    bool ok = least.data;
    for (int k = 0; k < x->n_in; k++) {
        bool index = x->op == &elbo__op_scatter_add && k == 1;
        low[k] = index ? in[k].value : magnitude(&in[k], 0);
        high[k] = index ? in[k].value : magnitude(&in[k], 1);
        ok = ok && low[k].data && high[k].data;
    }
    if (ok) {
        double *bound = out->bound.data, *from = least.data;
        call_op(x, low, least, NULL);
        call_op(x, high, out->bound, NULL);
        for (int64_t i = 0; i < elbo_shape_size(&x->shape); i++) {
            double moved = bound[i] - from[i];
            bound[i] = moved == 0 && n <= exact_terms
                           ? 0
                           : 1.01 * moved + (double)(2 * n + 4) * (unit_of(x->dtype) * bound[i] + least_of(x->dtype));
            if (!isfinite(bound[i]))
                bound[i] = INFINITY;
        }
    }
    for (int k = 0; k < 2; k++)
        if (!(x->op == &elbo__op_scatter_add && k == 1)) {
            elbo_tensor_free(&low[k]);
            elbo_tensor_free(&high[k]);
        }
    elbo_tensor_free(&least);
    return ok ? ELBO_OK : ELBO_NO_MEMORY;
}

/* None of them has a slope above 1; those of f64 are right to 11 digits. */
static void bound_bessel(const elbo_var *x, const pair *in, const pair *out)
{
    for (elbo__walk w = elbo__walk_start(&x->shape); w.more; elbo__walk_next(&w)) {
        double y = elbo_tensor_get(&out->value, w.index), e = elbo_tensor_get(&in->bound, w.index);
        double own = fmax(1e-11, 16 * unit_of(x->dtype)) * (fabs(y) + e) + least_of(x->dtype);
        elbo_tensor_set(&out->bound, w.index, isfinite(y) ? 1.01 * e + own : INFINITY);
    }
}

/* Where a moves by e (Frobenius norms), its inverse b moves by |b| |e| |b| / (1 - |b| |e|) at most, and |b| <= 1 here;
 * a factor by as much times its norm, the logarithm of the determinant by as much times n. What is computed in double
 * loses as many digits as the norm of a has. */
static void bound_spd(const elbo_var *x, const pair *in, const pair *out)
{
    const int rank = in->value.layout.shape.ndim;
    const int64_t n = in->value.layout.shape.dim[rank - 1];
    for (elbo__walk w = elbo__walk_start(&x->shape); w.more; elbo__walk_next(&w)) {
        double moved = 0, norm = 1, y = elbo_tensor_get(&out->value, w.index);
        elbo__walk at = w;
        for (int64_t i = 0; i < n * n; i++) {
            at.index[rank - 2] = i / n;
            at.index[rank - 1] = i % n;
            moved = hypot(moved, elbo_tensor_get(&in->bound, at.index));
            norm = hypot(norm, elbo_tensor_get(&in->value, at.index));
        }
        moved = moved < 0.5 ? moved / (1 - moved) : INFINITY;
        double factor = x->op == &elbo__op_spd_logdet ? (double)n : x->op == &elbo__op_cholesky ? sqrt(norm) : 1;
        double own = 4 * unit_of(x->dtype) * fabs(y) + 0x1p-48 * (double)(n * n) * norm * (1 + fabs(y));
        elbo_tensor_set(&out->bound, w.index, isfinite(y) ? 1.01 * factor * moved + own : INFINITY);
    }
}

/* An index is certain when no other entry comes near the largest. */
static void bound_argmax(const elbo_var *x, const pair *in, const pair *out)
{
    int axis = x->attr.axis;
    for (elbo__walk w = elbo__walk_start(&out->value.layout.shape); w.more; elbo__walk_next(&w)) {
        elbo__walk at = w;
        int64_t best = (int64_t)elbo_tensor_get(&out->value, w.index);
        bool certain = true;
        at.index[axis] = best;
        double largest = NAN, slack = 0;
        if (x->in[0]->shape.dim[axis]) {
            largest = elbo_tensor_get(&in[0].value, at.index);
            slack = elbo_tensor_get(&in[0].bound, at.index);
        }
        for (int64_t i = 0; i < x->in[0]->shape.dim[axis]; i++) {
            at.index[axis] = i;
            double v = elbo_tensor_get(&in[0].value, at.index), e = elbo_tensor_get(&in[0].bound, at.index) + slack;
            certain = certain && (i == best || e == 0 || v + e < largest) && !isnan(v);
        }
        elbo_tensor_set(&out->bound, w.index, certain ? 0 : INFINITY);
    }
}

static bool certain(const elbo_tensor *bound)
{
    for (elbo__walk w = elbo__walk_start(&bound->layout.shape); w.more; elbo__walk_next(&w))
        if (elbo_tensor_get(bound, w.index) != 0)
            return false;
    return true;
}

/* ---- nodes ------------------------------------------------------------------------------------------------------- */

/* What is not summed keeps its bound, and bounds move as numbers do. */
static void bound_moved(const elbo_var *x, const pair *in, const pair *out)
{
    elbo_tensor few[4], *bounds = x->n_in <= 4 ? few : NULL;
    bool known = bounds != NULL;
    for (int k = 0; k < x->n_in && known; k++) {
        bool index = x->op == &elbo__op_gather && k == 1;
        known = !index || certain(&in[k].bound);
        bounds[k] = index ? in[k].value : in[k].bound;
    }
    if (known)
        call_op(x, bounds, out->bound, NULL);
    for (elbo__walk w = elbo__walk_start(&x->shape); w.more; elbo__walk_next(&w)) {
        double e = known ? elbo_tensor_get(&out->bound, w.index) : INFINITY;
        elbo_tensor_set(&out->bound, w.index, e >= 0 ? e : INFINITY);
    }
}

static elbo_status node(const elbo_var *x, const elbo_at *at, const pair *in, pair *out)
{
    elbo_tensor values[4];
    out->value = elbo_tensor_new(x->dtype, x->shape);
    out->bound = elbo_tensor_new(ELBO_F64, x->shape);
    if (!out->value.data || !out->bound.data || x->n_in > 4)
        return ELBO_NO_MEMORY;
    for (int k = 0; k < x->n_in; k++)
        values[k] = in[k].value;
    call_op(x, values, out->value, at);
    int64_t size = elbo_shape_size(&x->shape), from = x->n_in ? elbo_shape_size(&x->in[0]->shape) : 0;
    if (x->op == &elbo__op_elementwise)
        return bound_elementwise(x, in, out);
    if (x->op == &elbo__op_sum)
        return bound_sum(x, in, out, size ? from / size : 0, 2);
    if (fuzz_multiplies(x))
        return bound_sum(x, in, out, fuzz_terms(x), 1);
    if (x->op == &elbo__op_scatter_add && certain(&in[1].bound))
        return bound_sum(x, in, out, x->in[0]->shape.dim[0], 2);
    if (fuzz_is_bessel(x))
        bound_bessel(x, in, out);
    else if (fuzz_is_spd(x))
        bound_spd(x, in, out);
    else if (x->op == &elbo__op_argmax)
        bound_argmax(x, in, out);
    else if (x->op->flags & ELBO__ASSIGN) {
        elbo_tensor_copy(&in[0].bound, &in[1].bound);
        elbo_tensor_copy(&out->bound, &in[1].bound);
    } else if (x->op == &elbo__op_scatter_add) {
        for (elbo__walk w = elbo__walk_start(&x->shape); w.more; elbo__walk_next(&w))
            elbo_tensor_set(&out->bound, w.index, INFINITY);
    } else if (x->n_in)
        bound_moved(x, in, out);
    return ELBO_OK;
}

static elbo_status leaf(const elbo_var *x, elbo_params *params, elbo_params *bounds, const elbo_feed *feeds, int n,
                        pair *out)
{
    if (x->op == &elbo__op_param) {
        int slab = x->graph->slab_index[x->attr.slab];
        out->value = elbo_params_slab_tensor(params, slab, x->attr.param);
        out->bound = elbo_params_slab_tensor(bounds, slab, x->attr.param);
        return ELBO_OK;
    }
    out->value = elbo_tensor_new(x->dtype, x->shape);
    out->bound = elbo_tensor_new(ELBO_F64, x->shape);
    if (!out->value.data || !out->bound.data)
        return ELBO_NO_MEMORY;
    elbo_tensor from = elbo_tensor_of(ELBO_F64, x->shape, x->attr.values ? x->attr.values : &x->attr.value);
    for (int i = 0; i < n; i++)
        if (x->op == &elbo__op_input && strcmp(feeds[i].name, x->name) == 0)
            from = feeds[i].data;
    elbo_tensor_copy(&out->value, &from);
    return ELBO_OK;
}

elbo_params *fuzz_bounds_of(const elbo_params *params)
{
    elbo_params *bounds = elbo_params_new(ELBO_F64, 0);
    bool ok = bounds != NULL;
    for (int i = 0; i < elbo_params_count(params) && ok; i++)
        ok = elbo_params_add(bounds, elbo_params_name(params, i), elbo_params_shape(params, i), true, (elbo_init){0}) >=
             0;
    for (int i = 0; i < elbo_params_count(params) && ok; i++) { /* where those of `params` lie */
        int beside[ELBO__MOST_BESIDE];
        const int n = elbo__params_block(params, i, beside);
        if (n > 0)
            elbo__params_lay_beside(bounds, beside, n);
    }
    for (int i = 0; i < elbo_params_slab_count(params) && ok; i++)
        ok = elbo__params_add_slab(bounds, elbo_params_slab_name(params, i)) >= 0;
    if (ok && elbo_params_close(bounds) == ELBO_OK)
        return bounds;
    elbo_params_free(bounds);
    return NULL;
}

elbo_status fuzz_bounded(const elbo_graph *g, elbo_params *params, elbo_params *bounds, elbo_at at,
                         const elbo_feed *feeds, int n_feeds, elbo_var *const *outputs, int n, elbo_tensor *out,
                         elbo_tensor *bound)
{
    pair *pairs = elbo__calloc(g->n_nodes, sizeof *pairs), in[4];
    elbo_status status = pairs ? ELBO_OK : ELBO_NO_MEMORY;
    for (size_t i = 0; i < g->n_nodes && status == ELBO_OK; i++) {
        const elbo_var *x = g->nodes[i];
        for (int k = 0; k < x->n_in && k < 4; k++)
            in[k] = pairs[x->in[k]->id];
        status = x->op->flags & ELBO__LEAF ? leaf(x, params, bounds, feeds, n_feeds, &pairs[i])
                                           : node(x, &at, in, &pairs[i]);
    }
    for (int i = 0; i < n && status == ELBO_OK; i++) {
        const pair *p = &pairs[outputs[i]->id];
        out[i] = elbo_tensor_new(p->value.dtype, p->value.layout.shape);
        bound[i] = elbo_tensor_new(ELBO_F64, p->value.layout.shape);
        if (!out[i].data || !bound[i].data)
            return ELBO_NO_MEMORY;
        elbo_tensor_copy(&out[i], &p->value);
        elbo_tensor_copy(&bound[i], &p->bound);
    }
    for (size_t i = 0; pairs && i < g->n_nodes; i++)
        if (g->nodes[i]->op != &elbo__op_param) {
            elbo_tensor_free(&pairs[i].value);
            elbo_tensor_free(&pairs[i].bound);
        }
    elbo__free(pairs);
    return status;
}
