/* The suites of the unit tests, one for each file test_*.c. */
#ifndef ELBO_TESTS_SUITES_H
#define ELBO_TESTS_SUITES_H

#include <check.h>

/* SUITE(name): `Suite *suite_name(void)` makes it; run in this order. */
#define ELBO_SUITES(SUITE)                                                                                             \
    SUITE(memory)                                                                                                      \
    SUITE(tensor)                                                                                                      \
    SUITE(vmath)                                                                                                       \
    SUITE(random)                                                                                                      \
    SUITE(elementwise)                                                                                                 \
    SUITE(reduce)                                                                                                      \
    SUITE(product)                                                                                                     \
    SUITE(batches)                                                                                                     \
    SUITE(binding)                                                                                                     \
    SUITE(conv)                                                                                                        \
    SUITE(convolve)                                                                                                    \
    SUITE(describe)                                                                                                    \
    SUITE(distribution)                                                                                                \
    SUITE(draws)                                                                                                       \
    SUITE(explain)                                                                                                     \
    SUITE(folder)                                                                                                      \
    SUITE(golden)                                                                                                      \
    SUITE(gradient)                                                                                                    \
    SUITE(graph)                                                                                                       \
    SUITE(io_dataset)                                                                                                  \
    SUITE(io_drawing)                                                                                                  \
    SUITE(io_figure)                                                                                                   \
    SUITE(io_files)                                                                                                    \
    SUITE(io_idx)                                                                                                      \
    SUITE(io_png)                                                                                                      \
    SUITE(io_safetensors)                                                                                              \
    SUITE(io_safetensors_broken)                                                                                       \
    SUITE(io_text)                                                                                                     \
    SUITE(layers)                                                                                                      \
    SUITE(models)                                                                                                      \
    SUITE(movement)                                                                                                    \
    SUITE(objective)                                                                                                   \
    SUITE(ops)                                                                                                         \
    SUITE(optim)                                                                                                       \
    SUITE(option)                                                                                                      \
    SUITE(own_models)                                                                                                  \
    SUITE(params)                                                                                                      \
    SUITE(plan)                                                                                                        \
    SUITE(plan_cases)                                                                                                  \
    SUITE(run)                                                                                                         \
    SUITE(state)                                                                                                       \
    SUITE(train)

#define DECLARE(name) Suite *suite_##name(void);
ELBO_SUITES(DECLARE)
#undef DECLARE

#endif
