/* The von Mises-Fisher distribution and the uniform one on the sphere. */
#include <check.h>
#include <math.h>

#include "../nn/distributions/distribution.h"
#include "../tensor/bessel.h"
#include "../tensor/sphere.h"
#include "derivatives.h"
#include "spheres.h"
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

/* ---- numbers of the distribution --------------------------------------------------------------------------------- */

START_TEST(mean_divergence_and_entropy_have_known_values)
{
    const double *f = figures[_i];
    const int dims = (int)f[0];
    double m[MOST_DIMS], mean[MOST_DIMS], kl, entropy, sphere_entropy;
    some_direction(dims, -1, m);
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    elbo_dist q = vmf(&r, dims, f[1], -1), p = elbo_sphere(r.g, q.shape);
    ck_assert(elbo_kl_closed(q, p));
    rig_run(&r, (elbo_var *[]){elbo_dist_mean(q), elbo_kl(q, p, NULL), elbo_entropy(q), elbo_entropy(p)}, 4,
            (double *[]){mean, &kl, &entropy, &sphere_entropy});
    for (int i = 0; i < dims; i++)
        ck_assert_double_eq_tol(mean[i], f[2] * m[i], 6e-8);
    ck_assert_double_eq_tol(kl, f[3], 6e-8);
    ck_assert_double_eq_tol(entropy, sphere_entropy - kl, 1e-13);
    rig_free(&r);
}
END_TEST

START_TEST(densities_of_the_circle_and_the_sphere_integrate_to_1)
{
    enum { TURNS = 400, HEIGHTS = 200 };
    static double points[TURNS * HEIGHTS * 3], log_p[TURNS * HEIGHTS], log_u[TURNS * HEIGHTS];
    for (int dims = 2; dims <= 3; dims++)
        for (double k = 0.01; k < 400; k *= 30) {
            const int n = dims == 2 ? TURNS : TURNS * HEIGHTS;
            for (int i = 0; i < n; i++) { /* on the sphere, equal areas: heights and turns from middle to middle */
                const double turn = 2 * M_PI * (i % TURNS) / TURNS;
                const double height = dims == 2 ? 0 : (2 * (i / TURNS) + 1.0) / HEIGHTS - 1;
                const double round = sqrt(1 - height * height);
                points[i * dims] = round * cos(turn);
                points[i * dims + 1] = round * sin(turn);
                if (dims == 3)
                    points[i * dims + 2] = height;
            }
            rig r = rig_new(ELBO_F64, ELBO_TRAIN);
            elbo_dist q = vmf(&r, dims, k, 1);
            elbo_var *x = rig_input(&r, "x", ELBO_SHAPE(1, n, dims), points);
            rig_run(&r, (elbo_var *[]){elbo_log_prob(q, x, NULL), elbo_log_prob(elbo_sphere(r.g, q.shape), x, NULL)}, 2,
                    (double *[]){log_p, log_u});
            const double area = dims == 2 ? 2 * M_PI : 4 * M_PI;
            double sum = 0;
            for (int i = 0; i < n; i++) {
                sum += exp(log_p[i]) * area / n;
                ck_assert_double_eq_tol(log_u[i], -log(area), 1e-14);
            }
            ck_assert_double_eq_tol(sum, 1, dims == 2 ? 1e-12 : 2e-3);
            rig_free(&r);
        }
}
END_TEST

START_TEST(without_concentration_it_is_uniform)
{
    for (int dims = 2; dims <= 41; dims += 13)
        for (double k = 1e-12; k < 2e-3; k *= 10) {
            double log_p, log_u, kl, mean[MOST_DIMS], x[MOST_DIMS], out[2];
            some_direction(dims, 1, x);
            rig r = rig_new(_i ? ELBO_F64 : ELBO_F32, ELBO_TRAIN);
            elbo_dist q = vmf(&r, dims, k, -1), p = elbo_sphere(r.g, q.shape);
            elbo_var *at = rig_input(&r, "x", ELBO_SHAPE(1, dims), x), *divergence = elbo_kl(q, p, NULL), *by_k;
            elbo_grad(divergence, &q.args[1], 1, &by_k);
            rig_run(&r,
                    (elbo_var *[]){elbo_log_prob(q, at, NULL), elbo_log_prob(p, at, NULL), divergence,
                                   elbo_dist_mean(q), by_k},
                    5, (double *[]){&log_p, &log_u, &kl, mean, out});
            ck_assert_double_eq_tol(log_p, log_u, 1.1 * k + 1e-5);
            ck_assert_double_eq_tol(kl / (k * k), 0.5 / dims, 1e-5);
            ck_assert_double_eq_tol(out[0] / k, 1.0 / dims, 1e-5);
            ck_assert_double_lt(fabs(mean[0]), k);
            rig_free(&r);
        }
}
END_TEST

/* ---- derivatives and errors -------------------------------------------------------------------------------------- */

/* (..., Z - 1) -> (..., Z) of length 1, for any operand */
static elbo_var *unit(elbo_var *x)
{
    elbo_shape shape = elbo_shape_of(x);
    shape.dim[shape.ndim - 1] = 1;
    elbo_var *all = elbo_concat((elbo_var *[]){x, elbo_expand(elbo_constant(elbo_graph_of(x), 1), shape)}, 2, -1);
    return elbo_div(all, elbo_sqrt(elbo_sum(elbo_square(all), (int[]){-1}, 1, true)));
}

static elbo_dist of(elbo_var *direction, elbo_var *k)
{
    return elbo_von_mises_fisher(unit(direction), k);
}

static elbo_var *build_log_prob(elbo_var **in)
{
    return elbo_log_prob(of(in[0], in[1]), unit(in[2]), NULL);
}

static elbo_var *build_kl(elbo_var **in)
{
    elbo_dist q = of(in[0], in[1]);
    return elbo_kl(q, elbo_sphere(elbo_graph_of(in[0]), q.shape), NULL);
}

static elbo_var *build_both_kl(elbo_var **in)
{
    return elbo_kl(of(in[0], in[1]), of(in[2], elbo_shift(in[1], 1)), NULL);
}

static elbo_var *build_mean_and_entropy(elbo_var **in)
{
    elbo_dist q = of(in[0], in[1]);
    return elbo_add(elbo_dist_mean(q), elbo_unsqueeze(elbo_entropy(q), 1));
}

static const elbo__case cases[] = {
    {"log p", build_log_prob, 3, {{2, {2, 3}}, {2, {2, 1}}, {3, {2, 4, 3}}}, -1.5, 1.5, 0},
    {"KL to the uniform distribution", build_kl, 2, {{2, {2, 3}}, {2, {2, 1}}}, 0.2, 2, 0},
    {"KL to another", build_both_kl, 3, {{2, {2, 3}}, {2, {2, 1}}, {2, {2, 3}}}, 0.2, 2, 0},
    {"mean and entropy", build_mean_and_entropy, 2, {{2, {2, 3}}, {2, {2, 1}}}, 0.2, 2, 0},
    {0},
};

START_TEST(derivatives_of_density_divergence_and_mean_agree_with_differences)
{
    derivative_report report = {0};
    for (int order = 1; order <= 2; order++)
        check_derivatives("vmf", cases, ELBO_TRAIN, order, &report);
    ck_assert_int_gt(report.entries, 0);
}
END_TEST

/* Whatever is asked of it after an error. */
START_TEST(a_distribution_in_error_answers_harmlessly)
{
    elbo_dist (*const make[])(elbo_var *, elbo_var *) = {elbo_von_mises_fisher, elbo_power_spherical};
    for (int kind = 0; kind < 2; kind++)
        for (int rank = 0; rank < 3; rank++) {
            rig r = rig_new(ELBO_F32, ELBO_TRAIN);
            elbo_shape shape = ELBO_SHAPE(3, 1);
            shape.ndim = rank;
            elbo_dist q = make[kind](elbo_input(r.g, "m", ELBO_F32, shape), elbo_input(r.g, "k", ELBO_F32, shape));
            elbo_dist p = elbo_sphere(r.g, shape);
            ck_assert_int_eq(elbo_graph_status(r.g), ELBO_INVALID);
            elbo_draw draw = elbo_rsample(q, "z", rank);
            elbo_log_prob(q, draw.z, NULL);
            elbo_log_prob(p, elbo_sample(p, "z", rank), NULL);
            elbo_kl(q, p, &draw);
            elbo_kl(q, q, &draw);
            elbo_entropy(q);
            elbo_entropy(p);
            elbo_dist_mean(q);
            ck_assert_int_eq(elbo_graph_status(r.g), ELBO_INVALID);
            rig_free(&r);
        }
}
END_TEST

START_TEST(what_has_no_sense_on_the_sphere_is_an_error)
{
    const double m[4] = {1, 0, 0, 0}, k = 2;
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    elbo_sphere(r.g, ELBO_SHAPE(5, 1));
    rig_assert_error(&r, "sphere: the shape is (5, 1), expected (B, Z) with Z of at least 2");
    rig_next_graph(&r, ELBO_TRAIN);
    elbo_von_mises_fisher(rig_input(&r, "m", ELBO_SHAPE(1, 4), m), rig_input(&r, "k", ELBO_SHAPE(1), &k));
    rig_assert_error(&r, "von-mises-fisher: mean direction (1, 4) and concentration (1), expected (1, 1)");
    rig_next_graph(&r, ELBO_TRAIN);
    elbo_dist q = vmf(&r, 4, 2, 1);
    elbo_kl_dims(q, elbo_sphere(r.g, q.shape));
    rig_assert_error(&r, "KL(von-mises-fisher || sphere) has no closed form for each dimension");
    rig_next_graph(&r, ELBO_TRAIN);
    q = vmf(&r, 4, 2, 1);
    ck_assert(!elbo_kl_closed(q, elbo_standard_normal(r.g, q.shape)));
    ck_assert(!elbo_kl_closed(q, elbo_sphere(r.g, ELBO_SHAPE(1, 5))));
    elbo_log_prob(q, q.args[0], q.args[0]);
    rig_assert_error(&r, "von-mises-fisher: a point of the sphere has no missing values");
    rig_free(&r);
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
    t = tcase_create("numbers");
    tcase_add_loop_test(t, mean_divergence_and_entropy_have_known_values, 0, FIGURES);
    tcase_add_test(t, densities_of_the_circle_and_the_sphere_integrate_to_1);
    tcase_add_loop_test(t, without_concentration_it_is_uniform, 0, 2);
    suite_add_tcase(s, t);
    t = tcase_create("derivatives and errors");
    tcase_add_test(t, derivatives_of_density_divergence_and_mean_agree_with_differences);
    tcase_add_test(t, what_has_no_sense_on_the_sphere_is_an_error);
    tcase_add_test(t, a_distribution_in_error_answers_harmlessly);
    suite_add_tcase(s, t);
    return s;
}
