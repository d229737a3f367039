#include <check.h>
#include <math.h>

#include "small_dists.h"
#include "suites.h"

START_TEST(log_prob_of_a_bernoulli_is_its_formula)
{
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    double out[B];
    rig_value(&r, elbo_log_prob(elbo_bernoulli(input(&r, "l", logits)), input(&r, "grey", grey), NULL), out);
    for (int b = 0; b < B; b++) {
        double expected = 0;
        for (int i = b * D; i < (b + 1) * D; i++)
            expected += plain_bernoulli(grey[i], logits[i]);
        assert_close(out[b], expected, 1e-14);
    }
    rig_free(&r);
}
END_TEST

START_TEST(extreme_logits_give_finite_numbers_and_gradients)
{
    const double far[B * D] = {100, -100, 100, -100, 1000, -1000, 0, 88}, x[B * D] = {1, 1, 0, 0, 1, 0, 0.5, 1};
    rig r = rig_new(ELBO_F32, ELBO_TRAIN);
    elbo_var *l = input(&r, "l", far), *dl[3], *values[3];
    elbo_dist p = elbo_bernoulli(l);
    values[0] = elbo_log_prob(p, input(&r, "x", x), NULL);
    values[1] = elbo_entropy(p);
    values[2] = elbo_kl(p, elbo_bernoulli(input(&r, "m", mean)), NULL);
    for (int i = 0; i < 3; i++)
        elbo_grad(values[i], &l, 1, &dl[i]);
    double out[3][B], grad[3][B * D];
    rig_run(&r, (elbo_var *[]){values[0], values[1], values[2], dl[0], dl[1], dl[2]}, 6,
            (double *[]){out[0], out[1], out[2], grad[0], grad[1], grad[2]});
    for (int i = 0; i < B * D; i++)
        for (int k = 0; k < 3; k++)
            ck_assert_msg(isfinite(out[k][i / D]) && isfinite(grad[k][i]), "quantity %d, logit %g: %g, derivative %g",
                          k, far[i], out[k][i / D], grad[k][i]);
    assert_close(out[0][0], -200, 1e-6); /* -100 for a certain 1 that is 0, and the other way round */
    assert_close(grad[0][1], 1, 1e-6);
    assert_close(grad[0][2], -1, 1e-6);
    ck_assert_double_le(fabs(out[1][0]), 1e-6);
    rig_free(&r);
}
END_TEST

START_TEST(mean_and_entropy_of_a_bernoulli_are_their_formulas)
{
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    elbo_dist d = elbo_bernoulli(input(&r, "l", logits));
    double means[B * D], entropies[B];
    rig_run(&r, (elbo_var *[]){elbo_dist_mean(d), elbo_entropy(d)}, 2, (double *[]){means, entropies});
    for (int b = 0; b < B; b++) {
        double expected = 0;
        for (int i = b * D; i < (b + 1) * D; i++) {
            double p = 1 / (1 + exp(-logits[i]));
            expected -= p * log(p) + (1 - p) * log(1 - p);
            assert_close(means[i], p, 1e-14);
        }
        assert_close(entropies[b], expected, 1e-14);
    }
    rig_free(&r);
}
END_TEST

START_TEST(draws_of_a_bernoulli_have_its_moments)
{
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    double first[B * D], second[B * D];
    draw_moments(&r, elbo_bernoulli(input(&r, "l", logits)), false, first, second);
    for (int i = 0; i < B * D; i++) {
        double p = 1 / (1 + exp(-logits[i]));
        ck_assert_double_le(fabs(first[i] - p), 5 * sqrt(p * (1 - p) / MANY));
        ck_assert_double_eq(first[i], second[i]); /* nothing but 0 and 1 */
    }
    rig_free(&r);
}
END_TEST

START_TEST(kl_of_bernoullis_agrees_with_monte_carlo)
{
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    elbo_var *a = input(&r, "a", logits), *c = input(&r, "c", other_logits);
    assert_kl_is_the_mean_log_ratio(&r, elbo_bernoulli(a), elbo_bernoulli(c));
    rig_free(&r);
}
END_TEST

Suite *suite_dist_bernoulli(void)
{
    Suite *suite = suite_create("dist_bernoulli");
    TCase *bernoulli = tcase_create("bernoulli");
    tcase_add_test(bernoulli, log_prob_of_a_bernoulli_is_its_formula);
    tcase_add_test(bernoulli, extreme_logits_give_finite_numbers_and_gradients);
    tcase_add_test(bernoulli, mean_and_entropy_of_a_bernoulli_are_their_formulas);
    tcase_add_test(bernoulli, draws_of_a_bernoulli_have_its_moments);
    tcase_add_test(bernoulli, kl_of_bernoullis_agrees_with_monte_carlo);
    suite_add_tcase(suite, bernoulli);
    return suite;
}
