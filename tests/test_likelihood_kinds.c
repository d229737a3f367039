/* p(x|z) of every kind: from the layers it says, for either network, of the values it is for. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../nn/parts/likelihood.h"
#include "../nn/pictures/picture.h"
#include "patterns.h"
#include "pictures.h"
#include "runs.h"
#include "scratch.h"
#include "small_model.h"
#include "suites.h"

/* ---- what layers give -------------------------------------------------------------------------------------------- */

/* What a decoder without hidden layers puts out whatever z is: the biases of a layer, (D, n). */
typedef struct {
    const char *name;
    int n;
    double bias[D * 3];
} layer;

static const layer mean_of = {"decoder.mean", 1, {0.1, 0.9, -0.4, 1.3, 0.5, 0}},
                   white = {"decoder.white", 1, {0.3, -1, 2, 0.5, 1, 0}},
                   black = {"decoder.black", 1, {-0.7, 0.4, 0.1, 3, -2, 1}},
                   logmean = {"decoder.logmean", 1, {0.3, -1, 2, 0.5, 1, 4}},
                   zero = {"decoder.zero", 1, {-1, 0.5, 0, 2, -3, 1}},
                   three = {"decoder.logits", 3, {0, 1, 2, -1, 0.5, 0.2, 0, 0, 3, 1, 1, -2, 0.4, 0.6, 0, -1, 2, 0.1}},
                   means = {"decoder.mean", 3, {0, 1, 0.5, -1, 0.5, 0.2, 0, 0, 3, 1, 1, -2, 0.4, 0.6, 0, -1, 2, 0.1}},
                   scales = {"decoder.logscale", 3, {-1, -2, 0, -3, -1, -5, -1, 0, 1, -2, -2, -2, -3, 1, 0, -4, -2, 0}},
                   weights = {"decoder.weights", 3, {2, 0, 1, 0, 1, 0, -1, 0.5, 0, 0, 0, 0, 1, 2, 3, 3, 2, 1}},
                   mean_alone = {"decoder.mean", 1, {0.1, 0.9, 0.4, -0.3, 0.5, 1}},
                   scale_alone = {"decoder.logscale", 1, {-1, -2, 0, -3, -1.5, -5}};

/* The bias as an input (1, D) or (1, D, 3), bounded by c tanh(l/c) where c > 0 */
static elbo_var *of(rig *r, const layer *l, double c)
{
    double values[D * 3];
    for (int i = 0; i < D * l->n; i++)
        values[i] = c > 0 ? c * tanh(l->bias[i] / c) : l->bias[i];
    return rig_input(r, l->name, l->n > 1 ? ELBO_SHAPE(1, D, 3) : ELBO_SHAPE(1, D), values);
}

/* log-sizes as they begin: 0 */
static elbo_var *sizes(rig *r)
{
    return rig_input(r, "sizes", ELBO_SHAPE(1, D), (const double[D]){0});
}

static elbo_dist laplace(rig *r)
{
    double scale[D];
    for (int i = 0; i < D; i++)
        scale[i] = log(0.5); /* variance 0.5 = 2 b^2 */
    return elbo_laplace(of(r, &mean_of, 0), rig_input(r, "b", ELBO_SHAPE(1, D), scale));
}

static elbo_dist beta(rig *r)
{
    return elbo_beta_density(of(r, &white, 8), of(r, &black, 8), 1. / 512);
}

static elbo_dist categorical(rig *r)
{
    return elbo_levels(of(r, &three, 0));
}

static elbo_dist logistic(rig *r)
{
    return elbo_discretised_logistic(of(r, &mean_alone, 0), of(r, &scale_alone, 8), 11);
}

static elbo_dist logistic_mixture(rig *r)
{
    elbo_dist c = elbo_discretised_logistic(of(r, &means, 0), of(r, &scales, 8), 256);
    c.event_rank = 0;
    return elbo_mixture(of(r, &weights, 0), c);
}

static elbo_dist poisson(rig *r)
{
    return elbo_poisson(of(r, &logmean, 20));
}

static elbo_dist negative_binomial(rig *r)
{
    return elbo_negative_binomial(of(r, &logmean, 20), sizes(r));
}

static elbo_dist inflated(rig *r)
{
    return elbo_zero_inflated_negative_binomial(of(r, &logmean, 20), sizes(r), of(r, &zero, 0));
}

static const struct {
    const char *likelihood, *option, *value;
    const layer *layers[3];
    elbo_dist (*by_hand)(rig *r);
    double unit; /* what 1 stands for in the pixels of the small model */
} cases[] = {
    {"laplace", "variance", "0.5", {&mean_of}, laplace, 1},
    {"beta", "draws", "1", {&white, &black}, beta, 1},
    {"categorical", "levels", "3", {&three}, categorical, 1},
    {"logistic", "levels", "11", {&mean_alone, &scale_alone}, logistic, 1},
    {"logistic-mixture", "logistic-components", "3", {&means, &scales, &weights}, logistic_mixture, 1},
    {"poisson", "draws", "1", {&logmean}, poisson, 10},
    {"negative-binomial", "draws", "1", {&logmean}, negative_binomial, 10},
    {"zero-inflated-negative-binomial", "draws", "1", {&logmean, &zero}, inflated, 10},
};
enum { CASES = sizeof cases / sizeof cases[0] };

START_TEST(a_likelihood_is_made_of_the_layers_it_names)
{
    elbo_values *options = options_of(&elbo_model_vae,
                                      OPTIONS("hidden", "none", "latent-dim", "2", "likelihood", cases[_i].likelihood,
                                              cases[_i].option, cases[_i].value));
    rig r = trained_rig(&elbo_model_vae, options, ELBO_F64);
    double x[B * D], log_p[B], sum = 0;
    static const double nothing[D * 3 * Z] = {0};
    for (int i = 0; i < B * D; i++)
        x[i] = cases[_i].unit * pixels[i];
    for (int i = 0; i < 3 && cases[_i].layers[i]; i++) {
        char name[64];
        snprintf(name, sizeof name, "%s.weight", cases[_i].layers[i]->name);
        rig_set_param(&r, name, nothing);
        snprintf(name, sizeof name, "%s.bias", cases[_i].layers[i]->name);
        rig_set_param(&r, name, cases[_i].layers[i]->bias);
    }
    elbo_in in = inputs(&r, &elbo_model_vae, options, K);
    rig_feed(&r, "x", ELBO_SHAPE(B, D), x);
    elbo_model_evaluate(&in);
    const double recon = measured(&r, &in, "recon");
    rig_value(&r, elbo_log_prob(cases[_i].by_hand(&r), in.x, NULL), log_p);
    for (int b = 0; b < B; b++)
        sum += log_p[b] / B;
    assert_close(recon, -sum, 1e-12);
    rig_free(&r);
    elbo_values_free(options);
}
END_TEST

START_TEST(every_likelihood_learns_with_either_network)
{
    const char *name = elbo_likelihood_names[_i / 2];
    const bool conv = _i % 2, levels = strcmp(name, "categorical") == 0;
    const double least = strcmp(name, "ms-ssim") == 0 ? 0.02 : 5; /* which is a share, not nats */
    if (strcmp(name, "columns") == 0)                             /* needs a table, and has a suite of its own */
        return;
    elbo_images images = pattern_images(32);
    float x[32 * PATTERN_PIXELS];
    elbo_run *run = run_of(&elbo_model_vae,
                           OPTIONS("hidden", "16", "latent-dim", "2", "likelihood", name, conv ? "net" : "draws",
                                   conv ? "conv" : "1", levels ? "levels" : "draws", levels ? "4" : "1"),
                           ELBO_SHAPE(PATTERN_SIDE, PATTERN_SIDE), 0);
    const double before = evaluated(run, &images, 1, "elbo");
    assert_ok(elbo_train(run, &images, NULL, &(elbo_training){.epochs = 30, .batch_size = 12, .lr = 3e-3}, NULL));
    ck_assert_msg(evaluated(run, &images, 1, "elbo") > before + least, "%s: %g, %g before", name,
                  evaluated(run, &images, 1, "elbo"), before);
    assert_ok(elbo_run_sample(run, NULL, 32, 1, x));
    for (int i = 0; i < 32 * PATTERN_PIXELS; i++)
        if (!isfinite(x[i]) ||
            ((strstr(name, "log") || strcmp(name, "beta") == 0 || levels) && !(x[i] >= 0 && x[i] <= 1)))
            ck_abort_msg("%s: mean %g", name, x[i]);
    elbo_run_free(run);
}
END_TEST

START_TEST(a_sigmoid_keeps_the_mean_within_0_and_1)
{
    static const char *const names[] = {"gaussian", "laplace", "squared-error"};
    const elbo_model *model = _i == 2 ? &elbo_model_ae : &elbo_model_vae;
    const double bias[D] = {-3, -1, 0, 0.5, 2, 5}, nothing[D * Z] = {0};
    const float z[Z] = {0.3f, -0.7f};
    float x[D];
    for (int sigmoid = 0; sigmoid < 2; sigmoid++) {
        elbo_run *run = run_of(model,
                               OPTIONS("hidden", "none", "latent-dim", "2", "likelihood", names[_i], "mean",
                                       sigmoid ? "sigmoid" : "linear"),
                               ELBO_SHAPE(D), 0);
        run_set_param(run, "decoder.mean.weight", nothing);
        run_set_param(run, "decoder.mean.bias", bias);
        assert_ok(elbo_run_decode(run, z, NULL, 1, x));
        for (int i = 0; i < D; i++)
            ck_assert_double_eq_tol(x[i], sigmoid ? 1 / (1 + exp(-bias[i])) : bias[i], 1e-6);
        elbo_run_free(run);
    }
}
END_TEST

/* ---- counts ------------------------------------------------------------------------------------------------------ */

enum { IMAGES = 3, PIXELS = 4 };
static const unsigned char counted[IMAGES * PIXELS] = {0, 1, 255, 3, 7, 0, 0, 12, 40, 2, 1, 1};

static elbo_images counts_u8(void)
{
    elbo_images images;
    const elbo_tensor all = elbo_tensor_of(ELBO_U8, ELBO_SHAPE(IMAGES, PIXELS), counted);
    assert_ok(elbo_images_of(&all, NULL, 0, &images));
    return images;
}

static elbo_run *counting(void)
{
    return run_of(&elbo_model_vae, OPTIONS("hidden", "none", "latent-dim", "2", "likelihood", "poisson"),
                  ELBO_SHAPE(PIXELS), 0);
}

START_TEST(a_count_of_u8_is_the_number_itself)
{
    float x[IMAGES * PIXELS], rows[IMAGES * PIXELS];
    for (int i = 0; i < IMAGES * PIXELS; i++)
        x[i] = counted[i];
    elbo_run *run = counting();
    elbo_images bytes = counts_u8(), floats = images_of(x, IMAGES, ELBO_SHAPE(PIXELS));
    assert_ok(elbo_run_rows(run, &bytes, 0, IMAGES, rows, NULL));
    for (int i = 0; i < IMAGES * PIXELS; i++)
        ck_assert_double_eq(rows[i], counted[i]);
    ck_assert_double_eq(evaluated(run, &bytes, 1, "recon"), evaluated(run, &floats, 1, "recon"));
    elbo_run_free(run);
}
END_TEST

START_TEST(networks_see_the_logarithm_of_a_count)
{
    const double a[Z * PIXELS] = {1, 0, -0.5, 2, 0.25, 3, 0, -1}, bias[Z] = {0.5, -1};
    float x[IMAGES * PIXELS], z[IMAGES * Z];
    for (int i = 0; i < IMAGES * PIXELS; i++)
        x[i] = counted[i];
    elbo_run *run = counting();
    run_set_param(run, "encoder.mean.weight", a);
    run_set_param(run, "encoder.mean.bias", bias);
    assert_ok(elbo_run_encode(run, x, NULL, IMAGES, z));
    for (int i = 0; i < IMAGES; i++)
        for (int j = 0; j < Z; j++) {
            double sum = bias[j];
            for (int d = 0; d < PIXELS; d++)
                sum += a[j * PIXELS + d] * log(1 + counted[i * PIXELS + d]);
            ck_assert_double_eq_tol(z[i * Z + j], sum, 1e-5);
        }
    elbo_run_free(run);
}
END_TEST

START_TEST(a_vamp_prior_learns_counts_of_any_size)
{
    const double large[5 * PIXELS] = {5, 4, 5, 4, 3, 5, 4, 5, 5, 5, 5, 5, 4, 4, 4, 4, 2, 5, 2, 5};
    const double pick[Z * PIXELS] = {1}, nothing[Z] = {0};
    float z[Z];
    double mean = 0;
    elbo_run *run = run_of(
        &elbo_model_vae,
        OPTIONS("hidden", "none", "latent-dim", "2", "likelihood", "poisson", "prior", "vamp", "components", "5"),
        ELBO_SHAPE(PIXELS), 0);
    run_set_param(run, "prior.inputs", large);
    run_set_param(run, "encoder.mean.weight", pick);
    run_set_param(run, "encoder.mean.bias", nothing);
    for (int i = 0; i < 5; i++)
        mean += log1p(exp(large[i * PIXELS])) / 5;
    double sum = 0;
    for (int i = 0; i < 400; i++) {
        assert_ok(elbo_run_draw_prior(run, NULL, 1, i, z));
        sum += z[0] / 400;
    }
    ck_assert_double_le(fabs(sum - mean), 5 * sqrt(4. / 400)); /* pixels of (0, 1) would give log 2 at most */
    elbo_run_free(run);
    assert_no_run(&elbo_model_vae,
                  OPTIONS("likelihood", "columns", "columns", "a=real:0+-1,b=categorical:x|y", "prior", "vamp"),
                  ELBO_SHAPE(2), "no row of them can be learned");
}
END_TEST

START_TEST(what_is_no_count_is_refused)
{
    static const struct {
        float value;
        const char *reason;
    } wrong[] = {{0.5f, "image 1, value 2: the value 0.5 is no count 0, 1, 2, ..., which the likelihood poisson needs"},
                 {-1, "image 1, value 2: the value -1 is no count"},
                 {NAN, NULL},
                 {1e6f, NULL}};
    for (int i = 0; i < 4; i++) {
        const float x[] = {0, 3, 500, 1, 2, 7, wrong[i].value, 1};
        elbo_images images = images_of(x, 2, ELBO_SHAPE(PIXELS));
        elbo_run *run = counting();
        if (wrong[i].reason)
            assert_refused(elbo_run_accepts(run, &images), wrong[i].reason);
        else
            assert_ok(elbo_run_accepts(run, &images));
        elbo_run_free(run);
    }
}
END_TEST

START_TEST(of_counts_the_greatest_in_a_picture_is_white)
{
    const double bias[PIXELS] = {log(3), log(60), log(15), log(0.001)}, nothing[PIXELS * Z] = {0};
    static const int grey[PIXELS] = {13, 255, 64, 0}; /* 255 x / 60, rounded */
    elbo_run *run = run_of(&elbo_model_vae, OPTIONS("hidden", "none", "latent-dim", "2", "likelihood", "poisson"),
                           ELBO_SHAPE(1, PIXELS), 0);
    double reachable[PIXELS];
    for (int i = 0; i < PIXELS; i++)
        reachable[i] = 20 * atanh(bias[i] / 20); /* what c tanh(l/c) makes log-means of */
    run_set_param(run, "decoder.logmean.weight", nothing);
    run_set_param(run, "decoder.logmean.bias", reachable);
    assert_ok(elbo_picture_samples(run, 1, ELBO_EACH_CLASS, 1, scratch_path("counts.png")));
    picture p = picture_read("counts.png");
    for (int i = 0; i < PIXELS; i++)
        ck_assert_uint_eq(picture_at(&p, (p.width - PIXELS) / 2 + i, p.height / 2) & 255, grey[i]);
    free(p.pixels);
    elbo_run_free(run);
}
END_TEST

Suite *suite_likelihood_kinds(void)
{
    int likelihoods = 0;
    while (elbo_likelihood_names[likelihoods])
        likelihoods++;
    Suite *suite = suite_create("likelihood_kinds");
    TCase *layers = tcase_create("layers"), *counts = tcase_create("counts");
    tcase_add_loop_test(layers, a_likelihood_is_made_of_the_layers_it_names, 0, CASES);
    tcase_add_loop_test(layers, every_likelihood_learns_with_either_network, 0, 2 * likelihoods);
    tcase_add_loop_test(layers, a_sigmoid_keeps_the_mean_within_0_and_1, 0, 3);
    suite_add_tcase(suite, layers);
    tcase_add_test(counts, a_count_of_u8_is_the_number_itself);
    tcase_add_test(counts, networks_see_the_logarithm_of_a_count);
    tcase_add_test(counts, a_vamp_prior_learns_counts_of_any_size);
    tcase_add_test(counts, what_is_no_count_is_refused);
    tcase_add_checked_fixture(counts, scratch_setup, scratch_teardown);
    tcase_add_test(counts, of_counts_the_greatest_in_a_picture_is_white);
    suite_add_tcase(suite, counts);
    return suite;
}
