/* Internal: memory. All of the library's comes from here, by the hook of tensor/allocator.h. */
#ifndef ELBO_TENSOR_MEMORY_H
#define ELBO_TENSOR_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error_private.h"

/* NULL and a message on failure; a size of 0 gives a valid block. */
void *elbo__alloc(size_t bytes);                       /* contents undefined              */
void *elbo__calloc(size_t count, size_t size);         /* zeroed; checks count * size     */
char *elbo__strdup(const char *text);
char *elbo__format(const char *format, ...) ELBO_PRINTF(1, 2); /* a new string            */
void elbo__free(void *block);                          /* accepts NULL                    */

/* Makes room for `needed` elements in a growing array: doubles *items (old contents kept). */
elbo_status elbo__grow(void **items, size_t *capacity, size_t needed, size_t size) ELBO_MUST_CHECK;

/* a * b into *out; false when the product does not fit. */
bool elbo__mul_size(int64_t a, int64_t b, int64_t *out);

#endif
