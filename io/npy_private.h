/* What reading .npy files shares: with .npz, whose members they are, and with who maps them. (internal) */
#ifndef ELBO_IO_NPY_PRIVATE_H
#define ELBO_IO_NPY_PRIVATE_H

#include <stddef.h>

#include "npy.h"

/* Where the bytes of a file come from, in order. */
typedef struct {
    const char *path; /* for messages                                              */
    int64_t size;     /* bytes in all                                              */
    elbo_status (*read)(void *user, const char *path, void *bytes, size_t count); /* exactly so many, or a failure */
    void *user;
} elbo__npy_source;

/* A type of elements: its name, its size in the file, and what becomes of it: whole numbers of other sizes are i32. */
typedef struct {
    const char *name;
    int size;
    elbo_dtype dtype;
    bool is_signed;
} elbo__npy_type;
extern const elbo__npy_type elbo__npy_types[]; /* the first of a dtype is the one that is written */

/* What a file says of itself. */
typedef struct {
    const elbo__npy_type *type;
    bool fortran;
    elbo_shape shape;
    int64_t start; /* of the elements: bytes before them */
} elbo__npy_header;

enum { ELBO__NPY_PREFIX = 8 };
extern const unsigned char elbo__npy_magic[6];

/* Reads and checks all before the elements, which are of the size that the header asks for. */
elbo_status elbo__npy_read_header(const elbo__npy_source *source, elbo__npy_header *out) ELBO_MUST_CHECK;

bool elbo__npy_is_bool(const elbo__npy_type *type);

/* elbo_npy_read from any source. With `levels` the elements are those of images, whose black and white bool is: 0 and
 * 255 in place of 0 and 1. */
elbo_status elbo__npy_read_from(const elbo__npy_source *source, bool levels, elbo_tensor *out) ELBO_MUST_CHECK;
elbo_status elbo__npy_read_levels(const char *path, elbo_tensor *out) ELBO_MUST_CHECK;

/* The header of a file. */
elbo_status elbo__npy_look(const char *path, elbo__npy_header *out) ELBO_MUST_CHECK;

#endif
