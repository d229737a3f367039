/* What steps are timed of: the models of the library and, declared in the same way, some that it does not have. Where
 * both have the name the one below is meant: settings that figures were taken at stay as they were. */
#ifndef ELBO_BENCH_WORKLOADS_H
#define ELBO_BENCH_WORKLOADS_H

#include <elbo.h>

/* 784-128-32-128-784 with rectifiers and a linear output; the squared error, summed over pixels. */
extern const elbo_model elbo_bench_ae;

/* Burda, Grosse and Salakhutdinov (arXiv:1509.00519) with one stochastic layer: 784-200-200-50 and mirrored, tanh,
 * Bernoulli; 50 draws. */
extern const elbo_model elbo_bench_iwae;

/* A VAE whose decoder gives each pixel a mixture of 5 discretised logistics (Salimans et al., arXiv:1701.05517):
 * 784-200-20 and mirrored, rectifiers. */
extern const elbo_model elbo_bench_mixture;

/* The autoencoder above with the encoder's weights, transposed, in its decoder. */
extern const elbo_model elbo_bench_tied;

/* A VAE that nobody tuned anything for: 784-300-300-16 and mirrored, layer norm and GELU after each hidden layer. */
extern const elbo_model elbo_bench_untuned;

/* The beta-TCVAE of the library (784-400-20, beta 6), with weighted minibatches for its stratified ones. */
extern const elbo_model elbo_bench_beta_tcvae;

/* The library's importance-weighted autoencoder: 784-400-20 and mirrored, rectifiers; 5 draws. */
extern const elbo_model elbo_bench_iwae_5;

/* The i-th of all of them, those above first; NULL past the last. */
const elbo_model *workload(int i);

#endif
