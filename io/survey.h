/* What there is to know of the values of images, found in one pass over them. (internal) */
#ifndef ELBO_IO_SURVEY_H
#define ELBO_IO_SURVEY_H

#include "dataset_private.h"

/* Fills in missing, unmasked, least, greatest and fingerprint. The mask, whose memory is its own, becomes 0 and 1, and
 * 0 where a value is NaN. Fails for a mask of another shape, for an infinite value that is not missing, and when a
 * watcher wants no more. */
elbo_status elbo__images_survey(const elbo__data_names *names, elbo_images *images) ELBO_MUST_CHECK;

/* Which of all values one is, counted from 0: "image 3, channel 0, row 5, column 7". */
typedef struct {
    char text[128];
} elbo__place;
elbo__place elbo__place_of(const elbo_images *images, int64_t value);

#endif
