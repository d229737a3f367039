#include "idx.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "../tensor/memory.h"
#include "../tensor/text.h"
#include "../tensor/watch_private.h"
#include "bytes.h"
#include "file.h"
#include "gzip.h"
#include "idx_private.h"

enum {
    FIRST_BLOCK = 1 << 20, /* what is allocated before anything was read */
    PIECE = 1 << 22        /* what is read between two looks at whether to go on */
};

/* The first row of a dtype is the one it is written as. */
static const struct type {
    unsigned char code, size; /* in the file */
    elbo_dtype dtype;
} types[] = {
    {0x08, 1, ELBO_U8},  {0x0C, 4, ELBO_I32}, {0x0D, 4, ELBO_F32},
    {0x0E, 8, ELBO_F64}, {0x09, 1, ELBO_I32}, {0x0B, 2, ELBO_I32},
};
enum { TYPES = sizeof types / sizeof types[0] };

static elbo_status truncated(const char *path, int64_t expected, size_t found)
{
    return elbo__fail(ELBO_FORMAT, "%s: truncated: expected %lld bytes of elements, found %zu", path,
                      (long long)expected, found);
}

static elbo_status too_long(const char *path, int64_t expected)
{
    return elbo__fail(ELBO_FORMAT, "%s: too long: more than %lld bytes of elements", path, (long long)expected);
}

static elbo_status read_header(const char *path, elbo__source *source, const struct type **type, elbo_shape *shape)
{
    unsigned char magic[4], sizes[4 * ELBO_MAX_RANK];
    size_t got;
    elbo_status status = elbo__source_read(source, magic, sizeof magic, &got);
    if (status != ELBO_OK)
        return status;
    if (got == 0)
        return elbo__fail(ELBO_FORMAT, "%s: is empty", path);
    if (got < sizeof magic || magic[0] != 0 || magic[1] != 0)
        return elbo__fail(ELBO_FORMAT, "%s: not an IDX file", path);
    *type = NULL;
    for (int i = 0; i < TYPES && !*type; i++)
        if (types[i].code == magic[2])
            *type = &types[i];
    if (!*type)
        return elbo__fail(ELBO_FORMAT, "%s: not an IDX file: unknown type 0x%02x", path, magic[2]);
    *shape = (elbo_shape){.ndim = magic[3]};
    if (shape->ndim < 1 || shape->ndim > ELBO_MAX_RANK)
        return elbo__fail(ELBO_FORMAT, "%s: has %d axes, expected 1 to %d", path, shape->ndim, ELBO_MAX_RANK);
    const size_t count = 4 * (size_t)shape->ndim;
    status = elbo__source_read(source, sizes, count, &got);
    if (status != ELBO_OK)
        return status;
    if (got < count)
        return elbo__fail(ELBO_FORMAT, "%s: truncated: ends within the sizes", path);
    for (int i = 0; i < shape->ndim; i++)
        shape->dim[i] = elbo__load_be32(sizes + 4 * i);
    if (elbo_shape_check(shape) != ELBO_OK)
        return elbo__fail(ELBO_FORMAT, "%s: impossible sizes %s", path, elbo_shape_format(shape).text);
    return ELBO_OK;
}

/* Reads on until *used = capacity, in pieces, between which the reading can be stopped. */
static elbo_status fill(const char *path, elbo__source *source, char *block, size_t capacity, int64_t bytes,
                        size_t *used)
{
    elbo_status status = ELBO_OK;
    while (*used < capacity && status == ELBO_OK) {
        size_t got = 0;
        const size_t wanted = capacity - *used < PIECE ? capacity - *used : PIECE;
        status = elbo__watched("reading", (int64_t)*used, bytes);
        if (status == ELBO_OK)
            status = elbo__source_read(source, block + *used, wanted, &got);
        *used += got;
        if (status == ELBO_OK && got < wanted)
            status = truncated(path, bytes, *used);
    }
    return status;
}

/* `bytes` bytes into a new block, which grows with what the file delivers: sizes in a header are only a claim. */
static elbo_status read_elements(const char *path, elbo__source *source, int64_t bytes, char **out)
{
    size_t capacity = 0, used = 0, got = 0;
    char *block = NULL;
    elbo_status status = ELBO_OK;
    do {
        size_t wanted = capacity ? 2 * capacity : FIRST_BLOCK;
        if (wanted > (size_t)bytes)
            wanted = (size_t)bytes;
        char *larger = elbo__alloc(wanted);
        if (!larger) {
            status = ELBO_NO_MEMORY;
            break;
        }
        if (used > 0)
            memcpy(larger, block, used);
        elbo__free(block);
        block = larger;
        capacity = wanted;
        status = fill(path, source, block, capacity, bytes, &used);
    } while (status == ELBO_OK && used < (size_t)bytes);
    if (status == ELBO_OK && bytes > 0)
        status = elbo__watched("reading", bytes, bytes);

    char more;
    if (status == ELBO_OK)
        status = elbo__source_read(source, &more, 1, &got);
    if (status == ELBO_OK && got > 0)
        status = too_long(path, bytes);
    if (status != ELBO_OK) {
        elbo__free(block);
        block = NULL;
    }
    *out = block;
    return status;
}

/* i8 and i16 become i32, in a new block. */
static elbo_status widen(char **elements, size_t count, size_t size)
{
    int32_t *wide = elbo__alloc(count * sizeof *wide);
    if (wide)
        for (size_t i = 0; i < count; i++)
            wide[i] = size == 1 ? ((const int8_t *)*elements)[i] : ((const int16_t *)*elements)[i];
    elbo__free(*elements);
    *elements = (char *)wide;
    return wide ? ELBO_OK : ELBO_NO_MEMORY;
}

static elbo_status read_tensor(const char *path, elbo__source *source, elbo_tensor *out)
{
    const struct type *type = NULL;
    elbo_shape shape;
    char *elements;
    elbo_status status = read_header(path, source, &type, &shape);
    if (status != ELBO_OK)
        return status;
    const int64_t count = elbo_shape_size(&shape);
    status = read_elements(path, source, count * type->size, &elements);
    if (status != ELBO_OK)
        return status;
    elbo__reorder(elements, (size_t)count, type->size, ELBO__BIG_ENDIAN);
    if (type->size != elbo_dtype_size(type->dtype))
        status = widen(&elements, (size_t)count, type->size);
    *out = elbo_tensor_of(type->dtype, shape, elements);
    return status;
}

elbo_status elbo_idx_read(const char *path, elbo_tensor *out)
{
    *out = (elbo_tensor){.data = NULL};
    elbo__source *source;
    elbo_status status = elbo__source_open(path, &source);
    if (status == ELBO_OK)
        status = read_tensor(path, source, out);
    elbo__source_close(source);
    return status;
}

elbo_status elbo__idx_look(const char *path, elbo_dtype *dtype, elbo_shape *shape, int64_t *start)
{
    const struct type *type = NULL;
    struct stat info = {.st_size = 0};
    elbo__source *source;
    elbo_status status = elbo__source_open(path, &source);
    if (status == ELBO_OK)
        status = read_header(path, source, &type, shape);
    elbo__source_close(source);
    if (status == ELBO_OK && stat(path, &info) != 0)
        status = elbo__fail(ELBO_IO, "%s: cannot read: %s", path, elbo__reason(errno));
    if (status != ELBO_OK)
        return status;
    *dtype = type->dtype;
    *start = 4 + 4 * shape->ndim;
    const int64_t found = info.st_size - *start, wanted = elbo_shape_size(shape) * type->size;
    if (found < wanted)
        return truncated(path, wanted, (size_t)found);
    return found == wanted ? ELBO_OK : too_long(path, wanted);
}

elbo_status elbo_idx_write(const char *path, const elbo_tensor *tensor)
{
    const elbo_shape *shape = &tensor->layout.shape;
    elbo_status status = elbo__check_tensor(tensor, path, "tensor");
    if (status != ELBO_OK)
        return status;
    if (shape->ndim < 1)
        return elbo__fail(ELBO_INVALID, "%s: an IDX file holds a tensor of 1 to %d axes, got none", path,
                          ELBO_MAX_RANK);
    unsigned char header[4 + 4 * ELBO_MAX_RANK] = {0, 0, 0, (unsigned char)shape->ndim};
    const struct type *type = types;
    while (type->dtype != tensor->dtype)
        type++;
    header[2] = type->code;
    for (int i = 0; i < shape->ndim; i++) {
        if (shape->dim[i] > UINT32_MAX)
            return elbo__fail(ELBO_INVALID, "%s: shape %s is too large for an IDX file", path,
                              elbo_shape_format(shape).text);
        elbo__store_be32(header + 4 + 4 * i, (uint32_t)shape->dim[i]);
    }
    elbo__writer *writer;
    status = elbo__writer_open(path, &writer);
    if (status != ELBO_OK)
        return status;
    elbo__write(writer, header, 4 + 4 * (size_t)shape->ndim);
    elbo__write_tensor(writer, tensor, ELBO__BIG_ENDIAN);
    return elbo__writer_commit(writer);
}
