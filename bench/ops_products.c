/* Products of two matrices: the library's own kernel beside BLIS. */
#include <stdio.h>
#include <stdlib.h>

#include "../tensor/product.h"
#include "common.h"
#include "ops.h"

typedef struct {
    elbo__matrix y, a, b;
} product;

static void by_us(void *what)
{
    const product *p = what;
    elbo__product(ELBO_F32, &p->y, &p->a, &p->b, p->y.rows);
}

static void by_blis(void *what)
{
    const product *p = what;
    elbo__product_blis(ELBO_F32, &p->y, &p->a, &p->b, p->y.rows);
}

/* In row-major order, or, transposed, in column-major order. */
static elbo__matrix matrix(int64_t rows, int64_t columns, bool transposed)
{
    float *numbers = ops_numbers((size_t)(rows * columns));
    return (elbo__matrix){numbers, rows, columns, transposed ? 1 : columns, transposed ? rows : 1};
}

/* That share of a's numbers is 0, four rows at a time, as in pictures of digits. */
static void blank(const elbo__matrix *a, double zeros)
{
    for (int64_t i = 0; i < a->rows; i += 4)
        for (int64_t k = 0; k < a->columns; k++)
            if ((double)(random_number() % 1000) < 1000 * zeros)
                for (int64_t row = i; row < i + 4 && row < a->rows; row++)
                    ((float *)a->data)[row * a->row_stride + k * a->column_stride] = 0;
}

/* y (M, N) = a (M, K) b (K, N); the name says which operand is transposed (T) in memory */
static const struct {
    const char *name;
    int64_t m, n, k;
    bool a_transposed, b_transposed;
    double zeros;
} cases[] = {
    {"product NN", 128, 400, 784, false, false, 0},           /* forward, into the encoder's hidden layer */
    {"product NN", 128, 784, 400, false, false, 0},           /* forward, into the logits                 */
    {"product TN", 784, 400, 128, true, false, 0},            /* a weight's gradient                      */
    {"product NT", 128, 400, 784, false, true, 0},            /* a data gradient                          */
    {"product NN", 1, 784, 400, false, false, 0},             /* one decode                               */
    {"product NN", 20, 400, 784, false, false, 0},            /* a small batch                            */
    {"product NN", 1000, 784, 400, false, false, 0},          /* a large one                              */
    {"product NN, zeros", 128, 400, 784, false, false, 0.61}, /* forward, of MNIST's images    */
    {"product TN, zeros", 784, 400, 128, true, false, 0.72},  /* and the gradient of its weight */
    {"product NN", 512, 512, 512, false, false, 0},
    {"product NN", 1024, 1024, 1024, false, false, 0},
};

void ops_products(void)
{
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const int64_t m = cases[i].m, n = cases[i].n, k = cases[i].k;
        product p = {matrix(m, n, false), matrix(m, k, cases[i].a_transposed), matrix(k, n, cases[i].b_transposed)};
        blank(&p.a, cases[i].zeros);
        char shape[64];
        snprintf(shape, sizeof shape, "%lldx%lldx%lld", (long long)m, (long long)n, (long long)k);
        ops_time(&(ops_case){.name = cases[i].name,
                             .shape = shape,
                             .threads = 1,
                             .limit = ARITHMETIC,
                             .amount = 2.0 * (double)m * (double)n * (double)k,
                             .run = by_us,
                             .other = by_blis,
                             .what = &p});
        free(p.y.data);
        free(p.a.data);
        free(p.b.data);
    }
}
