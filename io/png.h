/* PNG pictures: of tensors, of many images side by side, and read back.
 *
 *     float images[64 * 28 * 28];                                            // in [0, 1]
 *     elbo_tensor x = elbo_tensor_of(ELBO_F32, ELBO_SHAPE(64, 28, 28), images);
 *     if (elbo_png_grid("samples.png", &x, 8) != ELBO_OK)                    // 8 rows of 8
 *         fprintf(stderr, "%s\n", elbo_error());                             // "PATH: reason"
 *
 *     elbo_tensor photo;
 *     if (elbo_png_read("photo.png", &photo) == ELBO_OK) {                       // (H, W) or (H, W, 3) u8
 *         ...
 *         elbo_tensor_free(&photo);
 *     }
 *
 * An entry x of an f32 or f64 tensor is 0 for black and 1 for full light; its pixel is
 * floor(clamp(255 x + 0.5, 0, 255)), and black where x is NaN. The entries of a u8 tensor are pixels.
 *
 * A file already there is replaced when all is written, and untouched on failure. ELBO_INVALID for other dtypes and
 * shapes, ELBO_IO when the file cannot be written or read.
 */
#ifndef ELBO_IO_PNG_H
#define ELBO_IO_PNG_H

#include "../tensor/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { ELBO_PNG_MAX_SIDE = 100000 }; /* pixels of a side, written or read */

/* Writes pixels (H, W), grey, or (H, W, 3), red, green and blue: u8, f32 or f64 of any strides. H and W are at most
 * ELBO_PNG_MAX_SIDE. */
ELBO_API elbo_status elbo_png_write(const char *path, const elbo_tensor *pixels) ELBO_MUST_CHECK;

/* Writes images (N, H, W) or (N, C, H, W), C = 1 or 3, row after row with `columns` in a row (0: 8) and black lines of
 * 2 pixels around each. One image alone has no lines around it. The same picture as torchvision's make_grid. */
ELBO_API elbo_status elbo_png_grid(const char *path, const elbo_tensor *images, int columns) ELBO_MUST_CHECK;

/* *out = the pixels of a PNG file of any kind, in u8: (H, W) of a grey one, (H, W, 3) of one in colour or with a
 * palette, even if it shows nothing but grey. 16 bits are rounded to 8, and 1, 2 and 4 bits spread over 0..255. Alpha
 * is blended onto black, pixel by pixel: round(colour * alpha / 255). Gamma and colour profiles are not applied. Free
 * with elbo_tensor_free; the data is NULL on failure. ELBO_FORMAT for what is no PNG file, truncated or damaged, or has
 * more than 100,000 pixels a side. Bytes after the picture's end do not count. */
ELBO_API elbo_status elbo_png_read(const char *path, elbo_tensor *out) ELBO_MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif
