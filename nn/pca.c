#include "pca.h"

#include <math.h>
#include <string.h>

#include "../autograd/ops.h"
#include "../autograd/plan.h"
#include "../tensor/eigen.h"
#include "../tensor/memory.h"
#include "init.h"
#include "run.h"

enum { BLOCK = 1000 }; /* rows that are read at a time */

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

/* *x = rows first, first + 1, ...: where they lie already, or as they were read to `own` (n, D). */
static elbo_status rows_at(const elbo_rows *rows, int64_t first, int64_t n, float *own, const float **x)
{
    *x = rows->read ? own : (const float *)rows->source + first * rows->columns;
    return rows->read ? rows->read(rows->source, first, n, own) : ELBO_OK;
}

/* Hands over all rows block by block: work(state, x, first, n). */
static elbo_status for_each_block(const elbo_rows *rows, void *state,
                                  elbo_status (*work)(void *state, const float *x, int64_t first, int64_t n))
{
    const int64_t block = rows->count < BLOCK ? rows->count : BLOCK;
    float *own = elbo__calloc((size_t)block, (size_t)rows->columns * sizeof *own);
    elbo_status status = own ? ELBO_OK : ELBO_NO_MEMORY;
    for (int64_t first = 0; first < rows->count && status == ELBO_OK; first += block) {
        const int64_t n = rows->count - first < block ? rows->count - first : block;
        const float *x;
        status = rows_at(rows, first, n, own, &x);
        if (status == ELBO_OK)
            status = work(state, x, first, n);
    }
    elbo__free(own);
    return status;
}

/* ---- the mean ---------------------------------------------------------------------------------------------------- */

static elbo_status add_to_mean(void *state, const float *x, int64_t first, int64_t n)
{
    elbo_pca *pca = state;
    (void)first;
    for (int64_t i = 0; i < n; i++)
        for (int64_t k = 0; k < pca->columns; k++)
            pca->mean[k] += x[i * pca->columns + k];
    return ELBO_OK;
}

/* y (n, D) = x - mean */
static void centre(const elbo_pca *pca, const float *x, int64_t n, double *y)
{
    for (int64_t i = 0; i < n; i++)
        for (int64_t k = 0; k < pca->columns; k++)
            y[i * pca->columns + k] = x[i * pca->columns + k] - pca->mean[k];
}

/* Row `from` of u (., D) becomes axis `to`, with the sign that makes its largest entry positive: either sign is right, and
 * this one does not depend on how it was found. */
static void take_axis(elbo_pca *pca, int64_t to, const double *u, int64_t from)
{
    const double *row = u + from * pca->columns;
    int64_t largest = 0;
    for (int64_t k = 1; k < pca->columns; k++)
        if (fabs(row[k]) > fabs(row[largest]))
            largest = k;
    const double sign = row[largest] < 0 ? -1 : 1;
    for (int64_t k = 0; k < pca->columns; k++)
        pca->axes[to * pca->columns + k] = sign * row[k];
}

/* ---- many rows: eigenvectors of the covariance ------------------------------------------------------------------- */

/* A plan that adds y^T y to state "scatter" (D, D), for blocks y (B, D) of centred rows: products by all threads. */
typedef struct {
    elbo_pca *pca;
    elbo_params *sums;
    elbo_plan *plan;
    double *block; /* (B, D) */
    int64_t length;
} scatter;

static elbo_status open_scatter(scatter *s, elbo_pca *pca, int64_t length)
{
    const elbo_shape shape = ELBO_SHAPE(length, pca->columns);
    *s = (scatter){.pca = pca, .length = length, .sums = elbo_params_new(ELBO_F64, 0)};
    s->block = elbo__calloc((size_t)length, (size_t)pca->columns * sizeof *s->block);
    if (!s->sums || !s->block)
        return ELBO_NO_MEMORY;
    elbo_graph *g = elbo_graph_new(s->sums, ELBO_TRAIN);
    elbo_var *y = elbo_input(g, "y", ELBO_F64, shape);
    elbo_var *sum = elbo_state(g, "scatter", ELBO_SHAPE(pca->columns, pca->columns), elbo_init_zeros());
    elbo_assign(sum, elbo_add(sum, elbo_matmul(elbo_transpose(y), y)));
    s->plan = elbo_compile(g, NULL, 0);
    elbo_status status = s->plan ? ELBO_OK : elbo_graph_status(g);
    elbo_graph_free(g);
    if (status != ELBO_OK)
        return status;
    return s->plan ? elbo_plan_bind(s->plan, "y", elbo_tensor_of(ELBO_F64, shape, s->block)) : ELBO_NO_MEMORY;
}

static void close_scatter(scatter *s)
{
    elbo_plan_free(s->plan);
    elbo_params_free(s->sums);
    elbo__free(s->block);
}

static elbo_status add_to_scatter(void *state, const float *x, int64_t first, int64_t n)
{
    scatter *s = state;
    const size_t row = (size_t)s->pca->columns * sizeof *s->block;
    (void)first;
    centre(s->pca, x, n, s->block);
    memset(s->block + n * s->pca->columns, 0, (size_t)(s->length - n) * row); /* rows at the mean add nothing */
    return elbo_plan_run(s->plan, s->sums, (elbo_at){.seed = 0});
}

static elbo_status solve_covariance(const elbo_rows *rows, elbo_pca *pca)
{
    const int64_t n = pca->columns;
    scatter s;
    if (n > ELBO__EIGEN_LIMIT)
        return elbo__fail(ELBO_INVALID, "pca: %lld columns of %lld rows: at most %d columns", (long long)n,
                          (long long)pca->count, ELBO__EIGEN_LIMIT);
    elbo_status status = open_scatter(&s, pca, rows->count < BLOCK ? rows->count : BLOCK);
    double *values = elbo__calloc((size_t)n, sizeof *values);
    if (status == ELBO_OK)
        status = values ? for_each_block(rows, &s, add_to_scatter) : ELBO_NO_MEMORY;
    if (status == ELBO_OK) {
        double *u = elbo_params_tensor(s.sums, 0).data; /* symmetric: either order of its axes will do */
        status = elbo__eigen_symmetric(n, u, values);
        for (int64_t i = 0; i < n && status == ELBO_OK; i++)
            pca->total += fmax(values[i], 0) / (double)pca->count;
        for (int64_t i = 0; i < pca->components && status == ELBO_OK; i++) {
            pca->variances[i] = fmax(values[n - 1 - i], 0) / (double)pca->count;
            take_axis(pca, i, u, n - 1 - i);
        }
    }
    elbo__free(values);
    close_scatter(&s);
    return status;
}

/* ---- few rows: singular vectors ---------------------------------------------------------------------------------- */

typedef struct {
    const elbo_pca *pca;
    double *y; /* (N, D) */
} centred;

static elbo_status keep_centred(void *state, const float *x, int64_t first, int64_t n)
{
    const centred *c = state;
    centre(c->pca, x, n, c->y + first * c->pca->columns);
    return ELBO_OK;
}

static elbo_status solve_rows(const elbo_rows *rows, elbo_pca *pca)
{
    const size_t n = (size_t)pca->count, width = (size_t)pca->columns;
    if (pca->count > ELBO__SINGULAR_LIMIT || pca->columns > INT32_MAX)
        return elbo__fail(ELBO_INVALID, "pca: %lld rows of %lld columns: at most %d rows where there are more columns",
                          (long long)pca->count, (long long)pca->columns, ELBO__SINGULAR_LIMIT);
    centred c = {pca, elbo__calloc(n, width * sizeof *c.y)};
    double *u = elbo__calloc(n, width * sizeof *u), *values = elbo__calloc(n, sizeof *values);
    elbo_status status = c.y && u && values ? for_each_block(rows, &c, keep_centred) : ELBO_NO_MEMORY;
    if (status == ELBO_OK)
        status = elbo__singular_rows(pca->count, pca->columns, c.y, u, values);
    for (int64_t i = 0; i < pca->count && status == ELBO_OK; i++) {
        const double variance = values[i] * values[i] / (double)pca->count;
        pca->total += variance;
        if (i >= pca->components)
            continue;
        pca->variances[i] = variance;
        take_axis(pca, i, u, i);
    }
    elbo__free(c.y);
    elbo__free(u);
    elbo__free(values);
    return status;
}

/* ---- the whole --------------------------------------------------------------------------------------------------- */

elbo_status elbo_pca_fit(const elbo_rows *rows, int64_t components, elbo_pca *out)
{
    const int64_t most = rows->count < rows->columns ? rows->count : rows->columns;
    *out = (elbo_pca){.count = rows->count, .columns = rows->columns, .components = components};
    if (components < 1 || components > most)
        return elbo__fail(ELBO_INVALID, "pca: %lld components of %lld rows of %lld columns: expected 1 to %lld",
                          (long long)components, (long long)rows->count, (long long)rows->columns, (long long)most);
    out->mean = elbo__calloc((size_t)rows->columns, sizeof *out->mean);
    out->axes = elbo__calloc((size_t)components, (size_t)rows->columns * sizeof *out->axes);
    out->variances = elbo__calloc((size_t)components, sizeof *out->variances);
    elbo_status status = out->mean && out->axes && out->variances ? ELBO_OK : ELBO_NO_MEMORY;
    if (status == ELBO_OK)
        status = for_each_block(rows, out, add_to_mean);
    for (int64_t k = 0; k < rows->columns && status == ELBO_OK; k++) {
        out->mean[k] /= (double)rows->count;
        if (!isfinite(out->mean[k]))
            status = elbo__fail(ELBO_INVALID, "pca: column %lld has a value that is not finite", (long long)k);
    }
    if (status == ELBO_OK)
        status = rows->count < rows->columns ? solve_rows(rows, out) : solve_covariance(rows, out);
    if (status != ELBO_OK)
        elbo_pca_free(out);
    return status;
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
    return pca->total > 0 ? sum / pca->total : 1;
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
