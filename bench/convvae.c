#include "convvae.h"

enum { LATENT = 20, SIDE = 28, FEW = 32, MANY = 64, SMALL = SIDE / 4 };
enum { KERNEL = 3, STRIDE = 2, PADDING = 1 };

static elbo_inference infer(elbo_in *in)
{
    int64_t images = elbo_size(in->x, 0);
    elbo_var *h = elbo_reshape(in->x, ELBO_SHAPE(images, 1, SIDE, SIDE));
    h = elbo_relu(elbo_conv2d_layer(h, "encoder.conv", FEW, KERNEL, STRIDE, PADDING));   /* (B, 32, 14, 14) */
    h = elbo_relu(elbo_conv2d_layer(h, "encoder.conv2", MANY, KERNEL, STRIDE, PADDING)); /* (B, 64, 7, 7)   */
    h = elbo_reshape(h, ELBO_SHAPE(images, MANY * SMALL * SMALL));
    elbo_var *mean = elbo_linear(h, "encoder.mean", LATENT);
    elbo_var *logvar = elbo_linear(h, "encoder.logvar", LATENT);
    return elbo_infer_normal(in, mean, logvar);
}

static elbo_dist prior(elbo_in *in)
{
    return elbo_standard_normal(in->g, ELBO_SHAPE(elbo_size(in->x, 0), LATENT));
}

/* z (..., Z) -> (..., D): every draw is an image of its own to the convolutions. */
static elbo_dist generate(elbo_in *in, elbo_var *z)
{
    (void)in;
    elbo_shape shape = elbo_shape_of(z);
    elbo_var *h = elbo_relu(elbo_linear(z, "decoder.hidden", MANY * SMALL * SMALL));
    h = elbo_reshape(h, ELBO_SHAPE(-1, MANY, SMALL, SMALL));
    h = elbo_relu(
        elbo_conv_transpose2d_layer(h, "decoder.conv", FEW, KERNEL, STRIDE, PADDING, 1)); /* (.., 32, 14, 14) */
    h = elbo_conv_transpose2d_layer(h, "decoder.logits", 1, KERNEL, STRIDE, PADDING, 1);  /* (.., 1, 28, 28)  */
    shape.dim[shape.ndim - 1] = SIDE * SIDE;
    return elbo_bernoulli(elbo_reshape(h, shape));
}

const elbo_model elbo_bench_convvae = {
    .name = "convvae",
    .summary = "convolutional variational autoencoder",
    .infer = infer,
    .prior = prior,
    .generate = generate,
};
