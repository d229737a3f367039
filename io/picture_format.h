/* Pictures in files: which formats there are, by the ends of their names, and how their readers begin. (internal) */
#ifndef ELBO_IO_PICTURE_FORMAT_H
#define ELBO_IO_PICTURE_FORMAT_H

#include "../tensor/tensor.h"

#define ELBO__PICTURES "PNG or JPEG" /* what messages call them */

typedef struct {
    const char *ending;                                      /* ".png", in letters of either case             */
    elbo_status (*peek)(const char *path, elbo_shape *out);  /* (H, W) or (H, W, 3), without a look at pixels */
    elbo_status (*read)(const char *path, elbo_tensor *out); /* the same with them, u8                        */
} elbo__picture_format;

/* The format of a file of that name; NULL: it is no picture. */
const elbo__picture_format *elbo__picture_format_of(const char *name);

/* Opens a regular file that begins with `count` bytes, at most 16, of a signature, which are read then. *size = its
 * bytes. `what` names the format in "not a PNG file". The caller closes *fd; it is -1 on failure. */
elbo_status elbo__picture_open(const char *path, const char *what, const void *signature, size_t count, int *fd,
                               int64_t *size) ELBO_MUST_CHECK;

#endif
