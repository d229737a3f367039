/* Internal: several runs side by side: how they were made, where they differ, what their metrics.csv say. */
#ifndef ELBO_CLI_COMPARE_H
#define ELBO_CLI_COMPARE_H

#include <stdbool.h>

#include "../io/csv.h"
#include "../nn/runs/run.h"
#include "../nn/runs/spread.h"

typedef struct {
    char *path;               /* as it was given                                             */
    elbo_ini made;            /* its configuration, as elbo_run_describe tells it            */
    const elbo_option *table; /* the options of its model                                    */
    elbo_csv_table metrics;   /* a row for each epoch; none of a run that was imported       */
    elbo_csv_table timing;    /* the same                                                    */
    int group;                /* the first of the runs that differ from it in the seed alone */
} compared_run;

typedef struct {
    compared_run *runs; /* [count]                                                                  */
    int count;
    char **options;     /* [differing]: those of which two runs have different values; and "data"   */
    int differing;
    bool comparable;    /* all are of the same data and likelihood                                  */
} comparison;

/* Reads runs, folders all; one of several seeds stands for its runs. Warns of what is no run and is left out, and, once
 * for each, of what makes figures not compare. Says on stderr where nothing is left, and returns false. Free with
 * elbo__cli_free_comparison in either case. */
bool elbo__cli_compare(const char *const *paths, int count, comparison *out);
void elbo__cli_free_comparison(comparison *c);

/* The value of an option of a run, "-" where its model has no such. */
const char *elbo__cli_option_of(const compared_run *run, const char *option);

/* The row of a table that an option of a run is; NULL: there is none, as of data. */
const elbo_option *elbo__cli_row_of_run(const compared_run *run, const char *option);

/* Of a column of metrics.csv: whether any run has it, or all have. */
bool elbo__cli_any_has(const comparison *c, const char *column);
bool elbo__cli_all_have(const comparison *c, const char *column);

/* Whether more is better, as of a bound on log p(x); of losses and errors less is. */
bool elbo__cli_more_is_better(const char *column);

/* The figure of the model that is kept, else the last one of a column of either table; and the best one of metrics.csv
 * with its epoch (NULL: not wanted). NaN: there is none. */
double elbo__cli_figure_of(const compared_run *run, const char *column);
double elbo__cli_best_of(const compared_run *run, const char *column, double *epoch);

#endif
