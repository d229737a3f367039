#include "album.h"

#include <string.h>

#include "../tensor/memory.h"
#include "dataset.h"

enum { TEST_EVERY = 10 }; /* one picture of so many is for the test part when no folder says so */

/* What lies in one folder, hidden entries left out. */
struct contents {
    elbo__listing pictures, folders, others;
};

static void free_contents(struct contents *c)
{
    elbo__listing_free(&c->pictures);
    elbo__listing_free(&c->folders);
    elbo__listing_free(&c->others);
}

static elbo_status sort_entry(const char *folder, const char *name, struct contents *out)
{
    elbo__kind kind;
    char *path = elbo__format("%s/%s", folder, name);
    elbo_status status = path ? elbo__kind_of(path, &kind) : ELBO_NO_MEMORY;
    elbo__free(path);
    if (status != ELBO_OK)
        return status;
    elbo__listing *list = kind == ELBO__FOLDER            ? &out->folders
                          : elbo__picture_format_of(name) ? &out->pictures
                                                          : &out->others;
    return elbo__listing_add(list, name);
}

/* On failure *out is empty. */
static elbo_status look_into(const char *folder, struct contents *out)
{
    elbo__listing all;
    *out = (struct contents){.pictures = {0}};
    elbo_status status = elbo__list_folder(folder, &all);
    for (size_t i = 0; i < all.count && status == ELBO_OK; i++)
        if (all.names[i][0] != '.')
            status = sort_entry(folder, all.names[i], out);
    elbo__listing_free(&all);
    if (status != ELBO_OK)
        free_contents(out);
    return status;
}

/* Whether it is a run, such as `elbo train --data .` makes in a folder of its own: its pictures are no data. */
static bool is_run(const struct contents *c)
{
    return elbo__listing_find(&c->others, "model.safetensors") >= 0;
}

const char *elbo__album_inside(const elbo__album *album, const char *path)
{
    const size_t n = strlen(album->folder);
    return path[n] == '/' ? path + n + 1 : path + n;
}

static elbo_status leave_out_all(elbo__album *album, elbo__left_kind kind, const char *folder,
                                 const elbo__listing *list)
{
    elbo_status status = ELBO_OK;
    for (size_t i = 0; i < list->count && status == ELBO_OK; i++)
        status = elbo__leave_out(&album->left, kind, elbo__album_inside(album, folder), list->names[i]);
    return status;
}

/* ---- pictures of a part ------------------------------------------------------------------------------------------ */

static elbo_status add_pictures(elbo__album *album, const char *folder, const elbo__listing *names, int label,
                                bool test)
{
    elbo_status status = elbo__grow((void **)&album->pictures, &album->capacity, album->count + names->count,
                                    sizeof *album->pictures);
    for (size_t i = 0; i < names->count && status == ELBO_OK; i++) {
        char *path = elbo__format("%s/%s", folder, names->names[i]);
        if (path)
            album->pictures[album->count++] = (elbo__picture){path, elbo__picture_format_of(path), label, test};
        else
            status = ELBO_NO_MEMORY;
    }
    return status;
}

/* The training part comes first, sorted, and makes the classes; those of the test part must be among them, unless there
 * is no other part. */
static elbo_status find_class(elbo__album *album, const char *path, const char *name, bool makes_classes, int *label)
{
    elbo__listing *classes = &album->classes;
    *label = -1;
    if (!album->labelled)
        return ELBO_OK;
    if (!makes_classes) {
        *label = elbo__listing_find(classes, name);
        if (*label >= 0)
            return ELBO_OK;
        return elbo__fail(ELBO_FORMAT, "%s: no such class: %s/train has no folder of that name with pictures", path,
                          album->folder);
    }
    if (classes->count == ELBO_MAX_CLASSES)
        return elbo__fail(ELBO_FORMAT, "%s: more than %d classes", path, ELBO_MAX_CLASSES);
    *label = (int)classes->count;
    return elbo__listing_add(classes, name);
}

/* Folders within a class: pictures in them would be missing without a word. *runs: whether there are runs among
 * them. */
static elbo_status look_deeper(elbo__album *album, const char *class, const elbo__listing *folders, bool *runs)
{
    elbo_status status = ELBO_OK;
    *runs = false;
    for (size_t i = 0; i < folders->count && status == ELBO_OK; i++) {
        struct contents c;
        char *path = elbo__format("%s/%s", class, folders->names[i]);
        status = path ? look_into(path, &c) : ELBO_NO_MEMORY;
        if (status == ELBO_OK) {
            *runs = *runs || is_run(&c);
            if (c.pictures.count > 0 && !is_run(&c))
                status = elbo__fail(ELBO_FORMAT,
                                    "%s/%s: lies two folders down; pictures lie right in a part, or in folders there, "
                                    "which are the labels",
                                    path, c.pictures.names[0]);
            else
                status = elbo__leave_out(&album->left, ELBO__OTHER_FOLDERS, elbo__album_inside(album, class),
                                         folders->names[i]);
            free_contents(&c);
        }
        elbo__free(path);
    }
    return status;
}

/* One folder of a part; where it holds no pictures, its name goes to `empty`. */
static elbo_status add_class(elbo__album *album, const char *part, const char *name, bool test, bool makes_classes,
                             elbo__listing *empty)
{
    struct contents c;
    bool runs;
    int label = -1;
    char *path = elbo__format("%s/%s", part, name);
    elbo_status status = path ? look_into(path, &c) : ELBO_NO_MEMORY;
    if (status != ELBO_OK) {
        elbo__free(path);
        return status;
    }
    if (is_run(&c)) {
        status = elbo__leave_out(&album->left, ELBO__OTHER_FOLDERS, elbo__album_inside(album, part), name);
        free_contents(&c);
        elbo__free(path);
        return status;
    }
    status = look_deeper(album, path, &c.folders, &runs);
    if (status == ELBO_OK && c.pictures.count == 0)
        status = runs ? ELBO_OK : elbo__listing_add(empty, name);
    else if (status == ELBO_OK)
        status = find_class(album, path, name, makes_classes, &label);
    if (status == ELBO_OK)
        status = add_pictures(album, path, &c.pictures, label, test);
    if (status == ELBO_OK && c.pictures.count > 0)
        status = leave_out_all(album, ELBO__OTHER_FILES, path, &c.others);
    free_contents(&c);
    elbo__free(path);
    return status;
}

/* A folder without pictures is a class that lacks them, where others have some; beside pictures it is of no matter. */
static elbo_status judge_part(elbo__album *album, const char *part, const struct contents *c, size_t before,
                              const elbo__listing *empty)
{
    const bool classes = album->count > before;
    if (classes && c->pictures.count > 0 && album->labelled)
        return elbo__fail(ELBO_FORMAT, "%s: holds both %s and %s: are the images with labels, or without?", part,
                          c->pictures.names[0], album->pictures[before].path + strlen(part) + 1);
    if (classes && c->pictures.count == 0 && empty->count > 0)
        return elbo__fail(ELBO_FORMAT, "%s/%s: a class without pictures: nothing there ends in .png, .jpg or .jpeg",
                          part, empty->names[0]);
    return leave_out_all(album, ELBO__OTHER_FOLDERS, part, empty);
}

static elbo_status add_part(elbo__album *album, const char *part, bool test)
{
    struct contents c;
    elbo__listing empty = {0};
    const size_t before = album->count;
    const bool makes_classes = !test || before == 0;
    elbo_status status = look_into(part, &c);
    if (status != ELBO_OK)
        return status;
    for (size_t i = 0; i < c.folders.count && status == ELBO_OK; i++)
        status = add_class(album, part, c.folders.names[i], test, makes_classes, &empty);
    if (status == ELBO_OK)
        status = judge_part(album, part, &c, before, &empty);
    if (status == ELBO_OK)
        status = add_pictures(album, part, &c.pictures, -1, test);
    if (status == ELBO_OK)
        status = leave_out_all(album, ELBO__OTHER_FILES, part, &c.others);
    free_contents(&c);
    elbo__listing_free(&empty);
    return status;
}

/* ---- parts of a folder ------------------------------------------------------------------------------------------- */

static bool is_part(const char *name)
{
    return strcmp(name, "train") == 0 || strcmp(name, "test") == 0 || strcmp(name, "t10k") == 0;
}

static elbo_status add_part_of(elbo__album *album, const char *name, bool test)
{
    char *path = elbo__format("%s/%s", album->folder, name);
    elbo_status status = path ? add_part(album, path, test) : ELBO_NO_MEMORY;
    elbo__free(path);
    return status;
}

static elbo_status add_parts(elbo__album *album, const struct contents *c)
{
    const bool train = elbo__listing_find(&c->folders, "train") >= 0;
    elbo__listing beside = {0};
    elbo_status status = ELBO_OK;
    if (train)
        status = add_part_of(album, "train", false);
    if (status == ELBO_OK && album->test)
        status = add_part_of(album, album->test, true);
    for (size_t i = 0; i < c->folders.count && status == ELBO_OK; i++)
        if (!is_part(c->folders.names[i]))
            status = elbo__listing_add(&beside, c->folders.names[i]);
    const elbo__listing *const lists[] = {&beside, &c->pictures, &c->others};
    for (int i = 0; i < 3 && status == ELBO_OK; i++)
        status = leave_out_all(album, ELBO__BESIDE_PARTS, album->folder, lists[i]);
    elbo__listing_free(&beside);
    return status;
}

/* All pictures of the folder; every tenth is for testing. */
static elbo_status add_folder(elbo__album *album)
{
    elbo_status status = add_part(album, album->folder, false);
    for (size_t i = TEST_EVERY - 1; i < album->count; i += TEST_EVERY)
        album->pictures[i].test = true;
    return status;
}

static elbo_status fill(elbo__album *album)
{
    struct contents c;
    elbo_status status = look_into(album->folder, &c);
    if (status != ELBO_OK)
        return status;
    const bool test = elbo__listing_find(&c.folders, "test") >= 0, t10k = elbo__listing_find(&c.folders, "t10k") >= 0;
    album->test = test ? "test" : t10k ? "t10k" : NULL;
    album->in_parts = test || t10k || elbo__listing_find(&c.folders, "train") >= 0;
    if (test && t10k)
        status = elbo__fail(ELBO_FORMAT, "%s: both test and t10k: which one?", album->folder);
    else
        status = album->in_parts ? add_parts(album, &c) : add_folder(album);
    free_contents(&c);
    for (size_t i = 0; i < album->count; i++)
        album->tests += album->pictures[i].test;
    return status;
}

elbo_status elbo__album_open(const char *folder, bool labelled, elbo__album *out)
{
    *out = (elbo__album){.folder = folder, .labelled = labelled};
    elbo_status status = fill(out);
    if (status != ELBO_OK)
        elbo__album_free(out);
    return status;
}

void elbo__album_free(elbo__album *album)
{
    for (size_t i = 0; i < album->count; i++)
        elbo__free(album->pictures[i].path);
    elbo__free(album->pictures);
    elbo__listing_free(&album->classes);
    elbo__left_out_free(&album->left);
    *album = (elbo__album){.folder = NULL};
}
