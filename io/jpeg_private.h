/* Internal: a JPEG file before it is read. */
#ifndef ELBO_IO_JPEG_PRIVATE_H
#define ELBO_IO_JPEG_PRIVATE_H

#include "jpeg.h"

/* The shape that elbo_jpeg_read would give a file, without its pixels. */
elbo_status elbo__jpeg_peek(const char *path, elbo_shape *out) ELBO_MUST_CHECK;

#endif
