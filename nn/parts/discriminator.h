/* Internal: discriminators, networks that tell two kinds of rows apart: what one of them plays for, and the other
 * against. Dense layers discriminator.hidden, discriminator.hidden2, ... of option discriminator-hidden, each followed
 * by a leaky rectifier, and discriminator.out. */
#ifndef ELBO_NN_DISCRIMINATOR_H
#define ELBO_NN_DISCRIMINATOR_H

#include "net_private.h"

/* Of codes (B, Z) or (B, K, Z), beside the label where there is one and `labelled`: R = B or B K rows */
elbo__judgement elbo__judge_codes(elbo_in *in, elbo_var *z, bool labelled);

/* Of pictures (B, D) or (B, K, D), beside the label where there is one; with net=conv by convolutions
 * discriminator.conv, discriminator.conv2, ... of option channels first. */
elbo__judgement elbo__judge_pictures(elbo_in *in, elbo_var *x);

/* What a discriminator pays, E[-log p] (), for rows that are real, p = sigmoid(logit), and for those that are not,
 * p = 1 - sigmoid(logit). log 2 each where it knows nothing. */
elbo_var *elbo__cost_of_real(elbo__judgement j);
elbo_var *elbo__cost_of_made(elbo__judgement j);

/* The player of that loss (), with the optimiser of options discriminator-lr, -beta1 and -beta2. */
elbo_loss elbo__discriminator(elbo_in *in, elbo_var *value);

/* The parameters of the others. */
#define ELBO__ALL_BUT_DISCRIMINATOR "!discriminator."

#endif
