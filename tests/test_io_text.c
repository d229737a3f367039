/* metrics.csv and config.ini. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../io/csv.h"
#include "../io/ini.h"
#include "scratch.h"
#include "suites.h"

static void assert_text(const char *name, const char *text)
{
    scratch_assert_bytes(name, text, strlen(text));
}

static void write_text(const char *name, const char *text)
{
    scratch_write(name, text, strlen(text));
}

/* ---- CSV --------------------------------------------------------------------------------------------------------- */

static const char *const columns[] = {"epoch", "loss", "elbo"};

static elbo_csv *open_csv(void)
{
    elbo_csv *csv;
    ck_assert_int_eq(elbo_csv_open(scratch_path("a"), columns, 3, &csv), ELBO_OK);
    return csv;
}

START_TEST(rows_follow_the_header)
{
    elbo_csv *csv = open_csv();
    assert_text("a", "epoch,loss,elbo\n");
    ck_assert_int_eq(elbo_csv_row(csv, (elbo_number[]){{"epoch", 1}, {"loss", 164.25}}, 2), ELBO_OK);
    assert_text("a", "epoch,loss,elbo\n1,164.25,\n"); /* at once, not at the close */
    ck_assert_int_eq(elbo_csv_row(csv, (elbo_number[]){{"elbo", -105.5}, {"epoch", 2}}, 2), ELBO_OK);
    ck_assert_int_eq(elbo_csv_row(csv, NULL, 0), ELBO_OK);
    elbo_csv_close(csv);
    elbo_csv_close(NULL);
    assert_text("a", "epoch,loss,elbo\n1,164.25,\n2,,-105.5\n,,\n");
}
END_TEST

START_TEST(numbers_have_nine_digits)
{
    elbo_csv *csv = open_csv();
    const elbo_number rows[][3] = {
        {{"epoch", 999999999}, {"loss", 1.0 / 3}, {"elbo", -1e-300}},
        {{"epoch", 0.1}, {"loss", INFINITY}, {"elbo", -INFINITY}},
        {{"epoch", NAN}, {"loss", -NAN}, {"elbo", -0.0}}, /* not the same as no number */
        {{"epoch", -1.7976931348623157e308}, {"loss", -2.2250738585072014e-308}, {"elbo", -123456789.5}},
    };
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(elbo_csv_row(csv, rows[i], 3), ELBO_OK);
    elbo_csv_close(csv);
    assert_text("a", "epoch,loss,elbo\n999999999,0.333333333,-1e-300\n0.1,inf,-inf\nnan,nan,-0\n"
                     "-1.79769313e+308,-2.22507386e-308,-123456790\n");
}
END_TEST

START_TEST(a_table_is_continued)
{
    write_text("a", "epoch,loss,elbo\n1,2,3\n");
    elbo_csv *csv = open_csv();
    ck_assert_int_eq(elbo_csv_row(csv, (elbo_number[]){{"epoch", 2}}, 1), ELBO_OK);
    elbo_csv_close(csv);
    assert_text("a", "epoch,loss,elbo\n1,2,3\n2,,\n");
}
END_TEST

START_TEST(a_torn_row_is_cut_off)
{
    static const char *const rows[] = {"1,2,3\n4,5", "1,2,3\n4,5,6", "4", "1,2,3\n"};
    static const char *const kept[] = {"1,2,3\n", "1,2,3\n", "", "1,2,3\n"};
    char text[64];
    snprintf(text, sizeof text, "epoch,loss,elbo\n%s", rows[_i]);
    write_text("a", text);
    elbo_csv *csv = open_csv();
    ck_assert_int_eq(elbo_csv_row(csv, (elbo_number[]){{"epoch", 7}}, 1), ELBO_OK);
    elbo_csv_close(csv);
    snprintf(text, sizeof text, "epoch,loss,elbo\n%s7,,\n", kept[_i]);
    assert_text("a", text);
}
END_TEST

START_TEST(an_other_table_is_left_alone)
{
    static const char *const texts[] = {"epoch,loss\n1,2\n",
                                        "epoch,elbo,loss\n",
                                        "epoch,loss,elbo,kl\n",
                                        "epoch,loss,elbo\r\n",
                                        "epoch,loss,elb",
                                        "epoch,loss,elbo",
                                        "\n",
                                        "x"};
    elbo_csv *csv;
    write_text("a", texts[_i]);
    assert_error(elbo_csv_open(scratch_path("a"), columns, 3, &csv), ELBO_FORMAT, scratch_path("a"),
                 ", not \"epoch,loss,elbo\"");
    ck_assert_ptr_null(csv);
    assert_text("a", texts[_i]);
}
END_TEST

START_TEST(columns_that_cannot_be_told_apart_are_refused)
{
    static const struct {
        const char *names[2];
        const char *reason;
    } rows[] = {
        {{"a", "a"}, "the column \"a\" stands twice"}, {{"a", ""}, "\"\" cannot be the name"},
        {{"a", "b,c"}, "\"b,c\" cannot be the name"},  {{"a", "b\nc"}, "\"b?c\" cannot be the name"},
        {{"\"a\"", "b"}, "cannot be the name"},
    };
    elbo_csv *csv;
    assert_error(elbo_csv_open(scratch_path("a"), rows[_i].names, 2, &csv), ELBO_INVALID, scratch_path("a"),
                 rows[_i].reason);
    assert_error(elbo_csv_open(scratch_path("a"), rows[_i].names, 0, &csv), ELBO_INVALID, scratch_path("a"),
                 "at least one column");
    ck_assert_int_eq(scratch_entries(), 0);
}
END_TEST

START_TEST(an_unknown_column_is_named_and_nothing_is_written)
{
    elbo_csv *csv = open_csv();
    assert_error(elbo_csv_row(csv, (elbo_number[]){{"epoch", 1}, {"kl", 2}}, 2), ELBO_INVALID, scratch_path("a"),
                 "has no column \"kl\"");
    elbo_csv_close(csv);
    assert_text("a", "epoch,loss,elbo\n");
}
END_TEST

/* The header has 16 bytes and a row 6: the disk has room for a part of the second row. */
START_TEST(a_row_that_does_not_fit_the_disk_leaves_the_table_whole)
{
    elbo_csv *csv = open_csv();
    const elbo_number row[] = {{"epoch", 1}, {"loss", 2}, {"elbo", 3}};
    scratch_disk_full(25);
    elbo_status first = elbo_csv_row(csv, row, 3), second = elbo_csv_row(csv, row, 3);
    scratch_disk_free();
    ck_assert_int_eq(first, ELBO_OK);
    assert_error(second, ELBO_IO, scratch_path("a"), "cannot write");
    assert_text("a", "epoch,loss,elbo\n1,2,3\n");
    ck_assert_int_eq(elbo_csv_row(csv, row, 3), ELBO_OK); /* there is room again */
    elbo_csv_close(csv);
    assert_text("a", "epoch,loss,elbo\n1,2,3\n1,2,3\n");
}
END_TEST

START_TEST(a_table_that_cannot_be_written_is_named)
{
    elbo_csv *csv;
    scratch_disk_full(3);
    elbo_status status = elbo_csv_open(scratch_path("a"), columns, 3, &csv);
    scratch_disk_free();
    assert_error(status, ELBO_IO, scratch_path("a"), "cannot write");
    ck_assert_ptr_null(csv);
    assert_text("a", ""); /* no half of a header */
    assert_error(elbo_csv_open(scratch_path("b/a"), columns, 3, &csv), ELBO_IO, scratch_path("b/a"), "No such file");
    assert_error(elbo_csv_open(scratch_path(""), columns, 3, &csv), ELBO_IO, scratch_path(""), "Is a directory");
}
END_TEST

static elbo_status write_table(void)
{
    elbo_csv *csv;
    elbo_status status = elbo_csv_open(scratch_path("a"), columns, 3, &csv);
    if (status == ELBO_OK)
        status = elbo_csv_row(csv, (elbo_number[]){{"epoch", 1}}, 1);
    elbo_csv_close(csv);
    return status;
}

START_TEST(tables_survive_failing_allocations)
{
    assert_survives_failing_allocations(write_table);
}
END_TEST

/* ---- ini --------------------------------------------------------------------------------------------------------- */

START_TEST(keys_and_comments_are_written_in_order)
{
    elbo_ini ini = {0};
    ck_assert_int_eq(elbo_ini_comment(&ini, "written by hand"), ELBO_OK);
    ck_assert_int_eq(elbo_ini_set(&ini, "latent-dim", "20"), ELBO_OK);
    ck_assert_int_eq(elbo_ini_set(&ini, "data", "/a folder/with = and # in it"), ELBO_OK);
    ck_assert_int_eq(elbo_ini_set(&ini, "empty", ""), ELBO_OK);
    ck_assert_int_eq(elbo_ini_set(&ini, "latent-dim", "32"), ELBO_OK); /* keeps its place */
    ck_assert_int_eq(elbo_ini_write(scratch_path("a"), &ini), ELBO_OK);
    assert_text("a", "# written by hand\nlatent-dim = 32\ndata = /a folder/with = and # in it\nempty = \n");
    elbo_ini_free(&ini);
    ck_assert_uint_eq(ini.count, 0);
    elbo_ini_free(&ini);
    elbo_ini_free(NULL);

    ck_assert_int_eq(elbo_ini_read(scratch_path("a"), &ini), ELBO_OK);
    ck_assert_uint_eq(ini.count, 4);
    ck_assert_str_eq(elbo_ini_get(&ini, "latent-dim"), "32");
    ck_assert_str_eq(elbo_ini_get(&ini, "data"), "/a folder/with = and # in it");
    ck_assert_str_eq(elbo_ini_get(&ini, "empty"), "");
    ck_assert_ptr_null(elbo_ini_get(&ini, "latent"));
    elbo_ini_free(&ini);
}
END_TEST

START_TEST(what_people_type_is_understood)
{
    elbo_ini ini;
    write_text("a", "\r\n\t #a comment # still\r\n\n  lr\t=  0.001 \t\nA.b_c-1=\t\nx==y\nlast = z");
    ck_assert_int_eq(elbo_ini_read(scratch_path("a"), &ini), ELBO_OK);
    static const elbo_ini_entry expected[] = {
        {NULL, "a comment # still", 2}, {"lr", "0.001", 4}, {"A.b_c-1", "", 5}, {"x", "=y", 6}, {"last", "z", 7},
    };
    ck_assert_uint_eq(ini.count, 5);
    for (int i = 0; i < 5; i++) {
        ck_assert_pstr_eq(ini.entries[i].key, expected[i].key);
        ck_assert_str_eq(ini.entries[i].value, expected[i].value);
        ck_assert_int_eq(ini.entries[i].line, expected[i].line);
    }
    elbo_ini_free(&ini);
    write_text("a", "");
    ck_assert_int_eq(elbo_ini_read(scratch_path("a"), &ini), ELBO_OK);
    ck_assert_uint_eq(ini.count, 0);
    elbo_ini_free(&ini);
}
END_TEST

START_TEST(a_broken_line_is_named_by_its_number)
{
    static const struct {
        const char *text, *reason;
    } rows[] = {
        {"a = 1\n\na = 2\n", "line 3: \"a\" stands on line 1 already"},
        {"a = 1\nb\n", "line 2: expected key = value, got \"b\""},
        {"[section]\n", "line 1: expected key = value, got \"[section]\""},
        {"= 1\n", "line 1: \"\" cannot be a key"},
        {"a b = 1\n", "line 1: \"a b\" cannot be a key"},
        {"a\"b = 1\n", "cannot be a key"},
        {"\xef\xbb\xbf"
         "a = 1\n",
         "line 1"},
        {"a = 1\rb = 2\n", "line 1: holds a control character"},
        {"# \x1b[2J\n", "line 1: holds a control character"},
        {"a = \x7f\n", "line 1: holds a control character"},
    };
    ck_assert_int_lt(_i, (int)(sizeof rows / sizeof rows[0]));
    elbo_ini ini;
    write_text("a", rows[_i].text);
    assert_error(elbo_ini_read(scratch_path("a"), &ini), ELBO_FORMAT, scratch_path("a"), rows[_i].reason);
    ck_assert_uint_eq(ini.count, 0);
    ck_assert_ptr_null(ini.entries);
}
END_TEST

START_TEST(what_is_no_ini_file_is_refused)
{
    elbo_ini ini;
    assert_error(elbo_ini_read(scratch_path("a"), &ini), ELBO_IO, scratch_path("a"), "No such file or directory");
    assert_error(elbo_ini_read(scratch_path(""), &ini), ELBO_IO, scratch_path(""), "Is a directory");
    scratch_write("a", "a = 1\n\0b = 2\n", 13);
    assert_error(elbo_ini_read(scratch_path("a"), &ini), ELBO_FORMAT, scratch_path("a"), "not a text file");
    assert_error(elbo_ini_read("/dev/zero", &ini), ELBO_FORMAT, "/dev/zero", "is larger than 65536 bytes");
}
END_TEST

START_TEST(what_a_line_cannot_hold_is_refused)
{
    elbo_ini ini = {0};
    assert_error(elbo_ini_set(&ini, "", "1"), ELBO_INVALID, "\"\" cannot be a key", "");
    assert_error(elbo_ini_set(&ini, "a=b", "1"), ELBO_INVALID, "\"a=b\" cannot be a key", "");
    assert_error(elbo_ini_set(&ini, "#a", "1"), ELBO_INVALID, "\"#a\" cannot be a key", "");
    assert_error(elbo_ini_set(&ini, "a", "1\n2"), ELBO_INVALID, "a: ", "cannot hold the value \"1?2\"");
    assert_error(elbo_ini_set(&ini, "a", " 1"), ELBO_INVALID, "a: ", "cannot hold the value \" 1\"");
    assert_error(elbo_ini_set(&ini, "a", "1\t"), ELBO_INVALID, "a: ", "cannot hold the value");
    assert_error(elbo_ini_comment(&ini, "1\n2"), ELBO_INVALID, "an ini file cannot hold the comment", "1?2");
    ck_assert_uint_eq(ini.count, 0);
}
END_TEST

START_TEST(a_full_disk_leaves_the_old_ini_file)
{
    elbo_ini ini = {0};
    ck_assert_int_eq(elbo_ini_set(&ini, "a", "1"), ELBO_OK);
    scratch_write("a", "old", 3);
    scratch_disk_full(3);
    elbo_status status = elbo_ini_write(scratch_path("a"), &ini);
    scratch_disk_free();
    assert_error(status, ELBO_IO, scratch_path("a"), "cannot write");
    assert_text("a", "old");
    elbo_ini_free(&ini);
}
END_TEST

static elbo_status copy_ini(void)
{
    elbo_ini ini;
    elbo_status status = elbo_ini_read(scratch_path("a"), &ini);
    if (status == ELBO_OK)
        status = elbo_ini_set(&ini, "a", "3");
    if (status == ELBO_OK)
        status = elbo_ini_set(&ini, "new", "4");
    if (status == ELBO_OK)
        status = elbo_ini_write(scratch_path("b"), &ini);
    elbo_ini_free(&ini);
    return status;
}

START_TEST(ini_files_survive_failing_allocations)
{
    write_text("a", "# comment\na = 1\nb = 2\n");
    assert_survives_failing_allocations(copy_ini);
    assert_text("b", "# comment\na = 3\nb = 2\nnew = 4\n");
}
END_TEST

/* What is read can be written, and reads the same again. */
static void read_mutant(const char *path)
{
    elbo_ini ini, again;
    elbo_status status = elbo_ini_read(path, &ini);
    if (status != ELBO_OK) {
        assert_error(status, ELBO_FORMAT, path, ": ");
        ck_assert_uint_eq(ini.count, 0);
        return;
    }
    ck_assert_int_eq(elbo_ini_write(scratch_path("again"), &ini), ELBO_OK);
    ck_assert_int_eq(elbo_ini_read(scratch_path("again"), &again), ELBO_OK);
    ck_assert_uint_eq(again.count, ini.count);
    for (size_t i = 0; i < ini.count; i++) {
        ck_assert_pstr_eq(again.entries[i].key, ini.entries[i].key);
        ck_assert_str_eq(again.entries[i].value, ini.entries[i].value);
    }
    elbo_ini_free(&again);
    elbo_ini_free(&ini);
}

START_TEST(mutants_are_refused_or_valid)
{
    static const char text[] = "# comment\nlatent-dim = 20\n\nlr = 1e-3\r\ndata = a = b\nempty =\nhidden=400,200\n";
    scratch_fuzz(text, sizeof text - 1, 2000, read_mutant);
}
END_TEST

Suite *suite_io_text(void)
{
    Suite *suite = suite_create("io_text");

    TCase *csv = tcase_create("csv");
    tcase_add_checked_fixture(csv, scratch_setup, scratch_teardown);
    tcase_add_test(csv, rows_follow_the_header);
    tcase_add_test(csv, numbers_have_nine_digits);
    tcase_add_test(csv, a_table_is_continued);
    tcase_add_loop_test(csv, a_torn_row_is_cut_off, 0, 4);
    tcase_add_loop_test(csv, an_other_table_is_left_alone, 0, 8);
    tcase_add_loop_test(csv, columns_that_cannot_be_told_apart_are_refused, 0, 5);
    tcase_add_test(csv, an_unknown_column_is_named_and_nothing_is_written);
    tcase_add_test(csv, a_row_that_does_not_fit_the_disk_leaves_the_table_whole);
    tcase_add_test(csv, a_table_that_cannot_be_written_is_named);
    tcase_add_test(csv, tables_survive_failing_allocations);
    suite_add_tcase(suite, csv);

    TCase *ini = tcase_create("ini");
    tcase_add_checked_fixture(ini, scratch_setup, scratch_teardown);
    tcase_add_test(ini, keys_and_comments_are_written_in_order);
    tcase_add_test(ini, what_people_type_is_understood);
    tcase_add_loop_test(ini, a_broken_line_is_named_by_its_number, 0, 10);
    tcase_add_test(ini, what_is_no_ini_file_is_refused);
    tcase_add_test(ini, what_a_line_cannot_hold_is_refused);
    tcase_add_test(ini, a_full_disk_leaves_the_old_ini_file);
    tcase_add_test(ini, ini_files_survive_failing_allocations);
    tcase_add_test(ini, mutants_are_refused_or_valid);
    suite_add_tcase(suite, ini);
    return suite;
}
