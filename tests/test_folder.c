/* The run folder that a training writes. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>

#include "../models/models.h"
#include "../nn/train.h"
#include "patterns.h"
#include "scratch.h"
#include "suites.h"

enum { N = 50, TEST = 24 };

static elbo_images train, test;

static void setup(void)
{
    scratch_setup();
    train = pattern_images(N);
    test = pattern_images(TEST);
}

static elbo_run *new_run(const elbo_model *model, int64_t seed)
{
    elbo_values *options = elbo_values_new(model->options);
    ck_assert_int_eq(elbo_values_set(options, "hidden", "24"), ELBO_OK);
    ck_assert_int_eq(elbo_values_set(options, "latent-dim", "4"), ELBO_OK);
    elbo_run *run = elbo_run_for(model, options, &train, seed);
    ck_assert_msg(run != NULL, "%s", elbo_error());
    elbo_values_free(options);
    return run;
}

static void assert_trained(elbo_run *run, const elbo_training *how, elbo_epoch *last)
{
    elbo_status status = elbo_train(run, &train, &test, how, last);
    ck_assert_msg(status == ELBO_OK, "%s", elbo_error());
}

static void assert_not_trained(elbo_run *run, const elbo_training *how, const char *reason)
{
    elbo_epoch last;
    ck_assert_int_ne(elbo_train(run, &train, &test, how, &last), ELBO_OK);
    ck_assert_msg(strstr(elbo_error(), reason) != NULL, "\"%s\" does not say \"%s\"", elbo_error(), reason);
}

/* A progress callback that ends the training at the given call. */
typedef struct {
    int64_t stop_at, calls;
} watch;

static bool look(void *user, const elbo_progress *p)
{
    (void)p;
    watch *w = user;
    return ++w->calls != w->stop_at;
}

static const char *const files[] = {"run/model.safetensors", "run/config.ini", "run/metrics.csv", "run/samples.png",
                                    "run/reconstruction.png"};
enum { FILES = sizeof files / sizeof files[0] };

/* The content of a file as a string, in a new block. */
static char *text_of(const char *name)
{
    enum { MOST = 1 << 20 };
    char *text = calloc(1, MOST + 1);
    scratch_read(name, text, MOST);
    return text;
}

static void train_into(const char *folder, elbo_training how, elbo_epoch *last)
{
    elbo_run *run = new_run(&elbo_model_cvae, 1);
    how.folder = scratch_path(folder);
    assert_trained(run, &how, last);
    elbo_run_free(run);
}

START_TEST(a_run_folder_holds_all_of_a_run)
{
    elbo_epoch last;
    train_into("run", (elbo_training){.epochs = 2, .batch_size = 16}, &last);
    for (int i = 0; i < FILES; i++)
        ck_assert_msg(scratch_exists(files[i]), "%s", files[i]);
    ck_assert(!scratch_exists("run/.incomplete"));

    char *metrics = text_of("run/metrics.csv");
    static const char header[] = "epoch,step,seconds,images_per_s,lr,beta,train_loss,train_recon,train_kl,test_elbo,"
                                 "test_recon,test_kl,test_squared_error\n1,4,";
    ck_assert_int_eq(strncmp(metrics, header, sizeof header - 1), 0);
    char *second = strstr(metrics, "\n2,8,");
    ck_assert_ptr_nonnull(second);
    double row[13];
    for (int i = 0; i < 13; i++)
        row[i] = scratch_number(second + 1, &second);
    ck_assert_double_eq(row[4], 1e-3);
    ck_assert_double_eq(row[5], 1);
    ck_assert_double_eq_tol(row[6], last.train_loss, 1e-5);
    ck_assert_double_eq_tol(row[9], last.test_elbo, 1e-5);
    ck_assert_double_eq_tol(row[9], -(row[10] + row[11]), 1e-3);
    ck_assert_double_eq_tol(row[12], last.test_squared_error, 1e-5);
    ck_assert_str_eq(second, "\n");
    free(metrics);

    elbo_ini config;
    ck_assert_int_eq(elbo_ini_read(scratch_path("run/config.ini"), &config), ELBO_OK);
    static const char *const keys[] = {
        "model",      "seed",    "image",   "classes",   "latent-dim",        "epochs",   "lr",
        "batch-size", "version", "kernels", "test-elbo", "train-fingerprint", "optimiser"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        ck_assert_msg(elbo_ini_get(&config, keys[i]) != NULL, "no %s", keys[i]);
    elbo_ini_free(&config);

    elbo_run *run = elbo_run_load(scratch_path("run"), elbo_models);
    elbo_figures figures;
    ck_assert_msg(run != NULL, "%s", elbo_error());
    ck_assert_int_eq(elbo_run_evaluate(run, &test, elbo_run_seed(run), &figures), ELBO_OK);
    ck_assert_double_eq(elbo_figures_get(&figures, "elbo"), last.test_elbo);
    elbo_run_free(run);
}
END_TEST

START_TEST(a_folder_that_holds_something_is_refused)
{
    elbo_run *run = new_run(&elbo_model_vae, 1);
    elbo_training how = {.epochs = 1, .folder = scratch_path("run")};
    train_into("run", how, NULL);
    char *before = text_of("run/metrics.csv");
    assert_not_trained(run, &how, "holds a run already");
    char *after = text_of("run/metrics.csv");
    ck_assert_str_eq(before, after);
    free(before);
    free(after);

    ck_assert_int_eq(mkdir(scratch_path("other"), 0777), 0);
    scratch_write("other/thesis.tex", "x", 1);
    how.force = true;
    how.folder = scratch_path("other");
    assert_not_trained(run, &how, "is not empty and holds no run");
    ck_assert_int_eq(scratch_entries(), 2);
    how.folder = scratch_path("other/thesis.tex");
    assert_not_trained(run, &how, "is a file");
    how.folder = scratch_path("other/thesis.tex/run");
    assert_not_trained(run, &how, "thesis.tex");
    how.folder = "/proc/elbo";
    assert_not_trained(run, &how, "/proc/elbo: ");
    elbo_run_free(run);
}
END_TEST

START_TEST(an_empty_folder_is_taken)
{
    ck_assert_int_eq(mkdir(scratch_path("run"), 0777), 0);
    train_into("run", (elbo_training){.epochs = 1}, NULL);
    ck_assert(scratch_exists(files[0]));
}
END_TEST

START_TEST(a_forced_training_replaces_the_old_run_only_once_it_has_something)
{
    train_into("run", (elbo_training){.epochs = 3}, NULL);
    scratch_write("run/notes.txt", "mine", 4);
    scratch_write("run/resume.safetensors", "old", 3);
    char *before = text_of("run/metrics.csv");

    elbo_run *run = new_run(&elbo_model_vae, 1);
    watch w = {.stop_at = 2};
    elbo_training how = {.epochs = 1, .batch_size = 16, .folder = scratch_path("run"), .force = true};
    how.progress = look;
    how.user = &w;
    assert_trained(run, &how, NULL); /* ended in its first epoch */
    char *after = text_of("run/metrics.csv");
    ck_assert_str_eq(before, after);
    ck_assert(scratch_exists("run/resume.safetensors"));
    ck_assert(!scratch_exists("run/.incomplete"));

    how.progress = NULL;
    assert_trained(run, &how, NULL);
    free(after);
    after = text_of("run/metrics.csv");
    ck_assert_ptr_null(strstr(after, "\n2,"));
    ck_assert(!scratch_exists("run/resume.safetensors"));
    ck_assert(scratch_exists("run/notes.txt"));
    free(before);
    free(after);
    elbo_run_free(run);
}
END_TEST

START_TEST(a_run_that_cannot_be_replaced_whole_is_not_touched)
{
    elbo_epoch last;
    train_into("run", (elbo_training){.epochs = 1}, &last);
    char *config = text_of("run/config.ini"), *metrics = text_of("run/metrics.csv");
    ck_assert_int_eq(unlink(scratch_path("run/samples.png")), 0);
    ck_assert_int_eq(mkdir(scratch_path("run/samples.png"), 0777), 0);

    elbo_run *run = new_run(&elbo_model_cvae, 2);
    const elbo_training how = {.epochs = 1, .folder = scratch_path("run"), .force = true};
    assert_not_trained(run, &how, "run/samples.png: cannot replace: it is a folder");
    elbo_run_free(run);
    char *config_after = text_of("run/config.ini"), *metrics_after = text_of("run/metrics.csv");
    ck_assert_str_eq(config, config_after);
    ck_assert_str_eq(metrics, metrics_after);
    free(config);
    free(metrics);
    free(config_after);
    free(metrics_after);
}
END_TEST

START_TEST(a_training_that_is_stopped_leaves_its_last_whole_epoch)
{
    elbo_run *run = new_run(&elbo_model_vae, 1);
    elbo_epoch last;
    watch w = {.stop_at = 3};
    elbo_training how = {.epochs = 3, .batch_size = 16, .folder = scratch_path("run"), .progress = look, .user = &w};
    assert_trained(run, &how, &last);
    ck_assert_int_eq(last.epoch, 0);
    ck_assert_int_eq(scratch_entries(), 0);
    w = (watch){.stop_at = 7}; /* four batches, an epoch, two batches */
    assert_trained(run, &how, &last);
    ck_assert_int_eq(last.epoch, 1);
    ck_assert(scratch_exists(files[0]));
    ck_assert_int_eq(scratch_entries(), 1);
    elbo_run_free(run);
}
END_TEST

/* With an absurd rate the weights, then the loss, are soon infinite. */
START_TEST(a_loss_that_is_not_finite_ends_the_training_and_loses_nothing)
{
    elbo_run *run = new_run(&elbo_model_vae, 1);
    train_into("run", (elbo_training){.epochs = 1}, NULL);
    char *before = text_of("run/metrics.csv");
    elbo_training how = {.epochs = 50, .batch_size = 16, .lr = 1000, .optim.name = "sgd"};
    how.folder = scratch_path("run");
    how.force = true;
    assert_not_trained(run, &how, "; a smaller lr, clip-norm or skip-nonfinite may help");
    ck_assert_int_eq(strncmp(elbo_error(), "epoch 1, step ", 14), 0);
    char *after = text_of("run/metrics.csv");
    ck_assert_str_eq(before, after);
    free(before);
    free(after);
    elbo_run_free(run);
}
END_TEST

START_TEST(a_full_disk_is_an_error_that_leaves_nothing_behind)
{
    elbo_run *run = new_run(&elbo_model_vae, 1);
    const elbo_training how = {.epochs = 1, .folder = scratch_path("run")};
    scratch_disk_full(5000);
    assert_not_trained(run, &how, scratch_path("run"));
    scratch_disk_free();
    ck_assert_int_eq(scratch_entries(), 0);
    elbo_run_free(run);
}
END_TEST

/* The disk fills up after the first epoch. */
static bool fill_the_disk(void *user, const elbo_progress *p)
{
    (void)user;
    if (p->finished && p->epoch == 1)
        scratch_disk_full(5000);
    return true;
}

START_TEST(a_disk_that_fills_up_later_leaves_the_last_whole_epoch)
{
    elbo_run *run = new_run(&elbo_model_vae, 1);
    elbo_epoch last;
    elbo_training how = {.epochs = 3, .batch_size = 16, .folder = scratch_path("run"), .progress = fill_the_disk};
    ck_assert_int_eq(elbo_train(run, &train, &test, &how, &last), ELBO_IO);
    scratch_disk_free();
    ck_assert_int_eq(last.epoch, 1);
    elbo_run_free(run);

    elbo_figures figures;
    run = elbo_run_load(scratch_path("run"), elbo_models);
    ck_assert_msg(run != NULL, "%s", elbo_error());
    ck_assert_int_eq(elbo_run_evaluate(run, &test, 1, &figures), ELBO_OK);
    ck_assert_double_eq(elbo_figures_get(&figures, "elbo"), last.test_elbo);
    elbo_run_free(run);
    char *metrics = text_of("run/metrics.csv");
    ck_assert_ptr_null(strstr(metrics, "\n2,"));
    free(metrics);
}
END_TEST

Suite *suite_folder(void)
{
    Suite *suite = suite_create("folder");
    TCase *folder = tcase_create("run folder");
    tcase_add_checked_fixture(folder, setup, scratch_teardown);
    tcase_add_test(folder, a_run_folder_holds_all_of_a_run);
    tcase_add_test(folder, a_folder_that_holds_something_is_refused);
    tcase_add_test(folder, an_empty_folder_is_taken);
    tcase_add_test(folder, a_forced_training_replaces_the_old_run_only_once_it_has_something);
    tcase_add_test(folder, a_run_that_cannot_be_replaced_whole_is_not_touched);
    tcase_add_test(folder, a_training_that_is_stopped_leaves_its_last_whole_epoch);
    tcase_add_test(folder, a_loss_that_is_not_finite_ends_the_training_and_loses_nothing);
    tcase_add_test(folder, a_full_disk_is_an_error_that_leaves_nothing_behind);
    tcase_add_test(folder, a_disk_that_fills_up_later_leaves_the_last_whole_epoch);
    suite_add_tcase(suite, folder);
    return suite;
}
