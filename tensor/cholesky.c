#include "cholesky.h"

#include <lapacke.h>

#include "error_private.h"

/* The `work` forms of LAPACKE neither allocate nor look for NaN. A lower triangle by rows is LAPACK's upper one. */

elbo_status elbo__cholesky(int64_t n, double *a)
{
    const lapack_int size = (lapack_int)n;
    const lapack_int info = n < 1 ? 0 : LAPACKE_dpotrf_work(LAPACK_COL_MAJOR, 'U', size, a, size);
    for (int64_t i = 0; i < n; i++) {
        if (info != 0 || !(a[i * n + i] > 0)) /* NaN passes LAPACK by */
            return elbo__fail(ELBO_INVALID, "a matrix (%lld, %lld) is not positive definite", (long long)n,
                              (long long)n);
        for (int64_t k = i + 1; k < n; k++)
            a[i * n + k] = 0;
    }
    return ELBO_OK;
}

elbo_status elbo__invert_lower(int64_t n, double *l)
{
    const lapack_int size = (lapack_int)n;
    const lapack_int info = n < 1 ? 0 : LAPACKE_dtrtri_work(LAPACK_COL_MAJOR, 'U', 'N', size, l, size);
    return info == 0 ? ELBO_OK
                     : elbo__fail(ELBO_INVALID, "a matrix (%lld, %lld) has no inverse", (long long)n, (long long)n);
}
