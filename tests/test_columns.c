/* Likelihood columns: a table with a distribution for each of its columns. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../io/dataset.h"
#include "../nn/pictures/picture.h"
#include "../tensor/memory.h"
#include "rig.h"
#include "runs.h"
#include "scratch.h"
#include "suites.h"

/* real, categorical of 3 words, positive, count, ordinal of 3 words */
#define COLUMNS                                                                                                        \
    "height=real:170+-10,city=categorical:A|B|C,income=positive:3+-0.5,age=count:2+-0.25,grade=ordinal:low<mid<high"
enum { N = 3, D = 5, Z = 2, SEEN = 9, PARAMETERS = 2 + 3 + 2 + 1 + 3 };

static const float rows[N * D] = {175, 2, 10, 7, 0, 150.5f, 0, 55.5f, 0, 2, NAN, 1, NAN, 12, 1};

/* What decoder.columns puts out, whatever z is */
static const double bias[PARAMETERS] = {0.5, -0.3,          /* city */ 0.2,  1,    -0.7, /* income */ -1,
                                        0.1, /* age */ 0.4, /* grade */ 0.3, -0.2, 0.6};

static elbo_run *columns_run(void)
{
    static const double nothing[PARAMETERS * Z] = {0};
    elbo_run *run = run_of(&elbo_model_vae,
                           OPTIONS("hidden", "none", "latent-dim", "2", "likelihood", "columns", "columns", COLUMNS),
                           ELBO_SHAPE(D), 0);
    run_set_param(run, "decoder.columns.weight", nothing);
    run_set_param(run, "decoder.columns.bias", bias);
    return run;
}

static double log_normal_density(double x, double m, double variance)
{
    return -0.5 * (log(2 * M_PI * variance) + (x - m) * (x - m) / variance);
}

/* log p of value `column` of a row, in the units of the data */
static double by_hand(int column, double x)
{
    const double income_variance = (exp(0.1) + 1e-4) * 0.25, words[3] = {exp(0.2), exp(1), exp(-0.7)};
    const double rate = exp(20 * tanh((2 + 0.25 * 0.4) / 20));
    const double tau1 = log1p(exp(-0.2)), tau2 = tau1 + log1p(exp(0.6));
    const double below[4] = {0, 1 / (1 + exp(0.3 - tau1)), 1 / (1 + exp(0.3 - tau2)), 1};
    switch (column) {
    case 0: return log_normal_density(x, 170 + 10 * 0.5, (exp(-0.3) + 1e-4) * 100);
    case 1: return log(words[(int)x] / (words[0] + words[1] + words[2]));
    case 2: return log_normal_density(log(x), 3 - 0.5, income_variance) - log(x);
    case 3: return x * log(rate) - rate - lgamma(x + 1);
    default: return log(below[(int)x + 1] - below[(int)x]);
    }
}

START_TEST(log_p_of_a_row_is_the_sum_over_columns_that_are_there)
{
    elbo_run *run = columns_run();
    elbo_images images = images_of(rows, N, ELBO_SHAPE(D));
    double sum = 0;
    for (int i = 0; i < N * D; i++)
        sum += isnan(rows[i]) ? 0 : by_hand(i % D, rows[i]);
    ck_assert_double_eq_tol(evaluated(run, &images, 1, "recon"), -sum / N, 1e-5 * fabs(sum));
    elbo_figures figures;
    assert_ok(elbo_run_evaluate(run, &images, 1, 1, &figures));
    ck_assert(!elbo_figures_has(&figures, "squared_error")); /* of centimetres and words */
    elbo_run_free(run);
}
END_TEST

START_TEST(networks_see_deviations_words_and_nothing_for_what_is_missing)
{
    static const double seen[N][SEEN] = {
        {0.5, 0, 0, 1, 0, 0, 1, 0, 0}, {-1.95, 1, 0, 0, 0, 0, 0, 0, 1}, {0, 0, 1, 0, 0, 0, 0, 1, 0}};
    const double income[N] = {(2.302585093 - 3) / 0.5, (4.016383021 - 3) / 0.5, 0};
    const double age[N] = {(2.079441542 - 2) / 0.25, -2 / 0.25, (2.564949357 - 2) / 0.25};
    double a[Z * SEEN] = {0}, nothing[Z] = {0};
    float z[N * Z];
    elbo_run *run = columns_run();
    run_set_param(run, "encoder.mean.bias", nothing);
    for (int i = 0; i < SEEN; i++) { /* one number after the other */
        memset(a, 0, sizeof a);
        a[i] = 1;
        run_set_param(run, "encoder.mean.weight", a);
        assert_ok(elbo_run_encode(run, rows, NULL, N, z));
        for (int n = 0; n < N; n++) {
            const double expected = i == 4 ? income[n] : i == 5 ? age[n] : seen[n][i];
            ck_assert_double_eq_tol(z[n * Z], expected, 1e-5);
        }
    }
    elbo_run_free(run);
}
END_TEST

START_TEST(what_stands_at_a_missing_value_has_no_influence)
{
    static const unsigned char there[N * D] = {1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 1, 1, 1, 1};
    float x[2][N * D], z[2][N * Z], filled[2][N * D];
    double nats[2];
    const elbo_tensor mask = elbo_tensor_of(ELBO_U8, ELBO_SHAPE(N, D), there);
    elbo_run *run = columns_run();
    for (int k = 0; k < 2; k++) {
        for (int i = 0; i < N * D; i++)
            x[k][i] = isnan(rows[i]) ? 1 : there[i] || k == 0 ? rows[i] : i % D == 2 ? 99 : 1 - (float)(i % 2);
        elbo_images images = images_of(x[k], N, ELBO_SHAPE(D));
        assert_ok(elbo_images_set_mask(&images, &mask));
        nats[k] = evaluated(run, &images, 1, "recon");
        assert_ok(elbo_run_encode_images(run, &images, z[k], NULL));
        assert_ok(elbo_run_impute(run, &images, 20, 0, 1, filled[k], NULL));
        elbo_images_free(&images);
    }
    ck_assert_double_eq(nats[0], nats[1]);
    ck_assert_mem_eq(z[0], z[1], sizeof z[0]);
    ck_assert_mem_eq(filled[0], filled[1], sizeof filled[0]);
    elbo_run_free(run);
}
END_TEST

START_TEST(rows_are_drawn_and_what_is_likely_is_decoded)
{
    enum { MANY = 4000 };
    static float x[MANY * D];
    const float z[Z] = {0.3f, -1};
    double count[3] = {0}, height = 0;
    elbo_run *run = columns_run();
    assert_ok(elbo_run_decode(run, z, NULL, 1, x));
    ck_assert_double_eq_tol(x[0], 175, 1e-4);
    ck_assert_double_eq(x[1], 1);                                                 /* the most likely word */
    ck_assert_double_eq_tol(x[2], exp(2.5 + (exp(0.1) + 1e-4) * 0.25 / 2), 1e-3); /* a mean of incomes    */
    assert_ok(elbo_run_sample(run, NULL, MANY, 1, x));
    for (int i = 0; i < MANY; i++) {
        const float *row = x + i * D;
        ck_assert(row[2] > 0 && row[3] >= 0 && row[3] == rintf(row[3]) && row[1] >= 0 && row[1] <= 2);
        count[(int)row[1]]++;
        height += row[0] / MANY;
    }
    for (int c = 0; c < 3; c++) {
        const double p = exp(by_hand(1, c));
        ck_assert_double_le(fabs(count[c] / MANY - p), 5 * sqrt(p * (1 - p) / MANY));
    }
    ck_assert_double_le(fabs(height - 175), 5 * sqrt(exp(-0.3) * 100 / MANY));
    elbo_run_free(run);
}
END_TEST

/* ---- runs -------------------------------------------------------------------------------------------------------- */

static const char people[] =
    "age,\"the, city\",income\n30,\"A, \"\"B\"\"\",10.5\n2,caf\xc3\xa9,1e6\n4,,0.001\n,x=y|z,3\n";

START_TEST(a_run_knows_its_columns_and_writes_their_words)
{
    float x[4 * 3], back[4 * 3];
    scratch_write("people.csv", people, sizeof people - 1);
    elbo_images images, again;
    assert_ok(
        elbo_images_load_columns(scratch_path("people.csv"), "train", "age=count,income=positive", false, 0, &images));
    elbo_values *options = options_of(&elbo_model_vae, OPTIONS("likelihood", "columns", "hidden", "4"));
    elbo_run *run = elbo_run_for(&elbo_model_vae, options, &images, 1);
    ck_assert_msg(run != NULL, "%s", elbo_error());
    ck_assert_str_eq(elbo_values_text(elbo_run_options(run), "columns"), images.columns);
    assert_ok(elbo_run_save(run, scratch_path("run")));
    elbo_run_free(run);
    run = elbo_run_load(scratch_path("run"), elbo_models);
    ck_assert_msg(run != NULL, "%s", elbo_error());
    ck_assert_str_eq(elbo_values_text(elbo_run_options(run), "columns"), images.columns);
    assert_ok(elbo_picture_imputed(run, &images, 3, 0, 1, scratch_path("whole.csv"), NULL));
    assert_ok(elbo_images_load_columns(scratch_path("whole.csv"), "train", images.columns, true, 0, &again));
    assert_ok(elbo_images_rows(&images, 0, 4, x, NULL));
    assert_ok(elbo_images_rows(&again, 0, 4, back, NULL));
    for (int i = 0; i < 12; i++)
        ck_assert(!isnan(back[i]) && (isnan(x[i]) || back[i] == x[i]));
    assert_refused(elbo_picture_samples(run, 3, ELBO_EACH_CLASS, 1, scratch_path("x.png")),
                   "x.png: rows of columns are no pictures: .csv and .npy are for them");
    elbo_values_free(options);
    elbo_images_free(&images);
    elbo_images_free(&again);
    elbo_run_free(run);
}
END_TEST

START_TEST(what_is_no_table_is_refused)
{
    static const struct {
        float value;
        int at;
        const char *reason;
    } wrong[] = {{3, 1, "the value 3 is none of the 3 words of column \"city\", counted from 0"},
                 {0.5f, 4, "the value 0.5 is none of the 3 words of column \"grade\""},
                 {0, 2, "the value 0 cannot be in column \"income\", which is positive"},
                 {-1, 3, "the value -1 cannot be in column \"age\", which is count"}};
    elbo_run *run = columns_run();
    for (int i = 0; i < 4; i++) {
        float x[N * D];
        memcpy(x, rows, sizeof x);
        x[wrong[i].at] = wrong[i].value;
        elbo_images images = images_of(x, N, ELBO_SHAPE(D));
        assert_refused(elbo_run_accepts(run, &images), wrong[i].reason);
    }
    elbo_run_free(run);
    assert_no_run(&elbo_model_vae, OPTIONS("likelihood", "columns"), ELBO_SHAPE(D), "the columns are not known");
    assert_no_run(&elbo_model_vae, OPTIONS("likelihood", "columns", "columns", COLUMNS), ELBO_SHAPE(4),
                  "5 columns, but rows of 4 values");
    assert_no_run(&elbo_model_vae, OPTIONS("likelihood", "columns", "columns", COLUMNS, "corruption", "mask"),
                  ELBO_SHAPE(D), "corruption is of pixels, not of columns");
}
END_TEST

Suite *suite_columns(void)
{
    Suite *suite = suite_create("columns");
    TCase *likelihood = tcase_create("likelihood"), *runs = tcase_create("runs");
    tcase_add_test(likelihood, log_p_of_a_row_is_the_sum_over_columns_that_are_there);
    tcase_add_test(likelihood, networks_see_deviations_words_and_nothing_for_what_is_missing);
    tcase_add_test(likelihood, what_stands_at_a_missing_value_has_no_influence);
    tcase_add_test(likelihood, rows_are_drawn_and_what_is_likely_is_decoded);
    suite_add_tcase(suite, likelihood);
    tcase_add_checked_fixture(runs, scratch_setup, scratch_teardown);
    tcase_add_test(runs, a_run_knows_its_columns_and_writes_their_words);
    tcase_add_test(runs, what_is_no_table_is_refused);
    suite_add_tcase(suite, runs);
    return suite;
}
