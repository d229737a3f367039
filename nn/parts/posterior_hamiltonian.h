#ifndef ELBO_NN_PARTS_POSTERIOR_HAMILTONIAN_H
#define ELBO_NN_PARTS_POSTERIOR_HAMILTONIAN_H

#include "net.h"

elbo_inference elbo__hamiltonian_infer(elbo_in *in);

#endif
