/* Internal: the functions of vmath.h for 16 floats at a time, with the same bits.
 *
 *     y = elbo__exp_512(x);
 *
 * The formulas, their coefficients and what bounds their errors are vmath.h's. Here are instructions that AVX-512 has
 * for parts of them and that a compiler makes of no loop: a product with a power of 2 that overflows and underflows as
 * it should (scalef), the exponent of a number and its mantissa, of a subnormal one too (getexp, getmant), the larger
 * of two. With these a function takes a half to three quarters of the instructions. */
#ifndef ELBO_TENSOR_VMATH_AVX512_H
#define ELBO_TENSOR_VMATH_AVX512_H

#include <immintrin.h>

#include "vmath.h"

#define SPREAD(x) _mm512_set1_ps(x)

/* a + b x + c x^2 + ... by Horner's rule */
#define POLY(x, ...)                                                                                                   \
    elbo__poly_512(x, (const float[]){__VA_ARGS__}, (int)(sizeof(float[]){__VA_ARGS__} / sizeof(float)))

static inline __attribute__((always_inline)) __m512 elbo__poly_512(__m512 x, const float *coefficients, int n)
{
    __m512 sum = SPREAD(coefficients[n - 1]);
#pragma GCC unroll 10
    for (int i = n - 2; i >= 0; i--)
        sum = _mm512_fmadd_ps(sum, x, SPREAD(coefficients[i]));
    return sum;
}

/* condition ? a : b */
static inline __m512 elbo__pick_512(__mmask16 condition, __m512 a, __m512 b)
{
    return _mm512_mask_mov_ps(b, condition, a);
}

static inline __m512 elbo__abs_512(__m512 x)
{
    return _mm512_abs_ps(x);
}

static inline __m512 elbo__with_sign_512(__m512 x, __m512 sign)
{
    return _mm512_or_ps(x, _mm512_and_ps(sign, SPREAD(-0.0f)));
}

/* ---- exponentials ------------------------------------------------------------------------------------------------ */

/* e^r - 1, as elbo__expm1_reduced, with k as a float */
static inline __m512 elbo__expm1_reduced_512(__m512 x, __m512 *k)
{
    __m512 shifted = _mm512_fmadd_ps(x, SPREAD(1.44269504f), SPREAD(0x1.8p23f));
    *k = shifted - SPREAD(0x1.8p23f);
    __m512 r = _mm512_fmadd_ps(*k, SPREAD(-0x1.62e43p-1f), x);
    r = _mm512_fmadd_ps(*k, SPREAD(0x1.05c61p-29f), r);
    __m512 q = POLY(r, ELBO__EXPM1_Q);
    return _mm512_fmadd_ps(r * r, q, r);
}

/* e^x for x <= 89, or NaN. Of two numbers the processor takes the second where one is NaN. */
static inline __m512 elbo__exp_below_512(__m512 x)
{
    __m512 k, p = SPREAD(1) + elbo__expm1_reduced_512(_mm512_max_ps(SPREAD(-104), x), &k);
    return _mm512_scalef_ps(p, k);
}

static inline __m512 elbo__exp_512(__m512 x)
{
    return elbo__exp_below_512(_mm512_min_ps(SPREAD(89), x));
}

/* e^-|x| */
static inline __m512 elbo__exp_down_512(__m512 x)
{
    return elbo__exp_below_512(_mm512_or_ps(x, SPREAD(-0.0f)));
}

static inline __m512 elbo__sigmoid_512(__m512 x)
{
    __m512 e = elbo__exp_down_512(x), d = SPREAD(1) + e, lost = e - (d - SPREAD(1));
    __mmask16 below = _mm512_cmp_ps_mask(x, _mm512_setzero_ps(), _CMP_LT_OQ);
    __m512 q = elbo__pick_512(below, e, SPREAD(1)) / d;
    return _mm512_fnmadd_ps(lost * q, _mm512_mask_sub_ps(q, below, SPREAD(1), q), q);
}

static inline __m512 elbo__tanh_512(__m512 x)
{
    __m512 a = elbo__abs_512(x), s = a * a;
    __m512 p = POLY(s, ELBO__TANH_P);
    __m512 small = _mm512_fmadd_ps(a * s, p, a), large = SPREAD(1) - SPREAD(2) / (elbo__exp_512(a + a) + SPREAD(1));
    return elbo__with_sign_512(elbo__pick_512(_mm512_cmp_ps_mask(a, SPREAD(0.6f), _CMP_LT_OQ), small, large), x);
}

static inline __m512 elbo__softplus_512(__m512 x)
{
    __m512 t = elbo__exp_down_512(x);
    __m512 q = POLY(t, ELBO__SOFTPLUS_P, ELBO__SOFTPLUS_Q);
    return _mm512_max_ps(x, _mm512_setzero_ps()) + _mm512_fmadd_ps(t * t, q, t);
}

/* ---- logarithms -------------------------------------------------------------------------------------------------- */

/* e and m of x = 2^e m with 2/3 <= m < 4/3: of 0 and -0 they are -inf and 1, of inf inf and 1; m is NaN for x < 0 and
 * NaN. */
static inline __m512 elbo__log_512(__m512 x)
{
    __m512 m = _mm512_getmant_ps(x, _MM_MANT_NORM_1_2, _MM_MANT_SIGN_nan), e = _mm512_getexp_ps(x);
    __mmask16 above = _mm512_cmp_ps_mask(m, SPREAD(0x1.555556p0f), _CMP_GE_OQ);
    m = _mm512_mask_mul_ps(m, above, m, SPREAD(0.5f));
    e = _mm512_mask_add_ps(e, above, e, SPREAD(1));
    __m512 f = m - SPREAD(1);
    __m512 p = POLY(f, ELBO__LOG_P, ELBO__LOG_Q);
    return _mm512_fmadd_ps(e, SPREAD(0.693147182f), _mm512_fmadd_ps(f * f, p, f));
}

/* ---- the error function ------------------------------------------------------------------------------------------ */

static inline __m512 elbo__erf_512(__m512 x)
{
    __m512 a = elbo__abs_512(x), b = _mm512_min_ps(SPREAD(4), a);
    __m512 p = POLY(a * a, ELBO__ERF_P);
    __m512 q = POLY(b, ELBO__ERF_Q);
    __m512 y = SPREAD(1) - elbo__exp_below_512(_mm512_xor_ps(q, SPREAD(-0.0f)));
    return elbo__with_sign_512(
        elbo__pick_512(_mm512_cmp_ps_mask(a, SPREAD(0.9f), _CMP_LT_OQ), _mm512_fmadd_ps(a, p, a), y), x);
}

#undef SPREAD
#undef POLY

#endif
