/* The autoencoder: linear, tied and sparse ones. Denoising ones are in test_corruption.c. */
#include <check.h>
#include <math.h>

#include "../nn/pca/pca.h"
#include "numbers.h"
#include "runs.h"
#include "small_model.h"
#include "suites.h"

/* ---- parameters -------------------------------------------------------------------------------------------------- */

static void assert_parameters(const char *tied, const char *const *expected, int n)
{
    elbo_run *run = run_of(&elbo_model_ae, OPTIONS("hidden", "5,4", "latent-dim", "2", "tied", tied), ELBO_SHAPE(6), 0);
    elbo_params *params = elbo_run_params(run);
    ck_assert_int_eq(elbo_params_count(params), n);
    for (int i = 0; i < n; i++)
        ck_assert_str_eq(elbo_params_name(params, i), expected[i]);
    elbo_run_free(run);
}

START_TEST(tied_weights_are_one_tensor)
{
    static const char *const untied[] = {"encoder.hidden.weight", "encoder.hidden.bias",   "encoder.hidden2.weight",
                                         "encoder.hidden2.bias",  "encoder.code.weight",   "encoder.code.bias",
                                         "decoder.hidden.weight", "decoder.hidden.bias",   "decoder.hidden2.weight",
                                         "decoder.hidden2.bias",  "decoder.logits.weight", "decoder.logits.bias"};
    static const char *const tied[] = {"encoder.hidden.weight", "encoder.hidden.bias",  "encoder.hidden2.weight",
                                       "encoder.hidden2.bias",  "encoder.code.weight",  "encoder.code.bias",
                                       "decoder.hidden.bias",   "decoder.hidden2.bias", "decoder.logits.bias"};
    assert_parameters("no", untied, 12);
    assert_parameters("yes", tied, 9);
}
END_TEST

/* f(a) + f(b) = f(a + b) + f(0), where f maps n numbers to m. */
typedef elbo_status map(elbo_run *run, const float *from, const int *labels, int64_t n, float *to);

static double off_linear(elbo_run *run, map *f, int n, int m)
{
    float in[4 * 16], out[4 * 16];
    double most = 0;
    grey_levels(in, 2 * n);
    for (int i = 0; i < n; i++) {
        in[2 * n + i] = in[i] + in[n + i];
        in[3 * n + i] = 0;
    }
    assert_ok(f(run, in, NULL, 4, out));
    for (int i = 0; i < m; i++)
        most = fmax(most, fabs((double)out[i] + out[m + i] - out[2 * m + i] - out[3 * m + i]));
    return most;
}

START_TEST(without_hidden_layers_it_is_linear)
{
    static const char *const hidden[] = {"none", "16"}; /* with the second it is not */
    for (int i = 0; i < 2; i++) {
        elbo_run *run = run_of(&elbo_model_ae,
                               OPTIONS("hidden", hidden[i], "latent-dim", "3", "likelihood", "squared-error"),
                               ELBO_SHAPE(16), 0);
        const double encoding = off_linear(run, elbo_run_encode, 16, 3),
                     decoding = off_linear(run, elbo_run_decode, 3, 16);
        ck_assert_int_eq(encoding < 1e-5, i == 0);
        ck_assert_int_eq(decoding < 1e-5, i == 0);
        elbo_run_free(run);
    }
}
END_TEST

/* ---- beside PCA -------------------------------------------------------------------------------------------------- */

enum { IMAGES = 400, WIDE = 8, NARROW = 2 };
static float x[IMAGES * WIDE];

/* Rows whose variances along two directions stand out from those of the others. */
static void set_up(void)
{
    numbers random = {3};
    for (int i = 0; i < IMAGES; i++) {
        const double a = numbers_between(&random, -0.6, 0.6), b = numbers_between(&random, -0.4, 0.4);
        for (int d = 0; d < WIDE; d++)
            x[i * WIDE + d] = (float)(0.5 + a * cos(d) + b * sin(2 * d) +
                                      numbers_between(&random, -0.2, 0.2) * (d + 1) / WIDE);
    }
}

/* The length of what is left of the direction u (WIDE) outside of the columns of w (WIDE, NARROW). */
static double outside(const double *u, const double *w)
{
    double axes[NARROW][WIDE], rest[WIDE], square = 0;
    for (int k = 0; k < NARROW; k++) {
        double length = 0;
        for (int d = 0; d < WIDE; d++)
            axes[k][d] = w[d * NARROW + k];
        for (int j = 0; j < k; j++) {
            double dot = 0;
            for (int d = 0; d < WIDE; d++)
                dot += axes[j][d] * axes[k][d];
            for (int d = 0; d < WIDE; d++)
                axes[k][d] -= dot * axes[j][d];
        }
        for (int d = 0; d < WIDE; d++)
            length += axes[k][d] * axes[k][d];
        for (int d = 0; d < WIDE; d++)
            axes[k][d] /= sqrt(length);
    }
    for (int d = 0; d < WIDE; d++)
        rest[d] = u[d];
    for (int k = 0; k < NARROW; k++) {
        double dot = 0;
        for (int d = 0; d < WIDE; d++)
            dot += axes[k][d] * u[d];
        for (int d = 0; d < WIDE; d++)
            rest[d] -= dot * axes[k][d];
    }
    for (int d = 0; d < WIDE; d++)
        square += rest[d] * rest[d];
    return sqrt(square);
}

START_TEST(a_linear_one_finds_the_error_and_the_plane_of_pca)
{
    const elbo_rows rows = elbo_rows_of(x, IMAGES, WIDE);
    const char *const pairs[] = {"hidden",        "none", "latent-dim",      "2", "likelihood",
                                 "squared-error", "tied", _i ? "yes" : "no", NULL};
    elbo_images images = images_of(x, IMAGES, ELBO_SHAPE(WIDE));
    elbo_run *run = run_of(&elbo_model_ae, pairs, ELBO_SHAPE(WIDE), 0);
    elbo_pca pca;
    double w[WIDE * NARROW], transposed[NARROW * WIDE];
    assert_ok(elbo_pca_fit(&rows, NARROW, &pca));
    for (double lr = 1e-2; lr > 1e-4; lr /= 10)
        assert_ok(elbo_train(run, &images, NULL, &(elbo_training){.epochs = 600, .batch_size = 100, .lr = lr}, NULL));
    const double least = pca.total * (1 - elbo_pca_explained(&pca, NARROW)),
                 error = evaluated(run, &images, 1, "recon");
    ck_assert_double_gt(least, 0.01);
    ck_assert_double_ge(error, least * (1 - 1e-5));
    ck_assert_double_le(error, least * 1.01);
    run_param(run, _i ? "encoder.code.weight" : "decoder.mean.weight", _i ? transposed : w);
    for (int i = 0; _i && i < WIDE * NARROW; i++)
        w[i] = transposed[i % NARROW * WIDE + i / NARROW];
    for (int k = 0; k < NARROW; k++)
        ck_assert_double_le(outside(pca.axes + k * WIDE, w), 0.05); /* the sine of the angle */
    elbo_pca_free(&pca);
    elbo_run_free(run);
}
END_TEST

/* ---- sparse ------------------------------------------------------------------------------------------------------ */

START_TEST(sparsity_without_sigmoid_units_is_an_error_that_says_where_to_get_them)
{
    assert_no_run(&elbo_model_ae, OPTIONS("sparsity", "1"), ELBO_SHAPE(6), "take code-activation sigmoid");
    elbo_run_free(run_of(&elbo_model_ae, OPTIONS("sparsity", "1", "activation", "sigmoid"), ELBO_SHAPE(6), 0));
    elbo_run_free(run_of(&elbo_model_ae, OPTIONS("sparsity", "1", "code-activation", "sigmoid"), ELBO_SHAPE(6), 0));
}
END_TEST

static double logit(double p)
{
    return log(p / (1 - p));
}

/* loss - recon where every unit of the hidden layer has the mean activation `rate`. */
static double penalty_at(double rate, double *activity)
{
    elbo_values *options = options_of(&elbo_model_ae, OPTIONS("hidden", "5", "latent-dim", "2", "activation", "sigmoid",
                                                              "sparsity", "3", "rho", "0.2"));
    rig r = trained_rig(&elbo_model_ae, options, ELBO_F64);
    const double zeros[5 * D] = {0};
    double bias[5];
    for (int i = 0; i < 5; i++)
        bias[i] = logit(rate);
    rig_set_param(&r, "encoder.hidden.weight", zeros);
    rig_set_param(&r, "encoder.hidden.bias", bias);
    elbo_in in = inputs(&r, &elbo_model_ae, options, 1);
    elbo_model_evaluate(&in);
    const double penalty = measured(&r, &in, "loss") - measured(&r, &in, "recon");
    *activity = measured(&r, &in, "activity");
    rig_free(&r);
    elbo_values_free(options);
    return penalty;
}

START_TEST(the_penalty_is_0_where_mean_activations_are_rho_and_their_divergence_elsewhere)
{
    static const double rates[] = {0.2, 0.05, 0.7};
    for (int i = 0; i < 3; i++) {
        double activity;
        const double r = rates[i], divergence = 0.2 * log(0.2 / r) + 0.8 * log(0.8 / (1 - r));
        assert_close(penalty_at(r, &activity), 3 * 5 * divergence, 1e-12);
        assert_close(activity, r, 1e-13);
    }
}
END_TEST

START_TEST(a_sparse_one_comes_to_be_sparse)
{
    elbo_images images = images_of(x, IMAGES, ELBO_SHAPE(WIDE));
    elbo_run *run = run_of(&elbo_model_ae,
                           OPTIONS("hidden", "none", "latent-dim", "6", "code-activation", "sigmoid", "likelihood",
                                   "squared-error", "sparsity", "10", "rho", "0.1"),
                           ELBO_SHAPE(WIDE), 0);
    ck_assert_double_gt(evaluated(run, &images, 1, "activity"), 0.3);
    assert_ok(elbo_train(run, &images, NULL, &(elbo_training){.epochs = 100, .batch_size = 100, .lr = 1e-2}, NULL));
    ck_assert_double_eq_tol(evaluated(run, &images, 1, "activity"), 0.1, 0.02);
    elbo_run_free(run);
}
END_TEST

Suite *suite_ae(void)
{
    Suite *suite = suite_create("ae");
    TCase *parameters = tcase_create("parameters"), *pca = tcase_create("beside PCA"), *sparse = tcase_create("sparse");
    tcase_add_test(parameters, tied_weights_are_one_tensor);
    tcase_add_test(parameters, without_hidden_layers_it_is_linear);
    suite_add_tcase(suite, parameters);
    tcase_add_checked_fixture(pca, set_up, NULL);
    tcase_add_loop_test(pca, a_linear_one_finds_the_error_and_the_plane_of_pca, 0, 2);
    suite_add_tcase(suite, pca);
    tcase_add_checked_fixture(sparse, set_up, NULL);
    tcase_add_test(sparse, sparsity_without_sigmoid_units_is_an_error_that_says_where_to_get_them);
    tcase_add_test(sparse, the_penalty_is_0_where_mean_activations_are_rho_and_their_divergence_elsewhere);
    tcase_add_test(sparse, a_sparse_one_comes_to_be_sparse);
    suite_add_tcase(suite, sparse);
    return suite;
}
