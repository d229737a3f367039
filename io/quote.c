#include "quote.h"

#include <stdbool.h>
#include <string.h>

#include "../tensor/memory.h"
#include "../tensor/text.h"

/* ---- what can stand as it is ------------------------------------------------------------------------------------- */

/* The bytes of the UTF-8 character that `at` begins with; 0 when it begins with none. Longer forms than need be,
 * surrogates and what lies beyond U+10FFFF are none, as for readers of JSON. */
static size_t character(const char *at)
{
    static const struct {
        unsigned char first, last, second_least, second_most;
        size_t length;
    } forms[] = {{0x01, 0x7f, 0, 0, 1},       {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
                 {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
                 {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4}};
    const unsigned char *c = (const unsigned char *)at;
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        if (c[0] < forms[i].first || c[0] > forms[i].last)
            continue;
        if (forms[i].length > 1 && (c[1] < forms[i].second_least || c[1] > forms[i].second_most))
            return 0;
        for (size_t k = 2; k < forms[i].length; k++)
            if ((c[k] & 0xc0) != 0x80)
                return 0;
        return forms[i].length;
    }
    return 0;
}

static bool is_control(char c)
{
    return (unsigned char)c < ' ' || c == '\x7f';
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool is_plain(const char *text)
{
    const size_t length = strlen(text);
    if (length > 0 && (is_blank(text[0]) || is_blank(text[length - 1])))
        return false;
    for (size_t n; *text; text += n) {
        n = character(text);
        if (n == 0 || *text == '"' || is_control(*text))
            return false;
    }
    return true;
}

/* ---- writing ----------------------------------------------------------------------------------------------------- */

/* Text of which only the length is known while `at` is NULL. */
typedef struct {
    char *at;
    size_t length;
} writer;

static void put(writer *w, const char *bytes, size_t count)
{
    if (w->at)
        memcpy(w->at + w->length, bytes, count);
    w->length += count;
}

static void put_quoted(writer *w, const char *text)
{
    static const struct {
        char byte;
        const char *text;
    } named[] = {{'"', "\\\""}, {'\\', "\\\\"}, {'\n', "\\n"}, {'\t', "\\t"}};
    put(w, "\"", 1);
    for (size_t n; *text; text += n) {
        const char *name = NULL;
        for (size_t i = 0; i < sizeof named / sizeof named[0]; i++)
            if (named[i].byte == *text)
                name = named[i].text;
        n = character(text);
        if (name) {
            put(w, name, 2);
        } else if (n > 0 && !is_control(*text)) {
            put(w, text, n);
        } else {
            char code[5];
            elbo__print(code, sizeof code, "\\x%02x", (unsigned char)*text);
            put(w, code, 4);
            n = 1;
        }
    }
    put(w, "\"", 1);
}

/* `special`: bytes that what stands as it is cannot have, nor be empty; NULL: none */
static void put_item(writer *w, const char *text, const char *special)
{
    if (!is_plain(text) || (special && (!*text || strpbrk(text, special))))
        put_quoted(w, text);
    else
        put(w, text, strlen(text));
}

static void put_items(writer *w, const char *const *items, int count, const char *special)
{
    for (int i = 0; i < count; i++) {
        put(w, ",", i > 0);
        put_item(w, items[i], special);
    }
}

static char *written(const char *const *items, int count, const char *special)
{
    writer w = {.at = NULL};
    put_items(&w, items, count, special);
    w = (writer){.at = elbo__calloc(w.length + 1, 1)};
    if (w.at)
        put_items(&w, items, count, special);
    return w.at;
}

char *elbo__quote(const char *text)
{
    return written(&text, 1, NULL);
}

char *elbo__quote_list(const char *const *items, int count)
{
    return written(items, count, ",");
}

char *elbo__quote_item(const char *text, const char *special)
{
    return written(&text, 1, special);
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

static int hex_digit(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *found = c ? strchr(digits, c) : NULL;
    return found ? (int)(found - digits) : -1;
}

/* What follows a backslash, as one byte; returns how many characters that took, 0 for what means nothing. */
static size_t escaped(const char *at, char *out)
{
    static const char names[] = "\"\\nt", bytes[] = "\"\\\n\t";
    const char *found = *at ? strchr(names, *at) : NULL;
    if (found) {
        *out = bytes[found - names];
        return 1;
    }
    const int high = at[0] == 'x' ? hex_digit(at[1]) : -1, low = high < 0 ? -1 : hex_digit(at[2]);
    *out = (char)(high * 16 + low);
    return low < 0 || *out == '\0' ? 0 : 3;
}

const char *elbo__read_quoted(const char *at, char *out)
{
    if (*at++ != '"')
        return NULL;
    while (*at && *at != '"') {
        if (*at != '\\') {
            *out++ = *at++;
            continue;
        }
        const size_t n = escaped(at + 1, out++);
        if (n == 0)
            return NULL;
        at += n + 1;
    }
    *out = '\0';
    return *at == '"' ? at + 1 : NULL;
}

char *elbo__unquote(const char *text)
{
    char *out = elbo__strdup(text);
    const char *end = out ? elbo__read_quoted(text, out) : NULL;
    if (out && (!end || *end))
        memcpy(out, text, strlen(text) + 1);
    return out;
}

elbo_status elbo__unquote_list(const char *text, elbo__listing *out)
{
    *out = (elbo__listing){.count = 0};
    char *item = elbo__strdup(text); /* room for any of them */
    elbo_status status = item ? ELBO_OK : ELBO_NO_MEMORY;
    for (const char *at = text; at && status == ELBO_OK;) {
        const char *end = elbo__read_quoted(at, item);
        if (!end || (*end && *end != ',')) {
            end = at + strcspn(at, ",");
            memcpy(item, at, (size_t)(end - at));
            item[end - at] = '\0';
        }
        status = elbo__listing_add(out, item);
        at = *end == ',' ? end + 1 : NULL;
    }
    elbo__free(item);
    if (status != ELBO_OK)
        elbo__listing_free(out);
    return status;
}
