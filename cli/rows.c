#include "rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../nn/training/train.h"
#include "../tensor/words.h"
#include "command.h"

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
    elbo__words near = elbo__words_near(name.text);
    for (; *tables; tables++)
        for (const elbo_option *o = *tables; o->name; o++) {
            elbo__words_offer(&near, o->name);
            if (o->alias && !is_letter(o->alias))
                elbo__words_offer(&near, o->alias);
        }
    return near.nearest;
}

char *elbo__cli_owners(const char *option)
{
    const name_of_option name = name_of(option);
    const elbo_option *const training[] = {elbo_training_options, NULL};
    if (long_row(training, name.text, true))
        return strdup("models that are trained step by step");
    enum { NAMED = 3 };
    char *list = NULL;
    size_t size;
    int owners = 0;
    FILE *out = open_memstream(&list, &size);
    for (int i = 0; out && elbo__cli.models[i]; i++) {
        const elbo_option *const of_model[] = {elbo__cli.models[i]->options, NULL};
        if (of_model[0] && long_row(of_model, name.text, true) && owners++ < NAMED)
            fprintf(out, "%s%s", owners > 1 ? ", " : "", elbo__cli.models[i]->name);
    }
    if (out && owners > NAMED)
        fprintf(out, " and %d other models", owners - NAMED);
    if (out)
        fclose(out);
    if (list && *list)
        return list;
    free(list);
    return NULL;
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
