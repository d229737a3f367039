/* The product of few rows by a transposed matrix, as dot products. Compiled once for each instruction set.
 *
 *     y[i][j] = sum over k of a[i][k] b[k][j],    numbers of a row of a and of a column of b side by side
 *
 * This is how the gradient of a dense layer's input meets its weight. The general kernel (product_simd.c) turns b into
 * panels first, which costs as much as some 40 rows of y; here both are read as they are, a vector of k at a time.
 *
 * The bits of y[i][j] depend on row i of a and column j of b alone, whatever the width of vectors: lane l of 16 sums
 * the k with k modulo 16 = l in order, then the lanes are added as a tree. */
#include "product.h"

#define JOIN2(a, b) a##b
#define JOIN(a, b) JOIN2(a, b)

#ifdef ELBO__PRODUCT_KERNEL
#include "simd.h"
elbo__product_kernel JOIN(elbo__product_dots_, ELBO__ISA);

/* PARTS vectors make 16 lanes; SIDE x SIDE sums of so many, SIDE of b and one of a fit the registers. */
enum { PARTS = 16 / LANES, SIDE = PARTS == 1 ? 5 : 2 };

typedef struct {
    const float *a, *b; /* first row, first column */
    float *y;
    int64_t k, a_row, b_column, y_row, y_column;
} square;

/* Both sizes are constants where this is inlined: the loops over them unroll, and `sum` lies in registers. */
static inline __attribute__((always_inline)) void work_off(const square *s, int rows, int columns)
{
    vector sum[SIDE][SIDE][PARTS];
    const float *a = s->a, *b = s->b;
    int64_t a_row = s->a_row, b_column = s->b_column, k = s->k;
#pragma GCC unroll 5
    for (int i = 0; i < rows; i++)
#pragma GCC unroll 5
        for (int j = 0; j < columns; j++)
#pragma GCC unroll 4
            for (int p = 0; p < PARTS; p++)
                sum[i][j][p] = spread(0);
    for (; k > 0; k -= 16, a += 16, b += 16)
#pragma GCC unroll 4
        for (int p = 0; p < PARTS; p++) {
            vector column[SIDE];
            bool whole = k >= 16;
            mask some = first(k - p * LANES);
#pragma GCC unroll 5
            for (int j = 0; j < columns; j++)
                column[j] = whole ? load(b + j * b_column + p * LANES) : load_some(b + j * b_column + p * LANES, some);
#pragma GCC unroll 5
            for (int i = 0; i < rows; i++) {
                vector row = whole ? load(a + i * a_row + p * LANES) : load_some(a + i * a_row + p * LANES, some);
#pragma GCC unroll 5
                for (int j = 0; j < columns; j++)
                    sum[i][j][p] = multiply_add(row, column[j], sum[i][j][p]);
            }
        }
#pragma GCC unroll 5
    for (int i = 0; i < rows; i++)
#pragma GCC unroll 5
        for (int j = 0; j < columns; j++)
            s->y[i * s->y_row + j * s->y_column] = total16(sum[i][j]);
}

#define SQUARE(rows, columns)                                                                                          \
    static void square_##rows##x##columns(const square *s)                                                             \
    {                                                                                                                  \
        work_off(s, rows, columns);                                                                                    \
    }
#ifdef __AVX512F__
#define EACH(X, rows) X(rows, 1) X(rows, 2) X(rows, 3) X(rows, 4) X(rows, 5)
#define EACH_ROW(X) X(1) X(2) X(3) X(4) X(5)
#else
#define EACH(X, rows) X(rows, 1) X(rows, 2)
#define EACH_ROW(X) X(1) X(2)
#endif
#define DEFINE(rows) EACH(SQUARE, rows)
#define NAME(rows, columns) square_##rows##x##columns,
#define LIST(rows) {EACH(NAME, rows)},
EACH_ROW(DEFINE)
static void (*const squares[SIDE][SIDE])(const square *) = {EACH_ROW(LIST)};

void JOIN(elbo__product_dots_, ELBO__ISA)(const elbo__matrix *y, const elbo__matrix *a, const elbo__matrix *b)
{
    int64_t high = share(y->rows, SIDE), wide = SIDE;
    square s = {.k = a->columns,
                .a_row = a->row_stride,
                .b_column = b->column_stride,
                .y_row = y->row_stride,
                .y_column = y->column_stride};
    for (int64_t j = 0; j < y->columns; j += wide) {
        int64_t columns = least(wide, y->columns - j);
        s.b = (const float *)b->data + j * b->column_stride;
        for (int64_t i = 0; i < y->rows; i += high) {
            int64_t rows = least(high, y->rows - i);
            s.a = (const float *)a->data + i * a->row_stride;
            s.y = (float *)y->data + i * y->row_stride + j * y->column_stride;
            squares[rows - 1][columns - 1](&s);
        }
    }
}
#endif
