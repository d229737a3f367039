/* A convolutional variational autoencoder of pictures of 28 by 28. */
#ifndef ELBO_BENCH_CONVVAE_H
#define ELBO_BENCH_CONVVAE_H

#include <elbo.h>

/* 1 - 32 - 64 channels by kernels of 3 at every second place, 20 latent dimensions, and mirrored; Bernoulli. */
extern const elbo_model elbo_bench_convvae;

#endif
