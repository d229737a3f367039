/* p(x|z) from a decoder: the gaussian beside sums by hand, of a model without hidden layers. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "numbers.h"
#include "runs.h"
#include "small_model.h"
#include "suites.h"

#define LEAST_VARIANCE 1e-4

/* ---- the bound by hand ------------------------------------------------------------------------------------------- */

static const double noise[B * K * Z] = {0.3,  -1.2, 0.7, 0.1,  -0.4, 2.1, -0.9, 0.5, 1.4,  -0.2, 0.6, -1.7,
                                        -0.3, 0.8,  1.1, -0.6, 0.2,  0.9, -1.5, 0.4, -0.1, 1.3,  0.0, -0.8};

static rig gaussian_rig(const elbo_values *options)
{
    rig r = trained_rig(&elbo_model_vae, options, ELBO_F64);
    elbo_graph_feed_noise(r.g);
    rig_feed(&r, "z#0", ELBO_SHAPE(B, K, Z), noise);
    return r;
}

/* Output `to` of layer `name` with `in` inputs: w_to . x + b_to */
static double layer_at(const rig *r, const char *name, const double *x, int in, int to)
{
    char text[64];
    double weight[D * D], bias[D], sum;
    snprintf(text, sizeof text, "%s.weight", name);
    rig_param(r, text, weight);
    snprintf(text, sizeof text, "%s.bias", name);
    rig_param(r, text, bias);
    sum = bias[to];
    for (int i = 0; i < in; i++)
        sum += weight[to * in + i] * x[i];
    return sum;
}

/* The variance of pixel d, as the decoder sees z. */
typedef double variance_at(const rig *r, const double *z, int d);

static double fixed_variance(const rig *r, const double *z, int d)
{
    (void)r, (void)z, (void)d;
    return 0.3;
}

static double shared_variance(const rig *r, const double *z, int d)
{
    (void)z, (void)d;
    double logvar;
    rig_param(r, "decoder.logvar", &logvar);
    return exp(logvar) + LEAST_VARIANCE;
}

static double pixel_variance(const rig *r, const double *z, int d)
{
    return exp(layer_at(r, "decoder.logvar", z, Z, d)) + LEAST_VARIANCE;
}

/* -1/K sum_k log N(x_b; mean, variance) */
static double recon_of(const rig *r, int b, variance_at *variance)
{
    double sum = 0, z[Z];
    for (int k = 0; k < K; k++) {
        for (int j = 0; j < Z; j++)
            z[j] = layer_at(r, "encoder.mean", pixels + b * D, D, j) +
                   exp(layer_at(r, "encoder.logvar", pixels + b * D, D, j) / 2) * noise[(b * K + k) * Z + j];
        for (int d = 0; d < D; d++) {
            const double c = variance(r, z, d), off = pixels[b * D + d] - layer_at(r, "decoder.mean", z, Z, d);
            sum += (log(2 * M_PI * c) + off * off / c) / 2;
        }
    }
    return sum / K;
}

/* KL(N(m, s^2) || N(0, 1)), summed over dimensions */
static double kl_of(const rig *r, int b)
{
    double sum = 0;
    for (int j = 0; j < Z; j++) {
        const double m = layer_at(r, "encoder.mean", pixels + b * D, D, j);
        const double logvar = layer_at(r, "encoder.logvar", pixels + b * D, D, j);
        sum += (m * m + exp(logvar) - 1 - logvar) / 2;
    }
    return sum;
}

START_TEST(the_bound_of_a_gaussian_is_what_a_sum_by_hand_gives)
{
    static const struct {
        const char *learned;
        variance_at *variance;
    } cases[] = {{"no", fixed_variance}, {"shared", shared_variance}, {"pixel", pixel_variance}};
    elbo_values *options = options_of(&elbo_model_vae,
                                      OPTIONS("hidden", "none", "latent-dim", "2", "likelihood", "gaussian", "variance",
                                              "0.3", "learn-variance", cases[_i].learned));
    rig r = gaussian_rig(options);
    elbo_in in = inputs(&r, &elbo_model_vae, options, K);
    double recon = 0, kl = 0;
    for (int b = 0; b < B; b++) {
        recon += recon_of(&r, b, cases[_i].variance) / B;
        kl += kl_of(&r, b) / B;
    }
    elbo_model_evaluate(&in);
    assert_close(measured(&r, &in, "recon"), recon, 1e-12);
    assert_close(measured(&r, &in, "kl"), kl, 1e-12);
    assert_close(measured(&r, &in, "elbo"), -recon - kl, 1e-12);
    rig_free(&r);
    elbo_values_free(options);
}
END_TEST

/* ---- variances --------------------------------------------------------------------------------------------------- */

/* recon where the decoder's mean is `off` away from every pixel of an image that is 0.5 everywhere. `logvar`: what the
 * learned variance is set to, or NULL. */
static double recon_at(const elbo_values *options, double off, const double *logvar)
{
    rig r = trained_rig(&elbo_model_vae, options, ELBO_F64);
    elbo_in in = inputs(&r, &elbo_model_vae, options, 1);
    const bool shared = strcmp(elbo_values_choice(options, "learn-variance"), "shared") == 0;
    double x[B * D], zeros[D * Z] = {0}, mean[D], logvars[D];
    for (int i = 0; i < B * D; i++)
        x[i] = 0.5;
    for (int d = 0; d < D; d++) {
        mean[d] = 0.5 + off;
        logvars[d] = logvar ? *logvar : 0;
    }
    rig_feed(&r, "x", ELBO_SHAPE(B, D), x);
    rig_set_param(&r, "decoder.mean.weight", zeros);
    rig_set_param(&r, "decoder.mean.bias", mean);
    if (logvar && !shared)
        rig_set_param(&r, "decoder.logvar.weight", zeros);
    if (logvar)
        rig_set_param(&r, shared ? "decoder.logvar" : "decoder.logvar.bias", logvars);
    elbo_model_evaluate(&in);
    const double recon = measured(&r, &in, "recon");
    rig_free(&r);
    return recon;
}

static elbo_values *gaussian_options(const char *variance, const char *learned)
{
    return options_of(&elbo_model_vae, OPTIONS("hidden", "none", "latent-dim", "2", "likelihood", "gaussian",
                                               "variance", variance, "learn-variance", learned));
}

/* D/2 log(2 pi c) + D off^2 / 2c */
static double recon_by_hand(double off, double c)
{
    return D * (log(2 * M_PI * c) + off * off / c) / 2;
}

START_TEST(a_fixed_variance_gives_its_constant_alone_where_the_mean_is_the_image)
{
    static const char *const variances[] = {"1e-4", "0.1", "1", "20"};
    for (int i = 0; i < 4; i++) {
        elbo_values *options = gaussian_options(variances[i], "no");
        const double c = elbo_values_number(options, "variance");
        assert_close(recon_at(options, 0, NULL), D * log(2 * M_PI * c) / 2, 1e-13);
        assert_close(recon_at(options, 0.2, NULL), recon_by_hand(0.2, c), 1e-12);
        elbo_values_free(options);
    }
}
END_TEST

START_TEST(a_shared_variance_begins_with_that_of_the_option)
{
    elbo_values *options = gaussian_options("0.05", "shared");
    assert_close(recon_at(options, 0.2, NULL), recon_by_hand(0.2, 0.05), 1e-12);
    elbo_values_free(options);
}
END_TEST

START_TEST(a_learned_variance_has_a_floor)
{
    static const char *const kinds[] = {"shared", "pixel"};
    for (int i = 0; i < 2; i++) {
        elbo_values *options = gaussian_options("0.1", kinds[i]);
        for (double logvar = -20; logvar > -1000; logvar *= 7) {
            const double c = exp(logvar) + LEAST_VARIANCE;
            assert_close(recon_at(options, 0, &logvar), recon_by_hand(0, c), 1e-11);
            assert_close(recon_at(options, 0.1, &logvar), recon_by_hand(0.1, c), 1e-11);
        }
        elbo_values_free(options);
    }
}
END_TEST

/* Images of a plane of two dimensions in 8, with noise of deviation 0.1. */
static void noisy_plane(float *x, int n)
{
    numbers random = {5};
    for (int i = 0; i < n; i++) {
        const double a = numbers_between(&random, -1, 1), b = numbers_between(&random, -1, 1);
        for (int d = 0; d < 8; d++) {
            const double u = numbers_between(&random, 0, 1), angle = numbers_between(&random, 0, 2 * M_PI);
            const double e = sqrt(-2 * log(1 - u)) * cos(angle);
            x[i * 8 + d] = (float)(0.5 + (d % 2 ? 0.4 * a : 0.3 * b) + 0.1 * e);
        }
    }
}

START_TEST(a_shared_variance_learns_the_noise_of_the_images)
{
    enum { IMAGES = 3000 };
    static float x[IMAGES * 8];
    noisy_plane(x, IMAGES);
    elbo_images images = images_of(x, IMAGES, ELBO_SHAPE(8));
    elbo_run *run = run_of(&elbo_model_vae,
                           OPTIONS("hidden", "none", "latent-dim", "2", "likelihood", "gaussian", "variance", "0.5",
                                   "learn-variance", "shared"),
                           ELBO_SHAPE(8), 0);
    assert_ok(elbo_train(run, &images, NULL, &(elbo_training){.epochs = 60, .batch_size = 100, .lr = 1e-2}, NULL));
    double logvar;
    run_param(run, "decoder.logvar", &logvar);
    ck_assert_double_eq_tol((exp(logvar) + LEAST_VARIANCE) / 0.01, 1, 0.04);
    elbo_run_free(run);
}
END_TEST

/* ---- ranges ------------------------------------------------------------------------------------------------------ */

START_TEST(images_outside_of_what_the_options_mean_are_refused)
{
    static const struct {
        const char *likelihood, *binarise, *wanting;
    } cases[] = {{"bernoulli", "no", "the likelihood bernoulli needs"},
                 {"continuous-bernoulli", "no", "the likelihood continuous-bernoulli needs"},
                 {"gaussian", "yes", "the option binarise needs"},
                 {"gaussian", "no", NULL}};
    const float x[] = {0, 0.5f, 1, 255, 0, 0};
    elbo_images images = images_of(x, 1, ELBO_SHAPE(6));
    for (int i = 0; i < 4; i++) {
        elbo_run *run = run_of(&elbo_model_vae,
                               OPTIONS("likelihood", cases[i].likelihood, "binarise", cases[i].binarise), ELBO_SHAPE(6),
                               0);
        const elbo_status status = elbo_run_accepts(run, &images);
        if (!cases[i].wanting)
            assert_ok(status);
        else {
            assert_refused(status, "the value 255 is outside [0, 1], which ");
            assert_refused(status, cases[i].wanting);
        }
        elbo_run_free(run);
    }
}
END_TEST

Suite *suite_likelihood(void)
{
    Suite *suite = suite_create("likelihood");
    TCase *bound = tcase_create("by hand"), *variances = tcase_create("variances"), *ranges = tcase_create("ranges");
    tcase_add_loop_test(bound, the_bound_of_a_gaussian_is_what_a_sum_by_hand_gives, 0, 3);
    suite_add_tcase(suite, bound);
    tcase_add_test(variances, a_fixed_variance_gives_its_constant_alone_where_the_mean_is_the_image);
    tcase_add_test(variances, a_shared_variance_begins_with_that_of_the_option);
    tcase_add_test(variances, a_learned_variance_has_a_floor);
    tcase_add_test(variances, a_shared_variance_learns_the_noise_of_the_images);
    suite_add_tcase(suite, variances);
    tcase_add_test(ranges, images_outside_of_what_the_options_mean_are_refused);
    suite_add_tcase(suite, ranges);
    return suite;
}
