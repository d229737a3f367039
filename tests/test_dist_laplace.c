#include <check.h>
#include <float.h>
#include <math.h>

#include "small_dists.h"
#include "suites.h"

static elbo_dist first(rig *r)
{
    return elbo_laplace(input(r, "m", mean), input(r, "b", logvar));
}

static elbo_dist other(rig *r)
{
    return elbo_laplace(input(r, "n", other_mean), input(r, "c", other_logvar));
}

START_TEST(log_prob_and_entropy_are_those_of_the_textbook)
{
    rig r = rig_new(_i ? ELBO_F64 : ELBO_F32, ELBO_TRAIN);
    double log_p[B * K], entropy[B], tolerance = 8 * (_i ? DBL_EPSILON : FLT_EPSILON);
    elbo_var *z = rig_input(&r, "z", ELBO_SHAPE(B, K, D), points);
    rig_run(&r, (elbo_var *[]){elbo_log_prob(first(&r), z, NULL), elbo_entropy(first(&r))}, 2,
            (double *[]){log_p, entropy});
    for (int b = 0; b < B; b++) {
        double wide = 0;
        for (int d = 0; d < D; d++)
            wide += log(2 * M_E * exp(logvar[b * D + d]));
        assert_close(entropy[b], wide, tolerance);
        for (int k = 0; k < K; k++) {
            double sum = 0;
            for (int d = 0; d < D; d++) {
                const double scale = exp(logvar[b * D + d]);
                sum += log(exp(-fabs(points[(b * K + k) * D + d] - mean[b * D + d]) / scale) / (2 * scale));
            }
            assert_close(log_p[b * K + k], sum, tolerance);
        }
    }
    rig_free(&r);
}
END_TEST

START_TEST(draws_have_the_moments_of_their_distribution)
{
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    double moment[B * D], second[B * D];
    draw_moments(&r, first(&r), true, moment, second);
    for (int i = 0; i < B * D; i++) {
        const double m = mean[i], variance = 2 * exp(2 * logvar[i]);
        const double of_square = 5 * variance * variance + 4 * m * m * variance; /* Var x^2: E e^4 = 24 b^4 */
        ck_assert_double_le(fabs(moment[i] - m), 5 * sqrt(variance / MANY));
        ck_assert_double_le(fabs(second[i] - m * m - variance), 5 * sqrt(of_square / MANY));
    }
    rig_free(&r);
}
END_TEST

START_TEST(a_draw_is_the_quantile_of_its_noise)
{
    enum { N = 7 };
    const double u[N] = {0x1p-33, 0x1p-20, 0.125, 0.5, 0.75, 0.9990234375, 1 - 0x1p-24};
    double z[N], log_q[N], m[N], b[N];
    for (int i = 0; i < N; i++)
        m[i] = 0.5, b[i] = 1;
    rig r = rig_new(_i ? ELBO_F64 : ELBO_F32, ELBO_TRAIN);
    elbo_graph_feed_noise(r.g);
    rig_feed(&r, "x#0", ELBO_SHAPE(N), u);
    elbo_dist p = elbo_laplace(rig_input(&r, "m", ELBO_SHAPE(N), m), rig_input(&r, "b", ELBO_SHAPE(N), b));
    p.event_rank = 0;
    const elbo_draw draw = elbo_rsample(p, "x", 0);
    rig_run(&r, (elbo_var *[]){draw.z, draw.log_prob}, 2, (double *[]){z, log_q});
    for (int i = 0; i < N; i++) {
        const double e = u[i] < 0.5 ? log(2 * u[i]) : -log(2 * (1 - u[i]));
        assert_close(z[i], 0.5 + M_E * e, 8 * (_i ? DBL_EPSILON : FLT_EPSILON));
        assert_close(log_q[i], -fabs(e) - 1 - log(2), 8 * (_i ? DBL_EPSILON : FLT_EPSILON));
    }
    rig_free(&r);
}
END_TEST

START_TEST(kl_agrees_with_monte_carlo)
{
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    assert_kl_is_the_mean_log_ratio(&r, first(&r), other(&r));
    ck_assert(!elbo_kl_closed(first(&r), elbo_standard_normal(r.g, ELBO_SHAPE(B, D))));
    rig_free(&r);
}
END_TEST

Suite *suite_dist_laplace(void)
{
    Suite *suite = suite_create("dist_laplace");
    TCase *values = tcase_create("values");
    tcase_add_loop_test(values, log_prob_and_entropy_are_those_of_the_textbook, 0, 2);
    tcase_add_test(values, draws_have_the_moments_of_their_distribution);
    tcase_add_loop_test(values, a_draw_is_the_quantile_of_its_noise, 0, 2);
    tcase_add_test(values, kl_agrees_with_monte_carlo);
    suite_add_tcase(suite, values);
    return suite;
}
