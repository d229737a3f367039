#include "elementwise.h"

#include <pthread.h>
#include <stdlib.h>
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

/* ---- the kernels for this machine: elementwise_simd.c is compiled once for each instruction set ------------------ */

extern const elbo__kernels elbo__kernels_base[2];
#ifdef ELBO__HAVE_X86_64_LEVELS
extern const elbo__kernels elbo__kernels_avx2[2], elbo__kernels_avx512[2];
#endif

#ifdef ELBO__HAVE_X86_64_LEVELS
/* What x86-64-v4 and x86-64-v3 add for floating point; processors that have these have the rest. */
static bool has_avx512(void)
{
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512cd");
}

static bool has_avx2(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2");
}
#endif

/* Best first. */
static const struct {
    const char *name;
    const elbo__kernels *kernels; /* f32, f64 */
    bool (*runs)(void);           /* NULL: everywhere */
} sets[] = {
#ifdef ELBO__HAVE_X86_64_LEVELS
    {"avx512", elbo__kernels_avx512, has_avx512},
    {"avx2", elbo__kernels_avx2, has_avx2},
#endif
    {"base", elbo__kernels_base, NULL},
};
enum { SETS = sizeof sets / sizeof sets[0] };

/* The best set that runs here, or a lesser one that the environment asks for. */
static int chosen;

static void choose(void)
{
    const char *wanted = getenv("ELBO_KERNELS");
    while (sets[chosen].runs && !sets[chosen].runs())
        chosen++;
    for (int i = chosen; wanted && i < SETS; i++)
        if (strcmp(sets[i].name, wanted) == 0)
            chosen = i;
}

static int best(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, choose);
    return chosen;
}

const elbo__kernels *elbo__kernels_for(elbo_dtype dtype)
{
    return &sets[best()].kernels[dtype == ELBO_F64];
}

const char *elbo__kernels_name(void)
{
    return sets[best()].name;
}
