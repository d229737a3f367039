#include "dataset.h"

#include <string.h>

#include "../tensor/memory.h"
#include "../tensor/text.h"
#include "bytes.h"
#include "data_files.h"
#include "dataset_private.h"
#include "listing.h"
#include "mapping.h"
#include "picture_format.h"
#include "survey.h"

/* ---- checks ------------------------------------------------------------------------------------------------------ */

static elbo_status check_shape(const elbo__data_names *names, elbo_images *out)
{
    const elbo_shape *shape = &out->images.layout.shape;
    if (shape->ndim < 2 || shape->ndim > 4)
        return elbo__fail(names->status, "%s: expected images (N, D), (N, H, W) or (N, C, H, W), got %s", names->images,
                          elbo_shape_format(shape).text);
    if (out->images.dtype == ELBO_I32)
        return elbo__fail(names->status,
                          "%s: images of whole numbers wider than u8 are not supported: save x.astype('uint8') where "
                          "they are grey levels 0 to 255, else x.astype('float32')",
                          names->images);
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

/* ---- the whole --------------------------------------------------------------------------------------------------- */

elbo_status elbo__images_complete(const elbo__data_names *names, int classes, elbo_images *out)
{
    if (classes < ELBO_WITHOUT_LABELS || classes > ELBO_MAX_CLASSES)
        return elbo__fail(ELBO_INVALID, "%d classes: there can be at most %d", classes, ELBO_MAX_CLASSES);
    elbo_status status = check_shape(names, out);
    if (status == ELBO_OK)
        status = check_labels(names, classes, out);
    if (status == ELBO_OK)
        status = elbo__images_survey(names, out);
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

/* ---- files and folders ------------------------------------------------------------------------------------------- */

bool elbo__is_test_part(const char *part)
{
    return strcmp(part, "test") == 0 || strcmp(part, "t10k") == 0;
}

static elbo_status nothing_behind(const elbo__origin *origin)
{
    return !origin->rest ? ELBO_OK
                         : elbo__fail(ELBO_INVALID, "%s: \"%s\" behind the ':' means nothing for a folder of files",
                                      origin->path, origin->rest);
}

static elbo_status check_there(const char *path)
{
    elbo__kind kind;
    return elbo__kind_of(path, &kind) == ELBO_OK && kind == ELBO__NOTHING
               ? elbo__fail(ELBO_IO, "%s: no such file or folder", path)
               : ELBO_OK; /* what the system does not tell, listing it does */
}

static elbo_status holds_nothing(const char *folder, const char *part)
{
    if (strcmp(part, "train") != 0 && !elbo__is_test_part(part))
        return elbo__fail(ELBO_IO, "%s/%s-images-idx3-ubyte: no such file, plain or .gz", folder, part);
    return elbo__fail(
        ELBO_IO, "%s: holds no " ELBO__PICTURES " pictures, and no arrays by the names of parts, such as train.npy",
        folder);
}

static elbo_status load_folder(const elbo__origin *origin, const char *part, int classes, elbo_images *out)
{
    const char *folder = origin->path;
    bool found;
    elbo_status status = check_there(folder);
    if (status != ELBO_OK)
        return status;
    status = elbo__images_load_idx(folder, part, classes, out, &found);
    if (status != ELBO_OK || found)
        return status == ELBO_OK ? nothing_behind(origin) : status;
    status = elbo__images_load_arrays(origin, part, classes, out, &found);
    if (status != ELBO_OK || found)
        return status;
    status = elbo__images_load_pictures(folder, part, classes, out, &found);
    if (status == ELBO_OK && !found)
        status = holds_nothing(folder, part);
    return status == ELBO_OK ? nothing_behind(origin) : status;
}

static elbo_status find_in_folder(const elbo__origin *origin, const char *part, bool *found)
{
    bool held;
    elbo_status status = elbo__images_find_idx(origin->path, part, &held, found);
    if (status != ELBO_OK || held)
        return status;
    status = elbo__images_find_arrays(origin->path, part, &held, found);
    if (status != ELBO_OK || held)
        return status;
    return elbo__images_find_pictures(origin->path, part, found);
}

static elbo_status load_made_up(const elbo__origin *origin, const char *part, int classes, elbo_images *out)
{
    return elbo__images_load_sprites(part, origin->rest, classes, out);
}

static elbo_status find_made_up(const elbo__origin *origin, const char *part, bool *found)
{
    (void)origin;
    *found = strcmp(part, "train") == 0 || elbo__is_test_part(part);
    return ELBO_OK;
}

static const struct place {
    elbo_status (*load)(const elbo__origin *origin, const char *part, int classes, elbo_images *out);
    elbo_status (*find)(const elbo__origin *origin, const char *part, bool *found);
} made_up = {load_made_up, find_made_up}, folder = {load_folder, find_in_folder},
  file = {elbo__images_load_file, elbo__images_find_in_file};

/* What is not there is looked for as a folder, unless it is named as a file. */
static const struct place *place_of(const elbo__origin *origin)
{
    elbo__kind kind = ELBO__NOTHING;
    if (origin->made_up)
        return &made_up;
    const bool known = elbo__kind_of(origin->path, &kind) == ELBO_OK;
    return known && (kind == ELBO__FILE || (kind == ELBO__NOTHING && elbo__is_data_file_name(origin->path))) ? &file
                                                                                                             : &folder;
}

/* columns = NULL: plain numbers */
static elbo_status load(const char *source, const char *part, const char *columns, bool exact, int classes,
                        elbo_images *out)
{
    elbo__origin origin;
    *out = (elbo_images){.owned = true};
    elbo_status status = elbo__origin_of(source, &origin);
    origin.columns = columns;
    origin.exact = exact;
    if (status == ELBO_OK)
        status = place_of(&origin)->load(&origin, part, classes, out);
    if (status == ELBO_OK && columns && !out->columns)
        status = elbo__fail(ELBO_FORMAT, "%s: is no table with named columns, as .csv files are", origin.path);
    elbo__origin_free(&origin);
    if (status != ELBO_OK)
        elbo_images_free(out);
    return status;
}

elbo_status elbo_images_load(const char *source, const char *part, int classes, elbo_images *out)
{
    return load(source, part, NULL, false, classes, out);
}

elbo_status elbo_images_load_columns(const char *source, const char *part, const char *columns, bool exact, int classes,
                                     elbo_images *out)
{
    return load(source, part, columns, exact, classes, out);
}

elbo_status elbo_images_find(const char *source, const char *part, bool *found)
{
    elbo__origin origin;
    *found = false;
    elbo_status status = elbo__origin_of(source, &origin);
    if (status == ELBO_OK)
        status = place_of(&origin)->find(&origin, part, found);
    elbo__origin_free(&origin);
    return status;
}

elbo_images elbo_images_first(const elbo_images *images, int64_t n)
{
    elbo_images few = *images;
    few.owned = false;
    if (few.count > n) {
        few.count = few.images.layout.shape.dim[0] = n;
        elbo_tensor *others[] = {&few.labels, &few.mask, &few.factors};
        for (int i = 0; i < 3; i++)
            if (others[i]->data)
                others[i]->layout.shape.dim[0] = n;
    }
    return few;
}

void elbo_images_free(elbo_images *images)
{
    if (!images)
        return;
    if (images->mapping)
        images->images.data = NULL; /* which is in there */
    elbo__unmap(images->mapping);
    if (images->owned) {
        elbo_tensor_free(&images->images);
        elbo_tensor_free(&images->labels);
        elbo_tensor_free(&images->factors);
        elbo__free_names(images->class_names);
        elbo__free_names(images->file_names);
        elbo__free(images->columns);
        elbo__free(images->left_out);
    }
    elbo_tensor_free(&images->mask); /* always a copy */
    *images = (elbo_images){.owned = false};
}
