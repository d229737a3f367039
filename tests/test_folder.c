/* The run folder that a training writes. */
#include <check.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../autograd/plan.h"
#include "../models/models.h"
#include "../nn/runs/folder.h"
#include "../nn/training/train.h"
#include "scratch.h"
#include "suites.h"
#include "trainings.h"

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

static const char *const files[] = {"run/model.safetensors", "run/config.ini",  "run/metrics.csv",
                                    "run/timing.csv",        "run/samples.png", "run/reconstruction.png",
                                    "run/resume.safetensors"};
enum { FILES = sizeof files / sizeof files[0] };

/* The content of a file as a string, in a new block. */
static char *text_of(const char *name)
{
    enum { MOST = 1 << 20 };
    char *text = calloc(1, MOST + 1);
    scratch_read(name, text, MOST);
    return text;
}

START_TEST(a_run_folder_holds_all_of_a_run)
{
    elbo_epoch last;
    train_into("run", (elbo_training){.epochs = 2, .batch_size = 16, .test_every = 1}, &last);
    for (int i = 0; i < FILES; i++)
        ck_assert_msg(scratch_exists(files[i]), "%s", files[i]);
    ck_assert(!scratch_exists("run/.incomplete"));

    char *metrics = text_of("run/metrics.csv");
    static const char header[] = "epoch,step,lr,beta,skipped,train_loss,train_recon,train_kl,train_elbo,"
                                 "test_loss,test_recon,test_kl,test_elbo,test_squared_error\n1,4,";
    ck_assert_int_eq(strncmp(metrics, header, sizeof header - 1), 0);
    char *second = strstr(metrics, "\n2,8,");
    ck_assert_ptr_nonnull(second);
    double row[14];
    for (int i = 0; i < 14; i++)
        row[i] = scratch_number(second + 1, &second);
    ck_assert_double_eq(row[2], 1e-3);
    ck_assert_double_eq(row[3], 1);
    ck_assert_double_eq(row[4], 0);
    ck_assert_double_eq_tol(row[5], elbo_figures_get(&last.train, "loss"), 1e-5);
    ck_assert_double_eq_tol(row[12], elbo_figures_get(&last.test, "elbo"), 1e-5);
    ck_assert_double_eq_tol(row[12], -(row[10] + row[11]), 1e-3);
    ck_assert_double_eq_tol(row[13], elbo_figures_get(&last.test, "squared_error"), 1e-5);
    ck_assert_str_eq(second, "\n");
    free(metrics);

    elbo_ini config;
    ck_assert_int_eq(elbo_ini_read(scratch_path("run/config.ini"), &config), ELBO_OK);
    static const char *const keys[] = {"model", "seed", "latent-dim", "epochs", "lr", "batch-size", "optimiser"},
                             *const figures_of_it[] = {"# image = ", "# version = ", "# kernels = ", "# test-elbo = ",
                                                       "# train-fingerprint = "};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        ck_assert_msg(elbo_ini_get(&config, keys[i]) != NULL, "no %s", keys[i]);
    elbo_ini_free(&config);
    char *lines = text_of("run/config.ini");
    for (size_t i = 0; i < sizeof figures_of_it / sizeof figures_of_it[0]; i++)
        ck_assert_msg(strstr(lines, figures_of_it[i]) != NULL, "no \"%s\"", figures_of_it[i]);
    free(lines);

    elbo_run *run = elbo_run_load(scratch_path("run"), elbo_models);
    elbo_figures figures;
    ck_assert_msg(run != NULL, "%s", elbo_error());
    ck_assert_int_eq(elbo_run_evaluate(run, &test, 0, elbo_run_seed(run), &figures), ELBO_OK);
    ck_assert_double_eq(elbo_figures_get(&figures, "elbo"), elbo_figures_get(&last.test, "elbo"));
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

/* Before its first batch a training finds out whether a second one may write where it writes. */
typedef struct {
    bool force;
    int calls;
} rival;

static bool start_another(void *user, const elbo_progress *p)
{
    (void)p;
    rival *r = user;
    if (r->calls++ > 0)
        return true;
    elbo_run *run = new_run(&elbo_model_vae, 2);
    assert_not_trained(run, &(elbo_training){.epochs = 1, .folder = scratch_path("run"), .force = r->force},
                       "run: another training is writing there");
    elbo_run_free(run);
    return true;
}

START_TEST(a_folder_that_is_being_written_is_refused_even_by_force)
{
    rival r = {.force = _i};
    elbo_epoch last;
    train_into("run", (elbo_training){.epochs = 2, .batch_size = 16, .progress = start_another, .user = &r}, &last);
    ck_assert_int_gt(r.calls, 1);
    ck_assert_int_eq(last.epoch, 2);
    char *metrics = text_of("run/metrics.csv");
    ck_assert_ptr_nonnull(strstr(metrics, "\n2,8,"));
    free(metrics);
    train_into("run", (elbo_training){.epochs = 1, .force = true}, &last); /* it is free again */
}
END_TEST

/* A child begins a training and is killed in it. */
START_TEST(what_a_killed_training_left_is_no_obstacle)
{
    int ready[2];
    char byte;
    ck_assert_int_eq(pipe(ready), 0);
    const pid_t child = fork();
    if (child == 0) {
        elbo__folder *folder;
        elbo_status status = elbo__folder_open(scratch_path("run"), ELBO__NEW, &folder);
        if (status != ELBO_OK || write(ready[1], "x", 1) != 1)
            _exit(1);
        for (;;)
            pause();
    }
    ck_assert_int_eq(read(ready[0], &byte, 1), 1);
    elbo_run *run = new_run(&elbo_model_cvae, 1);
    elbo_training how = {.epochs = 1, .folder = scratch_path("run"), .force = true};
    assert_not_trained(run, &how, "another training is writing there");
    ck_assert_int_eq(kill(child, SIGKILL), 0);
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
    assert_trained(run, &how, NULL);
    ck_assert(scratch_exists(files[0]));
    ck_assert(!scratch_exists("run/.incomplete"));
    elbo_run_free(run);
}
END_TEST

START_TEST(a_claimed_folder_is_the_next_free_one)
{
    static const char *const names[] = {"runs/vae", "runs/vae-2", "runs/vae-3"};
    for (int i = 0; i < 3; i++) {
        char *path = elbo_claim_folder(scratch_path("runs/vae"));
        ck_assert_str_eq(path, scratch_path(names[i]));
        ck_assert(scratch_exists(names[i]));
        elbo_release(path);
    }
    char *path = elbo_claim_folder(scratch_path("runs/ae/"));
    ck_assert_str_eq(path, scratch_path("runs/ae"));
    elbo_release(path);
    scratch_write("file", "", 0);
    ck_assert_ptr_null(elbo_claim_folder(scratch_path("file/vae")));
    ck_assert_ptr_nonnull(strstr(elbo_error(), "file: is a file, not a folder"));
}
END_TEST

/* Whatever keeps a folder from being made, the reason is that of the system. */
START_TEST(a_folder_that_cannot_be_had_is_refused_with_the_reason_of_the_system)
{
    char longest[300];
    memset(longest, 'n', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    ck_assert_int_eq(symlink("loop", scratch_path("loop")), 0);
    ck_assert_int_eq(symlink("gone", scratch_path("dangling")), 0);
    ck_assert_int_eq(mkdir(scratch_path("closed"), 0), 0);
    const bool root = geteuid() == 0;
    if (root) /* who may do anything */
        ck_assert_int_eq(chmod(scratch_path(""), 0777) + seteuid(65534), 0);
    const struct {
        const char *path;
        const char *reason;
    } cases[] = {{"loop", "Too many levels of symbolic links"},
                 {"loop/a", "Too many levels of symbolic links"},
                 {"dangling", "No such file or directory"},
                 {longest, "File name too long"},
                 {"closed/a", "Permission denied"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        elbo__folder *folder;
        assert_error(elbo__folder_open(scratch_path(cases[i].path), ELBO__NEW, &folder), ELBO_IO,
                     scratch_path(i == 1 ? "loop" : cases[i].path), cases[i].reason);
        ck_assert_ptr_null(folder);
    }
    if (root)
        ck_assert_int_eq(seteuid(0), 0);
}
END_TEST

START_TEST(an_empty_folder_is_taken)
{
    ck_assert_int_eq(mkdir(scratch_path("run"), 0777), 0);
    train_into("run", (elbo_training){.epochs = 1}, NULL);
    ck_assert(scratch_exists(files[0]));
}
END_TEST

/* What lies behind the break may be anything. */
START_TEST(a_folder_that_breaks_off_is_not_taken_for_an_empty_one)
{
    elbo_run *run = new_run(&elbo_model_vae, 1);
    ck_assert_int_eq(mkdir(scratch_path("run"), 0777), 0);
    scratch_break_folders(2);
    assert_not_trained(run, &(elbo_training){.epochs = 1, .folder = scratch_path("run")}, "cannot read the folder");
    scratch_break_folders(-1);
    elbo_run_free(run);
}
END_TEST

START_TEST(a_forced_training_replaces_the_old_run_only_once_it_has_something)
{
    train_into("run", (elbo_training){.epochs = 3}, NULL);
    scratch_write("run/notes.txt", "mine", 4);
    char *before = text_of("run/metrics.csv");

    elbo_run *run = new_run(&elbo_model_vae, 1);
    watch w = {.stop_at = 2};
    elbo_training how = {.epochs = 1, .batch_size = 16, .folder = scratch_path("run"), .force = true};
    how.progress = look;
    how.user = &w;
    assert_trained(run, &how, NULL); /* ended in its first epoch */
    char *after = text_of("run/metrics.csv");
    ck_assert_str_eq(before, after);
    ck_assert(scratch_exists("run/.incomplete/resume.safetensors"));

    how.progress = NULL;
    assert_trained(run, &how, NULL);
    free(after);
    after = text_of("run/metrics.csv");
    ck_assert_ptr_null(strstr(after, "\n2,"));
    ck_assert(!scratch_exists("run/.incomplete"));
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
    watch w = {.stop_at = 7};
    elbo_training how = {.epochs = 3,
                         .batch_size = 16,
                         .folder = scratch_path("run"),
                         .progress = look,
                         .user = &w}; /* four batches, an epoch, two batches */
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
    assert_not_trained(run, &how, "; a smaller lr or clip-norm may help");
    ck_assert_int_eq(strncmp(elbo_error(), "epoch 1", 7), 0);
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
    elbo_training how = {
        .epochs = 3, .batch_size = 16, .test_every = 1, .folder = scratch_path("run"), .progress = fill_the_disk};
    ck_assert_int_eq(elbo_train(run, &train, &test, &how, &last), ELBO_IO);
    scratch_disk_free();
    ck_assert_int_eq(last.epoch, 1);
    elbo_run_free(run);

    elbo_figures figures;
    run = elbo_run_load(scratch_path("run"), elbo_models);
    ck_assert_msg(run != NULL, "%s", elbo_error());
    ck_assert_int_eq(elbo_run_evaluate(run, &test, 0, 1, &figures), ELBO_OK);
    ck_assert_double_eq(elbo_figures_get(&figures, "elbo"), elbo_figures_get(&last.test, "elbo"));
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
    tcase_add_checked_fixture(folder, training_setup_with_scratch, scratch_teardown);
    tcase_add_test(folder, a_run_folder_holds_all_of_a_run);
    tcase_add_test(folder, a_folder_that_holds_something_is_refused);
    tcase_add_test(folder, an_empty_folder_is_taken);
    tcase_add_loop_test(folder, a_folder_that_is_being_written_is_refused_even_by_force, 0, 2);
    tcase_add_test(folder, what_a_killed_training_left_is_no_obstacle);
    tcase_add_test(folder, a_claimed_folder_is_the_next_free_one);
    tcase_add_test(folder, a_folder_that_cannot_be_had_is_refused_with_the_reason_of_the_system);
    tcase_add_test(folder, a_folder_that_breaks_off_is_not_taken_for_an_empty_one);
    tcase_add_test(folder, a_forced_training_replaces_the_old_run_only_once_it_has_something);
    tcase_add_test(folder, a_run_that_cannot_be_replaced_whole_is_not_touched);
    tcase_add_test(folder, a_training_that_is_stopped_leaves_its_last_whole_epoch);
    tcase_add_test(folder, a_loss_that_is_not_finite_ends_the_training_and_loses_nothing);
    tcase_add_test(folder, a_full_disk_is_an_error_that_leaves_nothing_behind);
    tcase_add_test(folder, a_disk_that_fills_up_later_leaves_the_last_whole_epoch);
    suite_add_tcase(suite, folder);
    return suite;
}
