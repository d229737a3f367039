/* Models of four parts, each chosen by an option: posterior, prior, objective and likelihood.
 *
 *     const elbo_model elbo_model_iaf = {
 *         .name = "iaf",
 *         .summary = "VAE with an inverse autoregressive flow as posterior",
 *         .preset = "posterior=iaf",               // defaults that differ from those of the table
 *         ELBO_OF_PARTS,
 *     };
 *
 * Any combination runs, from a program of one's own or from `elbo train vae --posterior iaf --prior vamp`. A model with
 * a part of its own gives that function itself and takes the others from here:
 *
 *     static const elbo_option options[] = {MY_OPTIONS, ELBO_OPTIONS_WITHOUT_OBJECTIVES, ELBO_OPTIONS_END};
 *     const elbo_model mine = {.name = "mine", .options = options, .infer = elbo_posterior, .prior = elbo_prior,
 *                              .generate = elbo_generate, .lookup = elbo_lookup, .losses = my_losses};
 *
 * A part whose option the table does not declare is the first of its names, that of a VAE. One that is declared needs
 * the rows that its choices read, too: options.h has them in groups, ELBO_OPTIONS_OF_POSTERIORS and so on. lookup is
 * for the posteriors that quantise.
 *
 * In nn/parts: what is chosen by name, a table for each part with a file for each row, and the networks that they
 * share. What a part computes with belongs to nn/distributions, nn/objectives and nn/layers.
 */
#ifndef ELBO_NN_PARTS_H
#define ELBO_NN_PARTS_H

#include "../model/model.h"

#ifdef __cplusplus
extern "C" {
#endif

/* q(z|x,y) by option `posterior`, and in->draws draws of it. */
ELBO_API elbo_inference elbo_posterior(elbo_in *in);

/* p(z|y) (B, Z) by option `prior`. */
ELBO_API elbo_dist elbo_prior(elbo_in *in);

/* p(x|z,y) by options `net` and `likelihood`: z (B, Z) or (B, K, Z) */
ELBO_API elbo_dist elbo_generate(elbo_in *in, elbo_var *z);

/* The code (B, Z) of whole numbers (B, H, W, L), of a posterior that quantises. */
ELBO_API elbo_var *elbo_lookup(elbo_in *in, elbo_var *index);

/* log sqrt det G(z)^-1 (B), G being the metric that posterior riemannian-hamiltonian learns, and its derivative (B, Z):
 * z (B, Z). But for a constant the log-density that sampling by the metric goes by (arXiv:2105.00026): large where
 * there are images. A graph of another posterior is in error. */
ELBO_API elbo_var *elbo_metric_density(elbo_in *in, elbo_var *z, elbo_var **gradient);

/* What is minimised, by option `objective`. */
ELBO_API int elbo_losses(elbo_in *in, elbo_loss *out);

/* The options of all parts. */
ELBO_API extern const elbo_option elbo_options_of_parts[];

#define ELBO_OF_PARTS                                                                                                 \
    .options = elbo_options_of_parts, .infer = elbo_posterior, .prior = elbo_prior, .generate = elbo_generate,        \
    .lookup = elbo_lookup, .losses = elbo_losses

/* Choices of options, then NULL. */
ELBO_API extern const char *const elbo_posterior_names[];
ELBO_API extern const char *const elbo_prior_names[];
ELBO_API extern const char *const elbo_objective_names[];
ELBO_API extern const char *const elbo_codebook_names[]; /* gradient, average */
ELBO_API extern const char *const elbo_leapfrog_learn_names[]; /* none, size, tempering, both */

#ifdef __cplusplus
}
#endif
#endif
