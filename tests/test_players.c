/* Losses as players: optimisers, rates and turns of their own. Each moves one number w towards a target c by the
 * gradient w - c of (w - c)^2 / 2, so that plain C knows where it must be. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../nn/model/model.h"
#include "../nn/runs/explain.h"
#include "../nn/training/train.h"
#include "rig.h"
#include "runs.h"
#include "scratch.h"
#include "suites.h"

enum { STEPS = 9, PLAYERS = 4 };
static const double target[PLAYERS] = {3, -2, 0.5, 1.5};
static const char *const names[PLAYERS] = {"usual", "slow", "turns", "gated"};
static elbo_loss rules[PLAYERS]; /* of the test: all but name, value and params */

/* ---- the model --------------------------------------------------------------------------------------------------- */

static elbo_inference infer(elbo_in *in)
{
    return elbo_infer_code(in->x);
}

static elbo_dist generate(elbo_in *in, elbo_var *z)
{
    (void)in;
    return elbo_squared_error(z);
}

static int losses(elbo_in *in, elbo_loss *out)
{
    for (int i = 0; i < PLAYERS; i++) {
        elbo_scope(in->g, names[i]);
        elbo_var *w = elbo_param(in->g, "w", ELBO_SCALAR, elbo_init_zeros());
        elbo_scope_end(in->g);
        out[i] = rules[i];
        out[i].name = names[i];
        out[i].params = names[i];
        out[i].value = elbo_scale(elbo_square(elbo_shift(w, -target[i])), 0.5);
    }
    if (strcmp(in->model->name, "gated") == 0)
        out[PLAYERS - 1].when = elbo_scalar(in->g, "gate");
    return PLAYERS;
}

static const elbo_model four = {
    .name = "four", .flags = ELBO_NO_PRIOR, .infer = infer, .generate = generate, .losses = losses};
static const elbo_model gated = {
    .name = "gated", .flags = ELBO_NO_PRIOR, .infer = infer, .generate = generate, .losses = losses};

static bool gate_is_open(int t)
{
    return t % 4 != 0;
}

/* The numbers after STEPS steps with learning rate 0.1 and the optimiser of that name. */
static void play(const elbo_model *model, const char *optimiser, double *w)
{
    static const double x[2] = {0, 1};
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    elbo_in in = {.g = r.g, .model = model, .image = ELBO_SHAPE(2), .draws = 1};
    in.x = rig_input(&r, "x", ELBO_SHAPE(1, 2), x);
    elbo_model_train(&in, &(elbo_optim){.name = optimiser});
    ck_assert_msg(elbo_graph_status(r.g) == ELBO_OK, "%s", elbo_error());
    rig_scalar(&r, "lr", 0.1);
    rig_scalar(&r, "lr-factor", 1);
    for (int t = 1; t <= STEPS; t++) {
        rig_scalar(&r, "step", t);
        rig_scalar(&r, "gate", gate_is_open(t));
        rig_number(&r, in.metrics[0].value);
    }
    for (int i = 0; i < PLAYERS; i++) {
        char name[32];
        snprintf(name, sizeof name, "%s.w", names[i]);
        rig_param(&r, name, &w[i]);
    }
    rig_free(&r);
}

/* ---- the same in plain C ----------------------------------------------------------------------------------------- */

static double plain_sgd(double c, double lr, int updates)
{
    double w = 0;
    for (int t = 1; t <= updates; t++)
        w -= lr * (w - c);
    return w;
}

static double plain_adam(double c, double lr, int updates)
{
    double w = 0, m = 0, v = 0;
    for (int t = 1; t <= updates; t++) {
        const double g = w - c;
        m = 0.9 * m + 0.1 * g;
        v = 0.999 * v + 0.001 * g * g;
        w -= lr * (m / (1 - pow(0.9, t))) / (sqrt(v / (1 - pow(0.999, t))) + 1e-8);
    }
    return w;
}

static void reset(void)
{
    memset(rules, 0, sizeof rules);
}

START_TEST(a_loss_has_a_rate_of_its_own_or_a_share_of_the_runs)
{
    double w[PLAYERS];
    rules[1].lr_scale = 0.25;
    rules[2].lr = 0.03;
    rules[3].lr = 0.03;
    rules[3].lr_scale = 10;
    play(&four, "sgd", w);
    assert_close(w[0], plain_sgd(target[0], 0.1, STEPS), 1e-14);
    assert_close(w[1], plain_sgd(target[1], 0.025, STEPS), 1e-14);
    assert_close(w[2], plain_sgd(target[2], 0.03, STEPS), 1e-14);
    assert_close(w[3], plain_sgd(target[3], 0.3, STEPS), 1e-14);
}
END_TEST

START_TEST(a_loss_has_an_optimiser_of_its_own)
{
    double w[PLAYERS];
    rules[1].optim = (elbo_optim){.name = "adam"};
    play(&four, "sgd", w);
    assert_close(w[0], plain_sgd(target[0], 0.1, STEPS), 1e-14);
    assert_close(w[1], plain_adam(target[1], 0.1, STEPS), 1e-13);
}
END_TEST

START_TEST(a_loss_moves_in_its_turns_and_adam_counts_those)
{
    double w[PLAYERS];
    rules[1].every = 2; /* 1, 3, 5, 7, 9 */
    rules[2].every = 3; /* 3, 6, 9       */
    rules[2].phase = 2;
    rules[3].every = 4; /* 2, 6          */
    rules[3].phase = 1;
    static const int turns[PLAYERS] = {9, 5, 3, 2};
    play(&four, "adam", w);
    for (int i = 0; i < PLAYERS; i++)
        assert_close(w[i], plain_adam(target[i], 0.1, turns[i]), 1e-13);
}
END_TEST

START_TEST(a_gate_closes_turns_that_a_loss_has)
{
    double w[PLAYERS];
    rules[3].every = 2; /* 2, 4, 6, 8, of which the gate closes 4 and 8 */
    rules[3].phase = 1;
    play(&gated, "adam", w);
    assert_close(w[0], plain_adam(target[0], 0.1, STEPS), 1e-13);
    assert_close(w[3], plain_adam(target[3], 0.1, 2), 1e-13);
}
END_TEST

/* ---- one that is skipped ----------------------------------------------------------------------------------------- */

START_TEST(adam_does_not_count_a_step_that_was_skipped)
{
    static const double c = 2;
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    elbo_var *w = elbo_param(r.g, "w", ELBO_SCALAR, elbo_init_zeros());
    elbo_var *loss = elbo_mul(elbo_square(elbo_shift(w, -c)), elbo_scalar(r.g, "half"));
    elbo_minimise(loss, NULL, 0, &(elbo_optim){.name = "adam", .skip_nonfinite = true});
    rig_scalar(&r, "lr", 0.1);
    for (int t = 1; t <= 4; t++) {
        rig_scalar(&r, "half", t == 2 ? INFINITY : 0.5);
        rig_scalar(&r, "step", t);
        rig_number(&r, loss);
    }
    double got;
    rig_param(&r, "w", &got);
    assert_close(got, plain_adam(c, 0.1, 3), 1e-13);
    rig_free(&r);
}
END_TEST

/* ---- names ------------------------------------------------------------------------------------------------------- */

static const char *moved; /* elbo_loss.params of the only loss */

static int one_loss(elbo_in *in, elbo_loss *out)
{
    elbo_var *h = elbo_linear(elbo_linear(in->x, "encoder", 2), "decoder", 2);
    out[0] = (elbo_loss){.name = "mine", .value = elbo_mean_all(elbo_square(h)), .params = moved};
    return 1;
}

START_TEST(each_word_of_params_must_begin_a_parameters_name)
{
    static const elbo_model one = {
        .name = "one", .flags = ELBO_NO_PRIOR, .infer = infer, .generate = generate, .losses = one_loss};
    static const char *const words[][2] = {
        {"encoder. decodr.", "decodr."}, {"encoder, decoder", "encoder,"}, {"  critic. ", "critic."}};
    static float x[2 * 2];
    elbo_images images = images_of(x, 2, ELBO_SHAPE(2));
    for (int i = 0; i < 3; i++) {
        char reason[80];
        moved = words[i][0];
        elbo_run *run = run_of(&one, NO_OPTIONS, ELBO_SHAPE(2), 0);
        snprintf(reason, sizeof reason, "loss \"mine\": no parameter's name begins with \"%s\"", words[i][1]);
        assert_refused(elbo_train(run, &images, NULL, NULL, NULL), reason);
        elbo_run_free(run);
    }
}
END_TEST

static void keep_warning(void *user, const char *message)
{
    snprintf(user, 200, "%s", message);
}

START_TEST(a_parameter_that_no_loss_moves_is_a_warning)
{
    static const elbo_model one = {
        .name = "one", .flags = ELBO_NO_PRIOR, .infer = infer, .generate = generate, .losses = one_loss};
    static const char *const params[] = {"encoder.", NULL, "encoder. decoder"};
    static float x[2 * 2];
    elbo_images images = images_of(x, 2, ELBO_SHAPE(2));
    for (int i = 0; i < 3; i++) {
        char warning[200] = "";
        moved = params[i];
        elbo_run *run = run_of(&one, NO_OPTIONS, ELBO_SHAPE(2), 0);
        const elbo_training how = {.epochs = 1, .warning = keep_warning, .user = warning};
        assert_ok(elbo_train(run, &images, NULL, &how, NULL));
        ck_assert_str_eq(warning, i ? "" : "no loss moves parameter \"decoder.weight\": it stays as it is");
        elbo_run_free(run);
    }
}
END_TEST

/* ---- graphs for one step ----------------------------------------------------------------------------------------- */

START_TEST(graphs_of_those_who_move_give_the_weights_of_a_graph_of_all)
{
    static float x[2 * 3];
    double w[PLAYERS], got;
    elbo_images images = images_of(x, 3, ELBO_SHAPE(2));
    rules[1].every = 2;
    rules[2].every = 3;
    rules[2].phase = 2;
    rules[3].every = 4;
    rules[3].phase = 1;
    rules[3].lr_scale = 0.5;
    play(&four, "adam", w);
    elbo_run *run = run_of(&four, NO_OPTIONS, ELBO_SHAPE(2), 0);
    assert_ok(elbo_train(run, &images, NULL, &(elbo_training){.epochs = STEPS, .batch_size = 3, .lr = 0.1}, NULL));
    for (int i = 0; i < PLAYERS; i++) {
        char name[32];
        snprintf(name, sizeof name, "%s.w", names[i]);
        run_param(run, name, &got);
        assert_close(got, w[i], 1e-6);
    }
    elbo_run_free(run);
}
END_TEST

START_TEST(who_moves_in_a_step_depends_on_every_and_phase)
{
    const elbo_turns turns = {.n = 3, .every = {0, 2, 3}, .phase = {0, 1, 0}};
    static const unsigned moving[] = {5, 3, 1, 7, 1, 3, 5}; /* of steps 1 to 7 */
    for (int step = 1; step <= 7; step++)
        ck_assert_uint_eq(elbo_moving(&turns, step) & 7, moving[step - 1]);
}
END_TEST

/* ---- two that move the same tensor ------------------------------------------------------------------------------- */

static int tug_of_war(elbo_in *in, elbo_loss *out)
{
    elbo_var *w = elbo_param(in->g, "w", ELBO_SCALAR, elbo_init_zeros());
    out[0] = (elbo_loss){.name = "left", .value = elbo_scale(elbo_square(elbo_shift(w, 3)), 0.5)};
    out[1] = (elbo_loss){.name = "right", .value = elbo_scale(elbo_square(elbo_shift(w, -7)), 0.5)};
    return 2;
}

START_TEST(two_losses_that_move_one_tensor_have_moments_of_their_own)
{
    static const elbo_model tug = {
        .name = "tug", .flags = ELBO_NO_PRIOR, .infer = infer, .generate = generate, .losses = tug_of_war};
    static const double x[2] = {0, 1};
    double got, w = 0, m[2] = {0}, v[2] = {0};
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    elbo_in in = {.g = r.g, .model = &tug, .image = ELBO_SHAPE(2), .draws = 1};
    in.x = rig_input(&r, "x", ELBO_SHAPE(1, 2), x);
    elbo_model_train(&in, &(elbo_optim){.name = "adam"});
    rig_scalar(&r, "lr", 0.1);
    for (int t = 1; t <= STEPS; t++) {
        rig_scalar(&r, "step", t);
        rig_number(&r, in.metrics[0].value);
        const double g[2] = {w + 3, w - 7}; /* at the same weights */
        for (int i = 0; i < 2; i++) {
            m[i] = 0.9 * m[i] + 0.1 * g[i];
            v[i] = 0.999 * v[i] + 0.001 * g[i] * g[i];
            w -= 0.1 * (m[i] / (1 - pow(0.9, t))) / (sqrt(v[i] / (1 - pow(0.999, t))) + 1e-8);
        }
    }
    rig_param(&r, "w", &got);
    assert_close(got, w, 1e-13);
    rig_free(&r);
}
END_TEST

/* Of two losses the first has no finite gradient. */
static int first_is_infinite(elbo_in *in, elbo_loss *out)
{
    tug_of_war(in, out);
    out[0].value = elbo_mul(out[0].value, elbo_scalar(in->g, "factor"));
    return 2;
}

START_TEST(a_step_is_skipped_where_any_loss_skips_it)
{
    static const elbo_model tug = {
        .name = "tug", .flags = ELBO_NO_PRIOR, .infer = infer, .generate = generate, .losses = first_is_infinite};
    static const double x[2] = {0, 1};
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    elbo_in in = {.g = r.g, .model = &tug, .image = ELBO_SHAPE(2), .draws = 1};
    in.x = rig_input(&r, "x", ELBO_SHAPE(1, 2), x);
    elbo_model_train(&in, &(elbo_optim){.name = "sgd", .skip_nonfinite = true});
    rig_scalar(&r, "lr", 0.1);
    rig_scalar(&r, "step", 1);
    for (int finite = 0; finite < 2; finite++) {
        rig_scalar(&r, "factor", finite ? 1 : INFINITY);
        for (int i = 0; i < in.n_metrics; i++)
            if (strcmp(in.metrics[i].name, "skipped") == 0)
                ck_assert_double_eq(rig_number(&r, in.metrics[i].value), !finite);
    }
    ck_assert_int_eq(in.n_metrics, 3);
    rig_free(&r);
}
END_TEST

static int one_in_turns(elbo_in *in, elbo_loss *out)
{
    one_loss(in, out);
    out[0].every = 2;
    return 1;
}

START_TEST(every_step_has_the_same_figures_whoever_moves)
{
    static const elbo_model one = {
        .name = "one", .flags = ELBO_NO_PRIOR, .infer = infer, .generate = generate, .losses = one_in_turns};
    static float x[2 * 2];
    elbo_images images = images_of(x, 2, ELBO_SHAPE(2));
    moved = NULL;
    scratch_setup();
    elbo_run *run = run_of(&one, NO_OPTIONS, ELBO_SHAPE(2), 0);
    const elbo_optim clipped = {.name = "adam", .clip_norm = 1};
    assert_ok(elbo_train(run, &images, NULL,
                         &(elbo_training){.epochs = 4, .optim = clipped, .folder = scratch_path("run")}, NULL));
    elbo_run_free(run);
    scratch_teardown();
}
END_TEST

/* ---- figures ----------------------------------------------------------------------------------------------------- */

static bool look(void *user, const elbo_progress *p)
{
    double *slow = user;
    if (!p->finished)
        *slow = elbo_figures_get(&p->means, "slow");
    return true;
}

START_TEST(a_plan_is_that_of_the_step_that_is_asked_for)
{
    static float x[2 * 8];
    elbo_images images = images_of(x, 8, ELBO_SHAPE(2));
    rules[2].every = 2;
    rules[2].phase = 1;
    elbo_run *run = run_of(&four, NO_OPTIONS, ELBO_SHAPE(2), 0);
    for (int step = 1; step <= 2; step++) {
        char *text = elbo_run_explain(run, &images, &(elbo_explanation){.batch = 8, .step = step});
        ck_assert_msg(text != NULL, "%s", elbo_error());
        ck_assert_int_eq(strstr(text, "adam.m:turns.w = ") != NULL, step == 2);
        ck_assert_ptr_nonnull(strstr(text, "adam.m:usual.w = "));
        elbo_release(text);
    }
    elbo_run_free(run);
}
END_TEST

START_TEST(every_loss_is_a_figure_of_the_epoch_and_of_the_progress)
{
    static float x[2 * 8];
    elbo_images images = images_of(x, 8, ELBO_SHAPE(2));
    elbo_run *run = run_of(&four, NO_OPTIONS, ELBO_SHAPE(2), 0);
    elbo_epoch last;
    double slow = 0;
    elbo_training how = {.epochs = 1, .batch_size = 8, .progress = look, .user = &slow};
    assert_ok(elbo_train(run, &images, &images, &how, &last));
    for (int i = 0; i < PLAYERS; i++) {
        assert_close(elbo_figures_get(&last.train, names[i]), target[i] * target[i] / 2, 1e-6); /* before the step */
        ck_assert_double_lt(elbo_figures_get(&last.test, names[i]), target[i] * target[i] / 2);
    }
    ck_assert_double_eq(slow, elbo_figures_get(&last.train, "slow"));
    ck_assert_str_eq(last.train.at[0].name, names[0]);
    ck_assert(last.train.at[0].own);
    elbo_run_free(run);
}
END_TEST

Suite *suite_players(void)
{
    Suite *suite = suite_create("players");
    TCase *rates = tcase_create("rates and turns");
    tcase_add_checked_fixture(rates, reset, NULL);
    tcase_add_test(rates, a_loss_has_a_rate_of_its_own_or_a_share_of_the_runs);
    tcase_add_test(rates, a_loss_has_an_optimiser_of_its_own);
    tcase_add_test(rates, a_loss_moves_in_its_turns_and_adam_counts_those);
    tcase_add_test(rates, a_gate_closes_turns_that_a_loss_has);
    tcase_add_test(rates, adam_does_not_count_a_step_that_was_skipped);
    tcase_add_test(rates, graphs_of_those_who_move_give_the_weights_of_a_graph_of_all);
    tcase_add_test(rates, who_moves_in_a_step_depends_on_every_and_phase);
    tcase_add_test(rates, each_word_of_params_must_begin_a_parameters_name);
    tcase_add_test(rates, a_parameter_that_no_loss_moves_is_a_warning);
    tcase_add_test(rates, two_losses_that_move_one_tensor_have_moments_of_their_own);
    tcase_add_test(rates, a_plan_is_that_of_the_step_that_is_asked_for);
    tcase_add_test(rates, a_step_is_skipped_where_any_loss_skips_it);
    tcase_add_test(rates, every_step_has_the_same_figures_whoever_moves);
    tcase_add_test(rates, every_loss_is_a_figure_of_the_epoch_and_of_the_progress);
    suite_add_tcase(suite, rates);
    return suite;
}
