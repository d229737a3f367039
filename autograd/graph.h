/* The graph: an append-only list of operations on tensors.
 *
 *     elbo_graph *g = elbo_graph_new(params, ELBO_TRAIN);
 *     elbo_var *x = elbo_input(g, "x", ELBO_F32, ELBO_SHAPE(128, 784));
 *     elbo_var *w = elbo_param(g, "weight", ELBO_SHAPE(10, 784), elbo_init_he());
 *     elbo_var *loss = elbo_mean_all(elbo_square(elbo_matmul(x, elbo_transpose(w))));
 *     elbo_var *dw;
 *     elbo_grad(loss, &w, 1, &dw);                          // more nodes of the same graph, shape (10, 784)
 *     elbo_assign(w, elbo_sub(w, elbo_mul(elbo_scalar(g, "lr"), dw)));
 *     elbo_plan *plan = elbo_compile(g, &loss, 1);          // NULL: elbo_error() says what was wrong, and where
 *
 * A graph is bound to one parameter set (and has its dtype), to one mode, and to fixed shapes; another batch size is
 * another graph. Calls nest without checks between them: the graph keeps its first error, later calls on it do nothing
 * and return a harmless node, and elbo_compile reports the error. The nodes belong to the graph.
 */
#ifndef ELBO_AUTOGRAD_GRAPH_H
#define ELBO_AUTOGRAD_GRAPH_H

#include "params.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct elbo_graph elbo_graph;
typedef struct elbo_var elbo_var;

/* The mode is for layers that behave differently (dropout); it is also the role in every random stream's key. */
typedef enum { ELBO_TRAIN, ELBO_EVALUATE } elbo_mode;

/* `params` is borrowed and may be NULL for a graph without parameters, which is then of dtype f32. Never NULL. */
ELBO_API elbo_graph *elbo_graph_new(elbo_params *params, elbo_mode mode);
ELBO_API void elbo_graph_free(elbo_graph *graph);
ELBO_API elbo_mode elbo_graph_mode(const elbo_graph *graph);
ELBO_API elbo_dtype elbo_graph_dtype(const elbo_graph *graph);

/* ELBO_OK, or the status of the first error with its message in elbo_error(). */
ELBO_API elbo_status elbo_graph_status(const elbo_graph *graph);

/* What the graph is of, as in `model "mine", train`. Errors begin with it, and end with the layer that was met last:
 *
 *     model "mine", train: add: shapes (24) and (24, 3) do not broadcast, after "encoder.hidden" */
ELBO_API void elbo_graph_subject(elbo_graph *graph, const char *format, ...) ELBO_PRINTF(2, 3);

/* Records an error of the caller's own op or layer (kept if it is the first); returns a harmless node. Every error of a
 * graph comes through here at once: a breakpoint on this function shows the call that is to blame. */
ELBO_API elbo_var *elbo_graph_fail(elbo_graph *graph, elbo_status status, const char *format, ...) ELBO_PRINTF(3, 4);

/* ---- scopes: prefixes of parameter and stream names -------------------------------------------------------------- */

/* elbo_scope(g, "encoder") ... elbo_scope_end(g): names between the two begin with "encoder." */
ELBO_API void elbo_scope(elbo_graph *graph, const char *name);
ELBO_API void elbo_scope_end(elbo_graph *graph);

/* ---- leaves ------------------------------------------------------------------------------------------------------ */

/* A tensor given at each run by name, of any dtype. The same name asked for twice is the same node. */
ELBO_API elbo_var *elbo_input(elbo_graph *graph, const char *name, elbo_dtype dtype, elbo_shape shape);

/* A number () given at each run: learning rate, beta, temperature, step. No plan is rebuilt when it changes. */
ELBO_API elbo_var *elbo_scalar(elbo_graph *graph, const char *name);

ELBO_API elbo_var *elbo_constant(elbo_graph *graph, double value); /* ()                                              */

/* A tensor of fixed values, row-major f64; copied, and rounded to the graph's dtype. */
ELBO_API elbo_var *elbo_array(elbo_graph *graph, elbo_shape shape, const double *values);

/* 0, 1, ..., n-1 (n) */
ELBO_API elbo_var *elbo_arange(elbo_graph *graph, int64_t n);

/* A trained tensor / a state tensor of the graph's parameter set, by name; asking for a name again shares the
 * tensor. */
ELBO_API elbo_var *elbo_param(elbo_graph *graph, const char *name, elbo_shape shape, elbo_init init);

/* elbo_param for a matrix whose rows are looked up by number, or go through layers as those of a batch do: it lies in
 * memory row by row, where others lie column by column (params.h). Values and files are the same. */
ELBO_API elbo_var *elbo_table(elbo_graph *graph, const char *name, elbo_shape shape, elbo_init init);
ELBO_API elbo_var *elbo_state(elbo_graph *graph, const char *name, elbo_shape shape, elbo_init init);

/* The tensor of slab `slab` that belongs to `param`: elbo_slab(w, "adam.m"). Zeros at first. */
ELBO_API elbo_var *elbo_slab(elbo_var *param, const char *slab);

/* The trained parameters that the graph has met, in order; `out` may be NULL. Returns how many. */
ELBO_API int elbo_graph_params(elbo_graph *graph, elbo_var **out);

/* ---- random draws ------------------------------------------------------------------------------------------------ */

/* Standard normal / uniform on (0,1) numbers of the given shape. A number depends on the run's seed and step, the
 * graph's mode, the stream's name (with scope) and occurrence, the row (axis 0, plus the run's first row), the draw
 * (axis `draw_axis`, plus the run's first draw; -1: there is none, and the first draw does not count) and the element.
 * Not on the rest of the graph. */
ELBO_API elbo_var *elbo_random_normal(elbo_graph *graph, const char *name, elbo_shape shape, int draw_axis);
ELBO_API elbo_var *elbo_random_uniform(elbo_graph *graph, const char *name, elbo_shape shape, int draw_axis);

/* From here on, random nodes are inputs named "name#0", "name#1", ...: noise is fed from outside. */
ELBO_API void elbo_graph_feed_noise(elbo_graph *graph);

/* ---- gradients and state ----------------------------------------------------------------------------------------- */

/* out[i] = d sum(y) / d xs[i], of the shape of xs[i], as nodes of the same graph; zeros where y does not depend on
 * it. xs may be any nodes, and what is made of the gradients can be differentiated again. The penalty of Gulrajani et
 * al. (arXiv:1704.00028) on a critic f (B) at points x (B, Z):
 *
 *     elbo_grad(f, &x, 1, &slope);
 *     elbo_var *length = elbo_sqrt(elbo_sum_axis(elbo_square(slope), -1));
 *     elbo_var *penalty = elbo_mean_all(elbo_square(elbo_shift(length, -1))); */
ELBO_API void elbo_grad(elbo_var *y, elbo_var *const *xs, int n, elbo_var **out);

/* y = x, with derivative 0 */
ELBO_API elbo_var *elbo_detach(elbo_var *x);

/* y = hard, with the derivative of soft: the straight-through estimator (Bengio et al. 2013, arXiv:1308.3432) */
ELBO_API elbo_var *elbo_straight_through(elbo_var *hard, elbo_var *soft);

/* state := value, in graphs of mode ELBO_TRAIN alone: elsewhere it is an error, so that no test image moves anything.
 * `state` comes from elbo_param, elbo_state or elbo_slab. Nodes added before see the old value, nodes added after it
 * the new one; so do derivatives that elbo_grad adds after it, even of a loss added before: take gradients first, or
 * let the loss read elbo_copy(state). Assignments take place in every run, wanted as outputs or not; returns `state`.
 */
ELBO_API elbo_var *elbo_assign(elbo_var *state, elbo_var *value);

/* state := condition () is not 0 ? value : state */
ELBO_API elbo_var *elbo_assign_if(elbo_var *condition, elbo_var *state, elbo_var *value);

/* ---- asking a node ----------------------------------------------------------------------------------------------- */

ELBO_API elbo_graph *elbo_graph_of(const elbo_var *x);
ELBO_API elbo_shape elbo_shape_of(const elbo_var *x);
ELBO_API elbo_dtype elbo_dtype_of(const elbo_var *x);
ELBO_API int elbo_ndim(const elbo_var *x);
ELBO_API int64_t elbo_size(const elbo_var *x, int axis); /* negative axes count from the end */
ELBO_API const char *elbo_name_of(const elbo_var *x);    /* of a leaf; "" otherwise          */

#ifdef __cplusplus
}
#endif
#endif
