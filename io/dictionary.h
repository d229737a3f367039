/* Words by number, in the order in which they were met. (internal) */
#ifndef ELBO_IO_DICTIONARY_H
#define ELBO_IO_DICTIONARY_H

#include "listing.h"

/* All zeros is an empty one. */
typedef struct {
    elbo__listing words;
    size_t *hash; /* [slots] of places in `words` + 1; 0: empty */
    size_t slots;
} elbo__dictionary;

/* *out = the number of a word, which is added where it is new. A new one beyond `most` is not: then *out = most. */
elbo_status elbo__dictionary_number(elbo__dictionary *d, const char *word, size_t most, size_t *out) ELBO_MUST_CHECK;
void elbo__dictionary_free(elbo__dictionary *d); /* leaves it empty */

#endif
