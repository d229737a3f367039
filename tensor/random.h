/* Internal: random numbers by counter.
 *
 *     elbo__random_key key = {.seed = 1, .stream = elbo__stream("train", "latent", 0), .step = 17};
 *     float eps[128 * 20];
 *     elbo__normal_f32(eps, 128, 1, 20, key, 0, 0);      // rows 0..127, draw 0, 20 elements each
 *
 * A number is a function of (seed, stream, step, row, draw, element) and of nothing else: not of the order of calls, of
 * the thread, of how many rows are asked for at once. It is made by Philox4x32-10 (Salmon et al. 2011, "Parallel random
 * numbers: as easy as 1, 2, 3"; Random123): a block cipher that turns the counter (element / 4, draw, row, step) and a
 * 64-bit key into four words of 32 bits. The key is a hash of seed and stream; the parts of step, row and draw above
 * 32 bits go into it too, so all three may be any 64-bit number. Elements: up to 2^34 in one row and draw.
 */
#ifndef ELBO_TENSOR_RANDOM_H
#define ELBO_TENSOR_RANDOM_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    uint64_t seed, stream, step;
} elbo__random_key;

/* The number of a stream: a hash of what it is for ("train", "init", ...), its name, and which of that name it is. */
uint64_t elbo__stream(const char *role, const char *name, int occurrence);

/* y[i][j][k] is element k of row `row` + i, draw `draw` + j; y (rows, draws, n), row-major.
 *
 * Uniform on (0, 1), open at both ends: (w + 1/2) / 2^32 of one word w, rounded to float, from 2^-33 to 1 - 2^-24. The
 * double has the float's value, so that a comparison with a probability comes out alike in both. */
void elbo__uniform_f32(float *y, int64_t rows, int64_t draws, int64_t n, elbo__random_key key, uint64_t row,
                       uint64_t draw);
void elbo__uniform_f64(double *y, int64_t rows, int64_t draws, int64_t n, elbo__random_key key, uint64_t row,
                       uint64_t draw);

/* N(0, 1) by Box and Muller: elements 2i and 2i + 1 are sqrt(-2 log u) times cos and sin of 2 pi w / 2^32, u the
 * uniform number of word 2i and w word 2i + 1; |y| <= 6.77. Float and double are the same formula of the same u and w,
 * and differ by at most 4 units of the float's last place. */
void elbo__normal_f32(float *y, int64_t rows, int64_t draws, int64_t n, elbo__random_key key, uint64_t row,
                      uint64_t draw);
void elbo__normal_f64(double *y, int64_t rows, int64_t draws, int64_t n, elbo__random_key key, uint64_t row,
                      uint64_t draw);

/* order (n): a permutation of 0, ..., n - 1, all equally likely; n < 2^31. The step is the epoch. */
void elbo__shuffle(int32_t *order, int64_t n, elbo__random_key key);

/* Integers one after the other, where it is not known beforehand how many words they take: those of row 0, draw 0. */
typedef struct {
    uint32_t counter[4], key[2]; /* counter[0] counts up, the rest stays */
} elbo__random_place;

typedef struct {
    elbo__random_place at;
    uint32_t word[4];
    int left; /* of the four words */
} elbo__words;

elbo__words elbo__words_of(elbo__random_key key);
uint32_t elbo__below(elbo__words *words, uint32_t k); /* 0, ..., k - 1, all equally likely; k > 0 */

/* out = Philox4x32-10(counter, key) */
void elbo__philox(uint32_t out[4], const uint32_t counter[4], const uint32_t key[2]);

#ifdef __cplusplus
}
#endif
#endif
