/* The network of convolutions and its mirror image. */
#include <string.h>

#include "net_private.h"

enum { KERNEL = 3, STRIDE = 2, PADDING = 1 };

/* The pictures that pass each layer: level 0 is the image, level i the output of convolution i. */
typedef struct {
    int n; /* convolutions */
    int64_t channels[ELBO_MAX_SIZES + 1], height[ELBO_MAX_SIZES + 1], width[ELBO_MAX_SIZES + 1];
} levels;

static int64_t halved(int64_t size)
{
    return (size + 2 * PADDING - KERNEL) / STRIDE + 1;
}

/* False puts the graph in error. */
static bool find_levels(elbo_in *in, levels *l)
{
    const elbo_sizes channels = elbo_option_sizes(in, "channels");
    const elbo_shape *image = &in->image;
    *l = (levels){.n = channels.n};
    if (channels.n < 1) {
        elbo_graph_fail(in->g, ELBO_INVALID, "net \"conv\": there are no channels, so no convolutions");
        return false;
    }
    if (image->ndim < 2 || image->ndim > 3) {
        elbo_graph_fail(in->g, ELBO_INVALID, "net \"conv\": expected pictures (H, W) or (C, H, W), got %s",
                        elbo_shape_format(image).text);
        return false;
    }
    l->channels[0] = image->ndim == 3 ? image->dim[0] : 1;
    l->height[0] = image->dim[image->ndim - 2];
    l->width[0] = image->dim[image->ndim - 1];
    for (int i = 1; i <= l->n; i++) {
        l->channels[i] = channels.at[i - 1];
        l->height[i] = halved(l->height[i - 1]);
        l->width[i] = halved(l->width[i - 1]);
    }
    return true;
}

/* What follows a convolution: h (B, C, H, W) of the same shape. */
static elbo_var *finish(elbo_in *in, elbo_var *h, const char *name)
{
    const char *activation = elbo_option_choice(in, "activation");
    const int blocks = (int)elbo_option_integer(in, "residual");
    const int64_t channels = elbo_size(h, 1);
    elbo_scope(in->g, name);
    if (strcmp(elbo_option_choice(in, "norm"), "batch") == 0)
        h = elbo_batch_norm(h, "norm");
    h = elbo_activation(h, activation);
    for (int i = 1; i <= blocks; i++)
        h = elbo_residual_block(h, elbo_numbered("residual", i).text, channels, 1, activation);
    elbo_scope_end(in->g);
    return h;
}

/* The labels y (B, C) of layer `name` as one more channel, where there are any; each image may stand K times in x:
 * (B K, C, H, W) -> (B K, C + 1, H, W) */
static elbo_var *with_labels(elbo_var *x, elbo_var *y, const char *name)
{
    if (!y)
        return x;
    elbo_shape plane = elbo_shape_of(x);
    const int64_t images = elbo_size(y, 0), pixels = plane.dim[2] * plane.dim[3];
    plane.dim[1] = 1;
    elbo_var *label = elbo_linear(y, name, pixels);
    if (plane.dim[0] != images)
        label = elbo_expand(elbo_unsqueeze(label, 1), ELBO_SHAPE(images, plane.dim[0] / images, pixels));
    return elbo_concat((elbo_var *[]){x, elbo_reshape(label, plane)}, 2, 1);
}

/* x (B, D) as pictures (B, C, H, W), with the labels */
static elbo_var *pictures(const levels *l, elbo_var *x, elbo_var *y, const char *name)
{
    const elbo_shape shape = ELBO_SHAPE(elbo_size(x, 0), l->channels[0], l->height[0], l->width[0]);
    return with_labels(elbo_reshape(x, shape), y, name);
}

/* (B, C, H, W) -> (B, C H W) */
static elbo_var *flat(elbo_var *h)
{
    return elbo_reshape(h, ELBO_SHAPE(elbo_size(h, 0), elbo_size(h, 1) * elbo_size(h, 2) * elbo_size(h, 3)));
}

/* What the last convolution gives: (B, C, h, w) */
static elbo_var *convolve(elbo_in *in, const levels *l)
{
    elbo_var *h = pictures(l, in->x, in->y, "encoder.label");
    for (int i = 1; i <= l->n; i++) {
        const elbo_layer_name name = elbo_numbered("encoder.conv", i);
        h = elbo_conv2d_layer(h, name.text, l->channels[i], KERNEL, STRIDE, PADDING);
        h = finish(in, h, name.text);
    }
    return h;
}

static elbo_var *encode(elbo_in *in, elbo_units *units)
{
    levels l;
    return find_levels(in, &l) ? elbo__encoder_layers(in, flat(convolve(in, &l)), units) : in->x;
}

/* From the pictures of level i to those of the level above, which the stride had rounded up to even sizes, with n
 * channels for each of theirs. */
static elbo_var *grow(elbo_var *h, const levels *l, int i, const char *name, int64_t n)
{
    const int64_t height = l->height[i - 1], width = l->width[i - 1];
    const bool even = height == STRIDE * l->height[i] || width == STRIDE * l->width[i];
    h = elbo_conv_transpose2d_layer(h, name, l->channels[i - 1] * n, KERNEL, STRIDE, PADDING, even);
    if (elbo_size(h, 2) != height)
        h = elbo_slice(h, 2, 0, height);
    return elbo_size(h, 3) != width ? elbo_slice(h, 3, 0, width) : h;
}

/* From features (B K, C, h, w), as layer decoder.features gives them, to what `output` takes. To a convolution every
 * draw of z (B, Z) or (B, K, Z) is a picture of its own: (B, C, H, W) or (B, K, C, H, W) */
static elbo_var *mirror(elbo_in *in, const levels *l, elbo_var *h, elbo_var *z)
{
    h = finish(in, h, "decoder.features");
    for (int i = l->n; i > 1; i--) {
        const elbo_layer_name name = elbo_numbered("decoder.conv", l->n - i + 1);
        h = finish(in, grow(h, l, i, name.text, 1), name.text);
    }
    elbo_shape shape = elbo_shape_of(h), draws = elbo_shape_of(z);
    if (draws.ndim != 3)
        return h;
    return elbo_reshape(h, ELBO_SHAPE(draws.dim[0], draws.dim[1], shape.dim[1], shape.dim[2], shape.dim[3]));
}

static elbo_var *decode(elbo_in *in, elbo_var *z)
{
    levels l;
    if (!find_levels(in, &l))
        return z;
    const int64_t channels = l.channels[l.n], height = l.height[l.n], width = l.width[l.n];
    elbo_var *h = elbo__decoder_layers(in, elbo_condition(z, in->y));
    h = elbo_linear(h, "decoder.features", channels * height * width);
    return mirror(in, &l, elbo_reshape(h, ELBO_SHAPE(-1, channels, height, width)), z);
}

/* (B, C, H, W) -> (B, D), (B, K, C, H, W) -> (B, K, D), followed by n > 1 numbers of each, whose channels are
 * neighbours. */
static elbo_var *output(elbo_in *in, elbo_var *h, const char *name, int64_t n)
{
    levels l;
    if (!find_levels(in, &l))
        return h;
    const elbo_shape shape = elbo_shape_of(h);
    h = elbo_reshape(h, ELBO_SHAPE(-1, l.channels[1], l.height[1], l.width[1]));
    h = grow(h, &l, 1, name, n);
    elbo_shape to = {.ndim = shape.ndim - 2, .dim = {shape.dim[0], shape.dim[1]}};
    to.dim[to.ndim - 1] = elbo_size(in->x, -1);
    if (n > 1) {
        h = elbo_reshape(h, ELBO_SHAPE(elbo_size(h, 0), l.channels[0], n, l.height[0], l.width[0]));
        h = elbo_permute(h, (const int[]){0, 1, 3, 4, 2});
        to.dim[to.ndim++] = n;
    }
    return elbo_reshape(h, to);
}

/* Without a norm, which would see pictures that are real and pictures that are made apart. */
static elbo_var *judge(elbo_in *in, elbo_var *x, elbo_var *y, elbo__judgement *j)
{
    levels l;
    if (!find_levels(in, &l))
        return x;
    elbo_var *h = pictures(&l, x, y, "discriminator.label");
    for (int i = 1; i <= l.n; i++) {
        h = elbo_conv2d_layer(h, elbo_numbered("discriminator.conv", i).text, l.channels[i], KERNEL, STRIDE, PADDING);
        h = j->at[j->n++] = elbo_leaky_relu(h, elbo_option_number(in, "discriminator-slope"));
    }
    return flat(h);
}

/* ---- maps -------------------------------------------------------------------------------------------------------- */

static elbo_shape map(elbo_in *in)
{
    levels l;
    return find_levels(in, &l) ? ELBO_SHAPE(l.height[l.n], l.width[l.n]) : ELBO_SCALAR;
}

static elbo_var *encode_map(elbo_in *in, int64_t numbers)
{
    levels l;
    if (!find_levels(in, &l))
        return in->x;
    elbo_var *h = elbo_conv2d_layer(convolve(in, &l), "encoder.code", numbers, 1, 1, 0);
    return elbo_permute(h, (int[]){0, 2, 3, 1});
}

static elbo_var *decode_map(elbo_in *in, elbo_var *z)
{
    levels l;
    if (!find_levels(in, &l))
        return z;
    const int64_t height = l.height[l.n], width = l.width[l.n], all = elbo_size(z, -1);
    if (all % (height * width) != 0)
        return elbo_graph_fail(in->g, ELBO_INVALID, "net \"conv\": %lld numbers are no map of %lld by %lld positions",
                               (long long)all, (long long)height, (long long)width);
    elbo_var *h = elbo_reshape(z, ELBO_SHAPE(-1, height, width, all / (height * width)));
    h = with_labels(elbo_permute(h, (int[]){0, 3, 1, 2}), in->y, "decoder.label");
    return mirror(in, &l, elbo_conv2d_layer(h, "decoder.features", l.channels[l.n], 1, 1, 0), z);
}

const elbo__net elbo__net_conv = {encode, decode, output, judge, map, encode_map, decode_map};
