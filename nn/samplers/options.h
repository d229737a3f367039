/* Internal: the options of samplers, a group for each: rows of elbo_sampler_options. */
#ifndef ELBO_NN_SAMPLER_OPTIONS_H
#define ELBO_NN_SAMPLER_OPTIONS_H

#include "../options/option.h"

extern const char *const elbo__covariance_names[]; /* full, diagonal */

#define ELBO__OPTIONS_GMM                                                                                             \
    {.name = "components", .type = ELBO_INTEGER, .default_value = "10", .least = 1, .greatest = 100000,               \
     .needs = "sampler=gmm", .metavar = "N", .help = "normal distributions in the mixture, of each class"},           \
    {.name = "covariance", .type = ELBO_CHOICE, .default_value = "full", .choices = elbo__covariance_names,           \
     .needs = "sampler=gmm", .metavar = "NAME", .help = "of each of them"}

#endif
