/* elbo train MODEL: reads the images, trains, and writes the run folder. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../autograd/plan.h"
#include "../nn/train.h"
#include "command.h"
#include "data.h"
#include "on_model.h"
#include "progress.h"
#include "slow.h"

static const elbo_option general[] = {
    OPTION_DATA(DEFAULT_DATA),
    {.name = "classes",
     .type = ELBO_INTEGER,
     .fallback = "0",
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

/* runs/vae-20250131-235959, with a number behind it where that exists; NULL when memory is short. */
static char *default_folder(const char *model)
{
    char date[32];
    const time_t now = time(NULL);
    struct tm local;
    strftime(date, sizeof date, "%Y%m%d-%H%M%S", localtime_r(&now, &local));
    char *path = NULL;
    if (asprintf(&path, "runs/%s-%s", model, date) < 0)
        return NULL;
    for (int i = 2; access(path, F_OK) == 0; i++) {
        free(path);
        if (asprintf(&path, "runs/%s-%s-%d", model, date, i) < 0)
            return NULL;
    }
    return path;
}

static void print_result(const elbo_run *run, const char *folder, const elbo_epoch *last)
{
    printf("run %s\n", folder);
    if (!(elbo_run_model(run)->flags & ELBO_NO_PRIOR))
        printf("samples %s/samples.png\n", folder);
    printf("reconstructions %s/reconstruction.png\n", folder);
    elbo_ini configuration = {.count = 0};
    if (elbo_run_describe(run, &configuration) == ELBO_OK && elbo_ini_get(&configuration, "fitted-by")) {
        printf("fitted by %s\n", elbo_ini_get(&configuration, "fitted-by"));
        printf("explained variance %s\n", elbo_ini_get(&configuration, "explained-variance"));
    }
    elbo_ini_free(&configuration);
    if (!isnan(last->test_squared_error))
        printf("test squared error %.3f per image\n", last->test_squared_error);
    if (!isnan(last->test_elbo))
        printf("test ELBO %.1f nats per image\n", last->test_elbo);
}

/* What a training is made of, so that all of it is freed in one place. */
typedef struct {
    command_line line;
    elbo_images train, test;
    elbo_run *run;
    char *data, *folder;
} job;

/* Notes which class is which, "cat,dog", where the data have names for them. */
static elbo_status note_classes(elbo_run *run, const elbo_images *images)
{
    char *list = NULL;
    size_t size;
    FILE *out = images->class_names && elbo_run_classes(run) ? open_memstream(&list, &size) : NULL;
    if (!out)
        return ELBO_OK;
    bool separable = true; /* a list of names with commas in them could not be read again */
    for (int i = 0; i < images->classes; i++)
        separable = separable && !strchr(images->class_names[i], ',');
    for (int i = 0; i < images->classes && separable; i++)
        fprintf(out, "%s%s", i ? "," : "", images->class_names[i]);
    fclose(out);
    elbo_status status = separable ? elbo_run_note(run, CLASS_NAMES, list) : ELBO_OK;
    free(list);
    return status;
}

static int train(job *j)
{
    const elbo_values *values = j->line.groups[GENERAL].values;
    progress_line line = progress_start();
    const bool fitted = elbo_run_model(j->run)->fit; /* in one go: there is nothing to choose */
    elbo_training training = {.epochs = 1};
    if (!fitted)
        training = elbo_training_of(j->line.groups[TRAINING].values);
    training.folder = j->folder;
    training.force = elbo_values_flag(values, "force");
    training.progress = progress_show;
    training.user = &line;
    catch_interrupts();
    elbo_epoch last;
    if (elbo_run_note(j->run, "data", j->data) != ELBO_OK)
        return fail();
    elbo_status status = elbo_train(j->run, &j->train, &j->test, &training, &last);
    progress_end(&line);
    if (status != ELBO_OK)
        return fail();
    if (last.epoch == training.epochs) {
        print_result(j->run, j->folder, &last);
        return EXIT_SUCCESS;
    }
    if (last.epoch == 0)
        fprintf(stderr, "elbo: stopped before the first epoch was done; nothing was saved\n");
    else
        fprintf(stderr, "elbo: stopped; %s holds epoch %" PRId64 "\n", j->folder, last.epoch);
    return INTERRUPTED;
}

static int prepare_and_train(job *j, const elbo_model *model)
{
    const elbo_values *values = j->line.groups[GENERAL].values;
    const char *out = elbo_values_text(values, "out");
    const int classes = (int)elbo_values_integer(values, "classes");
    elbo_set_threads((int)elbo_values_integer(values, "threads"));
    j->data = choose_data(elbo_values_text(values, "data"), NULL);
    j->folder = out[0] ? strdup(out) : default_folder(model->name);
    if (!j->folder) {
        fprintf(stderr, "elbo: out of memory\n");
        return FAILED;
    }
    if (!read_part(j->data, "train", classes, &j->train))
        return FAILED;
    j->run = elbo_run_for(model, j->line.groups[MODEL].values, &j->train, elbo_values_integer(values, "seed"));
    if (!j->run)
        return fail();
    if (elbo_run_accepts(j->run, &j->train) != ELBO_OK) {
        fprintf(stderr, "elbo: %s: %s\n", j->data, elbo_error());
        return FAILED;
    }
    if (note_classes(j->run, &j->train) != ELBO_OK)
        return fail();
    if (!read_part_for(j->run, j->data, "test", &j->test))
        return FAILED;
    return train(j);
}

int cmd_train(int argc, char **argv)
{
    job j = {
        .line = {.doc = "Trains a model on images and writes a run folder. `elbo models' lists the models, `elbo train "
                        "MODEL --help' the options of one.",
                 .groups = {[GENERAL] = {.title = "General:", .table = general}}}};
    const elbo_model *model = parse_for_model(&j.line, "train", argc, argv);
    const elbo_values *values = j.line.groups[GENERAL].values;
    if (elbo_values_given(values, "out") && !*elbo_values_text(values, "out"))
        wrong_usage(&j.line, "option \"out\": the name of the folder is empty");
    if (elbo_values_given(values, "classes") && !(model->flags & ELBO_NEEDS_LABELS))
        wrong_usage(&j.line, "option \"classes\": the model \"%s\" takes no labels", model->name);
    warn_of_slow_products();
    int status = prepare_and_train(&j, model);
    elbo_run_free(j.run);
    elbo_images_free(&j.train);
    elbo_images_free(&j.test);
    free(j.data);
    free(j.folder);
    release(&j.line);
    return status;
}
