/* The suites of the unit tests, one for each file test_*.c. */
#ifndef ELBO_TESTS_SUITES_H
#define ELBO_TESTS_SUITES_H

#include <check.h>

/* SUITE(name): `Suite *suite_name(void)` makes it; run in this order. */
#define ELBO_SUITES(SUITE)                                                                                             \
    SUITE(memory)                                                                                                      \
    SUITE(lookup)                                                                                                      \
    SUITE(tensor)                                                                                                      \
    SUITE(vmath)                                                                                                       \
    SUITE(random)                                                                                                      \
    SUITE(elementwise)                                                                                                 \
    SUITE(finite)                                                                                                      \
    SUITE(reduce)                                                                                                      \
    SUITE(rows)                                                                                                        \
    SUITE(players)                                                                                                     \
    SUITE(product)                                                                                                     \
    SUITE(ae)                                                                                                          \
    SUITE(batches)                                                                                                     \
    SUITE(binding)                                                                                                     \
    SUITE(conv)                                                                                                        \
    SUITE(convolve)                                                                                                    \
    SUITE(corruption)                                                                                                  \
    SUITE(describe)                                                                                                    \
    SUITE(dist_bernoulli)                                                                                              \
    SUITE(dist_categorical)                                                                                            \
    SUITE(dist_continuous_bernoulli)                                                                                   \
    SUITE(dist_mixture)                                                                                                \
    SUITE(dist_normal)                                                                                                 \
    SUITE(distribution)                                                                                                \
    SUITE(draws)                                                                                                       \
    SUITE(eigen)                                                                                                       \
    SUITE(exports)                                                                                                     \
    SUITE(explain)                                                                                                     \
    SUITE(folder)                                                                                                      \
    SUITE(free_bits)                                                                                                   \
    SUITE(golden)                                                                                                      \
    SUITE(gradient)                                                                                                    \
    SUITE(graph)                                                                                                       \
    SUITE(inference)                                                                                                   \
    SUITE(init)                                                                                                        \
    SUITE(integers)                                                                                                    \
    SUITE(io_csv)                                                                                                      \
    SUITE(io_csv_write)                                                                                                \
    SUITE(io_curves)                                                                                                   \
    SUITE(io_dataset)                                                                                                  \
    SUITE(io_drawing)                                                                                                  \
    SUITE(io_events)                                                                                                   \
    SUITE(io_figure)                                                                                                   \
    SUITE(io_files)                                                                                                    \
    SUITE(io_html)                                                                                                     \
    SUITE(io_idx)                                                                                                      \
    SUITE(io_jpeg)                                                                                                     \
    SUITE(io_left_out)                                                                                                 \
    SUITE(io_listing)                                                                                                  \
    SUITE(io_missing)                                                                                                  \
    SUITE(io_npy)                                                                                                      \
    SUITE(io_picture_folder)                                                                                           \
    SUITE(io_png)                                                                                                      \
    SUITE(io_png_read)                                                                                                 \
    SUITE(io_quote)                                                                                                    \
    SUITE(io_safetensors)                                                                                              \
    SUITE(io_safetensors_broken)                                                                                       \
    SUITE(io_sources)                                                                                                  \
    SUITE(io_sprites)                                                                                                  \
    SUITE(io_text)                                                                                                     \
    SUITE(latent_use)                                                                                                  \
    SUITE(layer_derivatives)                                                                                           \
    SUITE(layers)                                                                                                      \
    SUITE(layers_conv)                                                                                                 \
    SUITE(layers_frozen)                                                                                               \
    SUITE(layers_masked)                                                                                               \
    SUITE(layers_norm)                                                                                                 \
    SUITE(likelihood)                                                                                                  \
    SUITE(measure)                                                                                                     \
    SUITE(missing)                                                                                                     \
    SUITE(models)                                                                                                      \
    SUITE(movement)                                                                                                    \
    SUITE(net)                                                                                                         \
    SUITE(objective)                                                                                                   \
    SUITE(ops)                                                                                                         \
    SUITE(optim)                                                                                                       \
    SUITE(option)                                                                                                      \
    SUITE(own_loop)                                                                                                    \
    SUITE(own_models)                                                                                                  \
    SUITE(params)                                                                                                      \
    SUITE(pca)                                                                                                         \
    SUITE(pca_ways)                                                                                                    \
    SUITE(picture_features)                                                                                            \
    SUITE(picture_latent)                                                                                              \
    SUITE(plan)                                                                                                        \
    SUITE(plan_cases)                                                                                                  \
    SUITE(program)                                                                                                     \
    SUITE(questions)                                                                                                   \
    SUITE(report)                                                                                                      \
    SUITE(resume)                                                                                                      \
    SUITE(run)                                                                                                         \
    SUITE(run_classes)                                                                                                 \
    SUITE(schedule)                                                                                                    \
    SUITE(side_matters)                                                                                                \
    SUITE(spread)                                                                                                      \
    SUITE(state)                                                                                                       \
    SUITE(stopping)                                                                                                    \
    SUITE(text)                                                                                                        \
    SUITE(told)                                                                                                        \
    SUITE(train)                                                                                                       \
    SUITE(training_choices)                                                                                            \
    SUITE(watch)                                                                                                       \
    SUITE(words)                                                                                                       \
    SUITE(wrong_models)

#define DECLARE(name) Suite *suite_##name(void);
ELBO_SUITES(DECLARE)
#undef DECLARE

#endif
