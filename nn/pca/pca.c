#include "pca_private.h"

#include <math.h>
#include <string.h>

#include "../../tensor/eigen.h"
#include "../../tensor/memory.h"
#include "../../tensor/watch_private.h"
#include "../runs/run.h"

/* ---- rows -------------------------------------------------------------------------------------------------------- */

static elbo_status read_images(const void *source, int64_t first, int64_t n, float *x)
{
    return elbo_images_rows(source, first, n, x, NULL);
}

elbo_rows elbo_rows_of_images(const elbo_images *images)
{
    return (elbo_rows){images->count, images->channels * images->height * images->width, images, read_images};
}

elbo_rows elbo_rows_of(const float *x, int64_t n, int64_t columns)
{
    return (elbo_rows){n, columns, x, NULL};
}

int64_t elbo__pca_block(const elbo_rows *rows)
{
    enum { NUMBERS = 1 << 22, MOST = 1000 };
    const int64_t fitting = NUMBERS / rows->columns, most = rows->count < MOST ? rows->count : MOST;
    return fitting < 1 ? 1 : fitting < most ? fitting : most;
}

elbo_status elbo__pca_read(const elbo_rows *rows, int64_t first, int64_t n, float *own, const float **x)
{
    *x = rows->read ? own : (const float *)rows->source + first * rows->columns;
    return rows->read ? rows->read(rows->source, first, n, own) : ELBO_OK;
}

elbo_status elbo__pca_each_block(const elbo_rows *rows, const char *what, int64_t before, int64_t total, void *state,
                                 elbo__pca_work *work)
{
    const int64_t block = elbo__pca_block(rows);
    float *own = elbo__calloc(rows->read ? (size_t)block : 0, (size_t)rows->columns * sizeof *own);
    elbo_status status = own ? ELBO_OK : ELBO_NO_MEMORY;
    for (int64_t first = 0; first < rows->count && status == ELBO_OK; first += block) {
        const int64_t n = rows->count - first < block ? rows->count - first : block;
        const float *x = NULL;
        status = elbo__watched(what, before + first, total);
        if (status == ELBO_OK)
            status = elbo__pca_read(rows, first, n, own, &x);
        if (status == ELBO_OK)
            status = work(state, x, first, n);
    }
    elbo__free(own);
    return status;
}

double *elbo__pca_room(int64_t rows, int64_t columns)
{
    int64_t count, bytes;
    if (elbo__mul_size(rows, columns, &count) && elbo__mul_size(count, sizeof(double), &bytes))
        return elbo__alloc((size_t)bytes);
    (void)elbo__fail(ELBO_NO_MEMORY, "out of memory: %lld rows of %lld numbers", (long long)rows, (long long)columns);
    return NULL;
}

void elbo__pca_centre(const elbo_pca *pca, const float *x, int64_t n, double *y)
{
    for (int64_t i = 0; i < n; i++)
        for (int64_t k = 0; k < pca->columns; k++)
            y[i * pca->columns + k] = x[i * pca->columns + k] - pca->mean[k];
}

/* ---- the whole --------------------------------------------------------------------------------------------------- */

static elbo_status add_to_mean(void *state, const float *x, int64_t first, int64_t n)
{
    elbo_pca *pca = state;
    (void)first;
    for (int64_t i = 0; i < n; i++)
        for (int64_t k = 0; k < pca->columns; k++)
            pca->mean[k] += x[i * pca->columns + k];
    return ELBO_OK;
}

static elbo_status find_mean(const elbo_rows *rows, elbo_pca *pca)
{
    elbo_status status = elbo__pca_each_block(rows, "mean", 0, rows->count, pca, add_to_mean);
    for (int64_t k = 0; k < rows->columns && status == ELBO_OK; k++) {
        pca->mean[k] /= (double)rows->count;
        if (!isfinite(pca->mean[k]))
            status = elbo__fail(ELBO_INVALID, "pca: column %lld has a value that is not finite", (long long)k);
    }
    return status;
}

/* The sign that makes the largest entry positive: either sign is right, and this one does not depend on how the axis
 * was found. */
static void orient(double *axis, int64_t n)
{
    int64_t largest = 0;
    for (int64_t k = 1; k < n; k++)
        if (fabs(axis[k]) > fabs(axis[largest]))
            largest = k;
    const double sign = axis[largest] < 0 ? -1 : 1;
    for (int64_t k = 0; k < n; k++)
        axis[k] *= sign;
}

void elbo__pca_finish(elbo_pca *pca, double squares, const char *method)
{
    for (int64_t i = 0; i < pca->components; i++) {
        pca->variances[i] = fmax(pca->variances[i], 0) / (double)pca->count;
        orient(pca->axes + i * pca->columns, pca->columns);
    }
    pca->total = squares / (double)pca->count;
    pca->method = method;
}

elbo_status elbo__pca_any(const elbo_rows *rows, elbo_pca *pca)
{
    const elbo__krylov_limits limits = elbo__krylov_limits_for(pca->count, pca->columns, pca->components);
    bool converged = false;
    elbo_status status = limits.steps > 0 ? elbo__pca_krylov(rows, pca, &limits, &converged) : ELBO_OK;
    return status == ELBO_OK && !converged ? elbo__pca_exact(rows, pca) : status;
}

elbo_status elbo__pca_fit_by(elbo__pca_way *way, const elbo_rows *rows, int64_t components, elbo_pca *out)
{
    const int64_t most = rows->count < rows->columns ? rows->count : rows->columns;
    *out = (elbo_pca){.count = rows->count, .columns = rows->columns, .components = components};
    if (components < 1 || components > most)
        return elbo__fail(ELBO_INVALID, "pca: %lld components of %lld rows of %lld columns: expected 1 to %lld",
                          (long long)components, (long long)rows->count, (long long)rows->columns, (long long)most);
    out->mean = elbo__calloc((size_t)rows->columns, sizeof *out->mean);
    out->axes = elbo__pca_room(components, rows->columns);
    out->variances = elbo__calloc((size_t)components, sizeof *out->variances);
    elbo_status status = out->mean && out->axes && out->variances ? find_mean(rows, out) : ELBO_NO_MEMORY;
    if (status == ELBO_OK)
        status = way(rows, out);
    if (status != ELBO_OK)
        elbo_pca_free(out);
    return status;
}

elbo_status elbo_pca_fit(const elbo_rows *rows, int64_t components, elbo_pca *out)
{
    return elbo__pca_fit_by(elbo__pca_any, rows, components, out);
}

void elbo_pca_free(elbo_pca *pca)
{
    if (!pca)
        return;
    elbo__free(pca->mean);
    elbo__free(pca->axes);
    elbo__free(pca->variances);
    *pca = (elbo_pca){.count = 0};
}

void elbo_pca_project(const elbo_pca *pca, const float *x, int64_t n, float *z)
{
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < pca->components; j++) {
            double sum = 0;
            for (int64_t k = 0; k < pca->columns; k++)
                sum += pca->axes[j * pca->columns + k] * (x[i * pca->columns + k] - pca->mean[k]);
            z[i * pca->components + j] = (float)sum;
        }
}

double elbo_pca_explained(const elbo_pca *pca, int64_t k)
{
    double sum = 0;
    for (int64_t i = 0; i < k && i < pca->components; i++)
        sum += pca->variances[i];
    return pca->total > 0 ? fmin(sum / pca->total, 1) : 1; /* the sum of all may be larger by rounding */
}

/* ---- angles between subspaces ------------------------------------------------------------------------------------ */

/* basis (rows, D): orthonormal rows with the span of x (rows, D) */
static elbo_status orthonormal(const double *x, int64_t rows, int64_t columns, double *basis)
{
    double *copy = elbo__calloc((size_t)rows, (size_t)columns * sizeof *copy);
    double *values = elbo__calloc((size_t)rows, sizeof *values);
    elbo_status status = copy && values ? ELBO_OK : ELBO_NO_MEMORY;
    if (status == ELBO_OK) {
        memcpy(copy, x, (size_t)(rows * columns) * sizeof *copy);
        status = elbo__singular_rows(rows, columns, copy, basis, values);
    }
    if (status == ELBO_OK && !(values[rows - 1] > 1e-12 * values[0]))
        status = elbo__fail(ELBO_INVALID, "principal angles: %lld rows span fewer dimensions", (long long)rows);
    elbo__free(copy);
    elbo__free(values);
    return status;
}

/* y (m, n) = a (m, D) b^T, b (n, D) */
static void products(const double *a, int64_t m, const double *b, int64_t n, int64_t columns, double *y)
{
    for (int64_t i = 0; i < m; i++)
        for (int64_t j = 0; j < n; j++) {
            double sum = 0;
            for (int64_t k = 0; k < columns; k++)
                sum += a[i * columns + k] * b[j * columns + k];
            y[i * n + j] = sum;
        }
}

elbo_status elbo_principal_angles(const double *a, int64_t m, const double *b, int64_t n, int64_t columns,
                                  double *angles)
{
    if (m < 1 || m > n || n > columns)
        return elbo__fail(ELBO_INVALID, "principal angles between %lld and %lld rows of %lld columns", (long long)m,
                          (long long)n, (long long)columns);
    double *first = elbo__calloc((size_t)m, (size_t)columns * sizeof *first);
    double *second = elbo__calloc((size_t)n, (size_t)columns * sizeof *second);
    double *cosines = elbo__calloc((size_t)m, (size_t)n * sizeof *cosines);
    double *unwanted = elbo__calloc((size_t)m, (size_t)n * sizeof *unwanted);
    elbo_status status = first && second && cosines && unwanted ? ELBO_OK : ELBO_NO_MEMORY;
    if (status == ELBO_OK)
        status = orthonormal(a, m, columns, first);
    if (status == ELBO_OK)
        status = orthonormal(b, n, columns, second);
    if (status == ELBO_OK) {
        products(first, m, second, n, columns, cosines);
        status = elbo__singular_rows(m, n, cosines, unwanted, angles);
    }
    for (int64_t i = 0; i < m && status == ELBO_OK; i++)
        angles[i] = acos(fmin(angles[i], 1));
    elbo__free(first);
    elbo__free(second);
    elbo__free(cosines);
    elbo__free(unwanted);
    return status;
}
