#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "../tensor/memory.h"
#include "bytes.h"
#include "file.h"
#include "safetensors.h"
#include "safetensors_format.h"

/* By descending size of the elements, so that each tensor is aligned in the file, then by name. */
static int by_alignment_and_name(const void *a, const void *b)
{
    const elbo_named_tensor *x = *(const elbo_named_tensor *const *)a, *y = *(const elbo_named_tensor *const *)b;
    size_t x_size = elbo_dtype_size(x->tensor.dtype), y_size = elbo_dtype_size(y->tensor.dtype);
    return x_size != y_size ? (x_size < y_size) - (x_size > y_size) : strcmp(x->name, y->name);
}

/* Puts `value` (which it takes over, NULL when it could not be made) under a key that must be new. */
static elbo_status add(const char *path, json_t *object, const char *what, const char *key, json_t *value)
{
    elbo_status status = ELBO_OK;
    if (json_object_get(object, key))
        status = elbo__fail(ELBO_INVALID, "%s: the %s \"%s\" stands twice", path, what, elbo__excerpt_of(key).text);
    else if (!value)
        status = elbo__fail(ELBO_NO_MEMORY, "%s: out of memory", path);
    else if (json_object_set(object, key, value) != 0)
        status = elbo__fail(ELBO_INVALID, "%s: the %s \"%s\" is not UTF-8", path, what, elbo__excerpt_of(key).text);
    json_decref(value);
    return status;
}

static elbo_status add_metadata(const char *path, json_t *header, const elbo_pair *metadata, int64_t pairs)
{
    json_t *object = json_object();
    elbo_status status = add(path, header, "key", ELBO__METADATA, object);
    for (int64_t i = 0; i < pairs && status == ELBO_OK; i++) {
        json_t *value = json_string(metadata[i].value);
        if (!value)
            return elbo__fail(ELBO_INVALID, "%s: the value of \"%s\" is not UTF-8", path,
                              elbo__excerpt_of(metadata[i].key).text);
        status = add(path, object, "key", metadata[i].key, value);
    }
    return status;
}

/* [2, 3] */
static json_t *shape_to_json(const elbo_shape *shape)
{
    json_t *sizes = json_array();
    for (int i = 0; i < shape->ndim; i++)
        if (json_array_append_new(sizes, json_integer(shape->dim[i])) != 0) {
            json_decref(sizes);
            return NULL;
        }
    return sizes;
}

static elbo_status add_tensor(const char *path, json_t *header, const elbo_named_tensor *entry, int64_t *end)
{
    const elbo_tensor *tensor = &entry->tensor;
    const elbo_shape *shape = &tensor->layout.shape;
    if (strcmp(entry->name, ELBO__METADATA) == 0)
        return elbo__fail(ELBO_INVALID, "%s: no tensor can be named \"%s\"", path, ELBO__METADATA);
    const int64_t begin = *end;
    if (__builtin_add_overflow(begin, elbo_shape_size(shape) * (int64_t)elbo_dtype_size(tensor->dtype), end))
        return elbo__fail(ELBO_NO_MEMORY, "%s: too many bytes", path);
    json_t *value = json_pack("{s:s, s:o, s:[I, I]}", "dtype", elbo__safetensors_dtypes[tensor->dtype], "shape",
                              shape_to_json(shape), "data_offsets", (json_int_t)begin, (json_int_t)*end);
    return add(path, header, "tensor", entry->name, value);
}

/* The header as JSON, padded with spaces to a multiple of 8 so that the data are aligned. Free with elbo__free. */
static elbo_status print_header(const char *path, const json_t *header, char **out, size_t *length)
{
    const size_t used = json_dumpb(header, NULL, 0, JSON_COMPACT);
    if (used == 0)
        return elbo__fail(ELBO_NO_MEMORY, "%s: out of memory", path);
    *length = (used + 7) / 8 * 8;
    if (*length > ELBO__MAX_HEADER)
        return elbo__fail(ELBO_INVALID, "%s: a header of %zu bytes: at most %d are allowed", path, *length,
                          ELBO__MAX_HEADER);
    *out = elbo__alloc(*length);
    if (!*out)
        return ELBO_NO_MEMORY;
    memset(*out, ' ', *length);
    json_dumpb(header, *out, used, JSON_COMPACT);
    return ELBO_OK;
}

static elbo_status make_header(const char *path, const elbo_named_tensor *const *tensors, int64_t count,
                               const elbo_pair *metadata, int64_t pairs, char **out, size_t *length)
{
    json_t *header = json_object();
    elbo_status status = header ? ELBO_OK : elbo__fail(ELBO_NO_MEMORY, "%s: out of memory", path);
    if (status == ELBO_OK && pairs > 0)
        status = add_metadata(path, header, metadata, pairs);
    int64_t end = 0;
    for (int64_t i = 0; i < count && status == ELBO_OK; i++)
        status = add_tensor(path, header, tensors[i], &end);
    if (status == ELBO_OK)
        status = print_header(path, header, out, length);
    json_decref(header);
    return status;
}

static elbo_status write_file(const char *path, const elbo_named_tensor *const *tensors, int64_t count,
                              const char *header, size_t length)
{
    elbo__writer *writer;
    elbo_status status = elbo__writer_open(path, &writer);
    if (status != ELBO_OK)
        return status;
    unsigned char prefix[8];
    elbo__store_le64(prefix, length);
    elbo__write(writer, prefix, sizeof prefix);
    elbo__write(writer, header, length);
    for (int64_t i = 0; i < count; i++)
        elbo__write_tensor(writer, &tensors[i]->tensor, ELBO__LITTLE_ENDIAN);
    return elbo__writer_commit(writer);
}

/* *out = the tensors in the order of the file; free with elbo__free. */
static elbo_status sort_tensors(const char *path, const elbo_named_tensor *tensors, int64_t count,
                                const elbo_named_tensor ***out)
{
    for (int64_t i = 0; i < count; i++) {
        elbo_status status = elbo__check_tensor(&tensors[i].tensor, path, tensors[i].name);
        if (status != ELBO_OK)
            return status;
    }
    *out = elbo__calloc((size_t)count, sizeof **out);
    if (!*out)
        return ELBO_NO_MEMORY;
    for (int64_t i = 0; i < count; i++)
        (*out)[i] = &tensors[i];
    qsort(*out, (size_t)count, sizeof **out, by_alignment_and_name);
    return ELBO_OK;
}

elbo_status elbo_safetensors_write(const char *path, const elbo_named_tensor *tensors, int64_t count,
                                   const elbo_pair *metadata, int64_t pairs)
{
    if (count < 0 || pairs < 0)
        return elbo__fail(ELBO_INVALID, "%s: %lld tensors, %lld entries of metadata", path, (long long)count,
                          (long long)pairs);
    const elbo_named_tensor **order = NULL;
    char *header = NULL;
    size_t length = 0;
    elbo_status status = sort_tensors(path, tensors, count, &order);
    if (status == ELBO_OK)
        status = make_header(path, order, count, metadata, pairs, &header, &length);
    if (status == ELBO_OK)
        status = write_file(path, order, count, header, length);
    elbo__free(header);
    elbo__free(order);
    return status;
}
