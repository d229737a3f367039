/* Codes drawn from the prior and from q(z|x): those that other questions to a run decode. */
#include <check.h>

#include "../models/models.h"
#include "linear_vae.h"
#include "patterns.h"
#include "rig.h"
#include "suites.h"

enum { N = 24, D = PATTERN_PIXELS, Z = 3, MANY = 1203 };

static float x[N * D], z[N * Z], decoded[N * D], expected[N * D];
static int labels[N];

static elbo_run *pattern_run(const elbo_model *model)
{
    return run_of(model, OPTIONS("hidden", "9", "latent-dim", "3"), ELBO_SHAPE(PATTERN_SIDE, PATTERN_SIDE),
                  elbo_model_takes_labels(model, NULL) ? PATTERN_CLASSES : 0);
}

static void assert_decoded(elbo_run *run)
{
    assert_ok(elbo_run_decode(run, z, labels, N, decoded));
    for (int i = 0; i < N * D; i++)
        ck_assert_float_eq_tol(decoded[i], expected[i], 1e-6f);
}

START_TEST(draws_from_the_prior_are_what_a_sample_decodes)
{
    elbo_run *run = pattern_run(_i ? &elbo_model_cvae : &elbo_model_vae);
    for (int i = 0; i < N; i++)
        labels[i] = i % PATTERN_CLASSES;
    assert_ok(elbo_run_draw_prior(run, labels, N, 7, z));
    assert_ok(elbo_run_sample(run, labels, N, 7, expected));
    assert_decoded(run);
    elbo_run_free(run);
}
END_TEST

START_TEST(draws_of_codes_are_what_a_reconstruction_decodes)
{
    elbo_run *run = pattern_run(_i ? &elbo_model_cvae : &elbo_model_vae);
    const elbo_images images = pattern_images(N);
    assert_ok(elbo_images_rows(&images, 0, N, x, labels));
    assert_ok(elbo_run_draw_codes(run, &images, 7, z));
    assert_ok(elbo_run_reconstruct(run, x, labels, N, 7, expected));
    assert_decoded(run);
    elbo_run_free(run);
}
END_TEST

START_TEST(without_a_density_the_code_itself_is_drawn)
{
    elbo_run *run = pattern_run(&elbo_model_ae);
    const elbo_images images = pattern_images(N);
    float codes[N * Z];
    assert_ok(elbo_run_draw_codes(run, &images, 7, z));
    assert_ok(elbo_run_encode_images(run, &images, codes, NULL));
    ck_assert_mem_eq(z, codes, sizeof codes);
    assert_refused(elbo_run_draw_prior(run, NULL, N, 7, z), "has no prior to draw from");
    elbo_run_free(run);
}
END_TEST

/* q = N(0.5, e^-1) for each image, in more blocks than one */
START_TEST(draws_have_the_moments_of_q)
{
    const double bias[] = {0.5}, logvar[] = {-1};
    elbo_run *run = linear_vae_run(&(linear_vae){.pixels = 2, .latent = 1, .code_bias = bias, .logvar = logvar});
    static float grey[MANY * 2], drawn[MANY];
    const elbo_images images = images_of(grey, MANY, ELBO_SHAPE(2));
    double sum = 0, squares = 0;
    assert_ok(elbo_run_draw_codes(run, &images, 1, drawn));
    for (int i = 0; i < MANY; i++) {
        sum += drawn[i];
        squares += (drawn[i] - 0.5) * (drawn[i] - 0.5);
    }
    assert_close(sum / MANY, 0.5, 4 * 0.6065 / 34.7);
    assert_close(squares / MANY, 0.36788, 4 * 0.36788 * 1.4142 / 34.7);
    elbo_run_free(run);
}
END_TEST

Suite *suite_code_draws(void)
{
    Suite *s = suite_create("code_draws");
    TCase *t = tcase_create("draws");
    tcase_add_loop_test(t, draws_from_the_prior_are_what_a_sample_decodes, 0, 2);
    tcase_add_loop_test(t, draws_of_codes_are_what_a_reconstruction_decodes, 0, 2);
    tcase_add_test(t, without_a_density_the_code_itself_is_drawn);
    tcase_add_test(t, draws_have_the_moments_of_q);
    suite_add_tcase(s, t);
    return s;
}
