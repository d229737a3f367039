#include "rows.h"

#include <stdio.h>
#include <string.h>

#include "../tensor/words.h"

/* "name" of "--name=value" and of "name", in a fixed space that holds what a name may be. */
typedef struct {
    char text[100];
} name_of_option;

static name_of_option name_of(const char *option)
{
    name_of_option name;
    while (*option == '-')
        option++;
    snprintf(name.text, sizeof name.text, "%.*s", (int)strcspn(option, "="), option);
    return name;
}

static bool is_letter(const char *alias)
{
    return alias && alias[0] && !alias[1];
}

static bool matches(const char *name, const char *text, bool in_full)
{
    return name && (in_full ? strcmp(name, text) == 0 : !is_letter(name) && strncmp(name, text, strlen(text)) == 0);
}

static const elbo_option *long_row(const elbo_option *const *tables, const char *text, bool in_full)
{
    for (; *tables; tables++)
        for (const elbo_option *o = *tables; o->name; o++)
            if (matches(o->name, text, in_full) || matches(o->alias, text, in_full))
                return o;
    return NULL;
}

static const elbo_option *short_row(const elbo_option *const *tables, char letter)
{
    for (; *tables; tables++)
        for (const elbo_option *o = *tables; o->name; o++)
            if (is_letter(o->alias) && o->alias[0] == letter)
                return o;
    return NULL;
}

const elbo_option *elbo__cli_row_of(const elbo_option *const *tables, const char *option)
{
    if (option[1] != '-')
        return short_row(tables, option[1]);
    const name_of_option name = name_of(option);
    const elbo_option *row = long_row(tables, name.text, true);
    return row ? row : long_row(tables, name.text, false);
}

const char *elbo__cli_nearest_name(const elbo_option *const *tables, const char *option)
{
    const name_of_option name = name_of(option);
    const char *nearest = NULL;
    int least = 0;
    for (; *tables; tables++)
        for (const elbo_option *o = *tables; o->name; o++) {
            const char *const names[] = {o->name, is_letter(o->alias) ? NULL : o->alias};
            for (int i = 0; i < 2; i++) {
                const int distance = names[i] ? elbo__distance(name.text, names[i]) : 0;
                if (names[i] && (!nearest || distance < least)) {
                    nearest = names[i];
                    least = distance;
                }
            }
        }
    return nearest;
}

/* In "-qn 5" it is the last letter that takes the value, and in "-n5" there it is already. */
static bool letters_take_next(const elbo_option *const *tables, const char *letters)
{
    for (; *letters; letters++) {
        const elbo_option *row = short_row(tables, *letters);
        if (row && row->type != ELBO_FLAG)
            return !letters[1];
    }
    return false;
}

bool elbo__cli_takes_next(const elbo_option *const *tables, const char *option)
{
    if (option[1] != '-')
        return letters_take_next(tables, option + 1);
    const elbo_option *row = strchr(option, '=') ? NULL : elbo__cli_row_of(tables, option);
    return row && row->type != ELBO_FLAG;
}
