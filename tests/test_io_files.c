/* Writing files whole or not at all, folders, reading whole files. */
#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../io/bytes.h"
#include "../io/file.h"
#include "../tensor/memory.h"
#include "scratch.h"
#include "suites.h"

static elbo_status write_text(const char *path, const char *text)
{
    elbo__writer *out;
    elbo_status status = elbo__writer_open(path, &out);
    if (status != ELBO_OK)
        return status;
    elbo__write(out, text, strlen(text));
    return elbo__writer_commit(out);
}

/* ---- writing ----------------------------------------------------------------------------------------------------- */

START_TEST(a_committed_file_holds_what_was_written)
{
    ck_assert_int_eq(write_text(scratch_path("a"), "hello"), ELBO_OK);
    scratch_assert_bytes("a", "hello", 5);
    ck_assert_int_eq(write_text(scratch_path("a"), "bye"), ELBO_OK);
    scratch_assert_bytes("a", "bye", 3);
    ck_assert_int_eq(scratch_entries(), 1);
}
END_TEST

/* Pieces of every size around that of the writer's buffer (64 KiB). */
START_TEST(pieces_of_any_size_follow_each_other)
{
    enum { MOST = 400000 };
    unsigned char *expected = malloc(MOST);
    for (int i = 0; i < MOST; i++)
        expected[i] = (unsigned char)(i * 7 + i / 251);
    static const size_t pieces[] = {0, 1, 65535, 1, 65536, 65537, 3, 0, 131072, 70000, 851};
    elbo__writer *out;
    ck_assert_int_eq(elbo__writer_open(scratch_path("a"), &out), ELBO_OK);
    size_t size = 0;
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        elbo__write(out, expected + size, pieces[i]);
        size += pieces[i];
    }
    ck_assert_int_eq(elbo__writer_commit(out), ELBO_OK);
    ck_assert_uint_le(size, MOST);
    scratch_assert_bytes("a", expected, size);
    free(expected);
}
END_TEST

START_TEST(the_old_file_stands_until_the_commit)
{
    scratch_write("a", "old", 3);
    elbo__writer *out;
    ck_assert_int_eq(elbo__writer_open(scratch_path("a"), &out), ELBO_OK);
    elbo__write(out, "new", 3);
    scratch_assert_bytes("a", "old", 3);
    ck_assert_int_eq(elbo__writer_commit(out), ELBO_OK);
    scratch_assert_bytes("a", "new", 3);
}
END_TEST

START_TEST(an_aborted_file_leaves_nothing)
{
    scratch_write("a", "old", 3);
    elbo__writer *out;
    ck_assert_int_eq(elbo__writer_open(scratch_path("a"), &out), ELBO_OK);
    elbo__write(out, "new", 3);
    elbo__writer_abort(out);
    elbo__writer_abort(NULL);
    scratch_assert_bytes("a", "old", 3);
    ck_assert_int_eq(scratch_entries(), 1);
}
END_TEST

/* The limits fall before, within and between the writes of the buffer. */
START_TEST(a_full_disk_leaves_the_old_file)
{
    static const size_t limits[] = {0, 1, 65535, 65536, 99999};
    char *bytes = calloc(1, 100000);
    scratch_write("a", "old", 3);
    elbo__writer *out;
    ck_assert_int_eq(elbo__writer_open(scratch_path("a"), &out), ELBO_OK);
    scratch_disk_full(limits[_i]);
    for (int i = 0; i < 100; i++)
        elbo__write(out, bytes, 1000);
    elbo_status status = elbo__writer_commit(out);
    scratch_disk_free();
    assert_error(status, ELBO_IO, scratch_path("a"), "cannot write: File too large");
    scratch_assert_bytes("a", "old", 3);
    ck_assert_int_eq(scratch_entries(), 1);
    free(bytes);
}
END_TEST

START_TEST(a_failed_rename_is_reported)
{
    elbo__writer *out;
    ck_assert_int_eq(elbo__writer_open(scratch_path("a"), &out), ELBO_OK);
    elbo__write(out, "new", 3);
    ck_assert_int_eq(mkdir(scratch_path("a"), 0777), 0);
    assert_error(elbo__writer_commit(out), ELBO_IO, scratch_path("a"), "cannot write");
    ck_assert_int_eq(scratch_entries(), 1);
}
END_TEST

/* A pipe in the test's own folder stands for everything that is no regular file. Never a device of the machine: run as
 * root, a broken writer would put a regular file in its place. */
START_TEST(a_pipe_is_written_to_and_stays_a_pipe)
{
    char text[8] = "";
    struct stat info;
    ck_assert_int_eq(mkfifo(scratch_path("pipe"), 0600), 0);
    int reader = open(scratch_path("pipe"), O_RDONLY | O_NONBLOCK);
    ck_assert_int_ge(reader, 0);
    ck_assert_int_eq(write_text(scratch_path("pipe"), "hello"), ELBO_OK);
    ck_assert_int_eq(read(reader, text, sizeof text), 5);
    ck_assert_str_eq(text, "hello");

    elbo__writer *out;
    void (*old_handler)(int) = signal(SIGPIPE, SIG_IGN);
    ck_assert_int_eq(elbo__writer_open(scratch_path("pipe"), &out), ELBO_OK);
    close(reader);
    elbo__write(out, "gone", 4);
    assert_error(elbo__writer_commit(out), ELBO_IO, scratch_path("pipe"), "cannot write: Broken pipe");
    signal(SIGPIPE, old_handler);
    ck_assert(stat(scratch_path("pipe"), &info) == 0 && S_ISFIFO(info.st_mode));
    ck_assert_int_eq(scratch_entries(), 1);
}
END_TEST

START_TEST(a_link_is_followed)
{
    scratch_write("file", "old", 3);
    ck_assert_int_eq(symlink("file", scratch_path("link")), 0);
    ck_assert_int_eq(write_text(scratch_path("link"), "new"), ELBO_OK);
    struct stat info;
    ck_assert(lstat(scratch_path("link"), &info) == 0 && S_ISLNK(info.st_mode));
    scratch_assert_bytes("file", "new", 3);
    ck_assert_int_eq(scratch_entries(), 2);
}
END_TEST

START_TEST(permissions_are_kept)
{
    struct stat info;
    mode_t mask = umask(022);
    ck_assert_int_eq(write_text(scratch_path("a"), "x"), ELBO_OK);
    ck_assert(stat(scratch_path("a"), &info) == 0 && (info.st_mode & 0777) == 0644);
    ck_assert_int_eq(chmod(scratch_path("a"), 0620), 0);
    ck_assert_int_eq(write_text(scratch_path("a"), "y"), ELBO_OK);
    ck_assert(stat(scratch_path("a"), &info) == 0 && (info.st_mode & 0777) == 0620);
    umask(mask);
}
END_TEST

/* A killed process leaves its temporary file; one with the same number comes by later. */
START_TEST(temporary_files_of_others_are_not_touched)
{
    char name[64];
    for (int i = 0; i < 2; i++) {
        snprintf(name, sizeof name, "a.tmp-%ld-%d", (long)getpid(), i);
        scratch_write(name, "other", 5);
    }
    ck_assert_int_eq(write_text(scratch_path("a"), "mine"), ELBO_OK);
    scratch_assert_bytes("a", "mine", 4);
    scratch_assert_bytes(name, "other", 5);
    ck_assert_int_eq(scratch_entries(), 3);
}
END_TEST

START_TEST(what_cannot_be_written_is_named)
{
    scratch_write("file", "", 0);
    ck_assert_int_eq(mkdir(scratch_path("folder"), 0777), 0);
    static const struct {
        const char *name, *reason;
    } rows[] = {
        {"missing/a", "No such file or directory"},
        {"file/a", "Not a directory"},
        {"folder", "is a folder"},
        {"loop", "Too many levels of symbolic links"},
    };
    ck_assert_int_eq(symlink("loop", scratch_path("loop")), 0);
    const char *path = scratch_path(rows[_i].name);
    assert_error(write_text(path, "x"), ELBO_IO, path, rows[_i].reason);
    ck_assert_int_eq(scratch_entries(), 3);
}
END_TEST

/* As root, who may write anywhere, in the skin of another user. */
START_TEST(a_folder_without_permission_is_named)
{
    const bool root = geteuid() == 0;
    ck_assert_int_eq(mkdir(scratch_path("folder"), 0777), 0);
    ck_assert_int_eq(chmod(scratch_path(""), 0755), 0);
    ck_assert_int_eq(chmod(scratch_path("folder"), 0555), 0);
    if (root)
        ck_assert_int_eq(seteuid(65534), 0);
    elbo_status status = write_text(scratch_path("folder/a"), "x");
    elbo_status folder_status = elbo__make_folders(scratch_path("folder/b/c"), NULL);
    if (root)
        ck_assert_int_eq(seteuid(0), 0);
    assert_error(folder_status, ELBO_IO, scratch_path("folder/b"), "cannot make the folder: Permission denied");
    ck_assert_int_eq(status, ELBO_IO);
    ck_assert(!scratch_exists("folder/a"));
}
END_TEST

static elbo_status write_some(void)
{
    return write_text(scratch_path("a"), "new");
}

START_TEST(writing_survives_failing_allocations)
{
    assert_survives_failing_allocations(write_some);
    scratch_assert_bytes("a", "new", 3);
    ck_assert_int_eq(scratch_entries(), 1);
}
END_TEST

/* ---- folders and whole files ------------------------------------------------------------------------------------- */

START_TEST(folders_are_made_with_those_above)
{
    ck_assert_int_eq(elbo__make_folders(scratch_path("a/b//c/"), NULL), ELBO_OK);
    ck_assert_int_eq(elbo__make_folders(scratch_path("a/b/c"), NULL), ELBO_OK);
    ck_assert_int_eq(elbo__make_folders("/", NULL), ELBO_OK);
    ck_assert_int_eq(elbo__make_folders("//", NULL), ELBO_OK);
    ck_assert(scratch_exists("a/b/c"));
    bool made;
    ck_assert_int_eq(elbo__make_folders(scratch_path("a/b/d"), &made), ELBO_OK);
    ck_assert(made);
    ck_assert_int_eq(elbo__make_folders(scratch_path("a/b/d"), &made), ELBO_OK);
    ck_assert(!made);
    ck_assert_int_eq(elbo__make_folders(scratch_path("a/b/e//"), &made), ELBO_OK);
    ck_assert(made);
    scratch_write("a/file", "", 0);
    assert_error(elbo__make_folders(scratch_path("a/file"), NULL), ELBO_IO, scratch_path("a/file"), "is a file");
    assert_error(elbo__make_folders(scratch_path("a/file/b"), NULL), ELBO_IO, scratch_path("a/file"), "is a file");
}
END_TEST

/* The system's own reason, whatever it was that failed: a loop of links, a name that is too long, a file on the way. */
START_TEST(a_path_that_leads_nowhere_is_refused_with_the_reason_of_the_system)
{
    char longest[300];
    memset(longest, 'n', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    scratch_write("file", "", 0);
    ck_assert_int_eq(symlink("loop", scratch_path("loop")), 0);
    const struct {
        const char *path;
        const char *reason;
    } cases[] = {{"loop", "Too many levels of symbolic links"},
                 {"loop/a", "Too many levels of symbolic links"},
                 {longest, "File name too long"},
                 {"file/a", "Not a directory"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *path = scratch_path(cases[i].path), *reason = cases[i].reason;
        assert_error(write_text(path, "x"), ELBO_IO, path, reason);
        if (i < 3) /* a file on the way is said to be one */
            ck_assert_msg(elbo__make_folders(path, NULL) == ELBO_IO && strstr(elbo_error(), reason), "%s",
                          elbo_error());
    }
    ck_assert_int_eq(scratch_entries(), 2);
}
END_TEST

START_TEST(a_name_may_be_as_long_as_the_file_system_allows)
{
    char name[256];
    memset(name, 'n', 255);
    name[255] = '\0';
    ck_assert_int_eq(write_text(scratch_path(name), "x"), ELBO_OK);
    scratch_assert_bytes(name, "x", 1);
    ck_assert_int_eq(scratch_entries(), 1);
}
END_TEST

START_TEST(a_file_is_read_up_to_the_limit)
{
    static const size_t sizes[] = {0, 1, 7, 4094, 4095, 4096, 4097, 20000};
    const size_t size = sizes[_i];
    char *bytes = malloc(size + 1), *text;
    memset(bytes, 'x', size);
    scratch_write("a", bytes, size);
    size_t found;
    ck_assert_int_eq(elbo__file_read(scratch_path("a"), size, &text, &found), ELBO_OK);
    ck_assert_uint_eq(found, size);
    ck_assert_mem_eq(text, bytes, size);
    ck_assert_int_eq(text[size], '\0');
    elbo__free(text);
    if (size > 0) {
        assert_error(elbo__file_read(scratch_path("a"), size - 1, &text, &found), ELBO_FORMAT, scratch_path("a"),
                     "is larger than");
        ck_assert_ptr_null(text);
    }
    free(bytes);
}
END_TEST

START_TEST(what_cannot_be_read_is_named)
{
    char *text;
    size_t size;
    assert_error(elbo__file_read(scratch_path("a"), 10, &text, &size), ELBO_IO, scratch_path("a"), "No such file");
    assert_error(elbo__file_read(scratch_path(""), 10, &text, &size), ELBO_IO, scratch_path(""), "Is a directory");
}
END_TEST

/* ---- bytes ------------------------------------------------------------------------------------------------------- */

/* The vectors published with the algorithm. */
START_TEST(the_hash_is_fnv_1a)
{
    ck_assert_uint_eq(elbo__hash(ELBO__HASH_START, "", 0), UINT64_C(0xcbf29ce484222325));
    ck_assert_uint_eq(elbo__hash(ELBO__HASH_START, "a", 1), UINT64_C(0xaf63dc4c8601ec8c));
    ck_assert_uint_eq(elbo__hash(ELBO__HASH_START, "foobar", 6), UINT64_C(0x85944171f73967e8));
    ck_assert_uint_eq(elbo__hash(elbo__hash(ELBO__HASH_START, "foo", 3), "bar", 3), UINT64_C(0x85944171f73967e8));
}
END_TEST

START_TEST(text_from_a_file_is_made_fit_for_one_line)
{
    char text[65];
    ck_assert_str_eq(elbo__excerpt_of("a\nb\x1b[31m\x7f\xc3\xa9").text, "a?b?[31m?\xc3\xa9");
    memset(text, 'x', 64);
    text[64] = '\0';
    ck_assert_uint_eq(strlen(elbo__excerpt_of(text).text), 63);
    ck_assert_str_eq(elbo__excerpt_of(text).text + 59, "x...");
    text[60] = '\0';
    ck_assert_str_eq(elbo__excerpt_of(text).text, text);
}
END_TEST

Suite *suite_io_files(void)
{
    Suite *suite = suite_create("io_files");

    TCase *writing = tcase_create("writing");
    tcase_add_checked_fixture(writing, scratch_setup, scratch_teardown);
    tcase_add_test(writing, a_committed_file_holds_what_was_written);
    tcase_add_test(writing, pieces_of_any_size_follow_each_other);
    tcase_add_test(writing, the_old_file_stands_until_the_commit);
    tcase_add_test(writing, an_aborted_file_leaves_nothing);
    tcase_add_loop_test(writing, a_full_disk_leaves_the_old_file, 0, 5);
    tcase_add_test(writing, a_failed_rename_is_reported);
    tcase_add_test(writing, a_pipe_is_written_to_and_stays_a_pipe);
    tcase_add_test(writing, a_link_is_followed);
    tcase_add_test(writing, permissions_are_kept);
    tcase_add_test(writing, temporary_files_of_others_are_not_touched);
    tcase_add_loop_test(writing, what_cannot_be_written_is_named, 0, 4);
    tcase_add_test(writing, a_folder_without_permission_is_named);
    tcase_add_test(writing, a_path_that_leads_nowhere_is_refused_with_the_reason_of_the_system);
    tcase_add_test(writing, a_name_may_be_as_long_as_the_file_system_allows);
    tcase_add_test(writing, writing_survives_failing_allocations);
    suite_add_tcase(suite, writing);

    TCase *reading = tcase_create("folders and reading");
    tcase_add_checked_fixture(reading, scratch_setup, scratch_teardown);
    tcase_add_test(reading, folders_are_made_with_those_above);
    tcase_add_loop_test(reading, a_file_is_read_up_to_the_limit, 0, 8);
    tcase_add_test(reading, what_cannot_be_read_is_named);
    suite_add_tcase(suite, reading);

    TCase *bytes = tcase_create("bytes");
    tcase_add_test(bytes, the_hash_is_fnv_1a);
    tcase_add_test(bytes, text_from_a_file_is_made_fit_for_one_line);
    suite_add_tcase(suite, bytes);
    return suite;
}
