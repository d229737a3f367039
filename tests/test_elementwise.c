/* The kernels over rows of numbers: right at every instruction set that this machine has, with the same bits at each of
 * them and wherever a row is cut. */
#include <check.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../autograd/op.h"
#include "../tensor/elementwise.h"
#include "../tensor/subnormals.h"
#include "../tensor/vmath.h"
#include "kernel_sets.h"
#include "numbers.h"
#include "suites.h"

/* The operands' domains. */
static const struct {
    double low, high;
} domains[] = {
#define ELEMENTWISE(operands, name, y, da, db, dc, low, high) {low, high},
#include "../tensor/elementwise.def"
};

/* Rows that a polynomial approximates, that round more than once, or whose oracle does (a multiply-add in double);
 * every other row is correctly rounded. */
static bool approximate(int row)
{
    static const int list[] = {
        ELBO__exp,     ELBO__expm1,   ELBO__log,      ELBO__log1p,  ELBO__sin,         ELBO__cos,      ELBO__tanh,
        ELBO__erf,     ELBO__sigmoid, ELBO__softplus, ELBO__lgamma, ELBO__digamma,     ELBO__trigamma, ELBO__pow,
        ELBO__mul_add, ELBO__mul_sub, ELBO__sub_mul,  ELBO__lerp,   ELBO__lerp_square, ELBO__root_add, ELBO__over_root};
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++)
        if (list[i] == row)
            return true;
    return false;
}

enum { MOST = 513, ULPS = 4 };
static const int64_t lengths[] = {0, 1, 7, 16, 17, 511, 512, 513};
static const elbo_dtype dtypes[] = {ELBO_F32, ELBO_F64};

/* ---- helpers ----------------------------------------------------------------------------------------------------- */

static void *address(const elbo_tensor *x, int64_t i)
{
    return (char *)x->data + (x->layout.offset + i) * (int64_t)elbo_dtype_size(x->dtype);
}

static elbo_tensor row_of(elbo_dtype dtype, int64_t n)
{
    return placed_new(dtype, ELBO_SHAPE(n), placement_row_major(1), 77);
}

/* What the interpreter makes of the row: the plain expression, in double, rounded to the dtype. */
static elbo_tensor plain(int row, const elbo_tensor x[3])
{
    elbo_tensor y = row_of(x[0].dtype, x[0].layout.shape.dim[0]);
    elbo__op_elementwise.interpret(&(elbo__call){
        .attr = &(elbo__attr){.elementwise = row}, .out = y, .in = x, .n_in = elbo__elementwise_operands(row)});
    return y;
}

/* The distance to the next number further from 0. */
static double ulp(elbo_dtype dtype, double x)
{
    if (dtype == ELBO_F64)
        return nextafter(fabs(x), INFINITY) - fabs(x);
    float f = fabsf((float)x);
    return (double)nextafterf(f, INFINITY) - f;
}

/* What a row's roundings are relative to: where it subtracts what it has rounded, to the numbers that it subtracts. */
static double scale_of(int row, const double x[3], double y)
{
    switch (row) {
    case ELBO__lerp: return fabs(x[0]) + fabs((x[1] - x[0]) * x[2]);
    case ELBO__lerp_square: return fabs(x[0]) + fabs((x[1] * x[1] - x[0]) * x[2]);
    case ELBO__digamma: return fabs(log(fabs(x[0]))) + fabs(0.5 / x[0]);
    default: return fabs(y);
    }
}

static bool agree(int row, elbo_dtype dtype, const double x[3], double y, double expected)
{
    if (isnan(y) || isnan(expected))
        return isnan(y) && isnan(expected);
    if (y == expected)
        return signbit(y) == signbit(expected);
    return approximate(row) && isfinite(y) && isfinite(expected) &&
           fabs(y - expected) <= ULPS * ulp(dtype, scale_of(row, x, expected));
}

static void run_row(int row, const elbo__kernels *k, int64_t first, int64_t n, const elbo_tensor *y,
                    const elbo_tensor x[3])
{
    k->elementwise[row](n, address(y, first), address(&x[0], first), address(&x[1], first), address(&x[2], first));
}

/* Every kernel set on these operands against the plain expression. */
static void check_values(int row, const elbo_tensor x[3])
{
    elbo_dtype dtype = x[0].dtype;
    elbo_tensor expected = plain(row, x);
    for (int s = 0; s < sets_here(); s++) {
        elbo_tensor y = row_of(dtype, x[0].layout.shape.dim[0]);
        run_row(row, &sets[s].kernels[dtype == ELBO_F64], 0, x[0].layout.shape.dim[0], &y, x);
        for (int64_t i = 0; i < x[0].layout.shape.dim[0]; i++) {
            double got = elbo_tensor_get(&y, &i), want = elbo_tensor_get(&expected, &i);
            const double at[3] = {elbo_tensor_get(&x[0], &i), elbo_tensor_get(&x[1], &i), elbo_tensor_get(&x[2], &i)};
            if (!agree(row, dtype, at, got, want))
                ck_abort_msg("%s %s %s of %.9g, %.9g, %.9g: %.17g, expected %.17g", sets[s].name,
                             elbo_dtype_name(dtype), elbo__elementwise_name(row), at[0], at[1], at[2], got, want);
        }
        elbo_tensor_free(&y);
    }
    elbo_tensor_free(&expected);
}

/* ---- elementwise rows: one test for each ------------------------------------------------------------------------- */

/* Three rows of operands out of the domain of an elementwise row. */
static void make_operands(int row, elbo_dtype dtype, elbo_tensor x[3])
{
    numbers n = {(uint64_t)row + 1};
    for (int i = 0; i < 3; i++) {
        x[i] = row_of(dtype, MOST);
        fill_between(&x[i], &n, domains[row].low, domains[row].high);
    }
}

static void free_operands(elbo_tensor x[3])
{
    for (int i = 0; i < 3; i++)
        elbo_tensor_free(&x[i]);
}

START_TEST(a_row_agrees_with_its_plain_expression)
{
    for (int d = 0; d < 2; d++) {
        elbo_tensor x[3];
        make_operands(_i, dtypes[d], x);
        check_values(_i, x);
        free_operands(x);
    }
}
END_TEST

/* Infinities, NaN, zeros of both signs, subnormal and huge numbers, in every combination of operands. */
START_TEST(a_row_treats_special_numbers_as_c_does)
{
    static const double specials[] = {0, -0.0, 1, -1, INFINITY, -INFINITY, NAN, 1e-40, -1e-40, 2.5, FLT_MAX, -FLT_MAX};
    /* a polynomial's reduction is not made for huge operands, powers are those of positive numbers, and a square may
     * become 0 in f32 before it meets an infinity */
    int count = approximate(_i) ? 10 : 12, operands = elbo__elementwise_operands(_i);
    int64_t total = 1;
    for (int i = 0; i < operands; i++)
        total *= count;
    for (int d = _i == ELBO__lerp_square; d < 2 && _i != ELBO__pow; d++) {
        elbo_tensor x[3];
        for (int i = 0; i < 3; i++)
            x[i] = row_of(dtypes[d], total);
        for (int64_t at = 0; at < total; at++)
            for (int64_t i = 0, rest = at; i < operands; i++, rest /= count)
                elbo_tensor_set(&x[i], &at, specials[rest % count]);
        check_values(_i, x);
        free_operands(x);
    }
}
END_TEST

START_TEST(a_row_has_the_same_bits_at_every_length_and_writes_no_further)
{
    for (int d = 0; d < 2; d++) {
        elbo_tensor x[3], whole = row_of(dtypes[d], MOST);
        make_operands(_i, dtypes[d], x);
        run_row(_i, &sets[0].kernels[d], 0, MOST, &whole, x);
        for (size_t l = 0; l < sizeof lengths / sizeof lengths[0]; l++)
            for (int s = 0; s < sets_here(); s++) {
                elbo_tensor y = row_of(dtypes[d], lengths[l]), part = whole;
                part.layout.shape.dim[0] = lengths[l];
                run_row(_i, &sets[s].kernels[d], 0, lengths[l], &y, x);
                ck_assert_msg(same_bits(&y, &part), "%s %s %s, length %lld", sets[s].name, elbo_dtype_name(dtypes[d]),
                              elbo__elementwise_name(_i), (long long)lengths[l]);
                placed_assert_margins(&y, 77);
                elbo_tensor_free(&y);
            }
        elbo_tensor_free(&whole);
        free_operands(x);
    }
}
END_TEST

START_TEST(a_row_has_the_same_bits_wherever_it_is_cut)
{
    static const int64_t cuts[] = {0, 1, 8, 15, 31, 64, 66, 200, 455, MOST};
    for (int d = 0; d < 2; d++)
        for (int s = 0; s < sets_here(); s++) {
            elbo_tensor x[3], whole = row_of(dtypes[d], MOST), y = row_of(dtypes[d], MOST);
            make_operands(_i, dtypes[d], x);
            run_row(_i, &sets[s].kernels[d], 0, MOST, &whole, x);
            for (size_t c = 0; cuts[c] < MOST; c++)
                run_row(_i, &sets[s].kernels[d], cuts[c], cuts[c + 1] - cuts[c], &y, x);
            ck_assert_msg(same_bits(&y, &whole), "%s %s %s", sets[s].name, elbo_dtype_name(dtypes[d]),
                          elbo__elementwise_name(_i));
            elbo_tensor_free(&whole);
            elbo_tensor_free(&y);
            free_operands(x);
        }
}
END_TEST

START_TEST(a_row_may_be_written_over_any_of_its_operands)
{
    for (int d = 0; d < 2; d++)
        for (int s = 0; s < sets_here(); s++)
            for (int over = 0; over < elbo__elementwise_operands(_i); over++) {
                elbo_tensor x[3], apart = row_of(dtypes[d], MOST);
                make_operands(_i, dtypes[d], x);
                run_row(_i, &sets[s].kernels[d], 0, MOST, &apart, x);
                run_row(_i, &sets[s].kernels[d], 0, MOST, &x[over], x);
                ck_assert_msg(same_bits(&x[over], &apart), "%s %s %s over operand %d", sets[s].name,
                              elbo_dtype_name(dtypes[d]), elbo__elementwise_name(_i), over);
                elbo_tensor_free(&apart);
                free_operands(x);
            }
}
END_TEST

/* ---- loads ------------------------------------------------------------------------------------------------------- */

START_TEST(loads_convert_and_stride)
{
    numbers n = {3};
    for (int d = 0; d < 2; d++)
        for (int s = 0; s < sets_here(); s++)
            for (int from = ELBO_F32; from <= ELBO_I32; from++)
                for (int64_t step = 0; step <= 3; step++) {
                    const elbo__kernels *k = &sets[s].kernels[d];
                    elbo_tensor x = row_of((elbo_dtype)from, 3 * 67), y = row_of(dtypes[d], 67);
                    fill_integers(&x, &n, from == ELBO_U8 ? 0 : 1 << 23);
                    for (int64_t i = 0; from == ELBO_U8 && i < 3 * 67; i++)
                        elbo_tensor_set(&x, &i, (double)numbers_below(&n, 256));
                    if (step == 1 && from == ELBO_U8)
                        k->from_u8(67, address(&y, 0), address(&x, 0));
                    else if (step == 1 && from == ELBO_I32)
                        k->from_i32(67, address(&y, 0), address(&x, 0));
                    else
                        k->strided(67, address(&y, 0), (elbo_dtype)from, address(&x, 0), step);
                    for (int64_t i = 0; i < 67; i++)
                        if (elbo_tensor_get(&y, &i) != elbo_tensor_get(&x, &(int64_t){i * step}))
                            ck_abort_msg("%s to %s by steps of %lld: entry %lld", elbo_dtype_name((elbo_dtype)from),
                                         elbo_dtype_name(dtypes[d]), (long long)step, (long long)i);
                    placed_assert_margins(&y, 77);
                    elbo_tensor_free(&x);
                    elbo_tensor_free(&y);
                }
}
END_TEST

/* ---- sums and maxima along a row --------------------------------------------------------------------------------- */

static double fold(void (*kernel)(int64_t, void *, const void *), const elbo_tensor *x, int64_t n, double start)
{
    elbo_tensor y = row_of(x->dtype, 1);
    elbo_tensor_set(&y, &(int64_t){0}, start);
    kernel(n, address(&y, 0), address(x, 0));
    placed_assert_margins(&y, 77);
    double value = elbo_tensor_get(&y, &(int64_t){0});
    elbo_tensor_free(&y);
    return value;
}

START_TEST(the_sum_of_a_row_is_right_and_has_the_same_bits_everywhere)
{
    numbers n = {4};
    for (int d = 0; d < 2; d++)
        for (size_t l = 0; l < sizeof lengths / sizeof lengths[0]; l++) {
            elbo_tensor x = row_of(dtypes[d], lengths[l]), whole = row_of(dtypes[d], lengths[l]);
            fill_between(&x, &n, -1, 1);
            fill_integers(&whole, &n, 1000);
            double sum = 0.25, most = 0.25, exact = 5, base = fold(sets[0].kernels[d].sum, &x, lengths[l], 0.25);
            for (int64_t i = 0; i < lengths[l]; i++) {
                sum += elbo_tensor_get(&x, &i);
                most += fabs(elbo_tensor_get(&x, &i));
                exact += elbo_tensor_get(&whole, &i);
            }
            /* however the additions are ordered, no term is rounded more than n times */
            double bound = (double)lengths[l] * (d ? DBL_EPSILON : FLT_EPSILON) * most;
            ck_assert_msg(fabs(base - sum) <= bound, "%.17g, expected %.17g", base, sum);
            for (int s = 0; s < sets_here(); s++) {
                ck_assert_double_eq(fold(sets[s].kernels[d].sum, &whole, lengths[l], 5), exact);
                ck_assert_double_eq(fold(sets[s].kernels[d].sum, &x, lengths[l], 0.25), base);
            }
            elbo_tensor_free(&x);
            elbo_tensor_free(&whole);
        }
}
END_TEST

/* x, or |x|, in two parts, each to lanes that are joined at last. */
static double in_parts(const elbo__kernels *k, bool absolute, const elbo_tensor *x, int64_t n, int64_t first)
{
    elbo_tensor y = row_of(x->dtype, 1), lanes = row_of(x->dtype, ELBO__SUM_LANES);
    elbo_tensor_set(&y, &(int64_t){0}, 0);
    for (int64_t i = 0; i < ELBO__SUM_LANES; i++)
        elbo_tensor_set(&lanes, &i, 0);
    void (*sum)(int64_t, void *, const void *) = absolute ? k->sum_abs_lanes : k->sum_lanes;
    sum(first, address(&lanes, 0), address(x, 0));
    sum(n - first, address(&lanes, 0), address(x, first));
    k->join_lanes(address(&y, 0), address(&lanes, 0));
    placed_assert_margins(&y, 77);
    placed_assert_margins(&lanes, 77);
    const double value = elbo_tensor_get(&y, &(int64_t){0});
    elbo_tensor_free(&y);
    elbo_tensor_free(&lanes);
    return value;
}

START_TEST(a_row_can_be_added_up_in_parts_or_by_absolute_values)
{
    numbers n = {6};
    for (int d = 0; d < 2; d++)
        for (size_t l = 0; l < sizeof lengths / sizeof lengths[0]; l++) {
            const int64_t length = lengths[l], part = length / 3;
            elbo_tensor x = row_of(dtypes[d], length), whole = row_of(dtypes[d], length);
            fill_between(&x, &n, -1, 1);
            fill_integers(&whole, &n, 1000);
            double exact[2] = {0, 0};
            for (int64_t i = 0; i < length; i++) {
                exact[0] += elbo_tensor_get(&whole, &i);
                exact[1] += fabs(elbo_tensor_get(&whole, &i));
            }
            for (int s = 0; s < sets_here(); s++) {
                const elbo__kernels *k = &sets[s].kernels[d];
                ck_assert_double_eq(in_parts(k, false, &x, length, 0), fold(k->sum, &x, length, 0));
                for (int absolute = 0; absolute < 2; absolute++) {
                    ck_assert_double_eq(in_parts(k, absolute, &whole, length, part), exact[absolute]);
                    ck_assert_double_eq(in_parts(k, absolute, &x, length, part),
                                        in_parts(&sets[0].kernels[d], absolute, &x, length, part));
                }
            }
            elbo_tensor_free(&x);
            elbo_tensor_free(&whole);
        }
}
END_TEST

START_TEST(the_maximum_of_a_row_is_its_largest_number_or_nan)
{
    numbers n = {5};
    for (int d = 0; d < 2; d++)
        for (int s = 0; s < sets_here(); s++)
            for (size_t l = 0; l < sizeof lengths / sizeof lengths[0]; l++) {
                void (*max)(int64_t, void *, const void *) = sets[s].kernels[d].max;
                elbo_tensor x = row_of(dtypes[d], lengths[l]);
                fill_integers(&x, &n, 1000);
                double most = -2000;
                ck_assert_double_eq(fold(max, &x, 0, -INFINITY), -INFINITY);
                ck_assert(isnan(fold(max, &x, lengths[l], NAN)));
                ck_assert_double_eq(fold(max, &x, lengths[l], 3000), 3000);
                for (int64_t i = 0; i < lengths[l]; i++) {
                    double value = elbo_tensor_get(&x, &i);
                    elbo_tensor_set(&x, &i, NAN);
                    bool wins = isnan(fold(max, &x, lengths[l], -INFINITY));
                    elbo_tensor_set(&x, &i, 2000);
                    if (!wins || fold(max, &x, lengths[l], -INFINITY) != 2000)
                        ck_abort_msg("a NaN, then the largest, at %lld of %lld", (long long)i, (long long)lengths[l]);
                    elbo_tensor_set(&x, &i, value);
                    most = fmax(most, value);
                }
                ck_assert_double_eq(fold(max, &x, lengths[l], -2000), most);
                elbo_tensor_free(&x);
            }
}
END_TEST

/* a / (sqrt(b) + c) of 2^-100 to 2^126 takes its root by other means where there is AVX-512. */
START_TEST(roots_under_quotients_are_correctly_rounded_at_every_mantissa)
{
    enum { BLOCK = 1 << 14, MANTISSAS = 1 << 23 };
    static float a[BLOCK], b[BLOCK], c[BLOCK], y[BLOCK];
    const elbo__kernels *k = elbo__kernels_for(ELBO_F32);
    for (int exponent = -1; exponent <= 0; exponent++)
        for (int first = 0; first < MANTISSAS; first += BLOCK) {
            for (int i = 0; i < BLOCK; i++) {
                a[i] = 1;
                b[i] = ldexpf((float)(MANTISSAS + first + i), exponent - 23);
            }
            k->elementwise[ELBO__over_root](BLOCK, y, a, b, c);
            for (int i = 0; i < BLOCK; i++)
                ck_assert_msg(y[i] == 1 / sqrtf(b[i]), "1 / sqrt(%.9g) is %.9g", b[i], y[i]);
        }
}
END_TEST

/* Every 4,099th float, which is some of every exponent and either sign; those next to where a logarithm's mantissa is
 * taken of the next exponent; and those next to where functions have one formula or another. */
static const float turns[] = {0.6f, 0.9f, 4, 88.7f, 89, -87.3f, -88.7f, -103.9f, -104, 0};
enum {
    EVERY = 4099,
    REGULAR = UINT32_MAX / EVERY + 1,
    AT_MANTISSA = REGULAR + 3 * 512,
    FLOATS = AT_MANTISSA + 3 * sizeof turns / sizeof turns[0]
};
static float nth_float(uint32_t n)
{
    if (n < REGULAR)
        return elbo__of_bits_f32(n * EVERY);
    if (n < AT_MANTISSA)
        return elbo__of_bits_f32((n - REGULAR) / 3 << 23 | (0x2aaaaa + (n - REGULAR) % 3));
    return elbo__of_bits_f32(elbo__bits_f32(turns[(n - AT_MANTISSA) / 3]) + (n - AT_MANTISSA) % 3 - 1);
}

/* For these AVX-512 has instructions of its own. Plans run with subnormals flushed, others without. */
START_TEST(functions_have_the_bits_of_the_plain_ones_at_every_instruction_set)
{
    static const struct {
        int row;
        float (*plain)(float);
    } functions[] = {{ELBO__exp, elbo__exp_f32},           {ELBO__log, elbo__log_f32},
                     {ELBO__tanh, elbo__tanh_f32},         {ELBO__sigmoid, elbo__sigmoid_f32},
                     {ELBO__softplus, elbo__softplus_f32}, {ELBO__erf, elbo__erf_f32}};
    static float x[FLOATS], y[FLOATS], plain[FLOATS];
    for (uint32_t i = 0; i < FLOATS; i++)
        x[i] = nth_float(i);
    const size_t n = sizeof functions / sizeof functions[0];
    const elbo__float_mode mode = elbo__flush_subnormals();
    for (size_t f = 0; f < 2 * n; f++) {
        const int row = functions[f % n].row;
        if (f == n)
            elbo__restore_float_mode(mode);
        for (int i = 0; i < (int)FLOATS; i++)
            plain[i] = functions[f % n].plain(x[i]);
        for (int s = 0; s < sets_here(); s++) {
            sets[s].kernels[0].elementwise[row](FLOATS, y, x, NULL, NULL);
            for (int i = 0; i < FLOATS; i++)
                if (elbo__bits_f32(y[i]) != elbo__bits_f32(plain[i]) && !(isnan(y[i]) && isnan(plain[i])))
                    ck_abort_msg("%s%s: %s of %a is %a, not %a", sets[s].name, f < n ? ", flushing" : "",
                                 elbo__elementwise_name(row), x[i], y[i], plain[i]);
        }
    }
}
END_TEST

Suite *suite_elementwise(void)
{
    Suite *s = suite_create("elementwise");
    TCase *t = tcase_create("every row");
    tcase_add_test(t, roots_under_quotients_are_correctly_rounded_at_every_mantissa);
    tcase_add_test(t, functions_have_the_bits_of_the_plain_ones_at_every_instruction_set);
    tcase_add_loop_test(t, a_row_agrees_with_its_plain_expression, 0, ELBO__ELEMENTWISE_COUNT);
    tcase_add_loop_test(t, a_row_treats_special_numbers_as_c_does, 0, ELBO__ELEMENTWISE_COUNT);
    tcase_add_loop_test(t, a_row_has_the_same_bits_at_every_length_and_writes_no_further, 0, ELBO__ELEMENTWISE_COUNT);
    tcase_add_loop_test(t, a_row_has_the_same_bits_wherever_it_is_cut, 0, ELBO__ELEMENTWISE_COUNT);
    tcase_add_loop_test(t, a_row_may_be_written_over_any_of_its_operands, 0, ELBO__ELEMENTWISE_COUNT);
    suite_add_tcase(s, t);
    t = tcase_create("loads");
    tcase_add_test(t, loads_convert_and_stride);
    suite_add_tcase(s, t);
    t = tcase_create("along a row");
    tcase_add_test(t, the_sum_of_a_row_is_right_and_has_the_same_bits_everywhere);
    tcase_add_test(t, a_row_can_be_added_up_in_parts_or_by_absolute_values);
    tcase_add_test(t, the_maximum_of_a_row_is_its_largest_number_or_nan);
    suite_add_tcase(s, t);
    return s;
}
