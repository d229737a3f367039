/* Internal: what the files train*.c share. */
#ifndef ELBO_NN_TRAIN_PRIVATE_H
#define ELBO_NN_TRAIN_PRIVATE_H

#include "folder.h"
#include "run_private.h"
#include "train.h"

/* Puts what is not 0 in `training` into values of elbo_training_options, which checks it. */
elbo_status elbo__training_values(const elbo_training *training, elbo_values *out) ELBO_MUST_CHECK;

/* Notes of the configuration that a training begins with: its options, the kernel set, the data. */
elbo_status elbo__note_training(elbo_run *run, const elbo_values *values, const elbo_images *train,
                                const elbo_images *test) ELBO_MUST_CHECK;

/* Writes all of a run folder after an epoch; the pictures show `shown`. */
elbo_status elbo__save_epoch(elbo_run *run, elbo__folder *folder, const elbo_epoch *epoch,
                             const elbo_images *shown) ELBO_MUST_CHECK;

#endif
