/* What lies in a folder and at a path, and the system's own reason where that cannot be told. */
#include <check.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../io/dataset.h"
#include "../io/listing.h"
#include "scratch.h"
#include "suites.h"

START_TEST(a_folder_is_listed_in_the_order_of_its_names)
{
    static const char *const names[] = {".hidden", "B", "a2", "a10", "b"};
    for (int i = 4; i >= 0; i--)
        scratch_write(names[i], "", 0);
    elbo__listing list;
    errno = EIO; /* of a call before: it says nothing of this one */
    ck_assert_int_eq(elbo__list_folder(scratch_path(""), &list), ELBO_OK);
    ck_assert_uint_eq(list.count, 5);
    for (int i = 0; i < 5; i++)
        ck_assert_str_eq(list.names[i], names[i]);
    elbo__listing_free(&list);
    ck_assert_uint_eq(list.count, 0);
}
END_TEST

START_TEST(a_folder_that_breaks_off_is_an_error)
{
    elbo__listing list;
    scratch_write("a", "", 0);
    scratch_write("b", "", 0);
    for (int n = 0; n < 4; n++) {
        scratch_break_folders(n);
        const elbo_status status = elbo__list_folder(scratch_path(""), &list);
        scratch_break_folders(-1);
        assert_error(status, ELBO_IO, scratch_path(""), "cannot read the folder: Input/output error");
        ck_assert_uint_eq(list.count, 0);
    }
}
END_TEST

/* Half of the images would be taken for all of them. */
START_TEST(images_of_a_folder_that_breaks_off_are_an_error)
{
    elbo_images data;
    mkdir(scratch_path("train"), 0777);
    for (int n = 0; n < 3; n++) {
        scratch_break_folders(n);
        const elbo_status status = elbo_images_load(scratch_path(""), "train", 0, &data);
        scratch_break_folders(-1);
        assert_error(status, ELBO_IO, scratch_path(""), "cannot read the folder: Input/output error");
    }
}
END_TEST

START_TEST(a_folder_that_cannot_be_opened_is_named)
{
    elbo__listing list;
    assert_error(elbo__list_folder(scratch_path("a"), &list), ELBO_IO, scratch_path("a"), "No such file or directory");
    scratch_write("a", "", 0);
    assert_error(elbo__list_folder(scratch_path("a"), &list), ELBO_IO, scratch_path("a"), "Not a directory");
    ck_assert_uint_eq(list.count, 0);
}
END_TEST

static void assert_kind(const char *name, elbo__kind expected)
{
    elbo__kind kind;
    ck_assert_msg(elbo__kind_of(scratch_path(name), &kind) == ELBO_OK, "%s", elbo_error());
    ck_assert_int_eq(kind, expected);
}

START_TEST(what_is_at_a_path_is_told_through_links)
{
    scratch_write("file", "", 0);
    ck_assert_int_eq(symlink("file", scratch_path("link")), 0);
    ck_assert_int_eq(symlink(".", scratch_path("folder")), 0);
    ck_assert_int_eq(symlink("nowhere", scratch_path("dangling")), 0);
    assert_kind("", ELBO__FOLDER);
    assert_kind("folder", ELBO__FOLDER);
    assert_kind("file", ELBO__FILE);
    assert_kind("link", ELBO__FILE);
    assert_kind("dangling", ELBO__NOTHING);
    assert_kind("missing", ELBO__NOTHING);
}
END_TEST

START_TEST(what_cannot_be_told_has_the_systems_reason)
{
    elbo__kind kind;
    char longer[300];
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    ck_assert_int_eq(symlink("loop", scratch_path("loop")), 0);
    assert_error(elbo__kind_of(scratch_path("loop"), &kind), ELBO_IO, scratch_path("loop"),
                 "Too many levels of symbolic links");
    assert_error(elbo__kind_of(scratch_path(longer), &kind), ELBO_IO, scratch_path(""), "File name too long");
    scratch_write("file", "", 0);
    assert_error(elbo__kind_of(scratch_path("file/more"), &kind), ELBO_IO, scratch_path("file"), "Not a directory");
}
END_TEST

/* Names can be listed there, but not what they are: half of the classes would be missing. As root, who may look
 * anywhere, in the skin of another user. */
START_TEST(a_folder_without_permission_is_named)
{
    const bool root = geteuid() == 0;
    elbo_images data;
    elbo__kind kind;
    bool found;
    mkdir(scratch_path("train"), 0777);
    mkdir(scratch_path("train/cat"), 0777);
    ck_assert_int_eq(chmod(scratch_path(""), 0755), 0);
    ck_assert_int_eq(chmod(scratch_path("train"), 0444), 0);
    if (root)
        ck_assert_int_eq(seteuid(65534), 0);
    assert_error(elbo__kind_of(scratch_path("train/cat"), &kind), ELBO_IO, scratch_path("train/cat"),
                 "Permission denied");
    assert_error(elbo_images_load(scratch_path(""), "train", 0, &data), ELBO_IO, scratch_path("train/cat"),
                 "Permission denied");
    assert_error(elbo_images_find(scratch_path(""), "test", &found), ELBO_IO, scratch_path("train/cat"),
                 "Permission denied");
    if (root)
        ck_assert_int_eq(seteuid(0), 0);
    chmod(scratch_path("train"), 0777);
}
END_TEST

static elbo_status list_scratch(void)
{
    elbo__listing list;
    elbo_status status = elbo__list_folder(scratch_path(""), &list);
    elbo__listing_free(&list);
    return status;
}

START_TEST(listing_survives_failing_allocations)
{
    scratch_write("a", "", 0);
    scratch_write("b", "", 0);
    assert_survives_failing_allocations(list_scratch);
}
END_TEST

Suite *suite_io_listing(void)
{
    Suite *suite = suite_create("io_listing");
    TCase *folders = tcase_create("folders");
    tcase_add_checked_fixture(folders, scratch_setup, scratch_teardown);
    tcase_add_test(folders, a_folder_is_listed_in_the_order_of_its_names);
    tcase_add_test(folders, a_folder_that_breaks_off_is_an_error);
    tcase_add_test(folders, images_of_a_folder_that_breaks_off_are_an_error);
    tcase_add_test(folders, a_folder_that_cannot_be_opened_is_named);
    tcase_add_test(folders, what_is_at_a_path_is_told_through_links);
    tcase_add_test(folders, what_cannot_be_told_has_the_systems_reason);
    tcase_add_test(folders, a_folder_without_permission_is_named);
    tcase_add_test(folders, listing_survives_failing_allocations);
    suite_add_tcase(suite, folders);
    return suite;
}
