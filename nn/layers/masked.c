/* Layers whose weights are partly held at 0, and the networks that they make autoregressive. */
#include "../../autograd/op.h"
#include "../../tensor/memory.h"
#include "layers_private.h"

/* The mask as a constant, transposed (in, out): a weight lies in memory that way. */
static elbo_var *constant_mask(elbo_graph *g, const double *mask, int64_t out, int64_t in)
{
    double *across = elbo__calloc((size_t)(in * out), sizeof *across);
    if (!across)
        return elbo_graph_fail(g, ELBO_NO_MEMORY, "masked_linear: out of memory");
    for (int64_t i = 0; i < in; i++)
        for (int64_t j = 0; j < out; j++)
            across[i * out + j] = mask[j * in + i];
    elbo_var *constant = elbo_array(g, ELBO_SHAPE(in, out), across);
    elbo__free(across);
    return constant;
}

elbo_var *elbo_masked_linear(elbo_var *x, const char *name, int64_t out, const double *mask)
{
    elbo_graph *g = elbo_graph_of(x);
    if (!elbo__takes_rows("masked_linear", name, x, (elbo__fan){2, 1}))
        return elbo__harmless(x);
    const int64_t in = elbo_size(x, -1);
    const elbo_init fan_in = elbo_init_fan_in(in);
    elbo_scope(g, name);
    elbo_var *w = elbo_param(g, "weight", ELBO_SHAPE(out, in), fan_in);
    elbo_var *b = elbo_param(g, "bias", ELBO_SHAPE(out), fan_in);
    elbo_scope_end(g);
    if (!elbo__graph_ok(g))
        return elbo__harmless(x);
    elbo_var *masked = elbo_mul(elbo_transpose(w), constant_mask(g, mask, out, in));
    return elbo_affine(x, elbo_transpose(masked), b);
}

/* 1 before the middle (kernel, kernel) in the order of rows, with `centre` there too, and 0 after it. */
static elbo_var *mask_of_rows(elbo_graph *g, int kernel, bool centre)
{
    const int n = kernel * kernel;
    double *mask = elbo__calloc((size_t)n, sizeof *mask);
    if (!mask)
        return elbo_graph_fail(g, ELBO_NO_MEMORY, "masked_conv2d: out of memory");
    for (int i = 0; i < n; i++)
        mask[i] = centre ? i <= n / 2 : i < n / 2;
    elbo_var *constant = elbo_array(g, ELBO_SHAPE(kernel, kernel), mask);
    elbo__free(mask);
    return constant;
}

elbo_var *elbo_masked_conv2d(elbo_var *x, const char *name, int64_t out, int kernel, bool centre)
{
    elbo_graph *g = elbo_graph_of(x);
    if (!elbo__takes_images("masked_conv2d", name, x, (elbo__fan){4, 1}))
        return elbo__harmless(x);
    if (kernel < 1 || kernel % 2 == 0)
        return elbo_graph_fail(g, ELBO_INVALID, "masked_conv2d \"%s\": a kernel of %d; expected 1, 3, 5, ...", name,
                               kernel);
    const int64_t in = elbo_size(x, 1), held = kernel * kernel / 2 + !centre;
    const elbo_init fan_in = elbo_init_fan_in(in * (kernel * kernel - held > 0 ? kernel * kernel - held : 1));
    elbo_scope(g, name);
    elbo_var *w = elbo_param(g, "weight", ELBO_SHAPE(out, in, kernel, kernel), fan_in);
    elbo_var *b = elbo_param(g, "bias", ELBO_SHAPE(out), fan_in);
    elbo_scope_end(g);
    if (!elbo__graph_ok(g))
        return elbo__harmless(x);
    elbo_var *y = elbo_conv2d(x, elbo_mul(w, mask_of_rows(g, kernel, centre)), 1, kernel / 2);
    return elbo_add(y, elbo__for_channels(b, y));
}

void elbo_made_mask(const int64_t *from, int64_t in, const int64_t *to, int64_t out, bool strict, double *mask)
{
    for (int64_t j = 0; j < out; j++)
        for (int64_t i = 0; i < in; i++)
            mask[j * in + i] = strict ? from[i] < to[j] : from[i] <= to[j];
}

/* One masked layer; from (in) and to (out) are the degrees of its inputs and outputs. */
static elbo_var *made_layer(elbo_var *x, const char *name, const int64_t *from, const int64_t *to, int64_t out,
                            bool strict)
{
    const int64_t in = elbo_size(x, -1);
    double *mask = elbo__calloc((size_t)(in * out), sizeof *mask);
    if (!mask)
        return elbo_graph_fail(elbo_graph_of(x), ELBO_NO_MEMORY, "made \"%s\": out of memory", name);
    elbo_made_mask(from, in, to, out, strict, mask);
    x = elbo_masked_linear(x, name, out, mask);
    elbo__free(mask);
    return x;
}

/* The degree of unit i of the n of a hidden layer: 1 ... D-1 in turn, as in the paper, and where there are fewer units
 * spread evenly among these. With a context there are units of degree 0 too, which see nothing else: the first entry's
 * only ones. */
static int64_t hidden_degree(int64_t i, int64_t n, int64_t dims, bool context)
{
    const int64_t least = context || dims == 1 ? 0 : 1, degrees = dims - least;
    return least + (n >= degrees ? i % degrees : i * degrees / n);
}

/* The layers, with room for degrees in `from` and `to`. */
static elbo_var *made_layers(elbo_var *x, elbo_var *context, elbo_made_shape shape, int64_t *from, int64_t *to)
{
    const int64_t dims = elbo_size(x, -1);
    for (int64_t i = 0; i < dims; i++) /* 0 for the context */
        from[i] = shape.backwards ? dims - i : i + 1;
    elbo_var *h = elbo_condition(x, context);
    for (int i = 0; i < shape.n; i++) {
        for (int64_t j = 0; j < shape.sizes[i]; j++)
            to[j] = hidden_degree(j, shape.sizes[i], dims, context != NULL);
        h = made_layer(h, elbo_numbered("hidden", i + 1).text, from, to, shape.sizes[i], false);
        h = elbo_activation(h, shape.activation);
        int64_t *last = from;
        from = to;
        to = last;
    }
    for (int64_t j = 0; j < shape.outputs * dims; j++)
        to[j] = shape.backwards ? dims - j % dims : j % dims + 1;
    return made_layer(h, "out", from, to, shape.outputs * dims, true);
}

elbo_var *elbo_made(elbo_var *x, elbo_var *context, const char *name, elbo_made_shape shape)
{
    elbo_graph *g = elbo_graph_of(x);
    if (!elbo__takes_rows("made", name, x, (elbo__fan){-1, 0}))
        return elbo__harmless(x);
    const int64_t dims = elbo_size(x, -1), in = dims + (context ? elbo_size(context, -1) : 0);
    int64_t most = shape.outputs * dims > in ? shape.outputs * dims : in;
    if (shape.n > 0 && !shape.sizes)
        return elbo_graph_fail(g, ELBO_INVALID, "made \"%s\": there are no sizes of its %d hidden layers", name,
                               shape.n);
    if (shape.n < 0)
        return elbo_graph_fail(g, ELBO_INVALID, "made \"%s\": %d hidden layers", name, shape.n);
    for (int i = 0; i < shape.n; i++)
        if (shape.sizes[i] < 1)
            return elbo_graph_fail(g, ELBO_INVALID, "made \"%s\": a hidden layer of %lld units", name,
                                   (long long)shape.sizes[i]);
    for (int i = 0; i < shape.n; i++)
        most = shape.sizes[i] > most ? shape.sizes[i] : most;
    if (dims < 1 || shape.outputs < 1)
        return elbo_graph_fail(g, ELBO_INVALID, "made \"%s\": %lld entries, %d outputs for each", name, (long long)dims,
                               shape.outputs);
    int64_t *degrees = elbo__calloc(2 * (size_t)most, sizeof *degrees);
    if (!degrees)
        return elbo_graph_fail(g, ELBO_NO_MEMORY, "made \"%s\": out of memory", name);
    elbo_scope(g, name);
    elbo_var *y = made_layers(x, context, shape, degrees, degrees + most);
    elbo_scope_end(g);
    elbo__free(degrees);
    return y;
}
