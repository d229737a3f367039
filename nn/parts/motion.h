/* Internal: Hamiltonian motion in latent space, what posteriors with momenta share.
 *
 * z has a potential energy U(z) = -log p(x, z) and a momentum r. A step of it keeps H = U + kinetic energy up to its
 * size squared, and tempering takes the momenta from an inverse temperature beta_0 <= 1 to 1 in K steps:
 *
 *     r_0 = a_0 g, g ~ N(0, I);  after step k  r := (a_k / a_(k-1)) r,
 *     a_k = beta_k^(-1/2) = (1 - a_0) k^2 / K^2 + a_0,  a_0 = beta_0^(-1/2),  a_K = 1
 *
 * (Caterini, Doucet and Sejdinovic, arXiv:1805.11328, quadratic scheme). The factors multiply to 1, so that
 * (z_0, g) -> (z_K, r_K) keeps volumes where the steps between do. */
#ifndef ELBO_NN_PARTS_MOTION_H
#define ELBO_NN_PARTS_MOTION_H

#include "parts_private.h"

typedef struct {
    elbo_var *z, *momentum; /* (B, K, Z) */
} elbo__phase;

/* In options leapfrog-steps, leapfrog-size, tempering and leapfrog-learn. Learned are 0 < size < 1/2 for each dimension
 * and 0 < beta_0 < 1: parameters encoder.leapfrog.size (Z) and .tempering () hold their logits. */
typedef struct {
    elbo_in in;      /* what U is of: x and mask as `infer` sees them; metrics that `generate` reports end in it     */
    elbo_dist prior;
    int steps;       /* K                                                                                            */
    elbo_var *size;  /* () or (Z)                                                                                    */
    elbo_var *start; /* a_0 ()                                                                                       */
} elbo__motion;
elbo__motion elbo__motion_of(elbo_in *in, int64_t dims);

/* log p(x, z) (B, K) for z (B, K, Z). The decoder's batch norms are frozen: each image has an energy of its own. */
elbo_var *elbo__log_joint(elbo__motion *m, elbo_var *z);

/* d log p(x, z) / dz, of the shape of z */
elbo_var *elbo__force(elbo__motion *m, elbo_var *z);

/* r after step k's tempering; k = 0: a_0 r. Without steps r. */
elbo_var *elbo__tempered(const elbo__motion *m, elbo_var *momentum, int k);

/* K steps of leapfrog with H = U(z) + |r|^2 / 2, tempered, from z_0 and g: z_K, r_K. Steps keep volumes whatever U. */
elbo__phase elbo__leapfrog(elbo__motion *m, elbo__phase from);

#endif
