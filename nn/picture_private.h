/* Internal: what the files picture*.c share. */
#ifndef ELBO_NN_PICTURE_PRIVATE_H
#define ELBO_NN_PICTURE_PRIVATE_H

#include "picture.h"
#include "run_private.h"

/* How one image is drawn: (channels, height, width), channels 1 or 3. */
typedef struct {
    int64_t channels, height, width;
} elbo__frame;

elbo__frame elbo__frame_of(const elbo_run *run);

/* n images x (n, D) as a grid. */
elbo_status elbo__draw_grid(const elbo_run *run, const float *x, int64_t n, int64_t columns,
                            const char *path) ELBO_MUST_CHECK;

/* Room for n times `width` numbers of zero; NULL, and a message, when that is too much. */
float *elbo__numbers(int64_t n, int64_t width);

#endif
