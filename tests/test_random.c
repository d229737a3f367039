/* tensor/random.h: Philox against its authors' answers, what a number depends on, and the distributions. Seeds are
 * fixed, so a statistic comes out the same in every run; its bound is one that a right generator passes for all but one
 * seed in hundreds. */
#include <check.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../tensor/random.h"
#include "suites.h"

static elbo__random_key key_of(uint64_t seed)
{
    return (elbo__random_key){.seed = seed, .stream = elbo__stream("test", "numbers", 0), .step = 3};
}

/* ---- Philox ------------------------------------------------------------------------------------------------------ */

START_TEST(philox_gives_the_known_answers)
{
    /* the lines "philox4x32 10" of Random123's tests/kat_vectors: counter, key, answer */
    static const uint32_t known[][10] = {
        {0x00000000, 0x00000000, 0x00000000, 0x00000000, 0x00000000, 0x00000000, /* */
         0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8},
        {0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, /* */
         0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd},
        {0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xa4093822, 0x299f31d0, /* */
         0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1},
    };
    uint32_t out[4];
    elbo__philox(out, known[_i], known[_i] + 4);
    for (int i = 0; i < 4; i++)
        ck_assert_uint_eq(out[i], known[_i][6 + i]);
}
END_TEST

/* ---- what a number depends on ------------------------------------------------------------------------------------ */

enum { FEW = 64 };

/* How many pairs of an element of the one row and an element of the other are alike: by chance, one in 2^24 */
static int alike(elbo__random_key a, uint64_t row_a, uint64_t draw_a, elbo__random_key b, uint64_t row_b,
                 uint64_t draw_b)
{
    double x[FEW], y[FEW];
    elbo__uniform_f64(x, 1, 1, FEW, a, row_a, draw_a);
    elbo__uniform_f64(y, 1, 1, FEW, b, row_b, draw_b);
    int n = 0;
    for (int i = 0; i < FEW; i++)
        for (int j = 0; j < FEW; j++)
            n += x[i] == y[j];
    return n;
}

START_TEST(every_part_of_the_key_and_the_place_matters)
{
    const elbo__random_key key = key_of(1);
    ck_assert_int_ge(alike(key, 5, 6, key, 5, 6), FEW);
    for (int bit = 0; bit < 64; bit++) { /* also above 32 bits, where the counter has no room */
        const uint64_t one = (uint64_t)1 << bit;
        elbo__random_key seed = key, stream = key, step = key;
        seed.seed ^= one, stream.stream ^= one, step.step ^= one;
        ck_assert_int_le(alike(key, 5, 6, seed, 5, 6), 1);
        ck_assert_int_le(alike(key, 5, 6, stream, 5, 6), 1);
        ck_assert_int_le(alike(key, 5, 6, step, 5, 6), 1);
        ck_assert_int_le(alike(key, 5, 6, key, 5 ^ one, 6), 1);
        ck_assert_int_le(alike(key, 5, 6, key, 5, 6 ^ one), 1);
    }
    ck_assert_int_le(alike(key, 5, 6, key, 6, 5), 1);
    ck_assert_int_le(alike(key, (uint64_t)1 << 32, 0, key, 0, (uint64_t)1 << 32), 1);
}
END_TEST

/* Any block of rows and draws, and any number of elements, are the same numbers as in the whole. */
#define SPLITTING(T, name, all)                                                                                        \
    START_TEST(all)                                                                                                    \
    {                                                                                                                  \
        static const int64_t sizes[] = {1, 2, 3, 4, 5, 7, 8, 20, 63, 256, 257, 300};                                   \
        enum { ROWS = 7, DRAWS = 3, MOST = 300 };                                                                      \
        static T whole[ROWS * DRAWS * MOST], part[ROWS * DRAWS * MOST + 1];                                            \
        const elbo__random_key key = key_of(2);                                                                        \
        const int64_t n = sizes[_i];                                                                                   \
        const uint64_t row = 1000, draw = UINT32_MAX; /* the draws cross 2^32 */                                       \
        name(whole, ROWS, DRAWS, n, key, row, draw);                                                                   \
        for (int block = 0; block < ROWS * ROWS * DRAWS * DRAWS; block++) {                                            \
            int row_0 = block % ROWS, rows = 1 + block / ROWS % (ROWS - row_0);                                        \
            int draw_0 = block / (ROWS * ROWS) % DRAWS, draws = 1 + block / (ROWS * ROWS * DRAWS) % (DRAWS - draw_0);  \
            int64_t few = 1 + block % n, size = rows * draws * few;                                                    \
            part[size] = 12345;                                                                                        \
            name(part, rows, draws, few, key, row + (uint64_t)row_0, draw + (uint64_t)draw_0);                         \
            for (int64_t i = 0; i < size; i++) {                                                                       \
                int64_t r = row_0 + i / (draws * few), d = draw_0 + i / few % draws;                                   \
                if (memcmp(&part[i], &whole[(r * DRAWS + d) * n + i % few], sizeof(T)) != 0)                           \
                    ck_abort_msg("row %d, draw %d, element %d", (int)r, (int)d, (int)(i % few));                       \
            }                                                                                                          \
            if (part[size] != 12345)                                                                                   \
                ck_abort_msg("%d numbers: one more was written", (int)size);                                           \
        }                                                                                                              \
    }                                                                                                                  \
    END_TEST
SPLITTING(float, elbo__uniform_f32, uniform_floats_do_not_depend_on_how_rows_are_split)
SPLITTING(double, elbo__uniform_f64, uniform_doubles_do_not_depend_on_how_rows_are_split)
SPLITTING(float, elbo__normal_f32, normal_floats_do_not_depend_on_how_rows_are_split)
SPLITTING(double, elbo__normal_f64, normal_doubles_do_not_depend_on_how_rows_are_split)

START_TEST(nothing_is_written_where_a_size_is_zero)
{
    float y = 7;
    elbo__normal_f32(&y, 0, 1, 1, key_of(1), 0, 0);
    elbo__normal_f32(&y, 1, 0, 1, key_of(1), 0, 0);
    elbo__normal_f32(&y, 1, 1, 0, key_of(1), 0, 0);
    ck_assert_float_eq(y, 7);
}
END_TEST

static int compare_u64(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

START_TEST(streams_of_different_names_are_different)
{
    enum { NAMES = 20000, OCCURRENCES = 4, N = 2 * NAMES * OCCURRENCES };
    static uint64_t streams[N];
    int ones[64] = {0};
    for (int i = 0; i < N; i++) {
        char name[40];
        snprintf(name, sizeof name, "layer.%d", i / OCCURRENCES / 2);
        streams[i] = elbo__stream(i % 2 ? "train" : "evaluate", name, i / 2 % OCCURRENCES);
        for (int bit = 0; bit < 64; bit++)
            ones[bit] += streams[i] >> bit & 1;
    }
    for (int bit = 0; bit < 64; bit++)
        ck_assert_double_le(fabs(ones[bit] - N / 2.0), 5 * sqrt(N) / 2);
    qsort(streams, N, sizeof streams[0], compare_u64);
    for (int i = 1; i < N; i++)
        if (streams[i] == streams[i - 1])
            ck_abort_msg("two streams are %llx", (unsigned long long)streams[i]);
    ck_assert_uint_ne(elbo__stream("a", "bc", 0), elbo__stream("ab", "c", 0));
    ck_assert_uint_ne(elbo__stream("", "a", 0), elbo__stream("a", "", 0));
    ck_assert_uint_eq(elbo__stream("train", "z", 1), elbo__stream("train", "z", 1));
}
END_TEST

/* ---- distributions ----------------------------------------------------------------------------------------------- */

enum { MANY = 1 << 20 };

static int compare_f64(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* sqrt(n) times the largest distance between the distribution of y (n), which is sorted here, and `cdf`; above 1.95 in
 * one of a thousand samples (Kolmogorov) */
static double kolmogorov(double *y, int n, double (*cdf)(double))
{
    qsort(y, (size_t)n, sizeof *y, compare_f64);
    double distance = 0;
    for (int i = 0; i < n; i++) {
        double p = cdf(y[i]);
        distance = fmax(distance, fmax(p - (double)i / n, (double)(i + 1) / n - p));
    }
    return distance * sqrt(n);
}

static double uniform_cdf(double x)
{
    return x;
}

static double normal_cdf(double x)
{
    return erfc(-x / sqrt(2)) / 2;
}

START_TEST(uniforms_are_uniform)
{
    static double y[MANY];
    elbo__uniform_f64(y, MANY / 16, 1, 16, key_of((uint64_t)_i), 0, 0);
    ck_assert_double_lt(kolmogorov(y, MANY, uniform_cdf), 1.95);
}
END_TEST

START_TEST(normals_are_normal)
{
    static double y[MANY];
    elbo__normal_f64(y, MANY / 16, 1, 16, key_of((uint64_t)_i), 0, 0);
    ck_assert_double_lt(kolmogorov(y, MANY, normal_cdf), 1.95);
}
END_TEST

/* Words near 2^32 round to 1 as floats; among 2^27 of them are about four. */
START_TEST(uniforms_reach_neither_0_nor_1)
{
    static float y[MANY];
    float least = 1, most = 0;
    for (uint64_t row = 0; row < 128; row++) {
        elbo__uniform_f32(y, 1, 1, MANY, key_of(4), row, 0);
        for (int i = 0; i < MANY; i++) {
            least = y[i] < least ? y[i] : least;
            most = y[i] > most ? y[i] : most;
        }
    }
    ck_assert_float_gt(least, 0);
    ck_assert_float_lt(least, 0x1p-24f);
    ck_assert_float_eq(most, 0x1.fffffep-1f);
}
END_TEST

/* Moments and tails of 2^24 normals within 5 standard errors */
START_TEST(normals_have_the_moments_and_tails_of_a_normal)
{
    static float y[MANY];
    const double expected[9] = {1, 0, 1, 0, 3, 0, 15, 0, 105};
    double sum[5] = {0}, n = 16.0 * MANY, beyond[6] = {0};
    for (uint64_t row = 0; row < 16; row++) {
        elbo__normal_f32(y, 1, 1, MANY, key_of(5), row, 0);
        for (int i = 0; i < MANY; i++) {
            double x = y[i], power = 1;
            for (int k = 1; k <= 4; k++)
                sum[k] += power *= x;
            for (int k = 1; k <= 5; k++)
                beyond[k] += fabs(x) > k;
        }
    }
    for (int k = 1; k <= 4; k++) {
        double error = sqrt((expected[2 * k] - expected[k] * expected[k]) / n);
        ck_assert_msg(fabs(sum[k] / n - expected[k]) <= 5 * error, "moment %d: %g", k, sum[k] / n);
        double p = erfc(k / sqrt(2));
        ck_assert_msg(fabs(beyond[k] - n * p) <= 5 * sqrt(n * p), "beyond %d: %g of %g", k, beyond[k], n * p);
    }
    ck_assert_double_ge(beyond[5], 1); /* 9.6 are expected */
    ck_assert_double_le(beyond[5], 25);
}
END_TEST

/* sqrt(n) times the correlations of x and y, of their squares, and of each one's square with the other: the largest */
static double dependence(const float *x, const float *y, int n)
{
    double xy = 0, xxyy = 0, xxy = 0, xyy = 0; /* of variances 1, 4, 2, 2 */
    for (int i = 0; i < n; i++) {
        double a = x[i], b = y[i], aa = a * a - 1, bb = b * b - 1;
        xy += a * b, xxyy += aa * bb / 2, xxy += aa * b / sqrt(2), xyy += a * bb / sqrt(2);
    }
    return fmax(fmax(fabs(xy), fabs(xxyy)), fmax(fabs(xxy), fabs(xyy))) / sqrt(n);
}

START_TEST(normals_of_different_places_are_independent)
{
    static float x[MANY + 8], y[MANY + 8];
    elbo__random_key key = key_of(6), other = key;
    enum { N = 64, ROWS = MANY / N };
    elbo__normal_f32(x, ROWS, 1, N, key, 0, 0);
    for (int lag = 1; lag <= 8; lag++)
        ck_assert_double_lt(dependence(x, x + lag, MANY - lag), 4.5);
    ck_assert_double_lt(dependence(x, x + N, MANY - N), 4.5); /* the next row */
    elbo__normal_f32(y, ROWS, 1, N, key, 0, 1);               /* the next draw */
    ck_assert_double_lt(dependence(x, y, MANY), 4.5);
    other.seed++;
    elbo__normal_f32(y, ROWS, 1, N, other, 0, 0);
    ck_assert_double_lt(dependence(x, y, MANY), 4.5);
    other = key, other.step++;
    elbo__normal_f32(y, ROWS, 1, N, other, 0, 0);
    ck_assert_double_lt(dependence(x, y, MANY), 4.5);
    other = key, other.stream = elbo__stream("test", "numbers", 1);
    elbo__normal_f32(y, ROWS, 1, N, other, 0, 0);
    ck_assert_double_lt(dependence(x, y, MANY), 4.5);
}
END_TEST

/* The words of row 0 and draw 0 are those that integers are made of. */
START_TEST(numbers_are_the_documented_functions_of_their_words)
{
    enum { N = 4096 };
    static double uniform[N], normal[N];
    elbo__uniform_f64(uniform, 1, 1, N, key_of(11), 0, 0);
    elbo__normal_f64(normal, 1, 1, N, key_of(11), 0, 0);
    elbo__random_place at = elbo__words_of(key_of(11)).at;
    for (int i = 0; i < N; i += 4) {
        uint32_t w[4];
        elbo__philox(w, at.counter, at.key);
        at.counter[0]++;
        for (int j = 0; j < 4; j++) {
            double radius = sqrt(-2 * log(uniform[i + j / 2 * 2])), angle = 2 * acos(-1) * w[j / 2 * 2 + 1] / 0x1p32;
            if (uniform[i + j] != fminf((float)((w[j] + 0.5) / 0x1p32), 0x1.fffffep-1f))
                ck_abort_msg("uniform %d: %a of word %x", i + j, uniform[i + j], w[j]);
            if (!(fabs(normal[i + j] - radius * (j % 2 ? sin(angle) : cos(angle))) <= 1e-14))
                ck_abort_msg("normal %d: %a", i + j, normal[i + j]);
        }
    }
}
END_TEST

START_TEST(floats_and_doubles_are_the_same_numbers)
{
    static float x[MANY];
    static double y[MANY];
    elbo__uniform_f32(x, 1, 1, MANY, key_of(7), 0, 0);
    elbo__uniform_f64(y, 1, 1, MANY, key_of(7), 0, 0);
    for (int i = 0; i < MANY; i++)
        if (x[i] != y[i])
            ck_abort_msg("uniform %d: %a and %a", i, x[i], y[i]);
    elbo__normal_f32(x, 1, 1, MANY, key_of(7), 0, 0);
    elbo__normal_f64(y, 1, 1, MANY, key_of(7), 0, 0);
    for (int i = 0; i < MANY; i++) {
        int exponent;
        frexp(y[i], &exponent);
        if (!(fabs(x[i] - y[i]) <= 4 * ldexp(1, exponent - 24)))
            ck_abort_msg("normal %d: %a and %a", i, x[i], y[i]);
    }
}
END_TEST

/* ---- integers and permutations ----------------------------------------------------------------------------------- */

/* Pearson's statistic of counts (n) that should be equal, less its mean, in its standard deviations */
static double unevenness(const int *counts, int n, double expected)
{
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum += (counts[i] - expected) * (counts[i] - expected) / expected;
    return (sum - (n - 1)) / sqrt(2.0 * (n - 1));
}

/* floor(w k / 2^32) alone would give the indices 0, 3, 6, ... below 3 * 2^30 twice as often as the others. The bounds
 * are multiples of 3, so that thirds and remainders are equal cells. */
START_TEST(integers_below_any_bound_are_equally_likely)
{
    static const uint32_t bounds[] = {3, 12, 999, 0x80000001, 0xc0000000, 0xffffffff};
    const uint32_t k = bounds[_i];
    enum { N = 300000, CELLS = 3 };
    int third[CELLS] = {0}, remainder[CELLS] = {0};
    elbo__words words = elbo__words_of(key_of(8));
    for (int i = 0; i < N; i++) {
        uint32_t index = elbo__below(&words, k);
        if (index >= k)
            ck_abort_msg("%u is not below %u", index, k);
        third[index / (k / CELLS)]++;
        remainder[index % CELLS]++;
    }
    ck_assert_double_lt(unevenness(third, CELLS, N / CELLS), 5);
    ck_assert_double_lt(unevenness(remainder, CELLS, N / CELLS), 5);
}
END_TEST

START_TEST(a_shuffle_is_a_permutation)
{
    static const int64_t sizes[] = {0, 1, 2, 3, 10, 1000, 60000};
    static int32_t order[60001];
    static bool seen[60000];
    const int64_t n = sizes[_i];
    order[n] = -7;
    elbo__shuffle(order, n, key_of(9));
    memset(seen, 0, sizeof seen);
    for (int64_t i = 0; i < n; i++) {
        if (order[i] < 0 || order[i] >= n || seen[order[i]])
            ck_abort_msg("%d at %d", (int)order[i], (int)i);
        seen[order[i]] = true;
    }
    ck_assert_int_eq(order[n], -7);
}
END_TEST

START_TEST(all_permutations_are_equally_likely)
{
    enum { N = 5, FACTORIAL = 120, EPOCHS = 120000 };
    int counts[FACTORIAL] = {0};
    for (int epoch = 0; epoch < EPOCHS; epoch++) {
        elbo__random_key key = key_of(10);
        key.step = (uint64_t)epoch;
        int32_t order[N];
        elbo__shuffle(order, N, key);
        int number = 0; /* in base 5, 4, 3, ...: how many of those after are smaller */
        for (int i = 0; i < N; i++) {
            int smaller = 0;
            for (int j = i + 1; j < N; j++)
                smaller += order[j] < order[i];
            number = number * (N - i) + smaller;
        }
        counts[number]++;
    }
    ck_assert_double_lt(fabs(unevenness(counts, FACTORIAL, EPOCHS / FACTORIAL)), 4);
}
END_TEST

/* ---- the suite --------------------------------------------------------------------------------------------------- */

Suite *suite_random(void)
{
    Suite *suite = suite_create("random");

    TCase *philox = tcase_create("philox");
    tcase_add_loop_test(philox, philox_gives_the_known_answers, 0, 3);
    suite_add_tcase(suite, philox);

    TCase *places = tcase_create("places");
    tcase_add_test(places, every_part_of_the_key_and_the_place_matters);
    tcase_add_loop_test(places, uniform_floats_do_not_depend_on_how_rows_are_split, 0, 12);
    tcase_add_loop_test(places, uniform_doubles_do_not_depend_on_how_rows_are_split, 0, 12);
    tcase_add_loop_test(places, normal_floats_do_not_depend_on_how_rows_are_split, 0, 12);
    tcase_add_loop_test(places, normal_doubles_do_not_depend_on_how_rows_are_split, 0, 12);
    tcase_add_test(places, nothing_is_written_where_a_size_is_zero);
    tcase_add_test(places, streams_of_different_names_are_different);
    suite_add_tcase(suite, places);

    TCase *distributions = tcase_create("distributions");
    tcase_add_loop_test(distributions, uniforms_are_uniform, 0, 3);
    tcase_add_loop_test(distributions, normals_are_normal, 0, 3);
    tcase_add_test(distributions, uniforms_reach_neither_0_nor_1);
    tcase_add_test(distributions, normals_have_the_moments_and_tails_of_a_normal);
    tcase_add_test(distributions, normals_of_different_places_are_independent);
    tcase_add_test(distributions, numbers_are_the_documented_functions_of_their_words);
    tcase_add_test(distributions, floats_and_doubles_are_the_same_numbers);
    suite_add_tcase(suite, distributions);

    TCase *integers = tcase_create("integers");
    tcase_add_loop_test(integers, integers_below_any_bound_are_equally_likely, 0, 6);
    tcase_add_loop_test(integers, a_shuffle_is_a_permutation, 0, 7);
    tcase_add_test(integers, all_permutations_are_equally_likely);
    suite_add_tcase(suite, integers);

    return suite;
}
