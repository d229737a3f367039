/* Internal: what a model's functions return, looked at before anything is built on it. Each call ends in the model's
 * own result or puts the graph in error with one line that names the function and the field, and says what was
 * expected. */
#ifndef ELBO_NN_MODEL_CHECK_H
#define ELBO_NN_MODEL_CHECK_H

#include "model.h"

elbo_inference elbo__model_infer(elbo_in *in); /* in error all of its nodes are harmless ones */
elbo_dist elbo__model_prior(elbo_in *in); /* the model's own, or N(0, I) */
elbo_dist elbo__model_generate(elbo_in *in, elbo_var *z);
int elbo__model_losses(elbo_in *in, elbo_loss *out); /* with names; 0 in error */

/* The harmless node of a graph in error. */
elbo_var *elbo__model_cannot(elbo_in *in);

#endif
