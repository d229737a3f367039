#include "picture_format.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../tensor/error_private.h"
#include "../tensor/text.h"
#include "file.h"
#include "jpeg_private.h"
#include "png.h"
#include "png_private.h"

static const elbo__picture_format formats[] = {
    {".png", elbo__png_peek, elbo_png_read},
    {".jpg", elbo__jpeg_peek, elbo_jpeg_read},
    {".jpeg", elbo__jpeg_peek, elbo_jpeg_read},
};

/* An ending alone is no name of a picture. */
const elbo__picture_format *elbo__picture_format_of(const char *name)
{
    const size_t length = strlen(name);
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        const size_t n = strlen(formats[i].ending);
        if (length > n && elbo__same_letters(name + length - n, formats[i].ending))
            return &formats[i];
    }
    return NULL;
}

static elbo_status check_start(const char *path, const char *what, const void *signature, size_t count, int fd,
                               int64_t *size)
{
    struct stat info;
    unsigned char start[16];
    if (fstat(fd, &info) != 0)
        return elbo__fail(ELBO_IO, "%s: cannot read: %s", path, elbo__reason(errno));
    if (!S_ISREG(info.st_mode))
        return elbo__fail(ELBO_IO, "%s: is not a regular file", path);
    *size = info.st_size;
    const ssize_t n = elbo__read_all(fd, start, count);
    if (n < 0)
        return elbo__fail(ELBO_IO, "%s: cannot read: %s", path, elbo__reason(errno));
    if (n == 0)
        return elbo__fail(ELBO_FORMAT, "%s: is empty", path);
    if (n < (ssize_t)count || memcmp(start, signature, count) != 0)
        return elbo__fail(ELBO_FORMAT, "%s: not a %s file", path, what);
    return ELBO_OK;
}

elbo_status elbo__picture_open(const char *path, const char *what, const void *signature, size_t count, int *fd,
                               int64_t *size)
{
    *fd = open(path, O_RDONLY | O_CLOEXEC);
    if (*fd < 0)
        return elbo__fail(ELBO_IO, "%s: cannot open: %s", path, elbo__reason(errno));
    elbo_status status = check_start(path, what, signature, count, *fd, size);
    if (status == ELBO_OK)
        return ELBO_OK;
    close(*fd);
    *fd = -1;
    return status;
}
