/* Internal: random numbers by counter.
 *
 *     elbo__random_key key = {.seed = 1, .stream = elbo__stream("train", "z", 0), .step = 7};
 *     elbo__normal_f32(y, 20, key, 3, 0);                  // the 20 normals of row 3, draw 0
 *
 * A number is a function of (seed, stream, step, row, draw, element): Philox4x32-10 (Salmon, Moraes, Dror, Shaw, SC 2011)
 * keyed by a mix of seed and stream, on the counter (element / 4, draw, row, step). Element, draw, row and step count
 * below 2^32 each; higher bits of row and step are mixed into the key. f32 and f64 come from the same 32-bit words and
 * agree to rounding.
 */
#ifndef ELBO_TENSOR_RANDOM_H
#define ELBO_TENSOR_RANDOM_H

#include "tensor.h"

typedef struct {
    uint64_t seed, stream, step;
} elbo__random_key;

/* The stream of a name (with its scope) in a role ("train", "init"), at its nth occurrence from 0. */
uint64_t elbo__stream(const char *role, const char *name, int occurrence);

/* y (n): elements 0..n-1 of one row and draw, uniform on (0, 1), both ends excluded: (w + 1/2) 2^-23 of the upper 23 bits
 * w of a word. */
void elbo__uniform_f32(float *y, int64_t n, elbo__random_key key, uint64_t row, uint64_t draw);
void elbo__uniform_f64(double *y, int64_t n, elbo__random_key key, uint64_t row, uint64_t draw);

/* y (n): standard normal, by Box and Muller: sqrt(-2 ln u) times cos and sin of 2 pi v. Elements 2 i and 2 i + 1 come from
 * uniform elements 2 i and 2 i + 1. At most sqrt(48 ln 2) = 5.77 in size. */
void elbo__normal_f32(float *y, int64_t n, elbo__random_key key, uint64_t row, uint64_t draw);
void elbo__normal_f64(double *y, int64_t n, elbo__random_key key, uint64_t row, uint64_t draw);

/* order (n) becomes a permutation of 0..n-1, each equally likely: Fisher and Yates, with unbiased numbers (Lemire,
 * 2019, arXiv:1805.10941) from the stream. */
void elbo__shuffle(int32_t *order, int64_t n, uint64_t seed, uint64_t stream, uint64_t epoch);

#endif
