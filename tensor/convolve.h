/* Internal: convolution in two dimensions, by products that meet the patches of an image where they lie.
 *
 *     x (B, H, W, C)     images, channels last
 *     w (G, O, C, h, w)  weights: one for each of G equal groups of images; G divides B
 *     y (B, H', W', O)   H' = (H + 2 padding - h) / stride + 1, W' likewise
 *
 * All are f32, or all f64, of any strides; images whose channels are neighbours are read and written fastest. Numbers
 * do not depend on how many images, or groups of them, a call works on.
 */
#ifndef ELBO_TENSOR_CONVOLVE_H
#define ELBO_TENSOR_CONVOLVE_H

#include "tensor.h"

typedef enum {
    ELBO__CONVOLVE,       /* makes y: of images x with padding, at every stride-th place                  */
    ELBO__CONVOLVE_BACK,  /* makes x: the derivative of <y, y(x, w)> by x, which is transposed convolution */
    ELBO__CONVOLVE_WEIGHT /* makes w: the derivative of <y, y(x, w)> by w, a group's images added in order */
} elbo__convolution;

/* Makes one of the three from the other two, on the calling thread alone. */
void elbo__convolve(elbo__convolution which, const elbo_tensor *x, const elbo_tensor *w, const elbo_tensor *y,
                    int stride, int padding, void *scratch);

/* Bytes of `scratch`, aligned to 64, for these shapes, and for fewer images and groups of the same. */
size_t elbo__convolve_scratch(elbo__convolution which, elbo_dtype dtype, const elbo_shape *x, const elbo_shape *w,
                              const elbo_shape *y, int stride, int padding);

#endif
