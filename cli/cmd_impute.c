/* elbo impute RUN DATA: what is missing, filled in. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../io/columns_csv.h"
#include "../io/csv_write.h"
#include "../io/origin.h"
#include "../nn/pictures/picture_private.h"
#include "../tensor/error_private.h"
#include "command.h"
#include "data.h"
#include "on_run.h"
#include "result.h"

static const elbo_option table[] = {
    OPTION_DATA("that of the training"),
    {.name = "part",
     .type = ELBO_CHOICE,
     .default_value = "train",
     .choices = elbo__cli_part_names,
     .metavar = "NAME",
     .help = "which rows of the data; those of a single file are all train"},
    {.name = "samples",
     .type = ELBO_INTEGER,
     .default_value = "1000",
     .least = 1,
     .greatest = 1e6,
     .metavar = "K",
     .help = "draws of z for each row, which count by their weights"},
    {.name = "multiple",
     .type = ELBO_INTEGER,
     .default_value = "0",
     .least = 0,
     .greatest = 10000,
     .metavar = "M",
     .help = "draw M imputations, in place of the mean or the most likely word"},
    OPTION_OUTPUT("imputed.png"),
    OPTION_SEED,
    OPTION_THREADS,
    OPTION_JSON,
    ELBO_OPTIONS_END,
};

/* ---- a table, whose other columns stay as they are --------------------------------------------------------------- */

/* Rows of the file again, with x (N, D) in the place of what is missing; `times` of them as --multiple asks. */
typedef struct {
    const char *path;
    const elbo__columns *columns;
    const float *x;
    int64_t rows, width, times;
} filled;

/* The place of each column of the file among those of the model; -1: it is none of them. */
static elbo_status find_places(const elbo__csv_reader *reader, const filled *f, int *places)
{
    int at = 0, place;
    elbo_status status = ELBO_OK;
    for (size_t i = 0; i < elbo__csv_columns(reader)->count; i++)
        places[i] = -1;
    for (size_t i = 0; i < f->columns->count && status == ELBO_OK; i++) {
        if (f->columns->at[i].kind == ELBO__COLUMN_SKIP)
            continue;
        status = elbo__column_place(reader, f->path, f->columns->at[i].name, &place);
        if (status == ELBO_OK)
            places[place] = at++;
    }
    return status;
}

static const elbo__column *used_column(const elbo__columns *columns, int at)
{
    for (size_t i = 0; i < columns->count; i++)
        if (columns->at[i].kind != ELBO__COLUMN_SKIP && at-- == 0)
            return &columns->at[i];
    return NULL;
}

static void put_record(elbo__csv_writer *csv, const filled *f, const elbo__csv_record *record, const int *places,
                       const float *x)
{
    for (int i = 0; i < record->count; i++)
        if (places[i] >= 0 && elbo__column_is_missing(record->fields[i]) && !isnan(x[places[i]]))
            elbo__csv_put_value(csv, used_column(f->columns, places[i]), x[places[i]]);
        else
            elbo__csv_words(csv, record->fields[i]);
    elbo__csv_end_line(csv);
}

/* Record i, of a file that was read before and ended behind its rows. */
static elbo_status next_record(elbo__csv_reader *reader, const filled *f, int64_t i, const elbo__csv_record **record)
{
    const elbo_status status = elbo__csv_next(reader, record);
    if (status == ELBO_OK && !*record != (i == f->rows))
        return elbo__fail(ELBO_IO, "%s: has changed: it has no longer the %lld rows that were read", f->path,
                          (long long)f->rows);
    return status;
}

static elbo_status put_rows(elbo__csv_writer *csv, const filled *f, int64_t m)
{
    elbo__csv_reader *reader;
    const elbo__csv_record *record = NULL;
    elbo_status status = elbo__csv_reader_open(f->path, &reader);
    if (status != ELBO_OK)
        return status;
    const elbo__listing *names = elbo__csv_columns(reader);
    int *places = calloc(names->count, sizeof *places);
    status = places ? find_places(reader, f, places) : ELBO_NO_MEMORY;
    if (status == ELBO_OK && m == 0) {
        if (f->times)
            elbo__csv_words(csv, "imputation");
        for (size_t i = 0; i < names->count; i++)
            elbo__csv_words(csv, names->names[i]);
        elbo__csv_end_line(csv);
    }
    for (int64_t i = 0; i <= f->rows && status == ELBO_OK; i++) {
        status = next_record(reader, f, i, &record);
        if (status != ELBO_OK || !record)
            break;
        if (f->times)
            elbo__csv_count(csv, "", m + 1);
        put_record(csv, f, record, places, f->x + (m * f->rows + i) * f->width);
    }
    free(places);
    elbo__csv_reader_close(reader);
    return status;
}

static elbo_status write_filled(const filled *f, const char *path)
{
    elbo__csv_writer *csv;
    elbo_status status = elbo__csv_writer_open(path, &csv);
    if (status != ELBO_OK)
        return status;
    for (int64_t m = 0; m < (f->times ? f->times : 1) && status == ELBO_OK; m++)
        status = put_rows(csv, f, m);
    if (status == ELBO_OK)
        return elbo__csv_writer_commit(csv);
    elbo__csv_writer_abort(csv);
    return status;
}

/* Whether the rows of a .csv file are to be written to another: what is no column of the model stays with them. *path =
 * the first, a new string. */
static bool is_table(const run_job *job, const char *output, char **path)
{
    elbo__origin origin;
    elbo__kind kind = ELBO__NOTHING;
    *path = NULL;
    const size_t length = strlen(output);
    if (!job->images->columns || length < 5 || strcasecmp(output + length - 4, ".csv") != 0 ||
        elbo__origin_of(job->folder, &origin) != ELBO_OK)
        return false;
    if (elbo__kind_of(origin.path, &kind) == ELBO_OK && kind == ELBO__FILE)
        *path = strdup(origin.path);
    elbo__origin_free(&origin);
    return *path;
}

static elbo_status impute_table(const run_job *job, const char *path, const char *output, elbo_imputed *told)
{
    const elbo_values *v = job->values;
    const int64_t multiple = elbo_values_integer(v, "multiple"), times = multiple ? multiple : 1;
    elbo__columns columns;
    elbo_status status = elbo__columns_parse(elbo_values_text(elbo_run_options(job->run), "columns"), &columns);
    if (status != ELBO_OK)
        return status;
    const filled f = {.path = path,
                      .columns = &columns,
                      .rows = job->images->count,
                      .width = elbo_run_pixels(job->run),
                      .times = multiple,
                      .x = elbo__numbers(job->images->count * times, elbo_run_pixels(job->run))};
    status = f.x ? elbo_run_impute(job->run, job->images, (int)elbo_values_integer(v, "samples"), (int)multiple,
                                   elbo_values_integer(v, "seed"), (float *)f.x, told)
                 : ELBO_NO_MEMORY;
    if (status == ELBO_OK)
        status = write_filled(&f, output);
    elbo_release((float *)f.x);
    elbo__columns_free(&columns);
    return status;
}

/* ---- the command ------------------------------------------------------------------------------------------------- */

static int impute(const run_job *job)
{
    const elbo_values *v = job->values;
    const char *output = elbo_values_text(v, "output");
    char *path;
    elbo_imputed told;
    elbo_status status;
    if (is_table(job, output, &path))
        status = impute_table(job, path, output, &told);
    else
        status = elbo_picture_imputed(job->run, job->images, (int)elbo_values_integer(v, "samples"),
                                      (int)elbo_values_integer(v, "multiple"), elbo_values_integer(v, "seed"), output,
                                      &told);
    free(path);
    if (status != ELBO_OK)
        return elbo__cli_fail();
    result r = elbo__cli_result(v);
    elbo__cli_give_text(&r, "imputed", NULL, output);
    elbo__cli_give_integer(&r, "values", "filled in", told.filled, NULL);
    elbo__cli_put_integer(&r, "rows_left", told.left_rows);
    if (told.left_rows > 0)
        elbo__cli_line(&r, "left as they are %" PRId64 ", of %" PRId64 " %s that no draw explains", told.left,
                       told.left_rows, told.left_rows == 1 ? "row" : "rows");
    return elbo__cli_result_end(&r, EXIT_SUCCESS);
}

int elbo__cmd_impute(int argc, char **argv)
{
    command_line line = {
        .name = "impute",
        .args = "RUN [DATA]",
        .least = 1,
        .most = 2,
        .doc =
            "Fills in what is missing: each missing value by its mean given those that are there, a word by the most "
            "likely one, over draws of z that count by their weights. A table keeps its other columns, and all that "
            "is there. With --multiple each row is filled in M times by a draw, and a .csv file has them one behind "
            "the other, numbered in column imputation.",
        .examples = {{"impute runs/people people.csv -o whole.csv", "a table, filled in"},
                     {"impute runs/people people.csv --multiple 5 -o five.csv", "five times, by chance"},
                     {"impute runs/vae holes.npy -o whole.npy", "images, where NaN is what is missing"}},
        .ends = OUTPUT_ENDS,
        .fills_in = true,
        .groups = {{.title = "Options:", .table = table}},
    };
    return elbo__cli_on_run(&line, argc, argv, elbo__cli_always, impute);
}
