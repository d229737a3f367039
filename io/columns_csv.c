#include "columns_csv.h"

#include <math.h>
#include <string.h>

#include "../tensor/memory.h"
#include "../tensor/text.h"
#include "../tensor/words.h"
#include "bytes.h"

double elbo__column_parsed(const char *field)
{
    char *end;
    const double value = elbo__read_number(field, &end);
    return end > field && end[strspn(end, " \t")] == '\0' && isfinite(value) ? value : NAN;
}

elbo_status elbo__column_place(const elbo__csv_reader *reader, const char *path, const char *name, int *out)
{
    const elbo__listing *there = elbo__csv_columns(reader);
    *out = elbo__csv_column(reader, name);
    if (*out >= 0)
        return ELBO_OK;
    elbo__words near = elbo__words_near(name);
    for (size_t i = 0; i < there->count; i++)
        elbo__words_offer(&near, there->names[i]);
    return elbo__fail(ELBO_FORMAT, "%s: has no column \"%s\"%s", path, elbo__excerpt_of(name).text,
                      elbo__words_hint(&near).text);
}

/* "PATH:LINE: column "NAME": "FIELD" is REASON" */
static elbo_status wrong(const elbo__csv_reader *reader, int place, const char *field, const char *reason)
{
    const elbo__excerpt found = elbo__excerpt_of(field);
    char text[sizeof found.text + 250];
    elbo__print(text, sizeof text, "\"%s\" is %s", found.text, reason);
    return elbo__csv_wrong(reader, place, text);
}

elbo_status elbo__column_number(const elbo__csv_reader *reader, int place, const elbo__column *column,
                                const char *field, double *out)
{
    *out = elbo__column_parsed(field);
    if (isnan(*out))
        return wrong(reader, place, field, "no number");
    if (!isfinite((float)*out))
        return wrong(reader, place, field, "beyond the numbers of f32");
    if (!elbo__column_suits(column, *out))
        return wrong(reader, place, field,
                     column->kind == ELBO__COLUMN_COUNT ? "no count 0, 1, 2, ..." : "not positive");
    return ELBO_OK;
}

static elbo_status no_word(const elbo__csv_reader *reader, const elbo__column_source *source, const char *field)
{
    const elbo__listing *words = &source->column->words;
    elbo__words near = elbo__words_near(field);
    char reason[250];
    for (size_t i = 0; i < words->count; i++)
        elbo__words_offer(&near, words->names[i]);
    elbo__print(reason, sizeof reason, "none of its %zu words%s", words->count, elbo__words_hint(&near).text);
    return wrong(reader, source->place, field, reason);
}

elbo_status elbo__column_value(const elbo__csv_reader *reader, elbo__column_source *source, const char *field,
                               double *out)
{
    const size_t words = source->column->words.count;
    size_t number;
    *out = NAN;
    if (elbo__column_is_missing(field))
        return ELBO_OK;
    if (!elbo__column_has_words(source->column))
        return elbo__column_number(reader, source->place, source->column, field, out);
    elbo_status status = elbo__dictionary_number(&source->words, field, words, &number);
    if (status == ELBO_OK && number == words)
        return no_word(reader, source, field);
    *out = (double)number;
    return status;
}

elbo_status elbo__column_sources(const elbo__csv_reader *reader, const char *path, const elbo__columns *columns,
                                 elbo__column_source **out)
{
    const size_t count = elbo__columns_used(columns);
    elbo__column_source *sources = elbo__calloc(count, sizeof *sources);
    elbo_status status = sources ? ELBO_OK : ELBO_NO_MEMORY;
    for (size_t i = 0, n = 0; i < columns->count && status == ELBO_OK; i++) {
        const elbo__column *column = &columns->at[i];
        size_t number;
        if (column->kind == ELBO__COLUMN_SKIP)
            continue;
        elbo__column_source *source = &sources[n++];
        source->column = column;
        status = elbo__column_place(reader, path, column->name, &source->place);
        for (size_t k = 0; k < column->words.count && status == ELBO_OK; k++)
            status = elbo__dictionary_number(&source->words, column->words.names[k], column->words.count, &number);
    }
    if (status != ELBO_OK) {
        elbo__column_sources_free(sources, count);
        sources = NULL;
    }
    *out = sources;
    return status;
}

void elbo__column_sources_free(elbo__column_source *sources, size_t count)
{
    for (size_t i = 0; sources && i < count; i++)
        elbo__dictionary_free(&sources[i].words);
    elbo__free(sources);
}
