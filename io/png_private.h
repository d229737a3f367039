/* What the writer and the reader of PNG files share. (internal)
 *
 *     elbo__png_job job = {path, "damaged", ELBO_FORMAT, ELBO_OK};
 *     png_structp png = png_create_read_struct_2(PNG_LIBPNG_VER_STRING, &job, elbo__png_error, elbo__png_warning,
 *                                                &job, elbo__png_allocate, elbo__png_free);
 */
#ifndef ELBO_IO_PNG_PRIVATE_H
#define ELBO_IO_PNG_PRIVATE_H

#include <png.h>

#include "../tensor/tensor.h"

/* What libpng's callbacks know. It outlives the function that calls setjmp, so it is whole after a longjmp. */
typedef struct {
    const char *path, *complaint; /* an error reads "PATH: COMPLAINT: what libpng says" */
    elbo_status blame;            /* and has this status                                */
    elbo_status status;           /* of the first failure                               */
} elbo__png_job;

/* Keeps the first failure and jumps back to the setjmp. */
void elbo__png_error(png_structp png, png_const_charp message);
void elbo__png_warning(png_structp png, png_const_charp message); /* does nothing */
png_voidp elbo__png_allocate(png_structp png, png_alloc_size_t bytes);
void elbo__png_free(png_structp png, png_voidp block);

/* How many bytes the file of elbo_png_write would have. */
elbo_status elbo__png_size(const elbo_tensor *pixels, int64_t *bytes) ELBO_MUST_CHECK;

/* The shape that elbo_png_read would give a file, without its pixels. */
elbo_status elbo__png_peek(const char *path, elbo_shape *out) ELBO_MUST_CHECK;

#endif
