/* ELBO__CLONES: one definition, compiled for several instruction sets, chosen when the program starts.
 *
 *     ELBO__CLONES void elbo__exp_all_f32(float *y, const float *x, int64_t n)
 *     {
 *         for (int64_t i = 0; i < n; i++)
 *             y[i] = elbo__exp_f32(x[i]);
 *     }
 *
 * Written before the definition of a function with plain loops. The versions give the same bits, since a fused
 * multiply-add is written as one (`__builtin_fmaf`) and the compiler may make no others (-ffp-contract=off).
 *
 * All versions but "default" have fma. There `__builtin_fmaf` is a call of the C library, right but slow; it is for
 * x86-64 processors from before 2013. Choosing at start takes glibc; elsewhere, and on AArch64, where every processor
 * has fma, the macro is empty.
 *
 * Before version 18, clang takes "arch=x86-64-v3" but makes a wrong test for it, and no single feature in its list
 * brings both AVX2 and fma: its "fma" has floating point of 256 bits but integers of 128.
 */
#ifndef ELBO_TENSOR_CLONES_H
#define ELBO_TENSOR_CLONES_H

#include <stdint.h> /* any header of the C library: it defines __GLIBC__ */

#if !defined __x86_64__ || !defined __GLIBC__ || !defined __has_attribute
#define ELBO__CLONES
#elif !__has_attribute(target_clones)
#define ELBO__CLONES
#elif defined __clang__ && __clang_major__ < 18
#define ELBO__CLONES __attribute__((target_clones("default", "fma", "avx512f")))
#else
#define ELBO__CLONES __attribute__((target_clones("default", "arch=x86-64-v3", "arch=x86-64-v4")))
#endif

#endif
