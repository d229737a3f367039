#include "array_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "../tensor/memory.h"
#include "../tensor/text.h"
#include "bytes.h"
#include "file.h"
#include "gzip.h"
#include "idx.h"
#include "idx_private.h"
#include "npy_private.h"

/* ---- what it is -------------------------------------------------------------------------------------------------- */

static elbo_status read_raw(const char *path, unsigned char *bytes, size_t count)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return elbo__fail(ELBO_IO, "%s: cannot open: %s", path, elbo__reason(errno));
    const ssize_t n = elbo__read_all(fd, bytes, count);
    elbo_status status = n < 0 ? elbo__fail(ELBO_IO, "%s: cannot read: %s", path, elbo__reason(errno)) : ELBO_OK;
    close(fd);
    return status;
}

elbo_status elbo__file_head_of(const char *path, elbo__file_head *out)
{
    elbo__source *source;
    size_t got = 0;
    *out = (elbo__file_head){.empty = false};
    elbo_status status = elbo__source_open(path, &source);
    if (status == ELBO_OK)
        status = elbo__source_read(source, out->inflated, sizeof out->inflated, &got);
    elbo__source_close(source);
    out->empty = got == 0;
    return status == ELBO_OK ? read_raw(path, out->raw, sizeof out->raw) : status;
}

static bool is_npy(const elbo__file_head *head)
{
    return memcmp(head->raw, elbo__npy_magic, sizeof elbo__npy_magic) == 0;
}

/* Two zeros, a type from 8 to 14, and a rank. */
static bool is_idx(const elbo__file_head *head)
{
    const unsigned char *b = head->inflated;
    return !head->empty && b[0] == 0 && b[1] == 0 && b[2] >= 8 && b[2] <= 14 && b[3] >= 1 && b[3] <= ELBO_MAX_RANK;
}

bool elbo__begins_array(const elbo__file_head *head)
{
    return is_npy(head) || is_idx(head);
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

/* Where the elements of a file lie; *fits: whether memory can have them as they are. */
static elbo_status look_at_npy(const char *path, elbo_dtype *dtype, elbo_shape *shape, int64_t *start, bool *fits)
{
    elbo__npy_header h;
    elbo_status status = elbo__npy_look(path, &h);
    if (status != ELBO_OK)
        return status;
    *dtype = h.type->dtype;
    *shape = h.shape;
    *start = h.start;
    *fits = (h.type->dtype == ELBO_U8 && !elbo__npy_is_bool(h.type)) ||
            (h.type->dtype == ELBO_F32 && elbo__native_order() == ELBO__LITTLE_ENDIAN);
    *fits = *fits && (!h.fortran || h.shape.ndim < 2) && h.start % (int64_t)elbo_dtype_size(*dtype) == 0;
    return ELBO_OK;
}

static elbo_status look_at_idx(const char *path, elbo_dtype *dtype, elbo_shape *shape, int64_t *start, bool *fits)
{
    elbo_status status = elbo__idx_look(path, dtype, shape, start);
    *fits = status == ELBO_OK && *dtype == ELBO_U8;
    return status;
}

static const struct format {
    bool (*is)(const elbo__file_head *head);
    elbo_status (*look)(const char *path, elbo_dtype *dtype, elbo_shape *shape, int64_t *start, bool *fits);
    elbo_status (*read)(const char *path, elbo_tensor *out);
    elbo_status (*read_images)(const char *path, elbo_tensor *out);
} formats[] = {{is_npy, look_at_npy, elbo_npy_read, elbo__npy_read_levels},
               {is_idx, look_at_idx, elbo_idx_read, elbo_idx_read}};
enum { FORMATS = sizeof formats / sizeof formats[0] };

static const struct format *format_of(const elbo__file_head *head)
{
    const struct format *format = formats;
    while (format < formats + FORMATS && !format->is(head))
        format++;
    return format < formats + FORMATS ? format : NULL;
}

elbo_status elbo__array_map(const char *path, elbo_tensor *out, elbo__mapping **mapping)
{
    elbo__file_head head;
    elbo_dtype dtype = ELBO_U8;
    elbo_shape shape = {0};
    int64_t start = 0;
    bool fits = false;
    *mapping = NULL;
    elbo_status status = elbo__file_head_of(path, &head);
    const struct format *format = status == ELBO_OK ? format_of(&head) : NULL;
    if (!format || memcmp(head.raw, head.inflated, sizeof head.raw) != 0) /* gzip is read */
        return status;
    status = format->look(path, &dtype, &shape, &start, &fits);
    const int64_t bytes = elbo_shape_size(&shape) * (int64_t)elbo_dtype_size(dtype);
    if (status != ELBO_OK || !fits || bytes < elbo__mapped_from || bytes == 0)
        return status;
    status = elbo__map_file(path, start, bytes, mapping);
    if (status == ELBO_OK)
        *out = elbo_tensor_of(dtype, shape, elbo__mapping_data(*mapping));
    return status;
}

static elbo_status read_array(const char *path, bool images, elbo_tensor *out)
{
    elbo__file_head head;
    *out = (elbo_tensor){.data = NULL};
    elbo_status status = elbo__file_head_of(path, &head);
    if (status != ELBO_OK)
        return status;
    const struct format *format = format_of(&head);
    if (format)
        return images ? format->read_images(path, out) : format->read(path, out);
    return elbo__fail(ELBO_FORMAT, "%s: %s", path, head.empty ? "is empty" : "is neither a .npy nor an IDX file");
}

elbo_status elbo__array_read(const char *path, elbo_tensor *out)
{
    return read_array(path, false, out);
}

elbo_status elbo__array_read_images(const char *path, elbo_tensor *out)
{
    return read_array(path, true, out);
}
