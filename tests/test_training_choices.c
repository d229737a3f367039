/* What a training can be told: which images choose the model, how the rate changes, what makes an update. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../autograd/plan.h"
#include "../nn/objectives/schedule.h"
#include "runs.h"
#include "scratch.h"
#include "suites.h"
#include "trainings.h"

enum { D = PATTERN_PIXELS, MOST_WEIGHTS = 10000 };

/* The weights of a run, in the order of its parameters; how many there are. */
static int weights_of(elbo_run *run, double *out)
{
    elbo_params *params = elbo_run_params(run);
    int n = 0;
    for (int i = 0; i < elbo_params_count(params); i++) {
        const elbo_shape shape = elbo_params_shape(params, i);
        ck_assert_int_le(n + elbo_shape_size(&shape), MOST_WEIGHTS);
        run_param(run, elbo_params_name(params, i), out + n);
        n += (int)elbo_shape_size(&shape);
    }
    return n;
}

static double largest_difference(const double *a, const double *b, int n)
{
    double most = 0;
    for (int i = 0; i < n; i++)
        most = fmax(most, fabs(a[i] - b[i]));
    return most;
}

/* Trains a new run of a model and returns its weights. */
static int trained(const elbo_model *model, const elbo_images *images, elbo_training how, elbo_epoch *last, double *out)
{
    elbo_run *run = new_run(model, 1);
    assert_ok(elbo_train(run, images, NULL, &how, last));
    const int n = weights_of(run, out);
    elbo_run_free(run);
    return n;
}

/* ---- images that are held out ------------------------------------------------------------------------------------ */

static unsigned char pixels[N * D], labels[N];

static elbo_images changed_images(int which)
{
    elbo_images images;
    patterns(N, pixels, labels);
    for (int k = 0; k < D && which >= 0; k++)
        pixels[which * D + k] = (unsigned char)(255 - pixels[which * D + k]);
    const elbo_tensor x = elbo_tensor_of(ELBO_U8, ELBO_SHAPE(N, PATTERN_SIDE, PATTERN_SIDE), pixels);
    assert_ok(elbo_images_of(&x, NULL, 0, &images));
    return images;
}

START_TEST(images_that_are_held_out_move_no_weight)
{
    static double before[MOST_WEIGHTS], after[MOST_WEIGHTS];
    const elbo_training how = {.epochs = 1, .batch_size = 16, .val = 0.2};
    elbo_images images = changed_images(-1);
    const int n = trained(&elbo_model_vae, &images, how, NULL, before);
    int without_effect = 0;
    for (int i = 0; i < N; i++) {
        images = changed_images(i);
        trained(&elbo_model_vae, &images, how, NULL, after);
        without_effect += largest_difference(before, after, n) == 0;
    }
    ck_assert_int_eq(without_effect, N / 5);
}
END_TEST

/* metrics.csv as numbers; returns the rows. NAN where a cell is empty. */
static int read_metrics(const char *name, const char *column, double *out)
{
    static char text[1 << 20];
    text[scratch_read(name, text, sizeof text - 1)] = 0;
    int wanted = -1, at = 0, rows = 0;
    char *line = strtok(text, "\n");
    for (char *c = line; c; c = strchr(c, ',') ? strchr(c, ',') + 1 : NULL, at++)
        if (strncmp(c, column, strlen(column)) == 0 && strchr(",\n", c[strlen(column)]))
            wanted = at;
    ck_assert_msg(wanted >= 0, "%s has no column %s", name, column);
    for (line = strtok(NULL, "\n"); line; line = strtok(NULL, "\n")) {
        char *cell = line;
        for (int i = 0; i < wanted; i++)
            cell = strchr(cell, ',') + 1;
        out[rows++] = *cell && *cell != ',' ? scratch_number(cell, NULL) : NAN;
    }
    return rows;
}

/* At a rate at which the figures go up and down. */
static elbo_training restless(int64_t epochs)
{
    return (elbo_training){
        .epochs = epochs, .batch_size = 16, .lr = 0.15, .val = 0.2, .folder = scratch_path("run"), .force = true};
}

START_TEST(the_model_of_the_best_epoch_by_the_images_held_out_is_kept)
{
    static double kept[MOST_WEIGHTS], again[MOST_WEIGHTS];
    double val[12];
    elbo_epoch last;
    elbo_run *run = new_run(&elbo_model_vae, 1);
    const elbo_training how = restless(12);
    assert_trained(run, &how, &last);
    const int n = weights_of(run, kept), epochs = read_metrics("run/metrics.csv", "val_elbo", val);
    int best = 0;
    for (int i = 1; i < epochs; i++)
        best = val[i] > val[best] ? i : best;
    ck_assert_int_eq(last.kept, best + 1);
    ck_assert_int_lt(best + 1, epochs); /* else this would be no test */
    elbo_run_free(run);

    run = elbo_run_load(scratch_path("run"), elbo_models);
    weights_of(run, again);
    ck_assert(largest_difference(kept, again, n) == 0);
    char *noted = elbo_run_noted(run, "val-elbo"), *test_noted = elbo_run_noted(run, "test-elbo");
    ck_assert_double_eq(scratch_number(noted, NULL), val[best]);
    ck_assert_double_eq_tol(scratch_number(test_noted, NULL), evaluated(run, &test, 1, "elbo"), 1e-6);
    elbo_release(noted);
    elbo_release(test_noted);
    elbo_run_free(run);

    run = new_run(&elbo_model_vae, 1); /* to that epoch and no further */
    const elbo_training shorter = restless(best + 1);
    assert_trained(run, &shorter, NULL);
    weights_of(run, again);
    ck_assert(largest_difference(kept, again, n) == 0);
    elbo_run_free(run);
}
END_TEST

START_TEST(a_training_ends_when_its_patience_does)
{
    elbo_epoch last;
    elbo_run *run = new_run(&elbo_model_vae, 1);
    elbo_training how = restless(60);
    how.patience = 3;
    assert_trained(run, &how, &last);
    ck_assert(last.over);
    ck_assert_int_lt(last.epoch, 60);
    ck_assert_int_eq(last.epoch - last.kept, 3);
    elbo_run_free(run);
}
END_TEST

START_TEST(without_images_held_out_the_last_model_is_kept)
{
    elbo_epoch last;
    elbo_run *run = new_run(&elbo_model_vae, 1);
    elbo_training how = restless(4);
    how.val = 0;
    assert_trained(run, &how, &last);
    ck_assert_int_eq(last.kept, 4);
    ck_assert_int_eq(last.val.count, 0);
    elbo_run_free(run);
}
END_TEST

START_TEST(test_images_are_measured_at_the_end_and_where_that_is_asked_for)
{
    static const int every[] = {0, 1, 3};
    for (int i = 0; i < 3; i++) {
        double elbo[7];
        elbo_run *run = new_run(&elbo_model_vae, 1);
        elbo_training how = {.epochs = 7, .test_every = every[i], .folder = scratch_path("run"), .force = true};
        assert_trained(run, &how, NULL);
        ck_assert_int_eq(read_metrics("run/metrics.csv", "test_elbo", elbo), 7);
        for (int epoch = 1; epoch <= 7; epoch++)
            ck_assert(!isnan(elbo[epoch - 1]) == (epoch == 7 || (every[i] && epoch % every[i] == 0)));
        elbo_run_free(run);
    }
}
END_TEST

START_TEST(test_images_choose_nothing)
{
    static double a[MOST_WEIGHTS], b[MOST_WEIGHTS];
    const elbo_training how = restless(8);
    const elbo_images *const parts[] = {&test, &train};
    double *const out[] = {a, b};
    int n = 0;
    for (int i = 0; i < 2; i++) {
        elbo_run *run = new_run(&elbo_model_vae, 1);
        elbo_training measured = how;
        measured.test_every = 1;
        assert_ok(elbo_train(run, &train, parts[i], &measured, NULL));
        n = weights_of(run, out[i]);
        elbo_run_free(run);
    }
    ck_assert(largest_difference(a, b, n) == 0);
}
END_TEST

/* ---- updates ----------------------------------------------------------------------------------------------------- */

/* 50 images: 3 updates of 16 and one of 2, whether in one batch each or in several. A model without noise, and a
 * gradient without curvature of the optimiser. */
START_TEST(gradients_of_several_batches_make_the_update_of_one_large_batch)
{
    static const struct {
        int64_t batch, accumulate;
    } cuts[] = {{8, 2}, {4, 4}, {2, 8}};
    static double whole[MOST_WEIGHTS], cut[MOST_WEIGHTS], start[MOST_WEIGHTS];
    elbo_run *run = new_run(&elbo_model_ae, 1);
    const int n = weights_of(run, start);
    elbo_run_free(run);
    elbo_training how = {.epochs = 2, .batch_size = 16, .lr = 0.01, .optim.name = "sgd", .optim.momentum = 0.5};
    trained(&elbo_model_ae, &train, how, NULL, whole);
    ck_assert_double_gt(largest_difference(start, whole, n), 1e-2);
    for (int i = 0; i < 3; i++) {
        how.batch_size = cuts[i].batch;
        how.accumulate = cuts[i].accumulate;
        trained(&elbo_model_ae, &train, how, NULL, cut);
        ck_assert_double_lt(largest_difference(whole, cut, n), 1e-6);
    }
}
END_TEST

/* The weights after each step, as they come. */
typedef struct {
    elbo_run *run;
    double decay, sum[MOST_WEIGHTS], weight;
    int n;
} averaging;

static bool average(void *user, const elbo_progress *p)
{
    static double now[MOST_WEIGHTS];
    averaging *a = user;
    if (p->finished)
        return true;
    a->n = weights_of(a->run, now);
    a->weight = a->decay * a->weight + 1 - a->decay;
    for (int i = 0; i < a->n; i++)
        a->sum[i] = a->decay * a->sum[i] + (1 - a->decay) * now[i];
    return true;
}

START_TEST(averaged_weights_are_the_mean_of_those_after_each_step)
{
    static averaging a;
    static double kept[MOST_WEIGHTS];
    elbo_epoch last;
    a = (averaging){.run = new_run(&elbo_model_vae, 1), .decay = 0.8};
    const elbo_training how = {.epochs = 3, .batch_size = 16, .lr = 0.01, .ema = 0.8, .progress = average, .user = &a};
    assert_trained(a.run, &how, &last);
    weights_of(a.run, kept);
    for (int i = 0; i < a.n; i++)
        a.sum[i] /= a.weight;
    ck_assert_double_lt(largest_difference(kept, a.sum, a.n), 1e-6);
    ck_assert_double_eq(elbo_figures_get(&last.test, "elbo"), evaluated(a.run, &test, 1, "elbo"));
    elbo_run_free(a.run);
}
END_TEST

/* ---- rates ------------------------------------------------------------------------------------------------------- */

static double factor(const char *const *pairs, double epoch, int64_t drops)
{
    elbo_values *values = elbo_values_new(elbo_training_options);
    for (; *pairs; pairs += 2)
        assert_ok(elbo_values_set(values, pairs[0], pairs[1]));
    const double f = elbo_lr_factor(values, epoch, 10, drops);
    elbo_values_free(values);
    return f;
}

START_TEST(a_rate_follows_its_schedule)
{
    const char *const *step = OPTIONS("lr-schedule", "step", "lr-every", "3", "lr-decay", "0.5");
    const char *const *milestones = OPTIONS("lr-schedule", "milestones", "lr-at", "2,5", "lr-decay", "0.5");
    const char *const *cosine = OPTIONS("lr-schedule", "cosine", "lr-decay", "0.2");
    const char *const *plateau = OPTIONS("lr-schedule", "plateau");
    const char *const *warm = OPTIONS("lr-warmup", "2");
    ck_assert_double_eq(factor(NO_OPTIONS, 7, 3), 1);
    ck_assert_double_eq(factor(step, 2.99, 0), 1);
    ck_assert_double_eq(factor(step, 3, 0), 0.5);
    ck_assert_double_eq(factor(step, 9.5, 0), 0.125);
    ck_assert_double_eq(factor(milestones, 1.99, 0), 1);
    ck_assert_double_eq(factor(milestones, 2, 0), 0.5);
    ck_assert_double_eq(factor(milestones, 7, 0), 0.25);
    ck_assert_double_eq(factor(cosine, 0, 0), 1);
    ck_assert_double_eq_tol(factor(cosine, 5, 0), 0.6, 1e-12);
    ck_assert_double_eq_tol(factor(cosine, 10, 0), 0.2, 1e-12);
    ck_assert_double_eq_tol(factor(plateau, 1, 2), 0.01, 1e-15);
    ck_assert_double_eq(factor(warm, 0.5, 0), 0.25);
    ck_assert_double_eq(factor(warm, 2, 0), 1);
}
END_TEST

/* At rate 0.1 the first update of sgd is 100 times that at rate 0.001. */
START_TEST(the_rate_of_the_schedule_is_that_of_the_updates)
{
    static double start[MOST_WEIGHTS], slow[MOST_WEIGHTS], fast[MOST_WEIGHTS];
    elbo_run *run = new_run(&elbo_model_ae, 1);
    const int n = weights_of(run, start);
    elbo_run_free(run);
    elbo_training how = {.epochs = 1, .batch_size = N, .lr = 1e-3, .optim.name = "sgd"};
    trained(&elbo_model_ae, &train, how, NULL, slow);
    how.lr = 2e-3;
    how.lr_warmup = 1; /* of which the middle of the only step is a half */
    trained(&elbo_model_ae, &train, how, NULL, fast);
    ck_assert_double_eq_tol(largest_difference(slow, start, n), largest_difference(fast, start, n), 1e-9);
    ck_assert_double_gt(largest_difference(slow, start, n), 1e-5);
}
END_TEST

START_TEST(a_rate_drops_at_a_plateau)
{
    double lr[20], val[20], best = -INFINITY;
    int since = 0, drops = 0;
    elbo_run *run = new_run(&elbo_model_vae, 1);
    elbo_training how = restless(20);
    how.patience = 100;
    how.lr_schedule = "plateau";
    how.lr_patience = 2;
    how.lr_decay = 0.5;
    assert_trained(run, &how, NULL);
    const int epochs = read_metrics("run/metrics.csv", "lr", lr);
    read_metrics("run/metrics.csv", "val_elbo", val);
    for (int i = 0; i < epochs; i++) {
        ck_assert_double_eq_tol(lr[i], 0.15 * pow(0.5, drops), 1e-8);
        since = val[i] > best ? 0 : since + 1;
        best = fmax(best, val[i]);
        if (since == 2) {
            drops++;
            since = 0;
        }
    }
    ck_assert_int_gt(drops, 0);
    elbo_run_free(run);
}
END_TEST

/* ---- steps that are not finite ----------------------------------------------------------------------------------- */

static float wild[N * D];
static const char *checking_optimiser;

/* Images as floats, of which image `which` has a pixel whose square is infinite. */
static elbo_images wild_images(int which)
{
    elbo_images images;
    patterns(N, pixels, labels);
    for (int i = 0; i < N * D; i++)
        wild[i] = (float)pixels[i] / 255;
    wild[which * D + 5] = 1e30f;
    const elbo_tensor x = elbo_tensor_of(ELBO_F32, ELBO_SHAPE(N, PATTERN_SIDE, PATTERN_SIDE), wild);
    assert_ok(elbo_images_of(&x, NULL, 0, &images));
    return images;
}

typedef struct {
    int64_t skipped, epochs;
    char warning[200];
} record;

static bool count_skipped(void *user, const elbo_progress *p)
{
    record *r = user;
    if (p->finished) {
        r->skipped += p->finished->skipped;
        r->epochs++;
    }
    return true;
}

static void hear(void *user, const char *message)
{
    snprintf(((record *)user)->warning, sizeof((record *)user)->warning, "%s", message);
}

/* The same by the check of each gradient within the step, which a loss of one's own may ask for. */
static int checking_losses(elbo_in *in, elbo_loss *out)
{
    const int n = elbo_default_losses(in, out);
    out[0].optim = (elbo_optim){.name = checking_optimiser, .skip_nonfinite = true};
    return n;
}

START_TEST(a_step_that_is_not_finite_is_left_out)
{
    static const char *const optimisers[] = {"sgd", "adam"};
    static double left_out[MOST_WEIGHTS], skipped[MOST_WEIGHTS];
    const elbo_images images = wild_images(17);
    elbo_model checking = elbo_model_ae;
    checking.losses = checking_losses;
    for (int i = 0; i < 2; i++) {
        record r = {.skipped = 0};
        elbo_training how = {.epochs = 4, .batch_size = 4, .lr = 1e-3, .ema = 0.9, .optim.name = optimisers[i]};
        const char *const *options = OPTIONS("hidden", "24", "likelihood", "squared-error");
        how.progress = count_skipped;
        how.warning = hear;
        how.user = &r;
        checking_optimiser = optimisers[i];
        elbo_run *run = run_of(&elbo_model_ae, options, ELBO_SHAPE(PATTERN_SIDE, PATTERN_SIDE), 0);
        elbo_run *other = run_of(&checking, options, ELBO_SHAPE(PATTERN_SIDE, PATTERN_SIDE), 0);
        assert_ok(elbo_train(run, &images, NULL, &how, NULL));
        ck_assert_int_eq(r.skipped, r.epochs);
        ck_assert_str_eq(r.warning, "epoch 4: 1 of 13 steps were left out, for they were not finite");
        assert_ok(elbo_train(other, &images, NULL, &how, NULL));
        const int n = weights_of(run, left_out);
        weights_of(other, skipped);
        ck_assert_double_lt(largest_difference(left_out, skipped, n), 1e-7);
        elbo_run_free(run);
        elbo_run_free(other);
    }
}
END_TEST

/* What is chosen and cannot act is an error, as it is in the program. */
START_TEST(choices_that_are_of_no_use_are_refused)
{
    static const struct {
        elbo_training how;
        const char *reason;
    } cases[] = {{{.patience = 3}, "\"patience\": of no use with --val 0"},
                 {{.lr_every = 3}, "\"lr-every\": of no use without --lr-schedule step"},
                 {{.sample_every = 1}, "sample_every: of no use without a folder"},
                 {{.tensorboard = true}, "tensorboard: of no use without a folder"},
                 {{.optim.skip_nonfinite = true}, "skip_nonfinite: a training leaves out such steps by itself"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        elbo_run *run = new_run(&elbo_model_vae, 1);
        assert_not_trained(run, &cases[i].how, cases[i].reason);
        elbo_run_free(run);
    }
}
END_TEST

static elbo_status give_up(void)
{
    const elbo_images images = wild_images(0);
    elbo_values *options = elbo_model_values(&elbo_model_ae);
    elbo_run *run = NULL;
    if (options && elbo_values_set(options, "likelihood", "squared-error") == ELBO_OK)
        run = elbo_run_new(&elbo_model_ae, options, ELBO_SHAPE(PATTERN_SIDE, PATTERN_SIDE), 0, 1);
    elbo_values_free(options);
    if (!run)
        return ELBO_NO_MEMORY;
    elbo_status status = elbo_train(run, &images, NULL, &(elbo_training){.batch_size = N, .debug_nan = true}, NULL);
    elbo_run_free(run);
    if (status == ELBO_INVALID && strstr(elbo_error(), "not finite: "))
        return ELBO_OK; /* as it should be */
    return status == ELBO_OK ? ELBO_INVALID : status;
}

START_TEST(to_find_what_is_to_blame_survives_failing_allocations)
{
    assert_survives_failing_allocations(give_up);
}
END_TEST

/* A loss that is finite, and a gradient that is not from the fifth update on: that of a square root at 0. */
static int treacherous_losses(elbo_in *in, elbo_loss *out)
{
    elbo_var *w = elbo_param(in->g, "treacherous", ELBO_SHAPE(1), elbo_init_zeros());
    elbo_var *left = elbo_relu(elbo_shift(elbo_neg(elbo_scalar(in->g, "step")), 4.5));
    elbo_var *switched = elbo_sqrt(elbo_add(left, elbo_scale(w, 0)));
    elbo_default_losses(in, out);
    out[0].value = elbo_add(out[0].value, elbo_mean_all(switched));
    return 1;
}

START_TEST(ten_steps_in_a_row_end_the_training_with_the_operation_that_is_to_blame)
{
    elbo_model treacherous = elbo_model_vae;
    treacherous.losses = treacherous_losses;
    elbo_run *run = run_of(&treacherous, OPTIONS("hidden", "5"), ELBO_SHAPE(PATTERN_SIDE, PATTERN_SIDE), 0);
    elbo_training how = {.epochs = 10, .batch_size = 3, .folder = scratch_path("run")};
    assert_refused(elbo_train(run, &train, NULL, &how, NULL), "epoch 1, step 14, as were the 9 before: not finite: ");
    ck_assert_msg(strstr(elbo_error(), "after \"treacherous\"; a smaller lr") != NULL, "%s", elbo_error());
    static double w[MOST_WEIGHTS];
    const int n = weights_of(run, w);
    for (int i = 0; i < n; i++)
        ck_assert(isfinite(w[i])); /* the last good ones */
    elbo_run_free(run);

    how.debug_nan = true;
    how.force = true;
    run = run_of(&treacherous, OPTIONS("hidden", "5"), ELBO_SHAPE(PATTERN_SIDE, PATTERN_SIDE), 0);
    assert_refused(elbo_train(run, &train, NULL, &how, NULL), "epoch 1, step 5: not finite: ");
    ck_assert_msg(strstr(elbo_error(), ": inf in row 0") != NULL, "%s", elbo_error());
    elbo_run_free(run);
}
END_TEST

/* With so dear a KL the posterior is the prior, but after a few steps a model is not called collapsed. */
START_TEST(a_posterior_that_collapsed_is_told_at_the_end)
{
    static const int64_t epochs[] = {3, 25};
    for (int i = 0; i < 2; i++) {
        record r = {.skipped = 0};
        elbo_run *run = run_of(&elbo_model_vae, OPTIONS("hidden", "5", "latent-dim", "4", "beta", "50"),
                               ELBO_SHAPE(PATTERN_SIDE, PATTERN_SIDE), 0);
        const elbo_training how = {.epochs = epochs[i], .batch_size = 1, .warning = hear, .user = &r};
        assert_ok(elbo_train(run, &train, NULL, &how, NULL));
        char *noted = elbo_run_noted(run, "active-units");
        ck_assert_str_eq(noted, "0");
        if (i == 1)
            ck_assert_int_eq(strncmp(r.warning, "posterior collapse: of 4 latent dimensions 0 are in use", 55), 0);
        else
            ck_assert_str_eq(r.warning, "");
        elbo_release(noted);
        elbo_run_free(run);
    }
}
END_TEST

Suite *suite_training_choices(void)
{
    Suite *suite = suite_create("training_choices");
    TCase *held = tcase_create("images held out"), *updates = tcase_create("updates"), *rates = tcase_create("rates");
    TCase *finite = tcase_create("steps that are not finite"), *const all[] = {held, updates, rates, finite};
    for (int i = 0; i < 4; i++) {
        tcase_add_checked_fixture(all[i], training_setup_with_scratch, scratch_teardown);
        suite_add_tcase(suite, all[i]);
    }
    tcase_add_test(held, images_that_are_held_out_move_no_weight);
    tcase_add_test(held, the_model_of_the_best_epoch_by_the_images_held_out_is_kept);
    tcase_add_test(held, a_training_ends_when_its_patience_does);
    tcase_add_test(held, without_images_held_out_the_last_model_is_kept);
    tcase_add_test(held, test_images_are_measured_at_the_end_and_where_that_is_asked_for);
    tcase_add_test(held, test_images_choose_nothing);
    tcase_add_test(updates, gradients_of_several_batches_make_the_update_of_one_large_batch);
    tcase_add_test(updates, averaged_weights_are_the_mean_of_those_after_each_step);
    tcase_add_test(rates, a_rate_follows_its_schedule);
    tcase_add_test(rates, the_rate_of_the_schedule_is_that_of_the_updates);
    tcase_add_test(rates, a_rate_drops_at_a_plateau);
    tcase_add_test(finite, a_step_that_is_not_finite_is_left_out);
    tcase_add_test(finite, choices_that_are_of_no_use_are_refused);
    tcase_add_test(finite, to_find_what_is_to_blame_survives_failing_allocations);
    tcase_add_test(finite, a_posterior_that_collapsed_is_told_at_the_end);
    tcase_add_test(finite, ten_steps_in_a_row_end_the_training_with_the_operation_that_is_to_blame);
    return suite;
}
