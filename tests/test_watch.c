/* Long work is watched, and stopped by whoever watches it. */
#include <check.h>
#include <string.h>

#include "../tensor/watch_private.h"
#include "suites.h"

typedef struct {
    const char *what;
    int64_t done, total;
    int calls, stop_at;
} seen;

static bool look(void *user, const char *what, int64_t done, int64_t total)
{
    seen *s = user;
    s->what = what;
    s->done = done;
    s->total = total;
    return ++s->calls != s->stop_at;
}

START_TEST(a_watcher_hears_how_far_the_work_is)
{
    seen s = {.stop_at = -1};
    elbo_watch(look, &s);
    ck_assert_int_eq(elbo__watched("digging", 3, 8), ELBO_OK);
    ck_assert_str_eq(s.what, "digging");
    ck_assert_int_eq(s.done, 3);
    ck_assert_int_eq(s.total, 8);
}
END_TEST

START_TEST(a_watcher_can_stop_the_work)
{
    seen s = {.stop_at = 2};
    elbo_watch(look, &s);
    ck_assert_int_eq(elbo__watched("digging", 1, 8), ELBO_OK);
    ck_assert_int_eq(elbo__watched("digging", 2, 8), ELBO_STOPPED);
    ck_assert_str_eq(elbo_error(), "digging: stopped");
}
END_TEST

START_TEST(without_a_watcher_work_goes_on)
{
    seen s = {.stop_at = 1};
    elbo_watch(look, &s);
    elbo_watch(NULL, NULL);
    ck_assert_int_eq(elbo__watched("digging", 1, 8), ELBO_OK);
    ck_assert_int_eq(s.calls, 0);
}
END_TEST

Suite *suite_watch(void)
{
    Suite *suite = suite_create("watch");
    TCase *watching = tcase_create("watching");
    tcase_add_test(watching, a_watcher_hears_how_far_the_work_is);
    tcase_add_test(watching, a_watcher_can_stop_the_work);
    tcase_add_test(watching, without_a_watcher_work_goes_on);
    suite_add_tcase(suite, watching);
    return suite;
}
