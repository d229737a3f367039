/* What is done to images before a model sees them: they are drawn as 0 or 1, or damaged for it to repair. */
#ifndef ELBO_NN_CORRUPTION_H
#define ELBO_NN_CORRUPTION_H

#include "model.h"

#ifdef __cplusplus
extern "C" {
#endif

/* in->x (B, D) as the encoder is to see it, by options `corruption` and `corruption-level` s (where they are declared):
 * none: x; mask: 0 with probability s, else x (Vincent et al. 2008); gaussian: x + s e, e ~ N(0, 1). What is missing
 * stays 0. Random stream "corruption". */
ELBO_API elbo_var *elbo_corrupted(elbo_in *in);

/* x (B, D) in [0, 1] with option `binarise`, where it is declared and set: 1 with probability x, else 0. What is 0 or 1
 * already stays. Random stream "binarise", without draws: an image is the same for all of its draws of z. */
ELBO_API elbo_var *elbo_binarised(elbo_in *in, elbo_var *x);

ELBO_API extern const char *const elbo_corruption_names[]; /* none, mask, gaussian, NULL */

#ifdef __cplusplus
}
#endif
#endif
