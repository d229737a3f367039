/* What the sources of images share. (internal) */
#ifndef ELBO_IO_DATASET_PRIVATE_H
#define ELBO_IO_DATASET_PRIVATE_H

#include "dataset.h"

/* What is wrong with data is told in the same words for files and for arrays; `status` tells them apart. */
typedef struct {
    const char *images, *labels;
    elbo_status status;
    const char *mask;
} elbo__data_names;

/* Checks images, labels and mask in *out and fills in counts, sizes, classes and fingerprint. */
elbo_status elbo__images_complete(const elbo__data_names *names, int classes, elbo_images *out) ELBO_MUST_CHECK;

/* Makes out->class_names of these, and of numbers for the classes after them. Frees nothing on failure. */
elbo_status elbo__images_name(elbo_images *out, const char *const *names, int count) ELBO_MUST_CHECK;

void elbo__free_names(char **names); /* NULL after the last; accepts NULL */

/* *out = a new list (n): where from[i] stands in `to` (m), the first time; -1 where it does not. */
elbo_status elbo__match_names(const char *const *from, int n, const char *const *to, int m, int **out) ELBO_MUST_CHECK;

/* Fails for an image whose class has a name that the model does not know. */
elbo_status elbo__unknown_class(const elbo_images *images, int64_t image) ELBO_MUST_CHECK;

bool elbo__is_test_part(const char *part); /* test or t10k */

/* A part of a folder of IDX files. *found = false, and nothing else, for a folder that holds none of either part.
 * Whatever is in *out on failure is the caller's to free. */
elbo_status elbo__images_load_idx(const char *folder, const char *part, int classes, elbo_images *out,
                                  bool *found) ELBO_MUST_CHECK;

/* *idx = whether the folder is one of IDX files; *found = whether there are images or labels of the part among them. */
elbo_status elbo__images_find_idx(const char *folder, const char *part, bool *idx, bool *found) ELBO_MUST_CHECK;

/* A part of a folder of pictures. *found = false, and nothing else, for a part that it cannot have and for a folder
 * that holds none. Whatever is in *out on failure is the caller's to free. */
elbo_status elbo__images_load_pictures(const char *folder, const char *part, int classes, elbo_images *out,
                                       bool *found) ELBO_MUST_CHECK;

/* *found = whether there are pictures for the part, or a folder that is meant for them. */
elbo_status elbo__images_find_pictures(const char *folder, const char *part, bool *found) ELBO_MUST_CHECK;

/* A part of the sprites, labelled by a factor (NULL: shape). Whatever is in *out on failure is the caller's to free. */
elbo_status elbo__images_load_sprites(const char *part, const char *label, int classes,
                                      elbo_images *out) ELBO_MUST_CHECK;

#endif
