/* A training that was interrupted goes on as if it never had been. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../autograd/plan.h"
#include "scratch.h"
#include "runs.h"
#include "suites.h"
#include "trainings.h"

enum { EPOCHS = 3, STEPS = 3, CALLS = EPOCHS * (STEPS + 1), MOST = 1 << 20 };

static const char *const files[] = {"model.safetensors", "resume.safetensors", "metrics.csv",
                                    "config.ini",        "samples.png",        "reconstruction.png",
                                    "samples-0001.png",  "samples-0002.png",   "samples-0003.png"};
enum { FILES = sizeof files / sizeof files[0] };

/* All that has a memory: moments, an average, gradients that wait, a rate that drops, a best model. 50 images, of which
 * 10 are held out, in batches of 16: 3 steps an epoch, of which the first waits for the second. */
static elbo_training everything(const char *folder)
{
    return (elbo_training){.epochs = EPOCHS,
                           .batch_size = 16,
                           .accumulate = 2,
                           .val = 0.2,
                           .test_every = 1,
                           .ema = 0.9,
                           .lr = 0.02,
                           .lr_schedule = "plateau",
                           .lr_patience = 1,
                           .lr_warmup = 0.5,
                           .sample_every = 1,
                           .folder = scratch_path(folder)};
}

/* ---- folders ----------------------------------------------------------------------------------------------------- */

static char *read_file(const char *folder, const char *name, size_t *size)
{
    char path[200], *bytes = calloc(1, MOST);
    snprintf(path, sizeof path, "%s/%s", folder, name);
    *size = scratch_read(path, bytes, MOST);
    return bytes;
}

static void assert_same_file(const char *a, const char *b, const char *name)
{
    size_t a_size, b_size;
    char *in_a = read_file(a, name, &a_size), *in_b = read_file(b, name, &b_size);
    ck_assert_msg(a_size == b_size && memcmp(in_a, in_b, a_size) == 0, "%s/%s is not %s/%s", a, name, b, name);
    free(in_a);
    free(in_b);
}

static void assert_same_run(const char *a, const char *b)
{
    for (int i = 0; i < FILES; i++)
        assert_same_file(a, b, files[i]);
}

/* As a process that is killed leaves a folder, to one of another name. */
static void copy_folder(const char *from, const char *to)
{
    char command[500];
    snprintf(command, sizeof command, "rm -rf '%s' && cp -r '%s' '%s'", scratch_path(to), scratch_path(from),
             scratch_path(to));
    ck_assert_int_eq(system(command), 0);
}

static void no_folder(const char *name)
{
    char command[500];
    snprintf(command, sizeof command, "rm -rf '%s'", scratch_path(name));
    ck_assert_int_eq(system(command), 0);
}

/* ---- stopping ---------------------------------------------------------------------------------------------------- */

/* Ends at a call of `progress`, or takes a picture of the folder then. */
typedef struct {
    int calls, stop_at, copy_at;
} watch;

static bool look(void *user, const elbo_progress *p)
{
    watch *w = user;
    (void)p;
    w->calls++;
    if (w->calls == w->copy_at)
        copy_folder("whole", "killed");
    return w->calls != w->stop_at;
}

static void train_to(const char *folder, int stop_at, int copy_at, double checkpoint_every)
{
    elbo_run *run = new_run(&elbo_model_cvae, 1);
    watch w = {.stop_at = stop_at, .copy_at = copy_at};
    elbo_training how = everything(folder);
    how.checkpoint_every = checkpoint_every;
    how.progress = look;
    how.user = &w;
    assert_trained(run, &how, NULL);
    elbo_run_free(run);
}

static void go_on(const char *folder, int64_t epochs, int stop_at, elbo_epoch *last)
{
    elbo_run *run = elbo_train_load(scratch_path(folder), elbo_models);
    ck_assert_msg(run != NULL, "%s", elbo_error());
    watch w = {.stop_at = stop_at};
    elbo_training how = {.epochs = epochs, .folder = scratch_path(folder), .resume = true};
    how.progress = look;
    how.user = &w;
    assert_trained(run, &how, last);
    elbo_run_free(run);
}

START_TEST(a_training_ends_with_the_same_bytes_wherever_it_was_stopped)
{
    elbo_epoch last;
    train_to("whole", 0, 0, 0);
    train_to("parts", 1 + _i, 0, 0);
    go_on("parts", 0, 0, &last);
    assert_same_run("whole", "parts");
}
END_TEST

START_TEST(it_may_be_stopped_again_and_again)
{
    train_to("whole", 0, 0, 0);
    train_to("parts", 1, 0, 0);
    for (int i = 0; i < CALLS; i++)
        go_on("parts", 0, 2, NULL);
    assert_same_run("whole", "parts");
}
END_TEST

/* With a checkpoint after each step, and with those of the epochs alone. */
START_TEST(a_training_that_was_killed_goes_on_from_its_last_checkpoint)
{
    const int call = 1 + _i / 2;
    const bool often = _i % 2;
    train_to("whole", 0, call, often ? 1e-9 : 0);
    elbo_run *run = elbo_train_load(scratch_path("killed"), elbo_models);
    const bool saved = often ? call > 1 : call > STEPS;
    ck_assert((run != NULL) == saved);
    elbo_run_free(run);
    if (!saved)
        return;
    go_on("killed", 0, 0, NULL);
    assert_same_run("whole", "killed");
}
END_TEST

/* Files are put in their place by renaming them: a kill before each of these finds the folder in another state. */
static int renames, copy_at_rename;

static void copy_once(void)
{
    if (++renames == copy_at_rename) {
        scratch_on_rename(NULL);
        copy_folder("whole", "killed");
    }
}

/* Numbers of epochs, the first of each row. */
static void assert_epochs(const char *folder, const char *table)
{
    size_t size;
    char *text = read_file(folder, table, &size), *row = strchr(text, '\n') + 1;
    for (int epoch = 1; epoch <= EPOCHS; epoch++, row = strchr(row, '\n') + 1)
        ck_assert_msg(atoi(row) == epoch, "%s/%s: row %d begins with %.10s", folder, table, epoch, row);
    ck_assert_str_eq(row, "");
    free(text);
}

START_TEST(a_kill_while_files_are_put_in_their_place_loses_nothing)
{
    enum { MOST_RENAMES = 40 };
    int resumed = 0;
    for (copy_at_rename = 1; copy_at_rename <= MOST_RENAMES; copy_at_rename++) {
        elbo_run *run = new_run(&elbo_model_cvae, 1);
        elbo_training how = everything("whole");
        renames = 0;
        no_folder("killed");
        no_folder("whole");
        scratch_on_rename(copy_once);
        assert_trained(run, &how, NULL);
        scratch_on_rename(NULL);
        elbo_run_free(run);
        if (renames < copy_at_rename)
            break;
        run = elbo_train_load(scratch_path("killed"), elbo_models);
        elbo_run_free(run);
        if (!run)
            continue;
        go_on("killed", 0, 0, NULL);
        assert_same_run("whole", "killed");
        assert_epochs("killed", "metrics.csv");
        assert_epochs("killed", "timing.csv");
        resumed++;
    }
    ck_assert_int_gt(resumed, 20);
    ck_assert_int_le(copy_at_rename, MOST_RENAMES); /* all of them */
}
END_TEST

START_TEST(the_figures_of_a_training_that_goes_on_are_those_of_all_its_steps)
{
    elbo_epoch whole, parts;
    elbo_run *run = new_run(&elbo_model_cvae, 1);
    elbo_training how = everything("whole");
    assert_trained(run, &how, &whole);
    elbo_run_free(run);
    train_to("parts", 2 * (STEPS + 1) + 2, 0, 0);
    go_on("parts", 0, 0, &parts);
    ck_assert_int_eq(parts.step, whole.step);
    ck_assert(parts.over);
    for (int i = 0; i < whole.train.count; i++)
        ck_assert_double_eq(parts.train.at[i].value, whole.train.at[i].value);
}
END_TEST

/* ---- after the end ----------------------------------------------------------------------------------------------- */

START_TEST(a_training_that_is_over_can_have_more_epochs)
{
    elbo_epoch last;
    elbo_run *run = new_run(&elbo_model_vae, 1);
    elbo_training how = {.epochs = 5, .batch_size = 16, .folder = scratch_path("five")};
    assert_trained(run, &how, NULL);
    elbo_run_free(run);
    run = new_run(&elbo_model_vae, 1);
    how.epochs = 2;
    how.folder = scratch_path("two");
    assert_trained(run, &how, NULL);
    elbo_run_free(run);
    go_on("two", 0, 0, &last); /* nothing is left to do */
    ck_assert_int_eq(last.epoch, 0);
    go_on("two", 5, 0, &last);
    ck_assert_int_eq(last.epoch, 5);
    assert_same_file("five", "two", "model.safetensors");
}
END_TEST

/* ---- what cannot be gone on with --------------------------------------------------------------------------------- */

static void assert_refused_resume(const elbo_images *images, const elbo_images *held_out, const char *reason)
{
    elbo_run *run = elbo_train_load(scratch_path("run"), elbo_models);
    ck_assert_msg(run != NULL, "%s", elbo_error());
    const elbo_training how = {.folder = scratch_path("run"), .resume = true};
    assert_refused(elbo_train(run, images, held_out, &how, NULL), reason);
    elbo_run_free(run);
}

START_TEST(a_training_goes_on_with_the_same_images_alone)
{
    train_to("run", 5, 0, 0);
    assert_refused_resume(&test, &test, "these training images are not those that the training began with");
    assert_refused_resume(&train, &train, "these test images are not those");
    assert_refused_resume(&train, NULL, "these test images are not those that the training began with: there are none");
}
END_TEST

START_TEST(a_folder_with_nothing_to_go_on_from_is_named)
{
    scratch_write("file", "", 0);
    ck_assert_ptr_null(elbo_train_load(scratch_path("nowhere"), elbo_models));
    ck_assert_ptr_nonnull(strstr(elbo_error(), "nowhere: holds no resume.safetensors"));
    train_to("run", 0, 0, 0);
    remove(scratch_path("run/resume.safetensors"));
    ck_assert_ptr_null(elbo_train_load(scratch_path("run"), elbo_models));
}
END_TEST

START_TEST(a_model_that_is_fitted_leaves_nothing_to_go_on_from)
{
    elbo_run *run = run_of(&elbo_model_pca, OPTIONS("latent-dim", "2"), ELBO_SHAPE(PATTERN_SIDE, PATTERN_SIDE), 0);
    assert_trained(run, &(elbo_training){.folder = scratch_path("run")}, NULL);
    ck_assert(!scratch_exists("run/resume.safetensors"));
    elbo_run_free(run);
}
END_TEST

START_TEST(an_interrupted_training_is_replaced_by_force_alone)
{
    train_to("run", 2, 0, 0); /* within its first epoch */
    ck_assert(!scratch_exists("run/model.safetensors"));
    elbo_run *run = new_run(&elbo_model_vae, 1);
    elbo_training how = {.epochs = 1, .folder = scratch_path("run")};
    assert_not_trained(run, &how, "run: holds a run already; only --force replaces it, and --resume goes on with it");
    how.force = true;
    assert_trained(run, &how, NULL);
    ck_assert(!scratch_exists("run/.incomplete"));
    elbo_run_free(run);
}
END_TEST

/* The mutant lies elsewhere; it takes the place of the checkpoint. */
static void read_damaged(const char *path)
{
    char command[500];
    snprintf(command, sizeof command, "cp '%s' '%s'", path, scratch_path("run/resume.safetensors"));
    ck_assert_int_eq(system(command), 0);
    elbo_run *run = elbo_train_load(scratch_path("run"), elbo_models);
    const elbo_training how = {.epochs = 4, .folder = scratch_path("run"), .resume = true};
    if (run && elbo_train(run, &train, &test, &how, NULL) != ELBO_OK)
        ck_assert_int_ne(elbo_error()[0], 0);
    elbo_run_free(run);
}

START_TEST(a_damaged_checkpoint_is_an_error_or_harmless)
{
    size_t size;
    train_to("run", 6, 0, 0);
    char *bytes = read_file("run", "resume.safetensors", &size);
    for (size_t at = 0; at < size; at += 1 + size / 40) {
        scratch_write("run/resume.safetensors", bytes, at);
        ck_assert_ptr_null(elbo_train_load(scratch_path("run"), elbo_models));
    }
    scratch_fuzz(bytes, size, 60, read_damaged);
    free(bytes);
}
END_TEST

Suite *suite_resume(void)
{
    Suite *suite = suite_create("resume");
    TCase *resume = tcase_create("going on");
    tcase_add_checked_fixture(resume, training_setup_with_scratch, scratch_teardown);
    tcase_add_loop_test(resume, a_training_ends_with_the_same_bytes_wherever_it_was_stopped, 0, CALLS);
    tcase_add_test(resume, it_may_be_stopped_again_and_again);
    tcase_add_loop_test(resume, a_training_that_was_killed_goes_on_from_its_last_checkpoint, 0, 2 * CALLS);
    tcase_add_test(resume, a_kill_while_files_are_put_in_their_place_loses_nothing);
    tcase_add_test(resume, the_figures_of_a_training_that_goes_on_are_those_of_all_its_steps);
    tcase_add_test(resume, a_training_that_is_over_can_have_more_epochs);
    tcase_add_test(resume, a_training_goes_on_with_the_same_images_alone);
    tcase_add_test(resume, a_folder_with_nothing_to_go_on_from_is_named);
    tcase_add_test(resume, a_model_that_is_fitted_leaves_nothing_to_go_on_from);
    tcase_add_test(resume, an_interrupted_training_is_replaced_by_force_alone);
    tcase_add_test(resume, a_damaged_checkpoint_is_an_error_or_harmless);
    suite_add_tcase(suite, resume);
    return suite;
}
