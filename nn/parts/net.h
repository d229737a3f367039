/* Networks between pictures and latent space, as the model's options ask for them.
 *
 *     static elbo_inference infer(elbo_in *in)
 *     {
 *         return elbo_infer_net(in, elbo_net_encode(in));                       // q(z|x,y)
 *     }
 *     static elbo_dist generate(elbo_in *in, elbo_var *z)
 *     {
 *         return elbo_likelihood(in, elbo_net_decode(in, z));                   // p(x|z,y)
 *     }
 *
 * Option `net` (mlp where it is not declared):
 *
 *     mlp    dense layers encoder.hidden, encoder.hidden2, ... of sizes `hidden`, each followed by `activation`;
 *            decoder.hidden, ... of the sizes reversed. A label stands beside the input of either. With option `tied`
 *            the weights of the decoder are those of the encoder and of layer encoder.code, transposed.
 *     conv   convolutions encoder.conv, encoder.conv2, ... (3x3, stride 2, padding 1) of `channels`, each followed by
 *            `norm` and `activation` and by `residual` residual blocks (which have batch norms in any case); then dense
 *            layers as above. The decoder mirrors that with transposed convolutions, whose output padding gives back
 *            the sizes that the strides rounded up.
 *            A label is one more channel of the encoder's input, computed by layer encoder.label, and stands beside z.
 *
 * A latent map is a row of numbers for each of H by W positions, so that a code stands at each of them:
 *
 *     mlp    H = 1, W of option code-positions (1 where it is not declared): layer encoder.code gives all of them; the
 *            decoder takes them side by side.
 *     conv   what the last convolution gives, without the dense layers of `hidden`: 1x1 convolutions encoder.code, to
 *            the numbers, and decoder.features, back to its channels. A label is one more channel of the decoder's map,
 *            computed by layer decoder.label.
 */
#ifndef ELBO_NN_NET_H
#define ELBO_NN_NET_H

#include "../model/model.h"

#ifdef __cplusplus
extern "C" {
#endif

/* in->x (B, D), in->y (B, C) or NULL -> (B, H) */
ELBO_API elbo_var *elbo_net_encode(elbo_in *in);

/* The same, and what its dense hidden layers put out: at[i] (B, H_i) */
typedef struct {
    int n;
    elbo_var *at[ELBO_MAX_SIZES];
} elbo_units;
ELBO_API elbo_var *elbo_net_encode_units(elbo_in *in, elbo_units *units);

/* z (B, Z) or (B, K, Z), in->y -> what elbo_net_output takes: (..., H), or pictures (..., C, H, W) for conv */
ELBO_API elbo_var *elbo_net_decode(elbo_in *in, elbo_var *z);

/* The same as a latent map: in->x (B, D), in->y -> (B, H, W, numbers) */
ELBO_API elbo_var *elbo_net_encode_map(elbo_in *in, int64_t numbers);

/* From one, its rows side by side: z (B, H W numbers) or (B, K, H W numbers), in->y -> what elbo_net_output takes */
ELBO_API elbo_var *elbo_net_decode_map(elbo_in *in, elbo_var *z);

/* (H, W) of the network's maps; () puts the graph in error. */
ELBO_API elbo_shape elbo_net_map(elbo_in *in);

/* The last layer, `name`: -> (..., D) with the D of in->x */
ELBO_API elbo_var *elbo_net_output(elbo_in *in, elbo_var *h, const char *name);

/* The same with n numbers for each value: -> (..., D, n). None of them is tied to the encoder. */
ELBO_API elbo_var *elbo_net_outputs(elbo_in *in, elbo_var *h, const char *name, int64_t n);

/* The code of a model without a density: layer encoder.code, followed by option code-activation: h (B, H) -> (B, Z) */
ELBO_API elbo_var *elbo_net_code(elbo_in *in, elbo_var *h);

/* q = N(mean, exp logvar) with layer encoder.mean and, by option `spread`, layer encoder.logvar, or encoder.logstd,
 * which is logvar / 2, or encoder.variance, of which exp logvar is softplus + 1e-5; in->draws draws: h (B, H) */
ELBO_API elbo_inference elbo_infer_net(elbo_in *in, elbo_var *h);

/* Choices of options, then NULL. */
ELBO_API extern const char *const elbo_net_names[];      /* mlp, conv        */
ELBO_API extern const char *const elbo_net_norm_names[]; /* none, batch      */
ELBO_API extern const char *const elbo_net_init_names[]; /* fan-in, glorot, he */
ELBO_API extern const char *const elbo_spread_names[];   /* logvar, logstd, softplus */

#ifdef __cplusplus
}
#endif
#endif
