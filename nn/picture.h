/* Pictures of what a run can do.
 *
 *     if (elbo_draw_samples(run, 64, 7, 1, "sevens.png") != ELBO_OK) ...     // 64 images of class 7
 *
 * Images of shape (H, W) are grey; (3, H, W) are red, green and blue; any other number of channels is drawn one below
 * the other. A row of D numbers is drawn as a square where it fills one, else as a line.
 */
#ifndef ELBO_NN_PICTURE_H
#define ELBO_NN_PICTURE_H

#include "run.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { ELBO_EACH_CLASS = -1 };

/* n images drawn from the prior, as a grid. `label` is for models that take labels: a class, or ELBO_EACH_CLASS for one
 * column a class. */
ELBO_API elbo_status elbo_draw_samples(elbo_run *run, int64_t n, int label, int64_t seed,
                                       const char *path) ELBO_MUST_CHECK;

/* The first n images of a data set: rows of originals, each with its reconstructions right below, and lines between. */
ELBO_API elbo_status elbo_draw_reconstruction(elbo_run *run, const elbo_images *images, int64_t n, int64_t seed,
                                              const char *path) ELBO_MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif
