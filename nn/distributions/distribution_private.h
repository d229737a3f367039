/* Internal: what the kinds of distributions, one file each, share. */
#ifndef ELBO_NN_DIST_PRIVATE_H
#define ELBO_NN_DIST_PRIVATE_H

#include "distribution.h"

/* The common rank of two distributions' terms: the one that has draws decides. */
int elbo__common_rank(const elbo_dist *a, const elbo_dist *b);

/* ---- the unit sphere of R^Z (sphere.c) --------------------------------------------------------------------------- */

elbo_var *elbo__along(elbo_var *a, elbo_var *b); /* the scalar product along the last axis, (..., Z) -> (..., 1) */
elbo_var *elbo__on_sphere(elbo_var *x);          /* x / |x|, and 0 for x = 0                                     */
double elbo__log_area(const elbo_dist *d);       /* ln (2 pi^(Z/2) / gamma(Z/2))                                 */

/* Whether Z is at least 2 and there is no mask; else the graph is in error. */
bool elbo__sphere_takes(const elbo_dist *d, elbo_var *mask);

/* elbo_dist_of for a mean direction (..., Z) and a concentration (..., 1); other shapes put the graph in error. */
elbo_dist elbo__sphere_of(const elbo_dist_kind *kind, elbo_var *mean, elbo_var *concentration);

/* Draws z (..., Z) of `shape` with the cosine w = 1 - u, u (..., 1), from the mean direction m (..., Z):
 * z = w m + (1 - w^2)^(1/2) v, v uniform among the directions across m. */
elbo_var *elbo__around(elbo_var *m, elbo_var *u, const char *name, elbo_shape shape, int draw_axis);

/* ---- others ------------------------------------------------------------------------------------------------------ */

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
