/* Models whose codes are whole numbers: what a run makes of images, numbers and codes, and that they learn. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../nn/runs/code_map.h"
#include "patterns.h"
#include "runs.h"
#include "scratch.h"
#include "suites.h"

enum { N = 24, MOST = 64 };

/* ---- numbers and codes ------------------------------------------------------------------------------------------- */

/* A model, its options, the map that it has of images of 8 by 8, and the numbers of a code. */
typedef struct {
    const elbo_model *model;
    const char *const *options;
    elbo_code_map map;
    int dims;
} quantiser;

#define SMALL "channels", "4,3"
static const quantiser quantisers[] = {
    {&elbo_model_vq_vae, OPTIONS(SMALL, "code-dim", "3", "codes", "16"), {2, 2, 1, 16}, 3},
    {&elbo_model_vq_vae, OPTIONS(SMALL, "code-dim", "2", "codes", "8", "codebook", "average"), {2, 2, 1, 8}, 2},
    {&elbo_model_hrq_vae, OPTIONS(SMALL, "code-dim", "3", "codes", "4", "code-levels", "3"), {2, 2, 3, 4}, 3},
    {&elbo_model_vq_vae,
     OPTIONS("net", "mlp", "code-positions", "5", "code-dim", "2", "codes", "16"),
     {1, 5, 1, 16},
     2},
    {&elbo_model_hrq_vae, OPTIONS("net", "mlp", "code-dim", "4", "codes", "8", "code-levels", "2"), {1, 1, 2, 8}, 4},
    {&elbo_model_vq_vae, OPTIONS(SMALL, "code-dim", "3", "conditional", "yes"), {2, 2, 1, 512}, 3},
};
enum { QUANTISERS = sizeof quantisers / sizeof quantisers[0] };

static elbo_run *quantising_run(const quantiser *q)
{
    return run_of(q->model, q->options, ELBO_SHAPE(PATTERN_SIDE, PATTERN_SIDE), PATTERN_CLASSES);
}

static int numbers_of(const elbo_code_map *map)
{
    return (int)(map->height * map->width * map->levels);
}

/* Row k of the codebook of a level, as codes are made of it. */
static void codebook_row(elbo_run *run, const elbo_code_map *map, int dims, int level, int k, double *out)
{
    static double table[512 * 4];
    const bool average = elbo_params_find(elbo_run_params(run), "codes.sum") >= 0;
    static const char *const names[] = {"codes.level.weight", "codes.level2.weight", "codes.level3.weight"};
    run_param(run, average ? "codes.sum" : map->levels > 1 ? names[level] : "codes.weight", table);
    memcpy(out, table + k * dims, (size_t)dims * sizeof *out);
}

START_TEST(a_code_is_made_of_rows_of_the_codebooks_by_its_numbers)
{
    const quantiser *q = &quantisers[_i];
    const elbo_images images = pattern_images(N);
    elbo_run *run = quantising_run(q);
    const elbo_code_map map = elbo_run_code_map(run);
    const int positions = (int)(map.height * map.width), numbers = numbers_of(&map), used = positions * q->dims;
    int32_t codes[N * MOST];
    float z[N * MOST], again[N * MOST];
    ck_assert(memcmp(&map, &q->map, sizeof map) == 0);
    ck_assert_int_eq(elbo_run_latent(run), used);
    assert_ok(elbo_run_codes(run, &images, codes));
    assert_ok(elbo_run_encode_images(run, &images, z, NULL));
    assert_ok(elbo_run_lookup(run, codes, N, again));
    ck_assert(memcmp(z, again, (size_t)(N * used) * sizeof *z) == 0);
    for (int i = 0; i < N * positions; i++) {
        double sum[4] = {0}, row[4];
        for (int l = 0; l < map.levels; l++) {
            const int k = codes[i / positions * numbers + i % positions * (int)map.levels + l];
            ck_assert(k >= 0 && k < map.codes);
            codebook_row(run, &map, q->dims, l, k, row);
            for (int j = 0; j < q->dims; j++)
                sum[j] += row[j];
        }
        for (int j = 0; j < q->dims; j++)
            ck_assert_double_le(fabs(z[i * q->dims + j] - sum[j]), 1e-6 * fmax(1, fabs(sum[j])));
    }
    elbo_run_free(run);
}
END_TEST

START_TEST(one_image_has_the_same_numbers_alone_as_among_others)
{
    const quantiser *q = &quantisers[_i];
    elbo_images images = pattern_images(N);
    elbo_run *run = quantising_run(q);
    int32_t all[N * MOST], one[MOST];
    assert_ok(elbo_run_codes(run, &images, all));
    images = pattern_images(1);
    assert_ok(elbo_run_codes(run, &images, one));
    ck_assert(memcmp(all, one, (size_t)numbers_of(&q->map) * sizeof *one) == 0);
    elbo_run_free(run);
}
END_TEST

START_TEST(numbers_that_are_no_codes_are_named)
{
    int32_t codes[2 * 4] = {0, 1, 2, 3, 4, 5, 16, 0};
    float z[2 * 12];
    elbo_run *run = quantising_run(&quantisers[0]);
    assert_refused(elbo_run_lookup(run, codes, 2, z), "image 1: code 16 is outside 0 to 15");
    codes[6] = -1;
    assert_refused(elbo_run_lookup(run, codes, 2, z), "image 1: code -1 is outside 0 to 15");
    assert_refused(elbo_run_lookup(run, codes, -1, z), "-1 images");
    elbo_run_free(run);
}
END_TEST

START_TEST(other_models_have_no_such_codes)
{
    const elbo_images images = pattern_images(N);
    int32_t codes[N];
    float z[2];
    elbo_run *run = run_of(&elbo_model_vae, OPTIONS("hidden", "5"), ELBO_SHAPE(PATTERN_SIDE, PATTERN_SIDE), 0);
    ck_assert_int_eq(elbo_run_code_map(run).codes, 0);
    assert_refused(elbo_run_codes(run, &images, codes), "model \"vae\": its codes are no whole numbers");
    assert_refused(elbo_run_lookup(run, codes, 1, z), "model \"vae\": its codes are no whole numbers");
    elbo_run_free(run);
}
END_TEST

START_TEST(nothing_can_be_drawn_where_there_is_no_prior)
{
    float x[PATTERN_PIXELS];
    elbo_run *run = quantising_run(&quantisers[0]);
    ck_assert(!elbo_run_has_prior(run));
    assert_refused(elbo_run_sample(run, NULL, 1, 1, x), "has no prior to draw from");
    elbo_run_free(run);
}
END_TEST

START_TEST(the_label_joins_the_map_of_the_decoder)
{
    const elbo_images images = pattern_images(N);
    float z[N * 12], one[PATTERN_PIXELS], other[PATTERN_PIXELS];
    elbo_run *run = quantising_run(&quantisers[5]);
    assert_ok(elbo_run_encode_images(run, &images, z, NULL));
    assert_ok(elbo_run_decode(run, z, (int[]){1}, 1, one));
    assert_ok(elbo_run_decode(run, z, (int[]){2}, 1, other));
    ck_assert(memcmp(one, other, sizeof one) != 0);
    elbo_run_free(run);
}
END_TEST

/* ---- learning ---------------------------------------------------------------------------------------------------- */

static elbo_run *trained(const elbo_model *model, const char *const *options, const elbo_images *images, int epochs)
{
    elbo_run *run = run_of(model, options, ELBO_SHAPE(PATTERN_SIDE, PATTERN_SIDE), 0);
    assert_ok(elbo_train(run, images, NULL, &(elbo_training){.epochs = epochs, .batch_size = 16, .lr = 4e-3}, NULL));
    return run;
}

/* Eight images that differ in all pixels: a squared error of 16 is what their mean alone leaves. */
START_TEST(a_quantising_model_learns_to_tell_images_apart)
{
    const struct {
        const elbo_model *model;
        const char *const *options;
    } learners[] = {
        {&elbo_model_vq_vae, OPTIONS("channels", "8,16", "code-dim", "4", "codes", "32")},
        {&elbo_model_vq_vae, OPTIONS("channels", "8,16", "code-dim", "4", "codes", "32", "codebook", "average")},
        {&elbo_model_vq_vae,
         OPTIONS("net", "mlp", "hidden", "32", "code-dim", "4", "code-positions", "4", "codes", "32")},
        {&elbo_model_hrq_vae, OPTIONS("channels", "8,16", "code-dim", "4", "codes", "8", "code-levels", "2")},
    };
    const elbo_images images = pattern_images(16);
    elbo_run *run = trained(learners[_i].model, learners[_i].options, &images, 250);
    ck_assert_double_lt(evaluated(run, &images, 1, "squared_error"), 8);
    ck_assert_double_gt(evaluated(run, &images, 1, "perplexity"), 3);
    elbo_run_free(run);
}
END_TEST

START_TEST(averages_travel_with_the_run_and_rest_when_it_is_measured)
{
    const elbo_images images = pattern_images(48);
    double sum[8 * 2], count[8], after[8 * 2];
    int32_t codes[48 * 4], again[48 * 4];
    elbo_run *run = trained(&elbo_model_vq_vae, quantisers[1].options, &images, 3);
    run_param(run, "codes.sum", sum);
    run_param(run, "codes.count", count);
    assert_ok(elbo_run_codes(run, &images, codes));
    evaluated(run, &images, 1, "recon");
    run_param(run, "codes.sum", after);
    ck_assert(memcmp(sum, after, sizeof sum) == 0);
    double all = 0;
    for (int k = 0; k < 8; k++)
        all += count[k];
    ck_assert_double_gt(fabs(all - 8), 0.1); /* towards 16 images of 4 positions */
    assert_ok(elbo_run_save(run, scratch_path("run.safetensors")));
    elbo_run_free(run);
    run = elbo_run_load(scratch_path("run.safetensors"), elbo_models);
    ck_assert_msg(run != NULL, "%s", elbo_error());
    assert_ok(elbo_run_codes(run, &images, again));
    ck_assert(memcmp(codes, again, sizeof codes) == 0);
    elbo_run_free(run);
}
END_TEST

START_TEST(options_of_the_other_kind_are_refused)
{
    assert_no_run(&elbo_model_vq_vae, OPTIONS("code-positions", "3"), ELBO_SHAPE(8, 8), "\"code-positions\"");
    assert_no_run(&elbo_model_vq_vae, OPTIONS("latent-dim", "3"), ELBO_SHAPE(8, 8), "\"latent-dim\"");
    assert_no_run(&elbo_model_vq_vae, NO_OPTIONS, ELBO_SHAPE(64),
                  "net \"conv\": expected pictures (H, W) or (C, H, W), got (64)");
}
END_TEST

Suite *suite_codes(void)
{
    Suite *s = suite_create("codes");
    TCase *t = tcase_create("numbers");
    tcase_add_loop_test(t, a_code_is_made_of_rows_of_the_codebooks_by_its_numbers, 0, QUANTISERS);
    tcase_add_loop_test(t, one_image_has_the_same_numbers_alone_as_among_others, 0, QUANTISERS);
    tcase_add_test(t, numbers_that_are_no_codes_are_named);
    tcase_add_test(t, other_models_have_no_such_codes);
    tcase_add_test(t, nothing_can_be_drawn_where_there_is_no_prior);
    tcase_add_test(t, the_label_joins_the_map_of_the_decoder);
    tcase_add_test(t, options_of_the_other_kind_are_refused);
    suite_add_tcase(s, t);
    t = tcase_create("learning");
    tcase_add_checked_fixture(t, scratch_setup, scratch_teardown);
    tcase_add_loop_test(t, a_quantising_model_learns_to_tell_images_apart, 0, 4);
    tcase_add_test(t, averages_travel_with_the_run_and_rest_when_it_is_measured);
    suite_add_tcase(s, t);
    return s;
}
