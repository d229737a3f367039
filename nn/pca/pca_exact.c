/* Principal components by all eigenvectors there are, or as many of them as are wanted: exact whatever the spectrum.
 *
 *     way               multiplications and additions                          memory, f64, besides the result
 *     covariance        N D^2 for the products, 4/3 D^3 + 4 D^2 Z              D^2
 *     gram              N^2 D for the products, 4/3 N^3 + 4 N^2 Z, 2 N D Z     N^2 + N Z
 *     singular values   some 12 N^2 D, by LAPACK's dgesdd                      2 N D
 *
 * The first two read the rows more than once, the second N / 512 times or more; only the upper half of either matrix is
 * made. */
#include <math.h>
#include <string.h>

#include "../../autograd/plan.h"
#include "../../tensor/eigen.h"
#include "../../tensor/memory.h"
#include "../../tensor/product.h"
#include "../../tensor/vectors.h"
#include "../../tensor/watch_private.h"
#include "pca_private.h"

enum { STRIPE = 512 }; /* rows of a result that are worked on between two questions to the watcher */

static int64_t least_of(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static double trace_of(const double *a, int64_t n)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += a[i * n + i];
    return sum;
}

/* ---- many rows: eigenvectors of the covariance ------------------------------------------------------------------- */

typedef struct {
    const elbo_pca *pca;
    double *y;   /* (B, D) */
    double *sum; /* (D, D), the upper half */
} scatter;

/* sum += y^T y; the first block sets it */
static elbo_status add_to_scatter(void *state, const float *x, int64_t first, int64_t n)
{
    const scatter *s = state;
    const int64_t width = s->pca->columns;
    elbo_status status = ELBO_OK;
    elbo__pca_centre(s->pca, x, n, s->y);
    for (int64_t k = 0; k < width && status == ELBO_OK; k += STRIPE) {
        const elbo__matrix left = {s->y + k, least_of(width - k, STRIPE), n, 1, width};
        const elbo__matrix right = {s->y + k, n, width - k, width, 1};
        const elbo__matrix sum = {s->sum + k * width + k, left.rows, width - k, width, 1};
        status = elbo__watched("covariance", first, s->pca->count);
        if (status == ELBO_OK)
            elbo__product_shared(1, &left, &right, first > 0, &sum, elbo_threads());
    }
    return status;
}

elbo_status elbo__pca_covariance(const elbo_rows *rows, elbo_pca *pca)
{
    const int64_t n = pca->columns;
    scatter s = {.pca = pca, .y = elbo__pca_room(elbo__pca_block(rows), n), .sum = elbo__pca_room(n, n)};
    elbo_status status = ELBO_NO_MEMORY;
    if (s.y && s.sum)
        status = elbo__pca_each_block(rows, "covariance", 0, rows->count, &s, add_to_scatter);
    const double squares = status == ELBO_OK ? trace_of(s.sum, n) : 0;
    if (status == ELBO_OK)
        status = elbo__eigen_leading(n, s.sum, pca->components, pca->variances, pca->axes, elbo_threads());
    if (status == ELBO_OK)
        elbo__pca_finish(pca, squares, "covariance");
    elbo__free(s.y);
    elbo__free(s.sum);
    return status;
}

/* ---- few rows: eigenvectors of the products of rows -------------------------------------------------------------- */

typedef struct {
    const elbo_rows *rows;
    elbo_pca *pca;
    int64_t block;     /* B, rows of which products are made at a time       */
    float *own;        /* (B, D) as they were read                           */
    double *y, *other; /* (B, D) centred                                     */
    double *products;  /* (N, N), the upper half                             */
    double *vectors;   /* (Z, N) eigenvectors                                */
} gram;

/* Two blocks of rows as long as memory reasonably holds: rows are read again for every other block. */
static int64_t gram_block(const elbo_rows *rows)
{
    enum { NUMBERS = 1 << 24, LEAST = 64 };
    const int64_t fitting = NUMBERS / rows->columns;
    return least_of(rows->count, fitting < LEAST ? LEAST : least_of(fitting, STRIPE));
}

static elbo_status read_centred(const gram *g, int64_t first, int64_t n, double *y)
{
    const float *x;
    elbo_status status = elbo__pca_read(g->rows, first, n, g->own, &x);
    if (status == ELBO_OK)
        elbo__pca_centre(g->pca, x, n, y);
    return status;
}

/* The products of the rows from row `first` on, which are in y, with those from `second` on */
static elbo_status multiply_pair(const gram *g, int64_t first, int64_t second)
{
    const int64_t count = g->rows->count, width = g->rows->columns, n = least_of(count - second, g->block);
    double *y = first == second ? g->y : g->other;
    const elbo__matrix left = {g->y, least_of(count - first, g->block), width, width, 1},
                       right = {y, width, n, 1, width};
    const elbo__matrix products = {g->products + first * count + second, left.rows, n, count, 1};
    elbo_status status = read_centred(g, second, n, y);
    if (status == ELBO_OK)
        elbo__product_shared(1, &left, &right, 0, &products, elbo_threads());
    return status;
}

static elbo_status multiply_pairs(const gram *g)
{
    const int64_t count = g->rows->count, blocks = (count + g->block - 1) / g->block;
    elbo_status status = ELBO_OK;
    int64_t done = 0;
    for (int64_t first = 0; first < count; first += g->block)
        for (int64_t second = first; second < count && status == ELBO_OK; second += g->block) {
            status = elbo__watched("products of rows", done++, blocks * (blocks + 1) / 2);
            if (status == ELBO_OK)
                status = multiply_pair(g, first, second); /* the first pair is a block with itself: reads it to y */
        }
    return status;
}

/* axes (Z, D) += vectors y, for the rows of a block y; the first block sets them */
static elbo_status add_to_axes(void *state, const float *x, int64_t first, int64_t n)
{
    const gram *g = state;
    const int64_t count = g->pca->count, width = g->pca->columns;
    elbo_status status = ELBO_OK;
    elbo__pca_centre(g->pca, x, n, g->y);
    for (int64_t i = 0; i < g->pca->components && status == ELBO_OK; i += STRIPE) {
        const elbo__matrix left = {g->vectors + i * count + first, least_of(g->pca->components - i, STRIPE), n, count,
                                   1};
        const elbo__matrix right = {g->y, n, width, width, 1},
                           axes = {g->pca->axes + i * width, left.rows, width, width, 1};
        status = elbo__watched("axes", first, count);
        if (status == ELBO_OK)
            elbo__product_shared(1, &left, &right, first > 0, &axes, elbo_threads());
    }
    return status;
}

/* With the centred rows Y, Y Y^T v = s v gives Y^T Y (Y^T v) = s Y^T v. The axes Y^T v are orthogonal as far as
 * rounding lets them, which is not at all where s is next to nothing beside the largest: they are made so, the leading
 * ones first. */
elbo_status elbo__pca_gram(const elbo_rows *rows, elbo_pca *pca)
{
    const int64_t count = rows->count, width = rows->columns;
    gram g = {.rows = rows, .pca = pca, .block = gram_block(rows)};
    const int64_t room = g.block > elbo__pca_block(rows) ? g.block : elbo__pca_block(rows);
    g.own = elbo__calloc(rows->read ? (size_t)room : 0, (size_t)width * sizeof *g.own);
    g.y = elbo__pca_room(room, width);
    g.other = elbo__pca_room(g.block, width);
    g.products = elbo__pca_room(count, count);
    g.vectors = elbo__pca_room(pca->components, count);
    elbo_status status = g.own && g.y && g.other && g.products && g.vectors ? ELBO_OK : ELBO_NO_MEMORY;
    if (status == ELBO_OK)
        status = multiply_pairs(&g);
    const double squares = status == ELBO_OK ? trace_of(g.products, rows->count) : 0;
    if (status == ELBO_OK)
        status = elbo__eigen_leading(rows->count, g.products, pca->components, pca->variances, g.vectors,
                                     elbo_threads());
    if (status == ELBO_OK)
        status = elbo__pca_each_block(rows, "axes", 0, rows->count, &g, add_to_axes);
    if (status == ELBO_OK)
        status = elbo__basis_of(pca->axes, pca->components, pca->columns, elbo_threads());
    if (status == ELBO_OK)
        elbo__pca_finish(pca, squares, "gram");
    elbo__free(g.own);
    elbo__free(g.y);
    elbo__free(g.other);
    elbo__free(g.products);
    elbo__free(g.vectors);
    return status;
}

/* ---- few rows in memory: singular vectors ------------------------------------------------------------------------ */

typedef struct {
    const elbo_pca *pca;
    double *y; /* (N, D) */
} centred;

static elbo_status keep_centred(void *state, const float *x, int64_t first, int64_t n)
{
    const centred *c = state;
    elbo__pca_centre(c->pca, x, n, c->y + first * c->pca->columns);
    return ELBO_OK;
}

elbo_status elbo__pca_singular_values(const elbo_rows *rows, elbo_pca *pca)
{
    const size_t n = (size_t)pca->count, width = (size_t)pca->columns;
    centred c = {pca, elbo__pca_room(pca->count, pca->columns)};
    double *u = elbo__pca_room(pca->count, pca->columns), *values = elbo__calloc(n, sizeof *values), squares = 0;
    elbo_status status = ELBO_NO_MEMORY;
    if (c.y && u && values)
        status = elbo__pca_each_block(rows, "singular values", 0, rows->count, &c, keep_centred);
    if (status == ELBO_OK)
        squares = elbo__sum_of_squares(c.y, pca->count * pca->columns);
    if (status == ELBO_OK)
        status = elbo__singular_rows(pca->count, pca->columns, c.y, u, values);
    if (status == ELBO_OK) {
        for (int64_t i = 0; i < pca->components; i++)
            pca->variances[i] = values[i] * values[i];
        memcpy(pca->axes, u, (size_t)pca->components * width * sizeof *u);
        elbo__pca_finish(pca, squares, "singular values");
    }
    elbo__free(c.y);
    elbo__free(u);
    elbo__free(values);
    return status;
}

elbo_status elbo__pca_exact(const elbo_rows *rows, elbo_pca *pca)
{
    enum { NUMBERS = 1 << 30 }; /* N^2 D that dgesdd does in some tenths of a second */
    const int64_t n = rows->count, width = rows->columns;
    if (n >= width)
        return elbo__pca_covariance(rows, pca);
    return n <= ELBO__EIGEN_DIRECT && width <= NUMBERS / (n * n) ? elbo__pca_singular_values(rows, pca)
                                                                 : elbo__pca_gram(rows, pca);
}
