/* Internal: floats by their bits, choices without branches, and polynomials: what vmath.h is made of.
 *
 * gcc leaves a floating-point operation that stands under a condition where it is, since running it could raise a flag;
 * a loop that holds one stays scalar. Given `c ? a : b`, it may well move the computation of a or b under the condition
 * by itself. A choice between bits gives it nothing to move.
 */
#ifndef ELBO_TENSOR_BITS_H
#define ELBO_TENSOR_BITS_H

#include <stdbool.h>
#include <stdint.h>

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

/* condition ? a : b */
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

static inline double elbo__poly3_f64(double x, double a, double b, double c, double d)
{
    return __builtin_fma(__builtin_fma(__builtin_fma(d, x, c), x, b), x, a);
}

static inline double elbo__poly5_f64(double x, double a, double b, double c, double d, double e, double f)
{
    return __builtin_fma(__builtin_fma(elbo__poly3_f64(x, c, d, e, f), x, b), x, a);
}

static inline double elbo__poly6_f64(double x, double a, double b, double c, double d, double e, double f, double g)
{
    return __builtin_fma(elbo__poly5_f64(x, b, c, d, e, f, g), x, a);
}

#endif
