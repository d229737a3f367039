/* Training. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../autograd/plan.h"
#include "../models/models.h"
#include "../nn/training/train.h"
#include "../tensor/threads.h"
#include "numbers.h"
#include "scratch.h"
#include "suites.h"
#include "trainings.h"

/* ---- learning ---------------------------------------------------------------------------------------------------- */

static void assert_learns(const elbo_model *model)
{
    elbo_run *run = new_run(model, 1);
    elbo_figures before, after;
    elbo_epoch last;
    ck_assert_int_eq(elbo_run_evaluate(run, &test, 0, 1, &before), ELBO_OK);
    assert_trained(run, &(elbo_training){.epochs = 150, .batch_size = 16, .lr = 5e-3}, &last);
    ck_assert_int_eq(elbo_run_evaluate(run, &test, 0, 1, &after), ELBO_OK);
    ck_assert_double_lt(elbo_figures_get(&before, "elbo"), -PATTERN_MEANS_ALONE);
    ck_assert_double_gt(elbo_figures_get(&last.test, "elbo"), -PATTERN_MEANS_ALONE / 2);
    ck_assert_double_eq(elbo_figures_get(&last.test, "elbo"), elbo_figures_get(&after, "elbo"));
    ck_assert_double_lt(elbo_figures_get(&last.train, "loss"), PATTERN_MEANS_ALONE / 2);
    ck_assert_double_eq_tol(elbo_figures_get(&last.train, "loss"),
                            elbo_figures_get(&last.train, "recon") + elbo_figures_get(&last.train, "kl"), 1e-3);
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
    setenv("ELBO_PROCESSORS", "4", 1); /* however many there are: so many threads do run */
    ck_assert_int_eq(elbo_set_threads(threads), threads);
    elbo_run *run = new_run(model, seed);
    assert_trained(run, &(elbo_training){.epochs = 1, .batch_size = 40}, NULL);
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
        w->in_order = w->in_order && next && p->steps == 4 && p->epochs == 3 &&
                      isfinite(elbo_figures_get(&p->means, "loss"));
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

/* Images that no epoch can learn: what matters is that the first steps do no harm. */
static void assert_noise_does_no_harm(int64_t side)
{
    enum { COUNT = 4 };
    const elbo_shape shape = ELBO_SHAPE(COUNT, side, side);
    const int64_t size = side * side;
    numbers random = {1};
    float *x = malloc((size_t)(COUNT * size) * sizeof *x);
    for (int64_t i = 0; i < COUNT * size; i++)
        x[i] = (float)numbers_between(&random, 0, 1);
    elbo_images noise;
    const elbo_tensor pixels = elbo_tensor_of(ELBO_F32, shape, x);
    ck_assert_int_eq(elbo_images_of(&pixels, NULL, 0, &noise), ELBO_OK);
    elbo_values *options = elbo_model_values(&elbo_model_vae);
    ck_assert_int_eq(elbo_values_set(options, "hidden", "8"), ELBO_OK);
    elbo_run *run = elbo_run_for(&elbo_model_vae, options, &noise, 1);
    elbo_epoch last;
    elbo_status status = elbo_train(run, &noise, &noise, &(elbo_training){.epochs = 2}, &last);
    ck_assert_msg(status == ELBO_OK, "%lld: %s", (long long)side, elbo_error());
    ck_assert_double_gt(elbo_figures_get(&last.test, "elbo"), -1.1 * (double)size * M_LN2);
    elbo_values_free(options);
    elbo_run_free(run);
    free(x);
}

START_TEST(the_defaults_do_for_small_pictures_and_for_large_ones)
{
    static const int64_t sides[] = {4, 64, 256, 700};
    for (int i = 0; i < 4; i++)
        assert_noise_does_no_harm(sides[i]);
}
END_TEST

START_TEST(the_rate_is_smaller_where_units_have_many_inputs_unless_it_is_given)
{
    static float x[32768];
    static const struct {
        int64_t pixels;
        double given, used;
    } cases[] = {{64, 0, 1e-3}, {16384, 0, 1e-3}, {32768, 0, 5e-4}, {32768, 1e-3, 1e-3}, {32768, 2e-2, 2e-2}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        elbo_images one;
        const elbo_tensor pixels = elbo_tensor_of(ELBO_F32, ELBO_SHAPE(1, cases[i].pixels), x);
        ck_assert_int_eq(elbo_images_of(&pixels, NULL, 0, &one), ELBO_OK);
        elbo_run *run = elbo_run_for(&elbo_model_vae, NULL, &one, 1);
        elbo_epoch last;
        elbo_ini config = {.count = 0};
        ck_assert_int_eq(elbo_train(run, &one, NULL, &(elbo_training){.epochs = 1, .lr = cases[i].given}, &last),
                         ELBO_OK);
        ck_assert_int_eq(elbo_run_describe(run, &config), ELBO_OK);
        ck_assert_double_eq(last.lr, cases[i].used);
        ck_assert_double_eq(scratch_number(elbo_ini_get(&config, "lr"), NULL), cases[i].used);
        elbo_ini_free(&config);
        elbo_run_free(run);
    }
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

Suite *suite_train(void)
{
    Suite *suite = suite_create("train");
    TCase *learning = tcase_create("learning");
    tcase_add_checked_fixture(learning, training_setup, NULL);
    tcase_add_test(learning, models_learn_more_than_the_means_of_pixels);
    tcase_add_test(learning, the_seed_decides_the_weights_and_the_threads_do_not);
    tcase_add_test(learning, progress_is_told_after_each_batch_and_epoch);
    tcase_add_test(learning, training_again_begins_with_fresh_moments);
    tcase_add_test(learning, the_defaults_do_for_small_pictures_and_for_large_ones);
    tcase_add_test(learning, the_rate_is_smaller_where_units_have_many_inputs_unless_it_is_given);
    tcase_add_test(learning, impossible_choices_are_refused_by_name);
    suite_add_tcase(suite, learning);
    return suite;
}
