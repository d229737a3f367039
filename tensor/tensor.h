/* Strided tensors and views.
 *
 *     float pixels[2 * 3] = {0, 1, 2, 3, 4, 5};
 *     elbo_tensor a = elbo_tensor_of(ELBO_F32, ELBO_SHAPE(2, 3), pixels);  // borrows `pixels`
 *     elbo_tensor t = a;
 *     t.layout = elbo_layout_permute(&a.layout, (int[]){1, 0});            // its transpose, without a copy
 *
 * A layout says where the elements of a tensor lie in memory: element (i, j, ...) is at
 * offset + i * strides[0] + j * strides[1] + ..., counted in elements. A stride of 0 repeats an element (broadcast).
 * Views are made by computing a new layout over the same data; nothing is copied.
 */
#ifndef ELBO_TENSOR_TENSOR_H
#define ELBO_TENSOR_TENSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ELBO_MAX_RANK 8

typedef enum { ELBO_F32, ELBO_F64, ELBO_U8, ELBO_I32 } elbo_dtype;

/* The sizes of the axes. Rank 0 is a single number. */
typedef struct {
    int ndim;
    int64_t dim[ELBO_MAX_RANK];
} elbo_shape;

/* ELBO_SHAPE(B, 784) is the shape (B, 784); ELBO_SCALAR is the shape (). */
#define ELBO_SHAPE(...)                                                                                                \
    ((elbo_shape){(int)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)), {__VA_ARGS__}})
#define ELBO_SCALAR ((elbo_shape){0, {0}})

typedef struct {
    elbo_shape shape;
    int64_t strides[ELBO_MAX_RANK]; /* in elements */
    int64_t offset;                 /* in elements */
} elbo_layout;

typedef struct {
    elbo_dtype dtype;
    elbo_layout layout;
    void *data; /* borrowed, except after elbo_tensor_new */
} elbo_tensor;

/* ---- shapes ---------------------------------------------------------------------------------------------------- */

ELBO_API size_t elbo_dtype_size(elbo_dtype dtype);      /* 4, 8, 1, 4 bytes                                          */
ELBO_API const char *elbo_dtype_name(elbo_dtype dtype); /* "f32", "f64", "u8", "i32"                                 */

/* The number of elements, 1 for (). Shapes inside the library are checked when made, so this cannot overflow there. */
ELBO_API int64_t elbo_shape_size(const elbo_shape *shape);

/* ELBO_OK when every size is at least 0, the rank at most 8, and the product (in bytes of an f64) fits. */
ELBO_API elbo_status elbo_shape_check(const elbo_shape *shape) ELBO_MUST_CHECK;
ELBO_API bool elbo_shape_equal(const elbo_shape *a, const elbo_shape *b);

/* "(128, 784)" into `text`, which is returned. */
typedef struct {
    char text[200];
} elbo_shape_text;
ELBO_API elbo_shape_text elbo_shape_format(const elbo_shape *shape);

/* ---- layouts and views ------------------------------------------------------------------------------------------ */

/* Row-major: the last axis has stride 1. */
ELBO_API elbo_layout elbo_layout_of(const elbo_shape *shape);

/* y axis i = x axis axes[i] */
ELBO_API elbo_layout elbo_layout_permute(const elbo_layout *x, const int *axes);

/* y[..., i, ...] = x[..., start + i, ...] on one axis, 0 <= i < size */
ELBO_API elbo_layout elbo_layout_slice(const elbo_layout *x, int axis, int64_t start, int64_t size);

/* Axes of size 1 repeated to `shape` with stride 0; shapes align at the last axis, as in NumPy. */
ELBO_API elbo_layout elbo_layout_expand(const elbo_layout *x, const elbo_shape *shape);

/* The same elements in row-major order under another shape; false when the strides do not allow it without a copy. */
ELBO_API bool elbo_layout_reshape(const elbo_layout *x, const elbo_shape *shape, elbo_layout *out);

ELBO_API bool elbo_layout_contiguous(const elbo_layout *x); /* row-major without gaps                                 */

/* ---- tensors ---------------------------------------------------------------------------------------------------- */

/* A new tensor of zeros, row-major; its data is freed by elbo_tensor_free. data is NULL on failure. */
ELBO_API elbo_tensor elbo_tensor_new(elbo_dtype dtype, elbo_shape shape);
ELBO_API void elbo_tensor_free(elbo_tensor *tensor);

/* A tensor over the caller's row-major data, which stays the caller's. */
ELBO_API elbo_tensor elbo_tensor_of(elbo_dtype dtype, elbo_shape shape, const void *data);

/* One element as a double, for tests and for small work. `index` has one entry an axis. */
ELBO_API double elbo_tensor_get(const elbo_tensor *tensor, const int64_t *index);
ELBO_API void elbo_tensor_set(const elbo_tensor *tensor, const int64_t *index, double value);

/* to[...] = from[...], converting the dtype; the shapes must be equal. */
ELBO_API void elbo_tensor_copy(const elbo_tensor *to, const elbo_tensor *from);

#ifdef __cplusplus
}
#endif
#endif
