/* The elementwise kernels. Compiled once for each instruction set with ELBO__ISA set to its name, so that the loops
 * below become vector code of that width; elementwise.c picks a set when the program runs. The loops carry no
 * dependency from one element to the next (y may be an operand, at the same place), which is what the pragma says. */
#include <math.h>
#include <string.h>
#ifdef __AVX512F__
#include <immintrin.h>
#endif

#include "elementwise.h"
#include "vgamma.h"
#include "vmath.h"
#ifdef __AVX512F__
#include "vmath_avx512.h"
#endif

/* clang makes the same code without being told, and warns where it does not */
#if defined __clang__
#define INDEPENDENT
#else
#define INDEPENDENT _Pragma("omp simd")
#endif

#define ELBO__UNUSED __attribute__((unused)) /* where a row has a kernel of its own below */

#define JOIN2(a, b) a##b
#define JOIN(a, b) JOIN2(a, b)

/* ---- f32 --------------------------------------------------------------------------------------------------------- */

#define T float
#define NAME(f) f##_f32
#define M(f) JOIN(elbo__##f, _f32)
#define elbo__fabs_f32 __builtin_fabsf
#define elbo__sqrt_f32 __builtin_sqrtf
#define elbo__floor_f32 __builtin_floorf
#define elbo__rint_f32 __builtin_rintf
#define elbo__fma_f32 __builtin_fmaf
#include "elementwise_simd.inc"
#undef T
#undef NAME
#undef M

/* ---- f64 --------------------------------------------------------------------------------------------------------- */

#define T double
#define NAME(f) f##_f64
#define M(f) JOIN(elbo__##f, _f64)
#define elbo__fabs_f64 __builtin_fabs
#define elbo__sqrt_f64 __builtin_sqrt
#define elbo__floor_f64 __builtin_floor
#define elbo__rint_f64 __builtin_rint
#define elbo__fma_f64 __builtin_fma
#include "elementwise_simd.inc"

/* ---- rows that a processor has better means for ------------------------------------------------------------------ */

#ifdef __AVX512F__
/* The first n of 16 */
static inline __mmask16 first_of(int64_t n)
{
    return n < 16 ? (__mmask16)((1u << n) - 1) : 0xffff;
}

/* a / (sqrt(b) + c). The root is made of an estimate of 1 / sqrt good to 14 bits, a step of Newton's method for both
 * and a correction: correctly rounded, as trials with every mantissa show, so that results are those of other
 * processors. The instructions for roots and quotients share one slow unit, and take most of what an optimiser costs.
 * They are used for roots, if any, where a step could lose digits or overflow. */
static void over_root_quickly(int64_t n, void *y, const void *a, const void *b, const void *c)
{
    const __m512 half = _mm512_set1_ps(0.5f), one = _mm512_set1_ps(1.0f), most = _mm512_set1_ps(0x1p63f);
    for (int64_t i = 0; i < n; i += 16) {
        __mmask16 m = first_of(n - i);
        __m512 top = _mm512_maskz_loadu_ps(m, (const float *)a + i), x = _mm512_maskz_loadu_ps(m, (const float *)b + i);
        __m512 r = _mm512_min_ps(most, _mm512_rsqrt14_ps(x)), s = _mm512_mul_ps(x, r), h = _mm512_mul_ps(half, r);
        __m512 e = _mm512_fnmadd_ps(s, h, half);
        s = _mm512_fmadd_ps(s, e, s);
        h = _mm512_fmadd_ps(h, e, h);
        s = _mm512_fmadd_ps(_mm512_fnmadd_ps(s, s, x), h, s);
        __mmask16 good = _mm512_cmp_ps_mask(x, _mm512_set1_ps(0x1p-100f), _CMP_GE_OQ) &
                         _mm512_cmp_ps_mask(x, _mm512_set1_ps(0x1p126f), _CMP_LE_OQ);
        good |= _mm512_testn_epi32_mask(_mm512_castps_si512(x), _mm512_castps_si512(x)); /* 0, not -0 */
        if (good != 0xffff)
            s = _mm512_mask_sqrt_ps(s, (__mmask16)~good, x);
        __m512 t = _mm512_add_ps(s, _mm512_mask_loadu_ps(one, m, (const float *)c + i));
        _mm512_mask_storeu_ps((float *)y + i, m, _mm512_div_ps(top, t));
    }
}
#define over_root_f32 over_root_quickly

#define BY_SIXTEEN(name)                                                                                               \
    static void name##_quickly(int64_t n, void *y, const void *a, const void *b, const void *c)                        \
    {                                                                                                                  \
        (void)b, (void)c;                                                                                              \
        for (int64_t i = 0; i < n; i += 16) {                                                                          \
            const __mmask16 some = first_of(n - i);                                                                    \
            const __m512 x = _mm512_maskz_loadu_ps(some, (const float *)a + i);                                        \
            _mm512_mask_storeu_ps((float *)y + i, some, elbo__##name##_512(x));                                        \
        }                                                                                                              \
    }
BY_SIXTEEN(exp)
BY_SIXTEEN(log)
BY_SIXTEEN(tanh)
BY_SIXTEEN(sigmoid)
BY_SIXTEEN(softplus)
BY_SIXTEEN(erf)
#define exp_f32 exp_quickly
#define log_f32 log_quickly
#define tanh_f32 tanh_quickly
#define sigmoid_f32 sigmoid_quickly
#define softplus_f32 softplus_quickly
#define erf_f32 erf_quickly
#endif

/* ---- the table --------------------------------------------------------------------------------------------------- */

#ifdef ELBO__PRODUCT_KERNEL
elbo__product_kernel JOIN(elbo__product_, ELBO__ISA), JOIN(elbo__product_dots_, ELBO__ISA);
elbo__placed_kernel JOIN(elbo__product_placed_, ELBO__ISA);
elbo__sparse_kernel JOIN(elbo__product_sparse_, ELBO__ISA);
#endif

#ifdef ELBO__ROWS_KERNELS
elbo__rows_kernel JOIN(elbo__sum_rows_, ELBO__ISA), JOIN(elbo__max_rows_, ELBO__ISA);
elbo__copy_rows_kernel JOIN(elbo__copy_rows_, ELBO__ISA);
elbo__turn_kernel JOIN(elbo__turn_, ELBO__ISA);
#define sum_rows_f32 JOIN(elbo__sum_rows_, ELBO__ISA)
#define max_rows_f32 JOIN(elbo__max_rows_, ELBO__ISA)
#define copy_rows_f32 JOIN(elbo__copy_rows_, ELBO__ISA)
#define turn_f32 JOIN(elbo__turn_, ELBO__ISA)
#endif

extern const elbo__kernels JOIN(elbo__kernels_, ELBO__ISA)[2];
const elbo__kernels JOIN(elbo__kernels_, ELBO__ISA)[2] = {
    {
        .elementwise =
            {
#define ELEMENTWISE(operands, name, ...) name##_f32,
#include "elementwise.def"
            },
        .from_u8 = from_u8_f32,
        .from_i32 = from_i32_f32,
        .strided = strided_f32,
        .sum = row_sum_f32,
        .sum_lanes = sum_lanes_f32,
        .sum_abs_lanes = sum_abs_lanes_f32,
        .join_lanes = join_lanes_f32,
        .max = row_max_f32,
        .sum_rows = sum_rows_f32,
        .max_rows = max_rows_f32,
        .copy_rows = copy_rows_f32,
        .turn = turn_f32,
#ifdef ELBO__PRODUCT_KERNEL
        .product = JOIN(elbo__product_, ELBO__ISA),
        .product_dots = JOIN(elbo__product_dots_, ELBO__ISA),
        .product_sparse = JOIN(elbo__product_sparse_, ELBO__ISA),
        .product_placed = JOIN(elbo__product_placed_, ELBO__ISA),
#endif
    },
    {
        .elementwise =
            {
#define ELEMENTWISE(operands, name, ...) name##_f64,
#include "elementwise.def"
            },
        .from_u8 = from_u8_f64,
        .from_i32 = from_i32_f64,
        .strided = strided_f64,
        .sum = row_sum_f64,
        .sum_lanes = sum_lanes_f64,
        .sum_abs_lanes = sum_abs_lanes_f64,
        .join_lanes = join_lanes_f64,
        .max = row_max_f64,
        .sum_rows = sum_rows_f64,
        .max_rows = max_rows_f64,
        .copy_rows = copy_rows_f64,
        .turn = turn_f64,
    },
};
