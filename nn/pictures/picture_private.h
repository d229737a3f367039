/* Internal: what the files picture*.c share. */
#ifndef ELBO_NN_PICTURE_PRIVATE_H
#define ELBO_NN_PICTURE_PRIVATE_H

#include "picture.h"
#include "../../io/csv_write.h"
#include "../parts/likelihood_private.h"
#include "../runs/run_private.h"

/* How one image is drawn: (channels, height, width), channels 1 or 3. */
typedef struct {
    int64_t channels, height, width;
} elbo__frame;

elbo__frame elbo__frame_of(const elbo_run *run);

/* Whether n images fit in a PNG picture, `columns` in a row. */
elbo_status elbo__check_grid(const elbo_run *run, int64_t n, int64_t columns) ELBO_MUST_CHECK;

/* How many of n rows of images fit in a picture; at least 1. */
int64_t elbo__rows_that_fit(const elbo_run *run, int64_t n);

/* ---- files (picture_file.c): .png, a grid; .npy and .csv, numbers ------------------------------------------------ */

/* Images to be written. */
typedef struct {
    const elbo_run *run;
    const float *x;                 /* (n, D)                                                   */
    const int *labels;              /* (n); NULL: no column of them in a .csv                   */
    const char *const *class_names; /* what they stand for; NULL: there they are numbers        */
    int64_t n, columns;             /* of a grid                                                */
    bool gaps;                      /* x has NaN where a value is missing, and black is shown   */
} elbo__shown;

/* Whether so many images can be written to a file of that name: to be asked before they are made. */
elbo_status elbo__check_shown(const elbo_run *run, int64_t n, int64_t columns, const char *path) ELBO_MUST_CHECK;

/* One field: a word of the column, or a number. */
void elbo__csv_put_value(elbo__csv_writer *csv, const elbo__column *column, float x);

/* Whether a file of that name is a PNG picture. */
bool elbo__is_picture(const char *path);

/* The names that labels of images (or NULL) have, once they are the run's: those of the run, else of the images. */
const char *const *elbo__class_names_of(const elbo_run *run, const elbo_images *images);

/* Writes them; refused unless all of them is finite, or gaps may be. */
elbo_status elbo__picture_write(const elbo__shown *shown, const char *path) ELBO_MUST_CHECK;

/* elbo_picture_samples of images x (n, D) that `draw` makes for labels (n). */
typedef elbo_status elbo__image_drawer(void *user, const int *labels, int64_t n, float *x);
elbo_status elbo__picture_drawn(elbo_run *run, int64_t n, int label, elbo__image_drawer *draw, void *user,
                                const char *path) ELBO_MUST_CHECK;

/* The pictures that a training leaves in its folder, of as many images as they have room for. */
elbo_status elbo__picture_some_samples(elbo_run *run, const char *path) ELBO_MUST_CHECK;
elbo_status elbo__picture_some_reconstructions(elbo_run *run, const elbo_images *images,
                                               const char *path) ELBO_MUST_CHECK;

/* The columns of a grid of samples of each class in turn, and the class of one of them. */
int64_t elbo__class_columns(const elbo_run *run);
int elbo__class_of_column(const elbo_run *run, int64_t column);

/* Room for n times `width` numbers, whose contents are undefined; NULL, and a message, when that is too much. */
float *elbo__numbers(int64_t n, int64_t width);

#endif
