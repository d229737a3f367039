/* Internal: centres of codes, by k-means (Lloyd 1982; the start is k-means++, Arthur and Vassilvitskii 2007). */
#ifndef ELBO_NN_KMEANS_H
#define ELBO_NN_KMEANS_H

#include <stdint.h>

#include "../../tensor/error.h"

/* centres (k, dims) and the one that each row of x (n, dims) is nearest to, nearest (n), 1 <= k <= n. A centre
 * may be left without rows; all are where there are fewer different rows. The watcher is asked about `what`. */
elbo_status elbo__kmeans(const float *x, int64_t n, int64_t dims, int64_t k, uint64_t seed, const char *what,
                         double *centres, int32_t *nearest) ELBO_MUST_CHECK;

#endif
