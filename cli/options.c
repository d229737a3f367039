#include "options.h"

#include <argp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../autograd/plan.h"
#include "../io/quote.h"
#include "../nn/options/option_private.h"
#include "../nn/parts/parts.h"
#include "../tensor/memory.h"
#include "command.h"
#include "declared.h"
#include "help.h"
#include "progress.h"
#include "rows.h"

enum { FIRST_KEY = 1000 }; /* beyond any short option */

/* An option as argp sees it: key FIRST_KEY + i, or its letter. */
typedef struct {
    const elbo_option *option;
    elbo_values *values;
    char *help;
    int line;   /* of the file that sets it, 0: none does */
    bool given; /* on the command line                    */
} known_option;

typedef struct {
    command_line *line;
    known_option *known; /* [count] */
    struct argp_option *rows;
    int count, used;
} parser;

const elbo_option elbo__cli_common_options[] = {
    {.name = "quiet",
     .alias = "q",
     .type = ELBO_FLAG,
     .help = "say nothing on stderr but errors and warnings: no progress, no notes"},
    ELBO_OPTIONS_END,
};

const elbo_option elbo__cli_help_options[] = {
    {.name = "help", .alias = "h", .type = ELBO_FLAG, .metavar = "", .help = "print help"},
    {.name = "usage", .type = ELBO_FLAG, .metavar = "", .help = "print the options in short"},
    {.name = "version", .alias = "V", .type = ELBO_FLAG, .metavar = "", .help = "print the version"},
    ELBO_OPTIONS_END,
};

static void *must_have(void *block)
{
    if (!block)
        exit(elbo__cli_fail());
    return block;
}

/* ---- tables for argp --------------------------------------------------------------------------------------------- */

static bool is_letter(const char *alias)
{
    return alias && strlen(alias) == 1;
}

static void add_option(parser *p, const elbo_option *o, elbo_values *values, int group)
{
    known_option *known = &p->known[p->count];
    *known = (known_option){.option = o, .values = values, .help = must_have(elbo_option_help(o))};
    p->rows[p->used++] = (struct argp_option){
        .name = o->name,
        .key = is_letter(o->alias) ? o->alias[0] : FIRST_KEY + p->count,
        .arg = elbo__cli_metavar(o),
        .flags = o->type == ELBO_FLAG ? OPTION_ARG_OPTIONAL : 0,
        .doc = known->help,
        .group = group,
    };
    if (o->alias && !is_letter(o->alias))
        p->rows[p->used++] = (struct argp_option){.name = o->alias, .flags = OPTION_ALIAS, .group = group};
    p->count++;
}

/* Behind the groups of the command, the one of all commands: argp shows its rows beside --help. */
static void add_common_group(command_line *line)
{
    option_group *g = line->groups;
    while (g->table)
        g++;
    *g = (option_group){.table = elbo__cli_common_options};
}

/* What a group is shown in, one part behind the other. */
typedef enum {
    OWN,   /* options of a model that no part has                        */
    USUAL, /* those that are of use beside the others at their defaults */
    OTHER, /* those that are not                                        */
    PARTS
} part;

static part part_of(const option_group *g, const elbo_option *o)
{
    if (g->of_model && !elbo__option_row(elbo_options_of_parts, o->name))
        return OWN;
    return elbo_values_check_one(g->values, o->name) == ELBO_OK ? USUAL : OTHER;
}

static void add_part(parser *p, const option_group *g, part shown, int number)
{
    const char *const titles[PARTS] = {"Of this model alone:", g->title, "With other choices than these:"};
    bool titled = false;
    for (const elbo_option *o = g->table; o->name; o++) {
        if (part_of(g, o) != shown)
            continue;
        if (g->title && !titled)
            p->rows[p->used++] = (struct argp_option){.doc = titles[shown], .group = number};
        titled = true;
        add_option(p, o, g->values, number);
    }
}

static void add_groups(parser *p)
{
    int options = 0, groups = 0;
    add_common_group(p->line);
    for (const option_group *g = p->line->groups; g->table; g++, groups++)
        for (const elbo_option *o = g->table; o->name; o++)
            options++;
    p->known = must_have(calloc((size_t)options + 1, sizeof *p->known));
    p->rows = must_have(calloc((size_t)(2 * options + PARTS * groups) + HELP_ROWS + 1, sizeof *p->rows));
    p->used = elbo__cli_add_help_rows(p->rows);
    for (option_group *g = p->line->groups; g->table; g++) {
        const int number = g->title ? PARTS * (int)(g - p->line->groups) + 1 : WITH_HELP;
        g->values = must_have(elbo_values_new_preset(g->table, g->preset));
        g->table = elbo_values_table(g->values);
        for (part shown = OWN; shown < PARTS; shown++)
            add_part(p, g, shown, g->title ? number + (int)shown : WITH_HELP);
    }
}

static known_option *find(const parser *p, int key)
{
    for (int i = 0; i < p->count; i++)
        if (key == FIRST_KEY + i || (is_letter(p->known[i].option->alias) && key == p->known[i].option->alias[0]))
            return &p->known[i];
    return NULL;
}

const char *elbo__cli_metavar(const elbo_option *option)
{
    return option->type == ELBO_FLAG ? "yes|no" : option->metavar ? option->metavar : "VALUE";
}

/* ---- a file of options ------------------------------------------------------------------------------------------- */

static known_option *find_name(const parser *p, const char *name)
{
    for (int i = 0; i < p->count; i++) {
        const elbo_option *o = p->known[i].option;
        if (strcmp(o->name, name) == 0 || (o->alias && strcmp(o->alias, name) == 0))
            return &p->known[i];
    }
    return NULL;
}

typedef struct {
    const elbo_option *at[MOST_GROUPS + 3]; /* then NULL */
} table_list;

static table_list tables_of(const command_line *line, const elbo_option *more)
{
    table_list tables = {{NULL}};
    int n = 0;
    for (const option_group *g = line->groups; g->table; g++)
        tables.at[n++] = g->table;
    tables.at[n] = more;
    return tables;
}

/* A text may stand in quotes, as it does in the configuration of a run where a line could not hold it otherwise. */
static elbo_status set_from_file(const known_option *known, const char *value)
{
    char *text = known->option->type == ELBO_TEXT ? must_have(elbo__unquote(value)) : NULL;
    const elbo_status status = elbo_values_set(known->values, known->option->name, text ? text : value);
    elbo__free(text);
    return status;
}

/* Of an option that there is not, or not for this model. */
__attribute__((noreturn)) static void refuse_entry(const command_line *line, const elbo_ini_entry *entry)
{
    const char *owners = line->model ? elbo__cli_owners(entry->key) : NULL;
    const char *nearest = elbo__cli_nearest_name(tables_of(line, NULL).at, entry->key);
    if (owners)
        elbo__cli_wrong_usage(line, "%s: line %d: \"%s\" is an option of %s, not of %s", line->config_path, entry->line,
                              entry->key, owners, line->model);
    elbo__cli_wrong_usage(line, "%s: line %d: no option \"%s\"%s%s%s", line->config_path, entry->line, entry->key,
                          nearest ? "; the nearest is \"" : "", nearest ? nearest : "", nearest ? "\"" : "");
}

static void read_entry(parser *p, const elbo_ini_entry *entry)
{
    const command_line *line = p->line;
    known_option *known = find_name(p, entry->key);
    if (!known)
        refuse_entry(line, entry);
    if (strcmp(known->option->name, "config") == 0)
        elbo__cli_wrong_usage(line, "%s: line %d: a file of options names no other", line->config_path, entry->line);
    if (known->line)
        elbo__cli_wrong_usage(line, "%s: line %d: option \"%s\" stands on line %d already", line->config_path,
                              entry->line, known->option->name, known->line);
    known->line = entry->line;
    if (set_from_file(known, entry->value) != ELBO_OK)
        elbo__cli_wrong_usage(line, "%s: line %d: %s", line->config_path, entry->line, elbo_error());
}

/* Sets what the file says, all of which must be of use by itself. (The line `model = NAME` was for whoever chose the
 * groups.) */
static void read_config(parser *p)
{
    const command_line *line = p->line;
    for (size_t i = 0; line->config && i < line->config->count; i++)
        if (line->config->entries[i].key && strcmp(line->config->entries[i].key, "model") != 0)
            read_entry(p, &line->config->entries[i]);
    for (int i = 0; i < p->count; i++) {
        const known_option *known = &p->known[i];
        if (known->line && elbo_values_check_one(known->values, known->option->name) != ELBO_OK)
            elbo__cli_wrong_usage(line, "%s: line %d: %s", line->config_path, known->line, elbo_error());
    }
}

/* `--net mlp` on the command line makes `channels` of the file idle, which is nobody's mistake; and so on with what
 * needed channels. */
static void drop_what_is_overruled(parser *p)
{
    for (bool dropped = true; dropped;) {
        dropped = false;
        for (int i = 0; i < p->count; i++) {
            known_option *known = &p->known[i];
            if (!known->line || known->given || elbo_values_check_one(known->values, known->option->name) == ELBO_OK)
                continue;
            elbo_values_reset(known->values, known->option->name);
            known->line = 0;
            dropped = true;
        }
    }
}

/* ---- parsing ----------------------------------------------------------------------------------------------------- */

/* Says which of the arguments "RUN CODES" or "RUN..." is the first that is not there. */
static void miss_argument(const struct argp_state *state, const command_line *line)
{
    const char *name = line->args;
    for (int i = 0; i < line->count && name[strcspn(name, " ")]; i++)
        name += strcspn(name, " ") + 1;
    argp_error(state, "%.*s is missing", (int)strcspn(name, " ."), name);
}

static error_t handle(int key, char *text, struct argp_state *state)
{
    parser *p = state->input;
    command_line *line = p->line;
    if (key == ARGP_KEY_ARG) {
        if (line->count == line->most)
            argp_error(state, "too many arguments: %s", text);
        line->arguments[line->count++] = text;
        return 0;
    }
    if (key == ARGP_KEY_END && line->count < line->least)
        miss_argument(state, line);
    elbo__cli_help_on(key, state);
    known_option *known = find(p, key);
    if (!known)
        return ARGP_ERR_UNKNOWN;
    known->given = true;
    if (elbo_values_set(known->values, known->option->name, text) != ELBO_OK)
        argp_error(state, "%s", elbo_error());
    return 0;
}

/* A long option that there is not: argp would not say which one is near. */
static void check_names(const command_line *line, int argc, char **argv)
{
    const table_list tables = tables_of(line, elbo__cli_help_options);
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (argv[i][0] != '-')
            continue;
        if (argv[i][1] == '-' && !elbo__cli_row_of(tables.at, argv[i]))
            elbo__cli_unrecognized(line, tables.at, argv[i]);
        i += elbo__cli_takes_next(tables.at, argv[i]);
    }
}

static void check_use(const command_line *line)
{
    for (const option_group *g = line->groups; g->table; g++)
        if (elbo_values_check(g->values) != ELBO_OK)
            elbo__cli_wrong_usage(line, "%s", elbo_error());
}

void elbo__cli_parse(command_line *line, int argc, char **argv)
{
    parser p = {.line = line};
    elbo__cli_hand_over(line);
    add_groups(&p);
    line->arguments = must_have(calloc((size_t)argc + 1, sizeof *line->arguments));
    char *text = elbo__cli_help_text(line), *old = argv[0], *name = NULL, *forms = NULL;
    if (!text || asprintf(&name, "%s %s", elbo__cli.name, line->name) < 0 ||
        asprintf(&forms, "%s%s%s", line->args, line->forms ? "\n" : "", line->forms ? line->forms : "") < 0)
        exit(elbo__cli_out_of_memory());
    const struct argp argp = {.options = p.rows, .parser = handle, .args_doc = *forms ? forms : NULL, .doc = text};
    check_names(line, argc, argv);
    read_config(&p);
    argv[0] = name; /* what argp calls the program */
    argp_parse(&argp, argc, argv, ARGP_NO_HELP, NULL, &p);
    argv[0] = old;
    drop_what_is_overruled(&p);
    check_use(line);
    free(forms);
    free(name);
    free(text);
    for (int i = 0; i < p.count; i++)
        elbo_release(p.known[i].help);
    free(p.known);
    free(p.rows);
    for (option_group *g = line->groups; g->table; g++)
        if (g->table == elbo__cli_common_options && elbo_values_flag(g->values, "quiet"))
            elbo__cli_be_quiet();
}

void elbo__cli_release(command_line *line)
{
    for (option_group *g = line->groups; g->table; g++)
        elbo_values_free(g->values);
    free(line->arguments);
}

void elbo__cli_wrong_usage(const command_line *line, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fprintf(stderr, "%s %s: ", elbo__cli.name, line->name);
    vfprintf(stderr, format, args);
    fprintf(stderr, "\nTry `%s %s --help' for more information.\n", elbo__cli.name, line->name);
    va_end(args);
    exit(USAGE);
}

void elbo__cli_unrecognized(const command_line *line, const elbo_option *const *tables, const char *option)
{
    const char *owners = line->model ? elbo__cli_owners(option) : NULL;
    const char *nearest = elbo__cli_nearest_name(tables, option);
    const int length = (int)strcspn(option, "=");
    if (owners)
        elbo__cli_wrong_usage(line, "%.*s is an option of %s, not of %s", length, option, owners, line->model);
    elbo__cli_wrong_usage(line, "unrecognized option '%.*s'%s%s", length, option, nearest ? "; the nearest is --" : "",
                          nearest ? nearest : "");
}
