/* The kinds of lines of a random graph, and what the functions that apply them share. */
#ifndef ELBO_TESTS_FUZZ_OPS_H
#define ELBO_TESTS_FUZZ_OPS_H

#include <stdarg.h>

#include "fuzz_graph.h"

/* KIND(name, operands, how often, leaf); elementwise ops come before these, by their own table. */
#define FUZZ_KINDS(KIND)                                                                                               \
    KIND(input, 0, 4, true)                                                                                            \
    KIND(bytes, 0, 2, true)                                                                                            \
    KIND(index, 0, 2, true)                                                                                            \
    KIND(scalar, 0, 1, true)                                                                                           \
    KIND(constant, 0, 1, true)                                                                                         \
    KIND(array, 0, 1, true)                                                                                            \
    KIND(param, 0, 3, true)                                                                                            \
    KIND(state, 0, 2, true)                                                                                            \
    KIND(normal, 0, 1, true)                                                                                           \
    KIND(uniform, 0, 1, true)                                                                                          \
    KIND(slab, 1, 4, false)                                                                                            \
    KIND(clamp, 1, 3, false)                                                                                           \
    KIND(scale, 1, 3, false)                                                                                           \
    KIND(shift, 1, 2, false)                                                                                           \
    KIND(cast, 1, 20, false)                                                                                           \
    KIND(one_hot, 1, 2, false)                                                                                         \
    KIND(straight_through, 2, 4, false)                                                                                \
    KIND(detach, 1, 2, false)                                                                                          \
    KIND(sum, 1, 10, false)                                                                                            \
    KIND(max, 1, 6, false)                                                                                             \
    KIND(mean, 1, 1, false)                                                                                            \
    KIND(sum_all, 1, 2, false)                                                                                         \
    KIND(argmax, 1, 4, false)                                                                                          \
    KIND(logsumexp, 1, 3, false)                                                                                       \
    KIND(softmax, 1, 3, false)                                                                                         \
    KIND(log_softmax, 1, 3, false)                                                                                     \
    KIND(bessel, 1, 6, false)                                                                                          \
    KIND(spd, 1, 8, false)                                                                                             \
    KIND(matmul, 2, 30, false)                                                                                         \
    KIND(conv2d, 2, 20, false)                                                                                         \
    KIND(conv_transpose2d, 2, 20, false)                                                                               \
    KIND(reshape, 1, 10, false)                                                                                        \
    KIND(permute, 1, 10, false)                                                                                        \
    KIND(expand, 1, 6, false)                                                                                          \
    KIND(slice, 1, 8, false)                                                                                           \
    KIND(pad, 1, 5, false)                                                                                             \
    KIND(concat, 3, 10, false)                                                                                         \
    KIND(gather, 2, 20, false)                                                                                         \
    KIND(scatter_add, 2, 20, false)                                                                                    \
    KIND(grad, 2, 12, false)                                                                                           \
    KIND(assign, 2, 20, false)                                                                                         \
    KIND(assign_if, 3, 10, false)

/* Returns the new node, or NULL where the operands do not fit. */
#define APPLY(name)                                                                                                    \
    elbo_var *fuzz_apply_##name(__attribute__((unused)) fuzz_build *b, __attribute__((unused)) const fuzz_line *line,  \
                                __attribute__((unused)) elbo_var **in)
#define KIND(name, ...) APPLY(name);
FUZZ_KINDS(KIND)
#undef KIND
APPLY(elementwise);

enum { FUZZ_AXES = 5 };

/* Raw number k of the line, brought below `below`. */
static inline int64_t fuzz_pick(const fuzz_line *line, int k, int64_t below)
{
    return below > 0 ? line->n[k] % below : 0;
}

static inline bool fuzz_is_number(const elbo_var *x)
{
    return x->dtype == x->graph->dtype;
}

static inline bool fuzz_fits(const fuzz_build *b, const elbo_shape *shape)
{
    return shape->ndim <= FUZZ_AXES && elbo_shape_size(shape) <= b->program->most;
}

/* Writes down, for people, what the raw numbers turned out to mean. */
static inline void fuzz_note(fuzz_build *b, const char *format, ...) ELBO_PRINTF(2, 3);
static inline void fuzz_note(fuzz_build *b, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(b->note, sizeof b->note, format, args);
    va_end(args);
}

#endif
