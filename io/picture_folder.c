/* A part of a folder of pictures, read. Which pictures there are is found in album.c. */
#include <stdlib.h>
#include <string.h>

#include "../tensor/memory.h"
#include "../tensor/text.h"
#include "../tensor/watch_private.h"
#include "album.h"
#include "dataset_private.h"

typedef struct {
    int64_t rows, columns;
} picture_size;

/* sizes (count) of all pictures, without a look at the pixels; *channels: one in colour makes all so. */
static elbo_status peek_at_all(const elbo__album *album, picture_size *sizes, int *channels)
{
    elbo_shape shape;
    *channels = 1;
    for (size_t i = 0; i < album->count; i++) {
        const elbo__picture *picture = &album->pictures[i];
        elbo_status status = elbo__watched("looking at images", (int64_t)i, (int64_t)album->count);
        if (status == ELBO_OK)
            status = picture->format->peek(picture->path, &shape);
        if (status != ELBO_OK)
            return status;
        sizes[i] = (picture_size){shape.dim[0], shape.dim[1]};
        if (shape.ndim == 3)
            *channels = 3;
    }
    return elbo__watched("looking at images", (int64_t)album->count, (int64_t)album->count);
}

static int by_size(const void *a, const void *b)
{
    const picture_size *x = a, *y = b;
    const int order = (x->rows > y->rows) - (x->rows < y->rows);
    return order ? order : (x->columns > y->columns) - (x->columns < y->columns);
}

/* The size that most of them have; *of = how many. `sorted` are in order. */
static picture_size most_common(const picture_size *sorted, size_t count, size_t *of)
{
    picture_size best = sorted[0];
    *of = 0;
    for (size_t i = 0, n = 0; i < count; i++) {
        n = i > 0 && by_size(&sorted[i], &sorted[i - 1]) == 0 ? n + 1 : 1;
        if (n > *of) {
            *of = n;
            best = sorted[i];
        }
    }
    return best;
}

/* Names the first picture that is not of the size of most. */
static elbo_status fail_for_sizes(const elbo__album *album, const picture_size *sizes)
{
    const size_t n = album->count;
    picture_size *sorted = elbo__calloc(n, sizeof *sorted);
    size_t of, odd = 0;
    char others[60] = "";
    if (!sorted)
        return ELBO_NO_MEMORY;
    memcpy(sorted, sizes, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, by_size);
    const picture_size most = most_common(sorted, n, &of);
    elbo__free(sorted);
    while (by_size(&sizes[odd], &most) == 0)
        odd++;
    if (n - of > 1)
        elbo__print(others, sizeof others, ", and %zu more %s not", n - of - 1, n - of == 2 ? "is" : "are");
    return elbo__fail(ELBO_FORMAT,
                      "%s: %lld pixels wide and %lld high, but %zu of the %zu pictures %s %lld wide and %lld high%s: "
                      "make all of one size, as ImageMagick's -resize '%lldx%lld!' does",
                      album->pictures[odd].path, (long long)sizes[odd].columns, (long long)sizes[odd].rows, of, n,
                      of == 1 ? "is" : "are", (long long)most.columns, (long long)most.rows, others,
                      (long long)most.columns, (long long)most.rows);
}

/* *out = (H, W), or (H, W, 3) where a picture is in colour: all must be of one size. */
static elbo_status agree_on_shape(const elbo__album *album, elbo_shape *out)
{
    int channels;
    picture_size *sizes = elbo__calloc(album->count, sizeof *sizes);
    elbo_status status = sizes ? peek_at_all(album, sizes, &channels) : ELBO_NO_MEMORY;
    for (size_t i = 1; i < album->count && status == ELBO_OK; i++)
        if (by_size(&sizes[i], &sizes[0]) != 0)
            status = fail_for_sizes(album, sizes);
    if (status == ELBO_OK)
        *out = channels == 3 ? ELBO_SHAPE(sizes[0].rows, sizes[0].columns, 3)
                             : ELBO_SHAPE(sizes[0].rows, sizes[0].columns);
    elbo__free(sizes);
    return status;
}

/* (H, W) or (H, W, 3) into `channels` planes (H, W) */
static elbo_status read_picture(const elbo__picture *picture, const elbo_shape *size, int channels,
                                unsigned char *planes)
{
    elbo_tensor read;
    elbo_status status = picture->format->read(picture->path, &read);
    if (status != ELBO_OK)
        return status;
    const elbo_shape *shape = &read.layout.shape;
    const int64_t pixels = size->dim[0] * size->dim[1], step = shape->ndim == 3 ? 3 : 1;
    const unsigned char *from = read.data;
    if (shape->dim[0] != size->dim[0] || shape->dim[1] != size->dim[1] || step > channels)
        status = elbo__fail(ELBO_IO, "%s: has changed while it was read", picture->path);
    else
        for (int c = 0; c < channels; c++)
            for (int64_t i = 0; i < pixels; i++)
                planes[c * pixels + i] = from[i * step + c % step];
    elbo_tensor_free(&read);
    return status;
}

static elbo_status read_part(const elbo__album *album, const elbo_shape *size, bool test, elbo_images *out)
{
    const int64_t h = size->dim[0], w = size->dim[1], n = (int64_t)(test ? album->tests : album->count - album->tests);
    const int channels = size->ndim == 3 ? 3 : 1;
    out->images = elbo_tensor_new(ELBO_U8, channels == 3 ? ELBO_SHAPE(n, 3, h, w) : ELBO_SHAPE(n, h, w));
    elbo_tensor labels = elbo_tensor_new(ELBO_I32, ELBO_SHAPE(n));
    bool labelled = false;
    int64_t at = 0;
    out->file_names = elbo__calloc((size_t)n + 1, sizeof *out->file_names);
    elbo_status status = out->images.data && labels.data && out->file_names ? ELBO_OK : ELBO_NO_MEMORY;
    for (size_t i = 0; i < album->count && status == ELBO_OK; i++) {
        const elbo__picture *picture = &album->pictures[i];
        if (picture->test != test)
            continue;
        status = elbo__watched("reading images", at, n);
        if (status == ELBO_OK)
            status = read_picture(picture, size, channels, (unsigned char *)out->images.data + at * channels * h * w);
        if (status == ELBO_OK && !(out->file_names[at] = elbo__strdup(elbo__album_inside(album, picture->path))))
            status = ELBO_NO_MEMORY;
        ((int32_t *)labels.data)[at++] = picture->label;
        labelled = picture->label >= 0;
    }
    if (status == ELBO_OK)
        status = elbo__watched("reading images", n, n);
    if (status == ELBO_OK && labelled)
        out->labels = labels;
    else
        elbo_tensor_free(&labels);
    return status;
}

static elbo_status check_classes(const elbo__album *album, int classes)
{
    if (classes <= 0 || album->classes.count <= (size_t)classes)
        return ELBO_OK;
    return elbo__fail(ELBO_FORMAT, "%s: the folder %s is class %d, outside the classes 0 to %d", album->folder,
                      album->classes.names[classes], classes, classes - 1);
}

static elbo_status load(const elbo__album *album, bool test, int classes, elbo_images *out)
{
    elbo_shape size = {0};
    out->labelling = "a folder of pictures for each class";
    elbo_status status = check_classes(album, classes);
    if (status == ELBO_OK)
        status = agree_on_shape(album, &size);
    if (status == ELBO_OK)
        status = read_part(album, &size, test, out);
    if (status != ELBO_OK)
        return status;
    const int named = (int)album->classes.count;
    const bool labelled = out->labels.data;
    status = elbo__images_complete(
        &(elbo__data_names){.images = album->folder, .labels = album->folder, .status = ELBO_FORMAT},
        classes == 0 && labelled ? named : classes, out);
    if (status == ELBO_OK && labelled)
        status = elbo__images_name(out, (const char *const *)album->classes.names, named);
    if (status == ELBO_OK)
        status = elbo__left_out_text(&album->left, &out->left_out);
    return status;
}

/* Why there are no pictures for a part, though there are some for the other. */
static elbo_status fail_for_part(const elbo__album *album, bool test)
{
    const char *folder = !test ? "train" : album->test ? album->test : "test";
    if (album->in_parts)
        return elbo__fail(ELBO_IO, "%s/%s: no " ELBO__PICTURES " pictures there", album->folder, folder);
    return elbo__fail(ELBO_IO, "%s: every tenth picture is for the test part, but there are only %zu", album->folder,
                      album->count);
}

/* Whether pictures can be of the part at all. */
static bool is_known(const char *part)
{
    return strcmp(part, "train") == 0 || elbo__is_test_part(part);
}

elbo_status elbo__images_load_pictures(const char *folder, const char *part, int classes, elbo_images *out, bool *found)
{
    const bool test = elbo__is_test_part(part);
    elbo__album album;
    *found = false;
    if (!is_known(part))
        return ELBO_OK;
    elbo_status status = elbo__album_open(folder, classes != ELBO_WITHOUT_LABELS, &album);
    if (status != ELBO_OK)
        return status;
    *found = album.count > 0 || album.in_parts; /* parts are meant for pictures */
    if (*found && (test ? album.tests == 0 : album.tests == album.count))
        status = fail_for_part(&album, test);
    else if (*found)
        status = load(&album, test, classes, out);
    elbo__album_free(&album);
    return status;
}

elbo_status elbo__images_find_pictures(const char *folder, const char *part, bool *found)
{
    elbo__album album;
    *found = false;
    if (!is_known(part))
        return ELBO_OK;
    elbo_status status = elbo__album_open(folder, false, &album);
    if (elbo__is_test_part(part))
        *found = album.tests > 0 || album.test;
    else
        *found = album.count > album.tests;
    elbo__album_free(&album);
    return status;
}
