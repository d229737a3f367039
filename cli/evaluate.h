/* Internal: what `elbo evaluate` finds out, and how it says it. */
#ifndef ELBO_CLI_EVALUATE_H
#define ELBO_CLI_EVALUATE_H

#include "../nn/evaluation/annealing.h"
#include "../nn/evaluation/disentangling.h"
#include "../nn/evaluation/latent_use.h"
#include "../nn/evaluation/measure.h"
#include "sampler.h"

/* All that is found out, before a word of it is said. */
typedef struct {
    elbo_measuring how;
    const elbo_sampler *sampler;  /* that p(z) is of; NULL: the run's own prior               */
    elbo_figures means;
    elbo_image_figures each;
    elbo_latent_use use;          /* latent 0: the model has no prior                         */
    elbo_information information; /* images 0: it was not asked for, or is not to be had      */
    elbo_disentangling disentangling; /* images 0: the same                                   */
    elbo_annealing annealing;
    elbo_annealed annealed;           /* images 0: it was not asked for                       */
} findings;

/* Prints all of it, and writes what --per-image asks for; the exit status. */
int elbo__cli_show_findings(const run_job *job, const findings *f);

#endif
