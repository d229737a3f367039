#include "lookup.h"

#include <string.h>

#include "memory.h"

/* splitmix64's last steps */
static uint64_t mixed(uint64_t x)
{
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

uint64_t elbo__hash_more(uint64_t before, const void *bytes, size_t n)
{
    uint64_t hash = before + n, word;
    for (const char *from = bytes; n > 0;) {
        const size_t part = n < sizeof word ? n : sizeof word;
        word = 0;
        memcpy(&word, from, part);
        hash = mixed((hash ^ word) + 0x9e3779b97f4a7c15u);
        from += part;
        n -= part;
    }
    return hash;
}

static void link_entry(elbo__lookup *t, int e)
{
    int *newest = &t->newest[t->entries[e].hash & (t->n_newest - 1)];
    t->entries[e].next = *newest;
    *newest = e;
}

static elbo_status relink(elbo__lookup *t, size_t n_newest)
{
    int *newest = elbo__alloc(n_newest * sizeof *newest);
    if (!newest)
        return ELBO_NO_MEMORY;
    elbo__free(t->newest);
    t->newest = newest;
    t->n_newest = n_newest;
    elbo__lookup_cut(t, t->n);
    return ELBO_OK;
}

elbo_status elbo__lookup_add(elbo__lookup *t, uint64_t hash, int value)
{
    elbo_status status = elbo__grow((void **)&t->entries, &t->capacity, t->n + 1, sizeof *t->entries);
    if (status == ELBO_OK && t->n >= t->n_newest)
        status = relink(t, t->n_newest ? 2 * t->n_newest : 16);
    if (status != ELBO_OK)
        return status;
    t->entries[t->n] = (elbo__lookup_entry){.hash = hash, .value = value};
    link_entry(t, (int)t->n++);
    return ELBO_OK;
}

static int with_hash(const elbo__lookup *t, uint64_t hash, int entry)
{
    while (entry >= 0 && t->entries[entry].hash != hash)
        entry = t->entries[entry].next;
    return entry;
}

int elbo__lookup_first(const elbo__lookup *t, uint64_t hash)
{
    return t->n_newest ? with_hash(t, hash, t->newest[hash & (t->n_newest - 1)]) : -1;
}

int elbo__lookup_next(const elbo__lookup *t, int entry)
{
    return with_hash(t, t->entries[entry].hash, t->entries[entry].next);
}

void elbo__lookup_cut(elbo__lookup *t, size_t n)
{
    for (size_t i = 0; i < t->n_newest; i++)
        t->newest[i] = -1;
    t->n = n;
    for (size_t e = 0; e < n; e++)
        link_entry(t, (int)e);
}

void elbo__lookup_free(elbo__lookup *t)
{
    elbo__free(t->entries);
    elbo__free(t->newest);
    *t = (elbo__lookup){0};
}
