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

/* What means of draws are made of, (..., E): means, but of classes the share of each (so that E > D). */
elbo_var *elbo__dist_expectations(const elbo_dist *d);

/* ---- draws (random_draws.c): of `shape`, without a derivative; parameters broadcast to it ------------------------ */

/* log x, x of a gamma distribution of shape a = exp log_a and scale 1 */
elbo_var *elbo__draw_log_gamma(elbo_graph *g, const char *name, elbo_var *log_a, elbo_shape shape, int draw_axis);
elbo_var *elbo__draw_poisson(elbo_graph *g, const char *name, elbo_var *log_mean, elbo_shape shape, int draw_axis);

#endif
