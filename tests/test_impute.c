/* What is missing, filled in: beside the conditional mean of a linear model, which is known. */
#include <check.h>
#include <math.h>
#include <string.h>

#include "../io/npy.h"
#include "../nn/pictures/picture.h"
#include "linear_vae.h"
#include "scratch.h"
#include "suites.h"

enum { D = 4, Z = 2, N = 3, SEEDS = 12 };

/* p(x|z) = N(W z + b, c I) */
static const double decode[D * Z] = {1, 0.5, -0.5, 1.5, 2, -1, 0.3, 0.2}, centre[D] = {0.5, -1, 0, 2};
#define VARIANCE 0.5

/* A proposal that is no posterior, but wide enough for any */
static const double code[Z * D] = {0.1, -0.05, 0.2, 0, 0.05, 0.2, -0.1, 0}, logvar[Z] = {0, 0};

static const float rows[N * D] = {1, NAN, -1, 2.5f, NAN, NAN, 0.7f, NAN, NAN, NAN, NAN, NAN};

static elbo_run *linear_run(void)
{
    return linear_vae_run(&(linear_vae){
        .pixels = D, .latent = Z, .code = code, .logvar = logvar, .decode = decode, .mean = centre, .variance = "0.5"});
}

/* Mean m and covariance S of z given what is there of x: S = (I + W'W/c)^-1, m = S W'(x - b)/c */
static void posterior(const float *x, double *m, double *s)
{
    double a = 1, b = 0, d = 1, u = 0, v = 0;
    for (int i = 0; i < D; i++) {
        const double *w = decode + i * Z, off = x[i] - centre[i];
        if (isnan(x[i]))
            continue;
        a += w[0] * w[0] / VARIANCE, b += w[0] * w[1] / VARIANCE, d += w[1] * w[1] / VARIANCE;
        u += w[0] * off / VARIANCE, v += w[1] * off / VARIANCE;
    }
    const double det = a * d - b * b;
    s[0] = d / det, s[1] = -b / det, s[2] = a / det;
    m[0] = s[0] * u + s[1] * v, m[1] = s[1] * u + s[2] * v;
}

/* E[x_i|x_obs] and Var[x_i|x_obs] */
static double conditional(const float *x, int i, double *variance)
{
    double m[Z], s[3];
    const double *w = decode + i * Z;
    posterior(x, m, s);
    *variance = w[0] * w[0] * s[0] + 2 * w[0] * w[1] * s[1] + w[1] * w[1] * s[2] + VARIANCE;
    return centre[i] + w[0] * m[0] + w[1] * m[1];
}

START_TEST(means_are_the_conditional_means_of_the_model)
{
    static float x[SEEDS][N * D];
    elbo_run *run = linear_run();
    elbo_images images = images_of(rows, N, ELBO_SHAPE(D));
    for (int k = 0; k < SEEDS; k++)
        assert_ok(elbo_run_impute(run, &images, 3000, 0, k, x[k], NULL));
    for (int i = 0; i < N * D; i++) {
        double sum = 0, square = 0, variance;
        for (int k = 0; k < SEEDS; k++) {
            sum += x[k][i];
            square += (double)x[k][i] * x[k][i];
        }
        const double average = sum / SEEDS, spread = sqrt(fmax(0, square / SEEDS - average * average) / (SEEDS - 1));
        if (!isnan(rows[i])) {
            ck_assert_double_eq(x[0][i], rows[i]);
            continue;
        }
        const double exact = conditional(rows + i / D * D, i % D, &variance);
        ck_assert_double_gt(spread, 0);
        ck_assert_msg(fabs(average - exact) <= 5 * spread, "value %d: %g +- %g, exactly %g", i, average, spread, exact);
        ck_assert_double_le(spread, 0.05); /* so that the comparison means something */
    }
    elbo_run_free(run);
}
END_TEST

START_TEST(many_imputations_have_the_conditional_mean_and_variance)
{
    enum { MANY = 1500 };
    static float x[MANY * N * D];
    elbo_run *run = linear_run();
    elbo_images images = images_of(rows, N, ELBO_SHAPE(D));
    assert_ok(elbo_run_impute(run, &images, 5000, MANY, 1, x, NULL));
    for (int i = 0; i < N * D; i++) {
        double sum = 0, square = 0, variance = 0;
        const double exact = isnan(rows[i]) ? conditional(rows + i / D * D, i % D, &variance) : rows[i];
        for (int m = 0; m < MANY; m++) {
            sum += x[m * N * D + i] - exact;
            square += (x[m * N * D + i] - exact) * (x[m * N * D + i] - exact);
        }
        /* those that are drawn from the same z_k are alike, so errors are a little larger than of draws of their own */
        ck_assert_double_le(fabs(sum / MANY), 6 * sqrt(variance / MANY));
        ck_assert_double_le(fabs(square / MANY - variance), 6 * variance * sqrt(2. / MANY));
    }
    elbo_run_free(run);
}
END_TEST

START_TEST(a_row_does_not_depend_on_those_beside_it)
{
    enum { MORE = 40 };
    static float all[MORE * D], x[MORE * D], alone[D], many[3 * MORE * D], few[3 * D];
    for (int i = 0; i < MORE * D; i++)
        all[i] = rows[i % (N * D)];
    elbo_run *run = linear_run();
    elbo_images images = images_of(all, MORE, ELBO_SHAPE(D)), first = images_of(all, 1, ELBO_SHAPE(D));
    assert_ok(elbo_run_impute(run, &images, 700, 0, 1, x, NULL));
    assert_ok(elbo_run_impute(run, &first, 700, 0, 1, alone, NULL));
    ck_assert_mem_eq(x, alone, sizeof alone);
    assert_ok(elbo_run_impute(run, &images, 700, 3, 1, many, NULL));
    assert_ok(elbo_run_impute(run, &first, 700, 3, 1, few, NULL));
    for (int m = 0; m < 3; m++)
        ck_assert_mem_eq(many + m * MORE * D, few + m * D, D * sizeof *few);
    elbo_run_free(run);
}
END_TEST

/* Its log-density is beyond all f32. */
START_TEST(a_row_that_no_draw_explains_is_left_as_it_is)
{
    enum { M = 3 };
    float far[N * D], x[N * D], others[N * D], many[M * N * D];
    elbo_imputed told;
    memcpy(far, rows, sizeof far);
    far[D] = NAN, far[D + 1] = 1e30f; /* the second row: two values are missing */
    elbo_run *run = linear_run();
    elbo_images images = images_of(far, N, ELBO_SHAPE(D)), near = images_of(rows, N, ELBO_SHAPE(D));
    assert_ok(elbo_run_impute(run, &near, 50, 0, 1, others, &told));
    ck_assert(told.filled == 8 && told.left == 0 && told.left_rows == 0);
    assert_ok(elbo_run_impute(run, &images, 50, 0, 1, x, &told));
    ck_assert(told.filled == 5 && told.left == 2 && told.left_rows == 1);
    ck_assert_mem_eq(x, others, D * sizeof *x);
    ck_assert_mem_eq(x + 2 * D, others + 2 * D, D * sizeof *x);
    assert_ok(elbo_run_impute(run, &images, 50, M, 1, many, &told));
    ck_assert(told.filled == 5 && told.left == 2 && told.left_rows == 1);
    for (int i = 0; i < N * D; i++) {
        ck_assert(!isnan(x[i]) || (i / D == 1 && isnan(far[i])));
        for (int m = 0; m < M; m++)
            ck_assert(isnan(many[m * N * D + i]) == isnan(x[i]));
    }
    elbo_run_free(run);
}
END_TEST

/* As numbers it is missing yet; in a picture it is black. */
START_TEST(a_row_that_no_draw_explains_is_written)
{
    static const char *const files[] = {"whole.npy", "whole.csv", "whole.png"};
    float far[N * D], x[N * D];
    memcpy(far, rows, sizeof far);
    far[D] = NAN, far[D + 1] = 1e30f;
    elbo_run *run = linear_run();
    elbo_images images = images_of(far, N, ELBO_SHAPE(D));
    elbo_imputed told;
    assert_ok(elbo_run_impute(run, &images, 50, 0, 1, x, NULL));
    for (int i = 0; i < 3; i++) {
        assert_ok(elbo_picture_imputed(run, &images, 50, 0, 1, scratch_path(files[i]), &told));
        ck_assert_int_eq(told.left_rows, 1);
    }
    elbo_tensor back;
    assert_ok(elbo_npy_read(scratch_path("whole.npy"), &back));
    for (int i = 0; i < N * D; i++)
        ck_assert(((float *)back.data)[i] == x[i] || (isnan(((float *)back.data)[i]) && isnan(x[i])));
    elbo_tensor_free(&back);
    elbo_run_free(run);
}
END_TEST

START_TEST(what_cannot_be_is_refused)
{
    float x[N * D];
    elbo_run *run = linear_run(), *code_run;
    elbo_images images = images_of(rows, N, ELBO_SHAPE(D)), others = images_of(rows, 2, ELBO_SHAPE(6));
    assert_refused(elbo_run_impute(run, &images, 0, 0, 1, x, NULL), "0 draws for 0 imputations");
    assert_refused(elbo_run_impute(run, &others, 5, 0, 1, x, NULL), "images of shape (6), but the model is for (4)");
    elbo_run_free(run);
    code_run = run_of(&elbo_model_ae, OPTIONS("hidden", "none", "latent-dim", "2", "likelihood", "squared-error"),
                      ELBO_SHAPE(D), 0);
    assert_refused(elbo_run_impute(code_run, &images, 5, 0, 1, x, NULL), "gives no density of z");
    elbo_run_free(code_run);
}
END_TEST

Suite *suite_impute(void)
{
    Suite *suite = suite_create("impute");
    TCase *linear = tcase_create("linear");
    tcase_add_test(linear, means_are_the_conditional_means_of_the_model);
    tcase_add_test(linear, many_imputations_have_the_conditional_mean_and_variance);
    tcase_add_test(linear, a_row_does_not_depend_on_those_beside_it);
    tcase_add_test(linear, a_row_that_no_draw_explains_is_left_as_it_is);
    tcase_add_test(linear, a_row_that_no_draw_explains_is_written);
    tcase_add_test(linear, what_cannot_be_is_refused);
    suite_add_tcase(suite, linear);
    return suite;
}
