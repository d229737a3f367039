/* Modified Bessel functions: their logarithm, ratio and its slope against numbers of 60 digits, and each other. */
#include <check.h>
#include <float.h>
#include <math.h>

#include "../tensor/bessel.h"
#include "derivatives.h"
#include "rig.h"
#include "suites.h"

/* ln (gamma(nu + 1) (2/x)^nu I_nu(x)), A = I_(nu + 1)(x) / I_nu(x) and 1 - A^2 - (2 nu + 1) A / x, from mpmath's
 * besseli and loggamma with 60 digits, rounded to 17. */
static const struct {
    double nu, x, factor, ratio, slope;
} known[] = {
    {0, 1e-06, 2.4999999999998435e-13, 4.9999999999993748e-7, 0.4999999999998125},
    {0, 0.5, 0.061549719185481304, 0.24249961258080195, 0.45619471273655707},
    {0, 5, 3.3046817758225334, 0.89338313704408522, 0.0231899430364522},
    {0, 63.5, 60.507525778537721, 0.99209448357718319, 0.00012500048127835751},
    {0, 700, 695.80569999844345, 0.99928545881842609, 1.0211385927539994e-6},
    {0, 10000, 9994.4759037814323, 0.99994999874987498, 5.0002500375078145e-9},
    {0.5, 0.001, 1.6666666111111147e-7, 0.00033333331111111323, 0.33333326666667725},
    {0.5, 1, 0.16143936157119563, 0.3130352854993313, 0.27593833903368953},
    {0.5, 30, 25.905655437777899, 0.96666666666666667, 0.0011111111111111111},
    {0.5, 10000, 9990.0965124474639, 0.9999, 1.0e-8},
    {1, 0.1, 0.0012497396917860538, 0.02498958983941266, 0.24968782521727815},
    {1, 20, 15.261369529525299, 0.92598774858288473, 0.0036485271869675514},
    {4.5, 2, 0.17935421682134479, 0.17696609255580488, 0.083852539306505915},
    {4.5, 64, 49.20619868395899, 0.92435230732681056, 0.0011427639197874041},
    {4.5, 1000, 971.6092563637323, 0.99501000996482988, 4.9799701408507382e-6},
    {10, 0.01, 2.2727270575069373e-6, 0.00045454536845733039, 0.045454519628114224},
    {10, 10, 2.0961412998414804, 0.38991388392838298, 0.029148006870279218},
    {19.5, 20, 4.4410773577092213, 0.40900137752906743, 0.014715118121190383},
    {19.5, 10000, 9869.2031240786449, 0.99800190018822279, 1.9961994371095624e-7},
    {31.5, 55, 18.636833604764589, 0.57283004706016921, 0.0052998642423019791},
    {100, 1, 0.0024752174921348243, 0.0049503749209588489, 0.0049501346754133146},
    {100, 300, 142.36175692472163, 0.71925862732685455, 0.00076374670689640217},
    {500.5, 3000, 1907.5887585799392, 0.84682566995723367, 4.6510935766298537e-5},
    {1500, 40, 0.26646537230585101, 0.013322087143416585, 0.00033293405931393114},
    {1500, 5000, 2509.7817928421057, 0.74393890519190895, 4.2774445680156511e-5},
    {3000, 0.01, 8.330556481161384e-9, 1.666111296229965e-6, 0.00016661112962207181},
    {3000, 1000, 82.190358038784764, 0.16222767400040673, 0.00015391011197698222},
    {3000, 10000, 5020.1870021993657, 0.74398477868646369, 2.1383393106773537e-5},
};
enum { KNOWN = sizeof known / sizeof known[0] };

/* |a - b| <= tolerance |b| */
static void assert_near(double a, double b, double tolerance, double nu, double x)
{
    ck_assert_msg(fabs(a - b) <= tolerance * fabs(b), "order %g at %g: %.17g, expected %.17g", nu, x, a, b);
}

START_TEST(values_have_thirteen_digits_and_slopes_eleven)
{
    for (int i = 0; i < KNOWN; i++) {
        elbo__bessel_values f = elbo__bessel(known[i].nu, known[i].x);
        assert_near(f.factor, known[i].factor, 1e-13, known[i].nu, known[i].x);
        assert_near(f.ratio, known[i].ratio, 1e-13, known[i].nu, known[i].x);
        assert_near(f.slope, known[i].slope, 1e-11, known[i].nu, known[i].x);
    }
}
END_TEST

/* The means of the von Mises-Fisher distribution on spheres of 3, 11, 2 and 41 dimensions as scipy's ive has them. */
START_TEST(ratios_agree_with_those_of_another_library)
{
    static const double rows[][3] = {{0.5, 1, 0.3130353},   {0.5, 50, 0.98},   {4.5, 2, 0.1769661},
                                     {4.5, 100, 0.9510096}, {0, 5, 0.8933831}, {19.5, 20, 0.4090014}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        ck_assert_double_eq_tol(elbo__bessel(rows[i][0], rows[i][1]).ratio, rows[i][2], 5e-8);
}
END_TEST

/* For order 1/2: I = sinh x / x times a constant, the ratio is coth x - 1/x. */
START_TEST(order_one_half_is_made_of_hyperbolic_functions)
{
    for (double x = 0.1; x < 1e6; x *= 1.3) {
        elbo__bessel_values f = elbo__bessel(0.5, x);
        const double sinh_part = x + log1p(-exp(-2 * x)) - log(2 * x), e = exp(-2 * x);
        assert_near(f.factor, sinh_part, fmax(1e-13, 6e-15 / (x * x)), 0.5, x);
        assert_near(f.ratio, (1 + e) / (1 - e) - 1 / x, fmax(1e-13, 6e-15 / (x * x)), 0.5, x);
    }
}
END_TEST

/* I_(nu - 1) = I_(nu + 1) + 2 nu / x I_nu, in ratios; and the slope's own equation. */
START_TEST(neighbouring_orders_obey_their_recurrence)
{
    for (double nu = 0; nu < 5000; nu = nu * 1.5 + 0.5)
        for (double x = 1e-3; x <= 1e6; x *= 7) {
            elbo__bessel_values f = elbo__bessel(nu, x), next = elbo__bessel(nu + 1, x);
            assert_near(1 / f.ratio, next.ratio + 2 * (nu + 1) / x, 1e-13, nu, x);
            ck_assert_double_eq_tol(f.slope, 1 - f.ratio * f.ratio - (2 * nu + 1) / x * f.ratio, 1e-12);
            ck_assert(f.ratio > 0 && f.ratio < 1 && f.slope > 0 && f.slope * (2 * nu + 2) < 1 + 1e-14);
        }
}
END_TEST

START_TEST(limits_are_exact_and_signs_are_kept)
{
    for (double nu = 0; nu < 4000; nu = 2 * nu + 0.5) {
        elbo__bessel_values at_0 = elbo__bessel(nu, 0), far = elbo__bessel(nu, INFINITY);
        ck_assert(at_0.factor == 0 && at_0.ratio == 0 && at_0.slope == 1 / (2 * nu + 2));
        ck_assert(far.factor == INFINITY && far.ratio == 1 && far.slope == 0);
        elbo__bessel_values plus = elbo__bessel(nu, 1.7), minus = elbo__bessel(nu, -1.7);
        ck_assert(plus.factor == minus.factor && plus.ratio == -minus.ratio && plus.slope == minus.slope);
        elbo__bessel_values large = elbo__bessel(nu, 1e30);
        ck_assert(fabs(large.factor / 1e30 - 1) < 1e-12 && large.ratio == 1);
        elbo__bessel_values none = elbo__bessel(nu, NAN);
        ck_assert(isnan(none.factor) && isnan(none.ratio) && isnan(none.slope));
    }
}
END_TEST

/* ---- ops --------------------------------------------------------------------------------------------------------- */

/* Within a unit in the last place of the numbers above in f32, interpreted and planned; to 11 digits in f64, of which
 * the plain way loses one to a difference. */
START_TEST(ops_have_the_precision_of_their_dtype)
{
    for (int i = 0; i < KNOWN; i++) {
        rig r = rig_new(_i & 1 ? ELBO_F64 : ELBO_F32, ELBO_TRAIN);
        r.planned = _i & 2;
        const double nu = known[i].nu, x = (float)known[i].x == known[i].x || _i & 1 ? known[i].x : 0;
        const double unit = _i == 1 ? 1e-10 : _i == 3 ? 1e-11 : FLT_EPSILON;
        elbo_var *at = rig_input(&r, "x", ELBO_SHAPE(1), &x);
        double factor, ratio, slope, log_i;
        rig_run(&r,
                (elbo_var *[]){elbo_log_bessel_factor(at, nu), elbo_bessel_ratio(at, nu), elbo_bessel_slope(at, nu),
                               elbo_log_bessel(at, nu)},
                4, (double *[]){&factor, &ratio, &slope, &log_i});
        if (x > 0) {
            assert_near(factor, known[i].factor, unit, nu, x);
            assert_near(ratio, known[i].ratio, unit, nu, x);
            assert_near(slope, known[i].slope, unit, nu, x);
            const double expected = known[i].factor + nu * log(x / 2) - lgamma(nu + 1);
            ck_assert_double_eq_tol(log_i, expected, unit * fabs(expected) + (_i & 1 ? 1e-11 : 0));
        }
        rig_free(&r);
    }
}
END_TEST

START_TEST(values_and_derivatives_in_f32_are_finite_up_to_a_million)
{
    rig r = rig_new(ELBO_F32, ELBO_TRAIN);
    r.planned = true;
    static const double xs[] = {0, 1e-30, 1e-6, 1e-3, 1, 63, 65, 1e3, 1e4, 1e6};
    enum { N = sizeof xs / sizeof xs[0] };
    static const double orders[] = {0, 0.5, 4.5, 19.5, 300, 4000};
    for (int i = 0; i < 6; i++) {
        elbo_var *x = rig_input(&r, "x", ELBO_SHAPE(N), xs), *y[4] = {elbo_log_bessel_factor(x, orders[i])};
        double out[4][N];
        for (int k = 1; k < 4; k++)
            elbo_grad(y[k - 1], &x, 1, &y[k]);
        rig_run(&r, y, 4, (double *[]){out[0], out[1], out[2], out[3]});
        for (int k = 0; k < 4; k++)
            for (int n = 0; n < N; n++)
                ck_assert_msg(isfinite(out[k][n]), "derivative %d of order %g at %g is %g", k, orders[i], xs[n],
                              out[k][n]);
    }
    rig_free(&r);
}
END_TEST

#define BUILD(name, y)                                                                                                 \
    static elbo_var *name(elbo_var **in)                                                                               \
    {                                                                                                                  \
        return y;                                                                                                      \
    }
BUILD(far_log, elbo_log_bessel(in[0], 19.5))
BUILD(far_factor, elbo_log_bessel_factor(in[0], 0.5))
BUILD(far_ratio, elbo_scale(elbo_bessel_ratio(in[0], 0), 100))
BUILD(far_slope, elbo_scale(elbo_bessel_slope(in[0], 80), 1000))
static const elbo__case far_cases[] = {{"log_bessel", far_log, 1, {{1, {6}}}, 40, 90, 0},
                                       {"log_bessel_factor", far_factor, 1, {{1, {6}}}, 60, 80, 0},
                                       {"bessel_ratio", far_ratio, 1, {{1, {6}}}, 55, 75, 0},
                                       {"bessel_slope", far_slope, 1, {{1, {6}}}, 1, 120, 0},
                                       {0}};

START_TEST(derivatives_agree_with_differences_where_the_ways_of_computing_meet)
{
    derivative_report r = {0};
    for (int order = 1; order <= 2; order++)
        check_derivatives("far", far_cases, ELBO_TRAIN, order, &r);
    ck_assert_int_gt(r.entries, 0);
}
END_TEST

START_TEST(an_order_that_is_no_number_or_negative_is_an_error)
{
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    elbo_bessel_ratio(elbo_scalar(r.g, "x"), -0.5);
    rig_assert_error(&r, "bessel_ratio: the order is -0.5, expected a number that is not negative");
    rig_next_graph(&r, ELBO_TRAIN);
    elbo_log_bessel(elbo_scalar(r.g, "x"), NAN);
    rig_assert_error(&r, "log_bessel: the order is nan, expected a number that is not negative");
    rig_next_graph(&r, ELBO_TRAIN);
    elbo_bessel_slope(elbo_input(r.g, "n", ELBO_I32, ELBO_SHAPE(2)), 1);
    rig_assert_error(&r, "bessel_slope: the operand is i32, expected f64");
    rig_free(&r);
}
END_TEST

Suite *suite_bessel(void)
{
    Suite *s = suite_create("bessel");
    TCase *t = tcase_create("numbers");
    tcase_add_test(t, values_have_thirteen_digits_and_slopes_eleven);
    tcase_add_test(t, ratios_agree_with_those_of_another_library);
    tcase_add_test(t, order_one_half_is_made_of_hyperbolic_functions);
    tcase_add_test(t, neighbouring_orders_obey_their_recurrence);
    tcase_add_test(t, limits_are_exact_and_signs_are_kept);
    suite_add_tcase(s, t);
    t = tcase_create("ops");
    tcase_add_loop_test(t, ops_have_the_precision_of_their_dtype, 0, 4);
    tcase_add_test(t, values_and_derivatives_in_f32_are_finite_up_to_a_million);
    tcase_add_test(t, derivatives_agree_with_differences_where_the_ways_of_computing_meet);
    tcase_add_test(t, an_order_that_is_no_number_or_negative_is_an_error);
    suite_add_tcase(s, t);
    return s;
}
