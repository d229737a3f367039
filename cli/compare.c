#include "compare.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../nn/training/train.h"
#include "../tensor/memory.h"
#include "../tensor/text.h"
#include "command.h"
#include "progress.h"
#include "training.h"

/* ---- reading ----------------------------------------------------------------------------------------------------- */

static void free_run(compared_run *run)
{
    elbo_ini_free(&run->made);
    elbo_csv_free(&run->metrics);
    elbo_csv_free(&run->timing);
    free(run->path);
}

/* A table of the run; one that is not there, as of a run that was imported, is empty. */
static elbo_status read_table(const char *folder, const char *name, elbo_csv_table *out)
{
    char *path = elbo__format("%s/%s", folder, name);
    elbo_status status = path ? ELBO_OK : ELBO_NO_MEMORY;
    if (path && access(path, F_OK) == 0)
        status = elbo_csv_read(path, out);
    elbo__free(path);
    return status;
}

/* Says on stderr why a run cannot be read; as a warning where others are left to be compared. */
static bool read_run(const char *path, bool alone, compared_run *out)
{
    *out = (compared_run){.path = strdup(path)};
    elbo_run *run = elbo_run_load(path, elbo__cli.models);
    elbo_status status = run ? elbo_run_describe(run, &out->made) : ELBO_IO;
    if (run)
        out->table = elbo_run_model(run)->options;
    if (status == ELBO_OK)
        status = read_table(path, "metrics.csv", &out->metrics);
    if (status == ELBO_OK)
        status = read_table(path, "timing.csv", &out->timing);
    if (status != ELBO_OK && alone)
        elbo__cli_fail();
    else if (status != ELBO_OK)
        elbo__cli_say("warning: left out: %s", elbo_error());
    elbo_run_free(run);
    if (status != ELBO_OK)
        free_run(out);
    return status == ELBO_OK;
}

static bool add_run(comparison *c, const char *path, bool alone)
{
    compared_run *runs = realloc(c->runs, (size_t)(c->count + 1) * sizeof *runs);
    if (!runs)
        return false;
    c->runs = runs;
    c->count += read_run(path, alone, &runs[c->count]);
    return true;
}

/* The runs of a folder of several seeds. */
static bool add_seeds(comparison *c, const char *folder, const char *config)
{
    elbo_ini ini;
    bool room = true;
    if (elbo_ini_read(config, &ini) != ELBO_OK)
        return true;
    const char *seed = elbo_ini_get(&ini, "seed"), *seeds = elbo_ini_get(&ini, "seeds");
    const long long first = seed ? elbo__read_integer(seed, NULL) : 1, n = elbo__read_integer(seeds, NULL);
    for (long long i = 0; i < n && room; i++) {
        char *path = elbo__format("%s/seed-%lld", folder, first + i);
        room = path && add_run(c, path, false);
        elbo__free(path);
    }
    elbo_ini_free(&ini);
    return room;
}

/* ---- where they differ ------------------------------------------------------------------------------------------- */

static bool same_text(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

/* The first run that has another value than the first one, `usual` standing for none; 0: no run has. */
static int another_than(const comparison *c, const char *key, const char *usual)
{
    const char *first = elbo_ini_get(&c->runs[0].made, key);
    for (int i = 1; i < c->count; i++) {
        const char *value = elbo_ini_get(&c->runs[i].made, key);
        if (!same_text(value ? value : usual, first ? first : usual))
            return i;
    }
    return 0;
}

static const elbo_option seed_row[] = {{.name = "seed", .type = ELBO_INTEGER}, ELBO_OPTIONS_END};

const elbo_option *elbo__cli_row_of_run(const compared_run *run, const char *option)
{
    const elbo_option *const tables[] = {run->table, elbo_training_options, seed_row};
    for (int i = 0; i < 3; i++)
        for (const elbo_option *row = tables[i]; row && row->name; row++)
            if (strcmp(row->name, option) == 0)
                return row;
    return NULL;
}

/* Whether another run has the option too, with another value. */
static bool differs(const comparison *c, const compared_run *run, const char *key)
{
    for (int i = 0; i < c->count; i++) {
        const char *value = elbo_ini_get(&c->runs[i].made, key);
        if (value && !same_text(value, elbo_ini_get(&run->made, key)))
            return true;
    }
    return false;
}

static bool is_listed(const comparison *c, const char *key)
{
    for (int i = 0; i < c->differing; i++)
        if (strcmp(c->options[i], key) == 0)
            return true;
    return false;
}

static bool add_option(comparison *c, const char *key)
{
    char **options = realloc(c->options, (size_t)(c->differing + 1) * sizeof *options);
    if (!options)
        return false;
    c->options = options;
    c->options[c->differing] = strdup(key);
    return c->options[c->differing++];
}

/* Whether two runs are of the same images, whatever their folder is called. A fingerprint is of the labels too, which a
 * model that takes none does not read: then the name of the data decides. */
static bool same_data(const compared_run *a, const compared_run *b)
{
    static const char *const keys[] = {"train-fingerprint", "test-fingerprint"};
    const bool same_labels = same_text(elbo_ini_get(&a->made, "classes"), elbo_ini_get(&b->made, "classes"));
    if (!same_labels)
        return same_text(elbo_ini_get(&a->made, "data"), elbo_ini_get(&b->made, "data"));
    for (int i = 0; i < 2; i++)
        if (!same_text(elbo_ini_get(&a->made, keys[i]), elbo_ini_get(&b->made, keys[i])))
            return false;
    return true;
}

/* The first run that is of other images than the first one; 0: none is. */
static int of_other_data(const comparison *c)
{
    for (int i = 1; i < c->count; i++)
        if (!same_data(&c->runs[0], &c->runs[i]))
            return i;
    return 0;
}

static bool find_differing(comparison *c)
{
    bool room = true;
    if (of_other_data(c))
        room = add_option(c, "data");
    for (int i = 0; i < c->count; i++) {
        const elbo_ini *made = &c->runs[i].made;
        for (size_t k = 0; k < made->count && room; k++)
            if (made->entries[k].key && elbo__cli_row_of_run(&c->runs[i], made->entries[k].key) &&
                !is_listed(c, made->entries[k].key) && differs(c, &c->runs[i], made->entries[k].key))
                room = add_option(c, made->entries[k].key);
    }
    return room;
}

/* Whether two runs are of one model, data and all options, and of two seeds. */
static bool differ_in_seed_alone(const comparison *c, const compared_run *a, const compared_run *b)
{
    if (!same_text(elbo_ini_get(&a->made, "model"), elbo_ini_get(&b->made, "model")))
        return false;
    if (!same_data(a, b) || same_text(elbo_ini_get(&a->made, "seed"), elbo_ini_get(&b->made, "seed")))
        return false;
    for (int i = 0; i < c->differing; i++)
        if (strcmp(c->options[i], "seed") != 0 && strcmp(c->options[i], "data") != 0 &&
            !same_text(elbo_ini_get(&a->made, c->options[i]), elbo_ini_get(&b->made, c->options[i])))
            return false;
    return true;
}

/* The same run twice is no second seed. */
static bool fits_group(const comparison *c, int run, int group)
{
    for (int i = group; i < run; i++)
        if (c->runs[i].group == group && !differ_in_seed_alone(c, &c->runs[run], &c->runs[i]))
            return false;
    return true;
}

static void find_groups(comparison *c)
{
    for (int i = 0; i < c->count; i++) {
        c->runs[i].group = i;
        for (int j = 0; j < i && c->runs[i].group == i; j++)
            if (c->runs[j].group == j && fits_group(c, i, j))
                c->runs[i].group = j;
    }
}

/* What figures are figures of. */
static void warn_of_what_does_not_compare(comparison *c)
{
    static const struct {
        const char *key, *what, *usual;
    } grounds[] = {{NULL, "data", NULL},
                   {"likelihood", "likelihood", NULL},
                   {"levels", "levels", "256"},
                   {"binarise", "binarise", "no"}};
    c->comparable = true;
    for (size_t k = 0; k < sizeof grounds / sizeof grounds[0]; k++) {
        const int i = grounds[k].key ? another_than(c, grounds[k].key, grounds[k].usual) : of_other_data(c);
        if (i)
            elbo__cli_say("warning: %s and %s differ in %s: their figures do not compare", c->runs[0].path,
                          c->runs[i].path, grounds[k].what);
        c->comparable = c->comparable && !i;
    }
}

/* A folder of several seeds holds a config.ini beside their runs, so that a pattern for all of them names it too. */
static bool is_config(const char *path)
{
    const char *slash = strrchr(path, '/');
    return strcmp(slash ? slash + 1 : path, "config.ini") == 0;
}

bool elbo__cli_compare(const char *const *paths, int count, comparison *out)
{
    bool room = true;
    *out = (comparison){.runs = NULL};
    for (int i = 0; i < count && room; i++) {
        if (count > 1 && is_config(paths[i]))
            continue;
        char *seeds = elbo__cli_seeds_config(paths[i]);
        room = seeds ? add_seeds(out, paths[i], seeds) : add_run(out, paths[i], count == 1);
        free(seeds);
    }
    if (room && out->count == 0 && count > 1)
        elbo__cli_say("there is no run to compare");
    if (room && out->count == 0)
        return false;
    if (!room) {
        elbo__cli_out_of_memory();
        return false;
    }
    if (!find_differing(out)) {
        elbo__cli_out_of_memory();
        return false;
    }
    find_groups(out);
    warn_of_what_does_not_compare(out);
    return true;
}

void elbo__cli_free_comparison(comparison *c)
{
    for (int i = 0; i < c->count; i++)
        free_run(&c->runs[i]);
    for (int i = 0; i < c->differing; i++)
        free(c->options[i]);
    free(c->options);
    free(c->runs);
    *c = (comparison){.runs = NULL};
}

/* ---- asking ------------------------------------------------------------------------------------------------------ */

const char *elbo__cli_option_of(const compared_run *run, const char *option)
{
    const char *value = elbo_ini_get(&run->made, option);
    return value ? value : "-";
}

bool elbo__cli_any_has(const comparison *c, const char *column)
{
    for (int i = 0; i < c->count; i++)
        if (!isnan(elbo__cli_figure_of(&c->runs[i], column)))
            return true;
    return false;
}

bool elbo__cli_all_have(const comparison *c, const char *column)
{
    for (int i = 0; i < c->count; i++)
        if (isnan(elbo__cli_figure_of(&c->runs[i], column)))
            return false;
    return true;
}

bool elbo__cli_more_is_better(const char *column)
{
    static const char *const words[] = {"elbo", "iwae", "log_likelihood", "images_per_s"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strstr(column, words[i]))
            return true;
    return false;
}

static double value_at(const elbo_csv_table *table, int64_t row, int column)
{
    return table->values[row * table->columns + column];
}

static double last_in(const elbo_csv_table *table, const char *column)
{
    const int at = elbo_csv_column(table, column);
    for (int64_t row = table->rows - 1; row >= 0 && at >= 0; row--)
        if (!isnan(value_at(table, row, at)))
            return value_at(table, row, at);
    return NAN;
}

/* "test-squared-error" for the column test_squared_error: a figure of the model that is kept. */
static double noted(const compared_run *run, const char *column)
{
    char key[64];
    snprintf(key, sizeof key, "%s", column);
    for (char *c = key; *c; c++)
        *c = *c == '_' ? '-' : *c;
    const char *text = strchr(column, '_') ? elbo_ini_get(&run->made, key) : NULL;
    return text ? elbo__read_number(text, NULL) : NAN;
}

/* The figure of the epoch whose model is kept, where that was measured after it. */
static double of_kept_epoch(const compared_run *run, const char *column)
{
    const int at = elbo_csv_column(&run->metrics, column), epochs = elbo_csv_column(&run->metrics, "epoch");
    const char *kept = elbo_ini_get(&run->made, "epochs-done");
    for (int64_t row = 0; row < run->metrics.rows && at >= 0 && epochs >= 0 && kept; row++)
        if (value_at(&run->metrics, row, epochs) == elbo__read_number(kept, NULL))
            return value_at(&run->metrics, row, at);
    return NAN;
}

double elbo__cli_figure_of(const compared_run *run, const char *column)
{
    const double figures[] = {of_kept_epoch(run, column), noted(run, column), last_in(&run->metrics, column)};
    for (int i = 0; i < 3; i++)
        if (!isnan(figures[i]))
            return figures[i];
    return last_in(&run->timing, column);
}

double elbo__cli_best_of(const compared_run *run, const char *column, double *epoch)
{
    const int at = elbo_csv_column(&run->metrics, column), epochs = elbo_csv_column(&run->metrics, "epoch");
    const bool more = elbo__cli_more_is_better(column);
    double best = NAN;
    if (epoch)
        *epoch = NAN;
    for (int64_t row = 0; row < run->metrics.rows && at >= 0; row++) {
        const double value = value_at(&run->metrics, row, at);
        if (isnan(value) || (!isnan(best) && !(more ? value > best : value < best)))
            continue;
        best = value;
        if (epoch)
            *epoch = epochs >= 0 ? value_at(&run->metrics, row, epochs) : (double)(row + 1);
    }
    return best;
}
