/* The evidence lower bound and its parts.
 *
 *     log p(x|y) >= E_q[log p(x|z,y)] - KL(q(z|x,y) || p(z|y)) = ELBO
 *
 *     elbo_bound b = elbo_bound_of(q, draw, prior, p, x, NULL);
 *     elbo_var *loss = elbo_mean_all(elbo_negative_elbo(&b, elbo_scalar(g, "beta")));
 *
 * Everything is in nats, one number for each image, a sum over its pixels and latent dimensions. Nodes that are not
 * used cost nothing: a plan leaves them out.
 *
 * In nn/objectives: numbers that training makes small, the updates that do so, and schedules. They take distributions
 * and gradients, and know neither models nor data.
 */
#ifndef ELBO_NN_OBJECTIVE_H
#define ELBO_NN_OBJECTIVE_H

#include "../distributions/distribution.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    elbo_var *recon;      /* (B)    -1/K sum_k log p(x|z_k,y)                                       */
    elbo_var *kl;         /* (B)    KL(q||p(z)), in closed form or 1/K sum_k log q(z_k) - log p(z_k) */
    elbo_var *log_weight; /* (B, K) log p(x|z_k,y) + log p(z_k|y) - log q(z_k|x,y); NULL, as is kl, */
                          /* where q has no density, as that of an autoencoder or VQ has not        */
    elbo_var *squared_error; /* (B) 1/K sum_k |x - E[x|z_k,y]|^2; NULL where p has no mean          */
    elbo_dist q, prior;   /* what kl is between; no kind where there is none                        */
    elbo_dist p;          /* p(x|z,y) at the draws                                                  */
} elbo_bound;

/* For draws z (B, K, Z) with log q(z|x,y) (B, K). q without a kind: its density is known only when drawing (flows), and
 * the KL is taken at the draws. draw.log_prob NULL, too: no density at all (autoencoder, VQ), so kl and log_weight are
 * NULL, and `prior` is not looked at. */
ELBO_API elbo_bound elbo_bound_of(elbo_dist q, elbo_draw draw, elbo_dist prior, elbo_dist p, elbo_var *x,
                                  elbo_var *mask);

/* recon + beta kl (B): beta () or NULL for 1 (Higgins et al. 2017) */
ELBO_API elbo_var *elbo_negative_elbo(const elbo_bound *bound, elbo_var *beta);

/* sum_j max(nats, mean_B KL_j) (): no pressure on a dimension whose KL is below `nats` already (Kingma et al. 2016,
 * arXiv:1606.04934). Only where the KL has a closed form. At a tie the derivative is that of KL_j. */
ELBO_API elbo_var *elbo_free_bits_kl(const elbo_bound *bound, double nats);

/* sum_i KL(rho || r_i) () over the last axis of activations in (0, 1), r_i = their mean over the other axes:
 * rho log(rho / r_i) + (1 - rho) log((1 - rho) / (1 - r_i)); r_i is taken to lie in [1e-6, 1 - 1e-6] (Ng 2011) */
ELBO_API elbo_var *elbo_sparseness(elbo_var *units, double rho);

/* log 1/K sum_k w_k (B) from log w (B, K): the bound of Burda et al. (arXiv:1509.00519); with many draws an estimate of
 * log p(x|y) */
ELBO_API elbo_var *elbo_iwae_bound(elbo_var *log_weight);

#ifdef __cplusplus
}
#endif
#endif
