/* The weight of the KL term in the course of a training. */
#include <check.h>
#include <math.h>

#include "../nn/objectives/schedule.h"
#include "patterns.h"
#include "runs.h"
#include "suites.h"

enum { N = 24 };

/* ---- values ------------------------------------------------------------------------------------------------------ */

static void assert_beta(const char *const *pairs, double epoch, double epochs, double expected)
{
    elbo_values *options = options_of(&elbo_model_vae, pairs);
    const double beta = elbo_beta_at(options, epoch, epochs);
    ck_assert_msg(fabs(beta - expected) < 1e-12, "after %g of %g epochs: %.17g, expected %.17g", epoch, epochs, beta,
                  expected);
    elbo_values_free(options);
}

START_TEST(a_constant_beta_stays)
{
    assert_beta(NO_OPTIONS, 0, 10, 1);
    assert_beta(OPTIONS("beta", "4"), 0, 10, 4);
    assert_beta(OPTIONS("beta", "4"), 3.5, 10, 4);
    assert_beta(OPTIONS("beta", "0"), 10, 10, 0);
}
END_TEST

START_TEST(a_linear_beta_rises_from_0_until_the_warmup_is_over)
{
    const char *const *linear = OPTIONS("beta", "3", "beta-schedule", "linear", "warmup", "4");
    static const double at[][2] = {{0, 0}, {0.5, 0.375}, {2, 1.5}, {4, 3}, {4.1, 3}, {10, 3}, {INFINITY, 3}};
    for (size_t i = 0; i < sizeof at / sizeof at[0]; i++)
        assert_beta(linear, at[i][0], 10, at[i][1]);
    assert_beta(linear, 2, 2, 1.5); /* a training that ends before */
}
END_TEST

START_TEST(a_cyclic_beta_rises_in_the_first_half_of_each_cycle)
{
    const char *const *cyclic = OPTIONS("beta", "2", "beta-schedule", "cyclic", "cycles", "3");
    static const double in_a_cycle[][2] = {{0, 0}, {0.5, 0.5}, {1, 1}, {2, 2}, {3, 2}, {3.9375, 2}};
    for (int cycle = 0; cycle < 3; cycle++)
        for (size_t i = 0; i < sizeof in_a_cycle / sizeof in_a_cycle[0]; i++)
            assert_beta(cyclic, 4 * cycle + in_a_cycle[i][0], 12, in_a_cycle[i][1]);
    assert_beta(cyclic, 12, 12, 2);
    assert_beta(cyclic, INFINITY, 12, 2);
}
END_TEST

START_TEST(without_an_option_beta_it_is_1)
{
    elbo_values *options = options_of(&elbo_model_ae, NO_OPTIONS);
    ck_assert_double_eq(elbo_beta_at(options, 0, 10), 1);
    ck_assert_double_eq(elbo_beta_at(options, 10, 10), 1);
    elbo_values_free(options);
}
END_TEST

/* ---- in training ------------------------------------------------------------------------------------------------- */

typedef struct {
    int n;
    elbo_epoch at[8];
    double first_weight; /* of the KL term in the very first step */
} history;

static bool record(void *user, const elbo_progress *p)
{
    history *h = user;
    if (p->finished)
        h->at[h->n++] = *p->finished;
    else if (p->epoch == 1 && p->step == 1)
        h->first_weight = (elbo_figures_get(&p->means, "loss") - elbo_figures_get(&p->means, "recon")) /
                          elbo_figures_get(&p->means, "kl");
    return true;
}

static history trained(const char *const *pairs, int64_t epochs, int64_t batch_size)
{
    history h = {.n = 0};
    elbo_images images = pattern_images(N);
    elbo_run *run = run_of(&elbo_model_vae, pairs, ELBO_SHAPE(PATTERN_SIDE, PATTERN_SIDE), 0);
    assert_ok(elbo_train(run, &images, NULL,
                         &(elbo_training){.epochs = epochs, .batch_size = batch_size, .progress = record, .user = &h},
                         NULL));
    ck_assert_int_eq(h.n, epochs);
    elbo_run_free(run);
    return h;
}

START_TEST(an_epoch_reports_the_beta_of_its_last_step)
{
    history h = trained(OPTIONS("hidden", "8", "beta", "2", "beta-schedule", "linear", "warmup", "4"), 6, 7);
    const double step = 1.0 / ((N + 6) / 7); /* of an epoch: beta is that before the step */
    for (int i = 0; i < h.n; i++)
        ck_assert_double_eq_tol(h.at[i].beta, 2 * fmin(1, (i + 1 - step) / 4), 1e-12);
    h = trained(OPTIONS("hidden", "8"), 2, 7);
    ck_assert_double_eq(h.at[1].beta, 1);
}
END_TEST

START_TEST(beta_rises_with_every_step)
{
    history h = trained(OPTIONS("hidden", "8", "beta-schedule", "linear", "warmup", "1"), 1, N / 4);
    ck_assert_double_eq_tol(h.first_weight, 0, 1e-6);
    ck_assert_double_eq_tol(h.at[0].beta, 0.75, 1e-12); /* the last of four */
}
END_TEST

START_TEST(a_beta_of_0_leaves_the_kl_term_out)
{
    /* One step an epoch: at the start of the only cycle, and half-way, where beta is reached. */
    history h = trained(OPTIONS("hidden", "8", "beta", "3", "beta-schedule", "cyclic", "cycles", "1"), 2, N);
    ck_assert_double_eq(h.at[0].beta, 0);
    ck_assert_double_gt(elbo_figures_get(&h.at[0].train, "kl"), 0.01);
    ck_assert_double_eq(elbo_figures_get(&h.at[0].train, "loss"), elbo_figures_get(&h.at[0].train, "recon"));
    ck_assert_double_eq(h.at[1].beta, 3);
    ck_assert_double_eq_tol(elbo_figures_get(&h.at[1].train, "loss"),
                            elbo_figures_get(&h.at[1].train, "recon") + 3 * elbo_figures_get(&h.at[1].train, "kl"),
                            1e-4);
}
END_TEST

START_TEST(evaluation_weighs_the_kl_term_as_the_schedule_ends)
{
    static const char *const schedules[] = {"constant", "linear", "cyclic"};
    elbo_images images = pattern_images(N);
    for (int i = 0; i < 3; i++) {
        elbo_run *run = run_of(&elbo_model_vae, OPTIONS("hidden", "8", "beta", "3", "beta-schedule", schedules[i]),
                               ELBO_SHAPE(PATTERN_SIDE, PATTERN_SIDE), 0);
        const double kl = evaluated(run, &images, 1, "kl"), recon = evaluated(run, &images, 1, "recon");
        ck_assert_double_gt(kl, 0.01);
        ck_assert_double_eq_tol(evaluated(run, &images, 1, "loss"), recon + 3 * kl, 1e-4);
        elbo_run_free(run);
    }
}
END_TEST

Suite *suite_schedule(void)
{
    Suite *suite = suite_create("schedule");
    TCase *values = tcase_create("values"), *training = tcase_create("in training");
    tcase_add_test(values, a_constant_beta_stays);
    tcase_add_test(values, a_linear_beta_rises_from_0_until_the_warmup_is_over);
    tcase_add_test(values, a_cyclic_beta_rises_in_the_first_half_of_each_cycle);
    tcase_add_test(values, without_an_option_beta_it_is_1);
    suite_add_tcase(suite, values);
    tcase_add_test(training, an_epoch_reports_the_beta_of_its_last_step);
    tcase_add_test(training, beta_rises_with_every_step);
    tcase_add_test(training, a_beta_of_0_leaves_the_kl_term_out);
    tcase_add_test(training, evaluation_weighs_the_kl_term_as_the_schedule_ends);
    suite_add_tcase(suite, training);
    return suite;
}
