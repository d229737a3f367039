/* The inner loops add a multiple of one row to another, so the bits do not depend on the width of vectors. */
#include <math.h>
#include <string.h>

#include "definite.h"
#include "clones.h"

ELBO__CLONES static bool factor(int64_t n, double *a)
{
    for (int64_t k = 0; k < n; k++) {
        double *row = a + k * n;
        if (!(row[k] > 0) || isinf(row[k]))
            return false;
        const double root = sqrt(row[k]);
        for (int64_t j = k; j < n; j++)
            row[j] /= root;
        for (int64_t i = k + 1; i < n; i++) {
            double *below = a + i * n, factor = row[i];
            for (int64_t j = i; j < n; j++)
                below[j] -= factor * row[j];
        }
    }
    return true;
}

/* work = (u')^-1, a lower triangle, row by row; then a^-1 = work' work. */
ELBO__CLONES static void invert(int64_t n, double *u, double *work)
{
    memset(work, 0, (size_t)(n * n) * sizeof *work);
    for (int64_t i = 0; i < n; i++) {
        double *row = work + i * n;
        row[i] = 1;
        for (int64_t k = 0; k < i; k++)
            for (int64_t j = 0; j <= k; j++)
                row[j] -= u[k * n + i] * work[k * n + j];
        for (int64_t j = 0; j <= i; j++)
            row[j] /= u[i * n + i];
    }
    memset(u, 0, (size_t)(n * n) * sizeof *u);
    for (int64_t k = 0; k < n; k++)
        for (int64_t i = 0; i <= k; i++)
            for (int64_t j = 0; j <= i; j++)
                u[i * n + j] += work[k * n + i] * work[k * n + j];
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < i; j++)
            u[j * n + i] = u[i * n + j];
}

/* The functions that are chosen from would be exported, whatever the rest of the library is compiled with. */
bool elbo__definite_factor(int64_t n, double *a)
{
    return factor(n, a);
}

void elbo__definite_inverse(int64_t n, double *u, double *work)
{
    invert(n, u, work);
}
