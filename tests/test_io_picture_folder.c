/* Folders of pictures as data sets. */
#include <check.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../io/png.h"
#include "../tensor/watch.h"
#include "albums.h"
#include "scratch.h"
#include "suites.h"

/* ---- parts and labels -------------------------------------------------------------------------------------------- */

START_TEST(folders_of_a_part_are_its_labels)
{
    static const char *const tests[] = {"test", "t10k"}, *const names[] = {"ant", "bee"};
    album_parts(tests[_i]);
    elbo_images data = album_load("train", 0);
    album_assert_values(&data, 3, (int[]){90, 10, 20});
    album_assert_labels(&data, (int[]){0, 1, 1});
    album_assert_names(&data, 2, names);
    elbo_images_free(&data);
    ck_assert_ptr_null(data.class_names);
    for (int i = 0; i < 2; i++) { /* either name of the part finds either folder */
        data = album_load(tests[i], 0);
        album_assert_values(&data, 1, (int[]){30});
        album_assert_labels(&data, (int[]){1});
        album_assert_names(&data, 2, names);
        elbo_images_free(&data);
    }
}
END_TEST

START_TEST(a_test_part_alone_has_the_classes_that_it_has)
{
    static const char *const names[] = {"bee", "cow"};
    album_folder("test");
    album_folder("test/bee");
    album_folder("test/cow");
    album_grey("test/bee/1.png", 10);
    album_grey("test/cow/1.png", 20);
    elbo_images data = album_load("test", 0);
    album_assert_values(&data, 2, (int[]){10, 20});
    album_assert_labels(&data, (int[]){0, 1});
    album_assert_names(&data, 2, names);
    elbo_images_free(&data);
}
END_TEST

/* `elbo train --data .` makes runs/, in which there are pictures. */
START_TEST(a_run_among_the_data_is_no_class)
{
    static const char *const names[] = {"ant", "bee"};
    static const char *const runs[] = {"runs", "runs/vae", "vae"};
    for (int i = 0; i < 3; i++)
        album_folder(runs[i]);
    for (int i = 1; i < 3; i++) {
        char file[40];
        snprintf(file, sizeof file, "%s/samples.png", runs[i]);
        album_grey(file, 1);
        snprintf(file, sizeof file, "%s/model.safetensors", runs[i]);
        scratch_write(file, "", 0);
    }
    album_folder("ant");
    album_folder("bee");
    album_grey("ant/1.png", 10);
    album_grey("bee/1.png", 20);
    elbo_images data = album_load("train", 0);
    album_assert_values(&data, 2, (int[]){10, 20});
    album_assert_names(&data, 2, names);
    ck_assert_ptr_nonnull(data.left_out);
    ck_assert_ptr_nonnull(strstr(data.left_out, "vae"));
    elbo_images_free(&data);
}
END_TEST

START_TEST(a_test_part_without_the_last_class_still_has_it)
{
    static const char *const names[] = {"ant", "bee"};
    album_parts("test");
    ck_assert_int_eq(rename(scratch_path("test/bee"), scratch_path("test/ant")), 0);
    elbo_images data = album_load("t10k", 0);
    album_assert_labels(&data, (int[]){0});
    album_assert_names(&data, 2, names);
    elbo_images_free(&data);
}
END_TEST

START_TEST(classes_beyond_the_folders_are_named_by_their_numbers)
{
    static const char *const names[] = {"ant", "bee", "2", "3"};
    album_parts("test");
    elbo_images data = album_load("train", 4);
    album_assert_labels(&data, (int[]){0, 1, 1});
    album_assert_names(&data, 4, names);
    elbo_images_free(&data);
    album_assert_refused("train", 1, ELBO_FORMAT, "", "the folder bee is class 1, outside the classes 0 to 0");
    assert_error(elbo_images_load(scratch_path(""), "train", -2, &data), ELBO_INVALID, "-2 classes", "at most");
}
END_TEST

START_TEST(files_right_in_a_part_have_no_labels)
{
    album_folder("train");
    album_folder("test");
    album_grey("train/b.png", 2);
    album_grey("train/a.PNG", 1);
    album_grey("train/B.Png", 0);
    album_grey("test/c.png", 3);
    elbo_images data = album_load("train", 10);
    album_assert_values(&data, 3, (int[]){0, 1, 2}); /* capital letters come first */
    ck_assert_ptr_null(data.labels.data);
    ck_assert_ptr_null(data.class_names);
    ck_assert_int_eq(data.classes, 0);
    elbo_images_free(&data);
    data = album_load("t10k", 0);
    album_assert_values(&data, 1, (int[]){3});
    elbo_images_free(&data);
}
END_TEST

START_TEST(each_image_knows_its_file)
{
    static const char *const train[] = {"train/ant/9.png", "train/bee/1.png", "train/bee/2.png"};
    album_parts("t10k");
    elbo_images data = album_load("train", 0);
    for (int i = 0; i < 3; i++)
        ck_assert_str_eq(data.file_names[i], train[i]);
    ck_assert_ptr_null(data.file_names[3]);
    elbo_images_free(&data);
    ck_assert_ptr_null(data.file_names);
    data = album_load("test", ELBO_WITHOUT_LABELS);
    ck_assert_str_eq(data.file_names[0], "t10k/bee/3.png");
    ck_assert_ptr_null(data.file_names[1]);
    elbo_images_free(&data);
}
END_TEST

START_TEST(every_tenth_file_is_the_test_part)
{
    char name[32];
    for (int i = 0; i < 20; i++) {
        snprintf(name, sizeof name, "%02d.png", i);
        album_grey(name, 10 * i);
    }
    elbo_images data = album_load("t10k", 0);
    album_assert_values(&data, 2, (int[]){90, 190});
    elbo_images_free(&data);
    data = album_load("train", 0);
    album_assert_values(&data, 18,
                        (int[]){0, 10, 20, 30, 40, 50, 60, 70, 80, 100, 110, 120, 130, 140, 150, 160, 170, 180});
    elbo_images_free(&data);
}
END_TEST

/* Eight of "a", then five of "a-", whose name comes after it though '-' comes before '/'. */
START_TEST(every_tenth_file_is_counted_over_all_classes)
{
    static const char *const names[] = {"a", "a-"};
    char name[32];
    album_folder("a");
    album_folder("a-");
    for (int i = 0; i < 13; i++) {
        snprintf(name, sizeof name, "%s/%02d.png", i < 8 ? "a" : "a-", i);
        album_grey(name, 10 * i);
    }
    elbo_images data = album_load("t10k", 0);
    album_assert_values(&data, 1, (int[]){90});
    album_assert_labels(&data, (int[]){1});
    album_assert_names(&data, 2, names);
    elbo_images_free(&data);
    data = album_load("train", 0);
    album_assert_values(&data, 12, (int[]){0, 10, 20, 30, 40, 50, 60, 70, 80, 100, 110, 120});
    album_assert_labels(&data, (int[]){0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1});
    elbo_images_free(&data);
}
END_TEST

START_TEST(what_is_hidden_does_not_count)
{
    album_parts("test");
    album_folder("train/.hidden");
    album_folder(".git");
    album_grey("train/.hidden/1.png", 1);
    album_grey("train/bee/.1.png", 1);
    scratch_write("train/ant/.png", "", 0);
    scratch_write("train/ant/.DS_Store", "", 0);
    scratch_write(".DS_Store", "", 0);
    elbo_images data = album_load("train", 0);
    album_assert_values(&data, 3, (int[]){90, 10, 20});
    ck_assert_ptr_null(data.left_out);
    elbo_images_free(&data);
}
END_TEST

START_TEST(links_are_what_they_point_to)
{
    album_parts("test");
    ck_assert_int_eq(symlink("2.png", scratch_path("train/bee/3.png")), 0);
    ck_assert_int_eq(symlink("ant", scratch_path("train/cow")), 0);
    elbo_images data = album_load("train", 0);
    album_assert_values(&data, 5, (int[]){90, 10, 20, 20, 90});
    album_assert_labels(&data, (int[]){0, 1, 1, 1, 2});
    elbo_images_free(&data);
}
END_TEST

START_TEST(png_and_jpeg_are_read_alike)
{
    static const char *const names[] = {"ant", "bee", "cow"};
    album_parts("test");
    album_folder("train/cow");
    album_jpeg("train/cow/1.jpg", 100);
    album_jpeg("train/cow/2.JPG", 110);
    album_jpeg("train/cow/3.Jpeg", 120);
    album_jpeg("train/ant/1.jpeg", 130);
    elbo_images data = album_load("train", 0);
    ck_assert_int_eq(data.count, 7);
    album_assert_labels(&data, (int[]){0, 0, 1, 1, 2, 2, 2});
    album_assert_names(&data, 3, names);
    const unsigned char *pixel = data.images.data;
    for (int i = 0; i < 6; i++) {
        ck_assert_int_eq(pixel[i], 130);
        ck_assert_int_eq(pixel[6 + i], 90 + i);
        ck_assert_int_eq(pixel[4 * 6 + i], 100);
        ck_assert_int_eq(pixel[6 * 6 + i], 120);
    }
    ck_assert_ptr_null(data.left_out);
    elbo_images_free(&data);
}
END_TEST

/* ---- without labels, without a part ------------------------------------------------------------------------------ */

START_TEST(without_labels_pictures_are_taken_from_wherever_they_lie)
{
    album_parts("test");
    album_folder("test/cow");
    album_grey("test/cow/1.png", 1); /* no class of the training part */
    album_grey("train/5.png", 50);   /* neither with a label nor without */
    elbo_images data = album_load("train", ELBO_WITHOUT_LABELS);
    album_assert_values(&data, 4, (int[]){90, 10, 20, 50});
    ck_assert_ptr_null(data.labels.data);
    ck_assert_ptr_null(data.class_names);
    ck_assert_int_eq(data.classes, 0);
    elbo_images_free(&data);
    data = album_load("t10k", ELBO_WITHOUT_LABELS);
    album_assert_values(&data, 2, (int[]){30, 1});
    elbo_images_free(&data);
}
END_TEST

static void assert_found(const char *part, bool expected)
{
    bool found;
    ck_assert_msg(elbo_images_find(scratch_path(""), part, &found) == ELBO_OK, "%s", elbo_error());
    ck_assert_int_eq(found, expected);
}

START_TEST(a_part_of_a_folder_of_pictures_is_found_or_not)
{
    char name[32];
    assert_found("train", false);
    for (int i = 0; i < 10; i++) {
        assert_found("test", false);
        snprintf(name, sizeof name, "%d.png", i);
        album_grey(name, 0);
        assert_found("train", true);
    }
    assert_found("test", true);
    assert_found("faces", false);
    album_folder("train");
    assert_found("train", false);
    assert_found("test", false);
    album_grey("train/1.png", 0);
    assert_found("train", true);
    album_folder("test"); /* empty, which is an error to read and no lack of a test part */
    assert_found("t10k", true);
    album_assert_refused("t10k", 0, ELBO_IO, "test", "no PNG or JPEG pictures there");
}
END_TEST

START_TEST(one_file_in_colour_makes_both_parts_colour)
{
    album_parts("test");
    album_colour("test/bee/4.png", 5);
    elbo_images data = album_load("t10k", 0);
    ck_assert(elbo_shape_equal(&data.images.layout.shape, &ELBO_SHAPE(2, 3, 2, 3)));
    ck_assert_int_eq(data.channels, 3);
    const unsigned char *pixel = data.images.data;
    for (int i = 0; i < 18; i++) {
        ck_assert_int_eq(pixel[i], 30 + i % 6);
        ck_assert_int_eq(pixel[18 + i], 5 + i % 6 + 100 * (i / 6));
    }
    elbo_images_free(&data);
    data = album_load("train", 0);
    ck_assert(elbo_shape_equal(&data.images.layout.shape, &ELBO_SHAPE(3, 3, 2, 3)));
    elbo_images_free(&data);
}
END_TEST

START_TEST(the_fingerprint_of_a_folder_is_that_of_its_arrays)
{
    album_parts("test");
    elbo_images data = album_load("train", 0), same;
    ck_assert_int_eq(elbo_images_of(&data.images, &data.labels, 0, &same), ELBO_OK);
    ck_assert_uint_eq(data.fingerprint, same.fingerprint);
    ck_assert_ptr_null(same.class_names);
    elbo_images_free(&data);
}
END_TEST

/* ---- folders that make no sense ---------------------------------------------------------------------------------- */

START_TEST(idx_files_come_before_pictures)
{
    static const unsigned char idx[] = {0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 7, 8, 9, 10, 11, 12};
    album_parts("test");
    scratch_write("train-images-idx3-ubyte", idx, sizeof idx);
    elbo_images data = album_load("train", 0);
    album_assert_values(&data, 1, (int[]){7});
    ck_assert_str_eq(data.left_out, "left out: 2 pictures or folders of them beside IDX files, the first of them test");
    elbo_images_free(&data);
    album_assert_refused("t10k", 0, ELBO_IO, "t10k-images-idx3-ubyte", "no such file, plain or .gz");
    unlink(scratch_path("train-images-idx3-ubyte"));
    scratch_write("train-labels-idx1-ubyte", "", 0);
    album_assert_refused("train", 0, ELBO_IO, "train-images-idx3-ubyte", "no such file, plain or .gz");
}
END_TEST

START_TEST(a_folder_with_neither_names_both)
{
    album_assert_refused("train", 0, ELBO_IO, "", "holds no PNG or JPEG pictures, and no arrays by the names of parts");
    album_folder("train");
    album_assert_refused("train", 0, ELBO_IO, "train", "no PNG or JPEG pictures there");
    album_grey("train/1.png", 1);
    album_assert_refused("faces", 0, ELBO_IO, "faces-images-idx3-ubyte", "no such file");
}
END_TEST

START_TEST(a_part_without_files_is_named)
{
    album_grey("1.png", 1);
    album_assert_refused("t10k", 0, ELBO_IO, "", "every tenth picture is for the test part, but there are only 1");
    album_folder("train");
    album_assert_refused("t10k", 0, ELBO_IO, "test",
                         "no PNG or JPEG pictures there"); /* beside train, which is empty */
}
END_TEST

START_TEST(a_part_that_is_missing_beside_the_other_is_named)
{
    album_folder("train");
    album_grey("train/1.png", 1);
    album_assert_refused("t10k", 0, ELBO_IO, "test", "no PNG or JPEG pictures there");
    album_folder("t10k");
    album_assert_refused("t10k", 0, ELBO_IO, "t10k", "no PNG or JPEG pictures there");
    album_folder("test");
    album_assert_refused("t10k", 0, ELBO_FORMAT, "", "both test and t10k: which one?");
    rmdir(scratch_path("t10k"));
    rename(scratch_path("train/1.png"), scratch_path("test/1.png"));
    album_assert_refused("train", 0, ELBO_IO, "train", "no PNG or JPEG pictures there");
}
END_TEST

START_TEST(files_beside_folders_are_refused)
{
    album_parts("test");
    album_grey("train/odd.png", 1);
    album_assert_refused("train", 0, ELBO_FORMAT, "train", "holds both odd.png and ant/9.png");
}
END_TEST

START_TEST(a_test_class_that_was_not_trained_is_refused)
{
    album_parts("test");
    album_folder("test/cow");
    album_grey("test/cow/1.png", 1);
    album_assert_refused("t10k", 0, ELBO_FORMAT, "test/cow", "no such class");
    album_assert_refused("train", 0, ELBO_FORMAT, "test/cow", "no such class");
    unlink(scratch_path("test/cow/1.png"));
    rmdir(scratch_path("test/cow"));
    unlink(scratch_path("train/bee/1.png"));
    unlink(scratch_path("train/bee/2.png"));
    rmdir(scratch_path("train/bee"));
    album_assert_refused("t10k", 0, ELBO_FORMAT, "test/bee", "no such class");
}
END_TEST

/* A grey picture of that size. */
static void write_size(const char *name, int rows, int columns)
{
    static const unsigned char x[9];
    const elbo_tensor tensor = elbo_tensor_of(ELBO_U8, ELBO_SHAPE(rows, columns), x);
    ck_assert_int_eq(elbo_png_write(scratch_path(name), &tensor), ELBO_OK);
}

START_TEST(another_size_is_refused_beside_that_of_most)
{
    album_parts("test");
    write_size("test/bee/4.png", 3, 3);
    album_assert_refused("train", 0, ELBO_FORMAT, "test/bee/4.png",
                         "3 pixels wide and 3 high, but 4 of the 5 pictures are 3 wide and 2 high: make all of one "
                         "size, as ImageMagick's -resize '3x2!' does");
    write_size("test/bee/4.png", 2, 2);
    album_assert_refused("t10k", 0, ELBO_FORMAT, "test/bee/4.png", "2 pixels wide and 2 high, but 4 of the 5");
}
END_TEST

START_TEST(the_first_picture_may_be_the_odd_one)
{
    album_parts("test");
    write_size("train/ant/1.png", 1, 3);
    album_assert_refused("train", 0, ELBO_FORMAT, "train/ant/1.png",
                         "3 pixels wide and 1 high, but 4 of the 5 pictures are 3 wide and 2 high: make");
    write_size("test/bee/4.png", 3, 3);
    album_assert_refused("train", 0, ELBO_FORMAT, "train/ant/1.png",
                         "but 4 of the 6 pictures are 3 wide and 2 high, and 1 more is not: make");
    write_size("test/bee/5.png", 1, 3);
    album_assert_refused("train", 0, ELBO_FORMAT, "train/ant/1.png",
                         "but 4 of the 7 pictures are 3 wide and 2 high, and 2 more are not: make");
}
END_TEST

START_TEST(a_broken_picture_is_named)
{
    unsigned char bytes[200];
    album_parts("test");
    scratch_write("train/bee/3.png", "GIF89a, and renamed", 19);
    album_assert_refused("train", 0, ELBO_FORMAT, "train/bee/3.png", "not a PNG file");
    const size_t size = scratch_read("train/bee/2.png", bytes, sizeof bytes);
    scratch_write("train/bee/3.png", bytes, size - 14); /* its size can still be read */
    album_assert_refused("train", 0, ELBO_FORMAT, "train/bee/3.png", "truncated");
    unlink(scratch_path("train/bee/3.png"));
    ck_assert_int_eq(symlink("nowhere", scratch_path("train/bee/3.png")), 0);
    album_assert_refused("train", 0, ELBO_IO, "train/bee/3.png", "No such file or directory");
    unlink(scratch_path("train/bee/3.png"));
    ck_assert_int_eq(symlink("loop", scratch_path("train/loop")), 0); /* a class, or none: who knows */
    album_assert_refused("train", 0, ELBO_IO, "train/loop", "Too many levels of symbolic links");
}
END_TEST

static bool stop_at(void *left, const char *what, int64_t done, int64_t total)
{
    ck_assert(what && done <= total && total <= 4);
    return (*(int *)left)-- > 0;
}

/* Four sizes are looked at, then three pictures are read; the end of either is told too. */
START_TEST(reading_can_be_stopped_between_pictures)
{
    elbo_images data;
    album_parts("test");
    for (int looks = 0; looks < 9; looks++) {
        int left = looks;
        elbo_watch(stop_at, &left);
        const elbo_status status = elbo_images_load(scratch_path(""), "train", 0, &data);
        elbo_watch(NULL, NULL);
        assert_error(status, ELBO_STOPPED, looks < 5 ? "looking at images" : "reading images", ": stopped");
        ck_assert_ptr_null(data.images.data);
    }
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
    album_parts("test");
    album_colour("train/ant/2.png", 5);
    scratch_write("train/ant/notes.txt", "", 0);
    scratch_write("notes.txt", "", 0);
    album_folder("train/ant/more");
    assert_survives_failing_allocations(load_train);
    assert_survives_failing_allocations(load_test);
}
END_TEST

Suite *suite_io_picture_folder(void)
{
    Suite *suite = suite_create("io_picture_folder");

    TCase *parts = tcase_create("parts and labels");
    tcase_add_checked_fixture(parts, scratch_setup, scratch_teardown);
    tcase_add_loop_test(parts, folders_of_a_part_are_its_labels, 0, 2);
    tcase_add_test(parts, a_test_part_alone_has_the_classes_that_it_has);
    tcase_add_test(parts, a_run_among_the_data_is_no_class);
    tcase_add_test(parts, a_test_part_without_the_last_class_still_has_it);
    tcase_add_test(parts, classes_beyond_the_folders_are_named_by_their_numbers);
    tcase_add_test(parts, files_right_in_a_part_have_no_labels);
    tcase_add_test(parts, each_image_knows_its_file);
    tcase_add_test(parts, every_tenth_file_is_the_test_part);
    tcase_add_test(parts, every_tenth_file_is_counted_over_all_classes);
    tcase_add_test(parts, what_is_hidden_does_not_count);
    tcase_add_test(parts, links_are_what_they_point_to);
    tcase_add_test(parts, png_and_jpeg_are_read_alike);
    tcase_add_test(parts, without_labels_pictures_are_taken_from_wherever_they_lie);
    tcase_add_test(parts, a_part_of_a_folder_of_pictures_is_found_or_not);
    tcase_add_test(parts, one_file_in_colour_makes_both_parts_colour);
    tcase_add_test(parts, the_fingerprint_of_a_folder_is_that_of_its_arrays);
    suite_add_tcase(suite, parts);

    TCase *senseless = tcase_create("folders that make no sense");
    tcase_add_checked_fixture(senseless, scratch_setup, scratch_teardown);
    tcase_add_test(senseless, idx_files_come_before_pictures);
    tcase_add_test(senseless, a_folder_with_neither_names_both);
    tcase_add_test(senseless, a_part_without_files_is_named);
    tcase_add_test(senseless, a_part_that_is_missing_beside_the_other_is_named);
    tcase_add_test(senseless, files_beside_folders_are_refused);
    tcase_add_test(senseless, a_test_class_that_was_not_trained_is_refused);
    tcase_add_test(senseless, another_size_is_refused_beside_that_of_most);
    tcase_add_test(senseless, the_first_picture_may_be_the_odd_one);
    tcase_add_test(senseless, a_broken_picture_is_named);
    tcase_add_test(senseless, reading_can_be_stopped_between_pictures);
    tcase_add_test(senseless, loading_a_folder_survives_failing_allocations);
    suite_add_tcase(suite, senseless);
    return suite;
}
