/* elbo train MODEL: reads the images, trains, and writes the run folder. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../autograd/plan.h"
#include "../io/columns.h"
#include "../io/file.h"
#include "../nn/runs/folder.h"
#include "../nn/runs/spread.h"
#include "../nn/training/train.h"
#include "command.h"
#include "data.h"
#include "on_model.h"
#include "progress.h"
#include "slow.h"
#include "training.h"

static const elbo_option general[] = {
    OPTION_CONFIG,
    OPTION_DATA(DEFAULT_DATA),
    {.name = "classes",
     .type = ELBO_INTEGER,
     .default_value = "0",
     .least = 0,
     .greatest = ELBO_MAX_CLASSES,
     .metavar = "N",
     .help = "of a model that takes labels: they are 0 to N - 1; 0: as many as the largest label asks for"},
    {.name = "out",
     .alias = "o",
     .type = ELBO_TEXT,
     .metavar = "DIR",
     .help = "the run folder to write (runs/MODEL-DATE-TIME)"},
    {.name = "force", .type = ELBO_FLAG, .help = "replace a run that is in that folder"},
    OPTION_RESUME,
    OPTION_SEED,
    {.name = "seeds",
     .type = ELBO_INTEGER,
     .default_value = "1",
     .least = 1,
     .greatest = 1000,
     .metavar = "N",
     .help = "train N runs with seeds from --seed on, in folders seed-N of that folder, and tell mean and deviation"},
    OPTION_THREADS,
    OPTION_JSON,
    ELBO_OPTIONS_END,
};

/* A new folder runs/vae-20250131-235959, with a number behind it where that exists; NULL on failure. */
static char *claim_default_folder(const char *model)
{
    char date[32], name[200];
    const time_t now = time(NULL);
    struct tm local;
    strftime(date, sizeof date, "%Y%m%d-%H%M%S", localtime_r(&now, &local));
    snprintf(name, sizeof name, "runs/%s-%s", model, date);
    char *claimed = elbo_claim_folder(name), *path = claimed ? strdup(claimed) : NULL;
    elbo_release(claimed);
    return path;
}

/* What a training is made of, so that all of it is freed in one place. */
typedef struct {
    command_line line;
    const elbo_model *model;
    elbo_images train, test;
    bool claimed;  /* the folder was made for this training */
    bool held_out; /* there is a test part                  */
    data_source data;
    char *folder; /* of the run, or of those of all seeds  */
    int64_t seeds;
    bool goes_on;     /* with seeds that were trained before   */
    const char *unit; /* of a bound of these runs              */
    result result;
} job;

/* j->folder: the one that --out names, else a new one. */
static bool choose_folder(job *j)
{
    const char *out = elbo_values_text(j->line.groups[GENERAL].values, "out");
    j->claimed = !out[0];
    j->folder = out[0] ? strdup(out) : claim_default_folder(j->model->name);
    return j->folder;
}

/* ---- seeds ------------------------------------------------------------------------------------------------------- */

/* A run of its own for each seed, in OUT/seed-1, OUT/seed-2, ... */
static char *folder_of(const job *j, int64_t seed)
{
    char *path = NULL;
    if (j->seeds == 1)
        return strdup(j->folder);
    return asprintf(&path, "%s/seed-%" PRId64, j->folder, seed) < 0 ? NULL : path;
}

/* What all seeds have in common, from which --resume OUT goes on: OUT/config.ini, as --config takes it. */
static elbo_status write_common(const job *j, const elbo_run *run)
{
    static const char *const not_kept[] = {"out", "force", "threads", "json", "config", "resume", "data"};
    elbo_ini ini = {.count = 0};
    char *path = NULL, *data = elbo_run_noted(run, "data");
    elbo_status status = elbo_ini_comment(&ini,
                                          "Runs of several seeds; `elbo train --resume` goes on with this folder.");
    if (status == ELBO_OK)
        status = elbo_ini_set(&ini, "model", j->model->name);
    if (status == ELBO_OK && data)
        status = elbo_ini_set(&ini, "data", data);
    elbo_release(data);
    for (int g = 0; g < MOST_GROUPS; g++)
        for (const elbo_option *o = j->line.groups[g].table; o && o->name && status == ELBO_OK; o++) {
            bool kept = elbo_values_given(j->line.groups[g].values, o->name);
            for (size_t i = 0; i < sizeof not_kept / sizeof not_kept[0] && kept; i++)
                kept = strcmp(o->name, not_kept[i]) != 0;
            char *text = kept ? elbo_values_print(j->line.groups[g].values, o->name) : NULL;
            if (text)
                status = elbo_ini_set(&ini, o->name, text);
            elbo_release(text);
        }
    if (status == ELBO_OK)
        status = elbo__make_folders(j->folder, NULL);
    if (status == ELBO_OK && asprintf(&path, "%s/config.ini", j->folder) < 0)
        status = ELBO_NO_MEMORY;
    if (status == ELBO_OK)
        status = elbo_ini_write(path, &ini);
    free(path);
    elbo_ini_free(&ini);
    return status;
}

/* The run of a seed that was trained, or begun, before; NULL: there is none. */
static elbo_run *begun(const job *j, const char *folder, bool *resume)
{
    elbo_run *run = j->goes_on ? elbo_train_load(folder, elbo__cli.models) : NULL;
    *resume = run;
    return run || !j->goes_on ? run : elbo_run_load(folder, elbo__cli.models);
}

static int train_new(job *j, elbo_run *run, const char *folder, elbo_epoch *last)
{
    elbo_training how = {.epochs = 1};
    if (!j->model->fit) /* in one go: there is nothing to choose */
        how = elbo_training_of(j->line.groups[TRAINING].values);
    if (!run || elbo__cli_note_data(run, &j->data) != ELBO_OK)
        return elbo__cli_fail();
    if (j->seeds > 1 && !j->goes_on && write_common(j, run) != ELBO_OK)
        return elbo__cli_fail();
    how.folder = folder;
    how.force = elbo_values_flag(j->line.groups[GENERAL].values, "force");
    return elbo__cli_train_run(run, &j->train, j->held_out ? &j->test : NULL, how, last);
}

/* *elbo and *error = the test figures of the run. */
static int train_seed(job *j, int64_t seed, double *elbo, double *error)
{
    char *folder = folder_of(j, seed);
    bool resume = false;
    elbo_epoch last = {.epoch = 0};
    elbo_run *run = folder ? begun(j, folder, &resume) : NULL;
    int status = run ? EXIT_SUCCESS : FAILED;
    if (!folder)
        status = elbo__cli_out_of_memory();
    else if (j->seeds > 1)
        elbo__cli_inform("seed %" PRId64 ": %s", seed, folder);
    if (resume) {
        const elbo_training how = {.folder = folder, .resume = true};
        status = elbo__cli_train_run(run, &j->train, j->held_out ? &j->test : NULL, how, &last);
    } else if (folder && !run) {
        run = elbo_run_for(j->model, j->line.groups[MODEL].values, &j->train, seed);
        status = train_new(j, run, folder, &last);
    }
    if (status == EXIT_SUCCESS) {
        elbo__cli_give_training(&j->result, run, folder, &last);
        *elbo = elbo__cli_noted_figure(run, "test-elbo");
        j->unit = elbo_run_unit(run);
        *error = elbo__cli_noted_figure(run, "test-squared-error");
    }
    elbo_run_free(run);
    free(folder);
    return status;
}

/* Mean and deviation of a test figure over the seeds. */
static void give_spread(job *j, const double *values, const char *key, const char *label, const char *unit)
{
    const elbo_spread spread = elbo_spread_of(values, j->seeds);
    char mean[48], deviation[48];
    if (spread.n < 1)
        return;
    snprintf(mean, sizeof mean, "%s_mean", key);
    snprintf(deviation, sizeof deviation, "%s_deviation", key);
    elbo__cli_line(&j->result, "%s %.3f +- %.3f %s, mean and standard deviation of %d seeds", label, spread.mean,
                   spread.deviation, unit, (int)spread.n);
    elbo__cli_put_number(&j->result, mean, spread.mean);
    elbo__cli_put_number(&j->result, deviation, spread.deviation);
}

static int train_seeds(job *j)
{
    const int64_t first = elbo_values_integer(j->line.groups[GENERAL].values, "seed");
    double *elbos = calloc((size_t)j->seeds, 2 * sizeof *elbos);
    if (!elbos)
        return elbo__cli_out_of_memory();
    double *error = elbos + j->seeds;
    int status = EXIT_SUCCESS;
    if (j->seeds == 1)
        status = train_seed(j, first, elbos, error);
    else {
        elbo__cli_open_list(&j->result, "runs");
        for (int64_t i = 0; i < j->seeds && status == EXIT_SUCCESS; i++) {
            elbo__cli_open_object(&j->result, NULL);
            status = train_seed(j, first + i, &elbos[i], &error[i]);
            elbo__cli_close(&j->result);
        }
        elbo__cli_close(&j->result);
    }
    if (status == EXIT_SUCCESS && j->seeds > 1) {
        give_spread(j, error, "test_squared_error", "test squared error", "per image");
        give_spread(j, elbos, "test_elbo", "test ELBO", j->unit);
    }
    if (status != EXIT_SUCCESS && j->seeds > 1 && elbo__cli_interrupted())
        elbo__cli_say("`%s train --resume %s' goes on with this seed and those after it", elbo__cli.name, j->folder);
    free(elbos);
    return status;
}

/* ---- all of it --------------------------------------------------------------------------------------------------- */

/* Where there is one; and what all images are for. */
static bool read_test_part(job *j, const elbo_run *run)
{
    const double val = j->model->fit ? 0 : elbo_values_number(j->line.groups[TRAINING].values, "val");
    j->held_out = elbo__cli_has_test_part(&j->data);
    if (j->held_out && !elbo__cli_read_part_for(run, &j->data, "test", false, &j->test))
        return false;
    elbo__cli_tell_training_data(&j->data, &j->train, j->held_out ? &j->test : NULL,
                                 elbo_held_out(j->train.count, val));
    if (!j->held_out)
        elbo__cli_note("there are no test images: %s has no test part%s", j->data.folder,
                       j->model->fit || val > 0 ? "" : "; --val 0.1 holds some images out");
    return true;
}

/* Whether the folder that is named can be had: to be known before the images are read. */
static bool check_folder(const job *j)
{
    const elbo_values *values = j->line.groups[GENERAL].values;
    const char *out = elbo_values_text(values, "out");
    const bool force = elbo_values_flag(values, "force");
    if (!*out || j->goes_on)
        return true;
    if (j->seeds > 1 && !force && elbo__cli_seeds_config(out)) {
        elbo__cli_say("%s: holds runs of several seeds; only --force replaces them, and --resume goes on with them",
                      out);
        return false;
    }
    if (j->seeds == 1 && elbo__folder_check(out, force) != ELBO_OK) {
        elbo__cli_fail();
        return false;
    }
    return true;
}

/* Sets option columns to what a text of several lines says. */
static elbo_status one_line(const char *text, elbo_values *values)
{
    elbo__columns columns;
    elbo_status status = elbo__columns_parse(text, &columns);
    if (status != ELBO_OK)
        return status;
    char *line = elbo__columns_print(&columns);
    status = line ? elbo_values_set(values, "columns", line) : ELBO_NO_MEMORY;
    elbo_release(line);
    elbo__columns_free(&columns);
    return status;
}

/* Option columns without a '=' is the name of a file of such lines, whose text takes its place. */
static bool read_columns_file(const job *j)
{
    elbo_values *values = j->line.groups[MODEL].values;
    const char *name = elbo_values_text(values, "columns");
    if (!*name || strchr(name, '='))
        return true;
    elbo_status status = ELBO_NO_MEMORY;
    char *text = NULL;
    size_t length = 0;
    FILE *file = fopen(name, "rb"), *copy = file ? open_memstream(&text, &length) : NULL;
    if (!file)
        elbo__cli_say("option \"columns\": \"%s\" is neither NAME=KIND nor a file of such lines: %s", name,
                      strerror(errno));
    for (int c; copy && (c = fgetc(file)) != EOF && ftell(copy) < ELBO__MOST_COLUMN_BYTES;)
        fputc(c, copy);
    if (copy && fclose(copy) == 0)
        status = one_line(text, values);
    if (file && status != ELBO_OK)
        elbo__cli_say("%s: %s", name, elbo_error());
    if (file)
        fclose(file);
    free(text);
    return status == ELBO_OK;
}

static int prepare_and_train(job *j)
{
    const elbo_model *model = j->model;
    const elbo_values *values = j->line.groups[GENERAL].values;
    if (!check_folder(j))
        return FAILED;
    const bool labels = elbo_model_takes_labels(model, j->line.groups[MODEL].values);
    const int classes = labels ? (int)elbo_values_integer(values, "classes") : ELBO_WITHOUT_LABELS;
    elbo_set_threads((int)elbo_values_integer(values, "threads"));
    j->data = elbo__cli_choose_data(values, NULL, NULL);
    if (!read_columns_file(j))
        return FAILED;
    elbo__cli_choose_columns(&j->data, j->line.groups[MODEL].values, false);
    if (!elbo__cli_read_part(&j->data, "train", classes, &j->train))
        return FAILED;
    if (j->train.columns && elbo_values_set(j->line.groups[MODEL].values, "columns", j->train.columns) != ELBO_OK)
        return elbo__cli_fail();
    elbo__cli_choose_columns(&j->data, j->line.groups[MODEL].values, true); /* of the test part too */
    elbo_run *run = elbo_run_for(model, j->line.groups[MODEL].values, &j->train, 1);
    int status = FAILED;
    if (!run)
        status = elbo__cli_fail();
    else if (elbo_run_accepts(run, &j->train) != ELBO_OK)
        elbo__cli_say("%s: %s", j->data.folder, elbo_error());
    else if (read_test_part(j, run))
        status = choose_folder(j) ? train_seeds(j) : elbo__cli_fail();
    elbo_run_free(run);
    return status;
}

int elbo__cmd_train(int argc, char **argv)
{
    if (elbo__cli_asks_to_resume(argc, argv))
        return elbo__cli_resume(argc, argv);
    return elbo__cli_train(argc, argv, false);
}

int elbo__cli_train(int argc, char **argv, bool goes_on)
{
    job j = {
        .goes_on = goes_on,
        .line = {
            .doc = "Trains a model on images and writes a run folder. Command `models' lists the models, `train MODEL "
                   "--help' the options of one.",
            .forms = "--resume RUN\n--config FILE",
            .exits = "130 after Ctrl-C and 143 after SIGTERM: what was trained until then is kept.",
            .examples = {{"train MODEL --out runs/digits", "on the digits in data/mnist"},
                         {"train MODEL --data pictures --seed 2",
                          "on pictures of one's own, whose sub-folders are labels"},
                         {"train --config runs/digits/config.ini --seed 3 --out runs/again",
                          "a run again, but for one thing"},
                         {"train --resume runs/digits", "goes on with an interrupted training"}},
            .groups = {[GENERAL] = {.title = "General:", .table = general}}}};
    const elbo_model *model = j.model = elbo__cli_parse_for_model(&j.line, "train", argc, argv);
    const elbo_values *values = j.line.groups[GENERAL].values;
    if (elbo_values_given(values, "out") && !*elbo_values_text(values, "out"))
        elbo__cli_wrong_usage(&j.line, "option \"out\": the name of the folder is empty");
    if (elbo_values_given(values, "classes") && !elbo_model_takes_labels(model, j.line.groups[MODEL].values))
        elbo__cli_wrong_usage(&j.line, "option \"classes\": the model \"%s\" takes no labels", model->name);
    if (elbo_values_given(values, "resume"))
        elbo__cli_wrong_usage(&j.line, "option \"resume\": is written in full, without a model");
    elbo__cli_warn_of_slow_products();
    elbo__cli_watch_work();
    j.seeds = elbo_values_integer(values, "seeds");
    j.result = elbo__cli_result(values);
    const int status = prepare_and_train(&j);
    if (j.claimed && j.folder)
        rmdir(j.folder); /* which fails where there is something in it */
    elbo_images_free(&j.train);
    elbo_images_free(&j.test);
    free(j.data.folder);
    free(j.folder);
    elbo__cli_release(&j.line);
    return elbo__cli_result_end(&j.result, status);
}
