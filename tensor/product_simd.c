/* The product of two f32 matrices. Compiled once for each instruction set, like elementwise_simd.c.
 *
 *     y[i][j] = sum over k of a[i][k] b[k][j]
 *
 * A tile of y is kept in registers while k runs: at each k one row of b, VECTORS vectors wide, meets one number of a
 * from each of the tile's rows. Numbers of a are read where they are, whatever the strides, since each is spread over a
 * vector anyway; rows of b are read where they are if their numbers are neighbours and y has few rows. So nothing is
 * copied in a dense layer's forward pass and its weight gradient where they are cut into blocks of less than a hundred
 * rows. Beyond, copying b into panels, as libraries for large matrices do, brings more than it costs.
 *
 * The bits of y[i][j] depend on row i of a, column j of b, and nothing else: K is cut into equal pieces of at most
 * PIECE, a piece is summed from 0 in the order of k by fused multiply-adds, and the pieces are added in order. It does
 * not matter how y is cut into blocks, nor how wide vectors are. */
#include "product.h"

#define JOIN2(a, b) a##b
#define JOIN(a, b) JOIN2(a, b)

#ifdef ELBO__PRODUCT_KERNEL
#include "simd.h"
elbo__product_kernel JOIN(elbo__product_, ELBO__ISA);

/* ROWS x VECTORS vectors of y, VECTORS of b and one of a fit the registers. */
enum { ROWS = REGISTERS == 32 ? 8 : 6, VECTORS = REGISTERS == 32 ? 3 : 2 };

/* A single row has sums enough to keep the processor busy only if it is wide: as wide as it can, it reads long pieces
 * of b's rows. */
enum { WIDE = REGISTERS == 32 ? 28 : 13 };

/* ---- tiles ------------------------------------------------------------------------------------------------------- */

typedef struct {
    const float *a, *b; /* first numbers of the tile's rows and columns                              */
    float *y;           /* rows of neighbours, y_row apart                                           */
    int64_t k, a_row, a_column, b_row, y_row;
    uintptr_t ahead;   /* what later tiles will read, fetched meanwhile: an address, which may pass the end */
    int64_t ahead_row; /* in numbers                                                                 */
    mask last;         /* the columns that exist in the last vector                                  */
    bool add;          /* to what is in y                                                            */
} tile;

/* Both sizes are constants where this is inlined: the loops over them unroll, and `sum` lies in registers. So do the
 * addresses of a's rows, which are 0, 1, 2, 3 or 4 times `step` bytes from two of them: the processor scales by 2 and 4
 * itself. */
static inline __attribute__((always_inline)) void work_off(const tile *t, int rows, int vectors)
{
    vector sum[ROWS * VECTORS > WIDE ? ROWS * VECTORS : WIDE]; /* rows x vectors */
    const char *a = (const char *)t->a, *a5 = a + 5 * t->a_row * (int64_t)sizeof(float);
    const float *b = t->b;
    uintptr_t ahead = t->ahead, ahead_row = (uintptr_t)t->ahead_row * sizeof(float);
    int64_t step = t->a_row * (int64_t)sizeof(float), step3 = 3 * step, next = t->a_column * (int64_t)sizeof(float);
    int64_t b_row = t->b_row;
    mask last = t->last;
#pragma GCC unroll 28
    for (int i = 0; i < rows * vectors; i++)
        sum[i] = spread(0);
    for (int64_t k = t->k; k > 0; k--) {
        vector row[WIDE];
#pragma GCC unroll 28
        for (int j = 0; j < vectors; j++)
            row[j] = j + 1 < vectors ? load(b + j * LANES) : load_some(b + j * LANES, last);
#pragma GCC unroll 8
        for (int i = 0; i < rows; i++) {
            const char *at = i == 3 ? a + step3 : i < 5 ? a + i * step : a5 + (i - 5) * step;
            vector number = spread(*(const float *)(const void *)at);
#pragma GCC unroll 28
            for (int j = 0; j < vectors; j++)
                sum[i * vectors + j] = multiply_add(number, row[j], sum[i * vectors + j]);
        }
        __builtin_prefetch((const void *)ahead, 0, 2); /* to the second level */
        __builtin_prefetch((const void *)(ahead + sizeof(vector)), 0, 2);
        ahead += ahead_row;
        a += next;
        a5 += next;
        b += b_row;
    }
#pragma GCC unroll 8
    for (int i = 0; i < rows; i++)
#pragma GCC unroll 28
        for (int j = 0; j < vectors; j++)
            put(t->y + i * t->y_row + j * LANES, sum[i * vectors + j], j + 1 == vectors, last, t->add);
}

#ifdef FEW_REGISTERS
#define TILES(X) X(1), X(2), X(3), X(4), X(5), X(6)
#define ROW(rows)                                                                                                      \
    {                                                                                                                  \
        tile_##rows##x1, tile_##rows##x2                                                                               \
    }
#define DEFINE(rows) TILE(rows, 1) TILE(rows, 2)
#else
#define ROW(rows)                                                                                                      \
    {                                                                                                                  \
        tile_##rows##x1, tile_##rows##x2, tile_##rows##x3                                                              \
    }
#define DEFINE(rows) TILE(rows, 1) TILE(rows, 2) TILE(rows, 3)
DEFINE(7)
DEFINE(8)
#define TILES(X) X(1), X(2), X(3), X(4), X(5), X(6), X(7), X(8)
#endif
DEFINE(1)
DEFINE(2)
DEFINE(3)
DEFINE(4)
DEFINE(5)
DEFINE(6)
static void (*const tiles[ROWS][VECTORS])(const tile *) = {TILES(ROW)};

#define EACH_FROM_4(X) X(1, 4) X(1, 5) X(1, 6) X(1, 7) X(1, 8) X(1, 9) X(1, 10) X(1, 11) X(1, 12) X(1, 13)
#ifdef FEW_REGISTERS
TILE(1, 3)
#define EACH_FROM_14(X)
#else
#define EACH_FROM_14(X) EACH_FROM_14_TO_20(X) EACH_FROM_21(X)
#define EACH_FROM_14_TO_20(X) X(1, 14) X(1, 15) X(1, 16) X(1, 17) X(1, 18) X(1, 19) X(1, 20)
#define EACH_FROM_21(X) X(1, 21) X(1, 22) X(1, 23) X(1, 24) X(1, 25) X(1, 26) X(1, 27) X(1, 28)
#endif
EACH_FROM_4(TILE)
EACH_FROM_14(TILE)
static void (*const wide_tiles[WIDE])(const tile *) = {tile_1x1, tile_1x2, tile_1x3,
                                                       EACH_FROM_4(TILE_NAME) EACH_FROM_14(TILE_NAME)};

/* ---- panels: b where its rows cannot be read as they are --------------------------------------------------------- */

enum { PIECE = ELBO__PRODUCT_PIECE, WIDTH = VECTORS * LANES };

/* (k, columns) of b as rows that lie WIDTH apart. */
static void pack(float *panel, const float *b, int64_t b_row, int64_t b_column, int64_t k, int64_t columns)
{
    const int64_t vectors = (columns + LANES - 1) / LANES;
    const mask last = first(columns - (vectors - 1) * LANES);
    for (int64_t p = 0; p < k && b_column == 1; p++)
        for (int64_t v = 0; v < vectors; v++) {
            const float *from = b + p * b_row + v * LANES;
            store(panel + p * WIDTH + v * LANES, v + 1 < vectors ? load(from) : load_some(from, last));
        }
    for (int64_t p = 0, high; p < k && b_column != 1; p += high) {
        high = b_row == 1 && k - p >= LANES ? LANES : 1;
        for (int64_t j = 0, wide; j < columns; j += wide) {
            wide = high == LANES && columns - j >= LANES ? LANES : 1;
            if (wide == LANES)
                turn(panel + p * WIDTH + j, WIDTH, b + p + j * b_column, b_column, LANES, LANES);
            else
                for (int64_t i = 0; i < high; i++)
                    panel[(p + i) * WIDTH + j] = b[(p + i) * b_row + j * b_column];
        }
    }
}

/* ---- the product ------------------------------------------------------------------------------------------------- */

/* Columns of y that do not lie side by side are made here. */
static void scatter(const elbo__matrix *y, int64_t i, int64_t j, const float *made, int64_t rows, int64_t columns,
                    bool add)
{
    for (int64_t r = 0; r < rows; r++)
        for (int64_t c = 0; c < columns; c++) {
            float *to = (float *)y->data + (i + r) * y->row_stride + (j + c) * y->column_stride;
            *to = add ? *to + made[r * WIDTH + c] : made[r * WIDTH + c];
        }
}

/* What tile n of those that share a panel fetches while it works, two vectors at each of its terms: the columns of b
 * that come `next`, if any, then rows of a, for the tiles below, where each term is a row of memory of its own. These
 * the processor does not foresee. */
static void look_ahead(tile *t, int64_t n, const elbo__matrix *a, const elbo__matrix *b, const float *next)
{
    enum { LINE = 64 };
    const int64_t before = 2 * LANES * t->k * n; /* fetched by the other tiles, where columns lie end to end */
    t->ahead = (uintptr_t)t->a;
    t->ahead_row = 0;
    if (next && b->row_stride == 1 && before < WIDTH * b->column_stride) {
        t->ahead = (uintptr_t)next + (uintptr_t)before * sizeof(float);
        t->ahead_row = 2 * LANES;
    } else if (next && b->column_stride == 1 && 2 * n < VECTORS) {
        t->ahead = (uintptr_t)next + (uintptr_t)n * 2 * sizeof(vector);
        t->ahead_row = b->row_stride;
    } else if (a->row_stride == 1) {
        t->ahead = (uintptr_t)t->a + LINE;
        t->ahead_row = a->column_stride;
    }
}

/* One piece of K: y = a b or y += a b. */
static void multiply(const elbo__matrix *y, const elbo__matrix *a, const elbo__matrix *b, bool add)
{
    enum { MANY = 12 * ROWS }; /* so many rows make up for copying b where it could be read as it is */
    float panel[PIECE * WIDTH] __attribute__((aligned(64))), made[ROWS * WIDTH];
    const bool packs = b->column_stride != 1 || (b->row_stride > WIDTH && y->rows >= MANY);
    const bool scatters = y->column_stride != 1;
    const int64_t high = share(y->rows, ROWS), most = y->rows == 1 && !packs && !scatters ? WIDE : VECTORS;
    const int64_t wide = share((y->columns + LANES - 1) / LANES, most) * LANES;
    for (int64_t j = 0; j < y->columns; j += wide) {
        const int64_t columns = least(wide, y->columns - j), vectors = (columns + LANES - 1) / LANES;
        const float *from = (const float *)b->data + j * b->column_stride;
        const float *next = j + wide < y->columns ? from + wide * b->column_stride : NULL;
        if (packs)
            pack(panel, from, b->row_stride, b->column_stride, a->columns, columns);
        tile t = {.b = packs ? panel : from,
                  .b_row = packs ? WIDTH : b->row_stride,
                  .k = a->columns,
                  .a_row = a->row_stride,
                  .a_column = a->column_stride,
                  .y_row = scatters ? WIDTH : y->row_stride,
                  .last = first(columns - (vectors - 1) * LANES),
                  .add = add && !scatters};
        for (int64_t i = 0; i < y->rows; i += high) {
            const int64_t rows = least(high, y->rows - i);
            t.a = (const float *)a->data + i * a->row_stride;
            t.y = scatters ? made : (float *)y->data + i * y->row_stride + j;
            look_ahead(&t, i / high, a, b, next);
            (rows == 1 ? wide_tiles : tiles[rows - 1])[vectors - 1](&t);
            if (scatters)
                scatter(y, i, j, made, rows, columns, add);
        }
    }
}

void JOIN(elbo__product_, ELBO__ISA)(const elbo__matrix *y, const elbo__matrix *a, const elbo__matrix *b)
{
    enum {
        NEAR = 1 << 17,
        SIZE = sizeof(float)
    }; /* so many numbers of a stay in the second level for all panels of b */
    const int64_t piece = share(a->columns, PIECE), tall = share(y->rows, NEAR / piece);
    for (int64_t k = 0; k == 0 || k < a->columns; k += piece) {
        const int64_t deep = least(piece, a->columns - k);
        const elbo__matrix terms = elbo__part_of(b, SIZE, k, deep, 0, b->columns);
        for (int64_t i = 0; i < y->rows; i += tall) {
            const int64_t rows = least(tall, y->rows - i);
            const elbo__matrix part = elbo__part_of(y, SIZE, i, rows, 0, y->columns);
            const elbo__matrix left = elbo__part_of(a, SIZE, i, rows, k, deep);
            multiply(&part, &left, &terms, k > 0);
        }
    }
}

#endif
