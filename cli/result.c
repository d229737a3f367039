#include "result.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../autograd/plan.h"
#include "../io/quote.h"
#include "../tensor/memory.h"
#include "command.h"

result elbo__cli_result(const elbo_values *values)
{
    const elbo_value *json = values ? elbo_values_get(values, "json", ELBO_FLAG) : NULL;
    result r = {.depth = 0};
    if (json && json->flag) {
        r.open[0] = json_object();
        if (!r.open[0])
            exit(elbo__cli_out_of_memory()); /* lines would be no answer to who asked for JSON */
    }
    return r;
}

bool elbo__cli_is_json(const result *r)
{
    return r->open[0];
}

/* ---- members ----------------------------------------------------------------------------------------------------- */

/* "latent-dim" -> "latent_dim" */
static void to_key(const char *name, char *key, size_t size)
{
    size_t i = 0;
    for (; name[i] && i + 1 < size; i++)
        key[i] = strchr("-. ", name[i]) ? '_' : name[i];
    key[i] = '\0';
}

/* Takes `value` over; NULL: it could not be made. Whether it is in its place. */
static bool put(result *r, const char *name, json_t *value)
{
    char key[128];
    json_t *into = r->open[r->depth];
    int failed = -1;
    if (into && value && json_is_array(into)) {
        failed = json_array_append(into, value);
    } else if (into && value) {
        to_key(name, key, sizeof key);
        failed = json_object_set(into, key, value);
    }
    r->no_memory |= failed != 0;
    json_decref(value);
    return failed == 0;
}

static json_t *text_of(const char *value)
{
    json_t *text = value ? json_string(value) : json_null();
    if (text)
        return text;
    char *quoted = elbo__quote(value); /* it is not UTF-8 */
    text = quoted ? json_string(quoted) : NULL;
    elbo__free(quoted);
    return text;
}

static json_t *number_of(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

void elbo__cli_put_text(result *r, const char *key, const char *value)
{
    if (elbo__cli_is_json(r))
        put(r, key, text_of(value));
}

void elbo__cli_put_integer(result *r, const char *key, int64_t value)
{
    if (elbo__cli_is_json(r))
        put(r, key, json_integer(value));
}

void elbo__cli_put_number(result *r, const char *key, double value)
{
    if (elbo__cli_is_json(r))
        put(r, key, number_of(value));
}

void elbo__cli_put_flag(result *r, const char *key, bool value)
{
    if (elbo__cli_is_json(r))
        put(r, key, json_boolean(value));
}

void elbo__cli_put_integers(result *r, const char *key, const int64_t *values, int64_t n)
{
    elbo__cli_open_list(r, key);
    for (int64_t i = 0; i < n; i++)
        elbo__cli_put_integer(r, NULL, values[i]);
    elbo__cli_close(r);
}

void elbo__cli_put_numbers(result *r, const char *key, const double *values, int64_t n)
{
    elbo__cli_open_list(r, key);
    for (int64_t i = 0; i < n; i++)
        elbo__cli_put_number(r, NULL, values[i]);
    elbo__cli_close(r);
}

void elbo__cli_put_value(result *r, const char *key, elbo_option_type type, const elbo_value *value)
{
    switch (type) {
    case ELBO_INTEGER: elbo__cli_put_integer(r, key, value->integer); return;
    case ELBO_NUMBER: elbo__cli_put_number(r, key, value->number); return;
    case ELBO_SIZES: elbo__cli_put_integers(r, key, value->sizes.at, value->sizes.n); return;
    case ELBO_FLAG: elbo__cli_put_flag(r, key, value->flag); return;
    case ELBO_CHOICE:
    case ELBO_TEXT: elbo__cli_put_text(r, key, value->text); return;
    }
}

/* ---- nesting ----------------------------------------------------------------------------------------------------- */

static void open_one(result *r, const char *key, json_t *inner)
{
    if (r->depth + 1 == RESULT_DEPTH)
        abort();                                               /* a mistake in a command, met whenever it runs */
    r->open[r->depth + 1] = put(r, key, inner) ? inner : NULL; /* which the one that holds it keeps */
    r->depth++;
}

void elbo__cli_open_object(result *r, const char *key)
{
    if (elbo__cli_is_json(r))
        open_one(r, key, json_object());
}

void elbo__cli_open_list(result *r, const char *key)
{
    if (elbo__cli_is_json(r))
        open_one(r, key, json_array());
}

void elbo__cli_close(result *r)
{
    if (elbo__cli_is_json(r))
        r->depth--;
}

/* ---- lines ------------------------------------------------------------------------------------------------------- */

static const char *blank_before(const char *unit)
{
    return unit && unit[0] ? " " : "";
}

void elbo__cli_give_text(result *r, const char *key, const char *label, const char *value)
{
    elbo__cli_put_text(r, key, value);
    elbo__cli_line(r, "%s %s", label ? label : key, value);
}

void elbo__cli_give_integer(result *r, const char *key, const char *label, int64_t value, const char *unit)
{
    elbo__cli_put_integer(r, key, value);
    elbo__cli_line(r, "%s %" PRId64 "%s%s", label ? label : key, value, blank_before(unit), unit ? unit : "");
}

void elbo__cli_give_number(result *r, const char *key, const char *label, double value, int digits, const char *unit)
{
    elbo__cli_put_number(r, key, value);
    elbo__cli_line(r, "%s %.*f%s%s", label ? label : key, digits, isnan(value) ? NAN : value, /* nan has no sign */
                   blank_before(unit), unit ? unit : "");
}

void elbo__cli_line(const result *r, const char *format, ...)
{
    va_list args;
    if (elbo__cli_is_json(r))
        return;
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    putchar('\n');
}

/* ---- the end ----------------------------------------------------------------------------------------------------- */

/* A number of JSON with the fewest digits that read back as the same double, for jansson writes 17: 0.1, not
 * 0.10000000000000001. */
static void print_real(const char *text, size_t length)
{
    char number[40];
    snprintf(number, sizeof number, "%.*s", (int)length, text);
    char *shortest = elbo_option_print(&(elbo_option){.type = ELBO_NUMBER}, &(elbo_value){.number = atof(number)});
    if (shortest)
        printf("%s%s", shortest, strpbrk(shortest, ".e") ? "" : ".0"); /* a real number stays one: 2.0 */
    else
        fputs(number, stdout);
    elbo_release(shortest);
}

/* A text of JSON, its real numbers in short. */
static void print_json(const char *text)
{
    bool quoted = false;
    while (*text) {
        const size_t length = quoted ? 0 : strspn(text, "+-.0123456789eE");
        if (length && strchr("-0123456789", *text)) { /* not the e of true */
            if (strcspn(text, ".eE") < length)
                print_real(text, length);
            else
                printf("%.*s", (int)length, text);
            text += length;
            continue;
        }
        if (quoted && *text == '\\')
            putchar(*text++);
        else if (*text == '"')
            quoted = !quoted;
        putchar(*text++);
    }
    putchar('\n');
}

int elbo__cli_result_end(result *r, int status)
{
    if (!elbo__cli_is_json(r))
        return status;
    if (status == EXIT_SUCCESS && r->no_memory)
        status = elbo__cli_out_of_memory();
    char *text = status == EXIT_SUCCESS ? json_dumps(r->open[0], JSON_PRESERVE_ORDER) : NULL;
    if (text)
        print_json(text); /* whether it arrived is asked at the end of the program */
    else if (status == EXIT_SUCCESS)
        status = elbo__cli_out_of_memory();
    free(text);
    json_decref(r->open[0]);
    r->open[0] = NULL;
    return status;
}
