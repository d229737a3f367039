/* What the program says of the data that it found. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../cli/command.h"
#include "../cli/data.h"
#include "albums.h"
#include "scratch.h"
#include "suites.h"

static int kept = -1; /* stderr, while it is a file */

static void listen(void)
{
    elbo__cli.name = "elbo";
    fflush(stderr);
    kept = dup(STDERR_FILENO);
    ck_assert_ptr_nonnull(freopen(scratch_path("told"), "w", stderr));
}

/* Fails the test unless stderr got these lines, "elbo: " before each. */
static void assert_told(const char *expected)
{
    char told[1000] = "", wanted[1000] = "";
    fflush(stderr);
    dup2(kept, STDERR_FILENO);
    close(kept);
    told[scratch_read("told", told, sizeof told - 1)] = '\0';
    for (const char *line = expected; *line; line += strcspn(line, "\n") + 1) {
        const size_t used = strlen(wanted);
        snprintf(wanted + used, sizeof wanted - used, "elbo: %.*s\n", (int)strcspn(line, "\n"), line);
    }
    ck_assert_str_eq(told, wanted);
}

static data_source source_of(const char *name, const char *run)
{
    static char text[64];
    snprintf(text, sizeof text, "%s", name);
    return (data_source){.folder = text, .run = run};
}

/* 20 pictures of two classes, of which two are for the test part. */
static void make_album(void)
{
    char name[64];
    album_folder("cat");
    album_folder("dog, big");
    for (int i = 0; i < 20; i++) {
        snprintf(name, sizeof name, "%s/%d.png", i % 2 ? "cat" : "dog, big", i);
        album_grey(name, i);
    }
}

#define ALBUM "data: shapes: 20 images of 2 x 3, u8 0..24, 2 classes (cat, \"dog, big\")"

static const struct {
    bool test;
    int held;
    const char *expected;
} uses[] = {
    {true, 3, ALBUM ": 15 for training, 3 for validation, 2 for testing\n"},
    {true, 0, ALBUM ": 18 for training, 2 for testing\n"},
    {false, 3,
     "data: shapes: 18 images of 2 x 3, u8 0..22, 2 classes (cat, \"dog, big\"): 15 for training, 3 for "
     "validation\n"},
    {false, 0, "data: shapes: 18 images of 2 x 3, u8 0..22, 2 classes (cat, \"dog, big\")\n"},
};

/* With labels and without, which the folders tell all the same. */
static void assert_use(int use, int classes)
{
    make_album();
    elbo_images train = album_load("train", classes), test = album_load("test", classes);
    const data_source source = source_of("shapes", NULL);
    listen();
    elbo__cli_tell_training_data(&source, &train, uses[use].test ? &test : NULL, uses[use].held);
    assert_told(uses[use].expected);
    elbo_images_free(&train);
    elbo_images_free(&test);
}

START_TEST(a_training_is_told_all_images_and_what_they_are_for)
{
    assert_use(_i, 0);
}
END_TEST

START_TEST(folders_of_pictures_are_told_where_no_labels_are_wanted)
{
    assert_use(_i, ELBO_WITHOUT_LABELS);
}
END_TEST

START_TEST(folders_of_parts_are_no_classes)
{
    const data_source source = source_of("parts", NULL);
    album_parts("test");
    elbo_images data = album_load("train", ELBO_WITHOUT_LABELS);
    listen();
    elbo__cli_tell_data(&source, &data);
    assert_told("data: parts: 3 images of 2 x 3, u8 10..95, 2 classes (ant, bee)\n");
    elbo_images_free(&data);
}
END_TEST

START_TEST(pictures_outside_of_folders_are_without_classes)
{
    const data_source source = source_of("parts", NULL);
    album_parts("test");
    album_grey("train/1.png", 7);
    elbo_images data = album_load("train", ELBO_WITHOUT_LABELS);
    listen();
    elbo__cli_tell_data(&source, &data);
    assert_told("data: parts: 4 images of 2 x 3, u8 7..95\n");
    elbo_images_free(&data);
}
END_TEST

START_TEST(what_is_left_out_is_told_of_data_that_the_command_line_names)
{
    const data_source source = source_of("parts", _i ? "run" : NULL);
    album_parts("test");
    scratch_write("train/notes.txt", "", 0);
    elbo_images data = album_load("train", 0);
    listen();
    elbo__cli_tell_data(&source, &data);
    assert_told(_i ? "data: parts: 3 images of 2 x 3, u8 10..95, 2 classes (ant, bee)\n"
                   : "data: parts: 3 images of 2 x 3, u8 10..95, 2 classes (ant, bee)\n"
                     "note: parts: left out: 1 file that is no PNG or JPEG picture (train/notes.txt)\n");
    elbo_images_free(&data);
}
END_TEST

START_TEST(one_missing_value_is_one)
{
    float x[4] = {0, 0.5f, 1, 1};
    unsigned char there[4] = {1, 1, 0, (unsigned char)_i};
    const elbo_tensor tensor = elbo_tensor_of(ELBO_F32, ELBO_SHAPE(2, 2), x);
    const elbo_tensor mask = elbo_tensor_of(ELBO_U8, ELBO_SHAPE(2, 2), there);
    const data_source source = source_of("x.npy", NULL);
    elbo_images data;
    ck_assert_int_eq(elbo_images_of(&tensor, NULL, 0, &data), ELBO_OK);
    ck_assert_int_eq(elbo_images_set_mask(&data, &mask), ELBO_OK);
    listen();
    elbo__cli_tell_data(&source, &data);
    assert_told(_i ? "data: x.npy: 2 images of 2 values, f32 0..1\nnote: x.npy: 1 value is missing\n"
                   : "data: x.npy: 2 images of 2 values, f32 0..0.5\nnote: x.npy: 2 values are missing\n");
    elbo_images_free(&data);
}
END_TEST

Suite *suite_told(void)
{
    enum { USES = sizeof uses / sizeof uses[0] };
    Suite *s = suite_create("told");
    TCase *data = tcase_create("data");
    tcase_add_checked_fixture(data, scratch_setup, scratch_teardown);
    tcase_add_loop_test(data, a_training_is_told_all_images_and_what_they_are_for, 0, USES);
    tcase_add_loop_test(data, folders_of_pictures_are_told_where_no_labels_are_wanted, 0, USES);
    tcase_add_test(data, folders_of_parts_are_no_classes);
    tcase_add_test(data, pictures_outside_of_folders_are_without_classes);
    tcase_add_loop_test(data, what_is_left_out_is_told_of_data_that_the_command_line_names, 0, 2);
    tcase_add_loop_test(data, one_missing_value_is_one, 0, 2);
    suite_add_tcase(s, data);
    return s;
}
