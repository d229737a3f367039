/* What a run says of posteriors, priors and classes. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "patterns.h"
#include "runs.h"
#include "suites.h"

enum { N = 40, D = PATTERN_PIXELS, Z = 3, C = PATTERN_CLASSES };

static float x[N * D];
static int labels[N];
static elbo_images images;
static const elbo_shape square = {2, {PATTERN_SIDE, PATTERN_SIDE}};

static void setup(void)
{
    images = pattern_images(N);
    assert_ok(elbo_images_rows(&images, 0, N, x, labels));
}

/* w_to . in + b_to of layer `name`: in (n) */
static double layer_at(elbo_run *run, const char *name, const float *in, int n, int to)
{
    static double weight[D * D], bias[D];
    char text[64];
    snprintf(text, sizeof text, "%s.weight", name);
    run_param(run, text, weight);
    snprintf(text, sizeof text, "%s.bias", name);
    run_param(run, text, bias);
    double sum = bias[to];
    for (int i = 0; i < n; i++)
        sum += weight[to * n + i] * in[i];
    return sum;
}

static void assert_near(float got, double expected)
{
    ck_assert_msg(fabs(got - expected) < 1e-5, "%g, expected %g", got, expected);
}

/* ---- classes ----------------------------------------------------------------------------------------------------- */

static elbo_run *cvae(int64_t epochs)
{
    elbo_run *run = run_of(&elbo_model_cvae, OPTIONS("hidden", "24", "latent-dim", "3"), square, C);
    if (epochs)
        assert_ok(
            elbo_train(run, &images, NULL, &(elbo_training){.epochs = epochs, .batch_size = 8, .lr = 5e-3}, NULL));
    return run;
}

START_TEST(a_trained_cvae_tells_every_pattern)
{
    elbo_run *run = cvae(150);
    static float scores[N * C];
    assert_ok(elbo_run_classify(run, x, N, 20, 1, scores));
    for (int i = 0; i < N; i++)
        for (int c = 0; c < C; c++)
            ck_assert_msg(c == labels[i] || scores[i * C + c] < scores[i * C + labels[i]] - 1,
                          "image %d of class %d: %g for class %d, %g for its own", i, labels[i], scores[i * C + c], c,
                          scores[i * C + labels[i]]);
    elbo_run_free(run);
}
END_TEST

START_TEST(a_column_of_a_classification_is_the_bound_given_its_label)
{
    elbo_run *run = cvae(0);
    static float scores[N * C], column[N];
    assert_ok(elbo_run_classify(run, x, N, 5, 9, scores));
    for (int c = 0; c < C; c++) {
        int all[N];
        for (int i = 0; i < N; i++)
            all[i] = c;
        assert_ok(elbo_run_elbo(run, x, all, N, 5, 9, column));
        for (int i = 0; i < N; i++)
            ck_assert_float_eq(scores[i * C + c], column[i]);
    }
    elbo_run_free(run);
}
END_TEST

/* Means over images: the bound that evaluation reports (one draw), and its expectation from many. */
START_TEST(the_mean_of_the_bounds_is_the_elbo_of_an_evaluation)
{
    elbo_run *run = cvae(20);
    static float one[N], many[N];
    elbo_figures figures;
    double mean_of_one = 0, mean_of_many = 0, weights = 0;
    assert_ok(elbo_run_elbo(run, x, labels, N, 1, 3, one));
    assert_ok(elbo_run_elbo(run, x, labels, N, 4500, 3, many)); /* more than one portion of draws */
    assert_ok(elbo_run_evaluate(run, &images, 0, 3, &figures));
    for (int i = 0; i < N; i++) {
        mean_of_one += one[i] / N;
        mean_of_many += many[i] / N;
    }
    ck_assert_double_eq_tol(mean_of_one, elbo_figures_get(&figures, "elbo"), 1e-3);
    ck_assert_double_eq_tol(mean_of_many, mean_of_one, 1);
    assert_ok(elbo_run_log_prob(run, x, labels, N, 4500, 3, many));
    for (int i = 0; i < N; i++)
        weights += many[i] / N;
    ck_assert_double_gt(weights, mean_of_many); /* L_K is above the ELBO */
    elbo_run_free(run);
}
END_TEST

START_TEST(a_classification_that_cannot_be_is_refused)
{
    elbo_run *vae = run_of(&elbo_model_vae, OPTIONS("hidden", "8"), square, C), *run = cvae(0);
    float out[N * C];
    assert_refused(elbo_run_classify(vae, x, N, 1, 1, out), "model \"vae\" takes no labels");
    assert_refused(elbo_run_classify(run, x, N, 0, 1, out), "0 draws");
    assert_refused(elbo_run_classify(run, x, -1, 1, 1, out), "-1 images");
    assert_ok(elbo_run_classify(run, x, 0, 1, 1, out));
    assert_refused(elbo_run_classify_images(vae, &images, 1, 1, 1, out), "model \"vae\" takes no labels");
    assert_refused(elbo_run_classify_images(run, &images, N + 1, 1, 1, out), "41 images");
    elbo_run_free(vae);
    elbo_run_free(run);
}
END_TEST

/* MANY: more than a block of images. */
enum { MANY = 603 };
static unsigned char many_pixels[MANY * D], many_labels[MANY];

static elbo_images many_images(void)
{
    elbo_images all;
    patterns(MANY, many_pixels, many_labels);
    const elbo_tensor pixels = elbo_tensor_of(ELBO_U8, ELBO_SHAPE(MANY, PATTERN_SIDE, PATTERN_SIDE), many_pixels);
    const elbo_tensor known = elbo_tensor_of(ELBO_U8, ELBO_SHAPE(MANY), many_labels);
    assert_ok(elbo_images_of(&pixels, &known, C, &all));
    return all;
}

/* Binarised images are another draw for each place in the data set, so that a block must know where it stands. */
START_TEST(a_data_set_is_classified_and_encoded_as_its_rows_are)
{
    static float rows[MANY * D], whole[MANY * C], blocks[MANY * C], code[2][MANY * Z], logvar[2][MANY * Z];
    static int known[MANY];
    elbo_images all = many_images();
    elbo_run *run = run_of(&elbo_model_cvae, OPTIONS("hidden", "8", "latent-dim", "3", "binarise", "yes"), square, C);
    assert_ok(elbo_images_rows(&all, 0, MANY, rows, known));
    assert_ok(elbo_run_classify(run, rows, MANY, 3, 7, whole));
    assert_ok(elbo_run_classify_images(run, &all, MANY, 3, 7, blocks));
    for (int i = 0; i < MANY * C; i++)
        ck_assert_msg(whole[i] == blocks[i], "score %d: %.9g and %.9g", i, whole[i], blocks[i]);
    blocks[3 * C] = 0;
    assert_ok(elbo_run_classify_images(run, &all, 3, 3, 7, blocks));
    ck_assert(blocks[2 * C] == whole[2 * C] && blocks[3 * C] == 0);
    assert_ok(elbo_run_posterior(run, rows, known, MANY, code[0], logvar[0]));
    assert_ok(elbo_run_encode_images(run, &all, code[1], logvar[1]));
    ck_assert_mem_eq(code[0], code[1], sizeof code[0]);
    ck_assert_mem_eq(logvar[0], logvar[1], sizeof logvar[0]);
    memset(code[1], 0, sizeof code[1]);
    assert_ok(elbo_run_encode_images(run, &all, code[1], NULL));
    ck_assert_mem_eq(code[0], code[1], sizeof code[0]);
    elbo_images_free(&all);
    elbo_run_free(run);
}
END_TEST

/* ---- the prior --------------------------------------------------------------------------------------------------- */

START_TEST(a_standard_prior_has_mean_0_and_deviation_1)
{
    static const elbo_model *const models[] = {&elbo_model_vae, &elbo_model_cvae, &elbo_model_ppca};
    for (int m = 0; m < 3; m++) {
        elbo_run *run = run_of(models[m], OPTIONS("latent-dim", "3"), square, C);
        float mean[N * Z], deviation[N * Z];
        assert_ok(elbo_run_prior(run, m == 1 ? labels : NULL, N, mean, deviation));
        for (int i = 0; i < N * Z; i++) {
            ck_assert_float_eq(mean[i], 0);
            ck_assert_float_eq(deviation[i], 1);
        }
        elbo_run_free(run);
    }
}
END_TEST

START_TEST(a_learned_prior_is_what_its_layers_make_of_the_label)
{
    elbo_run *run = run_of(&elbo_model_cvae, OPTIONS("latent-dim", "3", "prior", "learned"), square, C);
    float mean[N * Z], deviation[N * Z];
    assert_ok(elbo_run_prior(run, labels, N, mean, deviation));
    for (int i = 0; i < N * Z; i++) {
        float one_hot[C] = {0};
        one_hot[labels[i / Z]] = 1;
        assert_near(mean[i], layer_at(run, "prior.mean", one_hot, C, i % Z));
        assert_near(deviation[i], exp(layer_at(run, "prior.logvar", one_hot, C, i % Z) / 2));
    }
    ck_assert_mem_ne(mean, mean + Z, Z * sizeof *mean);
    assert_refused(elbo_run_prior(run, NULL, N, mean, deviation), "needs labels");
    elbo_run_free(run);
}
END_TEST

START_TEST(a_model_without_a_prior_has_none_to_tell)
{
    static const elbo_model *const models[] = {&elbo_model_ae, &elbo_model_pca};
    for (int m = 0; m < 2; m++) {
        elbo_run *run = run_of(models[m], OPTIONS("latent-dim", "3"), square, 0);
        float mean[Z], deviation[Z];
        assert_refused(elbo_run_prior(run, NULL, 1, mean, deviation), "has no prior to draw from");
        elbo_run_free(run);
    }
}
END_TEST

/* ---- the posterior ----------------------------------------------------------------------------------------------- */

START_TEST(a_posterior_is_what_the_layers_of_the_encoder_make_of_the_image)
{
    static const char *const spreads[] = {"logvar", "logstd"};
    for (int s = 0; s < 2; s++) {
        elbo_run *run = run_of(&elbo_model_vae, OPTIONS("hidden", "none", "latent-dim", "3", "spread", spreads[s]),
                               square, 0);
        float mean[N * Z], logvar[N * Z], code[N * Z];
        assert_ok(elbo_run_posterior(run, x, NULL, N, mean, logvar));
        assert_ok(elbo_run_encode(run, x, NULL, N, code));
        for (int i = 0; i < N * Z; i++) {
            const float *image = x + i / Z * D;
            assert_near(mean[i], layer_at(run, "encoder.mean", image, D, i % Z));
            assert_near(logvar[i], s ? 2 * layer_at(run, "encoder.logstd", image, D, i % Z)
                                     : layer_at(run, "encoder.logvar", image, D, i % Z));
            ck_assert_float_eq(mean[i], code[i]);
        }
        elbo_run_free(run);
    }
}
END_TEST

START_TEST(the_posterior_of_an_exact_linear_model_has_the_same_variances_for_all_images)
{
    elbo_run *run = run_of(&elbo_model_ppca, OPTIONS("latent-dim", "3"), square, 0);
    double variances[Z], noise;
    float mean[N * Z], logvar[N * Z];
    assert_ok(elbo_train(run, &images, NULL, NULL, NULL));
    run_param(run, "variances", variances);
    run_param(run, "noise", &noise);
    assert_ok(elbo_run_posterior(run, x, NULL, N, mean, logvar));
    for (int i = 0; i < N * Z; i++)
        assert_near(logvar[i], log(noise / variances[i % Z]));
    elbo_run_free(run);
}
END_TEST

START_TEST(a_model_whose_code_is_a_point_has_no_posterior)
{
    static const elbo_model *const models[] = {&elbo_model_ae, &elbo_model_pca};
    for (int m = 0; m < 2; m++) {
        elbo_run *run = run_of(models[m], OPTIONS("latent-dim", "3"), square, 0);
        float mean[N * Z], logvar[N * Z];
        assert_refused(elbo_run_posterior(run, x, NULL, N, mean, logvar), "q(z|x) is no normal distribution");
        assert_refused(elbo_run_encode_images(run, &images, mean, logvar), "q(z|x) is no normal distribution");
        elbo_run_free(run);
    }
}
END_TEST

Suite *suite_questions(void)
{
    Suite *suite = suite_create("questions");
    TCase *classes = tcase_create("classes"), *prior = tcase_create("prior"), *posterior = tcase_create("posterior");
    tcase_add_checked_fixture(classes, setup, NULL);
    tcase_add_test(classes, a_trained_cvae_tells_every_pattern);
    tcase_add_test(classes, the_mean_of_the_bounds_is_the_elbo_of_an_evaluation);
    tcase_add_test(classes, a_column_of_a_classification_is_the_bound_given_its_label);
    tcase_add_test(classes, a_classification_that_cannot_be_is_refused);
    tcase_add_test(classes, a_data_set_is_classified_and_encoded_as_its_rows_are);
    suite_add_tcase(suite, classes);
    tcase_add_checked_fixture(prior, setup, NULL);
    tcase_add_test(prior, a_standard_prior_has_mean_0_and_deviation_1);
    tcase_add_test(prior, a_learned_prior_is_what_its_layers_make_of_the_label);
    tcase_add_test(prior, a_model_without_a_prior_has_none_to_tell);
    suite_add_tcase(suite, prior);
    tcase_add_checked_fixture(posterior, setup, NULL);
    tcase_add_test(posterior, a_posterior_is_what_the_layers_of_the_encoder_make_of_the_image);
    tcase_add_test(posterior, the_posterior_of_an_exact_linear_model_has_the_same_variances_for_all_images);
    tcase_add_test(posterior, a_model_whose_code_is_a_point_has_no_posterior);
    suite_add_tcase(suite, posterior);
    return suite;
}
