/* What lies in a folder, and what lies at a path. (internal)
 *
 *     elbo__listing list;
 *     elbo_status status = elbo__list_folder("photos", &list);
 *     for (size_t i = 0; i < list.count; i++)                    // 0 on failure
 *         use(list.names[i]);
 *     elbo__listing_free(&list);
 *
 * A folder that cannot be read to its end is an error, never a shorter list; and what the system does not tell about a
 * path, for lack of permission or a loop of links, is an error with its reason, never "not there".
 */
#ifndef ELBO_IO_LISTING_H
#define ELBO_IO_LISTING_H

#include <stddef.h>

#include "../tensor/error.h"

/* Anything that is no folder counts as a file. Nothing is at a link to nowhere. */
typedef enum { ELBO__NOTHING, ELBO__FILE, ELBO__FOLDER } elbo__kind;

/* All but "." and "..", sorted byte by byte, but numbers in names by value: 2 before 10. */
typedef struct {
    char **names; /* [count] */
    size_t count, capacity;
} elbo__listing;

/* On failure *out is empty. */
elbo_status elbo__list_folder(const char *path, elbo__listing *out) ELBO_MUST_CHECK;
void elbo__listing_free(elbo__listing *listing);

/* Adds a copy of a name at the end. */
elbo_status elbo__listing_add(elbo__listing *listing, const char *name) ELBO_MUST_CHECK;

/* Sorts the names as those of a folder. */
void elbo__listing_sort(elbo__listing *listing);

/* The place of a name in a listing that is sorted; -1: it has none. */
int elbo__listing_find(const elbo__listing *listing, const char *name);

/* *out = what is at a path, links followed */
elbo_status elbo__kind_of(const char *path, elbo__kind *out) ELBO_MUST_CHECK;

#endif
