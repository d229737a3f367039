#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../tensor/memory.h"
#include "../tensor/text.h"
#include "dataset_private.h"
#include "png.h"
#include "png_private.h"

enum { TEST_EVERY = 10 }; /* one file of so many is for the test part when no folder says so */

typedef struct {
    char **items;
    size_t count, capacity;
} names;

struct picture {
    char *path;
    int label; /* -1: none */
    bool test;
};

/* All pictures of a folder, of both parts: these must agree in size, colour and classes. */
struct album {
    const char *folder;
    struct picture *pictures;
    size_t count, capacity;
    names classes; /* the sub-folders of the training part */
    elbo_shape shape;
};

/* ---- folders ----------------------------------------------------------------------------------------------------- */

static elbo_status add_name(names *list, const char *name)
{
    elbo_status status = elbo__grow((void **)&list->items, &list->capacity, list->count + 1, sizeof *list->items);
    if (status == ELBO_OK && !(list->items[list->count] = elbo__strdup(name)))
        status = ELBO_NO_MEMORY;
    list->count += status == ELBO_OK;
    return status;
}

static void free_names(names *list)
{
    for (size_t i = 0; i < list->count; i++)
        elbo__free(list->items[i]);
    elbo__free(list->items);
}

static int by_name(const void *a, const void *b)
{
    return strverscmp(*(char *const *)a, *(char *const *)b);
}

static void sort_names(names *list)
{
    if (list->count > 0)
        qsort(list->items, list->count, sizeof *list->items, by_name);
}

static bool is_folder(DIR *entries, const struct dirent *entry)
{
    struct stat info;
    if (entry->d_type != DT_UNKNOWN && entry->d_type != DT_LNK)
        return entry->d_type == DT_DIR;
    return fstatat(dirfd(entries), entry->d_name, &info, 0) == 0 && S_ISDIR(info.st_mode);
}

static bool is_png(const char *name)
{
    const size_t length = strlen(name);
    return length > 4 && elbo__same_letters(name + length - 4, ".png");
}

/* The PNG files of a folder and its sub-folders, each sorted; what is hidden does not count. */
static elbo_status list_folder(const char *path, names *files, names *folders)
{
    DIR *entries = opendir(path);
    if (!entries)
        return elbo__fail(ELBO_IO, "%s: cannot open the folder: %s", path, elbo__reason(errno));
    elbo_status status = ELBO_OK;
    for (const struct dirent *entry; status == ELBO_OK && (entry = readdir(entries));) {
        if (entry->d_name[0] == '.')
            continue;
        if (is_folder(entries, entry))
            status = add_name(folders, entry->d_name);
        else if (is_png(entry->d_name))
            status = add_name(files, entry->d_name);
    }
    closedir(entries);
    sort_names(files);
    sort_names(folders);
    return status;
}

/* ---- the album --------------------------------------------------------------------------------------------------- */

static elbo_status add_pictures(struct album *album, const char *path, const names *files, int label, bool test)
{
    elbo_status status = elbo__grow((void **)&album->pictures, &album->capacity, album->count + files->count,
                                    sizeof *album->pictures);
    for (size_t i = 0; i < files->count && status == ELBO_OK; i++) {
        char *file = elbo__format("%s/%s", path, files->items[i]);
        if (file)
            album->pictures[album->count++] = (struct picture){file, label, test};
        else
            status = ELBO_NO_MEMORY;
    }
    return status;
}

/* The training part comes first, sorted, and makes the classes; those of the test part must be among them. */
static elbo_status find_class(struct album *album, const char *path, const char *name, bool test, int *label)
{
    names *classes = &album->classes;
    if (test) {
        char **found = NULL;
        if (classes->count > 0)
            found = bsearch(&name, classes->items, classes->count, sizeof *classes->items, by_name);
        if (!found)
            return elbo__fail(ELBO_FORMAT, "%s: no such class: %s/train has no folder of that name with PNG files",
                              path, album->folder);
        *label = (int)(found - classes->items);
        return ELBO_OK;
    }
    if (classes->count == ELBO_MAX_CLASSES)
        return elbo__fail(ELBO_FORMAT, "%s: more than %d classes", path, ELBO_MAX_CLASSES);
    *label = (int)classes->count;
    return add_name(classes, name);
}

/* A sub-folder is a class if it holds PNG files, and of no matter otherwise. */
static elbo_status add_sub_folder(struct album *album, const char *parent, const char *name, bool test)
{
    names files = {0}, folders = {0};
    int label = 0;
    char *path = elbo__format("%s/%s", parent, name);
    elbo_status status = path ? list_folder(path, &files, &folders) : ELBO_NO_MEMORY;
    if (status == ELBO_OK && files.count > 0) {
        status = find_class(album, path, name, test, &label);
        if (status == ELBO_OK)
            status = add_pictures(album, path, &files, label, test);
    }
    free_names(&files);
    free_names(&folders);
    elbo__free(path);
    return status;
}

static elbo_status add_folder(struct album *album, const char *path, bool test)
{
    names files = {0}, folders = {0};
    const size_t before = album->count;
    elbo_status status = list_folder(path, &files, &folders);
    for (size_t i = 0; i < folders.count && status == ELBO_OK; i++)
        status = add_sub_folder(album, path, folders.items[i], test);
    if (status == ELBO_OK && files.count > 0 && album->count > before)
        status = elbo__fail(ELBO_FORMAT, "%s: holds both %s and %s: are the images with labels, or without?", path,
                            files.items[0], album->pictures[before].path + strlen(path) + 1);
    if (status == ELBO_OK)
        status = add_pictures(album, path, &files, -1, test);
    free_names(&files);
    free_names(&folders);
    return status;
}

/* *out = the path of a sub-folder, or NULL when there is none */
static elbo_status find_folder(const char *folder, const char *name, char **out)
{
    struct stat info;
    *out = elbo__format("%s/%s", folder, name);
    if (!*out)
        return ELBO_NO_MEMORY;
    if (stat(*out, &info) != 0 || !S_ISDIR(info.st_mode)) {
        elbo__free(*out);
        *out = NULL;
    }
    return ELBO_OK;
}

static elbo_status add_parts(struct album *album, const char *train, const char *test)
{
    elbo_status status = ELBO_OK;
    if (train)
        status = add_folder(album, train, false);
    if (status == ELBO_OK && test)
        status = add_folder(album, test, true);
    if (train || test)
        return status;
    status = add_folder(album, album->folder, false);
    for (size_t i = TEST_EVERY - 1; i < album->count; i += TEST_EVERY)
        album->pictures[i].test = true;
    return status;
}

/* *count = the pictures of the part that is wanted */
static elbo_status fill_album(struct album *album, bool wants_test, size_t *count)
{
    char *train = NULL, *test = NULL, *t10k = NULL;
    elbo_status status = find_folder(album->folder, "train", &train);
    if (status == ELBO_OK)
        status = find_folder(album->folder, "test", &test);
    if (status == ELBO_OK)
        status = find_folder(album->folder, "t10k", &t10k);
    if (status == ELBO_OK && test && t10k)
        status = elbo__fail(ELBO_FORMAT, "%s: both test and t10k: which one?", album->folder);
    if (status == ELBO_OK)
        status = add_parts(album, train, test ? test : t10k);
    *count = 0;
    for (size_t i = 0; i < album->count; i++)
        *count += album->pictures[i].test == wants_test;
    if (status == ELBO_OK && album->count > 0 && *count == 0) {
        if (train || test || t10k)
            status = elbo__fail(ELBO_IO, "%s/%s: no PNG files there", album->folder,
                                !wants_test ? "train"
                                : t10k      ? "t10k"
                                            : "test");
        else
            status = elbo__fail(ELBO_IO, "%s: every tenth PNG file is for the test part, but there are only %zu",
                                album->folder, album->count);
    }
    elbo__free(train);
    elbo__free(test);
    elbo__free(t10k);
    return status;
}

static void free_album(struct album *album)
{
    for (size_t i = 0; i < album->count; i++)
        elbo__free(album->pictures[i].path);
    elbo__free(album->pictures);
    free_names(&album->classes);
}

/* ---- pixels ------------------------------------------------------------------------------------------------------ */

/* Without a look at the pixels: all must be of one size, and one in colour makes all so. */
static elbo_status agree_on_shape(struct album *album)
{
    elbo_shape first = {0}, shape;
    for (size_t i = 0; i < album->count; i++) {
        const char *path = album->pictures[i].path;
        elbo_status status = elbo__png_peek(path, &shape);
        if (status != ELBO_OK)
            return status;
        if (i == 0)
            first = album->shape = shape;
        if (shape.dim[0] != first.dim[0] || shape.dim[1] != first.dim[1])
            return elbo__fail(ELBO_FORMAT, "%s: %lld rows of %lld pixels, but %s has %lld rows of %lld", path,
                              (long long)shape.dim[0], (long long)shape.dim[1], album->pictures[0].path,
                              (long long)first.dim[0], (long long)first.dim[1]);
        if (shape.ndim == 3)
            album->shape = shape;
    }
    return ELBO_OK;
}

/* (H, W) or (H, W, 3) into `channels` planes of H W pixels */
static elbo_status read_picture(const struct album *album, const char *path, int channels, unsigned char *planes)
{
    elbo_tensor picture;
    elbo_status status = elbo_png_read(path, &picture);
    if (status != ELBO_OK)
        return status;
    const elbo_shape *shape = &picture.layout.shape;
    const int64_t pixels = album->shape.dim[0] * album->shape.dim[1], step = shape->ndim == 3 ? 3 : 1;
    const unsigned char *from = picture.data;
    if (shape->dim[0] != album->shape.dim[0] || shape->dim[1] != album->shape.dim[1] || step > channels)
        status = elbo__fail(ELBO_IO, "%s: has changed while it was read", path);
    else
        for (int c = 0; c < channels; c++)
            for (int64_t i = 0; i < pixels; i++)
                planes[c * pixels + i] = from[i * step + c % step];
    elbo_tensor_free(&picture);
    return status;
}

static elbo_status read_part(const struct album *album, bool test, size_t count, elbo_images *out)
{
    const int64_t h = album->shape.dim[0], w = album->shape.dim[1], n = (int64_t)count;
    const int channels = album->shape.ndim == 3 ? 3 : 1;
    out->images = elbo_tensor_new(ELBO_U8, channels == 3 ? ELBO_SHAPE(n, 3, h, w) : ELBO_SHAPE(n, h, w));
    elbo_tensor labels = elbo_tensor_new(ELBO_I32, ELBO_SHAPE(n));
    bool labelled = false;
    int64_t at = 0;
    elbo_status status = out->images.data && labels.data ? ELBO_OK : ELBO_NO_MEMORY;
    for (size_t i = 0; i < album->count && status == ELBO_OK; i++) {
        const struct picture *picture = &album->pictures[i];
        if (picture->test != test)
            continue;
        status = read_picture(album, picture->path, channels,
                              (unsigned char *)out->images.data + at * channels * h * w);
        ((int32_t *)labels.data)[at++] = picture->label;
        labelled = picture->label >= 0;
    }
    if (status == ELBO_OK && labelled)
        out->labels = labels;
    else
        elbo_tensor_free(&labels);
    return status;
}

static elbo_status check_classes(const struct album *album, int classes)
{
    if (classes <= 0 || album->classes.count <= (size_t)classes)
        return ELBO_OK;
    return elbo__fail(ELBO_FORMAT, "%s: the folder %s is class %d, outside the classes 0 to %d", album->folder,
                      album->classes.items[classes], classes, classes - 1);
}

static elbo_status load(struct album *album, bool test, size_t count, int classes, elbo_images *out)
{
    elbo_status status = check_classes(album, classes);
    if (status == ELBO_OK)
        status = agree_on_shape(album);
    if (status == ELBO_OK)
        status = read_part(album, test, count, out);
    if (status != ELBO_OK)
        return status;
    const int named = (int)album->classes.count;
    const bool labelled = out->labels.data;
    status = elbo__images_complete(&(elbo__data_names){album->folder, album->folder, ELBO_FORMAT},
                                   classes == 0 && labelled ? named : classes, out);
    if (status == ELBO_OK && labelled)
        status = elbo__images_name(out, (const char *const *)album->classes.items, named);
    return status;
}

elbo_status elbo__images_load_png(const char *folder, const char *part, int classes, elbo_images *out, bool *found)
{
    const bool test = strcmp(part, "t10k") == 0 || strcmp(part, "test") == 0;
    struct album album = {.folder = folder};
    size_t count;
    *found = false;
    if (!test && strcmp(part, "train") != 0)
        return ELBO_OK;
    elbo_status status = fill_album(&album, test, &count);
    *found = album.count > 0;
    if (status == ELBO_OK && *found)
        status = load(&album, test, count, classes, out);
    free_album(&album);
    return status;
}
