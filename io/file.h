/* Files: written whole or not at all, and read whole with a limit. (internal)
 *
 *     elbo__writer *out;
 *     elbo_status status = elbo__writer_open("runs/digits/model.safetensors", &out);
 *     if (status != ELBO_OK)
 *         return status;
 *     elbo__write(out, header, header_size);   // the first failure is kept, so nothing is checked here ...
 *     elbo__write(out, numbers, number_size);
 *     return elbo__writer_commit(out);         // ... but here, once
 *
 * The bytes go to a temporary file in the target's folder. Only a commit with no failure behind it renames that file
 * over the target, after its content has reached the disk: whatever happens, the target is the old file or the new
 * one, never a part of one. A target that is no regular file (/dev/stdout, a pipe) is written to directly.
 *
 * Messages read "PATH: reason".
 */
#ifndef ELBO_IO_FILE_H
#define ELBO_IO_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "../tensor/error.h"

typedef struct elbo__writer elbo__writer;

/* *out is closed by exactly one of commit and abort; NULL on failure. A link is followed: what it points to is
 * replaced. A file that exists keeps its permissions, and is refused when the user may not write to it. */
elbo_status elbo__writer_open(const char *path, elbo__writer **out) ELBO_MUST_CHECK;

/* Appends `count` bytes. After a failure it does nothing. */
void elbo__write(elbo__writer *writer, const void *bytes, size_t count);

/* Puts the new file in its place; on any failure since the open, the target stays as it was. Frees the writer. */
elbo_status elbo__writer_commit(elbo__writer *writer) ELBO_MUST_CHECK;

/* Throws away what was written and leaves the message of the failure that led here. Accepts NULL. */
void elbo__writer_abort(elbo__writer *writer);

/* Makes a folder and those above it, as `mkdir -p`. A folder that exists is fine; *made (may be NULL) tells whether the
 * last one is new, and of several processes that ask for it only one hears so. */
elbo_status elbo__make_folders(const char *path, bool *made) ELBO_MUST_CHECK;

/* A whole file of at most `limit` bytes, with a zero byte after its end. Free with elbo__free. */
elbo_status elbo__file_read(const char *path, size_t limit, char **out, size_t *size) ELBO_MUST_CHECK;

/* read(2) and write(2) until all is done. read_all returns fewer than `count` only at the end of the file. Both return
 * -1 on failure, with errno set. */
ssize_t elbo__read_all(int fd, void *bytes, size_t count);
int elbo__write_all(int fd, const void *bytes, size_t count);

#endif
