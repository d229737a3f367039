/* Scores of odd images, and the area under their curve. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "../io/npy.h"
#include "../io/png.h"
#include "../nn/evaluation/anomaly.h"
#include "linear_vae.h"
#include "numbers.h"
#include "patterns.h"
#include "rig.h"
#include "scratch.h"
#include "suites.h"

/* ---- the area under the curve ------------------------------------------------------------------------------------ */

static elbo_auroc area_of(const double *scores, const bool *odd, int n)
{
    elbo_auroc a;
    assert_ok(elbo_auroc_of(scores, odd, n, &a));
    return a;
}

/* Pairs of an odd one with another: 3 wins all three; 1 loses against 2, is tied with 1, and wins against 0. */
START_TEST(the_area_counts_pairs_and_ties_by_half)
{
    const double scores[5] = {2, 3, 1, 0, 1};
    const bool odd[5] = {false, true, false, false, true};
    const elbo_auroc a = area_of(scores, odd, 5);
    assert_close(a.area, 4.5 / 6, 1e-12);
    assert_close(a.error, sqrt(0.125 / 2 + 0.0625 / 3), 1e-12); /* variances of {1, 1/2} and of {1/2, 3/4, 1} */
    ck_assert(a.odd == 2 && a.others == 3);
}
END_TEST

START_TEST(a_score_that_says_nothing_has_a_half_and_one_that_says_all_has_one)
{
    const bool odd[6] = {true, false, true, false, false, true};
    const double same[6] = {7, 7, 7, 7, 7, 7}, told[6] = {5, 1, 9, 2, -INFINITY, 6};
    assert_close(area_of(same, odd, 6).area, 0.5, 1e-12);
    assert_close(area_of(same, odd, 6).error, 0, 1e-12);
    assert_close(area_of(told, odd, 6).area, 1, 1e-12);
    const double turned[6] = {-5, -1, -9, -2, 3, -6};
    assert_close(area_of(turned, odd, 6).area, 0, 1e-12);
    const bool none[6] = {false}, all[6] = {true, true, true, true, true, true};
    ck_assert(isnan(area_of(told, none, 6).area) && isnan(area_of(told, all, 6).area));
    const double unknown[6] = {5, 1, NAN, 2, 3, 6};
    ck_assert(isnan(area_of(unknown, odd, 6).area) && isnan(area_of(unknown, odd, 6).error));
    const bool one[3] = {false, false, true};
    ck_assert(area_of(told, one, 3).area == 1 && isnan(area_of(told, one, 3).error));
}
END_TEST

/* Of scores from N(1, 1) and N(0, 1) the area is the chance that a difference of N(1, 2) is positive; over repetitions
 * it deviates by what DeLong says. */
START_TEST(the_error_of_an_area_is_its_deviation_over_repetitions)
{
    enum { EACH = 60, TIMES = 300 };
    double areas[TIMES], errors[TIMES];
    numbers random = {3};
    bool odd[2 * EACH];
    for (int t = 0; t < TIMES; t++) {
        double scores[2 * EACH];
        for (int i = 0; i < 2 * EACH; i++) {
            odd[i] = i < EACH;
            scores[i] = odd[i];
            for (int k = 0; k < 12; k++)
                scores[i] += numbers_between(&random, -0.5, 0.5);
        }
        const elbo_auroc a = area_of(scores, odd, 2 * EACH);
        areas[t] = a.area;
        errors[t] = a.error;
    }
    const elbo_summary s = elbo_summary_of(areas, TIMES);
    const double deviation = s.error * sqrt(TIMES);
    ck_assert_double_eq_tol(s.mean, 0.5 * (1 + erf(0.5)), 5 * s.error);
    ck_assert_double_eq_tol(elbo_summary_of(errors, TIMES).mean, deviation, 0.15 * deviation);
}
END_TEST

/* ---- scores ------------------------------------------------------------------------------------------------------ */

enum { SIDE = 4, D = SIDE * SIDE, N = 12 };

static float x[N * D], usual[N * D];

/* A model that ignores z: log p(x) is that of independent normals, whatever is drawn. */
static elbo_run *known_run(void)
{
    return linear_vae_run(&(linear_vae){.pixels = D, .latent = 1, .variance = "0.25"});
}

static double known_log_prob(const float *image)
{
    double sum = 0;
    for (int i = 0; i < D; i++)
        sum -= (image[i] * image[i] / 0.25 + log(2 * M_PI * 0.25)) / 2;
    return sum;
}

START_TEST(scores_are_what_they_are_said_to_be)
{
    elbo_oddness o;
    grey_levels(x, N * D);
    for (int i = 0; i < N * D; i++)
        usual[i] = 0.5f * x[N * D - 1 - i];
    const elbo_images images = images_of(x, N, ELBO_SHAPE(D)), others = images_of(usual, N, ELBO_SHAPE(D));
    elbo_run *run = known_run();
    assert_ok(elbo_run_oddness(run, &images, &(elbo_odd_search){.samples = 7, .usual = &others, .seed = 1}, &o));
    double mean = 0;
    for (int i = 0; i < N; i++)
        mean += known_log_prob(usual + i * D) / N;
    assert_close(o.usual, mean, 1e-5);
    ck_assert_int_eq(o.images, N);
    for (int i = 0; i < N; i++) {
        const double nats = known_log_prob(x + i * D);
        double squares = 0;
        for (int k = 0; k < D; k++)
            squares += x[i * D + k] * x[i * D + k];
        assert_close(o.at[ELBO_ODD_NLL][i], -nats, 1e-5);
        assert_close(o.at[ELBO_ODD_TYPICALITY][i], fabs(nats - mean), 1e-4);
        assert_close(o.at[ELBO_ODD_ERROR][i], squares, 1e-5);
        assert_close(o.at[ELBO_ODD_KL][i], 0, 1e-6);
    }
    ck_assert_ptr_null(o.at[ELBO_ODD_COMPLEXITY]); /* rows of numbers are no pictures */
    elbo_oddness_free(&o);
    assert_ok(elbo_run_oddness(run, &images, &(elbo_odd_search){.count = 3, .seed = 1}, &o));
    ck_assert_int_eq(o.images, 3);
    ck_assert(isnan(o.usual) && !o.at[ELBO_ODD_TYPICALITY] && o.at[ELBO_ODD_NLL]);
    elbo_oddness_free(&o);
    elbo_run_free(run);
}
END_TEST

static int64_t size_of_file(const elbo_tensor *pixels)
{
    struct stat info;
    assert_ok(elbo_png_write(scratch_path("one.png"), pixels));
    ck_assert_int_eq(stat(scratch_path("one.png"), &info), 0);
    return info.st_size;
}

/* Grey, and of three channels, which a file has last. */
START_TEST(what_compresses_well_is_odder_than_its_density_says)
{
    static float colours[N * 3 * D], last[D * 3];
    elbo_oddness o;
    grey_levels(x, N * D);
    grey_levels(colours, N * 3 * D);
    memset(x, 0, D * sizeof *x);
    const elbo_images grey = images_of(x, N, ELBO_SHAPE(SIDE, SIDE)),
                      coloured = images_of(colours, N, ELBO_SHAPE(3, SIDE, SIDE));
    elbo_run *run = run_of(&elbo_model_vae, OPTIONS("hidden", "5", "latent-dim", "2"), ELBO_SHAPE(SIDE, SIDE), 0);
    assert_ok(elbo_run_oddness(run, &grey, &(elbo_odd_search){.seed = 1}, &o));
    for (int i = 0; i < N; i++) {
        const elbo_tensor one = elbo_tensor_of(ELBO_F32, ELBO_SHAPE(SIDE, SIDE), x + i * D);
        const double bits = 8 * (double)size_of_file(&one);
        assert_close(o.at[ELBO_ODD_COMPLEXITY][i], o.at[ELBO_ODD_NLL][i] / log(2) - bits, 1e-9);
    }
    elbo_oddness_free(&o);
    elbo_run_free(run);
    run = run_of(&elbo_model_vae, OPTIONS("hidden", "5", "latent-dim", "2"), ELBO_SHAPE(3, SIDE, SIDE), 0);
    assert_ok(elbo_run_oddness(run, &coloured, &(elbo_odd_search){.seed = 1}, &o));
    for (int k = 0; k < D * 3; k++)
        last[k] = colours[2 * 3 * D + k % 3 * D + k / 3];
    const elbo_tensor one = elbo_tensor_of(ELBO_F32, ELBO_SHAPE(SIDE, SIDE, 3), last);
    assert_close(o.at[ELBO_ODD_COMPLEXITY][2], o.at[ELBO_ODD_NLL][2] / log(2) - 8 * (double)size_of_file(&one), 1e-9);
    elbo_oddness_free(&o);
    elbo_run_free(run);
}
END_TEST

START_TEST(an_autoencoder_has_its_error_alone)
{
    elbo_oddness o;
    grey_levels(x, N * D);
    const elbo_images images = images_of(x, N, ELBO_SHAPE(SIDE, SIDE));
    elbo_run *run = run_of(&elbo_model_ae, OPTIONS("hidden", "5", "latent-dim", "2"), ELBO_SHAPE(SIDE, SIDE), 0);
    assert_ok(elbo_run_oddness(run, &images, &(elbo_odd_search){.usual = &images, .seed = 1}, &o));
    for (int i = 0; i < ELBO_ODD_SCORES; i++)
        ck_assert(!o.at[i] == (i != ELBO_ODD_ERROR));
    elbo_oddness_free(&o);
    assert_refused(elbo_run_oddness(run, &images, &(elbo_odd_search){.samples = -1}, &o), "-1 samples");
    ck_assert_ptr_null(o.at[ELBO_ODD_ERROR]);
    elbo_run_free(run);
}
END_TEST

/* ---- a model that was trained ------------------------------------------------------------------------------------ */

/* Patterns without noise, and among them pixels at random, as many black as white. */
START_TEST(a_vae_of_patterns_finds_noise)
{
    enum { SEEN = 40 };
    static unsigned char pixels[2 * SEEN * PATTERN_PIXELS];
    bool odd[2 * SEEN];
    const elbo_images train = pattern_images(SEEN);
    elbo_run *run = run_of(&elbo_model_vae, OPTIONS("hidden", "24", "latent-dim", "3"),
                           ELBO_SHAPE(PATTERN_SIDE, PATTERN_SIDE), 0);
    assert_ok(elbo_train(run, &train, NULL, &(elbo_training){.epochs = 120, .batch_size = 8, .lr = 5e-3}, NULL));
    numbers random = {8};
    memcpy(pixels, train.images.data, SEEN * PATTERN_PIXELS);
    for (int i = 0; i < 2 * SEEN; i++)
        odd[i] = i >= SEEN;
    for (int i = SEEN * PATTERN_PIXELS; i < 2 * SEEN * PATTERN_PIXELS; i++)
        pixels[i] = numbers_below(&random, 2) ? 255 : 0;
    const elbo_tensor both = elbo_tensor_of(ELBO_U8, ELBO_SHAPE(2 * SEEN, PATTERN_SIDE, PATTERN_SIDE), pixels);
    elbo_images images;
    elbo_oddness o;
    assert_ok(elbo_images_of(&both, NULL, 0, &images));
    assert_ok(elbo_run_oddness(run, &images, &(elbo_odd_search){.samples = 20, .usual = &train, .seed = 1}, &o));
    ck_assert_double_eq(area_of(o.at[ELBO_ODD_NLL], odd, 2 * SEEN).area, 1);
    ck_assert_double_eq(area_of(o.at[ELBO_ODD_TYPICALITY], odd, 2 * SEEN).area, 1);
    ck_assert_double_eq(area_of(o.at[ELBO_ODD_ERROR], odd, 2 * SEEN).area, 1);
    elbo_oddness_free(&o);
    elbo_run_free(run);
}
END_TEST

START_TEST(scores_are_written_as_a_table)
{
    double nll[2] = {1.5, -2}, kl[2] = {0.25, INFINITY};
    const bool odd[2] = {false, true};
    elbo_images images = images_of(x, 2, ELBO_SHAPE(D));
    elbo_oddness o = {.images = 2, .at = {[ELBO_ODD_NLL] = nll, [ELBO_ODD_KL] = kl}};
    assert_ok(elbo_oddness_write(&o, &images, odd, scratch_path("odd.csv")));
    const char text[] = "index,odd,nll,kl\n0,0,1.5,0.25\n1,1,-2,inf\n";
    scratch_assert_bytes("odd.csv", text, strlen(text));
    assert_ok(elbo_oddness_write(&o, &images, NULL, scratch_path("odd.csv")));
    const char plain[] = "index,nll,kl\n0,1.5,0.25\n1,-2,inf\n";
    scratch_assert_bytes("odd.csv", plain, strlen(plain));
    elbo_tensor back;
    assert_ok(elbo_oddness_write(&o, &images, odd, scratch_path("odd.npy")));
    assert_ok(elbo_npy_read(scratch_path("odd.npy"), &back));
    ck_assert(elbo_shape_equal(&back.layout.shape, &ELBO_SHAPE(2, ELBO_ODD_SCORES + 1)));
    ck_assert_double_eq(((double *)back.data)[ELBO_ODD_SCORES + 1], 1);
    elbo_tensor_free(&back);
    assert_refused(elbo_oddness_write(&o, &images, odd, scratch_path("odd.txt")), "ends in .csv or .npy");
}
END_TEST

Suite *suite_anomaly(void)
{
    Suite *suite = suite_create("anomaly");
    TCase *area = tcase_create("area"), *scores = tcase_create("scores");
    tcase_add_test(area, the_area_counts_pairs_and_ties_by_half);
    tcase_add_test(area, a_score_that_says_nothing_has_a_half_and_one_that_says_all_has_one);
    tcase_add_test(area, the_error_of_an_area_is_its_deviation_over_repetitions);
    suite_add_tcase(suite, area);
    tcase_add_checked_fixture(scores, scratch_setup, scratch_teardown);
    tcase_add_test(scores, scores_are_what_they_are_said_to_be);
    tcase_add_test(scores, what_compresses_well_is_odder_than_its_density_says);
    tcase_add_test(scores, an_autoencoder_has_its_error_alone);
    tcase_add_test(scores, a_vae_of_patterns_finds_noise);
    tcase_add_test(scores, scores_are_written_as_a_table);
    suite_add_tcase(suite, scores);
    return suite;
}
