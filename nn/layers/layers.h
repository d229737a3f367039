/* Layers: functions that name their tensors.
 *
 *     elbo_var *h = elbo_relu(elbo_linear(x, "encoder.hidden", 400));   // encoder.hidden.weight (400, 784) and .bias
 *
 * A layer is a call. While the training graph is built its tensors are made the first time a name is met; afterwards
 * they are found again, so the graph that samples uses the weights of the graph that trained. Axis 0 is the batch; a
 * layer that works on the last axis takes any axes before it: (B, D) and (B, K, D) alike.
 *
 * C does not say which argument of a call is evaluated first. Two layers within one call are therefore named in either
 * order: no value depends on that, but the order of the parameter set does. Give each a statement of its own where
 * that matters, and always where two random layers share a stream's name.
 *
 * In nn/layers: functions from nodes to nodes that name their weights, and the initial values of these. What is chosen
 * by option belongs to nn/model, what has a density to nn/distributions.
 */
#ifndef ELBO_NN_LAYERS_H
#define ELBO_NN_LAYERS_H

#include "../../autograd/ops.h"
#include "init.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- dense ------------------------------------------------------------------------------------------------------- */

/* y = x W^T + b: x (..., in) -> (..., out); NAME.weight (out, in), NAME.bias (out), both U(+-1/sqrt(in)) at first */
ELBO_API elbo_var *elbo_linear(elbo_var *x, const char *name, int64_t out);

/* The same with initialisers of the caller's choice. */
ELBO_API elbo_var *elbo_linear_init(elbo_var *x, const char *name, int64_t out, elbo_init weight, elbo_init bias);

/* y = x W^T + b for tensors that are at hand, such as a transposed (tied) weight: w (out, in), b (out) or NULL */
ELBO_API elbo_var *elbo_affine(elbo_var *x, elbo_var *w, elbo_var *b);

/* "hidden", "hidden2", "hidden3", ...: the names of layers of one kind, i from 1; the first 110 bytes of a name
 * count. */
typedef struct {
    char text[128];
} elbo_layer_name;
ELBO_API elbo_layer_name elbo_numbered(const char *name, int i);

/* n times linear and activation, x (..., in) -> (..., sizes[n - 1]); layers NAME, NAME2, NAME3, ... */
ELBO_API elbo_var *elbo_mlp(elbo_var *x, const char *name, const int64_t *sizes, int n, const char *activation);

/* ---- autoregressive networks ------------------------------------------------------------------------------------- */

/* y = x (W * M)^T + b with a mask M (out, in), row-major, whose zeros hold weights at 0: x (..., in) -> (..., out);
 * NAME.weight (out, in) and NAME.bias (out) as those of elbo_linear. The mask is copied. */
ELBO_API elbo_var *elbo_masked_linear(elbo_var *x, const char *name, int64_t out, const double *mask);

/* The mask (out, in) of a layer of MADE (Germain et al., arXiv:1502.03509) from the degrees of its inputs and outputs:
 * M[j][i] = from[i] <= to[j] (hidden layers) or, strict, from[i] < to[j] (the last) ? 1 : 0. An entry of degree d then
 * is made of entries of degrees below d. */
ELBO_API void elbo_made_mask(const int64_t *from, int64_t in, const int64_t *to, int64_t out, bool strict,
                             double *mask);

/* MADE: `outputs` numbers for each entry of x, which depend on the entries before it alone (backwards: after it), and
 * on all of the context (B, H), which may be NULL. x (..., D) -> (..., outputs D), D of the first number, D of the
 * second, ...; masked layers NAME.hidden, NAME.hidden2, ..., each followed by the activation, and NAME.out.
 *
 *     elbo_var *h = elbo_made(z, context, "flow", (elbo_made_shape){(int64_t[]){64, 64}, 2, "relu", 2, false});
 *     elbo_var *m = elbo_slice(h, -1, 0, Z), *s = elbo_slice(h, -1, Z, Z), *gate = elbo_sigmoid(s);
 *     z = elbo_add(m, elbo_mul(gate, elbo_sub(z, m)));                       // a step of an IAF (arXiv:1606.04934)
 *     log_q = elbo_add(log_q, elbo_sum_axis(elbo_softplus(elbo_neg(s)), -1)); // less log |dz'/dz| = sum log gate */
typedef struct {
    const int64_t *sizes;   /* (n) of the hidden layers   */
    int n;
    const char *activation; /* by name                    */
    int outputs;            /* numbers for each entry     */
    bool backwards;
} elbo_made_shape;
ELBO_API elbo_var *elbo_made(elbo_var *x, elbo_var *context, const char *name, elbo_made_shape shape);

/* ---- convolutions ------------------------------------------------------------------------------------------------ */

/* x (B, in, H, W) -> (B, out, H', W'), H' = (H + 2 padding - kernel) / stride + 1; NAME.weight (out, in, kernel,
 * kernel), NAME.bias (out), both U(+-1/sqrt(in kernel^2)) at first */
ELBO_API elbo_var *elbo_conv2d_layer(elbo_var *x, const char *name, int64_t out, int kernel, int stride, int padding);

/* x (B, in, H, W) -> (B, out, H', W'), H' = (H - 1) stride - 2 padding + kernel + output_padding; NAME.weight (in, out,
 * kernel, kernel), NAME.bias (out), both U(+-1/sqrt(out kernel^2)) at first */
ELBO_API elbo_var *elbo_conv_transpose2d_layer(elbo_var *x, const char *name, int64_t out, int kernel, int stride,
                                               int padding, int output_padding);

/* x (B, in, H, W) -> (B, out, H, W), by an odd kernel whose weights are held at 0 where they would meet a pixel that
 * comes later than the one they stand for, in the order of rows, and without `centre` that one too: masks B and A of
 * PixelCNN (van den Oord, Kalchbrenner and Kavukcuoglu, arXiv:1601.06759). One layer of A and then layers of B make of
 * each pixel what depends on pixels before it alone: on those that lie at most kernel / 2 columns further to the right
 * for each row further up (the others are the blind spot of arXiv:1606.05328). NAME.weight (out, in, kernel, kernel),
 * NAME.bias (out), both U(+-1/sqrt(n)) at first, of the n weights that are not held. */
ELBO_API elbo_var *elbo_masked_conv2d(elbo_var *x, const char *name, int64_t out, int kernel, bool centre);

/* ---- images of another size -------------------------------------------------------------------------------------- */

/* The maximum (at a tie the derivative goes to the first) or the mean of windows of size by size pixels, side by side:
 * x (B, C, H, W) -> (B, C, H/size, W/size), rounded down; rows and columns that fill no window are left out. */
ELBO_API elbo_var *elbo_max_pool2d(elbo_var *x, int size);
ELBO_API elbo_var *elbo_avg_pool2d(elbo_var *x, int size);

/* Each pixel as a square of factor by factor: x (B, C, H, W) -> (B, C, factor H, factor W) */
ELBO_API elbo_var *elbo_upsample2d(elbo_var *x, int factor);

/* ---- normalisation ----------------------------------------------------------------------------------------------- */

/* y = (x - mean) / sqrt(variance + 1e-5) weight + bias, mean and variance over the last axis (Ba, Kiros and Hinton,
 * arXiv:1607.06450): x (..., D) -> (..., D); NAME.weight (D) and NAME.bias (D), at first 1 and 0 */
ELBO_API elbo_var *elbo_layer_norm(elbo_var *x, const char *name);

/* The same with mean and variance of each channel over the batch (Ioffe and Szegedy, arXiv:1502.03167): x (B, C) or
 * (B, C, H, W); NAME.weight (C), NAME.bias (C); state NAME.running_mean (C), NAME.running_var (C), at first 0 and 1.
 * Training: those of the batch, and running += 0.1 (batch - running), where the variance is the unbiased one. A channel
 * with one number has none and leaves it as it is, and so does what is not finite. Evaluation: the running ones. */
ELBO_API elbo_var *elbo_batch_norm(elbo_var *x, const char *name);

/* From here on (until `frozen` is false) batch norms of the graph work as in evaluation: by the running statistics, as
 * they are at that place of the graph, which they leave alone; and so do codebooks (quantise.h). For what goes through
 * a network beside the batch, such as the pseudo-inputs of a VampPrior:
 *
 *     elbo_in pseudo = *in;
 *     pseudo.x = u;                                           // (C, D), with y and mask of its own if there are any
 *     elbo_freeze_statistics(in->g, true);
 *     elbo_var *h = elbo_net_encode(&pseudo);                 // (C, H)
 *     elbo_freeze_statistics(in->g, false); */
ELBO_API void elbo_freeze_statistics(elbo_graph *graph, bool frozen);

/* ---- blocks ------------------------------------------------------------------------------------------------------ */

/* y = shortcut + conv2(act(norm2(conv(h)))), h = act(norm(x)): x (B, in, H, W) -> (B, out, (H - 1) / stride + 1, ...).
 * shortcut = x (He et al., arXiv:1603.05027), or a 1x1 convolution of h where `out` or `stride` change the shape. Batch
 * norms NAME.norm, NAME.norm2; 3x3 convolutions NAME.conv, with the stride and without a bias, and NAME.conv2;
 * NAME.shortcut, without a bias; act by its name, from the list below. */
ELBO_API elbo_var *elbo_residual_block(elbo_var *x, const char *name, int64_t out, int stride, const char *activation);

/* ---- activations ------------------------------------------------------------------------------------------------- */

ELBO_API elbo_var *elbo_leaky_relu(elbo_var *x, double slope); /* x > 0 ? x : slope x                                 */
ELBO_API elbo_var *elbo_elu(elbo_var *x, double alpha);        /* x > 0 ? x : alpha (e^x - 1)                         */
ELBO_API elbo_var *elbo_gelu(elbo_var *x);                     /* x Phi(x) = x (1 + erf(x / sqrt 2)) / 2              */
ELBO_API elbo_var *elbo_silu(elbo_var *x);                     /* x sigmoid(x)                                        */

/* By name: relu, leaky_relu (slope 0.01), elu (alpha 1), gelu, silu, tanh, sigmoid, softplus, identity. */
ELBO_API elbo_var *elbo_activation(elbo_var *x, const char *name);

/* Their names, then NULL: the choices of an option. */
ELBO_API extern const char *const elbo_activation_names[];

/* ---- others ------------------------------------------------------------------------------------------------------ */

/* Training: each element is 0 with probability p, otherwise divided by 1 - p. Evaluation: x. 0 <= p < 1. The random
 * stream is `name`; axis 1 of a (B, K, D) tensor counts as the draw. */
ELBO_API elbo_var *elbo_dropout(elbo_var *x, const char *name, double p);

/* y[i] = the row of NAME.weight (n, dims) that index[i] names: index (B) i32 -> (B, dims); N(0, 1) at first. An index
 * outside 0..n-1 gives zeros. For rows y (B, C) that are one-hot: index = elbo_argmax(y, 1). */
ELBO_API elbo_var *elbo_embedding(elbo_var *index, const char *name, int64_t n, int64_t dims);

/* [x, y] on the last axis, y (B, C) repeated over the draws of x: (B, D) -> (B, D + C), (B, K, D) -> (B, K, D + C).
 * y may be NULL: x. */
ELBO_API elbo_var *elbo_condition(elbo_var *x, elbo_var *y);

#ifdef __cplusplus
}
#endif
#endif
