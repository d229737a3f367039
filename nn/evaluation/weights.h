/* Internal: means of weights that are known by their logarithms, one after the other, and their errors. */
#ifndef ELBO_NN_WEIGHTS_H
#define ELBO_NN_WEIGHTS_H

#include <stdint.h>

/* Sums over the weights of each of N images so far (N): with the largest logarithm, most, sum of w / e^most and of its
 * square. Weight after weight is added, so portions do not matter. */
typedef struct {
    double *most, *sum, *squares;
} elbo__weights;

void elbo__weights_begin(const elbo__weights *w, int64_t images);
void elbo__weight_add(const elbo__weights *w, int64_t image, double log_weight);

/* In the place of the sums of K weights each: log 1/K sum w; its standard error to first order, NaN of one weight; the
 * effective sample size. */
void elbo__weights_finish(const elbo__weights *w, int64_t images, int64_t samples);

#endif
