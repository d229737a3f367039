/* Internal: sums over vectors of f64 in an order that the length alone decides, on the calling thread. */
#ifndef ELBO_TENSOR_VECTORS_H
#define ELBO_TENSOR_VECTORS_H

#include <stdint.h>

#include "error.h"

double elbo__dot(const double *a, const double *b, int64_t n);                /* a . b                            */
void elbo__add_scaled(double *y, double factor, const double *x, int64_t n); /* y += factor x                    */
double elbo__dot_and_add(double *restrict y, double factor, const double *restrict a, const double *restrict b,
                         int64_t n); /* y += factor a; returns a . b, to the bit as elbo__dot does */
double elbo__sum_of_squares(const double *x, int64_t n);

/* y (rows) = a x, a (rows, n) with rows `pitch` apart */
void elbo__rows_by_vector(double *y, const double *a, int64_t pitch, int64_t rows, const double *x, int64_t n);

/* Rows have, have + 1, ..., have + more - 1 of q (have + more, n), have + more <= n, become orthonormal to each other
 * and to the orthonormal rows before them, and span with those what they spanned before. In the place of a row that
 * depends on the ones before it comes another direction, which is a function of the rows alone, too. 4 more (have +
 * more) n multiplications and as many additions. */
elbo_status elbo__basis_extend(double *q, int64_t have, int64_t more, int64_t n, int threads) ELBO_MUST_CHECK;

/* The same for all rows of q (rows, n), in pieces between which the watcher is asked. */
elbo_status elbo__basis_of(double *q, int64_t rows, int64_t n, int threads) ELBO_MUST_CHECK;

#endif
