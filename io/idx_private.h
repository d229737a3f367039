/* A look at an IDX file. (internal) */
#ifndef ELBO_IO_IDX_PRIVATE_H
#define ELBO_IO_IDX_PRIVATE_H

#include "idx.h"

/* What a plain file says of itself, checked against its size; *start = the bytes before its elements. */
elbo_status elbo__idx_look(const char *path, elbo_dtype *dtype, elbo_shape *shape, int64_t *start) ELBO_MUST_CHECK;

#endif
