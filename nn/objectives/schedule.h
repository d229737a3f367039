/* The weight of the KL term in the course of a training. */
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

#ifdef __cplusplus
}
#endif
#endif
