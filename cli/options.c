#include "options.h"

#include <argp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../autograd/plan.h"
#include "command.h"
#include "progress.h"

enum { FIRST_KEY = 1000 }; /* beyond any short option */

/* An option as argp sees it: key FIRST_KEY + i, or its letter. */
typedef struct {
    const elbo_option *option;
    elbo_values *values;
    char *help;
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
    *known = (known_option){o, values, must_have(elbo_option_help(o))};
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

static void add_groups(parser *p)
{
    enum { WITH_HELP = -1 };
    int options = 0, groups = 0;
    add_common_group(p->line);
    for (const option_group *g = p->line->groups; g->table; g++, groups++)
        for (const elbo_option *o = g->table; o->name; o++)
            options++;
    p->known = must_have(calloc((size_t)options + 1, sizeof *p->known));
    p->rows = must_have(calloc((size_t)(2 * options + groups) + 2, sizeof *p->rows));
    p->rows[p->used++] = (struct argp_option){.key = 'h', .flags = OPTION_HIDDEN}; /* as good as --help */
    for (option_group *g = p->line->groups; g->table; g++) {
        const int number = g->title ? (int)(g - p->line->groups) + 1 : WITH_HELP;
        g->values = must_have(elbo_values_new(g->table));
        if (g->title && g->table[0].name)
            p->rows[p->used++] = (struct argp_option){.doc = g->title, .group = number};
        for (const elbo_option *o = g->table; o->name; o++)
            add_option(p, o, g->values, number);
    }
}

static const known_option *find(const parser *p, int key)
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

/* ---- parsing ----------------------------------------------------------------------------------------------------- */

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
        argp_error(state, "%s is missing", line->args);
    if (key == 'h')
        argp_state_help(state, state->out_stream, ARGP_HELP_STD_HELP);
    const known_option *known = find(p, key);
    if (!known)
        return ARGP_ERR_UNKNOWN;
    if (elbo_values_set(known->values, known->option->name, text) != ELBO_OK)
        argp_error(state, "%s", elbo_error());
    return 0;
}

void elbo__cli_parse(command_line *line, int argc, char **argv)
{
    parser p = {.line = line};
    add_groups(&p);
    const struct argp argp = {
        .options = p.rows, .parser = handle, .args_doc = line->args[0] ? line->args : NULL, .doc = line->doc};
    char *old = argv[0], *name = NULL;
    if (asprintf(&name, "%s %s", elbo__cli.name, line->name) < 0)
        exit(elbo__cli_out_of_memory());
    argv[0] = name; /* what argp calls the program */
    argp_parse(&argp, argc, argv, 0, NULL, &p);
    argv[0] = old;
    free(name);
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
