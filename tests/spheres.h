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

#endif
