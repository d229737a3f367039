/* The product of two f32 matrices whose numbers lie at places that lists name. Compiled once for each instruction set.
 *
 *     y[i][j] = sum over k of a[i][k] b[k][j],    see product.h
 *
 * A tile of y is kept in registers while k runs, as in product_simd.c: a vector of a row of b meets one number of a
 * from each of the tile's rows. Since that number is spread over a vector anyway, it may lie anywhere, and the patches
 * of an image need not be laid out for a convolution.
 *
 * The bits of y[i][j] depend on row i of a, column j of b, and nothing else; they are those of product_simd.c. */
#include "product.h"

#define JOIN2(a, b) a##b
#define JOIN(a, b) JOIN2(a, b)

#ifdef ELBO__PRODUCT_KERNEL
#include "simd.h"
elbo__placed_kernel JOIN(elbo__product_placed_, ELBO__ISA);

/* VECTORS vectors of b, one of a, and so many rows as then fit the registers with them. */
enum { VECTORS = REGISTERS == 32 ? 4 : 2, MOST_ROWS = REGISTERS == 32 ? 8 : 6 };

static int64_t most_rows(int64_t vectors)
{
    return vectors == 4 ? 6 : MOST_ROWS;
}

typedef struct {
    const float *a, *b;
    float *y;
    const int64_t *a_row, *y_row; /* of the tile's rows         */
    const int64_t *a_term, *b_term;
    int64_t terms;
    mask last; /* the columns that exist in the last vector */
    bool add;
} tile;

/* Both sizes are constants where this is inlined: the loops over them unroll, and `sum` lies in registers. */
static inline __attribute__((always_inline)) void work_off(const tile *t, int rows, int vectors)
{
    vector sum[MOST_ROWS * VECTORS]; /* rows x vectors */
    const float *a[MOST_ROWS];
    const int64_t *a_term = t->a_term, *b_term = t->b_term;
    mask last = t->last;
#pragma GCC unroll 8
    for (int i = 0; i < rows; i++)
        a[i] = t->a + t->a_row[i];
#pragma GCC unroll 24
    for (int i = 0; i < rows * vectors; i++)
        sum[i] = spread(0);
    for (int64_t k = 0; k < t->terms; k++) {
        const float *b = t->b + b_term[k];
        int64_t term = a_term[k];
        vector row[VECTORS];
#pragma GCC unroll 4
        for (int j = 0; j < vectors; j++)
            row[j] = j + 1 < vectors ? load(b + j * LANES) : load_some(b + j * LANES, last);
#pragma GCC unroll 8
        for (int i = 0; i < rows; i++) {
            vector number = spread(a[i][term]);
#pragma GCC unroll 4
            for (int j = 0; j < vectors; j++)
                sum[i * vectors + j] = multiply_add(number, row[j], sum[i * vectors + j]);
        }
    }
#pragma GCC unroll 8
    for (int i = 0; i < rows; i++)
#pragma GCC unroll 4
        for (int j = 0; j < vectors; j++)
            put(t->y + t->y_row[i] + j * LANES, sum[i * vectors + j], j + 1 == vectors, last, t->add);
}

#define SIX(X, vectors) X(1, vectors) X(2, vectors) X(3, vectors) X(4, vectors) X(5, vectors) X(6, vectors)
#define EIGHT(X, vectors) SIX(X, vectors) X(7, vectors) X(8, vectors)
#ifdef FEW_REGISTERS
SIX(TILE, 1)
SIX(TILE, 2)
static void (*const tiles[VECTORS][MOST_ROWS])(const tile *) = {{SIX(TILE_NAME, 1)}, {SIX(TILE_NAME, 2)}};
#else
EIGHT(TILE, 1)
EIGHT(TILE, 2)
EIGHT(TILE, 3)
SIX(TILE, 4)
static void (*const tiles[VECTORS][MOST_ROWS])(const tile *) = {
    {EIGHT(TILE_NAME, 1)}, {EIGHT(TILE_NAME, 2)}, {EIGHT(TILE_NAME, 3)}, {SIX(TILE_NAME, 4)}};
#endif

void JOIN(elbo__product_placed_, ELBO__ISA)(const elbo__placed *p)
{
    const int64_t piece = share(p->terms, ELBO__PRODUCT_PIECE);
    for (int64_t k = 0; k == 0 || k < p->terms; k += piece) {
        tile t = {.a_term = p->a_term + k,
                  .b_term = p->b_term + k,
                  .terms = p->terms - k < piece ? p->terms - k : piece,
                  .add = p->add || k > 0};
        int64_t columns = 0;
        for (int64_t j = 0; j < p->columns; j += columns) {
            const int64_t left = (p->columns - j + LANES - 1) / LANES, vectors = share(left, VECTORS);
            columns = vectors == left ? p->columns - j : vectors * LANES;
            t.b = (const float *)p->b + j;
            t.y = (float *)p->y + j;
            t.last = first(columns - (vectors - 1) * LANES);
            int64_t rows = 0;
            for (int64_t i = 0; i < p->rows; i += rows) {
                rows = share(p->rows - i, most_rows(vectors));
                t.a = p->a;
                t.a_row = p->a_row + i;
                t.y_row = p->y_row + i;
                tiles[vectors - 1][rows - 1](&t);
            }
        }
    }
}
#endif
