/* How a figure spreads over several runs, such as those of different seeds.
 *
 *     const double elbo[] = {-105.5, -105.8, -105.3};
 *     const elbo_spread s = elbo_spread_of(elbo, 3);
 *     printf("%.2f +- %.2f (%d)\n", s.mean, s.deviation, (int)s.n);        // -105.53 +- 0.25 (3)
 */
#ifndef ELBO_NN_SPREAD_H
#define ELBO_NN_SPREAD_H

#include <stdint.h>

#include "../../tensor/error.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    double mean;      /* m = sum x / n; NaN for n = 0                                          */
    double deviation; /* s = sqrt(sum (x - m)^2 / (n - 1)), of one run; NaN for n < 2: unknown */
    int64_t n;        /* how many of the values count                                          */
} elbo_spread;

/* Of values (n); NaN is a figure that its run does not have, and does not count. The standard error of the mean is
 * deviation / sqrt(n). */
ELBO_API elbo_spread elbo_spread_of(const double *values, int64_t n);

#ifdef __cplusplus
}
#endif
#endif
