/* Internal: what the files of this folder share. A training is prepared and led by train.c, steps.c does an epoch's
 * steps, epoch.c what comes after them, checkpoint.c stops and goes on, train_save.c writes the other files. */
#ifndef ELBO_NN_TRAIN_PRIVATE_H
#define ELBO_NN_TRAIN_PRIVATE_H

#include "../runs/folder.h"
#include "../runs/run_private.h"
#include "train.h"

/* Where a training is: all that decides how it goes on, besides weights, moments and options, and nothing of how long
 * it took. What is added here must be a row of the table in checkpoint.c. */
typedef struct {
    int64_t epoch;        /* under way, from 1                                                                    */
    int64_t first;        /* images of it that are behind us                                                      */
    int64_t step;         /* batches, over all epochs                                                             */
    int64_t updates;      /* of the weights, over all epochs                                                      */
    int64_t accumulated;     /* images whose gradients wait for their update                                         */
    int64_t skipped;      /* batches of this epoch that were left out                                             */
    int64_t in_a_row;     /* batches that were left out one after the other, just before this moment              */
    int64_t counted;      /* images in `sums`                                                                     */
    int64_t kept;         /* the epoch whose model is kept; 0: there is none yet                                  */
    int64_t plateau;      /* the epoch with the best figure since the rate last dropped                           */
    int64_t drops;        /* of the rate, at plateaus                                                             */
    int64_t over;         /* 1: ended before the last epoch, for want of a better one                             */
    double kept_figure;   /* what made that epoch the best, the more the better                                   */
    double plateau_figure;
    double lr, beta;      /* of the last step                                                                     */
    elbo_figures sums;    /* of this epoch, over `counted` images                                                 */
} elbo__state;

/* What writes the run folder of a training. */
typedef struct {
    elbo_run *run;
    elbo__folder *folder;      /* NULL: there is none, and nothing is written          */
    const elbo_figures *val, *test; /* names: columns of metrics.csv, also where an epoch has no figures */
    const elbo_images *shown;  /* in the pictures                                      */
    const elbo_training *how;  /* whose `warning` hears of pictures that are not drawn */
    unsigned warned;           /* a bit for each file that it has heard of             */
    bool stopped;              /* by a watcher, while a picture was drawn              */
} elbo__saver;

/* A training under way. */
typedef struct {
    elbo_run *run;
    elbo_training how;         /* with the defaults filled in                                                     */
    const elbo_values *values; /* the same, of elbo_training_options                                              */
    const elbo_images *train_images, *test_images;
    elbo__table train, test;   /* test.count = 0: there is none                                                   */
    int32_t *rows;             /* (count + held) of the images: those to train on, then those held out            */
    int64_t count, held;
    int32_t *order;            /* (count) rows in the order of the epoch                                          */
    int64_t ordered;           /* the epoch that `order` is of; 0: none                                           */
    int64_t draws, test_draws;
    elbo__saver saver;
    elbo_figures val, tested;  /* names of their figures                                                          */
    elbo__state at;
    elbo_params *good;         /* weights and moments at state `good_at`, when all was finite                     */
    elbo__state good_at;
    elbo_params *averaged;     /* with ema: the weights that are measured                                         */
    elbo_params *best;         /* with val: those that are kept                                                   */
    bool warned;               /* of a parameter that stays as it is                                              */
    double seconds;            /* of work, of this process and those before it                                    */
    double epoch_seconds;      /* of this process on `epoch_images` images of the epoch                           */
    int64_t epoch_images;
    double clock, saved;       /* when `seconds` was last brought up to date, and a checkpoint last written       */
} elbo__training;

#define ELBO__ADVICE "a smaller lr or clip-norm may help"
#define ELBO__ACTIVE_UNITS "active-units" /* a note: so many dimensions of z are in use */

/* ---- train_options.c --------------------------------------------------------------------------------------------- */

/* Puts what is not 0 in `training` into values of elbo_training_options, which checks it. */
elbo_status elbo__training_values(const elbo_training *training, elbo_values *out) ELBO_MUST_CHECK;

/* Where lr was not given, sets it to what suits the size of the model. */
elbo_status elbo__choose_lr(const elbo_run *run, elbo_values *values) ELBO_MUST_CHECK;

/* ---- steps.c ----------------------------------------------------------------------------------------------------- */

double elbo__training_now(void); /* seconds on a clock that only goes forward */
void elbo__training_tick(elbo__training *t); /* brings seconds up to date */

int64_t elbo__steps_of_epoch(const elbo__training *t);

/* Values of all slabs of a set into another of the same layout. */
void elbo__params_take(elbo_params *to, const elbo_params *from);

/* The work of a step: `batch` images, with what is accumulated before it and after it. */
elbo__work elbo__step_work(const elbo__training *t, int64_t batch, elbo_accumulation accumulation, int64_t update);

/* Remembers this moment as one to come back to; what is not finite is ELBO_INVALID. */
elbo_status elbo__remember(elbo__training *t) ELBO_MUST_CHECK;

/* Trains on the rest of the epoch; *go_on becomes false when the caller or a watcher ended it. */
elbo_status elbo__train_epoch(elbo__training *t, bool *go_on) ELBO_MUST_CHECK;

bool elbo__training_report(const elbo__training *t, const elbo_epoch *finished); /* false: the caller ends it */
void elbo__training_warn(const elbo__training *t, char *message); /* frees the message, which may be NULL */

/* ---- epoch.c ----------------------------------------------------------------------------------------------------- */

/* What comes after the steps of an epoch: figures, the choice of the model to keep, files. ELBO_STOPPED: a watcher
 * wanted no more, and the epoch is not finished. */
elbo_status elbo__finish_epoch(elbo__training *t, elbo_epoch *out) ELBO_MUST_CHECK;

/* The weights that are kept so far; and weights, without moments, from one set into another. */
elbo_params *elbo__kept_weights(const elbo__training *t);
void elbo__weights_take(elbo_params *to, const elbo_params *from);

/* Writes the files of the epoch before once more, from its last step's weights. */
elbo_status elbo__save_again(elbo__training *t) ELBO_MUST_CHECK;

/* The only epoch of a model that is fitted. */
elbo_status elbo__fit_epoch(elbo__training *t, elbo_epoch *out) ELBO_MUST_CHECK;

/* ---- checkpoint.c ------------------------------------------------------------------------------------------------ */

/* Writes resume.safetensors, where there is a folder. */
elbo_status elbo__checkpoint_write(elbo__training *t) ELBO_MUST_CHECK;

/* Goes back to where resume.safetensors was written: weights, moments, state, tables. */
elbo_status elbo__checkpoint_read(elbo__training *t) ELBO_MUST_CHECK;

/* ---- train_config.c ---------------------------------------------------------------------------------------------- */

/* Writes config.ini of a run that was trained. */
elbo_status elbo__write_config(const elbo_run *run, const char *path) ELBO_MUST_CHECK;

/* ---- train_save.c ------------------------------------------------------------------------------------------------ */

/* Notes of the configuration that a training begins with: its options, the kernel set, the data. */
elbo_status elbo__note_training(elbo_run *run, const elbo_values *values, const elbo_images *train,
                                const elbo_images *test) ELBO_MUST_CHECK;

/* What the model that is kept came to. */
elbo_status elbo__note_epoch(elbo_run *run, const elbo_epoch *epoch) ELBO_MUST_CHECK;

/* Whether images are those that the run was trained on, by their fingerprints. */
elbo_status elbo__check_same_data(const elbo_run *run, const elbo_images *train,
                                  const elbo_images *test) ELBO_MUST_CHECK;

/* Finds out before the training whether its files can be written after it: whether there is room for the model, and by
 * drawing the pictures once, which is no more than a warning if it fails. */
elbo_status elbo__save_rehearse(elbo__saver *saver) ELBO_MUST_CHECK;

/* Adds the rows of an epoch to the tables. */
elbo_status elbo__save_rows(const elbo__saver *saver, const elbo_epoch *epoch) ELBO_MUST_CHECK;

/* Writes the model alone. */
elbo_status elbo__save_model(const elbo__saver *saver) ELBO_MUST_CHECK;

/* Adds samples.png to the events, after the figures of that step. */
elbo_status elbo__save_events_picture(const elbo__saver *saver, int64_t step) ELBO_MUST_CHECK;

/* Takes the rows from `epoch` on out of the tables; *seconds = those of the last row that is left. */
elbo_status elbo__cut_rows(const elbo__saver *saver, int64_t epoch, double *seconds) ELBO_MUST_CHECK;

/* samples-0005.png, where epoch 5 is to have one: always of the same z, so that one can watch a model learn. */
elbo_status elbo__save_numbered(elbo__saver *saver, int64_t epoch) ELBO_MUST_CHECK;

/* Writes all else of the folder after an epoch: where the model that is kept is `new`, that and what shows it. A
 * picture that cannot be drawn is a warning: the model stays. ELBO_STOPPED: a watcher wanted no more. */
elbo_status elbo__save_epoch(elbo__saver *saver, bool new_model) ELBO_MUST_CHECK;

#endif
