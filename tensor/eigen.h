/* Internal: eigenvectors and singular vectors of f64 matrices, by LAPACK. */
#ifndef ELBO_TENSOR_EIGEN_H
#define ELBO_TENSOR_EIGEN_H

#include <stdint.h>

#include "error.h"

/* LAPACK counts its working space in 32 bits: some 2 n^2 numbers for eigenvectors, 4 n^2 for singular ones. */
enum { ELBO__EIGEN_LIMIT = 32000, ELBO__SINGULAR_LIMIT = 23000 };

/* Up to this size LAPACK takes less than a second for all eigenvectors. */
enum { ELBO__EIGEN_DIRECT = 1000 };

/* The eigenvectors of a symmetric matrix a (n, n), n <= ELBO__EIGEN_LIMIT, of which a[i][k] is read where i <= k: row i
 * of a becomes the one that belongs to values[i], of length 1; values (n) rise. */
elbo_status elbo__eigen_symmetric(int64_t n, double *a, double *values) ELBO_MUST_CHECK;

/* The k largest eigenvalues of a symmetric matrix a (n, n), 1 <= k <= n, which is lost and of which a[i][k] is read
 * where i <= k: values (k) fall, row i of vectors (k, n) belongs to values[i]; the rows are orthonormal. The squares of
 * a's entries must be numbers, too. Beyond ELBO__EIGEN_DIRECT the watcher is asked several times a second, n is limited
 * by memory alone, and the bits do not depend on the threads. */
elbo_status elbo__eigen_leading(int64_t n, double *a, int64_t k, double *values, double *vectors,
                                int threads) ELBO_MUST_CHECK;

/* The same in the way of large matrices, whatever the size; vectors are found `piece` at a time. */
elbo_status elbo__eigen_leading_large(int64_t n, double *a, int64_t k, int64_t piece, double *values, double *vectors,
                                      int threads) ELBO_MUST_CHECK;

/* The right singular vectors of a (rows, columns), rows <= columns < 2^31, rows <= ELBO__SINGULAR_LIMIT, of which a is
 * lost: row i of `right` (rows, columns) belongs to values[i], of length 1; values (rows) fall. */
elbo_status elbo__singular_rows(int64_t rows, int64_t columns, double *a, double *right,
                                double *values) ELBO_MUST_CHECK;

#endif
