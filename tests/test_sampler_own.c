/* Samplers that are not fitted: the run's own prior by its names, and Monte Carlo on a metric that was learned. */
#include <check.h>
#include <math.h>
#include <string.h>

#include "../nn/samplers/sampler.h"
#include "rig.h"
#include "runs.h"
#include "suites.h"

enum { DRAWN = 2000, Z = 3 };

static elbo_sampler *sampler_of(elbo_run *run, const char *const *pairs)
{
    elbo_values *values = elbo_values_new(elbo_sampler_options);
    for (; *pairs; pairs += 2)
        assert_ok(elbo_values_set(values, pairs[0], pairs[1]));
    elbo_sampler *s = elbo_sampler_fit(run, values, NULL);
    elbo_values_free(values);
    return s;
}

/* ---- priors ------------------------------------------------------------------------------------------------------ */

static const char *const names[] = {"normal", "vamp", "hypersphere", "poincare"};

/* A model and the one of these names that its prior has. */
static const struct {
    const elbo_model *model;
    const char *const *options;
    const char *name; /* NULL: none */
} priors[] = {
    {&elbo_model_vae, OPTIONS("hidden", "4", "latent-dim", "3"), "normal"},
    {&elbo_model_iaf_vae, OPTIONS("hidden", "4", "latent-dim", "3"), "normal"},
    {&elbo_model_vamp_vae, OPTIONS("hidden", "4", "latent-dim", "3", "components", "5"), "vamp"},
    {&elbo_model_mixture_vae, OPTIONS("hidden", "4", "latent-dim", "3", "components", "5"), NULL},
    {&elbo_model_svae, OPTIONS("hidden", "4", "latent-dim", "3"), "hypersphere"},
    {&elbo_model_poincare_vae, OPTIONS("hidden", "4", "latent-dim", "3"), "poincare"},
};
enum { PRIORS = sizeof priors / sizeof priors[0] };

START_TEST(a_prior_is_drawn_by_the_name_that_it_has_and_by_no_other)
{
    elbo_run *run = run_of(priors[_i].model, priors[_i].options, ELBO_SHAPE(4, 4), 0);
    static float z[DRAWN * Z], own[DRAWN * Z];
    assert_ok(elbo_run_draw_prior(run, NULL, DRAWN, 5, own));
    for (int i = -1; i < (int)(sizeof names / sizeof names[0]); i++) {
        const char *name = i < 0 ? "prior" : names[i];
        elbo_sampler *s = sampler_of(run, OPTIONS("sampler", name));
        if (i >= 0 && !(priors[_i].name && strcmp(name, priors[_i].name) == 0)) {
            ck_assert_ptr_null(s);
            ck_assert_msg(strstr(elbo_error(), "; sampler prior draws it"), "%s", elbo_error());
            continue;
        }
        ck_assert_msg(s != NULL, "%s", elbo_error());
        ck_assert(!elbo_sampler_is_fitted(name));
        assert_ok(elbo_sampler_draw(s, NULL, DRAWN, 5, z));
        ck_assert_mem_eq(z, own, sizeof z);
        elbo_sampler_free(s);
    }
    elbo_run_free(run);
}
END_TEST

/* Uniform on the sphere: of length 1, and each entry with mean 0 and square 1/3; none of the others is. */
START_TEST(draws_on_the_sphere_are_uniform)
{
    elbo_run *run = run_of(&elbo_model_svae, OPTIONS("hidden", "4", "latent-dim", "3"), ELBO_SHAPE(4, 4), 0);
    elbo_sampler *s = sampler_of(run, OPTIONS("sampler", "hypersphere"));
    static float z[DRAWN * Z];
    double mean[Z] = {0}, square[Z] = {0};
    assert_ok(elbo_sampler_draw(s, NULL, DRAWN, 5, z));
    for (int i = 0; i < DRAWN; i++) {
        const float *at = z + i * Z;
        assert_close(at[0] * at[0] + at[1] * at[1] + at[2] * at[2], 1, 1e-5);
        for (int j = 0; j < Z; j++) {
            mean[j] += (double)at[j] / DRAWN;
            square[j] += (double)at[j] * at[j] / DRAWN;
        }
    }
    for (int j = 0; j < Z; j++) { /* variances: 1/3, and 1/5 - 1/9 of the square */
        ck_assert_double_eq_tol(mean[j], 0, 4 * sqrt(1.0 / 3 / DRAWN));
        ck_assert_double_eq_tol(square[j], 1.0 / 3, 4 * sqrt(4.0 / 45 / DRAWN));
    }
    elbo_sampler_free(s);
    elbo_run_free(run);
}
END_TEST

/* ---- a metric ---------------------------------------------------------------------------------------------------- */

/* Around one centroid c, G^-1(z) = M e^(-|z - c|^2 / T^2), but for lambda, which is next to nothing: sqrt det G^-1 is
 * in proportion to N(z; c, T^2 / Z). */
START_TEST(draws_on_a_metric_follow_its_volume)
{
    const double centroid[2] = {3, -1}, matrix[4] = {100, 30, 30, 50};
    const char *const *wide = OPTIONS("latent-dim", "2", "hidden", "4", "metric-size", "1", "metric-hidden", "4",
                                      "metric-temperature", "1.5", "metric-lambda", "1e-6");
    elbo_run *run = run_of(&elbo_model_rhvae, wide, ELBO_SHAPE(4, 4), 0);
    elbo_sampler *s = sampler_of(run, OPTIONS("sampler", "rhvae", "hmc-step", "0.2", "hmc-proposals", "30"));
    static float z[DRAWN * 2], few[3 * 2];
    double mean[2] = {0}, square[3] = {0};
    ck_assert_msg(s != NULL, "%s", elbo_error());
    run_set_param(run, "encoder.metric.centroids", centroid);
    run_set_param(run, "encoder.metric.matrices", matrix);
    assert_ok(elbo_sampler_draw(s, NULL, DRAWN, 5, z));
    for (int i = 0; i < DRAWN; i++) {
        const double u = z[i * 2] - centroid[0], v = z[i * 2 + 1] - centroid[1];
        mean[0] += u / DRAWN;
        mean[1] += v / DRAWN;
        square[0] += u * u / DRAWN;
        square[1] += u * v / DRAWN;
        square[2] += v * v / DRAWN;
    }
    const double variance = 1.5 * 1.5 / 2;
    for (int j = 0; j < 2; j++) {
        ck_assert_double_eq_tol(mean[j], 0, 4 * sqrt(variance / DRAWN));
        ck_assert_double_eq_tol(square[2 * j], variance, 4 * variance * sqrt(2.0 / DRAWN));
    }
    ck_assert_double_eq_tol(square[1], 0, 4 * variance / sqrt(DRAWN));
    assert_ok(elbo_sampler_draw(s, NULL, 3, 5, few));
    for (int i = 0; i < 6; i++)
        ck_assert_float_eq_tol(few[i], z[i], 1e-3f);
    elbo_sampler_free(s);
    elbo_run_free(run);
}
END_TEST

/* Before the first proposal a chain is at one of the centroids, all of them alike. */
START_TEST(chains_begin_at_the_centroids)
{
    const double centroids[3 * 2] = {-50, 0, 0, 0, 50, 0};
    double matrices[3 * 4], count[3] = {0};
    elbo_run *run = run_of(&elbo_model_rhvae,
                           OPTIONS("latent-dim", "2", "hidden", "4", "metric-size", "3", "metric-hidden", "4"),
                           ELBO_SHAPE(4, 4), 0);
    elbo_sampler *s = sampler_of(run, OPTIONS("sampler", "rhvae", "hmc-step", "1e-3", "hmc-proposals", "1"));
    static float z[DRAWN * 2];
    for (int i = 0; i < 12; i++)
        matrices[i] = i % 4 == 0 || i % 4 == 3;
    run_set_param(run, "encoder.metric.centroids", centroids);
    run_set_param(run, "encoder.metric.matrices", matrices);
    assert_ok(elbo_sampler_draw(s, NULL, DRAWN, 5, z));
    for (int i = 0; i < DRAWN; i++) {
        const int which = (int)lround(z[i * 2] / 50) + 1;
        ck_assert_double_eq_tol(z[i * 2], centroids[which * 2], 0.2);
        count[which]++;
    }
    for (int k = 0; k < 3; k++)
        ck_assert_double_eq_tol(count[k] / DRAWN, 1.0 / 3, 4 * sqrt(2.0 / 9 / DRAWN));
    elbo_sampler_free(s);
    elbo_run_free(run);
}
END_TEST

START_TEST(a_run_without_a_metric_is_refused)
{
    elbo_run *run = run_of(&elbo_model_vae, OPTIONS("hidden", "4", "latent-dim", "3"), ELBO_SHAPE(4, 4), 0);
    ck_assert_ptr_null(sampler_of(run, OPTIONS("sampler", "rhvae")));
    ck_assert_msg(strstr(elbo_error(), "model \"vae\" has learned no metric"), "%s", elbo_error());
    elbo_run_free(run);
}
END_TEST

Suite *suite_sampler_own(void)
{
    Suite *s = suite_create("sampler_own");
    TCase *t = tcase_create("own");
    tcase_set_timeout(t, 60);
    tcase_add_loop_test(t, a_prior_is_drawn_by_the_name_that_it_has_and_by_no_other, 0, PRIORS);
    tcase_add_test(t, draws_on_the_sphere_are_uniform);
    tcase_add_test(t, draws_on_a_metric_follow_its_volume);
    tcase_add_test(t, chains_begin_at_the_centroids);
    tcase_add_test(t, a_run_without_a_metric_is_refused);
    suite_add_tcase(s, t);
    return s;
}
