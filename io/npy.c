#include "npy.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../tensor/memory.h"
#include "../tensor/text.h"
#include "bytes.h"
#include "file.h"
#include "npy_private.h"

enum { START_SIZE = 128 };

/* ---- elements ---------------------------------------------------------------------------------------------------- */

static void append(void *end, const void *bytes, size_t count)
{
    memcpy(*(char **)end, bytes, count);
    *(char **)end += count;
}

/* Column-major elements of a shape are row-major ones of the reversed shape: a view of them with its axes turned round
 * is poured into a new block. */
static elbo_status make_row_major(elbo_tensor *tensor)
{
    const elbo_shape shape = tensor->layout.shape;
    elbo_shape reversed = {.ndim = shape.ndim};
    int axes[ELBO_MAX_RANK];
    for (int i = 0; i < shape.ndim; i++) {
        axes[i] = shape.ndim - 1 - i;
        reversed.dim[i] = shape.dim[axes[i]];
    }
    elbo_tensor view = elbo_tensor_of(tensor->dtype, reversed, tensor->data);
    view.layout = elbo_layout_permute(&view.layout, axes);
    char *block = elbo__alloc((size_t)elbo_shape_size(&shape) * elbo_dtype_size(tensor->dtype)), *end = block;
    if (block)
        elbo__pour(&view, elbo__native_order(), append, &end);
    elbo__free(tensor->data);
    tensor->data = block;
    return block ? ELBO_OK : ELBO_NO_MEMORY;
}

/* A whole number of any size, little-endian; false where i32 has no such number. */
static bool take_integer(const elbo__npy_type *type, const unsigned char *bytes, int32_t *out)
{
    uint64_t bits = type->is_signed && bytes[type->size - 1] & 0x80 ? UINT64_MAX : 0;
    for (int i = type->size - 1; i >= 0; i--)
        bits = bits << 8 | bytes[i];
    const int64_t value = (int64_t)bits;
    *out = (int32_t)value;
    return value >= INT32_MIN && value <= INT32_MAX && (type->is_signed || !(bits >> 63));
}

/* Reads whole numbers of other sizes than i32 and u8 as i32, in pieces. */
static elbo_status read_integers(const elbo__npy_source *source, const elbo__npy_type *type, int64_t count,
                                 int32_t *out)
{
    unsigned char piece[8192];
    const int64_t most = (int64_t)sizeof piece / type->size;
    for (int64_t done = 0, n; done < count; done += n) {
        n = count - done < most ? count - done : most;
        elbo_status status = source->read(source->user, source->path, piece, (size_t)(n * type->size));
        if (status != ELBO_OK)
            return status;
        for (int64_t i = 0; i < n; i++)
            if (!take_integer(type, piece + i * type->size, &out[done + i]))
                return elbo__fail(ELBO_FORMAT, "%s: element %lld: a whole number beyond those of 32 bits", source->path,
                                  (long long)(done + i));
    }
    return ELBO_OK;
}

static elbo_status read_elements(const elbo__npy_source *source, const elbo__npy_type *type, bool levels, int64_t count,
                                 void *out)
{
    unsigned char *bytes = out;
    const size_t size = elbo_dtype_size(type->dtype);
    if (type->dtype == ELBO_I32 && strcmp(type->name, "<i4") != 0)
        return read_integers(source, type, count, out);
    elbo_status status = source->read(source->user, source->path, out, (size_t)count * size);
    if (status == ELBO_OK)
        elbo__reorder(out, (size_t)count, size, ELBO__LITTLE_ENDIAN);
    for (int64_t i = 0; i < count && elbo__npy_is_bool(type) && status == ELBO_OK; i++)
        bytes[i] = bytes[i] ? levels ? 255 : 1 : 0;
    return status;
}

elbo_status elbo__npy_read_from(const elbo__npy_source *source, bool levels, elbo_tensor *out)
{
    elbo__npy_header h;
    *out = (elbo_tensor){.data = NULL};
    elbo_status status = elbo__npy_read_header(source, &h);
    if (status != ELBO_OK)
        return status;
    const int64_t count = elbo_shape_size(&h.shape);
    *out = elbo_tensor_of(h.type->dtype, h.shape, elbo__alloc((size_t)count * elbo_dtype_size(h.type->dtype)));
    if (!out->data)
        return ELBO_NO_MEMORY;
    status = read_elements(source, h.type, levels, count, out->data);
    if (status == ELBO_OK && h.fortran && h.shape.ndim > 1)
        status = make_row_major(out);
    if (status != ELBO_OK)
        elbo_tensor_free(out);
    return status;
}

/* ---- files ------------------------------------------------------------------------------------------------------- */

static elbo_status read_bytes(void *user, const char *path, void *bytes, size_t count)
{
    const ssize_t n = elbo__read_all(*(const int *)user, bytes, count);
    if (n < 0)
        return elbo__fail(ELBO_IO, "%s: cannot read: %s", path, elbo__reason(errno));
    return (size_t)n == count ? ELBO_OK : elbo__fail(ELBO_FORMAT, "%s: truncated", path);
}

/* *fd is to be closed where it is not negative, also on failure. */
static elbo_status open_file(const char *path, int *fd, elbo__npy_source *out)
{
    struct stat info;
    *fd = open(path, O_RDONLY | O_CLOEXEC);
    if (*fd < 0)
        return elbo__fail(ELBO_IO, "%s: cannot open: %s", path, elbo__reason(errno));
    if (fstat(*fd, &info) != 0)
        return elbo__fail(ELBO_IO, "%s: cannot read: %s", path, elbo__reason(errno));
    if (!S_ISREG(info.st_mode))
        return elbo__fail(ELBO_IO, "%s: is not a regular file", path);
    *out = (elbo__npy_source){.path = path, .size = info.st_size, .read = read_bytes, .user = fd};
    return ELBO_OK;
}

static elbo_status read_file(const char *path, bool levels, elbo_tensor *out)
{
    int fd;
    elbo__npy_source source;
    *out = (elbo_tensor){.data = NULL};
    elbo_status status = open_file(path, &fd, &source);
    if (status == ELBO_OK)
        status = elbo__npy_read_from(&source, levels, out);
    if (fd >= 0)
        close(fd);
    return status;
}

elbo_status elbo_npy_read(const char *path, elbo_tensor *out)
{
    return read_file(path, false, out);
}

elbo_status elbo__npy_read_levels(const char *path, elbo_tensor *out)
{
    return read_file(path, true, out);
}

elbo_status elbo__npy_look(const char *path, elbo__npy_header *out)
{
    int fd;
    elbo__npy_source source;
    elbo_status status = open_file(path, &fd, &source);
    if (status == ELBO_OK)
        status = elbo__npy_read_header(&source, out);
    if (fd >= 0)
        close(fd);
    return status;
}

/* ---- writing ----------------------------------------------------------------------------------------------------- */

/* All before the elements, as version 1.0. The shortest dict needs more than 64 bytes and the longest, of 8 sizes whose
 * product fits, less than 128: so that is the length of all. */
static void format_start(const elbo_tensor *tensor, char out[START_SIZE])
{
    static const char version[] = {1, 0, START_SIZE - ELBO__NPY_PREFIX - 2, 0};
    const elbo_shape *shape = &tensor->layout.shape;
    const elbo__npy_type *type = elbo__npy_types;
    while (type->dtype != tensor->dtype)
        type++;
    char sizes[sizeof(elbo_shape_text) + 1];
    const int length = elbo__print(sizes, sizeof sizes, "%s", elbo_shape_format(shape).text);
    if (shape->ndim == 1)
        strcpy(sizes + length - 1, ",)");
    const int used = elbo__print(out, START_SIZE, "%*s{'descr': '%s', 'fortran_order': False, 'shape': %s, }",
                                 ELBO__NPY_PREFIX + 2, "", type->name, sizes);
    memset(out + used, ' ', (size_t)(START_SIZE - 1 - used));
    out[START_SIZE - 1] = '\n';
    memcpy(out, elbo__npy_magic, sizeof elbo__npy_magic);
    memcpy(out + sizeof elbo__npy_magic, version, sizeof version);
}

elbo_status elbo_npy_write(const char *path, const elbo_tensor *tensor)
{
    elbo_status status = elbo__check_tensor(tensor, path, "tensor");
    if (status != ELBO_OK)
        return status;
    char start[START_SIZE];
    format_start(tensor, start);
    elbo__writer *writer;
    status = elbo__writer_open(path, &writer);
    if (status != ELBO_OK)
        return status;
    elbo__write(writer, start, sizeof start);
    elbo__write_tensor(writer, tensor, ELBO__LITTLE_ENDIAN);
    return elbo__writer_commit(writer);
}
