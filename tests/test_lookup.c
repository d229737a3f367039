/* Numbers found again by a hash. */
#include <check.h>

#include "../tensor/lookup.h"
#include "suites.h"

/* Few hashes, so that many things share one. */
static uint64_t hash_of(int value)
{
    return (uint64_t)(value % 7) << 40 | (uint64_t)(value % 3);
}

START_TEST(what_was_added_is_found_newest_first)
{
    elbo__lookup t = {0};
    ck_assert_int_eq(elbo__lookup_first(&t, 1), -1);
    for (int value = 0; value < 1000; value++)
        ck_assert_int_eq(elbo__lookup_add(&t, hash_of(value), value), ELBO_OK);
    for (int left = 1000; left >= 0; left -= 500) { /* all, half of them, none */
        elbo__lookup_cut(&t, (size_t)left);
        int found = 0;
        for (int like = 0; like < 21; like++)
            for (int e = elbo__lookup_first(&t, hash_of(like)), before = left; e >= 0; e = elbo__lookup_next(&t, e)) {
                const int value = t.entries[e].value;
                if (value >= before || hash_of(value) != hash_of(like))
                    ck_abort_msg("%d after %d, in the place of %d", value, before, like);
                before = value;
                found++;
            }
        ck_assert_int_eq(found, left);
        ck_assert_int_eq(elbo__lookup_first(&t, 12345), -1);
    }
    elbo__lookup_free(&t);
    ck_assert_int_eq(elbo__lookup_first(&t, hash_of(1)), -1);
}
END_TEST

START_TEST(a_hash_depends_on_every_byte_and_on_what_came_before)
{
    char bytes[20] = "nineteen characters";
    const uint64_t whole = elbo__hash_more(0, bytes, 19);
    ck_assert(elbo__hash_more(0, bytes, 19) == whole);
    ck_assert(elbo__hash_more(1, bytes, 19) != whole);
    for (int i = 0; i < 19; i++) {
        bytes[i]++;
        ck_assert_msg(elbo__hash_more(0, bytes, 19) != whole, "byte %d", i);
        bytes[i]--;
        ck_assert_msg(elbo__hash_more(0, bytes, (size_t)i) != whole, "%d bytes", i);
    }
    ck_assert(elbo__hash_more(0, "\0\0", 2) != elbo__hash_more(0, "\0", 1));
}
END_TEST

Suite *suite_lookup(void)
{
    Suite *s = suite_create("lookup");
    TCase *t = tcase_create("lookup");
    tcase_add_test(t, what_was_added_is_found_newest_first);
    tcase_add_test(t, a_hash_depends_on_every_byte_and_on_what_came_before);
    suite_add_tcase(s, t);
    return s;
}
