#include "data.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../autograd/plan.h"
#include "../io/bytes.h"
#include "../io/columns.h"
#include "../io/origin.h"
#include "../io/survey.h"
#include "../nn/parts/likelihood_private.h"
#include "command.h"
#include "progress.h"

const char *const elbo__cli_part_names[] = {"test", "train", NULL};

/* ---- which data -------------------------------------------------------------------------------------------------- */

data_source elbo__cli_training_data(const elbo_run *run, const char *path)
{
    char *data = elbo_run_noted(run, "data"), *missing = elbo_run_noted(run, "missing");
    data_source source = {.folder = strdup(data ? data : ""), .run = path, .missing = missing, .unknown = !data};
    elbo_release(data);
    elbo_release(missing);
    elbo__cli_choose_columns(&source, elbo_run_options(run), true);
    return source;
}

data_source elbo__cli_choose_data(const elbo_values *values, const elbo_run *run, const char *path)
{
    const char *named = elbo_values_text(values, "data");
    data_source source = {.folder = NULL};
    if (run)
        source = elbo__cli_training_data(run, path);
    if (named[0] || !run) {
        free(source.folder);
        source.folder = strdup(named[0] ? named : DEFAULT_DATA);
        source.run = NULL;
        source.unknown = false;
    }
    source.missing |= elbo_values_flag(values, "missing");
    return source;
}

bool elbo__cli_same_data(const char *one, const char *other)
{
    char *first = elbo__origin_from_anywhere(one), *second = elbo__origin_from_anywhere(other);
    const bool same = first && second && strcmp(first, second) == 0;
    elbo_release(first);
    elbo_release(second);
    return same;
}

void elbo__cli_choose_columns(data_source *source, const elbo_values *options, bool exact)
{
    if (elbo__likelihood_values(options) != ELBO__COLUMNS)
        return;
    source->columns = elbo_values_text(options, "columns");
    source->exact = exact;
    source->missing = true; /* that a field of a table may be empty goes without saying */
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

static elbo_status load(const data_source *source, const char *part, int classes, elbo_images *out)
{
    return source->columns
               ? elbo_images_load_columns(source->folder, part, source->columns, source->exact, classes, out)
               : elbo_images_load(source->folder, part, classes, out);
}

bool elbo__cli_read_part(const data_source *source, const char *part, int classes, elbo_images *out)
{
    if (!is_named(source))
        return false;
    if (load(source, part, classes, out) != ELBO_OK) {
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
    const elbo_status status = load(source, part, 0, out);
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

/* Classes as they are told: how many, and the names of the first. */
enum { NAMED = 10 };
typedef struct {
    int count;
    bool named;
    struct {
        const char *text;
        int length;
    } first[NAMED];
} class_list;

static void add_class(class_list *list, const char *name, int length)
{
    if (list->count < NAMED) {
        list->first[list->count].text = name;
        list->first[list->count].length = length;
    }
    list->count++;
    list->named = true;
}

/* The folder that a picture lies in, within its part: "cat" of train/cat/1.png; *length = 0: right in the part. */
static const char *folder_of(const char *file, int *length)
{
    for (const char *const *part = (const char *const[]){"train/", "test/", "t10k/", NULL}; *part; part++)
        if (strncmp(file, *part, strlen(*part)) == 0) {
            file += strlen(*part);
            break;
        }
    const char *slash = strchr(file, '/');
    *length = slash ? (int)(slash - file) : 0;
    return file;
}

/* For a model that takes no labels: the folders of the pictures, which lie one after another. Where some lie right in
 * the part there are no labels. */
static void find_folders(const elbo_images *images, class_list *out)
{
    const char *last = NULL;
    int known = 0, length;
    for (int64_t i = 0; images->file_names && i < images->count; i++) {
        const char *name = folder_of(images->file_names[i], &length);
        if (length == 0) {
            *out = (class_list){.count = 0};
            return;
        }
        if (!last || length != known || memcmp(name, last, (size_t)length) != 0)
            add_class(out, name, length);
        last = name;
        known = length;
    }
}

static class_list classes_of(const elbo_images *images)
{
    class_list list = {.count = 0};
    if (!images->labels.data)
        find_folders(images, &list);
    for (int i = 0; images->class_names && images->labels.data && i < images->classes; i++)
        add_class(&list, images->class_names[i], (int)strlen(images->class_names[i]));
    if (images->labels.data)
        list.count = images->classes;
    return list;
}

/* ", 10 classes (cat, dog, ...)": names where they are few */
static void print_classes(const elbo_images *images, FILE *out)
{
    const class_list list = classes_of(images);
    if (list.count == 0)
        return;
    fprintf(out, ", %d %s", list.count, list.count == 1 ? "class" : "classes");
    for (int i = 0; list.named && i < list.count && i < NAMED; i++) {
        char name[sizeof(elbo__excerpt)];
        snprintf(name, sizeof name, "%.*s", list.first[i].length, list.first[i].text);
        const char *quote = strchr(name, ',') ? "\"" : "";
        fprintf(out, "%s%s%s%s", i ? ", " : " (", quote, elbo__excerpt_of(name).text, quote);
    }
    if (list.named)
        fprintf(out, "%s)", list.count > NAMED ? ", ..." : "");
}

/* ": 486 for training, 54 for validation, 60 for testing" */
static void print_parts(const elbo_images *train, const elbo_images *test, int64_t held, FILE *out)
{
    const struct {
        int64_t count;
        const char *what;
    } parts[] = {{train->count - held, "training"}, {held, "validation"}, {test ? test->count : 0, "testing"}};
    const char *before = ": ";
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        if (parts[i].count > 0) {
            fprintf(out, "%s%lld for %s", before, (long long)parts[i].count, parts[i].what);
            before = ", ";
        }
}

/* " of 7 columns: age count, income positive, city of 3 words, grade of 3 words in order": of the first of them */
static void print_columns(const elbo_images *images, FILE *out)
{
    elbo__columns columns;
    size_t told = 0;
    if (elbo__columns_parse(images->columns, &columns) != ELBO_OK)
        return;
    const size_t used = elbo__columns_used(&columns);
    fprintf(out, " of %zu %s", used, used == 1 ? "column" : "columns");
    for (size_t i = 0; i < columns.count && told < NAMED; i++) {
        const elbo__column *c = &columns.at[i];
        if (c->kind == ELBO__COLUMN_SKIP)
            continue;
        fprintf(out, "%s%s ", told++ ? ", " : ": ", elbo__excerpt_of(c->name).text);
        if (elbo__column_has_words(c))
            fprintf(out, "of %zu %s%s", c->words.count, c->words.count == 1 ? "word" : "words",
                    c->kind == ELBO__COLUMN_ORDINAL ? " in order" : "");
        else
            fprintf(out, "%s", elbo__column_kinds[c->kind]);
    }
    fprintf(out, "%s", used > NAMED ? ", ..." : "");
    elbo__columns_free(&columns);
}

/* A new string; NULL when memory is short. Shape, type and classes are those of the first part. */
static char *describe(const elbo_images *images, const elbo_images *test, int64_t held)
{
    char *text = NULL, size[120] = "";
    size_t length;
    const int64_t count = images->count + (test ? test->count : 0);
    FILE *out = open_memstream(&text, &length);
    if (!out)
        return NULL;
    if (images->columns) {
        fprintf(out, "%lld %s", (long long)count, count == 1 ? "row" : "rows");
        print_columns(images, out);
    } else {
        format_size(images, size, sizeof size);
        fprintf(out, "%lld %s of %s, %s", (long long)count, count == 1 ? "image" : "images", size,
                elbo_dtype_name(images->images.dtype));
    }
    const double least = test ? fmin(images->least, test->least) : images->least; /* fmin: NaN where a part has none */
    const double greatest = test ? fmax(images->greatest, test->greatest) : images->greatest;
    if (least <= greatest && !images->columns)
        fprintf(out, " %g..%g", least, greatest);
    print_classes(images, out);
    if (images->mapping)
        fprintf(out, ", read as needed");
    if (test || held > 0)
        print_parts(images, test, held, out);
    return fclose(out) == 0 ? text : NULL;
}

static void tell(const data_source *source, const elbo_images *images, const elbo_images *test, int64_t held)
{
    char *text = describe(images, test, held);
    if (text)
        elbo__cli_inform("data: %s: %s", source->folder, text);
    free(text);
    if (images->images.dtype == ELBO_U8 && images->greatest == 1)
        elbo__cli_say(
            "warning: %s: no u8 value is above 1, where 255 is white: the images are nearly black; multiply by "
            "255, or give bool or float",
            source->folder);
    if (images->left_out && !source->run)
        elbo__cli_note("%s: %s", source->folder, images->left_out);
    const int64_t missing = images->missing + (test ? test->missing : 0);
    if (missing)
        elbo__cli_note("%s: %lld %s missing", source->folder, (long long)missing,
                       missing == 1 ? "value is" : "values are");
}

void elbo__cli_tell_data(const data_source *source, const elbo_images *images)
{
    tell(source, images, NULL, 0);
}

void elbo__cli_tell_training_data(const data_source *source, const elbo_images *train, const elbo_images *test,
                                  int64_t held)
{
    tell(source, train, test, held);
}
