/* Internal: a density of maps of whole numbers, one number after the other: a run whose "images" (H, W) are such maps.
 */
#ifndef ELBO_NN_PIXELCNN_H
#define ELBO_NN_PIXELCNN_H

#include "../runs/run.h"

/* codes (n, H, W) drawn from the run: the ones that all of `seed`, the row and its label say. */
elbo_status elbo__pixelcnn_draw(elbo_run *run, const int *labels, int64_t n, int64_t seed,
                                int32_t *codes) ELBO_MUST_CHECK;

#endif
