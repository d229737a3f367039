/* Convolution in two dimensions and its two derivatives. Each has the other two as derivatives:
 *
 *     conv2d         y[b][o] = sum over c of x[b][c] met by w[o][c]
 *     conv2d_input   x[b][c] = sum over o of what y[b][o] sends back through w[o][c]: the transposed convolution
 *     conv2d_weight  w[o][c] = sum over b of how y[b][o] meets x[b][c]
 *
 * Of x (B, C, H, W), w (G, O, C, kh, kw) and y (B, O, H', W') they make one from the other two. The batch falls into G
 * equal groups of images, each with weights of its own. A layer has one group; the gradient of its weight is made in up
 * to PARTS groups, where the images are, and those are added in order. */
#include "../../tensor/convolve.h"
#include "../../tensor/memory.h"
#include "../op.h"

enum { PARTS = 16 };

/* ---- plain loops ------------------------------------------------------------------------------------------------- */

/* x[b][c] where number (i, j) of the kernel meets it at position (r, q); 0 outside of it. */
static double pixel(const elbo__call *call, const elbo_tensor *x, int64_t b, int64_t c, int64_t r, int64_t i, int64_t q,
                    int64_t j)
{
    const elbo__attr *attr = call->attr;
    int64_t at[] = {b, c, r * attr->stride + i - attr->padding, q * attr->stride + j - attr->padding};
    const int64_t *size = x->layout.shape.dim;
    return at[2] >= 0 && at[2] < size[2] && at[3] >= 0 && at[3] < size[3] ? elbo_tensor_get(x, at) : 0;
}

static void interpret_conv2d(const elbo__call *call)
{
    const elbo_tensor *x = &call->in[0], *w = &call->in[1];
    const int64_t *ws = w->layout.shape.dim;
    for (elbo__walk y = elbo__walk_start(&call->out.layout.shape); y.more; elbo__walk_next(&y)) {
        const int64_t *n = y.index;
        double sum = 0;
        for (int64_t c = 0; c < ws[2]; c++)
            for (int64_t i = 0; i < ws[3]; i++)
                for (int64_t j = 0; j < ws[4]; j++) {
                    int64_t in_w[] = {n[0] * ws[0] / x->layout.shape.dim[0], n[1], c, i, j};
                    sum += pixel(call, x, n[0], c, n[2], i, n[3], j) * elbo_tensor_get(w, in_w);
                }
        elbo__put(&call->out, &y, sum);
    }
}

/* The position at which number k of the kernel meets pixel `at`, along one axis; -1: at none. */
static int64_t position(const elbo__attr *attr, int64_t at, int64_t k, int64_t positions)
{
    int64_t from = at + attr->padding - k;
    return from >= 0 && from % attr->stride == 0 && from / attr->stride < positions ? from / attr->stride : -1;
}

static void interpret_conv2d_input(const elbo__call *call)
{
    const elbo_tensor *y = &call->in[0], *w = &call->in[1];
    const int64_t *ws = w->layout.shape.dim, *ys = y->layout.shape.dim;
    for (elbo__walk x = elbo__walk_start(&call->out.layout.shape); x.more; elbo__walk_next(&x)) {
        const int64_t *n = x.index;
        double sum = 0;
        for (int64_t o = 0; o < ws[1]; o++)
            for (int64_t i = 0; i < ws[3]; i++)
                for (int64_t j = 0; j < ws[4]; j++) {
                    int64_t in_y[] = {n[0], o, position(call->attr, n[2], i, ys[2]),
                                      position(call->attr, n[3], j, ys[3])};
                    int64_t in_w[] = {n[0] * ws[0] / ys[0], o, n[1], i, j};
                    if (in_y[2] >= 0 && in_y[3] >= 0)
                        sum += elbo_tensor_get(y, in_y) * elbo_tensor_get(w, in_w);
                }
        elbo__put(&call->out, &x, sum);
    }
}

static void interpret_conv2d_weight(const elbo__call *call)
{
    const elbo_tensor *y = &call->in[0], *x = &call->in[1];
    const elbo_shape *ws = &call->out.layout.shape;
    const int64_t *ys = y->layout.shape.dim;
    for (elbo__walk w = elbo__walk_start(ws); w.more; elbo__walk_next(&w)) {
        const int64_t *n = w.index, images = ys[0] / ws->dim[0];
        double sum = 0;
        for (int64_t b = n[0] * images; b < (n[0] + 1) * images; b++)
            for (int64_t r = 0; r < ys[2]; r++)
                for (int64_t q = 0; q < ys[3]; q++) {
                    int64_t in_y[] = {b, n[1], r, q};
                    sum += pixel(call, x, b, n[2], r, n[3], q, n[4]) * elbo_tensor_get(y, in_y);
                }
        elbo__put(&call->out, &w, sum);
    }
}

/* ---- kernels ----------------------------------------------------------------------------------------------------- */

/* The order in which a plan lays out images (B, C, H, W) that are results, and in which all go to the kernel. */
static const int channels_last[] = {0, 2, 3, 1};

/* Images as the kernel takes them: a result has its channels last already, operands are shown so. */
static elbo_tensor images(const elbo__call *call, const elbo_tensor *t)
{
    const bool result = t == &call->out;
    return result ? *t : (elbo_tensor){t->dtype, elbo_layout_permute(&t->layout, channels_last), t->data};
}

static elbo_shape images_shape(const elbo_shape *out, const elbo_shape *s)
{
    const bool result = s == out;
    return result ? *s : ELBO_SHAPE(s->dim[0], s->dim[2], s->dim[3], s->dim[1]);
}

/* What the three say about themselves, given which of y, a and b (the result and its operands) are x, w and y. */
#define KERNEL(name, which, x, w, y)                                                                                   \
    static void kernel_##name(const elbo__call *call)                                                                  \
    {                                                                                                                  \
        const elbo_tensor *out = &call->out, *a = &call->in[0], *b = &call->in[1];                                     \
        const elbo_tensor x_ = images(call, x), y_ = images(call, y);                                                  \
        elbo__convolve(which, &x_, w, &y_, call->attr->stride, call->attr->padding, call->scratch);                    \
    }                                                                                                                  \
    static size_t scratch_##name(elbo_dtype dtype, const elbo_shape *out, const elbo_shape *a, const elbo_shape *b,    \
                                 const elbo__attr *attr)                                                               \
    {                                                                                                                  \
        const elbo_shape x_ = images_shape(out, x), y_ = images_shape(out, y);                                         \
        return elbo__convolve_scratch(which, dtype, &x_, w, &y_, attr->stride, attr->padding);                         \
    }                                                                                                                  \
    static double flops_##name(const elbo_shape *out, const elbo_shape *a, const elbo_shape *b)                        \
    {                                                                                                                  \
        (void)out, (void)a, (void)b;                                                                                   \
        return flops(w, y);                                                                                            \
    }

/* A multiplication and an addition for each number of a weight (O, C, kh, kw) at each position of each image. */
static double flops(const elbo_shape *w, const elbo_shape *y)
{
    return 2.0 * (double)elbo_shape_size(y) * (double)(w->dim[2] * w->dim[3] * w->dim[4]);
}

KERNEL(conv2d, ELBO__CONVOLVE, a, b, out)
KERNEL(conv2d_input, ELBO__CONVOLVE_BACK, out, b, a)
KERNEL(conv2d_weight, ELBO__CONVOLVE_WEIGHT, b, out, a)

/* ---- the graph --------------------------------------------------------------------------------------------------- */

/* Images walk together, and groups of them with groups. */
static int walks(const elbo_shape *y, const elbo_shape *x, const elbo__attr *attr, int operand, int axis)
{
    (void)y, (void)attr;
    return axis == 0 && (operand == 0 || x->dim[0] > 1) ? 0 : ELBO__APART;
}

static elbo__attr geometry(const elbo__attr *attr)
{
    return (elbo__attr){.stride = attr->stride, .padding = attr->padding};
}

/* x (B, C, H, W), w (G, O, C, kh, kw) -> (B, O, H', W') */
static elbo_var *conv2d(elbo_var *x, elbo_var *w, const elbo__attr *like)
{
    const int64_t *xs = x->shape.dim, *ws = w->shape.dim;
    elbo__attr attr = geometry(like);
    int64_t edges = 2 * (int64_t)attr.padding;
    elbo_shape y = ELBO_SHAPE(xs[0], ws[1], (xs[2] + edges - ws[3]) / attr.stride + 1,
                              (xs[3] + edges - ws[4]) / attr.stride + 1);
    return elbo__append(x->graph, &elbo__op_conv2d, x->dtype, y, (elbo_var *[]){x, w}, 2, &attr);
}

/* y (B, O, H', W'), w (G, O, C, kh, kw) -> x, of a shape from which conv2d comes to that of y */
static elbo_var *conv2d_input(elbo_var *y, elbo_var *w, elbo_shape x, const elbo__attr *like)
{
    elbo__attr attr = geometry(like);
    return elbo__append(y->graph, &elbo__op_conv2d_input, y->dtype, x, (elbo_var *[]){y, w}, 2, &attr);
}

/* y (B, O, H', W'), x (B, C, H, W) -> w, of G groups */
static elbo_var *conv2d_weight(elbo_var *y, elbo_var *x, elbo_shape w, const elbo__attr *like)
{
    elbo__attr attr = geometry(like);
    return elbo__append(y->graph, &elbo__op_conv2d_weight, y->dtype, w, (elbo_var *[]){y, x}, 2, &attr);
}

/* The same as the sum of as many parts as PARTS and the batch allow. */
static elbo_var *conv2d_weight_in_parts(elbo_var *y, elbo_var *x, elbo_shape w, const elbo__attr *like)
{
    int64_t groups = w.dim[0], images = groups ? x->shape.dim[0] / groups : 0, parts = PARTS;
    while (parts > 1 && (images == 0 || images % parts != 0 || parts * groups > PARTS))
        parts--;
    elbo_shape in_parts = w;
    in_parts.dim[0] *= parts;
    elbo_var *sum = conv2d_weight(y, x, in_parts, like);
    if (parts == 1)
        return sum;
    const int64_t rest = w.dim[2] * w.dim[3] * w.dim[4]; /* one axis: sums run along rows, however small the kernel */
    return elbo_reshape(elbo_sum_axis(elbo_reshape(sum, ELBO_SHAPE(groups, parts, w.dim[1], rest)), 1), w);
}

static void derive_conv2d(elbo_var *y, elbo_var *dy, elbo_var **dx)
{
    elbo_var *x = y->in[0], *w = y->in[1];
    dx[0] = conv2d_input(dy, w, x->shape, &y->attr);
    dx[1] = conv2d_weight_in_parts(dy, x, w->shape, &y->attr);
}

static void derive_conv2d_input(elbo_var *x, elbo_var *dx, elbo_var **d)
{
    elbo_var *y = x->in[0], *w = x->in[1];
    d[0] = conv2d(dx, w, &x->attr);
    d[1] = conv2d_weight_in_parts(y, dx, w->shape, &x->attr);
}

static void derive_conv2d_weight(elbo_var *w, elbo_var *dw, elbo_var **d)
{
    elbo_var *x = w->in[1];
    d[0] = conv2d(x, dw, &w->attr);
    d[1] = conv2d_input(w->in[0], dw, x->shape, &w->attr);
}

/* ---- the public functions ---------------------------------------------------------------------------------------- */

/* Whether the operands are what a convolution `op` takes: `axis` is the axis of w that belongs to the channels of x. */
static bool takes(const char *op, elbo_var *x, elbo_var *w, int axis, int stride, int padding)
{
    elbo_graph *g = elbo__common_graph(op, (elbo_var *[]){x, w}, 2);
    if (!g)
        return false;
    elbo_shape_text xs = elbo_shape_format(&x->shape), ws = elbo_shape_format(&w->shape);
    if (x->dtype != g->dtype || w->dtype != g->dtype || x->shape.ndim != 4 || w->shape.ndim != 4)
        elbo_graph_fail(g, ELBO_INVALID, "%s: expected %s x (B, C, H, W) and weight %s, got %s %s and %s %s", op,
                        elbo_dtype_name(g->dtype), axis == 1 ? "(O, C, h, w)" : "(C, O, h, w)",
                        elbo_dtype_name(x->dtype), xs.text, elbo_dtype_name(w->dtype), ws.text);
    else if (x->shape.dim[1] != w->shape.dim[axis])
        elbo_graph_fail(g, ELBO_INVALID, "%s: x %s has %lld channels, the weight %s takes %lld", op, xs.text,
                        (long long)x->shape.dim[1], ws.text, (long long)w->shape.dim[axis]);
    else if (w->shape.dim[2] < 1 || w->shape.dim[3] < 1)
        elbo_graph_fail(g, ELBO_INVALID, "%s: the weight %s has an empty kernel", op, ws.text);
    else if (stride < 1 || padding < 0)
        elbo_graph_fail(g, ELBO_INVALID, "%s: stride %d and padding %d; expected at least 1 and 0", op, stride,
                        padding);
    return elbo__graph_ok(g);
}

/* (O, C, kh, kw) -> (1, O, C, kh, kw): a single group */
static elbo_var *one_group(elbo_var *w)
{
    return elbo_unsqueeze(w, 0);
}

/* The result, unless what the kernels keep in scratch memory may be too much to count: an image with its padding, or
 * what each of its pixels gives by each number of the kernel. */
static elbo_var *counted(const char *op, elbo_var *result)
{
    if (!elbo__graph_ok(result->graph))
        return result;
    const elbo_shape *x = result->op == &elbo__op_conv2d ? &result->in[0]->shape : &result->shape;
    const int64_t *ws = result->in[1]->shape.dim, edges = 2 * (int64_t)result->attr.padding;
    const int64_t channels = ws[1] > ws[2] ? ws[1] : ws[2];
    if (elbo_shape_check(&ELBO_SHAPE(channels, ws[3], ws[4], x->dim[2] + edges + ws[3], x->dim[3] + edges + ws[4])) !=
        ELBO_OK)
        return elbo_graph_fail(result->graph, ELBO_INVALID, "%s: the patches of an image: %s", op, elbo_error());
    return result;
}

elbo_var *elbo_conv2d(elbo_var *x, elbo_var *w, int stride, int padding)
{
    if (!takes("conv2d", x, w, 1, stride, padding))
        return elbo__harmless(x);
    const int64_t *xs = x->shape.dim, *ws = w->shape.dim;
    for (int i = 2; i < 4; i++)
        if (xs[i] + 2 * (int64_t)padding < ws[i])
            return elbo_graph_fail(x->graph, ELBO_INVALID,
                                   "conv2d: x %s with padding %d is smaller than the kernel of %s",
                                   elbo_shape_format(&x->shape).text, padding, elbo_shape_format(&w->shape).text);
    return counted("conv2d", conv2d(x, one_group(w), &(elbo__attr){.stride = stride, .padding = padding}));
}

elbo_var *elbo_conv_transpose2d(elbo_var *x, elbo_var *w, int stride, int padding, int output_padding)
{
    if (!takes("conv_transpose2d", x, w, 0, stride, padding))
        return elbo__harmless(x);
    elbo_graph *g = x->graph;
    if (output_padding < 0 || output_padding >= stride)
        return elbo_graph_fail(g, ELBO_INVALID,
                               "conv_transpose2d: output padding %d; expected 0 to %d, below the stride",
                               output_padding, stride - 1);
    elbo_shape shape = ELBO_SHAPE(x->shape.dim[0], w->shape.dim[1], 0, 0);
    for (int i = 2; i < 4; i++) {
        bool fits = x->shape.dim[i] > 0 && elbo__mul_size(x->shape.dim[i] - 1, stride, &shape.dim[i]);
        shape.dim[i] += w->shape.dim[i] + output_padding - 2 * (int64_t)padding;
        if (!fits || shape.dim[i] < 1)
            return elbo_graph_fail(g, ELBO_INVALID,
                                   "conv_transpose2d: x %s by weight %s leaves nothing with padding %d",
                                   elbo_shape_format(&x->shape).text, elbo_shape_format(&w->shape).text, padding);
    }
    elbo__attr attr = {.stride = stride, .padding = padding};
    return counted("conv_transpose2d", conv2d_input(x, one_group(w), shape, &attr));
}

/* ---- the table entries ------------------------------------------------------------------------------------------- */

#define BUILD(name, y)                                                                                                 \
    static elbo_var *name(elbo_var **in)                                                                               \
    {                                                                                                                  \
        return y;                                                                                                      \
    }
BUILD(everywhere, elbo_conv2d(in[0], in[1], 1, 0))
BUILD(padded, elbo_conv2d(in[0], in[1], 1, 1))
BUILD(every_second, elbo_conv2d(in[0], in[1], 2, 1))
BUILD(transposed, elbo_conv_transpose2d(in[0], in[1], 1, 0, 0))
BUILD(transposed_second, elbo_conv_transpose2d(in[0], in[1], 2, 0, 1))

/* From y and x, with the kernel that takes one to the other exactly; in two groups if that can be. */
static elbo_var *build_weight(elbo_var *y, elbo_var *x, int stride, int padding)
{
    const int64_t *ys = y->shape.dim, *xs = x->shape.dim;
    int64_t kernel[2];
    for (int i = 0; i < 2; i++) {
        kernel[i] = xs[i + 2] + 2 * padding - stride * (ys[i + 2] - 1);
        if (ys[0] != xs[0] || ys[i + 2] < 1 || kernel[i] < 1)
            return elbo_graph_fail(x->graph, ELBO_INVALID, "conv2d_weight: these do not meet");
    }
    elbo_shape w = ELBO_SHAPE(ys[0] && ys[0] % 2 == 0 ? 2 : 1, ys[1], xs[1], kernel[0], kernel[1]);
    return conv2d_weight(y, x, w, &(elbo__attr){.stride = stride, .padding = padding});
}
BUILD(weight, build_weight(in[0], in[1], 1, 0))
BUILD(weight_in_groups, build_weight(in[0], in[1], 2, 1))

const elbo__op elbo__op_conv2d = {
    .name = "conv2d",
    .flags = ELBO__ROWS_ONLY,
    .order = channels_last,
    .reads = channels_last,
    .interpret = interpret_conv2d,
    .kernel = kernel_conv2d,
    .derive = derive_conv2d,
    .walks = walks,
    .flops = flops_conv2d,
    .scratch = scratch_conv2d,
    .cases =
        (const elbo__case[]){{"a kernel of 2 by 3", everywhere, 2, {{4, {1, 1, 3, 3}}, {4, {2, 1, 2, 3}}}, -4, 4, 0},
                             {"a kernel of 1, padded", padded, 2, {{4, {1, 2, 2, 2}}, {4, {2, 2, 1, 1}}}, -4, 4, 0},
                             {"every second place", every_second, 2, {{4, {2, 1, 2, 3}}, {4, {2, 1, 2, 2}}}, -4, 4, 0},
                             {0}},
};

const elbo__op elbo__op_conv2d_input = {
    .name = "conv2d_input",
    .flags = ELBO__ROWS_ONLY,
    .order = channels_last,
    .reads = channels_last,
    .interpret = interpret_conv2d_input,
    .kernel = kernel_conv2d_input,
    .derive = derive_conv2d_input,
    .walks = walks,
    .flops = flops_conv2d_input,
    .scratch = scratch_conv2d_input,
    .cases =
        (const elbo__case[]){
            {"transposed", transposed, 2, {{4, {1, 2, 2, 2}}, {4, {2, 1, 2, 2}}}, -4, 4, 0},
            {"transposed, every second place", transposed_second, 2, {{4, {2, 1, 2, 2}}, {4, {1, 2, 2, 3}}}, -4, 4, 0},
            {0}},
};

const elbo__op elbo__op_conv2d_weight = {
    .name = "conv2d_weight",
    .flags = ELBO__ROWS_ONLY,
    .reads = channels_last,
    .interpret = interpret_conv2d_weight,
    .kernel = kernel_conv2d_weight,
    .derive = derive_conv2d_weight,
    .walks = walks,
    .flops = flops_conv2d_weight,
    .scratch = scratch_conv2d_weight,
    .cases = (const elbo__case[]){{"one group", weight, 2, {{4, {1, 2, 2, 2}}, {4, {1, 1, 3, 3}}}, -4, 4, 0},
                                  {"two groups", weight_in_groups, 2, {{4, {2, 1, 2, 2}}, {4, {2, 1, 2, 3}}}, -4, 4, 0},
                                  {0}},
};
