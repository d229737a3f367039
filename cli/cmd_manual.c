/* elbo manual [COMMAND]: manual pages in roff, from the tables of options. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../autograd/plan.h"
#include "../nn/training/train.h"
#include "../tensor/version.h"
#include "declared.h"
#include "help.h"
#include "on_model.h"
#include "progress.h"

static const elbo_option table[] = {
    {.name = "out", .type = ELBO_TEXT, .metavar = "DIR", .help = "write every page to this folder"},
    ELBO_OPTIONS_END,
};

/* ---- roff -------------------------------------------------------------------------------------------------------- */

/* A text of roff means what it says, also at the start of a line and where it looks like a quote or a dash. */
static void put(FILE *out, const char *text)
{
    static const char *const escapes[128] = {
        ['\\'] = "\\e", ['-'] = "\\-", ['\''] = "\\(aq", ['`'] = "\\(ga", ['^'] = "\\(ha", ['~'] = "\\(ti"};
    if (*text == '.')
        fputs("\\&", out);
    for (; *text; text++) {
        const unsigned char c = (unsigned char)*text;
        if (c < 128 && escapes[c])
            fputs(escapes[c], out);
        else
            fputc(c, out);
    }
}

/* A text on a line of its own. */
static void put_line(FILE *out, const char *text)
{
    put(out, text);
    fputc('\n', out);
}

static void put_section(FILE *out, const char *title)
{
    fprintf(out, ".SH \"%s\"\n", title);
}

/* A list of names in bold, with what each stands for. */
static void put_list(FILE *out, const named_text *list)
{
    for (; list->name; list++) {
        fputs(".TP\n.B ", out);
        put_line(out, list->name);
        put_line(out, list->what);
    }
}

static void put_head(FILE *out, const char *part)
{
    fputs(".\\\" Made by the program itself, from its tables of options.\n.TH \"", out);
    for (const char *name = elbo__cli.name; *name; name++)
        fputc(*name >= 'a' && *name <= 'z' ? *name - 'a' + 'A' : *name, out);
    for (const char *c = part ? part : ""; *c; c++)
        fprintf(out, "%s%c", c == part ? "\\-" : "", *c >= 'a' && *c <= 'z' ? *c - 'a' + 'A' : *c);
    fprintf(out, "\" 1 \"\" \"elbo %s\" \"\"\n", elbo_version());
}

/* ---- options ----------------------------------------------------------------------------------------------------- */

/* One of its names as it is typed, after a comma where it is not the first. */
static void put_name(FILE *out, const elbo_option *o, const char *name, bool first)
{
    const bool letter = name != o->name && !name[1], flag = o->type == ELBO_FLAG; /* `--c' is long all the same */
    fprintf(out, "%s\\fB%s", first ? "" : ", ", letter ? "\\-" : "\\-\\-");
    put(out, name);
    fputs("\\fR", out);
    if (flag && (letter || (o->metavar && !*o->metavar))) /* it takes no value here */
        return;
    fputs(flag ? "[=\\fI" : letter ? " \\fI" : "=\\fI", out);
    put(out, elbo__cli_metavar(o));
    fputs(flag ? "\\fR]" : "\\fR", out);
}

/* `models`: those that have it, or NULL where that goes without saying. */
static void put_option(FILE *out, const elbo_option *o, const char *models)
{
    char *help = elbo_option_help(o);
    const bool letter = o->alias && !o->alias[1];
    fputs(".TP\n", out);
    if (letter)
        put_name(out, o, o->alias, true);
    put_name(out, o, o->name, !letter);
    if (o->alias && !letter)
        put_name(out, o, o->alias, false);
    fputc('\n', out);
    put(out, o->help && *o->help && help ? help : "Not described.");
    if (models) {
        fputs("; models: ", out);
        put(out, models);
    }
    fputc('\n', out);
    elbo_release(help);
}

static void put_table(FILE *out, const elbo_option *rows)
{
    for (const elbo_option *o = rows; o->name; o++)
        put_option(out, o, NULL);
}

static void put_title(FILE *out, const char *title)
{
    fprintf(out, ".SS \"%.*s\"\n", (int)strcspn(title, ":"), title);
}

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

/* Whether two rows read the same in a manual. */
static bool same_row(const elbo_option *a, const elbo_option *b)
{
    char *const helps[] = {elbo_option_help(a), elbo_option_help(b)};
    const bool same = strcmp(a->name, b->name) == 0 && same_text(a->alias, b->alias) &&
                      same_text(a->metavar, b->metavar) && same_text(helps[0], helps[1]);
    elbo_release(helps[0]);
    elbo_release(helps[1]);
    return same;
}

static bool model_has(const elbo_model *model, const elbo_option *row)
{
    for (const elbo_option *o = model->options; o && o->name; o++)
        if (same_row(o, row))
            return true;
    return false;
}

/* "vae, cvae": the models that have this row, a new string; NULL: one before model `first` has it already. */
static char *models_with(const elbo_option *row, int first)
{
    const elbo_model *const *models = elbo__cli.models;
    char *list = NULL;
    size_t size;
    for (int i = 0; i < first; i++)
        if (model_has(models[i], row))
            return NULL;
    FILE *out = open_memstream(&list, &size);
    if (!out)
        exit(elbo__cli_out_of_memory());
    for (int i = first; models[i]; i++)
        if (model_has(models[i], row))
            fprintf(out, "%s%s", i == first ? "" : ", ", models[i]->name);
    fclose(out);
    return list;
}

/* The options of all models, each once, with the models that have it. */
static void put_models(FILE *out)
{
    const elbo_model *const *models = elbo__cli.models;
    put_title(out, "Options of the models");
    for (int i = 0; models[i]; i++)
        for (const elbo_option *o = models[i]->options; o && o->name; o++) {
            char *list = models_with(o, i);
            if (list)
                put_option(out, o, list);
            free(list);
        }
}

static void put_options(FILE *out, const command_line *line)
{
    put_section(out, "OPTIONS");
    for (const option_group *g = line->groups; g->table; g++) {
        if (line->takes_model && g == &line->groups[MODEL] && !g->table->name)
            put_models(out);
        if (!g->table->name)
            continue;
        put_title(out, g->title);
        put_table(out, g->table);
    }
    put_title(out, "Every command");
    put_table(out, elbo__cli_common_options);
    put_table(out, elbo__cli_help_options);
}

/* ---- pages ------------------------------------------------------------------------------------------------------- */

static void put_example(FILE *out, const command_line *line, const example *e)
{
    char *text = NULL;
    size_t size;
    FILE *typed = open_memstream(&text, &size);
    if (!typed)
        exit(elbo__cli_out_of_memory());
    elbo__cli_put_example(typed, line, e);
    fclose(typed);
    fputs(".TP\n.B ", out);
    put_line(out, text);
    put_line(out, e->what);
    free(text);
}

static void put_exits(FILE *out, const char *more)
{
    put_section(out, "EXIT STATUS");
    put_list(out, elbo__cli_exits);
    if (more) {
        fputs(".PP\n", out);
        put_line(out, more);
    }
}

static void put_see_also(FILE *out, const char *except)
{
    bool first = true;
    put_section(out, "SEE ALSO");
    if (except) {
        put(out, elbo__cli.name);
        fputs("(1)", out);
        first = false;
    }
    for (const command *c = elbo__cli_commands; c->name; c++)
        if (!except || strcmp(c->name, except) != 0) {
            fputs(first ? "" : ", ", out);
            put(out, elbo__cli.name);
            fprintf(out, "\\-%s(1)", c->name);
            first = false;
        }
    fputc('\n', out);
}

static bool has_config(const command_line *line)
{
    for (const option_group *g = line->groups; g->table; g++)
        for (const elbo_option *o = g->table; o->name; o++)
            if (strcmp(o->name, "config") == 0)
                return true;
    return false;
}

static void put_synopsis(FILE *out, const command *c, const char *args)
{
    fputs(".B ", out);
    put(out, elbo__cli.name);
    fprintf(out, " %s\n[\\fIOPTION\\fR...] \\fI", c->name);
    put(out, args);
    fputs("\\fR\n", out);
}

static void put_command_page(FILE *out, const command *c)
{
    command_line line;
    elbo__cli_declared(c, &line);
    put_head(out, c->name);
    put_section(out, "NAME");
    put(out, elbo__cli.name);
    fprintf(out, "\\-%s \\- ", c->name);
    put_line(out, c->summary);
    put_section(out, "SYNOPSIS");
    put_synopsis(out, c, line.args);
    for (const char *form = line.forms; form && *form; form += strcspn(form, "\n"), form += *form == '\n') {
        char text[100];
        snprintf(text, sizeof text, "%.*s", (int)strcspn(form, "\n"), form);
        fputs(".br\n", out);
        put_synopsis(out, c, text);
    }
    put_section(out, "DESCRIPTION");
    put_line(out, line.doc);
    put_options(out, &line);
    if (has_config(&line)) {
        put_section(out, "FILE OF OPTIONS");
        put_line(out, elbo__cli_config_text);
    }
    put_exits(out, line.exits);
    put_section(out, "ENVIRONMENT");
    put_list(out, elbo__cli_environment);
    if (line.takes_model || strncmp(line.args, "RUN", 3) == 0) {
        put_section(out, "FILES");
        put_list(out, elbo__cli_run_files);
    }
    put_section(out, "EXAMPLES");
    for (const example *e = line.examples; e->line; e++)
        put_example(out, &line, e);
    put_see_also(out, c->name);
}

static void put_program_page(FILE *out)
{
    put_head(out, NULL);
    put_section(out, "NAME");
    put(out, elbo__cli.name);
    fputs(" \\- ", out);
    put_line(out, "variational autoencoders: train them, draw from them, measure them");
    put_section(out, "SYNOPSIS");
    fputs(".B ", out);
    put(out, elbo__cli.name);
    fputs("\n[\\fIOPTION\\fR...] \\fICOMMAND\\fR [\\fIARGUMENT\\fR...]\n", out);
    put_section(out, "DESCRIPTION");
    put_line(out, "Results are printed on standard output; progress, notes, warnings and errors on standard error.");
    put_section(out, "COMMANDS");
    for (const command *c = elbo__cli_commands; c->name; c++)
        put_list(out, (named_text[]){{c->name, c->summary}, {NULL, NULL}});
    put_list(out, (named_text[]){{"help", elbo__cli_help_summary}, {NULL, NULL}});
    put_section(out, "OPTIONS");
    put_table(out, elbo__cli_common_options);
    put_table(out, elbo__cli_help_options);
    put_exits(out, NULL);
    put_section(out, "ENVIRONMENT");
    put_list(out, elbo__cli_environment);
    put_section(out, "FILES");
    put_list(out, elbo__cli_run_files);
    put_section(out, "EXAMPLES");
    for (const command *c = elbo__cli_commands; c->name; c++) {
        command_line line;
        elbo__cli_declared(c, &line);
        put_example(out, &line, line.examples);
    }
    put_see_also(out, NULL);
}

/* ---- the command ------------------------------------------------------------------------------------------------- */

/* NULL: the page of the program. */
static bool write_page(const char *folder, const command *c)
{
    char *path = NULL;
    FILE *out = NULL;
    bool written = false;
    if (asprintf(&path, "%s/%s%s%s.1", folder, elbo__cli.name, c ? "-" : "", c ? c->name : "") < 0)
        path = NULL;
    if (path && (out = fopen(path, "w"))) {
        if (c)
            put_command_page(out, c);
        else
            put_program_page(out);
        written = !ferror(out);
        written = fclose(out) == 0 && written;
    }
    if (!written)
        elbo__cli_say("%s: cannot be written: %m", path ? path : folder);
    free(path);
    return written;
}

static int write_pages(const char *folder)
{
    bool written = write_page(folder, NULL);
    for (const command *c = elbo__cli_commands; c->name && written; c++)
        written = write_page(folder, c);
    return written ? EXIT_SUCCESS : FAILED;
}

int elbo__cmd_manual(int argc, char **argv)
{
    command_line line = {
        .name = "manual",
        .args = "[COMMAND]",
        .most = 1,
        .doc = "Prints the manual page of the program or of a command in roff, as `man -l -' reads it.",
        .examples = {{"manual train | man -l -", "the page of a command"}, {"manual --out .", "all pages, one a file"}},
        .groups = {{.title = "Options:", .table = table}},
    };
    elbo__cli_parse(&line, argc, argv);
    const char *folder = elbo_values_text(line.groups[0].values, "out");
    const command *c = line.count ? elbo__cli_find_command(line.arguments[0]) : NULL;
    int status = EXIT_SUCCESS;
    if (line.count && !c)
        elbo__cli_wrong_usage(&line, "%s", elbo_error());
    if (line.count && folder[0])
        elbo__cli_wrong_usage(&line, "option \"out\": it is all pages that are written, not that of %s", c->name);
    if (folder[0])
        status = write_pages(folder);
    else if (c)
        put_command_page(stdout, c);
    else
        put_program_page(stdout);
    elbo__cli_release(&line);
    return status;
}
