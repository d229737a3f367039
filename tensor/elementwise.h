/* Internal: kernels over rows of numbers, compiled for several instruction sets and picked when the program starts.
 *
 * A kernel works on contiguous numbers and gives each the same bits wherever the row is cut; sums along a row use a
 * fixed number of lanes and a fixed tree, so they depend on the row alone.
 */
#ifndef ELBO_TENSOR_ELEMENTWISE_H
#define ELBO_TENSOR_ELEMENTWISE_H

#include "product.h"

/* The rows of elementwise.def, numbered: ELBO__exp, ELBO__add, ... */
enum {
#define ELEMENTWISE(operands, name, ...) ELBO__##name,
#include "elementwise.def"
    ELBO__ELEMENTWISE_COUNT
};

const char *elbo__elementwise_name(int id);
int elbo__elementwise_operands(int id); /* 1, 2 or 3 */
bool elbo__elementwise_calls(int id);   /* its formula calls a function: dearer than arithmetic */

/* y[i] = f(a[i], b[i], c[i]) for 0 <= i < n; y may be one of the operands */
typedef void (*elbo__elementwise_kernel)(int64_t n, void *y, const void *a, const void *b, const void *c);

/* Short rows, many of them: rows of n numbers, 1 <= n <= ELBO__SHORT_ROW, that begin x_step apart.
 *     y[r y_step] = x[r x_step] + ... + x[r x_step + n - 1], or their maximum (NaN wins); a zero is +0 */
enum { ELBO__SHORT_ROW = 64, ELBO__SUM_LANES = 64 };
typedef void elbo__rows_kernel(int64_t rows, int64_t n, void *y, int64_t y_step, const void *x, int64_t x_step);

/* y[r y_step + i] = x[r x_step + i] for 0 <= i < n, or x[r x_step] where it is repeated; n >= 1, y apart from x */
typedef void elbo__copy_rows_kernel(int64_t rows, int64_t n, void *y, int64_t y_step, const void *x, int64_t x_step,
                                    bool repeat);

/* y[r y_step + i] = x[r + i x_step] for 0 <= r < rows, 0 <= i < n: y apart from x */
typedef void elbo__turn_kernel(int64_t rows, int64_t n, void *y, int64_t y_step, const void *x, int64_t x_step);

/* The instruction sets for which rows_simd.c has them in f32. */
#if defined __AVX512F__ || (defined __AVX2__ && defined __FMA__)
#define ELBO__ROWS_KERNELS
#endif

/* Kernels of one dtype (f32 or f64; T below) for one instruction set. */
typedef struct {
    elbo__elementwise_kernel elementwise[ELBO__ELEMENTWISE_COUNT];
    void (*from_u8)(int64_t n, void *y, const uint8_t *x); /* y[i] = x[i] */
    void (*from_i32)(int64_t n, void *y, const int32_t *x); /* y[i] = x[i] */
    void (*strided)(int64_t n, void *y, elbo_dtype from, const void *x, int64_t step); /* y[i] = x[i step] */
    void (*sum)(int64_t n, void *y, const void *x); /* *y += x[0] + ... + x[n-1] */
    /* In parts, to as many lanes as ELBO__SUM_LANES: lane[i modulo them] += x[i], or |x[i]|, for 0 <= i < n; at last
     * *y += all lanes, which are lost. `sum` is both, from lanes of 0. */
    void (*sum_lanes)(int64_t n, void *lanes, const void *x), (*sum_abs_lanes)(int64_t n, void *lanes, const void *x);
    void (*join_lanes)(void *y, void *lanes);
    void (*max)(int64_t n, void *y, const void *x); /* *y = max(*y, x[0], ..., x[n-1]); NaN wins */
    elbo__rows_kernel *sum_rows, *max_rows; /* to the bit as `sum` and `max` with y = 0, -inf */
    elbo__copy_rows_kernel *copy_rows;
    elbo__turn_kernel *turn;
    /* NULL, all four of them: BLIS and plain loops do it */
    elbo__product_kernel *product;
    elbo__product_kernel *product_dots; /* a's rows and b's columns of neighbours */
    elbo__sparse_kernel *product_sparse;
    elbo__placed_kernel *product_placed;
} elbo__kernels;

/* The kernels for this machine. */
const elbo__kernels *elbo__kernels_for(elbo_dtype dtype);

/* "avx512", "avx2" or "base" */
const char *elbo__kernels_name(void);


#endif
