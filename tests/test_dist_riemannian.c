/* The Riemannian normal of the Poincare ball: its constant and draws, against closed forms and sums of many steps. */
#include <check.h>
#include <math.h>

#include "../nn/distributions/distribution.h"
#include "../nn/distributions/quadrature.h"
#include "../nn/layers/ball.h"
#include "ball_grid.h"
#include "rig.h"
#include "suites.h"

enum { MANY = 10000, NODES = 24 };
static const double C = 0.7;

START_TEST(the_rule_of_gauss_and_legendre_is_exact_for_polynomials)
{
    double x[64], w[64];
    for (int n = 1; n <= 64; n++) {
        elbo__gauss_legendre(n, x, w);
        for (int degree = 0; degree < 2 * n; degree += 1 + degree / 4) {
            double sum = 0;
            for (int i = 0; i < n; i++)
                sum += w[i] * pow(x[i], degree);
            assert_close(sum * (degree + 1), 1, 1e-13);
        }
    }
}
END_TEST

/* The integral of e^(-r^2/(2 s^2)) (sinh(sqrt(c) r) / sqrt(c))^(Z - 1) from the density at the mean */
static double radius_integral(elbo_dtype dtype, int dims, double s, double c)
{
    const double logvar = 2 * log(s), zeros[64] = {0};
    double at_mean;
    rig r = rig_new(dtype, ELBO_TRAIN);
    elbo_var *m = rig_input(&r, "m", ELBO_SHAPE(1, dims), zeros);
    elbo_dist d = elbo_riemannian_normal(m, rig_input(&r, "lv", ELBO_SHAPE(1, 1), &logvar), c);
    rig_value(&r, elbo_log_prob(d, m, NULL), &at_mean);
    rig_free(&r);
    return exp(-at_mean - (log(2) + dims / 2.0 * log(M_PI) - lgamma(dims / 2.0)));
}

/* The closed form, which is good for small Z s in f64. */
static double closed_form(int dims, double s, double c)
{
    double sum = 0, binomial = 1;
    for (int k = 0; k < dims; k++) {
        double n = dims - 1 - 2 * k;
        sum += (k % 2 ? -1 : 1) * binomial * exp(n * n * c * s * s / 2) * (1 + erf(n * sqrt(c) * s / M_SQRT2));
        binomial *= (dims - 1 - k) / (k + 1.0);
    }
    return sqrt(M_PI / 2) * s * pow(2 * sqrt(c), -(dims - 1)) * sum;
}

/* The same integral as a logarithm: many equal steps of log r, between ends where nothing is left of it */
static double many_steps(int dims, double s, double c)
{
    enum { STEPS = 40000 };
    const double from = log(s) - 40, to = log((dims - 1) * sqrt(c) * s * s + 40 * s), step = (to - from) / STEPS;
    double sum = 0, most = -INFINITY;
    for (int pass = 0; pass < 2; pass++)
        for (int i = 0; i <= STEPS; i++) {
            double r = exp(from + i * step), x = sqrt(c) * r;
            double g = -r * r / (2 * s * s) + (dims - 1) * (x + log(-expm1(-2 * x) / (2 * sqrt(c)))) + log(r);
            if (pass == 0)
                most = fmax(most, g);
            else
                sum += exp(g - most) * step;
        }
    return most + log(sum);
}

START_TEST(the_constant_of_the_riemannian_normal_is_that_of_its_closed_form)
{
    assert_close(radius_integral(ELBO_F64, 2, 0.5, 0.7), 0.26510676253699, 1e-13);
    assert_close(radius_integral(ELBO_F64, 5, 1.3, 0.7), 5340.021657989, 1e-12);
    for (int dims = 1; dims <= 5; dims++)
        for (double s = 0.4; s < 3; s *= 1.7)
            assert_close(radius_integral(ELBO_F64, dims, s, 1.1) / closed_form(dims, s, 1.1), 1, 1e-9);
}
END_TEST

START_TEST(it_is_right_in_many_dimensions_too_and_in_f32)
{
    static const struct {
        int dims;
        double s, c;
    } cases[] = {{2, 0.003, 1}, {2, 1, 1}, {10, 0.05, 1}, {10, 1, 0.7}, {20, 0.3, 1}, {50, 0.01, 1}, {50, 0.2, 1}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const int dims = cases[i].dims;
        const double expected = many_steps(dims, cases[i].s, cases[i].c);
        assert_close(log(radius_integral(ELBO_F64, dims, cases[i].s, cases[i].c)), expected, 1e-10);
        assert_close(log(radius_integral(ELBO_F32, dims, cases[i].s, cases[i].c)), expected, 1e-6);
    }
}
END_TEST

/* The share of all radii of a law of three dimensions that is below r */
static double below(double r, double s, double c)
{
    double x[NODES], w[NODES], sum = 0;
    elbo__gauss_legendre(NODES, x, w);
    for (int i = 0; i < 40 * NODES; i++) {
        double at = r * (i / NODES + x[i % NODES]) / 40;
        sum += w[i % NODES] * r / 40 * exp(-at * at / (2 * s * s)) * pow(sinh(sqrt(c) * at) / sqrt(c), 2);
    }
    return sum / closed_form(3, s, c);
}

enum { SHARES = 7 };
static const double shares[SHARES] = {0.0001, 0.02, 0.3, 0.5, 0.77, 0.98, 0.9999};
static const double direction[SHARES * 3] = {1,  2, -1, 0,    0.5, 0.3, -1, 0.2, 0.4, 3, 1,
                                             -2, 1, 1,  -0.1, 0.2, 0.2, 5,  1,   1,   0};

/* The distances of the mean of draws that are made of these shares: (SHARES), and their derivative for log s^2 */
static void radii(double logvar, double *at, double *slope)
{
    static const double zeros[SHARES * 3] = {0};
    double logvars[SHARES];
    for (int i = 0; i < SHARES; i++)
        logvars[i] = logvar;
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    elbo_graph_feed_noise(r.g);
    elbo_var *m = rig_input(&r, "m", ELBO_SHAPE(SHARES, 3), zeros);
    elbo_var *lv = rig_input(&r, "lv", ELBO_SHAPE(SHARES, 1), logvars), *d;
    elbo_var *z = elbo_rsample(elbo_riemannian_normal(m, lv, C), "z", 0).z;
    rig_feed(&r, "z#0", ELBO_SHAPE(SHARES, 3), direction);
    rig_feed(&r, "z#1", ELBO_SHAPE(SHARES, 1), shares);
    elbo_var *distance = elbo_ball_distance(m, z, C);
    elbo_grad(distance, &lv, 1, &d);
    rig_run(&r, (elbo_var *[]){distance, d}, 2, (double *[]){at, slope});
    rig_free(&r);
}

START_TEST(a_radius_is_drawn_by_its_distribution_function_and_carries_its_derivative)
{
    for (double logvar = -3; logvar < 2; logvar += 1.5) {
        double at[SHARES], slope[SHARES], more[SHARES], less[SHARES], unused[SHARES];
        const double h = 1e-4;
        radii(logvar, at, slope);
        radii(logvar + h, more, unused);
        radii(logvar - h, less, unused);
        for (int i = 0; i < SHARES; i++) {
            assert_close(below(at[i], exp(logvar / 2), C), shares[i], 1e-11);
            assert_close(slope[i], (more[i] - less[i]) / (2 * h), 1e-7);
        }
    }
}
END_TEST

/* dE[r]/dlog s^2 by the derivative of draws, and by that of the integral, in ten dimensions */
START_TEST(the_derivative_of_a_mean_radius_is_that_of_its_integral)
{
    enum { Z = 10 };
    static const double zeros[Z] = {0};
    static double slope[MANY];
    const double logvar = -1.2;
    rig r = rig_new(_i ? ELBO_F32 : ELBO_F64, ELBO_TRAIN);
    r.planned = true;
    elbo_var *lv = rig_input(&r, "lv", ELBO_SHAPE(1, 1), &logvar), *m = rig_input(&r, "m", ELBO_SHAPE(1, Z), zeros);
    elbo_var *wide = elbo_expand(lv, ELBO_SHAPE(MANY, 1)), *d;
    elbo_var *z = elbo_rsample(elbo_riemannian_normal(elbo_expand(m, ELBO_SHAPE(MANY, Z)), wide, C), "z", 0).z;
    elbo_grad(elbo_ball_distance(elbo_scale(z, 0), z, C), &wide, 1, &d);
    rig_value(&r, d, slope);
    double mean_of[2];
    for (int i = 0; i < 2; i++) {
        double s = exp((logvar + (i ? 1e-3 : -1e-3)) / 2), above = 0, all_of = 0;
        for (int k = 0; k < 100000; k++) {
            double at = 30 * s * (k + 0.5) / 100000, f = exp(-at * at / (2 * s * s)) * pow(sinh(sqrt(C) * at), Z - 1);
            above += at * f;
            all_of += f;
        }
        mean_of[i] = above / all_of;
    }
    assert_mean(slope, MANY, (mean_of[1] - mean_of[0]) / 2e-3, "dE[r]/dlog s^2");
    rig_free(&r);
}
END_TEST

Suite *suite_dist_riemannian(void)
{
    Suite *suite = suite_create("dist_riemannian");
    TCase *radius = tcase_create("radius");
    tcase_set_timeout(radius, 60);
    tcase_add_test(radius, the_rule_of_gauss_and_legendre_is_exact_for_polynomials);
    tcase_add_test(radius, the_constant_of_the_riemannian_normal_is_that_of_its_closed_form);
    tcase_add_test(radius, it_is_right_in_many_dimensions_too_and_in_f32);
    tcase_add_test(radius, a_radius_is_drawn_by_its_distribution_function_and_carries_its_derivative);
    tcase_add_loop_test(radius, the_derivative_of_a_mean_radius_is_that_of_its_integral, 0, 2);
    suite_add_tcase(suite, radius);
    return suite;
}
