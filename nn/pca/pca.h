/* Principal components: the directions along which rows of numbers vary most (Pearson 1901; Hotelling 1933).
 *
 *     elbo_pca pca;
 *     elbo_rows rows = elbo_rows_of(x, n, 784);                          // x (n, 784) f32, or elbo_rows_of_images
 *     if (elbo_pca_fit(&rows, 50, &pca) != ELBO_OK)
 *         fprintf(stderr, "%s\n", elbo_error());
 *     printf("%.1f %% of the variance\n", 100 * elbo_pca_explained(&pca, 50));
 *     elbo_pca_project(&pca, x, n, z);                                   // z (n, 50)
 *     elbo_pca_free(&pca);
 *
 * With the mean m (D) of N rows, S = 1/N sum (x - m)(x - m)^T and S u_i = s_i u_i, s_1 >= s_2 >= ...: the code of x is
 * z_i = u_i^T (x - m), and of all linear maps to Z numbers and back x ~ m + sum_i z_i u_i has the least squared error,
 * s_(Z+1) + ... + s_D as a mean over the rows.
 *
 * In nn/pca: principal components of rows, the ways to find them, and questions about linear maps. The models pca and
 * ppca (models/) are made of them.
 */
#ifndef ELBO_NN_PCA_H
#define ELBO_NN_PCA_H

#include "../runs/run.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Rows of numbers that are asked for in blocks, in order and many times over, so that they need not be in memory at
 * once. */
typedef struct {
    int64_t count, columns; /* N, D */
    const void *source;
    elbo_status (*read)(const void *source, int64_t first, int64_t n, float *x); /* rows first ... to x (n, D)        */
} elbo_rows;

ELBO_API elbo_rows elbo_rows_of(const float *x, int64_t n, int64_t columns); /* x (n, D), borrowed                    */
ELBO_API elbo_rows elbo_rows_of_images(const elbo_images *images);          /* pixels in [0, 1], borrowed             */

typedef struct {
    int64_t count, columns, components; /* N, D, Z                                                                    */
    double *mean;                       /* (D)                                                                        */
    double *axes;                       /* (Z, D) u_i as rows, of length 1; the largest entry of each is positive     */
    double *variances;                  /* (Z) s_i, falling                                                           */
    double total;                       /* s_1 + ... + s_D                                                            */
    const char *method;                 /* how they were found: "covariance", "gram", "singular values" or "krylov"   */
} elbo_pca;

/* In double precision. With n = min(N, D), up to n = 1,000 from all eigenvectors of the covariance (D, D) or all
 * singular values of the rows; beyond that, a few components of many by a randomised block Krylov space where that is
 * faster ("krylov", seconds in place of minutes), in which each s_i and its u_i fulfil |S u_i - s_i u_i| <= 1e-9 s_i +
 * 1e-13 s_1; and where it does not come to that, or Z is not small, from the leading eigenvectors of the covariance or
 * of the products of rows ("gram"). The total is that of all numbers whatever the way, and the result the same to the
 * bit for any number of threads.
 *
 * Memory does not grow with N beyond D: blocks of rows, and f64 (n, n) and (Z, D); for few rows of less than 2^30 / N^2
 * columns twice (N, D); or for Krylov's space some 40 (Z + 7) D. The watcher (tensor/watch.h) is asked several times a
 * second about "mean", "covariance", "products of rows", "singular values", "krylov", "tridiagonal form",
 * "eigenvectors", "axes" and "orthonormal axes".
 *
 * ELBO_INVALID unless 1 <= Z <= min(N, D), ELBO_STOPPED where the watcher wants no more. Free with elbo_pca_free; on
 * failure *out is empty. */
ELBO_API elbo_status elbo_pca_fit(const elbo_rows *rows, int64_t components, elbo_pca *out) ELBO_MUST_CHECK;
ELBO_API void elbo_pca_free(elbo_pca *pca); /* leaves it empty; accepts NULL */

/* z_i = u_i^T (x - m): x (n, D) -> z (n, Z) */
ELBO_API void elbo_pca_project(const elbo_pca *pca, const float *x, int64_t n, float *z);

/* (s_1 + ... + s_k) / (s_1 + ... + s_D), 0 <= k <= Z; 1 where nothing varies */
ELBO_API double elbo_pca_explained(const elbo_pca *pca, int64_t k);

/* E[x|e_i] - E[x|0], e_i the i-th unit vector of the latent space: x (Z, D). They span what a linear decoder can draw;
 * any other is ELBO_INVALID. A model that takes labels gets label 0. */
ELBO_API elbo_status elbo_run_directions(elbo_run *run, float *x) ELBO_MUST_CHECK;

/* The principal angles in radians between the span of m rows a (m, D) and that of n rows b (n, D), m <= n <= D, rising:
 * angles (m). arccos of the singular values of A B^T for orthonormal bases of either (Jordan 1875; Bjorck and Golub
 * 1973). 0: that direction of the first span lies in the second. Rows that do not span m or n dimensions are
 * ELBO_INVALID. */
ELBO_API elbo_status elbo_principal_angles(const double *a, int64_t m, const double *b, int64_t n, int64_t columns,
                                           double *angles) ELBO_MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif
