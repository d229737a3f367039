/* Missing values: what is hidden has no influence on anything, and what is there counts as ever. */
#include <check.h>
#include <math.h>
#include <string.h>

#include "../io/png.h"
#include "../nn/parts/options.h"
#include "../nn/pictures/picture.h"
#include "../tensor/walk.h"
#include "patterns.h"
#include "runs.h"
#include "scratch.h"
#include "suites.h"

enum { N = MOST_PATTERNS, D = PATTERN_PIXELS, SIZE = N * D, C = PATTERN_CLASSES };

static unsigned char bytes[SIZE], labels[N], there[SIZE];
static float floats[SIZE];
static int known[N];

/* Half of the values are there: which, is a hash of their place. */
static void setup(void)
{
    scratch_setup();
    patterns(N, bytes, labels);
    for (int i = 0; i < SIZE; i++) {
        there[i] = ((unsigned)i * 2654435761u >> 20) % 2;
        floats[i] = (float)bytes[i] / 255;
    }
    for (int i = 0; i < N; i++)
        known[i] = labels[i];
}

/* Where a value is hidden stands `hidden`. */
static void hide(unsigned char hidden)
{
    for (int i = 0; i < SIZE; i++)
        bytes[i] = there[i] ? bytes[i] : hidden;
}

static void hide_floats(float hidden)
{
    for (int i = 0; i < SIZE; i++)
        floats[i] = there[i] ? floats[i] : hidden;
}

/* To be freed, for its mask; mask NULL: none. */
static elbo_images data_of(elbo_dtype dtype, const void *pixels, const unsigned char *mask)
{
    const elbo_tensor images = elbo_tensor_of(dtype, ELBO_SHAPE(N, PATTERN_SIDE, PATTERN_SIDE), pixels);
    const elbo_tensor classes = elbo_tensor_of(ELBO_U8, ELBO_SHAPE(N), labels);
    elbo_images data;
    assert_ok(elbo_images_of(&images, &classes, C, &data));
    if (mask) {
        const elbo_tensor m = elbo_tensor_of(ELBO_U8, images.layout.shape, mask);
        assert_ok(elbo_images_set_mask(&data, &m));
    }
    return data;
}

/* ---- no influence ------------------------------------------------------------------------------------------------ */

static const struct {
    const elbo_model *model;
    const char *options[7];
} models[] = {
    {&elbo_model_vae, {"draws", "3"}},
    {&elbo_model_vae, {"binarise", "yes"}},
    {&elbo_model_vae, {"likelihood", "continuous-bernoulli"}},
    {&elbo_model_vae, {"likelihood", "gaussian", "learn-variance", "pixel"}},
    {&elbo_model_vae, {"net", "conv", "channels", "4"}},
    {&elbo_model_cvae, {NULL}},
    {&elbo_model_ae, {"corruption", "gaussian"}},
    {&elbo_model_ae, {"likelihood", "squared-error", "corruption", "mask"}},
};
enum { MODELS = sizeof models / sizeof models[0] };

static elbo_run *new_run(int model)
{
    return run_of(models[model].model, models[model].options, ELBO_SHAPE(PATTERN_SIDE, PATTERN_SIDE), C);
}

static elbo_run *trained(int model, const elbo_images *images)
{
    elbo_run *run = new_run(model);
    assert_ok(elbo_train(run, images, NULL, &(elbo_training){.epochs = 2, .batch_size = 24}, NULL));
    return run;
}

static void assert_same_bits(const float *a, const float *b, int64_t n, const char *what)
{
    for (int64_t i = 0; i < n; i++)
        ck_assert_msg(isfinite(a[i]) && memcmp(a + i, b + i, sizeof *a) == 0, "%s %d: %g and %g", what, (int)i, a[i],
                      b[i]);
}

static void assert_same_weights(elbo_run *a, elbo_run *b)
{
    elbo_params *of_a = elbo_run_params(a), *of_b = elbo_run_params(b);
    for (int i = 0; i < elbo_params_count(of_a); i++) {
        const elbo_tensor x = elbo_params_tensor(of_a, i), y = elbo_params_tensor(of_b, i);
        for (elbo__walk w = elbo__walk_start(&x.layout.shape); w.more; elbo__walk_next(&w)) {
            const float a_number = (float)elbo_tensor_get(&x, w.index), b_number = (float)elbo_tensor_get(&y, w.index);
            assert_same_bits(&a_number, &b_number, 1, elbo_params_name(of_a, i));
        }
    }
}

static void assert_same_figures(elbo_run *run, const elbo_images *a, const elbo_images *b)
{
    elbo_figures of_a, of_b;
    assert_ok(elbo_run_evaluate(run, a, 0, 3, &of_a));
    assert_ok(elbo_run_evaluate(run, b, 0, 3, &of_b));
    ck_assert_int_gt(of_a.count, 0);
    for (int i = 0; i < of_a.count; i++)
        ck_assert_double_eq(of_a.at[i].value, of_b.at[i].value);
}

/* Trains a run on each of two data sets, which are to make no difference. */
static void assert_no_difference(int model, elbo_images a, elbo_images b)
{
    elbo_run *of_a = trained(model, &a), *of_b = trained(model, &b);
    assert_same_weights(of_a, of_b);
    assert_same_figures(of_a, &a, &b);
    elbo_run_free(of_a);
    elbo_run_free(of_b);
    elbo_images_free(&a);
    elbo_images_free(&b);
}

START_TEST(what_a_mask_hides_has_no_influence)
{
    static unsigned char other[SIZE];
    hide(0);
    memcpy(other, bytes, sizeof other);
    hide(200);
    ck_assert_mem_ne(bytes, other, sizeof other);
    assert_no_difference(_i, data_of(ELBO_U8, other, there), data_of(ELBO_U8, bytes, there));
}
END_TEST

START_TEST(nan_means_the_same_as_a_mask)
{
    static float other[SIZE];
    hide_floats(7); /* outside of [0, 1], which nobody sees */
    memcpy(other, floats, sizeof other);
    hide_floats(NAN);
    assert_no_difference(_i, data_of(ELBO_F32, other, there), data_of(ELBO_F32, floats, NULL));
}
END_TEST

START_TEST(a_mask_that_hides_nothing_changes_no_bit)
{
    memset(there, 1, sizeof there);
    const elbo_images masked = data_of(ELBO_U8, bytes, there);
    ck_assert_int_eq(masked.missing, 0);
    assert_no_difference(_i, masked, data_of(ELBO_U8, bytes, NULL));
}
END_TEST

/* Every call on arrays, of images (N, D) to out (N, D) at most; those that a model cannot answer give nothing. */
static void ask(elbo_run *run, int question, const float *x, float *out)
{
    const bool density = !(elbo_run_model(run)->flags & ELBO_NO_PRIOR);
    memset(out, 0, SIZE * sizeof *out);
    if (question == 0)
        assert_ok(elbo_run_encode(run, x, known, N, out));
    else if (question == 1)
        assert_ok(elbo_run_seen(run, x, known, N, 5, out));
    else if (question == 2)
        assert_ok(elbo_run_reconstruct(run, x, known, N, 5, out));
    else if (question == 3 && density)
        assert_ok(elbo_run_posterior(run, x, known, N, out, out + SIZE / 2));
    else if (question == 4 && density)
        assert_ok(elbo_run_elbo(run, x, known, N, 3, 5, out));
    else if (question == 5 && density)
        assert_ok(elbo_run_log_prob(run, x, known, N, 3, 5, out));
    else if (question == 6 && elbo_run_classes(run))
        assert_ok(elbo_run_classify(run, x, N, 3, 5, out));
}
enum { QUESTIONS = 7 };

START_TEST(arrays_with_nan_are_answered_with_finite_numbers)
{
    static float x[SIZE], out[SIZE], whole[SIZE];
    elbo_images images = data_of(ELBO_U8, bytes, there);
    elbo_run *run = trained(_i, &images);
    assert_ok(elbo_run_rows(run, &images, 0, N, x, NULL));
    for (int i = 0; i < SIZE; i++)
        ck_assert(there[i] ? x[i] == floats[i] : isnan(x[i]));
    for (int question = 0; question < QUESTIONS; question++) {
        ask(run, question, x, out);
        assert_same_bits(out, out, SIZE, "answer");
        ask(run, question, floats, whole);
        if (question < 3)
            ck_assert_mem_ne(out, whole, sizeof out);
    }
    elbo_run_free(run);
    elbo_images_free(&images);
}
END_TEST

/* ---- what the encoder sees --------------------------------------------------------------------------------------- */

START_TEST(the_encoder_sees_0_where_a_value_is_missing)
{
    static float seen[SIZE];
    hide_floats(NAN);
    elbo_run *run = new_run(_i);
    assert_ok(elbo_run_seen(run, floats, known, N, 1, seen));
    for (int i = 0; i < SIZE; i++)
        ck_assert(there[i] || seen[i] == 0);
    elbo_run_free(run);
}
END_TEST

/* ---- exact values ------------------------------------------------------------------------------------------------ */

/* z ~ N(0, 1), x | z ~ N(b + z w, v I): its exact posterior given what is there weighs every draw with p(x). */
enum { PIXELS = 4, ROWS = 4 };
static const double w[PIXELS] = {1.5, -0.5, 2, 0.25}, b[PIXELS] = {0.5, -1, 0.25, 2}, v = 0.5;

static elbo_dist exact_prior(elbo_in *in)
{
    return elbo_standard_normal(in->g, ELBO_SHAPE(elbo_size(in->x, 0), 1));
}

/* precision 1 + sum_j m_j w_j^2 / v, mean sum_j m_j w_j (x_j - b_j) / v over it */
static elbo_inference exact_infer(elbo_in *in)
{
    const elbo_shape shape = ELBO_SHAPE(PIXELS);
    elbo_var *weight = elbo_array(in->g, shape, w), *centred = elbo_sub(in->x, elbo_array(in->g, shape, b));
    elbo_var *m = in->mask ? in->mask : elbo_expand(elbo_constant(in->g, 1), elbo_shape_of(in->x));
    elbo_var *precision = elbo_shift(elbo_sum(elbo_scale(elbo_mul(m, elbo_square(weight)), 1 / v), (int[]){1}, 1, true),
                                     1);
    elbo_var *sum = elbo_sum(elbo_scale(elbo_mul(elbo_mul(m, centred), weight), 1 / v), (int[]){1}, 1, true);
    return elbo_infer_normal(in, elbo_div(sum, precision), elbo_neg(elbo_log(precision)));
}

static elbo_dist exact_generate(elbo_in *in, elbo_var *z)
{
    const elbo_shape shape = ELBO_SHAPE(PIXELS);
    elbo_var *mean = elbo_add(elbo_mul(z, elbo_array(in->g, shape, w)), elbo_array(in->g, shape, b));
    return elbo_normal_fixed(mean, v);
}

static const elbo_option none[] = {ELBO_OPTIONS_END};
static const elbo_model exact = {
    .name = "exact", .options = none, .infer = exact_infer, .prior = exact_prior, .generate = exact_generate};

static const float x_exact[ROWS * PIXELS] = {1, -2, 3, 0.5f, 0, NAN, -1.5f, 1, NAN, NAN, 0, NAN, NAN, NAN, NAN, NAN};

/* scipy.stats.multivariate_normal(b, w w^T + v I) of what is there, and log 1 of nothing */
static const double log_p[ROWS] = {-8.92150813145399, -4.36307093482857, -1.6779216760372542, 0};

START_TEST(the_density_of_what_is_there_is_that_of_its_margin)
{
    float out[ROWS];
    elbo_run *run = run_of(&exact, NO_OPTIONS, ELBO_SHAPE(PIXELS), 0);
    assert_ok(elbo_run_log_prob(run, x_exact, NULL, ROWS, _i, 1, out));
    for (int i = 0; i < ROWS; i++)
        ck_assert_double_eq_tol(out[i], log_p[i], 1e-5);
    elbo_run_free(run);
}
END_TEST

START_TEST(figures_count_what_is_there)
{
    const elbo_images images = images_of(x_exact, ROWS, ELBO_SHAPE(PIXELS));
    float mean[ROWS * PIXELS], code[ROWS];
    elbo_run *run = run_of(&exact, NO_OPTIONS, ELBO_SHAPE(PIXELS), 0);
    double error = 0, recon = 0;
    assert_ok(elbo_run_encode(run, x_exact, NULL, ROWS, code));
    ck_assert_double_eq(code[ROWS - 1], 0); /* nothing is known but the prior */
    assert_ok(elbo_run_reconstruct(run, x_exact, NULL, ROWS, 1, mean));
    for (int i = 0; i < ROWS * PIXELS; i++)
        if (!isnan(x_exact[i])) {
            const double square = ((double)x_exact[i] - mean[i]) * ((double)x_exact[i] - mean[i]);
            error += square / ROWS;
            recon += (log(2 * M_PI * v) + square / v) / 2 / ROWS;
        }
    ck_assert_double_eq_tol(evaluated(run, &images, 1, "squared_error"), error, 1e-5);
    ck_assert_double_eq_tol(evaluated(run, &images, 1, "recon"), recon, 1e-5);
    elbo_run_free(run);
}
END_TEST

/* ---- learning ---------------------------------------------------------------------------------------------------- */

/* A pixel is 0 or 1 as often, so who knows the means alone errs by 1/4 at each. */
START_TEST(a_model_learns_from_half_of_the_values_what_the_others_are)
{
    static float x[SIZE], truth[SIZE], out[SIZE];
    memcpy(truth, floats, sizeof truth);
    hide(255);
    elbo_images images = data_of(ELBO_U8, bytes, there);
    elbo_run *run = run_of(&elbo_model_vae, OPTIONS("hidden", "64", "latent-dim", "4"),
                           ELBO_SHAPE(PATTERN_SIDE, PATTERN_SIDE), 0);
    assert_ok(elbo_train(run, &images, NULL, &(elbo_training){.epochs = 150, .batch_size = 16, .lr = 1e-2}, NULL));
    assert_ok(elbo_run_rows(run, &images, 0, N, x, NULL));
    assert_ok(elbo_run_reconstruct(run, x, NULL, N, 1, out));
    double error = 0;
    int hidden = 0;
    for (int i = 0; i < SIZE; i++)
        if (!there[i]) {
            error += ((double)out[i] - truth[i]) * ((double)out[i] - truth[i]);
            hidden++;
        }
    ck_assert_int_gt(hidden, SIZE / 3);
    ck_assert_double_lt(error / hidden, 0.05);
    elbo_run_free(run);
    elbo_images_free(&images);
}
END_TEST

/* ---- refused ----------------------------------------------------------------------------------------------------- */

START_TEST(a_model_that_is_fitted_takes_no_missing_values)
{
    const elbo_model *model = _i ? &elbo_model_ppca : &elbo_model_pca;
    const char *reason = _i ? "model \"ppca\" is fitted to whole images, but values are missing"
                            : "model \"pca\" is fitted to whole images, but values are missing";
    static float out[SIZE];
    elbo_images images = data_of(ELBO_U8, bytes, there);
    elbo_run *run = run_of(model, OPTIONS("latent-dim", "2"), ELBO_SHAPE(PATTERN_SIDE, PATTERN_SIDE), 0);
    hide_floats(NAN);
    assert_refused(elbo_run_accepts(run, &images), reason);
    assert_refused(elbo_train(run, &images, NULL, NULL, NULL), reason);
    assert_refused(elbo_run_encode(run, floats, NULL, N, out), reason);
    assert_refused(elbo_run_reconstruct(run, floats, NULL, N, 1, out), reason);
    elbo_run_free(run);
    elbo_images_free(&images);
}
END_TEST

static elbo_inference plain_infer(elbo_in *in)
{
    elbo_var *code = elbo_linear(in->x, "encoder", 2);
    return (elbo_inference){.z = elbo_unsqueeze(code, 1), .code = code};
}

static elbo_dist plain_generate(elbo_in *in, elbo_var *z)
{
    return elbo_squared_error(elbo_linear(z, "decoder", elbo_size(in->x, -1)));
}

static int blind_losses(elbo_in *in, elbo_loss *out)
{
    elbo_var *y = elbo_dist_mean(plain_generate(in, plain_infer(in).code));
    out[0] = (elbo_loss){.value = elbo_mean_all(elbo_square(elbo_sub(y, in->x)))};
    return 1;
}

static int seeing_losses(elbo_in *in, elbo_loss *out)
{
    const elbo_dist p = plain_generate(in, plain_infer(in).code);
    out[0] = (elbo_loss){.value = elbo_neg(elbo_mean_all(elbo_log_prob(p, in->x, in->mask)))};
    return 1;
}

/* Corruption by noise reads the mask, which is no reason to take the loss for one that does. */
static int blind_losses_of_the_damaged(elbo_in *in, elbo_loss *out)
{
    const elbo_var *x = in->x;
    in->x = elbo_corrupted(in);
    const int n = blind_losses(in, out);
    in->x = (elbo_var *)x;
    return n;
}

START_TEST(losses_that_see_the_mask_through_noise_alone_are_refused)
{
    static const elbo_option options[] = {ELBO_OPTIONS_CORRUPTION, ELBO_OPTIONS_END};
    const elbo_model own = {.name = "own",
                            .options = options,
                            .flags = ELBO_NO_PRIOR,
                            .infer = plain_infer,
                            .generate = plain_generate,
                            .losses = blind_losses_of_the_damaged};
    elbo_images images = data_of(ELBO_U8, bytes, there);
    elbo_run *run = run_of(&own, OPTIONS("corruption", "gaussian"), ELBO_SHAPE(PATTERN_SIDE, PATTERN_SIDE), 0);
    assert_refused(elbo_train(run, &images, NULL, &(elbo_training){.epochs = 1}, NULL), "no loss depends on in->mask");
    elbo_run_free(run);
    elbo_images_free(&images);
}
END_TEST

START_TEST(rows_from_the_middle_have_their_own_missing_values)
{
    float x[3 * PATTERN_PIXELS];
    elbo_images images = data_of(ELBO_U8, bytes, there);
    assert_ok(elbo_images_rows(&images, 2, 3, x, NULL));
    for (int i = 0; i < 3 * PATTERN_PIXELS; i++)
        ck_assert_int_eq(isnan(x[i]) != 0, !there[2 * PATTERN_PIXELS + i]);
    elbo_images_free(&images);
}
END_TEST

START_TEST(losses_that_are_blind_to_the_mask_are_refused)
{
    elbo_model own = {.name = "own",
                      .options = none,
                      .flags = ELBO_NO_PRIOR,
                      .infer = plain_infer,
                      .generate = plain_generate,
                      .losses = blind_losses};
    elbo_images images = data_of(ELBO_U8, bytes, there), whole = data_of(ELBO_U8, bytes, NULL);
    elbo_run *run = run_of(&own, NO_OPTIONS, ELBO_SHAPE(PATTERN_SIDE, PATTERN_SIDE), 0);
    const elbo_training short_one = {.epochs = 1};
    assert_ok(elbo_train(run, &whole, NULL, &short_one, NULL));
    assert_refused(elbo_train(run, &images, NULL, &short_one, NULL),
                   "model \"own\", train: losses: values are missing, but no loss depends on in->mask");
    own.losses = seeing_losses;
    assert_ok(elbo_train(run, &images, NULL, &short_one, NULL));
    elbo_run_free(run);
    elbo_images_free(&images);
}
END_TEST

START_TEST(a_value_that_is_there_must_be_in_its_range)
{
    int at = 0;
    while (!there[at])
        at++;
    floats[at] = 2;
    elbo_images images = data_of(ELBO_F32, floats, there);
    elbo_run *run = new_run(0);
    assert_refused(elbo_run_accepts(run, &images), "image 0, row 0, column 1: the value 2 is outside [0, 1]");
    there[at] = 0;
    elbo_images hidden = data_of(ELBO_F32, floats, there);
    assert_ok(elbo_run_accepts(run, &hidden));
    elbo_run_free(run);
    elbo_images_free(&images);
    elbo_images_free(&hidden);
}
END_TEST

/* ---- pictures ---------------------------------------------------------------------------------------------------- */

START_TEST(what_is_missing_is_black_in_a_picture)
{
    memset(bytes, 255, sizeof bytes);
    elbo_images images = data_of(ELBO_U8, bytes, there);
    elbo_run *run = new_run(0);
    elbo_tensor picture;
    assert_ok(elbo_picture_reconstruction(run, &images, 1, 1, scratch_path("picture.png")));
    assert_ok(elbo_png_read(scratch_path("picture.png"), &picture));
    for (int64_t i = 0; i < D; i++) /* the original stands behind a line of 2 pixels */
        ck_assert_double_eq(elbo_tensor_get(&picture, (int64_t[]){2 + i / PATTERN_SIDE, 2 + i % PATTERN_SIDE}),
                            there[i] ? 255 : 0);
    elbo_tensor_free(&picture);
    elbo_run_free(run);
    elbo_images_free(&images);
}
END_TEST

START_TEST(a_picture_shows_what_is_made_of_the_values_that_are_there)
{
    const float x[PIXELS] = {NAN, -1, NAN, 2};
    float mean[PIXELS];
    const elbo_images images = images_of(x, 1, ELBO_SHAPE(2, 2));
    elbo_run *run = run_of(&exact, NO_OPTIONS, ELBO_SHAPE(2, 2), 0);
    elbo_tensor picture;
    assert_ok(elbo_run_reconstruct(run, x, NULL, 1, 5, mean));
    assert_ok(elbo_picture_reconstruction(run, &images, 1, 5, scratch_path("picture.png")));
    assert_ok(elbo_png_read(scratch_path("picture.png"), &picture));
    for (int64_t i = 0; i < PIXELS; i++) {
        const double light = 255 * fmin(fmax(mean[i], 0), 1);
        ck_assert_double_eq_tol(elbo_tensor_get(&picture, (int64_t[]){6 + i / 2, 2 + i % 2}), light, 0.5);
    }
    elbo_tensor_free(&picture);
    elbo_run_free(run);
}
END_TEST

Suite *suite_missing(void)
{
    Suite *suite = suite_create("missing");
    TCase *cases = tcase_create("missing values");
    tcase_add_checked_fixture(cases, setup, scratch_teardown);
    tcase_set_timeout(cases, 60);
    tcase_add_loop_test(cases, what_a_mask_hides_has_no_influence, 0, MODELS);
    tcase_add_loop_test(cases, nan_means_the_same_as_a_mask, 0, MODELS);
    tcase_add_loop_test(cases, a_mask_that_hides_nothing_changes_no_bit, 0, MODELS);
    tcase_add_loop_test(cases, arrays_with_nan_are_answered_with_finite_numbers, 0, MODELS);
    tcase_add_loop_test(cases, the_encoder_sees_0_where_a_value_is_missing, 0, MODELS);
    tcase_add_loop_test(cases, the_density_of_what_is_there_is_that_of_its_margin, 1, 4);
    tcase_add_test(cases, figures_count_what_is_there);
    tcase_add_test(cases, a_model_learns_from_half_of_the_values_what_the_others_are);
    tcase_add_loop_test(cases, a_model_that_is_fitted_takes_no_missing_values, 0, 2);
    tcase_add_test(cases, losses_that_are_blind_to_the_mask_are_refused);
    tcase_add_test(cases, losses_that_see_the_mask_through_noise_alone_are_refused);
    tcase_add_test(cases, rows_from_the_middle_have_their_own_missing_values);
    tcase_add_test(cases, a_value_that_is_there_must_be_in_its_range);
    tcase_add_test(cases, what_is_missing_is_black_in_a_picture);
    tcase_add_test(cases, a_picture_shows_what_is_made_of_the_values_that_are_there);
    suite_add_tcase(suite, cases);
    return suite;
}
