/* Internal: the Frechet distance of two normals. */
#ifndef ELBO_NN_FEATURES_PRIVATE_H
#define ELBO_NN_FEATURES_PRIVATE_H

#include "../../tensor/error_private.h"
#include "features.h"

/* |m - m'|^2 + tr(S + S' - 2 (S S')^(1/2)) of means (n) and covariances (n, n). */
elbo_status elbo__frechet(int64_t n, const double *mean_a, const double *a, const double *mean_b, const double *b,
                          double *distance) ELBO_MUST_CHECK;

#endif
