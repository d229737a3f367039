/* Internal: chains of Hamiltonian Monte Carlo through p(z|y) p(x|z,y)^b, many at once: C for each of B images. All in
 * double but the densities and gradients, which the run's plan computes. */
#ifndef ELBO_NN_CHAINS_H
#define ELBO_NN_CHAINS_H

#include "../../tensor/random.h"
#include "../runs/run_private.h"

/* Where chains are: z (B, C, Z), and there log p(x|z) and log p(z) (B, C) with their gradients (B, C, Z). */
typedef struct {
    double *z, *likelihood, *prior, *of_likelihood, *of_prior;
} elbo__place;

/* Chains of the images first, first + 1, ... of some, whose x and labels are bound. */
typedef struct {
    elbo_run *run;
    elbo__planned *planned;
    int64_t images, chains, first, first_chain; /* the last is set by the caller, and numbers random streams */
    elbo__place at, proposed;
    double *momentum, *before; /* (B, C, Z), and energies (B, C) */
    double *uniform;           /* (B, C)                         */
    float *z;                  /* (B, C, Z) as the plan reads it */
    int64_t tried, taken;      /* proposals so far               */
} elbo__chains;

/* Chains for `images` images: x (B, D) as it is explained, NaN where a value is missing; labels (B) or NULL. All is
 * borrowed but not kept longer than until the next call of this. Freed with elbo__chains_free in any case. */
elbo_status elbo__chains_open(elbo_run *run, int64_t images, int64_t chains, elbo__chains *out) ELBO_MUST_CHECK;
elbo_status elbo__chains_show(elbo__chains *chains, const float *x, const int *labels, int64_t first) ELBO_MUST_CHECK;
void elbo__chains_free(elbo__chains *chains);

/* Looks up the densities where `at.z` is: after it was set. */
elbo_status elbo__chains_look(elbo__chains *chains) ELBO_MUST_CHECK;

/* One step that leaves p(z) p(x|z)^power as it is: `leapfrog` steps of size `step` for all chains, taken or not each by
 * itself. Random numbers are those of the key, of rows that are the images and draws that are the chains, from
 * first_chain on. Returns in *taken, which may be NULL, the share of proposals that were taken. */
elbo_status elbo__chains_step(elbo__chains *chains, double power, int leapfrog, double step, elbo__random_key key,
                              double *taken) ELBO_MUST_CHECK;

#endif
