/* Codes and the factors behind images: scores of codes that are the factors, of others, and of tables by hand. */
#include <check.h>
#include <math.h>
#include <string.h>

#include "../io/sprites.h"
#include "../nn/evaluation/disentangling_private.h"
#include "../tensor/random.h"
#include "numbers.h"
#include "rig.h"
#include "runs.h"
#include "suites.h"

/* Every combination of 4, 5 and 6 values, TIMES times: factors that have nothing to do with each other. */
enum { F = 3, TIMES = 12, N = 4 * 5 * 6 * TIMES, MOST = 6 };

static int32_t values[N * F];
static float codes[N * MOST];

static void fill_values(void)
{
    for (int i = 0; i < N; i++) {
        values[i * F] = i % 4;
        values[i * F + 1] = i / 4 % 5;
        values[i * F + 2] = i / 20 % 6;
    }
}

static elbo_disentangling scores_of(int latent, const bool *ordered)
{
    elbo_disentangling d;
    assert_ok(elbo_disentangling_of(&(elbo_factored){N, latent, F, codes, values, ordered}, 1, &d));
    return d;
}

/* The factors, one unit of each code apart, with as much noise; turned by an angle in the plane of the first two. */
static void fill_codes(double noise, double angle)
{
    numbers random = {5};
    fill_values();
    for (int i = 0; i < N; i++) {
        float *z = codes + i * F;
        for (int f = 0; f < F; f++)
            z[f] = (float)(values[i * F + f] + numbers_between(&random, -noise, noise));
        const float a = z[0], b = z[1];
        z[0] = (float)(cos(angle) * a - sin(angle) * b);
        z[1] = (float)(sin(angle) * a + cos(angle) * b);
    }
}

/* ---- codes that are the factors, and others ---------------------------------------------------------------------- */

static const bool in_a_row[F] = {true, true, true}, one_is_not[F] = {true, false, true};

START_TEST(codes_that_are_the_factors_have_the_best_of_all_scores)
{
    fill_codes(0, 0);
    for (int unordered = 0; unordered < 2; unordered++) {
        elbo_disentangling d = scores_of(F, unordered ? one_is_not : in_a_row);
        assert_close(d.mig, 1, 1e-9);
        assert_close(d.sap, 1, 1e-9);
        assert_close(d.disentanglement, 1, 1e-9);
        assert_close(d.completeness, 1, 1e-9);
        assert_close(d.informativeness, 1, 1e-6);
        ck_assert_double_eq(d.factor_score, 1);
        ck_assert_double_eq(d.beta_score, 1);
        ck_assert(d.images == N && d.latent == F && d.factors == F);
        for (int f = 0; f < F; f++) {
            assert_close(d.entropy[f], log(4 + f), 1e-9);
            for (int j = 0; j < F; j++) {
                assert_close(d.information[f * F + j], j == f ? log(4 + f) : 0, 1e-9);
                assert_close(d.importance[f * F + j], j == f, 1e-6);
            }
        }
        elbo_disentangling_free(&d);
    }
}
END_TEST

START_TEST(codes_that_are_turned_say_as_much_but_not_one_by_one)
{
    fill_codes(0.1, 0);
    elbo_disentangling straight = scores_of(F, NULL);
    fill_codes(0.1, M_PI / 4);
    elbo_disentangling turned = scores_of(F, NULL);
    ck_assert_double_lt(turned.mig, straight.mig - 0.3);
    ck_assert_double_lt(turned.sap, straight.sap - 0.3);
    ck_assert_double_lt(turned.disentanglement, straight.disentanglement - 0.2);
    ck_assert_double_lt(turned.completeness, straight.completeness - 0.2);
    ck_assert_double_lt(turned.factor_score, straight.factor_score - 0.1);
    ck_assert_double_gt(straight.informativeness, 0.95);
    ck_assert_double_gt(turned.informativeness, 0.85);
    ck_assert_double_ge(straight.beta_score, 0.99);
    elbo_disentangling_free(&straight);
    elbo_disentangling_free(&turned);
}
END_TEST

START_TEST(the_scale_of_a_code_does_not_matter)
{
    fill_codes(0.1, 0);
    elbo_disentangling before = scores_of(F, NULL);
    for (int i = 0; i < N; i++)
        codes[i * F] *= 0.01f;
    elbo_disentangling after = scores_of(F, NULL);
    assert_close(after.mig, before.mig, 1e-3);
    assert_close(after.sap, before.sap, 1e-4);
    assert_close(after.disentanglement, before.disentanglement, 1e-3);
    ck_assert_double_gt(after.factor_score, 0.99);
    ck_assert_double_gt(after.beta_score, 0.99);
    elbo_disentangling_free(&before);
    elbo_disentangling_free(&after);
}
END_TEST

START_TEST(codes_of_noise_know_nothing)
{
    numbers random = {5};
    fill_values();
    for (int i = 0; i < N * MOST; i++)
        codes[i] = (float)numbers_between(&random, -1, 1);
    elbo_disentangling d = scores_of(MOST, one_is_not);
    ck_assert_double_lt(d.mig, 0.02);
    ck_assert_double_lt(d.sap, 0.01);
    ck_assert_double_eq(d.disentanglement, 0);
    ck_assert_double_eq(d.completeness, 0);
    ck_assert_double_lt(d.informativeness, 0.005);
    ck_assert_double_eq_tol(d.factor_score, 1.0 / F, 0.05);
    ck_assert_double_eq_tol(d.beta_score, 1.0 / F, 0.05);
    elbo_disentangling_free(&d);
}
END_TEST

START_TEST(codes_that_do_not_vary_are_no_obstacle)
{
    fill_codes(0, 0);
    for (int i = N - 1; i >= 0; i--) {
        memmove(codes + i * (F + 1), codes + i * F, F * sizeof *codes);
        codes[i * (F + 1) + F] = 3;
    }
    elbo_disentangling d = scores_of(F + 1, NULL);
    assert_close(d.mig, 1, 1e-9);
    assert_close(d.completeness, 1, 1e-9);
    ck_assert_double_eq(d.factor_score, 1);
    elbo_disentangling_free(&d);
    for (int i = 0; i < N * 2; i++)
        codes[i] = 1;
    d = scores_of(2, NULL);
    ck_assert_double_eq(d.mig, 0);
    ck_assert_double_eq(d.sap, 0);
    ck_assert_double_eq(d.disentanglement, 0);
    ck_assert_double_eq_tol(d.factor_score, 1.0 / F, 0.05);
    ck_assert_double_eq_tol(d.beta_score, 1.0 / F, 0.05);
    elbo_disentangling_free(&d);
}
END_TEST

/* ---- tables by hand ---------------------------------------------------------------------------------------------- */

enum { SMALL = 1600 };

/* v is a coin, z_0 is v, and z_1 agrees with v three times of four: I(z_1; v) = log 2 - H(1/4), their correlation is
 * 1/2. */
START_TEST(a_coin_and_its_witness_have_the_gaps_of_the_textbook)
{
    int32_t coin[SMALL];
    float z[SMALL * 2];
    for (int i = 0; i < SMALL; i++) {
        coin[i] = i % 2;
        z[i * 2] = (float)coin[i];
        z[i * 2 + 1] = (float)(i / 2 % 4 ? coin[i] : 1 - coin[i]);
    }
    const double quarter = -0.25 * log(0.25) - 0.75 * log(0.75);
    for (int ordered = 0; ordered < 2; ordered++) {
        elbo_disentangling d;
        const elbo_factored data = {SMALL, 2, 1, z, coin, (const bool[]){ordered}};
        assert_ok(elbo_disentangling_of(&data, 1, &d));
        assert_close(d.mig, quarter / log(2), 1e-9);
        assert_close(d.sap, 1 - 0.25, 1e-9);
        assert_close(d.disentanglement, 1, 1e-9); /* of one factor */
        elbo_disentangling_free(&d);
    }
}
END_TEST

/* A factor of four values, whose bits are codes, and one that is a code: the bits explain 4/5 and 1/5 of its
 * variance. */
START_TEST(a_factor_of_two_codes_is_less_complete)
{
    int32_t v[SMALL * 2];
    float z[SMALL * 3];
    for (int i = 0; i < SMALL; i++) {
        v[i * 2] = i % 4;
        v[i * 2 + 1] = i / 4 % 2;
        z[i * 3] = (float)(i % 4 / 2);
        z[i * 3 + 1] = (float)(i % 2);
        z[i * 3 + 2] = (float)v[i * 2 + 1];
    }
    elbo_disentangling d;
    assert_ok(elbo_disentangling_of(&(elbo_factored){SMALL, 3, 2, z, v, NULL}, 1, &d));
    const double split = -0.8 * log(0.8) - 0.2 * log(0.2);
    assert_close(d.disentanglement, 1, 1e-9);
    ck_assert_double_eq_tol(d.importance[0], 0.8, 0.03); /* of half of the rows, which are not exactly even */
    ck_assert_double_eq_tol(d.importance[1], 0.2, 0.03);
    ck_assert_double_eq_tol(d.completeness, (1 - split / log(3) + 1) / 2, 0.03);
    assert_close(d.informativeness, 1, 1e-6);
    elbo_disentangling_free(&d);
}
END_TEST

/* A code of four values, whose bits are the factors. */
START_TEST(a_code_of_two_factors_is_not_disentangled)
{
    int32_t v[SMALL * 2];
    float z[SMALL];
    for (int i = 0; i < SMALL; i++) {
        v[i * 2] = i % 4 / 2;
        v[i * 2 + 1] = i % 2;
        z[i] = (float)(i % 4);
    }
    elbo_disentangling d;
    assert_ok(elbo_disentangling_of(&(elbo_factored){SMALL, 1, 2, z, v, NULL}, 1, &d));
    ck_assert_double_eq_tol(d.disentanglement, 0, 1e-4);
    assert_close(d.completeness, 1, 1e-9); /* of one code */
    assert_close(d.informativeness, 1, 1e-4);
    elbo_disentangling_free(&d);
}
END_TEST

START_TEST(stumps_learn_a_sum_of_steps_and_leave_noise_alone)
{
    static float z[400 * 3];
    double target[400], gain[3] = {0};
    int32_t rows[400];
    numbers random = {2};
    for (int i = 0; i < 400; i++) {
        rows[i] = i;
        for (int j = 0; j < 3; j++)
            z[i * 3 + j] = (float)numbers_between(&random, 0, 1);
        target[i] = 2 * (z[i * 3] > 0.5f) + (z[i * 3 + 1] > 0.25f);
    }
    elbo__stumps *stumps;
    assert_ok(elbo__stumps_fit(&(elbo_factored){400, 3, 0, z, NULL, NULL}, rows, target, 400, gain, &stumps));
    ck_assert_double_eq_tol(elbo__stumps_say(stumps, (const float[]){0.1f, 0.1f, 0.9f}), 0, 0.1);
    ck_assert_double_eq_tol(elbo__stumps_say(stumps, (const float[]){0.9f, 0.1f, 0.9f}), 2, 0.1);
    ck_assert_double_eq_tol(elbo__stumps_say(stumps, (const float[]){0.9f, 0.9f, 0.1f}), 3, 0.1);
    ck_assert_double_eq(gain[2], 0);
    ck_assert_double_eq_tol(gain[0] / 400, 1, 0.1);            /* 4 / 4 */
    ck_assert_double_eq_tol(gain[1] / 400, 0.75 * 0.25, 0.05); /* and p (1 - p) */
    elbo__stumps_free(stumps);
}
END_TEST

START_TEST(what_a_line_parts_is_told_apart)
{
    enum { POINTS = 300 };
    double x[POINTS * 2], right;
    int labels[POINTS], coins[POINTS];
    numbers random = {4};
    for (int i = 0; i < POINTS; i++) {
        x[i * 2] = numbers_between(&random, -1, 1);
        x[i * 2 + 1] = 100 * numbers_between(&random, -1, 1);
        labels[i] = x[i * 2] + x[i * 2 + 1] / 100 > 0.3;
        coins[i] = (int)numbers_below(&random, 4);
    }
    assert_ok(elbo__tell_apart(x, labels, POINTS, x, labels, POINTS, 2, 2, &right));
    ck_assert_double_gt(right, 0.97);
    assert_ok(elbo__tell_apart(x, coins, POINTS / 2, x + POINTS, coins + POINTS / 2, POINTS / 2, 2, 4, &right));
    ck_assert_double_eq_tol(right, 0.25, 0.12);
}
END_TEST

/* ---- runs -------------------------------------------------------------------------------------------------------- */

START_TEST(of_sprites_the_factors_are_known)
{
    enum { IMAGES = 300, Z = 3 };
    elbo_images sprites;
    assert_ok(elbo_sprites(16, IMAGES + 1, 1, NULL, &sprites));
    elbo_run *run = run_of(&elbo_model_vae, OPTIONS("hidden", "5", "latent-dim", "3"), ELBO_SHAPE(3, 16, 16), 0);
    elbo_disentangling d, same;
    float z[(IMAGES + 1) * Z];
    assert_ok(elbo_run_disentangling(run, &sprites, IMAGES, 1, &d));
    ck_assert(d.images == IMAGES && d.factors == 6 && d.latent == Z);
    assert_ok(elbo_run_encode_images(run, &sprites, z, NULL));
    const bool ordered[6] = {false, false, true, false, true, true};
    assert_ok(elbo_disentangling_of(&(elbo_factored){IMAGES, Z, 6, z, sprites.factors.data, ordered}, 1, &same));
    ck_assert_double_eq(d.mig, same.mig);
    ck_assert_double_eq(d.sap, same.sap);
    ck_assert_double_eq(d.completeness, same.completeness);
    ck_assert_double_eq(d.factor_score, same.factor_score);
    ck_assert_double_eq(d.beta_score, same.beta_score);
    elbo_disentangling_free(&d);
    elbo_disentangling_free(&same);
    sprites.factors.data = (elbo_tensor_free(&sprites.factors), NULL);
    assert_refused(elbo_run_disentangling(run, &sprites, 0, 1, &d), "nobody knows what factors");
    elbo_images_free(&sprites);
    elbo_run_free(run);
}
END_TEST

START_TEST(what_says_nothing_is_refused)
{
    elbo_disentangling d;
    fill_codes(0, 0);
    assert_refused(elbo_disentangling_of(&(elbo_factored){99, F, F, codes, values, NULL}, 1, &d),
                   "99 images: at least");
    codes[7] = NAN;
    assert_refused(elbo_disentangling_of(&(elbo_factored){N, F, F, codes, values, NULL}, 1, &d),
                   "code of image 2 is not finite");
    fill_codes(0, 0);
    values[4] = -1;
    assert_refused(elbo_disentangling_of(&(elbo_factored){N, F, F, codes, values, NULL}, 1, &d),
                   "factor 1 of image 1 is -1");
    fill_values();
    for (int i = 0; i < N; i++)
        values[i * F + 2] = 3;
    assert_refused(elbo_disentangling_of(&(elbo_factored){N, F, F, codes, values, NULL}, 1, &d),
                   "factor 2 is 3 in all images");
    ck_assert_ptr_null(d.information);
}
END_TEST

Suite *suite_disentangling(void)
{
    Suite *suite = suite_create("disentangling");
    TCase *codes_case = tcase_create("codes"), *tables = tcase_create("tables"), *runs = tcase_create("runs");
    tcase_add_test(codes_case, codes_that_are_the_factors_have_the_best_of_all_scores);
    tcase_add_test(codes_case, codes_that_are_turned_say_as_much_but_not_one_by_one);
    tcase_add_test(codes_case, the_scale_of_a_code_does_not_matter);
    tcase_add_test(codes_case, codes_of_noise_know_nothing);
    tcase_add_test(codes_case, codes_that_do_not_vary_are_no_obstacle);
    tcase_set_timeout(codes_case, 60);
    suite_add_tcase(suite, codes_case);
    tcase_add_test(tables, a_coin_and_its_witness_have_the_gaps_of_the_textbook);
    tcase_add_test(tables, a_factor_of_two_codes_is_less_complete);
    tcase_add_test(tables, a_code_of_two_factors_is_not_disentangled);
    tcase_add_test(tables, stumps_learn_a_sum_of_steps_and_leave_noise_alone);
    tcase_add_test(tables, what_a_line_parts_is_told_apart);
    suite_add_tcase(suite, tables);
    tcase_add_test(runs, of_sprites_the_factors_are_known);
    tcase_add_test(runs, what_says_nothing_is_refused);
    suite_add_tcase(suite, runs);
    return suite;
}
