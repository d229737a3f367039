/* Plans: a graph compiled for repeated runs.
 *
 *     elbo_plan *plan = elbo_compile(g, outputs, 2);        // the graph may be freed afterwards
 *     elbo_status status = elbo_plan_bind(plan, "x", elbo_tensor_of(ELBO_F32, ELBO_SHAPE(128, 784), pixels));
 *     if (status == ELBO_OK)
 *         status = elbo_plan_set(plan, "lr", 1e-3);
 *     for (uint64_t step = 0; step < 100 && status == ELBO_OK; step++)
 *         status = elbo_plan_run(plan, params, (elbo_at){.seed = 1, .step = step});
 *     elbo_tensor loss = elbo_plan_output(plan, 0);         // valid until the next run
 *
 * A run allocates nothing, and takes subnormal numbers (below 1.2e-38 in f32) for 0, since processors are slow with
 * them and decaying moments come to them; the caller's floating-point mode is restored. The results are the same, bit
 * for bit, for any number of threads. A plan is not re-entrant; different plans may run at the same time from different
 * threads, if they do not assign to a shared parameter set.
 */
#ifndef ELBO_AUTOGRAD_PLAN_H
#define ELBO_AUTOGRAD_PLAN_H

#include "graph.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct elbo_plan elbo_plan;

/* What a run's random numbers depend on besides their stream: see elbo_random_normal. */
typedef struct {
    uint64_t seed, step, first_row, first_draw;
} elbo_at;

/* Threads used by the plans compiled from now on: at most the processors this process may use, at least 1. 0, which is
 * also the default: as many as the environment variable OMP_NUM_THREADS says, or that maximum. Returns how many it
 * is. */
ELBO_API int elbo_set_threads(int threads);
ELBO_API int elbo_threads(void);

/* Compiles the outputs and every assignment of the graph. Closes an open parameter set. NULL on failure. */
ELBO_API elbo_plan *elbo_compile(elbo_graph *graph, elbo_var *const *outputs, int n);
ELBO_API void elbo_plan_free(elbo_plan *plan);

/* Gives input `name` its data, borrowed until it is bound again; dtype and shape must be those of the input. */
ELBO_API elbo_status elbo_plan_bind(elbo_plan *plan, const char *name, elbo_tensor data) ELBO_MUST_CHECK;

/* Gives scalar `name` its value. A plan that does not use that scalar or input ignores it (ELBO_OK). */
ELBO_API elbo_status elbo_plan_set(elbo_plan *plan, const char *name, double value) ELBO_MUST_CHECK;

/* Runs once over `params`: the set that the graph was built with, or one that elbo_params_copy made of it. Fails when
 * an input has no data. */
ELBO_API elbo_status elbo_plan_run(elbo_plan *plan, elbo_params *params, elbo_at at) ELBO_MUST_CHECK;

/* Output i of the last run, possibly strided; valid until the next run. Without data when there is no output i. */
ELBO_API elbo_tensor elbo_plan_output(const elbo_plan *plan, int i);

/* The same by naive loops over whole buffers, node by node: slow, and the judge of the plan. `out[i]` are new tensors,
 * to be freed by the caller. `bind` lists the inputs and scalars. */
typedef struct {
    const char *name;
    elbo_tensor data;
} elbo_feed;
ELBO_API elbo_status elbo_interpret(elbo_graph *graph, elbo_params *params, elbo_at at, const elbo_feed *feeds,
                                    int n_feeds, elbo_var *const *outputs, int n, elbo_tensor *out) ELBO_MUST_CHECK;

/* Floating-point operations of one run in products and convolutions: 2 M N K each. */
ELBO_API double elbo_plan_product_flops(const elbo_plan *plan);

/* From now on (or no longer) the plan notes how long each instruction takes, of the last 200 runs, which costs a little
 * time; its description then tells. ELBO_NO_MEMORY: there is no room for that. */
ELBO_API elbo_status elbo_plan_watch(elbo_plan *plan, bool on) ELBO_MUST_CHECK;

/* A description for people: totals; stages, loops, instructions with their arithmetic and bytes; buffers. For a plan
 * that was watched, also where the time of a run went, as a mean over threads and the quicker half of the runs, and how
 * many GFLOP/s or GB/s a thread did meanwhile; and for each stage and thread. A new string, freed with
 * elbo_release; NULL on failure. */
ELBO_API char *elbo_plan_describe(const elbo_plan *plan);
ELBO_API void elbo_release(void *block);

#ifdef __cplusplus
}
#endif
#endif
