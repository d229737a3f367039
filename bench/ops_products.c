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

/* y (M, N) = a (M, K) b (K, N); the name says which operand is transposed (T) in memory */
static const struct {
    const char *name;
    int64_t m, n, k;
    bool a_transposed, b_transposed;
} cases[] = {
    {"product NN", 128, 400, 784, false, false},  /* forward, into the encoder's hidden layer */
    {"product NN", 128, 784, 400, false, false},  /* forward, into the logits                 */
    {"product TN", 784, 400, 128, true, false},   /* a weight's gradient                      */
    {"product NT", 128, 400, 784, false, true},   /* a data gradient                          */
    {"product NN", 1, 784, 400, false, false},    /* one decode                               */
    {"product NN", 20, 400, 784, false, false},   /* a small batch                            */
    {"product NN", 1000, 784, 400, false, false}, /* a large one                              */
    {"product NN", 512, 512, 512, false, false},  {"product NN", 1024, 1024, 1024, false, false},
};

void ops_products(void)
{
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const int64_t m = cases[i].m, n = cases[i].n, k = cases[i].k;
        product p = {matrix(m, n, false), matrix(m, k, cases[i].a_transposed), matrix(k, n, cases[i].b_transposed)};
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
