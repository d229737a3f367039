/* Rows of the elementwise table, on a chunk as a fused group works on it and on a layer's output for a batch. */
#include <stdio.h>
#include <stdlib.h>

#include "../tensor/elementwise.h"
#include "common.h"
#include "ops.h"

enum { MOST_OPERANDS = 3 };

typedef struct {
    elbo__elementwise_kernel kernel;
    int64_t n;
    float *y, *x[MOST_OPERANDS];
} row;

static void run(void *what)
{
    const row *r = what;
    r->kernel(r->n, r->y, r->x[0], r->x[1], r->x[2]);
}

static const int ids[] = {ELBO__add, ELBO__mul, ELBO__div,  ELBO__where,   ELBO__sqrt,
                          ELBO__exp, ELBO__log, ELBO__tanh, ELBO__sigmoid, ELBO__softplus};
static const int64_t sizes[] = {512, (int64_t)128 * 784};

static void time_row(int id, int64_t n)
{
    const int operands = elbo__elementwise_operands(id);
    row r = {.kernel = elbo__kernels_for(ELBO_F32)->elementwise[id], .n = n, .y = ops_numbers((size_t)n)};
    for (int i = 0; i < MOST_OPERANDS; i++)
        r.x[i] = ops_numbers((size_t)n);
    char shape[32];
    snprintf(shape, sizeof shape, "%lld", (long long)n);
    ops_time(&(ops_case){.name = elbo__elementwise_name(id),
                         .shape = shape,
                         .threads = 1,
                         .limit = MEMORY,
                         .amount = (double)(operands + 1) * (double)n * sizeof(float),
                         .run = run,
                         .what = &r});
    free(r.y);
    for (int i = 0; i < MOST_OPERANDS; i++)
        free(r.x[i]);
}

void ops_kernels(void)
{
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++)
        for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++)
            time_row(ids[i], sizes[k]);
}
