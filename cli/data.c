#include "data.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../autograd/plan.h"
#include "../io/bytes.h"
#include "../io/origin.h"
#include "../io/survey.h"
#include "command.h"
#include "progress.h"

const char *const elbo__cli_part_names[] = {"test", "train", NULL};

/* ---- which data -------------------------------------------------------------------------------------------------- */

data_source elbo__cli_choose_data(const elbo_values *values, const elbo_run *run, const char *path)
{
    const char *named = elbo_values_text(values, "data");
    char *data = run ? elbo_run_noted(run, "data") : NULL, *missing = run ? elbo_run_noted(run, "missing") : NULL;
    data_source source = {.missing = elbo_values_flag(values, "missing") || missing};
    if (named[0])
        source.folder = strdup(named);
    else if (data)
        source = (data_source){strdup(data), path, source.missing, false};
    else if (run)
        source = (data_source){strdup(""), path, source.missing, true};
    else
        source.folder = strdup(DEFAULT_DATA);
    elbo_release(data);
    elbo_release(missing);
    return source;
}

elbo_status elbo__cli_note_data(elbo_run *run, const data_source *source)
{
    char *from_anywhere = elbo__origin_from_anywhere(source->folder);
    elbo_status status = from_anywhere ? elbo_run_note(run, "data", from_anywhere) : ELBO_NO_MEMORY;
    elbo_release(from_anywhere);
    return status == ELBO_OK && source->missing ? elbo_run_note(run, "missing", "yes") : status;
}

/* ---- what is wrong ----------------------------------------------------------------------------------------------- */

/* Whether nothing is there, or a folder without images: then another was meant. */
static bool is_elsewhere(const char *folder)
{
    struct stat info;
    bool train = true, test = true;
    elbo__origin origin;
    if (elbo__origin_of(folder, &origin) != ELBO_OK)
        return false;
    const bool made_up = origin.made_up, there = stat(origin.path, &info) == 0, nothing = !there && errno == ENOENT;
    elbo__origin_free(&origin);
    if (made_up || !there)
        return !made_up && nothing;
    return S_ISDIR(info.st_mode) && elbo_images_find(folder, "train", &train) == ELBO_OK && !train &&
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
        elbo__cli_say("%s; --data names a folder or a file of images, or sprites (`--help' tells more)", reason);
    else
        elbo__cli_say("%s", reason);
    free(message);
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

/* Whether NaN may be in the images where it is; if not, frees them and says which is not. */
static bool refuse_nan(const data_source *source, elbo_images *images)
{
    if (source->missing || images->unmasked < 0)
        return true;
    elbo__cli_say("%s: %s: the value is nan; --missing says that nan stands for a missing value", source->folder,
                  elbo__place_of(images, images->unmasked).text);
    elbo_images_free(images);
    return false;
}

/* Whether it is known what to read; if not, says so. */
static bool is_named(const data_source *source)
{
    if (!source->folder)
        elbo__cli_out_of_memory();
    else if (source->unknown)
        elbo__cli_say("%s was trained by a program, on arrays that have no name: --data names its images", source->run);
    return source->folder && !source->unknown;
}

bool elbo__cli_read_part(const data_source *source, const char *part, int classes, elbo_images *out)
{
    if (!is_named(source))
        return false;
    if (elbo_images_load(source->folder, part, classes, out) != ELBO_OK) {
        complain(source);
        return false;
    }
    return refuse_nan(source, out);
}

/* With labels if they can be used. */
static bool read_labels_or_not(const data_source *source, const char *part, elbo_images *out)
{
    if (!is_named(source))
        return false;
    const elbo_status status = elbo_images_load(source->folder, part, 0, out);
    if (status == ELBO_OK)
        return refuse_nan(source, out);
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
    return !source->folder || source->unknown || elbo_images_find(source->folder, "test", &found) != ELBO_OK || found;
}

/* ---- what was found ---------------------------------------------------------------------------------------------- */

/* "28 x 28", or "784 values" */
static void format_size(const elbo_images *images, char *out, size_t size)
{
    const elbo_shape *shape = &images->images.layout.shape;
    size_t used = 0;
    for (int i = 1; i < shape->ndim && used < size; i++)
        used += (size_t)snprintf(out + used, size - used, "%s%lld", i > 1 ? " x " : "", (long long)shape->dim[i]);
    if (shape->ndim == 2 && used < size)
        snprintf(out + used, size - used, " values");
}

/* ", 10 classes (cat, dog, ...)": names where they are few */
static void print_classes(const elbo_images *images, FILE *out)
{
    enum { NAMED = 10 };
    if (!images->labels.data)
        return;
    fprintf(out, ", %d %s", images->classes, images->classes == 1 ? "class" : "classes");
    for (int i = 0; images->class_names && i < images->classes && i < NAMED; i++) {
        const char *name = images->class_names[i], *quote = strchr(name, ',') ? "\"" : "";
        fprintf(out, "%s%s%s%s", i ? ", " : " (", quote, elbo__excerpt_of(name).text, quote);
    }
    if (images->class_names)
        fprintf(out, "%s)", images->classes > NAMED ? ", ..." : "");
}

/* A new string; NULL when memory is short. */
static char *describe(const elbo_images *images)
{
    char *text = NULL, size[120] = "";
    size_t length;
    FILE *out = open_memstream(&text, &length);
    if (!out)
        return NULL;
    format_size(images, size, sizeof size);
    fprintf(out, "%lld %s of %s, %s", (long long)images->count, images->count == 1 ? "image" : "images", size,
            elbo_dtype_name(images->images.dtype));
    if (images->least <= images->greatest)
        fprintf(out, " %g..%g", images->least, images->greatest);
    print_classes(images, out);
    if (images->mapping)
        fprintf(out, ", read as needed");
    return fclose(out) == 0 ? text : NULL;
}

void elbo__cli_tell_data(const data_source *source, const elbo_images *images)
{
    char *text = describe(images);
    if (text)
        elbo__cli_inform("data: %s: %s", source->folder, text);
    free(text);
    if (images->left_out)
        elbo__cli_note("%s: %s", source->folder, images->left_out);
    if (images->missing)
        elbo__cli_note("%s: %lld values are missing", source->folder, (long long)images->missing);
}
