/* Internal: the patches of an image that a convolution's kernel meets, as columns of a matrix, and back.
 *
 * The kernel meets the image at positions (r, q), 0 <= r < rows, 0 <= q < columns. There its number (i, j) lies on
 * pixel (r stride + i - padding, q stride + j - padding) of each channel; pixels outside of the image are 0. So
 *
 *     patches[(c, i, j)][(r, q)] = image[c][r stride + i - padding][q stride + j - padding]
 *
 * with rows of positions that are neighbours, `pitch` numbers from one row to the next.
 */
#ifndef ELBO_TENSOR_PATCHES_H
#define ELBO_TENSOR_PATCHES_H

#include "tensor.h"

typedef struct {
    int64_t channels, height, width;     /* of an image                         */
    int64_t kernel_height, kernel_width; /* at least 1                          */
    int64_t rows, columns;               /* positions                           */
    int64_t stride, padding;             /* at least 1; at least 0              */
} elbo__patches;

/* Rows are worked off in whole pieces of this many numbers. What lies behind a row of positions is therefore read, up
 * to one number less than this far, and by elbo__unfold overwritten. */
enum { ELBO__PATCH_PIECE = 8 };

int64_t elbo__patches_taps(const elbo__patches *p);      /* channels kernel_height kernel_width */
int64_t elbo__patches_positions(const elbo__patches *p); /* rows columns                        */

/* Numbers of scratch memory that the two functions below take as `planes`. */
int64_t elbo__planes_size(const elbo__patches *p);

/* patches (taps, positions) of image (channels, height, width), f32 or f64, of any strides */
void elbo__unfold(const elbo__patches *p, const elbo_tensor *image, void *patches, int64_t pitch, void *planes);

/* image[c][y][x] = the sum of patches[(c, i, j)][(r, q)] over all that elbo__unfold fills from that pixel, in the order
 * of (i, j) */
void elbo__fold(const elbo__patches *p, const elbo_tensor *image, const void *patches, int64_t pitch, void *planes);

#endif
