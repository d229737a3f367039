#include <check.h>
#include <math.h>

#include "small_dists.h"
#include "suites.h"

START_TEST(log_prob_of_a_normal_is_its_formula_with_all_constants)
{
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    elbo_var *m = input(&r, "m", mean), *lv = input(&r, "lv", logvar), *x = input(&r, "x", points);
    double diagonal[B], fixed[B], standard[B];
    rig_run(&r,
            (elbo_var *[]){elbo_log_prob(elbo_normal(m, lv), x, NULL),
                           elbo_log_prob(elbo_normal_fixed(m, 0.3), x, NULL),
                           elbo_log_prob(elbo_standard_normal(r.g, ELBO_SHAPE(B, D)), x, NULL)},
            3, (double *[]){diagonal, fixed, standard});
    for (int b = 0; b < B; b++) {
        double expected[3] = {0};
        for (int i = b * D; i < (b + 1) * D; i++) {
            expected[0] += plain_normal(points[i], mean[i], exp(logvar[i]));
            expected[1] += plain_normal(points[i], mean[i], 0.3);
            expected[2] += plain_normal(points[i], 0, 1);
        }
        assert_close(diagonal[b], expected[0], 1e-14);
        assert_close(fixed[b], expected[1], 1e-14);
        assert_close(standard[b], expected[2], 1e-14);
    }
    rig_free(&r);
}
END_TEST

START_TEST(mean_and_entropy_of_a_normal_are_their_formulas)
{
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    elbo_var *m = input(&r, "m", mean), *lv = input(&r, "lv", logvar);
    elbo_dist dists[] = {elbo_normal(m, lv), elbo_normal_fixed(m, 0.3), elbo_standard_normal(r.g, ELBO_SHAPE(B, D))};
    double means[3][B * D], entropies[3][B];
    for (int i = 0; i < 3; i++)
        rig_run(&r, (elbo_var *[]){elbo_dist_mean(dists[i]), elbo_entropy(dists[i])}, 2,
                (double *[]){means[i], entropies[i]});
    for (int b = 0; b < B; b++) {
        double expected[3] = {0};
        for (int i = b * D; i < (b + 1) * D; i++) {
            expected[0] += 0.5 * log(2 * M_PI * M_E * exp(logvar[i]));
            expected[1] += 0.5 * log(2 * M_PI * M_E * 0.3);
            expected[2] += 0.5 * log(2 * M_PI * M_E);
            assert_close(means[0][i], mean[i], 0);
            assert_close(means[1][i], mean[i], 0);
            assert_close(means[2][i], 0, 0);
        }
        for (int k = 0; k < 3; k++)
            assert_close(entropies[k][b], expected[k], 1e-14);
    }
    rig_free(&r);
}
END_TEST

START_TEST(draws_of_a_normal_have_its_moments)
{
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    elbo_var *m = input(&r, "m", mean), *lv = input(&r, "lv", logvar);
    double first[B * D], second[B * D];
    draw_moments(&r, elbo_normal(m, lv), true, first, second);
    for (int i = 0; i < B * D; i++) {
        /* Var(z) = v; Var(z^2) = 2 v^2 + 4 m^2 v; five standard deviations of the mean of MANY */
        double v = exp(logvar[i]);
        ck_assert_double_le(fabs(first[i] - mean[i]), 5 * sqrt(v / MANY));
        ck_assert_double_le(fabs(second[i] - mean[i] * mean[i] - v),
                            5 * sqrt((2 * v * v + 4 * mean[i] * mean[i] * v) / MANY));
    }
    draw_moments(&r, elbo_normal_fixed(m, 0.3), true, first, second);
    for (int i = 0; i < B * D; i++)
        ck_assert_double_le(fabs(second[i] - mean[i] * mean[i] - 0.3),
                            5 * sqrt((2 * 0.09 + 4 * mean[i] * mean[i] * 0.3) / MANY));
    rig_free(&r);
}
END_TEST

START_TEST(a_reparametrised_draw_carries_the_derivative_of_its_parameters)
{
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    elbo_var *args[] = {input(&r, "m", mean), input(&r, "lv", logvar)}, *grads[2];
    elbo_draw draw = elbo_rsample(elbo_normal(args[0], args[1]), "z", 0);
    elbo_grad(draw.z, args, 2, grads);
    double z[B * D], dm[B * D], dlv[B * D];
    rig_run(&r, (elbo_var *[]){draw.z, grads[0], grads[1]}, 3, (double *[]){z, dm, dlv});
    for (int i = 0; i < B * D; i++) {
        assert_close(dm[i], 1, 0);
        assert_close(dlv[i], (z[i] - mean[i]) / 2, 1e-14); /* d (s e) / d log s^2 = s e / 2 */
    }
    rig_free(&r);
}
END_TEST

START_TEST(kl_of_normals_agrees_with_monte_carlo)
{
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    elbo_var *m = input(&r, "m", mean), *n = input(&r, "n", other_mean);
    elbo_dist normals[] = {elbo_normal(m, input(&r, "lv", logvar)), elbo_normal_fixed(m, 0.3),
                           elbo_standard_normal(r.g, ELBO_SHAPE(B, D))};
    elbo_dist others[] = {elbo_normal(n, input(&r, "lw", other_logvar)), elbo_normal_fixed(n, 0.6),
                          elbo_standard_normal(r.g, ELBO_SHAPE(B, D))};
    for (int i = 0; i < 3; i++)
        for (int k = 0; k < 3; k++)
            if (i != 2 || k != 2)
                assert_kl_is_the_mean_log_ratio(&r, normals[i], others[k]);
    rig_free(&r);
}
END_TEST

START_TEST(kl_to_the_standard_normal_is_the_formula_of_the_paper)
{
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    elbo_dist q = elbo_normal(input(&r, "m", mean), input(&r, "lv", logvar));
    double out[B];
    rig_value(&r, elbo_kl(q, elbo_standard_normal(r.g, ELBO_SHAPE(D)), NULL), out);
    for (int b = 0; b < B; b++) {
        double expected = 0;
        for (int i = b * D; i < (b + 1) * D; i++)
            expected -= 0.5 * (1 + logvar[i] - mean[i] * mean[i] - exp(logvar[i]));
        assert_close(out[b], expected, 1e-14);
    }
    rig_free(&r);
}
END_TEST

START_TEST(impossible_parameters_are_refused)
{
    rig r = rig_new(ELBO_F32, ELBO_TRAIN);
    elbo_normal_fixed(input(&r, "m", mean), 0);
    rig_assert_error(&r, "normal: variance 0 is not a positive number");
    rig_next_graph(&r, ELBO_TRAIN);
    elbo_normal(input(&r, "m", mean), rig_input(&r, "lv", ELBO_SHAPE(B, 2), logvar));
    rig_assert_error(&r, "normal: mean (2, 4) and log-variance (2, 2) differ in shape");
    rig_free(&r);
}
END_TEST

Suite *suite_dist_normal(void)
{
    Suite *suite = suite_create("dist_normal");
    TCase *normal = tcase_create("normal");
    tcase_add_test(normal, log_prob_of_a_normal_is_its_formula_with_all_constants);
    tcase_add_test(normal, mean_and_entropy_of_a_normal_are_their_formulas);
    tcase_add_test(normal, draws_of_a_normal_have_its_moments);
    tcase_add_test(normal, a_reparametrised_draw_carries_the_derivative_of_its_parameters);
    tcase_add_test(normal, kl_of_normals_agrees_with_monte_carlo);
    tcase_add_test(normal, kl_to_the_standard_normal_is_the_formula_of_the_paper);
    tcase_add_test(normal, impossible_parameters_are_refused);
    suite_add_tcase(suite, normal);
    return suite;
}
