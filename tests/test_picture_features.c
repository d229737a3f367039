/* Pictures of what units look for, and of what becomes of images. */
#include <check.h>
#include <math.h>

#include "../nn/pictures/picture.h"
#include "grids.h"
#include "patterns.h"
#include "runs.h"
#include "scratch.h"
#include "suites.h"

enum { D = 6, UNITS = 3, BLACK = 0, MIDDLE = 128, LIGHT = 255 };

static const elbo_shape image = {2, {2, 3}};

/* ---- features ---------------------------------------------------------------------------------------------------- */

/* Rows of weights and what is drawn of them: 1/2 + w / (2 largest), in grey levels */
static const double weights[UNITS * D] = {0, 2, -2, 1, 0, -1, 0, 0, 0, 0, 0, 0, 0.25, 0, 0, -0.5, 0, 0};
static const int levels[UNITS * D] = {MIDDLE, LIGHT,  BLACK,  191, MIDDLE, 64,     MIDDLE, MIDDLE, MIDDLE,
                                      MIDDLE, MIDDLE, MIDDLE, 191, MIDDLE, MIDDLE, BLACK,  MIDDLE, MIDDLE};

static void assert_drawn(const grid *g, int columns, int n)
{
    for (int i = 0; i < n * D; i++) {
        const int found = grid_pixel(g, i / D / columns, i / D % columns, i % D);
        ck_assert_msg(found == levels[i], "unit %d, pixel %d: %d, expected %d", i / D, i % D, found, levels[i]);
    }
}

START_TEST(a_weight_of_0_is_middle_grey_and_the_largest_of_a_unit_black_or_light)
{
    elbo_run *run = run_of(&elbo_model_vae, OPTIONS("hidden", "3", "latent-dim", "2"), image, 0);
    run_set_param(run, "encoder.hidden.weight", weights);
    assert_ok(elbo_picture_features(run, 100, scratch_path("a")));
    grid g = grid_read("a", 1, UNITS, 2, 3);
    assert_drawn(&g, UNITS, UNITS);
    grid_free(&g);
    assert_ok(elbo_picture_features(run, 2, scratch_path("a")));
    g = grid_read("a", 1, 2, 2, 3);
    assert_drawn(&g, 2, 2);
    grid_free(&g);
    elbo_run_free(run);
}
END_TEST

START_TEST(weights_of_labels_are_left_out)
{
    enum { C = 2 };
    double wide[UNITS * (D + C)];
    for (int i = 0; i < UNITS * (D + C); i++)
        wide[i] = i % (D + C) < D ? weights[i / (D + C) * D + i % (D + C)] : 9;
    elbo_run *run = run_of(&elbo_model_cvae, OPTIONS("hidden", "3", "latent-dim", "2"), image, C);
    run_set_param(run, "encoder.hidden.weight", wide);
    assert_ok(elbo_picture_features(run, UNITS, scratch_path("a")));
    grid g = grid_read("a", 1, UNITS, 2, 3);
    assert_drawn(&g, UNITS, UNITS);
    grid_free(&g);
    elbo_run_free(run);
}
END_TEST

START_TEST(the_mean_of_pca_comes_before_its_components)
{
    const double mean[D] = {0, 0.2, 0.4, 0.6, 0.8, 1};
    const float first[D] = {0, 0.2f, 0.4f, 0.6f, 0.8f, 1}, half[D] = {0.5f, 0.5f, 0.5f, 0.5f, 0.5f, 0.5f};
    const float second[D] = {0.5f, 1, 0, 0.75f, 0.5f, 0.25f};
    elbo_run *run = run_of(&elbo_model_pca, OPTIONS("latent-dim", "2"), image, 0);
    run_set_param(run, "mean", mean);
    run_set_param(run, "components", weights);
    assert_ok(elbo_picture_features(run, 5, scratch_path("a")));
    grid g = grid_read("a", 1, 3, 2, 3);
    grid_assert_picture(&g, 0, 0, first);
    grid_assert_picture(&g, 0, 1, second);
    grid_assert_picture(&g, 0, 2, half);
    grid_free(&g);
    elbo_run_free(run);
}
END_TEST

START_TEST(where_no_dense_layer_looks_at_pixels_there_are_no_features)
{
    /* 16 pictures of 2 x 2 behind the convolutions are as many numbers as the image has pixels. */
    const elbo_shape square = {2, {8, 8}};
    elbo_run *run = run_of(&elbo_model_vae, OPTIONS("net", "conv", "channels", "4,16", "hidden", "none"), square, 0);
    assert_refused(elbo_picture_features(run, 5, scratch_path("a")),
                   "model \"vae\": no dense layer looks at the pixels themselves");
    ck_assert_int_eq(scratch_entries(), 0);
    elbo_run_free(run);
}
END_TEST

START_TEST(no_pictures_at_all_are_refused)
{
    elbo_run *run = run_of(&elbo_model_vae, OPTIONS("hidden", "3"), image, 0);
    ck_assert_int_eq(elbo_picture_features(run, 0, scratch_path("a")), ELBO_INVALID);
    ck_assert_str_eq(elbo_error(), "0 pictures: at least 1");
    elbo_run_free(run);
}
END_TEST

/* ---- reconstructions --------------------------------------------------------------------------------------------- */

START_TEST(what_a_model_sees_stands_between_an_image_and_its_reconstruction)
{
    static const struct {
        const elbo_model *model;
        const char *name, *text;
        int strips;
    } cases[] = {{&elbo_model_ae, "corruption", "none", 2},
                 {&elbo_model_ae, "corruption", "mask", 3},
                 {&elbo_model_ae, "binarise", "yes", 2}, /* the patterns are black and white already */
                 {&elbo_model_vae, "beta", "2", 2}};
    elbo_images patterns = pattern_images(5);
    for (int i = 0; i < 4; i++) {
        int height, width;
        elbo_run *run = run_of(cases[i].model, OPTIONS("hidden", "8", cases[i].name, cases[i].text),
                               ELBO_SHAPE(PATTERN_SIDE, PATTERN_SIDE), 0);
        assert_ok(elbo_picture_reconstruction(run, &patterns, 5, 1, scratch_path("a")));
        png_size("a", &height, &width);
        ck_assert_int_eq(height, cases[i].strips * (PATTERN_SIDE + 2) + 2);
        ck_assert_int_eq(width, 5 * (PATTERN_SIDE + 2) + 2);
        elbo_run_free(run);
    }
}
END_TEST

START_TEST(the_strips_are_the_image_what_is_seen_and_what_is_made_of_that)
{
    enum { N = 3, P = PATTERN_PIXELS };
    elbo_images patterns = pattern_images(N);
    elbo_run *run = run_of(&elbo_model_ae, OPTIONS("hidden", "8", "corruption", "gaussian"),
                           ELBO_SHAPE(PATTERN_SIDE, PATTERN_SIDE), 0);
    float x[N * P], seen[N * P], made[N * P];
    assert_ok(elbo_images_rows(&patterns, 0, N, x, NULL));
    assert_ok(elbo_run_seen(run, x, NULL, N, 4, seen));
    assert_ok(elbo_run_reconstruct(run, seen, NULL, N, 4, made));
    assert_ok(elbo_picture_reconstruction(run, &patterns, N, 4, scratch_path("a")));
    for (int i = 0; i < N * P; i++)
        seen[i] = fminf(1, fmaxf(0, seen[i]));
    grid g = grid_read("a", 3, N, PATTERN_SIDE, PATTERN_SIDE);
    for (int i = 0; i < N; i++) {
        grid_assert_picture(&g, 0, i, x + i * P);
        grid_assert_picture(&g, 1, i, seen + i * P);
        grid_assert_picture(&g, 2, i, made + i * P);
    }
    grid_free(&g);
    elbo_run_free(run);
}
END_TEST

Suite *suite_picture_features(void)
{
    Suite *suite = suite_create("picture_features");
    TCase *features = tcase_create("features"), *strips = tcase_create("reconstructions");
    tcase_add_checked_fixture(features, scratch_setup, scratch_teardown);
    tcase_add_test(features, a_weight_of_0_is_middle_grey_and_the_largest_of_a_unit_black_or_light);
    tcase_add_test(features, weights_of_labels_are_left_out);
    tcase_add_test(features, the_mean_of_pca_comes_before_its_components);
    tcase_add_test(features, where_no_dense_layer_looks_at_pixels_there_are_no_features);
    tcase_add_test(features, no_pictures_at_all_are_refused);
    suite_add_tcase(suite, features);
    tcase_add_checked_fixture(strips, scratch_setup, scratch_teardown);
    tcase_add_test(strips, what_a_model_sees_stands_between_an_image_and_its_reconstruction);
    tcase_add_test(strips, the_strips_are_the_image_what_is_seen_and_what_is_made_of_that);
    suite_add_tcase(suite, strips);
    return suite;
}
