/* Internal: numbers found again by a hash of what they stand for. Different things may have one hash: whoever looks
 * compares.
 *
 *     for (int e = elbo__lookup_first(&t, hash); e >= 0; e = elbo__lookup_next(&t, e))
 *         if (is_it(t.entries[e].value)) ...
 */
#ifndef ELBO_TENSOR_LOOKUP_H
#define ELBO_TENSOR_LOOKUP_H

#include <stddef.h>
#include <stdint.h>

#include "error.h"

typedef struct {
    uint64_t hash;
    int value, next;
} elbo__lookup_entry;

/* {0} is an empty one. */
typedef struct {
    elbo__lookup_entry *entries; /* in the order in which they were added */
    size_t n, capacity;
    int *newest;                /* by the hash's last bits; n_newest is a power of 2, or 0 */
    size_t n_newest;
} elbo__lookup;

elbo_status elbo__lookup_add(elbo__lookup *t, uint64_t hash, int value) ELBO_MUST_CHECK;

/* The newest entry with the hash, and the one that is older than `entry`; -1: there is none. */
int elbo__lookup_first(const elbo__lookup *t, uint64_t hash);
int elbo__lookup_next(const elbo__lookup *t, int entry);

void elbo__lookup_cut(elbo__lookup *t, size_t n); /* leaves the first n entries */
void elbo__lookup_free(elbo__lookup *t);          /* leaves an empty one */

/* Of n bytes, and of what `before` is the hash of. */
uint64_t elbo__hash_more(uint64_t before, const void *bytes, size_t n);

#endif
