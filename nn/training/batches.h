/* Batches: which images each step of an epoch takes, for training loops of one's own.
 *
 *     int32_t rows[N];
 *     for (int64_t epoch = 1, step = 0; epoch <= epochs; epoch++) {
 *         elbo_shuffled_rows(N, seed, epoch, rows);
 *         for (int64_t first = 0; first < N; first += B)      // the last batch is smaller where B does not divide N
 *             ... bind rows + first to an i32 input (B) of elbo_gather; run with the step ++step
 *     }
 *
 * These are the batches of elbo_train. A step with the same batch, seed, step (from 1, over all epochs) and first row
 * (`first`, see elbo_at) gives the weights that it gives there, bit for bit. examples/11-own-loop.c is such a loop.
 */
#ifndef ELBO_NN_BATCHES_H
#define ELBO_NN_BATCHES_H

#include <stdint.h>

#include "../../tensor/error.h"

#ifdef __cplusplus
extern "C" {
#endif

/* rows (n): 0, ..., n - 1 in the order of an epoch (from 1), all orders equally likely; n < 2^31 */
ELBO_API void elbo_shuffled_rows(int64_t n, int64_t seed, int64_t epoch, int32_t *rows);

#ifdef __cplusplus
}
#endif
#endif
