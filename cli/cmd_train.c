/* elbo train MODEL: reads the images, trains, and writes the run folder. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../autograd/plan.h"
#include "../nn/training/train.h"
#include "command.h"
#include "data.h"
#include "on_model.h"
#include "progress.h"
#include "slow.h"

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
    OPTION_SEED,
    OPTION_THREADS,
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

/* Not every model has every picture, and one that cannot be drawn is not there. */
static void print_picture(const char *what, const char *folder, const char *name)
{
    char *path = NULL;
    if (asprintf(&path, "%s/%s", folder, name) < 0)
        return;
    if (access(path, F_OK) == 0)
        printf("%s %s\n", what, path);
    free(path);
}

static void print_result(const elbo_run *run, const char *folder, const elbo_epoch *last)
{
    printf("run %s\n", folder);
    print_picture("samples", folder, "samples.png");
    print_picture("reconstructions", folder, "reconstruction.png");
    elbo_ini configuration = {.count = 0};
    if (elbo_run_describe(run, &configuration) == ELBO_OK && elbo_ini_get(&configuration, "fitted-by")) {
        printf("fitted by %s\n", elbo_ini_get(&configuration, "fitted-by"));
        printf("explained variance %s\n", elbo_ini_get(&configuration, "explained-variance"));
    }
    elbo_ini_free(&configuration);
    const elbo_figures *test = &last->test;
    if (elbo_figures_has(test, "squared_error"))
        printf("test squared error %.3f per image\n", elbo_figures_get(test, "squared_error"));
    if (elbo_figures_has(test, "elbo"))
        printf("test ELBO %.1f nats per image\n", elbo_figures_get(test, "elbo"));
    for (int i = 0; i < test->count; i++)
        if (strncmp(test->at[i].name, "iwae-", 5) == 0)
            printf("test %s %.1f nats per image\n", test->at[i].name, test->at[i].value);
}

/* What a training is made of, so that all of it is freed in one place. */
typedef struct {
    command_line line;
    elbo_images train, test;
    elbo_run *run;
    bool claimed;  /* the folder was made for this training */
    bool held_out; /* there is a test part                  */
    data_source data;
    char *folder;
} job;

/* j->folder: the one that --out names, else a new one. */
static bool choose_folder(job *j)
{
    const char *out = elbo_values_text(j->line.groups[GENERAL].values, "out");
    j->claimed = !out[0];
    j->folder = out[0] ? strdup(out) : claim_default_folder(elbo_run_model(j->run)->name);
    return j->folder;
}

static int train(job *j)
{
    const elbo_values *values = j->line.groups[GENERAL].values;
    const bool fitted = elbo_run_model(j->run)->fit; /* in one go: there is nothing to choose */
    elbo_training training = {.epochs = 1};
    if (!fitted)
        training = elbo_training_of(j->line.groups[TRAINING].values);
    if (!choose_folder(j))
        return elbo__cli_fail();
    training.folder = j->folder;
    training.force = elbo_values_flag(values, "force");
    training.progress = elbo__cli_show_training;
    training.warning = elbo__cli_show_warning;
    elbo_epoch last;
    if (elbo__cli_note_data(j->run, &j->data) != ELBO_OK)
        return elbo__cli_fail();
    elbo_status status = elbo_train(j->run, &j->train, j->held_out ? &j->test : NULL, &training, &last);
    elbo__cli_clear_progress();
    if (status != ELBO_OK && last.epoch > 0) {
        elbo__cli_say("%s; %s holds epoch %" PRId64, elbo_error(), j->folder, last.epoch);
        return FAILED;
    }
    if (status != ELBO_OK)
        return elbo__cli_fail();
    if (last.epoch == training.epochs) {
        print_result(j->run, j->folder, &last);
        return EXIT_SUCCESS;
    }
    if (last.epoch == 0)
        elbo__cli_say("stopped before the first epoch was done; nothing was saved");
    else
        elbo__cli_say("stopped; %s holds epoch %" PRId64, j->folder, last.epoch);
    return elbo__cli_interrupted();
}

static int prepare_and_train(job *j, const elbo_model *model)
{
    const elbo_values *values = j->line.groups[GENERAL].values;
    const bool labels = model->flags & ELBO_NEEDS_LABELS;
    const int classes = labels ? (int)elbo_values_integer(values, "classes") : ELBO_WITHOUT_LABELS;
    elbo_set_threads((int)elbo_values_integer(values, "threads"));
    j->data = elbo__cli_choose_data(values, NULL, NULL);
    if (!elbo__cli_read_part(&j->data, "train", classes, &j->train))
        return FAILED;
    elbo__cli_tell_data(&j->data, &j->train);
    j->run = elbo_run_for(model, j->line.groups[MODEL].values, &j->train, elbo_values_integer(values, "seed"));
    if (!j->run)
        return elbo__cli_fail();
    if (elbo_run_accepts(j->run, &j->train) != ELBO_OK) {
        elbo__cli_say("%s: %s", j->data.folder, elbo_error());
        return FAILED;
    }
    j->held_out = elbo__cli_has_test_part(&j->data);
    if (!j->held_out)
        elbo__cli_note("nothing is held out: %s has no test part", j->data.folder);
    else if (!elbo__cli_read_part_for(j->run, &j->data, "test", false, &j->test))
        return FAILED;
    return train(j);
}

int elbo__cmd_train(int argc, char **argv)
{
    job j = {
        .line = {
            .doc = "Trains a model on images and writes a run folder. Command `models' lists the models, `train MODEL "
                   "--help' the options of one.",
            .exits = "130 after Ctrl-C and 143 after SIGTERM: what was trained until then is kept.",
            .examples = {{"train MODEL --out runs/digits", "on the digits in data/mnist"},
                         {"train MODEL --data pictures --seed 2",
                          "on pictures of one's own, whose sub-folders are labels"},
                         {"train --config runs/digits/config.ini --seed 3 --out runs/again",
                          "a run again, but for one thing"}},
            .groups = {[GENERAL] = {.title = "General:", .table = general}}}};
    const elbo_model *model = elbo__cli_parse_for_model(&j.line, "train", argc, argv);
    const elbo_values *values = j.line.groups[GENERAL].values;
    if (elbo_values_given(values, "out") && !*elbo_values_text(values, "out"))
        elbo__cli_wrong_usage(&j.line, "option \"out\": the name of the folder is empty");
    if (elbo_values_given(values, "classes") && !(model->flags & ELBO_NEEDS_LABELS))
        elbo__cli_wrong_usage(&j.line, "option \"classes\": the model \"%s\" takes no labels", model->name);
    elbo__cli_warn_of_slow_products();
    elbo__cli_watch_work();
    int status = prepare_and_train(&j, model);
    if (j.claimed && j.folder)
        rmdir(j.folder); /* which fails where there is something in it */
    elbo_run_free(j.run);
    elbo_images_free(&j.train);
    elbo_images_free(&j.test);
    free(j.data.folder);
    free(j.folder);
    elbo__cli_release(&j.line);
    return status;
}
