#include "limits.h"

#include <pthread.h>
#include <string.h>

#include "common.h"

/* ---- arithmetic -------------------------------------------------------------------------------------------------- */

/* Independent sums enough to keep three pipes of latency four busy, and few enough for sixteen registers: each a
 * variable of its own, so that no optimiser is needed to keep them out of memory. */
#define EACH_SUM(DO) DO(0) DO(1) DO(2) DO(3) DO(4) DO(5) DO(6) DO(7) DO(8) DO(9) DO(10) DO(11)
enum { SUMS = 12 };
#define START(i) vector x##i = a * (float)i;
#define MULTIPLY_ADD(i) x##i = x##i * a + b;
#define ADD_UP(i) all += x##i;

/* x <- x a + b on SUMS vectors, `rounds` times; returns the sum of all numbers in them. a and b are read at run time
 * and every x starts elsewhere, so that the compiler can leave nothing out. This file is compiled with
 * -ffp-contract=fast. */
#define FMA_LOOP(name, bytes, target)                                                                                  \
    target static double name(int64_t rounds, const volatile float *factors)                                           \
    {                                                                                                                  \
        typedef float vector __attribute__((vector_size(bytes)));                                                      \
        const vector a = (vector){0} + factors[0], b = (vector){0} + factors[1];                                       \
        EACH_SUM(START)                                                                                                \
        for (int64_t r = 0; r < rounds; r++) {                                                                         \
            EACH_SUM(MULTIPLY_ADD)                                                                                     \
        }                                                                                                              \
        vector all = {0};                                                                                              \
        EACH_SUM(ADD_UP)                                                                                               \
        double sum = 0;                                                                                                \
        for (size_t lane = 0; lane < sizeof all / sizeof(float); lane++)                                               \
            sum += all[lane];                                                                                          \
        return sum;                                                                                                    \
    }

FMA_LOOP(fma_16, 16, )
#ifdef __x86_64__
FMA_LOOP(fma_32, 32, __attribute__((target("avx2,fma"))))
FMA_LOOP(fma_64, 64, __attribute__((target("avx512f"))))
#endif

/* ---- copies ------------------------------------------------------------------------------------------------------ */

/* Copies `n` bytes, four vectors at a time; what is left over is not worth a loop. The compiler shall not make a call
 * of memcpy of it: those move short blocks by instructions that are slow to start, and long ones past the caches. */
#define COPY_LOOP(name, bytes, target)                                                                                 \
    target static void name(char *to, const char *from, size_t n)                                                      \
    {                                                                                                                  \
        typedef float vector __attribute__((vector_size(bytes), aligned(4), may_alias));                               \
        size_t i = 0;                                                                                                  \
        for (; i + 4 * bytes <= n; i += 4 * bytes) {                                                                   \
            const vector *x = (const vector *)(const void *)(from + i);                                                \
            vector *y = (vector *)(void *)(to + i);                                                                    \
            const vector x0 = x[0], x1 = x[1], x2 = x[2], x3 = x[3];                                                   \
            y[0] = x0, y[1] = x1, y[2] = x2, y[3] = x3;                                                                \
            __asm__ volatile("" : : : "memory");                                                                       \
        }                                                                                                              \
        memcpy(to + i, from + i, n - i);                                                                               \
    }

COPY_LOOP(copy_16, 16, )
#ifdef __x86_64__
COPY_LOOP(copy_32, 32, __attribute__((target("avx2,fma"))))
COPY_LOOP(copy_64, 64, __attribute__((target("avx512f"))))
#endif

/* ---- by every thread --------------------------------------------------------------------------------------------- */

typedef struct {
    int lanes;
    double (*fma)(int64_t rounds, const volatile float *factors);
    void (*copy)(char *to, const char *from, size_t n);
} loops;

/* With the vectors of the library's kernels: the widest that the processor has, unless ELBO_KERNELS asks for less. */
static loops chosen;

static void choose(void)
{
    chosen = (loops){4, fma_16, copy_16};
#ifdef __x86_64__
    const char *kernels = elbo_machine_describe().instructions;
    if (strcmp(kernels, "avx512") == 0)
        chosen = (loops){16, fma_64, copy_64};
    else if (strcmp(kernels, "avx2") == 0)
        chosen = (loops){8, fma_32, copy_32};
#endif
}

static loops widest(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, choose);
    return chosen;
}

/* x a + b with a = 1/2 and b = 1 ends at 2, exactly, from anywhere: another sum means that the loop did not do its
 * work. */
void fma_run(int threads, int64_t rounds)
{
    static const volatile float factors[2] = {0.5f, 1.0f};
    const loops kernel = widest();
    double sum = 0;
    if (threads == 1) { /* a region of one thread is not free: neither of time nor of system calls */
        sum = kernel.fma(rounds, factors);
    } else {
#pragma omp parallel num_threads(threads) reduction(+ : sum)
        sum += kernel.fma(rounds, factors);
    }
    if (sum != 2.0 * SUMS * kernel.lanes * threads)
        fail("the FMA loop came to %g", sum);
}

double fma_flops(int threads, int64_t rounds)
{
    return 2.0 * SUMS * widest().lanes * threads * (double)rounds;
}

static void copy_part(int part, int parts, char *to, const char *from, size_t bytes)
{
    const size_t first = bytes * (size_t)part / (size_t)parts, end = bytes * ((size_t)part + 1) / (size_t)parts;
    widest().copy(to + first, from + first, end - first);
}

void copy_run(int threads, void *to, const void *from, size_t bytes)
{
    if (threads == 1) {
        copy_part(0, 1, to, from, bytes);
        return;
    }
#pragma omp parallel for num_threads(threads) schedule(static)
    for (int t = 0; t < threads; t++)
        copy_part(t, threads, to, from, bytes);
}
