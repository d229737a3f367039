#include "albums.h"

#include <check.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "../io/png.h"
#include "jpegs.h"
#include "scratch.h"

void album_folder(const char *name)
{
    ck_assert_int_eq(mkdir(scratch_path(name), 0777), 0);
}

/* 2 rows of 3 grey pixels: value, value + 1, ... value + 5. */
void album_grey(const char *name, int value)
{
    unsigned char x[6];
    for (int i = 0; i < 6; i++)
        x[i] = (unsigned char)(value + i);
    elbo_tensor tensor = elbo_tensor_of(ELBO_U8, ELBO_SHAPE(2, 3), x);
    ck_assert_int_eq(elbo_png_write(scratch_path(name), &tensor), ELBO_OK);
}

/* The same in colour: red is value + i, green 100 more, blue 200 more. */
void album_colour(const char *name, int value)
{
    unsigned char x[6][3];
    for (int i = 0; i < 18; i++)
        x[i / 3][i % 3] = (unsigned char)(value + i / 3 + 100 * (i % 3));
    elbo_tensor tensor = elbo_tensor_of(ELBO_U8, ELBO_SHAPE(2, 3, 3), x);
    ck_assert_int_eq(elbo_png_write(scratch_path(name), &tensor), ELBO_OK);
}

elbo_images album_load(const char *part, int classes)
{
    elbo_images data;
    ck_assert_msg(elbo_images_load(scratch_path(""), part, classes, &data) == ELBO_OK, "%s", elbo_error());
    ck_assert(data.owned);
    ck_assert_int_eq(data.images.dtype, ELBO_U8);
    ck_assert_int_eq(data.count, data.images.layout.shape.dim[0]);
    ck_assert_int_eq(data.height, 2);
    ck_assert_int_eq(data.width, 3);
    return data;
}

/* The value that each image was written with, in order. */
void album_assert_values(const elbo_images *data, int64_t count, const int *values)
{
    ck_assert_int_eq(data->count, count);
    ck_assert_int_eq(data->channels, 1);
    ck_assert(elbo_shape_equal(&data->images.layout.shape, &ELBO_SHAPE(count, 2, 3)));
    const unsigned char *pixel = data->images.data;
    for (int64_t i = 0; i < 6 * count; i++)
        ck_assert_int_eq(pixel[i], values[i / 6] + i % 6);
}

void album_assert_labels(const elbo_images *data, const int *labels)
{
    ck_assert_ptr_nonnull(data->labels.data);
    ck_assert(elbo_shape_equal(&data->labels.layout.shape, &ELBO_SHAPE(data->count)));
    for (int64_t i = 0; i < data->count; i++)
        ck_assert_int_eq((int)elbo_tensor_get(&data->labels, &i), labels[i]);
}

void album_assert_names(const elbo_images *data, int classes, const char *const *names)
{
    ck_assert_int_eq(data->classes, classes);
    ck_assert_ptr_nonnull(data->class_names);
    for (int i = 0; i < classes; i++)
        ck_assert_str_eq(data->class_names[i], names[i]);
    ck_assert_ptr_null(data->class_names[classes]);
}

void album_assert_refused(const char *part, int classes, elbo_status expected, const char *file, const char *reason)
{
    elbo_images data;
    assert_error(elbo_images_load(scratch_path(""), part, classes, &data), expected, scratch_path(file), reason);
    ck_assert_ptr_null(data.images.data);
    ck_assert_ptr_null(data.labels.data);
    ck_assert_ptr_null(data.class_names);
    ck_assert_int_eq(data.count, 0);
}

/* train/ant and train/bee, test/bee */
void album_parts(const char *test)
{
    char name[64];
    album_folder("train");
    album_folder("train/bee");
    album_folder("train/ant");
    album_folder(test);
    snprintf(name, sizeof name, "%s/bee", test);
    album_folder(name);
    album_grey("train/bee/2.png", 20);
    album_grey("train/bee/1.png", 10);
    album_grey("train/ant/9.png", 90);
    snprintf(name, sizeof name, "%s/bee/3.png", test);
    album_grey(name, 30);
}

/* One colour, `value`, 2 rows of 3 pixels as the others have. */
void album_jpeg(const char *name, int value)
{
    unsigned char x[6];
    memset(x, value, sizeof x);
    ck_assert(jpeg_write(scratch_path(name), &(jpeg_kind){.width = 3, .height = 2, .channels = 1}, x));
}
