/* Models of the library at other defaults than their own, such as peers are compared at. */
#include "workloads.h"

const elbo_model elbo_bench_beta_tcvae = {
    .name = "beta-tcvae",
    .summary = "beta-TCVAE whose estimates are those of weighted minibatches",
    .preset = "objective=beta-tc beta=6 tc-estimator=mws",
    ELBO_OF_PARTS,
};

const elbo_model elbo_bench_iwae_5 = {
    .name = "iwae-5",
    .summary = "importance-weighted autoencoder of the size of the VAE, with 5 draws",
    .preset = "objective=iwae draws=5",
    ELBO_OF_PARTS,
};
