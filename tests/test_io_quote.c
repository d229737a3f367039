/* Texts that survive a line of config.ini and a string of JSON. */
#include <check.h>
#include <jansson.h>
#include <string.h>

#include "../io/ini.h"
#include "../io/quote.h"
#include "../tensor/memory.h"
#include "scratch.h"
#include "suites.h"

/* A text and how it is written, alone and as an item of a list. */
static const struct {
    const char *text, *alone, *item;
} rows[] = {
    {"cat", "cat", "cat"},
    {"", "", "\"\""},
    {"a = b # c", "a = b # c", "a = b # c"},
    {"C:\\new\\xe9", "C:\\new\\xe9", "C:\\new\\xe9"},
    {"caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80", "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80",
     "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80"},
    {"dog, big", "dog, big", "\"dog, big\""},
    {"caf\xe9", "\"caf\\xe9\"", "\"caf\\xe9\""},
    {"\xc3\xa9\xe9\\", "\"\xc3\xa9\\xe9\\\\\"", "\"\xc3\xa9\\xe9\\\\\""},
    {"say \"x\"", "\"say \\\"x\\\"\"", "\"say \\\"x\\\"\""},
    {"\"", "\"\\\"\"", "\"\\\"\""},
    {" a", "\" a\"", "\" a\""},
    {"a\t", "\"a\\t\"", "\"a\\t\""},
    {"a\nb", "\"a\\nb\"", "\"a\\nb\""},
    {"\r\x1b\x7f", "\"\\x0d\\x1b\\x7f\"", "\"\\x0d\\x1b\\x7f\""},
    {"\xc0\x80", "\"\\xc0\\x80\"", "\"\\xc0\\x80\""},                             /* a longer form than need be */
    {"\xed\xa0\x80", "\"\\xed\\xa0\\x80\"", "\"\\xed\\xa0\\x80\""},               /* a surrogate                */
    {"\xf4\x90\x80\x80", "\"\\xf4\\x90\\x80\\x80\"", "\"\\xf4\\x90\\x80\\x80\""}, /* beyond U+10FFFF            */
    {"\xe2\x82", "\"\\xe2\\x82\"", "\"\\xe2\\x82\""},                             /* cut off                    */
};
enum { ROWS = sizeof rows / sizeof rows[0] };

static void assert_unquotes(const char *text, const char *expected)
{
    char *read = elbo__unquote(text);
    ck_assert_str_eq(read, expected);
    elbo__free(read);
}

static void assert_items(const char *text, int count, const char *const *expected)
{
    elbo__listing items;
    ck_assert_int_eq(elbo__unquote_list(text, &items), ELBO_OK);
    ck_assert_uint_eq(items.count, (size_t)count);
    for (int i = 0; i < count; i++)
        ck_assert_str_eq(items.names[i], expected[i]);
    elbo__listing_free(&items);
}

START_TEST(a_text_is_quoted_where_it_must_be)
{
    char *alone = elbo__quote(rows[_i].text), *item = elbo__quote_list(&rows[_i].text, 1);
    ck_assert_str_eq(alone, rows[_i].alone);
    ck_assert_str_eq(item, rows[_i].item);
    assert_unquotes(alone, rows[_i].text);
    assert_items(item, 1, &rows[_i].text);
    elbo__free(alone);
    elbo__free(item);
}
END_TEST

START_TEST(a_list_keeps_all_its_items)
{
    const char *items[ROWS];
    for (int i = 0; i < ROWS; i++)
        items[i] = rows[i].text;
    char *list = elbo__quote_list(items, ROWS);
    assert_items(list, ROWS, items);
    elbo__free(list);
    list = elbo__quote_list(items, 0);
    ck_assert_str_eq(list, "");
    elbo__free(list);
}
END_TEST

/* All texts of one and two bytes, in quotes or not, pass through a file of either kind. */
START_TEST(every_byte_survives_config_and_json)
{
    elbo_ini ini = {.count = 0};
    for (int first = 1; first < 256; first++)
        for (int second = 0; second < 256; second += first % 16 ? 51 : 1) {
            const char text[3] = {(char)first, (char)second};
            char *quoted = elbo__quote(text);
            ck_assert_msg(elbo_ini_set(&ini, "note", quoted) == ELBO_OK, "%s", elbo_error());
            json_t *json = json_string(quoted);
            ck_assert_msg(json != NULL, "%s is no string of JSON", quoted);
            json_decref(json);
            assert_unquotes(elbo_ini_get(&ini, "note"), text);
            elbo__free(quoted);
        }
    elbo_ini_free(&ini);
}
END_TEST

START_TEST(lists_without_quotes_still_read)
{
    assert_items("cat,dog", 2, (const char *const[]){"cat", "dog"});
    assert_items("2,10", 2, (const char *const[]){"2", "10"});
    assert_items("a\\n,b", 2, (const char *const[]){"a\\n", "b"});
    assert_items("cat,,", 3, (const char *const[]){"cat", "", ""});
    assert_items("", 1, (const char *const[]){""});
}
END_TEST

START_TEST(what_only_looks_quoted_is_taken_as_it_is)
{
    static const char *const texts[] = {"\"",      "\"a",       "\"a\"b", "\"a\\\"",
                                        "\"\\q\"", "\"\\xg0\"", "\"\\x0", "\"\\x00\""};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_unquotes(texts[i], texts[i]);
        assert_items(texts[i], 1, &texts[i]);
    }
    assert_items("\"a,b", 2, (const char *const[]){"\"a", "b"});
}
END_TEST

static elbo_status quote_and_read(void)
{
    static const char *const items[] = {"a,b", "c"};
    char *list = elbo__quote_list(items, 2), *one = list ? elbo__unquote("\"x\"") : NULL;
    elbo__listing read = {.count = 0};
    elbo_status status = list && one ? elbo__unquote_list(list, &read) : ELBO_NO_MEMORY;
    elbo__listing_free(&read);
    elbo__free(list);
    elbo__free(one);
    return status;
}

START_TEST(quoting_survives_failing_allocations)
{
    assert_survives_failing_allocations(quote_and_read);
}
END_TEST

Suite *suite_io_quote(void)
{
    Suite *suite = suite_create("io_quote");
    TCase *texts = tcase_create("texts");
    tcase_add_loop_test(texts, a_text_is_quoted_where_it_must_be, 0, ROWS);
    tcase_add_test(texts, a_list_keeps_all_its_items);
    tcase_add_test(texts, every_byte_survives_config_and_json);
    tcase_add_test(texts, lists_without_quotes_still_read);
    tcase_add_test(texts, what_only_looks_quoted_is_taken_as_it_is);
    tcase_add_test(texts, quoting_survives_failing_allocations);
    suite_add_tcase(suite, texts);
    return suite;
}
