/* Internal: elementary functions without branches, tables or calls, so that a plain loop over them is vector code.
 *
 *     for (int64_t i = 0; i < n; i++)
 *         y[i] = elbo__exp_f32(x[i]);
 *
 * gcc and clang vectorise such a loop wherever the machine has fma (see clones.h). The functions of a vector maths
 * library give other bits in the remainder of a loop than in its body; these give the same bits wherever the loop is
 * cut, for any width of vectors. Three rules make it so: a fused multiply-add is written out, no other may be made
 * (-ffp-contract=off), and a choice between two values is one between bits, both of them computed.
 *
 * Each f32 function takes every float, and gives what C asks for at infinities, zeros, overflow and subnormals. A NaN
 * gives a NaN, of any payload. The ULP of a comment bounds the error, in units of the exact result's last place,
 * against the C library in double: found by trying every float (pow: 5 10^7 pairs), kept by tests/test_vmath.c over a
 * part of them.
 *
 * The polynomials p and q are minimax fits (Remez exchange in 40 digits) to what is left of the function after the
 * terms that are written out, weighted so that the relative error of the whole is level, at most 2^-27; then rounded
 * to float, the higher coefficients of some fitted again to the rounded lower ones.
 */
#ifndef ELBO_TENSOR_VMATH_H
#define ELBO_TENSOR_VMATH_H

#include <math.h>

#include "bits.h"

/* Their coefficients, which vmath_avx512.h has use for too. */
#define ELBO__EXPM1_Q 0.5f, 0.166666657f, 0.0416664816f, 0.00833342038f, 0.00139333331f, 0.000198241018f
#define ELBO__TANH_P -0.333332986f, 0.133319363f, -0.0537847169f, 0.0207986273f, -0.0058979718f
#define ELBO__LOG_P -0.5f, 0.333332151f, -0.249997973f
#define ELBO__LOG_Q 0.200104058f, -0.166804895f, 0.140058711f, -0.121842287f, 0.139844313f, -0.128918231f
#define ELBO__SOFTPLUS_P -0.499999017f, 0.333299637f, -0.249541342f, 0.196759388f
#define ELBO__SOFTPLUS_Q -0.153055921f, 0.106036551f, -0.0569595359f, 0.0198514629f, -0.0032440254f
#define ELBO__ERF_P                                                                                                    \
    0.128379166f, -0.376126289f, 0.112836242f, -0.02685556f, 0.00519175315f, -0.000803975272f, 7.94309963e-05f
#define ELBO__ERF_Q                                                                                                    \
    0.000166456099f, 1.12779725f, 0.636976004f, 0.104113825f, -0.0223153327f, 0.00306554162f, -0.000198229609f

/* ---- exponentials ------------------------------------------------------------------------------------------------ */

/* x = k log 2 + r with |r| <= log(2) / 2, k to the nearest; returns e^r - 1 = r + r^2 (1/2 + r q(r)), q of degree 4.
 * |x| <= 104, or NaN */
static inline float elbo__expm1_reduced(float x, int32_t *k)
{
    float shifted = __builtin_fmaf(x, 1.44269504f, 0x1.8p23f); /* its last bits are k */
    float kf = shifted - 0x1.8p23f;
    *k = (int32_t)(elbo__bits_f32(shifted) - elbo__bits_f32(0x1.8p23f));
    float r = __builtin_fmaf(kf, -0x1.62e43p-1f, x); /* log 2 in two floats; this step is exact */
    r = __builtin_fmaf(kf, 0x1.05c61p-29f, r);
    float q = elbo__poly5(r, ELBO__EXPM1_Q);
    return __builtin_fmaf(r * r, q, r);
}

/* e^x = 2^k e^r, 1.0 ULP. 2^k is two factors, so that only the last product can round to a subnormal or overflow. */
static inline float elbo__exp_f32(float x)
{
    int32_t k;
    float p = 1.0f + elbo__expm1_reduced(elbo__clamp_f32(x, -104.0f, 89.0f), &k);
    int32_t half = k >> 1;
    return p * elbo__pow2_f32(half) * elbo__pow2_f32(k - half);
}

/* e^x - 1 = 2 (2^(k-1) (e^r - 1) + (2^(k-1) - 1/2)), 1.5 ULP */
static inline float elbo__expm1_f32(float x)
{
    int32_t k;
    float p = elbo__expm1_reduced(elbo__clamp_f32(x, -20.0f, 89.0f), &k);
    float half = elbo__pow2_f32(k - 1);
    float y = 2.0f * __builtin_fmaf(half, p, half - 0.5f);
    return elbo__pick_f32(elbo__abs_f32(x) < 0x1p-25f, x, y);
}

/* 1 / (1 + e^-x), as e^x / (1 + e^x) for x < 0, 2.0 ULP. What 1 + e loses in rounding is given back to first order:
 * the derivative of n / d by d is -(n / d) / d, and 1 / d is q for n = 1, 1 - q for n = e. */
static inline float elbo__sigmoid_f32(float x)
{
    float e = elbo__exp_f32(-elbo__abs_f32(x));
    float d = 1.0f + e, lost = e - (d - 1.0f);
    float q = elbo__pick_f32(x < 0.0f, e, 1.0f) / d;
    return __builtin_fmaf(-lost * q, elbo__pick_f32(x < 0.0f, 1.0f - q, q), q);
}

/* x + x^3 p(x^2), p of degree 4, for |x| < 0.6, else 1 - 2 / (e^2|x| + 1), with the sign of x; 1.4 ULP */
static inline float elbo__tanh_f32(float x)
{
    float a = elbo__abs_f32(x), s = a * a;
    float p = elbo__poly4(s, ELBO__TANH_P);
    float small = __builtin_fmaf(a * s, p, a);
    float large = 1.0f - 2.0f / (elbo__exp_f32(2.0f * a) + 1.0f);
    return elbo__with_sign_f32(elbo__pick_f32(a < 0.6f, small, large), x);
}

/* ---- logarithms -------------------------------------------------------------------------------------------------- */

/* The e of x = 2^e m with 2/3 <= m < 4/3, for a normal x > 0 */
static inline int32_t elbo__exponent_f32(float x)
{
    return (int32_t)(elbo__bits_f32(x) - elbo__bits_f32(0x1.555556p-1f)) >> 23;
}

/* x / 2^e, for normal x and x / 2^e (or e = 0) */
static inline float elbo__scale_down_f32(float x, int32_t e)
{
    return elbo__of_bits_f32(elbo__bits_f32(x) - ((uint32_t)e << 23));
}

/* e log 2 + log(1 + f) for |f| <= 1/3, the second as f - f^2/2 + f^3 q(f), q of degree 7 */
static inline float elbo__log_reduced(float f, int32_t e)
{
    float q = elbo__poly5(f, ELBO__LOG_Q);
    float p = elbo__poly3(f, ELBO__LOG_P, q);
    return __builtin_fmaf((float)e, 0.693147182f, __builtin_fmaf(f * f, p, f));
}

/* log x, 1.0 ULP */
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

/* log(1 + x), with the e of the rounded 1 + x and f = x / 2^e + (1 / 2^e - 1), which loses nothing of x; 1.6 ULP */
static inline float elbo__log1p_f32(float x)
{
    int32_t e = elbo__exponent_f32(1.0f + x);
    float f = elbo__scale_down_f32(x, e) + __builtin_fmaf(0.25f, elbo__pow2_f32(2 - e), -1.0f);
    float y = elbo__pick_f32(x < INFINITY, elbo__log_reduced(f, e), x);
    y = elbo__pick_f32(elbo__abs_f32(x) < 0x1p-25f, x, y);
    y = elbo__pick_f32(x == -1.0f, -INFINITY, y);
    return elbo__pick_f32(x < -1.0f, NAN, y);
}

/* log(1 + e^x) = max(x, 0) + log(1 + t) with t = e^-|x|, log(1 + t) = t + t^2 q(t) for 0 <= t <= 1, q of degree 8; 2.1
 * ULP */
static inline float elbo__softplus_f32(float x)
{
    float t = elbo__exp_f32(-elbo__abs_f32(x));
    float q = elbo__poly4(t, ELBO__SOFTPLUS_P, elbo__poly4(t, ELBO__SOFTPLUS_Q));
    return elbo__pick_f32(x > 0.0f, x, 0.0f) + __builtin_fmaf(t * t, q, t);
}

/* ---- sine and cosine --------------------------------------------------------------------------------------------- */

/* sin r = r + r^3 p(r^2), p of degree 3, and cos r = 1 - r^2/2 + r^4 p(r^2), p of degree 2, for |r| <= 0.79 */
static inline float elbo__sin_reduced(float r)
{
    float s = r * r;
    float p = elbo__poly3(s, -0.166666672f, 0.00833337847f, -0.000198525624f, 2.82634505e-06f);
    return __builtin_fmaf(r * s, p, r);
}

static inline float elbo__cos_reduced(float r)
{
    float s = r * r;
    float p = elbo__poly3(s, -0.5f, 0.0416666456f, -0.00138872978f, 2.44300845e-05f);
    return __builtin_fmaf(s, p, 1.0f);
}

/* x = k pi/2 + r with |r| <= pi/4; the last two bits of *quadrant are those of k. pi/2 is three floats, the first step
 * is exact. Past |x| = 1e5, k is no longer the nearest; the clamp keeps |sin| and |cos| <= 1 for any finite x. */
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

/* sin x, 1.5 ULP for |x| <= 1e5; beyond, a number in [-1, 1] without meaning */
static inline float elbo__sin_f32(float x)
{
    uint32_t q;
    float r = elbo__quarter_turns_f32(elbo__abs_f32(x), &q);
    float y = elbo__pick_f32((q & 1) != 0, elbo__cos_reduced(r), elbo__sin_reduced(r));
    return elbo__of_bits_f32(elbo__bits_f32(y) ^ ((q & 2) << 30) ^ (elbo__bits_f32(x) & 0x80000000u));
}

/* cos x, 1.5 ULP for |x| <= 1e5; beyond, a number in [-1, 1] without meaning */
static inline float elbo__cos_f32(float x)
{
    uint32_t q;
    float r = elbo__quarter_turns_f32(elbo__abs_f32(x), &q);
    float y = elbo__pick_f32((q & 1) != 0, elbo__sin_reduced(r), elbo__cos_reduced(r));
    return elbo__of_bits_f32(elbo__bits_f32(y) ^ (((q + 1) & 2) << 30));
}

/* ---- erf and pow ------------------------------------------------------------------------------------------------- */

/* x + x p(x^2) for |x| < 0.9, else 1 - e^-q(|x|) with q to 4, where it is 1; both of degree 6; 1.2 ULP */
static inline float elbo__erf_f32(float x)
{
    float a = elbo__abs_f32(x), b = elbo__clamp_f32(a, 0.0f, 4.0f);
    float p = elbo__poly6(a * a, ELBO__ERF_P);
    float q = elbo__poly6(b, ELBO__ERF_Q);
    float y = elbo__pick_f32(a < 0.9f, __builtin_fmaf(a, p, a), 1.0f - elbo__exp_f32(-q));
    return elbo__with_sign_f32(y, x);
}

/* log2 x = e + t p(t^2), in double: x = 2^e m with 2/3 <= m < 4/3, t = (m - 1) / (m + 1), p of degree 5 (2^-42). For
 * x >= 0 that is 0, infinite or a normal double. */
static inline double elbo__log2_reduced(double x)
{
    uint64_t one = elbo__bits_f64(1.0);
    uint64_t e = (elbo__bits_f64(x) + (one - elbo__bits_f64(0x1.5555555555555p-1))) >> 52; /* plus 1023 */
    double m = elbo__of_bits_f64(elbo__bits_f64(x) - (e << 52) + one);
    double t = (m - 1.0) / (m + 1.0);
    double p = elbo__poly5_f64(t * t, 2.8853900817774281, 0.96179669482037267, 0.57707775676342965,
                               0.41222608043030534, 0.31928801147215757, 0.2907983787574292);
    double ef = elbo__of_bits_f64(e | elbo__bits_f64(0x1p52)) - (0x1p52 + 1023.0);
    double y = elbo__pick_f64(x < INFINITY, __builtin_fma(t, p, ef), x);
    return elbo__pick_f64(x == 0.0, -INFINITY, y);
}

/* a^b = 2^(b log2 |a|) in double, with the sign of an odd power; 0.6 ULP. 2^r of degree 6 for |r| <= 1/2 (2^-29). */
static inline float elbo__pow_f32(float a, float b)
{
    double x = elbo__abs_f32(a), y = b;
    uint64_t one = elbo__bits_f64(1.0);
    double log2 = elbo__log2_reduced(x);
    y = elbo__pick_f64(y == 0.0, 0.0, elbo__pick_f64(x == 1.0, 0.0, y * log2)); /* 1^b = a^0 = 1, even of a NaN */

    y = elbo__clamp_f64(y, -200.0, 200.0);
    double shifted = y + 0x1.8p52; /* its last bits are the k of y = k + r */
    double r = y - (shifted - 0x1.8p52);
    double power = elbo__poly6_f64(r, 1.000000000554256, 0.69314720573620603, 0.24022646889775504, 0.055503287783873478,
                                   0.0096184890547192127, 0.0013399930638323503, 0.00015345790788531008);
    float z = (float)(power * elbo__of_bits_f64((elbo__bits_f64(shifted) << 52) + one));

    /* From 2^24 on every float is even; a NaN counts as a fraction. */
    float exponent = elbo__pick_f32(b == b, elbo__clamp_f32(b, -0x1p24f, 0x1p24f), 0.5f);
    int32_t whole = (int32_t)exponent;
    bool fraction = (float)whole != exponent;
    z = elbo__pick_f32((a < 0.0f) & (a > -INFINITY) & fraction, NAN, z);
    uint32_t odd = (uint32_t)whole & (uint32_t)!fraction;
    return elbo__of_bits_f32(elbo__bits_f32(z) ^ (elbo__bits_f32(a) & (odd << 31)));
}

/* ---- remainders -------------------------------------------------------------------------------------------------- */

/* r less the nearest multiple of y > 0; with rint, for gcc makes no vector code of floor */
static inline double elbo__modulo_step(double r, double y)
{
    return __builtin_fma(-__builtin_rint(r / y), y, r);
}

/* a - b floor(a / b), exactly, but for one rounding where a and b have different signs; a zero has the sign of b. A
 * step in double takes 53 bits off the quotient, which has at most 277: what it leaves is exact, a multiple of the last
 * place of a or of b, and at most half of |b| in the end. */
static inline float elbo__modulo_f32(float a, float b)
{
    double x = elbo__abs_f32(a), y = elbo__abs_f32(b), r = x;
    r = elbo__modulo_step(elbo__modulo_step(elbo__modulo_step(r, y), y), y);
    r = elbo__modulo_step(elbo__modulo_step(elbo__modulo_step(r, y), y), y);
    r = elbo__pick_f64(r < 0.0, r + y, r);
    r = elbo__pick_f64((y == INFINITY) & (x < INFINITY), x, r);
    bool apart = ((a < 0.0f) ^ (b < 0.0f)) & (r != 0.0);
    r = elbo__pick_f64(apart, y - r, r);
    return elbo__with_sign_f32(elbo__abs_f32((float)r), b);
}

/* ---- double ------------------------------------------------------------------------------------------------------ */

/* The C library's, for checking derivatives: one number at a time. */
static inline double elbo__exp_f64(double x) { return exp(x); }
static inline double elbo__expm1_f64(double x) { return expm1(x); }
static inline double elbo__tanh_f64(double x) { return tanh(x); }
static inline double elbo__log_f64(double x) { return log(x); }
static inline double elbo__log1p_f64(double x) { return log1p(x); }
static inline double elbo__sin_f64(double x) { return sin(x); }
static inline double elbo__cos_f64(double x) { return cos(x); }
static inline double elbo__erf_f64(double x) { return erf(x); }
static inline double elbo__pow_f64(double a, double b) { return pow(a, b); }

static inline double elbo__modulo_f64(double a, double b)
{
    double r = fmod(fabs(a), fabs(b));
    return copysign(r != 0 && !signbit(a) != !signbit(b) ? fabs(b) - r : r, b);
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
