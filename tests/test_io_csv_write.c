/* CSV of words and numbers, written as a whole. */
#include <check.h>
#include <math.h>
#include <string.h>

#include "../io/csv_write.h"
#include "scratch.h"
#include "suites.h"

static void assert_text(const char *text)
{
    scratch_assert_bytes("a.csv", text, strlen(text));
}

static elbo__csv_writer *open_csv(void)
{
    elbo__csv_writer *csv;
    ck_assert_int_eq(elbo__csv_writer_open(scratch_path("a.csv"), &csv), ELBO_OK);
    return csv;
}

START_TEST(fields_stand_between_commas_and_are_quoted_where_they_must_be)
{
    static const char *const words[] = {"plain", "a b", "a,b", "say \"a\"", "two\nlines", " blank", "blank ", ""};
    elbo__csv_writer *csv = open_csv();
    for (int i = 0; i < 8; i++)
        elbo__csv_words(csv, words[i]);
    elbo__csv_end_line(csv);
    elbo__csv_count(csv, "z", 12);
    elbo__csv_count(csv, "", -3);
    elbo__csv_end_line(csv);
    ck_assert_int_eq(elbo__csv_writer_commit(csv), ELBO_OK);
    assert_text("plain,a b,\"a,b\",\"say \"\"a\"\"\",\"two\nlines\",\" blank\",\"blank \",\"\"\nz12,-3\n");
}
END_TEST

START_TEST(numbers_of_f32_keep_all_their_digits)
{
    static const double numbers[] = {0.1f, -1e-45f, 3.40282347e38f, 0, NAN, -NAN, INFINITY, -INFINITY};
    elbo__csv_writer *csv = open_csv();
    for (int i = 0; i < 8; i++)
        elbo__csv_put_number(csv, numbers[i]);
    elbo__csv_end_line(csv);
    ck_assert_int_eq(elbo__csv_writer_commit(csv), ELBO_OK);
    assert_text("0.100000001,-1.40129846e-45,3.40282347e+38,0,nan,nan,inf,-inf\n");
}
END_TEST

START_TEST(what_is_given_up_leaves_the_old_file)
{
    scratch_write("a.csv", "old", 3);
    elbo__csv_writer *csv = open_csv();
    elbo__csv_words(csv, "new");
    elbo__csv_writer_abort(csv);
    elbo__csv_writer_abort(NULL);
    assert_text("old");
    ck_assert_int_eq(scratch_entries(), 1);
    assert_error(elbo__csv_writer_open(scratch_path("nowhere/a.csv"), &csv), ELBO_IO, scratch_path("nowhere/a.csv"),
                 "");
    ck_assert_ptr_null(csv);
}
END_TEST

static elbo_status write_all(void)
{
    elbo__csv_writer *csv;
    elbo_status status = elbo__csv_writer_open(scratch_path("a.csv"), &csv);
    if (status != ELBO_OK)
        return status;
    elbo__csv_words(csv, "a");
    elbo__csv_end_line(csv);
    return elbo__csv_writer_commit(csv);
}

START_TEST(writing_survives_failing_allocations)
{
    assert_survives_failing_allocations(write_all);
}
END_TEST

Suite *suite_io_csv_write(void)
{
    Suite *suite = suite_create("io_csv_write");
    TCase *csv = tcase_create("csv");
    tcase_add_checked_fixture(csv, scratch_setup, scratch_teardown);
    tcase_add_test(csv, fields_stand_between_commas_and_are_quoted_where_they_must_be);
    tcase_add_test(csv, numbers_of_f32_keep_all_their_digits);
    tcase_add_test(csv, what_is_given_up_leaves_the_old_file);
    tcase_add_test(csv, writing_survives_failing_allocations);
    suite_add_tcase(suite, csv);
    return suite;
}
