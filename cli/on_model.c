#include "on_model.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../models/models_private.h"
#include "../nn/training/train.h"
#include "command.h"
#include "progress.h"
#include "rows.h"

/* ---- where the model is named ------------------------------------------------------------------------------------ */

/* The tables of all options that there may be, since the model is not known yet; NULL at the end. */
static const elbo_option **all_tables(const command_line *line)
{
    int models = 0, n = 0;
    while (elbo__cli.models[models])
        models++;
    const elbo_option **tables = calloc((size_t)models + 5, sizeof *tables);
    if (!tables)
        exit(elbo__cli_out_of_memory());
    tables[n++] = line->groups[GENERAL].table;
    tables[n++] = elbo_training_options;
    tables[n++] = elbo__cli_common_options;
    tables[n++] = elbo__cli_help_options;
    for (int i = 0; i < models; i++)
        if (elbo__cli.models[i]->options)
            tables[n++] = elbo__cli.models[i]->options;
    return tables;
}

/* What was taken for a model may be the value of an option before it that there is not. */
static void check_options_before(const command_line *line, const elbo_option *const *tables, char **argv, int at)
{
    for (int i = 1; i < at; i++)
        if (strncmp(argv[i], "--", 2) == 0 && !strchr(argv[i], '=') && !elbo__cli_row_of(tables, argv[i]))
            elbo__cli_unrecognized(line, tables, argv[i]);
}

/* A run was named where a model is wanted: which may be that of the run. */
static void check_for_run(const command_line *line, const char *verb, const char *path)
{
    elbo_run *run = elbo_run_load(path, elbo__cli.models);
    if (run)
        elbo__cli_wrong_usage(line, "%s is a run, and `%s' takes a model, such as that of the run: %s", path, verb,
                              elbo_run_model(run)->name);
}

/* What must be known of a command line before its options can be. */
typedef struct {
    int at;             /* the first argument that is neither an option nor the value of one; argc: there is none */
    bool help;          /* help is asked for                                                                      */
    const char *config; /* the value of the option of this name, or NULL                                          */
} first_look;

static first_look look(const elbo_option *const *tables, int argc, char **argv)
{
    static const char *const helps[] = {"--help", "--usage", "--version", "-h", "-?", "-V"};
    first_look seen = {.at = argc};
    for (int i = 1; i < argc; i++) {
        for (size_t k = 0; k < sizeof helps / sizeof helps[0]; k++)
            seen.help |= strcmp(argv[i], helps[k]) == 0;
        if (strcmp(argv[i], "--") == 0) {
            seen.at = seen.at < argc ? seen.at : i + 1;
            break;
        }
        if (argv[i][0] != '-' || !argv[i][1]) {
            seen.at = seen.at < argc ? seen.at : i;
            continue;
        }
        const elbo_option *row = elbo__cli_row_of(tables, argv[i]);
        const char *equals = strchr(argv[i], '=');
        if (row && strcmp(row->name, "config") == 0)
            seen.config = equals ? equals + 1 : argv[i + 1];
        i += elbo__cli_takes_next(tables, argv[i]);
    }
    return seen;
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
    const elbo_option *const taken[] = {line->groups[TRAINING].table, line->groups[GENERAL].table,
                                        elbo__cli_common_options, elbo__cli_help_options};
    for (const elbo_option *o = line->groups[MODEL].table; o->name; o++)
        for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++)
            if (has(taken[i], o->name) || has(taken[i], o->alias) || strcmp(o->name, "model") == 0) {
                elbo__cli_say("model \"%s\": option \"%s\" has the name of one of the program's", model->name, o->name);
                exit(FAILED);
            }
}

/* Reads the file of option "config". What is wrong in it is wrong usage; that it cannot be read is a failure. */
static void read_config(command_line *line, const char *path, elbo_ini *ini)
{
    const elbo_status status = elbo_ini_read(path, ini);
    if (status == ELBO_FORMAT)
        elbo__cli_wrong_usage(line, "%s", elbo_error());
    if (status != ELBO_OK)
        exit(elbo__cli_fail());
    line->config_path = path;
    line->config = ini;
}

/* The model of the line `model = NAME` of the file; NULL where it has none. */
static const elbo_model *model_of_config(const command_line *line)
{
    for (size_t i = 0; line->config && i < line->config->count; i++) {
        const elbo_ini_entry *entry = &line->config->entries[i];
        if (!entry->key || strcmp(entry->key, "model") != 0)
            continue;
        const elbo_model *model = elbo__model_find(elbo__cli.models, entry->value);
        if (!model)
            elbo__cli_wrong_usage(line, "%s: line %d: %s", line->config_path, entry->line, elbo_error());
        return model;
    }
    return NULL;
}

/* What of the command line depends on the model; NULL: none is named, which is good for the help alone. */
static void set_model(command_line *line, const char *verb, const elbo_model *model, bool named)
{
    static const elbo_option no_options[] = {ELBO_OPTIONS_END};
    static char name[100]; /* the line keeps it */
    snprintf(name, sizeof name, named ? "%s %s" : "%s", verb, named ? model->name : "");
    line->name = name;
    line->takes_model = true;
    line->model = model ? model->name : NULL;
    line->args = model ? "" : "MODEL";
    line->forms = model ? NULL : line->forms;
    line->most = model ? 0 : 1;
    line->doc = model ? model->summary : line->doc;
    line->groups[MODEL].title = "Model:";
    line->groups[MODEL].of_model = true;
    line->groups[MODEL].table = model && model->options ? model->options : no_options;
    line->groups[MODEL].preset = model ? model->preset : NULL;
    line->groups[TRAINING].title = "Training:";
    line->groups[TRAINING].table = model && model->fit ? no_options : elbo_training_options;
}

/* Ends the program where no model is named: which there are, or what lists them where they are many. */
static void miss_model(const command_line *line)
{
    char list[160] = "";
    size_t used = 0;
    for (int i = 0; elbo__cli.models[i] && used < sizeof list; i++)
        used += (size_t)snprintf(list + used, sizeof list - used, "%s%s",
                                 !i                        ? ""
                                 : elbo__cli.models[i + 1] ? ", "
                                                           : " or ",
                                 elbo__cli.models[i]->name);
    if (used >= sizeof list)
        elbo__cli_wrong_usage(line, "the model is missing: `%s models' lists them", elbo__cli.name);
    elbo__cli_wrong_usage(line, "the model is missing: %s", list);
}

const elbo_model *elbo__cli_model(const command_line *line, const char *name)
{
    const elbo_model *model = elbo__model_find(elbo__cli.models, name);
    if (model)
        return model;
    if (strchr(elbo_error(), ';'))
        elbo__cli_wrong_usage(line, "%s", elbo_error());
    elbo__cli_wrong_usage(line, "%s; `%s models' lists them", elbo_error(), elbo__cli.name);
    return NULL;
}

const elbo_model *elbo__cli_parse_for_model(command_line *line, const char *verb, int argc, char **argv)
{
    const elbo_model *const *models = elbo__cli.models, *model = models[1] ? NULL : models[0];
    const elbo_option **tables = all_tables(line);
    const first_look seen = look(tables, argc, argv);
    const elbo_model *named = seen.at < argc ? elbo__model_find(models, argv[seen.at]) : NULL;
    elbo_ini config = {.count = 0};
    set_model(line, verb, seen.at < argc ? named : model, named);
    if (seen.at < argc && !named) {
        check_options_before(line, tables, argv, seen.at);
        check_for_run(line, verb, argv[seen.at]);
        (void)elbo__cli_model(line, argv[seen.at]);
    }
    free(tables);
    if (seen.config && !seen.help)
        read_config(line, seen.config, &config);
    if (!named && model_of_config(line))
        set_model(line, verb, model = model_of_config(line), true);
    model = named ? named : model;
    if (!model && !seen.help)
        miss_model(line);
    if (named)
        take_out(argc--, argv, seen.at);
    check_options_of(model, line);
    elbo__cli_parse(line, argc, argv);
    line->config = NULL;
    elbo_ini_free(&config);
    return model;
}
