/* tensor/vmath.h against the C library in double. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../tensor/clones.h"
#include "../tensor/vmath.h"
#include "suites.h"

/* ---- the functions ----------------------------------------------------------------------------------------------- */

/* FUNCTION(name, reference in double, largest error in ULP as documented, domain: |x| at most) */
#define FUNCTIONS(FUNCTION)                                                                                            \
    FUNCTION(exp, exp(x), 1.0, INFINITY)                                                                               \
    FUNCTION(expm1, expm1(x), 1.5, INFINITY)                                                                           \
    FUNCTION(sigmoid, x < -40 ? exp(x) : 1 / (1 + exp(-x)), 2.0, INFINITY)                                             \
    FUNCTION(tanh, tanh(x), 1.4, INFINITY)                                                                             \
    FUNCTION(log, log(x), 1.0, INFINITY)                                                                               \
    FUNCTION(log1p, log1p(x), 1.6, INFINITY)                                                                           \
    FUNCTION(softplus, x > 40 ? x : log1p(exp(x)), 2.1, INFINITY)                                                      \
    FUNCTION(sin, sin(x), 1.5, 1e5)                                                                                    \
    FUNCTION(cos, cos(x), 1.5, 1e5)                                                                                    \
    FUNCTION(erf, erf(x), 1.2, INFINITY)

/* The loop at three instruction sets: the compiler's own, AVX2 with fma, and the best of the machine. */
#if defined __x86_64__ && defined __GNUC__
#define AVX2 __attribute__((target("avx2,fma")))
static bool have_avx2(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}
#else
#define AVX2
static bool have_avx2(void)
{
    return true;
}
#endif

#define DEFINE(name, reference, ulp, most)                                                                             \
    static double reference_##name(double x)                                                                           \
    {                                                                                                                  \
        return reference;                                                                                              \
    }                                                                                                                  \
    static double double_##name(double x)                                                                              \
    {                                                                                                                  \
        return elbo__##name##_f64(x);                                                                                  \
    }                                                                                                                  \
    static void base_##name(float *restrict y, const float *restrict x, int64_t n)                                     \
    {                                                                                                                  \
        for (int64_t i = 0; i < n; i++)                                                                                \
            y[i] = elbo__##name##_f32(x[i]);                                                                           \
    }                                                                                                                  \
    AVX2 static void avx2_##name(float *restrict y, const float *restrict x, int64_t n)                                \
    {                                                                                                                  \
        for (int64_t i = 0; i < n; i++)                                                                                \
            y[i] = elbo__##name##_f32(x[i]);                                                                           \
    }                                                                                                                  \
    ELBO__CLONES static void best_##name(float *restrict y, const float *restrict x, int64_t n)                        \
    {                                                                                                                  \
        for (int64_t i = 0; i < n; i++)                                                                                \
            y[i] = elbo__##name##_f32(x[i]);                                                                           \
    }
FUNCTIONS(DEFINE)

typedef void loop(float *restrict y, const float *restrict x, int64_t n);
typedef struct {
    const char *name;
    double (*reference)(double);
    double (*in_double)(double);
    loop *base, *avx2, *best;
    double ulp, most;
} function;

#define ROW(name, reference, ulp, most)                                                                                \
    {#name, reference_##name, double_##name, base_##name, avx2_##name, best_##name, ulp, most},
static const function functions[] = {FUNCTIONS(ROW)};
enum { N_FUNCTIONS = sizeof functions / sizeof functions[0], CHUNK = 4096 };

/* The same for pow, which has two operands. */
static void base_pow(float *restrict y, const float *restrict a, const float *restrict b, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        y[i] = elbo__pow_f32(a[i], b[i]);
}

AVX2 static void avx2_pow(float *restrict y, const float *restrict a, const float *restrict b, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        y[i] = elbo__pow_f32(a[i], b[i]);
}

ELBO__CLONES static void best_pow(float *restrict y, const float *restrict a, const float *restrict b, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        y[i] = elbo__pow_f32(a[i], b[i]);
}

/* ---- tools ------------------------------------------------------------------------------------------------------- */

/* The error of `got` in units of the last place of `exact` as a float; infinite where only one of them is special. */
static double error_in_ulp(float got, double exact)
{
    if (isnan(got) || isnan(exact))
        return isnan(got) && isnan(exact) ? 0 : INFINITY;
    if (isinf(got) || isinf((float)exact))
        return got == (float)exact ? 0 : INFINITY;
    int exponent;
    frexp(exact, &exponent);
    return fabs(got - exact) / ldexp(1, exponent < -125 ? -149 : exponent - 24);
}

static bool same_bits_or_nan(float a, float b)
{
    return elbo__bits_f32(a) == elbo__bits_f32(b) || (isnan(a) && isnan(b));
}

/* x (CHUNK): the floats with bits *from, *from + step, ... and |x| <= most, or NaN; 0 when there are no more */
static int64_t next_floats(float *x, uint64_t *from, uint32_t step, double most)
{
    int64_t n = 0;
    for (; n < CHUNK && *from <= UINT32_MAX; *from += step) {
        float value = elbo__of_bits_f32((uint32_t)*from);
        if (!(fabs(value) > most))
            x[n++] = value;
    }
    return n;
}

/* Operands of pow, of three kinds in turn: any floats, results of all sizes, and small whole powers. */
static void next_powers(float *a, float *b, uint64_t *state)
{
    for (int64_t i = 0; i < CHUNK; i++) {
        uint64_t s = *state = *state * 6364136223846793005u + 1442695040888963407u;
        s ^= s >> 32;
        a[i] = elbo__of_bits_f32((uint32_t)s);
        b[i] = elbo__of_bits_f32((uint32_t)(s * 0x9e3779b97f4a7c15u >> 32));
        double part = (double)(s >> 11) * 0x1p-53;
        if (i % 3 == 1)
            b[i] = (float)(300 * (part - 0.5) / log2(fabs(a[i])));
        else if (i % 3 == 2)
            a[i] = (float)(4 * part - 2), b[i] = (float)((int)(s % 41) - 20);
    }
}

/* ---- accuracy ---------------------------------------------------------------------------------------------------- */

START_TEST(error_stays_below_the_documented_bound)
{
    const function *f = &functions[_i];
    static float x[CHUNK], y[CHUNK];
    double worst = 0;
    float where = 0;
    uint64_t from = 0;
    for (int64_t n; (n = next_floats(x, &from, 997, f->most)) > 0;) {
        f->best(y, x, n);
        for (int64_t i = 0; i < n; i++) {
            double error = error_in_ulp(y[i], f->reference(x[i]));
            if (error > worst)
                worst = error, where = x[i];
        }
    }
    ck_assert_msg(worst <= f->ulp, "%s(%a): %g ULP", f->name, where, worst);
}
END_TEST

START_TEST(double_versions_are_right)
{
    const function *f = &functions[_i];
    static float x[CHUNK];
    uint64_t from = 0;
    for (int64_t n; (n = next_floats(x, &from, 99991, INFINITY)) > 0;)
        for (int64_t i = 0; i < n; i++) {
            double got = f->in_double(x[i]), exact = f->reference(x[i]);
            bool right = isnan(exact) ? isnan(got) : got == exact || fabs(got - exact) <= 1e-15 * fabs(exact);
            if (!right)
                ck_abort_msg("%s(%a): %a, not %a", f->name, x[i], got, exact);
        }
}
END_TEST

START_TEST(pow_stays_below_the_documented_bound)
{
    static float a[CHUNK], b[CHUNK], y[CHUNK];
    uint64_t state = 1;
    for (int round = 0; round < 500; round++) {
        next_powers(a, b, &state);
        best_pow(y, a, b, CHUNK);
        for (int64_t i = 0; i < CHUNK; i++)
            if (!(error_in_ulp(y[i], pow(a[i], b[i])) <= 0.6))
                ck_abort_msg("%a ^ %a: %a, not %a", a[i], b[i], y[i], pow(a[i], b[i]));
    }
    ck_assert_double_eq(elbo__pow_f64(3, -2.5), pow(3, -2.5));
}
END_TEST

/* ---- special values ---------------------------------------------------------------------------------------------- */

#define TINY 0x1p-149f /* the smallest float above 0 */
#define HUGE_FLOAT 0x1.fffffep127f

/* VALUES(name, {x, y}, ...) */
#define VALUES(name, ...)                                                                                              \
    {                                                                                                                  \
#name, sizeof((float[][2]){__VA_ARGS__}) / sizeof(float[2]),                                                   \
        {                                                                                                              \
            __VA_ARGS__                                                                                                \
        }                                                                                                              \
    }
static const struct {
    const char *name;
    size_t n;
    float xy[12][2];
} special_values[] = {
    VALUES(exp, {0, 1}, {-0.0f, 1}, {INFINITY, INFINITY}, {-INFINITY, 0}, {HUGE_FLOAT, INFINITY}, {-HUGE_FLOAT, 0}),
    VALUES(exp, {0x1.62e42ep6f, 0x1.ffff08p127f}, {0x1.62e430p6f, INFINITY}), /* either side of log 2^128 */
    VALUES(exp, {-0x1.9fe368p6f, TINY}, {-0x1.9fe36ap6f, 0}, {-200, 0}),      /* either side of log 2^-150 */
    VALUES(expm1, {0, 0}, {-0.0f, -0.0f}, {TINY, TINY}, {-TINY, -TINY}, {0x1p-126f, 0x1p-126f}),
    VALUES(expm1, {INFINITY, INFINITY}, {-INFINITY, -1}, {-HUGE_FLOAT, -1}, {0x1.62e430p6f, INFINITY}),
    VALUES(sigmoid, {0, 0.5f}, {-0.0f, 0.5f}, {INFINITY, 1}, {-INFINITY, 0}, {HUGE_FLOAT, 1}, {-HUGE_FLOAT, 0}),
    VALUES(sigmoid, {-0x1.9fe368p6f, TINY}),
    VALUES(tanh, {0, 0}, {-0.0f, -0.0f}, {TINY, TINY}, {-TINY, -TINY}, {INFINITY, 1}, {-INFINITY, -1}),
    VALUES(tanh, {HUGE_FLOAT, 1}, {-HUGE_FLOAT, -1}),
    VALUES(log, {0, -INFINITY}, {-0.0f, -INFINITY}, {1, 0}, {INFINITY, INFINITY}),
    VALUES(log, {-INFINITY, NAN}, {-1, NAN}, {-TINY, NAN}),
    VALUES(log1p, {0, 0}, {-0.0f, -0.0f}, {TINY, TINY}, {-TINY, -TINY}, {INFINITY, INFINITY}),
    VALUES(log1p, {-1, -INFINITY}, {-0x1.000002p0f, NAN}, {-INFINITY, NAN}),
    VALUES(softplus, {INFINITY, INFINITY}, {-INFINITY, 0}, {HUGE_FLOAT, HUGE_FLOAT}, {-HUGE_FLOAT, 0}, {100, 100}),
    VALUES(softplus, {-0x1.9fe368p6f, TINY}),
    VALUES(sin, {0, 0}, {-0.0f, -0.0f}, {TINY, TINY}, {-TINY, -TINY}, {INFINITY, NAN}, {-INFINITY, NAN}),
    VALUES(cos, {0, 1}, {-0.0f, 1}, {TINY, 1}, {INFINITY, NAN}, {-INFINITY, NAN}),
    VALUES(erf, {0, 0}, {-0.0f, -0.0f}, {4, 1}, {-4, -1}, {INFINITY, 1}, {-INFINITY, -1}),
};

static const function *find(const char *name)
{
    for (int i = 0; i < N_FUNCTIONS; i++)
        if (strcmp(functions[i].name, name) == 0)
            return &functions[i];
    ck_abort_msg("no function %s", name);
    return NULL;
}

START_TEST(special_values_are_those_of_C)
{
    for (size_t i = 0; i < sizeof special_values / sizeof special_values[0]; i++)
        for (size_t k = 0; k < special_values[i].n; k++) {
            float x = special_values[i].xy[k][0], exact = special_values[i].xy[k][1], y;
            find(special_values[i].name)->best(&y, &x, 1);
            if (!same_bits_or_nan(y, exact))
                ck_abort_msg("%s(%a): %a, not %a", special_values[i].name, x, y, exact);
        }
}
END_TEST

START_TEST(a_nan_gives_a_nan)
{
    const uint32_t nans[] = {0x7fc00000, 0xffc00000, 0x7f800001, 0xff800001, 0x7fffffff, 0xffffffff, 0x7fa12345};
    for (size_t i = 0; i < sizeof nans / sizeof nans[0]; i++) {
        float y, x = elbo__of_bits_f32(nans[i]);
        functions[_i].best(&y, &x, 1);
        ck_assert_msg(isnan(y), "%s(nan %x) is %a", functions[_i].name, nans[i], y);
    }
}
END_TEST

START_TEST(sine_and_cosine_of_a_large_number_stay_within_1)
{
    loop *const loops[] = {best_sin, best_cos};
    static float x[CHUNK], y[CHUNK];
    uint64_t from = 0;
    for (int64_t n; (n = next_floats(x, &from, 9973, HUGE_FLOAT)) > 0;) {
        for (int64_t i = n; i-- > 0;)
            if (isnan(x[i]))
                x[i] = 1e30f;
        loops[_i](y, x, n);
        for (int64_t i = 0; i < n; i++)
            if (!(fabsf(y[i]) <= 1))
                ck_abort_msg("%a at %a", y[i], x[i]);
    }
}
END_TEST

START_TEST(pow_takes_every_pair_of_special_values_as_C_does)
{
    const float values[] = {0,
                            1,
                            2,
                            3,
                            0.5f,
                            1.5f,
                            1e10f,
                            0x1p23f,
                            0x1p24f,
                            TINY,
                            1e-40f,
                            1e-30f,
                            0x1.fffffep23f,
                            HUGE_FLOAT,
                            0.9f,
                            INFINITY,
                            0x1.000002p0f,
                            NAN};
    enum { N = sizeof values / sizeof values[0] };
    for (int i = 0; i < 4 * N * N; i++) {
        float a = values[i / 4 % N], b = values[i / 4 / N], y;
        a = i & 1 ? -a : a, b = i & 2 ? -b : b;
        best_pow(&y, &a, &b, 1);
        double exact = pow(a, b);
        if (!(error_in_ulp(y, exact) <= 0.6) || (!isnan(exact) && !signbit(y) != !signbit(exact)))
            ck_abort_msg("%a ^ %a: %a, not %a", a, b, y, exact);
    }
}
END_TEST

/* ---- bits -------------------------------------------------------------------------------------------------------- */

START_TEST(the_bits_do_not_depend_on_where_a_loop_is_cut)
{
    const function *f = &functions[_i];
    static float x[CHUNK], whole[CHUNK], parts[CHUNK];
    uint64_t from = 12345;
    for (int64_t n; (n = next_floats(x, &from, 49999, INFINITY)) > 0;) {
        f->best(whole, x, n);
        for (int64_t i = 0, length = 1; i < n; i += length, length = length % 67 + 1) {
            if (length > n - i)
                length = n - i;
            f->best(parts + i, x + i, length);
        }
        for (int64_t i = 0; i < n; i++)
            if (!same_bits_or_nan(whole[i], parts[i]))
                ck_abort_msg("%s(%a): %a and %a", f->name, x[i], whole[i], parts[i]);
    }
}
END_TEST

START_TEST(the_bits_do_not_depend_on_the_instruction_set)
{
    const function *f = &functions[_i];
    loop *others[] = {f->base, have_avx2() ? f->avx2 : f->base};
    static float x[CHUNK], y[CHUNK], other[CHUNK];
    uint64_t from = 54321;
    for (int64_t n; (n = next_floats(x, &from, 9973, INFINITY)) > 0;) {
        f->best(y, x, n);
        for (int k = 0; k < 2; k++) {
            others[k](other, x, n);
            for (int64_t i = 0; i < n; i++)
                if (!same_bits_or_nan(y[i], other[i]))
                    ck_abort_msg("%s(%a): %a and %a", f->name, x[i], y[i], other[i]);
        }
    }
}
END_TEST

START_TEST(the_bits_of_pow_depend_on_neither)
{
    static float a[CHUNK], b[CHUNK], y[CHUNK], base[CHUNK], avx2[CHUNK], cut[CHUNK];
    uint64_t state = 2;
    for (int round = 0; round < 50; round++) {
        next_powers(a, b, &state);
        best_pow(y, a, b, CHUNK);
        base_pow(base, a, b, CHUNK);
        (have_avx2() ? avx2_pow : base_pow)(avx2, a, b, CHUNK);
        for (int64_t i = 0; i < CHUNK; i += 5)
            best_pow(cut + i, a + i, b + i, CHUNK - i < 5 ? CHUNK - i : 5);
        for (int64_t i = 0; i < CHUNK; i++)
            if (!same_bits_or_nan(y[i], base[i]) || !same_bits_or_nan(y[i], avx2[i]) || !same_bits_or_nan(y[i], cut[i]))
                ck_abort_msg("%a ^ %a: %a, %a, %a and %a", a[i], b[i], y[i], base[i], avx2[i], cut[i]);
    }
}
END_TEST

/* ---- the suite --------------------------------------------------------------------------------------------------- */

Suite *suite_vmath(void)
{
    Suite *suite = suite_create("vmath");

    TCase *accuracy = tcase_create("accuracy");
    tcase_add_loop_test(accuracy, error_stays_below_the_documented_bound, 0, N_FUNCTIONS);
    tcase_add_loop_test(accuracy, double_versions_are_right, 0, N_FUNCTIONS);
    tcase_add_test(accuracy, pow_stays_below_the_documented_bound);
    suite_add_tcase(suite, accuracy);

    TCase *special = tcase_create("special values");
    tcase_add_test(special, special_values_are_those_of_C);
    tcase_add_loop_test(special, a_nan_gives_a_nan, 0, N_FUNCTIONS);
    tcase_add_loop_test(special, sine_and_cosine_of_a_large_number_stay_within_1, 0, 2);
    tcase_add_test(special, pow_takes_every_pair_of_special_values_as_C_does);
    suite_add_tcase(suite, special);

    TCase *bits = tcase_create("bits");
    tcase_add_loop_test(bits, the_bits_do_not_depend_on_where_a_loop_is_cut, 0, N_FUNCTIONS);
    tcase_add_loop_test(bits, the_bits_do_not_depend_on_the_instruction_set, 0, N_FUNCTIONS);
    tcase_add_test(bits, the_bits_of_pow_depend_on_neither);
    suite_add_tcase(suite, bits);

    return suite;
}
