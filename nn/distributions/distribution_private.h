/* Internal: what the kinds of distributions, one file each (dist_*.c), share. */
#ifndef ELBO_NN_DIST_PRIVATE_H
#define ELBO_NN_DIST_PRIVATE_H

#include "distribution.h"

/* The common rank of two distributions' terms: the one that has draws decides. */
int elbo__common_rank(const elbo_dist *a, const elbo_dist *b);

#endif
