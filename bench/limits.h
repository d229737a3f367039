/* What this machine can do at most, so that a figure can be a fraction of it: fused multiply-adds and copies, by every
 * thread at once. */
#ifndef ELBO_BENCH_LIMITS_H
#define ELBO_BENCH_LIMITS_H

#include <stddef.h>
#include <stdint.h>

/* Does nothing but fused multiply-adds, of f32 in the vectors of the kernels at work, `rounds` times on each thread. */
void fma_run(int threads, int64_t rounds);
double fma_flops(int threads, int64_t rounds); /* the floating-point operations in that: 2 for each number and round */

/* Copies to[0..bytes) from from[0..bytes), each thread an equal part. */
void copy_run(int threads, void *to, const void *from, size_t bytes);

#endif
