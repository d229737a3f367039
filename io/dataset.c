#include "dataset.h"

#include <string.h>

#include "../tensor/memory.h"
#include "../tensor/text.h"
#include "bytes.h"
#include "dataset_private.h"
#include "picture_format.h"

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

static elbo_status check_labels(const elbo__data_names *names, int classes, elbo_images *out)
{
    const elbo_tensor *labels = &out->labels;
    const elbo_shape *shape = &labels->layout.shape;
    if (!labels->data)
        return ELBO_OK;
    if (shape->ndim != 1 || (labels->dtype != ELBO_U8 && labels->dtype != ELBO_I32))
        return elbo__fail(names->status, "%s: expected labels (N), one whole number for each image, got %s %s%s",
                          names->labels, elbo_dtype_name(labels->dtype), elbo_shape_format(shape).text,
                          shape->ndim == 2 && shape->dim[1] > 1 ? ", as of one-hot rows" : "");
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

uint64_t elbo__images_fingerprint(const elbo_images *images)
{
    uint64_t hash = hash_tensor(ELBO__HASH_START, &images->images);
    if (images->labels.data)
        hash = hash_tensor(hash, &images->labels);
    return images->mask.data ? hash_tensor(hash, &images->mask) : hash;
}

elbo_status elbo__images_complete(const elbo__data_names *names, int classes, elbo_images *out)
{
    if (classes < ELBO_WITHOUT_LABELS || classes > ELBO_MAX_CLASSES)
        return elbo__fail(ELBO_INVALID, "%d classes: there can be at most %d", classes, ELBO_MAX_CLASSES);
    elbo_status status = check_shape(names, out);
    if (status == ELBO_OK)
        status = check_labels(names, classes, out);
    if (status == ELBO_OK)
        status = elbo__images_find_missing(names, out);
    if (status == ELBO_OK)
        out->fingerprint = elbo__images_fingerprint(out);
    return status;
}

elbo_status elbo_images_of(const elbo_tensor *images, const elbo_tensor *labels, int classes, elbo_images *out)
{
    static const elbo__data_names names = {.images = "images", .labels = "labels", .status = ELBO_INVALID};
    *out = (elbo_images){.images = *images};
    if (classes == ELBO_WITHOUT_LABELS)
        labels = NULL;
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

bool elbo__is_test_part(const char *part)
{
    return strcmp(part, "test") == 0 || strcmp(part, "t10k") == 0;
}

/* Whether the folder is "sprites" or "sprites:FACTOR"; *label = the factor, NULL for the usual one. */
static bool is_made_up(const char *folder, const char **label)
{
    static const char sprites[] = "sprites";
    const size_t length = sizeof sprites - 1;
    if (strncmp(folder, sprites, length) != 0 || (folder[length] != '\0' && folder[length] != ':'))
        return false;
    *label = folder[length] ? folder + length + 1 : NULL;
    return true;
}

static elbo_status load_folder(const char *folder, const char *part, int classes, elbo_images *out)
{
    bool found;
    elbo_status status = elbo__images_load_idx(folder, part, classes, out, &found);
    if (status != ELBO_OK || found)
        return status;
    status = elbo__images_load_pictures(folder, part, classes, out, &found);
    if (status == ELBO_OK && !found)
        status = elbo__fail(ELBO_IO,
                            "%s/%s-images-idx3-ubyte: no such file, plain or .gz, and no " ELBO__PICTURES
                            " pictures for this part",
                            folder, elbo__is_test_part(part) ? "t10k" : part);
    return status;
}

elbo_status elbo_images_load(const char *folder, const char *part, int classes, elbo_images *out)
{
    const char *label;
    *out = (elbo_images){.owned = true};
    elbo_status status = is_made_up(folder, &label) ? elbo__images_load_sprites(part, label, classes, out)
                                                    : load_folder(folder, part, classes, out);
    if (status != ELBO_OK)
        elbo_images_free(out);
    return status;
}

elbo_status elbo_images_find(const char *folder, const char *part, bool *found)
{
    const char *label;
    bool idx;
    *found = false;
    if (is_made_up(folder, &label)) {
        *found = strcmp(part, "train") == 0 || elbo__is_test_part(part);
        return ELBO_OK;
    }
    elbo_status status = elbo__images_find_idx(folder, part, &idx, found);
    if (status != ELBO_OK || idx)
        return status;
    return elbo__images_find_pictures(folder, part, found);
}

void elbo_images_free(elbo_images *images)
{
    if (!images)
        return;
    if (images->owned) {
        elbo_tensor_free(&images->images);
        elbo_tensor_free(&images->labels);
        elbo_tensor_free(&images->factors);
        elbo__free_names(images->class_names);
        elbo__free_names(images->file_names);
        elbo__free(images->left_out);
    }
    elbo_tensor_free(&images->mask); /* always a copy */
    *images = (elbo_images){.owned = false};
}
