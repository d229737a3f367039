/* An array in a file of any format that holds one: .npy, and IDX, plain or gzip, whatever its name. (internal)
 *
 * Large files are not read but mapped, where memory can have the elements as they lie there: plain IDX files of u8, and
 * .npy files of u8 and f32 that are row-major.
 */
#ifndef ELBO_IO_ARRAY_FILE_H
#define ELBO_IO_ARRAY_FILE_H

#include <stdbool.h>

#include "../tensor/tensor.h"
#include "mapping.h"

/* The first bytes of a file, as they are and inflated, zeros where it is shorter. */
typedef struct {
    unsigned char raw[8], inflated[8];
    bool empty;
} elbo__file_head;
elbo_status elbo__file_head_of(const char *path, elbo__file_head *out) ELBO_MUST_CHECK;

/* Whether a file that begins like this holds an array. */
bool elbo__begins_array(const elbo__file_head *head);

/* *out = the array; free with elbo_tensor_free. The second is for images: NumPy's bool is 0 and 255. */
elbo_status elbo__array_read(const char *path, elbo_tensor *out) ELBO_MUST_CHECK;
elbo_status elbo__array_read_images(const char *path, elbo_tensor *out) ELBO_MUST_CHECK;

/* *out = the array as it lies in *mapping, where the file is large and its format allows it. *mapping = NULL for any
 * other file, broken ones included. */
elbo_status elbo__array_map(const char *path, elbo_tensor *out, elbo__mapping **mapping) ELBO_MUST_CHECK;

#endif
