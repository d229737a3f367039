/* Internal: the codes of images one after the other, and the priors that they lie beside. */
#ifndef ELBO_NN_CODES_H
#define ELBO_NN_CODES_H

#include "../runs/run_private.h"

/* p(z|y) of each label, or the one p(z) of a run without labels: mean, deviation (C, Z); NULL where it is no normal. */
typedef struct {
    float *mean, *deviation;
    int64_t count; /* C */
} elbo__priors;

/* Whether the prior of every label is that of the first, and a normal. */
bool elbo__priors_are_one(const elbo__priors *priors, int64_t latent);

/* KL(N(m, e^logvar) || N(n, t^2)) */
double elbo__normal_kl(double m, double logvar, double n, double t);

/* The images that are looked at, and the codes of one block of them: mean, logvar (block, Z). */
typedef struct {
    elbo_run *run;
    elbo__table table;
    int64_t count;
    elbo__priors priors;
    float *mean, *logvar;
    bool normal; /* q(z|x) is: logvar is there */
    elbo_status (*look)(void *user, int64_t image, const float *mean, const float *logvar); /* logvar or NULL  */
    void *user;
} elbo__codes;

/* The first `count` images; 0, or more than there are: all. Freed with elbo__codes_free in any case. */
elbo_status elbo__codes_open(elbo_run *run, const elbo_images *images, int64_t count,
                             elbo__codes *out) ELBO_MUST_CHECK;
void elbo__codes_free(elbo__codes *codes);

/* Calls codes->look for each image in turn. */
elbo_status elbo__codes_look(elbo__codes *codes) ELBO_MUST_CHECK;

/* Which of the priors is that of an image. */
int64_t elbo__codes_prior(const elbo__codes *codes, int64_t image);

#endif
