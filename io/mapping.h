/* Files seen as memory, so that data may be larger than it. (internal)
 *
 *     elbo__mapping *mapping;
 *     elbo_status status = elbo__map_file("train.npy", 128, bytes, &mapping);
 *     const float *x = elbo__mapping_data(mapping);
 *     elbo__mapping_reads(mapping, x + first, n * sizeof *x);        // before each look at a part
 *     ...
 *     elbo__unmap(mapping);
 *
 * Pages that were read count as memory of the process until they are given back, and nobody else does: so whoever reads
 * says what, and when it was more than ELBO__MOST_READ bytes all pages go. They stay in the system's cache of the file,
 * and come back when they are read again. Only one thread may call these functions on a mapping at a time.
 *
 * A file must stay as it is while it is mapped. What another program writes to it shows, and a read beyond the end of
 * one that became shorter ends the process with SIGBUS, which no library can turn into an error.
 */
#ifndef ELBO_IO_MAPPING_H
#define ELBO_IO_MAPPING_H

#include <stdbool.h>
#include <stdint.h>

#include "../tensor/error.h"

typedef struct elbo_mapping elbo__mapping; /* a public header names it without having it */

enum { ELBO__MOST_READ = 1 << 27 };

/* Files of at least so many bytes are mapped (64 MB); smaller ones are read, and may then change. Tests change it. */
extern int64_t elbo__mapped_from;

/* *out = bytes offset, ..., offset + bytes of a file, read only. ELBO_IO where the system refuses, and for a file that
 * is shorter. */
elbo_status elbo__map_file(const char *path, int64_t offset, int64_t bytes, elbo__mapping **out) ELBO_MUST_CHECK;
void elbo__unmap(elbo__mapping *mapping); /* accepts NULL */

const void *elbo__mapping_data(const elbo__mapping *mapping);

/* Tells how reading goes on: in order, which the system helps by reading ahead, or (at first) here and there. */
void elbo__mapping_in_order(elbo__mapping *mapping, bool in_order);

/* `bytes` bytes from `from` on will be read next; what was read before may go. Accepts NULL. */
void elbo__mapping_reads(elbo__mapping *mapping, const void *from, int64_t bytes);

#endif
