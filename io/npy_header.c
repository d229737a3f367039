/* What a .npy file says before its elements. */
#include <string.h>

#include "../tensor/memory.h"
#include "../tensor/text.h"
#include "bytes.h"
#include "npy_private.h"

enum { MAX_HEADER = 65535, MAX_DIGITS = 18 };

const unsigned char elbo__npy_magic[6] = {0x93, 'N', 'U', 'M', 'P', 'Y'};

const elbo__npy_type elbo__npy_types[] = {
    {"<f4", 4, ELBO_F32, true},  {"<f8", 8, ELBO_F64, true},  {"|u1", 1, ELBO_U8, false}, {"<i4", 4, ELBO_I32, true},
    {"<i8", 8, ELBO_I32, true},  {"<u8", 8, ELBO_I32, false}, {"<i2", 2, ELBO_I32, true}, {"<u2", 2, ELBO_I32, false},
    {"<u4", 4, ELBO_I32, false}, {"|i1", 1, ELBO_I32, true},  {"|b1", 1, ELBO_U8, false},
};
enum { TYPES = sizeof elbo__npy_types / sizeof elbo__npy_types[0] };

bool elbo__npy_is_bool(const elbo__npy_type *type)
{
    return strcmp(type->name, "|b1") == 0;
}

/* What NumPy's other dtypes are, by the letter that stands for their kind, and what makes elements of them that are
 * read. */
static const struct foreign {
    const char *kinds, *what, *cure;
} foreigners[] = {
    {"O", "Python objects", "numpy.stack(x).astype('float32')"},
    {"US", "words", "numpy.unique(y, return_inverse=True)[1], which numbers them"},
    {"f", "elements", "x.astype('float32')"},
    {"iu", "elements", "x.astype('int32')"},
    {"", "elements", "uint8, bool, float32, float64 or whole numbers"},
};

static elbo_status fail_for_dtype(const char *path, const char *name)
{
    const struct foreign *f = foreigners;
    const char kind = name[0] && strchr("|<>=", name[0]) ? name[1] : name[0];
    while (f->kinds[0] && (!kind || !strchr(f->kinds, kind)))
        f++;
    return elbo__fail(ELBO_FORMAT, "%s: %s of dtype \"%s\" are not supported: save %s", path,
                      name[0] == '>' ? "big-endian elements" : f->what, elbo__excerpt_of(name).text, f->cure);
}

/* ---- the header's Python ----------------------------------------------------------------------------------------- */

/* What the header says, and the place in its text. A byte of 0 ends the text: no token has one in it. */
struct header {
    const char *path;
    const char *text, *at;
    unsigned seen; /* bit i: keys[i] was read */
    elbo__npy_header *out;
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
    for (int i = 0; i < TYPES; i++)
        if (strcmp(name, elbo__npy_types[i].name) == 0) {
            h->out->type = &elbo__npy_types[i];
            return ELBO_OK;
        }
    return fail_for_dtype(h->path, name);
}

static elbo_status parse_fortran_order(struct header *h)
{
    h->out->fortran = take(h, "True");
    return h->out->fortran || take(h, "False") ? ELBO_OK : unexpected(h, "True or False");
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
        if (h->out->shape.ndim == ELBO_MAX_RANK)
            return elbo__fail(ELBO_FORMAT, "%s: has more than %d axes", h->path, ELBO_MAX_RANK);
        elbo_status status = comma ? parse_size(h, &h->out->shape.dim[h->out->shape.ndim++]) : unexpected(h, "a comma");
        if (status != ELBO_OK)
            return status;
        comma = take(h, ",");
        if (!comma && h->out->shape.ndim == 1)
            return unexpected(h, "a comma");
    }
    if (elbo_shape_check(&h->out->shape) != ELBO_OK)
        return elbo__fail(ELBO_FORMAT, "%s: impossible shape %s", h->path, elbo_shape_format(&h->out->shape).text);
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

/* ---- before and after it ----------------------------------------------------------------------------------------- */

static elbo_status read_bytes(const elbo__npy_source *source, void *bytes, size_t count)
{
    return source->read(source->user, source->path, bytes, count);
}

/* *length = of the text, *start = where that begins */
static elbo_status read_prefix(const elbo__npy_source *source, size_t *length, int64_t *start)
{
    const char *path = source->path;
    const int64_t size = source->size;
    unsigned char prefix[ELBO__NPY_PREFIX + 4] = {0};
    elbo_status status = read_bytes(source, prefix, size < ELBO__NPY_PREFIX ? (size_t)size : ELBO__NPY_PREFIX);
    if (status != ELBO_OK)
        return status;
    if (memcmp(prefix, elbo__npy_magic, sizeof elbo__npy_magic) != 0)
        return elbo__fail(ELBO_FORMAT, "%s: not a .npy file", path);
    const int major = prefix[6], minor = prefix[7], digits = major == 1 ? 2 : 4;
    if (size >= ELBO__NPY_PREFIX && (major < 1 || major > 3 || minor != 0))
        return elbo__fail(ELBO_FORMAT, "%s: .npy version %d.%d is not supported, only 1.0, 2.0 and 3.0", path, major,
                          minor);
    if (size < ELBO__NPY_PREFIX + digits)
        return elbo__fail(ELBO_FORMAT, "%s: truncated", path);
    status = read_bytes(source, prefix + ELBO__NPY_PREFIX, (size_t)digits);
    *start = ELBO__NPY_PREFIX + digits;
    *length = prefix[8] | (size_t)prefix[9] << 8 | (size_t)prefix[10] << 16 | (size_t)prefix[11] << 24;
    if (status == ELBO_OK && *length > MAX_HEADER)
        return elbo__fail(ELBO_FORMAT, "%s: a header of %zu bytes: at most %d are read", path, *length, MAX_HEADER);
    if (status == ELBO_OK && (int64_t)*length > size - *start)
        return elbo__fail(ELBO_FORMAT, "%s: truncated", path);
    return status;
}

static elbo_status check_size(const elbo__npy_source *source, const elbo__npy_header *header)
{
    const int64_t found = source->size - header->start, count = elbo_shape_size(&header->shape);
    int64_t wanted = 0;
    if (!elbo__mul_size(count, header->type->size, &wanted))
        return elbo__fail(ELBO_FORMAT, "%s: impossible shape %s", source->path, elbo_shape_format(&header->shape).text);
    return found == wanted
               ? ELBO_OK
               : elbo__fail(ELBO_FORMAT, "%s: %s: expected %lld bytes of elements, found %lld", source->path,
                            found < wanted ? "truncated" : "too long", (long long)wanted, (long long)found);
}

elbo_status elbo__npy_read_header(const elbo__npy_source *source, elbo__npy_header *out)
{
    size_t length = 0;
    *out = (elbo__npy_header){.type = NULL};
    elbo_status status = read_prefix(source, &length, &out->start);
    if (status != ELBO_OK)
        return status;
    char *text = elbo__calloc(length + 1, 1);
    if (!text)
        return ELBO_NO_MEMORY;
    struct header h = {.path = source->path, .text = text, .at = text, .out = out};
    status = read_bytes(source, text, length);
    if (status == ELBO_OK)
        status = parse_header(&h, length);
    elbo__free(text);
    out->start += (int64_t)length;
    return status == ELBO_OK ? check_size(source, out) : status;
}
