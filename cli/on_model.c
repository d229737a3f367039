#include "on_model.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../models/models_private.h"
#include "../nn/training/train.h"
#include "command.h"
#include "progress.h"

/* ---- where the model is named ------------------------------------------------------------------------------------ */

/* Whether an option on the command line, "--name" or "-n", stands for this row; in full, or by its beginning. */
static bool stands_for(const char *option, const elbo_option *row, bool in_full)
{
    const char *const names[] = {row->name, row->alias};
    const bool is_long = option[1] == '-';
    const char *text = option + 1 + is_long;
    for (int i = 0; i < 2; i++)
        if (names[i] &&
            (in_full || !is_long ? strcmp(names[i], text) == 0 : strncmp(names[i], text, strlen(text)) == 0))
            return true;
    return false;
}

static const elbo_option *row_in(const elbo_option *table, const char *option, bool in_full)
{
    for (const elbo_option *o = table; o && o->name; o++)
        if (stands_for(option, o, in_full))
            return o;
    return NULL;
}

/* The row of an option of any model, since it is not known yet which it is; NULL where none has it. */
static const elbo_option *row_of(const command_line *line, const char *option)
{
    const elbo_option *row = NULL;
    for (int in_full = 1; in_full >= 0 && !row; in_full--) {
        row = row_in(line->groups[GENERAL].table, option, in_full);
        row = row ? row : row_in(elbo_training_options, option, in_full);
        row = row ? row : row_in(elbo__cli_common_options, option, in_full);
        for (int i = 0; !row && elbo__cli.models[i]; i++)
            row = row_in(elbo__cli.models[i]->options, option, in_full);
    }
    return row;
}

static bool takes_next(const command_line *line, const char *option)
{
    const elbo_option *row = row_of(line, option);
    return row && row->type != ELBO_FLAG;
}

/* What was taken for a model may be the value of an option before it that there is not. */
static void check_options_before(const command_line *line, char **argv, int at)
{
    for (int i = 1; i < at; i++)
        if (strncmp(argv[i], "--", 2) == 0 && !strchr(argv[i], '=') && !row_of(line, argv[i]))
            elbo__cli_wrong_usage(line, "unrecognized option '%s'", argv[i]);
}

/* The first argument that is neither an option nor the value of one; argc where there is none. *help: whether help is
 * asked for. */
static int find_argument(const command_line *line, int argc, char **argv, bool *help)
{
    static const char *const helps[] = {"--help", "--usage", "--version", "-h", "-?", "-V"};
    *help = false;
    int found = argc;
    for (int i = 1; i < argc; i++) {
        for (size_t k = 0; k < sizeof helps / sizeof helps[0]; k++)
            *help |= strcmp(argv[i], helps[k]) == 0;
        if (strcmp(argv[i], "--") == 0)
            return found < argc ? found : i + 1;
        if (argv[i][0] != '-' || !argv[i][1])
            found = found < argc ? found : i;
        else if (!strchr(argv[i], '=') && takes_next(line, argv[i]))
            i++;
    }
    return found;
}

/* Takes argument `at` out. */
static void take_out(int argc, char **argv, int at)
{
    for (int i = at; i < argc; i++)
        argv[i] = argv[i + 1]; /* the last is NULL */
}

/* Whether the table has an option of this name. */
static bool has(const elbo_option *table, const char *name)
{
    for (const elbo_option *o = table; name && o->name; o++)
        if (strcmp(o->name, name) == 0 || (o->alias && strcmp(o->alias, name) == 0))
            return true;
    return false;
}

/* Ends the program where the model has an option of a name that the command itself has: which was meant? */
static void check_options_of(const elbo_model *model, const command_line *line)
{
    static const elbo_option helps[] = {
        {.name = "help", .alias = "h"}, {.name = "usage"}, {.name = "version", .alias = "V"}, ELBO_OPTIONS_END};
    const elbo_option *const taken[] = {line->groups[TRAINING].table, line->groups[GENERAL].table,
                                        elbo__cli_common_options, helps};
    for (const elbo_option *o = line->groups[MODEL].table; o->name; o++)
        for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++)
            if (has(taken[i], o->name) || has(taken[i], o->alias)) {
                elbo__cli_say("model \"%s\": option \"%s\" has the name of one of the program's", model->name, o->name);
                exit(FAILED);
            }
}

const elbo_model *elbo__cli_parse_for_model(command_line *line, const char *verb, int argc, char **argv)
{
    static const elbo_option no_options[] = {ELBO_OPTIONS_END};
    static char name[100]; /* the line keeps it */
    const elbo_model *const *models = elbo__cli.models, *only = models[1] ? NULL : models[0];
    bool help;
    const int at = find_argument(line, argc, argv, &help);
    const elbo_model *named = at < argc ? elbo__model_find(models, argv[at]) : NULL;
    const elbo_model *model = at < argc ? named : only;
    snprintf(name, sizeof name, named ? "%s %s" : "%s", verb, named ? named->name : "");
    line->name = name;
    line->args = model ? "" : "MODEL";
    line->most = model ? 0 : 1;
    line->doc = model ? model->summary : line->doc;
    line->groups[MODEL].title = "Model:";
    line->groups[MODEL].table = model && model->options ? model->options : no_options;
    line->groups[TRAINING].title = "Training:";
    line->groups[TRAINING].table = model && model->fit ? no_options : elbo_training_options;
    if (at < argc && !named) {
        check_options_before(line, argv, at);
        (void)elbo__model_find(models, argv[at]);
        elbo__cli_wrong_usage(line, "%s", elbo_error());
    }
    if (!model && !help)
        elbo__cli_wrong_usage(line, "the model is missing, as in `%s %s %s'", elbo__cli.name, verb, models[0]->name);
    if (named)
        take_out(argc--, argv, at);
    check_options_of(model, line);
    elbo__cli_parse(line, argc, argv);
    for (int i = 0; model && i < MOST_GROUPS; i++)
        if (elbo_values_check(line->groups[i].values) != ELBO_OK)
            elbo__cli_wrong_usage(line, "%s", elbo_error());
    return model;
}
