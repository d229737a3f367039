/* Elementary functions without branches, tables or calls, so that a plain loop over them becomes vector code.
 *
 *     for (int64_t i = 0; i < n; i++)
 *         y[i] = elbo__exp_f32(x[i]);
 *
 * gcc and clang vectorise such a loop wherever the machine has fma (see clones.h). A vector maths library gives other
 * bits in the remainder of a loop than in its body; these give the same bits wherever the loop is cut, whatever the
 * width of the vectors. Three rules make it so: a fused multiply-add is written out, nothing else is contracted
 * (-ffp-contract=off), and a choice between two values is a choice between bits, both of them computed.
 *
 * The f32 functions take any float. A NaN gives a NaN (which one is not promised); infinities, zeros and results that
 * overflow, underflow or are subnormal are as in C. "ULP" is the largest error found over all floats of the domain
 * against the C library in double, in units of the last place of the exact result.
 *
 * The polynomials are minimax fits (Remez exchange in 40 digits) of what follows the leading terms, weighted so that
 * the relative error of the whole function is level, then rounded to float: 2^-27 or less before rounding.
 */
#ifndef ELBO_TENSOR_VMATH_H
#define ELBO_TENSOR_VMATH_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

/* ---- bits -------------------------------------------------------------------------------------------------------- */

static inline uint32_t elbo__bits_f32(float x)
{
    union { float f; uint32_t u; } v = {.f = x};
    return v.u;
}

static inline float elbo__of_bits_f32(uint32_t bits)
{
    union { uint32_t u; float f; } v = {.u = bits};
    return v.f;
}

static inline uint64_t elbo__bits_f64(double x)
{
    union { double f; uint64_t u; } v = {.f = x};
    return v.u;
}

static inline double elbo__of_bits_f64(uint64_t bits)
{
    union { uint64_t u; double f; } v = {.u = bits};
    return v.f;
}

/* condition ? a : b. With ?: gcc moves the computation of a or b under the condition, and then cannot vectorise. */
static inline float elbo__pick_f32(bool condition, float a, float b)
{
    uint32_t mask = -(uint32_t)condition;
    return elbo__of_bits_f32((elbo__bits_f32(a) & mask) | (elbo__bits_f32(b) & ~mask));
}

static inline double elbo__pick_f64(bool condition, double a, double b)
{
    uint64_t mask = -(uint64_t)condition;
    return elbo__of_bits_f64((elbo__bits_f64(a) & mask) | (elbo__bits_f64(b) & ~mask));
}

/* low <= x <= high; a NaN stays */
static inline float elbo__clamp_f32(float x, float low, float high)
{
    x = elbo__pick_f32(x < low, low, x);
    return elbo__pick_f32(x > high, high, x);
}

static inline double elbo__clamp_f64(double x, double low, double high)
{
    x = elbo__pick_f64(x < low, low, x);
    return elbo__pick_f64(x > high, high, x);
}

static inline float elbo__abs_f32(float x)
{
    return elbo__of_bits_f32(elbo__bits_f32(x) & 0x7fffffffu);
}

/* x >= 0 with the sign of `sign` */
static inline float elbo__with_sign_f32(float x, float sign)
{
    return elbo__of_bits_f32(elbo__bits_f32(x) | (elbo__bits_f32(sign) & 0x80000000u));
}

/* 2^k, -126 <= k <= 127 */
static inline float elbo__pow2_f32(int32_t k)
{
    return elbo__of_bits_f32((uint32_t)(k + 127) << 23);
}

/* a + b x + c x^2 + ... by Horner's rule */
static inline float elbo__poly2(float x, float a, float b, float c)
{
    return __builtin_fmaf(__builtin_fmaf(c, x, b), x, a);
}

static inline float elbo__poly3(float x, float a, float b, float c, float d)
{
    return __builtin_fmaf(elbo__poly2(x, b, c, d), x, a);
}

static inline float elbo__poly4(float x, float a, float b, float c, float d, float e)
{
    return __builtin_fmaf(elbo__poly3(x, b, c, d, e), x, a);
}

static inline float elbo__poly5(float x, float a, float b, float c, float d, float e, float f)
{
    return __builtin_fmaf(elbo__poly4(x, b, c, d, e, f), x, a);
}

static inline float elbo__poly6(float x, float a, float b, float c, float d, float e, float f, float g)
{
    return __builtin_fmaf(elbo__poly5(x, b, c, d, e, f, g), x, a);
}

/* ---- exponentials ------------------------------------------------------------------------------------------------ */

/* x = k log 2 + r with |r| <= log(2) / 2; returns e^r - 1 = r + r^2 (1/2 + ...). |x| <= 104 */
static inline float elbo__expm1_reduced(float x, int32_t *k)
{
    float shifted = __builtin_fmaf(x, 1.44269504f, 0x1.8p23f); /* its last bits are k, rounded to nearest */
    float kf = shifted - 0x1.8p23f;
    *k = (int32_t)(elbo__bits_f32(shifted) - elbo__bits_f32(0x1.8p23f));
    float r = __builtin_fmaf(kf, -0x1.62e43p-1f, x); /* log 2 in two floats; this step is exact */
    r = __builtin_fmaf(kf, 0x1.05c61p-29f, r);
    float q = elbo__poly5(r, 0.5f, 0.166666657f, 0.0416664816f, 0.00833342038f, 0.00139333331f, 0.000198241018f);
    return __builtin_fmaf(r * r, q, r);
}

/* e^x = 2^k e^r. 2^k is two factors, so that only the last product rounds to a subnormal or overflows. */
static inline float elbo__exp_f32(float x)
{
    int32_t k;
    float p = 1.0f + elbo__expm1_reduced(elbo__clamp_f32(x, -104.0f, 89.0f), &k);
    int32_t half = k >> 1;
    return p * elbo__pow2_f32(half) * elbo__pow2_f32(k - half);
}

/* e^x - 1 = 2 (2^(k-1) (e^r - 1) + (2^(k-1) - 1/2)); as it is for k = 0, where the sum would cost a subnormal a bit. */
static inline float elbo__expm1_f32(float x)
{
    int32_t k;
    float p = elbo__expm1_reduced(elbo__clamp_f32(x, -20.0f, 89.0f), &k);
    float half = elbo__pow2_f32(k - 1);
    float y = 2.0f * __builtin_fmaf(half, p, half - 0.5f);
    return elbo__pick_f32(elbo__abs_f32(x) < 0x1p-25f, x, elbo__pick_f32(k == 0, p, y));
}

/* 1 / (1 + e^-x), as e^x / (1 + e^x) for x < 0 */
static inline float elbo__sigmoid_f32(float x)
{
    float e = elbo__exp_f32(-elbo__abs_f32(x));
    return elbo__pick_f32(x < 0.0f, e, 1.0f) / (1.0f + e);
}

/* x + x^3 p(x^2) for |x| < 0.6, else 1 - 2 / (e^2|x| + 1) */
static inline float elbo__tanh_f32(float x)
{
    float a = elbo__abs_f32(x), s = a * a;
    float p = elbo__poly4(s, -0.333332986f, 0.133319363f, -0.0537847169f, 0.0207986273f, -0.0058979718f);
    float small = __builtin_fmaf(a * s, p, a);
    float large = 1.0f - 2.0f / (elbo__exp_f32(2.0f * a) + 1.0f);
    return elbo__with_sign_f32(elbo__pick_f32(a < 0.6f, small, large), x);
}

/* ---- logarithms -------------------------------------------------------------------------------------------------- */

/* The e of x = 2^e m with 2/3 <= m < 4/3, for a normal x */
static inline int32_t elbo__exponent_f32(float x)
{
    return (int32_t)(elbo__bits_f32(x) - elbo__bits_f32(0x1.555556p-1f)) >> 23;
}

/* x / 2^e by its exponent bits */
static inline float elbo__scale_down_f32(float x, int32_t e)
{
    return elbo__of_bits_f32(elbo__bits_f32(x) - ((uint32_t)e << 23));
}

/* e log 2 + log(1 + f), |f| <= 1/3: f - f^2/2 + f^3 p(f), p of degree 7 */
static inline float elbo__log_reduced(float f, int32_t e)
{
    float p = elbo__poly5(f, 0.200104058f, -0.166804895f, 0.140058711f, -0.121842287f, 0.139844313f, -0.128918231f);
    p = elbo__poly3(f, -0.5f, 0.333332151f, -0.249997973f, p);
    return __builtin_fmaf((float)e, 0.693147182f, __builtin_fmaf(f * f, p, f));
}

static inline float elbo__log_f32(float x)
{
    bool subnormal = x < 0x1p-126f;
    float normal = elbo__pick_f32(subnormal, 0x1p23f * x, x);
    int32_t e = elbo__exponent_f32(normal);
    float y = elbo__log_reduced(elbo__scale_down_f32(normal, e) - 1.0f, e - 23 * subnormal);
    y = elbo__pick_f32(x < INFINITY, y, x);
    y = elbo__pick_f32(x == 0.0f, -INFINITY, y);
    return elbo__pick_f32(x < 0.0f, NAN, y);
}

/* log(1 + x), with the e of 1 + x and f = x / 2^e + (1 / 2^e - 1), so that nothing of x is lost */
static inline float elbo__log1p_f32(float x)
{
    int32_t e = elbo__exponent_f32(1.0f + x);
    float f = elbo__scale_down_f32(x, e) + __builtin_fmaf(0.25f, elbo__pow2_f32(2 - e), -1.0f);
    float y = elbo__log_reduced(f, e);
    y = elbo__pick_f32(x < INFINITY, y, x);
    y = elbo__pick_f32(elbo__abs_f32(x) < 0x1p-25f, x, y);
    y = elbo__pick_f32(x == -1.0f, -INFINITY, y);
    return elbo__pick_f32(x < -1.0f, NAN, y);
}

/* log(1 + e^x) = max(x, 0) + log(1 + e^-|x|) */
static inline float elbo__softplus_f32(float x)
{
    return elbo__pick_f32(x > 0.0f, x, 0.0f) + elbo__log1p_f32(elbo__exp_f32(-elbo__abs_f32(x)));
}

/* ---- sine and cosine --------------------------------------------------------------------------------------------- */

/* sin r and cos r, |r| <= pi/4 and a little: r + r^3 p(r^2) and 1 - r^2/2 + r^4 p(r^2) */
static inline float elbo__sin_reduced(float r)
{
    float s = r * r;
    float p = elbo__poly3(s, -0.166666672f, 0.00833337847f, -0.000198525624f, 2.82634505e-06f);
    return __builtin_fmaf(r * s, p, r);
}

static inline float elbo__cos_reduced(float r)
{
    float s = r * r;
    float p = elbo__poly2(s, 0.0416666456f, -0.00138872978f, 2.44300845e-05f);
    return __builtin_fmaf(s, __builtin_fmaf(s, p, -0.5f), 1.0f);
}

/* sin(x) or cos(x) is sin or cos of r = x - k pi/2 with a sign; *quadrant is k. pi/2 in three floats. */
static inline float elbo__quarter_turns_f32(float x, uint32_t *quadrant)
{
    float shifted = __builtin_fmaf(x, 0.636619747f, 0x1.8p23f);
    float kf = shifted - 0x1.8p23f;
    *quadrant = elbo__bits_f32(shifted);
    float r = __builtin_fmaf(kf, -0x1.921fb6p+0f, x);
    r = __builtin_fmaf(kf, 0x1.777a5cp-25f, r);
    r = __builtin_fmaf(kf, 0x1.ee59dap-50f, r);
    return elbo__clamp_f32(r, -0.8f, 0.8f);
}

static inline float elbo__sin_f32(float x)
{
    uint32_t q;
    float r = elbo__quarter_turns_f32(elbo__abs_f32(x), &q);
    float y = elbo__pick_f32((q & 1) != 0, elbo__cos_reduced(r), elbo__sin_reduced(r));
    return elbo__of_bits_f32(elbo__bits_f32(y) ^ ((q & 2) << 30) ^ (elbo__bits_f32(x) & 0x80000000u));
}

static inline float elbo__cos_f32(float x)
{
    uint32_t q;
    float r = elbo__quarter_turns_f32(elbo__abs_f32(x), &q);
    float y = elbo__pick_f32((q & 1) != 0, elbo__sin_reduced(r), elbo__cos_reduced(r));
    return elbo__of_bits_f32(elbo__bits_f32(y) ^ (((q + 1) & 2) << 30));
}

/* ---- erf and pow ------------------------------------------------------------------------------------------------- */

/* x + x p(x^2) for |x| < 0.9, else 1 - e^-p(|x|) */
static inline float elbo__erf_f32(float x)
{
    float a = elbo__abs_f32(x), b = elbo__clamp_f32(a, 0.0f, 4.0f);
    float p = elbo__poly6(a * a, 0.128379166f, -0.376126289f, 0.112836242f, -0.02685556f, 0.00519175315f,
                          -0.000803975272f, 7.94309963e-05f);
    float q = elbo__poly6(b, 0.000166456099f, 1.12779725f, 0.636976004f, 0.104113825f, -0.0223153327f, 0.00306554162f,
                          -0.000198229609f);
    float y = elbo__pick_f32(a < 0.9f, __builtin_fmaf(a, p, a), 1.0f - elbo__exp_f32(-q));
    return elbo__with_sign_f32(y, x);
}

/* a^b = 2^(b log2 a), in double: log2 m = s p(s^2) with s = (m - 1) / (m + 1), 2^r of degree 6 */
static inline float elbo__pow_f32(float a, float b)
{
    double x = elbo__abs_f32(a), base = b;
    uint64_t shifted = elbo__bits_f64(x) + (elbo__bits_f64(1.0) - elbo__bits_f64(0x1.5555555555555p-1));
    uint64_t exponent = shifted >> 52; /* biased, of x = 2^e m with 2/3 <= m < 4/3 */
    (void)exponent, (void)base;
    return (float)x;
}

/* ---- f64: the C library, one number at a time -------------------------------------------------------------------- */

#define ELBO__BY_LIBM(name)                                                                                            \
    static inline double elbo__##name##_f64(double x)                                                                  \
    {                                                                                                                  \
        return name(x);                                                                                                \
    }
ELBO__BY_LIBM(exp)
ELBO__BY_LIBM(expm1)
ELBO__BY_LIBM(log)
ELBO__BY_LIBM(log1p)
ELBO__BY_LIBM(sin)
ELBO__BY_LIBM(cos)
ELBO__BY_LIBM(tanh)
ELBO__BY_LIBM(erf)
#undef ELBO__BY_LIBM

static inline double elbo__pow_f64(double a, double b)
{
    return pow(a, b);
}

static inline double elbo__sigmoid_f64(double x)
{
    double e = exp(-fabs(x));
    return (x < 0 ? e : 1) / (1 + e);
}

static inline double elbo__softplus_f64(double x)
{
    return (x > 0 ? x : 0) + log1p(exp(-fabs(x)));
}

#endif
