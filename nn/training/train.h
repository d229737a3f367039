/* Training: epochs of shuffled batches, figures, and the run folder.
 *
 *     elbo_images digits;                                                    // elbo_images_of or elbo_images_load
 *     elbo_run *run = elbo_run_for(&elbo_model_vae, NULL, &digits, 1);       // NULL on failure, see elbo_error()
 *     if (elbo_train(run, &digits, NULL, &(elbo_training){.epochs = 5, .folder = "runs/mine"}, NULL) != ELBO_OK)
 *         fprintf(stderr, "%s\n", elbo_error());
 *
 * Each epoch goes once through the images in an order of its own, the last, smaller batch included. The same seed, data
 * and options give the same weights, bit for bit, with any number of threads. Figures are in nats, means over images.
 *
 * In nn/training: the loop over epochs and batches, what it measures, and what it leaves in a run folder. One step is
 * nn/model's graph; how it is carried out is the plan's affair.
 */
#ifndef ELBO_NN_TRAIN_H
#define ELBO_NN_TRAIN_H

#include "../runs/run.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One epoch: a row of metrics.csv, where train, val and test are columns train_NAME, val_NAME and test_NAME. seconds
 * and images_per_s are in timing.csv, so that metrics.csv is the same, byte for byte, whenever and wherever it is
 * made. */
typedef struct {
    int64_t epoch, step;  /* finished so far                                                                  */
    double seconds;       /* since the training began, pauses left out                                        */
    double images_per_s;  /* in this epoch, evaluation left out                                               */
    double lr, beta;      /* of its last step                                                                 */
    int64_t skipped;      /* steps of this epoch that were left out: something was not finite                 */
    elbo_figures train;   /* means over the epoch, while the weights moved: each loss by its name, recon, kl,  */
                          /* elbo, what the model reports                                                     */
    elbo_figures val;     /* the same at its end, with beta = 1 in elbo, and squared_error = |x - E[x|z]|^2   */
                          /* summed over pixels, of the images that option val holds out; else empty          */
    elbo_figures test;    /* of the test images; empty where they were not measured in this epoch             */
    int64_t kept;         /* the epoch of the model that is kept                                              */
    bool over;            /* it was the last                                                                  */
} elbo_epoch;

/* Where a training is, after each batch. */
typedef struct {
    int64_t epoch, epochs;        /* from 1                                                                   */
    int64_t step, steps;          /* of this epoch, from 1                                                    */
    double images_per_s;          /* in this epoch                                                            */
    double seconds_left;          /* at that rate, evaluation left out                                        */
    elbo_figures means;           /* of this epoch so far, as in elbo_epoch.train                             */
    const elbo_epoch *finished;   /* once more after the last batch, when all is saved; NULL before           */
} elbo_progress;

/* What is 0 (or NULL) is the default. docs/training.md says more of each. */
typedef struct {
    int64_t epochs;     /* 10                                                                                 */
    int64_t batch_size; /* 128                                                                                */
    int64_t accumulate; /* batches whose gradients make one update: 1                                         */
    int64_t test_draws; /* draws of z for each test image: as many as in training (option draws, or 1)        */
    double lr;          /* 1e-3; 1e-3 * 16384 / n where a unit of the model has n > 16384 inputs              */
    elbo_optim optim;   /* adam                                                                               */
    const char *lr_schedule;     /* see elbo_lr_factor: constant                                              */
    double lr_warmup, lr_decay;  /* lr_decay < 0: to 0                                                        */
    int64_t lr_every, lr_patience;
    elbo_sizes lr_at;
    double ema;         /* decay of averaged weights, which are then what is measured and kept: none          */

    double val;         /* this part of the training images, drawn by the seed, is held out for validation: 0 */
    int64_t patience;   /* with val, the training ends after so many epochs without a better one: 10 */
    int64_t test_every; /* epochs between measurements of the test images: only at the end                    */

    /* A run folder to write: the model, config.ini, metrics.csv, timing.csv, pictures, and resume.safetensors to go on
     * from. A folder that holds something is refused, unless it is a run and `force` is set; that run stays until the
     * first epoch is there. A folder that another training is writing is refused in any case. */
    const char *folder;
    bool force;
    bool resume;        /* goes on with the training that `folder` holds: see elbo_train_load                 */
    double checkpoint_every; /* minutes from one resume.safetensors to the next, besides after each epoch: 10 */
    int64_t sample_every; /* epochs between pictures samples-NNNN.png of the same z: there are none           */
    bool tensorboard;   /* events.out.tfevents.elbo in the folder, too: figures and samples (io/events.h)     */
    bool debug_nan;     /* ends at the first step that is not finite, and says where that began               */

    /* Called after each batch; false ends the training. */
    bool (*progress)(void *user, const elbo_progress *progress);

    /* Called with one line on what does not end the training: a picture that cannot be drawn, a parameter that no loss
     * moves, steps that were left out. */
    void (*warning)(void *user, const char *message);
    void *user; /* of either */
} elbo_training;

/* Trains the weights of a run, from where they stand and with fresh moments. `test` may be NULL: it is measured at the
 * end, and where test_every asks for it, and has no influence. What is kept, in the folder and in the run, is the model
 * of the last epoch; with `val`, that of the epoch with the best ELBO (of a model without one: the least loss) of the
 * images held out.
 *
 * *last (may be NULL) gets the last finished epoch, or zeros; when `progress` or a watcher (tensor/watch.h) ended the
 * training, the status is ELBO_OK, last->over is false, the weights are those of the last batch, and
 * resume.safetensors is of that moment. A training that goes on from there ends with the same bytes as one that was
 * never stopped.
 *
 * A step whose loss, or whose update of the weights, is not finite is left out as if its batch were not there. Ten in a
 * row end the training with an error that names epoch, step and the first operation that was not finite, as does a
 * figure of validation or test images that is not; the weights are then the last finite ones, and the folder still
 * holds the last finished epoch. What can be known beforehand is an error before the first step: memory for every plan,
 * and room on the disk. */
ELBO_API elbo_status elbo_train(elbo_run *run, const elbo_images *train, const elbo_images *test,
                                const elbo_training *training, elbo_epoch *last) ELBO_MUST_CHECK;

/* How many of n images a training with that `val` holds out: the nearest number, but one at least. */
ELBO_API int64_t elbo_held_out(int64_t n, double val);

/* The run of a folder whose training is to go on, as it was at its last checkpoint; then elbo_train with the same
 * images, `folder` and `resume`. The choices are those of the folder: of elbo_training only epochs (0: as many as were
 * asked for), progress, warning and user count. NULL on failure; a folder without a resume.safetensors is one. */
ELBO_API elbo_run *elbo_train_load(const char *folder, const elbo_model *const *models);

/* The same choices as options, batch_size as batch-size; and what a table of them says, lr being 0 unless it was
 * given. */
ELBO_API extern const elbo_option elbo_training_options[];
ELBO_API elbo_training elbo_training_of(const elbo_values *values);

#ifdef __cplusplus
}
#endif
#endif
