/* elbo train MODEL: reads the images, trains, and writes the run folder. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../autograd/plan.h"
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
    {.name = "out", .type = ELBO_TEXT, .metavar = "DIR", .help = "the run folder to write (runs/MODEL-DATE-TIME)"},
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

/* A run of its own for each seed, in OUT/seed-1, OUT/seed-2, ... */
static char *folder_of(const job *j, int64_t seed)
{
    char *path = NULL;
    if (j->seeds == 1)
        return strdup(j->folder);
    return asprintf(&path, "%s/seed-%" PRId64, j->folder, seed) < 0 ? NULL : path;
}

static int train_seed(job *j, int64_t seed, elbo_epoch *last)
{
    const elbo_values *values = j->line.groups[GENERAL].values;
    elbo_training how = {.epochs = 1};
    if (!j->model->fit) /* in one go: there is nothing to choose */
        how = elbo_training_of(j->line.groups[TRAINING].values);
    char *folder = folder_of(j, seed);
    elbo_run *run = elbo_run_for(j->model, j->line.groups[MODEL].values, &j->train, seed);
    int status = FAILED;
    if (!folder)
        status = elbo__cli_out_of_memory();
    else if (!run || elbo__cli_note_data(run, &j->data) != ELBO_OK)
        status = elbo__cli_fail();
    else {
        how.folder = folder;
        how.force = elbo_values_flag(values, "force");
        if (j->seeds > 1)
            elbo__cli_inform("seed %" PRId64 ": %s", seed, folder);
        status = elbo__cli_train_run(run, &j->train, j->held_out ? &j->test : NULL, how, last);
    }
    if (status == EXIT_SUCCESS)
        elbo__cli_give_training(&j->result, run, folder, last);
    elbo_run_free(run);
    free(folder);
    return status;
}

/* Mean and deviation of the test figures over the seeds. */
static void give_spread(job *j, const elbo_epoch *last, const char *metric, const char *label, const char *unit)
{
    double *values = calloc((size_t)j->seeds, sizeof *values);
    char key[48];
    for (int64_t i = 0; i < j->seeds && values; i++)
        values[i] = elbo_figures_get(&last[i].test, metric);
    const elbo_spread spread = elbo_spread_of(values, values ? j->seeds : 0);
    free(values);
    if (spread.n < 1)
        return;
    elbo__cli_line(&j->result, "%s %.3f +- %.3f %s, mean and standard deviation of %d seeds", label, spread.mean,
                   spread.deviation, unit, (int)spread.n);
    snprintf(key, sizeof key, "test_%s_mean", metric);
    elbo__cli_put_number(&j->result, key, spread.mean);
    snprintf(key, sizeof key, "test_%s_deviation", metric);
    elbo__cli_put_number(&j->result, key, spread.deviation);
}

static int train_seeds(job *j)
{
    const int64_t first = elbo_values_integer(j->line.groups[GENERAL].values, "seed");
    elbo_epoch *last = calloc((size_t)j->seeds, sizeof *last);
    int status = last ? EXIT_SUCCESS : elbo__cli_out_of_memory();
    if (j->seeds > 1)
        elbo__cli_open_list(&j->result, "runs");
    for (int64_t i = 0; i < j->seeds && status == EXIT_SUCCESS; i++) {
        if (j->seeds > 1)
            elbo__cli_open_object(&j->result, NULL);
        status = train_seed(j, first + i, &last[i]);
        if (j->seeds > 1)
            elbo__cli_close(&j->result);
    }
    if (j->seeds > 1) {
        elbo__cli_close(&j->result);
        if (status == EXIT_SUCCESS) {
            give_spread(j, last, "squared_error", "test squared error", "per image");
            give_spread(j, last, "elbo", "test ELBO", "nats per image");
        }
    }
    free(last);
    return status;
}

/* Where there is one. */
static bool read_test_part(job *j, const elbo_run *run)
{
    j->held_out = elbo__cli_has_test_part(&j->data);
    if (!j->held_out)
        elbo__cli_note("there are no test images: %s has no test part", j->data.folder);
    return !j->held_out || elbo__cli_read_part_for(run, &j->data, "test", false, &j->test);
}

static int prepare_and_train(job *j)
{
    const elbo_model *model = j->model;
    const elbo_values *values = j->line.groups[GENERAL].values;
    const bool labels = model->flags & ELBO_NEEDS_LABELS;
    const int classes = labels ? (int)elbo_values_integer(values, "classes") : ELBO_WITHOUT_LABELS;
    elbo_set_threads((int)elbo_values_integer(values, "threads"));
    j->data = elbo__cli_choose_data(values, NULL, NULL);
    if (!elbo__cli_read_part(&j->data, "train", classes, &j->train))
        return FAILED;
    elbo__cli_tell_data(&j->data, &j->train);
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
    job j = {
        .line = {
            .doc = "Trains a model on images and writes a run folder. Command `models' lists the models, `train MODEL "
                   "--help' the options of one.",
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
    if (elbo_values_given(values, "classes") && !(model->flags & ELBO_NEEDS_LABELS))
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
