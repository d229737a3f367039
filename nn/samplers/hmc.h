/* Internal: draws from a density that is known up to a factor, by Hamiltonian Monte Carlo in f64 (Duane et al. 1987;
 * Neal 2011, arXiv:1206.1901). Chains go side by side, so that a density is asked about all of them at once.
 *
 *     static elbo_status normal(void *user, const double *z, int64_t n, double *log_density, double *gradient)
 *     {
 *         for (int64_t i = 0; i < n; i++) {
 *             log_density[i] = -z[i] * z[i] / 2;
 *             gradient[i] = -z[i];
 *         }
 *         return ELBO_OK;
 *     }
 *     const elbo__hmc how = {.dims = 1, .proposals = 100, .leaps = 15, .step = 0.03, .density = normal};
 *     double z[64] = {0}, accepted;
 *     elbo_status status = elbo__hmc_run(&how, seed, 0, 64, z, &accepted);
 *
 * A proposal is where `leaps` leapfrog steps lead with a momentum p ~ N(0, I); it is accepted with probability
 * min(1, e^(H - H')), H = |p|^2 / 2 - log density. */
#ifndef ELBO_NN_HMC_H
#define ELBO_NN_HMC_H

#include <stdint.h>

#include "../../tensor/error.h"

typedef struct {
    int64_t dims;      /* Z                                                    */
    int64_t proposals; /* how many of them a chain is                          */
    int64_t leaps;     /* leapfrog steps in each                               */
    double step;       /* e, of a leapfrog step                                */
    /* log p (n) of z (n, Z) but for a constant, and its gradient (n, Z). What is not finite is not accepted; a failure
     * ends all chains. */
    elbo_status (*density)(void *user, const double *z, int64_t n, double *log_density, double *gradient);
    void *user;
} elbo__hmc;

/* z (n, Z) is where n chains begin, and then where they end; *accepted (may be NULL) = the share of proposals that were
 * accepted. Chains are numbered from `first` on; each has random numbers of its own. The watcher is asked between
 * proposals. */
elbo_status elbo__hmc_run(const elbo__hmc *how, uint64_t seed, uint64_t first, int64_t n, double *z,
                          double *accepted) ELBO_MUST_CHECK;

#endif
