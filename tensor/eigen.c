#include "eigen.h"

#include <lapacke.h>
#include <string.h>

#include "memory.h"

/* The `work` forms of LAPACKE are told where to work; the others would allocate behind the back of our hook, and look
 * for NaN once more. Rows of ours are LAPACK's columns, so nothing is transposed. */

static elbo_status result(const char *what, int64_t rows, int64_t columns, lapack_int info)
{
    return info == 0 ? ELBO_OK
                     : elbo__fail(ELBO_INVALID, "%s of a matrix (%lld, %lld): LAPACK found none (%d)", what,
                                  (long long)rows, (long long)columns, (int)info);
}

elbo_status elbo__eigen_symmetric(int64_t n, double *a, double *values)
{
    const lapack_int size = (lapack_int)n;
    double best;
    lapack_int best_whole;
    if (n < 1)
        return ELBO_OK;
    lapack_int info = LAPACKE_dsyevd_work(LAPACK_COL_MAJOR, 'V', 'L', size, a, size, values, &best, -1, &best_whole,
                                          -1);
    if (info != 0)
        return result("eigenvectors", n, n, info);
    double *work = elbo__alloc((size_t)best * sizeof *work);
    lapack_int *whole = elbo__alloc((size_t)best_whole * sizeof *whole);
    elbo_status status = ELBO_NO_MEMORY;
    if (work && whole)
        status = result("eigenvectors", n, n,
                        LAPACKE_dsyevd_work(LAPACK_COL_MAJOR, 'V', 'L', size, a, size, values, work, (lapack_int)best,
                                            whole, best_whole));
    elbo__free(work);
    elbo__free(whole);
    return status;
}

static elbo_status leading_of_all(int64_t n, double *a, int64_t k, double *values, double *vectors)
{
    double *all = elbo__calloc((size_t)n, sizeof *all);
    elbo_status status = all ? elbo__eigen_symmetric(n, a, all) : ELBO_NO_MEMORY;
    for (int64_t i = 0; i < k && status == ELBO_OK; i++) {
        values[i] = all[n - 1 - i];
        memcpy(vectors + i * n, a + (n - 1 - i) * n, (size_t)n * sizeof *vectors);
    }
    elbo__free(all);
    return status;
}

elbo_status elbo__eigen_leading(int64_t n, double *a, int64_t k, double *values, double *vectors, int threads)
{
    enum { LEAST_PIECE = 32, NUMBERS = 1 << 20 }; /* in a piece, which take a third of a second */
    const int64_t piece = NUMBERS / n > LEAST_PIECE ? NUMBERS / n : LEAST_PIECE;
    return n <= ELBO__EIGEN_DIRECT ? leading_of_all(n, a, k, values, vectors)
                                   : elbo__eigen_leading_large(n, a, k, piece, values, vectors, threads);
}

elbo_status elbo__singular_rows(int64_t rows, int64_t columns, double *a, double *right, double *values)
{
    const lapack_int m = (lapack_int)columns, n = (lapack_int)rows;
    double best;
    if (rows < 1)
        return ELBO_OK;
    double *left = elbo__calloc((size_t)rows, (size_t)rows * sizeof *left);
    lapack_int *whole = elbo__calloc((size_t)rows, 8 * sizeof *whole);
    double *work = NULL;
    elbo_status status = left && whole ? ELBO_OK : ELBO_NO_MEMORY;
    if (status == ELBO_OK)
        status = result(
            "singular vectors", rows, columns,
            LAPACKE_dgesdd_work(LAPACK_COL_MAJOR, 'S', m, n, a, m, values, right, m, left, n, &best, -1, whole));
    if (status == ELBO_OK && !(work = elbo__alloc((size_t)best * sizeof *work)))
        status = ELBO_NO_MEMORY;
    if (status == ELBO_OK)
        status = result("singular vectors", rows, columns,
                        LAPACKE_dgesdd_work(LAPACK_COL_MAJOR, 'S', m, n, a, m, values, right, m, left, n, work,
                                            (lapack_int)best, whole));
    elbo__free(left);
    elbo__free(whole);
    elbo__free(work);
    return status;
}
