/* Codebooks: the nearest code, its costs and derivatives, moving averages and codes that nobody chooses. */
#include <check.h>
#include <math.h>
#include <string.h>

#include "../autograd/op.h"
#include "../nn/layers/layers.h"
#include "../nn/layers/quantise.h"
#include "numbers.h"
#include "rig.h"
#include "suites.h"

enum { B = 3, P = 4, D = 2, R = B * P, N = 5 };
static const elbo_codebook by_gradient = {.codes = N}, by_average = {.codes = N, .average = true, .decay = 0.9};

/* Rows near the first three codes, and codes; the last two codes are far from all rows. */
static const double rows[R * D] = {0.9, 0.1,  -0.8, 0.2, 0.1, 1.1, 1.2, -0.3, 0.2,  0.8, -1.1, 0.4,
                                   1.0, 0.25, 0.3,  1.3, 0.7, 0.0, 0.0, 0.75, -0.9, 0.1, -1.3, -0.2};
static const double codes[N * D] = {1, 0, -1, 0, 0, 1, 9, 9, -9, 9};
static const int chosen[R] = {0, 1, 2, 0, 2, 1, 0, 2, 0, 2, 1, 1};

static void settle(rig *r)
{
    ck_assert_msg(elbo__graph_settle(r->g) == ELBO_OK, "%s", elbo_error());
}

static void set_codes(rig *r, const char *tensor)
{
    settle(r);
    rig_set_param(r, tensor, codes);
}

/* sum over the rows that choose code k of what `row` gives for entry j: [N][D] */
static void sums_by_code(double out[N * D], double (*of)(double h, double e))
{
    memset(out, 0, N * D * sizeof *out);
    for (int i = 0; i < R; i++)
        for (int j = 0; j < D; j++)
            out[chosen[i] * D + j] += of(rows[i * D + j], codes[chosen[i] * D + j]);
}

static double twice_the_way_to_the_code(double h, double e)
{
    return 2 * (e - h);
}

static double the_row(double h, double e)
{
    (void)e;
    return h;
}

/* ---- the choice -------------------------------------------------------------------------------------------------- */

/* Multiples of 1/4, so that distances are exact in either width and many are equal. */
START_TEST(the_index_is_that_of_the_nearest_code_and_of_two_the_first)
{
    enum { MANY = 300, CODES = 37, DIMS = 3 };
    static double h[MANY * DIMS], e[CODES * DIMS], got[MANY];
    numbers random = {2};
    for (int i = 0; i < MANY * DIMS; i++)
        h[i] = (double)(numbers_below(&random, 17) - 8) / 4;
    for (int i = 0; i < CODES * DIMS; i++)
        e[i] = (double)(numbers_below(&random, 17) - 8) / 4;
    rig r = rig_new(_i ? ELBO_F32 : ELBO_F64, ELBO_EVALUATE);
    r.planned = _i;
    elbo_var *index = elbo_nearest(rig_input(&r, "h", ELBO_SHAPE(MANY / 6, 3, 2, DIMS), h),
                                   rig_input(&r, "e", ELBO_SHAPE(CODES, DIMS), e));
    elbo_shape shape = elbo_shape_of(index);
    ck_assert(elbo_shape_equal(&shape, &ELBO_SHAPE(MANY / 6, 3, 2)));
    ck_assert_int_eq(elbo_dtype_of(index), ELBO_I32);
    rig_value(&r, index, got);
    for (int i = 0; i < MANY; i++) {
        int best = -1;
        double least = INFINITY;
        for (int k = 0; k < CODES; k++) {
            double distance = 0;
            for (int j = 0; j < DIMS; j++)
                distance += pow(h[i * DIMS + j] - e[k * DIMS + j], 2);
            if (distance < least) {
                least = distance;
                best = k;
            }
        }
        if (got[i] != best)
            ck_abort_msg("row %d: %g instead of %d", i, got[i], best);
    }
    rig_free(&r);
}
END_TEST

START_TEST(a_row_becomes_its_code_and_costs_are_sums_over_an_image)
{
    for (int average = 0; average < 2; average++) {
        rig r = rig_new(ELBO_F64, ELBO_EVALUATE);
        r.planned = _i;
        elbo_var *h = rig_input(&r, "h", ELBO_SHAPE(B, P, D), rows);
        elbo_quantised q = elbo_quantise(h, "codes", average ? by_average : by_gradient);
        set_codes(&r, average ? "codes.sum" : "codes.weight");
        double code[R * D], index[R], commitment[B], codebook[B], cost[B] = {0};
        ck_assert((q.codebook == NULL) == average);
        rig_run(&r, (elbo_var *[]){q.code, q.index, q.commitment, average ? q.commitment : q.codebook}, 4,
                (double *[]){code, index, commitment, codebook});
        for (int i = 0; i < R; i++) {
            ck_assert_double_eq(index[i], chosen[i]);
            for (int j = 0; j < D; j++) {
                assert_close(code[i * D + j], codes[chosen[i] * D + j], average ? 1e-14 : 0);
                cost[i / P] += pow(rows[i * D + j] - codes[chosen[i] * D + j], 2);
            }
        }
        for (int b = 0; b < B; b++) {
            assert_close(commitment[b], cost[b], 1e-14);
            assert_close(codebook[b], cost[b], 1e-14);
        }
        rig_free(&r);
    }
}
END_TEST

/* ---- derivatives ------------------------------------------------------------------------------------------------- */

START_TEST(the_derivative_passes_the_choice_as_if_it_were_not_there)
{
    static double weight[R * D], dh[R * D], de[N * D];
    numbers random = {3};
    for (int i = 0; i < R * D; i++)
        weight[i] = numbers_between(&random, -2, 2);
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    r.planned = _i;
    elbo_var *h = rig_input(&r, "h", ELBO_SHAPE(B, P, D), rows), *params[1], *d[2];
    elbo_quantised q = elbo_quantise(h, "codes", by_gradient);
    ck_assert_int_eq(elbo_graph_params(r.g, params), 1);
    elbo_var *loss = elbo_sum_all(elbo_mul(q.code, rig_input(&r, "c", ELBO_SHAPE(B, P, D), weight)));
    elbo_grad(loss, (elbo_var *[]){h, params[0]}, 2, d);
    set_codes(&r, "codes.weight");
    rig_run(&r, d, 2, (double *[]){dh, de});
    for (int i = 0; i < R * D; i++)
        ck_assert_double_eq(dh[i], weight[i]);
    for (int i = 0; i < N * D; i++)
        ck_assert_double_eq(de[i], 0);
    rig_free(&r);
}
END_TEST

START_TEST(each_cost_presses_what_it_is_for_alone)
{
    double dh[2][R * D], de[2][N * D], expected[N * D];
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    r.planned = _i;
    elbo_var *h = rig_input(&r, "h", ELBO_SHAPE(B, P, D), rows), *params[1], *d[4];
    elbo_quantised q = elbo_quantise(h, "codes", by_gradient);
    elbo_graph_params(r.g, params);
    elbo_grad(elbo_sum_all(q.codebook), (elbo_var *[]){h, params[0]}, 2, d);
    elbo_grad(elbo_sum_all(q.commitment), (elbo_var *[]){h, params[0]}, 2, d + 2);
    set_codes(&r, "codes.weight");
    rig_run(&r, d, 4, (double *[]){dh[0], de[0], dh[1], de[1]});
    sums_by_code(expected, twice_the_way_to_the_code);
    for (int i = 0; i < N * D; i++) {
        assert_close(de[0][i], expected[i], 1e-14);
        ck_assert_double_eq(de[1][i], 0);
    }
    for (int i = 0; i < R * D; i++) {
        ck_assert_double_eq(dh[0][i], 0);
        assert_close(dh[1][i], 2 * (rows[i] - codes[chosen[i / D] * D + i % D]), 1e-14);
    }
    rig_free(&r);
}
END_TEST

START_TEST(a_code_is_quantised_to_itself)
{
    rig r = rig_new(ELBO_F64, ELBO_EVALUATE);
    r.planned = _i;
    elbo_quantised q = elbo_quantise(rig_input(&r, "h", ELBO_SHAPE(N, D), codes), "codes", by_gradient);
    elbo_quantised again = elbo_quantise(q.code, "codes", by_gradient);
    set_codes(&r, "codes.weight");
    double code[N * D], index[N], commitment[N];
    rig_run(&r, (elbo_var *[]){again.code, again.index, q.commitment}, 3, (double *[]){code, index, commitment});
    for (int k = 0; k < N; k++) {
        ck_assert_double_eq(index[k], k);
        ck_assert_double_eq(commitment[k], 0);
        ck_assert(memcmp(code + k * D, codes + k * D, D * sizeof *code) == 0);
    }
    rig_free(&r);
}
END_TEST

/* ---- use --------------------------------------------------------------------------------------------------------- */

static double perplexity_of(const double *index, int n, int64_t k)
{
    rig r = rig_new(ELBO_F64, ELBO_EVALUATE);
    elbo_var *i = elbo_to_i32(rig_input(&r, "i", ELBO_SHAPE(n / 2, 2), index));
    const double p = rig_number(&r, elbo_perplexity(i, k));
    r.planned = true;
    assert_close(rig_number(&r, elbo_perplexity(i, k)), p, 1e-15);
    rig_free(&r);
    return p;
}

START_TEST(perplexity_counts_the_codes_that_are_in_use)
{
    assert_close(perplexity_of((double[]){3, 3, 3, 3}, 4, 8), 1, 1e-15);
    assert_close(perplexity_of((double[]){7, 0, 3, 1}, 4, 8), 4, 1e-15);
    assert_close(perplexity_of((double[]){2, 2, 1, 2}, 4, 3), exp(-0.75 * log(0.75) - 0.25 * log(0.25)), 1e-15);
}
END_TEST

START_TEST(a_code_is_dead_when_it_is_chosen_less_than_a_hundredth_as_often_as_the_mean_one)
{
    rig r = rig_new(ELBO_F64, ELBO_EVALUATE);
    elbo_quantised q = elbo_quantise(rig_input(&r, "h", ELBO_SHAPE(B, P, D), rows), "codes", by_gradient);
    settle(&r);
    ck_assert_double_eq(rig_number(&r, q.dead), 0);
    rig_set_param(&r, "codes.count", (double[]){4, 0.009, 0.011, 0, 0.98}); /* the mean is 1 */
    ck_assert_double_eq(rig_number(&r, q.dead), 2);
    rig_free(&r);
}
END_TEST

/* ---- averages ---------------------------------------------------------------------------------------------------- */

START_TEST(averages_follow_the_counts_and_sums_of_a_batch)
{
    double count[N], sum[N * D], sums[N * D], code[R * D], use[N] = {0};
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    r.planned = _i;
    elbo_quantised q = elbo_quantise(rig_input(&r, "h", ELBO_SHAPE(B, P, D), rows), "codes", by_average);
    set_codes(&r, "codes.sum");
    ck_assert_int_eq(elbo_graph_params(r.g, NULL), 0);
    rig_value(&r, q.code, code);
    rig_param(&r, "codes.count", count);
    rig_param(&r, "codes.sum", sum);
    sums_by_code(sums, the_row);
    for (int i = 0; i < R; i++) {
        use[chosen[i]]++;
        assert_close(code[i * D], codes[chosen[i] * D], 1e-14); /* by the codes as they were */
    }
    for (int k = 0; k < N; k++) {
        assert_close(count[k], 0.9 + 0.1 * use[k], 1e-15);
        for (int j = 0; j < D; j++)
            assert_close(sum[k * D + j], 0.9 * codes[k * D + j] + 0.1 * sums[k * D + j], 1e-14);
    }
    rig_free(&r);
}
END_TEST

/* What k-means comes to: each code the mean of the rows that are nearest to it. */
START_TEST(averages_of_fixed_rows_become_centroids)
{
    enum { STEPS = 400 };
    double e[N * D], index[R], mean[N * D] = {0}, use[N] = {0};
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    r.planned = true;
    elbo_var *h = rig_input(&r, "h", ELBO_SHAPE(B, P, D), rows);
    elbo_quantise(h, "codes", by_average);
    settle(&r);
    rig_set_param(&r, "codes.sum", (const double[]){0.3, 0.2, -0.2, 0.1, 0.1, 0.4, 9, 9, -9, 9});
    elbo_var *now = elbo_codes(r.g, "codes", by_average, D);
    for (int t = 0; t < STEPS; t++)
        rig_value(&r, now, e);
    rig_next_graph(&r, ELBO_EVALUATE);
    elbo_quantised q = elbo_quantise(rig_input(&r, "h", ELBO_SHAPE(B, P, D), rows), "codes", by_average);
    rig_value(&r, q.index, index);
    for (int i = 0; i < R; i++) {
        const int k = (int)index[i];
        use[k]++;
        for (int j = 0; j < D; j++)
            mean[k * D + j] += rows[i * D + j];
    }
    for (int k = 0; k < 3; k++) {
        ck_assert_double_gt(use[k], 0);
        const double smooth = (use[k] + 1e-5) / (R + 1e-5 * N) * R;
        for (int j = 0; j < D; j++) {
            assert_close(e[k * D + j], mean[k * D + j] / smooth, 1e-12);
            assert_close(e[k * D + j], mean[k * D + j] / use[k], 1e-4);
        }
    }
    rig_free(&r);
}
END_TEST

static void assert_untouched(rig *r, elbo_var *y)
{
    double count[N], sum[N * D];
    rig_value(r, y, (double[R * D]){0});
    rig_param(r, "codes.count", count);
    rig_param(r, "codes.sum", sum);
    for (int k = 0; k < N; k++)
        ck_assert_double_eq(count[k], 1);
    ck_assert(memcmp(sum, codes, sizeof sum) == 0);
}

START_TEST(averages_rest_in_evaluation_and_while_statistics_are_frozen)
{
    rig r = rig_new(ELBO_F64, _i ? ELBO_TRAIN : ELBO_EVALUATE);
    elbo_var *h = rig_input(&r, "h", ELBO_SHAPE(B, P, D), rows);
    elbo_freeze_statistics(r.g, _i);
    elbo_var *code = elbo_quantise(h, "codes", by_average).code;
    elbo_freeze_statistics(r.g, false);
    set_codes(&r, "codes.sum");
    assert_untouched(&r, code);
    rig_free(&r);
}
END_TEST

START_TEST(rows_that_are_not_finite_move_no_code)
{
    double broken[R * D], count[N], sum[N * D];
    memcpy(broken, rows, sizeof rows);
    broken[3] = NAN;
    broken[9 * D] = INFINITY;
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    r.planned = _i;
    elbo_codebook c = by_average;
    c.restart = 0.95;
    elbo_quantised q = elbo_quantise(rig_input(&r, "h", ELBO_SHAPE(B, P, D), broken), "codes", c);
    set_codes(&r, "codes.sum");
    for (int t = 0; t < 50; t++)
        rig_value(&r, q.perplexity, count);
    rig_param(&r, "codes.count", count);
    rig_param(&r, "codes.sum", sum);
    for (int k = 0; k < N; k++)
        ck_assert(isfinite(count[k]) && isfinite(sum[k * D]) && isfinite(sum[k * D + 1]));
    rig_free(&r);
}
END_TEST

/* ---- codes that nobody chooses ----------------------------------------------------------------------------------- */

/* Whether e is `scale` times a row of the batch. */
static bool is_a_row(const double *e, double scale)
{
    for (int i = 0; i < R; i++)
        if (fabs(e[0] - scale * rows[i * D]) < 1e-14 && fabs(e[1] - scale * rows[i * D + 1]) < 1e-14)
            return true;
    return false;
}

/* After the first batch three codes count 0.9 + 0.1 * 4 and two 0.9, the mean one 1.14. */
START_TEST(a_code_that_few_rows_choose_begins_anew_at_one_of_the_batch)
{
    const double mean = 1.14;
    for (int average = 0; average < 2; average++) {
        elbo_codebook c = {.codes = N, .average = average, .decay = 0.9, .restart = 0.95};
        const char *tensor = average ? "codes.sum" : "codes.weight";
        double e[N * D], count[N];
        rig r = rig_new(ELBO_F64, ELBO_TRAIN);
        r.planned = _i;
        elbo_quantised q = elbo_quantise(rig_input(&r, "h", ELBO_SHAPE(B, P, D), rows), "codes", c);
        set_codes(&r, tensor);
        rig_value(&r, q.dead, count);
        rig_param(&r, tensor, e);
        rig_param(&r, "codes.count", count);
        for (int k = 0; k < N; k++)
            if (k >= 3) {
                assert_close(count[k], mean, 1e-14);
                ck_assert_msg(is_a_row(e + k * D, average ? mean : 1), "code %d is at (%g, %g)", k, e[k * D],
                              e[k * D + 1]);
            } else {
                assert_close(count[k], 1.3, 1e-14);
                ck_assert(!is_a_row(e + k * D, average ? mean : 1));
            }
        rig_free(&r);
    }
}
END_TEST

START_TEST(a_gradient_moves_a_code_that_began_anew_from_there)
{
    elbo_codebook c = {.codes = N, .decay = 0.9, .restart = 0.95};
    double e[N * D], loss;
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    r.planned = _i;
    elbo_var *params[1], *d[1];
    elbo_quantised q = elbo_quantise(rig_input(&r, "h", ELBO_SHAPE(B, P, D), rows), "codes", c);
    elbo_var *cost = elbo_sum_all(q.codebook);
    elbo_graph_params(r.g, params);
    elbo_grad(cost, params, 1, d);
    elbo_assign(params[0], elbo_sub(params[0], elbo_scale(d[0], 0.1)));
    set_codes(&r, "codes.weight");
    rig_value(&r, cost, &loss);
    rig_param(&r, "codes.weight", e);
    double moved[N * D];
    sums_by_code(moved, twice_the_way_to_the_code);
    for (int k = 0; k < N; k++)
        for (int j = 0; j < D; j++)
            if (k < 3)
                assert_close(e[k * D + j], codes[k * D + j] - 0.1 * moved[k * D + j], 1e-14);
    ck_assert(is_a_row(e + 3 * D, 1) && is_a_row(e + 4 * D, 1));
    rig_free(&r);
}
END_TEST

/* ---- edges ------------------------------------------------------------------------------------------------------- */

START_TEST(one_row_and_one_code_will_do)
{
    for (int average = 0; average < 2; average++) {
        rig r = rig_new(ELBO_F32, ELBO_TRAIN);
        r.planned = _i;
        elbo_codebook c = {.codes = 1, .average = average, .restart = 1};
        elbo_quantised q = elbo_quantise(rig_input(&r, "h", ELBO_SHAPE(1, 1), (double[]){3}), "codes", c);
        settle(&r);
        rig_set_param(&r, average ? "codes.sum" : "codes.weight", (double[]){1});
        double code, perplexity, commitment;
        rig_run(&r, (elbo_var *[]){q.code, q.perplexity, q.commitment}, 3,
                (double *[]){&code, &perplexity, &commitment});
        assert_close(code, 1, 1e-6);
        assert_close(perplexity, 1, 1e-6);
        assert_close(commitment, 4, 1e-6);
        rig_free(&r);
    }
}
END_TEST

START_TEST(what_cannot_be_quantised_is_named)
{
    static const struct {
        elbo_codebook codebook;
        elbo_shape shape;
        const char *message;
    } wrong[] = {
        {{.codes = 0}, {2, {2, 3}}, "quantise \"codes\": 0 codes; at least 1"},
        {{.codes = 4}, {1, {6}}, "quantise \"codes\": expected input (B, ...), got (6)"},
        {{.codes = 4, .decay = 1},
         {2, {2, 3}},
         "quantise \"codes\": decay 1, restart 0; expected [0, 1) and at least 0"},
        {{.codes = 4, .restart = -1},
         {2, {2, 3}},
         "quantise \"codes\": decay 0, restart -1; expected [0, 1) and at least 0"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        rig r = rig_new(ELBO_F32, ELBO_TRAIN);
        elbo_quantise(rig_input(&r, "h", wrong[i].shape, rows), "codes", wrong[i].codebook);
        rig_assert_error(&r, wrong[i].message);
        rig_free(&r);
    }
}
END_TEST

Suite *suite_quantise(void)
{
    Suite *s = suite_create("quantise");
    TCase *t = tcase_create("choice");
    tcase_add_loop_test(t, the_index_is_that_of_the_nearest_code_and_of_two_the_first, 0, 2);
    tcase_add_loop_test(t, a_row_becomes_its_code_and_costs_are_sums_over_an_image, 0, 2);
    tcase_add_loop_test(t, a_code_is_quantised_to_itself, 0, 2);
    tcase_add_loop_test(t, the_derivative_passes_the_choice_as_if_it_were_not_there, 0, 2);
    tcase_add_loop_test(t, each_cost_presses_what_it_is_for_alone, 0, 2);
    tcase_add_loop_test(t, one_row_and_one_code_will_do, 0, 2);
    tcase_add_test(t, what_cannot_be_quantised_is_named);
    suite_add_tcase(s, t);
    t = tcase_create("use");
    tcase_add_test(t, perplexity_counts_the_codes_that_are_in_use);
    tcase_add_test(t, a_code_is_dead_when_it_is_chosen_less_than_a_hundredth_as_often_as_the_mean_one);
    tcase_add_loop_test(t, averages_follow_the_counts_and_sums_of_a_batch, 0, 2);
    tcase_add_test(t, averages_of_fixed_rows_become_centroids);
    tcase_add_loop_test(t, averages_rest_in_evaluation_and_while_statistics_are_frozen, 0, 2);
    tcase_add_loop_test(t, rows_that_are_not_finite_move_no_code, 0, 2);
    tcase_add_loop_test(t, a_code_that_few_rows_choose_begins_anew_at_one_of_the_batch, 0, 2);
    tcase_add_loop_test(t, a_gradient_moves_a_code_that_began_anew_from_there, 0, 2);
    suite_add_tcase(s, t);
    return s;
}
