/* Models of codes: the steps of flows, and what flows and a second stage learn. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../autograd/op.h"
#include "../nn/samplers/on_codes.h"
#include "../tensor/watch.h"
#include "numbers.h"
#include "patterns.h"
#include "runs.h"
#include "rig.h"
#include "scratch.h"
#include "suites.h"

enum { B = 3, D = 4 };
static const double codes[B * D] = {0.3, -1, 0.5, 2, -0.7, 0.1, 1.5, -0.4, 2.1, 0.9, -1.3, 0.2};

static const elbo_model *model_of(int i)
{
    return i ? elbo__sampler_iaf.model : elbo__sampler_maf.model;
}

static elbo_values *small(const elbo_model *model, const char *blocks)
{
    return options_of(model, OPTIONS("flow-blocks", blocks, "flow-hidden", "24,24"));
}

/* What a model is built from, of codes x. */
static elbo_in in_of(rig *r, const elbo_model *model, const elbo_values *options, elbo_var *x)
{
    return (elbo_in){.g = r->g, .model = model, .options = options, .x = x, .image = ELBO_SHAPE(D), .draws = 1};
}

/* The weights of a flow, and of the codes a mean and a deviation that are not 0 and 1. */
static rig flow_rig(const elbo_model *model, const elbo_values *options)
{
    static const double mean[D] = {0.5, -1, 0, 2}, deviation[D] = {1, 0.5, 2, 3};
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    elbo_in in = in_of(&r, model, options, rig_input(&r, "x", ELBO_SHAPE(B, D), codes));
    model->infer(&in);
    ck_assert_msg(elbo__graph_settle(r.g) == ELBO_OK, "%s", elbo_error());
    rig_set_param(&r, "mean", mean);
    rig_set_param(&r, "deviation", deviation);
    rig_next_graph(&r, ELBO_EVALUATE);
    return r;
}

/* noise (B, D) and -log |det| (B) of x */
static void to_noise(rig *r, const elbo_model *model, const elbo_values *options, const double *x, double *noise,
                     double *log_q)
{
    elbo_in in = in_of(r, model, options, rig_input(r, "x", ELBO_SHAPE(B, D), x));
    const elbo_inference i = model->infer(&in);
    rig_run(r, (elbo_var *[]){i.z, i.log_q}, 2, (double *[]){noise, log_q});
}

START_TEST(noise_becomes_the_code_again)
{
    const elbo_model *model = model_of(_i);
    elbo_values *options = small(model, "3");
    rig r = flow_rig(model, options);
    double noise[B * D], log_q[B], again[B * D];
    to_noise(&r, model, options, codes, noise, log_q);
    elbo_in in = in_of(&r, model, options, rig_input(&r, "x", ELBO_SHAPE(B, D), codes));
    elbo_var *z = elbo_dist_mean(model->generate(&in, rig_input(&r, "noise", ELBO_SHAPE(B, D), noise)));
    rig_value(&r, z, again);
    for (int i = 0; i < B * D; i++) {
        assert_close(again[i], codes[i], 1e-12);
        ck_assert_double_ne(noise[i], codes[i]);
    }
    rig_free(&r);
    elbo_values_free(options);
}
END_TEST

/* jacobian (D, D) of the noise of code `row`, by differences */
static void differentiate(rig *r, const elbo_model *model, const elbo_values *options, int row, double jacobian[D][D])
{
    const double h = 1e-5;
    for (int j = 0; j < D; j++) {
        double x[B * D], up[B * D], down[B * D], unwanted[B];
        memcpy(x, codes, sizeof x);
        x[row * D + j] += h;
        to_noise(r, model, options, x, up, unwanted);
        x[row * D + j] -= 2 * h;
        to_noise(r, model, options, x, down, unwanted);
        for (int i = 0; i < D; i++)
            jacobian[i][j] = (up[row * D + i] - down[row * D + i]) / (2 * h);
    }
}

/* By elimination; what is on the way down the diagonal is not 0 here. */
static double determinant(double a[D][D])
{
    double product = 1;
    for (int i = 0; i < D; i++) {
        product *= a[i][i];
        for (int k = i + 1; k < D; k++)
            for (int j = D - 1; j >= i; j--)
                a[k][j] -= a[i][j] * a[k][i] / a[i][i];
    }
    return product;
}

START_TEST(the_determinant_is_that_of_the_jacobian)
{
    const elbo_model *model = model_of(_i);
    elbo_values *options = small(model, "3");
    rig r = flow_rig(model, options);
    double noise[B * D], log_q[B], jacobian[D][D];
    to_noise(&r, model, options, codes, noise, log_q);
    for (int row = 0; row < B; row++) {
        differentiate(&r, model, options, row, jacobian);
        assert_close(log_q[row], -log(fabs(determinant(jacobian))), 1e-6);
    }
    rig_free(&r);
    elbo_values_free(options);
}
END_TEST

START_TEST(a_step_is_triangular)
{
    const elbo_model *model = model_of(_i);
    elbo_values *options = small(model, "1");
    rig r = flow_rig(model, options);
    double jacobian[D][D];
    bool seen[D][D] = {{false}}; /* of one code at least: a unit may be off */
    for (int row = 0; row < B; row++) {
        differentiate(&r, model, options, row, jacobian);
        for (int i = 0; i < D; i++)
            for (int j = 0; j < D; j++)
                seen[i][j] |= jacobian[i][j] != 0;
    }
    for (int i = 0; i < D; i++)
        for (int j = 0; j < D; j++)
            ck_assert_msg(seen[i][j] == (j <= i), "noise %d and entry %d", i, j);
    rig_free(&r);
    elbo_values_free(options);
}
END_TEST

/* ---- learning ---------------------------------------------------------------------------------------------------- */

enum { N = 3000, Z = 3 };

/* z = m + A e: codes of a normal distribution with covariance A A^T, of two kinds */
static const double centre[Z] = {10, -3, 0.5}, narrow[Z][Z] = {{3, 0, 0}, {-2, 1, 0}, {0.1, 0.1, 0.05}},
                    mild[Z][Z] = {{3, 0, 0}, {-0.6, 0.8, 0}, {0.03, 0.02, 0.05}};
static const double (*root)[Z]; /* A */
static float z[N * Z];

static void draw_codes(const double A[Z][Z])
{
    root = A;
    numbers r = {11};
    for (int i = 0; i < N; i++) {
        double e[4];
        for (int k = 0; k < 4; k += 2) {
            const double length = sqrt(-2 * log(numbers_between(&r, 1e-12, 1)));
            const double angle = numbers_between(&r, 0, 2 * M_PI);
            e[k] = length * cos(angle);
            e[k + 1] = length * sin(angle);
        }
        for (int j = 0; j < Z; j++)
            z[i * Z + j] = (float)(centre[j] + root[j][0] * e[0] + root[j][1] * e[1] + root[j][2] * e[2]);
    }
}

/* An autoencoder whose codes are its images. */
static elbo_run *identity_run(int classes)
{
    static const double one[Z * Z] = {1, 0, 0, 0, 1, 0, 0, 0, 1}, zeros[Z];
    elbo_run *run = run_of(&elbo_model_ae, OPTIONS("hidden", "none", "latent-dim", "3", "likelihood", "squared-error"),
                           ELBO_SHAPE(Z), classes);
    run_set_param(run, "encoder.code.weight", one);
    run_set_param(run, "encoder.code.bias", zeros);
    return run;
}

static elbo_sampler *fitted(elbo_run *run, const elbo_images *images, const char *const *pairs)
{
    elbo_values *values = elbo_values_new(elbo_sampler_options);
    for (; *pairs; pairs += 2)
        assert_ok(elbo_values_set(values, pairs[0], pairs[1]));
    elbo_sampler *s = elbo_sampler_fit(run, values, images);
    ck_assert_msg(s != NULL, "%s", elbo_error());
    elbo_values_free(values);
    return s;
}

#define SMALL_FLOW(name) OPTIONS("sampler", name, "flow-hidden", "16,16", "fit-epochs", "25", "fit-lr", "5e-3")

/* Mean of log p(z) of the codes under the normal that they are from: that of log N(e; 0, I) - log det A. */
static double true_likelihood(void)
{
    double sum = 0;
    for (int i = 0; i < N; i++) {
        double e[Z];
        for (int j = 0; j < Z; j++) {
            e[j] = z[i * Z + j] - centre[j];
            for (int k = 0; k < j; k++)
                e[j] -= root[j][k] * e[k];
            e[j] /= root[j][j];
            sum -= e[j] * e[j] / 2 + log(2 * M_PI) / 2 + log(root[j][j]);
        }
    }
    return sum / N;
}

START_TEST(a_flow_learns_a_correlated_normal)
{
    static double nats[N];
    static float drawn[N * Z], drawn_again[N * Z];
    draw_codes(narrow);
    elbo_run *run = identity_run(0);
    const elbo_images images = images_of(z, N, ELBO_SHAPE(Z));
    elbo_sampler *s = fitted(run, &images, SMALL_FLOW(_i ? "iaf" : "maf"));
    double sum = 0, entropy = 0, mean[Z] = {0}, square[Z] = {0};
    assert_ok(elbo_sampler_log_prob(s, z, NULL, N, nats));
    for (int i = 0; i < N; i++)
        sum += nats[i] / N;
    for (int j = 0; j < Z; j++)
        entropy += log(root[j][j]) + (1 + log(2 * M_PI)) / 2;
    ck_assert_double_eq_tol(true_likelihood(), -entropy, 4 * sqrt(Z / 2.0 / N)); /* the test's own numbers */
    ck_assert_double_eq_tol(sum, true_likelihood(), 0.03);
    assert_ok(elbo_sampler_draw(s, NULL, N, 5, drawn));
    for (int i = 0; i < N * Z; i++)
        mean[i % Z] += (double)drawn[i] / N;
    for (int i = 0; i < N * Z; i++)
        square[i % Z] += (drawn[i] - mean[i % Z]) * (drawn[i] - mean[i % Z]) / N;
    for (int j = 0; j < Z; j++) {
        double variance = 0;
        for (int k = 0; k < Z; k++)
            variance += root[j][k] * root[j][k];
        ck_assert_double_eq_tol(mean[j], centre[j], 0.15 * sqrt(variance));
        ck_assert_double_eq_tol(square[j] / variance, 1, 0.15);
    }
    assert_ok(elbo_sampler_save(s, scratch_path("flow")));
    elbo_sampler *again = elbo_sampler_load(run, scratch_path("flow"));
    ck_assert_msg(again != NULL, "%s", elbo_error());
    assert_ok(elbo_sampler_draw(again, NULL, N, 5, drawn_again));
    ck_assert_mem_eq(drawn, drawn_again, sizeof drawn);
    ck_assert_str_eq(elbo_sampler_noted(again, "log-likelihood"), elbo_sampler_noted(s, "log-likelihood"));
    ck_assert_int_eq(elbo_values_integer(elbo_sampler_values(again), "fit-epochs"), 25);
    elbo_sampler_free(again);
    elbo_sampler_free(s);
    elbo_run_free(run);
}
END_TEST

static bool note_epoch(void *user, const char *what, int64_t done, int64_t total)
{
    if (strcmp(what, "fitting a sampler") == 0 && done > *(int64_t *)user)
        *(int64_t *)user = done;
    (void)total;
    return true;
}

START_TEST(a_fit_that_no_longer_gains_ends)
{
    const char *const options[] = {"sampler",      "maf", "flow-hidden", "64,64", "fit-epochs", "3000",
                                   "fit-patience", "2",   "fit-lr",      "1e-2",  NULL};
    int64_t last = 0;
    draw_codes(narrow);
    elbo_run *run = identity_run(0);
    const elbo_images images = images_of(z, 200, ELBO_SHAPE(Z));
    elbo_watch(note_epoch, &last);
    elbo_sampler *s = fitted(run, &images, options);
    elbo_watch(NULL, NULL);
    ck_assert_int_gt(last, 2);
    ck_assert_int_lt(last, 300);
    elbo_sampler_free(s);
    elbo_run_free(run);
}
END_TEST

/* Its bound is the entropy where q(u|z) is the posterior, which for a normal it can be. Means and variances say that
 * the noise of p(z|u) is drawn too, and is the one that was learned. */
START_TEST(a_second_stage_learns_a_correlated_normal)
{
    static float drawn[N * Z];
    double variance[Z] = {0}, mean[Z] = {0}, square[Z] = {0}, logvar;
    draw_codes(mild);
    elbo_run *run = identity_run(0);
    const elbo_images images = images_of(z, N, ELBO_SHAPE(Z));
    elbo_sampler *s = fitted(run, &images,
                             OPTIONS("sampler", "two-stage", "stage-hidden", "32,32", "fit-epochs", "60", "fit-lr",
                                     "3e-3", "fit-patience", "60"));
    const double elbo = strtod(elbo_sampler_noted(s, "elbo"), NULL);
    ck_assert_double_le(elbo, true_likelihood() + 0.01);
    ck_assert_double_ge(elbo, true_likelihood() - 0.05);
    ck_assert(!elbo_sampler_has_density(s));
    run_param(s->fitted, "decoder.logvar", &logvar);
    ck_assert_double_gt(exp(logvar), 1e-3);
    assert_ok(elbo_sampler_draw(s, NULL, N, 5, drawn));
    for (int i = 0; i < N * Z; i++)
        mean[i % Z] += (double)drawn[i] / N;
    for (int i = 0; i < N * Z; i++)
        square[i % Z] += (drawn[i] - mean[i % Z]) * (drawn[i] - mean[i % Z]) / N;
    for (int j = 0; j < Z; j++) {
        for (int k = 0; k < Z; k++)
            variance[j] += root[j][k] * root[j][k];
        ck_assert_double_eq_tol(mean[j], centre[j], 0.15 * sqrt(variance[j]));
        ck_assert_double_eq_tol(square[j] / variance[j], 1, 0.15);
    }
    elbo_sampler_free(s);
    elbo_run_free(run);
}
END_TEST

/* Where the decoder says nothing of u, all of z is noise: its deviation is that of the codes times sqrt g. */
START_TEST(a_draw_of_the_second_stage_has_its_noise)
{
    static float drawn[N * Z];
    static double zeros[Z * 8];
    double square[Z] = {0}, deviation[Z];
    draw_codes(narrow);
    elbo_run *run = identity_run(0);
    const elbo_images images = images_of(z, N, ELBO_SHAPE(Z));
    elbo_sampler *s = fitted(run, &images, OPTIONS("sampler", "two-stage", "stage-hidden", "8", "fit-epochs", "1"));
    const double logvar = log(0.25);
    run_set_param(s->fitted, "decoder.mean.weight", zeros);
    run_set_param(s->fitted, "decoder.mean.bias", zeros);
    run_set_param(s->fitted, "decoder.logvar", &logvar);
    run_param(s->fitted, "deviation", deviation);
    assert_ok(elbo_sampler_draw(s, NULL, N, 5, drawn));
    for (int i = 0; i < N * Z; i++)
        square[i % Z] += (drawn[i] - centre[i % Z]) * (drawn[i] - centre[i % Z]) / N;
    for (int j = 0; j < Z; j++)
        ck_assert_double_eq_tol(square[j] / (0.25 * deviation[j] * deviation[j]), 1, 0.15);
    elbo_sampler_free(s);
    elbo_run_free(run);
}
END_TEST

START_TEST(few_codes_and_one_that_never_varies_are_fitted)
{
    elbo_run *run = identity_run(0);
    for (int i = 0; i < 5; i++)
        z[i * Z] = (float)i, z[i * Z + 1] = 7, z[i * Z + 2] = (float)(i % 2);
    const elbo_images images = images_of(z, _i ? 5 : 1, ELBO_SHAPE(Z));
    elbo_sampler *s = fitted(run, &images, SMALL_FLOW("maf"));
    float drawn[2 * Z];
    assert_ok(elbo_sampler_draw(s, NULL, 2, 1, drawn));
    for (int i = 0; i < 2 * Z; i++)
        ck_assert(isfinite(drawn[i]));
    elbo_sampler_free(s);
    elbo_run_free(run);
}
END_TEST

static bool refuse(void *user, const char *what, int64_t done, int64_t total)
{
    (void)done, (void)total;
    return strcmp(what, "fitting a sampler") != 0 || --*(int *)user > 0;
}

START_TEST(a_fit_can_be_stopped)
{
    elbo_run *run = identity_run(0);
    draw_codes(narrow);
    const elbo_images images = images_of(z, N, ELBO_SHAPE(Z));
    elbo_values *values = elbo_values_new(elbo_sampler_options);
    int left = 30;
    assert_ok(elbo_values_set(values, "sampler", "maf"));
    elbo_watch(refuse, &left);
    ck_assert_ptr_null(elbo_sampler_fit(run, values, &images));
    elbo_watch(NULL, NULL);
    ck_assert_msg(strstr(elbo_error(), "was stopped"), "%s", elbo_error());
    elbo_values_free(values);
    elbo_run_free(run);
}
END_TEST

/* Of a cvae whose encoder gives each class its own codes. */
START_TEST(a_flow_of_classes_draws_what_belongs_to_a_class)
{
    elbo_run *run = run_of(&elbo_model_cvae, OPTIONS("hidden", "none", "latent-dim", "2"),
                           ELBO_SHAPE(PATTERN_SIDE, PATTERN_SIDE), PATTERN_CLASSES);
    static double weights[2 * (PATTERN_PIXELS + PATTERN_CLASSES)];
    const double bias[2] = {0}, logvar[2] = {-2, -2};
    for (int c = 0; c < PATTERN_CLASSES; c++) { /* the mean is (3 c, -3 c) */
        weights[PATTERN_PIXELS + c] = 3 * c;
        weights[2 * PATTERN_PIXELS + PATTERN_CLASSES + c] = -3 * c;
    }
    run_set_param(run, "encoder.mean.weight", weights);
    run_set_param(run, "encoder.mean.bias", bias);
    memset(weights, 0, sizeof weights);
    run_set_param(run, "encoder.logvar.weight", weights);
    run_set_param(run, "encoder.logvar.bias", logvar);
    const elbo_images images = pattern_images(64);
    elbo_sampler *s = fitted(run, &images,
                             OPTIONS("sampler", "maf", "flow-hidden", "16", "fit-epochs", "150", "fit-batch", "16",
                                     "fit-lr", "1e-2", "fit-patience", "150"));
    for (int c = 0; c < PATTERN_CLASSES; c++) {
        float drawn[50 * 2];
        double mean[2] = {0};
        int labels[50];
        for (int i = 0; i < 50; i++)
            labels[i] = c;
        assert_ok(elbo_sampler_draw(s, labels, 50, 1, drawn));
        for (int i = 0; i < 100; i++)
            mean[i % 2] += drawn[i] / 50.0;
        ck_assert_double_eq_tol(mean[0], 3 * c, 0.5);
        ck_assert_double_eq_tol(mean[1], -3 * c, 0.5);
    }
    elbo_sampler_free(s);
    elbo_run_free(run);
}
END_TEST

Suite *suite_sampler_models(void)
{
    Suite *s = suite_create("sampler_models");
    TCase *t = tcase_create("models");
    tcase_add_checked_fixture(t, scratch_setup, scratch_teardown);
    tcase_set_timeout(t, 120);
    tcase_add_loop_test(t, noise_becomes_the_code_again, 0, 2);
    tcase_add_loop_test(t, the_determinant_is_that_of_the_jacobian, 0, 2);
    tcase_add_loop_test(t, a_step_is_triangular, 0, 2);
    tcase_add_loop_test(t, a_flow_learns_a_correlated_normal, 0, 2);
    tcase_add_test(t, a_second_stage_learns_a_correlated_normal);
    tcase_add_test(t, a_draw_of_the_second_stage_has_its_noise);
    tcase_add_test(t, a_fit_that_no_longer_gains_ends);
    tcase_add_loop_test(t, few_codes_and_one_that_never_varies_are_fitted, 0, 2);
    tcase_add_test(t, a_fit_can_be_stopped);
    tcase_add_test(t, a_flow_of_classes_draws_what_belongs_to_a_class);
    suite_add_tcase(s, t);
    return s;
}
