/* Memory: one allocator hook for the whole library.
 *
 * Every allocation of the library goes through the hook, so an application can count them and a test can make
 * any of them fail. Blocks are aligned to 64 bytes (a cache line, and the widest vector register).
 */
#ifndef ELBO_TENSOR_MEMORY_H
#define ELBO_TENSOR_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Replaces the allocator. `allocate(bytes, user)` returns a block aligned to 64 bytes or NULL; `release` frees one.
 * Pass NULL for both to go back to the standard allocator. Call before anything else is allocated. */
ELBO_API void elbo_set_allocator(void *(*allocate)(size_t bytes, void *user),
                                 void (*release)(void *block, void *user), void *user);

/* Internal. NULL and a message on failure; a size of 0 gives a valid block. */
void *elbo__alloc(size_t bytes);                       /* contents undefined              */
void *elbo__calloc(size_t count, size_t size);         /* zeroed; checks count * size     */
char *elbo__strdup(const char *text);
char *elbo__format(const char *format, ...) ELBO_PRINTF(1, 2); /* a new string            */
void elbo__free(void *block);                          /* accepts NULL                    */

/* Internal. Makes room for `needed` elements in a growing array: doubles *items (old contents kept). */
elbo_status elbo__grow(void **items, size_t *capacity, size_t needed, size_t size) ELBO_MUST_CHECK;

/* Internal. a * b into *out; false when the product does not fit. */
bool elbo__mul_size(int64_t a, int64_t b, int64_t *out);

#ifdef __cplusplus
}
#endif
#endif
