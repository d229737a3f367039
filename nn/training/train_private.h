/* Internal: what the files train*.c share. */
#ifndef ELBO_NN_TRAIN_PRIVATE_H
#define ELBO_NN_TRAIN_PRIVATE_H

#include "../runs/folder.h"
#include "../runs/run_private.h"
#include "train.h"

/* Puts what is not 0 in `training` into values of elbo_training_options, which checks it. */
elbo_status elbo__training_values(const elbo_training *training, elbo_values *out) ELBO_MUST_CHECK;

/* Where lr was not given, sets it to what suits the size of the model. */
elbo_status elbo__choose_lr(const elbo_run *run, elbo_values *values) ELBO_MUST_CHECK;

/* Notes of the configuration that a training begins with: its options, the kernel set, the data. */
elbo_status elbo__note_training(elbo_run *run, const elbo_values *values, const elbo_images *train,
                                const elbo_images *test) ELBO_MUST_CHECK;

/* What writes the run folder of a training. */
typedef struct {
    elbo_run *run;
    elbo__folder *folder;      /* NULL: there is none, and nothing is written          */
    const elbo_figures *tested; /* names: columns of metrics.csv, also where an epoch has no figures */
    const elbo_images *shown;  /* in the pictures                                      */
    const elbo_training *how;  /* whose `warning` hears of pictures that are not drawn */
    unsigned warned;           /* a bit for each file that it has heard of             */
    bool stopped;              /* by a watcher, while a picture was drawn              */
} elbo__saver;

/* Finds out before the training whether its files can be written after it: whether there is room for the model, and by
 * drawing the pictures once, which is no more than a warning if it fails. */
elbo_status elbo__save_rehearse(elbo__saver *saver) ELBO_MUST_CHECK;

/* Writes all of the folder after an epoch. A picture that cannot be drawn is a warning: the model stays. */
elbo_status elbo__save_epoch(elbo__saver *saver, const elbo_epoch *epoch) ELBO_MUST_CHECK;

#endif
