#include <check.h>
#include <math.h>

#include "small_dists.h"
#include "suites.h"

START_TEST(log_prob_of_a_categorical_is_its_formula)
{
    const double one_hot[B * D] = {0, 0, 1, 0, 1, 0, 0, 0};
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    double out[B];
    rig_value(&r, elbo_log_prob(elbo_categorical(input(&r, "l", logits)), input(&r, "one_hot", one_hot), NULL), out);
    for (int b = 0; b < B; b++) {
        double sum = 0, chosen = 0;
        for (int i = b * D; i < (b + 1) * D; i++) {
            sum += exp(logits[i]);
            chosen += one_hot[i] * exp(logits[i]);
        }
        assert_close(out[b], log(chosen / sum), 1e-14);
    }
    rig_free(&r);
}
END_TEST

START_TEST(an_event_may_have_several_axes)
{
    /* three categorical variables of two classes each, for two images; the mask leaves single variables out */
    const double l[2 * 3 * 2] = {0, 1, 2, -1, 0.5, 0.5, 1, 1, -2, 0, 3, 1};
    const double x[2 * 3 * 2] = {1, 0, 0, 1, 1, 0, 0, 1, 0, 1, 1, 0};
    const double mask[2 * 3] = {1, 1, 0, 0, 1, 1};
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    elbo_dist p = elbo_categorical(rig_input(&r, "l", ELBO_SHAPE(2, 3, 2), l));
    p.event_rank = 2;
    elbo_var *log_p = elbo_log_prob(p, rig_input(&r, "x", ELBO_SHAPE(2, 3, 2), x),
                                    rig_input(&r, "m", ELBO_SHAPE(2, 3), mask));
    double out[2];
    rig_value(&r, log_p, out);
    for (int b = 0; b < 2; b++) {
        double expected = 0;
        for (int v = 0; v < 3; v++) {
            const double *row = &l[(b * 3 + v) * 2], *at = &x[(b * 3 + v) * 2];
            expected += mask[b * 3 + v] * (at[0] * row[0] + at[1] * row[1] - log(exp(row[0]) + exp(row[1])));
        }
        assert_close(out[b], expected, 1e-14);
    }
    rig_free(&r);
}
END_TEST

/* p of the classes of image b, (D) */
static void plain_softmax(int b, double *p)
{
    double sum = 0;
    for (int i = 0; i < D; i++)
        sum += exp(logits[b * D + i]);
    for (int i = 0; i < D; i++)
        p[i] = exp(logits[b * D + i]) / sum;
}

START_TEST(mean_and_entropy_of_a_categorical_are_their_formulas)
{
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    elbo_dist d = elbo_categorical(input(&r, "l", logits));
    double means[B * D], entropies[B];
    rig_run(&r, (elbo_var *[]){elbo_dist_mean(d), elbo_entropy(d)}, 2, (double *[]){means, entropies});
    for (int b = 0; b < B; b++) {
        double p[D], expected = 0;
        plain_softmax(b, p);
        for (int i = 0; i < D; i++) {
            expected -= p[i] * log(p[i]);
            assert_close(means[b * D + i], p[i], 1e-14);
        }
        assert_close(entropies[b], expected, 1e-14);
    }
    rig_free(&r);
}
END_TEST

START_TEST(draws_of_a_categorical_have_its_moments)
{
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    double first[B * D], second[B * D];
    draw_moments(&r, elbo_categorical(input(&r, "l", logits)), false, first, second);
    for (int b = 0; b < B; b++) {
        double p[D], all = 0;
        plain_softmax(b, p);
        for (int i = 0; i < D; i++) {
            double drawn = first[b * D + i];
            ck_assert_double_le(fabs(drawn - p[i]), 5 * sqrt(p[i] * (1 - p[i]) / MANY));
            ck_assert_double_eq(drawn, second[b * D + i]);
            all += drawn;
        }
        assert_close(all, 1, 1e-12); /* one class a draw */
    }
    rig_free(&r);
}
END_TEST

START_TEST(kl_of_categoricals_agrees_with_monte_carlo)
{
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    elbo_var *a = input(&r, "a", logits), *c = input(&r, "c", other_logits);
    assert_kl_is_the_mean_log_ratio(&r, elbo_categorical(a), elbo_categorical(c));
    rig_free(&r);
}
END_TEST

Suite *suite_dist_categorical(void)
{
    Suite *suite = suite_create("dist_categorical");
    TCase *categorical = tcase_create("categorical");
    tcase_add_test(categorical, log_prob_of_a_categorical_is_its_formula);
    tcase_add_test(categorical, an_event_may_have_several_axes);
    tcase_add_test(categorical, mean_and_entropy_of_a_categorical_are_their_formulas);
    tcase_add_test(categorical, draws_of_a_categorical_have_its_moments);
    tcase_add_test(categorical, kl_of_categoricals_agrees_with_monte_carlo);
    suite_add_tcase(suite, categorical);
    return suite;
}
