/* Internal: products of two matrices, by our own kernel or by BLIS. */
#ifndef ELBO_TENSOR_PRODUCT_H
#define ELBO_TENSOR_PRODUCT_H

#include "tensor.h"

/* Element (i, j) is at data + i * row_stride + j * column_stride, counted in elements. */
typedef struct {
    void *data;
    int64_t rows, columns, row_stride, column_stride;
} elbo__matrix;

static inline elbo__matrix elbo__transposed(elbo__matrix m)
{
    return (elbo__matrix){m.data, m.columns, m.rows, m.column_stride, m.row_stride};
}

/* Rows [i, i + rows) and columns [j, j + columns) of a matrix of numbers of so many bytes. */
static inline elbo__matrix elbo__part_of(const elbo__matrix *m, size_t bytes, int64_t i, int64_t rows, int64_t j,
                                         int64_t columns)
{
    char *first = (char *)m->data + (i * m->row_stride + j * m->column_stride) * (int64_t)bytes;
    return (elbo__matrix){first, rows, columns, m->row_stride, m->column_stride};
}

/* y (M,N) = a (M,K) b (K,N), on the calling thread alone. */
typedef void elbo__product_kernel(const elbo__matrix *y, const elbo__matrix *a, const elbo__matrix *b);

/* The same where a has many zeros; otherwise, or where it does not pay, false, and y is as it was. */
typedef bool elbo__sparse_kernel(const elbo__matrix *y, const elbo__matrix *a, const elbo__matrix *b);

/* Sums are cut into equal pieces of at most so many terms, each summed from 0, and the pieces added in order. */
enum { ELBO__PRODUCT_PIECE = 512 };

/* Matrices whose numbers lie at places of their own, such as the patches of an image, which overlap: a (M,K), b (K,N)
 * and y (M,N), where
 *     a[i][k] is a[a_row[i] + a_term[k]],    b[k][j] is b[b_term[k] + j],    y[i][j] is y[y_row[i] + j],
 * places counted in elements. */
typedef struct {
    int64_t rows, columns, terms; /* M, N, K */
    const void *a, *b;
    void *y;
    const int64_t *a_row, *a_term, *b_term, *y_row;
    bool add; /* to what is in y */
} elbo__placed;

/* y = a b or y += a b, on the calling thread alone. An entry of an f32 product by our own kernels has the bits that
 * elbo__product gives it, when it does not take dot products. */
typedef void elbo__placed_kernel(const elbo__placed *p);
void elbo__product_placed(elbo_dtype dtype, const elbo__placed *p);

/* The same by plain loops: f64, and f32 where there is no kernel of our own. */
void elbo__product_placed_plain(elbo_dtype dtype, const elbo__placed *p);

/* The instruction sets that product_simd.c has a kernel for: vectors with a fused multiply-add. */
#if defined __AVX512F__ || (defined __AVX2__ && defined __FMA__) || defined __aarch64__
#define ELBO__PRODUCT_KERNEL
#endif

/* y (M,N) = a (M,K) b (K,N), of dtype f32 or f64, on the calling thread alone. Strides may be 0. `grain` is
 * the number of rows in a block of the plan's, which must not depend on the number of threads: callers that cut y at
 * multiples of it get the same bits however they cut, where numbers are finite: a term may be left out where a's number
 * is 0, whatever b's is.
 *
 * f32 is our own kernels' work where the processor has any: then all that the grain decides is which of them. The rest
 * is BLIS's, which works on one block of `grain` rows at a time, since the bits of a row depend on its place in a
 * call. */
void elbo__product(elbo_dtype dtype, const elbo__matrix *y, const elbo__matrix *a, const elbo__matrix *b,
                   int64_t grain);

/* Tells BLIS which kernels to use, once; done by the first product otherwise. It sets and unsets a variable of the
 * environment (BLIS_ARCH_TYPE), which must not happen while other threads read theirs. */
void elbo__product_prepare(void);

/* The same by BLIS, which must be able to take the strides. */
void elbo__product_blis(elbo_dtype dtype, const elbo__matrix *y, const elbo__matrix *a, const elbo__matrix *b,
                        int64_t grain);

/* y (M,N) = beta y + alpha a (M,K) b (K,N) in f64, by BLIS and by that many threads, for matrices of some thousands: no
 * strides of 0. Cut into blocks that depend on the shapes alone, so that the bits are the same for any number of
 * threads. y must not overlap a or b. */
void elbo__product_shared(double alpha, const elbo__matrix *a, const elbo__matrix *b, double beta,
                          const elbo__matrix *y, int threads);

/* y = a b by three plain loops, for operands that BLIS does not take and as the oracle. */
void elbo__product_plain(elbo_dtype dtype, const elbo__matrix *y, const elbo__matrix *a, const elbo__matrix *b);

/* The kernel set that BLIS uses: "haswell", "zen3", "skx", ... and "generic" when it has none for this processor. */
const char *elbo__product_kernels(void);

#endif
