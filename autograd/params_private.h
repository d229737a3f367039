/* Internal: what graph and plan need of a parameter set. */
#ifndef ELBO_AUTOGRAD_PARAMS_PRIVATE_H
#define ELBO_AUTOGRAD_PARAMS_PRIVATE_H

#include "params.h"

void elbo__params_cut(elbo_params *params, int count);                 /* an open set: drops what was added last */
int elbo__params_add_slab(elbo_params *params, const char *name);      /* finds or adds; -1 on failure           */
elbo_layout elbo__params_layout(const elbo_params *params, int index); /* of a closed set, relative to the slab  */
void *elbo__params_data(const elbo_params *params, int slab);
uint64_t elbo__params_version(const elbo_params *params);

/* A matrix of an open set that is to lie row by row; whether one does. */
void elbo__params_lay_by_rows(elbo_params *params, int index);
bool elbo__params_lies_by_rows(const elbo_params *params, int index);

/* Matrices (N_i, K) of an open set that are to lie as one (N_1 + ... + N_n, K) does, in this order: what has to do with
 * all of them finds them beside each other. One alone lies by itself. */
void elbo__params_lay_beside(elbo_params *params, const int *indices, int n);

/* The tensors that lie beside tensor `index`, and before them itself, where it is the first of them: how many they are,
 * 1 where it is alone, 0 where another is the first. */
int elbo__params_block(const elbo_params *params, int index, int *members);

/* Of a closed set: differs where tensors have other shapes or lie in other places. */
uint64_t elbo__params_mark(const elbo_params *params);

#endif
