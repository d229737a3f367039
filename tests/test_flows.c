/* Flows: their densities are those of the noise, and what they do to space can be undone. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "setting.h"
#include "suites.h"

/* z of the noise, and log q: both for (B, draws) draws of `dims` numbers */
static void infer(setting *s, const double *noise, double *z, double *log_q)
{
    setting_build(s, ELBO_EVALUATE);
    setting_feed_noise(s, noise);
    const elbo_inference i = elbo_posterior(&s->in);
    rig_run(&s->r, (elbo_var *[]){i.z, i.log_q}, 2, (double *[]){z, log_q});
}

/* log |det a| (n, n), which is destroyed, and whether det a > 0: elimination with pivots */
static double log_determinant(double *a, int n, bool *positive)
{
    double sum = 0;
    *positive = true;
    for (int k = 0; k < n; k++) {
        int p = k;
        for (int i = k; i < n; i++)
            p = fabs(a[i * n + k]) > fabs(a[p * n + k]) ? i : p;
        for (int j = 0; j < n; j++) {
            const double kept = a[k * n + j];
            a[k * n + j] = a[p * n + j];
            a[p * n + j] = kept;
        }
        *positive ^= (p != k) ^ (a[k * n + k] < 0);
        sum += log(fabs(a[k * n + k]));
        for (int i = k + 1; i < n; i++)
            for (int j = n - 1; j >= k; j--)
                a[i * n + j] -= a[i * n + k] / a[k * n + k] * a[k * n + j];
    }
    return sum;
}

/* jacobian[d][i][j] = dz_i / de_j of draw d, by central differences */
static void differentiate(setting *s, const double *noise, double *jacobian)
{
    const int n = s->dims, draws = B * s->draws;
    double moved[B * K * MOST], up[B * K * MOST], down[B * K * MOST], unused[B * K];
    const double h = 1e-5;
    for (int j = 0; j < n; j++) {
        memcpy(moved, noise, (size_t)(draws * n) * sizeof *moved);
        for (int d = 0; d < draws; d++)
            moved[d * n + j] = noise[d * n + j] + h;
        infer(s, moved, up, unused);
        for (int d = 0; d < draws; d++)
            moved[d * n + j] = noise[d * n + j] - h;
        infer(s, moved, down, unused);
        for (int d = 0; d < draws; d++)
            for (int i = 0; i < n; i++)
                jacobian[(d * n + i) * n + j] = (up[d * n + i] - down[d * n + i]) / (2 * h);
    }
}

static void assert_density_is_that_of_the_noise(const char *options)
{
    setting s = setting_of(options, K);
    const int n = s.dims;
    double noise[B * K * MOST], z[B * K * MOST], log_q[B * K], jacobian[B * K * MOST * MOST];
    setting_fill_noise(noise, B * K * n);
    infer(&s, noise, z, log_q);
    differentiate(&s, noise, jacobian);
    for (int d = 0; d < B * K; d++) {
        bool positive;
        double expected = -log_determinant(jacobian + d * n * n, n, &positive);
        for (int j = 0; j < n; j++)
            expected -= 0.5 * (noise[d * n + j] * noise[d * n + j] + log(2 * M_PI));
        assert_close(log_q[d], expected, 1e-6);
    }
    setting_free(&s);
}

START_TEST(log_q_is_that_of_the_noise_less_the_numeric_log_determinant)
{
    char options[100];
    for (int shared = 0; shared < 2; shared++) {
        snprintf(options, sizeof options,
                 "latent-dim=4 hidden=5 flow-hidden=6 flow-steps=3 posterior=%s flow-shared=%s", flows[_i],
                 shared ? "yes" : "no");
        assert_density_is_that_of_the_noise(options);
    }
}
END_TEST

/* What turns space inside out somewhere is not injective. The parameters are so large that the bounds of the paper's
 * appendix decide. */
START_TEST(flows_are_invertible_whatever_their_parameters_are)
{
    char options[100];
    snprintf(options, sizeof options, "latent-dim=2 hidden=none flow-steps=1 posterior=%s flow-shared=yes", flows[_i]);
    setting s = setting_of(options, K);
    double noise[B * K * 2], jacobian[B * K * 4];
    setting_fill_noise(noise, B * K * 2);
    for (int sign = -1; sign <= 1; sign += 2) {
        if (_i == 1) {
            rig_set_param(&s.r, "encoder.flow.w", (double[]){2, 1});
            rig_set_param(&s.r, "encoder.flow.u", (double[]){sign * 3, sign});
        } else {
            rig_set_param(&s.r, "encoder.flow.alpha", &(double){sign * 2});
            rig_set_param(&s.r, "encoder.flow.beta", &(double){-5});
        }
        differentiate(&s, noise, jacobian);
        for (int d = 0; d < B * K; d++) {
            bool positive;
            log_determinant(jacobian + d * 4, 2, &positive);
            ck_assert(positive);
        }
    }
    setting_free(&s);
}
END_TEST

/* Where w^T v is far below 0, m(w^T v) would be -1 and log det -inf at the plane w^T z + b = 0. */
START_TEST(a_planar_step_keeps_some_volume_on_its_plane)
{
    setting s = setting_of("latent-dim=2 hidden=none flow-steps=1 posterior=planar flow-shared=yes", K);
    double noise[B * K * 2] = {0}, z[B * K * 2], log_q[B * K], zeros[2 * D] = {0};
    rig_set_param(&s.r, "encoder.mean.weight", zeros);
    rig_set_param(&s.r, "encoder.mean.bias", zeros);
    rig_set_param(&s.r, "encoder.flow.w", (double[]){20, 20});
    rig_set_param(&s.r, "encoder.flow.u", (double[]){-20, -20});
    rig_set_param(&s.r, "encoder.flow.b", zeros);
    infer(&s, noise, z, log_q);
    for (int d = 0; d < B * K; d++)
        ck_assert(isfinite(log_q[d]));
    setting_free(&s);
}
END_TEST

START_TEST(one_autoregressive_step_is_triangular_and_two_mix_all_dimensions)
{
    for (int steps = 1; steps <= 2; steps++) {
        char options[100];
        snprintf(options, sizeof options, "latent-dim=4 hidden=5 flow-hidden=16 flow-steps=%d posterior=%s", steps,
                 flows[_i]);
        setting s = setting_of(options, 1);
        double noise[B * MOST], jacobian[B * MOST * MOST];
        setting_fill_noise(noise, B * MOST);
        differentiate(&s, noise, jacobian);
        for (int d = 0; d < B; d++)
            for (int i = 0; i < MOST; i++)
                for (int j = 0; j < MOST; j++)
                    if (steps == 1 && j > i)
                        ck_assert_double_eq(jacobian[(d * MOST + i) * MOST + j], 0);
                    else
                        ck_assert_double_ne(jacobian[(d * MOST + i) * MOST + j], 0);
        setting_free(&s);
    }
}
END_TEST

Suite *suite_flows(void)
{
    Suite *suite = suite_create("flows");
    TCase *densities = tcase_create("densities");
    tcase_add_loop_test(densities, log_q_is_that_of_the_noise_less_the_numeric_log_determinant, 0, 5);
    tcase_add_loop_test(densities, flows_are_invertible_whatever_their_parameters_are, 1, 3);
    tcase_add_test(densities, a_planar_step_keeps_some_volume_on_its_plane);
    tcase_add_loop_test(densities, one_autoregressive_step_is_triangular_and_two_mix_all_dimensions, 3, 5);
    suite_add_tcase(suite, densities);
    return suite;
}
