/* Numbers for tests: the same in every run, in memory of any layout, compared one by one or bit by bit. Check writes a
 * line to a file at every ck_assert, so loops over numbers say `if (wrong) ck_abort_msg(...)`. */
#ifndef ELBO_TESTS_NUMBERS_H
#define ELBO_TESTS_NUMBERS_H

#include "../tensor/tensor.h"

/* splitmix64; any start is good: numbers n = {1}; */
typedef struct {
    uint64_t state;
} numbers;

uint64_t numbers_next(numbers *n);
int64_t numbers_below(numbers *n, int64_t below);              /* 0 .. below-1      */
double numbers_between(numbers *n, double low, double high);   /* uniform           */
void numbers_shuffle(numbers *n, int *items, int count);

/* How a tensor lies in its memory: `order` lists its axes from the slowest to the fastest, and neighbours on the
 * fastest are `step` elements apart. Axes whose bit is set in `repeated` have stride 0. */
typedef struct {
    int order[ELBO_MAX_RANK], step;
    unsigned repeated;
} placement;

placement placement_row_major(int step);
placement placement_random(numbers *n, int rank); /* any order, step 1 to 3, nothing repeated */

/* A new tensor that lies like this. All of its memory, gaps and a margin at both ends included, holds `everywhere`.
 * Freed by elbo_tensor_free. */
elbo_tensor placed_new(elbo_dtype dtype, elbo_shape shape, placement how, double everywhere);

/* Fails the test unless every element of the memory of a tensor from placed_new that is not the tensor's own still
 * holds `everywhere`. */
void placed_assert_margins(const elbo_tensor *x, double everywhere);

/* Sets the elements, in row-major order, to integers in -most..most / to numbers between the two. */
void fill_integers(const elbo_tensor *x, numbers *n, int most);
void fill_between(const elbo_tensor *x, numbers *n, double low, double high);

/* Same shape and dtype, same bits. */
bool same_bits(const elbo_tensor *a, const elbo_tensor *b);

/* Fails the test unless both hold the same numbers; any NaN is as good as another. `title` is for the message. */
void assert_same_numbers(const elbo_tensor *a, const elbo_tensor *b, const char *title);

#endif
