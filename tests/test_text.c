/* Text and numbers in the C locale, whatever the program and the thread have set. The whole of the suites runs in other
 * locales too, tests/test_locale.sh; here the thread has a locale of its own. */
#include <check.h>
#include <errno.h>
#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../io/ini.h"
#include "../tensor/error_private.h"
#include "../tensor/text.h"
#include "patterns.h"
#include "runs.h"
#include "scratch.h"
#include "suites.h"

/* ---- printing and reading ---------------------------------------------------------------------------------------- */

START_TEST(what_is_printed_is_cut_off_and_counted_as_snprintf_does)
{
    char text[8] = "1234567";
    ck_assert_int_eq(elbo__print(text, sizeof text, "%s %.2f", "ab", 0.25), 7);
    ck_assert_str_eq(text, "ab 0.25");
    ck_assert_int_eq(elbo__print(text, 5, "%.3f", -1234.5), 9);
    ck_assert_str_eq(text, "-123");
    ck_assert_int_eq(elbo__print(NULL, 0, "%g", 1e-5), 5);
}
END_TEST

START_TEST(a_number_ends_where_the_c_locale_ends_it)
{
    static const struct {
        const char *text;
        double number;
        int length;
    } rows[] = {{"0.5", 0.5, 3},
                {"0,5", 0, 1},
                {"1.500,25", 1.5, 5},
                {" -2.5e-1x", -0.25, 8},
                {".5", 0.5, 2},
                {"1e999", INFINITY, 5},
                {"1\xd9\xab"
                 "5",
                 1, 1},
                {"x", 0, 0}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *end;
        ck_assert_double_eq(elbo__read_number(rows[i].text, &end), rows[i].number);
        ck_assert_int_eq((int)(end - rows[i].text), rows[i].length);
    }
    ck_assert_double_eq(elbo__read_number("0.125", NULL), 0.125);
}
END_TEST

START_TEST(an_integer_says_by_errno_that_it_is_too_large)
{
    char *end;
    errno = 0;
    ck_assert_int_eq(elbo__read_integer("-9223372036854775808,", &end), INT64_MIN);
    ck_assert_str_eq(end, ",");
    ck_assert_int_eq(elbo__read_integer("1.500", &end), 1);
    ck_assert_str_eq(end, ".500");
    ck_assert_int_eq(errno, 0);
    ck_assert_int_eq(elbo__read_integer("9223372036854775808", NULL), INT64_MAX);
    ck_assert_int_eq(errno, ERANGE);
}
END_TEST

START_TEST(reasons_are_in_english)
{
    ck_assert_str_eq(elbo__reason(ENOENT), "No such file or directory");
    ck_assert_str_eq(elbo__reason(EACCES), "Permission denied");
    ck_assert_str_eq(elbo__reason(12345), "Unknown error 12345");
}
END_TEST

START_TEST(letters_and_digits_are_those_of_ascii)
{
    static const char upper[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ", lower[] = "abcdefghijklmnopqrstuvwxyz";
    for (int i = 1; i < 256; i++) {
        const char c = (char)i, *at = strchr(upper, c);
        ck_assert_msg(elbo__to_lower(c) == (at ? lower[at - upper] : c), "%d", i);
        ck_assert_msg(elbo__is_digit(c) == (strchr("0123456789", c) != NULL), "%d", i);
    }
    ck_assert(!elbo__is_digit('\0'));
    ck_assert(elbo__same_letters(".TIFF", ".tiff") && elbo__same_letters("", "") && elbo__same_letters("1_z", "1_Z"));
    ck_assert(!elbo__same_letters(".tif", ".tiff") && !elbo__same_letters(".tiff", ".tif"));
    ck_assert(!elbo__same_letters("\xdd", "\xfd") && !elbo__same_letters("[", "{")); /* I with a dot in ISO 8859-9 */
}
END_TEST

/* ---- the caller's locale ----------------------------------------------------------------------------------------- */

/* What the locale itself makes of a half: "0,5" in German. */
static void half_there(char out[16])
{
    snprintf(out, 16, "%.1f", 0.5);
}

/* Every function of the place, with what it must say. Returns the mistakes; Check's own words are for one thread. */
static int mistakes(double number)
{
    char text[32], shown[32], *end;
    int wrong = 0;
    snprintf(shown, sizeof shown, "x%d.25", (int)number); /* no locale cuts whole numbers into groups unless asked */
    elbo__print(text, sizeof text, "x%.2f", number);
    wrong += strcmp(text, shown) != 0;
    wrong += elbo__read_number(text + 1, &end) != number || *end != '\0';
    wrong += elbo__read_integer("12,", &end) != 12 || *end != ',';
    wrong += strcmp(elbo__reason(ENOENT), "No such file or directory") != 0;
    wrong += elbo__fail(ELBO_INVALID, "x%.2f", number) != ELBO_INVALID || strcmp(elbo_error(), shown) != 0;
    const locale_t callers = elbo__enter_c_locale();
    half_there(text);
    elbo__leave_c_locale(callers);
    wrong += strcmp(text, "0.5") != 0;
    return wrong;
}

START_TEST(the_locales_of_program_and_thread_stay_as_they_were)
{
    char before[16], after[16];
    half_there(before);
    ck_assert_ptr_eq(uselocale((locale_t)0), LC_GLOBAL_LOCALE);
    ck_assert_int_eq(mistakes(1.25), 0);
    ck_assert_ptr_eq(uselocale((locale_t)0), LC_GLOBAL_LOCALE);
    const locale_t own = duplocale(LC_GLOBAL_LOCALE);
    uselocale(own);
    ck_assert_int_eq(mistakes(1.25), 0);
    ck_assert_ptr_eq(uselocale((locale_t)0), own);
    half_there(after);
    uselocale(LC_GLOBAL_LOCALE);
    freelocale(own);
    ck_assert_str_eq(after, before);
    half_there(after);
    ck_assert_str_eq(after, before);
}
END_TEST

enum { THREADS = 4, ROUNDS = 5000 };

struct thread {
    pthread_barrier_t *start;
    locale_t own;
    int wrong;
};

/* A copy of this locale, or of the program's where it is not installed. Not by newlocale, which in glibc 2.36 loses a
 * block each time that LOCPATH is set. */
static locale_t copy_of_locale(const char *name)
{
    char *const programs = strdup(setlocale(LC_ALL, NULL));
    setlocale(LC_ALL, name);
    const locale_t copy = duplocale(LC_GLOBAL_LOCALE);
    ck_assert_ptr_nonnull(setlocale(LC_ALL, programs));
    free(programs);
    return copy;
}

/* Prints and reads in a locale of its own, and finds that locale in force after each round. */
static void *print_and_read(void *user)
{
    struct thread *t = user;
    char before[16], after[16];
    uselocale(t->own);
    half_there(before);
    pthread_barrier_wait(t->start);
    for (int i = 0; i < ROUNDS; i++) {
        t->wrong += mistakes(i + 0.25);
        half_there(after);
        t->wrong += strcmp(after, before) != 0 || uselocale((locale_t)0) != t->own;
    }
    uselocale(LC_GLOBAL_LOCALE);
    return NULL;
}

START_TEST(threads_of_different_locales_print_and_read_at_once)
{
    static const char *const locales[THREADS] = {"de_DE.UTF-8", "C", "ps_AF.UTF-8", "tr_TR.UTF-8"};
    pthread_barrier_t start;
    pthread_t threads[THREADS];
    struct thread work[THREADS];
    pthread_barrier_init(&start, NULL, THREADS);
    for (int i = 0; i < THREADS; i++) {
        work[i] = (struct thread){&start, copy_of_locale(locales[i]), 0};
        ck_assert_int_eq(pthread_create(&threads[i], NULL, print_and_read, &work[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        freelocale(work[i].own);
        ck_assert_msg(work[i].wrong == 0, "%d mistakes in the thread of %s", work[i].wrong, locales[i]);
    }
    pthread_barrier_destroy(&start);
}
END_TEST

/* UNIT_LOCALE asks for a run in another locale; one whose numbers look like those of C would show nothing. */
START_TEST(the_locale_that_was_asked_for_is_in_force)
{
    const char *asked = getenv("UNIT_LOCALE");
    char half[16];
    half_there(half);
    if (asked && strcmp(asked, "C") != 0)
        ck_assert_str_ne(half, "0.5");
    else
        ck_assert_str_eq(half, "0.5");
}
END_TEST

/* ---- what a run says of itself ----------------------------------------------------------------------------------- */

START_TEST(the_notes_of_a_fitted_run_have_a_point)
{
    const elbo_images images = pattern_images(64);
    elbo_values *options = options_of(&elbo_model_pca, OPTIONS("latent-dim", "2"));
    elbo_run *run = elbo_run_for(&elbo_model_pca, options, &images, 1);
    elbo_ini said = {.count = 0};
    ck_assert_msg(run && elbo_train(run, &images, &images, NULL, NULL) == ELBO_OK, "%s", elbo_error());
    assert_ok(elbo_run_describe(run, &said));
    const char *share = elbo_ini_get(&said, "explained-variance");
    ck_assert_msg(share && strncmp(share, "0.", 2) == 0 && strspn(share + 2, "0123456789") == 6 && !share[8], "%s",
                  share ? share : "no note");
    elbo_ini_free(&said);
    elbo_run_free(run);
    elbo_values_free(options);
}
END_TEST

Suite *suite_text(void)
{
    Suite *suite = suite_create("text");
    TCase *text = tcase_create("printing and reading"), *locales = tcase_create("locales"), *run = tcase_create("runs");
    tcase_add_test(text, what_is_printed_is_cut_off_and_counted_as_snprintf_does);
    tcase_add_test(text, a_number_ends_where_the_c_locale_ends_it);
    tcase_add_test(text, an_integer_says_by_errno_that_it_is_too_large);
    tcase_add_test(text, reasons_are_in_english);
    tcase_add_test(text, letters_and_digits_are_those_of_ascii);
    tcase_add_test(locales, the_locale_that_was_asked_for_is_in_force);
    tcase_add_test(locales, the_locales_of_program_and_thread_stay_as_they_were);
    tcase_add_test(locales, threads_of_different_locales_print_and_read_at_once);
    tcase_add_test(run, the_notes_of_a_fitted_run_have_a_point);
    suite_add_tcase(suite, text);
    suite_add_tcase(suite, locales);
    suite_add_tcase(suite, run);
    return suite;
}
