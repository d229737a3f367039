#include "data.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../autograd/plan.h"
#include "command.h"
#include "progress.h"

const char *const elbo__cli_part_names[] = {"test", "train", NULL};

/* ---- which folder ------------------------------------------------------------------------------------------------ */

data_source elbo__cli_choose_data(const char *named, const elbo_run *run, const char *path)
{
    if (named[0])
        return (data_source){.folder = strdup(named)};
    char *noted = run ? elbo_run_noted(run, "data") : NULL;
    const data_source source = {.folder = strdup(noted ? noted : DEFAULT_DATA), .run = noted ? path : NULL};
    elbo_release(noted);
    return source;
}

char *elbo__cli_from_anywhere(const char *folder)
{
    static const char sprites[] = "sprites";
    const size_t length = sizeof sprites - 1;
    const bool made_up = strncmp(folder, sprites, length) == 0 && (!folder[length] || folder[length] == ':');
    char *path = made_up ? NULL : realpath(folder, NULL);
    return path ? path : strdup(folder);
}

/* ---- what is wrong ----------------------------------------------------------------------------------------------- */

/* Whether the folder is none, or one without images: then another was meant. */
static bool is_elsewhere(const char *folder)
{
    struct stat info;
    bool train = true, test = true;
    if (stat(folder, &info) != 0)
        return errno == ENOENT;
    if (!S_ISDIR(info.st_mode))
        return true;
    return elbo_images_find(folder, "train", &train) == ELBO_OK && !train &&
           elbo_images_find(folder, "test", &test) == ELBO_OK && !test;
}

/* The library's last message, with a word on where the folder came from or what a folder should be. */
static void complain(const data_source *source)
{
    char *message = strdup(elbo_error()[0] ? elbo_error() : "out of memory"); /* looking around may leave another */
    const char *reason = message ? message : "out of memory";
    if (elbo__cli_interrupted()) /* which is reason enough */
        elbo__cli_say("%s", reason);
    else if (source->run)
        elbo__cli_say("%s (the data that %s was trained on; --data names others)", reason, source->run);
    else if (is_elsewhere(source->folder))
        elbo__cli_say("%s; --data names a folder of IDX files or of PNG or JPEG pictures, or sprites", reason);
    else
        elbo__cli_say("%s", reason);
    free(message);
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

bool elbo__cli_read_part(const data_source *source, const char *part, int classes, elbo_images *out)
{
    if (!source->folder) {
        elbo__cli_say("out of memory");
        return false;
    }
    if (elbo_images_load(source->folder, part, classes, out) == ELBO_OK)
        return true;
    complain(source);
    return false;
}

/* With labels if they can be used. */
static bool read_labels_or_not(const data_source *source, const char *part, elbo_images *out)
{
    const elbo_status status = source->folder ? elbo_images_load(source->folder, part, 0, out) : ELBO_NO_MEMORY;
    if (status == ELBO_OK)
        return true;
    char *reason = status == ELBO_FORMAT || status == ELBO_IO ? strdup(elbo_error()) : NULL;
    const bool read = elbo__cli_read_part(source, part, reason ? ELBO_WITHOUT_LABELS : 0, out);
    if (read && reason)
        elbo__cli_say("warning: without labels: %s", reason);
    free(reason);
    return read;
}

static bool fits(const elbo_run *run, const data_source *source, const char *part, elbo_images *images)
{
    const bool known = elbo_run_class_name(run, 0), named = images->class_names;
    if (elbo_run_match(run, images) == ELBO_OK && elbo_run_accepts(run, images) == ELBO_OK) {
        if (elbo_run_classes(run) && images->labels.data && known != named)
            elbo__cli_note("classes are taken by their numbers: %s has no names for them",
                           known ? source->folder : "the run");
        return true;
    }
    elbo__cli_say("%s, part %s: %s", source->folder, part, elbo_error());
    elbo_images_free(images);
    return false;
}

bool elbo__cli_read_part_for(const elbo_run *run, const data_source *source, const char *part, bool labels,
                             elbo_images *out)
{
    const int known = elbo_run_classes(run);
    /* those of a run with names are found by name, however many the data have */
    const int classes = known == 0 ? ELBO_WITHOUT_LABELS : elbo_run_class_name(run, 0) ? 0 : known;
    const bool read = known == 0 && labels ? read_labels_or_not(source, part, out)
                                           : elbo__cli_read_part(source, part, classes, out);
    return read && fits(run, source, part, out);
}

bool elbo__cli_has_test_part(const data_source *source)
{
    bool found = true;
    return !source->folder || elbo_images_find(source->folder, "test", &found) != ELBO_OK || found;
}

void elbo__cli_tell_left_out(const data_source *source, const elbo_images *images)
{
    if (images->left_out)
        elbo__cli_note("%s: %s", source->folder, images->left_out);
    if (images->missing)
        elbo__cli_note("%s: %lld values are missing", source->folder, (long long)images->missing);
}
