/* Many short rows of f32: sums and maxima of each, copies of them, rows made of columns. Compiled once for each
 * instruction set.
 *
 * A row of n <= 64 numbers is a few lanes of a vector, and a kernel called for one row costs ten times what its
 * numbers do. Here as many rows as a vector has lanes are reduced together: each step joins the halves of two
 * vectors, entry l of a row to entry l + 32, then l + 16, l + 8, ... l + 1, missing ones being neutral. That is the
 * order of the plain kernels (elementwise_simd.inc), whose 64 lanes hold an entry each when a row has no more: same
 * bits. */
#include "elementwise.h"

#define JOIN2(a, b) a##b
#define JOIN(a, b) JOIN2(a, b)

#ifdef ELBO__ROWS_KERNELS
#include <math.h>

#include "simd.h"

elbo__rows_kernel JOIN(elbo__sum_rows_, ELBO__ISA), JOIN(elbo__max_rows_, ELBO__ISA);
elbo__copy_rows_kernel JOIN(elbo__copy_rows_, ELBO__ISA);
elbo__turn_kernel JOIN(elbo__turn_, ELBO__ISA);

#define INLINE static inline __attribute__((always_inline))

/* ---- what differs between instruction sets ----------------------------------------------------------------------- */

#ifdef __AVX512F__
typedef __m512i places;

INLINE vector choose(mask m, vector a, vector otherwise)
{
    return _mm512_mask_mov_ps(otherwise, m, a);
}
INLINE vector larger(vector a, vector b) /* NaN wins; the processor's own maximum takes b where either is NaN */
{
    return _mm512_mask_mov_ps(_mm512_max_ps(a, b), _mm512_cmp_ps_mask(a, a, _CMP_UNORD_Q), a);
}
INLINE places places_from(const int at[LANES])
{
    return _mm512_loadu_si512(at);
}
INLINE vector take(vector x, places from)
{
    return _mm512_permutexvar_ps(from, x);
}
/* Lanes [0, half) of every 2 half of a, then of b; and lanes [half, 2 half). */
INLINE void halves(vector a, vector b, int half, vector *low, vector *high)
{
    *low = half == 8   ? _mm512_shuffle_f32x4(a, b, 0x44)
           : half == 4 ? _mm512_shuffle_f32x4(a, b, 0x88)
           : half == 2 ? _mm512_shuffle_ps(a, b, 0x44)
                       : _mm512_shuffle_ps(a, b, 0x88);
    *high = half == 8   ? _mm512_shuffle_f32x4(a, b, 0xee)
            : half == 4 ? _mm512_shuffle_f32x4(a, b, 0xdd)
            : half == 2 ? _mm512_shuffle_ps(a, b, 0xee)
                        : _mm512_shuffle_ps(a, b, 0xdd);
}
#else
typedef __m256i places;

INLINE vector choose(mask m, vector a, vector otherwise)
{
    return _mm256_blendv_ps(otherwise, a, _mm256_castsi256_ps(m));
}
INLINE vector larger(vector a, vector b)
{
    return _mm256_blendv_ps(_mm256_max_ps(a, b), a, _mm256_cmp_ps(a, a, _CMP_UNORD_Q));
}
INLINE places places_from(const int at[LANES])
{
    return _mm256_loadu_si256((const __m256i *)(const void *)at);
}
INLINE vector take(vector x, places from)
{
    return _mm256_permutevar8x32_ps(x, from);
}
INLINE void halves(vector a, vector b, int half, vector *low, vector *high)
{
    *low = half == 4   ? _mm256_permute2f128_ps(a, b, 0x20)
           : half == 2 ? _mm256_shuffle_ps(a, b, 0x44)
                       : _mm256_shuffle_ps(a, b, 0x88);
    *high = half == 4   ? _mm256_permute2f128_ps(a, b, 0x31)
            : half == 2 ? _mm256_shuffle_ps(a, b, 0xee)
                        : _mm256_shuffle_ps(a, b, 0xdd);
}
#endif

/* ---- sums and maxima --------------------------------------------------------------------------------------------- */

typedef struct {
    int64_t rows, n, x_step;
    const float *x;
    mask some[64 /
              LANES]; /* of a row's entries, vector by vector; where vectors hold several rows, of all their lanes */
    places entries;   /* where those lanes are found */
    vector neutral;
    bool maximum;
} work;

INLINE vector combined(const work *w, vector a, vector b)
{
    if (w->maximum)
        return larger(a, b);
    return a + b;
}

/* Row r in one vector: `parts` of them, joined. Past the last row, that one again. */
INLINE vector one_row(const work *w, int64_t r, int parts)
{
    const float *x = w->x + (r < w->rows ? r : w->rows - 1) * w->x_step;
    vector v[64 / LANES];
#pragma GCC unroll 8
    for (int p = 0; p < parts; p++)
        v[p] = choose(w->some[p], load_some(x + p * LANES, w->some[p]), w->neutral);
#pragma GCC unroll 4
    for (int half = parts / 2; half > 0; half /= 2)
#pragma GCC unroll 4
        for (int p = 0; p < half; p++)
            v[p] = combined(w, v[p], v[p + half]);
    return v[0];
}

/* Rows r, r + 1, ... in one vector, each in `width` lanes. */
INLINE vector some_rows(const work *w, int64_t r)
{
    const int64_t left = (w->rows - 1 - r) * w->x_step + w->n; /* numbers that are there */
    const float *x = w->x + (left > 0 ? r : 0) * w->x_step;
    vector v = left >= LANES ? load(x) : load_some(x, first(left));
    return choose(w->some[0], take(v, w->entries), w->neutral);
}

/* The results of rows r to r + LANES - 1, in order. `width` lanes hold a row, or as many as a vector has, from
 * `parts`. */
INLINE vector reduced(const work *w, int64_t r, int width, int parts)
{
    vector v[LANES];
#pragma GCC unroll 16
    for (int i = 0; i < width; i++)
        v[i] = width == LANES ? one_row(w, r + i, parts) : some_rows(w, r + i * (LANES / width));
#pragma GCC unroll 4
    for (int half = width / 2; half > 0; half /= 2)
#pragma GCC unroll 8
        for (int i = 0; i < half; i++) {
            vector low, high;
            halves(v[2 * i], v[2 * i + 1], half, &low, &high);
            v[i] = combined(w, low, high);
        }
    int order[LANES]; /* the last two steps leave row i + (LANES / 4) j in lane 4 i + j */
    for (int i = 0; i < LANES; i++)
        order[i] = i % (LANES / 4) * 4 + i / (LANES / 4);
    return take(v[0], places_from(order)) + spread(0); /* a zero is +0 */
}

INLINE void work_off(const work *w, float *y, int64_t y_step, int width, int parts)
{
    for (int64_t r = 0; r < w->rows; r += LANES) {
        const int64_t many = w->rows - r < LANES ? w->rows - r : LANES;
        const vector v = reduced(w, r, width, parts);
        float apart[LANES];
        if (y_step == 1) {
            store_some(y + r, v, first(many));
            continue;
        }
        store(apart, v);
        for (int64_t i = 0; i < many; i++)
            y[(r + i) * y_step] = apart[i];
    }
}

/* As few lanes for a row as are enough: 4, 8 or 16 where a vector then has room for the steps between its rows. */
INLINE void reduce_rows(bool maximum, int64_t rows, int64_t n, float *y, int64_t y_step, const float *x, int64_t x_step)
{
    work w = {.rows = rows, .n = n, .x_step = x_step, .x = x, .maximum = maximum};
    w.neutral = spread(maximum ? -INFINITY : 0);
    for (int width = 4; width < LANES; width *= 2) {
        if (n > width || (LANES / width - 1) * x_step + n > LANES)
            continue;
        int from[LANES];
        float there[LANES];
        for (int i = 0; i < LANES; i++) {
            from[i] = (int)(i / width * x_step) + i % width;
            there[i] = i % width < n;
        }
        w.entries = places_from(from);
#ifdef __AVX512F__
        w.some[0] = _mm512_cmp_ps_mask(load(there), spread(0), _CMP_NEQ_UQ);
        if (width == 8) {
            work_off(&w, y, y_step, 8, 1);
            return;
        }
#else
        w.some[0] = _mm256_castps_si256(_mm256_cmp_ps(load(there), spread(0), _CMP_NEQ_UQ));
#endif
        work_off(&w, y, y_step, 4, 1);
        return;
    }
    for (int p = 0; p < 64 / LANES; p++)
        w.some[p] = first(n > p * LANES ? n - p * LANES : 0);
    if (n <= LANES)
        work_off(&w, y, y_step, LANES, 1);
    else if (n <= 2 * LANES)
        work_off(&w, y, y_step, LANES, 2);
    else if (n <= 4 * LANES)
        work_off(&w, y, y_step, LANES, 4);
#ifndef __AVX512F__
    else
        work_off(&w, y, y_step, LANES, 8);
#endif
}

void JOIN(elbo__sum_rows_, ELBO__ISA)(int64_t rows, int64_t n, void *y, int64_t y_step, const void *x, int64_t x_step)
{
    reduce_rows(false, rows, n, y, y_step, x, x_step);
}

void JOIN(elbo__max_rows_, ELBO__ISA)(int64_t rows, int64_t n, void *y, int64_t y_step, const void *x, int64_t x_step)
{
    reduce_rows(true, rows, n, y, y_step, x, x_step);
}

/* ---- copies ------------------------------------------------------------------------------------------------------ */

/* Where rows of y follow each other, one is written as whole vectors while more than a vector follows: the next rows
 * write over what is too much. */
INLINE void copy_rows(int64_t rows, int64_t n, float *y, int64_t y_step, const float *x, int64_t x_step, bool repeat)
{
    const mask some = first(n % LANES ? n % LANES : LANES);
    const int64_t before = (n - 1) / LANES * LANES; /* entries ahead of the last vector */
    int64_t left = y_step == n ? rows * n - before : 0;
    for (int64_t r = 0; r < rows; r++, left -= n, x += x_step, y += y_step) {
        for (int64_t i = 0; i < before; i += LANES)
            store(y + i, repeat ? spread(*x) : load(x + i));
        const vector v = repeat ? spread(*x) : load_some(x + before, some);
        if (left >= LANES)
            store(y + before, v);
        else
            store_some(y + before, v, some);
    }
}

void JOIN(elbo__copy_rows_, ELBO__ISA)(int64_t rows, int64_t n, void *y, int64_t y_step, const void *x, int64_t x_step,
                                       bool repeat)
{
    if (repeat)
        copy_rows(rows, n, y, y_step, x, x_step, true);
    else
        copy_rows(rows, n, y, y_step, x, x_step, false);
}

/* ---- columns as rows --------------------------------------------------------------------------------------------- */

void JOIN(elbo__turn_, ELBO__ISA)(int64_t rows, int64_t n, void *y, int64_t y_step, const void *x, int64_t x_step)
{
    for (int64_t r = 0; r < rows; r += LANES)
        for (int64_t i = 0; i < n; i += LANES)
            turn((float *)y + r * y_step + i, y_step, (const float *)x + r + i * x_step, x_step,
                 rows - r < LANES ? (int)(rows - r) : LANES, n - i < LANES ? (int)(n - i) : LANES);
}
#endif
