/* Pictures of latent spaces, read back. */
#include <check.h>
#include <math.h>
#include <string.h>

#include "../io/csv.h"
#include "../io/npy.h"
#include "../nn/parts/options.h"
#include "../nn/pictures/picture.h"
#include "grids.h"
#include "patterns.h"
#include "runs.h"
#include "scratch.h"
#include "suites.h"

/* ---- a model whose pictures are points of its latent space ------------------------------------------------------- */

#define SCALE 10.0 /* a pixel is 1/2 + z / SCALE */

static elbo_inference glass_infer(elbo_in *in)
{
    elbo_var *mean = elbo_scale(elbo_shift(in->x, -0.5), SCALE);
    return elbo_infer_normal(in, mean, elbo_expand(elbo_constant(in->g, 0), elbo_shape_of(mean)));
}

static elbo_dist glass_generate(elbo_in *in, elbo_var *z)
{
    (void)in;
    return elbo_squared_error(elbo_shift(elbo_scale(z, 1 / SCALE), 0.5));
}

/* The same without a density: z as a point. */
static elbo_inference point_infer(elbo_in *in)
{
    return elbo_infer_code(elbo_scale(elbo_shift(in->x, -0.5), SCALE));
}

static const elbo_option glass_options[] = {ELBO_OPTION_LATENT_DIM, ELBO_OPTIONS_END};
static const elbo_model glass = {
    .name = "glass", .summary = "", .options = glass_options, .infer = glass_infer, .generate = glass_generate};
static const elbo_model pane = {
    .name = "pane", .summary = "", .flags = ELBO_NO_PRIOR, .infer = point_infer, .generate = glass_generate};

enum { Z = 4, IMAGES = 6 };

/* Points of length 2, three pairs of them, and as images. */
static const float points[IMAGES][Z] = {{2, 0, 0, 0},   {0, 2, 0, 0},  {1, 1, 1, 1},
                                        {1, 1, -1, -1}, {0, 0, 0, -2}, {1.2f, 0, 0, 1.6f}};
static float x[IMAGES * Z];
static elbo_images images;

static void setup(void)
{
    scratch_setup();
    for (int i = 0; i < IMAGES * Z; i++)
        x[i] = 0.5f + points[i / Z][i % Z] / (float)SCALE;
    images = images_of(x, IMAGES, ELBO_SHAPE(2, 2));
}

static elbo_run *glass_run(const elbo_model *model)
{
    return run_of(model, model->options ? OPTIONS("latent-dim", "4") : OPTIONS(NULL), ELBO_SHAPE(2, 2), 0);
}

/* Number k of the point that a picture shows, to within 0.02. */
static double shown(const grid *g, int row, int column, int k)
{
    return (grid_pixel(g, row, column, k) / 255.0 - 0.5) * SCALE;
}

static void assert_shown(const grid *g, int row, int column, int k, double expected)
{
    const double found = shown(g, row, column, k);
    ck_assert_msg(fabs(found - expected) < 0.0201, "row %d, column %d: z_%d is %g, expected %g", row, column, k, found,
                  expected);
}

/* ---- interpolation ----------------------------------------------------------------------------------------------- */

START_TEST(a_way_begins_and_ends_at_the_codes_of_its_images)
{
    elbo_run *run = glass_run(&glass);
    const elbo_view view = {.images = &images, .label = ELBO_EACH_CLASS, .steps = 5};
    for (int spherical = 0; spherical <= 1; spherical++) {
        const elbo_path ways = {.from = 0, .to = -1, .rows = 3, .spherical = spherical};
        assert_ok(elbo_picture_interpolation(run, &view, &ways, scratch_path("ways")));
        grid g = grid_read("ways", 3, 5, 2, 2);
        for (int row = 0; row < 3; row++) {
            grid_assert_picture(&g, row, 0, x + 2 * row * Z);
            grid_assert_picture(&g, row, 4, x + (2 * row + 1) * Z);
        }
        grid_free(&g);
        assert_ok(elbo_picture_interpolation(run, &view, &(elbo_path){4, 1, 7, spherical}, scratch_path("way")));
        g = grid_read("way", 1, 5, 2, 2);
        grid_assert_picture(&g, 0, 0, x + 4 * Z);
        grid_assert_picture(&g, 0, 4, x + 1 * Z);
        grid_free(&g);
    }
    elbo_run_free(run);
}
END_TEST

START_TEST(a_straight_way_goes_in_equal_steps)
{
    elbo_run *run = glass_run(&glass);
    const elbo_view view = {.images = &images, .steps = 5};
    assert_ok(elbo_picture_interpolation(run, &view, &(elbo_path){0, -1, 3, false}, scratch_path("ways")));
    grid g = grid_read("ways", 3, 5, 2, 2);
    for (int i = 0; i < 3 * 5 * Z; i++) {
        const int row = i / Z / 5, step = i / Z % 5, k = i % Z;
        assert_shown(&g, row, step, k, points[2 * row][k] + step / 4.0 * (points[2 * row + 1][k] - points[2 * row][k]));
    }
    grid_free(&g);
    elbo_run_free(run);
}
END_TEST

START_TEST(a_spherical_way_keeps_the_length_and_turns_in_equal_steps)
{
    elbo_run *run = glass_run(&glass);
    const elbo_view view = {.images = &images, .steps = 5};
    assert_ok(elbo_picture_interpolation(run, &view, &(elbo_path){0, -1, 3, true}, scratch_path("ways")));
    grid g = grid_read("ways", 3, 5, 2, 2);
    for (int row = 0; row < 3; row++)
        for (int step = 0; step < 5; step++) {
            double square = 0, along = 0, angle = 0;
            for (int k = 0; k < Z; k++) {
                const double z = shown(&g, row, step, k);
                square += z * z;
                along += z * points[2 * row][k];
                angle += points[2 * row][k] * points[2 * row + 1][k];
            }
            angle = acos(angle / 4) * step / 4;
            ck_assert_double_eq_tol(sqrt(square), 2, 0.04);
            ck_assert_double_eq_tol(along, 4 * cos(angle), 0.1);
        }
    grid_free(&g);
    elbo_run_free(run);
}
END_TEST

/* Where two points lie on one line through 0, no turn leads from one to the other, or every one does. */
START_TEST(a_spherical_way_along_a_line_through_0_is_straight)
{
    enum { PAIRS = 4 };
    static const float ends[PAIRS][2] = {{2, -1}, {1, 3}, {2, 2}, {0, 2}}; /* z_0; the others are 0 */
    float line[2 * PAIRS * Z];
    for (int i = 0; i < 2 * PAIRS * Z; i++)
        line[i] = 0.5f + (i % Z ? 0 : ends[i / Z / 2][i / Z % 2]) / (float)SCALE;
    elbo_images pairs = images_of(line, 2 * PAIRS, ELBO_SHAPE(2, 2));
    elbo_run *run = glass_run(&glass);
    const elbo_view view = {.images = &pairs, .steps = 3};
    assert_ok(elbo_picture_interpolation(run, &view, &(elbo_path){0, -1, PAIRS, true}, scratch_path("ways")));
    grid g = grid_read("ways", PAIRS, 3, 2, 2);
    for (int i = 0; i < PAIRS * Z; i++)
        assert_shown(&g, i / Z, 1, i % Z, i % Z ? 0 : (ends[i / Z][0] + ends[i / Z][1]) / 2);
    grid_free(&g);
    elbo_run_free(run);
}
END_TEST

START_TEST(the_ends_of_random_ways_depend_on_the_seed)
{
    static unsigned char files[3][8192];
    static const int64_t seeds[] = {1, 1, 2};
    size_t sizes[3];
    elbo_run *run = glass_run(&glass);
    for (int i = 0; i < 3; i++) {
        const elbo_view view = {.seed = seeds[i], .steps = 4};
        assert_ok(elbo_picture_interpolation(run, &view, &(elbo_path){-1, -1, 8, false}, scratch_path("ways")));
        sizes[i] = scratch_read("ways", files[i], sizeof files[i]);
    }
    ck_assert(sizes[0] == sizes[1] && memcmp(files[0], files[1], sizes[0]) == 0);
    ck_assert(sizes[0] != sizes[2] || memcmp(files[0], files[2], sizes[0]) != 0);
    grid g = grid_read("ways", 8, 4, 2, 2);
    double square = 0;
    for (int i = 0; i < 64; i++)
        square += pow(shown(&g, i / 8, i % 2 * 3, i / 2 % 4), 2) / 64; /* both ends of every way */
    ck_assert_double_eq_tol(square, 1, 4 * sqrt(2.0 / 64));
    grid_free(&g);
    elbo_run_free(run);
}
END_TEST

/* ---- traversal --------------------------------------------------------------------------------------------------- */

START_TEST(a_traversal_moves_one_dimension_a_row_through_the_centre)
{
    elbo_run *run = glass_run(&glass);
    assert_ok(elbo_picture_traversal(run, &(elbo_view){.steps = 7}, -1, scratch_path("ways")));
    grid g = grid_read("ways", Z, 7, 2, 2);
    for (int row = 0; row < Z; row++)
        for (int i = 0; i < 7 * Z; i++)
            assert_shown(&g, row, i / Z, i % Z, i % Z == row ? i / Z - 3 : 0);
    grid_free(&g);
    assert_ok(elbo_picture_traversal(run, &(elbo_view){.steps = 3, .span = 1.5}, -1, scratch_path("ways")));
    g = grid_read("ways", Z, 3, 2, 2);
    assert_shown(&g, 2, 0, 2, -1.5);
    assert_shown(&g, 2, 2, 2, 1.5);
    grid_free(&g);
    elbo_run_free(run);
}
END_TEST

START_TEST(a_traversal_shows_the_dimensions_that_were_asked_for_in_their_order)
{
    elbo_run *run = glass_run(&glass);
    const elbo_view view = {.steps = 3, .span = 1.5, .dims = {3, {4, 1, 4}}};
    assert_ok(elbo_picture_traversal(run, &view, -1, scratch_path("ways")));
    grid g = grid_read("ways", 3, 3, 2, 2);
    for (int i = 0; i < 3 * 3 * Z; i++) {
        const int row = i / Z / 3, step = i / Z % 3, k = i % Z;
        assert_shown(&g, row, step, k, view.dims.at[row] == k + 1 ? 1.5 * (step - 1) : 0);
    }
    grid_free(&g);
    assert_refused(elbo_picture_traversal(run, &(elbo_view){.dims = {2, {1, 5}}}, -1, scratch_path("none")),
                   "dimension 5: the latent space has 4, the first being 1");
    elbo_run_free(run);
}
END_TEST

START_TEST(a_traversal_from_an_image_leaves_the_other_dimensions_at_its_code)
{
    elbo_run *run = glass_run(&glass);
    assert_ok(elbo_picture_traversal(run, &(elbo_view){.images = &images, .steps = 5}, 3, scratch_path("ways")));
    grid g = grid_read("ways", Z, 5, 2, 2);
    for (int row = 0; row < Z; row++)
        for (int i = 0; i < 5 * Z; i++)
            assert_shown(&g, row, i / Z, i % Z, i % Z == row ? 1.5 * (i / Z) - 3 : points[3][i % Z]);
    grid_free(&g);
    assert_refused(elbo_picture_traversal(run, &(elbo_view){.images = &images}, IMAGES, scratch_path("ways")),
                   "images 6 to 6: there are 6, counted from 0");
    assert_refused(elbo_picture_traversal(run, &(elbo_view){.steps = 5}, 0, scratch_path("none")),
                   "there are no images");
    elbo_run_free(run);
}
END_TEST

START_TEST(without_a_prior_the_codes_say_where_the_centre_is)
{
    elbo_run *run = glass_run(&pane);
    assert_ok(
        elbo_picture_traversal(run, &(elbo_view){.images = &images, .steps = 3, .span = 1}, -1, scratch_path("ways")));
    grid g = grid_read("ways", Z, 3, 2, 2);
    for (int k = 0; k < Z; k++) {
        double mean = 0, square = 0;
        for (int i = 0; i < IMAGES; i++)
            mean += points[i][k] / IMAGES;
        for (int i = 0; i < IMAGES; i++)
            square += pow(points[i][k] - mean, 2) / IMAGES;
        assert_shown(&g, k, 1, k, mean);
        assert_shown(&g, k, 0, k, mean - sqrt(square));
        assert_shown(&g, k, 2, k, mean + sqrt(square));
        assert_shown(&g, (k + 1) % Z, 2, k, mean);
    }
    grid_free(&g);
    assert_refused(elbo_picture_traversal(run, &(elbo_view){.steps = 3}, -1, scratch_path("none")),
                   "model \"pane\" has no normal prior: images are needed");
    elbo_run_free(run);
}
END_TEST

/* ---- manifold ---------------------------------------------------------------------------------------------------- */

START_TEST(a_manifold_goes_right_and_upwards_by_quantiles)
{
    /* Phi^-1(1/8) and Phi^-1(3/8), from a table */
    static const double at[] = {-1.15035, -0.31864, 0.31864, 1.15035};
    elbo_run *run = run_of(&glass, OPTIONS("latent-dim", "2"), ELBO_SHAPE(1, 2), 0);
    assert_ok(elbo_picture_manifold(run, &(elbo_view){.steps = 4}, scratch_path("plane")));
    grid g = grid_read("plane", 4, 4, 1, 2);
    for (int row = 0; row < 4; row++)
        for (int column = 0; column < 4; column++) {
            assert_shown(&g, row, column, 0, at[column]);
            assert_shown(&g, row, column, 1, at[3 - row]);
        }
    grid_free(&g);
    elbo_run_free(run);
}
END_TEST

START_TEST(what_cannot_be_drawn_is_refused)
{
    elbo_run *run = glass_run(&glass);
    const elbo_view view = {.images = &images}, short_view = {.images = &images, .steps = 1};
    const char *path = scratch_path("none");
    assert_refused(elbo_picture_manifold(run, &view, path), "a manifold of 4 dimensions");
    assert_refused(elbo_picture_interpolation(run, &short_view, &(elbo_path){0, 1, 1, false}, path), "at least 2");
    assert_refused(elbo_picture_traversal(run, &short_view, -1, path), "at least 2");
    assert_refused(elbo_picture_interpolation(run, &view, &(elbo_path){5, -1, 3, false}, path),
                   "images 5 to 10: there are 6");
    assert_refused(elbo_picture_interpolation(run, &view, &(elbo_path){0, -1, 0, false}, path), "0 pictures");
    ck_assert_int_eq(scratch_entries(), 0);
    elbo_run_free(run);
}
END_TEST

/* ---- labels ------------------------------------------------------------------------------------------------------ */

START_TEST(a_picture_is_decoded_with_the_label_of_its_end_or_the_one_asked_for)
{
    enum { D = PATTERN_PIXELS, STEPS = 5 };
    elbo_images two = pattern_images(4);
    elbo_run *run = run_of(&elbo_model_cvae, OPTIONS("hidden", "8", "latent-dim", "2"),
                           ELBO_SHAPE(PATTERN_SIDE, PATTERN_SIDE), PATTERN_CLASSES);
    float from[4 * D], z[2 * 2], ends[2 * D];
    int labels[4];
    assert_ok(elbo_images_rows(&two, 0, 4, from, labels));
    assert_ok(elbo_run_encode(run, from + D, labels + 1, 2, z));
    for (int label = ELBO_EACH_CLASS; label < 1; label++) {
        const elbo_view view = {.images = &two, .label = label, .steps = STEPS};
        const int zeros[] = {0, 0};
        assert_ok(elbo_run_decode(run, z, label < 0 ? labels + 1 : zeros, 2, ends));
        assert_ok(elbo_picture_interpolation(run, &view, &(elbo_path){1, 2, 1, false}, scratch_path("way")));
        grid g = grid_read("way", 1, STEPS, PATTERN_SIDE, PATTERN_SIDE);
        grid_assert_picture(&g, 0, 0, ends);
        grid_assert_picture(&g, 0, STEPS - 1, ends + D);
        grid_free(&g);
    }
    const float centre[2] = {0, 0};
    const elbo_view view = {.label = 3, .steps = STEPS};
    assert_ok(elbo_run_decode(run, centre, &view.label, 1, ends));
    assert_ok(elbo_picture_traversal(run, &view, -1, scratch_path("ways")));
    grid g = grid_read("ways", 2, STEPS, PATTERN_SIDE, PATTERN_SIDE);
    grid_assert_picture(&g, 0, STEPS / 2, ends);
    grid_assert_picture(&g, 1, STEPS / 2, ends);
    grid_free(&g);
    elbo_run_free(run);
}
END_TEST

/* ---- codes of the caller's, and pictures as numbers -------------------------------------------------------------- */

/* A pixel is 1/2 + z / 10 whatever it is written to. */
START_TEST(codes_are_drawn_and_written_as_what_the_decoder_makes_of_them)
{
    elbo_run *run = glass_run(&glass);
    elbo_tensor numbers;
    elbo_csv_table lines;
    assert_ok(elbo_picture_codes(run, points[0], NULL, IMAGES, scratch_path("codes.png")));
    assert_ok(elbo_picture_codes(run, points[0], NULL, IMAGES, scratch_path("codes.npy")));
    assert_ok(elbo_picture_codes(run, points[0], NULL, IMAGES, scratch_path("codes.CSV")));
    grid g = grid_read("codes.png", 1, IMAGES, 2, 2);
    for (int i = 0; i < IMAGES; i++)
        grid_assert_picture(&g, 0, i, x + i * Z);
    grid_free(&g);
    assert_ok(elbo_npy_read(scratch_path("codes.npy"), &numbers));
    ck_assert(numbers.dtype == ELBO_F32 && elbo_shape_equal(&numbers.layout.shape, &ELBO_SHAPE(IMAGES, 2, 2)));
    assert_ok(elbo_csv_read(scratch_path("codes.CSV"), &lines));
    ck_assert_int_eq(lines.rows, IMAGES);
    ck_assert_int_eq(lines.columns, Z);
    ck_assert_str_eq(lines.names[3], "pixel3");
    for (int i = 0; i < IMAGES * Z; i++) {
        ck_assert_float_eq_tol(((const float *)numbers.data)[i], x[i], 1e-6);
        ck_assert((float)lines.values[i] == ((const float *)numbers.data)[i]);
    }
    elbo_tensor_free(&numbers);
    elbo_csv_free(&lines);
    elbo_run_free(run);
}
END_TEST

/* 25,000 rows of a grid would be higher than a PNG file may be; numbers have no such bound. */
START_TEST(numbers_may_be_more_than_a_picture_has_room_for)
{
    enum { MANY = 8 * 25001 };
    static float z[MANY * Z];
    elbo_run *run = glass_run(&glass);
    assert_refused(elbo_picture_codes(run, z, NULL, MANY, scratch_path("codes.png")), "is too large");
    assert_ok(elbo_picture_codes(run, z, NULL, MANY, scratch_path("codes.npy")));
    assert_refused(elbo_picture_codes(run, z, NULL, 0, scratch_path("codes.npy")), "at least 1");
    assert_refused(elbo_picture_codes(run, z, NULL, 1, scratch_path("codes.tiff")), ".png, .npy or .csv");
    z[1] = INFINITY;
    assert_refused(elbo_picture_codes(run, z, NULL, 1, scratch_path("other.npy")), "is not finite");
    ck_assert(!scratch_exists("other.npy"));
    elbo_run_free(run);
}
END_TEST

Suite *suite_picture_latent(void)
{
    Suite *suite = suite_create("picture_latent");
    TCase *ways = tcase_create("ways"), *space = tcase_create("space");
    tcase_add_checked_fixture(ways, setup, scratch_teardown);
    tcase_add_test(ways, a_way_begins_and_ends_at_the_codes_of_its_images);
    tcase_add_test(ways, a_straight_way_goes_in_equal_steps);
    tcase_add_test(ways, a_spherical_way_keeps_the_length_and_turns_in_equal_steps);
    tcase_add_test(ways, a_spherical_way_along_a_line_through_0_is_straight);
    tcase_add_test(ways, the_ends_of_random_ways_depend_on_the_seed);
    suite_add_tcase(suite, ways);
    tcase_add_checked_fixture(space, setup, scratch_teardown);
    tcase_add_test(space, a_traversal_moves_one_dimension_a_row_through_the_centre);
    tcase_add_test(space, a_traversal_shows_the_dimensions_that_were_asked_for_in_their_order);
    tcase_add_test(space, a_traversal_from_an_image_leaves_the_other_dimensions_at_its_code);
    tcase_add_test(space, without_a_prior_the_codes_say_where_the_centre_is);
    tcase_add_test(space, a_manifold_goes_right_and_upwards_by_quantiles);
    tcase_add_test(space, what_cannot_be_drawn_is_refused);
    tcase_add_test(space, codes_are_drawn_and_written_as_what_the_decoder_makes_of_them);
    tcase_add_test(space, numbers_may_be_more_than_a_picture_has_room_for);
    tcase_add_test(space, a_picture_is_decoded_with_the_label_of_its_end_or_the_one_asked_for);
    suite_add_tcase(suite, space);
    return suite;
}
