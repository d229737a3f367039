/* The von Mises-Fisher distribution and the uniform one on the sphere. */
#include <check.h>
#include <math.h>

#include "../tensor/bessel.h"
#include "../tensor/sphere.h"
#include "rig.h"
#include "suites.h"

/* ---- how a draw follows its concentration ------------------------------------------------------------------------ */

/* dims, kappa, u, du/dkappa: the quotient of integrals over angles by mpmath's quad with 40 digits. */
static const double slopes[][4] = {
    {2, 0.5, 0.3, -0.4138879656144},         {2, 5, 0.02, -0.0042681494977435},
    {2, 1000, 0.0008, -8.0020028048555e-7},  {3, 0.001, 1.2, -0.48003196159633},
    {3, 1, 0.25, -0.16109002259809},         {3, 50, 0.1, -0.002},
    {11, 2, 0.9, -0.094460751994884},        {11, 100, 0.03, -0.00029385138467436},
    {11, 10000, 0.0005, -4.998999649985e-8}, {41, 20, 0.6, -0.015056142129251},
    {41, 20, 1.4, -0.020981060726316},       {300, 1000, 0.2, -0.00018370745458817},
    {2000, 5, 1.01, -0.00050020948055959},
};

START_TEST(slopes_of_a_draw_are_those_of_the_distribution_function)
{
    for (size_t i = 0; i < sizeof slopes / sizeof slopes[0]; i++) {
        const double *s = slopes[i], y = elbo__vmf_slope(s[0], s[2], s[1], elbo__bessel(s[0] / 2 - 1, s[1]).ratio);
        ck_assert_msg(fabs(y / s[3] - 1) < 1e-9, "Z %g, kappa %g, u %g: %.14g, expected %.14g", s[0], s[1], s[2], y,
                      s[3]);
    }
}
END_TEST

/* On the sphere in three dimensions u is at most so much with probability (1 - e^(-kappa u)) / (1 - e^(-2 kappa)). */
START_TEST(slopes_in_three_dimensions_have_a_closed_form)
{
    for (double kappa = 1e-2; kappa < 2e4; kappa *= 3)
        for (double u = 1e-6; u < fmin(2, 20 / kappa); u = fmin(u * 2, u + 0.1)) {
            const double all = -expm1(-2 * kappa), part = -expm1(-kappa * u);
            const double d_all = 2 * exp(-2 * kappa), d_part = u * exp(-kappa * u);
            const double expected = -(d_part * all - part * d_all) / (kappa * exp(-kappa * u) * all);
            const double y = elbo__vmf_slope(3, u, kappa, elbo__bessel(0.5, kappa).ratio);
            /* the closed form loses digits where both products are nearly equal */
            ck_assert_double_eq_tol(y, expected, 1e-9 * fabs(expected) + 1e-15 / kappa * exp(kappa * u) * part);
        }
}
END_TEST

START_TEST(a_draw_at_the_ends_of_its_range_stays_there)
{
    for (int dims = 2; dims < 50; dims += 13)
        for (double kappa = 0; kappa < 1e5; kappa = kappa * 10 + 1e-3) {
            const double ratio = elbo__bessel(dims / 2.0 - 1, kappa).ratio;
            ck_assert(elbo__vmf_slope(dims, 0, kappa, ratio) == 0 && elbo__vmf_slope(dims, 2, kappa, ratio) == 0);
            for (double u = 1e-30; u < 2; u = u * 2.7) {
                const double y = elbo__vmf_slope(dims, u, kappa, ratio);
                ck_assert_msg(isfinite(y) && y <= 0, "Z %d, kappa %g, u %g: %g", dims, kappa, u, y);
            }
        }
    ck_assert(isnan(elbo__vmf_slope(5, NAN, 1, 0.2)));
}
END_TEST

Suite *suite_vmf(void)
{
    Suite *s = suite_create("vmf");
    TCase *t = tcase_create("slopes");
    tcase_add_test(t, slopes_of_a_draw_are_those_of_the_distribution_function);
    tcase_add_test(t, slopes_in_three_dimensions_have_a_closed_form);
    tcase_add_test(t, a_draw_at_the_ends_of_its_range_stays_there);
    suite_add_tcase(s, t);
    return s;
}
