/* The word that somebody meant. */
#include <check.h>

#include "../tensor/words.h"
#include "suites.h"

START_TEST(the_distance_of_words_counts_edits)
{
    ck_assert_int_eq(elbo__distance("", ""), 0);
    ck_assert_int_eq(elbo__distance("abc", "abc"), 0);
    ck_assert_int_eq(elbo__distance("", "abc"), 3);
    ck_assert_int_eq(elbo__distance("abc", ""), 3);
    ck_assert_int_eq(elbo__distance("kitten", "sitting"), 3);
    ck_assert_int_eq(elbo__distance("flaw", "lawn"), 2);
    ck_assert_int_eq(elbo__distance("trian", "train"), 1);
    ck_assert_int_eq(elbo__distance("Train", "train"), 0);
    ck_assert_int_eq(elbo__distance("ca", "abc"), 3); /* an edited place is not edited again */
}
END_TEST

static elbo__words look_for(const char *word, const char *const *names)
{
    elbo__words near = elbo__words_near(word);
    for (; *names; names++)
        elbo__words_offer(&near, *names);
    return near;
}

static const char *const commands[] = {"train", "encode", "evaluate", "plan", "traverse", NULL};

START_TEST(the_nearest_name_is_one_that_can_be_meant)
{
    static const struct {
        const char *word, *nearest;
    } rows[] = {
        {"eval", "evaluate"}, /* plan is fewer edits away */
        {"evaluates", "evaluate"},
        {"training", "train"},
        {"tra", "train"}, /* the shorter one */
        {"trian", "train"},
        {"Plan", "plan"},
        {"pln", "plan"},
        {"generate", NULL},
        {"pxxn", NULL},
        {"e", NULL},
        {"", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *nearest = look_for(rows[i].word, commands).nearest;
        ck_assert_msg((!nearest && !rows[i].nearest) ||
                          (nearest && rows[i].nearest && !strcmp(nearest, rows[i].nearest)),
                      "\"%s\": the nearest is %s", rows[i].word, nearest ? nearest : "none");
    }
}
END_TEST

START_TEST(a_name_that_begins_alike_goes_before_one_of_fewer_edits)
{
    const char *const names[] = {"lap", "latent-dim", "hat", NULL};
    ck_assert_str_eq(look_for("lat", names).nearest, "latent-dim");
    ck_assert_str_eq(look_for("lax", names).nearest, "lap");
}
END_TEST

START_TEST(a_hint_names_the_nearest_or_what_there_is_where_that_is_short)
{
    char endless[200];
    memset(endless, 'x', sizeof endless);
    endless[sizeof endless - 1] = 0;
    const char *const strange[] = {"a\nb", "c", NULL}, *const many[] = {endless, "other", NULL};
    elbo__words near = look_for("trian", commands);
    ck_assert_str_eq(elbo__words_hint(&near).text, "; the nearest is \"train\"");
    near = look_for("zebra", commands);
    ck_assert_str_eq(elbo__words_hint(&near).text, "; there are train, encode, evaluate, plan, traverse");
    near = look_for("zebra", strange);
    ck_assert_str_eq(elbo__words_hint(&near).text, "; there are a?b, c");
    near = look_for("zebra", many);
    ck_assert_str_eq(elbo__words_hint(&near).text, "");
    near = look_for("othre", many);
    ck_assert_str_eq(elbo__words_hint(&near).text, "; the nearest is \"other\"");
    near = elbo__words_near("zebra");
    ck_assert_str_eq(elbo__words_hint(&near).text, "");
}
END_TEST

Suite *suite_words(void)
{
    Suite *s = suite_create("words");
    TCase *t = tcase_create("words");
    tcase_add_test(t, the_distance_of_words_counts_edits);
    tcase_add_test(t, the_nearest_name_is_one_that_can_be_meant);
    tcase_add_test(t, a_name_that_begins_alike_goes_before_one_of_fewer_edits);
    tcase_add_test(t, a_hint_names_the_nearest_or_what_there_is_where_that_is_short);
    suite_add_tcase(s, t);
    return s;
}
