/* Internal: mixtures of normal distributions, fitted by expectation maximisation (Dempster, Laird and Rubin 1977).
 *
 *     p(x) = sum_k w_k N(x; m_k, S_k)                                         x (Z), all in f64 but the codes
 *
 *     elbo__mixture m;
 *     const elbo__mixture_shape shape = {.components = 10, .full = true};
 *     elbo_status status = elbo__mixture_fit(z, n, dims, &shape, 1, &m, NULL);
 *     if (status == ELBO_OK)
 *         status = elbo__mixture_log_prob(&m, z, n, nats);                   // (n)
 *     elbo__mixture_free(&m);
 */
#ifndef ELBO_NN_MIXTURE_H
#define ELBO_NN_MIXTURE_H

#include <stdbool.h>
#include <stdint.h>

#include "../../tensor/error.h"

/* What is added to every variance: a component of codes that lie in fewer dimensions has a density all the same. */
#define ELBO__MIXTURE_LEAST 1e-6

/* The fit ends when a step raises the mean of log p by less than this, nats a code. */
#define ELBO__MIXTURE_TOLERANCE 1e-3

typedef struct {
    int64_t components, dims; /* K, Z                                                                          */
    bool full;                /* covariances (K, Z, Z); else variances (K, Z)                                  */
    double *weights;          /* (K), of sum 1; 0: a component that is not there                               */
    double *means;            /* (K, Z)                                                                        */
    double *covariances;      /* (K, Z, Z) or (K, Z)                                                           */
    double *roots;            /* the same: S = L L^T, L lower; or deviations                                   */
    double *inverses;         /* the same: L^-1; or 1 / deviation                                              */
    double *constants;        /* (K) log w_k - Z/2 log 2 pi - log det L                                        */
} elbo__mixture;

typedef struct {
    int64_t components; /* no more are made than there are codes */
    bool full;
} elbo__mixture_shape;

/* Room for one, all zeros. Free with elbo__mixture_free; on failure it is empty. */
elbo_status elbo__mixture_new(int64_t components, int64_t dims, bool full, elbo__mixture *out) ELBO_MUST_CHECK;
void elbo__mixture_free(elbo__mixture *m); /* leaves it empty */

/* Roots, inverses and constants from weights, means and covariances. ELBO_INVALID where these are none of a mixture. */
elbo_status elbo__mixture_prepare(elbo__mixture *m) ELBO_MUST_CHECK;

/* From k-means to the end; of codes x (n, dims), n > 0. *mean_log_prob (may be NULL) = 1/n sum log p(x). */
elbo_status elbo__mixture_fit(const float *x, int64_t n, int64_t dims, const elbo__mixture_shape *shape, uint64_t seed,
                              elbo__mixture *out, double *mean_log_prob) ELBO_MUST_CHECK;

/* Where the fit begins: components are the clusters of k-means. */
elbo_status elbo__mixture_start(const float *x, int64_t n, uint64_t seed, elbo__mixture *out) ELBO_MUST_CHECK;

/* One step: *next = the mixture that explains x better than m, unless a variance is near ELBO__MIXTURE_LEAST;
 * *mean_log_prob = that of m. `step` is for the watcher. */
elbo_status elbo__mixture_step(const elbo__mixture *m, const float *x, int64_t n, int64_t step, elbo__mixture *next,
                               double *mean_log_prob) ELBO_MUST_CHECK;

/* nats (n) = log p(x), x (n, Z) */
elbo_status elbo__mixture_log_prob(const elbo__mixture *m, const float *x, int64_t n, double *nats) ELBO_MUST_CHECK;

/* z (Z) = draw number `row` of a seed; noise (Z) is room. */
void elbo__mixture_draw(const elbo__mixture *m, uint64_t seed, uint64_t row, double *noise, float *z);

#endif
