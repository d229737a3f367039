/* Internal: products of two matrices, by BLIS. */
#ifndef ELBO_TENSOR_PRODUCT_H
#define ELBO_TENSOR_PRODUCT_H

#include "tensor.h"

/* Element (i, j) is at data + i * row_stride + j * column_stride, counted in elements. */
typedef struct {
    void *data;
    int64_t rows, columns, row_stride, column_stride;
} elbo__matrix;

/* y (M,N) = a (M,K) b (K,N), of dtype f32 or f64, on the calling thread alone. The rows are worked off in blocks of
 * `grain` (the last one may be smaller): the bits of a row depend on its place in its block, so callers that cut at
 * multiples of `grain` get the same bits however they cut. Strides may be 0. */
void elbo__product(elbo_dtype dtype, const elbo__matrix *y, const elbo__matrix *a, const elbo__matrix *b, int64_t grain);

/* Tells BLIS which kernels to use, once; done by the first product otherwise. It sets and unsets a variable of the
 * environment (BLIS_ARCH_TYPE), which must not happen while other threads read theirs. */
void elbo__product_prepare(void);

/* The same by three plain loops, for operands that BLIS does not take and as the oracle. */
void elbo__product_plain(elbo_dtype dtype, const elbo__matrix *y, const elbo__matrix *a, const elbo__matrix *b);

/* The kernel set that BLIS uses: "haswell", "zen3", "skx", ... and "generic" when it has none for this processor. */
const char *elbo__product_kernels(void);

#endif
