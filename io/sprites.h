/* Sprites: images made from known factors, for trying things out without any files.
 *
 *     elbo_images sprites;
 *     if (elbo_sprites(64, 1000, 7, "colour", &sprites) != ELBO_OK)
 *         fprintf(stderr, "%s\n", elbo_error());
 *     ...                        // sprites.images (1000, 3, 64, 64), sprites.labels (1000): 0 is red, 1 yellow, ...
 *     ...                        // sprites.factors (1000, 6): shape, colour, scale, rotation, x and y of each image
 *     elbo_images_free(&sprites);
 *
 * Each image shows one sprite on black, wholly inside of the picture, with soft edges. Its factors are drawn uniformly
 * and independently:
 *
 *     shape     3   square, ellipse, heart
 *     colour    6   red, yellow, green, cyan, blue, magenta
 *     scale     4   the farthest point is 0.14, 0.18, 0.22 or 0.26 of the picture's side away from the centre
 *     rotation  8   counter-clockwise by 45 degrees each; a square looks alike after 90 and an ellipse after 180
 *     x, y      8   the centre, at 0.29, 0.35, ... 0.71 of the side, from the left and from the top
 *
 * That makes 36,864 combinations and 21,504 different images: of two samples of some thousands, many are in both.
 */
#ifndef ELBO_IO_SPRITES_H
#define ELBO_IO_SPRITES_H

#include "dataset.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    const char *name;         /* NULL: the end of the table         */
    int count;                /* values 0..count-1                  */
    const char *const *names; /* (count) of the values; NULL: none  */
    bool ordered;             /* 0 lies beside 1, and 1 beside 2    */
} elbo_sprite_factor;

/* The columns of elbo_images.factors. */
ELBO_API extern const elbo_sprite_factor elbo_sprite_factors[];

/* Makes `count` images of `size` by `size` pixels, 16 to 256. Image i is a function of size, seed and i alone. `label`
 * names the factor that becomes the labels, its values being the classes; NULL: shape. ELBO_INVALID for a size, a count
 * or a label that cannot be. Free with elbo_images_free. */
ELBO_API elbo_status elbo_sprites(int64_t size, int64_t count, uint64_t seed, const char *label,
                                  elbo_images *out) ELBO_MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif
