/* The suites of the unit tests, one for each file test_*.c. */
#ifndef ELBO_TESTS_SUITES_H
#define ELBO_TESTS_SUITES_H

#include <check.h>

/* SUITE(name): `Suite *suite_name(void)` makes it; run in this order. */
#define ELBO_SUITES(SUITE)                                                                                             \
    SUITE(tensor)                                                                                                      \
    SUITE(elementwise)                                                                                                 \
    SUITE(reduce)                                                                                                      \
    SUITE(product)                                                                                                     \
    SUITE(distribution)                                                                                                \
    SUITE(io_files)                                                                                                    \
    SUITE(io_idx)                                                                                                      \
    SUITE(layers)                                                                                                      \
    SUITE(models)                                                                                                      \
    SUITE(objective)                                                                                                   \
    SUITE(optim)                                                                                                       \
    SUITE(option)                                                                                                      \
    SUITE(run)                                                                                                         \
    SUITE(train)

#define DECLARE(name) Suite *suite_##name(void);
ELBO_SUITES(DECLARE)
#undef DECLARE

#endif
