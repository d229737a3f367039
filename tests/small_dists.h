/* Parameters of small distributions, and what is asked of every kind: what the tests of distributions share. */
#ifndef ELBO_TESTS_SMALL_DISTS_H
#define ELBO_TESTS_SMALL_DISTS_H

#include "../nn/distributions/distribution.h"
#include "rig.h"

enum { B = 2, K = 3, D = 4, MANY = 20000 };

extern const double mean[B * D], logvar[B * D], other_mean[B * D], other_logvar[B * D];
extern const double logits[B * D], other_logits[B * D];
extern const double grey[B * D], points[B * K * D];

/* An input (B, D) */
elbo_var *input(rig *r, const char *name, const double *values);

/* log p(x) of one number, as the textbook has it */
double plain_normal(double x, double m, double variance);
double plain_bernoulli(double x, double logit);
double plain_continuous_bernoulli(double x, double logit);

/* Mean over MANY draws of each value, and of its square: both (B, D) */
void draw_moments(rig *r, elbo_dist d, bool reparametrised, double *first, double *second);

/* The closed form agrees with the mean of log q(z) - log p(z) over MANY draws from q, within five of its own standard
 * deviations (which one normal mean exceeds once in two million). */
void assert_kl_is_the_mean_log_ratio(rig *r, elbo_dist q, elbo_dist p);

#endif
