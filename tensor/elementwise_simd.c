/* The elementwise kernels. Compiled once for each instruction set with ELBO__ISA set to its name, so that the loops below
 * become vector code of that width; elementwise.c picks a set when the program runs. The loops carry no dependency from
 * one element to the next (y may be an operand, at the same place), which is what the pragma says. */
#include <math.h>

#include "elementwise.h"
#include "vmath.h"

/* clang makes the same code without being told, and warns where it does not */
#if defined __clang__
#define INDEPENDENT
#else
#define INDEPENDENT _Pragma("omp simd")
#endif

#define JOIN2(a, b) a##b
#define JOIN(a, b) JOIN2(a, b)

/* ---- f32 --------------------------------------------------------------------------------------------------------- */

#define T float
#define NAME(f) f##_f32
#define M(f) JOIN(elbo__##f, _f32)
#define elbo__fabs_f32 __builtin_fabsf
#define elbo__sqrt_f32 __builtin_sqrtf
#define elbo__floor_f32 __builtin_floorf
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
#define elbo__fma_f64 __builtin_fma
#include "elementwise_simd.inc"

/* ---- the table ------------------------------------------------------------------------------------------------------- */

#ifdef ELBO__PRODUCT_KERNEL
elbo__product_kernel JOIN(elbo__product_, ELBO__ISA);
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
        .max = row_max_f32,
#ifdef ELBO__PRODUCT_KERNEL
        .product = JOIN(elbo__product_, ELBO__ISA),
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
        .max = row_max_f64,
    },
};
