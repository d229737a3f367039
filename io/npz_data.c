/* Which arrays of a .npz file are images and which are labels. */
#include <string.h>

#include "../tensor/memory.h"
#include "bytes.h"
#include "data_files.h"
#include "npz.h"

/* Arrays that belong together. */
typedef struct {
    const char *images, *labels, *mask; /* the latter two where they are there */
} names;

/* Names that are usual; `part` is whose they are, NULL where the file has no parts. */
static const struct {
    const char *part;
    names names;
} usual[] = {
    {"train", {"x_train", "y_train", "mask_train"}},
    {"test", {"x_test", "y_test", "mask_test"}},
    {"train", {"train_images", "train_labels", "train_mask"}},
    {"test", {"test_images", "test_labels", "test_mask"}},
    {NULL, {"images", "labels", "mask"}},
    {NULL, {"x", "y", "mask"}},
};
enum { USUAL = sizeof usual / sizeof usual[0] };

/* "a, b, c and 3 more", a new string */
static char *list_names(const elbo__npz *npz)
{
    enum { NAMED = 6 };
    const int count = elbo__npz_count(npz);
    char *list = NULL;
    for (int i = 0; i < count && i < NAMED; i++) {
        char *longer = elbo__format("%s%s%s", list ? list : "", list ? ", " : "",
                                    elbo__excerpt_of(elbo__npz_name(npz, i)).text);
        elbo__free(list);
        list = longer;
        if (!list)
            return NULL;
    }
    if (count <= NAMED)
        return list;
    char *longer = elbo__format("%s and %d more", list, count - NAMED);
    elbo__free(list);
    return longer;
}

/* Says what there is, behind `before`, and how to say which is which: the largest is most likely the images. */
static elbo_status cannot_tell(const elbo__npz *npz, const char *path, const char *before)
{
    char *list = list_names(npz);
    if (!list)
        return ELBO_NO_MEMORY;
    const int count = elbo__npz_count(npz), images = elbo__npz_largest(npz);
    const char *other = count == 2 ? elbo__npz_name(npz, 1 - images) : "LABELS";
    elbo_status status = elbo__fail(ELBO_FORMAT, "%s: %s%s; name the images and the labels, as in %s:%s:%s", path,
                                    before, list, path, elbo__excerpt_of(elbo__npz_name(npz, images)).text,
                                    elbo__excerpt_of(other).text);
    elbo__free(list);
    return status;
}

static bool is_part(const char *name, const char *part)
{
    return name && (strcmp(name, part) == 0 || (strcmp(name, "test") == 0 && elbo__is_test_part(part)));
}

/* *out: the usual names of a part; its images are NULL where the file has no such part. ELBO_FORMAT where nobody can
 * tell what is what. */
static elbo_status find_usual(const elbo__npz *npz, const char *path, const char *part, names *out)
{
    bool parted = false;
    *out = (names){.images = NULL};
    for (int i = 0; i < USUAL; i++) {
        if (!elbo__npz_has(npz, usual[i].names.images))
            continue;
        parted = parted || usual[i].part;
        if (is_part(usual[i].part, part) || (!usual[i].part && !parted && strcmp(part, "train") == 0)) {
            if (out->images)
                return cannot_tell(npz, path, "holds ");
            *out = usual[i].names;
        } else if (!usual[i].part) {
            parted = true; /* there are images, but not of this part */
        }
    }
    if (out->images || parted)
        return ELBO_OK;
    if (elbo__npz_count(npz) > 1)
        return cannot_tell(npz, path, "holds ");
    if (strcmp(part, "train") == 0)
        out->images = elbo__npz_name(npz, 0);
    return ELBO_OK;
}

/* IMAGES or IMAGES:LABELS. `text` is cut in two. */
static elbo_status find_named(const elbo__npz *npz, const char *path, char *text, names *out)
{
    char *colon = strchr(text, ':');
    if (colon)
        *colon = '\0';
    *out = (names){.images = text, .labels = colon ? colon + 1 : NULL};
    if (elbo__npz_has(npz, out->images) && (!out->labels || elbo__npz_has(npz, out->labels)))
        return ELBO_OK;
    char *reason = elbo__format("has no array \"%s\", but ",
                                elbo__excerpt_of(elbo__npz_has(npz, out->images) ? out->labels : out->images).text);
    elbo_status status = reason ? cannot_tell(npz, path, reason) : ELBO_NO_MEMORY;
    elbo__free(reason);
    return status;
}

static elbo_status load(elbo__npz *npz, const char *path, const names *found, int classes, elbo_images *out)
{
    const bool labels = classes != ELBO_WITHOUT_LABELS && found->labels && elbo__npz_has(npz, found->labels);
    const bool mask = found->mask && elbo__npz_has(npz, found->mask);
    elbo__data_names told = {.status = ELBO_FORMAT};
    told.images = elbo__format("%s/%s.npy", path, found->images);
    told.labels = labels ? elbo__format("%s/%s.npy", path, found->labels) : NULL;
    told.mask = mask ? elbo__format("%s/%s.npy", path, found->mask) : NULL;
    elbo_status status = told.images && (!labels || told.labels) && (!mask || told.mask) ? ELBO_OK : ELBO_NO_MEMORY;
    if (status == ELBO_OK)
        status = elbo__npz_read(npz, found->images, true, &out->images);
    if (status == ELBO_OK && labels)
        status = elbo__npz_read(npz, found->labels, false, &out->labels);
    if (status == ELBO_OK && mask)
        status = elbo__npz_read(npz, found->mask, false, &out->mask);
    if (status == ELBO_OK)
        status = elbo__data_complete(&told, classes, out);
    elbo__free((char *)told.images);
    elbo__free((char *)told.labels);
    elbo__free((char *)told.mask);
    return status;
}

elbo_status elbo__images_load_npz(const elbo__origin *origin, const char *part, int classes, elbo_images *out)
{
    elbo__npz *npz;
    names found = {.images = NULL};
    out->labelling = "one whole number for each image, in an array: y_train, train_labels, labels or y, or named as in "
                     "data.npz:IMAGES:LABELS";
    char *text = elbo__strdup(origin->rest ? origin->rest : "");
    elbo_status status = text ? elbo__npz_open(origin->path, &npz) : ELBO_NO_MEMORY;
    if (status == ELBO_OK) {
        status = origin->rest ? find_named(npz, origin->path, text, &found)
                              : find_usual(npz, origin->path, part, &found);
        if (status == ELBO_OK)
            status = load(npz, origin->path, &found, classes, out);
        elbo__npz_close(npz);
    }
    elbo__free(text);
    return status;
}

elbo_status elbo__images_find_npz(const elbo__origin *origin, const char *part, bool *found)
{
    elbo__npz *npz;
    names usual_ones = {.images = NULL};
    *found = origin->rest && strcmp(part, "train") == 0; /* named arrays are one part */
    if (origin->rest)
        return ELBO_OK;
    elbo_status status = elbo__npz_open(origin->path, &npz);
    if (status != ELBO_OK)
        return status;
    status = find_usual(npz, origin->path, part, &usual_ones);
    elbo__npz_close(npz);
    *found = usual_ones.images;
    return status;
}
