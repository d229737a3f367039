#include "columns.h"

#include <math.h>
#include <string.h>

#include "../tensor/memory.h"
#include "../tensor/text.h"
#include "../tensor/words.h"
#include "bytes.h"
#include "quote.h"

const char *const elbo__column_kinds[] = {"real", "positive", "count", "categorical", "ordinal", "skip", NULL};

#define SPECIAL ",=:|<#\n" /* what text in a name or word would be taken for */

/* ---- columns ----------------------------------------------------------------------------------------------------- */

void elbo__columns_free(elbo__columns *columns)
{
    for (size_t i = 0; i < columns->count; i++) {
        elbo__free(columns->at[i].name);
        elbo__listing_free(&columns->at[i].words);
    }
    elbo__free(columns->at);
    *columns = (elbo__columns){.count = 0};
}

elbo_status elbo__columns_add(elbo__columns *columns, const char *name, elbo__column_kind kind)
{
    char *copy = elbo__strdup(name);
    elbo_status status = copy ? elbo__grow((void **)&columns->at, &columns->capacity, columns->count + 1,
                                           sizeof *columns->at)
                              : ELBO_NO_MEMORY;
    if (status != ELBO_OK) {
        elbo__free(copy);
        return status;
    }
    columns->at[columns->count++] = (elbo__column){.name = copy, .kind = kind, .deviation = 1};
    return ELBO_OK;
}

elbo__column *elbo__columns_find(const elbo__columns *columns, const char *name)
{
    for (size_t i = 0; i < columns->count; i++)
        if (strcmp(columns->at[i].name, name) == 0)
            return &columns->at[i];
    return NULL;
}

size_t elbo__columns_used(const elbo__columns *columns)
{
    size_t used = 0;
    for (size_t i = 0; i < columns->count; i++)
        used += columns->at[i].kind != ELBO__COLUMN_SKIP;
    return used;
}

bool elbo__columns_known(const elbo__columns *columns)
{
    for (size_t i = 0; i < columns->count; i++)
        if (columns->at[i].kind != ELBO__COLUMN_SKIP && !columns->at[i].known)
            return false;
    return true;
}

bool elbo__column_has_words(const elbo__column *column)
{
    return column->kind == ELBO__COLUMN_CATEGORICAL || column->kind == ELBO__COLUMN_ORDINAL;
}

bool elbo__column_suits(const elbo__column *column, double x)
{
    switch (column->kind) {
    case ELBO__COLUMN_POSITIVE: return x > 0;
    case ELBO__COLUMN_COUNT: return x >= 0 && x == floor(x);
    case ELBO__COLUMN_CATEGORICAL:
    case ELBO__COLUMN_ORDINAL: return x >= 0 && x == floor(x) && x < (double)column->words.count;
    default: return true;
    }
}

double elbo__column_transformed(const elbo__column *column, double x)
{
    return column->kind == ELBO__COLUMN_POSITIVE ? log(x) : column->kind == ELBO__COLUMN_COUNT ? log1p(x) : x;
}

bool elbo__column_is_missing(const char *field)
{
    static const char *const words[] = {"na", "n/a", "nan", "null", "?"};
    if (field[strspn(field, " \t")] == '\0')
        return true;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (elbo__same_letters(field, words[i]))
            return true;
    return false;
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

/* The text from `at` on, and room for an item of it. */
typedef struct {
    const char *at;
    char *item;
} cursor;

static void skip_blanks(cursor *c)
{
    c->at += strspn(c->at, " \t\r");
}

/* What stands up to one of the characters, without blanks at its ends, into c->item. False where it is empty. */
static bool take_item(cursor *c, const char *stops)
{
    skip_blanks(c);
    const char *end = elbo__read_quoted(c->at, c->item);
    if (end) {
        c->at = end;
        skip_blanks(c);
        return true;
    }
    size_t length = strcspn(c->at, stops);
    memcpy(c->item, c->at, length);
    c->at += length;
    while (length > 0 && strchr(" \t\r", c->item[length - 1]))
        length--;
    c->item[length] = '\0';
    return length > 0;
}

static elbo_status take_kind(cursor *c, const char *name, elbo__column_kind *out)
{
    take_item(c, ":,\n");
    elbo__words near = elbo__words_near(c->item);
    for (int i = 0; elbo__column_kinds[i]; i++) {
        elbo__words_offer(&near, elbo__column_kinds[i]);
        if (strcmp(elbo__column_kinds[i], c->item) == 0) {
            *out = (elbo__column_kind)i;
            return ELBO_OK;
        }
    }
    return elbo__fail(ELBO_INVALID, "columns: \"%s\": no kind \"%s\"%s", elbo__excerpt_of(name).text,
                      elbo__excerpt_of(c->item).text, elbo__words_hint(&near).text);
}

/* Words between '|' or '<' */
static elbo_status take_words(cursor *c, elbo__column *column)
{
    elbo_status status = ELBO_OK;
    do {
        c->at += *c->at == '|' || *c->at == '<';
        if (!take_item(c, "|<,\n"))
            return elbo__fail(ELBO_INVALID, "columns: \"%s\": a word is missing", elbo__excerpt_of(column->name).text);
        for (size_t i = 0; i < column->words.count; i++)
            if (strcmp(column->words.names[i], c->item) == 0)
                return elbo__fail(ELBO_INVALID, "columns: \"%s\": the word \"%s\" stands twice",
                                  elbo__excerpt_of(column->name).text, elbo__excerpt_of(c->item).text);
        if (column->words.count == ELBO__MOST_WORDS)
            return elbo__fail(ELBO_INVALID, "columns: \"%s\": more than %d words", elbo__excerpt_of(column->name).text,
                              ELBO__MOST_WORDS);
        status = elbo__listing_add(&column->words, c->item);
    } while (status == ELBO_OK && (*c->at == '|' || *c->at == '<'));
    column->known = true;
    return status;
}

/* MEAN+-DEVIATION */
static elbo_status take_moments(cursor *c, elbo__column *column)
{
    char *end = NULL, *last = NULL;
    take_item(c, ",\n");
    column->mean = elbo__read_number(c->item, &end);
    const bool both = end > c->item && strncmp(end, "+-", 2) == 0;
    column->deviation = both ? elbo__read_number(end + 2, &last) : NAN;
    column->known = both && last > end + 2 && !*last && isfinite(column->mean) && column->deviation > 0 &&
                    isfinite(column->deviation);
    return column->known ? ELBO_OK
                         : elbo__fail(ELBO_INVALID, "columns: \"%s\": \"%s\" is no mean and deviation such as 3.5+-1.2",
                                      elbo__excerpt_of(column->name).text, elbo__excerpt_of(c->item).text);
}

static elbo_status take_column(cursor *c, elbo__columns *out)
{
    elbo__column_kind kind = ELBO__COLUMN_REAL;
    take_item(c, "=,\n");
    if (*c->at != '=')
        return elbo__fail(ELBO_INVALID,
                          "columns: \"%s\" has no kind; expected NAME=KIND,NAME=KIND, or a file of such "
                          "lines",
                          elbo__excerpt_of(c->item).text);
    c->at++;
    if (elbo__columns_find(out, c->item))
        return elbo__fail(ELBO_INVALID, "columns: \"%s\" stands twice", elbo__excerpt_of(c->item).text);
    elbo_status status = elbo__columns_add(out, c->item, kind);
    elbo__column *column = status == ELBO_OK ? &out->at[out->count - 1] : NULL;
    if (status == ELBO_OK)
        status = take_kind(c, column->name, &column->kind);
    if (status != ELBO_OK || *c->at != ':')
        return status;
    c->at++;
    return elbo__column_has_words(column) ? take_words(c, column) : take_moments(c, column);
}

elbo_status elbo__columns_parse(const char *text, elbo__columns *out)
{
    cursor c = {text, elbo__strdup(text)};
    *out = (elbo__columns){.count = 0};
    elbo_status status = c.item ? ELBO_OK : ELBO_NO_MEMORY;
    while (status == ELBO_OK) {
        c.at += strspn(c.at, " \t\r\n,");
        if (*c.at == '#')
            c.at += strcspn(c.at, "\n");
        else if (*c.at)
            status = take_column(&c, out);
        else
            break;
        if (status == ELBO_OK && !strchr(",\n", *c.at))
            status = elbo__fail(ELBO_INVALID, "columns: \"%s\" where the next column was expected",
                                elbo__excerpt_of(c.at).text);
    }
    elbo__free(c.item);
    if (status != ELBO_OK)
        elbo__columns_free(out);
    return status;
}

/* ---- writing ----------------------------------------------------------------------------------------------------- */

/* Puts more text behind `text`, which is freed; NULL where either is NULL. */
static char *joined(char *text, char *more)
{
    char *longer = text && more ? elbo__format("%s%s", text, more) : NULL;
    elbo__free(text);
    elbo__free(more);
    return longer;
}

static char *with_words(char *text, const elbo__column *column)
{
    const char *between = column->kind == ELBO__COLUMN_ORDINAL ? "<" : "|";
    for (size_t i = 0; i < column->words.count; i++) {
        text = joined(text, elbo__strdup(i ? between : ":"));
        text = joined(text, elbo__quote_item(column->words.names[i], SPECIAL));
    }
    return text;
}

static char *with_column(char *text, const elbo__column *column)
{
    text = joined(text, elbo__quote_item(column->name, SPECIAL));
    text = joined(text, elbo__format("=%s", elbo__column_kinds[column->kind]));
    if (elbo__column_has_words(column))
        return with_words(text, column);
    if (column->known && column->kind != ELBO__COLUMN_SKIP)
        text = joined(text, elbo__format(":%.9g+-%.9g", column->mean, column->deviation));
    return text;
}

char *elbo__columns_print(const elbo__columns *columns)
{
    char *text = elbo__strdup("");
    for (size_t i = 0; i < columns->count; i++) {
        text = i ? joined(text, elbo__strdup(",")) : text;
        text = with_column(text, &columns->at[i]);
    }
    return text;
}
