/* Symmetric positive definite matrices: inverses, determinants and Cholesky factors. */
#include <check.h>
#include <float.h>
#include <math.h>
#include <string.h>

#include "../tensor/eigen.h"
#include "numbers.h"
#include "rig.h"
#include "suites.h"

enum { N = 16, STACK = 100, MOST = 64 };

/* x x' / n + 1/10: eigenvalues from 0.1 to some 4 */
static void random_definite(numbers *random, int n, double *a)
{
    static double x[MOST * MOST];
    for (int i = 0; i < n * n; i++)
        x[i] = numbers_between(random, -1.7, 1.7);
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) {
            a[i * n + j] = i == j ? 0.1 : 0;
            for (int k = 0; k < n; k++)
                a[i * n + j] += x[i * n + k] * x[j * n + k] / n;
        }
}

/* The largest |(a b)_ij - c_ij|, b transposed or not; c NULL: the identity */
static double product_error(int n, const double *a, const double *b, bool transposed, const double *c)
{
    double worst = 0;
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) {
            double sum = 0;
            for (int k = 0; k < n; k++)
                sum += a[i * n + k] * (transposed ? b[j * n + k] : b[k * n + j]);
            worst = fmax(worst, fabs(sum - (c ? c[i * n + j] : i == j)));
        }
    return worst;
}

/* A rig of f32 or f64, interpreted or planned. */
static rig variant(int which)
{
    rig r = rig_new(which & 1 ? ELBO_F64 : ELBO_F32, ELBO_TRAIN);
    r.planned = which & 2;
    return r;
}

START_TEST(results_undo_what_they_are_made_of)
{
    static const int sizes[] = {1, 2, 5, 16, 33, 64};
    static double a[MOST * MOST], inverse[MOST * MOST], factor[MOST * MOST], values[MOST];
    const double tolerance = _i & 1 ? 1e-12 : 2e-5;
    numbers random = {3};
    for (int s = 0; s < 6; s++) {
        const int n = sizes[s];
        random_definite(&random, n, a);
        rig r = variant(_i);
        elbo_var *x = rig_input(&r, "a", ELBO_SHAPE(n, n), a);
        double logdet, log_product = 0;
        rig_run(&r, (elbo_var *[]){elbo_spd_inverse(x), elbo_spd_logdet(x), elbo_cholesky(x)}, 3,
                (double *[]){inverse, &logdet, factor});
        ck_assert_double_lt(product_error(n, inverse, a, false, NULL), tolerance);
        ck_assert_double_lt(product_error(n, factor, factor, true, a), tolerance);
        for (int i = 0; i < n; i++) {
            ck_assert_double_gt(factor[i * n + i], 0);
            for (int j = i + 1; j < n; j++)
                ck_assert(factor[i * n + j] == 0 && (inverse[i * n + j] == inverse[j * n + i] || !r.planned));
        }
        ck_assert_int_eq(elbo__eigen_symmetric(n, a, values), ELBO_OK);
        for (int i = 0; i < n; i++)
            log_product += log(values[i]);
        assert_close(logdet, log_product, tolerance);
        rig_free(&r);
    }
}
END_TEST

/* The inverse of Hilbert's matrix 1 / (i + j + 1) of size 5 has whole numbers; |a| = 1 / 266716800000. */
START_TEST(an_ill_conditioned_matrix_keeps_its_digits)
{
    static const double inverse[25] = {25,     -300,   1050,   -1400,  630,     -300,   4800,  -18900, 26880,
                                       -12600, 1050,   -18900, 79380,  -117600, 56700,  -1400, 26880,  -117600,
                                       179200, -88200, 630,    -12600, 56700,   -88200, 44100};
    double a[25], out[25], logdet;
    for (int i = 0; i < 25; i++)
        a[i] = 1.0 / (i / 5 + i % 5 + 1);
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    r.planned = true;
    elbo_var *x = rig_input(&r, "a", ELBO_SHAPE(5, 5), a);
    rig_run(&r, (elbo_var *[]){elbo_spd_inverse(x), elbo_spd_logdet(x)}, 2, (double *[]){out, &logdet});
    for (int i = 0; i < 25; i++)
        ck_assert_double_eq_tol(out[i] / inverse[i], 1, 1e-9);
    ck_assert_double_eq_tol(logdet, -log(266716800000), 1e-10);
    rig_free(&r);
}
END_TEST

/* A negative pivot, a zero one, a NaN and an infinity, each between good matrices that stay what they are. */
START_TEST(what_is_not_positive_definite_gives_nan_and_harms_no_other)
{
    static const double a[] = {2, 1, 1, 2, 1,   2, 2, 1, 4, 0, 0, 1, 1,        1, 1, 1,
                               2, 0, 0, 2, NAN, 0, 0, 1, 1, 0, 0, 1, INFINITY, 0, 0, 1};
    double inverse[32], logdet[8], factor[32];
    static const double expected[8] = {3, NAN, 4, NAN, 4, NAN, 1, NAN};
    rig r = variant(_i);
    elbo_var *x = rig_input(&r, "a", ELBO_SHAPE(8, 2, 2), a);
    rig_run(&r, (elbo_var *[]){elbo_spd_inverse(x), elbo_spd_logdet(x), elbo_cholesky(x)}, 3,
            (double *[]){inverse, logdet, factor});
    for (int i = 0; i < 8; i++) {
        const bool good = !isnan(expected[i]);
        ck_assert(good ? fabs(logdet[i] - log(expected[i])) < 1e-6 : isnan(logdet[i]));
        for (int k = 0; k < 4; k++)
            ck_assert(isnan(inverse[4 * i + k]) == !good && isnan(factor[4 * i + k]) == !good);
    }
    rig_free(&r);
}
END_TEST

START_TEST(of_both_triangles_the_mean_counts)
{
    static const double askew[] = {2, 5, 0, -4, 3, 1, 2, 0, 4}, even[] = {2, 0.5, 1, 0.5, 3, 0.5, 1, 0.5, 4};
    double out[2][9];
    for (int planned = 0; planned < 2; planned++) {
        rig r = rig_new(ELBO_F64, ELBO_TRAIN);
        r.planned = planned;
        rig_run(&r,
                (elbo_var *[]){elbo_spd_inverse(rig_input(&r, "askew", ELBO_SHAPE(3, 3), askew)),
                               elbo_spd_inverse(rig_input(&r, "even", ELBO_SHAPE(3, 3), even))},
                2, (double *[]){out[0], out[1]});
        for (int i = 0; i < 9; i++)
            assert_close(out[0][i], out[1][i], 1e-14);
        rig_free(&r);
    }
}
END_TEST

/* 100 matrices of 16 rows, on one thread and on four, with a gradient: the same bits, and what the interpreter has. */
START_TEST(a_stack_has_the_same_bits_on_any_number_of_threads)
{
    static double a[STACK * N * N], out[3][2][STACK * N * N];
    numbers random = {5};
    for (int i = 0; i < STACK; i++)
        random_definite(&random, N, a + i * N * N);
    for (int way = 0; way < 3; way++) {
        elbo_set_threads(way == 1 ? 4 : 1);
        rig r = rig_new(ELBO_F32, ELBO_TRAIN);
        r.planned = way < 2;
        elbo_var *x = rig_input(&r, "a", ELBO_SHAPE(STACK, N, N), a), *dx;
        elbo_var *inverse = elbo_spd_inverse(x);
        elbo_grad(elbo_add(elbo_sum_all(elbo_square(inverse)), elbo_sum_all(elbo_spd_logdet(x))), &x, 1, &dx);
        rig_run(&r, (elbo_var *[]){inverse, dx}, 2, (double *[]){out[way][0], out[way][1]});
        rig_free(&r);
    }
    elbo_set_threads(0);
    ck_assert_mem_eq(out[0], out[1], sizeof out[0]);
    for (int i = 0; i < STACK * N * N; i++)
        for (int k = 0; k < 2; k++)
            if (!(fabs(out[2][k][i] - out[0][k][i]) <= 2e-5 * (1 + fabs(out[2][k][i])) * (k ? 50 : 1)))
                ck_abort_msg("entry %d: %g by the plan, %g plainly", i, out[0][k][i], out[2][k][i]);
}
END_TEST

START_TEST(what_is_no_square_matrix_is_an_error)
{
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    elbo_spd_inverse(elbo_input(r.g, "a", ELBO_F64, ELBO_SHAPE(3, 2, 4)));
    rig_assert_error(&r, "spd_inverse: f64 (3, 2, 4), expected f64 (..., n, n)");
    rig_next_graph(&r, ELBO_TRAIN);
    elbo_spd_logdet(elbo_scalar(r.g, "a"));
    rig_assert_error(&r, "spd_logdet: f64 (), expected f64 (..., n, n)");
    rig_next_graph(&r, ELBO_TRAIN);
    elbo_cholesky(elbo_input(r.g, "a", ELBO_I32, ELBO_SHAPE(2, 2)));
    rig_assert_error(&r, "cholesky: i32 (2, 2), expected f64 (..., n, n)");
    rig_free(&r);
}
END_TEST

Suite *suite_spd(void)
{
    Suite *s = suite_create("spd");
    TCase *t = tcase_create("positive definite matrices");
    tcase_add_loop_test(t, results_undo_what_they_are_made_of, 0, 4);
    tcase_add_test(t, an_ill_conditioned_matrix_keeps_its_digits);
    tcase_add_loop_test(t, what_is_not_positive_definite_gives_nan_and_harms_no_other, 0, 4);
    tcase_add_test(t, of_both_triangles_the_mean_counts);
    tcase_add_test(t, a_stack_has_the_same_bits_on_any_number_of_threads);
    tcase_add_test(t, what_is_no_square_matrix_is_an_error);
    suite_add_tcase(s, t);
    return s;
}
