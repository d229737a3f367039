/* Random graphs, to try the planner on: made from a seed, run by plan and interpreter, printed and made smaller.
 *
 *     fuzz_program p = fuzz_generate(seed);
 *     char why[FUZZ_WHY];
 *     if (fuzz_try(&p, FUZZ_AS_IT_IS, NULL, why) == FUZZ_WRONG) {
 *         fuzz_shrink(&p);
 *         fuzz_print(&p, stdout);
 *     }
 *
 * A graph is written down as a program: lines that each apply an op to the results of earlier lines. The numbers of a
 * line are raw and read modulo what makes sense, so that lines can be changed or dropped and the rest still has a
 * meaning. There are two kinds. An exact one is f32, and its numbers are integers small enough that sums and products
 * of them are exact in any order (or go through correctly rounded operations only): plan and interpreter must agree to
 * the bit. A smooth one is f64 or f32, has every op, and may differ by as much as rounding can explain (fuzz_error.c).
 */
#ifndef ELBO_TESTS_FUZZ_GRAPH_H
#define ELBO_TESTS_FUZZ_GRAPH_H

#include <stdio.h>

#include "../autograd/plan/ir.h"

enum { FUZZ_LINES = 96, FUZZ_OUTPUTS = 6, FUZZ_WHY = 1000, FUZZ_NODES = 700 };

typedef struct {
    int kind;         /* a row of fuzz_kinds */
    int in[3];        /* earlier lines */
    uint32_t n[3];    /* raw numbers: axes, sizes, constants */
    elbo_shape shape; /* of a leaf */
} fuzz_line;

typedef struct {
    uint64_t seed;    /* of the values, too */
    bool exact;
    elbo_dtype dtype;
    int64_t most;     /* elements of a tensor */
    int n_lines, n_outputs, outputs[FUZZ_OUTPUTS];
    fuzz_line lines[FUZZ_LINES];
    int steps;          /* runs one after the other */
    int64_t grain, run; /* how loops are cut; 0: as the planner does */
    int threads;        /* of the second pass; the first has one thread and goes forward */
    elbo__order order;
} fuzz_program;

/* ---- building: fuzz_graph.c, fuzz_ops.c -------------------------------------------------------------------------- */

/* What is known about the numbers of a node before any run. */
typedef struct {
    double low, high;
    bool integer;
} fuzz_range;

typedef struct {
    const fuzz_program *program;
    elbo_params *params;
    elbo_graph *g;
    int line; /* the one that is being built */
    elbo_var *value[FUZZ_LINES];
    fuzz_range *ranges; /* by node */
    size_t n_ranges;
    char note[200]; /* what the last line turned out to mean */
} fuzz_build;

/* One way to make a line. `apply` returns NULL, and leaves the graph alone, where the operands do not fit. */
typedef struct {
    const char *name;
    int operands;
    int weight; /* how often, relative to the others */
    bool leaf;
    elbo_var *(*apply)(fuzz_build *b, const fuzz_line *line, elbo_var **in);
} fuzz_kind;
extern const fuzz_kind fuzz_kinds[];
extern const int fuzz_kinds_count;
int fuzz_kind_named(const char *name);

uint64_t fuzz_hash(uint64_t seed, uint64_t what);
fuzz_program fuzz_generate(uint64_t seed);

/* false: a line does not fit. The caller frees what was built in both cases. */
bool fuzz_build_all(fuzz_build *b, const fuzz_program *p);
bool fuzz_build_line(fuzz_build *b, const fuzz_line *line); /* appends; for the generator */
void fuzz_build_free(fuzz_build *b);
void fuzz_print(const fuzz_program *p, FILE *file);

/* ---- ranges: fuzz_range.c ---------------------------------------------------------------------------------------- */

/* How far an elementwise row rounds: not at all, as one correctly rounded operation does, at most as that does (a
 * product that a plan may round together with a sum), or as a function may. */
typedef enum { FUZZ_NOT_ROUNDED, FUZZ_ROUNDED_ONCE, FUZZ_ROUNDED_FREELY, FUZZ_FUNCTION } fuzz_rounding;
fuzz_rounding fuzz_rounding_of(int row);
double fuzz_forward(int row, double a, double b, double c);

/* The range of an elementwise operation's results; false where it is not defined or too large to be followed. */
bool fuzz_range_of_elementwise(int row, const fuzz_range *in, fuzz_range *out, bool exact);

/* Follows the ranges to the end of the graph; false where a node is too large or, in an exact graph, not exact. */
bool fuzz_range_follow(fuzz_build *b);
double fuzz_range_limit(bool exact);

/* Products of matrices and convolutions: each number is a sum of so many products of two. */
bool fuzz_multiplies(const elbo_var *x);
int64_t fuzz_terms(const elbo_var *x);
fuzz_range fuzz_range_of_state(bool exact);

/* Bessel functions, and functions of positive definite matrices, whose eigenvalues here are at least 1. */
bool fuzz_is_bessel(const elbo_var *x);
bool fuzz_is_spd(const elbo_var *x);

/* ---- running: fuzz_run.c, fuzz_error.c, fuzz_shrink.c ------------------------------------------------------------ */

typedef enum {
    FUZZ_FINE,
    FUZZ_WRONG,   /* `why` says in which way */
    FUZZ_NO_GRAPH /* a line does not fit, or the fault has no place here */
} fuzz_outcome;

/* Counts over all that was tried. */
typedef struct {
    int64_t graphs, nodes, stages, loops, blocks;
    int64_t elements, loose; /* numbers compared; those that might be 10,000 roundings apart */
    int64_t with_stages[8];
} fuzz_stats;

/* Compiles, checks and runs a program. `stats` may be NULL; `fault` is one of plan_faults.h to be planted, or
 * FUZZ_AS_IT_IS. */
enum { FUZZ_AS_IT_IS = -1 };
fuzz_outcome fuzz_try(const fuzz_program *p, int fault, fuzz_stats *stats, char *why);

/* The interpreter with a bound on how far rounding can take a plan from it: out[i] and bound[i] (f64) are new tensors.
 * The bounds of the parameters are kept in a set of their own, which begins as zeros. */
elbo_params *fuzz_bounds_of(const elbo_params *params);
elbo_status fuzz_bounded(const elbo_graph *g, elbo_params *params, elbo_params *bounds, elbo_at at,
                         const elbo_feed *feeds, int n_feeds, elbo_var *const *outputs, int n, elbo_tensor *out,
                         elbo_tensor *bound);

/* A smaller program that still goes wrong. */
void fuzz_shrink(fuzz_program *p);

#endif
