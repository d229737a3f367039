/* Internal: a run folder that is being written.
 *
 *     elbo__folder *folder;
 *     elbo_status status = elbo__folder_open("runs/digits", ELBO__NEW, &folder);  // refuses one that is in use
 *     ... write files to elbo__folder_file(folder, "metrics.csv") ...
 *     status = elbo__folder_publish(folder);                                   // now they stand in the folder
 *     elbo__folder_close(folder);
 *
 * Until it is published for the first time, files are written to a folder within the folder. So a training that fails
 * before it has something to show leaves everything as it was, also the run that it was forced to replace; and a
 * folder that was made for it goes away again; but what it can go on from, resume.safetensors, is never thrown away
 * but by a new training. Files of other names are never touched. While it is open the folder is
 * locked: a second training is refused, also one that is forced.
 */
#ifndef ELBO_NN_FOLDER_H
#define ELBO_NN_FOLDER_H

#include <stdbool.h>
#include <stdint.h>

#include "../../tensor/error.h"

#define ELBO__MODEL_FILE "model.safetensors"
#define ELBO__CONFIG_FILE "config.ini"
#define ELBO__METRICS_FILE "metrics.csv"
#define ELBO__TIMING_FILE "timing.csv"
#define ELBO__NUMBERED_SAMPLES "samples-%04lld.png"
#define ELBO__SAMPLER_FILE "sampler-%s.safetensors" /* nn/samplers: of the run, and gone with it */
#define ELBO__SAMPLES_FILE "samples.png"
#define ELBO__RECONSTRUCTION_FILE "reconstruction.png"
#define ELBO__RESUME_FILE "resume.safetensors"
#define ELBO__REPORT_FILE "report.html"
#define ELBO__EVENTS_FILE "events.out.tfevents.elbo"

typedef struct elbo__folder elbo__folder;

/* Makes the folder, or takes one that is empty; with ELBO__REPLACE also one that holds a run or was left incomplete;
 * with ELBO__GO_ON only one with a resume.safetensors, where all that there is stays. */
typedef enum { ELBO__NEW, ELBO__REPLACE, ELBO__GO_ON } elbo__folder_way;
elbo_status elbo__folder_open(const char *path, elbo__folder_way way, elbo__folder **out) ELBO_MUST_CHECK;

/* Whether a new training could have the folder, as far as that can be told now: before the images are read, say. */
elbo_status elbo__folder_check(const char *path, bool force) ELBO_MUST_CHECK;

/* The resume.safetensors of a folder: what was not published yet is the newer one. A new string, freed with
 * elbo__free; NULL, and a message, where there is none. */
char *elbo__folder_resume(const char *path);

/* Where to write a file of the run now; freed with elbo__free. NULL on failure. */
char *elbo__folder_file(const elbo__folder *folder, const char *name);

/* Whether the disk has room for a model of so many bytes twice, as it needs while one replaces the other. */
elbo_status elbo__folder_check_room(const elbo__folder *folder, int64_t bytes) ELBO_MUST_CHECK;

/* Puts the files in their place and removes those of the run that was there before; nothing the second time. */
elbo_status elbo__folder_publish(elbo__folder *folder) ELBO_MUST_CHECK;

/* After a failure, of `status`: what was not published stays where it is, and the message says where. Nothing once
 * it was published. */
void elbo__folder_keep(elbo__folder *folder, elbo_status status);

/* Throws away what was not published, unless it is kept or can be gone on from. Accepts NULL; leaves the message of the
 * failure that led here. */
void elbo__folder_close(elbo__folder *folder);

#endif
