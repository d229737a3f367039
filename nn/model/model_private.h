/* Internal: what the files of this folder share. */
#ifndef ELBO_NN_MODEL_PRIVATE_H
#define ELBO_NN_MODEL_PRIVATE_H

#include "model.h"
#include "role.h"

/* What errors of the graph begin with from here on: model and role. */
void elbo__model_subject(elbo_in *in, elbo__role role);

/* The option has an effect on what is built; none of that name: nothing. */
void elbo__option_read(elbo_in *in, const char *name);

/* The same where a loss must depend on `effect` for the option to count. */
void elbo__option_effect(elbo_in *in, const char *name, elbo_var *effect);

bool elbo__option_was_read(const elbo_in *in, const char *name);

/* The word of option gradient; where it is not declared, standard. */
const char *elbo__model_gradient(elbo_in *in);

/* elbo_report of what the library measures by itself. */
void elbo__report(elbo_in *in, const char *name, elbo_var *value);

/* Reports for each image of its own (B) what elbo_report_bound reports the means of, in evaluation: the values of these
 * metrics are no means. */
void elbo__model_parts(elbo_in *in);

/* log p(x|z_k,y) + log p(z_k|y) - log q(z_k|x,y): (B, K) */
elbo_var *elbo__model_log_weights(elbo_in *in);

/* The same without log p(z_k|y), and *z (B, K, Z) = the draws that another density of z may be asked about. */
elbo_var *elbo__model_log_ratios(elbo_in *in, elbo_var **z);

/* *log_weight = elbo__model_log_weights, and of the same z_k (B, K) x drawn from p(x|z_k,y) (B, K, D), or its
 * expectations (B, K, E): the mean, or in its place the share of each class. */
elbo_var *elbo__model_impute(elbo_in *in, bool drawn, elbo_var **log_weight);

/* in->x (B, D) */
elbo_var *elbo__model_data(elbo_in *in);

/* Of z (B K, Z), K = in->draws: log p(x|z,y) and log p(z|y) (B, K), and the gradient of each with respect to z
 * (B K, Z). In error where p(x|z) or p(z) is no density on R^Z. */
enum { ELBO__JOINT_OUTPUTS = 4 };
void elbo__model_joint(elbo_in *in, elbo_var *z, elbo_var *out[ELBO__JOINT_OUTPUTS]);

/* One draw from p(x|z,y): z (B, Z) -> (B, D) */
elbo_var *elbo__model_simulate(elbo_in *in, elbo_var *z);

/* Draws z from p(z|y), those that elbo_model_sample decodes: (B, K, Z) */
elbo_var *elbo__model_prior_draws(elbo_in *in);

/* log p(z|y): z (B, Z) -> (B) */
elbo_var *elbo__model_prior_density(elbo_in *in, elbo_var *z);

/* log q(z_m|x_b,y_b): z (M, Z) -> (B, M). In error where the density is known at draws alone. */
elbo_var *elbo__model_posterior_density(elbo_in *in, elbo_var *z);

/* Draws z from q(z|x,y), or the code of a model without a density: (B, K, Z) */
elbo_var *elbo__model_posterior_draws(elbo_in *in);

/* Appends the gradients of the losses and the updates that they ask for; reports skipped steps and a single loss's
 * grad_norm. */
void elbo__model_play(elbo_in *in, const elbo_loss *losses, int n, const elbo_optim *optim);

#endif
