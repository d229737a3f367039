/* The lines of a random graph: leaves, elementwise ops, reductions and products. */
#include "fuzz_ops.h"

#include <string.h>

/* The shape that two or three broadcast to; false where they do not. */
static bool broadcast(elbo_var *const *in, int n, elbo_shape *common)
{
    *common = in[0]->shape;
    for (int i = 1; i < n; i++) {
        elbo_shape a = *common, c = in[i]->shape;
        if (a.ndim < c.ndim) {
            a = c;
            c = *common;
        }
        for (int back = 1; back <= c.ndim; back++) {
            int64_t *to = &a.dim[a.ndim - back], from = c.dim[c.ndim - back];
            if (*to != from && *to != 1 && from != 1)
                return false;
            *to = *to == 1 ? from : *to;
        }
        *common = a;
    }
    return true;
}

/* ---- leaves ------------------------------------------------------------------------------------------------------ */

static void fill(const elbo_tensor *t, uint64_t seed, const char *name, const double *args)
{
    uint64_t i = fuzz_hash(seed, strlen(name) + (uint64_t)name[strlen(name) - 1]);
    for (elbo__walk w = elbo__walk_start(&t->layout.shape); w.more; elbo__walk_next(&w)) {
        int64_t n = (int64_t)(fuzz_hash(seed, i++) % 6001) - 3000;
        elbo_tensor_set(t, w.index, args[0] != 0 ? (double)(n / 1000) : (double)n / 1000);
    }
}

static char *name_of(fuzz_build *b, char letter)
{
    static _Thread_local char name[32];
    snprintf(name, sizeof name, "%c%d", letter, b->line);
    fuzz_note(b, "\"%s\"", name);
    return name;
}

APPLY(input)
{
    return elbo_input(b->g, name_of(b, 'x'), b->g->dtype, line->shape);
}

APPLY(bytes)
{
    return elbo_input(b->g, name_of(b, 'u'), ELBO_U8, line->shape);
}

APPLY(index)
{
    return elbo_input(b->g, name_of(b, 'i'), ELBO_I32, line->shape);
}

APPLY(scalar)
{
    return elbo_scalar(b->g, name_of(b, 's'));
}

APPLY(constant)
{
    static const double values[] = {0, 1, -1, 2, 0, 1, -3, 0.3};
    double value = values[fuzz_pick(line, 0, b->program->exact ? 7 : 8)];
    fuzz_note(b, "%g", value);
    return elbo_constant(b->g, value);
}

APPLY(array)
{
    int64_t size = elbo_shape_size(&line->shape);
    if (size > 64)
        return NULL;
    double values[64];
    elbo_tensor t = elbo_tensor_of(ELBO_F64, line->shape, values);
    fill(&t, line->n[0], "array", (double[]){b->program->exact});
    return elbo_array(b->g, line->shape, values);
}

APPLY(param)
{
    return elbo_param(b->g, name_of(b, 'p'), line->shape, (elbo_init){fill, {b->program->exact}});
}

APPLY(state)
{
    return elbo_state(b->g, name_of(b, 't'), line->shape, (elbo_init){fill, {b->program->exact}});
}

APPLY(slab)
{
    static const char *const names[] = {"first", "second"};
    if (in[0]->op != &elbo__op_param || in[0]->attr.slab != 0)
        return NULL;
    fuzz_note(b, "\"%s\"", names[fuzz_pick(line, 0, 2)]);
    return elbo_slab(in[0], names[fuzz_pick(line, 0, 2)]);
}

APPLY(normal)
{
    int axis = line->shape.ndim >= 2 && line->n[0] % 2 ? 1 : -1;
    fuzz_note(b, "draw axis %d", axis);
    return elbo_random_normal(b->g, line->n[1] % 2 ? "normal" : "other", line->shape, axis);
}

APPLY(uniform)
{
    int axis = line->shape.ndim >= 2 && line->n[0] % 2 ? 1 : -1;
    fuzz_note(b, "draw axis %d", axis);
    return elbo_random_uniform(b->g, line->n[1] % 2 ? "uniform" : "other", line->shape, axis);
}

/* ---- elementwise: the kinds numbered like the rows --------------------------------------------------------------- */

static const struct {
    double low, high;
} domains[] = {
#define ELEMENTWISE(operands, name, y, da, db, dc, low, high) {low, high},
#include "../tensor/elementwise.def"
};

static elbo_var *call_row(int row, elbo_var **in)
{
#define CALL_1(f) f(in[0])
#define CALL_2(f) f(in[0], in[1])
#define CALL_3(f) f(in[0], in[1], in[2])
#define ELEMENTWISE(operands, name, ...) CASE(elbo_##name, operands, name)
#define FUSED(operands, name, ...) CASE(elbo__##name, operands, name)
#define CASE(function, operands, name)                                                                                 \
    case ELBO__##name: return CALL_##operands(function);
    switch (row) {
#include "../tensor/elementwise.def"
    }
    return NULL;
}

/* Operands outside of the domain are brought into it: exactly where that can be, else by a sigmoid. */
static elbo_var *into_domain(const fuzz_build *b, int row, elbo_var *x)
{
    if (!b->program->exact)
        return elbo_shift(elbo_scale(elbo_sigmoid(x), domains[row].high - domains[row].low), domains[row].low);
    return row == ELBO__sqrt ? elbo_abs(x) : elbo_shift(elbo_abs(x), 1);
}

APPLY(elementwise)
{
    int row = line->kind, n = elbo__elementwise_operands(row);
    fuzz_range ranges[3], out;
    elbo_shape shape;
    for (int i = 0; i < n; i++) {
        if (!fuzz_is_number(in[i]))
            return NULL;
        ranges[i] = b->ranges[in[i]->id];
    }
    if (!broadcast(in, n, &shape) || !fuzz_fits(b, &shape))
        return NULL;
    if (fuzz_range_of_elementwise(row, ranges, &out, b->program->exact))
        return call_row(row, in);
    bool partial = row == ELBO__sqrt || row == ELBO__div || row == ELBO__reciprocal || row == ELBO__remainder;
    if (b->program->exact && !partial)
        return NULL;
    fuzz_note(b, "of its domain");
    elbo_var *inside[3];
    for (int i = 0; i < n; i++)
        inside[i] = b->program->exact && i < n - 1 ? in[i] : into_domain(b, row, in[i]);
    return call_row(row, inside);
}

APPLY(clamp)
{
    double low = -(double)fuzz_pick(line, 0, 4), high = (double)fuzz_pick(line, 1, 4);
    fuzz_note(b, "to %g..%g", low, high);
    return fuzz_is_number(in[0]) ? elbo_clamp(in[0], low, high) : NULL;
}

APPLY(scale)
{
    static const double factors[] = {-1, 2, 0, 1, -3, 0.5, 0.3};
    double factor = factors[fuzz_pick(line, 0, b->program->exact ? 6 : 7)];
    fuzz_note(b, "by %g", factor);
    return fuzz_is_number(in[0]) ? elbo_scale(in[0], factor) : NULL;
}

APPLY(shift)
{
    double amount = (double)fuzz_pick(line, 0, 9) / (b->program->exact ? 1 : 3);
    fuzz_note(b, "by %g", amount);
    return fuzz_is_number(in[0]) ? elbo_shift(in[0], amount) : NULL;
}

APPLY(cast)
{
    return fuzz_is_number(in[0]) ? NULL : elbo_cast(in[0]);
}

APPLY(one_hot)
{
    elbo_shape shape = in[0]->shape;
    shape.dim[shape.ndim++] = 1 + fuzz_pick(line, 0, 8);
    fuzz_note(b, "%d classes", (int)shape.dim[shape.ndim - 1]);
    return fuzz_fits(b, &shape) ? elbo_one_hot(in[0], shape.dim[shape.ndim - 1]) : NULL;
}

APPLY(straight_through)
{
    bool fit = fuzz_is_number(in[0]) && fuzz_is_number(in[1]) && elbo_shape_equal(&in[0]->shape, &in[1]->shape);
    return fit ? elbo_straight_through(in[0], in[1]) : NULL;
}

/* ---- reductions and products ------------------------------------------------------------------------------------- */

/* The axes whose bits are set, at least one. */
static int axes_of(fuzz_build *b, const fuzz_line *line, const elbo_var *x, int *axes)
{
    int n = 0;
    for (int i = 0; i < x->shape.ndim; i++)
        if (line->n[0] >> i & 1)
            axes[n++] = i;
    if (n == 0 && x->shape.ndim)
        axes[n++] = (int)fuzz_pick(line, 1, x->shape.ndim);
    char text[32] = "";
    for (int i = 0; i < n; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), " %d", axes[i]);
    fuzz_note(b, "over%s%s", text, line->n[2] % 2 ? ", kept" : "");
    return n;
}

#define REDUCTION(name)                                                                                                \
    APPLY(name)                                                                                                        \
    {                                                                                                                  \
        int axes[ELBO_MAX_RANK], n = axes_of(b, line, in[0], axes);                                                    \
        return fuzz_is_number(in[0]) && n ? elbo_##name(in[0], axes, n, line->n[2] % 2) : NULL;                        \
    }
REDUCTION(sum)
REDUCTION(max)
REDUCTION(mean)

#define ALONG_AXIS(name, in_exact)                                                                                     \
    APPLY(name)                                                                                                        \
    {                                                                                                                  \
        int axis = (int)fuzz_pick(line, 0, in[0]->shape.ndim);                                                         \
        fuzz_note(b, "axis %d", axis);                                                                                 \
        bool fit = fuzz_is_number(in[0]) && in[0]->shape.ndim && (in_exact || !b->program->exact);                     \
        return fit ? elbo_##name(in[0], axis) : NULL;                                                                  \
    }
ALONG_AXIS(argmax, true)
ALONG_AXIS(logsumexp, false)
ALONG_AXIS(softmax, false)
ALONG_AXIS(log_softmax, false)

APPLY(sum_all)
{
    return fuzz_is_number(in[0]) ? elbo_sum_all(in[0]) : NULL;
}

APPLY(bessel)
{
    static elbo_var *(*const functions[])(elbo_var *, double) = {elbo_log_bessel_factor, elbo_bessel_ratio,
                                                                 elbo_bessel_slope};
    static const double orders[] = {0, 0.5, 7};
    double order = orders[fuzz_pick(line, 1, 3)];
    fuzz_note(b, "of order %g, %d", order, (int)fuzz_pick(line, 0, 3));
    bool fits = !b->program->exact && fuzz_is_number(in[0]) && b->ranges[in[0]->id].high <= 1000;
    return fits ? functions[fuzz_pick(line, 0, 3)](in[0], order) : NULL;
}

/* Of x x' + 1. */
APPLY(spd)
{
    static elbo_var *(*const functions[])(elbo_var *) = {elbo_spd_inverse, elbo_spd_logdet, elbo_cholesky};
    elbo_shape square = in[0]->shape;
    if (b->program->exact || !fuzz_is_number(in[0]) || square.ndim < 2 || square.dim[square.ndim - 2] > 8)
        return NULL;
    const int64_t n = square.dim[square.ndim - 1] = square.dim[square.ndim - 2];
    const fuzz_range *range = &b->ranges[in[0]->id];
    if (!fuzz_fits(b, &square) || range->low < -100 || range->high > 100)
        return NULL;
    fuzz_note(b, "%d", (int)fuzz_pick(line, 0, 3));
    elbo_var *a = elbo_matmul(in[0], elbo_transpose(in[0]));
    return functions[fuzz_pick(line, 0, 3)](elbo_add(a, elbo_one_hot(elbo_arange(b->g, n), n)));
}

APPLY(matmul)
{
    if (!fuzz_is_number(in[0]) || !fuzz_is_number(in[1]) || in[0]->shape.ndim < 2 || in[1]->shape.ndim < 2)
        return NULL;
    for (int attempt = 0; attempt < 4; attempt++) {
        int how = (int)(line->n[0] + (uint32_t)attempt) % 4;
        elbo_shape s[2] = {in[0]->shape, in[1]->shape}, leading;
        for (int i = 0; i < 2; i++)
            if (how >> i & 1) {
                int64_t *dim = &s[i].dim[s[i].ndim - 2], first = dim[0];
                dim[0] = dim[1];
                dim[1] = first;
            }
        int64_t rows = s[0].dim[s[0].ndim - 2], inner = s[0].dim[s[0].ndim - 1], columns = s[1].dim[s[1].ndim - 1];
        if (inner != s[1].dim[s[1].ndim - 2])
            continue;
        elbo_var left = *in[0], right = *in[1];
        left.shape = s[0];
        right.shape = s[1];
        left.shape.ndim -= 2;
        right.shape.ndim -= 2;
        if (!broadcast((elbo_var *[]){&left, &right}, 2, &leading))
            continue;
        int64_t size = elbo_shape_size(&leading) * rows * columns;
        if (leading.ndim + 2 > FUZZ_AXES || size > b->program->most || size * inner > 16 * b->program->most)
            continue;
        fuzz_note(b, "%s%s", how & 1 ? "first transposed " : "", how & 2 ? "second transposed" : "");
        return elbo_matmul(how & 1 ? elbo_transpose(in[0]) : in[0], how & 2 ? elbo_transpose(in[1]) : in[1]);
    }
    return NULL;
}

/* The shape with axes of size 1 put in until there are four, in one of two ways; false where that cannot be. */
static bool as_images(const elbo_shape *s, bool early, elbo_shape *out)
{
    const int64_t *d = s->dim;
    *out = s->ndim == 4   ? *s
           : s->ndim == 3 ? (early ? ELBO_SHAPE(d[0], 1, d[1], d[2]) : ELBO_SHAPE(d[0], d[1], 1, d[2]))
                          : (early ? ELBO_SHAPE(d[0], 1, 1, d[1]) : ELBO_SHAPE(d[0], d[1], 1, 1));
    return s->ndim >= 2 && s->ndim <= 4;
}

/* The size of the result's axis where a kernel of k meets n entries; below 1: they do not fit. */
static int64_t places(int64_t n, int64_t k, int stride, int padding, bool transposed)
{
    if (k < 1 || (transposed ? n < 1 : n + 2 * padding < k))
        return 0;
    return transposed ? n * stride - 1 - 2 * padding + k : (n + 2 * padding - k) / stride + 1;
}

static elbo_var *convolution(fuzz_build *b, const fuzz_line *line, elbo_var **in, bool transposed)
{
    int stride = 1 + (int)fuzz_pick(line, 0, 3), padding = (int)fuzz_pick(line, 1, 3);
    if (!fuzz_is_number(in[0]) || !fuzz_is_number(in[1]))
        return NULL;
    for (uint32_t how = line->n[2]; how < line->n[2] + 4; how++) {
        elbo_shape x, w;
        if (!as_images(&in[0]->shape, how & 1, &x) || !as_images(&in[1]->shape, how & 2, &w))
            return NULL;
        elbo_shape y = ELBO_SHAPE(x.dim[0], w.dim[transposed ? 1 : 0],
                                  places(x.dim[2], w.dim[2], stride, padding, transposed),
                                  places(x.dim[3], w.dim[3], stride, padding, transposed));
        if (x.dim[1] != w.dim[transposed ? 0 : 1] || y.dim[2] < 1 || y.dim[3] < 1 || !fuzz_fits(b, &y) ||
            elbo_shape_size(&y) * x.dim[1] * w.dim[2] * w.dim[3] > 16 * b->program->most)
            continue;
        fuzz_note(b, "%s by %s, stride %d, padding %d", elbo_shape_format(&x).text, elbo_shape_format(&w).text, stride,
                  padding);
        elbo_var *images = elbo_reshape(in[0], x), *weight = elbo_reshape(in[1], w);
        return transposed ? elbo_conv_transpose2d(images, weight, stride, padding, stride - 1)
                          : elbo_conv2d(images, weight, stride, padding);
    }
    return NULL;
}

APPLY(conv2d)
{
    return convolution(b, line, in, false);
}

APPLY(conv_transpose2d)
{
    return convolution(b, line, in, true);
}

/* ---- the table --------------------------------------------------------------------------------------------------- */

const fuzz_kind fuzz_kinds[] = {
#define ELEMENTWISE(operands, name, ...) {#name, operands, 2, false, fuzz_apply_elementwise},
#include "../tensor/elementwise.def"
#define KIND(name, operands, weight, leaf) {#name, operands, weight, leaf, fuzz_apply_##name},
    FUZZ_KINDS(KIND)
#undef KIND
};
const int fuzz_kinds_count = sizeof fuzz_kinds / sizeof fuzz_kinds[0];

int fuzz_kind_named(const char *name)
{
    int kind = 0;
    while (strcmp(fuzz_kinds[kind].name, name) != 0)
        kind++;
    return kind;
}
