/* Samplers of a run: what they draw, what is kept of them, and what is refused. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../autograd/plan.h"
#include "../io/safetensors.h"
#include "../nn/evaluation/measure.h"
#include "../nn/samplers/sampler.h"
#include "linear_vae.h"
#include "numbers.h"
#include "patterns.h"
#include "rig.h"
#include "scratch.h"
#include "suites.h"

enum { N = 400, D = 2, Z = 2, DRAWN = 50 };

static float x[N * D];

/* q(z|x) = N(x, diag(4, 9)) */
static elbo_run *wide_run(void)
{
    static const double code[] = {1, 0, 0, 1};
    const double logvar[] = {log(4), log(9)};
    return linear_vae_run(&(linear_vae){.pixels = D, .latent = Z, .code = code, .logvar = logvar});
}

static elbo_images two_heaps(void)
{
    numbers r = {1};
    for (int i = 0; i < N * D; i++)
        x[i] = (float)((i / D % 2 ? 40 : -40) + numbers_between(&r, -1, 1));
    return images_of(x, N, ELBO_SHAPE(D));
}

static elbo_values *choices(const char *const *pairs)
{
    elbo_values *values = elbo_values_new(elbo_sampler_options);
    for (; *pairs; pairs += 2)
        assert_ok(elbo_values_set(values, pairs[0], pairs[1]));
    return values;
}

static elbo_sampler *fit(elbo_run *run, const elbo_images *images, const char *const *pairs)
{
    elbo_values *values = choices(pairs);
    elbo_sampler *s = elbo_sampler_fit(run, values, images);
    elbo_values_free(values);
    return s;
}

static elbo_sampler *fitted(elbo_run *run, const elbo_images *images, const char *const *pairs)
{
    elbo_sampler *s = fit(run, images, pairs);
    ck_assert_msg(s != NULL, "%s", elbo_error());
    return s;
}

static void assert_not_fitted(elbo_run *run, const elbo_images *images, const char *const *pairs, const char *reason)
{
    ck_assert_ptr_null(fit(run, images, pairs));
    ck_assert_msg(strstr(elbo_error(), reason) != NULL, "\"%s\" does not say \"%s\"", elbo_error(), reason);
}

/* ---- draws ------------------------------------------------------------------------------------------------------- */

START_TEST(the_prior_needs_no_fit)
{
    elbo_run *run = wide_run();
    float a[DRAWN * Z], b[DRAWN * Z];
    elbo_sampler *s = fitted(run, NULL, _i ? OPTIONS("sampler", "normal") : NO_OPTIONS);
    ck_assert_str_eq(elbo_sampler_name(s), _i ? "normal" : "prior");
    assert_ok(elbo_sampler_draw(s, NULL, DRAWN, 7, a));
    assert_ok(elbo_run_draw_prior(run, NULL, DRAWN, 7, b));
    ck_assert_mem_eq(a, b, sizeof a);
    assert_refused(elbo_sampler_save(s, scratch_path("file")), "nothing is fitted for sampler");
    double nats[DRAWN];
    ck_assert(elbo_sampler_has_density(s));
    assert_ok(elbo_sampler_log_prob(s, a, NULL, DRAWN, nats));
    for (int i = 0; i < DRAWN; i++)
        assert_close(nats[i], -(a[2 * i] * a[2 * i] + a[2 * i + 1] * a[2 * i + 1]) / 2 - log(2 * M_PI), 1e-5);
    elbo_sampler_free(s);
    elbo_run_free(run);
}
END_TEST

/* Codes are draws: their variance is that of the means and that of q. */
START_TEST(a_mixture_is_fitted_to_one_draw_of_each_image)
{
    elbo_run *run = wide_run();
    const elbo_images images = two_heaps();
    elbo_sampler *s = fitted(run, &images, OPTIONS("sampler", "gmm", "components", "2"));
    static float z[4000 * Z];
    double sum[2 * Z] = {0}, squares[2 * Z] = {0}, count[2] = {0};
    assert_ok(elbo_sampler_draw(s, NULL, 4000, 3, z));
    for (int i = 0; i < 4000; i++) {
        const int heap = z[i * Z] > 0;
        count[heap]++;
        for (int j = 0; j < Z; j++) {
            const double d = z[i * Z + j] - (heap ? 40 : -40);
            sum[heap * Z + j] += d;
            squares[heap * Z + j] += d * d;
        }
    }
    for (int k = 0; k < 2; k++) {
        ck_assert_double_eq_tol(count[k], 2000, 4 * sqrt(1000));
        for (int j = 0; j < Z; j++) {
            const double expected = 1.0 / 3 + (j ? 9 : 4); /* of a uniform number, and of q */
            ck_assert_double_eq_tol(sum[k * Z + j] / count[k], 0, 4 * sqrt(expected / 200));
            ck_assert_double_eq_tol(squares[k * Z + j] / count[k], expected, 4 * expected / 10);
        }
    }
    ck_assert_str_eq(elbo_sampler_noted(s, "images"), "400");
    ck_assert_ptr_nonnull(elbo_sampler_noted(s, "log-likelihood"));
    elbo_sampler_free(s);
    elbo_run_free(run);
}
END_TEST

START_TEST(a_draw_depends_on_seed_and_row_alone)
{
    elbo_run *run = wide_run();
    const elbo_images images = two_heaps();
    elbo_sampler *s = fitted(run, &images, OPTIONS("sampler", "gmm"));
    float many[DRAWN * Z], few[3 * Z], other[DRAWN * Z];
    assert_ok(elbo_sampler_draw(s, NULL, DRAWN, 3, many));
    assert_ok(elbo_sampler_draw(s, NULL, 3, 3, few));
    assert_ok(elbo_sampler_draw(s, NULL, DRAWN, 4, other));
    ck_assert_mem_eq(many, few, sizeof few);
    ck_assert_mem_ne(many, other, sizeof many);
    ck_assert_mem_ne(many, many + Z, Z * sizeof *many);
    elbo_sampler_free(s);
    elbo_run_free(run);
}
END_TEST

START_TEST(the_density_is_that_of_the_draws)
{
    elbo_run *run = wide_run();
    const elbo_images images = two_heaps();
    elbo_sampler *s = fitted(run, &images, OPTIONS("sampler", "gmm", "components", "2", "covariance", "diagonal"));
    static float grid[101 * 101 * Z];
    static double nats[101 * 101];
    double sum = 0;
    for (int i = 0; i < 101 * 101; i++) {
        grid[i * Z] = (float)(i / 101 - 50) * 1.25f;
        grid[i * Z + 1] = (float)(i % 101 - 50) * 1.25f;
    }
    ck_assert(elbo_sampler_has_density(s));
    assert_ok(elbo_sampler_log_prob(s, grid, NULL, 101 * 101, nats));
    for (int i = 0; i < 101 * 101; i++)
        sum += exp(nats[i]) * 1.25 * 1.25;
    assert_close(sum, 1, 1e-6); /* its integral, by squares of 1.25 */
    elbo_sampler_free(s);
    elbo_run_free(run);
}
END_TEST

/* ---- classes ----------------------------------------------------------------------------------------------------- */

static elbo_run *pattern_run(void)
{
    return run_of(&elbo_model_cvae, OPTIONS("hidden", "9", "latent-dim", "2"), ELBO_SHAPE(PATTERN_SIDE, PATTERN_SIDE),
                  PATTERN_CLASSES);
}

/* Images of one class are given the codes of that class, wherever they stand. */
START_TEST(there_is_a_mixture_for_each_class)
{
    elbo_run *run = pattern_run();
    const elbo_images images = pattern_images(64);
    static float pixels[64 * PATTERN_PIXELS], z[64 * Z], own[64 * Z];
    int labels[64];
    double nats[64];
    elbo_sampler *s = fitted(run, &images, OPTIONS("sampler", "gmm", "components", "1"));
    assert_ok(elbo_images_rows(&images, 0, 64, pixels, labels));
    assert_ok(elbo_run_draw_codes(run, &images, elbo_run_seed(run), z));
    assert_ok(elbo_sampler_log_prob(s, z, labels, 64, nats));
    assert_ok(elbo_sampler_draw(s, labels, 64, 1, own));
    for (int c = 0; c < PATTERN_CLASSES; c++) {
        double mean[Z] = {0}, n = 0, a = 0, b = 0, d = 0; /* mean and covariance of the class by hand */
        for (int i = 0; i < 64; i++)
            if (labels[i] == c)
                n++, mean[0] += z[i * Z], mean[1] += z[i * Z + 1];
        mean[0] /= n, mean[1] /= n;
        for (int i = 0; i < 64; i++)
            if (labels[i] == c) {
                const double u = z[i * Z] - mean[0], v = z[i * Z + 1] - mean[1];
                a += u * u / n, b += u * v / n, d += v * v / n;
            }
        a += 1e-6, d += 1e-6;
        for (int i = 0; i < 64; i++)
            if (labels[i] == c) {
                const double u = z[i * Z] - mean[0], v = z[i * Z + 1] - mean[1], determinant = a * d - b * b;
                const double squared = (d * u * u - 2 * b * u * v + a * v * v) / determinant;
                assert_close(nats[i], -squared / 2 - log(2 * M_PI * sqrt(determinant)), 1e-6);
            }
    }
    assert_refused(elbo_sampler_draw(s, NULL, 1, 1, own), "needs labels");
    assert_refused(elbo_sampler_draw(s, (int[]){4}, 1, 1, own), "label 4 is outside the classes 0 to 3");
    elbo_sampler_free(s);
    elbo_run_free(run);
}
END_TEST

START_TEST(a_class_without_images_cannot_be_drawn)
{
    elbo_run *run = pattern_run();
    const elbo_images images = pattern_images(3); /* of classes 0, 1 and 2 */
    float z[3 * Z];
    double nats[2];
    elbo_sampler *s = fitted(run, &images, OPTIONS("sampler", "gmm"));
    assert_ok(elbo_sampler_draw(s, (int[]){2, 0, 1}, 3, 1, z));
    assert_refused(elbo_sampler_draw(s, (int[]){1, 3}, 2, 1, z), "has seen no image of class 3");
    assert_refused(elbo_sampler_log_prob(s, z, (int[]){1, 3}, 2, nats), "has seen no image of class 3");
    assert_ok(elbo_sampler_save(s, scratch_path("some")));
    elbo_sampler_free(s);
    s = elbo_sampler_load(run, scratch_path("some"));
    ck_assert_msg(s != NULL, "%s", elbo_error());
    assert_refused(elbo_sampler_draw(s, (int[]){3}, 1, 1, z), "has seen no image of class 3");
    elbo_sampler_free(s);
    elbo_run_free(run);
}
END_TEST

/* ---- files ------------------------------------------------------------------------------------------------------- */

START_TEST(a_file_gives_the_same_sampler_again)
{
    elbo_run *run = wide_run();
    const elbo_images images = two_heaps();
    const char *covariance = _i ? "full" : "diagonal", *path = scratch_path("sampler");
    elbo_sampler *s = fitted(run, &images, OPTIONS("sampler", "gmm", "components", "3", "covariance", covariance));
    assert_ok(elbo_sampler_save(s, path));
    elbo_sampler *again = elbo_sampler_load(run, path);
    ck_assert_msg(again != NULL, "%s", elbo_error());
    float a[DRAWN * Z], b[DRAWN * Z];
    double p[DRAWN], q[DRAWN];
    assert_ok(elbo_sampler_draw(s, NULL, DRAWN, 3, a));
    assert_ok(elbo_sampler_draw(again, NULL, DRAWN, 3, b));
    ck_assert_mem_eq(a, b, sizeof a);
    assert_ok(elbo_sampler_log_prob(s, a, NULL, DRAWN, p));
    assert_ok(elbo_sampler_log_prob(again, a, NULL, DRAWN, q));
    ck_assert_mem_eq(p, q, sizeof p);
    ck_assert_str_eq(elbo_sampler_name(again), "gmm");
    ck_assert_int_eq(elbo_values_integer(elbo_sampler_values(again), "components"), 3);
    ck_assert_str_eq(elbo_values_choice(elbo_sampler_values(again), "covariance"), covariance);
    ck_assert_str_eq(elbo_sampler_noted(again, "log-likelihood"), elbo_sampler_noted(s, "log-likelihood"));
    elbo_values *asked = choices(OPTIONS("sampler", "gmm", "components", "3"));
    assert_ok(elbo_sampler_check(again, asked));
    assert_ok(elbo_values_set(asked, "components", "4"));
    assert_refused(elbo_sampler_check(again, asked), "was fitted with components 3, and 4 is asked for");
    elbo_values_free(asked);
    elbo_sampler_free(s);
    elbo_sampler_free(again);
    elbo_run_free(run);
}
END_TEST

static void assert_not_loaded(elbo_run *run, const char *name, const char *reason)
{
    ck_assert_ptr_null(elbo_sampler_load(run, scratch_path(name)));
    ck_assert_msg(strstr(elbo_error(), scratch_path(name)) == elbo_error() && strstr(elbo_error(), reason),
                  "\"%s\" does not say \"%s\"", elbo_error(), reason);
}

START_TEST(a_sampler_of_other_weights_is_refused)
{
    elbo_run *run = wide_run();
    const elbo_images images = two_heaps();
    double bias[Z] = {0};
    elbo_sampler *s = fitted(run, &images, OPTIONS("sampler", "gmm"));
    assert_ok(elbo_sampler_save(s, scratch_path("sampler")));
    elbo_sampler_free(s);
    bias[1] = 1e-30;
    run_set_param(run, "encoder.mean.bias", bias);
    assert_not_loaded(run, "sampler", "was fitted to other weights than the run has now");
    bias[1] = 0;
    run_set_param(run, "encoder.mean.bias", bias);
    s = elbo_sampler_load(run, scratch_path("sampler"));
    ck_assert_ptr_nonnull(s);
    elbo_sampler_free(s);
    elbo_run_free(run);
}
END_TEST

static elbo_run *of_mutants;

static void read_mutant(const char *path)
{
    float z[Z];
    elbo_sampler *s = elbo_sampler_load(of_mutants, path);
    if (s && elbo_sampler_draw(s, NULL, 1, 1, z) == ELBO_OK && !(isfinite(z[0]) && isfinite(z[1])))
        ck_abort_msg("a draw that is not finite");
    elbo_sampler_free(s);
}

START_TEST(a_damaged_file_is_an_error_or_a_sampler)
{
    static unsigned char bytes[4096];
    of_mutants = wide_run();
    const elbo_images images = two_heaps();
    elbo_sampler *s = fitted(of_mutants, &images, OPTIONS("sampler", "gmm", "components", "2"));
    assert_ok(elbo_sampler_save(s, scratch_path("a")));
    elbo_sampler_free(s);
    scratch_fuzz(bytes, scratch_read("a", bytes, sizeof bytes), 1500, read_mutant);
    elbo_run_free(of_mutants);
}
END_TEST

/* A file of one component ends with covariance (2, 2), mean (2) and weight (1). */
START_TEST(numbers_that_make_no_mixture_are_refused)
{
    static const struct {
        int from_end;
        double value;
        const char *reason;
    } cases[] = {
        {1, 0.5, "add up to 0.5"}, {2, NAN, "a mean of class 0 is not finite"}, {7, -1, "not positive definite"}};
    static unsigned char bytes[4096];
    elbo_run *run = wide_run();
    const elbo_images images = two_heaps();
    elbo_sampler *s = fitted(run, &images, OPTIONS("sampler", "gmm", "components", "1"));
    assert_ok(elbo_sampler_save(s, scratch_path("good")));
    elbo_sampler_free(s);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const size_t size = scratch_read("good", bytes, sizeof bytes);
        memcpy(bytes + size - 8 * (size_t)cases[i].from_end, &cases[i].value, sizeof cases[i].value);
        scratch_write("bad", bytes, size);
        assert_not_loaded(run, "bad", cases[i].reason);
    }
    elbo_run_free(run);
}
END_TEST

START_TEST(other_files_are_refused)
{
    elbo_run *run = wide_run(), *other = pattern_run();
    const elbo_images images = pattern_images(8);
    assert_not_loaded(run, "nothing", "");
    assert_ok(elbo_run_save(run, scratch_path("model")));
    assert_not_loaded(run, "model", "holds no sampler that is known here");
    elbo_sampler *s = fitted(other, &images, OPTIONS("sampler", "gmm"));
    assert_ok(elbo_sampler_save(s, scratch_path("other")));
    assert_not_loaded(run, "other", "other weights");
    elbo_sampler_free(s);
    elbo_run_free(run);
    elbo_run_free(other);
}
END_TEST

START_TEST(a_full_disk_leaves_the_file_that_was_there)
{
    elbo_run *run = wide_run();
    const elbo_images images = two_heaps();
    static unsigned char before[4096];
    elbo_sampler *s = fitted(run, &images, OPTIONS("sampler", "gmm", "components", "2"));
    assert_ok(elbo_sampler_save(s, scratch_path("a")));
    const size_t size = scratch_read("a", before, sizeof before);
    elbo_sampler_free(s);
    s = fitted(run, &images, OPTIONS("sampler", "gmm", "components", "5"));
    scratch_disk_full(100);
    assert_refused(elbo_sampler_save(s, scratch_path("a")), scratch_path("a"));
    scratch_disk_free();
    scratch_assert_bytes("a", before, size);
    ck_assert_int_eq(scratch_entries(), 1);
    elbo_sampler_free(s);
    elbo_run_free(run);
}
END_TEST

START_TEST(a_sampler_lies_beside_the_model)
{
    static const char *const cases[][2] = {{"", "/sampler-gmm.safetensors"},
                                           {"/", "//sampler-gmm.safetensors"},
                                           {"/model.safetensors", "/sampler-gmm.safetensors"}};
    char given[300], expected[300];
    for (int i = 0; i < 3; i++) {
        snprintf(given, sizeof given, "%s%s", scratch_path(""), cases[i][0]);
        snprintf(expected, sizeof expected, "%s%s", scratch_path(""), cases[i][1]);
        char *path = elbo_sampler_path(given, "gmm");
        ck_assert_str_eq(path, expected);
        elbo_release(path);
    }
    char *path = elbo_sampler_path("model.safetensors", "gmm");
    ck_assert_str_eq(path, "sampler-gmm.safetensors");
    elbo_release(path);
}
END_TEST

/* ---- log p(x) ---------------------------------------------------------------------------------------------------- */

static elbo_status density_of(void *sampler, const float *z, const int *labels, int64_t n, double *nats)
{
    return elbo_sampler_log_prob(sampler, z, labels, n, nats);
}

/* Mean of log p(x) over images, and its Monte Carlo error; by the run's own prior where there is no sampler. */
static double measured(elbo_run *run, const elbo_images *images, elbo_sampler *s, int64_t samples, double *error)
{
    elbo_image_figures each;
    const elbo_measuring how = {.samples = samples, .seed = 3, .prior = s ? density_of : NULL, .user = s};
    assert_ok(elbo_run_measure(run, images, &how, NULL, &each));
    const double mean = elbo_summary_of(each.at[ELBO_IMAGE_LOG_LIKELIHOOD], each.images).mean;
    *error = elbo_error_of_mean(each.at[ELBO_IMAGE_ERROR], each.images);
    elbo_image_figures_free(&each);
    return mean;
}

/* x|z ~ N(2 z + 1, 0.5), and z ~ N(m, s^2) as one component has it: x ~ N(2 m + 1, 4 s^2 + 0.5). The codes are those of
 * q(z|x) = N(x / 2, 0.25), which is wide enough to be drawn from. */
START_TEST(log_p_of_x_is_that_of_the_fitted_density)
{
    enum { IMAGES = 200 };
    const double code[] = {0.5}, decode[] = {2}, bias[] = {1}, logvar[] = {log(0.25)};
    elbo_run *run = linear_vae_run(&(linear_vae){
        .pixels = 1, .latent = 1, .code = code, .logvar = logvar, .decode = decode, .mean = bias, .variance = "0.5"});
    numbers r = {9};
    float pixels[IMAGES];
    for (int i = 0; i < IMAGES; i++)
        pixels[i] = (float)numbers_between(&r, 3, 9);
    const elbo_images images = images_of(pixels, IMAGES, ELBO_SHAPE(1));
    elbo_sampler *s = fitted(run, &images, OPTIONS("sampler", "gmm", "components", "1"));
    static float z[IMAGES];
    double mean = 0, variance = 0, expected = 0, error;
    assert_ok(elbo_run_draw_codes(run, &images, elbo_run_seed(run), z));
    for (int i = 0; i < IMAGES; i++)
        mean += z[i] / (double)IMAGES;
    for (int i = 0; i < IMAGES; i++)
        variance += (z[i] - mean) * (z[i] - mean) / IMAGES;
    const double spread = 4 * variance + 0.5;
    for (int i = 0; i < IMAGES; i++) {
        const double off = pixels[i] - 2 * mean - 1;
        expected += -(off * off / spread + log(2 * M_PI * spread)) / 2 / IMAGES;
    }
    const double found = measured(run, &images, s, 2000, &error);
    ck_assert_double_lt(error, 0.01);
    ck_assert_double_eq_tol(found, expected, 4 * error);
    ck_assert_double_gt(found, measured(run, &images, NULL, 2000, &error) + 1); /* N(0, 1) is a poor prior of these */
    elbo_sampler_free(s);
    elbo_run_free(run);
}
END_TEST

/* With labels, which the learned prior depends on. */
START_TEST(the_prior_of_the_run_gives_what_the_run_gives)
{
    const elbo_images images = pattern_images(20);
    elbo_run *run = run_of(&elbo_model_cvae, OPTIONS("hidden", "9", "latent-dim", "2", "prior", "learned"),
                           ELBO_SHAPE(PATTERN_SIDE, PATTERN_SIDE), PATTERN_CLASSES);
    elbo_sampler *s = fitted(run, NULL, NO_OPTIONS);
    double error;
    assert_close(measured(run, &images, s, 300, &error), measured(run, &images, NULL, 300, &error), 1e-6);
    elbo_sampler_free(s);
    elbo_run_free(run);
}
END_TEST

/* ---- what is refused --------------------------------------------------------------------------------------------- */

START_TEST(what_cannot_be_fitted_is_named)
{
    const elbo_images images = two_heaps();
    elbo_run *run = wide_run();
    elbo_run *ae = run_of(&elbo_model_ae, OPTIONS("hidden", "none", "latent-dim", "2"), ELBO_SHAPE(D), 0);
    assert_not_fitted(run, &images, OPTIONS("components", "3"), "\"components\": of no use without --sampler gmm");
    assert_not_fitted(run, NULL, OPTIONS("sampler", "gmm"), "sampler gmm is fitted to images, and there are none");
    assert_not_fitted(ae, &images, NO_OPTIONS, "model \"ae\" has no prior to draw from");
    assert_not_fitted(ae, &images, OPTIONS("sampler", "normal"), "model \"ae\" has no prior to draw from");
    const elbo_images others = pattern_images(8);
    assert_not_fitted(run, &others, OPTIONS("sampler", "gmm"), "(8, 8)");
    double weights[Z * D] = {3e38, 3e38, 0, 0};
    run_set_param(run, "encoder.mean.weight", weights);
    assert_not_fitted(run, &images, OPTIONS("sampler", "gmm"), "a code");
    elbo_run_free(run);
    elbo_run_free(ae);
}
END_TEST

START_TEST(an_autoencoder_draws_by_a_mixture)
{
    elbo_run *ae = run_of(&elbo_model_ae, OPTIONS("hidden", "none", "latent-dim", "2", "likelihood", "squared-error"),
                          ELBO_SHAPE(D), 0);
    const elbo_images images = two_heaps();
    elbo_sampler *s = fitted(ae, &images, OPTIONS("sampler", "gmm"));
    float z[DRAWN * Z], drawn[DRAWN * D], decoded[DRAWN * D];
    assert_ok(elbo_sampler_draw(s, NULL, DRAWN, 1, z));
    assert_ok(elbo_run_decode(ae, z, NULL, DRAWN, decoded));
    assert_ok(elbo_sampler_picture(s, DRAWN, -1, 1, scratch_path("drawn.npy")));
    FILE *file = fopen(scratch_path("drawn.npy"), "rb");
    ck_assert_int_eq(fseek(file, -(long)sizeof drawn, SEEK_END), 0);
    ck_assert_int_eq(fread(drawn, sizeof drawn, 1, file), 1);
    fclose(file);
    ck_assert_mem_eq(drawn, decoded, sizeof drawn);
    elbo_sampler_free(s);
    elbo_run_free(ae);
}
END_TEST

/* The run fails first, and is no part of this. */
static elbo_run *of_allocations;

static elbo_status fit_and_keep(void)
{
    const elbo_images images = two_heaps();
    elbo_values *values = elbo_values_new(elbo_sampler_options);
    elbo_status status = values ? elbo_values_set(values, "sampler", "gmm") : ELBO_NO_MEMORY;
    elbo_sampler *s = status == ELBO_OK ? elbo_sampler_fit(of_allocations, values, &images) : NULL;
    status = s ? elbo_sampler_save(s, scratch_path("kept")) : ELBO_NO_MEMORY;
    elbo_sampler_free(s);
    s = status == ELBO_OK ? elbo_sampler_load(of_allocations, scratch_path("kept")) : NULL;
    status = s ? ELBO_OK : ELBO_NO_MEMORY;
    elbo_sampler_free(s);
    elbo_values_free(values);
    return status;
}

START_TEST(nothing_is_lost_where_memory_is_short)
{
    float z[N * Z];
    const elbo_images images = two_heaps();
    of_allocations = wide_run();
    assert_ok(elbo_run_draw_codes(of_allocations, &images, 1, z)); /* with its plans, which the run keeps */
    assert_survives_failing_allocations(fit_and_keep);
    elbo_run_free(of_allocations);
}
END_TEST

Suite *suite_sampler(void)
{
    Suite *s = suite_create("sampler");
    TCase *t = tcase_create("sampler");
    tcase_add_checked_fixture(t, scratch_setup, scratch_teardown);
    tcase_add_loop_test(t, the_prior_needs_no_fit, 0, 2);
    tcase_add_test(t, a_mixture_is_fitted_to_one_draw_of_each_image);
    tcase_add_test(t, a_draw_depends_on_seed_and_row_alone);
    tcase_add_test(t, the_density_is_that_of_the_draws);
    tcase_add_test(t, there_is_a_mixture_for_each_class);
    tcase_add_test(t, a_class_without_images_cannot_be_drawn);
    tcase_add_loop_test(t, a_file_gives_the_same_sampler_again, 0, 2);
    tcase_add_test(t, a_sampler_of_other_weights_is_refused);
    tcase_add_test(t, a_damaged_file_is_an_error_or_a_sampler);
    tcase_add_test(t, numbers_that_make_no_mixture_are_refused);
    tcase_add_test(t, other_files_are_refused);
    tcase_add_test(t, a_full_disk_leaves_the_file_that_was_there);
    tcase_add_test(t, a_sampler_lies_beside_the_model);
    tcase_add_test(t, log_p_of_x_is_that_of_the_fitted_density);
    tcase_add_test(t, the_prior_of_the_run_gives_what_the_run_gives);
    tcase_add_test(t, what_cannot_be_fitted_is_named);
    tcase_add_test(t, an_autoencoder_draws_by_a_mixture);
    tcase_add_test(t, nothing_is_lost_where_memory_is_short);
    suite_add_tcase(s, t);
    return s;
}
