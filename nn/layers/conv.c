/* Layers of images: x (B, C, H, W). */
#include "../../autograd/op.h"
#include "../../tensor/memory.h"
#include "layers_private.h"

/* ---- convolutions ------------------------------------------------------------------------------------------------ */

static elbo_var *add_to_channels(elbo_var *y, elbo_var *b)
{
    return elbo_add(y, elbo__for_channels(b, y));
}

static elbo_var *convolve(elbo_var *x, const char *name, int64_t out, int kernel, int stride, int padding, bool bias)
{
    elbo_graph *g = elbo_graph_of(x);
    if (!elbo__takes_images("conv2d", name, x, (elbo__fan){4, 1}))
        return elbo__harmless(x);
    int64_t in = elbo_size(x, 1);
    elbo_init fan_in = elbo_init_fan_in(in * kernel * kernel);
    elbo_scope(g, name);
    elbo_var *w = elbo__weight(g, ELBO_SHAPE(out, in, kernel, kernel), 0, fan_in);
    elbo_var *b = bias ? elbo_param(g, "bias", ELBO_SHAPE(out), fan_in) : NULL;
    elbo_scope_end(g);
    elbo_var *y = elbo_conv2d(x, w, stride, padding);
    return b ? add_to_channels(y, b) : y;
}

elbo_var *elbo_conv2d_layer(elbo_var *x, const char *name, int64_t out, int kernel, int stride, int padding)
{
    return convolve(x, name, out, kernel, stride, padding, true);
}

elbo_var *elbo_conv_transpose2d_layer(elbo_var *x, const char *name, int64_t out, int kernel, int stride, int padding,
                                      int output_padding)
{
    elbo_graph *g = elbo_graph_of(x);
    if (!elbo__takes_images("conv_transpose2d", name, x, (elbo__fan){4, 0}))
        return elbo__harmless(x);
    elbo_init fan_in = elbo_init_fan_in(out * kernel * kernel);
    elbo_scope(g, name);
    elbo_var *w = elbo__weight(g, ELBO_SHAPE(elbo_size(x, 1), out, kernel, kernel), 1, fan_in);
    elbo_var *b = elbo_param(g, "bias", ELBO_SHAPE(out), fan_in);
    elbo_scope_end(g);
    return add_to_channels(elbo_conv_transpose2d(x, w, stride, padding, output_padding), b);
}

/* ---- another size ------------------------------------------------------------------------------------------------ */

static bool are_images(const char *op, elbo_var *x)
{
    elbo_shape shape = elbo_shape_of(x);
    if (elbo__graph_ok(elbo_graph_of(x)) && shape.ndim != 4)
        elbo_graph_fail(elbo_graph_of(x), ELBO_INVALID, "%s: expected x (B, C, H, W), got %s", op,
                        elbo_shape_format(&shape).text);
    return elbo__graph_ok(elbo_graph_of(x));
}

/* Folds every `size` neighbours on an axis into one, the first first. Neighbours become an axis of their own, and its
 * entries are taken apart: views with long rows, where a reduction would meet many short ones. */
static elbo_var *fold(elbo_var *x, int axis, int size, elbo_var *(*pair)(elbo_var *, elbo_var *))
{
    const int64_t n = elbo_size(x, axis) / size;
    x = elbo_unsqueeze(elbo_slice(x, axis, 0, n * size), axis + 1);
    elbo_shape neighbours = elbo_shape_of(x);
    neighbours.dim[axis] = n;
    neighbours.dim[axis + 1] = size;
    x = elbo_reshape(x, neighbours);
    elbo_var *y = elbo_slice(x, axis + 1, 0, 1);
    for (int i = 1; i < size; i++)
        y = pair(y, elbo_slice(x, axis + 1, i, 1));
    return elbo_squeeze(y, axis + 1);
}

/* Windows of x (B, C, H, W) folded into one pixel each, along rows and then along columns. */
static elbo_var *pool(const char *op, elbo_var *x, int size, elbo_var *(*pair)(elbo_var *, elbo_var *))
{
    if (!are_images(op, x))
        return elbo__harmless(x);
    const elbo_shape s = elbo_shape_of(x);
    if (size < 1 || s.dim[2] < size || s.dim[3] < size)
        return elbo_graph_fail(elbo_graph_of(x), ELBO_INVALID, "%s: no window of size %d in x %s", op, size,
                               elbo_shape_format(&s).text);
    return fold(fold(x, 3, size, pair), 2, size, pair);
}

elbo_var *elbo_max_pool2d(elbo_var *x, int size)
{
    return pool("max_pool2d", x, size, elbo_maximum);
}

elbo_var *elbo_avg_pool2d(elbo_var *x, int size)
{
    return elbo_scale(pool("avg_pool2d", x, size, elbo_add), 1 / ((double)size * size));
}

/* Each entry of an axis n times, as copies side by side: rows stay long, where a repeated axis makes short ones. */
static elbo_var *stretch(elbo_var *x, int axis, int n)
{
    elbo_shape shape = elbo_shape_of(x);
    elbo_var **copies = elbo__calloc((size_t)n, sizeof *copies);
    if (!copies)
        return elbo_graph_fail(elbo_graph_of(x), ELBO_NO_MEMORY, "upsample2d: out of memory");
    for (int i = 0; i < n; i++)
        copies[i] = elbo_unsqueeze(x, axis + 1);
    x = elbo_concat(copies, n, axis + 1);
    elbo__free(copies);
    shape.dim[axis] *= n;
    return elbo_reshape(x, shape);
}

elbo_var *elbo_upsample2d(elbo_var *x, int factor)
{
    if (!are_images("upsample2d", x))
        return elbo__harmless(x);
    if (factor < 1)
        return elbo_graph_fail(elbo_graph_of(x), ELBO_INVALID, "upsample2d: factor %d; expected at least 1", factor);
    return stretch(stretch(x, 3, factor), 2, factor);
}

/* ---- residual blocks --------------------------------------------------------------------------------------------- */

/* The first convolution and the projection have no bias: the norm behind the one would take it away, and the other's
 * is that of the second convolution, which it is added to. */
elbo_var *elbo_residual_block(elbo_var *x, const char *name, int64_t out, int stride, const char *activation)
{
    elbo_graph *g = elbo_graph_of(x);
    if (!elbo__takes_images("residual_block", name, x, (elbo__fan){4, 1})) /* its norm knows the channels */
        return elbo__harmless(x);
    const bool same = out == elbo_size(x, 1) && stride == 1;
    elbo_scope(g, name);
    elbo_var *h = elbo_activation(elbo_batch_norm(x, "norm"), activation);
    elbo_var *shortcut = same ? x : convolve(h, "shortcut", out, 1, stride, 0, false);
    h = convolve(h, "conv", out, 3, stride, 1, false);
    h = elbo_activation(elbo_batch_norm(h, "norm2"), activation);
    h = elbo_conv2d_layer(h, "conv2", out, 3, 1, 1);
    elbo_scope_end(g);
    return elbo_add(shortcut, h);
}
