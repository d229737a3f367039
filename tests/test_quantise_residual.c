/* Codebooks one after the other: Gumbel-softmax choices, what each level leaves, costs, levels that are left out. */
#include <check.h>
#include <math.h>
#include <string.h>

#include "../autograd/op.h"
#include "../nn/layers/layers.h"
#include "../nn/layers/quantise.h"
#include "numbers.h"
#include "rig.h"
#include "suites.h"

enum { B = 2, P = 3, D = 2, R = B * P, N = 4, L = 3 };
static const elbo_shape of_rows = {3, {B, P, D}};
static const double rows[R * D] = {0.9, 0.4, -0.8, 0.2, 0.1, 1.1, 1.2, -0.3, 0.2, 0.8, -1.1, -0.4};
static const double codes[L][N * D] = {
    {1, 0, -1, 0, 0, 1, 0, -1}, {0.3, 0.2, -0.25, 0.1, 0, 0.4, 0.1, -0.3}, {0.1, 0, -0.1, 0.05, 0.5, 0.9, 0, -0.2}};

static void settle(rig *r)
{
    ck_assert_msg(elbo__graph_settle(r->g) == ELBO_OK, "%s", elbo_error());
}

static void set_codes(rig *r, int levels)
{
    static const char *const names[L] = {"codes.level.weight", "codes.level2.weight", "codes.level3.weight"};
    settle(r);
    for (int l = 0; l < levels; l++)
        rig_set_param(r, names[l], codes[l]);
}

/* Feeds uniform numbers whose Gumbel noise is that of `of` (n). */
static void feed_gumbel(rig *r, const char *stream, const double *of, int64_t n)
{
    double u[R * N];
    for (int64_t i = 0; i < n; i++)
        u[i] = exp(-exp(-of[i]));
    rig_feed(r, stream, ELBO_SHAPE(B, P, N), u);
}

static void feed_silence(rig *r, int levels)
{
    static const char *const streams[L] = {"codes.level.gumbel#0", "codes.level2.gumbel#0", "codes.level3.gumbel#0"};
    for (int l = 0; l < levels; l++)
        feed_gumbel(r, streams[l], (double[R * N]){0}, R * N);
}

/* Temperatures that are all the same: c.temperature borrows from `of`. */
static elbo_residual_codebook book(elbo_graph *g, int levels, double temperature, elbo_var *of[L])
{
    for (int l = 0; l < levels; l++)
        of[l] = elbo_constant(g, temperature);
    return (elbo_residual_codebook){.levels = levels, .codes = N, .temperature = of};
}

/* -|r - e_k|^2 of each row and code (R, N), by elbo's ops but in another way. */
static elbo_var *logits_of(elbo_var *r, elbo_var *e)
{
    elbo_var *way = elbo_sub(elbo_reshape(r, ELBO_SHAPE(R, 1, D)), elbo_reshape(e, ELBO_SHAPE(1, N, D)));
    return elbo_neg(elbo_sum_axis(elbo_square(way), 2));
}

/* ---- the choice -------------------------------------------------------------------------------------------------- */

static void numbers_of(double *out, int n, uint64_t seed)
{
    numbers random = {seed};
    for (int i = 0; i < n; i++)
        out[i] = numbers_between(&random, -1, 1);
}

/* sum_l q_l as others write it: the residual and the choice keep their derivatives. */
static elbo_var *gumbel_softmax(rig *r, elbo_var *h, elbo_var *const e[L], int levels, double temperature,
                                const double *noise)
{
    elbo_var *rest = elbo_reshape(h, ELBO_SHAPE(R, D)), *sum = NULL;
    for (int l = 0; l < levels; l++) {
        elbo_var *logits = elbo_add(logits_of(rest, e[l]), elbo_array(r->g, ELBO_SHAPE(R, N), noise + l * R * N));
        elbo_var *soft = elbo_softmax(elbo_scale(logits, 1 / temperature), 1);
        elbo_var *hard = elbo_one_hot(elbo_argmax(logits, 1), N);
        elbo_var *q = elbo_matmul(elbo_add(elbo_detach(elbo_sub(hard, soft)), soft), e[l]);
        rest = elbo_sub(rest, q);
        sum = sum ? elbo_add(sum, q) : q;
    }
    return elbo_reshape(sum, of_rows);
}

/* One level is a Gumbel VQ. */
static void assert_gumbel_softmax(int levels, bool planned)
{
    static const char *const streams[L] = {"codes.level.gumbel#0", "codes.level2.gumbel#0", "codes.level3.gumbel#0"};
    double noise[L * R * N], weight[R * D], got[2 * L + 4][R * D], *out[2 * L + 4];
    numbers_of(noise, L * R * N, 4);
    numbers_of(weight, R * D, 5);
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    r.planned = planned;
    elbo_graph_feed_noise(r.g);
    elbo_var *h = rig_input(&r, "h", of_rows, rows), *c = rig_input(&r, "c", of_rows, weight);
    elbo_var *temperature[L], *wrt[L + 1] = {h}, *outputs[2 * L + 4];
    for (int l = 0; l < levels; l++)
        feed_gumbel(&r, streams[l], noise + l * R * N, R * N);
    elbo_residual_quantised q = elbo_quantise_residual(h, "codes", book(r.g, levels, 0.7, temperature));
    const int half = levels + 2; /* a code and the derivatives of h and the codebooks */
    ck_assert((q.norms != NULL) == (levels > 1));
    ck_assert_int_eq(elbo_graph_params(r.g, wrt + 1), levels);
    outputs[0] = q.code;
    outputs[half] = gumbel_softmax(&r, h, wrt + 1, levels, 0.7, noise);
    for (int i = 0; i < 2; i++)
        elbo_grad(elbo_sum_all(elbo_mul(outputs[i * half], c)), wrt, levels + 1, outputs + i * half + 1);
    set_codes(&r, levels);
    for (int i = 0; i < 2 * half; i++)
        out[i] = got[i];
    rig_run(&r, outputs, 2 * half, out);
    for (int i = 0; i < half; i++)
        for (int k = 0; k < (i < 2 ? R : N) * D; k++)
            assert_close(got[i][k], got[half + i][k], 1e-13);
    rig_free(&r);
}

START_TEST(codes_and_derivatives_are_those_of_gumbel_softmaxes_of_what_is_left)
{
    for (int levels = 1; levels <= L; levels++)
        assert_gumbel_softmax(levels, _i);
}
END_TEST

/* Of equal logits, code k of N is chosen one time in N; of others, by their softmax. */
START_TEST(codes_are_chosen_as_often_as_the_softmax_says)
{
    enum { ROWS = 4000 };
    static double h[ROWS * D], index[ROWS];
    double often[N] = {0}, sum = 0;
    for (int i = 0; i < ROWS; i++)
        h[i * D] = 0.4;
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    r.planned = true;
    elbo_var *temperature[L];
    elbo_residual_quantised q = elbo_quantise_residual(rig_input(&r, "h", ELBO_SHAPE(ROWS, D), h), "codes",
                                                       book(r.g, 1, 0.5, temperature));
    set_codes(&r, 1);
    rig_value(&r, q.index, index);
    for (int i = 0; i < ROWS; i++)
        often[(int)index[i]]++;
    for (int k = 0; k < N; k++)
        sum += exp(-pow(0.4 - codes[0][k * D], 2) - pow(codes[0][k * D + 1], 2));
    for (int k = 0; k < N; k++) {
        const double p = exp(-pow(0.4 - codes[0][k * D], 2) - pow(codes[0][k * D + 1], 2)) / sum;
        ck_assert_double_le(fabs(often[k] - ROWS * p), 4 * sqrt(ROWS * p * (1 - p)));
    }
    rig_free(&r);
}
END_TEST

/* ---- what is left over ------------------------------------------------------------------------------------------- */

/* The nearest codes of all levels by plain loops: index and sum of the codes. */
static void quantise_plainly(const double h[D], int levels, int index[L], double sum[D])
{
    memset(sum, 0, D * sizeof *sum);
    for (int l = 0; l < levels; l++) {
        double least = INFINITY;
        for (int k = 0; k < N; k++) {
            const double *e = codes[l] + k * D;
            const double distance = pow(h[0] - sum[0] - e[0], 2) + pow(h[1] - sum[1] - e[1], 2);
            if (distance < least) {
                least = distance;
                index[l] = k;
            }
        }
        for (int j = 0; j < D; j++)
            sum[j] += codes[l][index[l] * D + j];
    }
}

START_TEST(evaluation_takes_the_nearest_code_of_what_is_left_and_numbers_give_the_sum_back)
{
    double code[R * D], index[R * L], again[R * D];
    rig r = rig_new(ELBO_F64, ELBO_EVALUATE);
    r.planned = _i;
    const elbo_residual_codebook c = {.levels = L, .codes = N, .drop = 0.5};
    elbo_residual_quantised q = elbo_quantise_residual(rig_input(&r, "h", of_rows, rows), "codes", c);
    elbo_var *back = elbo_residual_codes(q.index, "codes", c, D);
    const elbo_shape shape = elbo_shape_of(q.index), whole = elbo_shape_of(back);
    ck_assert(elbo_shape_equal(&shape, &ELBO_SHAPE(B, P, L)) && elbo_shape_equal(&whole, &of_rows));
    set_codes(&r, L);
    rig_run(&r, (elbo_var *[]){q.code, q.index, back}, 3, (double *[]){code, index, again});
    for (int i = 0; i < R; i++) {
        int expected[L];
        double sum[D];
        quantise_plainly(rows + i * D, L, expected, sum);
        for (int l = 0; l < L; l++)
            ck_assert_double_eq(index[i * L + l], expected[l]);
        for (int j = 0; j < D; j++) {
            assert_close(code[i * D + j], sum[j], 1e-15);
            ck_assert_double_eq(again[i * D + j], code[i * D + j]);
        }
    }
    rig_free(&r);
}
END_TEST

START_TEST(without_noise_training_chooses_as_evaluation_does)
{
    double index[R * L], code[R * D];
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    r.planned = _i;
    elbo_graph_feed_noise(r.g);
    feed_silence(&r, L);
    elbo_var *temperature[L];
    elbo_residual_quantised q = elbo_quantise_residual(rig_input(&r, "h", of_rows, rows), "codes",
                                                       book(r.g, L, 0.5, temperature));
    set_codes(&r, L);
    rig_run(&r, (elbo_var *[]){q.index, q.code}, 2, (double *[]){index, code});
    for (int i = 0; i < R; i++) {
        int expected[L];
        double sum[D];
        quantise_plainly(rows + i * D, L, expected, sum);
        for (int l = 0; l < L; l++)
            ck_assert_double_eq(index[i * L + l], expected[l]);
        assert_close(code[i * D], sum[0], 1e-15);
    }
    rig_free(&r);
}
END_TEST

static double largest_derivative(double temperature)
{
    double dh[R * D], largest = 0;
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    elbo_graph_feed_noise(r.g);
    feed_silence(&r, L);
    elbo_var *t[L], *h = rig_input(&r, "h", of_rows, rows), *d;
    elbo_residual_quantised q = elbo_quantise_residual(h, "codes", book(r.g, L, temperature, t));
    elbo_grad(elbo_sum_all(q.code), &h, 1, &d);
    set_codes(&r, L);
    rig_value(&r, d, dh);
    for (int i = 0; i < R * D; i++)
        largest = fmax(largest, fabs(dh[i]));
    rig_free(&r);
    return largest;
}

START_TEST(near_temperature_0_the_choice_is_an_argmax_that_nothing_moves)
{
    ck_assert_double_gt(largest_derivative(1), 0.1);
    ck_assert_double_lt(largest_derivative(1e-4), 1e-12);
}
END_TEST

/* Rows around 4 places, around each of which there are 4 nearer ones, and so on: level l at a distance of 0.3^l. */
START_TEST(each_level_leaves_less_of_rows_that_lie_in_clusters_of_clusters)
{
    enum { ROWS = 200 };
    static double h[ROWS * D], code[L][ROWS * D];
    double left[L + 1] = {0}, table[N * D];
    numbers random = {6};
    for (int i = 0; i < ROWS * D; i++)
        for (int l = 0; l < L + 1; l++)
            h[i] += (numbers_below(&random, 2) ? 1 : -1) * pow(0.3, l);
    for (int levels = 1; levels <= L; levels++) {
        rig r = rig_new(ELBO_F64, ELBO_EVALUATE);
        elbo_var *x = rig_input(&r, "h", ELBO_SHAPE(ROWS, D), h);
        elbo_residual_quantised q = elbo_quantise_residual(x, "codes",
                                                           (elbo_residual_codebook){.levels = levels, .codes = N});
        settle(&r);
        for (int l = 0; l < levels; l++) {
            for (int k = 0; k < N * D; k++)
                table[k] = (k >> (k % D) & 2 ? 1 : -1) * pow(0.3, l);
            rig_set_param(&r, elbo_params_name(r.params, l), table);
        }
        rig_value(&r, q.code, code[levels - 1]);
        rig_free(&r);
    }
    for (int i = 0; i < ROWS * D; i++) {
        left[0] += pow(h[i], 2) / ROWS;
        for (int l = 0; l < L; l++)
            left[l + 1] += pow(h[i] - code[l][i], 2) / ROWS;
    }
    for (int l = 0; l < L; l++)
        ck_assert_double_lt(left[l + 1], 0.2 * left[l]);
    assert_close(left[L], 2 * pow(0.3, 2 * L), 1e-12);
}
END_TEST

/* ---- costs ------------------------------------------------------------------------------------------------------- */

START_TEST(costs_are_those_of_their_formulas_and_sums_over_the_rows_of_an_image)
{
    double kl[B], norms[B], expected_kl[B] = {0}, expected_norms[B] = {0};
    rig r = rig_new(ELBO_F64, ELBO_EVALUATE);
    r.planned = _i;
    elbo_residual_quantised q = elbo_quantise_residual(rig_input(&r, "h", of_rows, rows), "codes",
                                                       (elbo_residual_codebook){.levels = L, .codes = N, .shrink = 4});
    set_codes(&r, L);
    rig_run(&r, (elbo_var *[]){q.kl, q.norms}, 2, (double *[]){kl, norms});
    for (int i = 0; i < R; i++) {
        int index[L];
        double sum[D], residual[D] = {rows[i * D], rows[i * D + 1]}, before = 0;
        quantise_plainly(rows + i * D, L, index, sum);
        for (int l = 0; l < L; l++) {
            double normaliser = 0, logits = 0;
            for (int k = 0; k < N; k++) {
                const double *e = codes[l] + k * D;
                const double logit = -pow(residual[0] - e[0], 2) - pow(residual[1] - e[1], 2);
                normaliser += exp(logit);
                logits += logit;
            }
            expected_kl[i / P] += log(normaliser) - logits / N - log(N); /* sum of 1/N (log 1/N - log p_k) */
            const double *e = codes[l] + index[l] * D, norm = hypot(e[0], e[1]);
            if (l > 0)
                expected_norms[i / P] += pow(fmax(4 * norm / before, 1) - 1, 2) / (L - 1);
            before = norm;
            residual[0] -= e[0];
            residual[1] -= e[1];
        }
    }
    for (int b = 0; b < B; b++) {
        ck_assert_double_gt(expected_norms[b], 0);
        assert_close(kl[b], expected_kl[b], 1e-14);
        assert_close(norms[b], expected_norms[b], 1e-14);
    }
    rig_free(&r);
}
END_TEST

START_TEST(costs_have_derivatives_where_codes_are_short_enough_or_zero)
{
    double dh[R * D], de[L][N * D];
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    elbo_var *t[L], *h = rig_input(&r, "h", of_rows, rows), *params[L], *d[L + 1];
    elbo_residual_quantised q = elbo_quantise_residual(h, "codes", book(r.g, L, 0.5, t));
    ck_assert_int_eq(elbo_graph_params(r.g, params), L);
    elbo_grad(elbo_sum_all(elbo_add(q.norms, q.kl)), (elbo_var *[]){h, params[0], params[1], params[2]}, L + 1, d);
    settle(&r);
    rig_set_param(&r, "codes.level2.weight", (double[N * D]){0});
    rig_set_param(&r, "codes.level3.weight", (double[N * D]){0});
    rig_run(&r, d, L + 1, (double *[]){dh, de[0], de[1], de[2]});
    for (int i = 0; i < R * D; i++)
        ck_assert(isfinite(dh[i]));
    for (int i = 0; i < L * N * D; i++)
        ck_assert(isfinite(de[i / (N * D)][i % (N * D)]));
    rig_free(&r);
}
END_TEST

/* ---- levels that are left out ------------------------------------------------------------------------------------ */

START_TEST(a_level_that_is_left_out_takes_those_after_it_along)
{
    /* uniform numbers of each row and level; a level stays where its number is at least 0.25 */
    static const double u[R * L] = {0.3,  0.5, 0.9, 0.1, 0.9, 0.9, 0.7, 0.2, 0.9,
                                    0.25, 0.6, 0.2, 0.4, 0.4, 0.4, 0.9, 0.1, 0.1};
    static const int kept[R] = {3, 0, 1, 2, 3, 1};
    double code[R * D];
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    r.planned = _i;
    elbo_graph_feed_noise(r.g);
    feed_silence(&r, L);
    rig_feed(&r, "codes.drop#0", ELBO_SHAPE(B, P, L), u);
    elbo_var *temperature[L];
    elbo_residual_codebook c = book(r.g, L, 0.5, temperature);
    c.drop = 0.25;
    elbo_residual_quantised q = elbo_quantise_residual(rig_input(&r, "h", of_rows, rows), "codes", c);
    set_codes(&r, L);
    rig_value(&r, q.code, code);
    for (int i = 0; i < R; i++) {
        int index[L];
        double sum[D];
        quantise_plainly(rows + i * D, kept[i], index, sum);
        for (int j = 0; j < D; j++)
            assert_close(code[i * D + j], sum[j], 1e-15);
    }
    rig_free(&r);
}
END_TEST

/* ---- edges ------------------------------------------------------------------------------------------------------- */

START_TEST(codes_begin_in_all_directions_and_half_as_long_at_each_level)
{
    double e[N * D];
    rig r = rig_new(ELBO_F64, ELBO_EVALUATE);
    elbo_quantise_residual(rig_input(&r, "h", of_rows, rows), "codes",
                           (elbo_residual_codebook){.levels = L, .codes = N});
    settle(&r);
    for (int l = 0; l < L; l++) {
        rig_param(&r, elbo_params_name(r.params, l), e);
        for (int k = 0; k < N; k++)
            assert_close(hypot(e[k * D], e[k * D + 1]), pow(0.5, l), 1e-14);
    }
    rig_free(&r);
}
END_TEST

START_TEST(one_image_of_one_number_will_do)
{
    rig r = rig_new(ELBO_F32, _i ? ELBO_TRAIN : ELBO_EVALUATE);
    elbo_var *t[L], *h = rig_input(&r, "h", ELBO_SHAPE(1, 1), (double[]){0.25});
    elbo_residual_codebook c = book(r.g, 2, 0.5, t);
    c.drop = 0.1;
    elbo_residual_quantised q = elbo_quantise_residual(h, "codes", c);
    settle(&r);
    double code, kl, norms, perplexity;
    rig_run(&r, (elbo_var *[]){q.code, q.kl, q.norms, q.perplexity[1]}, 4,
            (double *[]){&code, &kl, &norms, &perplexity});
    ck_assert(isfinite(code) && isfinite(kl) && isfinite(norms));
    assert_close(perplexity, 1, 1e-6);
    rig_free(&r);
}
END_TEST

START_TEST(what_cannot_be_quantised_is_named)
{
    elbo_var *no[L] = {NULL};
    const struct {
        elbo_residual_codebook codebook;
        elbo_shape shape;
        const char *message;
    } wrong[] = {
        {{.levels = 0, .codes = 4, .temperature = no},
         of_rows,
         "quantise_residual \"codes\": 0 levels of 4 codes; expected 1 to 16 of some"},
        {{.levels = 2, .temperature = no},
         of_rows,
         "quantise_residual \"codes\": 2 levels of 0 codes; expected 1 to 16 of some"},
        {{.levels = 2, .codes = 4}, of_rows, "quantise_residual \"codes\": there are no temperatures"},
        {{.levels = 2, .codes = 4, .temperature = no, .drop = 1},
         of_rows,
         "quantise_residual \"codes\": drop 1, shrink 0; expected [0, 1) and at least 0"},
        {{.levels = 2, .codes = 4, .temperature = no},
         {1, {R * D}},
         "quantise_residual \"codes\": expected input (B, ...), got (12)"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        rig r = rig_new(ELBO_F32, ELBO_TRAIN);
        elbo_quantise_residual(rig_input(&r, "h", wrong[i].shape, rows), "codes", wrong[i].codebook);
        rig_assert_error(&r, wrong[i].message);
        rig_free(&r);
    }
}
END_TEST

Suite *suite_quantise_residual(void)
{
    Suite *s = suite_create("quantise_residual");
    TCase *t = tcase_create("levels");
    tcase_add_loop_test(t, codes_and_derivatives_are_those_of_gumbel_softmaxes_of_what_is_left, 0, 2);
    tcase_add_test(t, codes_are_chosen_as_often_as_the_softmax_says);
    tcase_add_loop_test(t, evaluation_takes_the_nearest_code_of_what_is_left_and_numbers_give_the_sum_back, 0, 2);
    tcase_add_loop_test(t, without_noise_training_chooses_as_evaluation_does, 0, 2);
    tcase_add_test(t, near_temperature_0_the_choice_is_an_argmax_that_nothing_moves);
    tcase_add_test(t, each_level_leaves_less_of_rows_that_lie_in_clusters_of_clusters);
    tcase_add_loop_test(t, costs_are_those_of_their_formulas_and_sums_over_the_rows_of_an_image, 0, 2);
    tcase_add_test(t, costs_have_derivatives_where_codes_are_short_enough_or_zero);
    tcase_add_loop_test(t, a_level_that_is_left_out_takes_those_after_it_along, 0, 2);
    tcase_add_test(t, codes_begin_in_all_directions_and_half_as_long_at_each_level);
    tcase_add_loop_test(t, one_image_of_one_number_will_do, 0, 2);
    tcase_add_test(t, what_cannot_be_quantised_is_named);
    suite_add_tcase(s, t);
    return s;
}
