/* The maximum mean discrepancy: of samples of known laws, of equal samples, and beside plain loops. */
#include <check.h>
#include <math.h>
#include <stdio.h>

#include "../nn/objectives/aggregate.h"
#include "derivatives.h"
#include "rig.h"
#include "suites.h"

enum { BATCHES = 2000, B = 12, OTHERS = 9, Z = 3 };

static const double small_a[4 * 2] = {0.5, -1, 2, 0.3, 0.1, 1, -1.2, 0.7};
static const double small_b[3 * 2] = {1, 1, -2, 0, 0.7, 0.4};

/* ---- plain loops ------------------------------------------------------------------------------------------------- */

static double plain_kernel(const char *name, const double *a, const double *b, int dims, double h)
{
    static const double scales[] = {0.1, 0.2, 0.5, 1, 2, 5, 10};
    double d2 = 0, sum = 0;
    for (int j = 0; j < dims; j++)
        d2 += (a[j] - b[j]) * (a[j] - b[j]);
    if (name[0] == 'r')
        return exp(-d2 / (2 * dims * h * h));
    for (int s = 0; s < 7; s++)
        sum += 2 * dims * h * h * scales[s] / (2 * dims * h * h * scales[s] + d2);
    return sum;
}

/* The mean of k over all rows of a (n, dims) and b (m, dims), or only over i != j */
static double plain_mean(const char *name, const double *a, int n, const double *b, int m, double h, bool distinct)
{
    double sum = 0;
    for (int i = 0; i < n; i++)
        for (int j = 0; j < m; j++)
            sum += distinct && i == j ? 0 : plain_kernel(name, a + 2 * i, b + 2 * j, 2, h);
    return sum / (n * (distinct ? m - 1 : m));
}

static double of(const double *a, int n, const double *b, int m, const char *kernel, double h, bool paired)
{
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    elbo_var *x = rig_input(&r, "a", ELBO_SHAPE(n, 2), a), *y = rig_input(&r, "b", ELBO_SHAPE(m, 2), b);
    const double value = rig_number(&r, (paired ? elbo_mmd_paired : elbo_mmd)(x, y, kernel, h));
    rig_free(&r);
    return value;
}

START_TEST(it_is_what_plain_loops_say)
{
    const char *k = elbo_mmd_kernel_names[_i];
    const double aa = plain_mean(k, small_a, 4, small_a, 4, 0.7, true);
    const double aa_3 = plain_mean(k, small_a, 3, small_a, 3, 0.7, true);
    const double bb = plain_mean(k, small_b, 3, small_b, 3, 0.7, true);
    const double ab = plain_mean(k, small_a, 4, small_b, 3, 0.7, false);
    const double ab_3 = plain_mean(k, small_a, 3, small_b, 3, 0.7, true);
    assert_close(of(small_a, 4, small_b, 3, k, 0.7, false), aa + bb - 2 * ab, 1e-13);
    assert_close(of(small_a, 3, small_b, 3, k, 0.7, true), aa_3 + bb - 2 * ab_3, 1e-13);
}
END_TEST

/* ---- equal samples ----------------------------------------------------------------------------------------------- */

START_TEST(the_paired_one_of_equal_samples_is_0)
{
    const char *k = elbo_mmd_kernel_names[_i];
    ck_assert_double_le(fabs(of(small_a, 4, small_a, 4, k, 1, true)), 1e-14);
    ck_assert_double_gt(fabs(of(small_a, 3, small_b, 3, k, 1, true)), 0.01);
}
END_TEST

START_TEST(the_other_of_equal_samples_lacks_the_pairs_of_a_row_with_itself)
{
    const char *k = elbo_mmd_kernel_names[_i];
    const double self = plain_kernel(k, small_a, small_a, 2, 1);
    const double others = plain_mean(k, small_a, 4, small_a, 4, 1, true);
    assert_close(of(small_a, 4, small_a, 4, k, 1, false) + 2.0 / 4 * (self - others), 0, 1e-14);
}
END_TEST

START_TEST(a_sample_of_one_row_says_nothing)
{
    ck_assert_double_eq(of(small_a, 1, small_b, 1, "imq", 1, false), 0);
    ck_assert_double_eq(of(small_a, 4, small_b, 1, "imq", 1, false), 0);
    ck_assert_double_eq(of(small_a, 1, small_b, 3, "rbf", 1, false), 0);
    ck_assert_double_eq(of(small_a, 1, small_b, 1, "imq", 1, true), 0);
}
END_TEST

/* ---- samples of known laws --------------------------------------------------------------------------------------- */

/* Mean over BATCHES pairs of samples of N(0, I) and N(m, I), and the error of that mean. */
typedef struct {
    double mean, error;
    int below_0;
} average;

static average over_batches(const char *kernel, double h, const double *m, bool paired)
{
    static double values[BATCHES];
    average a = {0};
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    r.planned = true;
    elbo_var *x = elbo_random_normal(r.g, "x", ELBO_SHAPE(BATCHES, B, Z), -1);
    elbo_var *y = elbo_random_normal(r.g, "y", ELBO_SHAPE(BATCHES, paired ? B : OTHERS, Z), -1);
    y = elbo_add(y, elbo_array(r.g, ELBO_SHAPE(Z), m));
    rig_value(&r, (paired ? elbo_mmd_paired : elbo_mmd)(x, y, kernel, h), values);
    rig_free(&r);
    for (int i = 0; i < BATCHES; i++) {
        a.mean += values[i] / BATCHES;
        a.below_0 += values[i] < 0;
    }
    for (int i = 0; i < BATCHES; i++)
        a.error += (values[i] - a.mean) * (values[i] - a.mean);
    a.error = sqrt(a.error / BATCHES / (BATCHES - 1));
    return a;
}

START_TEST(of_samples_of_one_law_it_averages_to_0_and_is_below_at_times)
{
    const average a = over_batches(elbo_mmd_kernel_names[_i % 2], 1, (const double[Z]){0}, _i / 2);
    ck_assert_double_le(fabs(a.mean), 5 * a.error);
    ck_assert_double_lt(a.error, 0.01);
    ck_assert_int_gt(a.below_0, BATCHES / 5);
}
END_TEST

/* E k(x, y) of x - y ~ N(m, 2 I) and k = exp(-|x - y|^2 / 2 w) is (1 + 2/w)^(-Z/2) exp(-|m|^2 / 2 (w + 2)). */
START_TEST(of_two_normals_rbf_averages_to_the_closed_form)
{
    static const double m[Z] = {0.8, -0.5, 0.3}, h = 0.9, w = Z * h * h;
    const double m2 = m[0] * m[0] + m[1] * m[1] + m[2] * m[2];
    const double truth = 2 * pow(1 + 2 / w, -Z / 2.0) * (1 - exp(-m2 / (2 * (w + 2))));
    const average a = over_batches("rbf", h, m, _i);
    ck_assert_double_le(fabs(a.mean - truth), 5 * a.error);
    ck_assert_double_lt(a.error, truth / 20);
}
END_TEST

/* ---- rounding ---------------------------------------------------------------------------------------------------- */

START_TEST(in_f32_no_pair_is_nearer_than_equal_points)
{
    double far[B * 2];
    for (int i = 0; i < B * 2; i++)
        far[i] = 5000 + i % 2 + 0.001 * (i / 2); /* squares have 25 bits, of which f32 has 24 */
    rig r = rig_new(ELBO_F32, ELBO_TRAIN);
    elbo_var *x = rig_input(&r, "x", ELBO_SHAPE(B, 2), far);
    for (int i = 0; elbo_mmd_kernel_names[i]; i++) {
        const double value = rig_number(&r, elbo_mmd(x, elbo_neg(x), elbo_mmd_kernel_names[i], 0.1));
        ck_assert_double_ge(value, 0);
        ck_assert_double_le(value, 2 * (i == 0 ? 7 : 1));
    }
    rig_free(&r);
}
END_TEST

/* ---- derivatives and errors -------------------------------------------------------------------------------------- */

static elbo_var *build_imq(elbo_var **in)
{
    return elbo_mmd(in[0], in[1], "imq", 0.8);
}

static elbo_var *build_rbf(elbo_var **in)
{
    return elbo_mmd(in[0], in[1], "rbf", 0.8);
}

static elbo_var *build_paired(elbo_var **in)
{
    return elbo_mmd_paired(in[0], in[1], "imq", 0.8);
}

START_TEST(derivatives_agree_with_central_differences)
{
    static const elbo__case cases[] = {
        {"imq, of rows", build_imq, 2, {{2, {4, 2}}, {2, {3, 2}}}, -2, 2, 0},
        {"imq, of draws", build_imq, 2, {{3, {2, 3, 2}}, {3, {2, 2, 2}}}, -2, 2, 0},
        {"rbf", build_rbf, 2, {{2, {4, 2}}, {2, {3, 2}}}, -2, 2, 0},
        {"paired", build_paired, 2, {{2, {3, 2}}, {2, {3, 2}}}, -2, 2, 0},
        {0},
    };
    derivative_report r = {0};
    check_derivatives("mmd", cases, ELBO_TRAIN, 1, &r);
    ck_assert_int_gt(r.entries, 0);
}
END_TEST

static void assert_wrong(elbo_shape a, elbo_shape b, const char *kernel, double bandwidth, const char *message)
{
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    elbo_mmd(elbo_input(r.g, "a", ELBO_F64, a), elbo_input(r.g, "b", ELBO_F64, b), kernel, bandwidth);
    rig_assert_error(&r, message);
    rig_free(&r);
}

START_TEST(what_is_no_two_samples_is_an_error)
{
    assert_wrong(ELBO_SHAPE(4, 2), ELBO_SHAPE(4, 3), "imq", 1,
                 "mmd: samples of shapes (4, 2) and (4, 3); expected (..., B, Z) twice");
    assert_wrong(ELBO_SHAPE(2), ELBO_SHAPE(2), "imq", 1,
                 "mmd: samples of shapes (2) and (2); expected (..., B, Z) twice");
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    elbo_mmd_paired(elbo_input(r.g, "a", ELBO_F64, ELBO_SHAPE(4, 2)), elbo_input(r.g, "b", ELBO_F64, ELBO_SHAPE(3, 2)),
                    "imq", 1);
    rig_assert_error(&r, "mmd: samples of shapes (4, 2) and (3, 2); expected (..., B, Z) twice, of as many rows");
    rig_free(&r);
    assert_wrong(ELBO_SHAPE(4, 2), ELBO_SHAPE(4, 2), "laplace", 1, "mmd: no kernel \"laplace\"");
    assert_wrong(ELBO_SHAPE(4, 2), ELBO_SHAPE(4, 2), "imq", 0, "mmd: bandwidth 0 is not a positive number");
}
END_TEST

Suite *suite_mmd(void)
{
    Suite *suite = suite_create("mmd");
    TCase *values = tcase_create("values");
    tcase_add_loop_test(values, it_is_what_plain_loops_say, 0, 2);
    tcase_add_loop_test(values, the_paired_one_of_equal_samples_is_0, 0, 2);
    tcase_add_loop_test(values, the_other_of_equal_samples_lacks_the_pairs_of_a_row_with_itself, 0, 2);
    tcase_add_test(values, a_sample_of_one_row_says_nothing);
    tcase_add_test(values, in_f32_no_pair_is_nearer_than_equal_points);
    suite_add_tcase(suite, values);
    TCase *laws = tcase_create("laws");
    tcase_add_loop_test(laws, of_samples_of_one_law_it_averages_to_0_and_is_below_at_times, 0, 4);
    tcase_add_loop_test(laws, of_two_normals_rbf_averages_to_the_closed_form, 0, 2);
    suite_add_tcase(suite, laws);
    TCase *rest = tcase_create("derivatives and errors");
    tcase_add_test(rest, derivatives_agree_with_central_differences);
    tcase_add_test(rest, what_is_no_two_samples_is_an_error);
    suite_add_tcase(suite, rest);
    return suite;
}
