#include "training.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../autograd/plan.h"
#include "command.h"
#include "data.h"
#include "options.h"
#include "progress.h"
#include "slow.h"

/* ---- a training -------------------------------------------------------------------------------------------------- */

/* What a training that was ended has left. */
static int tell_stopped(const char *folder, const elbo_epoch *last)
{
    if (last->epoch > 0)
        elbo__cli_say("stopped; %s holds epoch %" PRId64 ", and `%s train --resume %s' goes on", folder, last->epoch,
                      elbo__cli.name, folder);
    else
        elbo__cli_say("stopped; `%s train --resume %s' goes on", elbo__cli.name, folder);
    return elbo__cli_interrupted() ? elbo__cli_interrupted() : FAILED;
}

/* Before the first step there is nothing to go on with. */
static int tell_nothing(void)
{
    elbo__cli_say("stopped before the first step; nothing was saved");
    return elbo__cli_interrupted() ? elbo__cli_interrupted() : FAILED;
}

static bool can_go_on(const char *folder)
{
    char *path = NULL, *stage = NULL;
    const bool there = asprintf(&path, "%s/resume.safetensors", folder) >= 0 &&
                       asprintf(&stage, "%s/.incomplete/resume.safetensors", folder) >= 0 &&
                       (access(path, F_OK) == 0 || access(stage, F_OK) == 0);
    free(path);
    free(stage);
    return there;
}

int elbo__cli_train_run(elbo_run *run, const elbo_images *train, const elbo_images *test, elbo_training how,
                        elbo_epoch *last)
{
    how.progress = elbo__cli_show_training;
    how.warning = elbo__cli_show_warning;
    elbo_status status = elbo_train(run, train, test, &how, last);
    elbo__cli_clear_progress();
    if (status != ELBO_OK && last->epoch > 0) {
        elbo__cli_say("%s; %s holds epoch %" PRId64, elbo_error(), how.folder, last->kept);
        return FAILED;
    }
    if (status != ELBO_OK)
        return elbo__cli_fail();
    if (!last->over && (last->epoch > 0 || elbo__cli_interrupted()))
        return last->epoch > 0 || can_go_on(how.folder) ? tell_stopped(how.folder, last) : tell_nothing();
    return EXIT_SUCCESS;
}

/* ---- its result -------------------------------------------------------------------------------------------------- */

/* Not every model has every picture, and one that cannot be drawn is not there. */
static void give_picture(result *r, const char *what, const char *folder, const char *name)
{
    char *path = NULL;
    if (asprintf(&path, "%s/%s", folder, name) < 0)
        return;
    if (access(path, F_OK) == 0)
        elbo__cli_give_text(r, what, NULL, path);
    free(path);
}

static void give_note(result *r, const elbo_run *run, const char *note, const char *key, const char *label)
{
    char *text = elbo_run_noted(run, note);
    if (text)
        elbo__cli_give_text(r, key, label, text);
    elbo_release(text);
}

/* Figures of the test images by the model that is kept, which the run notes. */
static void give_noted(result *r, const elbo_run *run, const char *note, const char *key, const char *label, int digits,
                       const char *unit)
{
    char *text = elbo_run_noted(run, note);
    if (text)
        elbo__cli_give_number(r, key, label, strtod(text, NULL), digits, unit);
    elbo_release(text);
}

void elbo__cli_give_training(result *r, const elbo_run *run, const char *folder, const elbo_epoch *last)
{
    elbo__cli_give_text(r, "run", NULL, folder);
    give_picture(r, "samples", folder, "samples.png");
    give_picture(r, "reconstructions", folder, "reconstruction.png");
    give_note(r, run, "fitted-by", "fitted_by", "fitted by");
    give_note(r, run, "explained-variance", "explained_variance", "explained variance");
    if (last->val.count)
        elbo__cli_give_integer(r, "kept_epoch", "kept epoch", last->kept, NULL);
    give_noted(r, run, "val-elbo", "val_elbo", "validation ELBO", 1, "nats per image");
    give_noted(r, run, "test-squared-error", "test_squared_error", "test squared error", 3, "per image");
    give_noted(r, run, "test-elbo", "test_elbo", "test ELBO", 1, "nats per image");
    for (int i = 0; i < last->test.count; i++)
        if (strncmp(last->test.at[i].name, "iwae-", 5) == 0) {
            char key[48], label[48];
            snprintf(key, sizeof key, "test_%s", last->test.at[i].name);
            snprintf(label, sizeof label, "test %s", last->test.at[i].name);
            elbo__cli_give_number(r, key, label, last->test.at[i].value, 1, "nats per image");
        }
}

/* ---- one that goes on -------------------------------------------------------------------------------------------- */

bool elbo__cli_asks_to_resume(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--") == 0)
            return false;
        if (strcmp(argv[i], "--resume") == 0 || strncmp(argv[i], "--resume=", 9) == 0)
            return true;
    }
    return false;
}

static const elbo_option resume_options[] = {
    OPTION_RESUME,
    {.name = "epochs",
     .type = ELBO_INTEGER,
     .default_value = "0",
     .least = 0,
     .greatest = 1e9,
     .metavar = "N",
     .help = "so many epochs in all; 0: as many as were asked for"},
    OPTION_DATA("those of the training"),
    OPTION_THREADS,
    OPTION_JSON,
    ELBO_OPTIONS_END,
};

/* The images of the training, and the rest of it. */
static int go_on(const elbo_values *values, const char *folder, elbo_run *run, result *r)
{
    const data_source source = elbo__cli_choose_data(values, run, folder);
    const bool held_out = elbo__cli_has_test_part(&source);
    elbo_images train, test = {.count = 0};
    int status = FAILED;
    if (!elbo__cli_read_part_for(run, &source, "train", false, &train)) {
        free(source.folder);
        return FAILED;
    }
    if (!held_out || elbo__cli_read_part_for(run, &source, "test", false, &test)) {
        const elbo_training how = {.epochs = elbo_values_integer(values, "epochs"), .folder = folder, .resume = true};
        elbo_epoch last;
        elbo__cli_tell_data(&source, &train);
        status = elbo__cli_train_run(run, &train, held_out ? &test : NULL, how, &last);
        if (status == EXIT_SUCCESS && last.epoch == 0)
            elbo__cli_note("nothing was left to do; --epochs asks for more epochs");
        if (status == EXIT_SUCCESS)
            elbo__cli_give_training(r, run, folder, &last);
        elbo_images_free(&test);
    }
    elbo_images_free(&train);
    free(source.folder);
    return status;
}

static bool has(const elbo_option *table, const char *name)
{
    for (const elbo_option *o = table; o && o->name; o++)
        if (strcmp(o->name, name) == 0 || (o->alias && strcmp(o->alias, name) == 0))
            return true;
    return false;
}

/* Options of a training are refused with the reason why. */
static void check_options(const command_line *line, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        char name[64];
        if (strncmp(argv[i], "--", 2) != 0)
            continue;
        snprintf(name, sizeof name, "%.*s", (int)strcspn(argv[i] + 2, "="), argv[i] + 2);
        bool known = has(elbo_training_options, name);
        for (int m = 0; elbo__cli.models[m]; m++)
            known = known || has(elbo__cli.models[m]->options, name);
        if (known && !has(resume_options, name))
            elbo__cli_wrong_usage(line, "option \"%s\": a training that goes on keeps what it began with", name);
    }
}

int elbo__cli_resume(int argc, char **argv)
{
    command_line line = {
        .name = "train",
        .args = "",
        .doc = "Goes on with an interrupted training, to the same bytes as if it had never stopped.",
        .exits = "130 after Ctrl-C and 143 after SIGTERM: it can go on again.",
        .examples = {{"train --resume runs/digits", "what is left of its epochs"},
                     {"train --resume runs/digits --epochs 40", "as if 40 had been asked for at first"}},
        .groups = {{.title = "Options beside --resume:", .table = resume_options}},
    };
    check_options(&line, argc, argv);
    elbo__cli_parse(&line, argc, argv);
    const elbo_values *values = line.groups[0].values;
    const char *folder = elbo_values_text(values, "resume");
    if (!*folder)
        elbo__cli_wrong_usage(&line, "option \"resume\": the name of the run is empty");
    elbo__cli_warn_of_slow_products();
    elbo__cli_watch_work();
    elbo_set_threads((int)elbo_values_integer(values, "threads"));
    result r = elbo__cli_result(values);
    elbo_run *run = elbo_train_load(folder, elbo__cli.models);
    const int status = run ? go_on(values, folder, run, &r) : elbo__cli_fail();
    elbo_run_free(run);
    elbo__cli_release(&line);
    return elbo__cli_result_end(&r, status);
}
