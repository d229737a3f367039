/* The bound and log p(x) image by image, with what is known of their errors. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../io/npy.h"
#include "../nn/evaluation/measure.h"
#include "../nn/parts/options.h"
#include "linear_vae.h"
#include "rig.h"
#include "scratch.h"
#include "suites.h"

enum { D = 3, MANY = 603 }; /* MANY are more images than a plan takes at once */

static float x[MANY * D];

static void setup(void)
{
    scratch_setup();
    grey_levels(x, MANY * D);
}

static elbo_images some(int n)
{
    return images_of(x, n, ELBO_SHAPE(D));
}

static elbo_run *small_run(const elbo_model *model, const char *option, const char *value)
{
    return run_of(model, OPTIONS("hidden", "8", "latent-dim", "2", option, value), ELBO_SHAPE(D), 0);
}

static elbo_image_figures measured_by(elbo_run *run, const elbo_images *images, elbo_measuring how)
{
    elbo_image_figures each;
    assert_ok(elbo_run_measure(run, images, &how, NULL, &each));
    return each;
}

static void assert_same(const elbo_image_figures *a, const elbo_image_figures *b, int64_t n)
{
    for (int k = 0; k < ELBO_IMAGE_FIGURES; k++) {
        ck_assert_msg(!a->at[k] == !b->at[k], "only one has %s", elbo_image_figure_names[k]);
        if (a->at[k])
            ck_assert_msg(memcmp(a->at[k], b->at[k], (size_t)n * sizeof *a->at[k]) == 0, "another %s",
                          elbo_image_figure_names[k]);
    }
}

/* ---- linear Gaussian models -------------------------------------------------------------------------------------- */

/* x = W z + b + noise of variance c, W with orthogonal columns of the lengths 2 and 1: along those x has the variances
 * 4 + c and 1 + c, across them c. The posterior of z_j is N(w_j (x - b) / (|w_j|^2 + c), c / (|w_j|^2 + c)). */
static const double columns[D * 2] = {2, 0, 0, 0, 0, 1}, offset[D] = {0.5, 0.25, -1};

static elbo_run *exact_run(void)
{
    const double c = 0.25, code[2 * D] = {2 / (4 + c), 0, 0, 0, 0, 1 / (1 + c)};
    const double code_bias[2] = {-code[0] * offset[0], -code[5] * offset[2]};
    const double logvar[2] = {log(c / (4 + c)), log(c / (1 + c))};
    return linear_vae_run(&(linear_vae){.pixels = D,
                                        .latent = 2,
                                        .code = code,
                                        .code_bias = code_bias,
                                        .logvar = logvar,
                                        .decode = columns,
                                        .mean = offset,
                                        .variance = "0.25"});
}

static double exact_log_prob(const float *image)
{
    const double variances[D] = {4.25, 0.25, 1.25};
    double sum = 0;
    for (int i = 0; i < D; i++)
        sum -= ((image[i] - offset[i]) * (image[i] - offset[i]) / variances[i] + log(2 * M_PI * variances[i])) / 2;
    return sum;
}

/* Images in two blocks, their samples in portions of which the last is smaller. */
START_TEST(with_the_true_posterior_every_sample_gives_log_p)
{
    enum { N = 20, K = 260 };
    const elbo_images images = some(N);
    elbo_run *run = exact_run();
    elbo_image_figures each = measured_by(run, &images, (elbo_measuring){.samples = K, .seed = 1});
    ck_assert_int_eq(each.images, N);
    for (int i = 0; i < N; i++) {
        assert_close(each.at[ELBO_IMAGE_LOG_LIKELIHOOD][i], exact_log_prob(x + i * D), 1e-5);
        ck_assert_double_lt(each.at[ELBO_IMAGE_ERROR][i], 1e-5);
        ck_assert_double_eq_tol(each.at[ELBO_IMAGE_ESS][i], K, 1e-5);
    }
    elbo_image_figures_free(&each);
    elbo_run_free(run);
}
END_TEST

START_TEST(the_bound_is_log_p_less_what_the_posterior_is_off)
{
    enum { N = 20, DRAWS = 4000 };
    const elbo_images images = some(N);
    elbo_run *run = exact_run();
    const double wider[2] = {log(0.25 / 4.25) + 1, log(0.25 / 1.25)}; /* e times the variance: KL(q||p) = (e - 2) / 2 */
    run_set_param(run, "encoder.logvar.bias", wider);
    elbo_image_figures each = measured_by(run, &images, (elbo_measuring){.draws = DRAWS, .seed = 1});
    for (int i = 0; i < N; i++) {
        ck_assert_double_eq_tol(each.at[ELBO_IMAGE_ELBO][i], exact_log_prob(x + i * D) - (M_E - 2) / 2, 0.2);
        assert_close(each.at[ELBO_IMAGE_ELBO][i], -each.at[ELBO_IMAGE_RECON][i] - each.at[ELBO_IMAGE_KL][i], 1e-6);
    }
    const elbo_summary elbo = elbo_summary_of(each.at[ELBO_IMAGE_ELBO], N);
    double exact = -(M_E - 2) / 2;
    for (int i = 0; i < N; i++)
        exact += exact_log_prob(x + i * D) / N;
    ck_assert_double_eq_tol(elbo.mean, exact, 0.02);
    ck_assert_ptr_null(each.at[ELBO_IMAGE_LOG_LIKELIHOOD]);
    elbo_image_figures_free(&each);
    elbo_run_free(run);
}
END_TEST

/* Nothing is lost by a bound where q(z|x) = p(z|x) = p(z); what is left is rounding. */
START_TEST(log_p_of_a_model_that_ignores_z_is_its_bound)
{
    enum { N = 20, K = 5000 };
    const elbo_images images = some(N);
    elbo_run *run = linear_vae_run(&(linear_vae){.pixels = D, .latent = 2, .mean = offset});
    elbo_image_figures each = measured_by(run, &images, (elbo_measuring){.samples = K, .seed = 1});
    for (int i = 0; i < N; i++) {
        ck_assert_double_eq(each.at[ELBO_IMAGE_KL][i], 0);
        assert_close(each.at[ELBO_IMAGE_LOG_LIKELIHOOD][i], each.at[ELBO_IMAGE_ELBO][i], 1e-6);
        ck_assert_double_lt(each.at[ELBO_IMAGE_ERROR][i], 1e-7);
        ck_assert_double_eq_tol(each.at[ELBO_IMAGE_ESS][i], K, 1e-5);
    }
    elbo_image_figures_free(&each);
    elbo_run_free(run);
}
END_TEST

/* ---- weights that are known -------------------------------------------------------------------------------------- */

/* The fitted model says what log p(x) is, and has the exact posterior: one sample is enough, for each image. */
START_TEST(of_ppca_every_sample_gives_its_exact_log_p)
{
    enum { N = 40 };
    const elbo_images images = some(N);
    elbo_run *run = run_of(&elbo_model_ppca, OPTIONS("latent-dim", "2"), ELBO_SHAPE(D), 0);
    assert_ok(elbo_model_ppca.fit(run, &images));
    for (int samples = 1; samples < 300; samples += 149) {
        elbo_image_figures each = measured_by(run, &images, (elbo_measuring){.samples = samples, .seed = 1});
        assert_close(elbo_summary_of(each.at[ELBO_IMAGE_LOG_LIKELIHOOD], N).mean,
                     evaluated(run, &images, 1, "log_likelihood"), 1e-5);
        ck_assert_double_eq_tol(each.at[ELBO_IMAGE_ESS][0], samples, 1e-3);
        elbo_image_figures_free(&each);
    }
    elbo_run_free(run);
}
END_TEST

/* u from N(0, 1), w = weight(u): a q(z) that says its density is p(z) / weight, beside a likelihood of 1. */
static elbo_var *weight_of(elbo_in *in, elbo_var *z);

static elbo_inference weighed_infer(elbo_in *in)
{
    const elbo_dist normal = elbo_standard_normal(in->g, ELBO_SHAPE(elbo_size(in->x, 0), 1));
    const elbo_draw draw = elbo_rsample(normal, "u", in->draws);
    elbo_var *log_p = elbo_log_prob(normal, draw.z, NULL);
    return elbo_infer_drawn(draw.z, elbo_sub(log_p, weight_of(in, draw.z)), elbo_dist_mean(normal));
}

static elbo_dist one_prior(elbo_in *in)
{
    return elbo_standard_normal(in->g, ELBO_SHAPE(elbo_size(in->x, 0), 1));
}

/* N(x, 1 / (2 pi)) at x: density 1 in each pixel */
static elbo_dist sure(elbo_in *in, elbo_var *z)
{
    return elbo_normal_fixed(elbo_add(elbo_unsqueeze(in->x, 1), elbo_scale(z, 0)), 1 / (2 * M_PI));
}

static const elbo_option weights_options[] = {
    {.name = "slope", .type = ELBO_NUMBER, .default_value = "0", .least = -9, .greatest = 9}, ELBO_OPTIONS_END};
static const elbo_model weighed = {
    .name = "weighed", .options = weights_options, .infer = weighed_infer, .prior = one_prior, .generate = sure};

/* Slope a: log w = a u. Slope 0: w = 1 where u > 0, else e^-100. */
static elbo_var *weight_of(elbo_in *in, elbo_var *z)
{
    const double slope = elbo_option_number(in, "slope");
    elbo_var *u = elbo_squeeze(z, 2), *zero = elbo_constant(in->g, 0);
    return slope == 0 ? elbo_where(elbo_less(zero, u), zero, elbo_constant(in->g, -100)) : elbo_scale(u, slope);
}

/* n of K weights are 1 and the others nothing: the mean is n / K, their variance n (K - n) / (K (K - 1)). */
START_TEST(samples_without_weight_do_not_count)
{
    enum { K = 200 };
    const elbo_images images = some(3);
    elbo_run *run = run_of(&weighed, NO_OPTIONS, ELBO_SHAPE(D), 0);
    elbo_image_figures each = measured_by(run, &images, (elbo_measuring){.samples = K, .seed = 1});
    for (int i = 0; i < 3; i++) {
        const double n = each.at[ELBO_IMAGE_ESS][i];
        ck_assert_double_eq_tol(n, round(n), 1e-3);
        ck_assert(n > 60 && n < 140);
        assert_close(each.at[ELBO_IMAGE_LOG_LIKELIHOOD][i], log(n / K), 1e-5);
        assert_close(each.at[ELBO_IMAGE_ERROR][i], sqrt((K - n) / (n * (K - 1))), 1e-5);
    }
    ck_assert_double_ne(each.at[ELBO_IMAGE_ESS][0], each.at[ELBO_IMAGE_ESS][1]);
    elbo_image_figures_free(&each);
    elbo_run_free(run);
}
END_TEST

/* w = e^(a u): E w = e^(a^2 / 2), E w^2 / (E w)^2 = e^(a^2) */
START_TEST(log_normal_weights_count_as_their_moments_say)
{
    enum { K = 40000 };
    const elbo_images images = some(4);
    const double a = 0.5, variance = exp(a * a) - 1;
    elbo_run *run = run_of(&weighed, OPTIONS("slope", "0.5"), ELBO_SHAPE(D), 0);
    elbo_image_figures each = measured_by(run, &images, (elbo_measuring){.samples = K, .seed = 1});
    for (int i = 0; i < 4; i++) {
        ck_assert_double_eq_tol(each.at[ELBO_IMAGE_ESS][i] / K, 1 / (1 + variance), 0.02);
        ck_assert_double_eq_tol(each.at[ELBO_IMAGE_ERROR][i], sqrt(variance / K), 0.05 * sqrt(variance / K));
        ck_assert_double_eq_tol(each.at[ELBO_IMAGE_LOG_LIKELIHOOD][i], a * a / 2, 5 * sqrt(variance / K));
    }
    elbo_image_figures_free(&each);
    elbo_run_free(run);
}
END_TEST

START_TEST(the_standard_error_is_the_deviation_over_seeds)
{
    enum { K = 500, SEEDS = 400 };
    const elbo_images images = some(1);
    elbo_run *run = run_of(&weighed, OPTIONS("slope", "0.5"), ELBO_SHAPE(D), 0);
    double estimates[SEEDS], errors[SEEDS];
    for (int s = 0; s < SEEDS; s++) {
        elbo_image_figures each = measured_by(run, &images, (elbo_measuring){.samples = K, .seed = s});
        estimates[s] = each.at[ELBO_IMAGE_LOG_LIKELIHOOD][0];
        errors[s] = each.at[ELBO_IMAGE_ERROR][0];
        elbo_image_figures_free(&each);
    }
    const double deviation = elbo_summary_of(estimates, SEEDS).error * sqrt(SEEDS);
    ck_assert_double_eq_tol(deviation, elbo_summary_of(errors, SEEDS).mean, 0.15 * deviation);
    elbo_run_free(run);
}
END_TEST

START_TEST(one_sample_is_a_bound_without_an_error)
{
    const elbo_images images = some(2);
    elbo_run *run = small_run(&elbo_model_vae, "beta", "1");
    float nats[2];
    elbo_image_figures each = measured_by(run, &images, (elbo_measuring){.samples = 1, .seed = 3});
    assert_ok(elbo_run_log_prob(run, x, NULL, 2, 1, 3, nats));
    for (int i = 0; i < 2; i++) {
        ck_assert_double_eq(each.at[ELBO_IMAGE_LOG_LIKELIHOOD][i], nats[i]);
        ck_assert(isnan(each.at[ELBO_IMAGE_ERROR][i]));
        ck_assert_double_eq(each.at[ELBO_IMAGE_ESS][i], 1);
    }
    elbo_image_figures_free(&each);
    elbo_run_free(run);
}
END_TEST

/* ---- blocks and seeds -------------------------------------------------------------------------------------------- */

START_TEST(an_image_has_the_same_bits_beside_others_and_alone)
{
    const elbo_images all = some(MANY), few = some(7);
    elbo_run *run = small_run(&elbo_model_vae, "draws", "2");
    elbo_image_figures many = measured_by(run, &all, (elbo_measuring){.samples = 3, .seed = 5});
    elbo_image_figures alone = measured_by(run, &few, (elbo_measuring){.samples = 3, .seed = 5});
    elbo_image_figures first = measured_by(run, &all, (elbo_measuring){.samples = 3, .seed = 5, .count = 7});
    ck_assert_int_eq(first.images, 7);
    assert_same(&many, &alone, 7);
    assert_same(&many, &first, 7);
    elbo_image_figures_free(&many);
    elbo_image_figures_free(&alone);
    elbo_image_figures_free(&first);
    elbo_run_free(run);
}
END_TEST

START_TEST(each_image_and_each_sample_has_draws_of_its_own)
{
    memset(x, 0, sizeof x);
    const elbo_images images = some(MANY), one = some(1);
    elbo_run *run = small_run(&elbo_model_vae, "beta", "1");
    elbo_image_figures each = measured_by(run, &images, (elbo_measuring){.samples = 2, .seed = 5});
    for (int i = 0; i < MANY; i++)
        ck_assert_double_ne(each.at[ELBO_IMAGE_ELBO][i], each.at[ELBO_IMAGE_ELBO][(i + 500) % MANY]);
    elbo_image_figures_free(&each);
    elbo_image_figures portion = measured_by(run, &one, (elbo_measuring){.samples = 4000, .seed = 5});
    elbo_image_figures two = measured_by(run, &one, (elbo_measuring){.samples = 8000, .seed = 5});
    ck_assert(fabs(portion.at[ELBO_IMAGE_LOG_LIKELIHOOD][0] - two.at[ELBO_IMAGE_LOG_LIKELIHOOD][0]) > 1e-9);
    elbo_image_figures_free(&portion);
    elbo_image_figures_free(&two);
    elbo_run_free(run);
}
END_TEST

/* 9000 samples are three portions: the sum of weights goes on where it stopped. */
START_TEST(portions_of_samples_add_up)
{
    enum { K = 9000, N = 2 };
    const elbo_images images = some(N);
    elbo_run *run = small_run(&elbo_model_vae, "beta", "1");
    float nats[N];
    elbo_image_figures each = measured_by(run, &images, (elbo_measuring){.samples = K, .seed = 5});
    assert_ok(elbo_run_log_prob(run, x, NULL, N, K, 5, nats));
    for (int i = 0; i < N; i++) {
        ck_assert_double_eq_tol(each.at[ELBO_IMAGE_LOG_LIKELIHOOD][i], nats[i], 1e-5);
        ck_assert(each.at[ELBO_IMAGE_ESS][i] > 1 && each.at[ELBO_IMAGE_ESS][i] <= K);
    }
    elbo_image_figures_free(&each);
    elbo_run_free(run);
}
END_TEST

/* ---- rounds ------------------------------------------------------------------------------------------------------ */

START_TEST(rounds_have_draws_of_their_own_and_their_means_are_averaged)
{
    enum { N = 5, R = 3 };
    const elbo_images images = some(N);
    elbo_run *run = run_of(&weighed, OPTIONS("slope", "0.5"), ELBO_SHAPE(D), 0);
    elbo_image_figures once = measured_by(run, &images, (elbo_measuring){.samples = 50, .seed = 1});
    elbo_image_figures each = measured_by(run, &images, (elbo_measuring){.samples = 50, .rounds = R, .seed = 1});
    ck_assert_int_eq(once.rounds, 1);
    ck_assert_int_eq(each.rounds, R);
    ck_assert_double_eq(once.of_rounds[0], each.of_rounds[0]);
    ck_assert(each.of_rounds[1] != each.of_rounds[0] && each.of_rounds[2] != each.of_rounds[1]);
    assert_close(elbo_summary_of(each.of_rounds, R).mean, elbo_summary_of(each.at[ELBO_IMAGE_LOG_LIKELIHOOD], N).mean,
                 1e-12);
    elbo_image_figures_free(&once);
    elbo_image_figures_free(&each);
    elbo_run_free(run);
}
END_TEST

/* Of 400 rounds the means deviate by what the weights of one round say. */
START_TEST(the_monte_carlo_error_is_the_deviation_over_rounds)
{
    enum { N = 4, R = 400 };
    const elbo_images images = some(N);
    elbo_run *run = run_of(&weighed, OPTIONS("slope", "0.5"), ELBO_SHAPE(D), 0);
    elbo_image_figures each = measured_by(run, &images, (elbo_measuring){.samples = 500, .rounds = R, .seed = 1});
    const double deviation = elbo_summary_of(each.of_rounds, R).error; /* of the mean of all rounds */
    ck_assert_double_eq_tol(elbo_error_of_mean(each.at[ELBO_IMAGE_ERROR], N), deviation, 0.15 * deviation);
    elbo_image_figures_free(&each);
    elbo_run_free(run);
}
END_TEST

START_TEST(a_round_draws_binarised_pixels_anew)
{
    enum { N = 6, R = 2 };
    const elbo_images images = some(N);
    const double code[2 * D] = {0};
    elbo_run *run = small_run(&elbo_model_vae, "binarise", "yes");
    run_set_param(run, "encoder.mean.weight", (double[2 * 8]){0});
    run_set_param(run, "encoder.logvar.weight", (double[2 * 8]){0});
    run_set_param(run, "encoder.mean.bias", code);
    run_set_param(run, "encoder.logvar.bias", code);
    run_set_param(run, "decoder.logits.weight", (double[D * 8]){0});
    run_set_param(run, "decoder.logits.bias", (double[D]){3, 3, 3}); /* every draw gives log p of the pixels alone */
    elbo_image_figures each = measured_by(run, &images, (elbo_measuring){.samples = 20, .rounds = R, .seed = 1});
    ck_assert_double_ne(each.of_rounds[0], each.of_rounds[1]);
    ck_assert_double_lt(elbo_error_of_mean(each.at[ELBO_IMAGE_ERROR], N), 1e-6);
    elbo_image_figures_free(&each);
    elbo_run_free(run);
}
END_TEST

/* ---- beside elbo_run_evaluate ------------------------------------------------------------------------------------ */

static void assert_means_agree_of(elbo_run *run, int n, int draws)
{
    const elbo_images images = some(n);
    elbo_figures means, known;
    elbo_image_figures each;
    assert_ok(elbo_run_measure(run, &images, &(elbo_measuring){.draws = draws, .seed = 2}, &means, &each));
    assert_ok(elbo_run_evaluate(run, &images, draws, 2, &known));
    ck_assert_int_eq(means.count, known.count);
    for (int i = 0; i < known.count; i++)
        ck_assert_double_eq(means.at[i].value, known.at[i].value);
    for (int k = 0; k < ELBO_IMAGE_FIGURES; k++)
        if (each.at[k])
            assert_close(elbo_summary_of(each.at[k], n).mean, elbo_figures_get(&known, elbo_image_figure_names[k]),
                         1e-5);
    ck_assert_ptr_nonnull(each.at[ELBO_IMAGE_RECON]);
    elbo_image_figures_free(&each);
    elbo_run_free(run);
}

static void assert_means_agree(elbo_run *run)
{
    assert_means_agree_of(run, MANY, 0);
}

START_TEST(the_figures_of_images_have_the_means_of_evaluation)
{
    assert_means_agree_of(small_run(&elbo_model_vae, "beta", "1"), 2, 5000); /* more draws than a portion has */
    assert_means_agree(small_run(&elbo_model_vae, "draws", "3"));
    assert_means_agree(small_run(&elbo_model_vae, "binarise", "yes"));
    assert_means_agree(small_run(&elbo_model_ae, "corruption", "mask"));
    assert_means_agree(small_run(&elbo_model_ae, "likelihood", "squared-error"));
    static const elbo_option options[] = {ELBO_MODEL_OPTIONS, ELBO_OPTIONS_NET, ELBO_OPTIONS_CORRUPTION,
                                          ELBO_OPTIONS_END};
    elbo_model denoising = elbo_model_vae;
    denoising.options = options;
    assert_means_agree(small_run(&denoising, "corruption", "mask"));
}
END_TEST

START_TEST(only_as_many_images_as_asked_for_are_measured)
{
    const elbo_images images = some(9), four = some(4);
    elbo_run *run = small_run(&elbo_model_vae, "beta", "1");
    elbo_figures means;
    elbo_image_figures each;
    assert_ok(elbo_run_measure(run, &images, &(elbo_measuring){.count = 4, .seed = 1}, &means, &each));
    ck_assert_double_eq_tol(elbo_figures_get(&means, "elbo"), evaluated(run, &four, 1, "elbo"), 1e-6);
    elbo_image_figures_free(&each);
    assert_ok(elbo_run_measure(run, &images, &(elbo_measuring){.count = 99, .seed = 1}, NULL, &each));
    ck_assert_int_eq(each.images, 9);
    elbo_image_figures_free(&each);
    elbo_run_free(run);
}
END_TEST

START_TEST(a_model_without_density_has_its_errors_and_no_more)
{
    const elbo_images images = some(3);
    elbo_run *run = small_run(&elbo_model_ae, "likelihood", "squared-error");
    elbo_image_figures each = measured_by(run, &images, (elbo_measuring){.seed = 1});
    ck_assert_ptr_nonnull(each.at[ELBO_IMAGE_RECON]);
    ck_assert_ptr_nonnull(each.at[ELBO_IMAGE_SQUARED_ERROR]);
    ck_assert_ptr_null(each.at[ELBO_IMAGE_ELBO]);
    ck_assert_ptr_null(each.at[ELBO_IMAGE_KL]);
    elbo_image_figures_free(&each);
    assert_refused(elbo_run_measure(run, &images, &(elbo_measuring){.samples = 2}, NULL, &each),
                   "gives no density of z");
    ck_assert_ptr_null(each.at[ELBO_IMAGE_RECON]);
    assert_refused(elbo_run_measure(run, &images, &(elbo_measuring){.count = -1}, NULL, &each), "-1 images");
    elbo_run_free(run);
}
END_TEST

START_TEST(a_cost_is_measured_but_is_no_density)
{
    const elbo_images images = some(3);
    elbo_run *run = small_run(&elbo_model_vae, "likelihood", "squared-error");
    elbo_image_figures each = measured_by(run, &images, (elbo_measuring){.seed = 1});
    ck_assert_ptr_nonnull(each.at[ELBO_IMAGE_ELBO]);
    elbo_image_figures_free(&each);
    assert_refused(elbo_run_measure(run, &images, &(elbo_measuring){.samples = 2}, NULL, &each),
                   "p(x|z): squared-error is no density");
    ck_assert(!elbo_run_has_likelihood(run));
    elbo_run_free(run);
    run = small_run(&elbo_model_vae, "likelihood", "gaussian");
    ck_assert(elbo_run_has_likelihood(run));
    elbo_run_free(run);
}
END_TEST

/* ---- summaries and files ----------------------------------------------------------------------------------------- */

START_TEST(a_summary_has_mean_error_and_least)
{
    const elbo_summary s = elbo_summary_of((double[]){1e9 + 1, 1e9 + 3, 1e9 + 8}, 3);
    ck_assert_double_eq_tol(s.mean, 1e9 + 4, 1e-6);
    assert_close(s.error, sqrt(13.0 / 3), 1e-9); /* squares 9 + 1 + 16, by 2, by 3 */
    ck_assert_double_eq(s.least, 1e9 + 1);
    const elbo_summary one = elbo_summary_of((double[]){5}, 1);
    ck_assert(one.mean == 5 && one.least == 5 && isnan(one.error));
    ck_assert(isnan(elbo_summary_of((double[]){1, NAN, 2}, 3).least));
}
END_TEST

START_TEST(quantiles_lie_between_order_statistics)
{
    const double five[5] = {4, 1, 3, 2, 5};
    ck_assert_double_eq(elbo_quantile_of(five, 5, 0), 1);
    ck_assert_double_eq(elbo_quantile_of(five, 5, 0.5), 3);
    ck_assert_double_eq(elbo_quantile_of(five, 5, 0.625), 3.5);
    ck_assert_double_eq(elbo_quantile_of(five, 5, 1), 5);
    ck_assert_double_eq(elbo_quantile_of(five, 1, 0.3), 4);
    ck_assert(isnan(elbo_quantile_of((double[]){1, NAN}, 2, 0)));
    ck_assert_double_eq(elbo_quantile_of((double[]){-INFINITY, -INFINITY, 0}, 3, 0.25), -INFINITY);
    ck_assert_double_eq(elbo_error_of_mean((double[]){3, 4}, 2), 2.5);
}
END_TEST

static void read_text(const char *name, char *text, size_t size)
{
    FILE *file = fopen(scratch_path(name), "r");
    ck_assert_ptr_nonnull(file);
    text[fread(text, 1, size - 1, file)] = '\0';
    fclose(file);
}

START_TEST(figures_are_written_as_a_table)
{
    unsigned char labels[2] = {7, 1};
    char *names[] = {"cat, big/1.png", "dog/2.png", NULL}, text[300];
    double elbo[2] = {-1.5, -2.25}, recon[2] = {1, INFINITY};
    elbo_images images = some(2);
    elbo_image_figures each = {.images = 2, .at = {elbo, recon}};
    assert_ok(elbo_image_figures_write(&each, &images, scratch_path("plain.csv")));
    read_text("plain.csv", text, sizeof text);
    ck_assert_str_eq(text, "index,elbo,recon\n0,-1.5,1\n1,-2.25,inf\n");
    images.labels = elbo_tensor_of(ELBO_U8, ELBO_SHAPE(2), labels);
    images.file_names = names;
    assert_ok(elbo_image_figures_write(&each, &images, scratch_path("named.CSV")));
    read_text("named.CSV", text, sizeof text);
    ck_assert_str_eq(text, "index,label,file,elbo,recon\n0,7,\"cat, big/1.png\",-1.5,1\n1,1,dog/2.png,-2.25,inf\n");
    assert_ok(elbo_image_figures_write(&each, &images, scratch_path("figures.npy")));
    elbo_tensor back;
    assert_ok(elbo_npy_read(scratch_path("figures.npy"), &back));
    const double *numbers = back.data;
    ck_assert(back.dtype == ELBO_F64 && back.layout.shape.dim[0] == 2 &&
              back.layout.shape.dim[1] == ELBO_IMAGE_FIGURES);
    ck_assert(numbers[0] == -1.5 && numbers[1] == 1 && isnan(numbers[2]) && numbers[ELBO_IMAGE_FIGURES] == -2.25);
    elbo_tensor_free(&back);
    assert_refused(elbo_image_figures_write(&each, &images, scratch_path("figures")), "ends in .csv or .npy");
    assert_refused(elbo_image_figures_write(&each, &images, scratch_path("no/where.csv")), "no/where.csv");
}
END_TEST

Suite *suite_measure(void)
{
    Suite *suite = suite_create("measure");
    TCase *linear = tcase_create("linear"), *known = tcase_create("weights"), *blocks = tcase_create("blocks"),
          *rounds = tcase_create("rounds"), *beside = tcase_create("beside evaluation"), *files = tcase_create("files");
    tcase_add_checked_fixture(linear, setup, scratch_teardown);
    tcase_add_test(linear, with_the_true_posterior_every_sample_gives_log_p);
    tcase_add_test(linear, the_bound_is_log_p_less_what_the_posterior_is_off);
    tcase_add_test(linear, log_p_of_a_model_that_ignores_z_is_its_bound);
    tcase_add_test(linear, of_ppca_every_sample_gives_its_exact_log_p);
    suite_add_tcase(suite, linear);
    tcase_add_checked_fixture(known, setup, scratch_teardown);
    tcase_add_test(known, samples_without_weight_do_not_count);
    tcase_add_test(known, log_normal_weights_count_as_their_moments_say);
    tcase_add_test(known, the_standard_error_is_the_deviation_over_seeds);
    tcase_add_test(known, one_sample_is_a_bound_without_an_error);
    suite_add_tcase(suite, known);
    tcase_add_checked_fixture(blocks, setup, scratch_teardown);
    tcase_add_test(blocks, an_image_has_the_same_bits_beside_others_and_alone);
    tcase_add_test(blocks, each_image_and_each_sample_has_draws_of_its_own);
    tcase_add_test(blocks, portions_of_samples_add_up);
    suite_add_tcase(suite, blocks);
    tcase_add_checked_fixture(rounds, setup, scratch_teardown);
    tcase_add_test(rounds, rounds_have_draws_of_their_own_and_their_means_are_averaged);
    tcase_add_test(rounds, the_monte_carlo_error_is_the_deviation_over_rounds);
    tcase_add_test(rounds, a_round_draws_binarised_pixels_anew);
    suite_add_tcase(suite, rounds);
    tcase_add_checked_fixture(beside, setup, scratch_teardown);
    tcase_add_test(beside, the_figures_of_images_have_the_means_of_evaluation);
    tcase_add_test(beside, only_as_many_images_as_asked_for_are_measured);
    tcase_add_test(beside, a_model_without_density_has_its_errors_and_no_more);
    tcase_add_test(beside, a_cost_is_measured_but_is_no_density);
    suite_add_tcase(suite, beside);
    tcase_add_checked_fixture(files, setup, scratch_teardown);
    tcase_add_test(files, a_summary_has_mean_error_and_least);
    tcase_add_test(files, quantiles_lie_between_order_statistics);
    tcase_add_test(files, figures_are_written_as_a_table);
    suite_add_tcase(suite, files);
    return suite;
}
