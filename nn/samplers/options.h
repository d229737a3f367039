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

/* Of samplers that are trained; `samplers` are those of them that need an option. */
#define ELBO__TRAINED_SAMPLERS "sampler=maf|iaf|two-stage|pixelcnn"
#define ELBO__OPTIONS_FIT                                                                                             \
    {.name = "fit-epochs", .type = ELBO_INTEGER, .default_value = "100", .least = 1, .greatest = 1e6,                 \
     .needs = ELBO__TRAINED_SAMPLERS, .metavar = "N", .help = "passes over the codes, at most"},                      \
    {.name = "fit-patience", .type = ELBO_INTEGER, .default_value = "10", .least = 1, .greatest = 1e6,                \
     .needs = ELBO__TRAINED_SAMPLERS, .metavar = "N",                                                                 \
     .help = "the fit ends after so many passes without a better one, by a tenth of the codes that is held out"},     \
    {.name = "fit-batch", .type = ELBO_INTEGER, .default_value = "128", .least = 1, .greatest = 1 << 24,              \
     .needs = ELBO__TRAINED_SAMPLERS, .metavar = "N", .help = "codes in a step"},                                     \
    {.name = "fit-lr", .type = ELBO_NUMBER, .default_value = "1e-3", .least = 0, .greatest = 1e3, .exclusive = true,  \
     .needs = ELBO__TRAINED_SAMPLERS, .metavar = "X", .help = "learning rate of the fit"}

#define ELBO__OPTIONS_FLOWS(samplers)                                                                                 \
    {.name = "flow-blocks", .type = ELBO_INTEGER, .default_value = "2", .least = 1, .greatest = 64,                   \
     .needs = samplers, .metavar = "N", .help = "steps of the flow"},                                                 \
    {.name = "flow-hidden", .type = ELBO_SIZES, .default_value = "128,128,128", .least = 1, .greatest = 65536,        \
     .needs = samplers, .metavar = "N,N,...", .help = "hidden layers of the network of a step"}

#define ELBO__OPTIONS_TWO_STAGE(samplers)                                                                             \
    {.name = "stage-hidden", .type = ELBO_SIZES, .default_value = "1024,1024", .least = 1, .greatest = 65536,         \
     .needs = samplers, .metavar = "N,N,...", .help = "hidden layers of the second encoder; the decoder mirrors them"}

#define ELBO__OPTIONS_PIXELCNN(samplers)                                                                              \
    {.name = "pixel-layers", .type = ELBO_INTEGER, .default_value = "10", .least = 1, .greatest = 100,                \
     .needs = samplers, .metavar = "N", .help = "masked convolutions over the map of codes"},                         \
    {.name = "pixel-channels", .type = ELBO_INTEGER, .default_value = "64", .least = 1, .greatest = 4096,             \
     .needs = samplers, .metavar = "N", .help = "their channels"},                                                    \
    {.name = "pixel-kernel", .type = ELBO_INTEGER, .default_value = "5", .least = 3, .greatest = 31,                  \
     .needs = samplers, .metavar = "N", .help = "the side of their kernels, an odd number"}

#define ELBO__OPTIONS_HMC(samplers)                                                                                   \
    {.name = "hmc-proposals", .type = ELBO_INTEGER, .default_value = "100", .least = 1, .greatest = 1e6,              \
     .needs = samplers, .metavar = "N", .help = "so many proposals of Hamiltonian Monte Carlo lead to a code"},       \
    {.name = "hmc-leaps", .type = ELBO_INTEGER, .default_value = "15", .least = 1, .greatest = 1e4,                   \
     .needs = samplers, .metavar = "N", .help = "leapfrog steps in each"},                                            \
    {.name = "hmc-step", .type = ELBO_NUMBER, .default_value = "0.03", .least = 0, .greatest = 1e3,                   \
     .exclusive = true, .needs = samplers, .metavar = "X", .help = "the size of a leapfrog step"}

/* A model of codes has this one besides, which is set where the run takes labels. */
#define ELBO__OPTION_OF_LABELS {.name = "conditional", .type = ELBO_FLAG, .help = "the density is one of each class"}

#endif
