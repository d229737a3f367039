/* Internal: arithmetic that takes subnormal numbers (below 2^-126 in f32) for 0.
 *
 * Processors work on them some sixty times slower than on others, and training makes them: the moments of a weight
 * whose gradient has become 0 for good decay by a factor every step, until they are subnormal, and stay there. */
#ifndef ELBO_TENSOR_SUBNORMALS_H
#define ELBO_TENSOR_SUBNORMALS_H

#include <stdint.h>

typedef uint64_t elbo__float_mode;

/* From now on, on this thread, until the mode that it returns is restored. */
static inline elbo__float_mode elbo__flush_subnormals(void)
{
#if defined __x86_64__
    uint32_t mode = __builtin_ia32_stmxcsr();
    __builtin_ia32_ldmxcsr(mode | 0x8040); /* results and operands */
    return mode;
#elif defined __aarch64__
    uint64_t mode;
    __asm__ volatile("mrs %0, fpcr" : "=r"(mode));
    __asm__ volatile("msr fpcr, %0" : : "r"(mode | UINT64_C(1) << 24));
    return mode;
#else
    return 0;
#endif
}

static inline void elbo__restore_float_mode(elbo__float_mode mode)
{
#if defined __x86_64__
    __builtin_ia32_ldmxcsr((uint32_t)mode);
#elif defined __aarch64__
    __asm__ volatile("msr fpcr, %0" : : "r"(mode));
#else
    (void)mode;
#endif
}

#endif
