/* Many short rows at once: sums, maxima, copies and columns made rows at every instruction set that this machine has,
 * against the kernels that take a row at a time; and what stands on them: moves, and groups that load short rows. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../autograd/op.h"
#include "../tensor/elementwise.h"
#include "../tensor/move.h"
#include "kernel_sets.h"
#include "numbers.h"
#include "rig.h"
#include "suites.h"

enum { MOST_SETS = 3 }; /* in a loop over all, those that do not run here have nothing to do */

static const elbo_dtype dtypes[] = {ELBO_F32, ELBO_F64};
static const int64_t counts[] = {1, 2, 7, 8, 9, 15, 16, 17, 33, 70};
enum { COUNTS = sizeof counts / sizeof counts[0] };

static void put(elbo_dtype dtype, void *x, int64_t i, double value)
{
    if (dtype == ELBO_F32)
        ((float *)x)[i] = (float)value;
    else
        ((double *)x)[i] = value;
}

static double get(elbo_dtype dtype, const void *x, int64_t i)
{
    return dtype == ELBO_F32 ? (double)((const float *)x)[i] : ((const double *)x)[i];
}

static void *element(elbo_dtype dtype, void *x, int64_t i)
{
    return (char *)x + i * (int64_t)elbo_dtype_size(dtype);
}

/* Of so many numbers that end where a page does, behind which nothing may be touched: a kernel that reads on is
 * killed. */
static size_t pages_of(elbo_dtype dtype, int64_t n)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    return ((size_t)n * elbo_dtype_size(dtype) + page - 1) / page * page;
}

static void *exactly(elbo_dtype dtype, int64_t n)
{
    const size_t bytes = pages_of(dtype, n), page = (size_t)sysconf(_SC_PAGESIZE);
    char *pages = mmap(NULL, bytes + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(pages, MAP_FAILED);
    ck_assert_int_eq(mprotect(pages + bytes, page, PROT_NONE), 0);
    return pages + bytes - (size_t)n * elbo_dtype_size(dtype);
}

static void give_back(void *x, elbo_dtype dtype, int64_t n)
{
    const size_t bytes = pages_of(dtype, n), page = (size_t)sysconf(_SC_PAGESIZE);
    ck_assert_int_eq(munmap((char *)x + (size_t)n * elbo_dtype_size(dtype) - bytes, bytes + page), 0);
}

/* Now and then what a reduction may get wrong, else numbers whose sums depend on the order. */
static double some_number(numbers *n, int seldom)
{
    static const double odd[] = {NAN, INFINITY, -INFINITY, -0.0, 0.0};
    return numbers_below(n, seldom) == 0 ? odd[numbers_below(n, 5)] : numbers_between(n, -1, 1);
}

/* ---- sums and maxima --------------------------------------------------------------------------------------------- */

static bool same(double a, double b)
{
    return (isnan(a) && isnan(b)) || memcmp(&a, &b, sizeof a) == 0;
}

static void check_rows(int set, elbo_dtype dtype, bool maximum, int64_t rows, int64_t n, int64_t x_step, int64_t y_step,
                       numbers *source, int seldom)
{
    enum { UNTOUCHED = -77 };
    const elbo__kernels *k = &sets[set].kernels[dtype == ELBO_F64];
    int64_t x_size = (rows - 1) * x_step + n, y_size = (rows - 1) * y_step + 1;
    void *x = exactly(dtype, x_size), *y = exactly(dtype, y_size);
    for (int64_t i = 0; i < x_size; i++)
        put(dtype, x, i, some_number(source, seldom));
    for (int64_t i = 0; i < y_size; i++)
        put(dtype, y, i, UNTOUCHED);
    (maximum ? k->max_rows : k->sum_rows)(rows, n, y, y_step, x, x_step);
    for (int64_t i = 0; i < y_size; i++) {
        double one[1], expected = UNTOUCHED;
        if (i % y_step == 0) {
            put(dtype, one, 0, maximum ? -INFINITY : 0);
            const elbo__kernels *plain = &elbo__kernels_base[dtype == ELBO_F64];
            (maximum ? plain->max : plain->sum)(n, one, element(dtype, x, i / y_step * x_step));
            expected = get(dtype, one, 0) + (maximum ? 0.0 : -0.0);
        }
        if (!same(get(dtype, y, i), expected))
            ck_abort_msg("%s %s: %s of row %lld of %lld of %lld numbers %lld apart: %a, expected %a", sets[set].name,
                         elbo_dtype_name(dtype), maximum ? "maximum" : "sum", (long long)(i / y_step), (long long)rows,
                         (long long)n, (long long)x_step, get(dtype, y, i), expected);
    }
    give_back(x, dtype, x_size);
    give_back(y, dtype, y_size);
}

START_TEST(short_rows_give_the_bits_of_one_row_at_a_time)
{
    if (_i >= sets_here())
        return;
    numbers source = {1};
    for (int64_t n = 1; n <= ELBO__SHORT_ROW; n++)
        for (int count = 0; count < COUNTS; count++)
            for (int way = 0; way < 16; way++) {
                const int64_t steps[] = {n, n + 1, 3 * n, 0};
                check_rows(_i, dtypes[way & 1], way & 2, counts[count], n, steps[way >> 2], 1 + (way + count) % 2,
                           &source, n % 2 ? 1000000 : 40);
            }
}
END_TEST

/* Plain loops over a row, as the interpreter goes, where every order gives the same. */
START_TEST(maxima_of_short_rows_are_the_largest_numbers_or_nan)
{
    if (_i >= sets_here())
        return;
    numbers source = {2};
    for (int64_t n = 1; n <= 20; n++) {
        enum { ROWS = 37 };
        float x[ROWS * 20], y[ROWS];
        for (int64_t i = 0; i < ROWS * n; i++)
            x[i] = (float)some_number(&source, 12);
        sets[_i].kernels[0].max_rows(ROWS, n, y, 1, x, n);
        for (int64_t r = 0; r < ROWS; r++) {
            float most = -INFINITY;
            bool nan = false;
            for (int64_t i = 0; i < n; i++) {
                nan |= isnan(x[r * n + i]);
                most = x[r * n + i] > most ? x[r * n + i] : most;
            }
            if (nan ? !isnan(y[r]) : y[r] != most || (most == 0 && signbit(y[r])))
                ck_abort_msg("%s: row %lld of %lld numbers: %g, expected %g", sets[_i].name, (long long)r, (long long)n,
                             (double)y[r], nan ? NAN : (double)most);
        }
    }
}
END_TEST

/* ---- copies ------------------------------------------------------------------------------------------------------ */

START_TEST(copies_of_short_rows_write_the_rows_and_nothing_else)
{
    if (_i >= sets_here())
        return;
    for (int64_t n = 1; n <= 70; n++)
        for (int count = 0; count < COUNTS; count++)
            for (int way = 0; way < 16; way++) {
                const elbo_dtype dtype = dtypes[way & 1];
                const bool repeat = way & 2;
                const int64_t rows = counts[count], y_step = way & 4 ? n : n + 2, x_step = way & 8 ? n + 1 : 0;
                int64_t x_size = (rows - 1) * x_step + (repeat ? 1 : n), y_size = (rows - 1) * y_step + n;
                void *x = exactly(dtype, x_size), *y = exactly(dtype, y_size);
                for (int64_t i = 0; i < x_size; i++)
                    put(dtype, x, i, (double)i);
                for (int64_t i = 0; i < y_size; i++)
                    put(dtype, y, i, -1);
                sets[_i].kernels[way & 1].copy_rows(rows, n, y, y_step, x, x_step, repeat);
                for (int64_t i = 0; i < y_size; i++) {
                    const int64_t in_row = i % y_step, from = i / y_step * x_step + (repeat ? 0 : in_row);
                    if (get(dtype, y, i) != (in_row < n ? (double)from : -1))
                        ck_abort_msg("%s %s: element %lld of %lld rows of %lld", sets[_i].name, elbo_dtype_name(dtype),
                                     (long long)i, (long long)rows, (long long)n);
                }
                give_back(x, dtype, x_size);
                give_back(y, dtype, y_size);
            }
}
END_TEST

START_TEST(turned_columns_become_rows_and_write_nothing_else)
{
    if (_i >= sets_here())
        return;
    for (int64_t rows = 1; rows <= 35; rows++)
        for (int64_t n = 1; n <= 35; n++)
            for (int way = 0; way < 4; way++) {
                const elbo_dtype dtype = dtypes[way & 1];
                const int64_t y_step = way & 2 ? n : n + 3, x_step = way & 2 ? rows + 2 : rows;
                const int64_t x_size = (n - 1) * x_step + rows, y_size = (rows - 1) * y_step + n;
                void *x = exactly(dtype, x_size), *y = exactly(dtype, y_size);
                for (int64_t i = 0; i < x_size; i++)
                    put(dtype, x, i, (double)i);
                for (int64_t i = 0; i < y_size; i++)
                    put(dtype, y, i, -1);
                sets[_i].kernels[way & 1].turn(rows, n, y, y_step, x, x_step);
                for (int64_t i = 0; i < y_size; i++) {
                    const int64_t r = i / y_step, column = i % y_step;
                    if (get(dtype, y, i) != (column < n ? (double)(column * x_step + r) : -1))
                        ck_abort_msg("%s %s: row %lld, column %lld of %lld by %lld", sets[_i].name,
                                     elbo_dtype_name(dtype), (long long)r, (long long)column, (long long)rows,
                                     (long long)n);
                }
                give_back(x, dtype, x_size);
                give_back(y, dtype, y_size);
            }
}
END_TEST

/* Shapes with short rows, long ones, and axes that divide each other: by way of kernels, tiles and plain loops. */
START_TEST(moves_between_any_layouts_keep_every_element)
{
    static const elbo_shape shapes[][2] = {{{3, {7, 70, 5}}, {3, {7, 70, 5}}},   {{4, {3, 11, 4, 6}}, {2, {33, 24}}},
                                           {{3, {40, 33, 3}}, {2, {40, 99}}},    {{2, {100, 90}}, {3, {10, 10, 90}}},
                                           {{3, {4, 6, 35}}, {3, {8, 3, 35}}},   {{3, {6, 10, 9}}, {3, {4, 15, 9}}},
                                           {{4, {2, 3, 4, 65}}, {2, {65, 24}}},  {{2, {1, 120}}, {4, {5, 1, 4, 6}}},
                                           {{4, {5, 1, 12, 2}}, {3, {10, 3, 4}}}};
    numbers n = {(uint64_t)_i + 1};
    for (int trial = 0; trial < 200; trial++) {
        const elbo_dtype dtype = (elbo_dtype)numbers_below(&n, 4);
        const elbo_shape *to = &shapes[_i][trial % 2], *from = &shapes[_i][trial / 2 % 2];
        placement how = trial < 20 ? placement_row_major(1) : placement_random(&n, from->ndim);
        how.repeated = trial % 3 ? 0 : 1u << numbers_below(&n, from->ndim);
        elbo_tensor x = placed_new(dtype, *from, how, 99);
        elbo_tensor y = placed_new(dtype, *to, trial < 40 ? placement_row_major(1) : placement_random(&n, to->ndim),
                                   77);
        for (elbo__walk w = elbo__walk_start(from); w.more; elbo__walk_next(&w))
            elbo_tensor_set(&x, w.index, (double)numbers_below(&n, 50));
        (elbo_shape_equal(to, from) ? elbo__move : elbo__move_reshaped)(&y, &x);
        elbo__walk v = elbo__walk_start(from);
        for (elbo__walk w = elbo__walk_start(to); w.more; elbo__walk_next(&w), elbo__walk_next(&v))
            if (elbo_tensor_get(&y, w.index) != elbo_tensor_get(&x, v.index))
                ck_abort_msg("%s to %s", elbo_shape_format(from).text, elbo_shape_format(to).text);
        placed_assert_margins(&y, 77);
        elbo_tensor_free(&x);
        elbo_tensor_free(&y);
    }
}
END_TEST

/* ---- groups ------------------------------------------------------------------------------------------------------ */

/* x (B, P, n), m (B, P): x less the repeated m, times a part of each row of a wider tensor; chunks of a group end
 * within rows. */
static void rows_in_a_group(bool planned, int64_t n, bool across, double *out)
{
    enum { B = 6, P = 37, MOST = 20 };
    static double x[B * P * MOST], m[B * P], wide[B * P * (MOST + 5)];
    numbers source = {(uint64_t)n};
    for (int64_t i = 0; i < B * P * MOST; i++)
        x[i] = (double)numbers_below(&source, 9) - 4;
    for (int64_t i = 0; i < B * P; i++)
        m[i] = (double)numbers_below(&source, 9) - 4;
    for (int64_t i = 0; i < B * P * (MOST + 5); i++)
        wide[i] = (double)numbers_below(&source, 9) - 4;
    rig r = rig_new(n % 2 ? ELBO_F32 : ELBO_F64, ELBO_TRAIN);
    r.planned = planned;
    elbo_var *a = rig_input(&r, "x", ELBO_SHAPE(B, P, n), x), *b = rig_input(&r, "m", ELBO_SHAPE(B, P), m);
    elbo_var *c = elbo_slice(rig_input(&r, "wide", ELBO_SHAPE(B, P, n + 5), wide), 2, 3, n), *y;
    y = elbo_mul(elbo_sub(a, elbo_unsqueeze(b, 2)), c);
    if (across) { /* a result whose memory lies by pixels */
        elbo_var *turned = elbo_permute(y, (int[]){1, 0, 2});
        y = elbo_permute(elbo_add(turned, elbo_expand(elbo_sum(turned, (int[]){1}, 1, true), elbo_shape_of(turned))),
                         (int[]){1, 0, 2});
    }
    rig_value(&r, y, out);
    rig_free(&r);
}

/* Small integers: exact in any order. */
START_TEST(groups_load_short_rows_whatever_their_length)
{
    enum { MOST = 6 * 37 * 20 };
    static double planned[MOST], interpreted[MOST];
    for (int64_t n = 1; n <= 20; n++)
        for (int across = 0; across < 2; across++) {
            rows_in_a_group(true, n, across, planned);
            rows_in_a_group(false, n, across, interpreted);
            for (int64_t i = 0; i < 6 * 37 * n; i++)
                if (planned[i] != interpreted[i])
                    ck_abort_msg("rows of %lld: %g, expected %g", (long long)n, planned[i], interpreted[i]);
        }
}
END_TEST

/* ---- rows by number ---------------------------------------------------------------------------------------------- */

/* Numbers whose sums depend on the order, which is that of the index; some rows do not exist. */
START_TEST(scattered_rows_are_added_in_the_order_of_the_index_into_any_layout)
{
    static const elbo_shape shapes[] = {{1, {70}}, {2, {40, 1}}, {2, {33, 70}}, {3, {50, 5, 3}}, {2, {0, 4}}};
    enum { SHAPES = sizeof shapes / sizeof shapes[0], MOST_INDEX = 70 };
    numbers n = {3};
    for (int trial = 0; trial < 600; trial++) {
        const elbo_dtype dtype = dtypes[trial % 2];
        const elbo_shape shape = shapes[trial % SHAPES];
        elbo_shape result = shape;
        result.dim[0] = 1 + numbers_below(&n, 12);
        int32_t to[MOST_INDEX];
        for (int64_t i = 0; i < shape.dim[0]; i++)
            to[i] = (int32_t)numbers_below(&n, result.dim[0] + 2) - 1;
        placement how = trial % 3 ? placement_random(&n, shape.ndim) : placement_row_major(1);
        how.repeated = trial % 7 ? 0 : 1u << numbers_below(&n, shape.ndim);
        elbo_tensor in[2] = {placed_new(dtype, shape, how, 99), elbo_tensor_of(ELBO_I32, ELBO_SHAPE(shape.dim[0]), to)};
        elbo_tensor y = placed_new(dtype, result, trial % 4 ? placement_random(&n, shape.ndim) : placement_row_major(1),
                                   7);
        elbo_tensor expected = elbo_tensor_new(dtype, result);
        fill_between(&in[0], &n, -1, 1);
        elbo__op_scatter_add.kernel(&(elbo__call){.out = y, .in = in, .n_in = 2});
        elbo__op_scatter_add.interpret(&(elbo__call){.out = expected, .in = in, .n_in = 2});
        ck_assert_msg(same_bits(&y, &expected), "%s %s", elbo_dtype_name(dtype), elbo_shape_format(&shape).text);
        placed_assert_margins(&y, 7);
        elbo_tensor_free(&in[0]);
        elbo_tensor_free(&y);
        elbo_tensor_free(&expected);
    }
}
END_TEST

Suite *suite_rows(void)
{
    Suite *s = suite_create("rows");
    TCase *t = tcase_create("kernels");
    tcase_add_loop_test(t, short_rows_give_the_bits_of_one_row_at_a_time, 0, MOST_SETS);
    tcase_add_loop_test(t, maxima_of_short_rows_are_the_largest_numbers_or_nan, 0, MOST_SETS);
    tcase_add_loop_test(t, copies_of_short_rows_write_the_rows_and_nothing_else, 0, MOST_SETS);
    tcase_add_loop_test(t, turned_columns_become_rows_and_write_nothing_else, 0, MOST_SETS);
    tcase_add_loop_test(t, moves_between_any_layouts_keep_every_element, 0, 9);
    suite_add_tcase(s, t);
    t = tcase_create("groups");
    tcase_add_test(t, groups_load_short_rows_whatever_their_length);
    tcase_add_test(t, scattered_rows_are_added_in_the_order_of_the_index_into_any_layout);
    suite_add_tcase(s, t);
    return s;
}
