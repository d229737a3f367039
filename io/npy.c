#include "npy.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../tensor/memory.h"
#include "../tensor/text.h"
#include "bytes.h"
#include "file.h"

enum { PREFIX = 8, MAX_HEADER = 65535, START_SIZE = 128, MAX_DIGITS = 18 };

static const unsigned char magic[6] = {0x93, 'N', 'U', 'M', 'P', 'Y'};

static const char *const dtypes[] = {[ELBO_F32] = "<f4", [ELBO_F64] = "<f8", [ELBO_U8] = "|u1", [ELBO_I32] = "<i4"};
enum { DTYPES = sizeof dtypes / sizeof dtypes[0] };

/* ---- the header's Python ----------------------------------------------------------------------------------------- */

/* What the header says, and the place in its text. A byte of 0 ends the text: no token has one in it. */
struct header {
    const char *path;
    const char *text, *at;
    unsigned seen; /* bit i: keys[i] was read */
    elbo_dtype dtype;
    bool fortran;
    elbo_shape shape;
};

static elbo_status unexpected(const struct header *h, const char *wanted)
{
    return elbo__fail(ELBO_FORMAT, "%s: header, byte %d: expected %s, found \"%s\"", h->path, (int)(h->at - h->text),
                      wanted, elbo__excerpt_of(h->at).text);
}

static void skip_blanks(struct header *h)
{
    h->at += strspn(h->at, " \t\r\n");
}

/* Takes a token of punctuation or a word when it comes next. */
static bool take(struct header *h, const char *token)
{
    skip_blanks(h);
    const size_t length = strlen(token);
    if (strncmp(h->at, token, length) != 0)
        return false;
    h->at += length;
    return true;
}

/* A string in either kind of quotes, without escapes: none of those that are known has any. */
static elbo_status take_string(struct header *h, const char *wanted, char *out, size_t size)
{
    skip_blanks(h);
    const char quote = h->at[0];
    const char *end = quote == '\'' || quote == '"' ? strchr(h->at + 1, quote) : NULL;
    if (!end || memchr(h->at, '\\', (size_t)(end - h->at)))
        return unexpected(h, wanted);
    elbo__print(out, size, "%.*s", (int)(end - h->at - 1), h->at + 1);
    h->at = end + 1;
    return ELBO_OK;
}

static elbo_status parse_descr(struct header *h)
{
    char name[sizeof(elbo__excerpt)];
    elbo_status status = take_string(h, "the name of one dtype", name, sizeof name);
    if (status != ELBO_OK)
        return status;
    for (int i = 0; i < DTYPES; i++)
        if (strcmp(name, dtypes[i]) == 0) {
            h->dtype = (elbo_dtype)i;
            return ELBO_OK;
        }
    return elbo__fail(ELBO_FORMAT, "%s: %s of dtype \"%s\" are not supported, only |u1, <i4, <f4 and <f8", h->path,
                      strchr(name, 'O') ? "Python objects" : "elements", elbo__excerpt_of(name).text);
}

static elbo_status parse_fortran_order(struct header *h)
{
    h->fortran = take(h, "True");
    return h->fortran || take(h, "False") ? ELBO_OK : unexpected(h, "True or False");
}

/* Python's own rule: no zeros in front. */
static elbo_status parse_size(struct header *h, int64_t *out)
{
    skip_blanks(h);
    const size_t digits = strspn(h->at, "0123456789");
    if (digits == 0 || digits > MAX_DIGITS || (digits > 1 && h->at[0] == '0'))
        return unexpected(h, "a size");
    *out = 0;
    for (const char *end = h->at + digits; h->at < end; h->at++)
        *out = 10 * *out + (h->at[0] - '0');
    return ELBO_OK;
}

/* (), (3,) or (2, 3), the last comma optional from two sizes on. */
static elbo_status parse_shape(struct header *h)
{
    bool comma = true;
    if (!take(h, "("))
        return unexpected(h, "a shape in parentheses");
    while (!take(h, ")")) {
        if (h->shape.ndim == ELBO_MAX_RANK)
            return elbo__fail(ELBO_FORMAT, "%s: has more than %d axes", h->path, ELBO_MAX_RANK);
        elbo_status status = comma ? parse_size(h, &h->shape.dim[h->shape.ndim++]) : unexpected(h, "a comma");
        if (status != ELBO_OK)
            return status;
        comma = take(h, ",");
        if (!comma && h->shape.ndim == 1)
            return unexpected(h, "a comma");
    }
    if (elbo_shape_check(&h->shape) != ELBO_OK)
        return elbo__fail(ELBO_FORMAT, "%s: impossible shape %s", h->path, elbo_shape_format(&h->shape).text);
    return ELBO_OK;
}

static const struct {
    const char *name;
    elbo_status (*parse)(struct header *h);
} keys[] = {{"descr", parse_descr}, {"fortran_order", parse_fortran_order}, {"shape", parse_shape}};
enum { KEYS = sizeof keys / sizeof keys[0] };

static elbo_status parse_entry(struct header *h)
{
    char name[sizeof(elbo__excerpt)];
    elbo_status status = take_string(h, "a key", name, sizeof name);
    if (status != ELBO_OK)
        return status;
    int key = 0;
    while (key < KEYS && strcmp(name, keys[key].name) != 0)
        key++;
    if (key == KEYS || h->seen & 1u << key)
        return elbo__fail(ELBO_FORMAT, "%s: header: the key '%s' %s", h->path, elbo__excerpt_of(name).text,
                          key == KEYS ? "is unknown" : "stands twice");
    h->seen |= 1u << key;
    return take(h, ":") ? keys[key].parse(h) : unexpected(h, "a colon");
}

static elbo_status parse_header(struct header *h, size_t length)
{
    bool comma = true;
    if (!take(h, "{"))
        return unexpected(h, "a dict");
    while (!take(h, "}")) {
        elbo_status status = comma ? parse_entry(h) : unexpected(h, "a comma");
        if (status != ELBO_OK)
            return status;
        comma = take(h, ",");
    }
    skip_blanks(h);
    if (h->at != h->text + length)
        return unexpected(h, "the end");
    for (int i = 0; i < KEYS; i++)
        if (!(h->seen & 1u << i))
            return elbo__fail(ELBO_FORMAT, "%s: header: the key '%s' is missing", h->path, keys[i].name);
    return ELBO_OK;
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

static elbo_status read_bytes(int fd, const char *path, void *bytes, size_t count)
{
    ssize_t n = elbo__read_all(fd, bytes, count);
    if (n < 0)
        return elbo__fail(ELBO_IO, "%s: cannot read: %s", path, elbo__reason(errno));
    return (size_t)n == count ? ELBO_OK : elbo__fail(ELBO_FORMAT, "%s: truncated", path);
}

/* *length = of the text, *start = where that begins */
static elbo_status read_prefix(int fd, const char *path, int64_t size, size_t *length, int64_t *start)
{
    unsigned char prefix[PREFIX + 4] = {0};
    elbo_status status = read_bytes(fd, path, prefix, size < PREFIX ? (size_t)size : PREFIX);
    if (status != ELBO_OK)
        return status;
    if (memcmp(prefix, magic, sizeof magic) != 0)
        return elbo__fail(ELBO_FORMAT, "%s: not a .npy file", path);
    const int major = prefix[6], minor = prefix[7], digits = major == 1 ? 2 : 4;
    if (size >= PREFIX && (major < 1 || major > 3 || minor != 0))
        return elbo__fail(ELBO_FORMAT, "%s: .npy version %d.%d is not supported, only 1.0, 2.0 and 3.0", path, major,
                          minor);
    if (size < PREFIX + digits)
        return elbo__fail(ELBO_FORMAT, "%s: truncated", path);
    status = read_bytes(fd, path, prefix + PREFIX, (size_t)digits);
    *start = PREFIX + digits;
    *length = prefix[8] | (size_t)prefix[9] << 8 | (size_t)prefix[10] << 16 | (size_t)prefix[11] << 24;
    if (status == ELBO_OK && *length > MAX_HEADER)
        return elbo__fail(ELBO_FORMAT, "%s: a header of %zu bytes: at most %d are read", path, *length, MAX_HEADER);
    if (status == ELBO_OK && (int64_t)*length > size - *start)
        return elbo__fail(ELBO_FORMAT, "%s: truncated", path);
    return status;
}

/* Reads and checks all before the elements; *elements = the bytes after it. */
static elbo_status read_header(int fd, struct header *h, int64_t *elements)
{
    struct stat info;
    if (fstat(fd, &info) != 0)
        return elbo__fail(ELBO_IO, "%s: cannot read: %s", h->path, elbo__reason(errno));
    if (!S_ISREG(info.st_mode))
        return elbo__fail(ELBO_IO, "%s: is not a regular file", h->path);
    size_t length = 0;
    int64_t start = 0;
    elbo_status status = read_prefix(fd, h->path, info.st_size, &length, &start);
    if (status != ELBO_OK)
        return status;
    char *text = elbo__calloc(length + 1, 1);
    if (!text)
        return ELBO_NO_MEMORY;
    h->text = h->at = text;
    status = read_bytes(fd, h->path, text, length);
    if (status == ELBO_OK)
        status = parse_header(h, length);
    elbo__free(text);
    *elements = info.st_size - start - (int64_t)length;
    return status;
}

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

static elbo_status read_tensor(int fd, const char *path, elbo_tensor *out)
{
    struct header h = {.path = path};
    int64_t found = 0;
    elbo_status status = read_header(fd, &h, &found);
    if (status != ELBO_OK)
        return status;
    const int64_t count = elbo_shape_size(&h.shape), size = (int64_t)elbo_dtype_size(h.dtype);
    if (found != count * size)
        return elbo__fail(ELBO_FORMAT, "%s: %s: expected %lld bytes of elements, found %lld", path,
                          found < count * size ? "truncated" : "too long", (long long)(count * size), (long long)found);
    *out = elbo_tensor_of(h.dtype, h.shape, elbo__alloc((size_t)found));
    if (!out->data)
        return ELBO_NO_MEMORY;
    status = read_bytes(fd, path, out->data, (size_t)found);
    elbo__reorder(out->data, (size_t)count, (size_t)size, ELBO__LITTLE_ENDIAN);
    if (status == ELBO_OK && h.fortran && h.shape.ndim > 1)
        status = make_row_major(out);
    if (status != ELBO_OK)
        elbo_tensor_free(out);
    return status;
}

elbo_status elbo_npy_read(const char *path, elbo_tensor *out)
{
    *out = (elbo_tensor){.data = NULL};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return elbo__fail(ELBO_IO, "%s: cannot open: %s", path, elbo__reason(errno));
    elbo_status status = read_tensor(fd, path, out);
    close(fd);
    return status;
}

/* ---- writing ----------------------------------------------------------------------------------------------------- */

/* All before the elements, as version 1.0. The shortest dict needs more than 64 bytes and the longest, of 8 sizes whose
 * product fits, less than 128: so that is the length of all. */
static void format_start(const elbo_tensor *tensor, char out[START_SIZE])
{
    static const char version[] = {1, 0, START_SIZE - PREFIX - 2, 0};
    const elbo_shape *shape = &tensor->layout.shape;
    char sizes[sizeof(elbo_shape_text) + 1];
    const int length = elbo__print(sizes, sizeof sizes, "%s", elbo_shape_format(shape).text);
    if (shape->ndim == 1)
        strcpy(sizes + length - 1, ",)");
    const int used = elbo__print(out, START_SIZE, "%*s{'descr': '%s', 'fortran_order': False, 'shape': %s, }",
                                 PREFIX + 2, "", dtypes[tensor->dtype], sizes);
    memset(out + used, ' ', (size_t)(START_SIZE - 1 - used));
    out[START_SIZE - 1] = '\n';
    memcpy(out, magic, sizeof magic);
    memcpy(out + sizeof magic, version, sizeof version);
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
