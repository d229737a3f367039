/* What the library finds on the machine that it runs on, and which of its kernels it therefore uses.
 *
 *     elbo_machine machine = elbo_machine_describe();
 *     printf("%s: %s\n", machine.processor, machine.instructions);            // AMD EPYC 9R14: avx512
 */
#ifndef ELBO_TENSOR_MACHINE_H
#define ELBO_TENSOR_MACHINE_H

#include "tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The strings are the library's and stay. */
typedef struct {
    const char *processor;    /* its name as the system gives it; where there is none, the architecture          */
    const char *instructions; /* the set that our own kernels are compiled for: "avx512", "avx2" or "base"       */
    const char *blis;         /* the kernel set of BLIS: "haswell", "zen3", "skx", ..., "generic" for plain C    */
    bool own_f32, own_f64;    /* products of this dtype are our own kernel's work; otherwise they are BLIS's     */
} elbo_machine;

/* The environment has a say: ELBO_KERNELS=base or avx2 asks for kernels of a lesser set than the processor has,
 * BLIS_ARCH_TYPE for another kernel set of BLIS. Both are read once. */
ELBO_API elbo_machine elbo_machine_describe(void);

#ifdef __cplusplus
}
#endif
#endif
