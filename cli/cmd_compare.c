/* elbo compare RUN...: runs side by side. */
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../io/figure.h"
#include "../tensor/words.h"
#include "command.h"
#include "compare.h"
#include "grid.h"
#include "on_run.h"
#include "options.h"
#include "progress.h"
#include "result.h"

static const elbo_option table[] = {
    {.name = "metric",
     .type = ELBO_TEXT,
     .metavar = "NAME",
     .help =
         "the column of metrics.csv whose best value and curves are shown (elbo, else loss, of the validation, else "
         "of the test images)"},
    {.name = "by-seed", .type = ELBO_FLAG, .help = "only means and deviations over runs that differ in their seeds"},
    {.name = "output",
     .alias = "o",
     .type = ELBO_TEXT,
     .metavar = "FILE",
     .help = "draw the curves of the metric over each other: FILE.svg or FILE.png"},
    {.name = "from",
     .type = ELBO_INTEGER,
     .default_value = "1",
     .least = 1,
     .greatest = 1e9,
     .metavar = "EPOCH",
     .help = "where the curves begin: the first epochs may dwarf the others"},
    OPTION_JSON,
    ELBO_OPTIONS_END,
};

/* Columns of metrics.csv that the table shows, in this order, with so many digits. One is left out where each run that
 * has it also has the one it gives way to, which says the same or more. */
typedef struct {
    const char *column, *gives_way_to;
    int digits;
    bool judged; /* its best value is marked */
} shown_column;
static const shown_column shown[] = {
    {"val_elbo", NULL, 2, true},          {"val_loss", "val_elbo", 4, true},     {"val_squared_error", NULL, 4, true},
    {"test_elbo", NULL, 2, true},         {"test_loss", "test_elbo", 4, true},   {"test_squared_error", NULL, 4, true},
    {"train_elbo", "test_elbo", 2, true}, {"train_loss", "train_elbo", 4, true}, {"seconds", NULL, 1, false},
    {"images_per_s", NULL, 0, false},
};
enum { SHOWN = sizeof shown / sizeof shown[0], DIGITS = 4 };

/* What is worth choosing by, the first one that all runs have. */
static const char *const metrics[] = {"val_elbo", "val_loss", "test_elbo", "test_loss", "train_loss"};

static bool is_shown(const comparison *c, const shown_column *column)
{
    for (int i = 0; i < c->count; i++)
        if (!isnan(elbo__cli_figure_of(&c->runs[i], column->column)) &&
            (!column->gives_way_to || isnan(elbo__cli_figure_of(&c->runs[i], column->gives_way_to))))
            return true;
    return false;
}

static int digits_of(const char *column)
{
    for (int i = 0; i < SHOWN; i++)
        if (strcmp(shown[i].column, column) == 0)
            return shown[i].digits;
    return DIGITS;
}

/* ---- the metric -------------------------------------------------------------------------------------------------- */

/* The metric of any run that may be meant, else those of the first. */
static elbo__hint hint_of(const comparison *c, const char *name)
{
    elbo__hint first = {""};
    for (int i = 0; i < c->count; i++) {
        elbo__words near = elbo__words_near(name);
        for (int k = 0; k < c->runs[i].metrics.columns; k++)
            if (elbo__cli_any_has(c, c->runs[i].metrics.names[k]))
                elbo__words_offer(&near, c->runs[i].metrics.names[k]);
        if (i == 0 || near.nearest)
            first = elbo__words_hint(&near);
        if (near.nearest)
            break;
    }
    return first;
}

/* NULL, and a line on stderr, where there is none of the name. */
static const char *find_metric(const comparison *c, const elbo_values *values)
{
    const char *named = elbo_values_text(values, "metric");
    if (named[0] && elbo__cli_any_has(c, named))
        return named;
    for (size_t i = 0; i < sizeof metrics / sizeof metrics[0] && !named[0]; i++)
        if (elbo__cli_all_have(c, metrics[i]))
            return metrics[i];
    if (named[0])
        elbo__cli_say("no run has a metric \"%s\"%s", named, hint_of(c, named).text);
    else
        elbo__cli_say("the runs have no metric in common; --metric names one of any run%s", hint_of(c, "").text);
    return NULL;
}

/* ---- each run ---------------------------------------------------------------------------------------------------- */

typedef double (*figure_of)(const compared_run *run, const char *column);

static double best_of(const compared_run *run, const char *column)
{
    return elbo__cli_best_of(run, column, NULL);
}

/* "*" where a run has the best figure of all, which says something only where the figures compare; else " ". */
static const char *mark(const comparison *c, const compared_run *run, const char *column, figure_of figure)
{
    const double own = figure(run, column);
    if (isnan(own) || c->count < 2 || !c->comparable)
        return " ";
    for (int i = 0; i < c->count; i++) {
        const double other = figure(&c->runs[i], column);
        if (elbo__cli_more_is_better(column) ? other > own : other < own)
            return " ";
    }
    return "*";
}

static void put_figure(grid *g, double value, int digits, const char *after)
{
    if (isnan(value))
        elbo__cli_cell(g, "-");
    else
        elbo__cli_cell(g, "%.*f%s", digits, value, after);
}

static void put_run(grid *g, const comparison *c, const compared_run *run, const char *metric)
{
    double epoch;
    const double best = elbo__cli_best_of(run, metric, &epoch);
    elbo__cli_cell(g, "%s", run->path);
    elbo__cli_cell(g, "%s", elbo__cli_option_of(run, "model"));
    for (int k = 0; k < c->differing; k++)
        elbo__cli_cell(g, "%s", elbo__cli_option_of(run, c->options[k]));
    put_figure(g, elbo__cli_figure_of(run, "epoch"), 0, "");
    for (int k = 0; k < SHOWN; k++)
        if (is_shown(c, &shown[k]))
            put_figure(g, elbo__cli_figure_of(run, shown[k].column), shown[k].digits,
                       shown[k].judged ? mark(c, run, shown[k].column, elbo__cli_figure_of) : "");
    put_figure(g, best, digits_of(metric), mark(c, run, metric, best_of));
    put_figure(g, epoch, 0, "");
}

static void print_runs(const comparison *c, const char *metric)
{
    int columns = 5 + c->differing;
    for (int k = 0; k < SHOWN; k++)
        columns += is_shown(c, &shown[k]);
    grid g = elbo__cli_grid(columns);
    elbo__cli_cell(&g, "run");
    elbo__cli_cell(&g, "model");
    for (int k = 0; k < c->differing; k++)
        elbo__cli_cell(&g, "%s", c->options[k]);
    elbo__cli_cell(&g, "epochs done");
    for (int k = 0; k < SHOWN; k++)
        if (is_shown(c, &shown[k]))
            elbo__cli_cell(&g, "%s%s", shown[k].column, shown[k].judged ? " " : "");
    elbo__cli_cell(&g, "best %s ", metric);
    elbo__cli_cell(&g, "at epoch");
    for (int i = 0; i < c->count; i++)
        put_run(&g, c, &c->runs[i], metric);
    elbo__cli_print_grid(&g);
    if (c->comparable && c->count > 1)
        printf("* the best of its column; figures without \"best\" are those of the model that is kept\n");
}

static void put_option_json(result *r, const compared_run *run, const char *option)
{
    const char *text = elbo_ini_get(&run->made, option);
    const elbo_option *row = elbo__cli_row_of_run(run, option);
    elbo_value value;
    if (row && text && elbo_option_parse(row, text, &value) == ELBO_OK)
        elbo__cli_put_value(r, option, row->type, &value);
    else
        elbo__cli_put_text(r, option, text);
}

static void put_runs_json(result *r, const comparison *c, const char *metric)
{
    elbo__cli_open_list(r, "runs");
    for (int i = 0; i < c->count; i++) {
        const compared_run *run = &c->runs[i];
        double epoch;
        const double best = elbo__cli_best_of(run, metric, &epoch);
        elbo__cli_open_object(r, NULL);
        elbo__cli_put_text(r, "run", run->path);
        elbo__cli_put_text(r, "model", elbo__cli_option_of(run, "model"));
        elbo__cli_open_object(r, "options");
        for (int k = 0; k < c->differing; k++)
            put_option_json(r, run, c->options[k]);
        elbo__cli_close(r);
        elbo__cli_open_object(r, "last");
        for (int k = 0; k < run->metrics.columns; k++)
            elbo__cli_put_number(r, run->metrics.names[k], elbo__cli_figure_of(run, run->metrics.names[k]));
        elbo__cli_close(r);
        elbo__cli_put_number(r, "best", best);
        elbo__cli_put_number(r, "best_epoch", epoch);
        elbo__cli_close(r);
    }
    elbo__cli_close(r);
}

/* ---- runs that differ in their seeds ----------------------------------------------------------------------------- */

static int size_of(const comparison *c, int group)
{
    int size = 0;
    for (int i = 0; i < c->count; i++)
        size += c->runs[i].group == group;
    return size;
}

static bool has_seeds(const comparison *c)
{
    for (int i = 0; i < c->count; i++)
        if (size_of(c, i) > 1)
            return true;
    return false;
}

/* What the paths of a group begin with: "runs/seed-" of runs/seed-1 and runs/seed-2. */
static int common_start(const comparison *c, int group)
{
    const char *first = c->runs[group].path;
    size_t length = strlen(first);
    for (int i = group; i < c->count; i++)
        for (size_t k = 0; k < length && c->runs[i].group == group; k++)
            if (c->runs[i].path[k] != first[k])
                length = k;
    return (int)length;
}

static elbo_spread spread_of(const comparison *c, int group, const char *column, figure_of figure)
{
    double *values = calloc((size_t)c->count, sizeof *values);
    if (!values)
        exit(elbo__cli_out_of_memory());
    for (int i = 0; i < c->count; i++)
        values[i] = c->runs[i].group == group ? figure(&c->runs[i], column) : NAN;
    const elbo_spread s = elbo_spread_of(values, c->count);
    free(values);
    return s;
}

static void put_spread(grid *g, elbo_spread s, int digits)
{
    if (s.n == 0)
        elbo__cli_cell(g, "-");
    else if (s.n == 1)
        elbo__cli_cell(g, "%.*f (1)", digits, s.mean);
    else
        elbo__cli_cell(g, "%.*f +- %.*f (%" PRId64 ")", digits, s.mean, digits, s.deviation, s.n);
}

static void put_group(grid *g, const comparison *c, int group, const char *metric)
{
    const compared_run *first = &c->runs[group];
    const int size = size_of(c, group);
    elbo__cli_cell(g, "%.*s%s", common_start(c, group), first->path, size > 1 ? "*" : "");
    elbo__cli_cell(g, "%s", elbo__cli_option_of(first, "model"));
    elbo__cli_cell(g, "%d", size);
    for (int k = 0; k < c->differing; k++)
        if (strcmp(c->options[k], "seed") != 0)
            elbo__cli_cell(g, "%s", elbo__cli_option_of(first, c->options[k]));
    for (int k = 0; k < SHOWN; k++)
        if (is_shown(c, &shown[k]))
            put_spread(g, spread_of(c, group, shown[k].column, elbo__cli_figure_of), shown[k].digits);
    put_spread(g, spread_of(c, group, metric, best_of), digits_of(metric));
}

static void print_groups(const comparison *c, const char *metric)
{
    int columns = 4;
    for (int k = 0; k < SHOWN; k++)
        columns += is_shown(c, &shown[k]);
    for (int k = 0; k < c->differing; k++)
        columns += strcmp(c->options[k], "seed") != 0;
    grid g = elbo__cli_grid(columns);
    elbo__cli_cell(&g, "runs");
    elbo__cli_cell(&g, "model");
    elbo__cli_cell(&g, "seeds");
    for (int k = 0; k < c->differing; k++)
        if (strcmp(c->options[k], "seed") != 0)
            elbo__cli_cell(&g, "%s", c->options[k]);
    for (int k = 0; k < SHOWN; k++)
        if (is_shown(c, &shown[k]))
            elbo__cli_cell(&g, "%s", shown[k].column);
    elbo__cli_cell(&g, "best %s", metric);
    for (int i = 0; i < c->count; i++)
        if (c->runs[i].group == i)
            put_group(&g, c, i, metric);
    elbo__cli_print_grid(&g);
}

static void put_spread_json(result *r, const char *key, elbo_spread s)
{
    elbo__cli_open_object(r, key);
    elbo__cli_put_number(r, "mean", s.mean);
    elbo__cli_put_number(r, "deviation", s.deviation);
    elbo__cli_put_integer(r, "n", s.n);
    elbo__cli_close(r);
}

static void put_groups_json(result *r, const comparison *c, const char *metric)
{
    elbo__cli_open_list(r, "by_seed");
    for (int group = 0; group < c->count; group++) {
        if (c->runs[group].group != group)
            continue;
        elbo__cli_open_object(r, NULL);
        elbo__cli_open_list(r, "runs");
        for (int i = 0; i < c->count; i++)
            if (c->runs[i].group == group)
                elbo__cli_put_text(r, NULL, c->runs[i].path);
        elbo__cli_close(r);
        elbo__cli_open_object(r, "last");
        for (int k = 0; k < c->runs[group].metrics.columns; k++) {
            const char *column = c->runs[group].metrics.names[k];
            put_spread_json(r, column, spread_of(c, group, column, elbo__cli_figure_of));
        }
        elbo__cli_close(r);
        put_spread_json(r, "best", spread_of(c, group, metric, best_of));
        elbo__cli_close(r);
    }
    elbo__cli_close(r);
}

/* ---- curves ------------------------------------------------------------------------------------------------------ */

/* Column `name` of a table from a row on, as an array of its own. */
static double *column_of(const elbo_csv_table *t, const char *name, int64_t first)
{
    const int column = elbo_csv_column(t, name);
    double *values = calloc((size_t)t->rows + 1, sizeof *values);
    for (int64_t i = first; i < t->rows && values; i++)
        values[i - first] = column >= 0 ? t->values[i * t->columns + column] : NAN;
    return values;
}

/* The first row of an epoch that is not before `from`; t->rows: there is none. */
static int64_t row_of(const elbo_csv_table *t, int64_t from)
{
    const int column = elbo_csv_column(t, "epoch");
    int64_t i = 0;
    while (i < t->rows && column >= 0 && t->values[i * t->columns + column] < (double)from)
        i++;
    return i;
}

static elbo_status draw_curves(const comparison *c, const char *metric, int64_t from, const char *path)
{
    elbo_curve *curves = calloc((size_t)c->count, sizeof *curves);
    elbo_status status = curves ? ELBO_OK : ELBO_NO_MEMORY;
    for (int i = 0; i < c->count && status == ELBO_OK; i++) {
        const elbo_csv_table *t = &c->runs[i].metrics;
        const int64_t first = row_of(t, from);
        curves[i] = (elbo_curve){c->runs[i].path, column_of(t, "epoch", first), column_of(t, metric, first),
                                 t->rows - first};
        status = curves[i].x && curves[i].y ? ELBO_OK : ELBO_NO_MEMORY;
    }
    if (status == ELBO_OK)
        status = elbo_curves(path, &(elbo_curve_plot){metric, "epoch", NULL, curves, c->count, false});
    for (int i = 0; i < c->count && curves; i++) {
        free((double *)curves[i].x);
        free((double *)curves[i].y);
    }
    free(curves);
    return status;
}

/* ---- the command ------------------------------------------------------------------------------------------------- */

static int show(const comparison *c, const elbo_values *values)
{
    const char *metric = find_metric(c, values), *output = elbo_values_text(values, "output");
    const bool seeds = has_seeds(c), alone = elbo_values_flag(values, "by-seed");
    if (!metric)
        return FAILED;
    if (elbo__cli_is_part_of_run(output)) {
        elbo__cli_say("option \"output\": \"%s\" is the name of a part of a run", output);
        return FAILED;
    }
    if (output[0] && draw_curves(c, metric, elbo_values_integer(values, "from"), output) != ELBO_OK)
        return elbo__cli_fail();
    result r = elbo__cli_result(values);
    elbo__cli_put_text(&r, "metric", metric);
    elbo__cli_put_flag(&r, "comparable", c->comparable);
    if (elbo__cli_is_json(&r)) {
        put_runs_json(&r, c, metric);
        put_groups_json(&r, c, metric);
    } else {
        if (!alone)
            print_runs(c, metric);
        if (seeds && !alone)
            printf("\n");
        if (seeds || alone) {
            printf("mean +- standard deviation over seeds (how many)\n");
            print_groups(c, metric);
        }
    }
    if (output[0])
        elbo__cli_give_text(&r, "curves", NULL, output);
    return elbo__cli_result_end(&r, EXIT_SUCCESS);
}

int elbo__cmd_compare(int argc, char **argv)
{
    command_line line = {
        .name = "compare",
        .args = "RUN...",
        .doc = "Shows runs side by side: the options in which they differ, the figures of the models that are kept, "
               "and the best "
               "value of one figure with its epoch. Runs that differ in their seeds alone are shown again as one line "
               "of means and standard deviations.",
        .examples = {{"compare runs/*", "all runs, as a table"},
                     {"compare runs/* -o compare.svg", "and their curves over each other"},
                     {"compare runs/* --by-seed --json", "means and deviations over seeds, for a script"}},
        .least = 1,
        .most = INT_MAX,
        .groups = {{.title = "Options:", .table = table}},
    };
    elbo__cli_parse(&line, argc, argv);
    comparison c;
    int status = FAILED;
    if (elbo__cli_compare(line.arguments, line.count, &c))
        status = show(&c, line.groups[0].values);
    elbo__cli_free_comparison(&c);
    elbo__cli_release(&line);
    return status;
}
