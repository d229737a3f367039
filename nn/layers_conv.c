/* Layers of images: x (B, C, H, W). */
#include "../autograd/op.h"
#include "layers_private.h"

/* ---- convolutions ------------------------------------------------------------------------------------------------ */

static elbo_var *add_to_channels(elbo_var *y, elbo_var *b)
{
    return elbo_add(y, elbo__for_channels(b, y));
}

elbo_var *elbo_conv2d_layer(elbo_var *x, const char *name, int64_t out, int kernel, int stride, int padding)
{
    elbo_graph *g = elbo_graph_of(x);
    if (!elbo__takes_images("conv2d", name, x, (elbo__fan){4, 1}))
        return elbo__harmless(x);
    int64_t in = elbo_size(x, 1);
    elbo_init fan_in = elbo_init_fan_in(in * kernel * kernel);
    elbo_scope(g, name);
    elbo_var *w = elbo_param(g, "weight", ELBO_SHAPE(out, in, kernel, kernel), fan_in);
    elbo_var *b = elbo_param(g, "bias", ELBO_SHAPE(out), fan_in);
    elbo_scope_end(g);
    return add_to_channels(elbo_conv2d(x, w, stride, padding), b);
}

elbo_var *elbo_conv_transpose2d_layer(elbo_var *x, const char *name, int64_t out, int kernel, int stride, int padding,
                                      int output_padding)
{
    elbo_graph *g = elbo_graph_of(x);
    if (!elbo__takes_images("conv_transpose2d", name, x, (elbo__fan){4, 0}))
        return elbo__harmless(x);
    elbo_init fan_in = elbo_init_fan_in(out * kernel * kernel);
    elbo_scope(g, name);
    elbo_var *w = elbo_param(g, "weight", ELBO_SHAPE(elbo_size(x, 1), out, kernel, kernel), fan_in);
    elbo_var *b = elbo_param(g, "bias", ELBO_SHAPE(out), fan_in);
    elbo_scope_end(g);
    return add_to_channels(elbo_conv_transpose2d(x, w, stride, padding, output_padding), b);
}
