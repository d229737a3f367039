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

/* Kernels of one dtype (f32 or f64; T below) for one instruction set. */
typedef struct {
    elbo__elementwise_kernel elementwise[ELBO__ELEMENTWISE_COUNT];
    void (*from_u8)(int64_t n, void *y, const uint8_t *x);        /* y[i] = x[i]                                       */
    void (*from_i32)(int64_t n, void *y, const int32_t *x);       /* y[i] = x[i]                                       */
    void (*strided)(int64_t n, void *y, elbo_dtype from, const void *x, int64_t step); /* y[i] = x[i step]             */
    void (*sum)(int64_t n, void *y, const void *x);               /* *y += x[0] + ... + x[n-1]                         */
    void (*max)(int64_t n, void *y, const void *x);               /* *y = max(*y, x[0], ..., x[n-1]); NaN wins         */
    elbo__product_kernel *product;                                /* NULL: BLIS does it                                */
    elbo__product_kernel *product_dots;                           /* a's rows and b's columns of neighbours            */
} elbo__kernels;

/* The kernels for this machine. */
const elbo__kernels *elbo__kernels_for(elbo_dtype dtype);

/* "avx512", "avx2" or "base" */
const char *elbo__kernels_name(void);


#endif
