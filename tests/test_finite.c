/* A number that is not finite is neither no number nor a figure to go on with: it is said, and nothing is built on
 * it. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../nn/pca/pca.h"
#include "../nn/pictures/picture.h"
#include "patterns.h"
#include "runs.h"
#include "scratch.h"
#include "suites.h"

enum { N = 24, D = PATTERN_PIXELS, MOST_FILE = 1 << 16 };
#define IMAGE ELBO_SHAPE(PATTERN_SIDE, PATTERN_SIDE)
#define SMALL OPTIONS("hidden", "5", "latent-dim", "2")

static elbo_images images;

static void setup(void)
{
    scratch_setup();
    images = pattern_images(N);
}

static void fill_param(elbo_run *run, const char *name, int n, double value)
{
    double all[5 * D];
    for (int i = 0; i < n; i++)
        all[i] = value;
    run_set_param(run, name, all);
}

/* Writes bytes of a number over the first one of a tensor in a safetensors file. */
static void damage(const char *name, const char *tensor, float value)
{
    static char bytes[MOST_FILE + 1];
    const size_t size = scratch_read(name, bytes, MOST_FILE);
    const char *entry = strstr(bytes + 8, tensor);
    ck_assert_ptr_nonnull(entry);
    const char *offsets = strstr(entry, "\"data_offsets\":[");
    ck_assert_ptr_nonnull(offsets);
    uint64_t header;
    memcpy(&header, bytes, sizeof header);
    memcpy(bytes + 8 + header + strtol(offsets + 16, NULL, 10), &value, sizeof value);
    scratch_write(name, bytes, size);
}

START_TEST(a_file_with_a_weight_that_is_not_finite_is_refused_by_its_name)
{
    static const float values[] = {NAN, INFINITY, -INFINITY};
    elbo_run *run = run_of(&elbo_model_vae, SMALL, IMAGE, 0);
    assert_ok(elbo_run_save(run, scratch_path("model")));
    elbo_run_free(elbo_run_load(scratch_path("model"), elbo_models));
    damage("model", "\"encoder.mean.bias\"", values[_i]);
    ck_assert_ptr_null(elbo_run_load(scratch_path("model"), elbo_models));
    ck_assert_ptr_nonnull(strstr(elbo_error(), "model: parameter \"encoder.mean.bias\" is not finite"));
    elbo_run_free(run);
}
END_TEST

START_TEST(weights_that_are_not_finite_are_not_saved)
{
    elbo_run *run = run_of(&elbo_model_vae, SMALL, IMAGE, 0);
    assert_ok(elbo_run_save(run, scratch_path("model")));
    char before[MOST_FILE];
    const size_t size = scratch_read("model", before, sizeof before);
    fill_param(run, "encoder.logvar.bias", 2, NAN);
    assert_error(elbo_run_save(run, scratch_path("model")), ELBO_INVALID, scratch_path("model"),
                 "parameter \"encoder.logvar.bias\" is not finite");
    scratch_assert_bytes("model", before, size);
    elbo_run_free(run);
}
END_TEST

START_TEST(a_figure_that_is_not_finite_is_a_figure)
{
    elbo_run *run = run_of(&elbo_model_vae, SMALL, IMAGE, 0);
    elbo_figures figures;
    fill_param(run, "encoder.logvar.bias", 2, 200); /* a variance of e^200 */
    assert_ok(elbo_run_evaluate(run, &images, 0, 1, &figures));
    ck_assert(elbo_figures_has(&figures, "kl"));
    ck_assert(!isfinite(elbo_figures_get(&figures, "kl")));
    ck_assert(!elbo_figures_has(&figures, "corrupted_error"));
    elbo_run_free(run);
}
END_TEST

START_TEST(a_picture_of_what_is_not_finite_is_refused)
{
    elbo_run *run = run_of(&elbo_model_vae, SMALL, IMAGE, 0);
    const elbo_view view = {.label = ELBO_EACH_CLASS};
    fill_param(run, "decoder.logits.bias", D, NAN);
    const char *path = scratch_path("a.png");
    assert_refused(elbo_picture_samples(run, 4, ELBO_EACH_CLASS, 1, path), "what is drawn is not finite: nan");
    assert_refused(elbo_picture_reconstruction(run, &images, 4, 1, path), "what is drawn is not finite: nan");
    assert_refused(elbo_picture_traversal(run, &view, -1, path), "what is drawn is not finite: nan");
    ck_assert_int_eq(scratch_entries(), 0);
    elbo_run_free(run);
}
END_TEST

START_TEST(directions_that_are_not_finite_are_not_called_crooked)
{
    float x[2 * D];
    elbo_run *run = run_of(&elbo_model_ae, OPTIONS("hidden", "none", "latent-dim", "2", "likelihood", "squared-error"),
                           IMAGE, 0);
    assert_ok(elbo_run_directions(run, x));
    fill_param(run, "decoder.mean.bias", D, INFINITY);
    assert_refused(elbo_run_directions(run, x), "what it decodes is not finite: inf");
    elbo_run_free(run);
}
END_TEST

/* One step at a rate that leaves weights finite, but of which nothing finite comes. */
START_TEST(a_model_whose_figures_are_not_finite_ends_its_training_as_a_failure)
{
    elbo_run *run = run_of(&elbo_model_vae, SMALL, IMAGE, 0);
    const elbo_training how = {.epochs = 1, .batch_size = N, .lr = 900, .folder = scratch_path("run")};
    elbo_epoch last;
    assert_refused(elbo_train(run, &images, _i ? &images : NULL, &how, &last),
                   _i ? " of the test images is " : " of the training images is ");
    ck_assert_int_eq(strncmp(elbo_error(), "epoch 1: ", 9), 0);
    ck_assert_ptr_nonnull(strstr(elbo_error(), "a smaller lr "));
    ck_assert_int_eq(last.epoch, 0);
    ck_assert_int_eq(scratch_entries(), 0);
    elbo_run_free(run);
}
END_TEST

/* After its first epoch the model is spoilt from outside. */
static bool spoil(void *user, const elbo_progress *p)
{
    if (p->finished && p->epoch == 1)
        fill_param(user, "encoder.logvar.bias", 2, 200);
    return true;
}

START_TEST(the_last_finite_model_is_kept)
{
    elbo_run *run = run_of(&elbo_model_vae, SMALL, IMAGE, 0);
    const elbo_training how = {
        .epochs = 3, .test_every = 1, .folder = scratch_path("run"), .progress = spoil, .user = run};
    elbo_epoch last;
    assert_refused(elbo_train(run, &images, &images, &how, &last), "epoch 2, step 2");
    ck_assert_int_eq(last.epoch, 1);
    elbo_run *kept = elbo_run_load(scratch_path("run"), elbo_models);
    ck_assert_msg(kept != NULL, "%s", elbo_error());
    ck_assert_double_eq(evaluated(kept, &images, 1, "elbo"), elbo_figures_get(&last.test, "elbo"));
    elbo_run_free(kept);
    elbo_run_free(run);
}
END_TEST

Suite *suite_finite(void)
{
    Suite *suite = suite_create("finite");
    TCase *numbers = tcase_create("numbers that are not finite");
    tcase_add_checked_fixture(numbers, setup, scratch_teardown);
    tcase_add_loop_test(numbers, a_file_with_a_weight_that_is_not_finite_is_refused_by_its_name, 0, 3);
    tcase_add_test(numbers, weights_that_are_not_finite_are_not_saved);
    tcase_add_test(numbers, a_figure_that_is_not_finite_is_a_figure);
    tcase_add_test(numbers, a_picture_of_what_is_not_finite_is_refused);
    tcase_add_test(numbers, directions_that_are_not_finite_are_not_called_crooked);
    tcase_add_loop_test(numbers, a_model_whose_figures_are_not_finite_ends_its_training_as_a_failure, 0, 2);
    tcase_add_test(numbers, the_last_finite_model_is_kept);
    suite_add_tcase(suite, numbers);
    return suite;
}
