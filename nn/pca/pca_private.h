/* Internal: the ways to find principal components, and how they read rows.
 *
 * Each way is given a pca with count, columns, components and mean set, and room for axes and variances; it sets axes,
 * variances, total and method. Between pieces of work of a few tenths of a second it asks the watcher. */
#ifndef ELBO_NN_PCA_PRIVATE_H
#define ELBO_NN_PCA_PRIVATE_H

#include "pca.h"

typedef elbo_status elbo__pca_way(const elbo_rows *rows, elbo_pca *pca);

elbo__pca_way elbo__pca_covariance;      /* eigenvectors of the covariance (D, D)                                     */
elbo__pca_way elbo__pca_gram;            /* eigenvectors of the products of rows (N, N), N <= D                       */
elbo__pca_way elbo__pca_singular_values; /* of the rows (N, D), all in memory, N <= D; not to be stopped in between   */
elbo__pca_way elbo__pca_exact;           /* one of these three                                                        */
elbo__pca_way elbo__pca_any;             /* Krylov's space where it is faster and converges, else the exact way       */

/* elbo_pca_fit in a given way. */
elbo_status elbo__pca_fit_by(elbo__pca_way *way, const elbo_rows *rows, int64_t components,
                             elbo_pca *out) ELBO_MUST_CHECK;

/* ---- Krylov's space: nn/pca/pca_krylov.c ------------------------------------------------------------------------- */

typedef struct {
    int64_t block; /* directions that each pass over the rows adds, at least Z  */
    int64_t most;  /* directions that are kept, at least two blocks             */
    int64_t steps; /* passes after which it is given up; 0: not worth beginning */
} elbo__krylov_limits;

/* Such that it takes at most about as long as the exact way. */
elbo__krylov_limits elbo__krylov_limits_for(int64_t count, int64_t columns, int64_t components);

/* *converged = false, and nothing set but the axes, which are of no use, where it was given up. */
elbo_status elbo__pca_krylov(const elbo_rows *rows, elbo_pca *pca, const elbo__krylov_limits *limits,
                             bool *converged) ELBO_MUST_CHECK;

/* ---- rows -------------------------------------------------------------------------------------------------------- */

/* How many rows are worked on at a time: some 32 MiB of f64, and never more than 1,000. */
int64_t elbo__pca_block(const elbo_rows *rows);

/* *x = rows first, first + 1, ...: where they lie already, or as they were read to `own` (n, D). */
elbo_status elbo__pca_read(const elbo_rows *rows, int64_t first, int64_t n, float *own,
                           const float **x) ELBO_MUST_CHECK;

/* Hands over all rows block by block, work(state, x, first, n), and before each block tells the watcher that `before` +
 * first of `total` rows are done. */
typedef elbo_status elbo__pca_work(void *state, const float *x, int64_t first, int64_t n);
elbo_status elbo__pca_each_block(const elbo_rows *rows, const char *what, int64_t before, int64_t total, void *state,
                                 elbo__pca_work *work) ELBO_MUST_CHECK;

/* Room for (rows, columns) numbers, not cleared: to clear gigabytes takes seconds in which nobody is asked. */
double *elbo__pca_room(int64_t rows, int64_t columns);

/* y (n, D) = x - mean */
void elbo__pca_centre(const elbo_pca *pca, const float *x, int64_t n, double *y);

/* The variances from the eigenvalues of the sum of products in their place, and the signs of the axes. `squares` is the
 * sum of the squares of all centred numbers. */
void elbo__pca_finish(elbo_pca *pca, double squares, const char *method);

#endif
