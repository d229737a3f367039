#include "memory.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <sys/mman.h>

#include "allocator.h"
#include "text.h"

/* Large blocks ask for huge pages where the system has any to give, so that the processor finds a row of a data set
 * without a walk through page tables. They are rounded up to whole pages; half a megabyte, as the moments of a small
 * network take, is worth that too. */
static void *standard_allocate(size_t bytes, void *user)
{
    enum { LINE = 64, HUGE_PAGE = 1 << 21 };
#ifdef MADV_HUGEPAGE
    const bool large = bytes >= HUGE_PAGE / 4;
#else
    const bool large = false;
#endif
    const size_t alignment = large ? HUGE_PAGE : LINE;
    (void)user;
    if (bytes > SIZE_MAX - alignment)
        return NULL;
    /* aligned_alloc wants a multiple of the alignment */
    const size_t whole = (bytes + alignment - 1) / alignment * alignment;
    void *block = aligned_alloc(alignment, whole);
#ifdef MADV_HUGEPAGE
    if (large && block)
        (void)madvise(block, whole, MADV_HUGEPAGE); /* a wish: it may be refused */
#endif
    return block;
}

static void standard_release(void *block, void *user)
{
    (void)user;
    free(block);
}

static struct {
    void *(*allocate)(size_t, void *);
    void (*release)(void *, void *);
    void *user;
} allocator = {standard_allocate, standard_release, NULL};

void elbo_set_allocator(void *(*allocate)(size_t, void *), void (*release)(void *, void *), void *user)
{
    allocator.allocate = allocate ? allocate : standard_allocate;
    allocator.release = release ? release : standard_release;
    allocator.user = user;
}

void *elbo__alloc(size_t bytes)
{
    void *block = allocator.allocate(bytes ? bytes : 1, allocator.user);
    if (!block)
        (void)elbo__fail(ELBO_NO_MEMORY, "out of memory: %zu bytes", bytes);
    return block;
}

void *elbo__calloc(size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes)) {
        (void)elbo__fail(ELBO_NO_MEMORY, "out of memory: %zu times %zu bytes", count, size);
        return NULL;
    }
    void *block = elbo__alloc(bytes);
    return block ? memset(block, 0, bytes) : NULL;
}

char *elbo__strdup(const char *text)
{
    size_t bytes = strlen(text) + 1;
    char *copy = elbo__alloc(bytes);
    return copy ? memcpy(copy, text, bytes) : NULL;
}

char *elbo__format(const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int length = elbo__print_list(NULL, 0, format, args);
    va_end(args);
    char *text = length < 0 ? NULL : elbo__alloc((size_t)length + 1);
    if (text)
        elbo__print_list(text, (size_t)length + 1, format, again);
    va_end(again);
    return text;
}

void elbo__free(void *block)
{
    if (block)
        allocator.release(block, allocator.user);
}

elbo_status elbo__grow(void **items, size_t *capacity, size_t needed, size_t size)
{
    if (needed <= *capacity)
        return ELBO_OK;
    size_t wanted = *capacity ? *capacity : 8, bytes;
    while (wanted < needed)
        wanted *= 2;
    if (__builtin_mul_overflow(wanted, size, &bytes))
        return elbo__fail(ELBO_NO_MEMORY, "out of memory: %zu times %zu bytes", wanted, size);
    void *block = elbo__alloc(bytes);
    if (!block)
        return ELBO_NO_MEMORY;
    if (*items)
        memcpy(block, *items, *capacity * size);
    elbo__free(*items);
    *items = block;
    *capacity = wanted;
    return ELBO_OK;
}

bool elbo__mul_size(int64_t a, int64_t b, int64_t *out)
{
    return !__builtin_mul_overflow(a, b, out);
}
