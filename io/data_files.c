#include "data_files.h"

#include <string.h>

#include "../tensor/memory.h"
#include "../tensor/text.h"
#include "array_file.h"
#include "left_out.h"
#include "listing.h"
#include "picture_format.h"

/* ---- arrays as they are in files --------------------------------------------------------------------------------- */

/* Arrays of colour images as other programs have them, (N, H, W, 3); nobody has images of one or three columns. */
static bool has_channels_last(const elbo_shape *shape)
{
    return shape->ndim == 4 && (shape->dim[3] == 1 || shape->dim[3] == 3 || shape->dim[3] == 4) && shape->dim[1] > 4;
}

elbo_status elbo__data_complete(const elbo__data_names *names, int classes, elbo_images *out)
{
    const elbo_shape *images = &out->images.layout.shape, *labels = &out->labels.layout.shape;
    if (has_channels_last(images))
        return elbo__fail(names->status,
                          "%s: %s: channels come last, but (N, C, H, W) is expected, as numpy.moveaxis(x, 3, 1) gives",
                          names->images, elbo_shape_format(images).text);
    if (out->labels.data && labels->ndim == 2 && labels->dim[1] == 1)
        out->labels = elbo_tensor_of(out->labels.dtype, ELBO_SHAPE(labels->dim[0]), out->labels.data);
    return elbo__images_complete(names, classes, out);
}

static elbo_status load_arrays(const elbo__data_names *names, int classes, elbo_images *out)
{
    elbo_status status = elbo__array_map(names->images, &out->images, &out->mapping);
    if (status == ELBO_OK && !out->mapping)
        status = elbo__array_read_images(names->images, &out->images);
    if (status == ELBO_OK && names->labels && classes != ELBO_WITHOUT_LABELS)
        status = elbo__array_read(names->labels, &out->labels);
    if (status == ELBO_OK && names->mask)
        status = elbo__array_read(names->mask, &out->mask);
    return status == ELBO_OK ? elbo__data_complete(names, classes, out) : status;
}

/* ---- single files ------------------------------------------------------------------------------------------------ */

static elbo_status find_train(const elbo__origin *origin, const char *part, bool *found)
{
    (void)origin;
    *found = strcmp(part, "train") == 0;
    return ELBO_OK;
}

static elbo_status load_array_file(const elbo__origin *origin, const char *part, int classes, elbo_images *out)
{
    (void)part;
    out->labelling = "one whole number for each image, in another file, as in images.npy:labels.npy";
    return load_arrays(&(elbo__data_names){.images = origin->path, .labels = origin->rest, .status = ELBO_FORMAT},
                       classes, out);
}

static elbo_status load_csv_file(const elbo__origin *origin, const char *part, int classes, elbo_images *out)
{
    (void)part;
    return elbo__images_load_csv(origin->path, origin, classes, out);
}

static bool begins_zip(const elbo__file_head *head)
{
    return memcmp(head->raw, "PK\3\4", 4) == 0 || memcmp(head->raw, "PK\5\6", 4) == 0;
}

/* CSV begins with anything, so its name must tell. */
static bool begins_csv(const elbo__file_head *head)
{
    (void)head;
    return false;
}

/* A file is of the first kind that it begins as, whatever its name; else of the first that it is named as. */
static const struct kind {
    bool (*begins)(const elbo__file_head *head);
    const char *endings[2];
    elbo_status (*load)(const elbo__origin *origin, const char *part, int classes, elbo_images *out);
    elbo_status (*find)(const elbo__origin *origin, const char *part, bool *found);
} kinds[] = {
    {elbo__begins_array, {".npy", NULL}, load_array_file, find_train},
    {begins_zip, {".npz", NULL}, elbo__images_load_npz, elbo__images_find_npz},
    {begins_csv, {".csv", ".csv.gz"}, load_csv_file, find_train},
};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

static bool ends_with(const char *name, const char *ending)
{
    const size_t n = strlen(name), m = ending ? strlen(ending) : 0;
    return m && n > m && elbo__same_letters(name + n - m, ending);
}

static bool is_named(const struct kind *kind, const char *path)
{
    return ends_with(path, kind->endings[0]) || ends_with(path, kind->endings[1]);
}

bool elbo__is_data_file_name(const char *path)
{
    for (int i = 0; i < KINDS; i++)
        if (is_named(&kinds[i], path))
            return true;
    return false;
}

static elbo_status kind_of_file(const char *path, const struct kind **out)
{
    elbo__file_head head;
    *out = NULL;
    elbo_status status = elbo__file_head_of(path, &head);
    if (status != ELBO_OK)
        return status;
    for (int i = 0; i < KINDS && !*out; i++)
        if (kinds[i].begins(&head))
            *out = &kinds[i];
    for (int i = 0; i < KINDS && !*out; i++)
        if (is_named(&kinds[i], path))
            *out = &kinds[i];
    if (*out)
        return ELBO_OK;
    return elbo__fail(ELBO_FORMAT, "%s: %s", path,
                      elbo__picture_format_of(path) ? "is a picture: a folder of pictures is read as data"
                                                    : "is no IDX, .npy, .npz or .csv file");
}

elbo_status elbo__images_load_file(const elbo__origin *origin, const char *part, int classes, elbo_images *out)
{
    const struct kind *kind;
    bool found = false;
    elbo_status status = kind_of_file(origin->path, &kind);
    if (status == ELBO_OK)
        status = kind->find(origin, part, &found);
    if (status == ELBO_OK && !found)
        status = elbo__fail(ELBO_IO, "%s: has no %s part", origin->path, elbo__is_test_part(part) ? "test" : part);
    return status == ELBO_OK ? kind->load(origin, part, classes, out) : status;
}

elbo_status elbo__images_find_in_file(const elbo__origin *origin, const char *part, bool *found)
{
    const struct kind *kind;
    elbo_status status = kind_of_file(origin->path, &kind);
    return status == ELBO_OK ? kind->find(origin, part, found) : status;
}

/* ---- folders of arrays ------------------------------------------------------------------------------------------- */

static const char *const train_names[] = {"train", NULL}, *const test_names[] = {"test", "t10k", NULL};

/* What files of a part are called behind its name; the first is in messages. */
static const char *const image_endings[] = {".npy", "-images.npy", ".csv", ".csv.gz", NULL};
static const char *const label_endings[] = {"-labels.npy", NULL}, *const mask_endings[] = {"-mask.npy", NULL};

/* *out = the one file of these names that the folder has, or NULL. */
static elbo_status find_one(const char *folder, const elbo__listing *all, const char *const *names,
                            const char *const *endings, const char **out)
{
    *out = NULL;
    for (const char *const *name = names; *name; name++)
        for (const char *const *ending = endings; *ending; ending++) {
            char *wanted = elbo__format("%s%s", *name, *ending);
            if (!wanted)
                return ELBO_NO_MEMORY;
            const int at = elbo__listing_find(all, wanted);
            elbo__free(wanted);
            if (at < 0)
                continue;
            if (*out)
                return elbo__fail(ELBO_FORMAT, "%s: both %s and %s: which one?", folder, *out, all->names[at]);
            *out = all->names[at];
        }
    return ELBO_OK;
}

typedef struct {
    elbo__listing all;
    const char *images, *labels, *mask; /* names in `all`, or NULL             */
    bool held;                          /* images of either part are there     */
} arrays;

static elbo_status find_arrays(const char *folder, const char *part, arrays *out)
{
    const bool test = elbo__is_test_part(part);
    const char *const own[] = {part, NULL}, *const *names = test ? test_names : own;
    const char *other = NULL;
    *out = (arrays){.images = NULL};
    elbo_status status = elbo__list_folder(folder, &out->all);
    if (status == ELBO_OK)
        status = find_one(folder, &out->all, names, image_endings, &out->images);
    if (status == ELBO_OK)
        status = find_one(folder, &out->all, names, label_endings, &out->labels);
    if (status == ELBO_OK)
        status = find_one(folder, &out->all, names, mask_endings, &out->mask);
    if (status == ELBO_OK)
        status = find_one(folder, &out->all, test ? train_names : test_names, image_endings, &other);
    out->held = out->images || other;
    if (status != ELBO_OK)
        elbo__listing_free(&out->all);
    return status;
}

bool elbo__is_array_name(const char *name)
{
    static const char *const *const all_endings[] = {image_endings, label_endings, mask_endings};
    static const char *const parts[] = {"train", "test", "t10k"};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        for (size_t k = 0; k < sizeof all_endings / sizeof all_endings[0] && strncmp(name, parts[i], 4) == 0; k++)
            for (const char *const *ending = all_endings[k]; *ending; ending++) {
                const size_t n = strlen(parts[i]);
                if (strncmp(name, parts[i], n) == 0 && strcmp(name + n, *ending) == 0)
                    return true;
            }
    return false;
}

/* *path = FOLDER/NAME, or NULL without a name. */
static elbo_status path_of(const char *folder, const char *name, const char **path)
{
    *path = name ? elbo__format("%s/%s", folder, name) : NULL;
    return *path || !name ? ELBO_OK : ELBO_NO_MEMORY;
}

static elbo_status load_part(const elbo__origin *origin, const arrays *files, int classes, elbo_images *out)
{
    elbo__data_names names = {.status = ELBO_FORMAT};
    elbo_status status = path_of(origin->path, files->images, &names.images);
    if (status == ELBO_OK)
        status = path_of(origin->path, files->labels, &names.labels);
    if (status == ELBO_OK)
        status = path_of(origin->path, files->mask, &names.mask);
    const bool csv = status == ELBO_OK && is_named(&kinds[KINDS - 1], names.images);
    if (status == ELBO_OK && csv)
        status = elbo__images_load_csv(names.images, origin, classes, out);
    else if (status == ELBO_OK && origin->rest)
        status = elbo__fail(ELBO_INVALID, "%s: \"%s\" behind the ':' names a column of labels, but %s is no .csv file",
                            origin->path, origin->rest, names.images);
    else if (status == ELBO_OK)
        status = load_arrays(&names, classes, out);
    if (!csv)
        out->labelling = "one whole number for each image, in PART-labels.npy";
    elbo__free((char *)names.images);
    elbo__free((char *)names.labels);
    elbo__free((char *)names.mask);
    return status;
}

static elbo_status tell_left_out(const elbo__listing *all, char **out)
{
    elbo__left_out left = {.count = {0}};
    elbo_status status = ELBO_OK;
    for (size_t i = 0; i < all->count && status == ELBO_OK; i++)
        if (all->names[i][0] != '.' && !elbo__is_array_name(all->names[i]))
            status = elbo__leave_out(&left, ELBO__BESIDE_ARRAYS, "", all->names[i]);
    if (status == ELBO_OK)
        status = elbo__left_out_text(&left, out);
    elbo__left_out_free(&left);
    return status;
}

elbo_status elbo__images_load_arrays(const elbo__origin *origin, const char *part, int classes, elbo_images *out,
                                     bool *held)
{
    arrays files;
    elbo_status status = find_arrays(origin->path, part, &files);
    *held = files.held;
    if (status != ELBO_OK || !files.held) {
        elbo__listing_free(&files.all);
        return status;
    }
    if (!files.images)
        status = elbo__fail(ELBO_IO, "%s/%s.npy: no such file, and no %s.csv", origin->path,
                            elbo__is_test_part(part) ? "test" : part, elbo__is_test_part(part) ? "test" : part);
    if (status == ELBO_OK)
        status = load_part(origin, &files, classes, out);
    if (status == ELBO_OK)
        status = tell_left_out(&files.all, &out->left_out);
    elbo__listing_free(&files.all);
    return status;
}

elbo_status elbo__images_find_arrays(const char *folder, const char *part, bool *held, bool *found)
{
    arrays files;
    elbo_status status = find_arrays(folder, part, &files);
    *held = files.held;
    *found = files.images || (files.held && files.labels);
    elbo__listing_free(&files.all);
    return status;
}
