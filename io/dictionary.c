#include "dictionary.h"

#include <string.h>

#include "../tensor/memory.h"
#include "bytes.h"

static size_t slot_of(const elbo__dictionary *d, const char *word)
{
    size_t at = (size_t)elbo__hash(ELBO__HASH_START, word, strlen(word)) & (d->slots - 1);
    while (d->hash[at] && strcmp(d->words.names[d->hash[at] - 1], word) != 0)
        at = (at + 1) & (d->slots - 1);
    return at;
}

static elbo_status widen(elbo__dictionary *d)
{
    elbo__free(d->hash);
    d->slots = d->slots ? 2 * d->slots : 64;
    d->hash = elbo__calloc(d->slots, sizeof *d->hash);
    if (!d->hash)
        return ELBO_NO_MEMORY;
    for (size_t i = 0; i < d->words.count; i++)
        d->hash[slot_of(d, d->words.names[i])] = i + 1;
    return ELBO_OK;
}

elbo_status elbo__dictionary_number(elbo__dictionary *d, const char *word, size_t most, size_t *out)
{
    elbo_status status = 2 * (d->words.count + 1) > d->slots ? widen(d) : ELBO_OK;
    if (status != ELBO_OK)
        return status;
    const size_t slot = slot_of(d, word);
    if (!d->hash[slot] && d->words.count == most) {
        *out = most;
        return ELBO_OK;
    }
    if (!d->hash[slot]) {
        status = elbo__listing_add(&d->words, word);
        d->hash[slot] = status == ELBO_OK ? d->words.count : 0;
    }
    *out = d->hash[slot] - 1;
    return status;
}

void elbo__dictionary_free(elbo__dictionary *d)
{
    elbo__listing_free(&d->words);
    elbo__free(d->hash);
    *d = (elbo__dictionary){.hash = NULL};
}
