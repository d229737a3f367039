#include "training.h"

#include <inttypes.h>
#include <math.h>
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

char *elbo__cli_quoted(const char *path)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./+-";
    char *quoted = malloc(4 * strlen(path) + 3), *to = quoted;
    if (!quoted)
        return NULL;
    if (*path && *path != '-' && strspn(path, plain) == strlen(path))
        return strcpy(quoted, path);
    *to++ = '\'';
    for (; *path; path++)
        to += *path == '\'' ? sprintf(to, "'\\''") : sprintf(to, "%c", *path);
    strcpy(to, "'");
    return quoted;
}

/* What a training that was ended has left. */
static int tell_stopped(const char *folder, const elbo_epoch *last)
{
    char *quoted = elbo__cli_quoted(folder);
    if (last->epoch > 0)
        elbo__cli_say("stopped; %s holds epoch %" PRId64 ", and `%s train --resume %s' goes on", folder, last->kept,
                      elbo__cli.name, quoted ? quoted : folder);
    else
        elbo__cli_say("stopped; `%s train --resume %s' goes on", elbo__cli.name, quoted ? quoted : folder);
    free(quoted);
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

double elbo__cli_noted_figure(const elbo_run *run, const char *note)
{
    char *text = elbo_run_noted(run, note);
    const double value = text ? strtod(text, NULL) : NAN;
    elbo_release(text);
    return value;
}

/* Figures by the model that is kept, which the run notes. */
static void give_noted(result *r, const elbo_run *run, const char *note, const char *key, const char *label, int digits,
                       const char *unit)
{
    const double value = elbo__cli_noted_figure(run, note);
    if (!isnan(value))
        elbo__cli_give_number(r, key, label, value, digits, unit);
}

/* "active units 18 of 20" */
static void give_active_units(result *r, const elbo_run *run)
{
    const double active = elbo__cli_noted_figure(run, "active-units");
    if (isnan(active))
        return;
    elbo__cli_line(r, "active units %.0f of %" PRId64, active, elbo_run_latent(run));
    elbo__cli_put_integer(r, "active_units", (int64_t)active);
}

void elbo__cli_give_training(result *r, const elbo_run *run, const char *folder, const elbo_epoch *last)
{
    elbo__cli_give_text(r, "run", NULL, folder);
    give_picture(r, "samples", folder, "samples.png");
    give_picture(r, "reconstructions", folder, "reconstruction.png");
    give_note(r, run, "fitted-by", "fitted_by", "fitted by");
    give_note(r, run, "explained-variance", "explained_variance", "explained variance");
    give_active_units(r, run);
    if (last->val.count)
        elbo__cli_give_integer(r, "kept_epoch", "kept epoch", last->kept, NULL);
    give_noted(r, run, "val-elbo", "val_elbo", "validation ELBO", 1, elbo_run_unit(run));
    give_noted(r, run, "test-squared-error", "test_squared_error", "test squared error", 3, "per image");
    give_noted(r, run, "test-elbo", "test_elbo", "test ELBO", 1, elbo_run_unit(run));
    if (!elbo_run_model(run)->fit && isnan(elbo__cli_noted_figure(run, "test-loss")) && !last->val.count)
        give_noted(r, run, "train-loss", "train_loss", "training loss", 3, "per image");
    for (int i = 0; i < last->test.count; i++)
        if (strncmp(last->test.at[i].name, "iwae-", 5) == 0) {
            char key[48], label[48];
            snprintf(key, sizeof key, "test_%s", last->test.at[i].name);
            snprintf(label, sizeof label, "test %s", last->test.at[i].name);
            elbo__cli_give_number(r, key, label, last->test.at[i].value, 1, elbo_run_unit(run));
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

/* Why there was nothing to do. */
static void tell_over(const elbo_run *run, int64_t epochs)
{
    if (epochs > 0 && (double)epochs > elbo__cli_noted_figure(run, "epochs-done"))
        elbo__cli_note("nothing was left to do: the training ended early, for want of a better epoch");
    else
        elbo__cli_note("nothing was left to do; --epochs asks for more epochs");
}

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
        const double val = elbo__cli_noted_figure(run, "val");
        elbo__cli_tell_training_data(&source, &train, held_out ? &test : NULL,
                                     elbo_held_out(train.count, isnan(val) ? 0 : val));
        status = elbo__cli_train_run(run, &train, held_out ? &test : NULL, how, &last);
        if (status == EXIT_SUCCESS && last.epoch == 0)
            tell_over(run, how.epochs);
        if (status == EXIT_SUCCESS)
            elbo__cli_give_training(r, run, folder, &last);
        elbo_images_free(&test);
    }
    elbo_images_free(&train);
    free(source.folder);
    return status;
}

char *elbo__cli_seeds_config(const char *folder)
{
    char *path = NULL;
    elbo_ini ini = {.count = 0};
    if (asprintf(&path, "%s/config.ini", folder) < 0)
        return NULL;
    const bool found = access(path, F_OK) == 0 && elbo_ini_read(path, &ini) == ELBO_OK && elbo_ini_get(&ini, "seeds");
    elbo_ini_free(&ini);
    if (found)
        return path;
    free(path);
    return NULL;
}

/* The same command as at first, in the same folder. */
static int go_on_with_seeds(const command_line *line, char *config, const char *folder)
{
    const elbo_values *values = line->groups[0].values;
    const char *data = elbo_values_text(values, "data");
    char *threads = elbo_values_print(values, "threads");
    char *argv[12] = {"train", "--config", config, "--out", (char *)folder, "--threads", threads};
    int argc = 7;
    if (elbo_values_integer(values, "epochs") > 0)
        elbo__cli_wrong_usage(line, "option \"epochs\": of several seeds each goes on by itself, as %s/seed-1", folder);
    if (*data) {
        argv[argc++] = "--data";
        argv[argc++] = (char *)data;
    }
    if (elbo_values_flag(values, "json"))
        argv[argc++] = "--json";
    const int status = threads ? elbo__cli_train(argc, argv, true) : elbo__cli_out_of_memory();
    elbo_release(threads);
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
    char *seeds = elbo__cli_seeds_config(folder);
    if (seeds) {
        const int status = go_on_with_seeds(&line, seeds, folder);
        free(seeds);
        elbo__cli_release(&line);
        return status;
    }
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
