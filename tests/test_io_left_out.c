/* What a folder of pictures holds besides: counted and named, or an error. */
#include <check.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "albums.h"
#include "scratch.h"
#include "suites.h"

static void assert_left_out(const char *part, const char *expected)
{
    elbo_images data = album_load(part, 0);
    ck_assert_ptr_nonnull(data.left_out);
    ck_assert_str_eq(data.left_out, expected);
    elbo_images_free(&data);
    ck_assert_ptr_null(data.left_out);
}

START_TEST(files_that_are_no_pictures_are_counted_and_named)
{
    album_parts("test");
    scratch_write("train/bee/Thumbs.db", "", 0);
    assert_left_out("train", "left out: 1 file that is no PNG or JPEG picture (train/bee/Thumbs.db)");
    scratch_write("train/ant/1.gif", "", 0);
    scratch_write("train/ant/png", "", 0);
    scratch_write("test/1.png.txt", "", 0);
    for (int i = 0; i < 2; i++) /* those of both parts, whichever is read */
        assert_left_out(i ? "test" : "train",
                        "left out: 4 files that are no PNG or JPEG pictures, the first of them train/ant/1.gif");
}
END_TEST

START_TEST(what_lies_beside_the_parts_is_counted_and_named)
{
    album_parts("test");
    album_folder("valid");
    album_grey("valid/1.png", 1);
    assert_left_out("train", "left out: 1 entry beside the folders of the parts (valid)");
    album_grey("preview.png", 1);
    scratch_write("README", "", 0);
    scratch_write("train/a\nb", "", 0);
    assert_left_out("train", "left out: 1 file that is no PNG or JPEG picture (train/a?b); "
                             "3 entries beside the folders of the parts, the first of them valid");
}
END_TEST

START_TEST(folders_without_pictures_beside_pictures_are_counted_and_named)
{
    album_folder("docs");
    album_folder("docs/more");
    album_grey("1.png", 1);
    scratch_write("docs/readme.txt", "", 0);
    assert_left_out("train", "left out: 2 folders without pictures, the first of them docs/more");
}
END_TEST

START_TEST(a_class_without_pictures_is_refused)
{
    album_parts("test");
    album_folder("train/dog");
    album_assert_refused("train", 0, ELBO_FORMAT, "train/dog", "a class without pictures");
    scratch_write("train/dog/1.gif", "", 0);
    album_assert_refused("train", 0, ELBO_FORMAT, "train/dog", "nothing there ends in .png, .jpg or .jpeg");
    album_assert_refused("t10k", 0, ELBO_FORMAT, "train/dog", "a class without pictures");
    album_assert_refused("train", ELBO_WITHOUT_LABELS, ELBO_FORMAT, "train/dog", "a class without pictures");
    album_jpeg("train/dog/1.jpg", 1);
    album_folder("test/ant");
    album_assert_refused("train", 0, ELBO_FORMAT, "test/ant", "a class without pictures");
}
END_TEST

START_TEST(pictures_two_folders_down_are_refused)
{
    album_parts("test");
    album_folder("train/ant/more");
    elbo_images data = album_load("train", 0); /* as long as there are none */
    ck_assert_str_eq(data.left_out, "left out: 1 folder without pictures (train/ant/more)");
    elbo_images_free(&data);
    album_grey("train/ant/more/1.png", 1);
    album_assert_refused("train", 0, ELBO_FORMAT, "train/ant/more/1.png", "lies two folders down");
    unlink(scratch_path("train/ant/9.png"));
    album_assert_refused("train", 0, ELBO_FORMAT, "train/ant/more/1.png", "lies two folders down");
    album_assert_refused("train", ELBO_WITHOUT_LABELS, ELBO_FORMAT, "train/ant/more/1.png", "lies two folders down");
}
END_TEST

Suite *suite_io_left_out(void)
{
    Suite *suite = suite_create("io_left_out");
    TCase *besides = tcase_create("what is left out");
    tcase_add_checked_fixture(besides, scratch_setup, scratch_teardown);
    tcase_add_test(besides, files_that_are_no_pictures_are_counted_and_named);
    tcase_add_test(besides, what_lies_beside_the_parts_is_counted_and_named);
    tcase_add_test(besides, folders_without_pictures_beside_pictures_are_counted_and_named);
    tcase_add_test(besides, a_class_without_pictures_is_refused);
    tcase_add_test(besides, pictures_two_folders_down_are_refused);
    suite_add_tcase(suite, besides);
    return suite;
}
