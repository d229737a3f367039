#include "bytes.h"

#include <string.h>

#include "../tensor/error_private.h"
#include "../tensor/memory.h"
#include "../tensor/walk.h"

void elbo__reorder(void *data, size_t count, size_t size, elbo__byte_order order)
{
    if (size == 1 || order == elbo__native_order())
        return;
    for (unsigned char *b = data, *end = b + count * size; b < end; b += size)
        for (size_t i = 0, j = size - 1; i < j; i++, j--) {
            unsigned char t = b[i];
            b[i] = b[j];
            b[j] = t;
        }
}

/* Elements `stride` apart are gathered in a small buffer; those that lie as they are wanted go out untouched. */
static void pour_row(const char *row, int64_t count, int64_t stride, size_t size, elbo__byte_order order,
                     elbo__sink *sink, void *user)
{
    if (stride == 1 && (size == 1 || order == elbo__native_order())) {
        sink(user, row, (size_t)count * size);
        return;
    }
    _Alignas(8) char piece[4096];
    const int64_t most = (int64_t)(sizeof piece / size);
    for (int64_t done = 0; done < count;) {
        int64_t n = count - done < most ? count - done : most;
        for (int64_t i = 0; i < n; i++)
            memcpy(piece + (size_t)i * size, row + (done + i) * stride * (int64_t)size, size);
        elbo__reorder(piece, (size_t)n, size, order);
        sink(user, piece, (size_t)n * size);
        done += n;
    }
}

void elbo__pour(const elbo_tensor *tensor, elbo__byte_order order, elbo__sink *sink, void *user)
{
    const elbo_layout *layout = &tensor->layout;
    const size_t size = elbo_dtype_size(tensor->dtype);
    const int64_t count = elbo_shape_size(&layout->shape);
    if (count == 0)
        return;
    const char *data = tensor->data;
    if (elbo_layout_contiguous(layout)) {
        pour_row(data + layout->offset * (int64_t)size, count, 1, size, order, sink, user);
        return;
    }
    const int last = layout->shape.ndim - 1;
    elbo_shape rows = layout->shape; /* all axes but the last, along which a row runs */
    rows.dim[last] = 1;
    for (elbo__walk w = elbo__walk_start(&rows); w.more; elbo__walk_next(&w))
        pour_row(data + elbo__layout_at(layout, w.index) * (int64_t)size, layout->shape.dim[last],
                 layout->strides[last], size, order, sink, user);
}

static void write_bytes(void *writer, const void *bytes, size_t count)
{
    elbo__write(writer, bytes, count);
}

void elbo__write_tensor(elbo__writer *writer, const elbo_tensor *tensor, elbo__byte_order order)
{
    elbo__pour(tensor, order, write_bytes, writer);
}

elbo_status elbo__check_tensor(const elbo_tensor *tensor, const char *where, const char *name)
{
    const elbo_shape *shape = &tensor->layout.shape;
    const char *reason = NULL;
    if ((unsigned)tensor->dtype > ELBO_I32)
        reason = "unknown dtype";
    else if (elbo_shape_check(shape) != ELBO_OK)
        reason = "impossible shape";
    else if (!tensor->data && elbo_shape_size(shape) > 0)
        reason = "no data";
    if (!reason)
        return ELBO_OK;
    return elbo__fail(ELBO_INVALID, "%s: %s: %s %s", where, elbo__excerpt_of(name).text, reason,
                      elbo_shape_format(shape).text);
}

#define PRIME UINT64_C(0x100000001b3)
#define PRIME_2 (PRIME * PRIME)
#define PRIME_4 (PRIME_2 * PRIME_2)

/* A byte of 0 only multiplies, so eight of them, of which images have many, are one step. */
uint64_t elbo__hash(uint64_t hash, const void *bytes, size_t count)
{
    static const unsigned char zeros[8];
    const unsigned char *b = bytes, *end = b + count;
    while (b < end)
        if ((size_t)(end - b) >= sizeof zeros && memcmp(b, zeros, sizeof zeros) == 0) {
            hash *= PRIME_4 * PRIME_4;
            b += sizeof zeros;
        } else {
            hash = (hash ^ *b++) * PRIME;
        }
    return hash;
}

elbo__excerpt elbo__excerpt_of(const char *text)
{
    elbo__excerpt out;
    size_t n = 0;
    const size_t most = sizeof out.text - sizeof "...";
    for (; text[n] && n < most; n++)
        out.text[n] = (unsigned char)text[n] < ' ' || text[n] == '\x7f' ? '?' : text[n];
    strcpy(out.text + n, text[n] ? "..." : "");
    return out;
}

static void append(void *user, const void *bytes, size_t count)
{
    unsigned char **end = user;
    memcpy(*end, bytes, count);
    *end += count;
}

unsigned char *elbo__tensor_bytes(const elbo_tensor *tensor, elbo__byte_order order, size_t *size)
{
    *size = (size_t)elbo_shape_size(&tensor->layout.shape) * elbo_dtype_size(tensor->dtype);
    unsigned char *bytes = elbo__alloc(*size), *end = bytes;
    if (bytes)
        elbo__pour(tensor, order, append, &end);
    return bytes;
}
