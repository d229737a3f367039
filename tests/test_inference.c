/* How q is said, what becomes of it, and what a model with losses of its own gets. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../nn/parts/options.h"
#include "../nn/pictures/picture.h"
#include "../nn/training/train.h"
#include "runs.h"
#include "scratch.h"
#include "small_model.h"
#include "suites.h"

static const elbo_option options_of_all[] = {ELBO_MODEL_OPTIONS, ELBO_OPTIONS_CORRUPTION, ELBO_OPTIONS_END};

static elbo_dist linear_generate(elbo_in *in, elbo_var *z)
{
    return elbo_likelihood(in, z);
}

/* ---- a kind of one's own ----------------------------------------------------------------------------------------- */

/* The logistic distribution of scale 1 about a mean: x = m + log u - log(1 - u), log p = -d - 2 log(1 + e^-d), d = x -
 * m */
static elbo_var *logistic_log_prob(const elbo_dist *d, elbo_var *x, elbo_var *mask)
{
    elbo_var *off = elbo_neg(elbo_sub(x, elbo_align(d->args[0], d->event_rank, elbo_ndim(x))));
    return elbo_event_sum(elbo_sub(off, elbo_scale(elbo_softplus(off), 2)), mask, d->event_rank);
}

static elbo_draw logistic_draw(const elbo_dist *d, const char *name, elbo_shape shape, int draw_axis)
{
    elbo_var *u = elbo_random_uniform(d->graph, name, shape, draw_axis);
    elbo_var *noise = elbo_sub(elbo_log(u), elbo_log1p(elbo_neg(u)));
    return (elbo_draw){.z = elbo_add(elbo_align(d->args[0], d->event_rank, shape.ndim), noise)};
}

static elbo_var *first_arg(const elbo_dist *d)
{
    return d->args[0];
}

static const elbo_dist_kind logistic = {.name = "logistic",
                                        .reparametrised = true,
                                        .log_prob = logistic_log_prob,
                                        .draw = logistic_draw,
                                        .mean = first_arg};

static elbo_inference logistic_infer(elbo_in *in)
{
    elbo_var *mean = elbo_linear(in->x, "encoder", elbo_option_integer(in, "latent-dim"));
    return elbo_infer_from(in, elbo_dist_of(&logistic, elbo_shape_of(mean), mean));
}

START_TEST(a_posterior_of_a_kind_of_ones_own_is_inferred_from)
{
    static const elbo_model model = {
        .name = "logistic", .options = options_of_all, .infer = logistic_infer, .generate = linear_generate};
    double log_q[B * K], z[B * K * Z], code[B * Z];
    elbo_values *options = small_options(&model);
    rig r = trained_rig(&model, options, ELBO_F64);
    elbo_in in = inputs(&r, &model, options, K);
    elbo_inference i;
    const elbo_bound bound = elbo_model_bound(&in, in.x, &i);
    ck_assert_ptr_nonnull(bound.kl);
    rig_run(&r, (elbo_var *[]){i.log_q, i.z, i.code}, 3, (double *[]){log_q, z, code});
    for (int n = 0; n < B * K; n++) {
        double sum = 0;
        for (int k = 0; k < Z; k++) {
            const double d = z[n * Z + k] - code[n / K * Z + k];
            sum += -d - 2 * log1p(exp(-d));
        }
        assert_close(log_q[n], sum, 1e-12);
    }
    rig_free(&r);
    elbo_values_free(options);
}
END_TEST

/* ---- priors that can only be drawn from -------------------------------------------------------------------------- */

/* Corners of a square: 1 or -1, evenly; neither density nor mean. */
static elbo_draw corner_draw(const elbo_dist *d, const char *name, elbo_shape shape, int draw_axis)
{
    elbo_var *u = elbo_random_uniform(d->graph, name, shape, draw_axis);
    return (elbo_draw){.z = elbo_shift(elbo_scale(elbo_less(u, elbo_constant(d->graph, 0.5)), 2), -1)};
}

static const elbo_dist_kind corners = {.name = "corners", .draw = corner_draw};

static elbo_dist corner_prior(elbo_in *in)
{
    return elbo_dist_of(&corners, ELBO_SHAPE(elbo_size(in->x, 0), 2), elbo_constant(in->g, 0));
}

static elbo_inference half_infer(elbo_in *in)
{
    return elbo_infer_code(elbo_slice(in->x, 1, 0, 2));
}

/* x = (z + 3) / 6, repeated */
static elbo_dist half_generate(elbo_in *in, elbo_var *z)
{
    (void)in;
    elbo_var *x = elbo_scale(elbo_shift(z, 3), 1.0 / 6);
    return elbo_squared_error(elbo_concat((elbo_var *[]){x, x}, 2, elbo_ndim(x) - 1));
}

static const elbo_model corner_model = {
    .name = "corners", .infer = half_infer, .prior = corner_prior, .generate = half_generate};

START_TEST(drawing_from_a_prior_needs_no_density_of_it)
{
    float x[20 * 4];
    elbo_run *run = run_of(&corner_model, NO_OPTIONS, ELBO_SHAPE(4), 0);
    assert_ok(elbo_run_sample(run, NULL, 20, 1, x));
    int low = 0;
    for (int i = 0; i < 80; i++) {
        const bool is_low = fabsf(x[i] - 2.0f / 6) < 1e-6f;
        ck_assert(is_low || fabsf(x[i] - 4.0f / 6) < 1e-6f);
        low += is_low;
    }
    ck_assert(low > 10 && low < 70);
    elbo_run_free(run);
}
END_TEST

START_TEST(where_a_prior_has_no_mean_pictures_look_from_the_codes)
{
    static float x[6 * 4] = {0, 1, 0, 0, 0.5f, 0.25f, 1, 1, 1, 0.5f, 0, 0, 0.1f, 0.9f, 0, 0};
    elbo_images images = images_of(x, 6, ELBO_SHAPE(2, 2));
    elbo_run *run = run_of(&corner_model, NO_OPTIONS, ELBO_SHAPE(2, 2), 0);
    ck_assert(!elbo_run_has_normal_prior(run));
    assert_ok(elbo_picture_traversal(run, &(elbo_view){.images = &images}, -1, scratch_path("a.png")));
    assert_ok(elbo_picture_interpolation(run, &(elbo_view){.images = &images}, &(elbo_path){.from = -1, .rows = 2},
                                         scratch_path("b.png")));
    assert_ok(elbo_picture_manifold(run, &(elbo_view){.images = &images, .steps = 3}, scratch_path("c.png")));
    assert_refused(elbo_picture_traversal(run, &(elbo_view){.steps = 3}, -1, scratch_path("none")),
                   "model \"corners\" has no normal prior: images are needed");
    elbo_run_free(run);
}
END_TEST

/* ---- infer: once, and behind nobody's back ----------------------------------------------------------------------- */

static int calls;
static elbo_var *last_seen;

static elbo_inference counting_infer(elbo_in *in)
{
    const int64_t dims = elbo_option_integer(in, "latent-dim");
    calls++;
    last_seen = in->x;
    elbo_var *mean = elbo_linear(in->x, "mean", dims);
    elbo_report(in, "largest", elbo_max(mean, (int[]){1}, 1, false));
    return elbo_infer_normal(in, mean, elbo_linear(in->x, "logvar", dims));
}

static int repairing_losses(elbo_in *in, elbo_loss *out)
{
    elbo_inference i;
    elbo_var *x = in->x, *seen = elbo_corrupted(in);
    const elbo_bound bound = elbo_model_bound(in, seen, &i);
    ck_assert_ptr_eq(in->x, x);
    ck_assert_ptr_eq(last_seen, seen);
    ck_assert_ptr_ne(seen, x);
    elbo_report_bound(in, &bound);
    out[0] = (elbo_loss){.value = elbo_objective(in, &bound, NULL)};
    return 1;
}

START_TEST(a_bound_is_inferred_once_from_what_is_seen_and_the_callers_x_stays)
{
    static const elbo_model model = {.name = "repairs",
                                     .options = options_of_all,
                                     .infer = counting_infer,
                                     .generate = linear_generate,
                                     .losses = repairing_losses};
    elbo_values *options = small_options(&model);
    ck_assert_int_eq(elbo_values_set(options, "corruption", "mask"), ELBO_OK);
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    elbo_in in = inputs(&r, &model, options, 1);
    calls = 0;
    elbo_model_train(&in, &(elbo_optim){.name = "adam"});
    ck_assert_msg(elbo_graph_status(r.g) == ELBO_OK, "%s", elbo_error());
    ck_assert_int_eq(calls, 1);
    ck_assert_ptr_nonnull(metric(&in, "largest"));
    ck_assert(metric(&in, "largest")->own);
    ck_assert(!metric(&in, "kl")->own);
    ck_assert_str_eq(in.metrics[0].name, "loss");
    rig_free(&r);
    elbo_values_free(options);
}
END_TEST

/* A copy of `in` is asked for itself: what was built for the original is of other images, labels or draws. */
START_TEST(a_bound_of_a_copy_is_that_of_the_copy)
{
    static const elbo_model model = {
        .name = "copied", .options = options_of_all, .infer = counting_infer, .generate = linear_generate};
    static double dark[B * D];
    elbo_values *options = small_options(&model);
    ck_assert_int_eq(elbo_values_set(options, "corruption", "mask"), ELBO_OK);
    rig r = trained_rig(&model, options, ELBO_F64);
    elbo_in in = inputs(&r, &model, options, 1);
    const elbo_bound first = elbo_model_bound(&in, NULL, NULL), again = elbo_model_bound(&in, in.x, NULL);
    elbo_var *seen = elbo_corrupted(&in);
    ck_assert_ptr_eq(first.recon, again.recon);
    ck_assert_ptr_eq(elbo_corrupted(&in), seen);
    elbo_in other = in;
    other.n_metrics = 0;
    other.draws = K;
    elbo_inference i;
    elbo_model_bound(&other, NULL, &i);
    ck_assert_int_eq(elbo_size(i.z, 1), K);
    other = in;
    other.n_metrics = 0;
    other.y = rig_input(&r, "y", ELBO_SHAPE(B, C), labels);
    ck_assert_ptr_ne(elbo_model_bound(&other, NULL, NULL).recon, first.recon);
    other = in;
    other.x = rig_input(&r, "dark", ELBO_SHAPE(B, D), dark);
    double values[B * D];
    rig_value(&r, elbo_corrupted(&other), values);
    for (int k = 0; k < B * D; k++)
        ck_assert_double_eq(values[k], 0);
    ck_assert_msg(elbo_graph_status(r.g) == ELBO_OK, "%s", elbo_error());
    rig_free(&r);
    elbo_values_free(options);
}
END_TEST

/* ---- options ----------------------------------------------------------------------------------------------------- */

static int plain_losses(elbo_in *in, elbo_loss *out)
{
    const elbo_bound bound = elbo_model_bound(in, in->x, NULL);
    elbo_report_bound(in, &bound);
    out[0] = (elbo_loss){.value = elbo_neg(elbo_mean_all(elbo_iwae_bound(bound.log_weight)))};
    return 1;
}

static elbo_inference normal_infer(elbo_in *in)
{
    const int64_t dims = elbo_option_integer(in, "latent-dim");
    elbo_var *mean = elbo_linear(in->x, "mean", dims);
    return elbo_infer_normal(in, mean, elbo_linear(in->x, "logvar", dims));
}

static const elbo_model iwae = {.name = "iwae",
                                .options = options_of_all,
                                .infer = normal_infer,
                                .generate = linear_generate,
                                .losses = plain_losses};

/* The metrics of the usual loss, and another loss. */
static int replacing_losses(elbo_in *in, elbo_loss *out)
{
    elbo_default_losses(in, out);
    const elbo_bound bound = elbo_model_bound(in, in->model->flags ? NULL : elbo_corrupted(in), NULL);
    if (in->model->flags)
        elbo_corrupted(in); /* asked for, and not used */
    out[0].value = elbo_neg(elbo_mean_all(elbo_iwae_bound(bound.log_weight)));
    return 1;
}

START_TEST(an_option_that_only_a_loss_that_was_replaced_depends_on_is_refused)
{
    static const elbo_model replacing = {.name = "replacing",
                                         .options = options_of_all,
                                         .infer = counting_infer,
                                         .generate = linear_generate,
                                         .losses = replacing_losses};
    assert_no_run(&replacing, OPTIONS("beta", "5"), ELBO_SHAPE(D),
                  "option \"beta\": nothing in this model depends on it");
    assert_no_run(&replacing, OPTIONS("free-bits", "2"), ELBO_SHAPE(D), "option \"free-bits\": nothing in this model");
    elbo_model blind = replacing; /* to damage: its own loss sees whole images */
    blind.flags = ELBO_NO_PRIOR;
    blind.infer = normal_infer;
    assert_no_run(&blind, OPTIONS("corruption", "mask"), ELBO_SHAPE(D), "option \"corruption\": nothing in this model");
    calls = 0;
    elbo_run_free(run_of(&replacing, OPTIONS("corruption", "mask"), ELBO_SHAPE(D), 0));
    ck_assert_int_eq(calls, 2); /* of the losses, and of encoding: the bound is built once */
}
END_TEST

START_TEST(draws_are_refused_where_there_is_one_code)
{
    static const elbo_option options[] = {ELBO_OPTION_DRAWS, ELBO_OPTIONS_END};
    const elbo_model code = {
        .name = "code", .options = options, .infer = half_infer, .generate = half_generate, .flags = ELBO_NO_PRIOR};
    static float x[4];
    elbo_images images = images_of(x, 1, ELBO_SHAPE(4));
    assert_no_run(&code, OPTIONS("draws", "3"), ELBO_SHAPE(4), "option \"draws\": nothing in this model depends on it");
    elbo_run *run = run_of(&code, NO_OPTIONS, ELBO_SHAPE(4), 0);
    assert_refused(elbo_train(run, &images, &images, &(elbo_training){.test_draws = 3}, NULL), "takes no draws");
    elbo_run_free(run);
}
END_TEST

START_TEST(an_option_that_nothing_depends_on_is_refused_not_ignored)
{
    static const char *const ignored[][2] = {
        {"beta", "2"},          {"free-bits", "0.1"},   {"beta-schedule", "linear"},
        {"corruption", "mask"}, {"activation", "tanh"}, {"spread", "logstd"}};
    for (size_t i = 0; i < sizeof ignored / sizeof ignored[0]; i++) {
        char reason[80];
        snprintf(reason, sizeof reason, "model \"iwae\": option \"%s\": nothing in this model depends on it",
                 ignored[i][0]);
        assert_no_run(&iwae, OPTIONS(ignored[i][0], ignored[i][1]), ELBO_SHAPE(D), reason);
    }
    elbo_run_free(
        run_of(&iwae, OPTIONS("beta", "1", "draws", "5", "latent-dim", "3", "binarise", "yes"), ELBO_SHAPE(D), 0));
}
END_TEST

static int pressing_losses(elbo_in *in, elbo_loss *out)
{
    const elbo_bound bound = elbo_model_bound(in, in->x, NULL);
    elbo_report_bound(in, &bound);
    out[0] = (elbo_loss){.value = elbo_objective(in, &bound, NULL)};
    return 1;
}

START_TEST(the_objective_of_the_options_is_had_by_losses_of_ones_own)
{
    static const elbo_model own = {.name = "own",
                                   .options = options_of_all,
                                   .infer = normal_infer,
                                   .generate = linear_generate,
                                   .losses = pressing_losses};
    static const elbo_model usual = {
        .name = "usual", .options = options_of_all, .infer = normal_infer, .generate = linear_generate};
    const elbo_model *const models[] = {&own, &usual};
    double loss[2];
    for (int i = 0; i < 2; i++) {
        elbo_values *options = small_options(models[i]);
        ck_assert_int_eq(elbo_values_set(options, "free-bits", "0.2"), ELBO_OK);
        rig r = trained_rig(models[i], options, ELBO_F64);
        elbo_in in = inputs(&r, models[i], options, 1);
        rig_scalar(&r, "beta", 3);
        elbo_model_evaluate(&in);
        loss[i] = measured(&r, &in, "loss");
        rig_free(&r);
        elbo_values_free(options);
    }
    ck_assert_double_eq(loss[0], loss[1]);
}
END_TEST

/* ---- draws ------------------------------------------------------------------------------------------------------- */

static int counting_losses(elbo_in *in, elbo_loss *out)
{
    elbo_report(in, "at_step", elbo_scalar(in->g, "step"));
    return elbo_default_losses(in, out);
}

START_TEST(an_evaluation_knows_how_many_steps_the_weights_were_trained)
{
    static const elbo_model counting = {.name = "counting",
                                        .options = options_of_all,
                                        .infer = normal_infer,
                                        .generate = linear_generate,
                                        .losses = counting_losses};
    static float x[B * D];
    elbo_images images = images_of(x, B, ELBO_SHAPE(D));
    elbo_run *run = run_of(&counting, NO_OPTIONS, ELBO_SHAPE(D), 0);
    elbo_epoch last;
    assert_ok(elbo_train(run, &images, &images, &(elbo_training){.epochs = 3, .batch_size = 2}, &last));
    ck_assert_double_eq(elbo_figures_get(&last.train, "at_step"), 5.5); /* of steps 5 and 6 */
    ck_assert_double_eq(elbo_figures_get(&last.test, "at_step"), 6);
    ck_assert_double_eq(evaluated(run, &images, 1, "at_step"), 6);
    elbo_run_free(run);
}
END_TEST

START_TEST(a_model_is_measured_with_as_many_draws_as_it_is_trained_with)
{
    static float x[B * D];
    static const char *const names[] = {"iwae-5", "iwae-50"};
    static const int draws[] = {5, 50};
    for (int i = 0; i < B * D; i++)
        x[i] = (float)pixels[i];
    elbo_images images = images_of(x, B, ELBO_SHAPE(D));
    elbo_run *run = run_of(&iwae, OPTIONS("draws", "5", "latent-dim", "2"), ELBO_SHAPE(D), 0);
    elbo_epoch last;
    elbo_training how = {.epochs = 2, .batch_size = 2};
    assert_ok(elbo_train(run, &images, &images, &how, &last));
    ck_assert(elbo_figures_has(&last.train, "iwae-5"));
    assert_close(elbo_figures_get(&last.train, "loss"), -elbo_figures_get(&last.train, "iwae-5"), 1e-5);
    assert_close(elbo_figures_get(&last.test, "loss"), -elbo_figures_get(&last.test, "iwae-5"), 1e-5);
    for (int i = 0; i < 2; i++) {
        elbo_figures figures;
        float log_prob[B];
        double mean = 0;
        assert_ok(elbo_run_evaluate(run, &images, i ? 50 : 0, 1, &figures));
        assert_ok(elbo_run_log_prob(run, x, NULL, B, draws[i], 1, log_prob));
        for (int b = 0; b < B; b++)
            mean += log_prob[b] / B;
        assert_close(elbo_figures_get(&figures, names[i]), mean, 1e-5);
    }
    elbo_figures many; /* more than a plan takes of other work at once: the bound is still one of all */
    double whole = 0;
    float bound[B];
    assert_ok(elbo_run_evaluate(run, &images, 4100, 1, &many));
    assert_ok(elbo_run_log_prob(run, x, NULL, B, 4100, 1, bound));
    for (int b = 0; b < B; b++)
        whole += bound[b] / B;
    assert_close(elbo_figures_get(&many, "iwae-4100"), whole, 1e-5);
    how.test_draws = 50;
    assert_ok(elbo_train(run, &images, &images, &how, &last));
    ck_assert(elbo_figures_has(&last.train, "iwae-5") && elbo_figures_has(&last.test, "iwae-50"));
    elbo_figures again;
    assert_ok(elbo_run_evaluate(run, &images, 0, elbo_run_seed(run), &again));
    ck_assert_double_eq(elbo_figures_get(&again, "iwae-50"), elbo_figures_get(&last.test, "iwae-50"));
    elbo_run_free(run);
}
END_TEST

Suite *suite_inference(void)
{
    Suite *suite = suite_create("inference");
    TCase *said = tcase_create("as it is said"), *own = tcase_create("losses of one's own");
    tcase_add_checked_fixture(said, scratch_setup, scratch_teardown);
    tcase_add_test(said, a_posterior_of_a_kind_of_ones_own_is_inferred_from);
    tcase_add_test(said, drawing_from_a_prior_needs_no_density_of_it);
    tcase_add_test(said, where_a_prior_has_no_mean_pictures_look_from_the_codes);
    suite_add_tcase(suite, said);
    tcase_add_test(own, a_bound_is_inferred_once_from_what_is_seen_and_the_callers_x_stays);
    tcase_add_test(own, a_bound_of_a_copy_is_that_of_the_copy);
    tcase_add_test(own, an_option_that_only_a_loss_that_was_replaced_depends_on_is_refused);
    tcase_add_test(own, draws_are_refused_where_there_is_one_code);
    tcase_add_test(own, an_option_that_nothing_depends_on_is_refused_not_ignored);
    tcase_add_test(own, the_objective_of_the_options_is_had_by_losses_of_ones_own);
    tcase_add_test(own, an_evaluation_knows_how_many_steps_the_weights_were_trained);
    tcase_add_test(own, a_model_is_measured_with_as_many_draws_as_it_is_trained_with);
    suite_add_tcase(suite, own);
    return suite;
}
