#include "mapping.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../tensor/memory.h"
#include "../tensor/text.h"

/* The system brings in whole windows of this size around what is read, as far as it has them in its cache. */
enum { WINDOW = 1 << 16 };

int64_t elbo__mapped_from = 1 << 26;

struct elbo_mapping {
    char *start; /* of the mapping: whole pages */
    size_t length;
    const char *data;
    uintptr_t page; /* its size */
    bool in_order;
    int64_t read; /* bytes in windows since pages were last given back, at most */
};

static elbo_status map(int fd, const char *path, int64_t offset, int64_t bytes, elbo__mapping *m)
{
    struct stat info;
    if (fstat(fd, &info) != 0)
        return elbo__fail(ELBO_IO, "%s: cannot read: %s", path, elbo__reason(errno));
    if (info.st_size - offset < bytes)
        return elbo__fail(ELBO_IO, "%s: has changed while it was read", path);
    m->page = (uintptr_t)sysconf(_SC_PAGESIZE);
    const int64_t before = offset % (int64_t)m->page;
    m->length = (size_t)(bytes + before);
    void *start = mmap(NULL, m->length, PROT_READ, MAP_SHARED, fd, offset - before);
    if (start == MAP_FAILED)
        return elbo__fail(ELBO_IO, "%s: cannot be mapped: %s", path, elbo__reason(errno));
    m->start = start;
    m->data = m->start + before;
    elbo__mapping_in_order(m, false);
    return ELBO_OK;
}

elbo_status elbo__map_file(const char *path, int64_t offset, int64_t bytes, elbo__mapping **out)
{
    *out = NULL;
    elbo__mapping *m = elbo__calloc(1, sizeof *m);
    if (!m)
        return ELBO_NO_MEMORY;
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    elbo_status status = fd < 0 ? elbo__fail(ELBO_IO, "%s: cannot open: %s", path, elbo__reason(errno))
                                : map(fd, path, offset, bytes, m);
    if (fd >= 0)
        close(fd); /* the mapping stays */
    if (status == ELBO_OK)
        *out = m;
    else
        elbo__free(m);
    return status;
}

void elbo__unmap(elbo__mapping *mapping)
{
    if (!mapping)
        return;
    munmap(mapping->start, mapping->length);
    elbo__free(mapping);
}

const void *elbo__mapping_data(const elbo__mapping *mapping)
{
    return mapping->data;
}

/* What madvise is told is advice: where it fails all still works, with more memory or less speed. */
void elbo__mapping_in_order(elbo__mapping *mapping, bool in_order)
{
    mapping->in_order = in_order;
    (void)madvise(mapping->start, mapping->length, in_order ? MADV_SEQUENTIAL : MADV_RANDOM);
}

void elbo__mapping_reads(elbo__mapping *mapping, const void *from, int64_t bytes)
{
    if (!mapping || bytes <= 0)
        return;
    const uintptr_t first = (uintptr_t)from, last = first + (uintptr_t)bytes - 1;
    const int64_t windows = (int64_t)(last / WINDOW - first / WINDOW + 1) * WINDOW;
    if (mapping->read + windows > ELBO__MOST_READ) {
        (void)madvise(mapping->start, mapping->length, MADV_DONTNEED);
        mapping->read = 0;
    }
    mapping->read += windows;
    const uintptr_t page = mapping->page;
    if (!mapping->in_order && last / page > first / page) /* else every page of it would be waited for in turn */
        (void)madvise((void *)(first - first % page), last - (first - first % page) + 1, MADV_WILLNEED);
}
