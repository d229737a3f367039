/* What changes in the course of a training: the weight of the KL term, and the learning rate. */
#ifndef ELBO_NN_SCHEDULE_H
#define ELBO_NN_SCHEDULE_H

#include "../options/option.h"

#ifdef __cplusplus
extern "C" {
#endif

/* beta after `epoch` (a fraction, too) of `epochs` epochs, by options beta b, beta-schedule, warmup w and cycles n,
 * where they are declared; 1 without beta. INFINITY is the end of every schedule.
 *
 *     constant   b
 *     linear     b min(1, epoch / w)                        (Bowman et al. 2016, arXiv:1511.06349)
 *     cyclic     b min(1, 2 f), f the fraction of the current one of n cycles (Fu et al. 2019, arXiv:1903.10145) */
ELBO_API double elbo_beta_at(const elbo_values *options, double epoch, double epochs);

ELBO_API extern const char *const elbo_schedule_names[]; /* constant, linear, cyclic, NULL */

/* What the learning rate is multiplied by after `epoch` (a fraction, too) of `epochs` epochs, by the options of
 * ELBO_LR_OPTIONS: lr-schedule, lr-warmup w, lr-decay d, lr-every n, lr-at. `drops` is how often a plateau was met.
 *
 *     constant   1
 *     step       d^floor(epoch / n)
 *     milestones d^k, k how many of the epochs lr-at are over
 *     cosine     d + (1 - d) (1 + cos(pi epoch / epochs)) / 2          (Loshchilov and Hutter 2017, arXiv:1608.03983)
 *     plateau    d^drops
 *
 * and in the first w epochs times epoch / w besides. */
ELBO_API double elbo_lr_factor(const elbo_values *options, double epoch, double epochs, int64_t drops);

ELBO_API extern const char *const elbo_lr_schedule_names[]; /* constant, step, milestones, cosine, plateau, NULL */

#define ELBO_LR_OPTIONS                                                                                               \
    {.name = "lr-schedule", .type = ELBO_CHOICE, .default_value = "constant", .choices = elbo_lr_schedule_names,      \
     .metavar = "NAME", .help = "how the learning rate changes"},                                                     \
    {.name = "lr-warmup", .type = ELBO_NUMBER, .default_value = "0", .least = 0, .greatest = 1e9, .metavar = "X",     \
     .help = "epochs, or a part of one, in which the rate rises from 0"},                                             \
    {.name = "lr-decay", .type = ELBO_NUMBER, .default_value = "0.1", .least = 0, .greatest = 1,                     \
     .metavar = "X", .needs = "lr-schedule!=constant",                                                                \
     .help = "the rate is multiplied by this: in each step, by the end of the cosine, at each plateau"},              \
    {.name = "lr-every", .type = ELBO_INTEGER, .default_value = "10", .least = 1, .greatest = 1e9, .metavar = "N",    \
     .needs = "lr-schedule=step", .help = "epochs from one step of the schedule to the next"},                        \
    {.name = "lr-at", .type = ELBO_SIZES, .default_value = "10,20", .least = 0, .greatest = 1e9,                      \
     .metavar = "N,N,...", .needs = "lr-schedule=milestones", .help = "epochs after each of which it is multiplied"}, \
    {.name = "lr-patience", .type = ELBO_INTEGER, .default_value = "5", .least = 1, .greatest = 1e9, .metavar = "N",  \
     .needs = "lr-schedule=plateau",                                                                                  \
     .help = "epochs without a better figure that make a plateau: of the validation images where there are any, "     \
             "else of the loss in training"}

#ifdef __cplusplus
}
#endif
#endif
