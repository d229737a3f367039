#include "gzip.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "../tensor/memory.h"
#include "../tensor/text.h"
#include "file.h"

enum { BUFFER_SIZE = 1 << 16, MOST_AT_ONCE = 1 << 30 };

struct elbo__source {
    char *path;
    int fd;
    bool gzip;
    bool complete;   /* gzip: every member begun has been read to its end         */
    z_stream stream; /* next_in, avail_in: what is left of `buffer`, for plain files as well */
    unsigned char buffer[BUFFER_SIZE];
};

static void *allocate(void *user, uInt count, uInt size)
{
    (void)user;
    return elbo__calloc(count, size);
}

static void release(void *user, void *block)
{
    (void)user;
    elbo__free(block);
}

static elbo_status refill(elbo__source *source)
{
    ssize_t n = elbo__read_all(source->fd, source->buffer, BUFFER_SIZE);
    if (n < 0)
        return elbo__fail(ELBO_IO, "%s: cannot read: %s", source->path, elbo__reason(errno));
    source->stream.next_in = source->buffer;
    source->stream.avail_in = (uInt)n;
    return ELBO_OK;
}

static elbo_status start(elbo__source *source)
{
    struct stat info;
    source->fd = open(source->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe without a writer would block */
    if (source->fd < 0)
        return elbo__fail(ELBO_IO, "%s: cannot open: %s", source->path, elbo__reason(errno));
    if (fstat(source->fd, &info) == 0 && S_ISFIFO(info.st_mode))
        return elbo__fail(ELBO_IO, "%s: is not a regular file", source->path);
    elbo_status status = refill(source);
    if (status != ELBO_OK)
        return status;
    if (source->stream.avail_in < 2 || source->buffer[0] != 0x1f || source->buffer[1] != 0x8b)
        return ELBO_OK;
    const int gzip_only = 16; /* added to the window size */
    if (inflateInit2(&source->stream, MAX_WBITS + gzip_only) != Z_OK)
        return elbo__fail(ELBO_NO_MEMORY, "%s: out of memory", source->path);
    source->gzip = true;
    return ELBO_OK;
}

elbo_status elbo__source_open(const char *path, elbo__source **out)
{
    *out = NULL;
    elbo__source *source = elbo__calloc(1, sizeof *source);
    if (!source)
        return ELBO_NO_MEMORY;
    source->fd = -1;
    source->stream.zalloc = allocate;
    source->stream.zfree = release;
    source->path = elbo__strdup(path);
    elbo_status status = source->path ? start(source) : ELBO_NO_MEMORY;
    if (status == ELBO_OK)
        *out = source;
    else
        elbo__source_close(source);
    return status;
}

void elbo__source_close(elbo__source *source)
{
    if (!source)
        return;
    if (source->gzip)
        inflateEnd(&source->stream);
    if (source->fd >= 0)
        close(source->fd);
    elbo__free(source->path);
    elbo__free(source);
}

void elbo__source_at(const elbo__source *source, int64_t *done, int64_t *total)
{
    struct stat info;
    *done = lseek(source->fd, 0, SEEK_CUR);
    *total = fstat(source->fd, &info) == 0 ? info.st_size : *done;
}

/* One step of inflate into `count` bytes; *got may be 0 before the end is reached. */
static elbo_status inflate_some(elbo__source *source, unsigned char *bytes, size_t count, size_t *got)
{
    z_stream *z = &source->stream;
    if (source->complete && inflateReset(z) != Z_OK) /* another member follows */
        return elbo__fail(ELBO_FORMAT, "%s: damaged gzip data", source->path);
    source->complete = false;
    z->next_out = bytes;
    z->avail_out = (uInt)(count < MOST_AT_ONCE ? count : MOST_AT_ONCE);
    const uInt room = z->avail_out;
    switch (inflate(z, Z_NO_FLUSH)) {
    case Z_STREAM_END: source->complete = true; break;
    case Z_OK:
    case Z_BUF_ERROR: break; /* no progress without more input */
    case Z_MEM_ERROR: return elbo__fail(ELBO_NO_MEMORY, "%s: out of memory", source->path);
    default: return elbo__fail(ELBO_FORMAT, "%s: damaged gzip data: %s", source->path, z->msg ? z->msg : "not gzip");
    }
    *got = room - z->avail_out;
    return ELBO_OK;
}

static elbo_status copy_some(elbo__source *source, unsigned char *bytes, size_t count, size_t *got)
{
    z_stream *z = &source->stream;
    *got = count < z->avail_in ? count : z->avail_in;
    memcpy(bytes, z->next_in, *got);
    z->next_in += *got;
    z->avail_in -= (uInt)*got;
    return ELBO_OK;
}

elbo_status elbo__source_read(elbo__source *source, void *bytes, size_t count, size_t *got)
{
    elbo_status status = ELBO_OK;
    for (*got = 0; *got < count && status == ELBO_OK;) {
        if (source->stream.avail_in == 0) {
            status = refill(source);
            if (status != ELBO_OK)
                return status;
            if (source->stream.avail_in == 0) {
                if (source->gzip && !source->complete)
                    return elbo__fail(ELBO_FORMAT, "%s: truncated gzip data", source->path);
                return ELBO_OK;
            }
        }
        size_t n = 0;
        status = (source->gzip ? inflate_some : copy_some)(source, (unsigned char *)bytes + *got, count - *got, &n);
        *got += n;
    }
    return status;
}
