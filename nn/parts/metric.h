/* Internal: a Riemannian metric on latent space that is learned from images.
 *
 *     G(z)^-1 = sum_i M_i e_i(z) + lambda I,  e_i(z) = exp(-|c_i - z|^2 / T^2),  M_i = L_i L_i^T
 *
 * with c_i the mean of q(z|x_i) and L_i a lower triangle that a network makes of x_i (Chadebec, Thibeau-Sutre, Burgos
 * and Allassonniere, arXiv:2105.00026). In training i goes over the batch; elsewhere over the last images that were
 * trained on, option metric-size of them, which are state: as strong a metric where they are as many as a batch has.
 * Away from all c_i G^-1 is lambda I. Entries of L below the diagonal and logarithms of those on it lie in (-2, 2). */
#ifndef ELBO_NN_PARTS_METRIC_H
#define ELBO_NN_PARTS_METRIC_H

#include "motion.h"

typedef struct {
    elbo_graph *graph;
    elbo_var *centroids; /* c (n, Z)    */
    elbo_var *matrices;  /* M (n, Z, Z) */
    double temperature, least; /* T, lambda */
} elbo__metric;

/* The metric of a graph that trains, of in->x and the means (B, Z) of its q(z|x), which it notes as the last images. Of
 * more than metric-size images the first make it: the sum over them grows with their number, and what steps can bear
 * does not. */
elbo__metric elbo__metric_of_batch(elbo_in *in, elbo_var *means);

/* That of the images noted last, Z = dims. Before there are any it is I / lambda. */
elbo__metric elbo__metric_of_state(elbo_in *in, int64_t dims);

/* The metric at z (B, K, Z) */
typedef struct {
    elbo_var *z;
    elbo_var *weights; /* e (B, K, n)                  */
    elbo_var *inverse; /* G^-1 (B, K, Z, Z)            */
} elbo__metric_place;
elbo__metric_place elbo__metric_at(const elbo__metric *m, elbo_var *z);

/* d/dz 1/2 tr(A G(z)^-1) (B, K, Z) for A (B, K, Z, Z), symmetric and kept as it is: with A = r r^T that of
 * r^T G^-1 r / 2, with A = G that of log det G^-1 / 2 */
elbo_var *elbo__metric_pull(const elbo__metric *m, const elbo__metric_place *at, elbo_var *a);

/* A v (B, K, Z) for A (B, K, Z, Z), v (B, K, Z) */
elbo_var *elbo__metric_applied(elbo_var *a, elbo_var *v);

/* r ~ N(0, G(z)) of g ~ N(0, I): G C g for C C^T = G^-1, (B, K, Z) */
elbo_var *elbo__metric_momentum(const elbo__metric_place *at, elbo_var *g);

/* A motion in a metric, whose implicit equations are iterated so often. */
typedef struct {
    elbo__motion *motion;
    const elbo__metric *metric;
    int iterations;
} elbo__course;

/* K steps of generalised leapfrog, tempered, from z_0 and r_0 ~ N(0, G(z_0)) before tempering: z_K, r_K */
elbo__phase elbo__riemannian_leapfrog(const elbo__course *c, elbo__phase from);

#endif
