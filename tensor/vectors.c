#include "vectors.h"

#include <math.h>
#include <string.h>

#include "clones.h"
#include "memory.h"
#include "product.h"
#include "random.h"
#include "watch_private.h"

/* ---- sums -------------------------------------------------------------------------------------------------------- */

/* Sixteen sums side by side, whatever the machine's vectors hold. */
typedef double lanes __attribute__((vector_size(64), aligned(8), may_alias));

#define TOTAL(a) (((a[0] + a[4]) + (a[1] + a[5])) + ((a[2] + a[6]) + (a[3] + a[7])))

/* The cloned functions are static: the choice between them would be exported by its name. */
ELBO__CLONES static double dot(const double *a, const double *b, int64_t n)
{
    lanes first = {0}, second = {0};
    int64_t i = 0;
    for (; i + 16 <= n; i += 16) {
        first += *(const lanes *)(a + i) * *(const lanes *)(b + i);
        second += *(const lanes *)(a + i + 8) * *(const lanes *)(b + i + 8);
    }
    double rest = 0;
    for (; i < n; i++)
        rest += a[i] * b[i];
    first += second;
    return TOTAL(first) + rest;
}

ELBO__CLONES static double dot_and_add(double *restrict y, double factor, const double *restrict a,
                                       const double *restrict b, int64_t n)
{
    lanes first = {0}, second = {0};
    int64_t i = 0;
    for (; i + 16 <= n; i += 16) {
        const lanes a0 = *(const lanes *)(a + i), a1 = *(const lanes *)(a + i + 8);
        first += a0 * *(const lanes *)(b + i);
        second += a1 * *(const lanes *)(b + i + 8);
        *(lanes *)(y + i) += factor * a0;
        *(lanes *)(y + i + 8) += factor * a1;
    }
    double rest = 0;
    for (; i < n; i++) {
        rest += a[i] * b[i];
        y[i] += factor * a[i];
    }
    first += second;
    return TOTAL(first) + rest;
}

ELBO__CLONES static void add_scaled(double *y, double factor, const double *x, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        y[i] += factor * x[i];
}

double elbo__dot(const double *a, const double *b, int64_t n)
{
    return dot(a, b, n);
}

double elbo__dot_and_add(double *restrict y, double factor, const double *restrict a, const double *restrict b,
                         int64_t n)
{
    return dot_and_add(y, factor, a, b, n);
}

void elbo__add_scaled(double *y, double factor, const double *x, int64_t n)
{
    add_scaled(y, factor, x, n);
}

double elbo__sum_of_squares(const double *x, int64_t n)
{
    return elbo__dot(x, x, n);
}

void elbo__rows_by_vector(double *y, const double *a, int64_t pitch, int64_t rows, const double *x, int64_t n)
{
    for (int64_t i = 0; i < rows; i++)
        y[i] = elbo__dot(a + i * pitch, x, n);
}

/* ---- orthonormal rows -------------------------------------------------------------------------------------------- */

/* A row that keeps this share of its length is orthogonal to the others within 1e-13. */
#define SOUND 1e-3

static void scale(double *x, double factor, int64_t n)
{
    for (int64_t k = 0; k < n; k++)
        x[k] *= factor;
}

/* Takes from row i its components along rows first, ..., i - 1; returns its length. */
static double take_away(double *q, int64_t first, int64_t i, int64_t n)
{
    double *row = q + i * n;
    for (int64_t j = first; j < i; j++)
        elbo__add_scaled(row, -elbo__dot(q + j * n, row, n), q + j * n, n);
    return sqrt(elbo__sum_of_squares(row, n));
}

/* What is left of row i beside all rows before it, or, where nothing is, of a random row: taken away again and again
 * until the length stays. A length of 0 or NaN ends the tries with that row. */
static void straighten(double *q, int64_t i, int64_t n)
{
    enum { TRIES = 8, ROUNDS = 6 };
    const elbo__random_key key = {.stream = elbo__stream("basis", "row", 0), .step = (uint64_t)i};
    double *row = q + i * n;
    for (int try = 0; try < TRIES; try++) {
        for (int round = 0; round < ROUNDS; round++) {
            const double before = sqrt(elbo__sum_of_squares(row, n));
            if (!(before > 0) || !isfinite(before))
                break;
            scale(row, 1 / before, n);
            const double left = take_away(q, 0, i, n);
            if (left > 0.5) {
                scale(row, 1 / left, n);
                return;
            }
        }
        elbo__normal_f64(row, 1, 1, n, key, 0, (uint64_t)try);
    }
}

elbo_status elbo__basis_extend(double *q, int64_t have, int64_t more, int64_t n, int threads)
{
    const elbo__matrix basis = {q, have, n, n, 1}, added = {q + have * n, more, n, n, 1};
    double *along = elbo__calloc((size_t)more, (size_t)(have > 0 ? have : 1) * sizeof *along);
    double *lengths = elbo__calloc((size_t)more, sizeof *lengths);
    if (along && lengths) {
        const elbo__matrix part = {along, more, have, have, 1}, across = elbo__transposed(basis);
        for (int pass = 0; pass < 2; pass++) {
            for (int64_t i = 0; i < more; i++)
                lengths[i] = sqrt(elbo__sum_of_squares(q + (have + i) * n, n));
            if (have > 0) {
                elbo__product_shared(1, &added, &across, 0, &part, threads);
                elbo__product_shared(-1, &part, &basis, 1, &added, threads);
            }
        }
        for (int64_t i = 0; i < more; i++) {
            (void)take_away(q, have, have + i, n);
            const double left = take_away(q, have, have + i, n);
            if (left > SOUND * lengths[i] && isfinite(left))
                scale(q + (have + i) * n, 1 / left, n);
            else
                straighten(q, have + i, n);
        }
    }
    elbo_status status = along && lengths ? ELBO_OK : ELBO_NO_MEMORY;
    elbo__free(along);
    elbo__free(lengths);
    return status;
}

elbo_status elbo__basis_of(double *q, int64_t rows, int64_t n, int threads)
{
    enum { PIECE = 64 };
    elbo_status status = ELBO_OK;
    for (int64_t have = 0; have < rows && status == ELBO_OK; have += PIECE) {
        status = elbo__watched("orthonormal axes", have, rows);
        if (status == ELBO_OK)
            status = elbo__basis_extend(q, have, rows - have < PIECE ? rows - have : PIECE, n, threads);
    }
    return status;
}
