/* Internal: what graph and plan need of a parameter set. */
#ifndef ELBO_AUTOGRAD_PARAMS_PRIVATE_H
#define ELBO_AUTOGRAD_PARAMS_PRIVATE_H

#include "params.h"

void elbo__params_cut(elbo_params *params, int count);                 /* an open set: drops what was added last */
int elbo__params_add_slab(elbo_params *params, const char *name);      /* finds or adds; -1 on failure           */
elbo_layout elbo__params_layout(const elbo_params *params, int index); /* of a closed set, relative to the slab  */
void *elbo__params_data(const elbo_params *params, int slab);
uint64_t elbo__params_version(const elbo_params *params);

/* The memory layout of a tensor of this shape: axes 0 and 1 of a matrix change places, (out, in) -> (in, out). */
elbo_layout elbo__params_memory(const elbo_shape *shape);

#endif
