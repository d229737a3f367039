/* Internal: the sampler that a command's options ask for, kept beside the model of its run. */
#ifndef ELBO_CLI_SAMPLER_H
#define ELBO_CLI_SAMPLER_H

#include "../nn/samplers/sampler.h"
#include "on_run.h"
#include "result.h"

/* Rows of the first group, beside OPTION_DATA; elbo_sampler_options is the second group. */
#define OPTION_REFIT                                                                                                   \
    {.name = "refit", .type = ELBO_FLAG,                                                                              \
     .help = "fit the sampler anew where the run has one already, in the place of that"}

/* The sampler of job->others: the one that is there, else one that is fitted now to the training images and kept.
 * EXIT_SUCCESS, or the exit status, after a word on stderr. Freed with elbo_sampler_free. */
int elbo__cli_find_sampler(const run_job *job, elbo_sampler **out);

/* The same for what asks for its density, of a command with images of its own: *out NULL for the run's own prior. */
int elbo__cli_find_density(const run_job *job, elbo_sampler **out);

/* Which it is and what it was fitted to, among the result. Nothing of the prior. */
void elbo__cli_give_sampler(result *r, const elbo_sampler *sampler);

#endif
