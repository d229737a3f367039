/* Draws from the von Mises-Fisher and the uniform distribution on the sphere, and their gradients. */
#include <check.h>
#include <math.h>

#include "../tensor/bessel.h"
#include "spheres.h"
#include "suites.h"

enum { MANY = 40000 };

typedef struct {
    double mean, error; /* of the mean: its standard deviation */
} average;

static average average_of(const double *x, int n)
{
    double sum = 0, squares = 0;
    for (int i = 0; i < n; i++)
        sum += x[i];
    for (int i = 0; i < n; i++)
        squares += (x[i] - sum / n) * (x[i] - sum / n);
    return (average){sum / n, sqrt(squares / n / n)};
}

static void assert_within(average a, double expected, double errors, const char *what, const double *f)
{
    ck_assert_msg(fabs(a.mean - expected) <= errors * a.error, "Z %g, k %g: %s is %.8g +- %.2g, expected %.8g", f[0],
                  f[1], what, a.mean, a.error, expected);
}

/* MANY images with the same distribution, so that a plan works in blocks. */
static elbo_dist repeated(rig *r, int dims, double k, double sign)
{
    double m[MOST_DIMS];
    some_direction(dims, sign, m);
    elbo_var *mean = rig_input(r, "m", ELBO_SHAPE(1, dims), m), *of_k = rig_input(r, "k", ELBO_SHAPE(1, 1), &k);
    return elbo_von_mises_fisher(elbo_expand(mean, ELBO_SHAPE(MANY, dims)), elbo_expand(of_k, ELBO_SHAPE(MANY, 1)));
}

START_TEST(draws_have_the_mean_the_divergence_and_the_spread_of_their_density)
{
    static double z[MANY * MOST_DIMS], log_q[MANY], again[MANY], log_p[MANY], w[MANY], across[MANY];
    const double *f = figures[_i];
    const int dims = (int)f[0];
    double m[MOST_DIMS];
    some_direction(dims, _i % 2 ? 1 : -1, m);
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    r.planned = true;
    elbo_dist q = repeated(&r, dims, f[1], _i % 2 ? 1 : -1);
    elbo_draw draw = elbo_rsample(q, "z", 0);
    rig_run(&r,
            (elbo_var *[]){draw.z, draw.log_prob, elbo_log_prob(q, draw.z, NULL),
                           elbo_log_prob(elbo_sphere(r.g, q.shape), draw.z, NULL)},
            4, (double *[]){z, log_q, again, log_p});
    for (int n = 0; n < MANY; n++) {
        double length = 0;
        w[n] = 0;
        for (int i = 0; i < dims; i++) {
            length += z[n * dims + i] * z[n * dims + i];
            w[n] += m[i] * z[n * dims + i];
        }
        if (!(fabs(length - 1) < 1e-14) || !(fabs(log_q[n] - again[n]) < 1e-11 * (1 + f[1])))
            ck_abort_msg("Z %d: |z|^2 = 1 + %g, log q %g and %g", dims, length - 1, log_q[n], again[n]);
        log_p[n] = log_q[n] - log_p[n];
        /* the first axis less its part along m, in the place of any direction across m */
        across[n] = (z[n * dims] - m[0] * w[n]) / sqrt(1 - m[0] * m[0]);
    }
    assert_within(average_of(w, MANY), f[2], 4, "E[w]", f);
    assert_within(average_of(log_p, MANY), f[3], 4, "E[log q - log p]", f);
    assert_within(average_of(across, MANY), 0, 4, "E[v]", f);
    for (int n = 0; n < MANY; n++)
        across[n] *= across[n];
    assert_within(average_of(across, MANY), f[2] / f[1], 4, "E[v^2]", f); /* (1 - E[w^2]) / (Z - 1) = A / k */
    rig_free(&r);
}
END_TEST

/* dims, k, dA/dk, what the derivative at fixed proposals comes to */
static const double gradients[][4] = {
    {3, 1, 0.27594, 0.22126}, {2, 5, 0.023190, 0.017783}, {11, 2, 0.083853, 0.082148}, {3, 50, 4.000e-4, 3.928e-4}};
enum { GRADIENTS = sizeof gradients / sizeof gradients[0] };

/* du/dk at the e of which u was made, by differences:
 * u = 2 b e / (1 - (1 - b) e), b = n / (2 k + (4 k^2 + n^2)^(1/2)) */
static double at_fixed_proposals(double u, double dims, double k)
{
    const double n = dims - 1, h = 1e-4 * k;
    double b[3];
    for (int i = 0; i < 3; i++) {
        const double at = k + (i - 1) * h;
        b[i] = n / (2 * at + sqrt(4 * at * at + n * n));
    }
    const double e = u / (2 * b[1] + (1 - b[1]) * u);
    const double low = 2 * b[0] * e / (1 - (1 - b[0]) * e), high = 2 * b[2] * e / (1 - (1 - b[2]) * e);
    return (high - low) / (2 * h);
}

/* The derivative of the mean of w is the mean of the draws' derivatives: of ours, not of those at fixed proposals. */
START_TEST(gradients_through_draws_are_unbiased_and_those_at_fixed_proposals_are_not)
{
    static double w[MANY], first[MANY], fixed[MANY];
    const double *f = gradients[_i];
    const int dims = (int)f[0];
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    r.planned = true;
    elbo_dist q = repeated(&r, dims, f[1], 1);
    elbo_var *cosine = elbo_sum_axis(elbo_mul(elbo_rsample(q, "z", 0).z, q.args[0]), -1), *by_k;
    elbo_grad(cosine, &q.args[1], 1, &by_k);
    rig_run(&r, (elbo_var *[]){cosine, by_k}, 2, (double *[]){w, first});
    for (int n = 0; n < MANY; n++)
        fixed[n] = -at_fixed_proposals(1 - w[n], f[0], f[1]);
    const average ours = average_of(first, MANY), theirs = average_of(fixed, MANY);
    assert_within(ours, elbo__bessel(f[0] / 2 - 1, f[1]).slope, 4, "our dE[w]/dk", f);
    ck_assert_double_eq_tol(elbo__bessel(f[0] / 2 - 1, f[1]).slope, f[2], 0.6e-4 * f[2]);
    ck_assert_double_eq_tol(theirs.mean, f[3], 4 * theirs.error + 1e-3 * f[3]);
    ck_assert_msg(fabs(theirs.mean - f[2]) > 3 * theirs.error, "at fixed proposals %g +- %g, which is %g", theirs.mean,
                  theirs.error, f[2]);
    rig_free(&r);
}
END_TEST

/* d^2 E[w] / dk^2 = A'', by differences of A' */
START_TEST(second_gradients_through_draws_are_unbiased)
{
    static double second[MANY];
    const double *f = gradients[_i], h = 1e-3 * f[1], nu = f[0] / 2 - 1;
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    r.planned = true;
    elbo_dist q = repeated(&r, (int)f[0], f[1], -1);
    elbo_var *cosine = elbo_sum_axis(elbo_mul(elbo_rsample(q, "z", 0).z, q.args[0]), -1), *by_k, *by_k_again;
    elbo_grad(cosine, &q.args[1], 1, &by_k);
    elbo_grad(by_k, &q.args[1], 1, &by_k_again);
    rig_value(&r, by_k_again, second);
    const double expected = (elbo__bessel(nu, f[1] + h).slope - elbo__bessel(nu, f[1] - h).slope) / (2 * h);
    const average a = average_of(second, MANY);
    assert_within(a, expected, 4, "d^2 E[w]/dk^2", f);
    ck_assert_double_gt(fabs(expected), 20 * a.error); /* so that it is told from 0 */
    rig_free(&r);
}
END_TEST

/* E[c'z] = A c'm, so its derivative by a vector y of which m = y / |y| is A (c - (c'm) m) / |y|. */
START_TEST(gradients_by_the_direction_are_unbiased)
{
    static double by_y[MANY * 3], one[MANY];
    const double c[3] = {0.3, -1.2, 0.7}, k = 4, kept[2] = {3, k};
    for (int sign = -1; sign <= 1; sign += 2) {
        double m[3], y[3], along = 0;
        some_direction(3, sign, m);
        for (int i = 0; i < 3; i++) {
            y[i] = 2 * m[i];
            along += c[i] * m[i];
        }
        rig r = rig_new(ELBO_F64, ELBO_TRAIN);
        r.planned = true;
        elbo_var *from = elbo_expand(rig_input(&r, "y", ELBO_SHAPE(1, 3), y), ELBO_SHAPE(MANY, 3)), *out;
        elbo_var *length = elbo_sqrt(elbo_sum(elbo_square(from), (int[]){1}, 1, true));
        elbo_dist q = elbo_von_mises_fisher(elbo_div(from, length),
                                            elbo_expand(elbo_constant(r.g, k), ELBO_SHAPE(MANY, 1)));
        elbo_var *z = elbo_rsample(q, "z", 0).z;
        elbo_grad(elbo_mul(z, elbo_array(r.g, ELBO_SHAPE(3), c)), &from, 1, &out);
        rig_value(&r, out, by_y);
        for (int i = 0; i < 3; i++) {
            for (int n = 0; n < MANY; n++)
                one[n] = by_y[3 * n + i];
            assert_within(average_of(one, MANY), elbo__bessel(0.5, k).ratio * (c[i] - along * m[i]) / 2, 4,
                          "dE[c'z]/dy", kept);
        }
        rig_free(&r);
    }
}
END_TEST

START_TEST(the_divergence_of_two_is_the_mean_log_ratio_of_draws)
{
    static double log_q[MANY], log_p[MANY];
    const double m[2][3] = {{-0.6, 0, 0.8}, {0, 1, 0}}, k[2] = {7, 3}, f[2] = {3, 7};
    double kl;
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    elbo_dist q = elbo_von_mises_fisher(rig_input(&r, "m", ELBO_SHAPE(1, 3), m[0]),
                                        rig_input(&r, "k", ELBO_SHAPE(1, 1), &k[0]));
    elbo_dist p = elbo_von_mises_fisher(rig_input(&r, "n", ELBO_SHAPE(1, 3), m[1]),
                                        rig_input(&r, "l", ELBO_SHAPE(1, 1), &k[1]));
    elbo_draw draw = elbo_rsample(q, "z", MANY);
    rig_run(&r, (elbo_var *[]){elbo_kl(q, p, NULL), draw.log_prob, elbo_log_prob(p, draw.z, NULL)}, 3,
            (double *[]){&kl, log_q, log_p});
    for (int n = 0; n < MANY; n++)
        log_q[n] -= log_p[n];
    assert_within(average_of(log_q, MANY), kl, 4, "KL", f);
    ck_assert_double_gt(kl, 1);
    rig_free(&r);
}
END_TEST

START_TEST(draws_of_the_uniform_distribution_are_points_of_the_sphere_without_a_mean)
{
    static double z[MANY * 4], one[MANY];
    const double f[2] = {4, 0};
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    r.planned = true;
    rig_value(&r, elbo_sample(elbo_sphere(r.g, ELBO_SHAPE(MANY, 4)), "z", 0), z);
    for (int i = 0; i < 4; i++) {
        for (int n = 0; n < MANY; n++)
            one[n] = z[4 * n + i];
        assert_within(average_of(one, MANY), 0, 4, "E[z]", f);
        for (int n = 0; n < MANY; n++)
            one[n] *= one[n];
        assert_within(average_of(one, MANY), 0.25, 4, "E[z^2]", f);
    }
    rig_free(&r);
}
END_TEST

/* A point whose every number is finite, and whose draws lie on the sphere, for k from nearly nothing to nearly all. */
START_TEST(numbers_in_f32_are_finite_whatever_the_concentration)
{
    static const int sizes[] = {2, 3, 11, 41};
    for (int s = 0; s < 4; s++)
        for (double k = 1e-3; k < 2e4; k *= 10) {
            const int dims = sizes[s];
            double by_kl;
            rig r = rig_new(ELBO_F32, ELBO_TRAIN);
            r.planned = true;
            const elbo_dist one = vmf(&r, dims, k, s % 2 ? 1 : -1);
            const double kl = assert_f32_draws(&r, &one, elbo_von_mises_fisher, &by_kl);
            const elbo__bessel_values f = elbo__bessel(dims / 2.0 - 1, k);
            ck_assert_double_eq_tol(kl, k * f.ratio - f.factor, 3e-7 * k + 1e-9);
            ck_assert_double_eq_tol(by_kl, k * f.slope, 2e-6 * k * f.slope + 2e-7 * f.ratio);
            rig_free(&r);
        }
}
END_TEST

/* Draws and their gradients, of which those by the parameters are sums over images. */
START_TEST(bits_do_not_depend_on_the_number_of_threads)
{
    enum { ROWS = 700, DIMS = 5 };
    static double y[2][2 * ROWS * DIMS + ROWS + DIMS + 1];
    for (int way = 0; way < 2; way++) {
        elbo_set_threads(way ? 4 : 1);
        rig r = rig_new(ELBO_F32, ELBO_TRAIN);
        r.planned = true;
        elbo_dist one = vmf(&r, DIMS, 6, 1);
        elbo_var *rows = elbo_reshape(elbo_scale(elbo_arange(r.g, ROWS), 0.01), ELBO_SHAPE(ROWS, 1)), *grads[2];
        elbo_dist q = elbo_von_mises_fisher(elbo_expand(one.args[0], ELBO_SHAPE(ROWS, DIMS)),
                                            elbo_add(rows, one.args[1]));
        elbo_draw draw = elbo_rsample(q, "z", 2);
        elbo_grad(elbo_add(elbo_sum_all(elbo_exp(draw.z)), elbo_sum_all(draw.log_prob)), one.args, 2, grads);
        double *at[4] = {y[way], y[way] + 2 * ROWS * DIMS, y[way] + 2 * ROWS * DIMS + ROWS};
        at[3] = at[2] + DIMS;
        rig_run(&r, (elbo_var *[]){draw.z, elbo_kl(q, elbo_sphere(r.g, q.shape), NULL), grads[0], grads[1]}, 4, at);
        rig_free(&r);
    }
    elbo_set_threads(0);
    ck_assert_mem_eq(y[0], y[1], sizeof y[0]);
}
END_TEST

/* The ends of what a draw can be: proposals at e = 0 and 1, and noise of length 0. */
START_TEST(the_most_extreme_noise_gives_finite_draws_and_gradients)
{
    static const int sizes[] = {2, 3, 11};
    for (int s = 0; s < 3; s++)
        for (int end = 0; end < 2; end++) {
            const int dims = sizes[s];
            double z[11], by_m[11], by_k, log_q, turn[24], trial[24], power[24], normal[11] = {0};
            for (int i = 0; i < 24; i++) {
                turn[i] = end ? 0.5 : 1e-30;
                trial[i] = 1e-30;
                power[i] = 1e-30;
            }
            rig r = rig_new(ELBO_F32, ELBO_TRAIN);
            r.planned = true;
            elbo_graph_feed_noise(r.g);
            elbo_dist q = vmf(&r, dims, 3, 1);
            elbo_draw draw = elbo_rsample(q, "z", 0);
            elbo_var *grads[2];
            elbo_grad(elbo_add(elbo_sum_all(elbo_exp(draw.z)), elbo_sum_all(draw.log_prob)), q.args, 2, grads);
            rig_feed(&r, "z#0", ELBO_SHAPE(1, 24), turn);
            rig_feed(&r, "z#1", ELBO_SHAPE(1, 24), trial);
            if (dims > 2)
                rig_feed(&r, "z#2", ELBO_SHAPE(1, 24), power);
            rig_feed(&r, dims > 2 ? "z#3" : "z#2", ELBO_SHAPE(1, dims - 1), normal);
            rig_run(&r, (elbo_var *[]){draw.z, draw.log_prob, grads[0], grads[1]}, 4,
                    (double *[]){z, &log_q, by_m, &by_k});
            for (int i = 0; i < dims; i++)
                ck_assert(isfinite(z[i]) && isfinite(by_m[i]));
            ck_assert(isfinite(log_q) && isfinite(by_k));
            rig_free(&r);
        }
}
END_TEST

/* Without an accepted candidate the first one counts; with some, the first of those. */
START_TEST(the_first_accepted_candidate_is_drawn)
{
    double z[3][3], turn[24], trial[24], normal[2] = {1, 0};
    for (int way = 0; way < 3; way++) {
        for (int i = 0; i < 24; i++) {
            turn[i] = 0.01 + 0.02 * i;
            trial[i] = way == 2 || (way == 1 && i >= 7) ? 1e-20 : 1 - 1e-12;
        }
        if (way == 0)
            trial[9] = 1e-20;
        rig r = rig_new(ELBO_F64, ELBO_TRAIN);
        elbo_graph_feed_noise(r.g);
        elbo_dist q = vmf(&r, 3, 2, 1);
        elbo_var *drawn = elbo_sample(q, "z", 0);
        double power[24];
        for (int i = 0; i < 24; i++)
            power[i] = 1e-12;
        rig_feed(&r, "z#0", ELBO_SHAPE(1, 24), turn);
        rig_feed(&r, "z#1", ELBO_SHAPE(1, 24), trial);
        rig_feed(&r, "z#2", ELBO_SHAPE(1, 24), power);
        rig_feed(&r, "z#3", ELBO_SHAPE(1, 2), normal);
        rig_value(&r, drawn, z[way]);
        rig_free(&r);
    }
    static const int chosen[3] = {9, 7, 0};
    double m[3];
    some_direction(3, 1, m);
    for (int way = 0; way < 3; way++) {
        const double b = 2 / (4 + sqrt(16 + 4)), e = (1 + cos(2 * M_PI * (0.01 + 0.02 * chosen[way]))) / 2;
        const double u = 2 * b * e / (1 - (1 - b) * e), w = z[way][0] * m[0] + z[way][1] * m[1] + z[way][2] * m[2];
        ck_assert_double_eq_tol(1 - w, u, 1e-6);
    }
}
END_TEST

START_TEST(a_mixture_of_them_has_a_density_and_draws)
{
    enum { TURNS = 200 };
    const double m[] = {1, 0, 0, -1}, k[] = {3, 8}, logits[] = {0.3, -0.5};
    static double points[TURNS * 2], log_p[TURNS], mean[2], drawn[2 * MANY], one[MANY];
    for (int i = 0; i < TURNS; i++) {
        points[2 * i] = cos(2 * M_PI * i / TURNS);
        points[2 * i + 1] = sin(2 * M_PI * i / TURNS);
    }
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    elbo_dist c = elbo_von_mises_fisher(rig_input(&r, "m", ELBO_SHAPE(2, 2), m),
                                        rig_input(&r, "k", ELBO_SHAPE(2, 1), k));
    elbo_dist p = elbo_mixture(rig_input(&r, "logits", ELBO_SHAPE(1, 2), logits), c);
    elbo_var *x = rig_input(&r, "x", ELBO_SHAPE(1, TURNS, 2), points);
    rig_run(&r, (elbo_var *[]){elbo_log_prob(p, x, NULL), elbo_dist_mean(p), elbo_sample(p, "z", MANY)}, 3,
            (double *[]){log_p, mean, drawn});
    double sum = 0;
    for (int i = 0; i < TURNS; i++)
        sum += exp(log_p[i]) * 2 * M_PI / TURNS;
    ck_assert_double_eq_tol(sum, 1, 1e-12);
    for (int i = 0; i < 2; i++) {
        for (int n = 0; n < MANY; n++)
            one[n] = drawn[2 * n + i];
        assert_within(average_of(one, MANY), mean[i], 4, "E[z] of a mixture", k);
    }
    rig_free(&r);
}
END_TEST

Suite *suite_vmf_draws(void)
{
    Suite *s = suite_create("vmf_draws");
    TCase *t = tcase_create("draws");
    tcase_add_loop_test(t, draws_have_the_mean_the_divergence_and_the_spread_of_their_density, 0, FIGURES);
    tcase_add_test(t, the_divergence_of_two_is_the_mean_log_ratio_of_draws);
    tcase_add_test(t, draws_of_the_uniform_distribution_are_points_of_the_sphere_without_a_mean);
    tcase_add_test(t, the_first_accepted_candidate_is_drawn);
    tcase_add_test(t, a_mixture_of_them_has_a_density_and_draws);
    suite_add_tcase(s, t);
    t = tcase_create("gradients");
    tcase_add_loop_test(t, gradients_through_draws_are_unbiased_and_those_at_fixed_proposals_are_not, 0, GRADIENTS);
    tcase_add_loop_test(t, second_gradients_through_draws_are_unbiased, 0, GRADIENTS);
    tcase_add_test(t, gradients_by_the_direction_are_unbiased);
    suite_add_tcase(s, t);
    t = tcase_create("precision");
    tcase_add_test(t, numbers_in_f32_are_finite_whatever_the_concentration);
    tcase_add_test(t, bits_do_not_depend_on_the_number_of_threads);
    tcase_add_test(t, the_most_extreme_noise_gives_finite_draws_and_gradients);
    suite_add_tcase(s, t);
    return s;
}
