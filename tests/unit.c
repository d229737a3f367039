/* Runs the unit tests: all suites, or those that are named.
 *
 *     tests/unit                       all
 *     tests/unit tensor io             these two
 *     CK_VERBOSITY=verbose tests/unit  a line for each test
 *     CK_FORK=no tests/unit            in one process, for a debugger, a sanitizer or valgrind
 *     UNIT_LOCALE=de_DE.UTF-8 ...      as in a program that has called setlocale; see tests/test_locale.sh
 *
 * Check forks every test. A process that has entered an OpenMP region must not fork, so nothing here may enter one.
 */
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "suites.h"

typedef struct {
    const char *name;
    Suite *(*make)(void);
} suite_row;

#define ROW(name) {#name, suite_##name},
static const suite_row suites[] = {ELBO_SUITES(ROW)};
#undef ROW

enum { N_SUITES = sizeof suites / sizeof suites[0], EXIT_USAGE = 64, EXIT_NO_LOCALE = 99 };

static const suite_row *find(const char *name)
{
    for (int i = 0; i < N_SUITES; i++)
        if (strcmp(suites[i].name, name) == 0)
            return &suites[i];
    return NULL;
}

int main(int argc, char **argv)
{
    /* Check kills a test after 4 seconds by default. No test measures time: this only ends one that hangs. */
    setenv("CK_DEFAULT_TIMEOUT", "1200", 0);

    const char *locale = getenv("UNIT_LOCALE");
    if (locale && !setlocale(LC_ALL, locale)) {
        fprintf(stderr, "unit: no locale \"%s\"\n", locale);
        return EXIT_NO_LOCALE;
    }

    SRunner *runner = srunner_create(NULL);
    for (int i = 1; i < argc; i++) {
        const suite_row *suite = find(argv[i]);
        if (!suite) {
            fprintf(stderr, "unit: no suite \"%s\"; there are:", argv[i]);
            for (int k = 0; k < N_SUITES; k++)
                fprintf(stderr, " %s", suites[k].name);
            fputc('\n', stderr);
            srunner_free(runner);
            return EXIT_USAGE;
        }
        srunner_add_suite(runner, suite->make());
    }
    for (int i = 0; argc == 1 && i < N_SUITES; i++)
        srunner_add_suite(runner, suites[i].make());

    srunner_run_all(runner, CK_ENV);
    int run = srunner_ntests_run(runner), failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return run > 0 && failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
