#include "batches.h"

#include "../../tensor/random.h"

void elbo_shuffled_rows(int64_t n, int64_t seed, int64_t epoch, int32_t *rows)
{
    const elbo__random_key key = {(uint64_t)seed, elbo__stream("train", "shuffle", 0), (uint64_t)epoch};
    elbo__shuffle(rows, n, key);
}
