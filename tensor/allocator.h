/* Memory: one allocator hook for the whole library.
 *
 * Every allocation of the library goes through the hook, so an application can count them and a test can make
 * any of them fail. Blocks are aligned to 64 bytes (a cache line, and the widest vector register).
 */
#ifndef ELBO_TENSOR_ALLOCATOR_H
#define ELBO_TENSOR_ALLOCATOR_H

#include <stddef.h>

#include "error.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Replaces the allocator. `allocate(bytes, user)` returns a block aligned to 64 bytes or NULL; `release` frees one.
 * Pass NULL for both to go back to the standard allocator. Call before anything else is allocated, or where each
 * `release` takes the blocks of the other: those of the standard allocator are aligned_alloc's, and free takes them. */
ELBO_API void elbo_set_allocator(void *(*allocate)(size_t bytes, void *user),
                                 void (*release)(void *block, void *user), void *user);

#ifdef __cplusplus
}
#endif
#endif
