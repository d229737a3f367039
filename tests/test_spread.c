/* Mean and deviation of figures over runs. */
#include <check.h>
#include <math.h>

#include "../nn/runs/spread.h"
#include "suites.h"

START_TEST(the_deviation_is_that_of_a_sample)
{
    static const double values[] = {2, 4, 4, 4, 5, 5, 7, 9}; /* mean 5, sum of squares 32 */
    const elbo_spread s = elbo_spread_of(values, 8);
    ck_assert_int_eq(s.n, 8);
    ck_assert_double_eq(s.mean, 5);
    ck_assert_double_eq_tol(s.deviation, sqrt(32.0 / 7), 1e-15);
}
END_TEST

START_TEST(large_figures_close_to_each_other_keep_their_deviation)
{
    static const double values[] = {1e9 + 1, 1e9 + 2, 1e9 + 3};
    ck_assert_double_eq(elbo_spread_of(values, 3).deviation, 1);
}
END_TEST

START_TEST(a_run_without_the_figure_does_not_count)
{
    static const double values[] = {NAN, 1, NAN, 3};
    const elbo_spread s = elbo_spread_of(values, 4);
    ck_assert_int_eq(s.n, 2);
    ck_assert_double_eq(s.mean, 2);
    ck_assert_double_eq_tol(s.deviation, sqrt(2), 1e-15);
}
END_TEST

START_TEST(one_run_has_no_deviation_and_none_has_no_mean)
{
    static const double values[] = {3, NAN};
    const elbo_spread one = elbo_spread_of(values, 2), none = elbo_spread_of(values + 1, 1);
    ck_assert_double_eq(one.mean, 3);
    ck_assert_double_nan(one.deviation);
    ck_assert_int_eq(none.n, 0);
    ck_assert_double_nan(none.mean);
    ck_assert_double_nan(none.deviation);
}
END_TEST

Suite *suite_spread(void)
{
    Suite *suite = suite_create("spread");
    TCase *spread = tcase_create("spread");
    tcase_add_test(spread, the_deviation_is_that_of_a_sample);
    tcase_add_test(spread, large_figures_close_to_each_other_keep_their_deviation);
    tcase_add_test(spread, a_run_without_the_figure_does_not_count);
    tcase_add_test(spread, one_run_has_no_deviation_and_none_has_no_mean);
    suite_add_tcase(suite, spread);
    return suite;
}
