/* VAEs that are a linear Gaussian model, of which everything is known: no hidden layer, a gaussian likelihood. */
#ifndef ELBO_TESTS_LINEAR_VAE_H
#define ELBO_TESTS_LINEAR_VAE_H

#include "runs.h"

/* q(z|x) = N(A x + a, diag(e^v)), p(x|z) = N(W z + b, c I), p(z) = N(0, I). What is NULL is zeros. */
typedef struct {
    int64_t pixels, latent;   /* D, Z                        */
    const double *code;       /* A (Z, D)                    */
    const double *code_bias;  /* a (Z)                       */
    const double *logvar;     /* v (Z)                       */
    const double *decode;     /* W (D, Z)                    */
    const double *mean;       /* b (D)                       */
    const char *variance;     /* c, as text; NULL: the usual */
} linear_vae;

elbo_run *linear_vae_run(const linear_vae *l);

#endif
