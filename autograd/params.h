/* Parameter sets: the named tensors that a model learns, and the state that travels with them.
 *
 *     elbo_params *params = elbo_params_new(ELBO_F32, 1);              // 1: the seed of the initial values
 *     ... build the training graph (it names its tensors) and compile it: the set is laid out and closed ...
 *     elbo_tensor w = elbo_params_tensor(params, elbo_params_find(params, "encoder.hidden.weight"));
 *
 * A set is open while the training graph is built: a name met for the first time is a new tensor. Compiling that graph
 * lays the set out in one block of memory, fills in the initial values and closes it. In a closed set an unknown name
 * is an error that names the nearest known one, as is a known name with another shape.
 *
 * A matrix of logical shape (out, in) lies in memory as (in, out), one of elbo_table as it is; elbo_params_tensor gives
 * the logical view. Its strides say where the numbers lie, and there may be others between them: narrow matrices that
 * one x is multiplied by in the graph that closes the set lie beside each other, as one (out_1 + out_2, in).
 * A slab is a second block with the layout of the first (the moments of an optimiser: "adam.m"), made by naming it.
 */
#ifndef ELBO_AUTOGRAD_PARAMS_H
#define ELBO_AUTOGRAD_PARAMS_H

#include "../tensor/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct elbo_params elbo_params;

/* How a tensor is filled at first. `fill` gets the tensor and a key that depends on the seed and on its name alone, so
 * the values do not change when the model is edited elsewhere. nn/layers/init.h has the usual ones; NULL is zeros. */
typedef struct elbo_init {
    void (*fill)(const elbo_tensor *tensor, uint64_t seed, const char *name, const double *args);
    double args[2];
} elbo_init;

/* dtype: ELBO_F32 or ELBO_F64. NULL on failure. */
ELBO_API elbo_params *elbo_params_new(elbo_dtype dtype, uint64_t seed);
ELBO_API void elbo_params_free(elbo_params *params);

/* A closed copy with values, state and slabs of its own (for averaged weights). NULL on failure. */
ELBO_API elbo_params *elbo_params_copy(const elbo_params *params);

/* Names a tensor in an open set before any graph does; how a file is loaded. Returns its index, or -1. */
ELBO_API int elbo_params_add(elbo_params *params, const char *name, elbo_shape shape, bool trained, elbo_init init);

/* Lays out and initialises an open set and closes it; does nothing on a closed one. */
ELBO_API elbo_status elbo_params_close(elbo_params *params) ELBO_MUST_CHECK;
ELBO_API bool elbo_params_closed(const elbo_params *params);

ELBO_API elbo_dtype elbo_params_dtype(const elbo_params *params);
ELBO_API uint64_t elbo_params_seed(const elbo_params *params);
ELBO_API int elbo_params_count(const elbo_params *params);
ELBO_API const char *elbo_params_name(const elbo_params *params, int index);
ELBO_API elbo_shape elbo_params_shape(const elbo_params *params, int index);
ELBO_API bool elbo_params_trained(const elbo_params *params, int index);    /* false: state, such as batch statistics */
ELBO_API int elbo_params_find(const elbo_params *params, const char *name); /* -1 when there is none                  */

/* The known name that may be meant by `name`: few edits away, or with the same beginning; NULL: none is like it. */
ELBO_API const char *elbo_params_nearest(const elbo_params *params, const char *name);

/* The logical view of one tensor of a closed set. Writing through it must be followed by elbo_params_touch. */
ELBO_API elbo_tensor elbo_params_tensor(const elbo_params *params, int index);

/* Slabs: slab 0 is the values themselves; the others were named by an optimiser. */
ELBO_API int elbo_params_slab_count(const elbo_params *params);
ELBO_API const char *elbo_params_slab_name(const elbo_params *params, int slab);
ELBO_API elbo_tensor elbo_params_slab_tensor(const elbo_params *params, int slab, int index);

/* The whole of a slab as one row of numbers (size), padding between tensors included (always 0). Where each tensor lies
 * in it is the same for copies of a set, but need not be for another set of the same tensors. */
ELBO_API elbo_tensor elbo_params_slab(const elbo_params *params, int slab);

/* Tells plans that values were changed from outside, so that private copies of weights are made anew. */
ELBO_API void elbo_params_touch(elbo_params *params);

#ifdef __cplusplus
}
#endif
#endif
