/* What the sources of images share. (internal) */
#ifndef ELBO_IO_DATASET_PRIVATE_H
#define ELBO_IO_DATASET_PRIVATE_H

#include "dataset.h"

/* What is wrong with data is told in the same words for files and for arrays; `status` tells them apart. */
typedef struct {
    const char *images, *labels;
    elbo_status status;
} elbo__data_names;

/* Checks the images and labels in *out and fills in counts, sizes, classes and fingerprint. */
elbo_status elbo__images_complete(const elbo__data_names *names, int classes, elbo_images *out) ELBO_MUST_CHECK;

/* Makes out->class_names of these, and of numbers for the classes after them. Frees nothing on failure. */
elbo_status elbo__images_name(elbo_images *out, const char *const *names, int count) ELBO_MUST_CHECK;

/* A part of a folder of PNG files. *found = false, and nothing else, for a part that it cannot have and for a folder
 * that holds none. Whatever is in *out on failure is the caller's to free. */
elbo_status elbo__images_load_png(const char *folder, const char *part, int classes, elbo_images *out,
                                  bool *found) ELBO_MUST_CHECK;

/* A part of the sprites, labelled by a factor (NULL: shape). Whatever is in *out on failure is the caller's to free. */
elbo_status elbo__images_load_sprites(const char *part, const char *label, int classes,
                                      elbo_images *out) ELBO_MUST_CHECK;

#endif
