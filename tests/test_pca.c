/* Principal components of rows with a known covariance. */
#include <check.h>
#include <math.h>
#include <string.h>

#include "../models/models.h"
#include "../nn/pca/pca.h"
#include "../nn/training/train.h"
#include "../tensor/error_private.h"
#include "numbers.h"
#include "patterns.h"
#include "scratch.h"
#include "suites.h"

enum { D = 6, MANY = 2400 };

/* Three orthogonal directions of length 1, and how far the rows lie along them: 2 steps of each, so that the variances
 * are those squares / 3 exactly. */
static const double directions[3][D] = {{0.6, 0.8, 0, 0, 0, 0}, {0, 0, 0, -1, 0, 0}, {0.8, -0.6, 0, 0, 0, 0}};
static const double reach[3] = {4, 2, 1};

/* Row i is mean + or - reach[k] directions[k], k = i / 2 % 3: x (n, D) */
static void crosses(float *x, int n, double mean)
{
    for (int i = 0; i < n; i++)
        for (int d = 0; d < D; d++)
            x[i * D + d] = (float)(mean * (d + 1) + (i % 2 ? 1 : -1) * reach[i / 2 % 3] * directions[i / 2 % 3][d]);
}

static elbo_pca fitted(const float *x, int64_t n, int64_t columns, int64_t components)
{
    const elbo_rows rows = elbo_rows_of(x, n, columns);
    elbo_pca pca;
    ck_assert_msg(elbo_pca_fit(&rows, components, &pca) == ELBO_OK, "%s", elbo_error());
    return pca;
}

static void assert_near(double got, double expected, double tolerance)
{
    ck_assert_msg(fabs(got - expected) <= tolerance, "%.17g, expected %.17g", got, expected);
}

static void assert_crosses(const elbo_pca *pca, double mean, double tolerance)
{
    for (int d = 0; d < D; d++)
        assert_near(pca->mean[d], mean * (d + 1), tolerance);
    for (int k = 0; k < pca->components; k++) {
        const double sign = k == 1 ? -1 : 1; /* the largest entry becomes positive */
        assert_near(pca->variances[k], reach[k] * reach[k] / 3, tolerance);
        for (int d = 0; d < D; d++)
            assert_near(pca->axes[k * D + d], sign * directions[k][d], tolerance);
    }
    assert_near(pca->total, (16 + 4 + 1) / 3.0, tolerance);
}

START_TEST(the_axes_and_variances_are_those_that_the_rows_were_made_with)
{
    static float x[MANY * D];
    crosses(x, MANY, 1);
    elbo_pca pca = fitted(x, MANY, D, 3);
    assert_crosses(&pca, 1, 2e-7); /* the rows are rounded to f32 */
    assert_near(elbo_pca_explained(&pca, 1), 16 / 21.0, 1e-7);
    assert_near(elbo_pca_explained(&pca, 3), 1, 1e-7);
    elbo_pca_free(&pca);
}
END_TEST

START_TEST(a_large_mean_costs_no_accuracy)
{
    static float x[MANY * D];
    for (int i = 0; i < MANY; i++)
        for (int d = 0; d < D; d++)
            x[i * D + d] = 4096 + (d == 2 ? (i % 2 ? 0.25f : -0.25f) : 0); /* exact in f32 */
    elbo_pca pca = fitted(x, MANY, D, 1);
    ck_assert_double_eq(pca.mean[0], 4096);
    assert_near(pca.variances[0], 0.0625, 1e-15);
    assert_near(pca.axes[2], 1, 1e-15);
    elbo_pca_free(&pca);
}
END_TEST

/* Fewer rows than columns go through singular values, more through the covariance. */
START_TEST(few_rows_give_the_same_axes_as_many_copies_of_them)
{
    enum { N = 5, WIDE = 9 };
    numbers n = {3};
    float x[N * WIDE];
    for (int i = 0; i < N * WIDE; i++)
        x[i] = (float)numbers_between(&n, -1, 1);
    elbo_pca few = fitted(x, N, WIDE, 4);
    static float repeated[20 * N * WIDE]; /* twenty copies of each row: the same covariance, more rows than columns */
    for (int i = 0; i < 20; i++)
        memcpy(repeated + i * N * WIDE, x, sizeof x);
    elbo_pca many = fitted(repeated, 20 * N, WIDE, 4);
    assert_near(few.total, many.total, 1e-14);
    for (int k = 0; k < 4; k++) {
        assert_near(few.variances[k], many.variances[k], 1e-14);
        for (int d = 0; d < WIDE; d++)
            assert_near(few.axes[k * WIDE + d], many.axes[k * WIDE + d], 1e-12);
    }
    elbo_pca_free(&few);
    elbo_pca_free(&many);
}
END_TEST

START_TEST(projections_are_uncorrelated_with_the_variances_of_the_axes)
{
    enum { N = 300, Z = 4 };
    numbers n = {5};
    static float x[N * D], z[N * Z];
    for (int i = 0; i < N * D; i++)
        x[i] = (float)(numbers_between(&n, -1, 1) * (i % D + 1) + (i % D ? x[i - 1] : 0));
    elbo_pca pca = fitted(x, N, D, Z);
    elbo_pca_project(&pca, x, N, z);
    for (int a = 0; a < Z; a++)
        for (int b = 0; b <= a; b++) {
            double sum = 0;
            for (int i = 0; i < N; i++)
                sum += (double)z[i * Z + a] * z[i * Z + b] / N;
            assert_near(sum, a == b ? pca.variances[a] : 0, 1e-5 * pca.variances[0]);
        }
    elbo_pca_free(&pca);
}
END_TEST

/* The plane of e1 and cos t e2 + sin t e4, t = 0.3, against the span of e1, e2 and e3, each in a skewed basis */
START_TEST(principal_angles_are_those_that_the_planes_were_made_with)
{
    const double t = 0.3, angle[2] = {0, 0.3};
    const double plane[2 * D] = {2, cos(t), 0, sin(t), 0, 0, -1, 3 * cos(t), 0, 3 * sin(t), 0, 0};
    const double space[3 * D] = {1, 1, 0, 0, 0, 0, 0, 1, 5, 0, 0, 0, 0.5, 0, 1, 0, 0, 0};
    double angles[2];
    ck_assert_int_eq(elbo_principal_angles(plane, 2, space, 3, D, angles), ELBO_OK);
    for (int i = 0; i < 2; i++)
        assert_near(angles[i], angle[i], 1e-7); /* arccos near 1 */
    const double line[2 * D] = {1, 1, 0, 0, 0, 0, 2, 2};
    ck_assert_int_eq(elbo_principal_angles(line, 2, space, 3, D, angles), ELBO_INVALID);
    ck_assert_str_eq(elbo_error(), "principal angles: 2 rows span fewer dimensions");
    ck_assert_int_eq(elbo_principal_angles(space, 3, plane, 2, D, angles), ELBO_INVALID);
}
END_TEST

/* ---- rows that come in blocks ------------------------------------------------------------------------------------ */

static int64_t longest_read, reads;

static elbo_status read_crosses(const void *source, int64_t first, int64_t n, float *x)
{
    const float *all = source;
    memcpy(x, all + first * D, (size_t)(n * D) * sizeof *x);
    longest_read = n > longest_read ? n : longest_read;
    return ++reads == 1000 ? elbo__fail(ELBO_IO, "row %d is gone", (int)first) : ELBO_OK;
}

START_TEST(rows_are_asked_for_in_blocks_and_give_the_same_bits)
{
    static float x[MANY * D];
    crosses(x, MANY, 1);
    const elbo_rows rows = {MANY, D, x, read_crosses};
    elbo_pca whole = fitted(x, MANY, D, 3), pieces;
    ck_assert_int_eq(elbo_pca_fit(&rows, 3, &pieces), ELBO_OK);
    ck_assert_int_le(longest_read, 1000);
    ck_assert_int_eq(memcmp(whole.axes, pieces.axes, 3 * D * sizeof(double)), 0);
    ck_assert_int_eq(memcmp(whole.variances, pieces.variances, 3 * sizeof(double)), 0);
    elbo_pca_free(&whole);
    elbo_pca_free(&pieces);
}
END_TEST

START_TEST(a_row_that_cannot_be_read_is_the_error)
{
    static float x[MANY * D];
    elbo_pca pca;
    reads = 998;
    ck_assert_int_eq(elbo_pca_fit(&(elbo_rows){MANY, D, x, read_crosses}, 3, &pca), ELBO_IO);
    ck_assert_str_eq(elbo_error(), "row 1000 is gone");
    ck_assert_ptr_null(pca.mean);
}
END_TEST

static elbo_status fit_crosses(void)
{
    float x[40 * D];
    crosses(x, 40, 1);
    const elbo_rows many = elbo_rows_of(x, 40, D), few = elbo_rows_of(x, 4, D);
    elbo_pca pca;
    elbo_status status = elbo_pca_fit(&many, 2, &pca);
    elbo_pca_free(&pca);
    if (status == ELBO_OK)
        status = elbo_pca_fit(&few, 2, &pca);
    elbo_pca_free(&pca);
    return status;
}

START_TEST(short_memory_is_reported_and_nothing_is_lost)
{
    assert_survives_failing_allocations(fit_crosses);
}
END_TEST

START_TEST(more_components_than_rows_or_columns_and_values_that_are_no_numbers_are_refused)
{
    float x[3 * D] = {0};
    elbo_pca pca;
    elbo_rows rows = elbo_rows_of(x, 3, D);
    ck_assert_int_eq(elbo_pca_fit(&rows, 4, &pca), ELBO_INVALID);
    ck_assert_str_eq(elbo_error(), "pca: 4 components of 3 rows of 6 columns: expected 1 to 3");
    ck_assert_int_eq(elbo_pca_fit(&rows, 0, &pca), ELBO_INVALID);
    x[8] = NAN;
    ck_assert_int_eq(elbo_pca_fit(&rows, 2, &pca), ELBO_INVALID);
    ck_assert_str_eq(elbo_error(), "pca: column 2 has a value that is not finite");
}
END_TEST

/* ---- as models --------------------------------------------------------------------------------------------------- */

enum { N = 64, PIXELS = PATTERN_PIXELS };
static float x[N * PIXELS];
static elbo_images images;

static void setup(void)
{
    images = pattern_images(N);
    ck_assert_int_eq(elbo_images_rows(&images, 0, N, x, NULL), ELBO_OK);
    numbers n = {7};
    for (int i = 0; i < N * PIXELS; i++)
        x[i] = (float)(0.7 * x[i] + 0.3 * numbers_between(&n, 0, 1)); /* full rank */
    const elbo_tensor pixels = elbo_tensor_of(ELBO_F32, ELBO_SHAPE(N, PATTERN_SIDE, PATTERN_SIDE), x);
    ck_assert_int_eq(elbo_images_of(&pixels, NULL, 0, &images), ELBO_OK);
}

static elbo_run *fitted_run(const elbo_model *model, const char *option, const char *value, elbo_epoch *last)
{
    elbo_values *options = elbo_model_values(model);
    ck_assert_int_eq(elbo_values_set(options, "latent-dim", "5"), ELBO_OK);
    if (option)
        ck_assert_int_eq(elbo_values_set(options, option, value), ELBO_OK);
    elbo_run *run = elbo_run_for(model, options, &images, 1);
    ck_assert_msg(run && elbo_train(run, &images, &images, NULL, last) == ELBO_OK, "%s", elbo_error());
    elbo_values_free(options);
    return run;
}

START_TEST(the_error_of_pca_is_the_sum_of_the_variances_left_out)
{
    elbo_epoch last;
    elbo_pca pca = fitted(x, N, PIXELS, 5);
    elbo_run_free(fitted_run(&elbo_model_pca, NULL, NULL, &last));
    assert_near(elbo_figures_get(&last.test, "squared_error"), pca.total * (1 - elbo_pca_explained(&pca, 5)), 1e-5);
    ck_assert_int_eq(last.epoch, 1);
    elbo_pca_free(&pca);
}
END_TEST

START_TEST(a_run_says_how_it_was_fitted)
{
    elbo_epoch last;
    elbo_ini described = {.count = 0};
    elbo_run *run = fitted_run(&elbo_model_ppca, NULL, NULL, &last);
    ck_assert_int_eq(elbo_run_describe(run, &described), ELBO_OK);
    ck_assert_str_eq(elbo_ini_get(&described, "fitted-by"), "covariance");
    elbo_ini_free(&described);
    elbo_run_free(run);
}
END_TEST

START_TEST(decoding_a_code_of_pca_and_encoding_it_again_gives_the_code)
{
    for (int whiten = 0; whiten < 2; whiten++) {
        float z[N * 5], again[N * 5];
        static float y[N * PIXELS];
        elbo_epoch last;
        elbo_run *run = fitted_run(&elbo_model_pca, "whiten", whiten ? "yes" : "no", &last);
        ck_assert_int_eq(elbo_run_encode(run, x, NULL, N, z), ELBO_OK);
        ck_assert_int_eq(elbo_run_decode(run, z, NULL, N, y), ELBO_OK);
        ck_assert_int_eq(elbo_run_encode(run, y, NULL, N, again), ELBO_OK);
        for (int i = 0; i < N * 5; i++)
            assert_near(again[i], z[i], 1e-5);
        elbo_run_free(run);
    }
}
END_TEST

START_TEST(whitened_codes_have_variance_1)
{
    float z[N * 5];
    elbo_epoch last;
    elbo_run *run = fitted_run(&elbo_model_pca, "whiten", "yes", &last);
    ck_assert_int_eq(elbo_run_encode(run, x, NULL, N, z), ELBO_OK);
    for (int k = 0; k < 5; k++) {
        double square = 0;
        for (int i = 0; i < N; i++)
            square += (double)z[i * 5 + k] * z[i * 5 + k] / N;
        assert_near(square, 1, 1e-5);
    }
    elbo_run_free(run);
}
END_TEST

/* log N(x; m, C) over the images with C = the leading z parts of the covariance + the noise, by Cholesky in the
 * test. */
static double mean_log_density(int dims)
{
    static double c[PIXELS][PIXELS], l[PIXELS][PIXELS];
    elbo_pca pca = fitted(x, N, PIXELS, dims);
    const double noise = pca.total * (1 - elbo_pca_explained(&pca, dims)) / (PIXELS - dims);
    for (int i = 0; i < PIXELS; i++)
        for (int j = 0; j < PIXELS; j++) {
            c[i][j] = i == j ? noise : 0;
            for (int k = 0; k < dims; k++)
                c[i][j] += (pca.variances[k] - noise) * pca.axes[k * PIXELS + i] * pca.axes[k * PIXELS + j];
        }
    double sum = 0;
    for (int i = 0; i < PIXELS; i++)
        for (int j = 0; j <= i; j++) {
            double s = c[i][j];
            for (int k = 0; k < j; k++)
                s -= l[i][k] * l[j][k];
            l[i][j] = i == j ? sqrt(s) : s / l[j][j];
        }
    for (int n = 0; n < N; n++) {
        double y[PIXELS];
        for (int i = 0; i < PIXELS; i++) {
            y[i] = x[n * PIXELS + i] - pca.mean[i];
            for (int k = 0; k < i; k++)
                y[i] -= l[i][k] * y[k];
            y[i] /= l[i][i];
            sum -= (0.5 * y[i] * y[i] + log(l[i][i]) + 0.5 * log(2 * M_PI)) / N;
        }
    }
    elbo_pca_free(&pca);
    return sum;
}

START_TEST(the_likelihood_of_probabilistic_pca_is_that_of_its_normal_distribution)
{
    elbo_epoch last;
    elbo_figures figures;
    elbo_run *run = fitted_run(&elbo_model_ppca, NULL, NULL, &last);
    ck_assert_int_eq(elbo_run_evaluate(run, &images, 0, 1, &figures), ELBO_OK);
    assert_near(elbo_figures_get(&figures, "log_likelihood"), mean_log_density(5), 1e-3);
    elbo_run_free(run);
}
END_TEST

START_TEST(the_likelihood_of_probabilistic_pca_keeps_its_digits_where_little_is_left_for_the_noise)
{
    elbo_epoch last;
    elbo_figures figures;
    elbo_run *run = fitted_run(&elbo_model_ppca, "latent-dim", "60", &last);
    ck_assert_int_eq(elbo_run_evaluate(run, &images, 0, 1, &figures), ELBO_OK);
    assert_near(elbo_figures_get(&figures, "log_likelihood"), mean_log_density(60), 0.05);
    elbo_run_free(run);
}
END_TEST

START_TEST(probabilistic_pca_without_any_noise_left_is_refused)
{
    elbo_values *options = elbo_model_values(&elbo_model_ppca);
    ck_assert_int_eq(elbo_values_set(options, "latent-dim", "64"), ELBO_OK);
    elbo_run *run = elbo_run_for(&elbo_model_ppca, options, &images, 1);
    ck_assert_int_eq(elbo_train(run, &images, NULL, NULL, NULL), ELBO_INVALID);
    ck_assert_str_eq(elbo_error(), "ppca: 64 components leave no variance for the noise; take fewer");
    elbo_run_free(run);
    elbo_values_free(options);
}
END_TEST

/* q(z|x) is the exact posterior, so log p(x|z) + log p(z) - log q(z|x) is log p(x) at any z at all. */
START_TEST(one_draw_of_probabilistic_pca_gives_the_exact_likelihood_of_each_image)
{
    float one[N], hundred[N];
    elbo_epoch last;
    elbo_run *run = fitted_run(&elbo_model_ppca, NULL, NULL, &last);
    ck_assert_int_eq(elbo_run_log_prob(run, x, NULL, N, 1, 1, one), ELBO_OK);
    ck_assert_int_eq(elbo_run_log_prob(run, x, NULL, N, 100, 2, hundred), ELBO_OK);
    double sum = 0;
    for (int i = 0; i < N; i++) {
        assert_near(one[i], hundred[i], 2e-3);
        sum += one[i] / N;
    }
    assert_near(sum, mean_log_density(5), 1e-3);
    elbo_run_free(run);
}
END_TEST

START_TEST(a_fitted_run_comes_back_from_its_file)
{
    float z[N * 5], again[N * 5];
    elbo_epoch last;
    elbo_run *run = fitted_run(&elbo_model_pca, NULL, NULL, &last);
    ck_assert_int_eq(elbo_run_save(run, scratch_path("pca.safetensors")), ELBO_OK);
    elbo_run *loaded = elbo_run_load(scratch_path("pca.safetensors"), elbo_models);
    ck_assert_msg(loaded != NULL, "%s", elbo_error());
    ck_assert_int_eq(elbo_run_encode(run, x, NULL, N, z), ELBO_OK);
    ck_assert_int_eq(elbo_run_encode(loaded, x, NULL, N, again), ELBO_OK);
    ck_assert_int_eq(memcmp(z, again, sizeof z), 0);
    elbo_run_free(run);
    elbo_run_free(loaded);
}
END_TEST

Suite *suite_pca(void)
{
    Suite *suite = suite_create("pca");
    TCase *rows = tcase_create("rows"), *models = tcase_create("models");
    tcase_add_test(rows, the_axes_and_variances_are_those_that_the_rows_were_made_with);
    tcase_add_test(rows, a_large_mean_costs_no_accuracy);
    tcase_add_test(rows, few_rows_give_the_same_axes_as_many_copies_of_them);
    tcase_add_test(rows, projections_are_uncorrelated_with_the_variances_of_the_axes);
    tcase_add_test(rows, principal_angles_are_those_that_the_planes_were_made_with);
    tcase_add_test(rows, rows_are_asked_for_in_blocks_and_give_the_same_bits);
    tcase_add_test(rows, a_row_that_cannot_be_read_is_the_error);
    tcase_add_test(rows, short_memory_is_reported_and_nothing_is_lost);
    tcase_add_test(rows, more_components_than_rows_or_columns_and_values_that_are_no_numbers_are_refused);
    tcase_add_checked_fixture(models, setup, NULL);
    tcase_add_checked_fixture(models, scratch_setup, scratch_teardown);
    tcase_add_test(models, the_error_of_pca_is_the_sum_of_the_variances_left_out);
    tcase_add_test(models, a_run_says_how_it_was_fitted);
    tcase_add_test(models, decoding_a_code_of_pca_and_encoding_it_again_gives_the_code);
    tcase_add_test(models, whitened_codes_have_variance_1);
    tcase_add_test(models, the_likelihood_of_probabilistic_pca_is_that_of_its_normal_distribution);
    tcase_add_test(models, the_likelihood_of_probabilistic_pca_keeps_its_digits_where_little_is_left_for_the_noise);
    tcase_add_test(models, probabilistic_pca_without_any_noise_left_is_refused);
    tcase_add_test(models, one_draw_of_probabilistic_pca_gives_the_exact_likelihood_of_each_image);
    tcase_add_test(models, a_fitted_run_comes_back_from_its_file);
    suite_add_tcase(suite, rows);
    suite_add_tcase(suite, models);
    return suite;
}
