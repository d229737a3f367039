/* Training, and the run folder that it writes. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../autograd/plan.h"
#include "../models/models.h"
#include "../nn/train.h"
#include "patterns.h"
#include "scratch.h"
#include "suites.h"

enum { N = 50, TEST = 24, D = PATTERN_PIXELS };

static unsigned char bytes[N * D], byte_labels[N];
static elbo_images train, test;

static elbo_images part(int n)
{
    elbo_images out;
    const elbo_tensor pixels = elbo_tensor_of(ELBO_U8, ELBO_SHAPE(n, PATTERN_SIDE, PATTERN_SIDE), bytes);
    const elbo_tensor labels = elbo_tensor_of(ELBO_U8, ELBO_SHAPE(n), byte_labels);
    ck_assert_int_eq(elbo_images_of(&pixels, &labels, PATTERN_CLASSES, &out), ELBO_OK);
    return out;
}

static void setup(void)
{
    scratch_setup();
    patterns(N, bytes, byte_labels);
    train = part(N);
    test = part(TEST);
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

/* ---- learning ---------------------------------------------------------------------------------------------------- */

static void assert_learns(const elbo_model *model)
{
    elbo_run *run = new_run(model, 1);
    elbo_figures before, after;
    elbo_epoch last;
    ck_assert_int_eq(elbo_run_evaluate(run, &test, 1, &before), ELBO_OK);
    assert_trained(run, &(elbo_training){.epochs = 150, .batch_size = 16, .lr = 5e-3}, &last);
    ck_assert_int_eq(elbo_run_evaluate(run, &test, 1, &after), ELBO_OK);
    ck_assert_double_lt(elbo_figures_get(&before, "elbo"), -PATTERN_MEANS_ALONE);
    ck_assert_double_gt(last.test_elbo, -PATTERN_MEANS_ALONE / 2);
    ck_assert_double_eq(last.test_elbo, elbo_figures_get(&after, "elbo"));
    ck_assert_double_lt(last.train_loss, PATTERN_MEANS_ALONE / 2);
    ck_assert_double_eq_tol(last.train_loss, last.train_recon + last.train_kl, 1e-3);
    ck_assert_int_eq(last.epoch, 150);
    ck_assert_int_eq(last.step, 150 * 4); /* 16, 16, 16 and 2 images */
    elbo_run_free(run);
}

START_TEST(models_learn_more_than_the_means_of_pixels)
{
    assert_learns(&elbo_model_vae);
    assert_learns(&elbo_model_cvae);
}
END_TEST

/* The weights after an epoch, row-major, in a new block. */
static float *weights_of(elbo_run *run, size_t *size)
{
    elbo_tensor slab = elbo_params_slab(elbo_run_params(run), 0);
    *size = (size_t)slab.layout.shape.dim[0] * sizeof(float);
    float *copy = malloc(*size);
    memcpy(copy, slab.data, *size);
    return copy;
}

static float *train_once(const elbo_model *model, int threads, int64_t seed, size_t *size)
{
    elbo_set_threads(threads);
    elbo_run *run = new_run(model, seed);
    assert_trained(run, &(elbo_training){.epochs = 1, .batch_size = 16}, NULL);
    float *weights = weights_of(run, size);
    elbo_run_free(run);
    return weights;
}

START_TEST(the_seed_decides_the_weights_and_the_threads_do_not)
{
    static const elbo_model *const models[] = {&elbo_model_vae, &elbo_model_cvae};
    for (int m = 0; m < 2; m++) {
        size_t size, other_size;
        float *one = train_once(models[m], 1, 7, &size);
        for (int threads = 2; threads <= 4; threads++) {
            float *more = train_once(models[m], threads, 7, &other_size);
            ck_assert_mem_eq(one, more, size);
            free(more);
        }
        float *other = train_once(models[m], 2, 8, &other_size);
        ck_assert_mem_ne(one, other, size);
        free(other);
        free(one);
    }
}
END_TEST

typedef struct {
    int64_t stop_at; /* calls */
    int64_t calls, finished, epoch, step;
    bool in_order;
} watch;

static bool look(void *user, const elbo_progress *p)
{
    watch *w = user;
    w->calls++;
    w->finished += p->finished != NULL;
    if (!p->finished) {
        const bool next = p->epoch == w->epoch ? p->step == w->step + 1 : p->epoch == w->epoch + 1 && p->step == 1;
        w->in_order = w->in_order && next && p->steps == 4 && p->epochs == 3 && isfinite(p->loss);
        w->epoch = p->epoch;
        w->step = p->step;
    }
    return w->calls != w->stop_at;
}

START_TEST(progress_is_told_after_each_batch_and_epoch)
{
    elbo_run *run = new_run(&elbo_model_vae, 1);
    watch w = {.stop_at = -1, .in_order = true};
    assert_trained(run, &(elbo_training){.epochs = 3, .batch_size = 16, .progress = look, .user = &w}, NULL);
    ck_assert(w.in_order);
    ck_assert_int_eq(w.calls, 3 * 4 + 3);
    ck_assert_int_eq(w.finished, 3);
    elbo_run_free(run);
}
END_TEST

START_TEST(training_again_begins_with_fresh_moments)
{
    size_t size;
    elbo_run *twice = new_run(&elbo_model_vae, 1), *once = new_run(&elbo_model_vae, 1);
    const elbo_training how = {.epochs = 1};
    assert_trained(twice, &how, NULL);
    float *weights = weights_of(twice, &size);
    assert_trained(twice, &how, NULL);
    elbo_tensor slab = elbo_params_slab(elbo_run_params(once), 0);
    memcpy(slab.data, weights, size);
    elbo_params_touch(elbo_run_params(once));
    assert_trained(once, &how, NULL);
    ck_assert_mem_eq(slab.data, elbo_params_slab(elbo_run_params(twice), 0).data, size);
    free(weights);
    elbo_run_free(twice);
    elbo_run_free(once);
}
END_TEST

START_TEST(impossible_choices_are_refused_by_name)
{
    elbo_run *run = new_run(&elbo_model_vae, 1);
    assert_not_trained(run, &(elbo_training){.epochs = -1}, "option \"epochs\": -1");
    assert_not_trained(run, &(elbo_training){.batch_size = -5}, "option \"batch-size\": -5");
    assert_not_trained(run, &(elbo_training){.lr = NAN}, "option \"lr\"");
    assert_not_trained(run, &(elbo_training){.lr = -1e-3}, "option \"lr\": -0.001 is less than 0");
    assert_not_trained(run, &(elbo_training){.optim.name = "sgdd"}, "option \"optimiser\": \"sgdd\"");
    assert_not_trained(run, &(elbo_training){.optim.clip_norm = -1}, "option \"clip-norm\"");
    elbo_run_free(run);
}
END_TEST

/* ---- the run folder ---------------------------------------------------------------------------------------------- */

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
                                 "test_recon,test_kl\n1,4,";
    ck_assert_int_eq(strncmp(metrics, header, sizeof header - 1), 0);
    char *second = strstr(metrics, "\n2,8,");
    ck_assert_ptr_nonnull(second);
    double row[12];
    for (int i = 0; i < 12; i++)
        row[i] = strtod(second + 1, &second);
    ck_assert_double_eq(row[4], 1e-3);
    ck_assert_double_eq(row[5], 1);
    ck_assert_double_eq_tol(row[6], last.train_loss, 1e-5);
    ck_assert_double_eq_tol(row[9], last.test_elbo, 1e-5);
    ck_assert_double_eq_tol(row[9], -(row[10] + row[11]), 1e-3);
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

Suite *suite_train(void)
{
    Suite *suite = suite_create("train");
    TCase *learning = tcase_create("learning"), *folder = tcase_create("the run folder");
    tcase_add_checked_fixture(learning, setup, scratch_teardown);
    tcase_add_test(learning, models_learn_more_than_the_means_of_pixels);
    tcase_add_test(learning, the_seed_decides_the_weights_and_the_threads_do_not);
    tcase_add_test(learning, progress_is_told_after_each_batch_and_epoch);
    tcase_add_test(learning, training_again_begins_with_fresh_moments);
    tcase_add_test(learning, impossible_choices_are_refused_by_name);
    suite_add_tcase(suite, learning);
    tcase_add_checked_fixture(folder, setup, scratch_teardown);
    tcase_add_test(folder, a_run_folder_holds_all_of_a_run);
    tcase_add_test(folder, a_folder_that_holds_something_is_refused);
    tcase_add_test(folder, an_empty_folder_is_taken);
    tcase_add_test(folder, a_forced_training_replaces_the_old_run_only_once_it_has_something);
    tcase_add_test(folder, a_training_that_is_stopped_leaves_its_last_whole_epoch);
    tcase_add_test(folder, a_loss_that_is_not_finite_ends_the_training_and_loses_nothing);
    tcase_add_test(folder, a_full_disk_is_an_error_that_leaves_nothing_behind);
    suite_add_tcase(suite, folder);
    return suite;
}
