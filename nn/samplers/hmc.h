/* Internal: draws from a density that is known up to a factor, by Hamiltonian Monte Carlo in f64 (Duane et al. 1987;
 * Neal 2011, arXiv:1206.1901).
 *
 *     static elbo_status normal(void *user, const double *z, double *log_density, double *gradient)
 *     {
 *         *log_density = -z[0] * z[0] / 2;
 *         gradient[0] = -z[0];
 *         return ELBO_OK;
 *     }
 *     const elbo__hmc how = {.dims = 1, .proposals = 100, .leaps = 15, .step = 0.03, .density = normal};
 *     double z = 0.4, accepted;
 *     elbo_status status = elbo__hmc_run(&how, seed, chain, &z, &accepted);
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
    int leaps;         /* leapfrog steps in each                               */
    double step;       /* e, of a leapfrog step                                */
    /* log p(z) but for a constant, and its gradient (Z). What is not finite is rejected; a failure ends the chain. */
    elbo_status (*density)(void *user, const double *z, double *log_density, double *gradient);
    void *user;
} elbo__hmc;

/* z (Z) is where the chain begins, and then where it ends; *accepted (may be NULL) = the share of proposals accepted.
 * Chain number `chain` of a seed has random numbers of its own. */
elbo_status elbo__hmc_run(const elbo__hmc *how, uint64_t seed, uint64_t chain, double *z,
                          double *accepted) ELBO_MUST_CHECK;

#endif
