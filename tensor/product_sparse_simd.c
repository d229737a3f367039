/* The product of two f32 matrices of which the first has many zeros, as pictures of digits have: four fifths of their
 * pixels. Compiled once for each instruction set, like elementwise_simd.c.
 *
 *     y[i][j] = sum over k of a[i][k] b[k][j],    see product.h
 *
 * A tile of y is kept in registers while k runs over the terms that count: those of which the tile's rows of a have a
 * number other than 0. What they are is found once and used for every tile of the same rows. The fewer rows a tile has,
 * the fewer terms it is left with: half as many rows as in product_simd.c, and wider.
 *
 * A term that is left out would have added 0 times a number of b to a sum that began at 0, and sums do not end as -0
 * (simd.h): where b is finite, the bits are those of product_simd.c. */
#include "product.h"

#define JOIN2(a, b) a##b
#define JOIN(a, b) JOIN2(a, b)

#ifdef ELBO__PRODUCT_KERNEL
#include "simd.h"
elbo__sparse_kernel JOIN(elbo__product_sparse_, ELBO__ISA);

/* ROWS x VECTORS vectors of y, one of b and ROWS numbers of a fit the registers. */
enum { ROWS = REGISTERS == 32 ? 4 : 3, VECTORS = REGISTERS == 32 ? 6 : 4, PIECE = ELBO__PRODUCT_PIECE };

/* ---- terms ------------------------------------------------------------------------------------------------------- */

/* A block of a's: `rows` rows, `deep` terms */
typedef struct {
    const float *at;
    int64_t rows, deep, row_stride, column_stride;
} block;

static block block_of(const elbo__matrix *a, int64_t row, int64_t rows, int64_t k, int64_t deep)
{
    return (block){.at = (const float *)a->data + row * a->row_stride + k * a->column_stride,
                   .rows = a->rows - row < rows ? a->rows - row : rows,
                   .deep = a->columns - k < deep ? a->columns - k : deep,
                   .row_stride = a->row_stride,
                   .column_stride = a->column_stride};
}

/* The terms of a tile for which one of its rows has a number other than 0, in order: looked for by vectors of
 * neighbours in a row, or else in a column. Returns how many. What is written may go beyond them, up to whole vectors
 * of `deep`. */
static int64_t find_terms(uint16_t *terms, const block *a)
{
    int64_t n = 0;
    if (a->column_stride == 1) {
        for (int64_t k = 0; k < a->deep; k += LANES) {
            const mask some = first(a->deep - k);
            uint32_t found = 0;
            for (int64_t i = 0; i < a->rows; i++)
                found |= not_zero(load_some(a->at + i * a->row_stride + k, some));
#pragma GCC unroll 16
            for (int j = 0; j < LANES; j++) {
                terms[n] = (uint16_t)(k + j);
                n += found >> j & 1;
            }
        }
    } else {
        const mask some = first(a->rows);
        for (int64_t k = 0; k < a->deep; k++) {
            terms[n] = (uint16_t)k;
            n += not_zero(load_some(a->at + k * a->column_stride, some)) != 0;
        }
    }
    return n;
}

/* Whether leaving out terms pays for looking for them, by a few pieces of a few tiles from all over a. */
static bool is_sparse(const elbo__matrix *a)
{
    enum { SAMPLES = 4, FEW = 32 };
    uint16_t terms[FEW + LANES];
    const int64_t tiles = (a->rows + ROWS - 1) / ROWS, down = tiles > SAMPLES ? tiles / SAMPLES : 1;
    const int64_t across = a->columns > SAMPLES * FEW ? a->columns / SAMPLES : FEW;
    int64_t all = 0, found = 0;
    for (int64_t t = down / 2; t < tiles; t += down)
        for (int64_t k = (across - FEW) / 2; k < a->columns; k += across) {
            const block some = block_of(a, t * ROWS, ROWS, k, FEW);
            all += some.deep;
            found += find_terms(terms, &some);
        }
    return 8 * found < 5 * all;
}

/* ---- tiles ------------------------------------------------------------------------------------------------------- */

typedef struct {
    const float *a, *b; /* first numbers of the tile's rows and columns */
    float *y;           /* rows of neighbours, y_row apart              */
    const uint16_t *terms;
    int64_t n, a_row, a_column, b_row, y_row;
    mask last; /* the columns that exist in the last vector */
    bool add;  /* to what is in y                           */
} tile;

/* Both sizes are constants where this is inlined: the loops over them unroll, and `sum` lies in registers. */
static inline __attribute__((always_inline)) void work_off(const tile *t, int rows, int vectors)
{
    vector sum[ROWS * VECTORS]; /* rows x vectors */
    const mask last = t->last;
#pragma GCC unroll 24
    for (int i = 0; i < rows * vectors; i++)
        sum[i] = spread(0);
    for (const uint16_t *term = t->terms, *end = term + t->n; term < end; term++) {
        const float *a = t->a + *term * t->a_column, *b = t->b + *term * t->b_row;
        vector number[ROWS];
#pragma GCC unroll 4
        for (int i = 0; i < rows; i++)
            number[i] = spread(a[i * t->a_row]);
#pragma GCC unroll 6
        for (int j = 0; j < vectors; j++) {
            const vector of_b = j + 1 < vectors ? load(b + j * LANES) : load_some(b + j * LANES, last);
#pragma GCC unroll 4
            for (int i = 0; i < rows; i++)
                sum[i * vectors + j] = multiply_add(number[i], of_b, sum[i * vectors + j]);
        }
    }
#pragma GCC unroll 4
    for (int i = 0; i < rows; i++)
#pragma GCC unroll 6
        for (int j = 0; j < vectors; j++)
            put(t->y + i * t->y_row + j * LANES, sum[i * vectors + j], j + 1 == vectors, last, t->add);
}

#ifdef FEW_REGISTERS
#define EACH(X, rows) X(rows, 1) X(rows, 2) X(rows, 3) X(rows, 4)
#else
#define EACH(X, rows) X(rows, 1) X(rows, 2) X(rows, 3) X(rows, 4) X(rows, 5) X(rows, 6)
EACH(TILE, 4)
#endif
EACH(TILE, 1)
EACH(TILE, 2)
EACH(TILE, 3)
static void (*const tiles[ROWS][VECTORS])(const tile *) = {
    {EACH(TILE_NAME, 1)},
    {EACH(TILE_NAME, 2)},
    {EACH(TILE_NAME, 3)},
#ifndef FEW_REGISTERS
    {EACH(TILE_NAME, 4)},
#endif
};

/* ---- the product ------------------------------------------------------------------------------------------------- */

/* Tiles one below the other, whose terms are listed together. */
enum { TILES = 32 };
typedef struct {
    int64_t n, row, k; /* so many, from this row and term of a on */
    block tile[TILES];
    int64_t counts[TILES];
    uint16_t terms[TILES][PIECE + LANES];
} band;

static void list_terms(band *part, const elbo__matrix *a, int64_t row, int64_t k, int64_t deep)
{
    part->row = row;
    part->k = k;
    for (part->n = 0; part->n < TILES && row + part->n * ROWS < a->rows; part->n++) {
        part->tile[part->n] = block_of(a, row + part->n * ROWS, ROWS, k, deep);
        part->counts[part->n] = find_terms(part->terms[part->n], &part->tile[part->n]);
    }
}

/* The tiles by columns j to j + columns of b. */
static void multiply(const elbo__matrix *y, const band *part, const elbo__matrix *b, int64_t j, int64_t columns)
{
    const int64_t vectors = (columns + LANES - 1) / LANES;
    tile t = {.b = (const float *)b->data + part->k * b->row_stride + j,
              .b_row = b->row_stride,
              .y_row = y->row_stride,
              .last = first(columns - (vectors - 1) * LANES),
              .add = part->k > 0};
    for (int64_t i = 0; i < part->n; i++) {
        t.a = part->tile[i].at;
        t.a_row = part->tile[i].row_stride;
        t.a_column = part->tile[i].column_stride;
        t.y = (float *)y->data + (part->row + i * ROWS) * y->row_stride + j;
        t.terms = part->terms[i];
        t.n = part->counts[i];
        tiles[part->tile[i].rows - 1][vectors - 1](&t);
    }
}

bool JOIN(elbo__product_sparse_, ELBO__ISA)(const elbo__matrix *y, const elbo__matrix *a, const elbo__matrix *b)
{
    enum { LEAST = 8 * LANES }; /* so many columns make up for looking */
    /* Numbers of a are looked at by vectors of neighbours: in a row, or in a column. */
    const bool reads = (a->row_stride == 1 || a->column_stride == 1) && b->column_stride == 1;
    if (!reads || y->column_stride != 1 || y->columns < LEAST || !is_sparse(a))
        return false;
    const int64_t piece = share(a->columns, PIECE), wide = share((y->columns + LANES - 1) / LANES, VECTORS) * LANES;
    band part;
    for (int64_t k = 0; k < a->columns; k += piece)
        for (int64_t row = 0; row < a->rows; row += TILES * ROWS) {
            list_terms(&part, a, row, k, piece);
            for (int64_t j = 0; j < y->columns; j += wide)
                multiply(y, &part, b, j, y->columns - j < wide ? y->columns - j : wide);
        }
    return true;
}

#endif
