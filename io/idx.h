/* IDX, the format of the MNIST files: one tensor in a file, plain or compressed with gzip.
 *
 *     elbo_tensor images;                                    // (60000, 28, 28) u8
 *     if (elbo_idx_read("data/mnist/train-images-idx3-ubyte.gz", &images) != ELBO_OK)
 *         fprintf(stderr, "%s\n", elbo_error());             // "PATH: reason"
 *     ...
 *     elbo_tensor_free(&images);
 *
 * The layout of a file:
 *
 *     0, 0, type, ndim     one byte each
 *     size[ndim]           unsigned, 4 bytes, big-endian
 *     elements             row-major, big-endian, up to the end of the file
 *
 *     type    0x08   0x09   0x0B   0x0C   0x0D   0x0E
 *     file    u8     i8     i16    i32    f32    f64
 *     tensor  u8     i32    i32    i32    f32    f64
 */
#ifndef ELBO_IO_IDX_H
#define ELBO_IO_IDX_H

#include "../tensor/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

/* *out = the tensor in the file, row-major; free with elbo_tensor_free. Its data is NULL on failure.
 * ELBO_IO when the file cannot be read. ELBO_FORMAT when it is no IDX file, has no axes or more than 8, has
 * fewer or more bytes than its sizes ask for, or is damaged gzip. Memory is taken as the file delivers its bytes, not
 * as its sizes claim them. */
ELBO_API elbo_status elbo_idx_read(const char *path, elbo_tensor *out) ELBO_MUST_CHECK;

/* Writes a tensor (any dtype and strides, 1 to 8 axes below 2^32) as a plain IDX file, in one piece: a file already
 * there is replaced when all is written, and untouched on failure. */
ELBO_API elbo_status elbo_idx_write(const char *path, const elbo_tensor *tensor) ELBO_MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif
