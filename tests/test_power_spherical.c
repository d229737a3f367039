/* The power spherical distribution, against integrals over angles. */
#include <check.h>
#include <math.h>

#include "derivatives.h"
#include "spheres.h"
#include "suites.h"

enum { MANY = 20000, CASES = 7 };

/* dims and k, of even and odd dimensions */
static const double settings[CASES][2] = {{2, 0.3}, {2, 8}, {3, 1}, {3, 60}, {4, 2}, {11, 20}, {40, 7}};

static elbo_dist power(rig *r, int dims, double k, double sign)
{
    elbo_dist d = vmf(r, dims, k, sign);
    return elbo_power_spherical(d.args[0], d.args[1]);
}

/* Sums over angles t of sin(t)^(Z - 2) (1 + cos t)^k: of 1, the cosine and the logarithm of (1 + cos t) / 2. */
typedef struct {
    double mass, mean, mean_log;
} integrals;

static integrals integrate(double dims, double k)
{
    enum { POINTS = 20000 };
    integrals sum = {0, 0, 0};
    for (int i = 0; i < POINTS; i++) {
        const double t = M_PI * (i + 0.5) / POINTS, log_t = 2 * log(cos(t / 2));
        const double p = M_PI / POINTS * exp((dims - 2) * log(sin(t)) + k * log_t);
        sum.mass += p;
        sum.mean += p * cos(t);
        sum.mean_log += p * log_t;
    }
    return (integrals){sum.mass, sum.mean / sum.mass, sum.mean_log / sum.mass};
}

START_TEST(density_mean_and_divergence_are_those_of_integrals)
{
    const int dims = (int)settings[_i][0];
    const double k = settings[_i][1];
    const integrals all = integrate(dims, k), uniform = integrate(dims, 0);
    double m[MOST_DIMS], mean[MOST_DIMS], log_p, log_u, kl, entropies[2];
    some_direction(dims, -1, m);
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    elbo_dist q = power(&r, dims, k, -1), p = elbo_sphere(r.g, q.shape);
    double x[MOST_DIMS] = {0}; /* the first axis */
    x[0] = 1;
    elbo_var *at = rig_input(&r, "x", ELBO_SHAPE(1, dims), x);
    rig_run(&r,
            (elbo_var *[]){elbo_dist_mean(q), elbo_log_prob(q, at, NULL), elbo_log_prob(p, at, NULL),
                           elbo_kl(q, p, NULL), elbo_entropy(q), elbo_entropy(p)},
            6, (double *[]){mean, &log_p, &log_u, &kl, &entropies[0], &entropies[1]});
    for (int i = 0; i < dims; i++)
        ck_assert_double_eq_tol(mean[i], all.mean * m[i], 1e-7);
    const double constant = log(uniform.mass / all.mass);
    ck_assert_double_eq_tol(log_p - log_u, k * log((1 + m[0]) / 2) + constant, 1e-6);
    ck_assert_double_eq_tol(kl, k * all.mean_log + constant, 1e-6);
    ck_assert_double_eq_tol(entropies[1] - entropies[0], kl, 1e-12);
    rig_free(&r);
}
END_TEST

/* For whole (Z - 1) / 2 all gamma functions are factorials: Z = 3, k = 1: a = 2, b = 1. */
START_TEST(in_three_dimensions_the_divergence_has_a_plain_form)
{
    for (double k = 1e-4; k < 2e4; k *= 10) {
        double kl;
        rig r = rig_new(ELBO_F32, ELBO_TRAIN);
        r.planned = true;
        elbo_dist q = power(&r, 3, k, 1);
        rig_value(&r, elbo_kl(q, elbo_sphere(r.g, q.shape), NULL), &kl);
        ck_assert_double_eq_tol(kl, log1p(k) - k / (1 + k), 3e-7 * fmax(k / (1 + k), log1p(k)));
        rig_free(&r);
    }
}
END_TEST

/* As many draws as there are, with their means; each within four standard deviations. */
static void assert_mean_is(const double *x, double expected, const char *what, const double *setting)
{
    double sum = 0, squares = 0;
    for (int n = 0; n < MANY; n++) {
        sum += x[n] / MANY;
        squares += x[n] * x[n] / MANY;
    }
    const double error = sqrt((squares - sum * sum) / MANY);
    ck_assert_msg(fabs(sum - expected) <= 4 * error, "Z %g, k %g: %s is %g +- %g, expected %g", setting[0], setting[1],
                  what, sum, error, expected);
}

START_TEST(draws_have_the_mean_and_the_divergence_of_their_density)
{
    static double z[MANY * MOST_DIMS], log_q[MANY], again[MANY], w[MANY], by_k[MANY];
    const int dims = (int)settings[_i][0];
    const double k = settings[_i][1], others = dims - 1;
    double m[MOST_DIMS], kl, entropy;
    some_direction(dims, 1, m);
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    r.planned = true;
    elbo_dist one = power(&r, dims, k, 1);
    elbo_dist q = elbo_power_spherical(elbo_expand(one.args[0], ELBO_SHAPE(MANY, dims)),
                                       elbo_expand(one.args[1], ELBO_SHAPE(MANY, 1)));
    elbo_draw draw = elbo_rsample(q, "z", 0);
    elbo_var *slope;
    elbo_grad(elbo_mul(draw.z, q.args[0]), &q.args[1], 1, &slope);
    rig_run(&r,
            (elbo_var *[]){draw.z, draw.log_prob, elbo_log_prob(q, draw.z, NULL), slope,
                           elbo_kl(one, elbo_sphere(r.g, one.shape), NULL), elbo_entropy(elbo_sphere(r.g, one.shape))},
            6, (double *[]){z, log_q, again, by_k, &kl, &entropy});
    for (int n = 0; n < MANY; n++) {
        double length = 0;
        w[n] = 0;
        for (int i = 0; i < dims; i++) {
            length += z[n * dims + i] * z[n * dims + i];
            w[n] += z[n * dims + i] * m[i];
        }
        if (!(fabs(length - 1) < 1e-13) || !(fabs(log_q[n] - again[n]) < 1e-8))
            ck_abort_msg("Z %d: |z|^2 = 1 + %g, log q %.12g and %.12g", dims, length - 1, log_q[n], again[n]);
        log_q[n] += entropy;
    }
    assert_mean_is(w, k / (others + k), "E[w]", settings[_i]);
    assert_mean_is(log_q, kl, "E[log q - log p]", settings[_i]);
    assert_mean_is(by_k, others / ((others + k) * (others + k)), "dE[w]/dk", settings[_i]);
    rig_free(&r);
}
END_TEST

/* ---- derivatives, precision -------------------------------------------------------------------------------------- */

/* (..., Z - 1) -> (..., Z) of length 1, for any operand */
static elbo_var *unit(elbo_var *x)
{
    elbo_shape shape = elbo_shape_of(x);
    shape.dim[shape.ndim - 1] = 1;
    elbo_var *all = elbo_concat((elbo_var *[]){x, elbo_expand(elbo_constant(elbo_graph_of(x), 1), shape)}, 2, -1);
    return elbo_div(all, elbo_sqrt(elbo_sum(elbo_square(all), (int[]){-1}, 1, true)));
}

static elbo_var *build_log_prob(elbo_var **in)
{
    return elbo_log_prob(elbo_power_spherical(unit(in[0]), in[1]), unit(in[2]), NULL);
}

static elbo_var *build_kl_and_mean(elbo_var **in)
{
    elbo_dist q = elbo_power_spherical(unit(in[0]), in[1]);
    elbo_var *kl = elbo_kl(q, elbo_sphere(elbo_graph_of(in[0]), q.shape), NULL);
    return elbo_add(elbo_dist_mean(q), elbo_unsqueeze(kl, 1));
}

/* The noise is that of the run's seed, the same whenever the graph is run. */
static elbo_var *build_draw(elbo_var **in)
{
    const elbo_draw draw = elbo_rsample(elbo_power_spherical(unit(in[0]), in[1]), "z", 3);
    return elbo_add(draw.z, elbo_unsqueeze(draw.log_prob, -1));
}

static const elbo__case cases[] = {
    {"log p", build_log_prob, 3, {{2, {2, 3}}, {2, {2, 1}}, {3, {2, 4, 3}}}, 0.2, 4, 0},
    {"log p, Z odd", build_log_prob, 3, {{2, {2, 4}}, {2, {2, 1}}, {3, {2, 2, 4}}}, 0.2, 4, 0},
    {"KL and mean", build_kl_and_mean, 2, {{2, {2, 3}}, {2, {2, 1}}}, 0.2, 4, 0},
    {"KL and mean, Z odd", build_kl_and_mean, 2, {{2, {2, 4}}, {2, {2, 1}}}, 0.2, 4, 0},
    {"draws", build_draw, 2, {{2, {2, 3}}, {2, {2, 1}}}, 0.4, 3, 0},
    {"draws, Z odd", build_draw, 2, {{2, {2, 4}}, {2, {2, 1}}}, 0.4, 3, 0},
    {0},
};

START_TEST(derivatives_of_density_divergence_and_draws_agree_with_differences)
{
    derivative_report report = {0};
    for (int order = 1; order <= 2; order++)
        check_derivatives("power spherical", cases, ELBO_TRAIN, order, &report);
    ck_assert_int_gt(report.entries, 0);
}
END_TEST

START_TEST(numbers_in_f32_are_finite_whatever_the_concentration)
{
    static const int sizes[] = {2, 3, 11, 40};
    for (int s = 0; s < 4; s++)
        for (double k = 1e-3; k < 2e4; k *= 10) {
            double by_kl;
            rig r = rig_new(ELBO_F32, ELBO_TRAIN);
            r.planned = true;
            const elbo_dist one = power(&r, sizes[s], k, s % 2 ? 1 : -1);
            (void)assert_f32_draws(&r, &one, elbo_power_spherical, &by_kl);
            rig_free(&r);
        }
}
END_TEST

START_TEST(what_it_has_no_closed_form_with_is_said)
{
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    elbo_dist q = power(&r, 4, 2, 1), p = vmf(&r, 4, 2, 1);
    ck_assert(elbo_kl_closed(q, elbo_sphere(r.g, q.shape)) && !elbo_kl_closed(q, p) && !elbo_kl_closed(q, q));
    elbo_kl(q, p, NULL);
    rig_assert_error(&r, "KL(power-spherical || von-mises-fisher) has no closed form and needs a draw");
    rig_next_graph(&r, ELBO_TRAIN);
    elbo_power_spherical(elbo_input(r.g, "m", ELBO_F64, ELBO_SHAPE(2, 4)),
                         elbo_input(r.g, "k", ELBO_F64, ELBO_SHAPE(2)));
    rig_assert_error(&r, "power-spherical: mean direction (2, 4) and concentration (2), expected (2, 1)");
    rig_free(&r);
}
END_TEST

Suite *suite_power_spherical(void)
{
    Suite *s = suite_create("power_spherical");
    TCase *t = tcase_create("numbers and draws");
    tcase_add_loop_test(t, density_mean_and_divergence_are_those_of_integrals, 0, CASES);
    tcase_add_test(t, in_three_dimensions_the_divergence_has_a_plain_form);
    tcase_add_loop_test(t, draws_have_the_mean_and_the_divergence_of_their_density, 0, CASES);
    suite_add_tcase(s, t);
    t = tcase_create("derivatives, precision, errors");
    tcase_add_test(t, derivatives_of_density_divergence_and_draws_agree_with_differences);
    tcase_add_test(t, numbers_in_f32_are_finite_whatever_the_concentration);
    tcase_add_test(t, what_it_has_no_closed_form_with_is_said);
    suite_add_tcase(s, t);
    return s;
}
