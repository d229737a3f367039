/* The made-up images: what is drawn is measured and compared with the factors. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../io/dataset.h"
#include "../io/sprites.h"
#include "scratch.h"
#include "suites.h"

enum { SHAPE, COLOUR, SCALE, ROTATION, X, Y, FACTORS };
enum { SQUARE, ELLIPSE, HEART };

static elbo_images make(int64_t size, int64_t count, uint64_t seed, const char *label)
{
    elbo_images data;
    ck_assert_msg(elbo_sprites(size, count, seed, label, &data) == ELBO_OK, "%s", elbo_error());
    return data;
}

static const unsigned char *image_of(const elbo_images *data, int64_t i)
{
    return (const unsigned char *)data->images.data + i * 3 * data->height * data->width;
}

static const int32_t *factors_of(const elbo_images *data, int64_t i)
{
    return (const int32_t *)data->factors.data + i * FACTORS;
}

/* ---- what is drawn ----------------------------------------------------------------------------------------------- */

/* The area, in pixels, and the centre of what is drawn in the brightest channel, which is full where all of a pixel is
 * covered. The y of the picture points down. */
struct measure {
    double area, x, y, tilt; /* the mean of (x - mean x)(y - mean y) */
};

static struct measure measure(const unsigned char *image, int size)
{
    int brightest = 0;
    for (int i = 0; i < 3 * size * size; i++)
        if (image[i] > image[brightest])
            brightest = i;
    const unsigned char *plane = image + brightest / (size * size) * (size * size);
    struct measure m = {0};
    double xy = 0;
    for (int i = 0; i < size * size; i++) {
        const double w = (double)plane[i] / image[brightest], x = i % size + 0.5, y = i / size + 0.5;
        m.area += w;
        m.x += w * x;
        m.y += w * y;
        xy += w * x * y;
    }
    m.x /= m.area;
    m.y /= m.area;
    m.tilt = xy / m.area - m.x * m.y;
    return m;
}

/* Of a radius of 1: the square and the ellipse by hand; the heart's area and the height of its centre of mass above
 * that of its circle by numerical integration of (x^2 + y^2 - 1)^3 = x^2 y^3. With 4 by 4 points a pixel, an edge may
 * come out 1/8 of a pixel off. */
START_TEST(area_and_place_are_what_the_factors_say)
{
    static const double areas[] = {2, M_PI / 2, 2.3428}, heights[] = {0, 0, 0.0348};
    const int size = (int[]){64, 100, 256}[_i];
    elbo_images data = make(size, 500, 11, NULL);
    for (int64_t i = 0; i < data.count; i++) {
        const int32_t *f = factors_of(&data, i);
        const struct measure m = measure(image_of(&data, i), size);
        const double r = (0.14 + 0.04 * f[SCALE]) * size, angle = f[ROTATION] * M_PI / 4, h = heights[f[SHAPE]] * r;
        ck_assert_double_eq_tol(m.area / (areas[f[SHAPE]] * r * r), 1, 0.03);
        ck_assert_double_eq_tol(m.x, (0.29 + 0.06 * f[X]) * size - h * sin(angle), 0.13);
        ck_assert_double_eq_tol(m.y, (0.29 + 0.06 * f[Y]) * size - h * cos(angle), 0.13);
    }
    elbo_images_free(&data);
}
END_TEST

/* Counter-clockwise by 45 or 225 degrees, an ellipse runs from the lower left to the upper right. */
START_TEST(ellipses_turn_counter_clockwise)
{
    static const int signs[] = {0, -1, 0, 1, 0, -1, 0, 1};
    elbo_images data = make(64, 500, 12, NULL);
    for (int64_t i = 0; i < data.count; i++) {
        const int32_t *f = factors_of(&data, i);
        if (f[SHAPE] != ELLIPSE)
            continue;
        const double tilt = measure(image_of(&data, i), 64).tilt;
        ck_assert_int_eq((tilt > 1) - (tilt < -1), signs[f[ROTATION]]);
    }
    elbo_images_free(&data);
}
END_TEST

START_TEST(colours_are_what_their_names_say)
{
    /* the channels that are bright */
    static const bool bright[][3] = {{1, 0, 0}, {1, 1, 0}, {0, 1, 0}, {0, 1, 1}, {0, 0, 1}, {1, 0, 1}};
    elbo_images data = make(64, 300, 13, "colour");
    for (int64_t i = 0; i < data.count; i++) {
        const unsigned char *image = image_of(&data, i);
        const int32_t *f = factors_of(&data, i);
        for (int c = 0; c < 3; c++) {
            int most = 0;
            for (int p = 0; p < 64 * 64; p++)
                most = image[c * 64 * 64 + p] > most ? image[c * 64 * 64 + p] : most;
            ck_assert_int_eq(most > 180, bright[f[COLOUR]][c]);
        }
    }
    elbo_images_free(&data);
}
END_TEST

START_TEST(sprites_do_not_touch_the_border)
{
    elbo_images data = make(64, 2000, 14, NULL);
    for (int64_t i = 0; i < 3 * data.count; i++) {
        const unsigned char *plane = (const unsigned char *)data.images.data + i * 64 * 64;
        for (int k = 0; k < 64; k++)
            ck_assert_int_eq(plane[k] | plane[63 * 64 + k] | plane[k * 64] | plane[k * 64 + 63], 0);
    }
    elbo_images_free(&data);
}
END_TEST

START_TEST(edges_are_soft)
{
    elbo_images data = make(64, 1, 15, NULL);
    const unsigned char *image = image_of(&data, 0);
    bool seen[256] = {false};
    int levels = 0;
    for (int i = 0; i < 64 * 64; i++) {
        levels += !seen[image[i]];
        seen[image[i]] = true;
    }
    ck_assert_int_gt(levels, 4);
    elbo_images_free(&data);
}
END_TEST

/* What a picture shows: the rotation only as far as the shape shows it. */
static int64_t visible(const int32_t *f)
{
    static const int turns[] = {2, 4, 8};
    int64_t key = f[ROTATION] % turns[f[SHAPE]];
    for (int i = 0; i < FACTORS; i++)
        if (i != ROTATION)
            key = key * 8 + f[i];
    return key;
}

static const elbo_images *sorted;

static int by_pixels(const void *a, const void *b)
{
    return memcmp(image_of(sorted, *(const int64_t *)a), image_of(sorted, *(const int64_t *)b), 3 * 32 * 32);
}

/* Among some thousands many are seen twice: equal pictures must have equal visible factors, and as many different
 * pictures as different factors there must be. */
START_TEST(pictures_and_visible_factors_belong_together)
{
    enum { COUNT = 6000 };
    static int64_t order[COUNT];
    static bool seen[1 << 18];
    elbo_images data = make(32, COUNT, 16, NULL);
    int pictures = 1, combinations = 0;
    for (int64_t i = 0; i < COUNT; i++) {
        order[i] = i;
        combinations += !seen[visible(factors_of(&data, i))];
        seen[visible(factors_of(&data, i))] = true;
    }
    sorted = &data;
    qsort(order, COUNT, sizeof order[0], by_pixels);
    for (int64_t i = 1; i < COUNT; i++) {
        if (by_pixels(&order[i - 1], &order[i]) != 0)
            pictures++;
        else
            ck_assert_int_eq(visible(factors_of(&data, order[i - 1])), visible(factors_of(&data, order[i])));
    }
    ck_assert_int_eq(pictures, combinations);
    ck_assert_int_lt(pictures, COUNT);
    elbo_images_free(&data);
}
END_TEST

/* ---- factors ----------------------------------------------------------------------------------------------------- */

START_TEST(the_table_names_all_factors)
{
    static const char *const names[] = {"shape", "colour", "scale", "rotation", "x", "y"};
    static const int counts[] = {3, 6, 4, 8, 8, 8};
    for (int i = 0; i < FACTORS; i++) {
        ck_assert_str_eq(elbo_sprite_factors[i].name, names[i]);
        ck_assert_int_eq(elbo_sprite_factors[i].count, counts[i]);
        ck_assert_int_eq(elbo_sprite_factors[i].names != NULL, i <= COLOUR);
    }
    ck_assert_ptr_null(elbo_sprite_factors[FACTORS].name);
}
END_TEST

/* Within 5 standard deviations, of each value and of each pair of values of two factors. */
START_TEST(factors_are_uniform_and_independent)
{
    enum { COUNT = 20000 };
    elbo_images data = make(16, COUNT, 17, NULL);
    for (int a = 0; a < FACTORS; a++)
        for (int b = 0; b <= a; b++) {
            const int n = elbo_sprite_factors[a].count, m = elbo_sprite_factors[b].count;
            int seen[8][8] = {{0}};
            for (int64_t i = 0; i < COUNT; i++) {
                ck_assert_int_lt(factors_of(&data, i)[a], n);
                ck_assert_int_ge(factors_of(&data, i)[a], 0);
                seen[factors_of(&data, i)[a]][factors_of(&data, i)[b]]++;
            }
            for (int i = 0; i < n * m; i++) {
                const double p = a != b ? 1.0 / (n * m) : i / m == i % m ? 1.0 / n : 0;
                ck_assert_double_le(fabs(seen[i / m][i % m] - COUNT * p), 5 * sqrt(COUNT * p * (1 - p)));
            }
        }
    elbo_images_free(&data);
}
END_TEST

START_TEST(an_image_depends_on_seed_and_number_alone)
{
    elbo_images few = make(32, 10, 18, NULL), many = make(32, 200, 18, "x"), others = make(32, 10, 19, NULL);
    ck_assert_mem_eq(few.images.data, many.images.data, 10 * 3 * 32 * 32);
    ck_assert_mem_eq(few.factors.data, many.factors.data, 10 * FACTORS * sizeof(int32_t));
    for (int64_t i = 1; i < many.count; i++)
        ck_assert_int_ne(memcmp(factors_of(&many, i - 1), factors_of(&many, i), FACTORS * sizeof(int32_t)), 0);
    ck_assert_int_ne(memcmp(few.factors.data, others.factors.data, 10 * FACTORS * sizeof(int32_t)), 0);
    elbo_images_free(&few);
    elbo_images_free(&many);
    elbo_images_free(&others);
}
END_TEST

START_TEST(labels_are_the_factor_that_is_named)
{
    for (int f = 0; f < FACTORS; f++) {
        elbo_images data = make(16, 100, 20, elbo_sprite_factors[f].name), same;
        ck_assert(elbo_shape_equal(&data.images.layout.shape, &ELBO_SHAPE(100, 3, 16, 16)));
        ck_assert(elbo_shape_equal(&data.labels.layout.shape, &ELBO_SHAPE(100)));
        ck_assert(elbo_shape_equal(&data.factors.layout.shape, &ELBO_SHAPE(100, FACTORS)));
        ck_assert_int_eq(data.classes, elbo_sprite_factors[f].count);
        ck_assert_int_eq(data.count, 100);
        ck_assert_int_eq(data.channels, 3);
        ck_assert(data.owned);
        for (int64_t i = 0; i < 100; i++)
            ck_assert_int_eq((int)elbo_tensor_get(&data.labels, &i), factors_of(&data, i)[f]);
        ck_assert_int_eq(data.class_names != NULL, f <= COLOUR);
        ck_assert_int_eq(elbo_images_of(&data.images, &data.labels, 0, &same), ELBO_OK);
        ck_assert_uint_eq(data.fingerprint, same.fingerprint);
        elbo_images_free(&data);
        ck_assert_ptr_null(data.factors.data);
    }
    elbo_images data = make(16, 1, 21, "colour");
    ck_assert_int_lt(factors_of(&data, 0)[COLOUR], 5);
    ck_assert_int_eq(data.classes, 6); /* whatever is drawn */
    ck_assert_str_eq(data.class_names[0], "red");
    ck_assert_str_eq(data.class_names[5], "magenta");
    elbo_images_free(&data);
}
END_TEST

/* ---- as a data set ----------------------------------------------------------------------------------------------- */

START_TEST(sprites_are_loaded_by_their_name)
{
    elbo_images train, test, made;
    ck_assert_int_eq(elbo_images_load("sprites", "train", 0, &train), ELBO_OK);
    ck_assert_int_eq(elbo_images_load("sprites:colour", "t10k", 10, &test), ELBO_OK);
    ck_assert(elbo_shape_equal(&train.images.layout.shape, &ELBO_SHAPE(10000, 3, 64, 64)));
    ck_assert(elbo_shape_equal(&test.images.layout.shape, &ELBO_SHAPE(1000, 3, 64, 64)));
    ck_assert_int_eq(train.classes, 3);
    ck_assert_str_eq(train.class_names[HEART], "heart");
    ck_assert_int_eq(test.classes, 10);
    ck_assert_str_eq(test.class_names[5], "magenta");
    ck_assert_str_eq(test.class_names[9], "9");
    made = make(64, 10000, 1, "shape");
    ck_assert_uint_eq(train.fingerprint, made.fingerprint);
    elbo_images_free(&made);
    made = make(64, 1000, 2, "colour");
    ck_assert_uint_eq(test.fingerprint, made.fingerprint);
    elbo_images_free(&made);
    elbo_images_free(&train);
    elbo_images_free(&test);
}
END_TEST

static void assert_not_loaded(const char *folder, const char *part, int classes, elbo_status expected,
                              const char *start, const char *reason)
{
    elbo_images data;
    assert_error(elbo_images_load(folder, part, classes, &data), expected, start, reason);
    ck_assert_ptr_null(data.images.data);
    ck_assert_ptr_null(data.labels.data);
    ck_assert_ptr_null(data.factors.data);
    ck_assert_ptr_null(data.class_names);
}

START_TEST(what_is_no_part_or_factor_is_refused)
{
    assert_not_loaded("sprites", "faces", 0, ELBO_INVALID, "sprites: ", "no part \"faces\", only train and t10k");
    assert_not_loaded("sprites:taste", "t10k", 0, ELBO_INVALID, "sprites: ", "no factor \"taste\", only shape, colour");
    assert_not_loaded("sprites:", "t10k", 0, ELBO_INVALID, "sprites: ", "no factor \"\"");
    assert_not_loaded("sprites:x", "t10k", 7, ELBO_INVALID, "sprites:x: label ", "7 is outside the classes 0 to 6");
    assert_not_loaded("sprites", "t10k", -2, ELBO_INVALID, "-2 classes", "at most");
    assert_not_loaded("./sprites", "train", 0, ELBO_IO, "./sprites: ", "no such file or folder");
    assert_not_loaded("sprites2", "train", 0, ELBO_IO, "sprites2: ", "no such file or folder");
    assert_not_loaded("sprite", "train", 0, ELBO_IO, "sprite: ", "no such file or folder");
}
END_TEST

START_TEST(sprites_that_cannot_be_are_refused)
{
    elbo_images data;
    assert_error(elbo_sprites(15, 1, 1, NULL, &data), ELBO_INVALID,
                 "sprites: ", "15 pixels a side: there can be 16 to");
    assert_error(elbo_sprites(257, 1, 1, NULL, &data), ELBO_INVALID, "sprites: ", "257 pixels a side");
    assert_error(elbo_sprites(16, 0, 1, NULL, &data), ELBO_INVALID,
                 "sprites: ", "0 images: there must be at least one");
    assert_error(elbo_sprites(16, -1, 1, NULL, &data), ELBO_INVALID, "sprites: ", "-1 images");
    assert_error(elbo_sprites(16, 1, 1, "Shape", &data), ELBO_INVALID, "sprites: ", "no factor \"Shape\"");
    assert_error(elbo_sprites(16, INT64_MAX, 1, NULL, &data), ELBO_NO_MEMORY, "shape (", "too many elements");
    ck_assert_ptr_null(data.images.data);
    elbo_images_free(&data);
}
END_TEST

static elbo_status make_some(void)
{
    elbo_images data;
    elbo_status status = elbo_sprites(16, 3, 1, "colour", &data);
    elbo_images_free(&data);
    return status;
}

static elbo_status load_some(void)
{
    elbo_images data;
    elbo_status status = elbo_images_load("sprites", "t10k", 0, &data);
    elbo_images_free(&data);
    return status;
}

START_TEST(making_sprites_survives_failing_allocations)
{
    assert_survives_failing_allocations(make_some);
    assert_survives_failing_allocations(load_some);
}
END_TEST

Suite *suite_io_sprites(void)
{
    Suite *suite = suite_create("io_sprites");

    TCase *drawn = tcase_create("what is drawn");
    tcase_add_loop_test(drawn, area_and_place_are_what_the_factors_say, 0, 3);
    tcase_add_test(drawn, ellipses_turn_counter_clockwise);
    tcase_add_test(drawn, colours_are_what_their_names_say);
    tcase_add_test(drawn, sprites_do_not_touch_the_border);
    tcase_add_test(drawn, edges_are_soft);
    tcase_add_test(drawn, pictures_and_visible_factors_belong_together);
    suite_add_tcase(suite, drawn);

    TCase *factors = tcase_create("factors");
    tcase_add_test(factors, the_table_names_all_factors);
    tcase_add_test(factors, factors_are_uniform_and_independent);
    tcase_add_test(factors, an_image_depends_on_seed_and_number_alone);
    tcase_add_test(factors, labels_are_the_factor_that_is_named);
    suite_add_tcase(suite, factors);

    TCase *data = tcase_create("as a data set");
    tcase_add_test(data, sprites_are_loaded_by_their_name);
    tcase_add_test(data, what_is_no_part_or_factor_is_refused);
    tcase_add_test(data, sprites_that_cannot_be_are_refused);
    tcase_add_test(data, making_sprites_survives_failing_allocations);
    suite_add_tcase(suite, data);
    return suite;
}
