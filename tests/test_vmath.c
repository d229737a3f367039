/* tensor/vmath.h and tensor/vgamma.h against the C library in double. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../tensor/clones.h"
#include "../tensor/vgamma.h"
#include "../tensor/vmath.h"
#include "suites.h"

/* ---- the functions ----------------------------------------------------------------------------------------------- */

/* digamma and trigamma: 40 steps of the recurrence, and from there the asymptotic series; reflection for x < 0. In long
 * double, for digamma has roots. */
static double plain_polygamma(double x, bool second)
{
    const long double pi = 3.14159265358979323846264338327950288L, turn = pi * (x - roundl(x));
    if (x <= 0 && x == floor(x))
        return second ? INFINITY : x == 0 ? -1 / x : NAN;
    long double y = x < 0 ? 1 - (long double)x : x, first_sum = 0, second_sum = 0;
    for (int i = 0; i < 40; i++, y++)
        first_sum += 1 / y, second_sum += 1 / (y * y);
    const long double s = 1 / (y * y);
    first_sum = logl(y) - first_sum - 1 / (2 * y) - s / 12 + s * s / 120 - s * s * s / 252 + s * s * s * s / 240;
    second_sum += 1 / y + s / 2 + s / y / 6 - s * s / y / 30 + s * s * s / y / 42 - s * s * s * s / y / 30;
    if (second)
        return (double)(x < 0 ? pi * pi / (sinl(turn) * sinl(turn)) - second_sum : second_sum);
    return (double)(x < 0 ? first_sum - pi / tanl(turn) : first_sum);
}

/* FUNCTION(name, reference in double, largest error in ULP as documented, domain: |x| at most, least: the error is one
 * of max(|y|, least)) */
#define FUNCTIONS(FUNCTION)                                                                                            \
    FUNCTION(exp, exp(x), 1.0, INFINITY, 0)                                                                            \
    FUNCTION(expm1, expm1(x), 1.5, INFINITY, 0)                                                                        \
    FUNCTION(sigmoid, x < -40 ? exp(x) : 1 / (1 + exp(-x)), 2.0, INFINITY, 0)                                          \
    FUNCTION(tanh, tanh(x), 1.4, INFINITY, 0)                                                                          \
    FUNCTION(log, log(x), 1.0, INFINITY, 0)                                                                            \
    FUNCTION(log1p, log1p(x), 1.6, INFINITY, 0)                                                                        \
    FUNCTION(softplus, x > 40 ? x : log1p(exp(x)), 2.1, INFINITY, 0)                                                   \
    FUNCTION(sin, sin(x), 1.5, 1e5, 0)                                                                                 \
    FUNCTION(cos, cos(x), 1.5, 1e5, 0)                                                                                 \
    FUNCTION(erf, erf(x), 1.2, INFINITY, 0)                                                                            \
    FUNCTION(lgamma, (double)lgammal(x), 1.0, INFINITY, 0x1p-8)                                                        \
    FUNCTION(digamma, plain_polygamma(x, false), 1.3, INFINITY, 0x1p-8)                                                \
    FUNCTION(trigamma, plain_polygamma(x, true), 0.6, INFINITY, 0)

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

#define DEFINE(name, reference, ulp, most, least)                                                                      \
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
    double ulp, most, least;
} function;

#define ROW(name, reference, ulp, most, least)                                                                         \
    {#name, reference_##name, double_##name, base_##name, avx2_##name, best_##name, ulp, most, least},
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

/* The error of `got` in units of the last place of max(|exact|, least) as a float; infinite if only one is special. */
static double error_over(float got, double exact, double least)
{
    if (isnan(got) || isnan(exact))
        return isnan(got) && isnan(exact) ? 0 : INFINITY;
    if (isinf(got) || isinf((float)exact))
        return got == (float)exact ? 0 : INFINITY;
    int exponent;
    frexp(fmax(fabs(exact), least), &exponent);
    return fabs(got - exact) / ldexp(1, exponent < -125 ? -149 : exponent - 24);
}

static double error_in_ulp(float got, double exact)
{
    return error_over(got, exact, 0);
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
            double error = error_over(y[i], f->reference(x[i]), f->least);
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
            bool right = isnan(exact) ? isnan(got)
                                      : got == exact || fabs(got - exact) <= 1e-15 * fmax(fabs(exact), f->least);
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

/* From mpmath, in 40 digits: log |gamma(x)|, digamma(x) and trigamma(x) of floats x, some of them next to roots. */
static const struct {
    float x;
    double exact[3];
} gammas[] = {
    {0x1p-20f, {13.8629430607239, -1048576.5772140962, 1099511627777.645}},
    {0x1p-3f, {2.0194183575537963, -8.388492663295855, 65.388133444988028}},
    {0.5f, {0.57236494292470008, -1.9635100260214235, 4.934802200544679}},
    {0.75f, {0.20328095143129538, -1.0858608797864722, 2.5418796476716063}},
    {0x1.fffffep-1f, {3.4404737587236741e-08, -0.57721576294724786, 1.6449342101445874}},
    {1.0f, {0, -0.57721566490153287, 1.6449340668482264}},
    {0x1.000002p0f, {-6.8809457642534717e-08, -0.57721546881012853, 1.6449337802555737}},
    {1.25f, {-0.098271836421813155, -0.22745353337626542, 1.1973291545071107}},
    {0x1.762d86p0f, {-0.12148629053584953, -1.203605254910667e-08, 0.96767225646193067}},
    {0x1.762d88p0f, {-0.12148629053584409, 1.0331946336967871e-07, 0.96767215089897374}},
    {1.5f, {-0.12078223763524522, 0.03648997397857652, 0.93480220054467933}},
    {0x1.fffffep0f, {-5.0399815637755424e-08, 0.42278425821633236, 0.64493411502234965}},
    {2.0f, {0, 0.42278433509846713, 0.64493406684822641}},
    {0x1.000002p1f, {1.0079965877070314e-07, 0.42278448886271947, 0.64493397050000101}},
    {2.75f, {0.47521466691493713, 0.8189010249754326, 0.43757125764893073}},
    {0x1.7ffffep1f, {0.69314696055102654, 0.9227842409388437, 0.39493410359182451}},
    {3.0f, {0.69314718055994529, 0.92278433509846713, 0.39493406684822646}},
    {3.5f, {1.2009736023470743, 1.1031566406452431, 0.33035775610023488}},
    {5.0f, {3.1780538303479458, 1.5061176684318005, 0.22132295573711533}},
    {10.0f, {12.801827480081469, 2.2517525890667209, 0.10516633568168575}},
    {100.0f, {359.1342053695754, 4.6001618527380872, 0.010050166663333571}},
    {0x1.8p20f, {20869396.196618423, 14.268408401415599, 6.3578307971414326e-07}},
    {1e30f, {6.8077553829263508e+31, 69.07755280486883, 9.99999984952534e-31}},
    {-0x1p-20f, {13.86294416167541, 1048575.4227827664, 1099511627777.645}},
    {-0.25f, {1.589575312551186, 2.9141391202135276, 18.541879647671607}},
    {-0.5f, {1.2655121234846454, 0.03648997397857652, 8.934802200544679}},
    {-1.5f, {0.86004701537648098, 0.70315664064524319, 9.3792466449891236}},
    {-2.75f, {0.0044878975359557731, -1.9590552649779971, 19.433868949488463}},
    {-3.625f, {-1.4053653886155431, 0.11820001615737401, 11.321700455260803}},
    {-9.5f, {-12.795895333554363, 2.3030010342976865, 9.7696874450302325}},
    {-100.125f, {-362.21044642584553, 12.195880442483347, 67.383936596501528}},
};

/* Where x > 0 the error is one of y itself, roots included; below 0, none of these is a root. */
START_TEST(the_gamma_functions_have_the_values_of_mpmath)
{
    float (*const in_float[])(float) = {elbo__lgamma_f32, elbo__digamma_f32, elbo__trigamma_f32};
    double (*const in_double[])(double) = {elbo__lgamma_f64, elbo__digamma_f64, elbo__trigamma_f64};
    for (size_t i = 0; i < sizeof gammas / sizeof gammas[0]; i++) {
        double exact = gammas[i].exact[_i], got = in_double[_i](gammas[i].x);
        float rounded = in_float[_i](gammas[i].x);
        ck_assert_msg(error_in_ulp(rounded, exact) <= 0.6, "f32 at %a: %a, not %a", gammas[i].x, rounded, exact);
        ck_assert_msg(fabs(got - exact) <= 1e-15 * fmax(fabs(exact), 0x1p-8), "f64 at %a: %a, not %a", gammas[i].x, got,
                      exact);
    }
}
END_TEST

/* Every float about the roots 1, 1.46 and 2. */
START_TEST(the_gamma_functions_keep_their_digits_at_roots)
{
    static const float roots[] = {1, 1.46163214f, 2};
    for (int r = 0; r < 3; r++)
        for (int i = -2000; i <= 2000; i++) {
            float x = elbo__of_bits_f32(elbo__bits_f32(roots[r]) + (uint32_t)i);
            float y = r == 1 ? elbo__digamma_f32(x) : elbo__lgamma_f32(x);
            double exact = r == 1 ? plain_polygamma(x, false) : (double)lgammal(x);
            if (!(error_in_ulp(y, exact) <= 0.6))
                ck_abort_msg("%a: %a, not %a", x, y, exact);
        }
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
    VALUES(lgamma, {0, INFINITY}, {-0.0f, INFINITY}, {-1, INFINITY}, {-2, INFINITY}, {-1e10f, INFINITY}),
    VALUES(lgamma, {1, 0}, {2, 0}, {INFINITY, INFINITY}, {-INFINITY, INFINITY}, {HUGE_FLOAT, INFINITY}),
    VALUES(digamma, {0, -INFINITY}, {-0.0f, INFINITY}, {-1, NAN}, {-1e10f, NAN}, {INFINITY, INFINITY}),
    VALUES(digamma, {TINY, -INFINITY}, {-TINY, INFINITY}, {-INFINITY, NAN}),
    VALUES(trigamma, {0, INFINITY}, {-0.0f, INFINITY}, {-1, INFINITY}, {-1e10f, INFINITY}, {INFINITY, 0}),
    VALUES(trigamma, {TINY, INFINITY}, {-TINY, INFINITY}, {-INFINITY, INFINITY}),
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

/* ---- remainders -------------------------------------------------------------------------------------------------- */

static void base_modulo(float *restrict y, const float *restrict a, const float *restrict b, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        y[i] = elbo__modulo_f32(a[i], b[i]);
}

ELBO__CLONES static void best_modulo(float *restrict y, const float *restrict a, const float *restrict b, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        y[i] = elbo__modulo_f32(a[i], b[i]);
}

/* By fmod, which is exact. */
static float plain_modulo(float a, float b)
{
    double r = fmod(a, b);
    if (r == 0)
        return copysignf(0, b);
    return (float)((r < 0) == (b < 0) ? r : r + b);
}

/* Floats of any size, and multiples of a divisor with their neighbours. */
START_TEST(a_remainder_is_exact_for_any_two_floats)
{
    static float a[CHUNK], b[CHUNK], y[CHUNK], base[CHUNK];
    uint64_t state = 3;
    for (int round = 0; round < 300; round++) {
        next_powers(a, b, &state);
        for (int64_t i = 0; i < CHUNK; i++) {
            if (i % 3 == 1)
                b[i] = elbo__of_bits_f32(elbo__bits_f32(a[CHUNK - 1 - i]) * 2654435761u);
            else if (i % 3 == 2)
                a[i] = elbo__of_bits_f32(elbo__bits_f32((float)(i % 1000) * b[i]) + (uint32_t)(i % 5) - 2);
        }
        best_modulo(y, a, b, CHUNK);
        base_modulo(base, a, b, CHUNK);
        for (int64_t i = 0; i < CHUNK; i++)
            if (!same_bits_or_nan(y[i], plain_modulo(a[i], b[i])) || !same_bits_or_nan(y[i], base[i]))
                ck_abort_msg("%a modulo %a: %a and %a, not %a", a[i], b[i], y[i], base[i], plain_modulo(a[i], b[i]));
    }
}
END_TEST

START_TEST(a_remainder_has_the_sign_of_the_divisor)
{
    static const float cases[][3] = {{7, 3, 1},
                                     {-7, 3, 2},
                                     {7, -3, -2},
                                     {-7, -3, -1},
                                     {6, 3, 0},
                                     {-6, 3, 0},
                                     {6, -3, -0.0f},
                                     {-6, -3, -0.0f},
                                     {0, -2, -0.0f},
                                     {5.5f, 2, 1.5f},
                                     {1, INFINITY, 1},
                                     {-1, INFINITY, INFINITY},
                                     {1, 0, NAN},
                                     {INFINITY, 2, NAN},
                                     {0, 0, NAN},
                                     {-0.0f, INFINITY, 0},
                                     {NAN, 2, NAN},
                                     {2, NAN, NAN},
                                     {1, -INFINITY, -INFINITY},
                                     {HUGE_FLOAT, TINY, 0},
                                     {0x1p127f, 0x3p-149f, TINY},
                                     {0x1p126f, 0x3p-149f, 0x1p-148f},
                                     {-0x1p127f, 0x3p-149f, 0x1p-148f}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        float y = elbo__modulo_f32(cases[i][0], cases[i][1]), of_double;
        of_double = (float)elbo__modulo_f64(cases[i][0], cases[i][1]);
        if (!same_bits_or_nan(y, cases[i][2]) || !same_bits_or_nan(of_double, cases[i][2]))
            ck_abort_msg("%a modulo %a: %a and %a", cases[i][0], cases[i][1], y, of_double);
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
    tcase_add_loop_test(accuracy, the_gamma_functions_have_the_values_of_mpmath, 0, 3);
    tcase_add_test(accuracy, the_gamma_functions_keep_their_digits_at_roots);
    suite_add_tcase(suite, accuracy);

    TCase *special = tcase_create("special values");
    tcase_add_test(special, special_values_are_those_of_C);
    tcase_add_loop_test(special, a_nan_gives_a_nan, 0, N_FUNCTIONS);
    tcase_add_loop_test(special, sine_and_cosine_of_a_large_number_stay_within_1, 0, 2);
    tcase_add_test(special, pow_takes_every_pair_of_special_values_as_C_does);
    suite_add_tcase(suite, special);

    TCase *remainders = tcase_create("remainders");
    tcase_add_test(remainders, a_remainder_is_exact_for_any_two_floats);
    tcase_add_test(remainders, a_remainder_has_the_sign_of_the_divisor);
    suite_add_tcase(suite, remainders);

    TCase *bits = tcase_create("bits");
    tcase_add_loop_test(bits, the_bits_do_not_depend_on_where_a_loop_is_cut, 0, N_FUNCTIONS);
    tcase_add_loop_test(bits, the_bits_do_not_depend_on_the_instruction_set, 0, N_FUNCTIONS);
    tcase_add_test(bits, the_bits_of_pow_depend_on_neither);
    suite_add_tcase(suite, bits);

    return suite;
}
