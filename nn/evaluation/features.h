/* How far two sets of images are apart, in what a trained run sees in them.
 *
 *     elbo_features *seen = elbo_features_new(classifier), *drawn = elbo_features_new(classifier);
 *     double distance;
 *     if (elbo_features_add_images(seen, &test, 0) == ELBO_OK && elbo_features_add(drawn, x, n) == ELBO_OK &&
 *         elbo_features_distance(seen, drawn, &distance) == ELBO_OK)
 *         printf("Frechet distance %.2f in the features of runs/classifier\n", distance);
 *
 * The Frechet distance of two normals with the means and covariances of the features (Heusel et al. 2017,
 * arXiv:1706.08500):
 *
 *     |m - m'|^2 + tr(S + S' - 2 (S S')^(1/2))
 *
 * It is a figure of the run whose features these are: the code of a classifier that was trained on the labels (model
 * `classifier`), or of any other run. Figures compare only with the same features and as many images, since it is too
 * large for few; and not with those that a network of others gives ("FID").
 */
#ifndef ELBO_NN_FEATURES_H
#define ELBO_NN_FEATURES_H

#include "../runs/run.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Mean and covariance of codes, images by images. */
typedef struct elbo_features elbo_features;

/* None yet. The run is borrowed. NULL on failure, as for a run that encodes an image with its label. */
ELBO_API elbo_features *elbo_features_new(elbo_run *run);
ELBO_API void elbo_features_free(elbo_features *features); /* accepts NULL */

/* Adds images x (n, D) of the run's shape, or the first `count` of a data set (0, or more than there are: all). Labels
 * are not looked at: a run that takes some, as a classifier, gets class 0 and does not look at it. */
ELBO_API elbo_status elbo_features_add(elbo_features *features, const float *x, int64_t n) ELBO_MUST_CHECK;
ELBO_API elbo_status elbo_features_add_images(elbo_features *features, const elbo_images *images,
                                              int64_t count) ELBO_MUST_CHECK;

ELBO_API int64_t elbo_features_count(const elbo_features *features); /* images so far */

/* Of two with as many features and at least two images each; 0 for the same images, but for rounding. */
ELBO_API elbo_status elbo_features_distance(const elbo_features *a, const elbo_features *b,
                                            double *distance) ELBO_MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif
