/* A graph with a parameter set and values for its inputs: what the tests of layers, distributions and models share. */
#ifndef ELBO_TESTS_RIG_H
#define ELBO_TESTS_RIG_H

#include "../autograd/ops.h"
#include "../autograd/plan.h"

enum { RIG_MAX_FEEDS = 32 };

typedef struct {
    elbo_params *params;
    elbo_graph *g;
    elbo_feed feeds[RIG_MAX_FEEDS];
    int n_feeds;
    elbo_at at;
    bool planned; /* run by a plan; otherwise by the interpreter */
} rig;

/* A new set (seed 1) and a graph over it. */
rig rig_new(elbo_dtype dtype, elbo_mode mode);

/* Another graph over the same set, without inputs; the old one is freed. */
void rig_next_graph(rig *r, elbo_mode mode);
void rig_free(rig *r);

/* An input of the graph's dtype with row-major values, which are copied. Feeding a name again replaces its values. */
elbo_var *rig_input(rig *r, const char *name, elbo_shape shape, const double *values);
void rig_feed(rig *r, const char *name, elbo_shape shape, const double *values);
void rig_scalar(rig *r, const char *name, double value);

/* Runs once; out[i] gets the row-major values of outputs[i]. Any failure fails the test. */
void rig_run(rig *r, elbo_var *const *outputs, int n, double *const *out);
void rig_value(rig *r, elbo_var *y, double *out); /* one output */
double rig_number(rig *r, elbo_var *y);           /* one output, () */

/* The row-major values of a parameter, by name; and setting them. */
void rig_param(const rig *r, const char *name, double *out);
void rig_set_param(rig *r, const char *name, const double *values);

/* An initialiser: numbers between -args[0] and args[0], others for other names. */
void rig_fill(const elbo_tensor *t, uint64_t seed, const char *name, const double *args);

/* A plan of the graph, which holds together. */
elbo_plan *rig_compiled(elbo_graph *g, elbo_var *const *outputs, int n);

/* The graph is in error with exactly this message. */
void rig_assert_error(const rig *r, const char *message);

/* |a - b| <= tolerance max(1, |a|, |b|) */
void assert_close(double a, double b, double tolerance);

#endif
