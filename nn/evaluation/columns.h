/* Internal: figures of images as a file. */
#ifndef ELBO_NN_COLUMNS_H
#define ELBO_NN_COLUMNS_H

#include "../../io/dataset.h"

/* at[i] (N) is called names[i]; NULL: there is no such figure. */
typedef struct {
    int64_t images; /* N */
    int count;
    const char *const *names;
    double *const *at;
} elbo__columns;

/* A row for each image. FILE.csv: index, label where there are labels, file where the images are files, and the figures
 * that there are. FILE.npy: f64 (N, count), NaN where there is none. ELBO_INVALID for a name with another end. */
elbo_status elbo__columns_write(const elbo__columns *columns, const elbo_images *images,
                                const char *path) ELBO_MUST_CHECK;

#endif
