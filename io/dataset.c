#include "dataset.h"

#include <math.h>
#include <string.h>

#include "../tensor/memory.h"
#include "bytes.h"
#include "dataset_private.h"
#include "idx.h"
#include "listing.h"

/* ---- checks ------------------------------------------------------------------------------------------------------ */

static elbo_status check_shape(const elbo__data_names *names, elbo_images *out)
{
    const elbo_shape *shape = &out->images.layout.shape;
    if (out->images.dtype == ELBO_I32)
        return elbo__fail(names->status, "%s: images are u8, f32 or f64, not signed integers", names->images);
    if (shape->ndim < 2 || shape->ndim > 4)
        return elbo__fail(names->status, "%s: expected images (N, D), (N, H, W) or (N, C, H, W), got %s", names->images,
                          elbo_shape_format(shape).text);
    const int64_t *dim = shape->dim;
    out->count = dim[0];
    out->channels = shape->ndim == 4 ? dim[1] : 1;
    out->height = shape->ndim == 2 ? 1 : dim[shape->ndim - 2];
    out->width = dim[shape->ndim - 1];
    if (out->count < 1 || out->channels < 1 || out->height < 1 || out->width < 1)
        return elbo__fail(names->status, "%s: holds no pixels: %s", names->images, elbo_shape_format(shape).text);
    return ELBO_OK;
}

struct scan {
    elbo_dtype dtype;
    int64_t seen, bad; /* elements; the first that is not finite, or -1 */
};

static void scan_piece(void *user, const void *bytes, size_t count)
{
    struct scan *scan = user;
    const int64_t n = (int64_t)(count / elbo_dtype_size(scan->dtype));
    for (int64_t i = 0; i < n && scan->bad < 0; i++)
        if (!isfinite(scan->dtype == ELBO_F32 ? ((const float *)bytes)[i] : ((const double *)bytes)[i]))
            scan->bad = scan->seen + i;
    scan->seen += n;
}

static elbo_status check_finite(const elbo__data_names *names, const elbo_images *images)
{
    struct scan scan = {images->images.dtype, 0, -1};
    if (scan.dtype == ELBO_U8)
        return ELBO_OK;
    elbo__pour(&images->images, elbo__native_order(), scan_piece, &scan);
    if (scan.bad < 0)
        return ELBO_OK;
    const int64_t size = images->channels * images->height * images->width;
    return elbo__fail(names->status, "%s: image %lld: a value is not finite", names->images,
                      (long long)(scan.bad / size));
}

static elbo_status check_labels(const elbo__data_names *names, int classes, elbo_images *out)
{
    const elbo_tensor *labels = &out->labels;
    const elbo_shape *shape = &labels->layout.shape;
    if (!labels->data)
        return ELBO_OK;
    if (shape->ndim != 1 || (labels->dtype != ELBO_U8 && labels->dtype != ELBO_I32))
        return elbo__fail(names->status, "%s: expected labels (N), whole numbers, got %s %s", names->labels,
                          elbo_dtype_name(labels->dtype), elbo_shape_format(shape).text);
    if (shape->dim[0] != out->count)
        return elbo__fail(names->status, "%s: %lld labels, but %s has %lld images", names->labels,
                          (long long)shape->dim[0], names->images, (long long)out->count);
    const int most = classes == 0 ? ELBO_MAX_CLASSES : classes;
    out->classes = classes;
    for (int64_t i = 0; i < out->count; i++) {
        const int label = (int)elbo_tensor_get(labels, &i);
        if (label < 0 || label >= most)
            return elbo__fail(names->status, "%s: label %lld: %d is outside the classes 0 to %d", names->labels,
                              (long long)i, label, most - 1);
        if (label >= out->classes)
            out->classes = label + 1;
    }
    return ELBO_OK;
}

/* ---- fingerprint ------------------------------------------------------------------------------------------------- */

static void hash_piece(void *hash, const void *bytes, size_t count)
{
    *(uint64_t *)hash = elbo__hash(*(uint64_t *)hash, bytes, count);
}

/* The dtype's name, the rank, the sizes, the elements: numbers of 8 bytes and elements little-endian. */
static uint64_t hash_tensor(uint64_t hash, const elbo_tensor *tensor)
{
    const elbo_shape *shape = &tensor->layout.shape;
    const char *dtype = elbo_dtype_name(tensor->dtype);
    unsigned char number[8];
    hash = elbo__hash(hash, dtype, strlen(dtype));
    elbo__store_le64(number, (uint64_t)shape->ndim);
    hash = elbo__hash(hash, number, sizeof number);
    for (int i = 0; i < shape->ndim; i++) {
        elbo__store_le64(number, (uint64_t)shape->dim[i]);
        hash = elbo__hash(hash, number, sizeof number);
    }
    elbo__pour(tensor, ELBO__LITTLE_ENDIAN, hash_piece, &hash);
    return hash;
}

elbo_status elbo__images_complete(const elbo__data_names *names, int classes, elbo_images *out)
{
    if (classes < 0 || classes > ELBO_MAX_CLASSES)
        return elbo__fail(ELBO_INVALID, "%d classes: there can be at most %d", classes, ELBO_MAX_CLASSES);
    elbo_status status = check_shape(names, out);
    if (status == ELBO_OK)
        status = check_labels(names, classes, out);
    if (status == ELBO_OK)
        status = check_finite(names, out);
    if (status != ELBO_OK)
        return status;
    out->fingerprint = hash_tensor(ELBO__HASH_START, &out->images);
    if (out->labels.data)
        out->fingerprint = hash_tensor(out->fingerprint, &out->labels);
    return ELBO_OK;
}

elbo_status elbo_images_of(const elbo_tensor *images, const elbo_tensor *labels, int classes, elbo_images *out)
{
    static const elbo__data_names names = {"images", "labels", ELBO_INVALID};
    *out = (elbo_images){.images = *images};
    if (labels)
        out->labels = *labels;
    elbo_status status = elbo__check_tensor(&out->images, "elbo_images_of", names.images);
    if (status == ELBO_OK && labels)
        status = elbo__check_tensor(labels, "elbo_images_of", names.labels);
    if (status == ELBO_OK)
        status = elbo__images_complete(&names, classes, out);
    if (status != ELBO_OK)
        *out = (elbo_images){.owned = false};
    return status;
}

/* ---- folders ----------------------------------------------------------------------------------------------------- */

/* Whether `name` is PART-KIND-idx... or PART-KIND.idx..., plain or gzip; its length without ".gz", or 0. A temporary or
 * backup file beside it ("...-ubyte.tmp", "...-ubyte~") does not count. */
static size_t match(const char *name, const char *part, const char *kind)
{
    const size_t part_length = strlen(part), kind_length = strlen(kind);
    const char *rest = name + part_length + 1 + kind_length;
    if (strncmp(name, part, part_length) != 0 || name[part_length] != '-' ||
        strncmp(name + part_length + 1, kind, kind_length) != 0 || (rest[0] != '-' && rest[0] != '.') ||
        strncmp(rest + 1, "idx", 3) != 0)
        return 0;
    const char *end = rest + 4 + strspn(rest + 4, "abcdefghijklmnopqrstuvwxyz0123456789-");
    return end[0] == '\0' || strcmp(end, ".gz") == 0 ? (size_t)(end - name) : 0;
}

/* *out = the path of the one file of that kind, or NULL when there is none; free with elbo__free. */
static elbo_status find(const char *folder, const char *part, const char *kind, char **out)
{
    *out = NULL;
    elbo__listing list;
    const char *found = NULL;
    size_t length = 0;
    elbo_status status = elbo__list_folder(folder, &list);
    for (size_t i = 0; i < list.count && status == ELBO_OK; i++) {
        const char *name = list.names[i];
        const size_t n = match(name, part, kind);
        if (n == 0)
            continue;
        if (found && (n != length || memcmp(found, name, n) != 0))
            status = elbo__fail(ELBO_FORMAT, "%s: both %s and %s: which one?", folder, found, name);
        else if (!found || name[n] == '\0')
            found = name;
        length = n;
    }
    if (status == ELBO_OK && found) {
        *out = elbo__format("%s/%s", folder, found);
        status = *out ? ELBO_OK : ELBO_NO_MEMORY;
    }
    elbo__listing_free(&list);
    return status;
}

static elbo_status load_idx(const char *folder, const char *part, const char *images, const char *labels, int classes,
                            elbo_images *out)
{
    if (!images)
        return elbo__fail(ELBO_IO, "%s/%s-images-idx3-ubyte: no such file, plain or .gz", folder, part);
    elbo_status status = elbo_idx_read(images, &out->images);
    if (status == ELBO_OK && labels)
        status = elbo_idx_read(labels, &out->labels);
    if (status == ELBO_OK)
        status = elbo__images_complete(&(elbo__data_names){images, labels, ELBO_FORMAT}, classes, out);
    return status;
}

static elbo_status load_png(const char *folder, const char *part, int classes, elbo_images *out)
{
    bool found;
    elbo_status status = elbo__images_load_png(folder, part, classes, out, &found);
    if (status == ELBO_OK && !found)
        status = elbo__fail(ELBO_IO,
                            "%s/%s-images-idx3-ubyte: no such file, plain or .gz, and no PNG files for this part",
                            folder, part);
    return status;
}

static elbo_status load_folder(const char *folder, const char *part, int classes, elbo_images *out)
{
    char *images = NULL, *labels = NULL, *others = NULL;
    elbo_status status = find(folder, part, "images", &images);
    if (status == ELBO_OK)
        status = find(folder, part, "labels", &labels);
    /* a folder that holds the other part as IDX files lacks this one, whatever pictures lie beside it */
    if (status == ELBO_OK && !images)
        status = find(folder, strcmp(part, "train") == 0 ? "t10k" : "train", "images", &others);
    if (status == ELBO_OK && (images || labels || others))
        status = load_idx(folder, part, images, labels, classes, out);
    else if (status == ELBO_OK)
        status = load_png(folder, part, classes, out);
    elbo__free(images);
    elbo__free(labels);
    elbo__free(others);
    return status;
}

elbo_status elbo_images_load(const char *folder, const char *part, int classes, elbo_images *out)
{
    static const char sprites[] = "sprites";
    const size_t length = sizeof sprites - 1;
    elbo_status status;
    *out = (elbo_images){.owned = true};
    if (strcmp(folder, sprites) == 0)
        status = elbo__images_load_sprites(part, NULL, classes, out);
    else if (strncmp(folder, sprites, length) == 0 && folder[length] == ':')
        status = elbo__images_load_sprites(part, folder + length + 1, classes, out);
    else
        status = load_folder(folder, part, classes, out);
    if (status != ELBO_OK)
        elbo_images_free(out);
    return status;
}

/* ---- names of classes -------------------------------------------------------------------------------------------- */

elbo_status elbo__images_name(elbo_images *out, const char *const *names, int count)
{
    out->class_names = elbo__calloc((size_t)out->classes + 1, sizeof *out->class_names);
    if (!out->class_names)
        return ELBO_NO_MEMORY;
    for (int i = 0; i < out->classes; i++) {
        out->class_names[i] = i < count ? elbo__strdup(names[i]) : elbo__format("%d", i);
        if (!out->class_names[i])
            return ELBO_NO_MEMORY;
    }
    return ELBO_OK;
}

static void free_names(char **names)
{
    for (char **name = names; name && *name; name++)
        elbo__free(*name);
    elbo__free(names);
}

/* The place of a name in a list; -1 when it has none. */
static int find_name(const char *name, const char *const *names, int count)
{
    for (int i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0)
            return i;
    return -1;
}

elbo_status elbo_images_match(elbo_images *images, const char *const *names, int count)
{
    if (!images->class_names || !images->labels.data)
        return ELBO_OK;
    elbo_images named = {.classes = count};
    elbo_status status = elbo__images_name(&named, names, count);
    for (int64_t i = 0; i < images->count && status == ELBO_OK; i++) {
        const char *name = images->class_names[(int)elbo_tensor_get(&images->labels, &i)];
        const int label = find_name(name, names, count);
        if (label < 0)
            status = elbo__fail(ELBO_FORMAT, "image %lld is of class \"%s\", which the model does not know",
                                (long long)i, name);
        else
            elbo_tensor_set(&images->labels, &i, label);
    }
    char **spare = status == ELBO_OK ? images->class_names : named.class_names;
    if (status == ELBO_OK) {
        images->class_names = named.class_names;
        images->classes = count;
    }
    free_names(spare);
    return status;
}

void elbo_images_free(elbo_images *images)
{
    if (!images)
        return;
    if (images->owned) {
        elbo_tensor_free(&images->images);
        elbo_tensor_free(&images->labels);
        elbo_tensor_free(&images->factors);
        free_names(images->class_names);
    }
    *images = (elbo_images){.owned = false};
}
