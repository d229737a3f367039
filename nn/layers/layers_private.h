/* What the files of layers share: checks of inputs, and numbers of channels. */
#ifndef ELBO_NN_LAYERS_PRIVATE_H
#define ELBO_NN_LAYERS_PRIVATE_H

#include "layers.h"

/* NAME.weight says how long a layer's input is: it has `ndim` axes, and so many entries on `axis`. */
typedef struct {
    int ndim, axis;
} elbo__fan;

/* Whether layer `name` can take x: (B, ..., in) or (B, in, H, W), with the `in` that its weight has if it is known. If
 * not, the graph is in error: LAYER "NAME": expected input (B, 400), got (B, 784) */
bool elbo__takes_rows(const char *layer, const char *name, elbo_var *x, elbo__fan fan);
bool elbo__takes_images(const char *layer, const char *name, elbo_var *x, elbo__fan fan);

/* The parameter `weight` of the layer whose scope this is, divided by its spectral norm where the graph asks for that;
 * `axis` is that of the outputs. */
elbo_var *elbo__weight(elbo_graph *g, elbo_shape shape, int axis, elbo_init init);

/* v (C) as x takes it: (B, C, 1, 1) for x (B, C, H, W), itself for (B, C). Since it is repeated over images first, its
 * derivative is a sum over pixels, made where the images are, and a short one over images. */
elbo_var *elbo__for_channels(elbo_var *v, elbo_var *x);

/* sqrt(sum of x^2 + 1e-20) over the last axis, which has a derivative at 0 too: (..., Z) -> (..., 1) */
elbo_var *elbo__length(elbo_var *x);

#endif
