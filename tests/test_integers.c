/* Numbers to integers, remainders, and where the derivatives of the gamma functions end: values through plan and
 * interpreter. */
#include <check.h>
#include <math.h>

#include "../autograd/op.h"
#include "rig.h"
#include "suites.h"

START_TEST(a_conversion_to_i32_cuts_off_the_fraction_and_stays_within_i32)
{
    static const double from[] = {0,    -0.0,  0.99,     -0.99,     1.5, -1.5,     2.5,        -7,
                                  1e10, -1e10, INFINITY, -INFINITY, NAN, 16777217, 2147483520, -2147483648.0};
    static const double to[] = {0,          0,
                                0,          0,
                                1,          -1,
                                2,          -7,
                                2147483647, -2147483648.0,
                                2147483647, -2147483648.0,
                                0,          16777217,
                                2147483520, -2147483648.0};
    enum { N = sizeof from / sizeof from[0] };
    for (int f32 = 0; f32 < 2; f32++) {
        rig r = rig_new(f32 ? ELBO_F32 : ELBO_F64, ELBO_TRAIN);
        r.planned = _i;
        double got[N];
        elbo_var *y = elbo_to_i32(rig_input(&r, "x", ELBO_SHAPE(N), from));
        ck_assert_int_eq(elbo_dtype_of(y), ELBO_I32);
        ck_assert_ptr_eq(elbo_to_i32(y), y);
        rig_value(&r, y, got);
        for (int i = 0; i < N; i++) /* 2^24 + 1 is no float */
            ck_assert_double_eq(got[i], f32 && to[i] == 16777217 ? 16777216 : to[i]);
        rig_free(&r);
    }
}
END_TEST

START_TEST(a_row_is_gathered_by_a_computed_number)
{
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    r.planned = _i;
    double got[6], dx[3];
    elbo_var *x = rig_input(&r, "x", ELBO_SHAPE(3), (double[]){2.4, 0.6, -1}), *gradient;
    elbo_var *table = rig_input(&r, "table", ELBO_SHAPE(3, 2), (double[]){1, 2, 3, 4, 5, 6});
    elbo_var *rows = elbo_gather(table, elbo_to_i32(elbo_round(x)));
    elbo_grad(elbo_sum_all(rows), &x, 1, &gradient);
    rig_run(&r, (elbo_var *[]){rows, gradient}, 2, (double *[]){got, dx});
    static const double expected[] = {5, 6, 3, 4, 0, 0};
    for (int i = 0; i < 6; i++)
        ck_assert_double_eq(got[i], expected[i]);
    for (int i = 0; i < 3; i++)
        ck_assert_double_eq(dx[i], 0);
    rig_free(&r);
}
END_TEST

START_TEST(of_two_nearest_integers_the_even_one_is_taken)
{
    static const double from[] = {0.5, 1.5, 2.5, -0.5, -1.5, 2.49, -2.51, 1e30};
    static const double to[] = {0, 2, 2, -0.0, -2, 2, -3, 1e30};
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    r.planned = _i;
    double got[8];
    rig_value(&r, elbo_round(rig_input(&r, "x", ELBO_SHAPE(8), from)), got);
    for (int i = 0; i < 8; i++)
        ck_assert_double_eq(got[i], to[i]);
    rig_free(&r);
}
END_TEST

/* By its sign, and with the derivatives 1 and -floor(a / b). */
START_TEST(a_remainder_has_the_derivatives_of_its_formula)
{
    static const double a[] = {7, -7, 7, -7, 5.75, -1.25}, b[] = {3, 3, -3, -3, 0.5, 4};
    static const double y[] = {1, 2, -2, -1, 0.25, 2.75}, db[] = {-2, 3, 3, -2, -11, 1};
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    r.planned = _i;
    elbo_var *in[] = {rig_input(&r, "a", ELBO_SHAPE(6), a), rig_input(&r, "b", ELBO_SHAPE(6), b)}, *d[2];
    elbo_var *out = elbo_remainder(in[0], in[1]);
    elbo_grad(elbo_sum_all(out), in, 2, d);
    double got[6], got_da[6], got_db[6];
    rig_run(&r, (elbo_var *[]){out, d[0], d[1]}, 3, (double *[]){got, got_da, got_db});
    for (int i = 0; i < 6; i++) {
        ck_assert_double_eq(got[i], y[i]);
        ck_assert_double_eq(got_da[i], 1);
        ck_assert_double_eq(got_db[i], db[i]);
    }
    rig_free(&r);
}
END_TEST

/* polygamma(2, x) by mpmath; the fourth derivative of log gamma at 1 is pi^4 / 15. */
START_TEST(trigamma_has_derivatives_of_every_order_above_0_and_none_below)
{
    static const double x[] = {0.125, 1, 2.5, 40, -0.5};
    static const double second[] = {-1025.7533381181357, -2.4041138063191886, -0.23620405164172739,
                                    -0.00064082027183529859};
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    r.planned = _i;
    elbo_var *in = rig_input(&r, "x", ELBO_SHAPE(5), x), *d, *dd;
    elbo_grad(elbo_sum_all(elbo_trigamma(in)), &in, 1, &d);
    elbo_grad(elbo_sum_all(d), &in, 1, &dd);
    double got[5], fourth[5];
    rig_run(&r, (elbo_var *[]){d, dd}, 2, (double *[]){got, fourth});
    for (int i = 0; i < 4; i++)
        ck_assert_double_le(fabs(got[i] - second[i]), 1e-14 * fabs(second[i]));
    ck_assert_double_le(fabs(fourth[1] - pow(M_PI, 4) / 15), 1e-13);
    ck_assert(isnan(got[4]));
    rig_free(&r);
}
END_TEST

Suite *suite_integers(void)
{
    Suite *s = suite_create("integers");
    TCase *t = tcase_create("integers");
    tcase_add_loop_test(t, a_conversion_to_i32_cuts_off_the_fraction_and_stays_within_i32, 0, 2);
    tcase_add_loop_test(t, a_row_is_gathered_by_a_computed_number, 0, 2);
    tcase_add_loop_test(t, of_two_nearest_integers_the_even_one_is_taken, 0, 2);
    tcase_add_loop_test(t, a_remainder_has_the_derivatives_of_its_formula, 0, 2);
    tcase_add_loop_test(t, trigamma_has_derivatives_of_every_order_above_0_and_none_below, 0, 2);
    suite_add_tcase(s, t);
    return s;
}
