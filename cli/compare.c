#include "compare.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../nn/training/train.h"
#include "../tensor/memory.h"
#include "command.h"
#include "progress.h"

/* ---- reading ----------------------------------------------------------------------------------------------------- */

static bool read_run(const char *path, compared_run *out)
{
    *out = (compared_run){.path = path};
    char *metrics = elbo__format("%s/metrics.csv", path);
    elbo_status status = metrics ? elbo_csv_read(metrics, &out->metrics) : ELBO_NO_MEMORY;
    if (status == ELBO_OK && out->metrics.rows == 0)
        status = elbo__fail(ELBO_FORMAT, "%s: has no epoch yet", metrics);
    elbo_run *run = status == ELBO_OK ? elbo_run_load(path, elbo__cli.models) : NULL;
    if (run) {
        status = elbo_run_describe(run, &out->made);
        out->table = elbo_run_model(run)->options;
    }
    const bool read = run && status == ELBO_OK;
    if (!read)
        elbo__cli_fail();
    elbo_run_free(run);
    elbo__free(metrics);
    return read;
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

static int another(const comparison *c, const char *key)
{
    return another_than(c, key, NULL);
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

/* What data a run was trained and tested on, whatever the folder is called. */
static const char *const data_keys[] = {"train-fingerprint", "test-fingerprint"};

static bool find_differing(comparison *c)
{
    bool room = true;
    if (another(c, data_keys[0]) || another(c, data_keys[1]))
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

/* Whether two runs are of one model, data and all options but the seed. */
static bool differ_in_seed_alone(const comparison *c, const compared_run *a, const compared_run *b)
{
    if (!same_text(elbo_ini_get(&a->made, "model"), elbo_ini_get(&b->made, "model")))
        return false;
    for (int i = 0; i < 2; i++)
        if (!same_text(elbo_ini_get(&a->made, data_keys[i]), elbo_ini_get(&b->made, data_keys[i])))
            return false;
    for (int i = 0; i < c->differing; i++)
        if (strcmp(c->options[i], "seed") != 0 && strcmp(c->options[i], "data") != 0 &&
            !same_text(elbo_ini_get(&a->made, c->options[i]), elbo_ini_get(&b->made, c->options[i])))
            return false;
    return true;
}

static void find_groups(comparison *c)
{
    for (int i = 0; i < c->count; i++) {
        c->runs[i].group = i;
        for (int j = 0; j < i && c->runs[i].group == i; j++)
            if (differ_in_seed_alone(c, &c->runs[i], &c->runs[j]))
                c->runs[i].group = c->runs[j].group;
    }
}

/* What figures are figures of. */
static void warn_of_what_does_not_compare(comparison *c)
{
    static const struct {
        const char *key, *what, *usual;
    } grounds[] = {{"test-fingerprint", "data", NULL},
                   {"train-fingerprint", "data", NULL},
                   {"likelihood", "likelihood", NULL},
                   {"binarise", "binarise", "no"}};
    const char *said = "";
    c->comparable = true;
    for (size_t k = 0; k < sizeof grounds / sizeof grounds[0]; k++) {
        const int i = another_than(c, grounds[k].key, grounds[k].usual);
        if (i && strcmp(said, grounds[k].what) != 0)
            elbo__cli_say("warning: %s and %s differ in %s: their figures do not compare", c->runs[0].path,
                          c->runs[i].path, grounds[k].what);
        said = i ? grounds[k].what : said;
        c->comparable = c->comparable && !i;
    }
}

bool elbo__cli_compare(const char *const *paths, int count, comparison *out)
{
    *out = (comparison){.runs = calloc((size_t)count, sizeof *out->runs)};
    if (!out->runs) {
        elbo__cli_out_of_memory();
        return false;
    }
    for (int i = 0; i < count; i++) {
        out->count = i + 1;
        if (!read_run(paths[i], &out->runs[i]))
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
    for (int i = 0; i < c->count; i++) {
        elbo_ini_free(&c->runs[i].made);
        elbo_csv_free(&c->runs[i].metrics);
    }
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
        if (!isnan(elbo__cli_last_of(&c->runs[i], column)))
            return true;
    return false;
}

bool elbo__cli_all_have(const comparison *c, const char *column)
{
    for (int i = 0; i < c->count; i++)
        if (isnan(elbo__cli_last_of(&c->runs[i], column)))
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

static double value_at(const compared_run *run, int64_t row, int column)
{
    return run->metrics.values[row * run->metrics.columns + column];
}

double elbo__cli_last_of(const compared_run *run, const char *column)
{
    const int at = elbo_csv_column(&run->metrics, column);
    for (int64_t row = run->metrics.rows - 1; row >= 0 && at >= 0; row--)
        if (!isnan(value_at(run, row, at)))
            return value_at(run, row, at);
    return NAN;
}

double elbo__cli_best_of(const compared_run *run, const char *column, double *epoch)
{
    const int at = elbo_csv_column(&run->metrics, column), epochs = elbo_csv_column(&run->metrics, "epoch");
    const bool more = elbo__cli_more_is_better(column);
    double best = NAN;
    if (epoch)
        *epoch = NAN;
    for (int64_t row = 0; row < run->metrics.rows && at >= 0; row++) {
        const double value = value_at(run, row, at);
        if (isnan(value) || (!isnan(best) && !(more ? value > best : value < best)))
            continue;
        best = value;
        if (epoch)
            *epoch = epochs >= 0 ? value_at(run, row, epochs) : (double)(row + 1);
    }
    return best;
}
