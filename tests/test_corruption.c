/* What is done to images before a model sees them. */
#include <check.h>
#include <math.h>
#include <string.h>

#include "../nn/parts/options.h"
#include "../nn/runs/run_private.h"
#include "runs.h"
#include "suites.h"

/* More images than one call of a plan takes. */
enum { N = 600, SIDE = 4, D = SIDE * SIDE, Z = 3 };

static float x[N * D], seen[N * D], other[N * D];
static elbo_images images;

static void setup(void)
{
    grey_levels(x, N * D);
    images = images_of(x, N, ELBO_SHAPE(SIDE, SIDE));
}

static elbo_run *new_run(const elbo_model *model, const char *name, const char *text, const char *level)
{
    const char *pairs[] = {"hidden", "6", "latent-dim", "3", name, text, level ? "corruption-level" : NULL,
                           level,    NULL};
    return run_of(model, pairs, ELBO_SHAPE(SIDE, SIDE), 0);
}

static void see(elbo_run *run, const float *images_, int64_t seed, float *out)
{
    assert_ok(elbo_run_seen(run, images_, NULL, N, seed, out));
}

/* Mean over images of |a - b|^2 */
static double distance(const float *a, const float *b)
{
    double sum = 0;
    for (int i = 0; i < N * D; i++)
        sum += ((double)a[i] - b[i]) * ((double)a[i] - b[i]);
    return sum / N;
}

/* ---- corruption -------------------------------------------------------------------------------------------------- */

START_TEST(a_mask_sets_its_share_of_pixels_to_0_and_leaves_the_others)
{
    elbo_run *run = new_run(&elbo_model_ae, "corruption", "mask", "0.3");
    int masked = 0;
    see(run, x, 1, seen);
    for (int i = 0; i < N * D; i++) {
        if (seen[i] != 0 && seen[i] != x[i])
            ck_abort_msg("pixel %d is %g, was %g", i, seen[i], x[i]);
        masked += seen[i] == 0;
    }
    ck_assert_double_eq_tol((double)masked / (N * D), 0.3, 4 * sqrt(0.3 * 0.7 / (N * D)));
    elbo_run_free(run);
}
END_TEST

START_TEST(gaussian_noise_has_mean_0_and_its_level_as_deviation)
{
    elbo_run *run = new_run(&elbo_model_ae, "corruption", "gaussian", "0.5");
    double sum = 0;
    see(run, x, 1, seen);
    for (int i = 0; i < N * D; i++)
        sum += seen[i] - x[i];
    ck_assert_double_eq_tol(sum / (N * D), 0, 4 * 0.5 / sqrt(N * D));
    ck_assert_double_eq_tol(sqrt(distance(seen, x) / D), 0.5, 4 * 0.5 / sqrt(2 * N * D));
    elbo_run_free(run);
}
END_TEST

START_TEST(without_corruption_an_image_is_seen_as_it_is)
{
    elbo_run *none = new_run(&elbo_model_ae, "corruption", "none", NULL),
             *vae = new_run(&elbo_model_vae, "beta", "1", NULL);
    elbo_run *level_0 = new_run(&elbo_model_ae, "corruption", "mask", "0");
    elbo_run *const runs[] = {none, vae, level_0};
    for (int i = 0; i < 3; i++) {
        see(runs[i], x, 1, seen);
        ck_assert_mem_eq(seen, x, sizeof x);
        elbo_run_free(runs[i]);
    }
}
END_TEST

START_TEST(the_seed_decides_the_noise_of_an_evaluation)
{
    static const char *const kinds[] = {"mask", "gaussian"};
    for (int i = 0; i < 2; i++) {
        elbo_run *run = new_run(&elbo_model_ae, "corruption", kinds[i], "0.4");
        static const char *const names[] = {"recon", "squared_error", "corrupted_error"};
        for (int k = 0; k < 3; k++) {
            ck_assert_double_eq(evaluated(run, &images, 5, names[k]), evaluated(run, &images, 5, names[k]));
            ck_assert_double_ne(evaluated(run, &images, 5, names[k]), evaluated(run, &images, 6, names[k]));
        }
        see(run, x, 5, seen);
        see(run, x, 5, other);
        ck_assert_mem_eq(seen, other, sizeof seen);
        see(run, x, 6, other);
        ck_assert_double_gt(distance(seen, other), 0.1);
        elbo_run_free(run);
    }
}
END_TEST

START_TEST(encoding_and_reconstructing_do_not_corrupt)
{
    elbo_run *clean = new_run(&elbo_model_ae, "corruption", "none", NULL);
    elbo_run *noisy = new_run(&elbo_model_ae, "corruption", "gaussian", "1"); /* the same weights */
    static float a[N * D], b[N * D];
    assert_ok(elbo_run_encode(clean, x, NULL, N, a));
    assert_ok(elbo_run_encode(noisy, x, NULL, N, b));
    ck_assert_mem_eq(a, b, N * Z * sizeof *a);
    assert_ok(elbo_run_reconstruct(clean, x, NULL, N, 3, a));
    assert_ok(elbo_run_reconstruct(noisy, x, NULL, N, 3, b));
    ck_assert_mem_eq(a, b, sizeof a);
    elbo_run_free(clean);
    elbo_run_free(noisy);
}
END_TEST

START_TEST(the_corrupted_error_is_that_of_the_images_seen_with_the_same_seed)
{
    static const char *const kinds[] = {"mask", "gaussian"};
    for (int i = 0; i < 2; i++) {
        elbo_run *run = new_run(&elbo_model_ae, "corruption", kinds[i], "0.4");
        see(run, x, 9, seen);
        ck_assert_double_eq_tol(evaluated(run, &images, 9, "corrupted_error"), distance(seen, x), 1e-5);
        elbo_run_free(run);
    }
}
END_TEST

START_TEST(what_is_to_be_explained_is_the_clean_image)
{
    const char *const pairs[] = {"hidden", "6", "likelihood", "squared-error", "corruption", "mask", NULL};
    elbo_run *run = run_of(&elbo_model_ae, pairs, ELBO_SHAPE(SIDE, SIDE), 0);
    see(run, x, 9, seen);
    assert_ok(elbo_run_reconstruct(run, seen, NULL, N, 1, other)); /* an autoencoder draws nothing */
    const double from_seen = distance(other, x);
    assert_ok(elbo_run_reconstruct(run, x, NULL, N, 1, other));
    ck_assert_double_gt(fabs(distance(other, x) - from_seen), 1e-3);
    ck_assert_double_eq_tol(evaluated(run, &images, 9, "loss"), from_seen, 1e-5);
    ck_assert_double_eq_tol(evaluated(run, &images, 9, "recon"), from_seen, 1e-5);
    ck_assert_double_eq_tol(evaluated(run, &images, 9, "squared_error"), from_seen, 1e-5);
    elbo_run_free(run);
}
END_TEST

/* ---- binarisation ------------------------------------------------------------------------------------------------ */

START_TEST(binarised_pixels_are_1_as_often_as_they_are_light)
{
    elbo_run *run = new_run(&elbo_model_vae, "binarise", "yes", NULL);
    for (int i = 0; i < N * D; i++)
        x[i] = (float)(i % 5) / 4;
    int ones[5] = {0};
    see(run, x, 1, seen);
    for (int i = 0; i < N * D; i++) {
        if (seen[i] != 0 && seen[i] != 1)
            ck_abort_msg("pixel %d is %g", i, seen[i]);
        ones[i % 5] += seen[i] == 1;
    }
    for (int level = 0; level < 5; level++) {
        const double p = level / 4.0, share = (double)ones[level] / (N * D / 5);
        /* within four deviations, which are 0 for black and white */
        ck_assert_double_le(fabs(share - p), 4 * sqrt(p * (1 - p) / (N * D / 5)));
    }
    see(run, x, 2, other);
    ck_assert_double_gt(distance(seen, other), 1);
    elbo_run_free(run);
}
END_TEST

/* The pixels that a run trains on and measures, of images that are all of one level. */
static void read_table(const elbo_run *run, float level, float *out)
{
    elbo__table table;
    for (int i = 0; i < N * D; i++)
        x[i] = level;
    images = images_of(x, N, ELBO_SHAPE(SIDE, SIDE));
    assert_ok(elbo__table_of(run, &images, &table));
    for (int64_t i = 0; i < N * D; i++)
        out[i] = (float)elbo_tensor_get(&table.images, (int64_t[]){i / D, i % D});
    elbo__table_free(&table);
}

START_TEST(what_is_binarised_once_is_alike_whenever_it_is_read)
{
    elbo_run *run = new_run(&elbo_model_vae, "binarise-once", "yes", NULL);
    for (int level = 0; level < 5; level++) {
        const double p = level / 4.0;
        int ones = 0;
        read_table(run, (float)p, seen);
        read_table(run, (float)p, other);
        for (int i = 0; i < N * D; i++) {
            ck_assert(seen[i] == 0 || seen[i] == 1);
            ck_assert(seen[i] == other[i]);
            ones += seen[i] == 1;
        }
        ck_assert_double_le(fabs((double)ones / (N * D) - p), 4 * sqrt(p * (1 - p) / (N * D)));
    }
    read_table(run, 0.4F, seen); /* other data: other draws */
    read_table(run, 0.40001F, other);
    ck_assert_double_gt(distance(seen, other), 1);
    elbo_run_free(run);
}
END_TEST

/* A model that explains every draw of z alike: what differs between draws is the image alone. */
static elbo_inference indifferent_infer(elbo_in *in)
{
    elbo_var *zero = elbo_expand(elbo_constant(in->g, 0), ELBO_SHAPE(elbo_size(in->x, 0), 2));
    return elbo_infer_normal(in, zero, zero);
}

static elbo_dist indifferent_generate(elbo_in *in, elbo_var *z)
{
    elbo_shape shape = elbo_shape_of(z);
    shape.dim[shape.ndim - 1] = elbo_size(in->x, -1);
    elbo_var *logits = elbo_param(in->g, "logits", ELBO_SHAPE(elbo_size(in->x, -1)), elbo_init_uniform(-3, 3));
    return elbo_bernoulli(elbo_expand(logits, shape));
}

static const elbo_option indifferent_options[] = {ELBO_OPTION_LATENT_DIM, ELBO_OPTIONS_BINARISE, ELBO_OPTIONS_END};
static const elbo_model indifferent = {.name = "indifferent",
                                       .summary = "",
                                       .options = indifferent_options,
                                       .infer = indifferent_infer,
                                       .generate = indifferent_generate};

START_TEST(an_image_is_binarised_alike_for_all_draws)
{
    enum { FEW = 5 };
    static const int draws[] = {2, 50, 9000}; /* the last in several portions */
    elbo_run *run = run_of(&indifferent, OPTIONS("latent-dim", "2", "binarise", "yes"), ELBO_SHAPE(SIDE, SIDE), 0);
    float one[FEW], many[FEW];
    assert_ok(elbo_run_log_prob(run, x, NULL, FEW, 1, 7, one));
    for (int k = 0; k < 3; k++) {
        assert_ok(elbo_run_log_prob(run, x, NULL, FEW, draws[k], 7, many));
        for (int i = 0; i < FEW; i++)
            ck_assert_float_eq_tol(many[i], one[i], 2e-4f);
    }
    assert_ok(elbo_run_log_prob(run, x, NULL, FEW, 1, 8, many));
    for (int i = 0; i < FEW; i++)
        ck_assert_float_ne(many[i], one[i]);
    elbo_run_free(run);
}
END_TEST

START_TEST(binarising_a_binary_image_changes_nothing)
{
    elbo_run *plain = new_run(&elbo_model_vae, "binarise", "no", NULL);
    elbo_run *binarising = new_run(&elbo_model_vae, "binarise", "yes", NULL);
    static float a[N], b[N];
    for (int i = 0; i < N * D; i++)
        x[i] = x[i] < 0.5f ? 0 : 1;
    see(binarising, x, 4, seen);
    ck_assert_mem_eq(seen, x, sizeof x);
    assert_ok(elbo_run_log_prob(plain, x, NULL, N, 3, 4, a));
    assert_ok(elbo_run_log_prob(binarising, x, NULL, N, 3, 4, b));
    ck_assert_mem_eq(a, b, sizeof a);
    ck_assert_double_eq(evaluated(plain, &images, 4, "elbo"), evaluated(binarising, &images, 4, "elbo"));
    elbo_run_free(plain);
    elbo_run_free(binarising);
}
END_TEST

START_TEST(an_encoder_sees_binarised_images)
{
    elbo_run *run = new_run(&elbo_model_vae, "binarise", "yes", NULL);
    static float a[N * Z], b[N * Z];
    see(run, x, 0, seen);
    ck_assert_mem_ne(seen, x, sizeof x);
    assert_ok(elbo_run_encode(run, x, NULL, N, a));
    assert_ok(elbo_run_encode(run, seen, NULL, N, b));
    ck_assert_mem_eq(a, b, sizeof a);
    elbo_run_free(run);
}
END_TEST

Suite *suite_corruption(void)
{
    Suite *suite = suite_create("corruption");
    TCase *noise = tcase_create("corruption"), *binary = tcase_create("binarisation");
    tcase_add_checked_fixture(noise, setup, NULL);
    tcase_add_test(noise, a_mask_sets_its_share_of_pixels_to_0_and_leaves_the_others);
    tcase_add_test(noise, gaussian_noise_has_mean_0_and_its_level_as_deviation);
    tcase_add_test(noise, without_corruption_an_image_is_seen_as_it_is);
    tcase_add_test(noise, the_seed_decides_the_noise_of_an_evaluation);
    tcase_add_test(noise, encoding_and_reconstructing_do_not_corrupt);
    tcase_add_test(noise, the_corrupted_error_is_that_of_the_images_seen_with_the_same_seed);
    tcase_add_test(noise, what_is_to_be_explained_is_the_clean_image);
    suite_add_tcase(suite, noise);
    tcase_add_checked_fixture(binary, setup, NULL);
    tcase_add_test(binary, binarised_pixels_are_1_as_often_as_they_are_light);
    tcase_add_test(binary, what_is_binarised_once_is_alike_whenever_it_is_read);
    tcase_add_test(binary, an_image_is_binarised_alike_for_all_draws);
    tcase_add_test(binary, binarising_a_binary_image_changes_nothing);
    tcase_add_test(binary, an_encoder_sees_binarised_images);
    suite_add_tcase(suite, binary);
    return suite;
}
