#include "csv_parse.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../tensor/memory.h"
#include "../tensor/text.h"
#include "bytes.h"
#include "gzip.h"

enum {
    BLOCK = 1 << 16,
    MOST_BYTES = 1 << 20,  /* of a field: more is a quote that is never closed, or no CSV */
    MOST_COLUMNS = 1 << 24 /* of images of 4096 x 4096                                    */
};

enum { END = -1, FAILED = -2 }; /* in place of a byte */

struct elbo__csv_reader {
    char *path;
    elbo__source *source;
    elbo_status status; /* of the source: what it failed with is kept until the record is given up */
    elbo__listing columns;
    elbo__csv_record record;
    int64_t line; /* of the byte that comes next                            */
    char *text;   /* the fields of the record, one behind the other, each ended by a 0 */
    size_t used, room;
    size_t *starts; /* [record.count], of each field in `text`                */
    size_t starts_room, fields_room;
    size_t at, there; /* in `block`                                             */
    unsigned char block[BLOCK];
};

static elbo_status wrong(const elbo__csv_reader *r, int64_t line, const char *reason)
{
    return elbo__fail(ELBO_FORMAT, "%s:%" PRId64 ": %s", r->path, line, reason);
}

/* ---- bytes ------------------------------------------------------------------------------------------------------- */

/* The next byte, without going past it. */
static int peek(elbo__csv_reader *r)
{
    if (r->at == r->there) {
        r->at = r->there = 0;
        if (r->status == ELBO_OK)
            r->status = elbo__source_read(r->source, r->block, BLOCK, &r->there);
        if (r->status != ELBO_OK)
            return FAILED;
    }
    return r->at < r->there ? r->block[r->at] : END;
}

static void skip_mark(elbo__csv_reader *r)
{
    static const unsigned char mark[] = {0xef, 0xbb, 0xbf};
    if (peek(r) >= 0 && r->there >= sizeof mark && memcmp(r->block, mark, sizeof mark) == 0)
        r->at = sizeof mark;
}

/* Goes past the end of a line, which comes next: CR LF, CR or LF. */
static void skip_line_end(elbo__csv_reader *r)
{
    const int first = peek(r);
    r->at++;
    if (first == '\r' && peek(r) == '\n')
        r->at++;
    r->line++;
}

/* ---- fields ------------------------------------------------------------------------------------------------------ */

static elbo_status add_byte(elbo__csv_reader *r, char byte)
{
    if (r->used == r->room && elbo__grow((void **)&r->text, &r->room, r->used + 1, 1) != ELBO_OK)
        return ELBO_NO_MEMORY;
    r->text[r->used++] = byte;
    return ELBO_OK;
}

/* One more byte of the field that began at `start`. */
static elbo_status take_byte(elbo__csv_reader *r, size_t start, int byte)
{
    if (byte == 0)
        return wrong(r, r->line, "a byte of 0: this is no text, or it is UTF-16; CSV is read as UTF-8");
    if (r->used - start >= MOST_BYTES)
        return wrong(r, r->record.line, "a field of more than 1048576 bytes: is a quote not closed?");
    r->at++;
    return add_byte(r, (char)byte);
}

/* Up to a comma, the end of the line or of the file. */
static elbo_status read_plain(elbo__csv_reader *r)
{
    const size_t start = r->used;
    elbo_status status = ELBO_OK;
    for (int c = peek(r); c >= 0 && c != ',' && c != '\n' && c != '\r' && status == ELBO_OK; c = peek(r))
        status = c == '"'
                     ? wrong(r, r->line, "a quote within a field: such a field stands in quotes, and it is doubled")
                     : take_byte(r, start, c);
    return status;
}

static elbo_status read_quoted(elbo__csv_reader *r)
{
    const size_t start = r->used;
    const int64_t line = r->line;
    elbo_status status = ELBO_OK;
    r->at++;
    while (status == ELBO_OK) {
        const int c = peek(r);
        if (c == FAILED)
            return ELBO_OK; /* the reader knows */
        if (c == END)
            return wrong(r, line, "a quote is not closed");
        if (c == '"') {
            r->at++;
            if (peek(r) != '"')
                break;
        }
        r->line += c == '\n';
        status = take_byte(r, start, peek(r));
    }
    const int after = peek(r);
    if (status == ELBO_OK && after >= 0 && after != ',' && after != '\n' && after != '\r')
        status = wrong(r, r->line, "text after the closing quote of a field");
    return status;
}

static elbo_status add_field(elbo__csv_reader *r)
{
    if (r->record.count == MOST_COLUMNS)
        return wrong(r, r->record.line, "more than 16777216 fields");
    elbo_status status = elbo__grow((void **)&r->starts, &r->starts_room, (size_t)r->record.count + 1,
                                    sizeof *r->starts);
    if (status != ELBO_OK)
        return status;
    r->starts[r->record.count++] = r->used;
    status = peek(r) == '"' ? read_quoted(r) : read_plain(r);
    return status == ELBO_OK ? add_byte(r, '\0') : status;
}

/* One record, empty lines included; with no fields at the end of the file. */
static elbo_status read_record(elbo__csv_reader *r)
{
    r->used = 0;
    r->record.count = 0;
    r->record.line = r->line;
    if (peek(r) == END)
        return ELBO_OK;
    elbo_status status = add_field(r);
    while (status == ELBO_OK && peek(r) == ',') {
        r->at++;
        status = add_field(r);
    }
    if (status != ELBO_OK || r->status != ELBO_OK)
        return status != ELBO_OK ? status : r->status;
    if (peek(r) >= 0)
        skip_line_end(r);
    status = elbo__grow((void **)&r->record.fields, &r->fields_room, (size_t)r->record.count, sizeof(char *));
    for (int i = 0; i < r->record.count && status == ELBO_OK; i++)
        r->record.fields[i] = r->text + r->starts[i]; /* not before: the text may have moved */
    return status;
}

static bool is_empty(const elbo__csv_record *record)
{
    return record->count == 1 && !record->fields[0][0];
}

elbo_status elbo__csv_next(elbo__csv_reader *r, const elbo__csv_record **out)
{
    const size_t columns = r->columns.count;
    elbo_status status = ELBO_OK;
    *out = NULL;
    do
        status = read_record(r);
    while (status == ELBO_OK && columns > 1 && is_empty(&r->record));
    if (status != ELBO_OK || r->record.count == 0)
        return status;
    if ((size_t)r->record.count != columns)
        return elbo__fail(ELBO_FORMAT, "%s:%" PRId64 ": %d %s, but the header names %zu %s", r->path, r->record.line,
                          r->record.count, r->record.count == 1 ? "field" : "fields", columns,
                          columns == 1 ? "column" : "columns");
    *out = &r->record;
    return ELBO_OK;
}

/* ---- the header -------------------------------------------------------------------------------------------------- */

static bool is_number(const char *text, double *out)
{
    char *end;
    *out = elbo__read_number(text, &end);
    return end != text && *end == '\0';
}

/* Whether the first line looks like a record. A data frame's columns may be called 0, 1, 2, ... */
static bool lacks_names(const elbo__csv_record *record)
{
    double first, value;
    bool counted = true;
    for (int i = 0; i < record->count; i++) {
        if (!is_number(record->fields[i], i == 0 ? &first : &value))
            return false;
        counted = counted && (i == 0 ? first == 0 || first == 1 : value == first + i);
    }
    return !counted;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static elbo_status check_twice(const elbo__csv_reader *r)
{
    const size_t count = r->columns.count;
    const char **sorted = elbo__calloc(count, sizeof *sorted);
    elbo_status status = sorted ? ELBO_OK : ELBO_NO_MEMORY;
    if (sorted) {
        memcpy(sorted, r->columns.names, count * sizeof *sorted);
        qsort(sorted, count, sizeof *sorted, by_name);
    }
    for (size_t i = 1; i < count && status == ELBO_OK; i++)
        if (strcmp(sorted[i - 1], sorted[i]) == 0)
            status = elbo__fail(ELBO_FORMAT, "%s:%" PRId64 ": the column \"%s\" stands twice", r->path, r->record.line,
                                elbo__excerpt_of(sorted[i]).text);
    elbo__free(sorted);
    return status;
}

/* The character that separates columns where there is but one by commas: a spreadsheet may have another; or 0. */
static char other_separator(const elbo__csv_record *record)
{
    const char *found = record->count == 1 ? strpbrk(record->fields[0], ";\t") : NULL;
    return found ? *found : '\0';
}

static elbo_status read_header(elbo__csv_reader *r)
{
    elbo_status status = ELBO_OK;
    do
        status = read_record(r);
    while (status == ELBO_OK && is_empty(&r->record));
    const elbo__csv_record *record = &r->record;
    if (status != ELBO_OK)
        return status;
    if (record->count == 0)
        return elbo__fail(ELBO_FORMAT, "%s: is empty: the first line names the columns", r->path);
    if (other_separator(record))
        return elbo__fail(ELBO_FORMAT, "%s:%" PRId64 ": columns are separated by commas, not by %s", r->path,
                          record->line, other_separator(record) == '\t' ? "tabs" : "\";\"");
    if (lacks_names(record))
        return wrong(r, record->line, "the first line names the columns, but here are numbers");
    for (int i = 0; i < record->count && status == ELBO_OK; i++)
        status = record->fields[i][0] ? elbo__listing_add(&r->columns, record->fields[i])
                                      : elbo__fail(ELBO_FORMAT, "%s:%" PRId64 ": column %d of %d has no name", r->path,
                                                   record->line, i + 1, record->count);
    return status == ELBO_OK ? check_twice(r) : status;
}

elbo_status elbo__csv_reader_open(const char *path, elbo__csv_reader **out)
{
    *out = NULL;
    elbo__csv_reader *r = elbo__calloc(1, sizeof *r);
    if (!r)
        return ELBO_NO_MEMORY;
    r->line = 1;
    r->path = elbo__strdup(path);
    elbo_status status = r->path ? elbo__source_open(path, &r->source) : ELBO_NO_MEMORY;
    if (status == ELBO_OK) {
        skip_mark(r);
        status = read_header(r);
    }
    if (status == ELBO_OK)
        *out = r;
    else
        elbo__csv_reader_close(r);
    return status;
}

void elbo__csv_reader_close(elbo__csv_reader *r)
{
    if (!r)
        return;
    elbo__source_close(r->source);
    elbo__listing_free(&r->columns);
    elbo__free(r->record.fields);
    elbo__free(r->starts);
    elbo__free(r->text);
    elbo__free(r->path);
    elbo__free(r);
}

/* ---- asking ------------------------------------------------------------------------------------------------------ */

const elbo__listing *elbo__csv_columns(const elbo__csv_reader *r)
{
    return &r->columns;
}

int elbo__csv_column(const elbo__csv_reader *r, const char *name)
{
    for (size_t i = 0; i < r->columns.count; i++)
        if (strcmp(r->columns.names[i], name) == 0)
            return (int)i;
    return -1;
}

void elbo__csv_at(const elbo__csv_reader *r, int64_t *done, int64_t *total)
{
    elbo__source_at(r->source, done, total);
}

elbo_status elbo__csv_wrong(const elbo__csv_reader *r, int column, const char *reason)
{
    return elbo__fail(ELBO_FORMAT, "%s:%" PRId64 ": column \"%s\": %s", r->path, r->record.line,
                      elbo__excerpt_of(r->columns.names[column]).text, reason);
}

elbo_status elbo__csv_number(const elbo__csv_reader *r, int column, double *out)
{
    const char *text = r->record.fields[column];
    const size_t digits = strspn(text, "0123456789");
    if (digits > 0 && digits < 10 && !text[digits]) { /* most pixels: strtod would take the longest of all here */
        *out = 0;
        for (size_t i = 0; i < digits; i++)
            *out = 10 * *out + (text[i] - '0');
        return ELBO_OK;
    }
    char *end;
    *out = elbo__read_number(text, &end);
    if (end == text)
        *out = NAN;
    if (end[strspn(end, " \t")] == '\0')
        return ELBO_OK;
    const elbo__excerpt found = elbo__excerpt_of(text);
    char reason[sizeof found.text + 32];
    elbo__print(reason, sizeof reason, "\"%s\" is no number", found.text);
    return elbo__csv_wrong(r, column, reason);
}
