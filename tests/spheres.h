/* Small von Mises-Fisher distributions: what their tests share. */
#ifndef ELBO_TESTS_SPHERES_H
#define ELBO_TESTS_SPHERES_H

#include "../nn/distributions/distribution.h"
#include "rig.h"

enum { FIGURES = 6, MOST_DIMS = 41 };

/* dims, k, E[w] = A, KL to the uniform distribution: by scipy's ive, to 7 decimals. */
extern const double figures[FIGURES][4];

/* A unit vector m (dims) none of whose entries is 0, the first of the sign that is given. */
void some_direction(int dims, double sign, double *m);

/* The distribution of one image, m (1, dims) as input "m", k as input "k" (1, 1). */
elbo_dist vmf(rig *r, int dims, double k, double sign);

/* 512 draws of make(args of one), one of (1, dims), in f32 are of length 1, and they, their densities and derivatives
 * are finite. Returns KL(one || uniform), *by_k its derivative by the concentration. */
double assert_f32_draws(rig *r, const elbo_dist *one, elbo_dist (*make)(elbo_var *mean, elbo_var *concentration),
                        double *by_k);

#endif
