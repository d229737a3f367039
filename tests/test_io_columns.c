/* What the columns of a table hold: as a text, and found in a file. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../io/columns.h"
#include "../io/dataset.h"
#include "../tensor/memory.h"
#include "runs.h"
#include "scratch.h"
#include "suites.h"

/* ---- the text ---------------------------------------------------------------------------------------------------- */

START_TEST(a_text_comes_back_as_it_was)
{
    static const char *const texts[] = {
        "a=real",
        "a=real:171.25+-9.5,b=positive:10.25+-0.5,c=count:1e-30+-1e+20",
        "city=categorical:Berlin|New York|Oslo,grade=ordinal:low<mid<high,id=skip",
        "\"a, b\"=categorical:\"x|y\"|\"\"|\" z\"|\"say \\\"no\\\"\",\"=\"=ordinal:\"1<2\"<3",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        elbo__columns columns;
        assert_ok(elbo__columns_parse(texts[i], &columns));
        char *again = elbo__columns_print(&columns);
        ck_assert_str_eq(again, texts[i]);
        elbo__free(again);
        elbo__columns_free(&columns);
    }
}
END_TEST

START_TEST(lines_comments_and_blanks_are_read)
{
    elbo__columns columns;
    assert_ok(elbo__columns_parse("# of people\n age = count \n\n city=categorical: Rome | Oslo\r\n# end, really\n",
                                  &columns));
    char *text = elbo__columns_print(&columns);
    ck_assert_str_eq(text, "age=count,city=categorical:Rome|Oslo");
    elbo__free(text);
    elbo__columns_free(&columns);
}
END_TEST

START_TEST(what_is_wrong_with_a_text_is_named)
{
    static const struct {
        const char *text, *reason;
    } wrong[] = {
        {"age", "columns: \"age\" has no kind; expected NAME=KIND"},
        {"age=cuont", "columns: \"age\": no kind \"cuont\"; the nearest is \"count\""},
        {"age=", "columns: \"age\": no kind \"\""},
        {"a=real,a=count", "columns: \"a\" stands twice"},
        {"a=ordinal:low<mid<low", "columns: \"a\": the word \"low\" stands twice"},
        {"a=ordinal:low<<high", "columns: \"a\": a word is missing"},
        {"a=real:5", "columns: \"a\": \"5\" is no mean and deviation such as 3.5+-1.2"},
        {"a=real:5+-0", "columns: \"a\": \"5+-0\" is no mean and deviation"},
        {"a=categorical:\"x\"y", "columns: \"y\" where the next column was expected"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        elbo__columns columns;
        assert_refused(elbo__columns_parse(wrong[i].text, &columns), wrong[i].reason);
        ck_assert(columns.at == NULL && columns.count == 0);
    }
}
END_TEST

/* ---- files ------------------------------------------------------------------------------------------------------- */

static const char people[] = "id,age,city,income,grade,height,label\n"
                             "p1,30,Rome,1000,mid,1.5,x\n"
                             "p2,0,Oslo,10,low,1.75,y\n"
                             "p3,,\"A, B\",NA,,2,x\n"
                             "p4,30,?,100,high,nan,y\n";
#define KINDS "age=count,income=positive,grade=ordinal:low<mid<high,id=skip"

static elbo_images load(const char *columns, bool exact)
{
    elbo_images images;
    char *source = elbo__format("%s:label", scratch_path("people.csv"));
    assert_ok(elbo_images_load_columns(source, "train", columns, exact, 0, &images));
    elbo__free(source);
    return images;
}

static double at(const elbo_images *images, int64_t row, int64_t column)
{
    return elbo_tensor_get(&images->images, (int64_t[]){row, column});
}

static void assert_values(const elbo_images *images, const double (*expected)[5])
{
    ck_assert_int_eq(images->count, 4);
    ck_assert_int_eq(images->width, 5);
    ck_assert_int_eq(images->images.dtype, ELBO_F32);
    for (int i = 0; i < 4; i++)
        for (int k = 0; k < 5; k++)
            if (at(images, i, k) != expected[i][k] && !(isnan(at(images, i, k)) && isnan(expected[i][k])))
                ck_abort_msg("row %d, column %d: %g, expected %g", i, k, at(images, i, k), expected[i][k]);
}

START_TEST(values_are_numbers_and_places_of_words)
{
    static const double expected[4][5] = {/* age, city of "A, B", Oslo, Rome, income, grade, height */
                                          {30, 2, 1000, 1, 1.5},
                                          {0, 1, 10, 0, 1.75},
                                          {NAN, 0, NAN, NAN, 2},
                                          {30, NAN, 100, 2, NAN}};
    scratch_write("people.csv", people, sizeof people - 1);
    elbo_images images = load(KINDS, false);
    assert_values(&images, expected);
    ck_assert_int_eq(images.classes, 2);
    ck_assert_str_eq(images.class_names[1], "y");
    ck_assert_int_eq(images.missing, 5);
    elbo_images_free(&images);
}
END_TEST

START_TEST(what_was_not_said_is_found_and_told)
{
    scratch_write("people.csv", people, sizeof people - 1);
    elbo_images images = load(KINDS, false);
    elbo__columns columns;
    assert_ok(elbo__columns_parse(images.columns, &columns));
    ck_assert_int_eq(columns.count, 6);
    ck_assert_str_eq(columns.at[0].name, "id");
    ck_assert_int_eq(columns.at[0].kind, ELBO__COLUMN_SKIP);
    const elbo__column *age = elbo__columns_find(&columns, "age"), *city = elbo__columns_find(&columns, "city"),
                       *income = elbo__columns_find(&columns, "income"),
                       *height = elbo__columns_find(&columns, "height");
    const double log31 = log(31); /* counts 30, 0, 30: log(1 + x) */
    ck_assert_double_eq_tol(age->mean, 2 * log31 / 3, 1e-8);
    ck_assert_double_eq_tol(age->deviation, sqrt(2. / 9) * log31, 1e-8);
    ck_assert_double_eq_tol(income->mean, log(100), 1e-8);
    ck_assert_double_eq_tol(income->deviation, sqrt(2. / 3) * log(10), 1e-8);
    ck_assert_int_eq(height->kind, ELBO__COLUMN_REAL);
    ck_assert_double_eq_tol(height->mean, 1.75, 1e-8);
    ck_assert_double_eq_tol(height->deviation, sqrt(0.125 / 3), 1e-8);
    ck_assert_int_eq(city->kind, ELBO__COLUMN_CATEGORICAL);
    ck_assert_int_eq(city->words.count, 3);
    ck_assert_str_eq(city->words.names[0], "A, B");
    elbo__columns_free(&columns);
    elbo_images_free(&images);
}
END_TEST

START_TEST(other_data_are_read_by_what_is_known)
{
    static const char others[] = "height,label,more,age,income,city,grade\n"
                                 "-1,x,1,2,3,Oslo,low\n3,x,2,4,5,Rome,high\n-1,x,1,2,3,Oslo,low\n3,y,2,4,5,Rome,high\n";
    static const double expected[4][5] = {{2, 1, 3, 0, -1}, {4, 2, 5, 2, 3}, {2, 1, 3, 0, -1}, {4, 2, 5, 2, 3}};
    scratch_write("people.csv", people, sizeof people - 1);
    elbo_images known = load(KINDS, false);
    scratch_write("people.csv", others, sizeof others - 1);
    elbo_images images = load(known.columns, true);
    assert_values(&images, expected);
    ck_assert_str_eq(images.columns, known.columns);
    elbo_images_free(&images);
    elbo_images_free(&known);
}
END_TEST

START_TEST(what_does_not_go_together_is_one_clear_line)
{
    static const struct {
        const char *columns;
        bool exact;
        const char *reason;
    } wrong[] = {
        {"age=positive", false, "people.csv:3: column \"age\": \"0\" is not positive"},
        {"height=count", false, "people.csv:2: column \"height\": \"1.5\" is no count 0, 1, 2, ..."},
        {"city=real", false, "people.csv:2: column \"city\": \"Rome\" is no number"},
        {"grade=ordinal", false, "people.csv: column \"grade\": its words are not numbers: which comes first?"},
        {"grade=ordinal:low<high", false,
         "people.csv:2: column \"grade\": \"mid\" is none of its 2 words; there are low, high"},
        {"hight=real", false, "people.csv: has no column \"hight\"; the nearest is \"height\""},
        {"label=skip", false, "columns: \"label\" is the column of labels"},
        {"age=real:0+-1,weight=real:0+-1", true, "people.csv: has no column \"weight\""},
        {"id=skip,age=skip,city=skip,income=skip,grade=skip,height=skip", false, "no column is left"},
    };
    char *source = NULL;
    scratch_write("people.csv", people, sizeof people - 1);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        elbo_images images;
        source = elbo__format("%s:label", scratch_path("people.csv"));
        assert_refused(elbo_images_load_columns(source, "train", wrong[i].columns, wrong[i].exact, 0, &images),
                       wrong[i].reason);
        elbo__free(source);
    }
    scratch_write("empty.csv", "a,b\n1,\n2,?\n", 11);
    elbo_images images;
    assert_refused(elbo_images_load_columns(scratch_path("empty.csv"), "train", "", false, 0, &images),
                   "column \"b\": has no values; --columns says NAME=KIND, and NAME=skip leaves one out");
    assert_refused(elbo_images_load_columns("sprites", "train", "", false, 0, &images),
                   "is no table with named columns");
}
END_TEST

START_TEST(words_without_end_are_no_categories)
{
    char text[12000] = "name,x\n";
    size_t used = strlen(text);
    for (int i = 0; i < 1001; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "w%d,1\n", i);
    scratch_write("names.csv", text, used);
    elbo_images images;
    assert_refused(elbo_images_load_columns(scratch_path("names.csv"), "train", "", false, 0, &images),
                   "column \"name\": more than 1000 words");
    assert_ok(elbo_images_load_columns(scratch_path("names.csv"), "train", "name=skip", false, 0, &images));
    ck_assert_int_eq(images.width, 1);
    elbo_images_free(&images);
}
END_TEST

static elbo_status load_people(void)
{
    elbo_images images;
    const elbo_status status = elbo_images_load_columns(scratch_path("people.csv"), "train", KINDS, false,
                                                        ELBO_WITHOUT_LABELS, &images);
    elbo_images_free(&images);
    return status;
}

START_TEST(memory_that_runs_short_loses_nothing)
{
    scratch_write("people.csv", people, sizeof people - 1);
    assert_survives_failing_allocations(load_people);
}
END_TEST

Suite *suite_io_columns(void)
{
    Suite *suite = suite_create("io_columns");
    TCase *text = tcase_create("text"), *files = tcase_create("files");
    tcase_add_test(text, a_text_comes_back_as_it_was);
    tcase_add_test(text, lines_comments_and_blanks_are_read);
    tcase_add_test(text, what_is_wrong_with_a_text_is_named);
    suite_add_tcase(suite, text);
    tcase_add_checked_fixture(files, scratch_setup, scratch_teardown);
    tcase_add_test(files, values_are_numbers_and_places_of_words);
    tcase_add_test(files, what_was_not_said_is_found_and_told);
    tcase_add_test(files, other_data_are_read_by_what_is_known);
    tcase_add_test(files, what_does_not_go_together_is_one_clear_line);
    tcase_add_test(files, words_without_end_are_no_categories);
    tcase_add_test(files, memory_that_runs_short_loses_nothing);
    suite_add_tcase(suite, files);
    return suite;
}
