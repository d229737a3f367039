#include "option_private.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "../../tensor/memory.h"
#include "../../tensor/text.h"
#include "../../tensor/words.h"

struct elbo_values {
    const elbo_option *table;  /* with the defaults of the preset     */
    const elbo_option *origin; /* without                             */
    elbo_option *own;          /* `table`, where a preset changes it  */
    char *preset;              /* the texts of these defaults         */
    int n;
    elbo_value *value; /* (n) in the table's order */
    char **owned;      /* (n) the copy behind value[i].text of an ELBO_TEXT, or NULL */
    bool *given;       /* (n) */
};

/* ---- reading ----------------------------------------------------------------------------------------------------- */

/* A range with equal ends, as in a row that says nothing of it, is none. */
static elbo_status check_range(const elbo_option *o, double x)
{
    if (o->least == o->greatest)
        return ELBO_OK;
    if (x < o->least)
        return elbo__fail(ELBO_INVALID, "option \"%s\": %.15g is less than %.15g", o->name, x, o->least);
    if (o->exclusive && x == o->least)
        return elbo__fail(ELBO_INVALID, "option \"%s\": %.15g is not greater than %.15g", o->name, x, o->least);
    if (x > o->greatest)
        return elbo__fail(ELBO_INVALID, "option \"%s\": %.15g is greater than %.15g", o->name, x, o->greatest);
    return ELBO_OK;
}

/* The integer text[0..length); false when it is anything else. strtoll skips white space before it; we do not. */
static bool read_integer(const char *text, size_t length, int64_t *out)
{
    char word[32], *end;
    if (length == 0 || length >= sizeof word || !strchr("+-0123456789", text[0]))
        return false;
    memcpy(word, text, length);
    word[length] = 0;
    errno = 0;
    *out = elbo__read_integer(word, &end);
    return *end == 0 && errno == 0;
}

static elbo_status parse_integer(const elbo_option *o, const char *text, elbo_value *out)
{
    if (!read_integer(text, strlen(text), &out->integer))
        return elbo__fail(ELBO_INVALID, "option \"%s\": \"%s\" is not an integer", o->name, text);
    return check_range(o, (double)out->integer);
}

static elbo_status parse_number(const elbo_option *o, const char *text, elbo_value *out)
{
    char *end;
    out->number = elbo__read_number(text, &end);
    if (end == text || *end || !isfinite(out->number) || !strchr("+-.0123456789", text[0]))
        return elbo__fail(ELBO_INVALID, "option \"%s\": \"%s\" is not a number", o->name, text);
    return check_range(o, out->number);
}

static elbo_status parse_sizes(const elbo_option *o, const char *text, elbo_value *out)
{
    elbo_sizes *sizes = &out->sizes;
    elbo_status status = ELBO_OK;
    if (strcmp(text, "none") == 0)
        return ELBO_OK;
    for (const char *at = text; status == ELBO_OK; at++) {
        size_t length = strcspn(at, ",");
        if (sizes->n == ELBO_MAX_SIZES)
            return elbo__fail(ELBO_INVALID, "option \"%s\": more than %d sizes", o->name, ELBO_MAX_SIZES);
        if (!read_integer(at, length, &sizes->at[sizes->n]))
            return elbo__fail(ELBO_INVALID, "option \"%s\": \"%s\" is not a list of integers such as 400,200", o->name,
                              text);
        status = check_range(o, (double)sizes->at[sizes->n++]);
        at += length;
        if (!*at)
            break;
    }
    return status;
}

/* "a, b, c" of the words of a choice, in a fixed space that holds what fits. */
typedef struct {
    char text[400];
} word_list;

static word_list list_words(const char *const *words)
{
    word_list list = {""};
    size_t used = 0;
    for (const char *const *word = words; word && *word; word++) {
        int more = elbo__print(list.text + used, sizeof list.text - used, "%s%s", used ? ", " : "", *word);
        used = used + (size_t)more < sizeof list.text ? used + (size_t)more : sizeof list.text - 1;
    }
    return list;
}

static elbo_status parse_choice(const elbo_option *o, const char *text, elbo_value *out)
{
    elbo__words near = elbo__words_near(text);
    for (const char *const *word = o->choices; *word; word++) {
        elbo__words_offer(&near, *word);
        if (strcmp(*word, text) == 0) {
            out->text = *word;
            return ELBO_OK;
        }
    }
    return elbo__fail(ELBO_INVALID, "option \"%s\": \"%s\" is not one of %s%s", o->name, text,
                      list_words(o->choices).text, near.nearest ? elbo__words_hint(&near).text : "");
}

static elbo_status parse_flag(const elbo_option *o, const char *text, elbo_value *out)
{
    static const struct {
        const char *word;
        bool value;
    } words[] = {{"yes", true}, {"no", false}, {"true", true}, {"false", false}, {"1", true}, {"0", false}};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcmp(words[i].word, text) == 0) {
            out->flag = words[i].value;
            return ELBO_OK;
        }
    return elbo__fail(ELBO_INVALID, "option \"%s\": \"%s\" is neither yes nor no", o->name, text);
}

elbo_status elbo_option_parse(const elbo_option *o, const char *text, elbo_value *out)
{
    elbo_value value = {0};
    elbo_status status = ELBO_OK;
    if (!text && o->type != ELBO_FLAG)
        return elbo__fail(ELBO_INVALID, "option \"%s\": a value is missing", o->name);
    switch (o->type) {
    case ELBO_INTEGER: status = parse_integer(o, text, &value); break;
    case ELBO_NUMBER: status = parse_number(o, text, &value); break;
    case ELBO_SIZES: status = parse_sizes(o, text, &value); break;
    case ELBO_CHOICE: status = parse_choice(o, text, &value); break;
    case ELBO_FLAG: status = parse_flag(o, text ? text : "yes", &value); break;
    case ELBO_TEXT: value.text = text; break;
    }
    if (status == ELBO_OK)
        *out = value;
    return status;
}

/* ---- printing ---------------------------------------------------------------------------------------------------- */

/* The shortest decimal that reads back as the same double, and 10 as 10, not as 1e+01. */
static char *print_number(double x)
{
    char text[32];
    for (int digits = fabs(x) >= 1 && fabs(x) < 1e6 ? 1 + (int)log10(fabs(x)) : 1; digits <= 17; digits++) {
        elbo__print(text, sizeof text, "%.*g", digits, x);
        if (elbo__read_number(text, NULL) == x)
            break;
    }
    return elbo__strdup(text);
}

static char *print_sizes(const elbo_sizes *sizes)
{
    char text[ELBO_MAX_SIZES * 22] = "";
    size_t used = 0;
    if (sizes->n == 0)
        return elbo__strdup("none");
    for (int i = 0; i < sizes->n; i++)
        used += (size_t)elbo__print(text + used, sizeof text - used, "%s%" PRId64, i ? "," : "", sizes->at[i]);
    return elbo__strdup(text);
}

char *elbo_option_print(const elbo_option *o, const elbo_value *value)
{
    switch (o->type) {
    case ELBO_INTEGER: return elbo__format("%" PRId64, value->integer);
    case ELBO_NUMBER: return print_number(value->number);
    case ELBO_SIZES: return print_sizes(&value->sizes);
    case ELBO_FLAG: return elbo__strdup(value->flag ? "yes" : "no");
    case ELBO_CHOICE:
    case ELBO_TEXT: break; /* either is its own text */
    }
    return elbo__strdup(value->text);
}

/* "; of no use without --net conv", "; of no use with --val 0", of a flag "; of no use without --ais"; nothing where
 * there is no such condition. */
typedef struct {
    char text[160];
} condition;

static condition condition_of(const elbo_option *o)
{
    condition out = {""};
    const char *equals = o->needs ? strchr(o->needs, '=') : NULL;
    if (!equals || equals == o->needs)
        return out;
    const bool not = equals[-1] == '!';
    int used = elbo__print(out.text, sizeof out.text, "; of no use %s --%.*s", not ? "with" : "without",
                           (int)(equals - o->needs) - not, o->needs);
    if (strcmp(equals + 1, "yes") == 0)
        return out;
    used += elbo__print(out.text + used, sizeof out.text - (size_t)used, " ");
    for (const char *c = equals + 1; *c && (size_t)used + 5 < sizeof out.text; c++)
        used += elbo__print(out.text + used, sizeof out.text - (size_t)used,
                            *c != '|'            ? "%c"
                            : strchr(c + 1, '|') ? ", "
                                                 : " or ",
                            *c);
    return out;
}

char *elbo_option_help(const elbo_option *o)
{
    const bool shown = o->default_value && o->default_value[0] && o->type != ELBO_FLAG;
    const word_list words = list_words(o->type == ELBO_CHOICE ? o->choices : NULL);
    return elbo__format("%s%s%s%s%s%s%s", o->help ? o->help : "", words.text[0] ? ": " : "", words.text,
                        shown ? " (" : "", shown ? o->default_value : "", shown ? ")" : "", condition_of(o).text);
}

/* ---- tables ------------------------------------------------------------------------------------------------------ */

const elbo_option *elbo__option_row(const elbo_option *table, const char *name)
{
    for (const elbo_option *o = table; o && o->name; o++)
        if (strcmp(o->name, name) == 0 || (o->alias && strcmp(o->alias, name) == 0))
            return o;
    return NULL;
}

const elbo_option *elbo_option_find(const elbo_option *table, const char *name)
{
    const elbo_option *found = elbo__option_row(table, name);
    elbo__words near = elbo__words_near(name);
    if (found)
        return found;
    for (const elbo_option *o = table; o && o->name; o++)
        elbo__words_offer(&near, o->name);
    (void)elbo__fail(ELBO_INVALID, "no option \"%s\"%s", name,
                     table && table->name ? elbo__words_hint(&near).text : "; there are none");
    return NULL;
}

elbo_sizes elbo_sizes_reversed(elbo_sizes sizes)
{
    elbo_sizes reversed = {.n = sizes.n};
    for (int i = 0; i < sizes.n; i++)
        reversed.at[i] = sizes.at[sizes.n - 1 - i];
    return reversed;
}

elbo_status elbo__option_default(const elbo_option *o, elbo_value *out)
{
    *out = (elbo_value){.text = ""};
    if (!o->default_value && (o->type == ELBO_TEXT || o->type == ELBO_FLAG))
        return ELBO_OK;
    return elbo_option_parse(o, o->default_value, out);
}

elbo_status elbo__option_preset(const elbo_option *o, const char *preset, elbo_value *out)
{
    char text[256];
    const size_t name = strlen(o->name);
    for (const char *at = preset; at && *at; at += strcspn(at, " "), at += strspn(at, " "))
        if (strncmp(at, o->name, name) == 0 && at[name] == '=' && o->type != ELBO_TEXT) {
            elbo__print(text, sizeof text, "%.*s", (int)(strcspn(at, " ") - name - 1), at + name + 1);
            return elbo_option_parse(o, text, out);
        }
    return elbo__option_default(o, out);
}

/* Takes the defaults of a preset, "NAME=VALUE NAME=VALUE", into a table of the values' own. */
static elbo_status take_preset(elbo_values *v, const char *preset)
{
    v->preset = elbo__strdup(preset);
    v->own = elbo__calloc((size_t)v->n + 1, sizeof *v->own);
    if (!v->preset || !v->own)
        return ELBO_NO_MEMORY;
    memcpy(v->own, v->origin, (size_t)v->n * sizeof *v->own);
    v->table = v->own;
    char *rest = v->preset;
    for (char *word = strtok_r(rest, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
        char *equals = strchr(word, '=');
        if (equals)
            *equals = 0;
        const elbo_option *o = elbo_option_find(v->own, word);
        if (!o || !equals)
            return elbo__fail(ELBO_INVALID, "preset \"%s\": %s", preset, o ? "expected NAME=VALUE" : elbo_error());
        v->own[o - v->own].default_value = equals + 1;
    }
    return ELBO_OK;
}

/* Whether an earlier row has the name, as its own or as its alias. */
static bool is_taken(const elbo_option *table, const elbo_option *row, const char *name)
{
    for (const elbo_option *o = table; name && o < row; o++)
        if (strcmp(o->name, name) == 0 || (o->alias && strcmp(o->alias, name) == 0))
            return true;
    return false;
}

/* Whether a row of a table can be meant as it is written. */
static elbo_status check_row(const elbo_option *table, const elbo_option *o)
{
    if (is_taken(table, o, o->name) || is_taken(table, o, o->alias))
        return elbo__fail(ELBO_INVALID, "option \"%s\": its name or alias is that of an earlier one", o->name);
    if (o->type == ELBO_CHOICE && !(o->choices && o->choices[0]))
        return elbo__fail(ELBO_INVALID, "option \"%s\": a choice without choices; expected a list of words", o->name);
    if (o->needs && !strchr(o->needs, '='))
        return elbo__fail(ELBO_INVALID, "option \"%s\": needs \"%s\"; expected NAME=WORD or NAME!=WORD", o->name,
                          o->needs);
    return ELBO_OK;
}

elbo_values *elbo_values_new(const elbo_option *table)
{
    return elbo_values_new_preset(table, NULL);
}

elbo_values *elbo_values_new_preset(const elbo_option *table, const char *preset)
{
    elbo_values *v = elbo__calloc(1, sizeof *v);
    if (!v)
        return NULL;
    v->table = v->origin = table;
    while (table && table[v->n].name)
        v->n++;
    v->value = elbo__calloc((size_t)v->n, sizeof *v->value);
    v->owned = elbo__calloc((size_t)v->n, sizeof *v->owned);
    v->given = elbo__calloc((size_t)v->n, sizeof *v->given);
    bool whole = v->value && v->owned && v->given && (!preset || take_preset(v, preset) == ELBO_OK);
    for (int i = 0; i < v->n && whole; i++)
        whole = check_row(v->table, &v->table[i]) == ELBO_OK &&
                elbo__option_default(&v->table[i], &v->value[i]) == ELBO_OK;
    if (whole)
        return v;
    elbo_values_free(v);
    return NULL;
}

void elbo_values_free(elbo_values *v)
{
    if (!v)
        return;
    for (int i = 0; v->owned && i < v->n; i++)
        elbo__free(v->owned[i]);
    elbo__free(v->value);
    elbo__free(v->owned);
    elbo__free(v->given);
    elbo__free(v->own);
    elbo__free(v->preset);
    elbo__free(v);
}

const elbo_option *elbo_values_table(const elbo_values *v)
{
    return v->table;
}

const elbo_option *elbo__values_origin(const elbo_values *v)
{
    return v->origin;
}

elbo_status elbo_values_set(elbo_values *v, const char *name, const char *text)
{
    const elbo_option *o = elbo_option_find(v->table, name);
    elbo_value value;
    if (!o)
        return ELBO_INVALID;
    elbo_status status = elbo_option_parse(o, text, &value);
    if (status != ELBO_OK)
        return status;
    char *own = NULL;
    if (o->type == ELBO_TEXT && !(own = elbo__strdup(text)))
        return ELBO_NO_MEMORY;
    if (own)
        value.text = own;
    ptrdiff_t i = o - v->table;
    elbo__free(v->owned[i]);
    v->owned[i] = own;
    v->value[i] = value;
    v->given[i] = true;
    return ELBO_OK;
}

void elbo_values_reset(elbo_values *v, const char *name)
{
    const elbo_option *o = elbo__option_row(v->table, name);
    const ptrdiff_t i = o ? o - v->table : 0;
    if (!o || elbo__option_default(o, &v->value[i]) != ELBO_OK) /* elbo_values_new has tried all defaults */
        return;
    elbo__free(v->owned[i]);
    v->owned[i] = NULL;
    v->given[i] = false;
}

bool elbo_values_given(const elbo_values *v, const char *name)
{
    const elbo_option *o = elbo_option_find(v->table, name);
    return o && v->given[o - v->table];
}

bool elbo_values_changed(const elbo_values *v, const char *name)
{
    const elbo_option *o = elbo_option_find(v->table, name);
    elbo_value usual;
    if (!o || !v->given[o - v->table] || elbo__option_default(o, &usual) != ELBO_OK)
        return false;
    const elbo_value *value = &v->value[o - v->table];
    switch (o->type) {
    case ELBO_INTEGER: return value->integer != usual.integer;
    case ELBO_NUMBER: return value->number != usual.number;
    case ELBO_FLAG: return value->flag != usual.flag;
    case ELBO_SIZES:
        return value->sizes.n != usual.sizes.n ||
               memcmp(value->sizes.at, usual.sizes.at, (size_t)usual.sizes.n * sizeof usual.sizes.at[0]) != 0;
    default: return strcmp(value->text, usual.text) != 0;
    }
}

/* Whether a value is the one that a word of the field `needs` means. */
static bool is_meant(const elbo_option *o, const elbo_value *value, const char *word)
{
    switch (o->type) {
    case ELBO_NUMBER: return value->number == elbo__read_number(word, NULL);
    case ELBO_INTEGER: return value->integer == elbo__read_integer(word, NULL);
    case ELBO_CHOICE: return strcmp(value->text, word) == 0;
    case ELBO_FLAG: return value->flag == (strcmp(word, "yes") == 0);
    case ELBO_SIZES: return value->sizes.n == 0; /* of these only "none" */
    default: return false;
    }
}

/* "NAME=WORD|WORD" or "NAME!=WORD|WORD" of the field `needs`: whether it holds */
static bool holds(const elbo_values *v, const char *needs)
{
    char name[64], words[240];
    const size_t length = strcspn(needs, "!=");
    const bool negated = needs[length] == '!';
    bool found = false;
    elbo__print(name, sizeof name, "%.*s", (int)length, needs);
    elbo__print(words, sizeof words, "%s", needs + length + 1 + negated);
    const elbo_option *o = elbo__option_row(v->table, name);
    if (!o || o->type == ELBO_TEXT)
        return true; /* there is nothing to check by */
    char *rest = words;
    for (char *word = strtok_r(rest, "|", &rest); word && !found; word = strtok_r(NULL, "|", &rest))
        found = is_meant(o, &v->value[o - v->table], word);
    return found != negated;
}

elbo_status elbo_values_check_one(const elbo_values *v, const char *name)
{
    const elbo_option *o = elbo_option_find(v->table, name);
    if (!o)
        return ELBO_INVALID;
    if (o->needs && !holds(v, o->needs))
        return elbo__fail(ELBO_INVALID, "option \"%s\":%s", o->name, condition_of(o).text + 1); /* without the ";" */
    return ELBO_OK;
}

elbo_status elbo_values_check(const elbo_values *v)
{
    elbo_status status = ELBO_OK;
    for (int i = 0; i < v->n && status == ELBO_OK; i++)
        if (v->given[i])
            status = elbo_values_check_one(v, v->table[i].name);
    return status;
}

char *elbo_values_print(const elbo_values *v, const char *name)
{
    const elbo_option *o = elbo_option_find(v->table, name);
    return o ? elbo_option_print(o, &v->value[o - v->table]) : NULL;
}

const elbo_value *elbo_values_get(const elbo_values *v, const char *name, elbo_option_type type)
{
    const elbo_option *o = elbo__option_row(v->table, name);
    return o && o->type == type ? &v->value[o - v->table] : NULL;
}

/* ---- values by type ---------------------------------------------------------------------------------------------- */

static const elbo_value nothing = {.sizes = {1, {1}}, .text = ""};

static const elbo_value *value_of(const elbo_values *v, const char *name, elbo_option_type type)
{
    const elbo_value *value = elbo_values_get(v, name, type);
    return value ? value : &nothing;
}

int64_t elbo_values_integer(const elbo_values *v, const char *name)
{
    return value_of(v, name, ELBO_INTEGER)->integer;
}

double elbo_values_number(const elbo_values *v, const char *name)
{
    return value_of(v, name, ELBO_NUMBER)->number;
}

elbo_sizes elbo_values_sizes(const elbo_values *v, const char *name)
{
    return value_of(v, name, ELBO_SIZES)->sizes;
}

const char *elbo_values_choice(const elbo_values *v, const char *name)
{
    return value_of(v, name, ELBO_CHOICE)->text;
}

bool elbo_values_flag(const elbo_values *v, const char *name)
{
    return value_of(v, name, ELBO_FLAG)->flag;
}

const char *elbo_values_text(const elbo_values *v, const char *name)
{
    return value_of(v, name, ELBO_TEXT)->text;
}
