/* Options that models share: rows for their tables.
 *
 *     static const elbo_option options[] = {ELBO_MODEL_OPTIONS, ELBO_OPTIONS_NET, ELBO_OPTIONS_END};
 *
 * Each group says who reads it. A model that lacks a group does without what it is for; what a model declares and does
 * not read itself (beta, free-bits, corruption, binarise) is done for it.
 */
#ifndef ELBO_NN_PARTS_OPTIONS_H
#define ELBO_NN_PARTS_OPTIONS_H

#include "../model/corruption.h"
#include "likelihood.h"
#include "net.h"
#include "parts.h"
#include "../layers/quantise.h"
#include "../objectives/aggregate.h"
#include "../objectives/schedule.h"

/* ---- networks: read by elbo_net_encode, elbo_net_decode and elbo_infer_net --------------------------------------- */

#define ELBO_OPTION_HIDDEN(sizes)                                                                                     \
    {.name = "hidden", .type = ELBO_SIZES, .default_value = sizes, .least = 1, .greatest = 65536,                     \
     .metavar = "N,N,...", .help = "sizes of the encoder's dense hidden layers, or none; the decoder mirrors them"}
#define ELBO_OPTION_LATENT_DIM ELBO_OPTION_LATENT("20")
#define ELBO_OPTION_LATENT(dims)                                                                                      \
    {.name = "latent-dim", .alias = "latent", .type = ELBO_INTEGER, .default_value = dims, .least = 1,                \
     .greatest = 65536, .metavar = "N", .help = "dimensions of the latent space"}
#define ELBO_OPTION_ACTIVATION                                                                                        \
    {.name = "activation", .type = ELBO_CHOICE, .default_value = "relu", .choices = elbo_activation_names,            \
     .metavar = "NAME", .help = "what follows each hidden layer"}
#define ELBO_OPTION_INIT                                                                                              \
    {.name = "init", .type = ELBO_CHOICE, .default_value = "fan-in", .choices = elbo_net_init_names,                  \
     .metavar = "NAME", .help = "first weights of dense layers; glorot and he begin with biases 0"}
#define ELBO_OPTION_CODE_ACTIVATION                                                                                   \
    {.name = "code-activation", .type = ELBO_CHOICE, .default_value = "identity", .choices = elbo_activation_names,   \
     .metavar = "NAME", .help = "what follows the layer that gives the code"}
#define ELBO_OPTION_TIED                                                                                              \
    {.name = "tied", .type = ELBO_FLAG, .default_value = "no",                                                        \
     .needs = "net=mlp", .help = "the decoder's weights are the encoder's, transposed"}
#define ELBO_OPTION_SPREAD                                                                                            \
    {.name = "spread", .type = ELBO_CHOICE, .default_value = "logvar", .choices = elbo_spread_names,                  \
     .metavar = "NAME", .help = "what the encoder gives beside the mean of z"}
#define ELBO_OPTIONS_NET                                                                                              \
    {.name = "net", .type = ELBO_CHOICE, .default_value = "mlp", .choices = elbo_net_names, .metavar = "NAME",        \
     .help = "kind of network"},                                                                                      \
    {.name = "channels", .type = ELBO_SIZES, .default_value = "32,64", .least = 1, .greatest = 4096,                  \
     .needs = "net=conv", .metavar = "N,N,...",                                                                       \
     .help = "channels of the convolutions (3x3, stride 2); the decoder mirrors them"},                               \
    {.name = "norm", .type = ELBO_CHOICE, .default_value = "none", .choices = elbo_net_norm_names,                    \
     .needs = "net=conv", .metavar = "NAME", .help = "norm of each convolution before its activation"},               \
    {.name = "residual", .type = ELBO_INTEGER, .default_value = "0", .least = 0, .greatest = 16, .needs = "net=conv", \
     .metavar = "N", .help = "residual blocks, with batch norm, after each convolution"}

/* ---- the likelihood: read by elbo_likelihood --------------------------------------------------------------------- */

#define ELBO_OPTION_LIKELIHOOD                                                                                        \
    {.name = "likelihood", .type = ELBO_CHOICE, .default_value = "bernoulli", .choices = elbo_likelihood_names,       \
     .metavar = "NAME", .help = "distribution of a pixel given z"}
#define ELBO_OPTION_RECONSTRUCTION                                                                                    \
    {.name = "likelihood", .type = ELBO_CHOICE, .default_value = "bernoulli", .choices = elbo_reconstruction_names,   \
     .metavar = "NAME", .help = "loss of a pixel; bernoulli is the cross-entropy of a sigmoid"},                      \
    ELBO_OPTION_MEAN("squared-error")
#define ELBO_OPTION_MEAN(likelihoods)                                                                                 \
    {.name = "mean", .type = ELBO_CHOICE, .default_value = "linear", .choices = elbo_mean_names,                      \
     .needs = "likelihood=" likelihoods, .metavar = "NAME",                                                           \
     .help = "what the decoder's last layer is to the mean of a pixel; a sigmoid keeps it within [0, 1]"}
#define ELBO_OPTIONS_OF_LIKELIHOODS                                                                                   \
    {.name = "variance", .type = ELBO_NUMBER, .default_value = "0.1", .least = 1e-6, .greatest = 1e6,                 \
     .needs = "likelihood=gaussian|laplace", .metavar = "X",                                                          \
     .help = "variance of a pixel, or where a shared one begins"},                                                    \
    {.name = "learn-variance", .type = ELBO_CHOICE, .default_value = "no", .choices = elbo_learned_variance_names,    \
     .needs = "likelihood=gaussian|laplace", .metavar = "NAME",                                                       \
     .help = "whether that is learned, one for all pixels, or for each by the decoder"},                            \
    ELBO_OPTION_MEAN("gaussian|laplace|squared-error"),                                                               \
    {.name = "levels", .type = ELBO_INTEGER, .default_value = "256", .least = 2, .greatest = 65536,                   \
     .needs = "likelihood=categorical|logistic|logistic-mixture", .metavar = "N",                                     \
     .help = "grey levels from 0 to 1 that are told apart"},                                                          \
    {.name = "logistic-components", .type = ELBO_INTEGER, .default_value = "5", .least = 1, .greatest = 1000,         \
     .needs = "likelihood=logistic-mixture", .metavar = "N", .help = "logistic distributions of each pixel"},         \
    {.name = "columns", .type = ELBO_TEXT, .needs = "likelihood=columns", .metavar = "NAME=KIND,...",                 \
     .help = "what columns of a table hold: real, positive, count, categorical, ordinal:low<mid<high, skip; or a "    \
             "file of such lines. Others are real, or categorical where words stand in them"},                        \
    {.name = "ssim-window", .type = ELBO_INTEGER, .default_value = "11", .least = 1, .greatest = 99,                  \
     .needs = "likelihood=ms-ssim", .metavar = "N",                                                                   \
     .help = "side of the window in which pictures are compared, in pixels; odd"}

/* ---- the objective: read by elbo_objective and the training loop ------------------------------------------------ */

#define ELBO_OPTIONS_BETA                                                                                             \
    {.name = "beta", .type = ELBO_NUMBER, .default_value = "1", .least = 0, .greatest = 1e6, .metavar = "X",          \
     .help = "weight of the KL term in the loss"},                                                                    \
    {.name = "beta-schedule", .type = ELBO_CHOICE, .default_value = "constant", .choices = elbo_schedule_names,       \
     .metavar = "NAME", .help = "how beta comes about"},                                                              \
    {.name = "warmup", .type = ELBO_NUMBER, .default_value = "5", .least = 0, .greatest = 1e9, .exclusive = true,     \
     .needs = "beta-schedule=linear", .metavar = "EPOCHS", .help = "after so many epochs beta is reached"},           \
    {.name = "cycles", .type = ELBO_INTEGER, .default_value = "4", .least = 1, .greatest = 1e6,                       \
     .needs = "beta-schedule=cyclic", .metavar = "N", .help = "so often beta rises from 0 during the training"},      \
    {.name = "free-bits", .type = ELBO_NUMBER, .default_value = "0", .least = 0, .greatest = 1e6, .metavar = "NATS",  \
     .help = "KL of each latent dimension below which the loss does not press it"}
#define ELBO_OPTIONS_SPARSITY                                                                                         \
    {.name = "sparsity", .type = ELBO_NUMBER, .default_value = "0", .least = 0, .greatest = 1e6, .metavar = "X",      \
     .help = "weight of the penalty on sigmoid units (code-activation sigmoid) whose mean activation is not rho"},    \
    {.name = "rho", .type = ELBO_NUMBER, .default_value = "0.05", .least = 1e-6, .greatest = 0.999999,                \
     .needs = "sparsity!=0", .metavar = "X", .help = "mean activation that sparse units are to have"}
#define ELBO_OPTION_DRAWS                                                                                             \
    {.name = "draws", .type = ELBO_INTEGER, .default_value = "1", .least = 1, .greatest = 10000, .metavar = "N",      \
     .help = "draws of z for each image and step"}

/* ---- the parts: read by elbo_posterior, elbo_prior and elbo_losses ----------------------------------------------- */

#define ELBO_OPTION_CONDITIONAL                                                                                       \
    {.name = "conditional", .type = ELBO_FLAG, .default_value = "no",                                                 \
     .help = "the label joins the input of encoder and decoder"}
#define ELBO_OPTION_POSTERIOR                                                                                         \
    {.name = "posterior", .type = ELBO_CHOICE, .default_value = "normal", .choices = elbo_posterior_names,            \
     .metavar = "NAME", .help = "what is inferred of z from x"}
#define ELBO_OPTIONS_FLOW                                                                                             \
    {.name = "flow-steps", .type = ELBO_INTEGER, .default_value = "2", .least = 1, .greatest = 64,                    \
     .needs = "posterior=planar|radial|iaf|maf", .metavar = "N", .help = "transformations one after the other"},      \
    {.name = "flow-shared", .type = ELBO_FLAG, .default_value = "no", .needs = "posterior=planar|radial|iaf|maf",     \
     .help = "one flow for all images, which does not see them"},                                                     \
    {.name = "flow-hidden", .type = ELBO_SIZES, .default_value = "128,128", .least = 1, .greatest = 65536,            \
     .needs = "posterior=iaf|maf", .metavar = "N,N,...", .help = "sizes of the hidden layers of each transformation"}
#define ELBO_OPTIONS_BALL                                                                                             \
    {.name = "curvature", .type = ELBO_NUMBER, .default_value = "1", .least = 1e-6, .greatest = 1e3,                  \
     .needs = "posterior=wrapped-normal|riemannian-normal", .metavar = "C",                                           \
     .help = "of the ball that z lies in, whose radius is 1/sqrt(C)"},                                                \
    {.name = "isotropic", .type = ELBO_FLAG, .default_value = "no", .needs = "posterior=wrapped-normal",              \
     .help = "one deviation for all directions"},                                                                     \
    {.name = "gyroplanes", .type = ELBO_FLAG, .default_value = "no",                                                  \
     .needs = "posterior=wrapped-normal|riemannian-normal",                                                           \
     .help = "the decoder's first hidden layer measures distances to planes of the ball"}
#define ELBO_OPTIONS_CODES                                                                                            \
    {.name = "codes", .type = ELBO_INTEGER, .default_value = "512", .least = 1, .greatest = 65536,                    \
     .needs = "posterior=vq|hrq", .metavar = "N", .help = "rows of a codebook"},                                      \
    {.name = "code-dim", .type = ELBO_INTEGER, .default_value = "64", .least = 1, .greatest = 65536,                  \
     .needs = "posterior=vq|hrq", .metavar = "N", .help = "numbers of a code"},                                       \
    {.name = "code-positions", .type = ELBO_INTEGER, .default_value = "1", .least = 1, .greatest = 65536,             \
     .needs = "posterior=vq|hrq", .metavar = "N", .help = "codes of an image; net conv has one at each place of its " \
                                                          "last map"},                                                \
    {.name = "codebook", .type = ELBO_CHOICE, .default_value = "gradient", .choices = elbo_codebook_names,            \
     .needs = "posterior=vq", .metavar = "NAME", .help = "how codes are learned; average: as moving averages"},       \
    {.name = "code-decay", .type = ELBO_NUMBER, .default_value = "0.99", .least = 1e-6, .greatest = 0.999999,         \
     .needs = "posterior=vq", .metavar = "X", .help = "of moving averages of what chooses a code"},                   \
    {.name = "code-restart", .type = ELBO_NUMBER, .default_value = "0.1", .least = 0, .greatest = 1e6,                \
     .needs = "posterior=vq", .metavar = "X", .help = "codes chosen less than X times as often as the mean one "      \
                                                      "begin anew at what the encoder gives"},                        \
    {.name = "commitment", .type = ELBO_NUMBER, .default_value = "0.25", .least = 0, .greatest = 1e6,                 \
     .needs = "posterior=vq", .metavar = "X", .help = "weight of the way from what the encoder gives to its code"},   \
    {.name = "code-levels", .type = ELBO_INTEGER, .default_value = "4", .least = 1, .greatest = ELBO_MAX_LEVELS,      \
     .needs = "posterior=hrq", .metavar = "N", .help = "codebooks, each for what the last one left"},                 \
    {.name = "code-drop", .type = ELBO_NUMBER, .default_value = "0.1", .least = 0, .greatest = 0.999,                 \
     .needs = "posterior=hrq", .metavar = "X", .help = "share of levels that are left out in training"},              \
    {.name = "code-kl", .type = ELBO_NUMBER, .default_value = "0.1", .least = 0, .greatest = 1e6,                     \
     .needs = "posterior=hrq", .metavar = "X", .help = "weight of the KL from uniform choices to those of a level"},  \
    {.name = "code-norm", .type = ELBO_NUMBER, .default_value = "0.5", .least = 0, .greatest = 1e6,                   \
     .needs = "posterior=hrq", .metavar = "X", .help = "weight of the penalty on codes that do not shrink by level"}, \
    {.name = "code-shrink", .type = ELBO_NUMBER, .default_value = "1.5", .least = 1e-3, .greatest = 1e3,              \
     .needs = "posterior=hrq", .metavar = "X", .help = "by so much"},                                                 \
    {.name = "code-temperature", .type = ELBO_NUMBER, .default_value = "0.5", .least = 1e-3, .greatest = 1e3,         \
     .needs = "posterior=hrq", .metavar = "X", .help = "of the choices, at the end of the training"},                 \
    {.name = "code-cooling", .type = ELBO_NUMBER, .default_value = "33.3", .least = 1e-3, .greatest = 1e9,            \
     .exclusive = true, .needs = "posterior=hrq", .metavar = "EPOCHS",                                                \
     .help = "in which it falls to a part of e, from 1 at the first level; half as long again at each next"}
#define ELBO_OPTIONS_LEAPFROG                                                                                         \
    {.name = "leapfrog-steps", .type = ELBO_INTEGER, .default_value = "3", .least = 0, .greatest = 100,               \
     .needs = "posterior=hamiltonian|riemannian-hamiltonian", .metavar = "N",                                         \
     .help = "steps from a draw of the encoder's normal to z"},                                                       \
    {.name = "leapfrog-size", .type = ELBO_NUMBER, .default_value = "0.05", .least = 1e-6, .greatest = 10,            \
     .needs = "posterior=hamiltonian|riemannian-hamiltonian", .metavar = "X",                                         \
     .help = "size of a step, or where learned ones begin (below 0.5)"},                                              \
    {.name = "leapfrog-learn", .type = ELBO_CHOICE, .default_value = "none", .choices = elbo_leapfrog_learn_names,    \
     .needs = "posterior=hamiltonian|riemannian-hamiltonian", .metavar = "NAME",                                      \
     .help = "what is learned: a size for each dimension, the tempering, or both"},                                   \
    {.name = "tempering", .type = ELBO_NUMBER, .default_value = "0.3", .least = 1e-6, .greatest = 1,                  \
     .needs = "posterior=hamiltonian|riemannian-hamiltonian", .metavar = "X",                                         \
     .help = "inverse temperature of the momenta before the first step; after the last it is 1"}
#define ELBO_OPTIONS_METRIC                                                                                           \
    {.name = "fixed-points", .type = ELBO_INTEGER, .default_value = "3", .least = 1, .greatest = 100,                 \
     .needs = "posterior=riemannian-hamiltonian", .metavar = "N",                                                     \
     .help = "iterations for each implicit equation of a step"},                                                      \
    {.name = "metric-hidden", .type = ELBO_INTEGER, .default_value = "400", .least = 1, .greatest = 65536,            \
     .needs = "posterior=riemannian-hamiltonian", .metavar = "N",                                                     \
     .help = "units of the hidden layer of the network that makes the metric"},                                       \
    {.name = "metric-lambda", .type = ELBO_NUMBER, .default_value = "0.01", .least = 1e-6, .greatest = 1e6,           \
     .needs = "posterior=riemannian-hamiltonian", .metavar = "X",                                                     \
     .help = "inverse metric far away from all images"},                                                              \
    {.name = "metric-size", .type = ELBO_INTEGER, .default_value = "128", .least = 1, .greatest = 65536,              \
     .needs = "posterior=riemannian-hamiltonian", .metavar = "N",                                                     \
     .help = "images trained on last that make the metric outside of training"},                                      \
    {.name = "metric-temperature", .type = ELBO_NUMBER, .default_value = "1.5", .least = 1e-3, .greatest = 1e6,       \
     .needs = "posterior=riemannian-hamiltonian", .metavar = "X",                                                     \
     .help = "how far an image's part of the metric reaches"}
#define ELBO_OPTIONS_LADDER                                                                                           \
    {.name = "ladder-dims", .type = ELBO_SIZES, .default_value = "8,16,32", .least = 1, .greatest = 65536,            \
     .needs = "posterior=ladder", .metavar = "N,N,...", .help = "dimensions of each latent level, from the top down"}, \
    {.name = "ladder-hidden", .type = ELBO_INTEGER, .default_value = "128", .least = 1, .greatest = 65536,            \
     .needs = "posterior=ladder", .metavar = "N",                                                                     \
     .help = "units of the hidden layer from a level to the next, on either side"}
#define ELBO_OPTION_PRIOR                                                                                             \
    {.name = "prior", .type = ELBO_CHOICE, .default_value = "standard", .choices = elbo_prior_names,                  \
     .metavar = "NAME", .help = "of z: what goes with the posterior, N(0, I) with most; a normal for each label; a "  \
                                "mixture of normals, or of posteriors of learned images"}
#define ELBO_OPTION_COMPONENTS                                                                                        \
    {.name = "components", .type = ELBO_INTEGER, .default_value = "50", .least = 1, .greatest = 65536,                \
     .needs = "prior=mixture|vamp", .metavar = "N", .help = "of the mixture"}
#define ELBO_OPTION_OBJECTIVE                                                                                         \
    {.name = "objective", .type = ELBO_CHOICE, .default_value = "elbo", .choices = elbo_objective_names,              \
     .metavar = "NAME", .help = "what is minimised"}
#define ELBO_OPTIONS_CAPACITY                                                                                         \
    {.name = "capacity", .type = ELBO_NUMBER, .default_value = "25", .least = 0, .greatest = 1e6,                     \
     .needs = "objective=capacity", .metavar = "NATS", .help = "that the mean KL term is drawn to"},                  \
    {.name = "capacity-epochs", .type = ELBO_NUMBER, .default_value = "10", .least = 0, .greatest = 1e9,              \
     .exclusive = true, .needs = "objective=capacity", .metavar = "X", .help = "in which it rises to that from 0"}
#define ELBO_OPTIONS_WEIGHTS                                                                                          \
    {.name = "estimates", .type = ELBO_INTEGER, .default_value = "8", .least = 1, .greatest = 10000,                  \
     .needs = "objective=miwae|piwae", .metavar = "N", .help = "parts of the draws, each with a bound of its own"},   \
    {.name = "elbo-share", .type = ELBO_NUMBER, .default_value = "0.5", .least = 0, .greatest = 1,                    \
     .needs = "objective=ciwae", .metavar = "X", .help = "share of the mean log weight in the objective"}
#define ELBO_OPTIONS_AGGREGATE                                                                                        \
    {.name = "mmd-weight", .type = ELBO_NUMBER, .default_value = "10", .least = 0, .greatest = 1e9,                   \
     .needs = "objective=mmd", .metavar = "X", .help = "weight of the MMD in the loss"},                              \
    {.name = "mmd-kernel", .type = ELBO_CHOICE, .default_value = "imq", .choices = elbo_mmd_kernel_names,             \
     .needs = "objective=mmd|info", .metavar = "NAME", .help = "that compares codes with draws from the prior"},      \
    {.name = "mmd-bandwidth", .type = ELBO_NUMBER, .default_value = "1", .least = 1e-6, .greatest = 1e6,              \
     .needs = "objective=mmd|info", .metavar = "X", .help = "of the kernel, in deviations of the prior"},             \
    {.name = "info-alpha", .type = ELBO_NUMBER, .default_value = "0", .least = -1e6, .greatest = 1,                   \
     .needs = "objective=info", .metavar = "X", .help = "the KL term weighs 1 less this"},                            \
    {.name = "info-lambda", .type = ELBO_NUMBER, .default_value = "10", .least = 0, .greatest = 1e9,                  \
     .needs = "objective=info", .metavar = "X", .help = "the MMD weighs this and info-alpha, less 1"},                \
    {.name = "tc-estimator", .type = ELBO_CHOICE, .default_value = "mss",                                             \
     .choices = elbo_aggregate_estimator_names, .needs = "objective=beta-tc", .metavar = "NAME",                      \
     .help = "of the total correlation, which option beta weighs: stratified, or weighted minibatches"},              \
    {.name = "tc-alpha", .type = ELBO_NUMBER, .default_value = "1", .least = 0, .greatest = 1e6,                      \
     .needs = "objective=beta-tc", .metavar = "X", .help = "weight of the information of x and z"},                   \
    {.name = "tc-gamma", .type = ELBO_NUMBER, .default_value = "1", .least = 0, .greatest = 1e6,                      \
     .needs = "objective=beta-tc", .metavar = "X", .help = "weight of each dimension's KL from the prior"}
#define ELBO_OPTIONS_PLAYERS                                                                                          \
    {.name = "tc-weight", .type = ELBO_NUMBER, .default_value = "5", .least = 0, .greatest = 1e6,                     \
     .needs = "objective=factor", .metavar = "X",                                                                     \
     .help = "weight of the total correlation that the discriminator finds"},                                         \
    {.name = "adversarial-weight", .type = ELBO_NUMBER, .default_value = "10", .least = 0, .greatest = 1e9,           \
     .needs = "objective=adversarial", .metavar = "X", .help = "weight of the discriminator's verdict on codes"},     \
    {.name = "gan-alpha", .type = ELBO_NUMBER, .default_value = "0.5", .least = 0, .greatest = 1,                     \
     .needs = "objective=vae-gan", .metavar = "X",                                                                    \
     .help = "share of the discriminator's loss in what the decoder learns from; the rest is of features"},           \
    {.name = "gan-layer", .type = ELBO_INTEGER, .default_value = "0", .least = 0, .greatest = 32,                     \
     .needs = "objective=vae-gan", .metavar = "N",                                                                    \
     .help = "layer of the discriminator by whose units pictures are compared, from 1; 0: the last hidden one"},      \
    {.name = "gan-equilibrium", .type = ELBO_NUMBER, .default_value = "0.68", .least = 0, .greatest = 1e6,            \
     .needs = "objective=vae-gan", .metavar = "NATS", .help = "the discriminator's cost of a picture in balance"},    \
    {.name = "gan-margin", .type = ELBO_NUMBER, .default_value = "0.4", .least = 0, .greatest = 1e6,                  \
     .needs = "objective=vae-gan", .metavar = "NATS",                                                                 \
     .help = "so far below it the discriminator rests, and so far above it the decoder"},                             \
    {.name = "discriminator-hidden", .type = ELBO_SIZES, .default_value = "256,256", .least = 1, .greatest = 65536,   \
     .needs = "objective=factor|adversarial|vae-gan", .metavar = "N,N,...",                                           \
     .help = "sizes of the discriminator's dense hidden layers"},                                                     \
    {.name = "discriminator-slope", .type = ELBO_NUMBER, .default_value = "0.2", .least = 0, .greatest = 1,           \
     .needs = "objective=factor|adversarial|vae-gan", .metavar = "X", .help = "of its rectifiers below 0"},           \
    {.name = "discriminator-lr", .type = ELBO_NUMBER, .default_value = "0", .least = 0, .greatest = 1e6,              \
     .needs = "objective=factor|adversarial|vae-gan", .metavar = "X",                                                 \
     .help = "learning rate of its own, under the schedule of the training; 0: that of the training"},                \
    {.name = "discriminator-beta1", .type = ELBO_NUMBER, .default_value = "0.5", .least = 1e-9, .greatest = 0.999999, \
     .needs = "objective=factor|adversarial|vae-gan", .metavar = "X", .help = "decay of its adam's first moment"},    \
    {.name = "discriminator-beta2", .type = ELBO_NUMBER, .default_value = "0.9", .least = 1e-9,                       \
     .greatest = 0.999999999, .needs = "objective=factor|adversarial|vae-gan", .metavar = "X",                        \
     .help = "decay of its adam's second moment"}
#define ELBO_OPTIONS_RAE                                                                                              \
    {.name = "code-penalty", .type = ELBO_NUMBER, .default_value = "1e-4", .least = 0, .greatest = 1e6,               \
     .needs = "objective=rae", .metavar = "X", .help = "weight of half the code's squared length"},                   \
    {.name = "gradient-penalty", .type = ELBO_NUMBER, .default_value = "0", .least = 0, .greatest = 1e6,              \
     .needs = "objective=rae", .metavar = "X",                                                                        \
     .help = "weight of the sum of the decoder's squared derivatives at the code"},                                   \
    {.name = "decoder-decay", .type = ELBO_NUMBER, .default_value = "0", .least = 0, .greatest = 1e6,                 \
     .needs = "objective=rae", .metavar = "X", .help = "weight of half the sum of the decoder's squared weights"}
#define ELBO_OPTION_SPECTRAL_NORM                                                                                     \
    {.name = "spectral-norm", .type = ELBO_FLAG, .default_value = "no",                                               \
     .help = "divide each weight of the decoder by its largest singular value"}
#define ELBO_OPTION_GRADIENT                                                                                          \
    {.name = "gradient", .type = ELBO_CHOICE, .default_value = "standard", .choices = elbo_gradient_names,            \
     .metavar = "NAME", .help = "of the posterior's parameters; stl, dreg: with less variance"}

/* ---- the data: read where a graph's x comes from ----------------------------------------------------------------- */

#define ELBO_OPTIONS_BINARISE                                                                                         \
    {.name = "binarise", .type = ELBO_FLAG, .default_value = "no", .needs = "likelihood=bernoulli",                   \
     .help = "draw each pixel as 0 or 1, anew for every batch, with its grey level as the probability of 1"},         \
    {.name = "binarise-once", .type = ELBO_FLAG, .default_value = "no", .needs = "likelihood=bernoulli",              \
     .help = "the same once for each data set, before anything else: of the same data always the same draws"}
#define ELBO_OPTIONS_CORRUPTION                                                                                       \
    {.name = "corruption", .type = ELBO_CHOICE, .default_value = "none", .choices = elbo_corruption_names,            \
     .metavar = "NAME", .help = "what is done to images before they are encoded"},                                    \
    {.name = "corruption-level", .type = ELBO_NUMBER, .default_value = "0.3", .least = 0, .greatest = 10,             \
     .needs = "corruption!=none", .metavar = "X", .help = "share of pixels set to 0, or deviation of the noise"}

/* ---- tables ------------------------------------------------------------------------------------------------------ */

/* All that a variational model with an MLP on either side may have. */
#define ELBO_MODEL_OPTIONS                                                                                            \
    ELBO_OPTION_HIDDEN("400"), ELBO_OPTION_LATENT_DIM, ELBO_OPTION_ACTIVATION, ELBO_OPTION_INIT, ELBO_OPTION_SPREAD,  \
        ELBO_OPTIONS_BETA, ELBO_OPTION_LIKELIHOOD, ELBO_OPTIONS_OF_LIKELIHOODS, ELBO_OPTION_DRAWS, ELBO_OPTIONS_BINARISE

/* Each part's option with what its choices read, of elbo_posterior, elbo_prior, elbo_generate and elbo_losses, but for
 * networks (ELBO_OPTION_HIDDEN, ...) and, of objectives, ELBO_OPTION_DRAWS. */
#define ELBO_OPTIONS_OF_POSTERIORS                                                                                    \
    ELBO_OPTION_POSTERIOR, ELBO_OPTION_LATENT_DIM, ELBO_OPTION_SPREAD, ELBO_OPTION_DRAWS, ELBO_OPTION_GRADIENT,       \
        ELBO_OPTION_CODE_ACTIVATION, ELBO_OPTIONS_FLOW, ELBO_OPTIONS_BALL, ELBO_OPTIONS_LEAPFROG,                     \
        ELBO_OPTIONS_METRIC, ELBO_OPTIONS_LADDER, ELBO_OPTIONS_CODES
#define ELBO_OPTIONS_OF_PRIORS ELBO_OPTION_PRIOR, ELBO_OPTION_COMPONENTS
#define ELBO_OPTIONS_OF_GENERATION ELBO_OPTION_LIKELIHOOD, ELBO_OPTIONS_OF_LIKELIHOODS, ELBO_OPTION_SPECTRAL_NORM
#define ELBO_OPTIONS_OF_OBJECTIVES                                                                                    \
    ELBO_OPTION_OBJECTIVE, ELBO_OPTIONS_BETA, ELBO_OPTIONS_CAPACITY, ELBO_OPTIONS_WEIGHTS, ELBO_OPTIONS_AGGREGATE,    \
        ELBO_OPTIONS_PLAYERS, ELBO_OPTIONS_RAE

/* For losses of one's own beside the other parts; with ELBO_OPTIONS_BETA, if they call elbo_objective or elbo_beta. */
#define ELBO_OPTIONS_WITHOUT_OBJECTIVES                                                                               \
    ELBO_OPTION_CONDITIONAL, ELBO_OPTION_HIDDEN("400"), ELBO_OPTION_ACTIVATION, ELBO_OPTION_INIT, ELBO_OPTIONS_NET,   \
        ELBO_OPTIONS_OF_POSTERIORS, ELBO_OPTIONS_OF_PRIORS, ELBO_OPTIONS_OF_GENERATION, ELBO_OPTIONS_CORRUPTION,      \
        ELBO_OPTIONS_BINARISE

/* All that the models of parts may have. */
#define ELBO_OPTIONS_OF_PARTS ELBO_OPTIONS_WITHOUT_OBJECTIVES, ELBO_OPTIONS_OF_OBJECTIVES

#endif
