/* Internal: what the kinds of distributions, one file each, share. */
#ifndef ELBO_NN_DIST_PRIVATE_H
#define ELBO_NN_DIST_PRIVATE_H

#include "distribution.h"

/* The common rank of two distributions' terms: the one that has draws decides. */
int elbo__common_rank(const elbo_dist *a, const elbo_dist *b);

/* log(sinh(l/2) / (l/2)), an even function, with derivatives of all orders at 0 */
elbo_var *elbo__log_sinhc(elbo_var *l);

/* elbo_dist_of for two parameters of one shape; another shape puts the graph in error. */
elbo_dist elbo__dist_of_pair(const elbo_dist_kind *kind, elbo_var *first, elbo_var *second);
void elbo__dist_check(const elbo_dist *d, elbo_var *another); /* whether `another` has the shape of d, too */

#endif
