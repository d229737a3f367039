/* A part of a folder of IDX files: finding the files, and reading them. */
#include <string.h>

#include "../tensor/memory.h"
#include "array_file.h"
#include "data_files.h"
#include "idx.h"
#include "left_out.h"
#include "listing.h"
#include "picture_format.h"

/* A part under each of its names; the first is the one for messages. */
static const char *const train_names[] = {"train", NULL}, *const test_names[] = {"t10k", "test", NULL};

/* What a folder holds for a part and besides. */
struct files {
    elbo__listing all;
    const char *images, *labels, *mask; /* of the part: names in `all`, or NULL  */
    const char *others;                 /* images of the other part, or NULL     */
};

/* ---- finding ----------------------------------------------------------------------------------------------------- */

/* Whether `rest` is -KIND-idx... or -KIND.idx..., plain or gzip; its length without ".gz", or 0. A temporary or backup
 * file beside it ("...-ubyte.tmp", "...-ubyte~") does not count. */
static size_t match_rest(const char *rest, const char *kind)
{
    const size_t n = strlen(kind);
    if (rest[0] != '-' || strncmp(rest + 1, kind, n) != 0)
        return 0;
    const char *after = rest + 1 + n;
    if ((after[0] != '-' && after[0] != '.') || strncmp(after + 1, "idx", 3) != 0)
        return 0;
    const char *end = after + 4 + strspn(after + 4, "abcdefghijklmnopqrstuvwxyz0123456789-");
    return end[0] == '\0' || strcmp(end, ".gz") == 0 ? (size_t)(end - rest) : 0;
}

/* The same of PART-KIND-idx... */
static size_t match(const char *name, const char *part, const char *kind)
{
    const size_t n = strlen(part), rest = strncmp(name, part, n) == 0 ? match_rest(name + n, kind) : 0;
    return rest ? n + rest : 0;
}

/* *out = the name of the one file of that kind, of a part under any of its names, or NULL when there is none */
static elbo_status find(const char *folder, const elbo__listing *all, const char *const *parts, const char *kind,
                        const char **out)
{
    const char *found = NULL;
    size_t length = 0;
    for (const char *const *part = parts; *part; part++)
        for (size_t i = 0; i < all->count; i++) {
            const char *name = all->names[i];
            const size_t n = match(name, *part, kind);
            if (n == 0)
                continue;
            if (found && (n != length || memcmp(found, name, n) != 0))
                return elbo__fail(ELBO_FORMAT, "%s: both %s and %s: which one?", folder, found, name);
            if (!found || name[n] == '\0') /* the plain file wins */
                found = name;
            length = n;
        }
    *out = found;
    return ELBO_OK;
}

/* On failure *out is empty. */
static elbo_status find_files(const char *folder, const char *part, struct files *out)
{
    const bool test = elbo__is_test_part(part);
    const char *const own[] = {part, NULL}, *const *names = test ? test_names : own;
    *out = (struct files){.images = NULL};
    elbo_status status = elbo__list_folder(folder, &out->all);
    if (status == ELBO_OK)
        status = find(folder, &out->all, names, "images", &out->images);
    if (status == ELBO_OK)
        status = find(folder, &out->all, names, "labels", &out->labels);
    if (status == ELBO_OK)
        status = find(folder, &out->all, names, "mask", &out->mask);
    /* a folder that holds the other part as IDX files lacks this one, whatever pictures lie beside it */
    if (status == ELBO_OK && !out->images)
        status = find(folder, &out->all, strcmp(part, "train") == 0 ? test_names : train_names, "images", &out->others);
    if (status != ELBO_OK)
        elbo__listing_free(&out->all);
    return status;
}

elbo_status elbo__images_find_idx(const char *folder, const char *part, bool *idx, bool *found)
{
    struct files files;
    elbo_status status = find_files(folder, part, &files);
    *found = files.images || files.labels;
    *idx = *found || files.others;
    elbo__listing_free(&files.all);
    return status;
}

/* ---- what else is there ------------------------------------------------------------------------------------------ */

/* Whether a file holds images of a part that is neither this one nor one of the usual two. */
static bool is_other_part(const char *name, const char *part)
{
    static const char *const usual[] = {"train", "t10k", "test"};
    bool known = match(name, part, "images") > 0, images = false;
    for (size_t i = 0; i < sizeof usual / sizeof usual[0]; i++)
        known = known || match(name, usual[i], "images") > 0;
    for (const char *at = strchr(name, '-'); at; at = strchr(at + 1, '-'))
        images = images || match_rest(at, "images") > 0;
    return images && !known;
}

/* Whether a folder of pictures would hold it: people who put it there expect it to be used. */
static elbo_status is_beside(const char *folder, const char *name, bool *out)
{
    elbo__kind kind;
    *out = elbo__picture_format_of(name);
    if (strcmp(name, "train") != 0 && !elbo__is_test_part(name))
        return ELBO_OK;
    char *path = elbo__format("%s/%s", folder, name);
    elbo_status status = path ? elbo__kind_of(path, &kind) : ELBO_NO_MEMORY;
    *out = status == ELBO_OK && kind == ELBO__FOLDER;
    elbo__free(path);
    return status;
}

static elbo_status tell_left_out(const char *folder, const char *part, const elbo__listing *all, char **out)
{
    elbo__left_out left = {.count = {0}};
    elbo_status status = ELBO_OK;
    for (size_t i = 0; i < all->count && status == ELBO_OK; i++) {
        const char *name = all->names[i];
        bool beside = false;
        if (name[0] == '.')
            continue;
        status = is_beside(folder, name, &beside);
        if (status == ELBO_OK && beside)
            status = elbo__leave_out(&left, ELBO__BESIDE_IDX, "", name);
        else if (status == ELBO_OK && elbo__is_array_name(name))
            status = elbo__leave_out(&left, ELBO__ARRAYS_BESIDE_IDX, "", name);
        else if (status == ELBO_OK && is_other_part(name, part))
            status = elbo__leave_out(&left, ELBO__OTHER_PARTS, "", name);
    }
    if (status == ELBO_OK)
        status = elbo__left_out_text(&left, out);
    elbo__left_out_free(&left);
    return status;
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

static elbo_status read_files(const elbo__data_names *names, int classes, elbo_images *out)
{
    elbo_status status = elbo__array_map(names->images, &out->images, &out->mapping);
    if (status == ELBO_OK && !out->mapping)
        status = elbo_idx_read(names->images, &out->images);
    if (status == ELBO_OK && names->labels)
        status = elbo_idx_read(names->labels, &out->labels);
    if (status == ELBO_OK && names->mask)
        status = elbo_idx_read(names->mask, &out->mask);
    return status == ELBO_OK ? elbo__images_complete(names, classes, out) : status;
}

/* *path = FOLDER/NAME, or NULL without a name. */
static elbo_status path_of(const char *folder, const char *name, const char **path)
{
    *path = name ? elbo__format("%s/%s", folder, name) : NULL;
    return *path || !name ? ELBO_OK : ELBO_NO_MEMORY;
}

static elbo_status load(const char *folder, const char *part, const struct files *files, int classes, elbo_images *out)
{
    if (!files->images)
        return elbo__fail(ELBO_IO, "%s/%s-images-idx3-ubyte: no such file, plain or .gz", folder,
                          elbo__is_test_part(part) ? "t10k" : part);
    elbo__data_names names = {.status = ELBO_FORMAT};
    out->labelling = "one whole number for each image, in PART-labels-idx1-ubyte";
    elbo_status status = path_of(folder, files->images, &names.images);
    if (status == ELBO_OK && classes != ELBO_WITHOUT_LABELS)
        status = path_of(folder, files->labels, &names.labels);
    if (status == ELBO_OK)
        status = path_of(folder, files->mask, &names.mask);
    if (status == ELBO_OK)
        status = read_files(&names, classes, out);
    if (status == ELBO_OK)
        status = tell_left_out(folder, part, &files->all, &out->left_out);
    elbo__free((char *)names.images);
    elbo__free((char *)names.labels);
    elbo__free((char *)names.mask);
    return status;
}

elbo_status elbo__images_load_idx(const char *folder, const char *part, int classes, elbo_images *out, bool *found)
{
    struct files files;
    elbo_status status = find_files(folder, part, &files);
    *found = files.images || files.labels || files.others;
    if (status == ELBO_OK && *found)
        status = load(folder, part, &files, classes, out);
    elbo__listing_free(&files.all);
    return status;
}
