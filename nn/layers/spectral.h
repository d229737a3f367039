/* Spectral normalisation: weights divided by their largest singular value (Miyato et al. 2018, arXiv:1802.05957).
 *
 *     elbo_normalise_weights(g, true);
 *     elbo_var *h = elbo_linear(z, "decoder.hidden", 400);   // y = z (W / sigma)^T + b; state decoder.hidden.spectral
 *     elbo_normalise_weights(g, false);
 *
 * so that no layer stretches a difference between two of its inputs.
 */
#ifndef ELBO_NN_SPECTRAL_H
#define ELBO_NN_SPECTRAL_H

#include "../../autograd/ops.h"

#ifdef __cplusplus
extern "C" {
#endif

/* sigma () of w as a matrix (n, all other axes), n the size of axis `axis`: the largest singular value, by power
 * iteration. State NAME.spectral (n), at first N(0, 1), is u; with u and W^T u taken to length 1
 *
 *     v = W^T u,   sigma = u^T W v
 *
 * whose derivative is u v^T, u and v being fixed. In training u <- W v comes first, once each time that a graph is run,
 * but not while statistics are frozen (elbo_freeze_statistics). */
ELBO_API elbo_var *elbo_spectral_norm(elbo_var *w, int axis, const char *name);

/* From here on (until `on` is false) linear layers and convolutions of the graph, by whatever function, divide their
 * weights by that norm, for the axis of their outputs. */
ELBO_API void elbo_normalise_weights(elbo_graph *graph, bool on);

#ifdef __cplusplus
}
#endif
#endif
