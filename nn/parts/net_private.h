/* Internal: a kind of network, a row of the table in net.c. */
#ifndef ELBO_NN_NET_PRIVATE_H
#define ELBO_NN_NET_PRIVATE_H

#include "net.h"

/* What a discriminator makes of rows (R, ...): log-odds that they are what it takes for real, and what its hidden
 * layers put out, convolutions first. */
typedef struct {
    elbo_var *logits;                 /* (R)      */
    int n;
    elbo_var *at[2 * ELBO_MAX_SIZES]; /* (R, ...) */
} elbo__judgement;

typedef struct {
    elbo_var *(*encode)(elbo_in *in, elbo_units *units); /* in->x, in->y -> (B, H)                    */
    elbo_var *(*decode)(elbo_in *in, elbo_var *z);       /* (B, Z) or (B, K, Z) -> what `output` takes */
    elbo_var *(*output)(elbo_in *in, elbo_var *h, const char *name, int64_t n); /* -> (..., D); n > 1: (..., D, n) */
    /* x (R, D), y (R, C) or NULL -> what the discriminator's dense layers take (R, n) */
    elbo_var *(*judge)(elbo_in *in, elbo_var *x, elbo_var *y, elbo__judgement *j);
    elbo_shape (*map)(elbo_in *in);                        /* (H, W); in error ()                              */
    elbo_var *(*encode_map)(elbo_in *in, int64_t numbers); /* -> (B, H, W, numbers)                            */
    elbo_var *(*decode_map)(elbo_in *in, elbo_var *z);     /* as decode                                        */
} elbo__net;

extern const elbo__net elbo__net_mlp, elbo__net_conv;

/* elbo_linear with the initial values of option init. */
elbo_var *elbo__net_linear(elbo_in *in, elbo_var *x, const char *name, int64_t out);

/* The dense hidden layers of option `hidden` on either side: x (..., n) -> (..., H) */
elbo_var *elbo__encoder_layers(elbo_in *in, elbo_var *x, elbo_units *units);
elbo_var *elbo__decoder_layers(elbo_in *in, elbo_var *z);

/* The network by option `net`. */
const elbo__net *elbo__net_of(elbo_in *in);

#endif
