/* Structural similarity: against plain loops, and what it must be whatever the pictures. */
#include <check.h>
#include <math.h>
#include <string.h>

#include "../nn/distributions/distribution.h"
#include "derivatives.h"
#include "numbers.h"
#include "rig.h"
#include "suites.h"

enum { B = 2, K = 3, SIDE = 34, CHANNELS = 3, MOST = CHANNELS * SIDE * SIDE };

/* ---- the definition, in plain loops ------------------------------------------------------------------------------ */

typedef struct {
    int channels, height, width;
} format;

static int pixels_of(format f)
{
    return f.channels * f.height * f.width;
}

static double at(const double *x, format f, int c, int i, int j)
{
    const bool inside = i >= 0 && i < f.height && j >= 0 && j < f.width;
    return inside ? x[(c * f.height + i) * f.width + j] : 0;
}

static int smaller(int a, int b)
{
    return a < b ? a : b;
}

/* s and cs, as means over all pixels */
static void plain_scale(const double *a, const double *b, format f, int window, double *s, double *cs)
{
    const int side = smaller(f.height, f.width), odd = side % 2 ? side : side - 1, half = smaller(window, odd) / 2;
    double weights = 0, sums[2] = {0};
    for (int u = -half; u <= half; u++)
        for (int v = -half; v <= half; v++)
            weights += exp(-(u * u + v * v) / 4.5);
    for (int p = 0; p < pixels_of(f); p++) {
        const int c = p / (f.height * f.width), i = p / f.width % f.height, j = p % f.width;
        double ma = 0, mb = 0, aa = 0, bb = 0, ab = 0;
        for (int u = -half; u <= half; u++)
            for (int v = -half; v <= half; v++) {
                const double w = exp(-(u * u + v * v) / 4.5) / weights;
                const double x = at(a, f, c, i + u, j + v), y = at(b, f, c, i + u, j + v);
                ma += w * x;
                mb += w * y;
                aa += w * x * x;
                bb += w * y * y;
                ab += w * x * y;
            }
        const double of_p = (2 * (ab - ma * mb) + 9e-4) / (aa - ma * ma + bb - mb * mb + 9e-4);
        sums[0] += of_p * (2 * ma * mb + 1e-4) / (ma * ma + mb * mb + 1e-4);
        sums[1] += of_p;
    }
    *s = sums[0] / pixels_of(f);
    *cs = sums[1] / pixels_of(f);
}

static void plain_halve(double *x, format f)
{
    const int height = f.height / 2, width = f.width / 2;
    for (int c = 0; c < f.channels; c++)
        for (int i = 0; i < height; i++)
            for (int j = 0; j < width; j++)
                x[(c * height + i) * width + j] = (at(x, f, c, 2 * i, 2 * j) + at(x, f, c, 2 * i, 2 * j + 1) +
                                                   at(x, f, c, 2 * i + 1, 2 * j) + at(x, f, c, 2 * i + 1, 2 * j + 1)) /
                                                  4;
}

static double plain_ms_ssim(const double *x, const double *y, format f, int window)
{
    static const double exponents[][5] = {{1},
                                          {0.3222, 0.6778},
                                          {0.4558, 0.1633, 0.3809},
                                          {0.3117, 0.3384, 0.2675, 0.0824},
                                          {0.0448, 0.2856, 0.3001, 0.2363, 0.1333}};
    static double a[MOST], b[MOST];
    int scales = 1;
    double product = 1;
    for (int side = 4; scales < 5 && side <= smaller(f.height, f.width); side *= 2)
        scales++;
    memcpy(a, x, (size_t)pixels_of(f) * sizeof *a);
    memcpy(b, y, (size_t)pixels_of(f) * sizeof *b);
    for (int i = 0; i < scales; i++) {
        double s, cs;
        plain_scale(a, b, f, window, &s, &cs);
        product *= pow((1 + (i + 1 == scales ? s : cs)) / 2, exponents[scales - 1][i]);
        plain_halve(a, f);
        plain_halve(b, f);
        f.height /= 2;
        f.width /= 2;
    }
    return product;
}

/* ---- against it -------------------------------------------------------------------------------------------------- */

static elbo_shape image_of(format f)
{
    return f.channels > 1 ? ELBO_SHAPE(f.channels, f.height, f.width) : ELBO_SHAPE(f.height, f.width);
}

/* Smooth pictures with some noise: as they come out of decoders. */
static void fill_pictures(double *x, int n, format f, uint64_t seed)
{
    numbers random = {seed};
    for (int p = 0; p < n * pixels_of(f); p++)
        x[p] = 0.5 + 0.4 * sin(0.7 * (p % f.width) + 0.3 * (p / f.width) + (double)seed) +
               numbers_between(&random, -0.1, 0.1);
}

/* MS-SSIM of x (n) and y (n), one by one */
static void similarities(const double *x, const double *y, int n, format f, int window, double *out)
{
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    elbo_var *a = rig_input(&r, "x", ELBO_SHAPE(n, pixels_of(f)), x);
    elbo_var *b = rig_input(&r, "y", ELBO_SHAPE(n, pixels_of(f)), y);
    rig_value(&r, elbo_shift(elbo_log_prob(elbo_ms_ssim(b, image_of(f), window), a, NULL), 1), out);
    rig_free(&r);
}

static const struct {
    format f;
    int window;
} cases[] = {
    {{1, 3, 3}, 11},  {{1, 3, 5}, 1},  {{1, 7, 5}, 3},    {{1, 8, 12}, 5},   {{1, 28, 28}, 11},
    {{1, 28, 28}, 3}, {{3, 10, 9}, 3}, {{3, 17, 16}, 11}, {{1, 32, 32}, 11}, {{3, 34, 33}, 7},
};
enum { CASES = sizeof cases / sizeof cases[0] };

START_TEST(values_are_those_of_the_definition)
{
    static double x[B * MOST], y[B * MOST];
    double got[B];
    const format f = cases[_i].f;
    fill_pictures(x, B, f, 1);
    fill_pictures(y, B, f, 2);
    similarities(x, y, B, f, cases[_i].window, got);
    for (int b = 0; b < B; b++) {
        const double expected = plain_ms_ssim(x + b * pixels_of(f), y + b * pixels_of(f), f, cases[_i].window);
        assert_close(got[b], expected, 1e-12);
        ck_assert_double_gt(got[b], 0);
        ck_assert_double_lt(got[b], 0.99);
    }
}
END_TEST

START_TEST(it_is_1_for_equal_pictures_and_symmetric)
{
    static double x[B * MOST], y[B * MOST];
    double equal[B], there[B], back[B];
    const format f = cases[_i].f;
    fill_pictures(x, B, f, 1);
    fill_pictures(y, B, f, 2);
    similarities(x, x, B, f, cases[_i].window, equal);
    similarities(x, y, B, f, cases[_i].window, there);
    similarities(y, x, B, f, cases[_i].window, back);
    for (int b = 0; b < B; b++) {
        assert_close(equal[b], 1, 1e-14);
        assert_close(there[b], back[b], 1e-14);
    }
}
END_TEST

static void flip(double *x, format f, bool rows)
{
    static double kept[MOST];
    memcpy(kept, x, (size_t)pixels_of(f) * sizeof *x);
    for (int c = 0; c < f.channels; c++)
        for (int i = 0; i < f.height; i++)
            for (int j = 0; j < f.width; j++)
                x[(c * f.height + i) * f.width + j] = at(kept, f, c, rows ? f.height - 1 - i : i,
                                                         rows ? j : f.width - 1 - j);
}

/* Sizes that can be halved without a rest, from which a flip would take another row. */
START_TEST(flipping_both_pictures_changes_nothing)
{
    static double x[MOST], y[MOST];
    const format f = {3, 16, 24};
    double before, after;
    fill_pictures(x, 1, f, 1);
    fill_pictures(y, 1, f, 2);
    similarities(x, y, 1, f, 5, &before);
    flip(x, f, _i);
    flip(y, f, _i);
    similarities(x, y, 1, f, 5, &after);
    assert_close(after, before, 1e-13);
    flip(x, f, _i);
    similarities(x, y, 1, f, 5, &after);
    ck_assert_double_gt(fabs(after - before), 0.01);
}
END_TEST

START_TEST(it_falls_as_noise_grows)
{
    enum { LEVELS = 6 };
    static double x[MOST], y[MOST];
    const format f = {1, 28, 28};
    double last = 1;
    fill_pictures(x, 1, f, 1);
    for (int level = 1; level <= LEVELS; level++) {
        numbers random = {7};
        double now;
        for (int i = 0; i < pixels_of(f); i++)
            y[i] = x[i] + 0.05 * level * numbers_between(&random, -1, 1);
        similarities(x, y, 1, f, 11, &now);
        ck_assert_double_lt(now, last - 0.001);
        last = now;
    }
}
END_TEST

/* A picture and its negative: cs and s come near -1, and no power of a negative number is taken. */
START_TEST(of_opposites_it_is_small_and_no_nan)
{
    static double x[MOST], y[MOST];
    const format f = {1, 28, 28};
    double got;
    for (int i = 0; i < pixels_of(f); i++) {
        x[i] = (i + i / f.width) % 2;
        y[i] = 1 - x[i];
    }
    similarities(x, y, 1, f, 11, &got);
    ck_assert_double_gt(got, 0);
    ck_assert_double_lt(got, 0.5);
}
END_TEST

/* ---- as a distribution ------------------------------------------------------------------------------------------- */

START_TEST(each_draw_and_image_has_a_number_of_its_own)
{
    enum { D = 28 * 28 };
    static double x[B * D], y[B * K * D];
    const format f = {1, 28, 28};
    double drawn[B * K], alone;
    fill_pictures(x, B, f, 1);
    fill_pictures(y, B * K, f, 2);
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    r.planned = true;
    elbo_var *of = rig_input(&r, "y", ELBO_SHAPE(B, K, D), y), *image = rig_input(&r, "x", ELBO_SHAPE(B, D), x);
    const elbo_dist d = elbo_ms_ssim(of, image_of(f), 11);
    rig_value(&r, elbo_shift(elbo_log_prob(d, image, NULL), 1), drawn);
    rig_free(&r);
    for (int k = 0; k < B * K; k++) {
        similarities(x + k / K * D, y + k * D, 1, f, 11, &alone);
        assert_close(drawn[k], alone, 1e-13);
    }
}
END_TEST

START_TEST(what_a_mask_hides_has_no_influence)
{
    enum { D = 81 };
    static double x[2][D], y[2][D], mask[D];
    double got[2];
    numbers random = {3};
    fill_pictures(x[0], 1, (format){1, 9, 9}, 1);
    fill_pictures(y[0], 1, (format){1, 9, 9}, 2);
    for (int i = 0; i < D; i++) {
        mask[i] = i % 4 != 0;
        x[1][i] = mask[i] ? x[0][i] : numbers_between(&random, 0, 1);
        y[1][i] = mask[i] ? y[0][i] : numbers_between(&random, 0, 1);
    }
    for (int k = 0; k < 2; k++) {
        rig r = rig_new(ELBO_F64, ELBO_TRAIN);
        elbo_var *a = rig_input(&r, "x", ELBO_SHAPE(1, D), x[k]), *b = rig_input(&r, "y", ELBO_SHAPE(1, D), y[k]);
        elbo_var *m = rig_input(&r, "mask", ELBO_SHAPE(1, D), mask);
        rig_value(&r, elbo_log_prob(elbo_ms_ssim(b, ELBO_SHAPE(9, 9), 3), a, m), &got[k]);
        rig_free(&r);
    }
    ck_assert_double_eq(got[0], got[1]);
}
END_TEST

/* Operands are pictures (H, W). Where six pixels hardly vary, third derivatives are too large for differences of the
 * second ones to be exact. */
static elbo_var *of_pictures(elbo_var **in)
{
    const elbo_shape image = elbo_shape_of(in[0]), row = ELBO_SHAPE(1, elbo_shape_size(&image));
    const elbo_dist d = elbo_ms_ssim(elbo_reshape(in[0], row), image, 3);
    return elbo_log_prob(d, elbo_reshape(in[1], row), NULL);
}

static const elbo__case derivative_cases[] = {
    {.title = "one scale", .build = of_pictures, .n_in = 2, .in = {{2, {3, 2}}, {2, {3, 2}}}, .low = 1, .high = 5},
    {.title = "three scales", .build = of_pictures, .n_in = 2, .in = {{2, {8, 9}}, {2, {8, 9}}}, .low = 1, .high = 5},
    {.build = NULL},
};

START_TEST(derivatives_are_those_of_central_differences)
{
    derivative_report report = {.worst = 0};
    check_derivatives("ms_ssim", derivative_cases + (_i == 2), ELBO_TRAIN, _i, &report);
    ck_assert_int_gt(report.entries, 100);
}
END_TEST

START_TEST(pictures_and_windows_that_do_not_fit_are_refused)
{
    static const double zeros[12] = {0};
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    elbo_ms_ssim(rig_input(&r, "y", ELBO_SHAPE(1, 12), zeros), ELBO_SHAPE(12), 3);
    rig_assert_error(&r, "ms-ssim: expected pictures (H, W) or (C, H, W) as rows of as many pixels, got (12) and rows "
                         "(1, 12)");
    rig_next_graph(&r, ELBO_TRAIN);
    elbo_ms_ssim(rig_input(&r, "y", ELBO_SHAPE(1, 12), zeros), ELBO_SHAPE(3, 4), 4);
    rig_assert_error(&r, "ms-ssim: window 4 is not an odd number of pixels");
    rig_free(&r);
}
END_TEST

Suite *suite_dist_ms_ssim(void)
{
    Suite *suite = suite_create("dist_ms_ssim");
    TCase *tc = tcase_create("ms-ssim");
    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, values_are_those_of_the_definition, 0, CASES);
    tcase_add_loop_test(tc, it_is_1_for_equal_pictures_and_symmetric, 0, CASES);
    tcase_add_loop_test(tc, flipping_both_pictures_changes_nothing, 0, 2);
    tcase_add_test(tc, it_falls_as_noise_grows);
    tcase_add_test(tc, of_opposites_it_is_small_and_no_nan);
    tcase_add_test(tc, each_draw_and_image_has_a_number_of_its_own);
    tcase_add_test(tc, what_a_mask_hides_has_no_influence);
    tcase_add_loop_test(tc, derivatives_are_those_of_central_differences, 1, 3);
    tcase_add_test(tc, pictures_and_windows_that_do_not_fit_are_refused);
    suite_add_tcase(suite, tc);
    return suite;
}
