/* The leading eigenpairs of a large symmetric matrix, in steps short enough to be stopped between them.
 *
 *     A = Q T Q^T      T tridiagonal, by Householder reflections: panels of PANEL columns, each column of which takes
 *                      one product of what is left of A by a vector, and after each panel one update of rank 2 PANEL
 *                      (as LAPACK's dsytrd does: Dongarra, Sorensen and Hammarling 1989)
 *     T z = s z        by bisection and inverse iteration (dstebz and dstein), some vectors at a time
 *     u = Q z          the reflections of a panel at a time (Schreiber and Van Loan 1989)
 *
 * 2/3 n^3 multiplications and as many additions for the products by vectors, which read the upper half of what is left
 * of A from memory each time, n^3 / 6 numbers, and take longer than all the rest; 2/3 n^3 for the updates; 2 n^2 k for
 * k vectors, and 2 n k^2 to make them orthogonal where they were found in more than one piece. */
#include <float.h>
#include <lapacke.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "eigen.h"
#include "memory.h"
#include "product.h"
#include "vectors.h"
#include "watch_private.h"

enum {
    PANEL = 32,    /* columns */
    STRIPE = 1024, /* rows that are worked on between two questions to the watcher */
    SHARES = 32    /* of a product by a vector, shared out among the threads */
};

typedef struct {
    int64_t n;
    int threads;
    double *a;        /* (n, n); row j becomes from column j + 1 on the vector v_j of reflection j       */
    double *factor;   /* (n) of each reflection I - factor v v^T, v[0] = 1                               */
    double *diagonal; /* (n) of T                                                                        */
    double *beside;   /* (n) beside the diagonal of T: entry j stands between j and j + 1                */
    double *panel;    /* (3 PANEL, n): rows v_j of a panel, rows w_j, and rows v_j once more             */
    double *sums;     /* (SHARES, n): what each share of the rows adds to a product by a vector          */
} reduction;

static double *v_of(const reduction *r, int64_t c)
{
    return r->panel + c * r->n;
}

static double *w_of(const reduction *r, int64_t c)
{
    return r->panel + (PANEL + c) * r->n;
}

static int64_t least_of(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* ---- T ----------------------------------------------------------------------------------------------------------- */

/* x (n) becomes v; returns the factor of H = I - factor v v^T, where H x = (*beta, 0, ..., 0). */
static double reflection(double *x, int64_t n, double *beta)
{
    const double rest = elbo__sum_of_squares(x + 1, n - 1), first = x[0];
    x[0] = 1;
    *beta = first;
    if (!(rest > 0))
        return 0;
    *beta = first > 0 ? -sqrt(first * first + rest) : sqrt(first * first + rest);
    for (int64_t i = 1; i < n; i++)
        x[i] /= first - *beta;
    return (*beta - first) / *beta;
}

/* Where share s of SHARES begins, of the rows `begin`, ..., n - 1 of the upper half: shares of about equal area */
static int64_t share_begin(int64_t begin, int64_t n, int s)
{
    return n - (int64_t)((double)(n - begin) * sqrt(1 - (double)s / SHARES));
}

/* w = A v for rows and columns j + 1, ..., as A was before the panel. What a share of the rows adds to w is added up by
 * itself, and the shares in their order. */
static void multiply(const reduction *r, int64_t j, const double *v, double *w)
{
    const int64_t n = r->n, begin = j + 1;
#pragma omp parallel for schedule(dynamic) num_threads(r->threads)
    for (int s = 0; s < SHARES; s++) {
        const int64_t first = share_begin(begin, n, s), end = share_begin(begin, n, s + 1);
        double *sum = r->sums + s * n;
        memset(sum + first, 0, (size_t)(n - first) * sizeof *sum);
        for (int64_t i = first; i < end; i++) {
            const double *row = r->a + i * n;
            sum[i] += row[i] * v[i] + elbo__dot_and_add(sum + i + 1, v[i], row + i + 1, v + i + 1, n - i - 1);
        }
    }
    memset(w + begin, 0, (size_t)(n - begin) * sizeof *w);
    for (int s = 0; s < SHARES; s++) {
        const int64_t first = share_begin(begin, n, s);
        elbo__add_scaled(w + first, 1, r->sums + s * n + first, n - first);
    }
}

/* Column `first` + c, the c-th of a panel: T's entries, v_c, and w_c such that A - sum_i v_i w_i^T + w_i v_i^T is what
 * the reflections so far make of A. */
static void reduce_column(reduction *r, int64_t first, int64_t c)
{
    const int64_t n = r->n, j = first + c;
    double *v = v_of(r, c), *w = w_of(r, c);
    memset(v, 0, (size_t)j * sizeof *v);
    memset(w, 0, (size_t)(j + 1) * sizeof *w);
    memcpy(v + j, r->a + j * n + j, (size_t)(n - j) * sizeof *v); /* its row */
    for (int64_t i = 0; i < c; i++) {
        elbo__add_scaled(v + j, -v_of(r, i)[j], w_of(r, i) + j, n - j);
        elbo__add_scaled(v + j, -w_of(r, i)[j], v_of(r, i) + j, n - j);
    }
    r->diagonal[j] = v[j];
    v[j] = 0;
    const int64_t begin = j + 1, length = n - begin;
    const double factor = r->factor[j] = reflection(v + begin, length, &r->beside[j]);
    multiply(r, j, v, w);
    for (int64_t i = 0; i < c; i++) {
        const double *vi = v_of(r, i) + begin, *wi = w_of(r, i) + begin;
        const double along_w = elbo__dot(wi, v + begin, length), along_v = elbo__dot(vi, v + begin, length);
        elbo__add_scaled(w + begin, -along_w, vi, length);
        elbo__add_scaled(w + begin, -along_v, wi, length);
    }
    for (int64_t i = begin; i < n; i++)
        w[i] *= factor;
    elbo__add_scaled(w + begin, -0.5 * factor * elbo__dot(w + begin, v + begin, length), v + begin, length);
}

/* A -= sum_i v_i w_i^T + w_i v_i^T over a panel of `width` columns, for rows and columns `begin`, ...: the upper half,
 * and some more beside the diagonal, which nobody reads */
static elbo_status update(reduction *r, int64_t begin, int64_t width)
{
    const int64_t n = r->n;
    elbo_status status = ELBO_OK;
    memmove(v_of(r, width), w_of(r, 0), (size_t)(width * n) * sizeof *r->panel); /* v, w and v one after the other */
    memcpy(v_of(r, 2 * width), r->panel, (size_t)(width * n) * sizeof *r->panel);
    for (int64_t i = begin; i < n && status == ELBO_OK; i += STRIPE) {
        const int64_t rows = least_of(n - i, STRIPE);
        const elbo__matrix y = {r->a + i * n + i, rows, n - i, n, 1}, left = {r->panel + i, rows, 2 * width, 1, n};
        const elbo__matrix right = {v_of(r, width) + i, 2 * width, n - i, n, 1};
        status = elbo__watched("tridiagonal form", begin, n);
        if (status == ELBO_OK)
            elbo__product_shared(-1, &left, &right, 1, &y, r->threads);
    }
    return status;
}

static elbo_status reduce(reduction *r)
{
    const int64_t n = r->n;
    elbo_status status = ELBO_OK;
    for (int64_t first = 0; first < n - 1 && status == ELBO_OK; first += PANEL) {
        const int64_t width = least_of(n - 1 - first, PANEL);
        for (int64_t c = 0; c < width && status == ELBO_OK; c++) {
            status = elbo__watched("tridiagonal form", first + c, n);
            if (status == ELBO_OK)
                reduce_column(r, first, c);
        }
        for (int64_t c = 0; c < width; c++) {
            const int64_t begin = first + c + 1;
            memcpy(r->a + (begin - 1) * n + begin, v_of(r, c) + begin, (size_t)(n - begin) * sizeof *r->a);
        }
        if (status == ELBO_OK)
            status = update(r, first + width, width);
    }
    r->diagonal[n - 1] = r->a[n * n - 1];
    return status;
}

/* ---- T's eigenvectors -------------------------------------------------------------------------------------------- */

/* No value of T is larger than this. */
static double size_of(const reduction *r)
{
    double size = 0;
    for (int64_t i = 0; i < r->n; i++)
        size = fmax(size, fabs(r->diagonal[i]) + fabs(r->beside[i]) + (i ? fabs(r->beside[i - 1]) : 0));
    return size > 0 ? size : 1;
}

/* How many values of T lie above x: the signs of the pivots of T - x I (Givens 1954). */
static int64_t count_above(const reduction *r, double x)
{
    double pivot = r->diagonal[0] - x;
    int64_t count = pivot > 0;
    for (int64_t i = 1; i < r->n; i++) {
        const double beside = r->beside[i - 1], safe = fabs(pivot) < DBL_MIN ? -DBL_MIN : pivot;
        pivot = r->diagonal[i] - x - beside * (beside / safe);
        count += pivot > 0;
    }
    return count;
}

/* A bound above which at least so many values lie, as close as rounding allows */
static double bound_of(const reduction *r, int64_t count, double size)
{
    double low = -2 * size, high = 2 * size;
    while (high - low > 4 * DBL_EPSILON * size) {
        const double middle = (low + high) / 2;
        *(count_above(r, middle) < count ? &high : &low) = middle;
    }
    return low - 16 * DBL_EPSILON * size;
}

typedef struct {
    double value;
    int64_t row;
} ranked;

static int falling(const void *a, const void *b)
{
    const ranked *p = a, *q = b;
    return p->value != q->value ? (p->value < q->value) - (p->value > q->value) : (p->row > q->row) - (p->row < q->row);
}

/* The values that go on to dstein: at most `most`, the largest, in the order in which dstebz has them. Their number. */
static lapack_int keep_largest(double *values, lapack_int *block, lapack_int found, int64_t most, ranked *order)
{
    lapack_int kept = 0;
    for (lapack_int i = 0; i < found; i++)
        order[i] = (ranked){values[i], i};
    qsort(order, (size_t)found, sizeof *order, falling);
    for (int64_t i = most; i < found; i++)
        block[order[i].row] = 0; /* blocks are numbered from 1 */
    for (lapack_int i = 0; i < found; i++)
        if (block[i] > 0) {
            values[kept] = values[i];
            block[kept++] = block[i];
        }
    return kept;
}

/* The eigenpairs of T between two bounds, at most `most` of them, the largest: *vectors with a row for each of *count,
 * *order the values, falling, and which row belongs to each. LAPACK is told where to work, as in eigen.c. */
static elbo_status find_pairs(const reduction *r, double low, double high, int64_t most, int64_t *count, ranked **order,
                              double **vectors)
{
    const lapack_int n = (lapack_int)r->n;
    double *work = elbo__calloc((size_t)n, 5 * sizeof *work), *values = elbo__calloc((size_t)n, sizeof *values);
    lapack_int *whole = elbo__calloc((size_t)n, 3 * sizeof *whole), *block = elbo__calloc((size_t)n, sizeof *block);
    lapack_int *split = elbo__calloc((size_t)n, sizeof *split), *failed = elbo__calloc((size_t)n, sizeof *failed);
    lapack_int found = 0, pieces = 0, info = 0;
    *order = elbo__calloc((size_t)n, sizeof **order);
    elbo_status status = work && values && whole && block && split && failed && *order ? ELBO_OK : ELBO_NO_MEMORY;
    if (status == ELBO_OK) {
        info = LAPACKE_dstebz_work('V', 'B', n, low, high, 0, 0, 2 * DBL_MIN, r->diagonal, r->beside, &found, &pieces,
                                   values, block, split, work, whole);
        *count = found = keep_largest(values, block, found, most, *order);
        *vectors = elbo__calloc((size_t)found, (size_t)n * sizeof **vectors);
        status = *vectors ? ELBO_OK : ELBO_NO_MEMORY;
    }
    if (status == ELBO_OK && info == 0)
        info = LAPACKE_dstein_work(LAPACK_COL_MAJOR, n, r->diagonal, r->beside, found, values, block, split, *vectors,
                                   n, work, whole, failed);
    if (status == ELBO_OK && info != 0)
        status = elbo__fail(ELBO_INVALID, "eigenvectors of a matrix (%lld, %lld): LAPACK found none (%d)", (long long)n,
                            (long long)n, (int)info);
    for (int64_t i = 0; i < found && status == ELBO_OK; i++)
        (*order)[i] = (ranked){values[i], i};
    if (status == ELBO_OK)
        qsort(*order, (size_t)found, sizeof **order, falling);
    elbo__free(work);
    elbo__free(values);
    elbo__free(whole);
    elbo__free(block);
    elbo__free(split);
    elbo__free(failed);
    return status;
}

/* The vectors that dstein finds in one call are orthogonal; those of two calls are where their values differ. A piece
 * therefore ends where the next value lies below the last by more than this share of the matrix: the vectors across are
 * orthogonal within 1e-6, and can be made so for good without being turned away from their values. */
#define GAP 1e-10

/* How many of `count` values, falling, end before a gap: at most all but one, for nothing is known of what lies below
 * the last; 0 where there is none. */
static int64_t before_gap(const ranked *order, int64_t count, double size)
{
    int64_t taken = count - 1;
    while (taken > 0 && order[taken - 1].value - order[taken].value <= GAP * size)
        taken--;
    return taken > 0 ? taken : 0;
}

/* Of the next `length` pairs below *high those are taken that end before a gap, or all that k still
 * lacks. *found of values (k) and z (k, n) are there already; *high moves into the gap. */
static elbo_status solve_piece(const reduction *r, int64_t length, int64_t k, int64_t *found, double *high,
                               double *values, double *z)
{
    const double size = size_of(r);
    int64_t count = 0, taken = k - *found;
    const bool last = length >= taken;
    const int64_t wanted = last ? taken : length;
    ranked *order = NULL;
    double *vectors = NULL;
    elbo_status status = find_pairs(r, bound_of(r, *found + wanted, size), *high, wanted, &count, &order, &vectors);
    if (status == ELBO_OK && last && count < taken)
        status = elbo__fail(ELBO_INVALID, "eigenvectors of a matrix (%lld, %lld): LAPACK found too few",
                            (long long)r->n, (long long)r->n);
    if (status == ELBO_OK && !last) {
        taken = before_gap(order, count, size);
        if (taken > 0)
            *high = (order[taken - 1].value + order[taken].value) / 2;
    }
    for (int64_t i = 0; i < taken && status == ELBO_OK; i++, ++*found) {
        values[*found] = order[i].value;
        memcpy(z + *found * r->n, vectors + order[i].row * r->n, (size_t)r->n * sizeof *z);
    }
    elbo__free(vectors);
    elbo__free(order);
    return status;
}

/* The k largest: values (k) falling, z (k, n). About `piece` vectors at a time, or more where values lie close
 * together. */
static elbo_status solve(const reduction *r, int64_t k, int64_t piece, double *values, double *z)
{
    double high = 2 * size_of(r);
    int64_t found = 0, length = piece;
    elbo_status status = ELBO_OK;
    while (found < k && status == ELBO_OK) {
        const int64_t before = found;
        status = elbo__watched("eigenvectors", found, k);
        if (status == ELBO_OK)
            status = solve_piece(r, length, k, &found, &high, values, z);
        length = found > before ? piece : 2 * length;
    }
    return status == ELBO_OK && k > piece ? elbo__basis_of(z, k, r->n, r->threads) : status;
}

/* ---- u = Q z ----------------------------------------------------------------------------------------------------- */

/* t (PANEL, PANEL), upper triangular: H_0 H_1 ... H_(width-1) = I - V^T t V for the rows v_i of V, of length n and
 * `pitch` apart. */
static void triangle(const double *v, int64_t pitch, int64_t n, const double *factor, int64_t width, double *t)
{
    memset(t, 0, PANEL * PANEL * sizeof *t);
    for (int64_t i = 0; i < width; i++) {
        double along[PANEL];
        elbo__rows_by_vector(along, v, pitch, i, v + i * pitch, n);
        t[i * PANEL + i] = factor[i];
        for (int64_t j = 0; j < i; j++)
            for (int64_t l = j; l < i; l++)
                t[j * PANEL + i] -= factor[i] * t[j * PANEL + l] * along[l];
    }
}

/* z (k, n): each row becomes Q z. `space` (2 k, PANEL) */
static elbo_status rotate(const reduction *r, int64_t k, double *z, double *space)
{
    const int64_t n = r->n, reflections = n - 1, panels = (reflections + PANEL - 1) / PANEL;
    double t[PANEL * PANEL];
    elbo_status status = ELBO_OK;
    for (int64_t p = panels - 1; p >= 0 && status == ELBO_OK; p--) {
        const int64_t first = p * PANEL, width = least_of(reflections - first, PANEL), begin = first + 1;
        for (int64_t c = 0; c < width; c++) {
            const int64_t own = first + c + 1;
            memset(v_of(r, c) + begin, 0, (size_t)(own - begin) * sizeof *z);
            memcpy(v_of(r, c) + own, r->a + (own - 1) * n + own, (size_t)(n - own) * sizeof *z);
        }
        triangle(v_of(r, 0) + begin, n, n - begin, r->factor + first, width, t);
        for (int64_t i = 0; i < k && status == ELBO_OK; i += STRIPE) {
            const int64_t rows = least_of(k - i, STRIPE);
            const elbo__matrix part = {z + i * n + begin, rows, n - begin, n, 1}, tt = {t, width, width, 1, PANEL};
            const elbo__matrix v = {v_of(r, 0) + begin, width, n - begin, n, 1}, vt = elbo__transposed(v);
            const elbo__matrix along = {space, rows, width, PANEL, 1},
                               turned = {space + k * PANEL, rows, width, PANEL, 1};
            status = elbo__watched("eigenvectors", panels - p, panels);
            if (status == ELBO_OK) {
                elbo__product_shared(1, &part, &vt, 0, &along, r->threads);
                elbo__product_shared(1, &along, &tt, 0, &turned, r->threads);
                elbo__product_shared(-1, &turned, &v, 1, &part, r->threads);
            }
        }
    }
    return status;
}

/* ---- the whole --------------------------------------------------------------------------------------------------- */

elbo_status elbo__eigen_leading_large(int64_t n, double *a, int64_t k, int64_t piece, double *values, double *vectors,
                                      int threads)
{
    const size_t length = (size_t)n;
    double *space = elbo__calloc((size_t)k, 2 * PANEL * sizeof *space);
    reduction r = {.n = n,
                   .threads = threads,
                   .a = a,
                   .factor = elbo__calloc(length, sizeof *r.factor),
                   .diagonal = elbo__calloc(length, sizeof *r.diagonal),
                   .beside = elbo__calloc(length, sizeof *r.beside),
                   .panel = elbo__calloc(length, 3 * PANEL * sizeof *r.panel),
                   .sums = elbo__calloc(length, SHARES * sizeof *r.sums)};
    const bool room = space && r.factor && r.diagonal && r.beside && r.panel && r.sums;
    elbo_status status = room ? reduce(&r) : ELBO_NO_MEMORY;
    if (status == ELBO_OK)
        status = solve(&r, k, piece, values, vectors);
    if (status == ELBO_OK)
        status = rotate(&r, k, vectors, space);
    elbo__free(space);
    elbo__free(r.factor);
    elbo__free(r.diagonal);
    elbo__free(r.beside);
    elbo__free(r.panel);
    elbo__free(r.sums);
    return status;
}
