/* .npy, the format of NumPy's save and load: one tensor in a file.
 *
 *     float z[2 * 3] = {0, 1, 2, 3, 4, 5};
 *     elbo_tensor codes = elbo_tensor_of(ELBO_F32, ELBO_SHAPE(2, 3), z);
 *     if (elbo_npy_write("codes.npy", &codes) != ELBO_OK)        // numpy.load("codes.npy") has shape (2, 3)
 *         fprintf(stderr, "%s\n", elbo_error());                 // "PATH: reason"
 *
 *     elbo_tensor back;
 *     if (elbo_npy_read("codes.npy", &back) == ELBO_OK) {
 *         ...
 *         elbo_tensor_free(&back);
 *     }
 *
 * The layout of a file:
 *
 *     \x93NUMPY        6 bytes
 *     major, minor     one byte each: 1, 2 or 3, and 0
 *     N                little-endian, 2 bytes in version 1, 4 in versions 2 and 3
 *     header           N bytes of Python, padded with spaces and ended by a newline:
 *                      {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }
 *     elements         row-major, or column-major where fortran_order is True, up to the end of the file
 *
 *     descr   |u1, and |b1 as 0 and 1   <f4   <f8   <i4, and <i8 <u8 <u4 <i2 <u2 |i1 whose numbers fit
 *     tensor  u8                        f32   f64   i32
 */
#ifndef ELBO_IO_NPY_H
#define ELBO_IO_NPY_H

#include "../tensor/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

/* *out = the tensor in the file, row-major whatever the order of the file; free with elbo_tensor_free. Its data is NULL
 * on failure. ELBO_IO when the file cannot be read. ELBO_FORMAT when it is no .npy file, its header is anything but the
 * three keys above (in any order) of at most 65,535 bytes, its elements are of another type (Python objects, records,
 * other sizes, big-endian), a whole number is beyond i32, it has more than 8 axes, or fewer or more bytes than its
 * shape asks for. */
ELBO_API elbo_status elbo_npy_read(const char *path, elbo_tensor *out) ELBO_MUST_CHECK;

/* Writes a tensor of any dtype and strides as version 1.0, row-major, with the elements from byte 128 on. A file
 * already there is replaced when all is written, and untouched on failure. */
ELBO_API elbo_status elbo_npy_write(const char *path, const elbo_tensor *tensor) ELBO_MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif
