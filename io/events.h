/* TensorBoard's files of events: figures and pictures by step, for `tensorboard --logdir runs`.
 *
 *     elbo_events *events;
 *     if (elbo_events_open("runs/digits/events.out.tfevents.elbo", ELBO_ALL_EVENTS, &events) != ELBO_OK)
 *         ...                                                          // elbo_error() says why
 *     elbo_number figures[] = {{"train/loss", 164.25}, {"test/elbo", -131.5}};
 *     if (elbo_events_scalars(events, 469, figures, 2) != ELBO_OK)     // after 469 steps: one point of two curves
 *         ...
 *     if (elbo_events_picture(events, 469, "samples", "runs/digits/samples.png") != ELBO_OK)
 *         ...
 *     elbo_events_close(events);
 *
 * A training that is resumed from a checkpoint of step 469 goes on with elbo_events_open(path, 469, &events): what was
 * written after that step is cut off, since it will be written again.
 *
 * TensorBoard looks for names that contain "tfevents", in the folder that it is given and in those below; each folder
 * is a run. Tags with a slash are grouped by what stands before it. The layout of a file is that of TFRecord:
 *
 *     length N         8 bytes, little-endian
 *     checksum         4 bytes, of these 8: CRC-32C, rotated right by 15 bits, plus 0xa282ead8
 *     data             N bytes, one message Event of protocol buffers
 *     checksum         4 bytes, of the data
 *
 *     Event            wall_time = 1 (double, seconds), step = 2, file_version = 3 "brain.Event:2" (of the first
 *                      event), summary = 5 { value = 1 { tag = 1, simple_value = 2 (float) or image = 4 } ... }
 *     Image            height = 1, width = 2, colorspace = 3 (1 grey, 3 RGB), encoded_image_string = 4 (a PNG file)
 */
#ifndef ELBO_IO_EVENTS_H
#define ELBO_IO_EVENTS_H

#include <stdint.h>

#include "csv.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ELBO_ALL_EVENTS INT64_MAX

typedef struct elbo_events elbo_events;

/* Opens a file for more events, after those of steps up to `last_step`; the first one beyond, and all that follows it,
 * is cut off, and so is a record that a crash has torn. A new or empty file gets the event that names the version.
 * ELBO_FORMAT for a file that begins with anything else. ELBO_INVALID for a name without "tfevents", which TensorBoard
 * would not find. Close with elbo_events_close. */
ELBO_API elbo_status elbo_events_open(const char *path, int64_t last_step, elbo_events **out) ELBO_MUST_CHECK;

/* Adds the figures of a step (from 0 on), as f32; nan and inf are figures too. One record is written at once and
 * whole: one that does not fit the disk leaves the file as it was. Steps never go back. */
ELBO_API elbo_status elbo_events_scalars(elbo_events *events, int64_t step, const elbo_number *figures,
                                         int count) ELBO_MUST_CHECK;

/* Adds the picture that lies in a PNG file, as it is: grey or RGB, of up to 64 MB. */
ELBO_API elbo_status elbo_events_picture(elbo_events *events, int64_t step, const char *tag,
                                         const char *png) ELBO_MUST_CHECK;

ELBO_API void elbo_events_close(elbo_events *events); /* accepts NULL */

#ifdef __cplusplus
}
#endif
#endif
