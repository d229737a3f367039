#ifndef ELBO_NN_PARTS_POSTERIOR_LADDER_H
#define ELBO_NN_PARTS_POSTERIOR_LADDER_H

#include "net.h"

elbo_inference elbo__ladder_infer(elbo_in *in);
elbo_var *elbo__ladder_place(elbo_in *in, elbo_var *u);

#endif
