/* PixelCNN: what a number depends on, the entropy of a known chain, draws, and maps of models that quantise. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../nn/runs/code_map.h"
#include "../nn/samplers/on_codes.h"
#include "../nn/samplers/pixelcnn.h"
#include "../tensor/walk.h"
#include "numbers.h"
#include "patterns.h"
#include "rig.h"
#include "runs.h"
#include "scratch.h"
#include "suites.h"

enum { HEIGHT = 4, WIDTH = 3, P = HEIGHT * WIDTH, CODES = 3 };

static elbo_run *map_run(const char *channels, const char *layers)
{
    return run_of(elbo__sampler_pixelcnn.model,
                  OPTIONS("codes", "3", "pixel-channels", channels, "pixel-layers", layers), ELBO_SHAPE(HEIGHT, WIDTH),
                  0);
}

/* Weights so large that what a number depends on shows in its draws. */
static void enlarge(elbo_run *run)
{
    elbo_params *params = elbo_run_params(run);
    for (int i = 0; i < elbo_params_count(params); i++) {
        const elbo_tensor t = elbo_params_tensor(params, i);
        for (elbo__walk w = elbo__walk_start(&t.layout.shape); w.more; elbo__walk_next(&w))
            elbo_tensor_set(&t, w.index, 4 * elbo_tensor_get(&t, w.index));
    }
    elbo_params_touch(params);
}

/* Rows of two maps, which are one but for place j, drawn anew by the same random numbers. */
START_TEST(a_number_depends_on_those_before_it_alone)
{
    enum { ROWS = 200 };
    static float one[ROWS * P], other[ROWS * P], from_one[ROWS * P], from_other[ROWS * P];
    elbo_run *run = map_run("8", "3");
    numbers r = {4};
    enlarge(run);
    for (int j = 0; j < P; j++) {
        int changed[P] = {0};
        for (int i = 0; i < ROWS * P; i++) {
            one[i] = (float)numbers_below(&r, CODES);
            other[i] = i % P == j ? (float)(((int)one[i] + 1) % CODES) : one[i];
        }
        assert_ok(elbo_run_decode(run, one, NULL, ROWS, from_one));
        assert_ok(elbo_run_decode(run, other, NULL, ROWS, from_other));
        for (int i = 0; i < ROWS * P; i++)
            changed[i % P] += from_one[i] != from_other[i];
        for (int i = 0; i < P; i++)
            ck_assert_msg((changed[i] > 0) == (i > j), "place %d, after a change at %d: %d of %d", i, j, changed[i],
                          ROWS);
    }
    elbo_run_free(run);
}
END_TEST

/* ---- a chain ----------------------------------------------------------------------------------------------------- */

static const double first[CODES] = {0.5, 0.3, 0.2},
                    next[CODES][CODES] = {{0.8, 0.15, 0.05}, {0.1, 0.1, 0.8}, {0.6, 0.3, 0.1}};

static int choose(numbers *r, const double *p)
{
    const double u = numbers_between(r, 0, 1);
    return u < p[0] ? 0 : u < p[0] + p[1] ? 1 : 2;
}

/* Maps whose numbers are a chain in the order of rows: that before the first of a row is the last of the row above. */
static void draw_maps(float *maps, int n, uint64_t seed)
{
    numbers r = {seed};
    for (int i = 0; i < n * P; i++)
        maps[i] = (float)choose(&r, i % P ? next[(int)maps[i - 1]] : first);
}

static double log_p(const float *map)
{
    double sum = log(first[(int)map[0]]);
    for (int i = 1; i < P; i++)
        sum += log(next[(int)map[i - 1]][(int)map[i]]);
    return sum;
}

enum { MAPS = 4000, TESTED = 2000 };
static float maps[MAPS * P], tested[TESTED * P];

/* As good as the chain itself, by maps that it was not trained on; and what is drawn from it follows the chain. */
START_TEST(the_entropy_of_a_chain_is_reached)
{
    elbo_run *run = map_run("16", "3");
    draw_maps(maps, MAPS, 1);
    draw_maps(tested, TESTED, 2);
    const elbo_images train = images_of(maps, MAPS, ELBO_SHAPE(HEIGHT, WIDTH)),
                      test = images_of(tested, TESTED, ELBO_SHAPE(HEIGHT, WIDTH));
    assert_ok(elbo_train(run, &train, NULL, &(elbo_training){.epochs = 12, .lr = 4e-3}, NULL));
    double truth = 0;
    for (int i = 0; i < TESTED; i++)
        truth += log_p(tested + i * P) / TESTED;
    const double found = evaluated(run, &test, 1, "elbo");
    ck_assert_double_le(found, truth + 0.01);
    ck_assert_double_ge(found, truth - 0.1);
    ck_assert_double_eq_tol(evaluated(run, &test, 1, "kl"), 0, 1e-9);

    static int32_t drawn[TESTED * P];
    double begins[CODES] = {0}, pairs[CODES][CODES] = {{0}}, from[CODES] = {0};
    assert_ok(elbo__pixelcnn_draw(run, NULL, TESTED, 3, drawn));
    for (int i = 0; i < TESTED * P; i++) {
        ck_assert(drawn[i] >= 0 && drawn[i] < CODES);
        if (i % P == 0)
            begins[drawn[i]]++;
        else {
            pairs[drawn[i - 1]][drawn[i]]++;
            from[drawn[i - 1]]++;
        }
    }
    for (int a = 0; a < CODES; a++) {
        ck_assert_double_eq_tol(begins[a] / TESTED, first[a], 0.05);
        for (int b = 0; b < CODES; b++)
            ck_assert_double_eq_tol(pairs[a][b] / from[a], next[a][b], 0.05);
    }
    elbo_run_free(run);
}
END_TEST

/* A draw is that of one number after the other, by the random numbers of its place: drawn anew it stays. */
START_TEST(a_draw_is_what_stays_as_it_is)
{
    enum { ROWS = 70 }; /* more than one block */
    elbo_run *run = map_run("8", "3");
    int32_t drawn[ROWS * P], few[3 * P], other[ROWS * P];
    float x[ROWS * P], anew[ROWS * P];
    enlarge(run);
    assert_ok(elbo__pixelcnn_draw(run, NULL, ROWS, 0, drawn)); /* of the seed of elbo_run_decode */
    for (int i = 0; i < ROWS * P; i++)
        x[i] = (float)drawn[i];
    assert_ok(elbo_run_decode(run, x, NULL, ROWS, anew));
    ck_assert_mem_eq(x, anew, sizeof x);
    assert_ok(elbo__pixelcnn_draw(run, NULL, 3, 0, few));
    ck_assert_mem_eq(drawn, few, sizeof few);
    assert_ok(elbo__pixelcnn_draw(run, NULL, ROWS, 1, other));
    ck_assert_mem_ne(drawn, other, sizeof drawn);
    elbo_run_free(run);
}
END_TEST

/* ---- of a run ---------------------------------------------------------------------------------------------------- */

static elbo_sampler *fitted(elbo_run *run, const elbo_images *images, const char *epochs)
{
    const char *const pairs[] = {"sampler",    "pixelcnn", "pixel-layers", "2",    "pixel-channels", "8",
                                 "fit-epochs", epochs,     "fit-lr",       "1e-2", "fit-batch",      "16",
                                 NULL};
    elbo_values *values = elbo_values_new(elbo_sampler_options);
    for (const char *const *p = pairs; *p; p += 2)
        assert_ok(elbo_values_set(values, p[0], p[1]));
    elbo_sampler *s = elbo_sampler_fit(run, values, images);
    elbo_values_free(values);
    return s;
}

static const struct {
    const elbo_model *model;
    const char *const *options;
} quantisers[] = {
    {&elbo_model_vq_vae, OPTIONS("channels", "4,3", "code-dim", "3", "codes", "8")},
    {&elbo_model_vq_vae, OPTIONS("channels", "4,3", "code-dim", "3", "codes", "8", "conditional", "yes")},
    {&elbo_model_hrq_vae, OPTIONS("channels", "4,3", "code-dim", "3", "codes", "4", "code-levels", "2")},
    {&elbo_model_vq_vae, OPTIONS("net", "mlp", "code-positions", "5", "code-dim", "2", "codes", "16")},
};
enum { QUANTISERS = sizeof quantisers / sizeof quantisers[0] };

/* Codes that are drawn are those of numbers: z is among the codes of all maps, of which lookup makes it. */
START_TEST(what_is_drawn_are_codes_of_the_codebook)
{
    enum { DRAWN = 30, MOST = 32 };
    const elbo_images images = pattern_images(64);
    elbo_run *run = run_of(quantisers[_i].model, quantisers[_i].options, ELBO_SHAPE(PATTERN_SIDE, PATTERN_SIDE),
                           PATTERN_CLASSES);
    const elbo_code_map map = elbo_run_code_map(run);
    const int places = (int)(map.height * map.width * map.levels), dims = (int)elbo_run_latent(run);
    int labels[DRAWN];
    float z[DRAWN * MOST], looked_up[DRAWN * MOST], again[DRAWN * MOST];
    int32_t codes[DRAWN * MOST];
    for (int i = 0; i < DRAWN; i++)
        labels[i] = i % PATTERN_CLASSES;
    elbo_sampler *s = fitted(run, &images, "3");
    ck_assert_msg(s != NULL, "%s", elbo_error());
    ck_assert_ptr_nonnull(elbo_sampler_noted(s, "log-likelihood"));
    assert_ok(elbo_sampler_draw(s, labels, DRAWN, 5, z));
    assert_ok(elbo__pixelcnn_draw(s->fitted, labels, DRAWN, 5, codes));
    ck_assert_int_eq(elbo_run_pixels(s->fitted), places);
    assert_ok(elbo_run_lookup(run, codes, DRAWN, looked_up));
    ck_assert_mem_eq(z, looked_up, (size_t)(DRAWN * dims) * sizeof *z);
    assert_ok(elbo_sampler_save(s, scratch_path("pixelcnn")));
    elbo_sampler_free(s);
    s = elbo_sampler_load(run, scratch_path("pixelcnn"));
    ck_assert_msg(s != NULL, "%s", elbo_error());
    assert_ok(elbo_sampler_draw(s, labels, DRAWN, 5, again));
    ck_assert_mem_eq(z, again, (size_t)(DRAWN * dims) * sizeof *z);
    elbo_sampler_free(s);
    elbo_run_free(run);
}
END_TEST

/* Eight patterns, two of each class, have eight maps at most. With their labels ln 2 nats tell them apart, without ln 8
 * at least where no two have one map. */
START_TEST(maps_of_a_class_are_learned_by_their_label)
{
    const elbo_images images = pattern_images(64);
    double nats[2];
    for (int i = 0; i < 2; i++) {
        elbo_run *run = run_of(&elbo_model_vq_vae,
                               OPTIONS("net", "mlp", "hidden", "16", "code-positions", "4", "code-dim", "2", "codes",
                                       "16", "conditional", i ? "yes" : "no"),
                               ELBO_SHAPE(PATTERN_SIDE, PATTERN_SIDE), PATTERN_CLASSES);
        elbo_sampler *s = fitted(run, &images, "60");
        ck_assert_msg(s != NULL, "%s", elbo_error());
        nats[i] = -strtod(elbo_sampler_noted(s, "log-likelihood"), NULL);
        elbo_sampler_free(s);
        elbo_run_free(run);
    }
    ck_assert_double_lt(nats[1], log(2) + 0.2);
    ck_assert_double_gt(nats[0], nats[1] + 0.5);
}
END_TEST

START_TEST(a_run_without_numbers_is_refused)
{
    const elbo_images images = pattern_images(8);
    elbo_run *run = run_of(&elbo_model_vae, OPTIONS("hidden", "4", "latent-dim", "2"),
                           ELBO_SHAPE(PATTERN_SIDE, PATTERN_SIDE), 0);
    ck_assert_ptr_null(fitted(run, &images, "1"));
    ck_assert_msg(strstr(elbo_error(), "the codes of model \"vae\" are no whole numbers"), "%s", elbo_error());
    elbo_run_free(run);
}
END_TEST

Suite *suite_pixelcnn(void)
{
    Suite *s = suite_create("pixelcnn");
    TCase *t = tcase_create("pixelcnn");
    tcase_add_checked_fixture(t, scratch_setup, scratch_teardown);
    tcase_set_timeout(t, 120);
    tcase_add_test(t, a_number_depends_on_those_before_it_alone);
    tcase_add_test(t, the_entropy_of_a_chain_is_reached);
    tcase_add_test(t, a_draw_is_what_stays_as_it_is);
    tcase_add_loop_test(t, what_is_drawn_are_codes_of_the_codebook, 0, QUANTISERS);
    tcase_add_test(t, maps_of_a_class_are_learned_by_their_label);
    tcase_add_test(t, a_run_without_numbers_is_refused);
    suite_add_tcase(s, t);
    return s;
}
