/* A file read from its start to its end, inflated on the way when it is gzip. (internal)
 *
 * Stricter than zlib's own gzread, which takes bytes after the compressed data for the end of the file: here a damaged,
 * truncated or continued gzip file is an error. Several gzip members in a row are one file, as gzip defines it.
 */
#ifndef ELBO_IO_GZIP_H
#define ELBO_IO_GZIP_H

#include <stddef.h>
#include <stdint.h>

#include "../tensor/error.h"

typedef struct elbo__source elbo__source;

elbo_status elbo__source_open(const char *path, elbo__source **out) ELBO_MUST_CHECK;

/* Reads up to `count` bytes into `bytes`; *got is less than `count` only at the end of the file. */
elbo_status elbo__source_read(elbo__source *source, void *bytes, size_t count, size_t *got) ELBO_MUST_CHECK;

/* How many bytes of the file are behind us, before they were inflated, and how many there are in all. */
void elbo__source_at(const elbo__source *source, int64_t *done, int64_t *total);

void elbo__source_close(elbo__source *source); /* accepts NULL */

#endif
