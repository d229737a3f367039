/* The Frechet distance of sets of images, and the classifier that has features for it. */
#include <check.h>
#include <math.h>
#include <string.h>

#include "../nn/evaluation/features_private.h"
#include "linear_vae.h"
#include "numbers.h"
#include "patterns.h"
#include "rig.h"
#include "suites.h"

/* ---- two normals ------------------------------------------------------------------------------------------------- */

START_TEST(normals_with_common_axes_are_apart_by_means_and_deviations)
{
    const double m[3] = {1, 2, 3}, n[3] = {1, 0, 3.5}, a[9] = {4, 0, 0, 0, 1, 0, 0, 0, 9},
                 b[9] = {1, 0, 0, 0, 1, 0, 0, 0, 0.25};
    double d;
    assert_ok(elbo__frechet(3, m, a, n, b, &d));
    assert_close(d, 4 + 0.25 + (2 - 1) * (2 - 1) + 0 + (3 - 0.5) * (3 - 0.5), 1e-12);
    assert_ok(elbo__frechet(3, m, a, m, a, &d));
    ck_assert_double_eq_tol(d, 0, 1e-12);
}
END_TEST

/* The root of a matrix of two rows has the trace sqrt(tr + 2 sqrt(det)), and S S' has the eigenvalues of a square. */
START_TEST(normals_with_axes_of_their_own_are_apart_as_the_closed_form_says)
{
    const double m[2] = {0, 0}, n[2] = {0.5, -0.5}, a[4] = {2, 0.7, 0.7, 1}, b[4] = {1.5, -0.4, -0.4, 3};
    const double trace = a[0] * b[0] + 2 * a[1] * b[1] + a[3] * b[3];
    const double det = (a[0] * a[3] - a[1] * a[1]) * (b[0] * b[3] - b[1] * b[1]);
    double d, back;
    assert_ok(elbo__frechet(2, m, a, n, b, &d));
    assert_close(d, 0.5 + 3 + 4.5 - 2 * sqrt(trace + 2 * sqrt(det)), 1e-12);
    assert_ok(elbo__frechet(2, n, b, m, a, &back));
    assert_close(d, back, 1e-12);
}
END_TEST

START_TEST(a_normal_without_width_is_a_point)
{
    const double m[2] = {3, 4}, zero[2] = {0, 0}, none[4] = {0}, one[4] = {1, 0, 0, 1};
    double d;
    assert_ok(elbo__frechet(2, m, none, zero, one, &d));
    assert_close(d, 25 + 2, 1e-12);
}
END_TEST

/* ---- sets of images ---------------------------------------------------------------------------------------------- */

enum { D = 2, N = 1203 }; /* more than two blocks */

static float x[N * D], y[N * D];

/* Features that are the pixels themselves. */
static elbo_run *seeing(void)
{
    static const double same[D * D] = {1, 0, 0, 1};
    return linear_vae_run(&(linear_vae){.pixels = D, .latent = D, .code = same});
}

static void fill(void)
{
    numbers random = {6};
    for (int i = 0; i < N; i++) {
        x[i * D] = (float)numbers_between(&random, 0, 1);
        x[i * D + 1] = (float)(0.5 * x[i * D] + numbers_between(&random, 100, 101));
        y[i * D] = 2 * x[i * D] + 3;
        y[i * D + 1] = x[i * D + 1];
    }
}

static elbo_features *features_of(elbo_run *run, const float *images, int64_t n)
{
    elbo_features *f = elbo_features_new(run);
    ck_assert_ptr_nonnull(f);
    assert_ok(elbo_features_add(f, images, n));
    return f;
}

static double distance_of(const elbo_features *a, const elbo_features *b)
{
    double d;
    assert_ok(elbo_features_distance(a, b, &d));
    return d;
}

START_TEST(equal_sets_are_not_apart)
{
    fill();
    elbo_run *run = seeing();
    elbo_features *a = features_of(run, x, N), *b = features_of(run, x, 700);
    assert_ok(elbo_features_add(b, x + 700 * D, N - 700)); /* in two pieces */
    ck_assert_int_eq(elbo_features_count(b), N);
    ck_assert_double_eq_tol(distance_of(a, b), 0, 1e-6);
    const elbo_images images = images_of(x, N, ELBO_SHAPE(D));
    elbo_features *c = elbo_features_new(run);
    assert_ok(elbo_features_add_images(c, &images, 0));
    ck_assert_double_eq_tol(distance_of(a, c), 0, 1e-9);
    elbo_features_free(a);
    elbo_features_free(b);
    elbo_features_free(c);
    elbo_run_free(run);
}
END_TEST

/* mean (D), covariance (D, D) in two passes */
static void find_moments(const float *rows, double *mean, double *covariance)
{
    memset(mean, 0, D * sizeof *mean);
    memset(covariance, 0, D * D * sizeof *covariance);
    for (int i = 0; i < N * D; i++)
        mean[i % D] += rows[i] / N;
    for (int i = 0; i < N; i++)
        for (int k = 0; k < D * D; k++)
            covariance[k] += (rows[i * D + k / D] - mean[k / D]) * (rows[i * D + k % D] - mean[k % D]) / (N - 1);
}

START_TEST(other_sets_are_apart_as_their_moments_are)
{
    fill();
    elbo_run *run = seeing();
    elbo_features *a = features_of(run, x, N), *b = features_of(run, y, N);
    double m[D], n[D], s[D * D], t[D * D], d;
    find_moments(x, m, s);
    find_moments(y, n, t);
    assert_ok(elbo__frechet(D, m, s, n, t, &d));
    ck_assert_double_gt(d, 9);
    assert_close(distance_of(a, b), d, 1e-6);
    assert_close(distance_of(b, a), d, 1e-6);
    elbo_features_free(a);
    elbo_features_free(b);
    elbo_run_free(run);
}
END_TEST

START_TEST(what_does_not_compare_is_refused)
{
    double d;
    fill();
    elbo_run *run = seeing(),
             *other = run_of(&elbo_model_ae, OPTIONS("hidden", "none", "latent-dim", "3"), ELBO_SHAPE(D), 0);
    elbo_features *a = features_of(run, x, 9), *one = features_of(run, x, 1), *wider = features_of(other, x, 9);
    assert_refused(elbo_features_distance(a, one, &d), "2 features of 9 images and 2 of 1");
    assert_refused(elbo_features_distance(a, wider, &d), "2 features of 9 images and 3 of 9");
    const elbo_images images = images_of(x, 2, ELBO_SHAPE(D + 1));
    assert_refused(elbo_features_add_images(a, &images, 0),
                   "images of shape (3), but the run of the features is for (2)");
    x[1] = INFINITY;
    assert_refused(elbo_features_add(a, x, 2), "is not finite");
    elbo_features_free(a);
    elbo_features_free(one);
    elbo_features_free(wider);
    elbo_features_free(NULL);
    elbo_run_free(run);
    elbo_run_free(other);
}
END_TEST

/* ---- the classifier ---------------------------------------------------------------------------------------------- */

enum { SEEN = 40 };

static elbo_run *trained(const char *likelihood)
{
    const elbo_images images = pattern_images(SEEN);
    elbo_run *run = run_of(&elbo_model_classifier, OPTIONS("hidden", "16", "latent-dim", "5", "likelihood", likelihood),
                           ELBO_SHAPE(PATTERN_SIDE, PATTERN_SIDE), PATTERN_CLASSES);
    assert_ok(elbo_train(run, &images, NULL, &(elbo_training){.epochs = 150, .batch_size = 8, .lr = 1e-2}, NULL));
    return run;
}

START_TEST(a_classifier_learns_the_labels_and_does_not_look_at_them)
{
    static float pixels[SEEN * PATTERN_PIXELS], z[SEEN * 5], z2[SEEN * 5];
    int labels[SEEN], none[SEEN] = {0};
    const elbo_images images = pattern_images(SEEN);
    elbo_run *run = trained("bernoulli");
    ck_assert_double_eq(evaluated(run, &images, 1, "accuracy"), 1);
    ck_assert_double_lt(evaluated(run, &images, 1, "cross_entropy"), 0.05);
    assert_ok(elbo_run_rows(run, &images, 0, SEEN, pixels, labels));
    assert_ok(elbo_run_encode(run, pixels, labels, SEEN, z));
    assert_ok(elbo_run_encode(run, pixels, none, SEEN, z2));
    ck_assert_mem_eq(z, z2, sizeof z);
    elbo_run_free(run);
}
END_TEST

/* The decoder learns beside: with another likelihood it learns otherwise, and the encoder does not notice. */
START_TEST(the_decoder_of_a_classifier_moves_nothing_else)
{
    static double a[16 * PATTERN_PIXELS], b[16 * PATTERN_PIXELS];
    elbo_run *one = trained("bernoulli"), *other = trained("squared-error");
    run_param(one, "encoder.hidden.weight", a);
    run_param(other, "encoder.hidden.weight", b);
    ck_assert_mem_eq(a, b, sizeof a);
    run_param(one, "decoder.hidden.weight", a);
    run_param(other, "decoder.hidden.weight", b);
    ck_assert_int_ne(memcmp(a, b, 16 * 5 * sizeof *a), 0);
    elbo_run_free(one);
    elbo_run_free(other);
}
END_TEST

START_TEST(in_its_features_noise_is_further_from_patterns_than_patterns_are)
{
    static float patterns_of[SEEN * PATTERN_PIXELS], noise[SEEN * PATTERN_PIXELS];
    const elbo_images images = pattern_images(SEEN);
    elbo_run *run = trained("bernoulli");
    assert_ok(elbo_images_rows(&images, 0, SEEN, patterns_of, NULL));
    grey_levels(noise, SEEN * PATTERN_PIXELS);
    elbo_features *all = features_of(run, patterns_of, SEEN), *half = features_of(run, patterns_of, SEEN / 2),
                  *others = features_of(run, noise, SEEN);
    ck_assert_double_gt(distance_of(all, others), 20 * distance_of(all, half));
    elbo_features_free(all);
    elbo_features_free(half);
    elbo_features_free(others);
    elbo_run_free(run);
}
END_TEST

Suite *suite_features(void)
{
    Suite *suite = suite_create("features");
    TCase *normals = tcase_create("normals"), *sets = tcase_create("sets"), *classifier = tcase_create("classifier");
    tcase_add_test(normals, normals_with_common_axes_are_apart_by_means_and_deviations);
    tcase_add_test(normals, normals_with_axes_of_their_own_are_apart_as_the_closed_form_says);
    tcase_add_test(normals, a_normal_without_width_is_a_point);
    suite_add_tcase(suite, normals);
    tcase_add_test(sets, equal_sets_are_not_apart);
    tcase_add_test(sets, other_sets_are_apart_as_their_moments_are);
    tcase_add_test(sets, what_does_not_compare_is_refused);
    suite_add_tcase(suite, sets);
    tcase_add_test(classifier, a_classifier_learns_the_labels_and_does_not_look_at_them);
    tcase_add_test(classifier, the_decoder_of_a_classifier_moves_nothing_else);
    tcase_add_test(classifier, in_its_features_noise_is_further_from_patterns_than_patterns_are);
    suite_add_tcase(suite, classifier);
    return suite;
}
