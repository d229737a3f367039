#include "ini.h"

#include <stdbool.h>
#include <string.h>

#include "../tensor/memory.h"
#include "bytes.h"
#include "file.h"

enum { MAX_FILE = 1 << 16 };

/* Not <ctype.h>, which asks the locale. */
static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool is_key(const char *text)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    return text[0] != '\0' && text[strspn(text, allowed)] == '\0';
}

static bool has_control(const char *text)
{
    for (; *text; text++)
        if (((unsigned char)*text < ' ' && *text != '\t') || *text == '\x7f')
            return true;
    return false;
}

static bool is_value(const char *text)
{
    size_t length = strlen(text);
    return !has_control(text) && (length == 0 || (!is_blank(text[0]) && !is_blank(text[length - 1])));
}

static elbo_ini_entry *find(const elbo_ini *ini, const char *key)
{
    for (size_t i = 0; i < ini->count; i++)
        if (ini->entries[i].key && strcmp(ini->entries[i].key, key) == 0)
            return &ini->entries[i];
    return NULL;
}

/* `key` is NULL for a comment. */
static elbo_status append(elbo_ini *ini, const char *key, const char *value, int line)
{
    void *entries = ini->entries;
    elbo_status status = elbo__grow(&entries, &ini->capacity, ini->count + 1, sizeof *ini->entries);
    if (status != ELBO_OK)
        return status;
    ini->entries = entries;
    elbo_ini_entry entry = {key ? elbo__strdup(key) : NULL, elbo__strdup(value), line};
    if (!entry.value || (key && !entry.key)) {
        elbo__free(entry.key);
        elbo__free(entry.value);
        return ELBO_NO_MEMORY;
    }
    ini->entries[ini->count++] = entry;
    return ELBO_OK;
}

elbo_status elbo_ini_set(elbo_ini *ini, const char *key, const char *value)
{
    if (!is_key(key))
        return elbo__fail(ELBO_INVALID, "\"%s\" cannot be a key of an ini file", elbo__excerpt_of(key).text);
    if (!is_value(value))
        return elbo__fail(ELBO_INVALID, "%s: an ini file cannot hold the value \"%s\"", key,
                          elbo__excerpt_of(value).text);
    elbo_ini_entry *entry = find(ini, key);
    if (!entry)
        return append(ini, key, value, 0);
    char *copy = elbo__strdup(value);
    if (!copy)
        return ELBO_NO_MEMORY;
    elbo__free(entry->value);
    entry->value = copy;
    return ELBO_OK;
}

elbo_status elbo_ini_comment(elbo_ini *ini, const char *text)
{
    if (has_control(text))
        return elbo__fail(ELBO_INVALID, "an ini file cannot hold the comment \"%s\"", elbo__excerpt_of(text).text);
    return append(ini, NULL, text, 0);
}

void elbo_ini_remove(elbo_ini *ini, const char *key)
{
    elbo_ini_entry *entry = find(ini, key);
    if (!entry)
        return;
    elbo__free(entry->key);
    elbo__free(entry->value);
    const size_t behind = ini->count - 1 - (size_t)(entry - ini->entries);
    memmove(entry, entry + 1, behind * sizeof *entry);
    ini->count--;
}

const char *elbo_ini_get(const elbo_ini *ini, const char *key)
{
    const elbo_ini_entry *entry = find(ini, key);
    return entry ? entry->value : NULL;
}

void elbo_ini_free(elbo_ini *ini)
{
    if (!ini)
        return;
    for (size_t i = 0; i < ini->count; i++) {
        elbo__free(ini->entries[i].key);
        elbo__free(ini->entries[i].value);
    }
    elbo__free(ini->entries);
    *ini = (elbo_ini){.count = 0};
}

/* ---- files ------------------------------------------------------------------------------------------------------- */

/* Cuts the blanks off both ends, in place. */
static char *trim(char *text)
{
    while (is_blank(*text))
        text++;
    char *end = text + strlen(text);
    while (end > text && is_blank(end[-1]))
        end--;
    *end = '\0';
    return text;
}

static elbo_status parse_line(const char *path, int number, char *line, elbo_ini *out)
{
    if (has_control(line))
        return elbo__fail(ELBO_FORMAT, "%s: line %d: holds a control character", path, number);
    line = trim(line);
    if (line[0] == '\0')
        return ELBO_OK;
    if (line[0] == '#')
        return append(out, NULL, trim(line + 1), number);
    char *equals = strchr(line, '=');
    if (!equals)
        return elbo__fail(ELBO_FORMAT, "%s: line %d: expected key = value, got \"%s\"", path, number,
                          elbo__excerpt_of(line).text);
    *equals = '\0';
    const char *key = trim(line), *value = trim(equals + 1);
    if (!is_key(key))
        return elbo__fail(ELBO_FORMAT, "%s: line %d: \"%s\" cannot be a key", path, number, elbo__excerpt_of(key).text);
    const elbo_ini_entry *old = find(out, key);
    if (old)
        return elbo__fail(ELBO_FORMAT, "%s: line %d: \"%s\" stands on line %d already", path, number,
                          elbo__excerpt_of(key).text, old->line);
    return append(out, key, value, number);
}

elbo_status elbo_ini_read(const char *path, elbo_ini *out)
{
    *out = (elbo_ini){.count = 0};
    char *text;
    size_t size;
    elbo_status status = elbo__file_read(path, MAX_FILE, &text, &size);
    if (status != ELBO_OK)
        return status;
    if (strlen(text) != size)
        status = elbo__fail(ELBO_FORMAT, "%s: not a text file", path);
    int number = 1;
    for (char *line = text, *next; line && status == ELBO_OK; line = next, number++) {
        next = strchr(line, '\n');
        if (next) {
            if (next > line && next[-1] == '\r')
                next[-1] = '\0';
            *next++ = '\0';
        }
        status = parse_line(path, number, line, out);
    }
    elbo__free(text);
    if (status != ELBO_OK)
        elbo_ini_free(out);
    return status;
}

elbo_status elbo_ini_write(const char *path, const elbo_ini *ini)
{
    elbo__writer *writer;
    elbo_status status = elbo__writer_open(path, &writer);
    if (status != ELBO_OK)
        return status;
    for (size_t i = 0; i < ini->count; i++) {
        const elbo_ini_entry *entry = &ini->entries[i];
        const char *parts[] = {entry->key ? entry->key : "#", entry->key ? " = " : " ", entry->value, "\n"};
        for (size_t j = 0; j < sizeof parts / sizeof parts[0]; j++)
            elbo__write(writer, parts[j], strlen(parts[j]));
    }
    return elbo__writer_commit(writer);
}
