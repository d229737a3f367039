/* PNG pictures of tensors, and of many images side by side.
 *
 *     float images[64 * 28 * 28];                                            // in [0, 1]
 *     elbo_tensor x = elbo_tensor_of(ELBO_F32, ELBO_SHAPE(64, 28, 28), images);
 *     if (elbo_png_grid("samples.png", &x, 8) != ELBO_OK)                    // 8 rows of 8
 *         fprintf(stderr, "%s\n", elbo_error());                             // "PATH: reason"
 *
 * An entry x of an f32 or f64 tensor is 0 for black and 1 for full light; its pixel is
 * floor(clamp(255 x + 0.5, 0, 255)), and black where x is NaN. The entries of a u8 tensor are pixels.
 *
 * A file already there is replaced when all is written, and untouched on failure. ELBO_INVALID for other dtypes and
 * shapes, ELBO_IO when the file cannot be written.
 */
#ifndef ELBO_IO_PNG_H
#define ELBO_IO_PNG_H

#include "../tensor/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Writes pixels (H, W), grey, or (H, W, 3), red, green and blue: u8, f32 or f64 of any strides. H and W are at most
 * 100,000. */
ELBO_API elbo_status elbo_png_write(const char *path, const elbo_tensor *pixels) ELBO_MUST_CHECK;

/* Writes images (N, H, W) or (N, C, H, W), C = 1 or 3, row after row with `columns` in a row (0: 8) and black lines of
 * 2 pixels around each. One image alone has no lines around it. The same picture as torchvision's make_grid. */
ELBO_API elbo_status elbo_png_grid(const char *path, const elbo_tensor *images, int columns) ELBO_MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif
