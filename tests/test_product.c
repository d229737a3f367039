/* Matrix products: elbo__product against a plain loop over stride patterns, and elbo_matmul by interpreter and plan. */
#include <check.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../tensor/product.h"
#include "../tensor/walk.h"
#include "numbers.h"
#include "rig.h"
#include "suites.h"

static const elbo_dtype dtypes[] = {ELBO_F32, ELBO_F64};
static const int64_t sizes[] = {0, 1, 2, 7, 16, 17, 33, 100};
enum { SIZES = sizeof sizes / sizeof sizes[0] };

/* How a matrix lies in memory. The last three repeat rows, columns or one number: results cannot. */
static const struct {
    const char *name;
    placement how;
} patterns[] = {
    {"row-major", {{0, 1}, 1, 0}},         {"column-major", {{1, 0}, 1, 0}},  {"rows with gaps", {{0, 1}, 2, 0}},
    {"columns with gaps", {{1, 0}, 3, 0}}, {"repeated rows", {{0, 1}, 1, 1}}, {"repeated columns", {{0, 1}, 1, 2}},
    {"one number", {{0, 1}, 1, 3}},
};
enum { PATTERNS = sizeof patterns / sizeof patterns[0], PATTERNS_OUT = 4 };

static elbo__matrix matrix_of(const elbo_tensor *x)
{
    return (elbo__matrix){.data = (char *)x->data + x->layout.offset * (int64_t)elbo_dtype_size(x->dtype),
                          .rows = x->layout.shape.dim[0],
                          .columns = x->layout.shape.dim[1],
                          .row_stride = x->layout.strides[0],
                          .column_stride = x->layout.strides[1]};
}

static double get(const elbo_tensor *x, int64_t i, int64_t j)
{
    return elbo_tensor_get(x, (int64_t[]){i, j});
}

typedef void product(elbo_dtype dtype, const elbo__matrix *y, const elbo__matrix *a, const elbo__matrix *b);

static void by_blocks_of_16(elbo_dtype dtype, const elbo__matrix *y, const elbo__matrix *a, const elbo__matrix *b)
{
    elbo__product(dtype, y, a, b, 16);
}

static void at_once(elbo_dtype dtype, const elbo__matrix *y, const elbo__matrix *a, const elbo__matrix *b)
{
    elbo__product(dtype, y, a, b, INT64_MAX);
}

static product *const products[] = {at_once, by_blocks_of_16, elbo__product_plain};

/* (m,k) (k,n) of small integers, so that every order of additions gives the same; y holds NaN before. */
static void check_product(numbers *n, elbo_dtype dtype, product *multiply, const int64_t mnk[3], const int pattern[3])
{
    elbo_tensor y = placed_new(dtype, ELBO_SHAPE(mnk[0], mnk[1]), patterns[pattern[0]].how, NAN);
    elbo_tensor a = placed_new(dtype, ELBO_SHAPE(mnk[0], mnk[2]), patterns[pattern[1]].how, NAN);
    elbo_tensor b = placed_new(dtype, ELBO_SHAPE(mnk[2], mnk[1]), patterns[pattern[2]].how, NAN);
    fill_integers(&a, n, 9);
    fill_integers(&b, n, 9);
    elbo__matrix my = matrix_of(&y), ma = matrix_of(&a), mb = matrix_of(&b);
    multiply(dtype, &my, &ma, &mb);
    for (int64_t i = 0; i < mnk[0]; i++)
        for (int64_t j = 0; j < mnk[1]; j++) {
            double sum = 0;
            for (int64_t k = 0; k < mnk[2]; k++)
                sum += get(&a, i, k) * get(&b, k, j);
            if (get(&y, i, j) == sum)
                continue;
            ck_abort_msg("%s, (%lld,%lld) %s = (%lld,%lld) %s by %s: entry %lld %lld is %g, expected %g",
                         elbo_dtype_name(dtype), (long long)mnk[0], (long long)mnk[1], patterns[pattern[0]].name,
                         (long long)mnk[0], (long long)mnk[2], patterns[pattern[1]].name, patterns[pattern[2]].name,
                         (long long)i, (long long)j, get(&y, i, j), sum);
        }
    placed_assert_margins(&y, NAN);
    elbo_tensor_free(&y);
    elbo_tensor_free(&a);
    elbo_tensor_free(&b);
}

START_TEST(products_of_every_layout_agree_with_a_plain_loop)
{
    static const int64_t some[][3] = {{1, 1, 1}, {7, 17, 2}, {17, 1, 16}, {1, 33, 7}, {33, 16, 17}, {2, 7, 0}};
    numbers n = {(uint64_t)_i + 1};
    for (int d = 0; d < 2; d++)
        for (size_t s = 0; s < sizeof some / sizeof some[0]; s++)
            for (int y = 0; y < PATTERNS_OUT; y++)
                for (int a = 0; a < PATTERNS; a++)
                    for (int b = 0; b < PATTERNS; b++)
                        check_product(&n, dtypes[d], products[_i], some[s], (int[]){y, a, b});
}
END_TEST

START_TEST(products_of_every_size_agree_with_a_plain_loop)
{
    numbers n = {(uint64_t)_i + 10};
    for (int i = 0; i < SIZES * SIZES * SIZES; i++) {
        const int64_t mnk[] = {sizes[i % SIZES], sizes[i / SIZES % SIZES], sizes[i / SIZES / SIZES]};
        const int pattern[] = {(int)numbers_below(&n, PATTERNS_OUT), (int)numbers_below(&n, PATTERNS),
                               (int)numbers_below(&n, PATTERNS)};
        for (int d = 0; d < 2; d++)
            check_product(&n, dtypes[d], products[_i], mnk, pattern);
    }
}
END_TEST

/* Panels of b for many rows, rows of a in parts, more than one piece of terms, one row by more columns than fit. */
START_TEST(large_products_agree_with_a_plain_loop)
{
    static const int64_t some[][3] = {{500, 20, 600}, {130, 100, 600}, {1, 470, 600}, {3, 470, 30}};
    numbers n = {50};
    for (size_t s = 0; s < sizeof some / sizeof some[0]; s++)
        for (int turned = 0; turned < 8; turned++)
            check_product(&n, ELBO_F32, at_once, some[s], (int[]){turned & 1, turned >> 1 & 1, turned >> 2});
}
END_TEST

START_TEST(a_single_row_of_any_width_agrees_with_a_plain_loop)
{
    numbers n = {60};
    for (int64_t columns = 1; columns <= 30 * 16; columns++)
        check_product(&n, ELBO_F32, at_once, (int64_t[]){1, columns, 3}, (int[]){0, 0, 0});
}
END_TEST

/* y = -3 a b + 2 y of small integers by one thread to four, y (m,n) in every layout: as a plain loop has it. */
START_TEST(products_that_are_shared_out_and_added_agree_with_a_plain_loop)
{
    static const int64_t some[][3] = {{1, 1, 1}, {300, 40, 7}, {17, 1100, 16}, {130, 515, 3}, {2, 7, 0}, {0, 3, 3}};
    numbers n = {(uint64_t)_i + 30};
    for (size_t s = 0; s < sizeof some / sizeof some[0]; s++)
        for (int pattern = 0; pattern < PATTERNS_OUT * PATTERNS_OUT; pattern++) {
            const int64_t rows = some[s][0], columns = some[s][1], terms = some[s][2];
            const int other = pattern / PATTERNS_OUT, swap = (pattern + 1) % PATTERNS_OUT;
            elbo_tensor y = placed_new(ELBO_F64, ELBO_SHAPE(rows, columns), patterns[pattern % PATTERNS_OUT].how, NAN);
            elbo_tensor a = placed_new(ELBO_F64, ELBO_SHAPE(rows, terms), patterns[other].how, NAN);
            elbo_tensor b = placed_new(ELBO_F64, ELBO_SHAPE(terms, columns), patterns[swap].how, NAN);
            double *expected = calloc((size_t)(rows * columns + 1), sizeof *expected);
            fill_integers(&y, &n, 9);
            fill_integers(&a, &n, 9);
            fill_integers(&b, &n, 9);
            for (int64_t i = 0; i < rows * columns; i++) {
                expected[i] = 2 * get(&y, i / columns, i % columns);
                for (int64_t k = 0; k < terms; k++)
                    expected[i] -= 3 * get(&a, i / columns, k) * get(&b, k, i % columns);
            }
            const elbo__matrix my = matrix_of(&y), ma = matrix_of(&a), mb = matrix_of(&b);
            elbo__product_shared(-3, &ma, &mb, 2, &my, _i);
            for (int64_t i = 0; i < rows * columns; i++)
                if (get(&y, i / columns, i % columns) != expected[i])
                    ck_abort_msg("%lld rows of %lld, pattern %d: entry %lld is %g, expected %g", (long long)rows,
                                 (long long)columns, pattern, (long long)i, get(&y, i / columns, i % columns),
                                 expected[i]);
            placed_assert_margins(&y, NAN);
            free(expected);
            elbo_tensor_free(&y);
            elbo_tensor_free(&a);
            elbo_tensor_free(&b);
        }
}
END_TEST

START_TEST(products_that_are_shared_out_have_the_same_bits_for_any_number_of_threads)
{
    numbers n = {40};
    elbo_tensor a = placed_new(ELBO_F64, ELBO_SHAPE(301, 77), placement_row_major(1), 0);
    elbo_tensor b = placed_new(ELBO_F64, ELBO_SHAPE(77, 1030), placement_row_major(1), 0);
    elbo_tensor one = placed_new(ELBO_F64, ELBO_SHAPE(301, 1030), placement_row_major(1), 0);
    elbo_tensor many = placed_new(ELBO_F64, ELBO_SHAPE(301, 1030), placement_row_major(1), 0);
    fill_between(&a, &n, -1, 1);
    fill_between(&b, &n, -1, 1);
    const elbo__matrix ma = matrix_of(&a), mb = matrix_of(&b), alone = matrix_of(&one), shared = matrix_of(&many);
    elbo__product_shared(1, &ma, &mb, 0, &alone, 1);
    for (int threads = 2; threads <= 5; threads++) {
        elbo__product_shared(1, &ma, &mb, 0, &shared, threads);
        ck_assert_msg(same_bits(&one, &many), "%d threads", threads);
    }
    elbo_tensor_free(&a);
    elbo_tensor_free(&b);
    elbo_tensor_free(&one);
    elbo_tensor_free(&many);
}
END_TEST

/* Three matrices of numbers whose sums depend on the order of additions. */
static void make_matrices(numbers *n, elbo_dtype dtype, int64_t rows, const int pattern[3], elbo_tensor x[3])
{
    const elbo_shape shapes[] = {ELBO_SHAPE(rows, 33), ELBO_SHAPE(rows, 100), ELBO_SHAPE(100, 33)};
    for (int i = 0; i < 3; i++) {
        x[i] = placed_new(dtype, shapes[i], patterns[pattern[i]].how, NAN);
        fill_between(&x[i], n, -1, 1);
    }
}

START_TEST(products_of_any_numbers_are_within_the_rounding_of_their_terms)
{
    numbers n = {20};
    for (int d = 0; d < 2; d++)
        for (int p = 0; p < PATTERNS_OUT; p++) {
            elbo_tensor x[3];
            make_matrices(&n, dtypes[d], 17, (int[]){p, p, (p + 1) % PATTERNS_OUT}, x);
            elbo__matrix y = matrix_of(&x[0]), a = matrix_of(&x[1]), b = matrix_of(&x[2]);
            elbo__product(dtypes[d], &y, &a, &b, 16);
            for (int64_t i = 0; i < 17; i++)
                for (int64_t j = 0; j < 33; j++) {
                    double sum = 0, magnitude = 0;
                    for (int64_t k = 0; k < 100; k++) {
                        double term = get(&x[1], i, k) * get(&x[2], k, j);
                        sum += term;
                        magnitude += fabs(term);
                    }
                    double bound = 101 * (d ? DBL_EPSILON : FLT_EPSILON) * magnitude;
                    if (!(fabs(get(&x[0], i, j) - sum) <= bound))
                        ck_abort_msg("%.9g, expected %.9g", get(&x[0], i, j), sum);
                }
            for (int i = 0; i < 3; i++)
                elbo_tensor_free(&x[i]);
        }
}
END_TEST

/* Rows [first, end) of a matrix. */
static elbo__matrix rows_of(const elbo_tensor *x, int64_t first, int64_t end)
{
    elbo_tensor part = *x;
    part.layout = elbo_layout_slice(&x->layout, 0, first, end - first);
    return matrix_of(&part);
}

START_TEST(rows_keep_their_bits_wherever_blocks_of_the_grain_are_cut)
{
    static const int64_t grains[] = {1, 6, 16, 50};
    numbers n = {30};
    for (int trial = 0; trial < 200; trial++) {
        elbo_dtype dtype = dtypes[trial % 2];
        int64_t grain = grains[trial / 2 % 4], rows = sizes[3 + numbers_below(&n, SIZES - 3)];
        const int pattern[] = {(int)numbers_below(&n, PATTERNS_OUT), (int)numbers_below(&n, PATTERNS),
                               (int)numbers_below(&n, PATTERNS)};
        elbo_tensor x[3], cut = placed_new(dtype, ELBO_SHAPE(rows, 33), patterns[pattern[0]].how, NAN);
        make_matrices(&n, dtype, rows, pattern, x);
        elbo__matrix y = matrix_of(&x[0]), a = matrix_of(&x[1]), b = matrix_of(&x[2]);
        elbo__product(dtype, &y, &a, &b, grain);
        for (int64_t first = 0, end; first < rows; first = end) {
            end = first + grain * (1 + numbers_below(&n, 3));
            end = end < rows ? end : rows;
            elbo__matrix part = rows_of(&cut, first, end), left = rows_of(&x[1], first, end);
            elbo__product(dtype, &part, &left, &b, grain);
        }
        ck_assert_msg(same_bits(&cut, &x[0]), "%s, %lld rows in blocks of %lld: %s = %s by %s", elbo_dtype_name(dtype),
                      (long long)rows, (long long)grain, patterns[pattern[0]].name, patterns[pattern[1]].name,
                      patterns[pattern[2]].name);
        for (int i = 0; i < 3; i++)
            elbo_tensor_free(&x[i]);
        elbo_tensor_free(&cut);
    }
}
END_TEST

/* More than one piece of terms, enough rows to copy b for, and for the second time zeros that blocks of rows share. */
START_TEST(rows_of_large_products_keep_their_bits_wherever_they_are_cut)
{
    enum { ROWS = 300, COLUMNS = 300, TERMS = 600 };
    static float a[ROWS * TERMS], b[TERMS * COLUMNS], whole[ROWS * COLUMNS], cut[ROWS * COLUMNS];
    numbers n = {31};
    for (int i = 0; i < ROWS; i++)
        for (int k = 0; k < TERMS; k++)
            a[i * TERMS + k] = _i == 1 && (i / 16 + k) % 3 ? 0 : (float)numbers_between(&n, -1, 1);
    for (int i = 0; i < TERMS * COLUMNS; i++)
        b[i] = (float)numbers_between(&n, -1, 1);
    elbo__matrix y = {whole, ROWS, COLUMNS, COLUMNS, 1}, right = {b, TERMS, COLUMNS, COLUMNS, 1};
    elbo__matrix left = {a, ROWS, TERMS, TERMS, 1}, turned = elbo__transposed(right);
    elbo__product(ELBO_F32, &y, &left, &right, 1);
    for (int by_columns = 0; by_columns < 2; by_columns++) {
        memset(cut, 0, sizeof cut);
        for (int64_t first = 0, rows; first < ROWS; first += rows) {
            rows = 1 + numbers_below(&n, 40);
            rows = rows < ROWS - first ? rows : ROWS - first;
            elbo__matrix part = {cut + first * COLUMNS, rows, COLUMNS, COLUMNS, 1};
            elbo__matrix some = {a + first * TERMS, rows, TERMS, TERMS, 1};
            if (by_columns) {
                part = elbo__transposed(part);
                some = elbo__transposed(some);
            }
            elbo__product(ELBO_F32, &part, by_columns ? &turned : &some, by_columns ? &some : &right, 1);
        }
        ck_assert_msg(memcmp(whole, cut, sizeof cut) == 0, by_columns ? "cut by columns" : "cut by rows");
    }
}
END_TEST

START_TEST(blis_runs_kernels_made_for_this_processor)
{
    ck_assert_uint_gt(strlen(elbo__product_kernels()), 0);
#if defined __x86_64__
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        ck_assert_str_ne(elbo__product_kernels(), "generic");
#endif
}
END_TEST

/* ---- matmul ------------------------------------------------------------------------------------------------------ */

static const struct {
    elbo_shape a, b, y;
} matmuls[] = {
    {{2, {3, 4}}, {2, {4, 2}}, {2, {3, 2}}},
    {{2, {1, 1}}, {2, {1, 1}}, {2, {1, 1}}},
    {{2, {100, 33}}, {2, {33, 17}}, {2, {100, 17}}},
    {{2, {16, 0}}, {2, {0, 7}}, {2, {16, 7}}}, /* sums over nothing */
    {{2, {0, 16}}, {2, {16, 7}}, {2, {0, 7}}},
    {{2, {7, 16}}, {2, {16, 0}}, {2, {7, 0}}},
    {{3, {5, 7, 16}}, {3, {5, 16, 2}}, {3, {5, 7, 2}}},
    {{3, {5, 7, 16}}, {2, {16, 2}}, {3, {5, 7, 2}}}, /* one matrix for all */
    {{2, {7, 16}}, {3, {5, 16, 2}}, {3, {5, 7, 2}}},
    {{3, {1, 7, 16}}, {3, {5, 16, 2}}, {3, {5, 7, 2}}}, /* leading axes of size 1 stretch */
    {{4, {2, 1, 7, 3}}, {3, {5, 3, 2}}, {4, {2, 5, 7, 2}}},
    {{4, {2, 5, 1, 3}}, {4, {2, 1, 3, 17}}, {4, {2, 5, 1, 17}}},
    {{3, {0, 7, 3}}, {3, {1, 3, 2}}, {3, {0, 7, 2}}},
    {{4, {2, 3, 4, 0}}, {2, {0, 5}}, {4, {2, 3, 4, 5}}},
};
enum { MATMULS = sizeof matmuls / sizeof matmuls[0] };

/* How an operand reaches the product: as it is fed, transposed, or with its first row (its first column) repeated. */
typedef enum { FED, TRANSPOSED, ROW_REPEATED, COLUMN_REPEATED, ROUTES } route;

static elbo_shape fed_shape(const elbo_shape *shape, route by)
{
    elbo_shape s = *shape;
    int rows = s.ndim - 2, columns = s.ndim - 1;
    if (by == TRANSPOSED) {
        s.dim[rows] = shape->dim[columns];
        s.dim[columns] = shape->dim[rows];
    } else if (by != FED) {
        s.dim[by == ROW_REPEATED ? rows : columns] = 1;
    }
    return s;
}

/* Feeds integers; `whole` gets the operand as the product sees it. */
static elbo_var *operand(rig *r, numbers *n, const char *name, const elbo_shape *shape, route by, elbo_tensor *whole)
{
    elbo_shape fed = fed_shape(shape, by);
    elbo_tensor values = elbo_tensor_new(ELBO_F64, fed), seen = values;
    fill_integers(&values, n, 9);
    elbo_var *x = rig_input(r, name, fed, values.data);
    int axes[ELBO_MAX_RANK] = {0, 1, 2, 3};
    axes[fed.ndim - 2] = fed.ndim - 1;
    axes[fed.ndim - 1] = fed.ndim - 2;
    seen.layout = by == TRANSPOSED ? elbo_layout_permute(&values.layout, axes)
                                   : elbo_layout_expand(&values.layout, shape);
    *whole = elbo_tensor_new(ELBO_F64, *shape);
    elbo_tensor_copy(whole, &seen);
    elbo_tensor_free(&values);
    return by == TRANSPOSED ? elbo_transpose(x) : elbo_expand(x, *shape);
}

/* Entry `index` of a (..., M, K) seen as (leading..., M, K), with leading axes of size 1 stretched. */
static double stretched(const elbo_tensor *x, const int64_t *leading, int rank, int64_t i, int64_t j)
{
    int64_t index[ELBO_MAX_RANK];
    int own = x->layout.shape.ndim;
    for (int k = 0; k < own - 2; k++)
        index[k] = x->layout.shape.dim[k] == 1 ? 0 : leading[rank - own + k];
    index[own - 2] = i;
    index[own - 1] = j;
    return elbo_tensor_get(x, index);
}

static void check_matmul(int row, elbo_dtype dtype, route by_a, route by_b, bool planned)
{
    rig r = rig_new(dtype, ELBO_TRAIN);
    r.planned = planned;
    numbers n = {(uint64_t)row + 100};
    elbo_tensor a, b;
    elbo_tensor y = elbo_tensor_new(ELBO_F64, matmuls[row].y), expected = elbo_tensor_new(ELBO_F64, matmuls[row].y);
    elbo_var *va = operand(&r, &n, "a", &matmuls[row].a, by_a, &a);
    elbo_var *ab = elbo_matmul(va, operand(&r, &n, "b", &matmuls[row].b, by_b, &b));
    elbo_shape shape = elbo_shape_of(ab);
    ck_assert(elbo_shape_equal(&shape, &matmuls[row].y));
    int rank = shape.ndim;
    for (elbo__walk w = elbo__walk_start(&shape); w.more; elbo__walk_next(&w)) {
        double sum = 0;
        for (int64_t k = 0; k < a.layout.shape.dim[a.layout.shape.ndim - 1]; k++)
            sum += stretched(&a, w.index, rank, w.index[rank - 2], k) *
                   stretched(&b, w.index, rank, k, w.index[rank - 1]);
        elbo_tensor_set(&expected, w.index, sum);
    }
    rig_value(&r, ab, y.data);
    assert_same_numbers(&y, &expected, planned ? "planned" : "interpreted");
    elbo_tensor_free(&a);
    elbo_tensor_free(&b);
    elbo_tensor_free(&y);
    elbo_tensor_free(&expected);
    rig_free(&r);
}

START_TEST(matmul_agrees_with_a_plain_loop)
{
    for (int d = 0; d < 2; d++)
        for (int a = 0; a < ROUTES; a++)
            for (int b = 0; b < ROUTES; b++) {
                check_matmul(_i, dtypes[d], (route)a, (route)b, false);
                check_matmul(_i, dtypes[d], (route)a, (route)b, true);
            }
}
END_TEST

Suite *suite_product(void)
{
    Suite *s = suite_create("product");
    TCase *t = tcase_create("kernel");
    tcase_add_loop_test(t, products_of_every_layout_agree_with_a_plain_loop, 0, 3);
    tcase_add_loop_test(t, products_of_every_size_agree_with_a_plain_loop, 0, 3);
    tcase_add_test(t, a_single_row_of_any_width_agrees_with_a_plain_loop);
    tcase_add_test(t, large_products_agree_with_a_plain_loop);
    tcase_add_loop_test(t, products_that_are_shared_out_and_added_agree_with_a_plain_loop, 1, 5);
    tcase_add_test(t, products_that_are_shared_out_have_the_same_bits_for_any_number_of_threads);
    tcase_add_test(t, products_of_any_numbers_are_within_the_rounding_of_their_terms);
    tcase_add_test(t, rows_keep_their_bits_wherever_blocks_of_the_grain_are_cut);
    tcase_add_loop_test(t, rows_of_large_products_keep_their_bits_wherever_they_are_cut, 0, 2);
    tcase_add_test(t, blis_runs_kernels_made_for_this_processor);
    suite_add_tcase(s, t);
    t = tcase_create("matmul");
    tcase_add_loop_test(t, matmul_agrees_with_a_plain_loop, 0, MATMULS);
    suite_add_tcase(s, t);
    return s;
}
