/* The images that steps are timed on: a folder's, or made up. */
#ifndef ELBO_BENCH_IMAGES_H
#define ELBO_BENCH_IMAGES_H

#include <elbo.h>

typedef struct {
    elbo_tensor pixels; /* (N, D) u8    */
    elbo_tensor labels; /* (N) i32      */
    elbo_shape image;   /* of one row   */
    int32_t *order;     /* (N) shuffled */
    int64_t count, dims;
    int classes;
} images;

/* From `folder`; NULL: from data/mnist where that is, or else made up like it. Freed by images_free. */
images images_find(const char *folder);
void images_free(images *im);

#endif
