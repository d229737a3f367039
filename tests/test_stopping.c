/* Long work on a run says how far it is, and ends where its watcher has had enough. */
#include <check.h>
#include <math.h>
#include <string.h>

#include "../nn/runs/explain.h"
#include "../nn/pictures/picture.h"
#include "../tensor/watch.h"
#include "patterns.h"
#include "runs.h"
#include "scratch.h"
#include "suites.h"

enum { N = 24, D = PATTERN_PIXELS, Z = 2, CLASSES = PATTERN_CLASSES };

static elbo_images images;
static elbo_run *run;
static float x[N * D], z[N * D], out[N * D];
static int labels[N];

static void setup(void)
{
    scratch_setup();
    images = pattern_images(N);
    run = run_of(&elbo_model_cvae, OPTIONS("hidden", "5", "latent-dim", "2"), ELBO_SHAPE(PATTERN_SIDE, PATTERN_SIDE),
                 CLASSES);
    assert_ok(elbo_images_rows(&images, 0, N, x, labels));
}

static void teardown(void)
{
    elbo_run_free(run);
    scratch_teardown();
}

/* ---- the work ---------------------------------------------------------------------------------------------------- */

static elbo_status encode(void)
{
    return elbo_run_encode(run, x, labels, N, z);
}

static elbo_status decode(void)
{
    return elbo_run_decode(run, z, labels, N, out);
}

static elbo_status sample(void)
{
    return elbo_run_sample(run, labels, N, 1, out);
}

static elbo_status reconstruct(void)
{
    return elbo_run_reconstruct(run, x, labels, N, 1, out);
}

static elbo_status bound(void)
{
    return elbo_run_elbo(run, x, labels, N, 3, 1, out);
}

static elbo_status log_prob(void)
{
    return elbo_run_log_prob(run, x, labels, N, 10000, 1, out);
}

static elbo_status classify(void)
{
    return elbo_run_classify(run, x, N, 2, 1, out);
}

static elbo_status evaluate(void)
{
    elbo_figures figures;
    return elbo_run_evaluate(run, &images, 0, 1, &figures);
}

static elbo_status draw_samples(void)
{
    return elbo_picture_samples(run, 8, ELBO_EACH_CLASS, 1, scratch_path("a.png"));
}

static elbo_status draw_reconstruction(void)
{
    return elbo_picture_reconstruction(run, &images, 8, 1, scratch_path("a.png"));
}

static elbo_status draw_traversal(void)
{
    return elbo_picture_traversal(run, &(elbo_view){.label = 0}, -1, scratch_path("a.png"));
}

static elbo_status draw_features(void)
{
    return elbo_picture_features(run, 5, scratch_path("a.png"));
}

static elbo_status draw_scatter(void)
{
    return elbo_picture_scatter(&run, NULL, 1, &images, scratch_path("a.svg"));
}

static elbo_status (*const works[])(void) = {
    encode,   decode,       sample,         reconstruct,   bound,        log_prob,           classify,
    evaluate, draw_samples, draw_traversal, draw_features, draw_scatter, draw_reconstruction};
enum { WORKS = sizeof works / sizeof works[0] };

/* ---- watching ---------------------------------------------------------------------------------------------------- */

typedef struct {
    int calls, stop_at;
    bool sensible;
    int64_t left; /* to be done, as it was last heard */
} witness;

static bool look(void *user, const char *what, int64_t done, int64_t total)
{
    witness *w = user;
    w->sensible = w->sensible && what[0] && done >= 0 && done <= total && total > 0;
    w->left = total - done;
    return ++w->calls != w->stop_at;
}

static elbo_status watched(elbo_status (*work)(void), witness *w)
{
    elbo_watch(look, w);
    elbo_status status = work();
    elbo_watch(NULL, NULL);
    return status;
}

START_TEST(long_work_says_how_far_it_is)
{
    witness w = {.stop_at = -1, .sensible = true};
    assert_ok(watched(works[_i], &w));
    ck_assert_int_gt(w.calls, 1);
    ck_assert(w.sensible);
    ck_assert_int_eq(w.left, 0);
}
END_TEST

/* Wherever it is stopped, a file stays what it was. */
START_TEST(long_work_can_be_stopped_wherever_it_is)
{
    witness w = {.stop_at = -1};
    assert_ok(watched(works[_i], &w));
    const int calls = w.calls;
    scratch_write("a.png", "old", 3);
    scratch_write("a.svg", "old", 3);
    for (int stop_at = 1; stop_at <= calls; stop_at++) {
        w = (witness){.stop_at = stop_at};
        ck_assert_int_eq(watched(works[_i], &w), ELBO_STOPPED);
        ck_assert_ptr_nonnull(strstr(elbo_error(), ": stopped"));
        ck_assert_int_eq(w.calls, stop_at);
        scratch_assert_bytes("a.png", "old", 3);
        scratch_assert_bytes("a.svg", "old", 3);
        ck_assert_int_eq(scratch_entries(), 2);
    }
    assert_ok(watched(works[_i], &(witness){.stop_at = -1})); /* and it can be done after all */
}
END_TEST

/* Labels are taken one after the other, but there is one count for all. */
static bool count(void *user, const char *what, int64_t done, int64_t total)
{
    (void)what;
    int64_t *last = user;
    ck_assert_int_eq(total, N * CLASSES);
    ck_assert_int_ge(done, *last);
    ck_assert_int_le(done, *last + N);
    *last = done;
    return true;
}

START_TEST(a_classification_is_counted_over_all_labels)
{
    int64_t last = 0;
    elbo_watch(count, &last);
    assert_ok(classify());
    elbo_watch(NULL, NULL);
    ck_assert_int_eq(last, N * CLASSES);
}
END_TEST

/* ---- training ---------------------------------------------------------------------------------------------------- */

/* The ELBO that a training ends with that nobody stops. */
static double whole_elbo(void)
{
    elbo_run *whole = run_of(&elbo_model_cvae, OPTIONS("hidden", "5", "latent-dim", "2"),
                             ELBO_SHAPE(PATTERN_SIDE, PATTERN_SIDE), CLASSES);
    assert_ok(elbo_train(whole, &images, NULL, &(elbo_training){.epochs = 3}, NULL));
    const double elbo = evaluated(whole, &images, 1, "elbo");
    elbo_run_free(whole);
    return elbo;
}

START_TEST(a_training_that_is_stopped_while_it_evaluates_can_go_on)
{
    elbo_epoch last;
    witness w = {.stop_at = 1 + _i};
    elbo_training how = {.epochs = 3, .test_every = 1, .folder = scratch_path("run")};
    elbo_watch(look, &w);
    elbo_status status = elbo_train(run, &images, &images, &how, &last);
    elbo_watch(NULL, NULL);
    assert_ok(status);
    elbo_run *going = elbo_train_load(scratch_path("run"), elbo_models);
    if (last.epoch == 0 && !going) /* before the first step there is nothing to go on from */
        return;
    how.resume = true;
    assert_ok(elbo_train(going, &images, &images, &how, &last));
    elbo_run_free(going);
    elbo_run *kept = elbo_run_load(scratch_path("run"), elbo_models);
    ck_assert_msg(kept != NULL, "%s", elbo_error());
    ck_assert_double_eq(evaluated(kept, &images, 1, "elbo"), whole_elbo());
    elbo_run_free(kept);
}
END_TEST

static bool stop_evaluating(void *user, const char *what, int64_t done, int64_t total)
{
    (void)user, (void)done, (void)total;
    return strcmp(what, "evaluating") != 0;
}

START_TEST(a_fitted_model_is_kept_though_its_figures_are_not_had)
{
    elbo_run *fitted = run_of(&elbo_model_pca, OPTIONS("latent-dim", "2"), ELBO_SHAPE(PATTERN_SIDE, PATTERN_SIDE), 0);
    elbo_epoch last;
    const elbo_training how = {.folder = scratch_path("fitted")};
    elbo_watch(stop_evaluating, NULL);
    assert_ok(elbo_train(fitted, &images, &images, &how, &last));
    elbo_watch(NULL, NULL);
    ck_assert_int_eq(last.epoch, 1);
    ck_assert(isnan(elbo_figures_get(&last.test, "squared_error")));
    elbo_run *kept = elbo_run_load(scratch_path("fitted"), elbo_models);
    ck_assert_msg(kept != NULL, "%s", elbo_error());
    elbo_run_free(kept);
    elbo_run_free(fitted);
}
END_TEST

Suite *suite_stopping(void)
{
    Suite *suite = suite_create("stopping");
    TCase *work = tcase_create("work on a run");
    tcase_add_checked_fixture(work, setup, teardown);
    tcase_add_loop_test(work, long_work_says_how_far_it_is, 0, WORKS);
    tcase_add_loop_test(work, long_work_can_be_stopped_wherever_it_is, 0, WORKS);
    tcase_add_test(work, a_classification_is_counted_over_all_labels);
    tcase_add_loop_test(work, a_training_that_is_stopped_while_it_evaluates_can_go_on, 0, 12);
    tcase_add_test(work, a_fitted_model_is_kept_though_its_figures_are_not_had);
    suite_add_tcase(suite, work);
    return suite;
}
