/* Pictures of what a run can do.
 *
 *     if (elbo_picture_samples(run, 64, 7, 1, "sevens.png") != ELBO_OK) ...     // 64 images of class 7
 *
 * The path's end chooses what is written:
 *
 *     .png    a picture, also where the name has no end
 *     .npy    f32 (N, D), (N, H, W) or (N, C, H, W): the numbers that the model gives, in [0, 1] where its likelihood
 *             says so; what --data and numpy.load read
 *     .csv    a line for each image: pixel0, pixel1, ... after its label where there are labels, which stand there by
 *             their names where they have some. With likelihood columns these have their names, and words are
 *             written as such; they are never a picture
 *
 * In a picture images of shape (H, W) are grey; (3, H, W) are red, green and blue; any other number of channels is
 * drawn one below the other. A row of D numbers is drawn as a square where it fills one, else as a line. What would be
 * larger than a PNG file may be is ELBO_INVALID, and so are numbers that are not finite and names with another end. Of
 * counts the greatest in the picture is white.
 *
 * In nn/pictures: grids and plots of what a run draws, reconstructs and encodes. Files of pictures as such are io/'s.
 */
#ifndef ELBO_NN_PICTURE_H
#define ELBO_NN_PICTURE_H

#include "../runs/run.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { ELBO_EACH_CLASS = -1 };

/* n images drawn from the prior, as a grid. `label` is for models that take labels: a class, or ELBO_EACH_CLASS for
 * each in turn, one column a class; of more than 16 classes a picture shows 16, evenly spaced from class 0 on. */
ELBO_API elbo_status elbo_picture_samples(elbo_run *run, int64_t n, int label, int64_t seed,
                                          const char *path) ELBO_MUST_CHECK;

/* The first n images of a data set: rows of originals, right below the reconstructions, and lines between. Of a
 * model that binarises or corrupts images, what it sees stands between the two, and is what is reconstructed. A missing
 * value is black in all but the reconstruction. As numbers, the reconstructions alone. */
ELBO_API elbo_status elbo_picture_reconstruction(elbo_run *run, const elbo_images *images, int64_t n, int64_t seed,
                                                 const char *path) ELBO_MUST_CHECK;

/* What each unit of the first dense layer, or each component of PCA, looks for, at most n of them: the input of
 * length 1 that excites it most, x_j = w_j / sqrt(sum_j w_j^2), middle grey for 0 and full light or black for the
 * largest. Of a model with a mean image (PCA) that comes first. ELBO_INVALID where no layer looks at the pixels. */
ELBO_API elbo_status elbo_picture_features(elbo_run *run, int64_t n, const char *path) ELBO_MUST_CHECK;

/* ---- a latent space ---------------------------------------------------------------------------------------------- */

/* Where to look and what to show. What is 0 (or NULL) is the default, but for `label`, where 0 is class 0. Centre
 * and deviation of z are those of the prior; of a model without one, those of the codes of up to 2,000 of `images`,
 * which such a model needs. */
typedef struct {
    const elbo_images *images; /* of the run's kind; NULL: none                                                       */
    int label;                 /* for models that take labels; ELBO_EACH_CLASS: that of the image, or 0               */
    int64_t steps;             /* pictures along one way: 10, of a traversal 11; along each side of a manifold: 20    */
    elbo_sizes dims;           /* of a traversal: these dimensions in this order, z1 being 1; none: all               */
    double span;               /* deviations to either side of the centre, of a traversal: 3                          */
    int64_t seed;              /* of random points                                                                    */
} elbo_view;

/* `rows` ways (fewer where the images run out) through latent space, each from a point to another in `steps`
 * pictures, ends included: between the codes of images from + 2 i and from + 2 i + 1 (to < 0), of `from` and `to`
 * (then one row), or between draws from the prior (from < 0). Spherical: z = sin((1 - t) w) / sin(w) a + sin(t w) /
 * sin(w) b, w the angle between a and b (Shoemake 1985), which keeps the length that points of a normal prior have;
 * else z = (1 - t) a + t b. */
typedef struct {
    int64_t from, to, rows;
    bool spherical;
} elbo_path;
ELBO_API elbo_status elbo_picture_interpolation(elbo_run *run, const elbo_view *view, const elbo_path *ways,
                                                const char *path) ELBO_MUST_CHECK;

/* A row for each of view->dims, or for each dimension of z (the first ones where a picture has no room for all), which
 * goes from centre - span deviation to centre + span deviation, while the others stay at the code of image `image`, or
 * at the centre (image < 0). ELBO_INVALID for a dimension that there is not. */
ELBO_API elbo_status elbo_picture_traversal(elbo_run *run, const elbo_view *view, int64_t image,
                                            const char *path) ELBO_MUST_CHECK;

/* A latent space of two dimensions as a square of pictures: z_1 to the right and z_2 upwards, at centre + deviation
 * Phi^-1(u), u = 1/2n, 3/2n, ..., so that each picture stands for as much of a normal prior. ELBO_INVALID for other
 * numbers of dimensions. */
ELBO_API elbo_status elbo_picture_manifold(elbo_run *run, const elbo_view *view, const char *path) ELBO_MUST_CHECK;

/* What the decoder makes of codes z (n, Z), as a grid; `labels` (n) for a model that takes them, or NULL. */
ELBO_API elbo_status elbo_picture_codes(elbo_run *run, const float *z, const int *labels, int64_t n,
                                        const char *path) ELBO_MUST_CHECK;

/* The codes of images as points, one panel for each run with its title (titles NULL: the model's name), coloured by
 * label where the data have labels: as .svg or .png (see elbo_scatter). Codes of more than two dimensions by their
 * first two principal components. */
ELBO_API elbo_status elbo_picture_scatter(elbo_run *const *runs, const char *const *titles, int count,
                                          const elbo_images *images, const char *path) ELBO_MUST_CHECK;

/* What elbo_run_impute fills in: the images of a data set, or M times all of them, one time behind the other; in a
 * picture each has a row of its M. */
ELBO_API elbo_status elbo_picture_imputed(elbo_run *run, const elbo_images *images, int draws, int multiple,
                                          int64_t seed, const char *path,
                                          elbo_imputed *told /* may be NULL */) ELBO_MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif
