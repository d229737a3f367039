/* CSV files read as tables of numbers. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../io/csv.h"
#include "scratch.h"
#include "suites.h"

static void write_text(const char *text)
{
    scratch_write("a", text, strlen(text));
}

static elbo_csv_table read_text(const char *text)
{
    elbo_csv_table table;
    write_text(text);
    ck_assert_msg(elbo_csv_read(scratch_path("a"), &table) == ELBO_OK, "%s", elbo_error());
    return table;
}

/* NaN is equal to NaN. */
static void assert_values(const elbo_csv_table *table, int64_t rows, const double *values)
{
    ck_assert_int_eq(table->rows, rows);
    for (int64_t i = 0; i < rows * table->columns; i++)
        ck_assert_msg(table->values[i] == values[i] || (isnan(table->values[i]) && isnan(values[i])),
                      "value %d is %g, not %g", (int)i, table->values[i], values[i]);
}

START_TEST(a_table_has_names_and_rows)
{
    elbo_csv_table table = read_text("epoch,train_loss,\"a,\"\"b\"\"\"\n1,164.25,-1e-3\n2,,nan\n3,inf,-inf\n");
    ck_assert_int_eq(table.columns, 3);
    ck_assert_str_eq(table.names[0], "epoch");
    ck_assert_str_eq(table.names[2], "a,\"b\"");
    assert_values(&table, 3, (double[]){1, 164.25, -1e-3, 2, NAN, NAN, 3, INFINITY, -INFINITY});
    ck_assert_int_eq(elbo_csv_column(&table, "train_loss"), 1);
    ck_assert_int_eq(elbo_csv_column(&table, "loss"), -1);
    elbo_csv_free(&table);
    ck_assert_ptr_null(table.values);
    elbo_csv_free(NULL);
}
END_TEST

START_TEST(what_is_written_is_read)
{
    static const char *const columns[] = {"epoch", "loss", "elbo"};
    elbo_csv *csv;
    elbo_csv_table table;
    ck_assert_int_eq(elbo_csv_open(scratch_path("a"), columns, 3, &csv), ELBO_OK);
    ck_assert_int_eq(elbo_csv_row(csv, (elbo_number[]){{"epoch", 1234567890}, {"loss", 0.1}}, 2), ELBO_OK);
    ck_assert_int_eq(elbo_csv_row(csv, (elbo_number[]){{"elbo", -105.5}, {"loss", NAN}}, 2), ELBO_OK);
    elbo_csv_close(csv);
    ck_assert_int_eq(elbo_csv_read(scratch_path("a"), &table), ELBO_OK);
    assert_values(&table, 2, (double[]){1.23456789e9, 0.1, NAN, NAN, NAN, -105.5});
    elbo_csv_free(&table);
}
END_TEST

/* The same table as different programs write it. */
START_TEST(lines_end_as_any_program_ends_them)
{
    static const char *const texts[] = {
        "a,b\n1,2\n3,4\n",
        "a,b\r\n1,2\r\n3,4\r\n",
        "a,b\r1,2\r3,4\r",
        "a,b\n1,2\n3,4",
        "a,b\n\n1,2\n\n\n3,4\n\n",
        ("\xef\xbb\xbf" /* which "a" would go on */
         "a,b\n1,2\n3,4\n"),
        "\"a\",\"b\"\n\"1\", 2 \n3\t,\"4\"\n",
    };
    elbo_csv_table table = read_text(texts[_i]);
    ck_assert_str_eq(table.names[0], "a");
    ck_assert_str_eq(table.names[1], "b");
    assert_values(&table, 2, (double[]){1, 2, 3, 4});
    elbo_csv_free(&table);
}
END_TEST

START_TEST(an_empty_line_is_a_row_of_one_column)
{
    elbo_csv_table table = read_text("a\n1\n\n3\n");
    assert_values(&table, 3, (double[]){1, NAN, 3});
    elbo_csv_free(&table);
}
END_TEST

START_TEST(a_header_without_rows_is_a_table)
{
    elbo_csv_table table = read_text("a,b\n");
    ck_assert_int_eq(table.columns, 2);
    ck_assert_int_eq(table.rows, 0);
    elbo_csv_free(&table);
}
END_TEST

START_TEST(columns_may_be_called_by_their_numbers)
{
    elbo_csv_table table = read_text(_i ? "1,2,3\n4,5,6\n" : "0,1,2\n4,5,6\n");
    assert_values(&table, 1, (double[]){4, 5, 6});
    elbo_csv_free(&table);
}
END_TEST

START_TEST(a_compressed_table_is_read)
{
    elbo_csv_table table;
    scratch_gzip("a", "a,b\n1,2\n", 8);
    ck_assert_int_eq(elbo_csv_read(scratch_path("a"), &table), ELBO_OK);
    assert_values(&table, 1, (double[]){1, 2});
    elbo_csv_free(&table);
}
END_TEST

/* Rows that cross the blocks in which a file is read, and a line number far down. */
START_TEST(a_long_table_is_read_to_its_end)
{
    enum { ROWS = 40000 };
    char *text = malloc(32 * ROWS), *end = text + sprintf(text, "a,\"b\"\r\n");
    for (int i = 0; i < ROWS; i++)
        end += sprintf(end, "%d,\"%d.5\"\r\n", i, -i);
    elbo_csv_table table = read_text(text);
    ck_assert_int_eq(table.rows, ROWS);
    for (int i = 0; i < ROWS; i++)
        ck_assert(table.values[2 * i] == i && fabs(table.values[2 * i + 1]) == i + 0.5);
    elbo_csv_free(&table);
    strcpy(end, "1,x");
    write_text(text);
    assert_error(elbo_csv_read(scratch_path("a"), &table), ELBO_FORMAT, scratch_path("a"),
                 ":40002: column \"b\": \"x\"");
    free(text);
}
END_TEST

static const struct {
    const char *text, *reason;
} broken[] = {
    {"", ": is empty: the first line names the columns"},
    {"\n\n", ": is empty: the first line names the columns"},
    {"a,b\n1,2\n3\n", ":3: 1 field, but the header names 2 columns"},
    {"a\n1\n3,4\n", ":3: 2 fields, but the header names 1 column"},
    {"a,b\r\n1,2\r\n3,4,\r\n", ":3: 3 fields, but the header names 2 columns"},
    {"a,b\n\n1,two\n", ":3: column \"b\": \"two\" is no number"},
    {"a,b\n1,\"0,5\"\n", ":2: column \"b\": \"0,5\" is no number"},
    {"a,b\n\"1\n2\",x\n", ":2: column \"a\": \"1?2\" is no number"},
    {"a,\"b\nc\"\n1,2\n3,x\n", ":4: column \"b?c\": \"x\" is no number"},
    {"a,b\n1,\"2\n3,4\n", ":2: a quote is not closed"},
    {"a,b\n1,2\"\n", ":2: a quote within a field"},
    {"a,b\n1,\"2\"3\n", ":2: text after the closing quote"},
    {"a,b,a\n1,2,3\n", ":1: the column \"a\" stands twice"},
    {",a,b\n0,1,2\n", ":1: column 1 of 3 has no name"},
    {"5,0,0\n1,0,0\n", ":1: the first line names the columns, but here are numbers"},
    {"0.5,1.5\n1,0\n", ":1: the first line names the columns, but here are numbers"},
    {"a;b\n1;2\n", ":1: columns are separated by commas, not by \";\""},
    {"a\tb\n1\t2\n", ":1: columns are separated by commas, not by tabs"},
};

START_TEST(what_is_wrong_is_named_with_its_line)
{
    elbo_csv_table table;
    write_text(broken[_i].text);
    assert_error(elbo_csv_read(scratch_path("a"), &table), ELBO_FORMAT, scratch_path("a"), broken[_i].reason);
    ck_assert_ptr_null(table.names);
    ck_assert_ptr_null(table.values);
}
END_TEST

START_TEST(what_is_no_text_is_refused)
{
    elbo_csv_table table;
    scratch_write("a",
                  "\xff\xfe"
                  "a\0,\0b\0\n\0",
                  10);
    assert_error(elbo_csv_read(scratch_path("a"), &table), ELBO_FORMAT, scratch_path("a"), ":1: a byte of 0");
    const size_t size = (1 << 20) + 8;
    char *long_field = malloc(size);
    memset(long_field, 'x', size);
    memcpy(long_field, "a\n\"", 3);
    scratch_write("a", long_field, size);
    free(long_field);
    assert_error(elbo_csv_read(scratch_path("a"), &table), ELBO_FORMAT, scratch_path("a"), ":2: a field of more than");
}
END_TEST

START_TEST(a_file_that_cannot_be_read_is_named)
{
    elbo_csv_table table;
    assert_error(elbo_csv_read(scratch_path("none"), &table), ELBO_IO, scratch_path("none"),
                 "cannot open: No such file");
    assert_error(elbo_csv_read(scratch_path(""), &table), ELBO_IO, scratch_path(""), "Is a directory");
}
END_TEST

static const char sample[] = "epoch,loss,\"a\"\"b\"\r\n1,164.25,-1e-3\r\n2,,\"nan\"\r\n";

static void read_any(const char *path)
{
    elbo_csv_table table;
    const elbo_status status = elbo_csv_read(path, &table);
    ck_assert(status == ELBO_OK || (status == ELBO_FORMAT && !table.values && !strchr(elbo_error(), '\n')));
    for (int64_t i = 0; i < table.rows * table.columns; i++) /* all is there to be read */
        ck_assert(isnan(table.values[i]) || table.values[i] == table.values[i]);
    elbo_csv_free(&table);
}

START_TEST(damaged_tables_are_an_error_or_a_table)
{
    for (size_t n = 0; n < sizeof sample; n++) {
        scratch_write("a", sample, n);
        read_any(scratch_path("a"));
    }
    scratch_fuzz(sample, sizeof sample - 1, 3000, read_any);
}
END_TEST

static elbo_status read_sample(void)
{
    elbo_csv_table table;
    const elbo_status status = elbo_csv_read(scratch_path("a"), &table);
    elbo_csv_free(&table);
    return status;
}

START_TEST(reading_survives_failing_allocations)
{
    write_text(sample);
    assert_survives_failing_allocations(read_sample);
}
END_TEST

Suite *suite_io_csv(void)
{
    Suite *suite = suite_create("io_csv");
    TCase *tc = tcase_create("reading");
    tcase_add_checked_fixture(tc, scratch_setup, scratch_teardown);
    tcase_add_test(tc, a_table_has_names_and_rows);
    tcase_add_test(tc, what_is_written_is_read);
    tcase_add_loop_test(tc, lines_end_as_any_program_ends_them, 0, 7);
    tcase_add_test(tc, an_empty_line_is_a_row_of_one_column);
    tcase_add_test(tc, a_header_without_rows_is_a_table);
    tcase_add_loop_test(tc, columns_may_be_called_by_their_numbers, 0, 2);
    tcase_add_test(tc, a_compressed_table_is_read);
    tcase_add_test(tc, a_long_table_is_read_to_its_end);
    tcase_add_loop_test(tc, what_is_wrong_is_named_with_its_line, 0, sizeof broken / sizeof broken[0]);
    tcase_add_test(tc, what_is_no_text_is_refused);
    tcase_add_test(tc, a_file_that_cannot_be_read_is_named);
    tcase_add_test(tc, damaged_tables_are_an_error_or_a_table);
    tcase_add_test(tc, reading_survives_failing_allocations);
    suite_add_tcase(suite, tc);
    return suite;
}
