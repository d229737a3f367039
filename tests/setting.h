/* A model of parts by its options, over made-up pictures and weights, with noise that is fed. */
#ifndef ELBO_TESTS_SETTING_H
#define ELBO_TESTS_SETTING_H

#include "../models/models.h"
#include "../nn/parts/parts.h"
#include "rig.h"

enum { B = 3, K = 4, D = 2, MOST = 4 };

extern const double pictures[B * D];
extern const char *const flows[5]; /* posteriors that begin with a normal: normal, planar, radial, iaf, maf */

/* A model with values of its options, and a graph over parameters of size 1. */
typedef struct {
    rig r;
    elbo_values *options;
    elbo_in in;
    int draws, dims;
    double beta;
} setting;

/* options: "latent-dim=2 posterior=iaf"; its parameters are 0.8 times setting_number. */
setting setting_of(const char *options, int draws);
void setting_free(setting *s);

/* The next graph of it. */
void setting_build(setting *s, elbo_mode mode);

/* Numbers that look random, within 1 of 0. */
double setting_number(int i);

/* noise (B, draws, dims) of z; and n numbers for it. */
void setting_feed_noise(setting *s, const double *noise);
void setting_fill_noise(double *noise, int n);

#endif
