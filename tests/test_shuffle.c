/* A permutation of the batch for each column. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../nn/objectives/aggregate.h"
#include "derivatives.h"
#include "rig.h"
#include "suites.h"

enum { ROWS = 40, COLUMNS = 3, MOST = ROWS * COLUMNS };

/* x (n, columns), shuffled in step `step` */
static void shuffled(const double *x, int n, int columns, int step, double *out)
{
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    r.at.step = step;
    r.planned = step % 2;
    rig_value(&r, elbo_shuffle_columns(rig_input(&r, "x", ELBO_SHAPE(n, columns), x), "shuffle"), out);
    rig_free(&r);
}

/* Column by column a line, so that columns are perfectly correlated. */
static void fill(double *x)
{
    for (int i = 0; i < MOST; i++)
        x[i] = (double)(i / COLUMNS) * (i % COLUMNS + 1) + 1000 * (i % COLUMNS);
}

static double correlation(const double *x, int a, int b)
{
    double ma = 0, mb = 0, aa = 0, bb = 0, ab = 0;
    for (int i = 0; i < ROWS; i++) {
        ma += x[i * COLUMNS + a] / ROWS;
        mb += x[i * COLUMNS + b] / ROWS;
    }
    for (int i = 0; i < ROWS; i++) {
        const double da = x[i * COLUMNS + a] - ma, db = x[i * COLUMNS + b] - mb;
        aa += da * da;
        bb += db * db;
        ab += da * db;
    }
    return ab / sqrt(aa * bb);
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

START_TEST(a_column_keeps_its_numbers_and_all_of_them)
{
    double x[MOST], out[MOST];
    fill(x);
    shuffled(x, ROWS, COLUMNS, _i, out);
    ck_assert(memcmp(x, out, sizeof x) != 0);
    for (int c = 0; c < COLUMNS; c++) {
        double column[ROWS];
        for (int i = 0; i < ROWS; i++)
            column[i] = out[i * COLUMNS + c];
        qsort(column, ROWS, sizeof *column, by_value);
        for (int i = 0; i < ROWS; i++)
            ck_assert_double_eq(column[i], x[i * COLUMNS + c]);
    }
}
END_TEST

START_TEST(correlations_of_columns_vanish)
{
    enum { STEPS = 200 };
    double x[MOST], out[MOST], sums[COLUMNS] = {0};
    fill(x);
    ck_assert_double_gt(correlation(x, 0, 1), 0.999);
    for (int step = 0; step < STEPS; step++) {
        shuffled(x, ROWS, COLUMNS, step, out);
        for (int c = 0; c < COLUMNS; c++)
            sums[c] += correlation(out, c, (c + 1) % COLUMNS);
    }
    for (int c = 0; c < COLUMNS; c++) /* the deviation of one correlation is 1 / sqrt(ROWS - 1) */
        ck_assert_double_le(fabs(sums[c] / STEPS), 5 / sqrt((ROWS - 1.0) * STEPS));
}
END_TEST

START_TEST(permutations_are_all_as_likely)
{
    enum { N = 3, KINDS = 6, STEPS = 3000 };
    static const double x[N] = {1, 2, 3};
    int counts[333] = {0}, kinds = 0;
    for (int step = 0; step < STEPS; step++) {
        double out[N];
        shuffled(x, N, 1, step, out);
        counts[(int)(100 * out[0] + 10 * out[1] + out[2])]++;
    }
    for (int i = 0; i < 333; i++)
        if (counts[i] > 0) {
            const double expected = (double)STEPS / KINDS;
            ck_assert_double_le(fabs(counts[i] - expected), 5 * sqrt(expected * (1 - 1.0 / KINDS)));
            kinds++;
        }
    ck_assert_int_eq(kinds, KINDS);
}
END_TEST

/* ---- from given noise -------------------------------------------------------------------------------------------- */

static void from_noise(elbo_dtype dtype, const double *u, const double *x, int n, int columns, double *out)
{
    rig r = rig_new(dtype, ELBO_TRAIN);
    elbo_graph_feed_noise(r.g);
    rig_feed(&r, "shuffle#0", ELBO_SHAPE(n, columns), u);
    rig_value(&r, elbo_shuffle_columns(rig_input(&r, "x", ELBO_SHAPE(n, columns), x), "shuffle"), out);
    rig_free(&r);
}

START_TEST(a_row_gets_the_number_at_the_rank_of_its_noise)
{
    static const double u[4 * 2] = {0.3, 0.9, 0.1, 0.8, 0.7, 0.2, 0.5, 0.4};
    static const double x[4 * 2] = {10, 11, 20, 21, 30, 31, 40, 41};
    static const double expected[4 * 2] = {20, 41, 10, 31, 40, 11, 30, 21}; /* ranks 1 3, 0 2, 3 0, 2 1 */
    double out[4 * 2];
    from_noise(ELBO_F32, u, x, 4, 2, out);
    for (int i = 0; i < 4 * 2; i++)
        ck_assert_double_eq(out[i], expected[i]);
}
END_TEST

START_TEST(of_equal_noise_rows_keep_their_order)
{
    static const double u[4] = {0.5, 0.2, 0.5, 0.5}, x[4] = {10, 20, 30, 40}, expected[4] = {20, 10, 30, 40};
    double out[4];
    from_noise(ELBO_F32, u, x, 4, 1, out);
    for (int i = 0; i < 4; i++)
        ck_assert_double_eq(out[i], expected[i]);
}
END_TEST

START_TEST(a_batch_of_one_stays_and_draws_are_columns_too)
{
    static const double one[COLUMNS] = {1, 2, 3};
    double out[MOST], x[MOST];
    shuffled(one, 1, COLUMNS, 0, out);
    for (int i = 0; i < COLUMNS; i++)
        ck_assert_double_eq(out[i], one[i]);
    fill(x);
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    elbo_var *flat = rig_input(&r, "x", ELBO_SHAPE(ROWS, COLUMNS), x);
    elbo_var *draws = elbo_shuffle_columns(elbo_reshape(flat, ELBO_SHAPE(ROWS, COLUMNS, 1)), "shuffle");
    ck_assert_int_eq(elbo_ndim(draws), 3);
    rig_value(&r, elbo_reshape(draws, ELBO_SHAPE(ROWS, COLUMNS)), out);
    shuffled(x, ROWS, COLUMNS, 0, x);
    ck_assert(memcmp(x, out, sizeof x) == 0);
    rig_free(&r);
}
END_TEST

/* ---- derivatives and errors -------------------------------------------------------------------------------------- */

static elbo_var *build(elbo_var **in)
{
    return elbo_shuffle_columns(in[0], "shuffle");
}

START_TEST(derivatives_agree_with_central_differences)
{
    static const elbo__case cases[] = {{"shuffle", build, 1, {{2, {4, 3}}}, -2, 2, 0}, {0}};
    derivative_report r = {0};
    check_derivatives("shuffle", cases, ELBO_TRAIN, 1, &r);
    ck_assert_int_gt(r.entries, 0);
}
END_TEST

START_TEST(what_has_no_columns_is_an_error)
{
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    elbo_shuffle_columns(elbo_input(r.g, "x", ELBO_F64, ELBO_SHAPE(5)), "shuffle");
    rig_assert_error(&r, "shuffle \"shuffle\": of shape (5); expected (B, ...), at most 16777216 numbers");
    rig_free(&r);
}
END_TEST

Suite *suite_shuffle(void)
{
    Suite *suite = suite_create("shuffle");
    TCase *random = tcase_create("permutations");
    tcase_add_loop_test(random, a_column_keeps_its_numbers_and_all_of_them, 0, 2);
    tcase_add_test(random, correlations_of_columns_vanish);
    tcase_add_test(random, permutations_are_all_as_likely);
    tcase_add_test(random, a_batch_of_one_stays_and_draws_are_columns_too);
    suite_add_tcase(suite, random);
    TCase *given = tcase_create("given noise");
    tcase_add_test(given, a_row_gets_the_number_at_the_rank_of_its_noise);
    tcase_add_test(given, of_equal_noise_rows_keep_their_order);
    suite_add_tcase(suite, given);
    TCase *rest = tcase_create("derivatives and errors");
    tcase_add_test(rest, derivatives_agree_with_central_differences);
    tcase_add_test(rest, what_has_no_columns_is_an_error);
    suite_add_tcase(suite, rest);
    return suite;
}
