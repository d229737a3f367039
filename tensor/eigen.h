/* Internal: eigenvectors and singular vectors of f64 matrices, by LAPACK. */
#ifndef ELBO_TENSOR_EIGEN_H
#define ELBO_TENSOR_EIGEN_H

#include <stdint.h>

#include "error.h"

/* LAPACK counts its working space in 32 bits: some 2 n^2 numbers for eigenvectors, 4 n^2 for singular ones. */
enum { ELBO__EIGEN_LIMIT = 32000, ELBO__SINGULAR_LIMIT = 23000 };

/* The eigenvectors of a symmetric matrix a (n, n), n <= ELBO__EIGEN_LIMIT: row i of a becomes the one that belongs to
 * values[i], of length 1; values (n) rise. */
elbo_status elbo__eigen_symmetric(int64_t n, double *a, double *values) ELBO_MUST_CHECK;

/* The right singular vectors of a (rows, columns), rows <= columns < 2^31, rows <= ELBO__SINGULAR_LIMIT, of which a is lost: row i of `right` (rows, columns)
 * belongs to values[i], of length 1; values (rows) fall. */
elbo_status elbo__singular_rows(int64_t rows, int64_t columns, double *a, double *right,
                                double *values) ELBO_MUST_CHECK;

#endif
