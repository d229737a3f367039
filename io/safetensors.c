#include "safetensors.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../tensor/memory.h"
#include "../tensor/text.h"
#include "bytes.h"
#include "file.h"
#include "safetensors_format.h"

const char *const elbo__safetensors_dtypes[ELBO__DTYPES] = {
    [ELBO_F32] = "F32", [ELBO_F64] = "F64", [ELBO_U8] = "U8", [ELBO_I32] = "I32"};

struct entry {
    elbo_named_tensor named;
    int64_t begin, end; /* within the data */
};

/* A file being read. */
struct reader {
    const char *path;
    int fd;
    int64_t data_size; /* bytes from the end of the header to the end of the file */
    json_t *header;
    struct entry *entries; /* [count], whose names and data are handed over at the end */
    int64_t count;
};

/* ---- the header -------------------------------------------------------------------------------------------------- */

static elbo_status read_bytes(struct reader *r, void *bytes, size_t count)
{
    ssize_t n = elbo__read_all(r->fd, bytes, count);
    if (n < 0)
        return elbo__fail(ELBO_IO, "%s: cannot read: %s", r->path, elbo__reason(errno));
    if ((size_t)n < count)
        return elbo__fail(ELBO_FORMAT, "%s: truncated", r->path);
    return ELBO_OK;
}

/* Jansson reads a fraction by strtod, and ends the process where the locale's decimal point has more than one byte. */
static json_t *load_json(const char *text, size_t length, json_error_t *error)
{
    const locale_t callers = elbo__enter_c_locale();
    json_t *json = json_loadb(text, length, JSON_REJECT_DUPLICATES, error);
    elbo__leave_c_locale(callers);
    return json;
}

static elbo_status parse_header(struct reader *r, size_t length)
{
    char *text = elbo__alloc(length);
    if (!text)
        return ELBO_NO_MEMORY;
    elbo_status status = read_bytes(r, text, length);
    json_error_t error;
    if (status == ELBO_OK && text[0] != '{')
        status = elbo__fail(ELBO_FORMAT, "%s: not a safetensors file: the header does not start with '{'", r->path);
    else if (status == ELBO_OK && !(r->header = load_json(text, length, &error)))
        status = elbo__fail(json_error_code(&error) == json_error_out_of_memory ? ELBO_NO_MEMORY : ELBO_FORMAT,
                            "%s: the header is not JSON: byte %d: %s", r->path, error.position,
                            elbo__excerpt_of(error.text).text);
    elbo__free(text);
    return status;
}

static elbo_status read_header(struct reader *r)
{
    struct stat info;
    unsigned char prefix[8];
    if (fstat(r->fd, &info) != 0)
        return elbo__fail(ELBO_IO, "%s: cannot read: %s", r->path, elbo__reason(errno));
    if (!S_ISREG(info.st_mode))
        return elbo__fail(ELBO_IO, "%s: is not a regular file", r->path);
    if (info.st_size < (off_t)sizeof prefix)
        return elbo__fail(ELBO_FORMAT, "%s: not a safetensors file: only %lld bytes", r->path, (long long)info.st_size);
    elbo_status status = read_bytes(r, prefix, sizeof prefix);
    if (status != ELBO_OK)
        return status;
    const uint64_t length = elbo__load_le64(prefix), rest = (uint64_t)info.st_size - sizeof prefix;
    if (length < 2 || length > ELBO__MAX_HEADER || length > rest)
        return elbo__fail(ELBO_FORMAT, "%s: not a safetensors file, or truncated: a header of %llu bytes in %lld",
                          r->path, (unsigned long long)length, (long long)info.st_size);
    r->data_size = (int64_t)(rest - length);
    return parse_header(r, (size_t)length);
}

/* ---- entries ----------------------------------------------------------------------------------------------------- */

static elbo_status bad_entry(const struct reader *r, const char *name, const char *reason)
{
    return elbo__fail(ELBO_FORMAT, "%s: tensor \"%s\": %s", r->path, elbo__excerpt_of(name).text, reason);
}

static elbo_status parse_dtype(const struct reader *r, const char *name, const json_t *value, elbo_dtype *out)
{
    const char *text = json_string_value(value);
    if (!text)
        return bad_entry(r, name, "\"dtype\" is not a string");
    for (int i = 0; i < ELBO__DTYPES; i++)
        if (strcmp(text, elbo__safetensors_dtypes[i]) == 0) {
            *out = (elbo_dtype)i;
            return ELBO_OK;
        }
    return elbo__fail(ELBO_FORMAT, "%s: tensor \"%s\": dtype \"%s\" is not supported, only F32, F64, U8 and I32",
                      r->path, elbo__excerpt_of(name).text, elbo__excerpt_of(text).text);
}

static elbo_status parse_shape(const struct reader *r, const char *name, const json_t *value, elbo_shape *out)
{
    if (!json_is_array(value))
        return bad_entry(r, name, "\"shape\" is not an array");
    if (json_array_size(value) > ELBO_MAX_RANK)
        return bad_entry(r, name, "has more than 8 axes");
    *out = (elbo_shape){.ndim = (int)json_array_size(value)};
    for (int i = 0; i < out->ndim; i++) {
        const json_t *size = json_array_get(value, (size_t)i);
        if (!json_is_integer(size) || json_integer_value(size) < 0)
            return bad_entry(r, name, "\"shape\" holds something else than sizes");
        out->dim[i] = json_integer_value(size);
    }
    return elbo_shape_check(out) == ELBO_OK ? ELBO_OK : bad_entry(r, name, "an impossible shape");
}

static elbo_status parse_entry(const struct reader *r, const char *name, const json_t *value, struct entry *out)
{
    const json_t *offsets = json_object_get(value, "data_offsets");
    if (!json_is_object(value) || json_object_size(value) != 3)
        return bad_entry(r, name, "expected \"dtype\", \"shape\" and \"data_offsets\"");
    elbo_dtype dtype = ELBO_F32;
    elbo_shape shape;
    elbo_status status = parse_dtype(r, name, json_object_get(value, "dtype"), &dtype);
    if (status == ELBO_OK)
        status = parse_shape(r, name, json_object_get(value, "shape"), &shape);
    if (status != ELBO_OK)
        return status;
    const json_t *begin = json_array_get(offsets, 0), *end = json_array_get(offsets, 1);
    if (json_array_size(offsets) != 2 || !json_is_integer(begin) || !json_is_integer(end))
        return bad_entry(r, name, "\"data_offsets\" is not two whole numbers");
    out->begin = json_integer_value(begin);
    out->end = json_integer_value(end);
    if (out->begin < 0 || out->end < out->begin || out->end > r->data_size)
        return bad_entry(r, name, "its data lie outside the file");
    if (out->end - out->begin != elbo_shape_size(&shape) * (int64_t)elbo_dtype_size(dtype))
        return bad_entry(r, name, "its data are not of the size that dtype and shape ask for");
    out->named.tensor = elbo_tensor_of(dtype, shape, NULL);
    out->named.name = elbo__strdup(name);
    return out->named.name ? ELBO_OK : ELBO_NO_MEMORY;
}

static int by_offset(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    if (x->begin != y->begin)
        return x->begin < y->begin ? -1 : 1;
    return (x->end > y->end) - (x->end < y->end); /* an empty tensor stands before the one at the same place */
}

static elbo_status parse_entries(struct reader *r)
{
    r->entries = elbo__calloc(json_object_size(r->header), sizeof *r->entries);
    if (!r->entries)
        return ELBO_NO_MEMORY;
    const char *name;
    json_t *value;
    json_object_foreach(r->header, name, value)
    {
        if (strcmp(name, ELBO__METADATA) == 0)
            continue;
        elbo_status status = parse_entry(r, name, value, &r->entries[r->count]);
        if (status != ELBO_OK)
            return status;
        r->count++;
    }
    qsort(r->entries, (size_t)r->count, sizeof *r->entries, by_offset);
    int64_t end = 0;
    for (int64_t i = 0; i < r->count; i++) {
        if (r->entries[i].begin != end)
            return bad_entry(r, r->entries[i].named.name, "its data do not follow those of the tensor before it");
        end = r->entries[i].end;
    }
    if (end != r->data_size)
        return elbo__fail(ELBO_FORMAT, "%s: %lld bytes of data, the tensors take %lld", r->path,
                          (long long)r->data_size, (long long)end);
    return ELBO_OK;
}

/* Each tensor has a block of its own: the format does not promise that the data in the file are aligned. */
static elbo_status read_data(struct reader *r)
{
    for (int64_t i = 0; i < r->count; i++) {
        elbo_tensor *tensor = &r->entries[i].named.tensor;
        const size_t bytes = (size_t)(r->entries[i].end - r->entries[i].begin), size = elbo_dtype_size(tensor->dtype);
        tensor->data = elbo__alloc(bytes);
        if (!tensor->data)
            return ELBO_NO_MEMORY;
        elbo_status status = read_bytes(r, tensor->data, bytes);
        if (status != ELBO_OK)
            return status;
        elbo__reorder(tensor->data, bytes / size, size, ELBO__LITTLE_ENDIAN);
    }
    return ELBO_OK;
}

/* ---- the handle -------------------------------------------------------------------------------------------------- */

static elbo_status take_metadata(const struct reader *r, elbo_safetensors *out)
{
    json_t *object = json_object_get(r->header, ELBO__METADATA), *value;
    if (!object)
        return ELBO_OK;
    if (!json_is_object(object))
        return elbo__fail(ELBO_FORMAT, "%s: \"%s\" is not an object", r->path, ELBO__METADATA);
    elbo_pair *pairs = elbo__calloc(json_object_size(object), sizeof *pairs);
    out->metadata = pairs;
    if (!pairs)
        return ELBO_NO_MEMORY;
    const char *key;
    json_object_foreach(object, key, value)
    {
        if (!json_is_string(value))
            return elbo__fail(ELBO_FORMAT, "%s: the metadata \"%s\" is not a string", r->path,
                              elbo__excerpt_of(key).text);
        elbo_pair *pair = &pairs[out->pairs++];
        pair->key = elbo__strdup(key);
        pair->value = elbo__strdup(json_string_value(value));
        if (!pair->key || !pair->value)
            return ELBO_NO_MEMORY;
    }
    return ELBO_OK;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const elbo_named_tensor *)a)->name, ((const elbo_named_tensor *)b)->name);
}

static elbo_status take_tensors(struct reader *r, elbo_safetensors *out)
{
    elbo_named_tensor *tensors = elbo__calloc((size_t)r->count, sizeof *tensors);
    if (!tensors)
        return ELBO_NO_MEMORY;
    for (int64_t i = 0; i < r->count; i++)
        tensors[i] = r->entries[i].named;
    qsort(tensors, (size_t)r->count, sizeof *tensors, by_name);
    out->tensors = tensors;
    out->count = r->count;
    r->count = 0;
    return ELBO_OK;
}

static void free_tensor(elbo_named_tensor *named)
{
    elbo__free((char *)named->name);
    elbo_tensor_free(&named->tensor);
}

elbo_status elbo_safetensors_open(const char *path, elbo_safetensors *out)
{
    *out = (elbo_safetensors){.count = 0};
    struct reader r = {.path = path, .fd = open(path, O_RDONLY | O_CLOEXEC)};
    if (r.fd < 0)
        return elbo__fail(ELBO_IO, "%s: cannot open: %s", path, elbo__reason(errno));
    elbo_status status = read_header(&r);
    if (status == ELBO_OK)
        status = parse_entries(&r);
    if (status == ELBO_OK)
        status = take_metadata(&r, out);
    if (status == ELBO_OK)
        status = read_data(&r);
    if (status == ELBO_OK)
        status = take_tensors(&r, out);
    for (int64_t i = 0; i < r.count; i++)
        free_tensor(&r.entries[i].named);
    elbo__free(r.entries);
    json_decref(r.header);
    close(r.fd);
    if (status != ELBO_OK)
        elbo_safetensors_close(out);
    return status;
}

void elbo_safetensors_close(elbo_safetensors *file)
{
    if (!file)
        return;
    for (int64_t i = 0; i < file->count; i++)
        free_tensor((elbo_named_tensor *)&file->tensors[i]);
    for (int64_t i = 0; i < file->pairs; i++) {
        elbo__free((char *)file->metadata[i].key);
        elbo__free((char *)file->metadata[i].value);
    }
    elbo__free((void *)file->tensors);
    elbo__free((void *)file->metadata);
    *file = (elbo_safetensors){.count = 0};
}

const elbo_tensor *elbo_safetensors_tensor(const elbo_safetensors *file, const char *name)
{
    const elbo_named_tensor wanted = {.name = name}, *found = NULL;
    if (file->count > 0)
        found = bsearch(&wanted, file->tensors, (size_t)file->count, sizeof wanted, by_name);
    return found ? &found->tensor : NULL;
}

const char *elbo_safetensors_metadata(const elbo_safetensors *file, const char *key)
{
    for (int64_t i = 0; i < file->pairs; i++)
        if (strcmp(file->metadata[i].key, key) == 0)
            return file->metadata[i].value;
    return NULL;
}
