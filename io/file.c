#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../tensor/memory.h"
#include "../tensor/text.h"

/* LONGEST_NAME: bytes that a temporary name takes from its target's, so that both fit where 255 are the most. */
enum { BUFFER_SIZE = 1 << 16, TEMPORARY_NAMES = 100, READ_AHEAD = 4096, LONGEST_NAME = 200 };

struct elbo__writer {
    char *path;      /* as the caller gave it, for messages        */
    char *target;    /* the same with links resolved               */
    char *temporary; /* NULL: a device, which is written to directly */
    int fd;
    int error; /* errno of the first failure, or 0 */
    size_t used;
    unsigned char buffer[BUFFER_SIZE];
};

ssize_t elbo__read_all(int fd, void *bytes, size_t count)
{
    size_t done = 0;
    while (done < count) {
        ssize_t n = read(fd, (char *)bytes + done, count - done);
        if (n == 0)
            break;
        if (n > 0)
            done += (size_t)n;
        else if (errno != EINTR)
            return -1;
    }
    return (ssize_t)done;
}

int elbo__write_all(int fd, const void *bytes, size_t count)
{
    size_t done = 0;
    while (done < count) {
        ssize_t n = write(fd, (const char *)bytes + done, count - done);
        if (n >= 0)
            done += (size_t)n;
        else if (errno != EINTR)
            return -1;
    }
    return 0;
}

/* ---- writing ---------------------------------------------------------------------------------------------------- */

static void free_writer(elbo__writer *writer)
{
    elbo__free(writer->path);
    elbo__free(writer->target);
    elbo__free(writer->temporary);
    elbo__free(writer);
}

/* The name a rename should replace: that of the file behind any links, for a rename onto a link replaces the link. */
static char *resolve(const char *path)
{
    char *resolved = realpath(path, NULL);
    char *target = elbo__strdup(resolved ? resolved : path);
    free(resolved);
    return target;
}

/* Creates TARGET.tmp-PID-N with the first free N: names left behind by a killed process are not touched. */
static elbo_status open_temporary(elbo__writer *writer)
{
    const char *slash = strrchr(writer->target, '/'), *name = slash ? slash + 1 : writer->target;
    const int kept = (int)(name - writer->target) + (int)strnlen(name, LONGEST_NAME);
    int error = EEXIST;
    for (int i = 0; i < TEMPORARY_NAMES && error == EEXIST; i++) {
        writer->temporary = elbo__format("%.*s.tmp-%ld-%d", kept, writer->target, (long)getpid(), i);
        if (!writer->temporary)
            return ELBO_NO_MEMORY;
        writer->fd = open(writer->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (writer->fd >= 0)
            return ELBO_OK;
        error = errno;
        elbo__free(writer->temporary);
        writer->temporary = NULL;
    }
    return elbo__fail(ELBO_IO, "%s: cannot create: %s", writer->path, elbo__reason(error));
}

static elbo_status open_target(elbo__writer *writer)
{
    struct stat old;
    bool exists = stat(writer->path, &old) == 0;
    if (!exists && errno != ENOENT)
        return elbo__fail(ELBO_IO, "%s: cannot write: %s", writer->path, elbo__reason(errno));
    if (exists && S_ISDIR(old.st_mode))
        return elbo__fail(ELBO_IO, "%s: is a folder", writer->path);
    if (exists && access(writer->path, W_OK) != 0)
        return elbo__fail(ELBO_IO, "%s: cannot write: %s", writer->path, elbo__reason(errno));
    if (exists && !S_ISREG(old.st_mode)) {
        writer->fd = open(writer->path, O_WRONLY | O_CLOEXEC);
        if (writer->fd < 0)
            return elbo__fail(ELBO_IO, "%s: cannot open: %s", writer->path, elbo__reason(errno));
        return ELBO_OK;
    }
    elbo_status status = open_temporary(writer);
    if (status == ELBO_OK && exists && fchmod(writer->fd, old.st_mode & 0777) != 0)
        writer->error = errno;
    return status;
}

elbo_status elbo__writer_open(const char *path, elbo__writer **out)
{
    *out = NULL;
    elbo__writer *writer = elbo__calloc(1, sizeof *writer);
    if (!writer)
        return ELBO_NO_MEMORY;
    writer->path = elbo__strdup(path);
    writer->target = resolve(path);
    elbo_status status = writer->path && writer->target ? open_target(writer) : ELBO_NO_MEMORY;
    if (status == ELBO_OK)
        *out = writer;
    else
        free_writer(writer);
    return status;
}

static void flush(elbo__writer *writer)
{
    if (!writer->error && elbo__write_all(writer->fd, writer->buffer, writer->used) != 0)
        writer->error = errno;
    writer->used = 0;
}

void elbo__write(elbo__writer *writer, const void *bytes, size_t count)
{
    if (count > BUFFER_SIZE - writer->used)
        flush(writer);
    if (count > BUFFER_SIZE) {
        if (!writer->error && elbo__write_all(writer->fd, bytes, count) != 0)
            writer->error = errno;
    } else if (count > 0) {
        memcpy(writer->buffer + writer->used, bytes, count);
        writer->used += count;
    }
}

/* The rename is durable once the folder is on the disk. A folder that may be written to but not read cannot be
 * opened, and some file systems cannot sync one (EINVAL): neither is a failure to write the file. Cuts `path` short. */
static int sync_folder_of(char *path)
{
    char *slash = strrchr(path, '/');
    if (slash)
        slash[1] = '\0';
    int fd = open(slash ? path : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), error = 0;
    if (fd < 0)
        return 0;
    if (fsync(fd) != 0 && errno != EINVAL)
        error = errno;
    close(fd);
    return error;
}

elbo_status elbo__writer_commit(elbo__writer *writer)
{
    flush(writer);
    if (!writer->error && writer->temporary && fsync(writer->fd) != 0)
        writer->error = errno;
    if (close(writer->fd) != 0 && !writer->error)
        writer->error = errno;
    if (writer->temporary) {
        if (!writer->error && rename(writer->temporary, writer->target) != 0)
            writer->error = errno;
        if (writer->error)
            unlink(writer->temporary);
        else
            writer->error = sync_folder_of(writer->target);
    }
    elbo_status status = ELBO_OK;
    if (writer->error)
        status = elbo__fail(ELBO_IO, "%s: cannot write: %s", writer->path, elbo__reason(writer->error));
    free_writer(writer);
    return status;
}

void elbo__writer_abort(elbo__writer *writer)
{
    if (!writer)
        return;
    close(writer->fd);
    if (writer->temporary)
        unlink(writer->temporary);
    free_writer(writer);
}

/* ---- folders and whole files ------------------------------------------------------------------------------------- */

/* *made: whether it was not there */
static elbo_status make_folder(const char *path, bool *made)
{
    *made = mkdir(path, 0777) == 0;
    if (*made)
        return ELBO_OK;
    int error = errno;
    struct stat info;
    if (stat(path, &info) == 0) {
        if (S_ISDIR(info.st_mode))
            return ELBO_OK;
        return elbo__fail(ELBO_IO, "%s: is a file, not a folder", path);
    }
    if (error == EEXIST) /* a link, and where it leads there is nothing */
        error = errno;
    return elbo__fail(ELBO_IO, "%s: cannot make the folder: %s", path, elbo__reason(error));
}

elbo_status elbo__make_folders(const char *path, bool *made)
{
    bool unused;
    char *part = elbo__strdup(path);
    if (!part)
        return ELBO_NO_MEMORY;
    elbo_status status = ELBO_OK;
    for (size_t n = strlen(part); n > 1 && part[n - 1] == '/'; n--)
        part[n - 1] = '\0';
    made = made ? made : &unused;
    *made = false;
    for (char *slash = strchr(part, '/'); slash && status == ELBO_OK; slash = strchr(slash + 1, '/')) {
        if (slash == part)
            continue;
        *slash = '\0';
        status = make_folder(part, made);
        *slash = '/';
    }
    if (status == ELBO_OK)
        status = make_folder(part, made);
    if (status != ELBO_OK)
        *made = false;
    elbo__free(part);
    return status;
}

elbo_status elbo__file_read(const char *path, size_t limit, char **out, size_t *size)
{
    *out = NULL;
    *size = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return elbo__fail(ELBO_IO, "%s: cannot open: %s", path, elbo__reason(errno));
    char *text = NULL;
    size_t capacity = 0, used = 0;
    elbo_status status;
    for (;;) {
        status = elbo__grow((void **)&text, &capacity, used + READ_AHEAD, 1);
        if (status != ELBO_OK)
            break;
        ssize_t n = elbo__read_all(fd, text + used, capacity - used - 1);
        if (n < 0)
            status = elbo__fail(ELBO_IO, "%s: cannot read: %s", path, elbo__reason(errno));
        else if (used + (size_t)n > limit)
            status = elbo__fail(ELBO_FORMAT, "%s: is larger than %zu bytes", path, limit);
        if (n <= 0 || status != ELBO_OK)
            break;
        used += (size_t)n;
    }
    close(fd);
    if (status != ELBO_OK) {
        elbo__free(text);
        return status;
    }
    text[used] = '\0';
    *out = text;
    *size = used;
    return ELBO_OK;
}
