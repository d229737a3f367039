/* A small model over four made-up pictures: what the tests of models share. */
#ifndef ELBO_TESTS_SMALL_MODEL_H
#define ELBO_TESTS_SMALL_MODEL_H

#include "../models/models.h"
#include "rig.h"

enum { B = 4, D = 6, C = 3, Z = 2, K = 3 };

extern const double pixels[B * D], labels[B * C];

/* A hidden layer of 5 where the model has any, two latent dimensions. */
elbo_values *small_options(const elbo_model *model);

/* The inputs of a graph of `model` over the data above. */
elbo_in inputs(rig *r, const elbo_model *model, const elbo_values *options, int draws);

/* NULL when the graph has no such metric. */
const elbo_metric *metric(const elbo_in *in, const char *name);

/* The value of a metric in one run. */
double measured(rig *r, const elbo_in *in, const char *name);

/* Makes the parameters of a model, as its first graph does. */
rig trained_rig(const elbo_model *model, const elbo_values *options, elbo_dtype dtype);

#endif
