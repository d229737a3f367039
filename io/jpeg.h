/* JPEG pictures, read.
 *
 *     elbo_tensor photo;
 *     if (elbo_jpeg_read("photo.jpg", &photo) != ELBO_OK)                    // (H, W) or (H, W, 3) u8
 *         fprintf(stderr, "%s\n", elbo_error());                             // "PATH: reason"
 *     ...
 *     elbo_tensor_free(&photo);
 */
#ifndef ELBO_IO_JPEG_H
#define ELBO_IO_JPEG_H

#include "../tensor/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

/* *out = the pixels of a JPEG file, baseline or progressive, in u8: (H, W) of a grey one, (H, W, 3) of one in colour.
 * They are libjpeg's, with its slow integer transform and smooth upsampling; colour profiles and the orientation that
 * a camera noted are not applied. Free with elbo_tensor_free; the data is NULL on failure. ELBO_IO when the file
 * cannot be read, ELBO_FORMAT for what is no JPEG file, is truncated or damaged (what libjpeg would only warn of
 * included), in CMYK, arithmetic-coded, or has more than 65,500 pixels a side. Bytes after the picture's end do not
 * count. */
ELBO_API elbo_status elbo_jpeg_read(const char *path, elbo_tensor *out) ELBO_MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif
