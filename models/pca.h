/* Internal: what principal component analysis and its probabilistic form share. Names as in nn/pca/pca.h: the mean m,
 * the axes u_i and the variances s_i along them. */
#ifndef ELBO_MODELS_PCA_H
#define ELBO_MODELS_PCA_H

#include "../nn/parts/options.h"
#include "../nn/runs/run.h"

/* The least that a variance is taken to be: deviations of 3e-4 of a grey level of 255 in floats near 1. */
#define ELBO__PCA_LEAST 1e-9

/* State of the parameter set: mean (D), components (Z, D), variances (Z), and noise (), the mean of the variances along
 * the axes that are left out. */
typedef struct {
    elbo_var *mean, *axes, *variances, *noise;
} elbo__pca;

elbo__pca elbo__pca_find(elbo_in *in);
elbo_var *elbo__pca_project(elbo_in *in, const elbo__pca *pca); /* u_i^T (x - m): (B, Z)                      */
elbo_var *elbo__pca_compose(elbo_var *c, const elbo__pca *pca); /* m + sum_i c_i u_i: (..., Z) -> (..., D)    */

/* elbo_pca_fit of the images; notes the share of the variance that the code explains, and which way was taken. */
elbo_status elbo__pca_fit(elbo_run *run, const elbo_images *images) ELBO_MUST_CHECK;

#endif
