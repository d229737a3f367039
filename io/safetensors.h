/* safetensors: named tensors and a little text in one file, readable by the Python libraries of the same name.
 *
 *     float w[2 * 3] = {0, 1, 2, 3, 4, 5};
 *     elbo_named_tensor tensors[] = {{"encoder.weight", elbo_tensor_of(ELBO_F32, ELBO_SHAPE(2, 3), w)}};
 *     elbo_pair metadata[] = {{"model", "vae"}};
 *     if (elbo_safetensors_write("model.safetensors", tensors, 1, metadata, 1) != ELBO_OK)
 *         fprintf(stderr, "%s\n", elbo_error());                                   // "PATH: reason"
 *
 *     elbo_safetensors file;
 *     if (elbo_safetensors_open("model.safetensors", &file) == ELBO_OK) {
 *         const elbo_tensor *weight = elbo_safetensors_tensor(&file, "encoder.weight"); // NULL: no such tensor
 *         const char *model = elbo_safetensors_metadata(&file, "model");                // "vae"
 *         ...
 *         elbo_safetensors_close(&file);
 *     }
 *
 * The layout of a file:
 *
 *     N                8 bytes, little-endian, at most 100,000,000
 *     header           N bytes of JSON, padded with spaces:
 *                      {"__metadata__": {"model": "vae"},
 *                       "encoder.weight": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}}
 *     data             row-major, little-endian; offsets count from here, without gaps, up to the end of the file
 */
#ifndef ELBO_IO_SAFETENSORS_H
#define ELBO_IO_SAFETENSORS_H

#include "../tensor/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    const char *name;
    elbo_tensor tensor;
} elbo_named_tensor;

typedef struct {
    const char *key, *value;
} elbo_pair;

/* ---- writing ----------------------------------------------------------------------------------------------------- */

/* Writes `count` tensors of any strides under their logical shapes, and `pairs` entries of metadata (either may be 0).
 * The bytes of the file depend on nothing else, not on the order of `tensors` either. A file already there is
 * replaced when all is written, and untouched on failure. ELBO_INVALID: a name or key that stands twice, is reserved
 * ("__metadata__") or is not UTF-8. */
ELBO_API elbo_status elbo_safetensors_write(const char *path, const elbo_named_tensor *tensors, int64_t count,
                                            const elbo_pair *metadata, int64_t pairs) ELBO_MUST_CHECK;

/* ---- reading ----------------------------------------------------------------------------------------------------- */

/* An open file. What it points to belongs to it and is valid until it is closed. */
typedef struct {
    int64_t count;
    const elbo_named_tensor *tensors; /* [count], sorted by name; each row-major */
    int64_t pairs;
    const elbo_pair *metadata; /* [pairs], in the order of the file */
} elbo_safetensors;

/* Reads a whole file into memory and checks it. ELBO_IO when it cannot be read; ELBO_FORMAT when anything in it is not
 * as the format asks for, or a tensor is of another dtype than F32, F64, U8 and I32 or has more than 8 axes. The values
 * of the tensors may be anything, NaN too. On failure *out is empty. */
ELBO_API elbo_status elbo_safetensors_open(const char *path, elbo_safetensors *out) ELBO_MUST_CHECK;
ELBO_API void elbo_safetensors_close(elbo_safetensors *file); /* leaves it empty; an empty one is fine */

/* The tensor of that name; NULL when there is none. */
ELBO_API const elbo_tensor *elbo_safetensors_tensor(const elbo_safetensors *file, const char *name);

/* The metadata under that key; NULL when there is none. */
ELBO_API const char *elbo_safetensors_metadata(const elbo_safetensors *file, const char *key);

#ifdef __cplusplus
}
#endif
#endif
