/* What is not said of a table's columns, from a look at all of its rows. */
#include <math.h>
#include <string.h>

#include "../tensor/memory.h"
#include "../tensor/watch_private.h"
#include "bytes.h"
#include "columns_csv.h"

/* What has been seen of a column so far. */
typedef struct {
    elbo__column *column; /* NULL: the labels, or skipped */
    bool open;            /* its kind is not said          */
    bool numbers;         /* all of its fields are         */
    int64_t count;        /* of them                       */
    double mean, square;  /* of t(x), and the sum of (t(x) - mean)^2 */
    elbo__dictionary words;
} look;

typedef struct {
    const char *path;
    elbo__csv_reader *reader;
    elbo__columns *columns;
    look *looks; /* of all columns of the file */
    int n;
} survey;

/* ---- which column is which --------------------------------------------------------------------------------------- */

/* Every column that was named must be there. */
static elbo_status check_names(const survey *s, const char *label)
{
    elbo_status status = ELBO_OK;
    for (size_t i = 0; i < s->columns->count && status == ELBO_OK; i++) {
        const char *name = s->columns->at[i].name;
        int place;
        status = label && strcmp(name, label) == 0
                     ? elbo__fail(ELBO_INVALID, "columns: \"%s\" is the column of labels", elbo__excerpt_of(name).text)
                     : elbo__column_place(s->reader, s->path, name, &place);
    }
    return status;
}

/* All columns in the order of the file, those that were named as they were. */
static elbo_status arrange(survey *s, const char *label)
{
    const elbo__listing *there = elbo__csv_columns(s->reader);
    elbo__columns named = *s->columns;
    *s->columns = (elbo__columns){.count = 0};
    elbo_status status = ELBO_OK;
    for (int i = 0; i < s->n && status == ELBO_OK; i++) {
        elbo__column *known = elbo__columns_find(&named, there->names[i]);
        if (label && strcmp(label, there->names[i]) == 0)
            continue;
        status = elbo__columns_add(s->columns, there->names[i], known ? known->kind : ELBO__COLUMN_REAL);
        elbo__column *column = status == ELBO_OK ? &s->columns->at[s->columns->count - 1] : NULL;
        s->looks[i] = (look){.numbers = true, .open = !known};
        if (!known || !column)
            continue;
        char *name = column->name;
        *column = *known;
        column->name = name;
        known->words = (elbo__listing){.count = 0};
    }
    elbo__columns_free(&named);
    return status;
}

static elbo_status begin(survey *s, const char *label)
{
    s->n = (int)elbo__csv_columns(s->reader)->count;
    s->looks = elbo__calloc((size_t)s->n, sizeof *s->looks);
    elbo_status status = s->looks ? check_names(s, label) : ELBO_NO_MEMORY;
    if (status == ELBO_OK)
        status = arrange(s, label);
    for (int i = 0; i < s->n && status == ELBO_OK; i++) { /* now that none moves any more */
        elbo__column *column = elbo__columns_find(s->columns, elbo__csv_columns(s->reader)->names[i]);
        s->looks[i].column = column && column->kind != ELBO__COLUMN_SKIP ? column : NULL;
    }
    return status;
}

/* ---- rows -------------------------------------------------------------------------------------------------------- */

/* Welford's sums: of any numbers, however far from 0 */
static void add(look *l, double value)
{
    const double off = value - l->mean;
    l->mean += off / (double)++l->count;
    l->square += off * (value - l->mean);
}

static elbo_status look_at(survey *s, int i, const char *field)
{
    look *l = &s->looks[i];
    double value = NAN;
    size_t number;
    elbo_status status = ELBO_OK;
    if (!l->column || elbo__column_is_missing(field))
        return ELBO_OK;
    const bool words = elbo__column_has_words(l->column);
    if (words || l->open)
        value = elbo__column_parsed(field);
    else
        status = elbo__column_number(s->reader, i, l->column, field, &value);
    l->numbers = l->numbers && isfinite(value);
    if (status == ELBO_OK && isfinite(value) && !words)
        add(l, elbo__column_transformed(l->column, value));
    if (status == ELBO_OK && (l->open || words))
        status = elbo__dictionary_number(&l->words, field, ELBO__MOST_WORDS + 1, &number);
    return status;
}

static elbo_status look_at_rows(survey *s)
{
    const elbo__csv_record *record = NULL;
    int64_t done, total, rows = 0;
    elbo_status status = ELBO_OK;
    while (status == ELBO_OK) {
        status = elbo__csv_next(s->reader, &record);
        if (status != ELBO_OK || !record)
            break;
        for (int i = 0; i < s->n && status == ELBO_OK; i++)
            status = look_at(s, i, record->fields[i]);
        elbo__csv_at(s->reader, &done, &total);
        if (status == ELBO_OK && ++rows % 1000 == 0 && done < total)
            status = elbo__watched("looking at columns", done, total);
    }
    return status;
}

/* ---- what comes of it -------------------------------------------------------------------------------------------- */

static elbo_status wrong(const survey *s, const look *l, const char *reason)
{
    return elbo__fail(ELBO_FORMAT, "%s: column \"%s\": %s; --columns says NAME=KIND, and NAME=skip leaves one out",
                      s->path, elbo__excerpt_of(l->column->name).text, reason);
}

static elbo_status take_words(const survey *s, look *l)
{
    if (l->column->known) /* they were given, and those that are none of them are told when rows are read */
        return ELBO_OK;
    if (l->words.words.count == 0)
        return wrong(s, l, "has no values");
    if (l->words.words.count > ELBO__MOST_WORDS)
        return wrong(s, l, "more than 1000 words");
    if (l->column->kind == ELBO__COLUMN_ORDINAL && !l->numbers)
        return wrong(s, l, "its words are not numbers: which comes first? as in NAME=ordinal:low<mid<high");
    l->column->words = l->words.words;
    l->words.words = (elbo__listing){.count = 0};
    elbo__listing_sort(&l->column->words);
    l->column->known = true;
    return ELBO_OK;
}

static elbo_status take_numbers(const survey *s, look *l)
{
    if (l->column->known)
        return ELBO_OK;
    if (l->count == 0)
        return wrong(s, l, "has no values");
    const double deviation = sqrt(l->square / (double)l->count);
    l->column->mean = l->mean;
    l->column->deviation = deviation > 1e-9 * fabs(l->mean) && deviation > 0 ? deviation : 1;
    l->column->known = true;
    return ELBO_OK;
}

static elbo_status conclude(survey *s)
{
    elbo_status status = ELBO_OK;
    for (int i = 0; i < s->n && status == ELBO_OK; i++) {
        look *l = &s->looks[i];
        if (!l->column)
            continue;
        if (l->open && !l->numbers)
            l->column->kind = ELBO__COLUMN_CATEGORICAL;
        status = elbo__column_has_words(l->column) ? take_words(s, l) : take_numbers(s, l);
    }
    return status;
}

/* The text stands in files of runs, and a column at least must be left. */
static elbo_status check_size(const survey *s)
{
    char *text = elbo__columns_print(s->columns);
    elbo_status status = text ? ELBO_OK : ELBO_NO_MEMORY;
    if (text && strlen(text) > ELBO__MOST_COLUMN_BYTES)
        status = elbo__fail(ELBO_INVALID,
                            "columns: names and words take %zu bytes, more than %d; NAME=skip leaves a "
                            "column out",
                            strlen(text), ELBO__MOST_COLUMN_BYTES);
    if (text && elbo__columns_used(s->columns) == 0)
        status = elbo__fail(ELBO_INVALID, "columns: %s: no column is left", s->path);
    elbo__free(text);
    return status;
}

elbo_status elbo__columns_survey(const char *path, const char *label, elbo__columns *columns)
{
    survey s = {.path = path, .columns = columns};
    elbo_status status = elbo__csv_reader_open(path, &s.reader);
    if (status == ELBO_OK)
        status = begin(&s, label);
    if (status == ELBO_OK)
        status = look_at_rows(&s);
    if (status == ELBO_OK)
        status = conclude(&s);
    if (status == ELBO_OK)
        status = check_size(&s);
    for (int i = 0; s.looks && i < s.n; i++)
        elbo__dictionary_free(&s.looks[i].words);
    elbo__free(s.looks);
    elbo__csv_reader_close(s.reader);
    return status;
}
