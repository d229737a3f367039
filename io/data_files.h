/* Data in single files, and in folders of arrays. (internal)
 *
 * Each way to read leaves images, labels and mask in *out as they are in the files; elbo__data_complete makes sense of
 * them. What is in *out on failure is the caller's to free.
 */
#ifndef ELBO_IO_DATA_FILES_H
#define ELBO_IO_DATA_FILES_H

#include "dataset_private.h"
#include "origin.h"

/* A file of one of the kinds that hold images; *found as elbo_images_find tells it. */
elbo_status elbo__images_load_file(const elbo__origin *origin, const char *part, int classes,
                                   elbo_images *out) ELBO_MUST_CHECK;
elbo_status elbo__images_find_in_file(const elbo__origin *origin, const char *part, bool *found) ELBO_MUST_CHECK;

/* Whether a file of that name would be of one of the kinds, though none is there. */
bool elbo__is_data_file_name(const char *path);

/* A folder with train.npy or train.csv, test.npy or test.csv: *held = false, and nothing else, for a folder that has
 * none of them; *found: whether the part is there. */
elbo_status elbo__images_load_arrays(const elbo__origin *origin, const char *part, int classes, elbo_images *out,
                                     bool *held) ELBO_MUST_CHECK;
elbo_status elbo__images_find_arrays(const char *folder, const char *part, bool *held, bool *found) ELBO_MUST_CHECK;

/* Whether a file of that name would be data of such a folder. */
bool elbo__is_array_name(const char *name);

/* elbo__images_complete for arrays from files: labels (N, 1) are as good as (N), and channels that come last are
 * refused with a word on how to put them where they belong. */
elbo_status elbo__data_complete(const elbo__data_names *names, int classes, elbo_images *out) ELBO_MUST_CHECK;

/* ---- the kinds --------------------------------------------------------------------------------------------------- */

/* A CSV file of what `origin` names. `rest` is COLUMN, HxW, COLUMN:HxW (or CxHxW), or NULL: the column of labels and
 * the size of an image. With columns by their kinds out->columns tells all of them. */
elbo_status elbo__images_load_csv(const char *path, const elbo__origin *origin, int classes,
                                  elbo_images *out) ELBO_MUST_CHECK;

/* Arrays of a .npz file by their names: those that `rest` names, as IMAGES or IMAGES:LABELS, else the usual. */
elbo_status elbo__images_load_npz(const elbo__origin *origin, const char *part, int classes,
                                  elbo_images *out) ELBO_MUST_CHECK;
elbo_status elbo__images_find_npz(const elbo__origin *origin, const char *part, bool *found) ELBO_MUST_CHECK;

#endif
