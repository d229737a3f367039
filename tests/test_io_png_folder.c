/* Folders of PNG files as data sets. */
#include <check.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../io/dataset.h"
#include "../io/png.h"
#include "scratch.h"
#include "suites.h"

static void make_folder(const char *name)
{
    ck_assert_int_eq(mkdir(scratch_path(name), 0777), 0);
}

/* 2 rows of 3 grey pixels: value, value + 1, ... value + 5. */
static void write_grey(const char *name, int value)
{
    unsigned char x[6];
    for (int i = 0; i < 6; i++)
        x[i] = (unsigned char)(value + i);
    elbo_tensor tensor = elbo_tensor_of(ELBO_U8, ELBO_SHAPE(2, 3), x);
    ck_assert_int_eq(elbo_png_write(scratch_path(name), &tensor), ELBO_OK);
}

/* The same in colour: red is value + i, green 100 more, blue 200 more. */
static void write_colour(const char *name, int value)
{
    unsigned char x[6][3];
    for (int i = 0; i < 18; i++)
        x[i / 3][i % 3] = (unsigned char)(value + i / 3 + 100 * (i % 3));
    elbo_tensor tensor = elbo_tensor_of(ELBO_U8, ELBO_SHAPE(2, 3, 3), x);
    ck_assert_int_eq(elbo_png_write(scratch_path(name), &tensor), ELBO_OK);
}

static elbo_images load(const char *part, int classes)
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
static void assert_values(const elbo_images *data, int64_t count, const int *values)
{
    ck_assert_int_eq(data->count, count);
    ck_assert_int_eq(data->channels, 1);
    ck_assert(elbo_shape_equal(&data->images.layout.shape, &ELBO_SHAPE(count, 2, 3)));
    const unsigned char *pixel = data->images.data;
    for (int64_t i = 0; i < 6 * count; i++)
        ck_assert_int_eq(pixel[i], values[i / 6] + i % 6);
}

static void assert_labels(const elbo_images *data, const int *labels)
{
    ck_assert_ptr_nonnull(data->labels.data);
    ck_assert(elbo_shape_equal(&data->labels.layout.shape, &ELBO_SHAPE(data->count)));
    for (int64_t i = 0; i < data->count; i++)
        ck_assert_int_eq((int)elbo_tensor_get(&data->labels, &i), labels[i]);
}

static void assert_names(const elbo_images *data, int classes, const char *const *names)
{
    ck_assert_int_eq(data->classes, classes);
    ck_assert_ptr_nonnull(data->class_names);
    for (int i = 0; i < classes; i++)
        ck_assert_str_eq(data->class_names[i], names[i]);
    ck_assert_ptr_null(data->class_names[classes]);
}

static void assert_refused(const char *part, int classes, elbo_status expected, const char *file, const char *reason)
{
    elbo_images data;
    assert_error(elbo_images_load(scratch_path(""), part, classes, &data), expected, scratch_path(file), reason);
    ck_assert_ptr_null(data.images.data);
    ck_assert_ptr_null(data.labels.data);
    ck_assert_ptr_null(data.class_names);
    ck_assert_int_eq(data.count, 0);
}

/* train/ant and train/bee, test/bee */
static void write_parts(const char *test)
{
    char name[64];
    make_folder("train");
    make_folder("train/bee");
    make_folder("train/ant");
    make_folder(test);
    snprintf(name, sizeof name, "%s/bee", test);
    make_folder(name);
    write_grey("train/bee/2.png", 20);
    write_grey("train/bee/1.png", 10);
    write_grey("train/ant/9.png", 90);
    snprintf(name, sizeof name, "%s/bee/3.png", test);
    write_grey(name, 30);
}

/* ---- parts and labels -------------------------------------------------------------------------------------------- */

START_TEST(folders_of_a_part_are_its_labels)
{
    static const char *const tests[] = {"test", "t10k"}, *const names[] = {"ant", "bee"};
    write_parts(tests[_i]);
    elbo_images data = load("train", 0);
    assert_values(&data, 3, (int[]){90, 10, 20});
    assert_labels(&data, (int[]){0, 1, 1});
    assert_names(&data, 2, names);
    elbo_images_free(&data);
    ck_assert_ptr_null(data.class_names);
    for (int i = 0; i < 2; i++) { /* either name of the part finds either folder */
        data = load(tests[i], 0);
        assert_values(&data, 1, (int[]){30});
        assert_labels(&data, (int[]){1});
        assert_names(&data, 2, names);
        elbo_images_free(&data);
    }
}
END_TEST

START_TEST(a_test_part_without_the_last_class_still_has_it)
{
    static const char *const names[] = {"ant", "bee"};
    write_parts("test");
    ck_assert_int_eq(rename(scratch_path("test/bee"), scratch_path("test/ant")), 0);
    elbo_images data = load("t10k", 0);
    assert_labels(&data, (int[]){0});
    assert_names(&data, 2, names);
    elbo_images_free(&data);
}
END_TEST

START_TEST(classes_beyond_the_folders_are_named_by_their_numbers)
{
    static const char *const names[] = {"ant", "bee", "2", "3"};
    write_parts("test");
    elbo_images data = load("train", 4);
    assert_labels(&data, (int[]){0, 1, 1});
    assert_names(&data, 4, names);
    elbo_images_free(&data);
    assert_refused("train", 1, ELBO_FORMAT, "", "the folder bee is class 1, outside the classes 0 to 0");
    assert_error(elbo_images_load(scratch_path(""), "train", -1, &data), ELBO_INVALID, "-1 classes", "at most");
}
END_TEST

START_TEST(files_right_in_a_part_have_no_labels)
{
    make_folder("train");
    make_folder("test");
    write_grey("train/b.png", 2);
    write_grey("train/a.PNG", 1);
    write_grey("train/B.Png", 0);
    write_grey("test/c.png", 3);
    elbo_images data = load("train", 10);
    assert_values(&data, 3, (int[]){0, 1, 2}); /* capital letters come first */
    ck_assert_ptr_null(data.labels.data);
    ck_assert_ptr_null(data.class_names);
    ck_assert_int_eq(data.classes, 0);
    elbo_images_free(&data);
    data = load("t10k", 0);
    assert_values(&data, 1, (int[]){3});
    elbo_images_free(&data);
}
END_TEST

START_TEST(every_tenth_file_is_the_test_part)
{
    char name[32];
    for (int i = 0; i < 20; i++) {
        snprintf(name, sizeof name, "%02d.png", i);
        write_grey(name, 10 * i);
    }
    elbo_images data = load("t10k", 0);
    assert_values(&data, 2, (int[]){90, 190});
    elbo_images_free(&data);
    data = load("train", 0);
    assert_values(&data, 18, (int[]){0, 10, 20, 30, 40, 50, 60, 70, 80, 100, 110, 120, 130, 140, 150, 160, 170, 180});
    elbo_images_free(&data);
}
END_TEST

/* Eight of "a", then five of "a-", whose name comes after it though '-' comes before '/'. */
START_TEST(every_tenth_file_is_counted_over_all_classes)
{
    static const char *const names[] = {"a", "a-"};
    char name[32];
    make_folder("a");
    make_folder("a-");
    for (int i = 0; i < 13; i++) {
        snprintf(name, sizeof name, "%s/%02d.png", i < 8 ? "a" : "a-", i);
        write_grey(name, 10 * i);
    }
    elbo_images data = load("t10k", 0);
    assert_values(&data, 1, (int[]){90});
    assert_labels(&data, (int[]){1});
    assert_names(&data, 2, names);
    elbo_images_free(&data);
    data = load("train", 0);
    assert_values(&data, 12, (int[]){0, 10, 20, 30, 40, 50, 60, 70, 80, 100, 110, 120});
    assert_labels(&data, (int[]){0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1});
    elbo_images_free(&data);
}
END_TEST

START_TEST(other_files_and_folders_do_not_count)
{
    static const char *const names[] = {"ant", "bee"};
    write_parts("test");
    make_folder("train/empty");
    make_folder("train/deep");
    make_folder("train/deep/deeper");
    make_folder("train/.hidden");
    make_folder("beside");
    write_grey("train/deep/deeper/1.png", 1);
    write_grey("train/.hidden/1.png", 1);
    write_grey("train/bee/.1.png", 1);
    write_grey("beside/1.png", 1);
    write_grey("preview.png", 1);
    scratch_write("train/ant/.png", "", 0);
    scratch_write("train/ant/png", "", 0);
    scratch_write("train/ant/1.png.txt", "", 0);
    scratch_write("train/README", "", 0);
    ck_assert_int_eq(symlink("2.png", scratch_path("train/bee/3.png")), 0);
    ck_assert_int_eq(symlink("ant", scratch_path("train/cow")), 0);
    elbo_images data = load("train", 0);
    assert_values(&data, 5, (int[]){90, 10, 20, 20, 90}); /* links are what they point to */
    assert_labels(&data, (int[]){0, 1, 1, 1, 2});
    elbo_images_free(&data);
    ck_assert_int_eq(unlink(scratch_path("train/cow")), 0);
    data = load("train", 0);
    assert_names(&data, 2, names);
    elbo_images_free(&data);
}
END_TEST

START_TEST(one_file_in_colour_makes_both_parts_colour)
{
    write_parts("test");
    write_colour("test/bee/4.png", 5);
    elbo_images data = load("t10k", 0);
    ck_assert(elbo_shape_equal(&data.images.layout.shape, &ELBO_SHAPE(2, 3, 2, 3)));
    ck_assert_int_eq(data.channels, 3);
    const unsigned char *pixel = data.images.data;
    for (int i = 0; i < 18; i++) {
        ck_assert_int_eq(pixel[i], 30 + i % 6);
        ck_assert_int_eq(pixel[18 + i], 5 + i % 6 + 100 * (i / 6));
    }
    elbo_images_free(&data);
    data = load("train", 0);
    ck_assert(elbo_shape_equal(&data.images.layout.shape, &ELBO_SHAPE(3, 3, 2, 3)));
    elbo_images_free(&data);
}
END_TEST

START_TEST(the_fingerprint_of_a_folder_is_that_of_its_arrays)
{
    write_parts("test");
    elbo_images data = load("train", 0), same;
    ck_assert_int_eq(elbo_images_of(&data.images, &data.labels, 0, &same), ELBO_OK);
    ck_assert_uint_eq(data.fingerprint, same.fingerprint);
    ck_assert_ptr_null(same.class_names);
    elbo_images_free(&data);
}
END_TEST

/* ---- folders that make no sense ---------------------------------------------------------------------------------- */

START_TEST(idx_files_come_before_png_files)
{
    static const unsigned char idx[] = {0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 7, 8, 9, 10, 11, 12};
    write_parts("test");
    scratch_write("train-images-idx3-ubyte", idx, sizeof idx);
    elbo_images data = load("train", 0);
    assert_values(&data, 1, (int[]){7});
    elbo_images_free(&data);
    assert_refused("t10k", 0, ELBO_IO, "t10k-images-idx3-ubyte", "no such file, plain or .gz");
    unlink(scratch_path("train-images-idx3-ubyte"));
    scratch_write("train-labels-idx1-ubyte", "", 0);
    assert_refused("train", 0, ELBO_IO, "train-images-idx3-ubyte", "no such file, plain or .gz");
}
END_TEST

START_TEST(a_folder_with_neither_names_both)
{
    assert_refused("train", 0, ELBO_IO, "train-images-idx3-ubyte",
                   "no such file, plain or .gz, and no PNG files for this part");
    make_folder("train");
    assert_refused("train", 0, ELBO_IO, "train-images-idx3-ubyte", "and no PNG files for this part");
    write_grey("train/1.png", 1);
    assert_refused("faces", 0, ELBO_IO, "faces-images-idx3-ubyte", "no such file");
}
END_TEST

START_TEST(a_part_without_files_is_named)
{
    write_grey("1.png", 1);
    assert_refused("t10k", 0, ELBO_IO, "", "every tenth PNG file is for the test part, but there are only 1");
    make_folder("train");
    assert_refused("t10k", 0, ELBO_IO, "t10k-images-idx3-ubyte",
                   "no PNG files"); /* of the folder train, which is empty */
}
END_TEST

START_TEST(a_part_that_is_missing_beside_the_other_is_named)
{
    make_folder("train");
    write_grey("train/1.png", 1);
    assert_refused("t10k", 0, ELBO_IO, "test", "no PNG files there");
    make_folder("t10k");
    assert_refused("t10k", 0, ELBO_IO, "t10k", "no PNG files there");
    make_folder("test");
    assert_refused("t10k", 0, ELBO_FORMAT, "", "both test and t10k: which one?");
    rmdir(scratch_path("t10k"));
    rename(scratch_path("train/1.png"), scratch_path("test/1.png"));
    assert_refused("train", 0, ELBO_IO, "train", "no PNG files there");
}
END_TEST

START_TEST(files_beside_folders_are_refused)
{
    write_parts("test");
    write_grey("train/odd.png", 1);
    assert_refused("train", 0, ELBO_FORMAT, "train", "holds both odd.png and ant/9.png");
}
END_TEST

START_TEST(a_test_class_that_was_not_trained_is_refused)
{
    write_parts("test");
    make_folder("test/cow");
    elbo_images data = load("t10k", 0); /* as long as it is empty it is no class */
    elbo_images_free(&data);
    write_grey("test/cow/1.png", 1);
    assert_refused("t10k", 0, ELBO_FORMAT, "test/cow", "no such class");
    assert_refused("train", 0, ELBO_FORMAT, "test/cow", "no such class");
    unlink(scratch_path("test/cow/1.png"));
    unlink(scratch_path("train/bee/1.png"));
    unlink(scratch_path("train/bee/2.png"));
    assert_refused("t10k", 0, ELBO_FORMAT, "test/bee", "no such class");
}
END_TEST

START_TEST(another_size_is_refused_with_both)
{
    static const unsigned char x[9];
    elbo_tensor tensor = elbo_tensor_of(ELBO_U8, ELBO_SHAPE(3, 3), x);
    write_parts("test");
    ck_assert_int_eq(elbo_png_write(scratch_path("test/bee/4.png"), &tensor), ELBO_OK);
    assert_refused("train", 0, ELBO_FORMAT, "test/bee/4.png", "3 rows of 3 pixels, but ");
    assert_refused("t10k", 0, ELBO_FORMAT, "test/bee/4.png", "train/ant/9.png has 2 rows of 3");
    tensor.layout = elbo_layout_of(&ELBO_SHAPE(2, 2));
    ck_assert_int_eq(elbo_png_write(scratch_path("test/bee/4.png"), &tensor), ELBO_OK);
    assert_refused("t10k", 0, ELBO_FORMAT, "test/bee/4.png", "2 rows of 2 pixels, but ");
}
END_TEST

START_TEST(a_broken_picture_is_named)
{
    unsigned char bytes[200];
    write_parts("test");
    scratch_write("train/bee/3.png", "GIF89a, and renamed", 19);
    assert_refused("train", 0, ELBO_FORMAT, "train/bee/3.png", "not a PNG file");
    const size_t size = scratch_read("train/bee/2.png", bytes, sizeof bytes);
    scratch_write("train/bee/3.png", bytes, size - 14); /* its size can still be read */
    assert_refused("train", 0, ELBO_FORMAT, "train/bee/3.png", "truncated");
    unlink(scratch_path("train/bee/3.png"));
    ck_assert_int_eq(symlink("nowhere", scratch_path("train/bee/3.png")), 0);
    assert_refused("train", 0, ELBO_IO, "train/bee/3.png", "No such file or directory");
}
END_TEST

static elbo_status load_part(const char *part)
{
    elbo_images data;
    elbo_status status = elbo_images_load(scratch_path(""), part, 3, &data);
    elbo_images_free(&data);
    return status;
}

static elbo_status load_train(void)
{
    return load_part("train");
}

static elbo_status load_test(void)
{
    return load_part("t10k");
}

START_TEST(loading_a_folder_survives_failing_allocations)
{
    write_parts("test");
    write_colour("train/ant/2.png", 5);
    assert_survives_failing_allocations(load_train);
    assert_survives_failing_allocations(load_test);
}
END_TEST

Suite *suite_io_png_folder(void)
{
    Suite *suite = suite_create("io_png_folder");

    TCase *parts = tcase_create("parts and labels");
    tcase_add_checked_fixture(parts, scratch_setup, scratch_teardown);
    tcase_add_loop_test(parts, folders_of_a_part_are_its_labels, 0, 2);
    tcase_add_test(parts, a_test_part_without_the_last_class_still_has_it);
    tcase_add_test(parts, classes_beyond_the_folders_are_named_by_their_numbers);
    tcase_add_test(parts, files_right_in_a_part_have_no_labels);
    tcase_add_test(parts, every_tenth_file_is_the_test_part);
    tcase_add_test(parts, every_tenth_file_is_counted_over_all_classes);
    tcase_add_test(parts, other_files_and_folders_do_not_count);
    tcase_add_test(parts, one_file_in_colour_makes_both_parts_colour);
    tcase_add_test(parts, the_fingerprint_of_a_folder_is_that_of_its_arrays);
    suite_add_tcase(suite, parts);

    TCase *senseless = tcase_create("folders that make no sense");
    tcase_add_checked_fixture(senseless, scratch_setup, scratch_teardown);
    tcase_add_test(senseless, idx_files_come_before_png_files);
    tcase_add_test(senseless, a_folder_with_neither_names_both);
    tcase_add_test(senseless, a_part_without_files_is_named);
    tcase_add_test(senseless, a_part_that_is_missing_beside_the_other_is_named);
    tcase_add_test(senseless, files_beside_folders_are_refused);
    tcase_add_test(senseless, a_test_class_that_was_not_trained_is_refused);
    tcase_add_test(senseless, another_size_is_refused_with_both);
    tcase_add_test(senseless, a_broken_picture_is_named);
    tcase_add_test(senseless, loading_a_folder_survives_failing_allocations);
    suite_add_tcase(suite, senseless);
    return suite;
}
