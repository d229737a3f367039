/* Sums and maxima over axes: the kernel against plain loops, and the ops through interpreter and plan. */
#include <check.h>
#include <float.h>
#include <math.h>
#include <string.h>

#include "../tensor/reduce.h"
#include "../tensor/walk.h"
#include "numbers.h"
#include "rig.h"
#include "suites.h"

static const elbo_dtype dtypes[] = {ELBO_F32, ELBO_F64};
static const elbo__reduction kinds[] = {ELBO__SUM, ELBO__MAX, ELBO__SUM_ABS};

/* Shapes of rank 4; every subset of the axes of each is reduced. */
static const elbo_shape shapes[] = {{4, {2, 3, 4, 5}},   {4, {3, 1, 2, 70}},  {4, {1, 1, 1, 1}}, {4, {2, 0, 3, 2}},
                                    {4, {130, 2, 1, 3}}, {4, {5, 300, 1, 1}}, {4, {1, 2, 3, 0}}};
enum { SHAPES = sizeof shapes / sizeof shapes[0], SUBSETS = 1 << 4 };

/* The shape with the axes of the subset at size 1. */
static elbo_shape kept(const elbo_shape *shape, unsigned subset)
{
    elbo_shape y = *shape;
    for (int i = 0; i < y.ndim; i++)
        if (subset >> i & 1)
            y.dim[i] = 1;
    return y;
}

/* The reduction by plain loops, in double; for a sum also the sum of absolute values. */
static void reduce_plainly(elbo__reduction kind, const elbo_tensor *y, elbo_tensor *magnitude, const elbo_tensor *x)
{
    for (elbo__walk w = elbo__walk_start(&y->layout.shape); w.more; elbo__walk_next(&w))
        elbo_tensor_set(y, w.index, kind == ELBO__MAX ? -INFINITY : 0);
    for (elbo__walk w = elbo__walk_start(&x->layout.shape); w.more; elbo__walk_next(&w)) {
        int64_t to[ELBO_MAX_RANK];
        for (int i = 0; i < y->layout.shape.ndim; i++)
            to[i] = y->layout.shape.dim[i] == 1 ? 0 : w.index[i];
        double a = elbo_tensor_get(y, to), b = elbo_tensor_get(x, w.index);
        double sum = a + (kind == ELBO__SUM_ABS ? fabs(b) : b), larger = isnan(a) ? a : isnan(b) || b > a ? b : a;
        elbo_tensor_set(y, to, kind == ELBO__MAX ? larger : sum);
        if (magnitude)
            elbo_tensor_set(magnitude, to, elbo_tensor_get(magnitude, to) + fabs(b));
    }
}

/* ---- the kernel -------------------------------------------------------------------------------------------------- */

/* Integers, so that every order of additions gives the same: whatever the layouts, the results are equal. */
START_TEST(reductions_over_every_subset_of_axes_agree_with_plain_loops)
{
    numbers n = {(uint64_t)_i + 1};
    for (int d = 0; d < 2; d++)
        for (unsigned subset = 0; subset < SUBSETS; subset++)
            for (int trial = 0; trial < 18; trial++) {
                elbo__reduction kind = kinds[trial % 3];
                placement how = trial < 3 ? placement_row_major(1) : placement_random(&n, 4);
                how.repeated = trial >= 15 ? 1u << numbers_below(&n, 4) : 0;
                elbo_tensor x = placed_new(dtypes[d], shapes[_i], how, 99);
                elbo_tensor y = placed_new(dtypes[d], kept(&shapes[_i], subset),
                                           trial < 3 ? placement_row_major(1) : placement_random(&n, 4), -77);
                elbo_tensor expected = elbo_tensor_new(ELBO_F64, y.layout.shape);
                fill_integers(&x, &n, 1000);
                if (kind == ELBO__MAX && trial % 2 == 1 && elbo_shape_size(&shapes[_i]) > 0) {
                    int64_t index[4];
                    for (int k = 0; k < 4; k++)
                        index[k] = numbers_below(&n, shapes[_i].dim[k]);
                    elbo_tensor_set(&x, index, NAN);
                }
                reduce_plainly(kind, &expected, NULL, &x);
                elbo__reduce(kind, &y, &x);
                assert_same_numbers(&y, &expected, (const char *[]){"sum", "sum_abs", "max"}[kind]);
                placed_assert_margins(&y, -77);
                elbo_tensor_free(&x);
                elbo_tensor_free(&y);
                elbo_tensor_free(&expected);
            }
}
END_TEST

START_TEST(sums_of_any_numbers_are_within_the_rounding_of_their_additions)
{
    numbers n = {20};
    for (int d = 0; d < 2; d++)
        for (unsigned subset = 0; subset < SUBSETS; subset++) {
            elbo_tensor x = placed_new(dtypes[d], ELBO_SHAPE(6, 5, 7, 70), placement_random(&n, 4), 99);
            elbo_tensor y = elbo_tensor_new(dtypes[d], kept(&x.layout.shape, subset));
            elbo_tensor expected = elbo_tensor_new(ELBO_F64, y.layout.shape);
            elbo_tensor magnitude = elbo_tensor_new(ELBO_F64, y.layout.shape);
            fill_between(&x, &n, -1, 1);
            elbo__reduction kind = subset % 3 ? ELBO__SUM : ELBO__SUM_ABS;
            reduce_plainly(kind, &expected, &magnitude, &x);
            elbo__reduce(kind, &y, &x);
            double terms = 6 * 5 * 7 * 70 / (double)elbo_shape_size(&y.layout.shape);
            for (elbo__walk w = elbo__walk_start(&y.layout.shape); w.more; elbo__walk_next(&w)) {
                double bound = terms * (d ? DBL_EPSILON : FLT_EPSILON) * elbo_tensor_get(&magnitude, w.index);
                double got = elbo_tensor_get(&y, w.index), want = elbo_tensor_get(&expected, w.index);
                if (!(fabs(got - want) <= bound))
                    ck_abort_msg("%.17g, expected %.17g", got, want);
            }
            elbo_tensor_free(&x);
            elbo_tensor_free(&y);
            elbo_tensor_free(&expected);
            elbo_tensor_free(&magnitude);
        }
}
END_TEST

/* Numbers whose sums depend on the order: the axis that stays is cut at uneven places, down to blocks of one. */
START_TEST(sums_keep_their_bits_wherever_an_axis_that_stays_is_cut)
{
    static const int64_t cuts[] = {0, 1, 2, 9, 16, 33, 40};
    numbers n = {30};
    for (int trial = 0; trial < 300; trial++) {
        elbo_dtype dtype = dtypes[trial % 2];
        int axis = (int)numbers_below(&n, 3);
        elbo_shape shape = ELBO_SHAPE(4, 5, 66);
        shape.dim[axis] = 40;
        unsigned subset = (unsigned)numbers_below(&n, 8) & ~(1u << axis);
        placement how = trial % 3 ? placement_random(&n, 3) : placement_row_major(1);
        elbo_tensor x = placed_new(dtype, shape, how, 99);
        elbo_tensor whole = placed_new(dtype, kept(&shape, subset), placement_row_major(1), 99);
        elbo_tensor cut = placed_new(dtype, whole.layout.shape, placement_row_major(1), 99);
        fill_between(&x, &n, -1, 1);
        elbo__reduction kind = trial % 4 < 2 ? ELBO__SUM : ELBO__SUM_ABS;
        elbo__reduce(kind, &whole, &x);
        for (int i = 0; cuts[i] < 40; i++) {
            elbo_tensor part = x, to = cut;
            part.layout = elbo_layout_slice(&x.layout, axis, cuts[i], cuts[i + 1] - cuts[i]);
            to.layout = elbo_layout_slice(&cut.layout, axis, cuts[i], cuts[i + 1] - cuts[i]);
            elbo__reduce(kind, &to, &part);
        }
        ck_assert_msg(same_bits(&cut, &whole), "%d of %s %s over axes %#x, cut along axis %d", (int)kind,
                      elbo_dtype_name(dtype), elbo_shape_format(&shape).text, subset, axis);
        elbo_tensor_free(&x);
        elbo_tensor_free(&whole);
        elbo_tensor_free(&cut);
    }
}
END_TEST

/* ---- the ops ----------------------------------------------------------------------------------------------------- */

typedef elbo_var *reduction_op(elbo_var *x, const int *axes, int n, bool keep);

/* Runs one reduction of an input over a subset of its axes (some counted from the end) by interpreter or plan. */
static void check_op(elbo_dtype dtype, reduction_op *op, elbo__reduction kind, const elbo_shape *shape, unsigned subset,
                     bool keep, bool planned)
{
    double values[2000], out[2000];
    rig r = rig_new(dtype, ELBO_TRAIN);
    r.planned = planned;
    numbers n = {subset + 40};
    elbo_tensor x = elbo_tensor_of(ELBO_F64, *shape, values);
    fill_integers(&x, &n, 1000);
    int axes[4], count = 0;
    elbo_shape left = kept(shape, subset), dropped = {0};
    for (int i = 0; i < 4; i++)
        if (subset >> i & 1)
            axes[count++] = i % 2 ? i : i - 4;
        else
            dropped.dim[dropped.ndim++] = shape->dim[i];
    elbo_var *y = op(rig_input(&r, "x", *shape, values), axes, count, keep);
    elbo_shape got = elbo_shape_of(y);
    ck_assert(elbo_shape_equal(&got, keep ? &left : &dropped));
    rig_value(&r, y, out);
    elbo_tensor result = elbo_tensor_of(ELBO_F64, left, out), expected = elbo_tensor_new(ELBO_F64, left);
    reduce_plainly(kind, &expected, NULL, &x);
    assert_same_numbers(&result, &expected, planned ? "planned" : "interpreted");
    elbo_tensor_free(&expected);
    rig_free(&r);
}

START_TEST(sum_and_max_reduce_any_axes_and_keep_or_drop_them)
{
    for (int shape = 0; shape < SHAPES; shape++)
        for (unsigned subset = 0; subset < SUBSETS; subset++)
            for (int how = 0; how < 4; how++) {
                check_op(dtypes[subset % 2], elbo_sum, ELBO__SUM, &shapes[shape], subset, how & 1, how & 2);
                check_op(dtypes[subset % 2], elbo_max, ELBO__MAX, &shapes[shape], subset, how & 1, how & 2);
            }
}
END_TEST

/* The value of an op on x (2, 3) with the given entries, by interpreter and plan, which must be equal. */
static void value_of(elbo_var *(*op)(elbo_var *), const double x[6], double *out, int64_t size)
{
    double again[6];
    for (int planned = 0; planned < 2; planned++) {
        rig r = rig_new(ELBO_F64, ELBO_TRAIN);
        r.planned = planned;
        elbo_var *y = op(rig_input(&r, "x", ELBO_SHAPE(2, 3), x));
        elbo_shape shape = elbo_shape_of(y);
        ck_assert_int_eq(elbo_shape_size(&shape), size);
        rig_value(&r, y, planned ? again : out);
        rig_free(&r);
    }
    for (int64_t i = 0; i < size; i++)
        if (out[i] != again[i] && !(isnan(out[i]) && isnan(again[i])))
            assert_close(out[i], again[i], 1e-15);
}

static elbo_var *max_rows(elbo_var *x)
{
    return elbo_max(x, (int[]){1}, 1, false);
}

static elbo_var *max_of_all(elbo_var *x)
{
    return elbo_max(x, (int[]){0, 1}, 2, false);
}

START_TEST(the_maximum_of_numbers_with_a_nan_is_nan)
{
    double y[2];
    value_of(max_rows, (double[]){1, NAN, 2, -3, -1, -2}, y, 2);
    ck_assert(isnan(y[0]));
    ck_assert_double_eq(y[1], -1);
    value_of(max_of_all, (double[]){1, 5, 2, -3, -1, NAN}, y, 1);
    ck_assert(isnan(y[0]));
}
END_TEST

static elbo_var *logsumexp_rows(elbo_var *x)
{
    return elbo_logsumexp(x, -1);
}

static elbo_var *softmax_rows(elbo_var *x)
{
    return elbo_softmax(x, 1);
}

static elbo_var *log_softmax_rows(elbo_var *x)
{
    return elbo_log_softmax(x, 1);
}

START_TEST(logsumexp_and_softmax_neither_overflow_nor_underflow)
{
    double y[6];
    value_of(logsumexp_rows, (double[]){1e4, 1e4, -1e4, -1e4, -1e4, -INFINITY}, y, 2);
    assert_close(y[0], 1e4 + log(2), 1e-15);
    assert_close(y[1], -1e4 + log(2), 1e-15);
    value_of(logsumexp_rows, (double[]){-INFINITY, -INFINITY, -INFINITY, 0, INFINITY, 1}, y, 2);
    ck_assert_double_eq(y[0], -INFINITY);
    ck_assert_double_eq(y[1], INFINITY);
    value_of(softmax_rows, (double[]){1e4, 1e4, -1e4, 0, log(2), log(5)}, y, 6);
    const double shares[] = {0.5, 0.5, 0, 0.125, 0.25, 0.625};
    for (int i = 0; i < 6; i++)
        assert_close(y[i], shares[i], 1e-15);
    value_of(log_softmax_rows, (double[]){1e4, 1e4, -1e4, 0, log(2), log(5)}, y, 6);
    const double logs[] = {-log(2), -log(2), -2e4 - log(2), -log(8), -log(4), log(0.625)};
    for (int i = 0; i < 6; i++)
        assert_close(y[i], logs[i], 1e-15);
}
END_TEST

static elbo_var *mean_of_rows(elbo_var *x)
{
    return elbo_mean(x, (int[]){-1}, 1, true);
}

static elbo_var *mean_of_columns(elbo_var *x)
{
    return elbo_mean(x, (int[]){0}, 1, false);
}

static elbo_var *sum_of_column(elbo_var *x)
{
    return elbo_sum_axis(x, 0);
}

START_TEST(means_and_sums_over_one_axis_or_all)
{
    const double x[] = {1, 2, 6, -4, 5, 8};
    double y[3];
    value_of(mean_of_rows, x, y, 2);
    ck_assert(y[0] == 3 && y[1] == 3);
    value_of(mean_of_columns, x, y, 3);
    ck_assert(y[0] == -1.5 && y[1] == 3.5 && y[2] == 7);
    value_of(sum_of_column, x, y, 3);
    ck_assert(y[0] == -3 && y[1] == 7 && y[2] == 14);
    value_of(elbo_sum_all, x, y, 1);
    ck_assert_double_eq(y[0], 18);
    value_of(elbo_mean_all, x, y, 1);
    ck_assert_double_eq(y[0], 3);
}
END_TEST

static elbo_var *argmax_rows(elbo_var *x)
{
    return elbo_cast(elbo_argmax(x, 1));
}

static elbo_var *argmax_columns(elbo_var *x)
{
    return elbo_cast(elbo_argmax(x, -2));
}

START_TEST(argmax_is_the_first_index_of_the_maximum)
{
    const double x[] = {1, 7, 7, -1, -4, -1};
    double y[3];
    value_of(argmax_rows, x, y, 2);
    ck_assert(y[0] == 1 && y[1] == 0);
    value_of(argmax_columns, (double[]){1, 7, 7, 1, -4, 9}, y, 3);
    ck_assert(y[0] == 0 && y[1] == 0 && y[2] == 1);
}
END_TEST

/* Rows of every length up to a few vectors, with the maximum anywhere, more than once, and among NaN. */
START_TEST(argmax_of_long_rows_is_that_of_a_plain_loop)
{
    enum { MOST = 70, ROWS = 64 };
    static double x[ROWS * MOST];
    numbers random = {1};
    for (int n = 1; n <= MOST; n++) {
        for (int i = 0; i < ROWS * n; i++) {
            const double u = numbers_between(&random, 0, 1);
            x[i] = i / n == 0 ? NAN : i / n == 1 ? -INFINITY : u < 0.1 ? NAN : u < 0.2 ? -INFINITY : floor(8 * u);
        }
        rig r = rig_new(dtypes[_i], ELBO_EVALUATE);
        r.planned = true;
        double got[ROWS];
        rig_value(&r, elbo_argmax(rig_input(&r, "x", ELBO_SHAPE(ROWS, n), x), 1), got);
        for (int b = 0; b < ROWS; b++) {
            int best = 0;
            double most = -INFINITY;
            for (int i = 0; i < n; i++)
                if (x[b * n + i] > most)
                    most = x[b * n + (best = i)];
            if (got[b] != best)
                ck_abort_msg("row %d of %d numbers: %g instead of %d", b, n, got[b], best);
        }
        rig_free(&r);
    }
}
END_TEST

Suite *suite_reduce(void)
{
    Suite *s = suite_create("reduce");
    TCase *t = tcase_create("kernel");
    tcase_add_loop_test(t, reductions_over_every_subset_of_axes_agree_with_plain_loops, 0, SHAPES);
    tcase_add_test(t, sums_of_any_numbers_are_within_the_rounding_of_their_additions);
    tcase_add_test(t, sums_keep_their_bits_wherever_an_axis_that_stays_is_cut);
    suite_add_tcase(s, t);
    t = tcase_create("ops");
    tcase_add_test(t, sum_and_max_reduce_any_axes_and_keep_or_drop_them);
    tcase_add_test(t, the_maximum_of_numbers_with_a_nan_is_nan);
    tcase_add_test(t, logsumexp_and_softmax_neither_overflow_nor_underflow);
    tcase_add_test(t, means_and_sums_over_one_axis_or_all);
    tcase_add_test(t, argmax_is_the_first_index_of_the_maximum);
    tcase_add_loop_test(t, argmax_of_long_rows_is_that_of_a_plain_loop, 0, 2);
    suite_add_tcase(s, t);
    return s;
}
