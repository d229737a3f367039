#include "elementwise.h"

#include <string.h>

#include "config.h"

static const struct {
    const char *name;
    int operands;
    const char *formula;
} rows[] = {
#define ELEMENTWISE(operands, name, y, ...) {#name, operands, #y},
#include "elementwise.def"
};

const char *elbo__elementwise_name(int id)
{
    return rows[id].name;
}

int elbo__elementwise_operands(int id)
{
    return rows[id].operands;
}

bool elbo__elementwise_calls(int id)
{
    return strstr(rows[id].formula, "M(") && !strstr(rows[id].formula, "M(fma)");
}

/* ---- the kernels for this machine: elementwise_simd.c is compiled once for each instruction set ------------------------ */

extern const elbo__kernels elbo__kernels_base[2];
#ifdef ELBO__HAVE_X86_64_LEVELS
extern const elbo__kernels elbo__kernels_avx2[2], elbo__kernels_avx512[2];
#endif

typedef struct {
    const char *name;
    const elbo__kernels *kernels; /* f32, f64 */
} kernel_set;

static kernel_set best(void)
{
#ifdef ELBO__HAVE_X86_64_LEVELS
    /* what x86-64-v4 and x86-64-v3 add for floating point; processors that have these have the rest */
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512cd"))
        return (kernel_set){"avx512", elbo__kernels_avx512};
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2"))
        return (kernel_set){"avx2", elbo__kernels_avx2};
#endif
    return (kernel_set){"base", elbo__kernels_base};
}

const elbo__kernels *elbo__kernels_for(elbo_dtype dtype)
{
    return &best().kernels[dtype == ELBO_F64];
}

const char *elbo__kernels_name(void)
{
    return best().name;
}
