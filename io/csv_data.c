/* Images with labels from a CSV file: a row for each, a column for each value. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "../tensor/memory.h"
#include "../tensor/text.h"
#include "../tensor/watch_private.h"
#include "../tensor/words.h"
#include "bytes.h"
#include "columns_csv.h"
#include "data_files.h"

/* Rows read so far. */
typedef struct {
    elbo__csv_reader *reader;
    int label, all;      /* column of labels or -1; how many there are                          */
    int64_t rows, width; /* values in a row                                                     */
    elbo_shape image;    /* of one; ndim = 0: its values are in a row                           */
    float *values;       /* (rows, width)                                                       */
    size_t room, labels_room;
    int32_t *labels;              /* (rows): places in `words`                                           */
    elbo__dictionary words;       /* what stands in the column of labels                        */
    elbo__columns columns;        /* what the others hold; none: plain numbers                  */
    elbo__column_source *sources; /* [width] of them                                            */
    bool whole;                   /* all values are whole numbers from 0 to 255                          */
    bool wanted;                  /* the labels are                                                      */
    bool more;                    /* and some are above 1                                                */
} table;

/* ---- labels ------------------------------------------------------------------------------------------------------ */

static elbo_status take_label(table *t, const char *word)
{
    elbo_status status = elbo__grow((void **)&t->labels, &t->labels_room, (size_t)t->rows + 1, sizeof *t->labels);
    size_t number = 0;
    if (status != ELBO_OK)
        return status;
    if (!word[0])
        return elbo__csv_wrong(t->reader, t->label, "a label is missing");
    status = elbo__dictionary_number(&t->words, word, ELBO_MAX_CLASSES, &number);
    if (status == ELBO_OK && number == ELBO_MAX_CLASSES)
        return elbo__csv_wrong(t->reader, t->label, "more than 65536 labels: is this a column of labels?");
    t->labels[t->rows] = (int32_t)number;
    return status;
}

/* The number of a class; -1 for any other text. */
static int class_number(const char *text)
{
    const size_t digits = strspn(text, "0123456789");
    const long long value = digits > 0 && digits < 6 && !text[digits] ? elbo__read_integer(text, NULL) : -1;
    return value < ELBO_MAX_CLASSES && (digits == 1 || text[0] != '0') ? (int)value : -1;
}

/* Labels that are numbers are those of the classes; words are sorted, and then numbered. On failure or with numbers
 * *names is empty. */
static elbo_status number_labels(table *t, elbo__listing *names)
{
    int *map = NULL;
    bool numbers = true;
    *names = (elbo__listing){.count = 0};
    elbo_status status = ELBO_OK;
    if (!t->labels)
        return ELBO_OK;
    for (size_t i = 0; i < t->words.words.count; i++)
        numbers = numbers && class_number(t->words.words.names[i]) >= 0;
    if (numbers) {
        for (int64_t i = 0; i < t->rows; i++)
            t->labels[i] = class_number(t->words.words.names[t->labels[i]]);
        return ELBO_OK;
    }
    for (size_t i = 0; i < t->words.words.count && status == ELBO_OK; i++)
        status = elbo__listing_add(names, t->words.words.names[i]);
    elbo__listing_sort(names);
    if (status == ELBO_OK)
        status = elbo__match_names((const char *const *)t->words.words.names, (int)t->words.words.count,
                                   (const char *const *)names->names, (int)names->count, &map);
    for (int64_t i = 0; i < t->rows && status == ELBO_OK; i++)
        t->labels[i] = map[t->labels[i]];
    elbo__free(map);
    if (status != ELBO_OK)
        elbo__listing_free(names);
    return status;
}

/* ---- rows -------------------------------------------------------------------------------------------------------- */

/* x (width) of plain numbers */
static elbo_status take_numbers(table *t, float *x)
{
    elbo_status status = ELBO_OK;
    for (int i = 0; i < t->all && status == ELBO_OK; i++) {
        double value;
        if (i == t->label)
            continue;
        status = elbo__csv_number(t->reader, i, &value);
        if (status != ELBO_OK)
            break;
        t->whole = t->whole && value >= 0 && value <= 255 && value == floor(value);
        t->more = t->more || value > 1;
        *x++ = (float)value;
    }
    return status;
}

/* The same of columns by their kinds */
static elbo_status take_kinds(table *t, const elbo__csv_record *record, float *x)
{
    elbo_status status = ELBO_OK;
    double value;
    for (int64_t i = 0; i < t->width && status == ELBO_OK; i++) {
        status = elbo__column_value(t->reader, &t->sources[i], record->fields[t->sources[i].place], &value);
        x[i] = (float)value;
    }
    return status;
}

static elbo_status take_row(table *t, const elbo__csv_record *record)
{
    const size_t used = (size_t)(t->rows * t->width);
    elbo_status status = elbo__grow((void **)&t->values, &t->room, used + (size_t)t->width, sizeof *t->values);
    if (status == ELBO_OK && t->label >= 0 && t->wanted)
        status = take_label(t, record->fields[t->label]);
    if (status == ELBO_OK)
        status = t->sources ? take_kinds(t, record, t->values + used) : take_numbers(t, t->values + used);
    t->rows++;
    return status;
}

/* Whether the text is HxW or CxHxW. */
static bool take_shape(const char *text, elbo_shape *out)
{
    elbo_shape shape = {.ndim = 0};
    for (;; text++) {
        const size_t digits = strspn(text, "0123456789");
        if (shape.ndim == 3 || digits == 0 || digits > 6 || text[0] == '0')
            return false;
        shape.dim[shape.ndim++] = elbo__read_integer(text, NULL);
        text += digits;
        if (*text == '\0')
            break;
        if (*text != 'x')
            return false;
    }
    *out = shape;
    return shape.ndim > 1;
}

/* Takes `how` apart; *label = the name of the column, a new string, or NULL. */
static elbo_status take_how(table *t, const char *how, char **label)
{
    const char *colon = how ? strrchr(how, ':') : NULL;
    *label = NULL;
    if (!how || take_shape(how, &t->image))
        return ELBO_OK;
    const bool shaped = colon && take_shape(colon + 1, &t->image);
    *label = shaped ? elbo__format("%.*s", (int)(colon - how), how) : elbo__strdup(how);
    return *label ? ELBO_OK : ELBO_NO_MEMORY;
}

/* Of the columns, the one whose name is most alike. */
static const char *nearest_column(const table *t, const char *name)
{
    const elbo__listing *columns = elbo__csv_columns(t->reader);
    const char *nearest = columns->names[0];
    int least = elbo__distance(name, nearest);
    for (size_t i = 1; i < columns->count; i++) {
        const int distance = elbo__distance(name, columns->names[i]);
        if (distance < least) {
            nearest = columns->names[i];
            least = distance;
        }
    }
    return nearest;
}

static elbo_status find_label(table *t, const char *path, const char *label)
{
    t->all = (int)elbo__csv_columns(t->reader)->count;
    t->label = label ? elbo__csv_column(t->reader, label) : -1;
    t->width = t->all - (t->label >= 0);
    if (label && t->label < 0)
        return elbo__fail(ELBO_FORMAT, "%s: has no column \"%s\" of labels; of its %d the nearest is \"%s\"", path,
                          elbo__excerpt_of(label).text, t->all, elbo__excerpt_of(nearest_column(t, label)).text);
    if (t->width == 0)
        return elbo__fail(ELBO_FORMAT, "%s: has no columns besides that of the labels", path);
    if (t->image.ndim && elbo_shape_size(&t->image) != t->width)
        return elbo__fail(ELBO_FORMAT, "%s: %lld values in a row are no image of %s", path, (long long)t->width,
                          elbo_shape_format(&t->image).text);
    return ELBO_OK;
}

/* A word where there is no column of labels yet is most likely one. */
static elbo_status advise(const table *t, elbo_status status, const char *path)
{
    if (status != ELBO_FORMAT || t->label >= 0 || t->sources || !strstr(elbo_error(), "is no number"))
        return status;
    char *message = elbo__strdup(elbo_error());
    if (message)
        status = elbo__fail(ELBO_FORMAT, "%s; %s:COLUMN names a column of labels, and likelihood columns takes words",
                            message, path);
    elbo__free(message);
    return status;
}

/* Columns by their kinds, as far as they were said and else by a look at all rows; *columns = what is known of them. */
static elbo_status find_columns(table *t, const char *path, const char *label, const elbo__origin *origin,
                                char **columns)
{
    if (t->image.ndim)
        return elbo__fail(ELBO_INVALID, "%s: a row of columns is no image of %s", path,
                          elbo_shape_format(&t->image).text);
    elbo_status status = elbo__columns_parse(origin->columns, &t->columns);
    if (status == ELBO_OK && !origin->exact)
        status = elbo__columns_survey(path, label, &t->columns);
    if (status == ELBO_OK)
        status = elbo__column_sources(t->reader, path, &t->columns, &t->sources);
    if (status != ELBO_OK)
        return status;
    t->width = (int64_t)elbo__columns_used(&t->columns);
    *columns = elbo__columns_print(&t->columns);
    return *columns ? ELBO_OK : ELBO_NO_MEMORY;
}

static elbo_status read_rows(table *t, const char *path, const char *label, const elbo__origin *origin, char **columns)
{
    const elbo__csv_record *record = NULL;
    elbo_status status = elbo__csv_reader_open(path, &t->reader);
    if (status == ELBO_OK)
        status = find_label(t, path, label);
    if (status == ELBO_OK && origin->columns)
        status = find_columns(t, path, label, origin, columns);
    t->whole = true;
    int64_t done, total;
    while (status == ELBO_OK) {
        status = elbo__csv_next(t->reader, &record);
        if (status != ELBO_OK || !record)
            break;
        status = take_row(t, record);
        elbo__csv_at(t->reader, &done, &total);
        if (status == ELBO_OK && t->rows % 1000 == 0 && done < total)
            status = elbo__watched("reading rows", done, total);
    }
    return advise(t, status, path);
}

/* ---- images ------------------------------------------------------------------------------------------------------ */

static elbo_shape shape_of(const table *t)
{
    elbo_shape shape = ELBO_SHAPE(t->rows, t->width);
    if (t->image.ndim) {
        memcpy(shape.dim + 1, t->image.dim, (size_t)t->image.ndim * sizeof shape.dim[0]);
        shape.ndim = 1 + t->image.ndim;
    }
    return shape;
}

/* Whole numbers up to 255, some above 1, are grey levels: u8. */
static elbo_status take_images(table *t, elbo_images *out)
{
    if (!t->whole || !t->more || t->sources) {
        out->images = elbo_tensor_of(ELBO_F32, shape_of(t), t->values);
        t->values = NULL;
        return ELBO_OK;
    }
    out->images = elbo_tensor_new(ELBO_U8, shape_of(t));
    unsigned char *levels = out->images.data;
    for (int64_t i = 0; levels && i < t->rows * t->width; i++)
        levels[i] = (unsigned char)t->values[i];
    return levels ? ELBO_OK : ELBO_NO_MEMORY;
}

elbo_status elbo__images_load_csv(const char *path, const elbo__origin *origin, int classes, elbo_images *out)
{
    table t = {.rows = 0};
    out->labelling = "a column of them, named as in table.csv:COLUMN";
    elbo__listing names = {.count = 0};
    char *label;
    elbo_status status = take_how(&t, origin->rest, &label);
    t.wanted = label && classes != ELBO_WITHOUT_LABELS;
    if (status == ELBO_OK)
        status = read_rows(&t, path, label, origin, &out->columns);
    elbo__free(label);
    if (status == ELBO_OK && t.rows == 0)
        status = elbo__fail(ELBO_FORMAT, "%s: has no rows", path);
    if (status == ELBO_OK)
        status = number_labels(&t, &names);
    if (status == ELBO_OK)
        status = take_images(&t, out);
    if (status == ELBO_OK && t.wanted) {
        out->labels = elbo_tensor_of(ELBO_I32, ELBO_SHAPE(t.rows), t.labels);
        t.labels = NULL;
    }
    const int named = (int)names.count;
    if (status == ELBO_OK)
        status = elbo__images_complete(&(elbo__data_names){.images = path, .labels = path, .status = ELBO_FORMAT},
                                       classes == 0 && out->labels.data && named ? named : classes, out);
    if (status == ELBO_OK && out->labels.data && named)
        status = elbo__images_name(out, (const char *const *)names.names, named);
    elbo__listing_free(&names);
    elbo__dictionary_free(&t.words);
    elbo__column_sources_free(t.sources, (size_t)t.width);
    elbo__columns_free(&t.columns);
    elbo__free(t.labels);
    elbo__free(t.values);
    elbo__csv_reader_close(t.reader);
    return status;
}
