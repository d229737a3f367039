/* PNG files, decoded again with libpng. */
#include <check.h>
#include <math.h>
#include <png.h>
#include <stdlib.h>
#include <string.h>

#include "../io/png.h"
#include "scratch.h"
#include "suites.h"

/* Decodes a file, which must be of this size and have 8 bits for each of 1 (grey) or 3 (red, green, blue) channels, to
 * pixels [height][width][channels]; free with free. */
static unsigned char *decode(const char *name, unsigned width, unsigned height, int channels)
{
    unsigned char head[26];
    ck_assert_uint_eq(scratch_read(name, head, sizeof head), sizeof head);
    ck_assert_mem_eq(head, "\x89PNG\r\n\x1a\n", 8);
    ck_assert_int_eq(head[24], 8);                     /* bits            */
    ck_assert_int_eq(head[25], channels == 3 ? 2 : 0); /* the colour type */

    png_image image = {.version = PNG_IMAGE_VERSION};
    ck_assert_msg(png_image_begin_read_from_file(&image, scratch_path(name)), "%s", image.message);
    ck_assert_uint_eq(image.width, width);
    ck_assert_uint_eq(image.height, height);
    image.format = channels == 3 ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY;
    unsigned char *pixels = malloc(PNG_IMAGE_SIZE(image));
    ck_assert_msg(png_image_finish_read(&image, NULL, pixels, 0, NULL), "%s", image.message);
    return pixels;
}

static void assert_pixels(const char *name, unsigned width, unsigned height, int channels,
                          const unsigned char *expected)
{
    unsigned char *found = decode(name, width, height, channels);
    for (unsigned i = 0; i < width * height * (unsigned)channels; i++)
        ck_assert_msg(found[i] == expected[i], "byte %u is %d, expected %d", i, found[i], expected[i]);
    free(found);
}

/* ---- pictures ---------------------------------------------------------------------------------------------------- */

START_TEST(grey_pixels_come_back)
{
    static const unsigned char x[] = {0, 1, 127, 128, 254, 255};
    elbo_tensor tensor = elbo_tensor_of(ELBO_U8, ELBO_SHAPE(2, 3), x);
    ck_assert_int_eq(elbo_png_write(scratch_path("a"), &tensor), ELBO_OK);
    assert_pixels("a", 3, 2, 1, x);
    ck_assert_int_eq(scratch_entries(), 1);
}
END_TEST

START_TEST(colour_pixels_come_back)
{
    static const unsigned char x[] = {255, 0, 0, 0, 255, 0, 0, 0, 255, 1, 2, 3, 4, 5, 6, 7, 8, 9};
    elbo_tensor tensor = elbo_tensor_of(ELBO_U8, ELBO_SHAPE(2, 3, 3), x);
    ck_assert_int_eq(elbo_png_write(scratch_path("a"), &tensor), ELBO_OK);
    assert_pixels("a", 3, 2, 3, x);
}
END_TEST

/* floor(clamp(255 x + 0.5, 0, 255)), worked out by hand */
START_TEST(numbers_are_rounded_and_clamped)
{
    static const float f32[] = {0, 1, 0.5f, 0.25f, -1, 2, NAN, INFINITY, -INFINITY, 0.0019f, 0.0020f, 0.9981f};
    static const unsigned char expected[] = {0, 255, 128, 64, 0, 255, 0, 255, 0, 0, 1, 255};
    double f64[12];
    for (int i = 0; i < 12; i++)
        f64[i] = f32[i];
    elbo_tensor x = elbo_tensor_of(ELBO_F32, ELBO_SHAPE(3, 4), f32),
                y = elbo_tensor_of(ELBO_F64, ELBO_SHAPE(3, 4), f64);
    ck_assert_int_eq(elbo_png_write(scratch_path("a"), &x), ELBO_OK);
    assert_pixels("a", 4, 3, 1, expected);
    ck_assert_int_eq(elbo_png_write(scratch_path("a"), &y), ELBO_OK);
    assert_pixels("a", 4, 3, 1, expected);
}
END_TEST

START_TEST(every_grey_level_over_255_comes_back)
{
    float x[256];
    unsigned char expected[256];
    for (int i = 0; i < 256; i++) {
        x[i] = (float)i / 255;
        expected[i] = (unsigned char)i;
    }
    elbo_tensor tensor = elbo_tensor_of(ELBO_F32, ELBO_SHAPE(16, 16), x);
    ck_assert_int_eq(elbo_png_write(scratch_path("a"), &tensor), ELBO_OK);
    assert_pixels("a", 16, 16, 1, expected);
}
END_TEST

START_TEST(views_are_drawn_in_their_logical_order)
{
    static const unsigned char x[] = {1, 2, 3, 4, 5, 6}, expected[] = {2, 5, 3, 6};
    elbo_tensor tensor = elbo_tensor_of(ELBO_U8, ELBO_SHAPE(2, 3), x);
    tensor.layout = elbo_layout_permute(&tensor.layout, (int[]){1, 0});
    tensor.layout = elbo_layout_slice(&tensor.layout, 0, 1, 2);
    ck_assert_int_eq(elbo_png_write(scratch_path("a"), &tensor), ELBO_OK);
    assert_pixels("a", 2, 2, 1, expected);
}
END_TEST

/* ---- grids ------------------------------------------------------------------------------------------------------- */

/* Three images of 1 x 2 pixels, two in a row. */
START_TEST(a_grid_is_laid_out_with_lines_of_two_pixels)
{
    static const unsigned char x[] = {1, 2, 3, 4, 5, 6};
    static const unsigned char expected[8 * 10] = {
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, /* */
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, /* */
        0, 0, 1, 2, 0, 0, 3, 4, 0, 0, /* */
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, /* */
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, /* */
        0, 0, 5, 6, 0, 0, 0, 0, 0, 0, /* */
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, /* */
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, /* */
    };
    elbo_tensor tensor = elbo_tensor_of(ELBO_U8, ELBO_SHAPE(3, 1, 2), x);
    ck_assert_int_eq(elbo_png_grid(scratch_path("a"), &tensor, 2), ELBO_OK);
    assert_pixels("a", 10, 8, 1, expected);
    tensor.layout = elbo_layout_of(&ELBO_SHAPE(3, 1, 1, 2));
    ck_assert_int_eq(elbo_png_grid(scratch_path("a"), &tensor, 2), ELBO_OK);
    assert_pixels("a", 10, 8, 1, expected);
}
END_TEST

START_TEST(eight_images_stand_in_a_row_unless_told)
{
    static const float x[20 * 28 * 28];
    elbo_tensor tensor = elbo_tensor_of(ELBO_F32, ELBO_SHAPE(20, 28, 28), x);
    ck_assert_int_eq(elbo_png_grid(scratch_path("a"), &tensor, 0), ELBO_OK);
    free(decode("a", 8 * 30 + 2, 3 * 30 + 2, 1));
    ck_assert_int_eq(elbo_png_grid(scratch_path("a"), &tensor, 30),
                     ELBO_OK); /* no room for images that are not there */
    free(decode("a", 20 * 30 + 2, 32, 1));
}
END_TEST

START_TEST(one_image_alone_has_no_lines)
{
    static const float x[] = {0, 1, 0.5f, 0};
    elbo_tensor tensor = elbo_tensor_of(ELBO_F32, ELBO_SHAPE(1, 2, 2), x);
    ck_assert_int_eq(elbo_png_grid(scratch_path("a"), &tensor, 8), ELBO_OK);
    assert_pixels("a", 2, 2, 1, (unsigned char[]){0, 255, 128, 0});
}
END_TEST

/* (N, C, H, W) has its colours in planes, a picture has them in pixels. */
START_TEST(colour_images_make_a_colour_grid)
{
    static const unsigned char x[] = {11, 12, 21, 22, 31, 32, 41, 42, 51, 52, 61, 62};
    elbo_tensor tensor = elbo_tensor_of(ELBO_U8, ELBO_SHAPE(2, 3, 1, 2), x);
    ck_assert_int_eq(elbo_png_grid(scratch_path("a"), &tensor, 8), ELBO_OK);
    unsigned char expected[5][10][3] = {{{0}}};
    memcpy(expected[2][2], (unsigned char[]){11, 21, 31, 12, 22, 32}, 6);
    memcpy(expected[2][6], (unsigned char[]){41, 51, 61, 42, 52, 62}, 6);
    assert_pixels("a", 10, 5, 3, &expected[0][0][0]);
}
END_TEST

/* ---- refusals ---------------------------------------------------------------------------------------------------- */

START_TEST(what_is_no_picture_is_refused)
{
    static const int32_t x[64];
    static const struct {
        bool grid;
        elbo_dtype dtype;
        elbo_shape shape;
        int columns;
        const char *reason;
    } rows[] = {
        {false, ELBO_I32, {2, {2, 2}}, 0, "not i32"},
        {false, ELBO_U8, {0, {0}}, 0, "expected pixels (H, W)"},
        {false, ELBO_U8, {1, {4}}, 0, "expected pixels (H, W)"},
        {false, ELBO_U8, {3, {2, 2, 4}}, 0, "got (2, 2, 4)"},
        {false, ELBO_U8, {4, {1, 2, 2, 3}}, 0, "got (1, 2, 2, 3)"},
        {false, ELBO_U8, {2, {0, 2}}, 0, "got (0, 2)"},
        {false, ELBO_U8, {2, {2, 0}}, 0, "got (2, 0)"},
        {false, ELBO_U8, {2, {-1, 2}}, 0, "impossible shape (-1, 2)"},
        {false, ELBO_U8, {2, {1, 100001}}, 0, "got (1, 100001)"},
        {true, ELBO_I32, {3, {2, 2, 2}}, 0, "not i32"},
        {true, ELBO_U8, {2, {2, 2}}, 0, "expected images (N, H, W)"},
        {true, ELBO_U8, {4, {2, 2, 2, 2}}, 0, "got (2, 2, 2, 2)"},
        {true, ELBO_U8, {3, {0, 2, 2}}, 0, "got (0, 2, 2)"},
        {true, ELBO_U8, {3, {2, 0, 2}}, 0, "got (2, 0, 2)"},
        {true, ELBO_U8, {3, {2, 2, 2}}, -1, "a grid of -1 columns"},
        {true, ELBO_U8, {3, {40000, 1, 1}}, 1, "a grid of 40000 by 1 images is too large"},
        {true, ELBO_U8, {3, {40000, 1, 1}}, 40000, "a grid of 1 by 40000 images is too large"},
    };
    ck_assert_int_lt(_i, (int)(sizeof rows / sizeof rows[0]));
    elbo_tensor tensor = {.dtype = rows[_i].dtype, .layout = {.shape = rows[_i].shape}, .data = (void *)x};
    const char *path = scratch_path("a");
    assert_error(rows[_i].grid ? elbo_png_grid(path, &tensor, rows[_i].columns) : elbo_png_write(path, &tensor),
                 ELBO_INVALID, path, rows[_i].reason);
    tensor.layout.shape = rows[_i].grid ? ELBO_SHAPE(1, 2, 2) : ELBO_SHAPE(2, 2);
    tensor.dtype = ELBO_U8;
    tensor.data = NULL;
    assert_error(rows[_i].grid ? elbo_png_grid(path, &tensor, 0) : elbo_png_write(path, &tensor), ELBO_INVALID, path,
                 "no data");
    ck_assert_int_eq(scratch_entries(), 0);
}
END_TEST

static elbo_status write_noise(const char *path)
{
    elbo_tensor tensor = elbo_tensor_new(ELBO_U8, ELBO_SHAPE(300, 400));
    if (!tensor.data)
        return ELBO_NO_MEMORY;
    uint32_t state = 1;
    for (int i = 0; i < 300 * 400; i++)
        ((unsigned char *)tensor.data)[i] = (unsigned char)((state = state * 1664525u + 1013904223u) >> 24);
    elbo_status status = elbo_png_write(path, &tensor);
    elbo_tensor_free(&tensor);
    return status;
}

/* Noise cannot be compressed: 120,000 bytes. The disk fills before the first buffer, between two, and at the end. */
START_TEST(a_full_disk_leaves_the_old_picture)
{
    static const size_t limits[] = {0, 70000, 119999};
    scratch_write("a", "old", 3);
    scratch_disk_full(limits[_i]);
    elbo_status status = write_noise(scratch_path("a"));
    scratch_disk_free();
    assert_error(status, ELBO_IO, scratch_path("a"), "cannot write");
    scratch_assert_bytes("a", "old", 3);
    ck_assert_int_eq(scratch_entries(), 1);
    assert_error(write_noise(scratch_path("b/a")), ELBO_IO, scratch_path("b/a"), "No such file or directory");
}
END_TEST

static elbo_status write_grid(void)
{
    static const float x[4 * 3 * 5 * 5];
    elbo_tensor tensor = elbo_tensor_of(ELBO_F32, ELBO_SHAPE(4, 3, 5, 5), x);
    return elbo_png_grid(scratch_path("a"), &tensor, 2);
}

START_TEST(drawing_survives_failing_allocations)
{
    assert_survives_failing_allocations(write_grid);
    free(decode("a", 16, 16, 3));
    ck_assert_int_eq(scratch_entries(), 1);
}
END_TEST

Suite *suite_io_png(void)
{
    Suite *suite = suite_create("io_png");

    TCase *pictures = tcase_create("pictures");
    tcase_add_checked_fixture(pictures, scratch_setup, scratch_teardown);
    tcase_add_test(pictures, grey_pixels_come_back);
    tcase_add_test(pictures, colour_pixels_come_back);
    tcase_add_test(pictures, numbers_are_rounded_and_clamped);
    tcase_add_test(pictures, every_grey_level_over_255_comes_back);
    tcase_add_test(pictures, views_are_drawn_in_their_logical_order);
    suite_add_tcase(suite, pictures);

    TCase *grids = tcase_create("grids");
    tcase_add_checked_fixture(grids, scratch_setup, scratch_teardown);
    tcase_add_test(grids, a_grid_is_laid_out_with_lines_of_two_pixels);
    tcase_add_test(grids, eight_images_stand_in_a_row_unless_told);
    tcase_add_test(grids, one_image_alone_has_no_lines);
    tcase_add_test(grids, colour_images_make_a_colour_grid);
    suite_add_tcase(suite, grids);

    TCase *refusals = tcase_create("refusals");
    tcase_add_checked_fixture(refusals, scratch_setup, scratch_teardown);
    tcase_add_loop_test(refusals, what_is_no_picture_is_refused, 0, 17);
    tcase_add_loop_test(refusals, a_full_disk_leaves_the_old_picture, 0, 3);
    tcase_add_test(refusals, drawing_survives_failing_allocations);
    suite_add_tcase(suite, refusals);
    return suite;
}
