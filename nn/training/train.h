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

/* One epoch: a row of metrics.csv, where train and test are columns train_NAME and test_NAME. */
typedef struct {
    int64_t epoch, step;  /* finished so far                                                                  */
    double seconds;       /* since the training began                                                         */
    double images_per_s;  /* in this epoch, the test left out                                                 */
    double lr, beta;      /* of its last step                                                                 */
    elbo_figures train;   /* means over the epoch, while the weights moved: each loss by its name, recon, kl,  */
                          /* elbo, what the model reports                                                     */
    elbo_figures test;    /* the same at its end, with beta = 1 in elbo, and squared_error = |x - E[x|z]|^2   */
                          /* summed over pixels; empty without test images                                    */
} elbo_epoch;

/* Where a training is, after each batch. */
typedef struct {
    int64_t epoch, epochs;        /* from 1                                                                   */
    int64_t step, steps;          /* of this epoch, from 1                                                    */
    double images_per_s;          /* in this epoch                                                            */
    double seconds_left;          /* at that rate, tests left out                                             */
    elbo_figures means;           /* of this epoch so far, as in elbo_epoch.train                             */
    const elbo_epoch *finished;   /* once more after the last batch, when all is saved; NULL before           */
} elbo_progress;

/* What is 0 (or NULL) is the default. */
typedef struct {
    int64_t epochs;     /* 10                                                                                 */
    int64_t batch_size; /* 128                                                                                */
    int64_t test_draws; /* draws of z for each test image: as many as in training (option draws, or 1)        */
    double lr;          /* 1e-3; 1e-3 * 16384 / n where a unit of the model has n > 16384 inputs              */
    elbo_optim optim;   /* adam                                                                               */

    /* A run folder to write after every epoch: the model, config.ini, metrics.csv and pictures. A folder that holds
     * something is refused, unless it is a run and `force` is set; that run stays until the first epoch is there. A
     * folder that another training is writing is refused in any case. */
    const char *folder;
    bool force;

    /* Called after each batch; false ends the training. */
    bool (*progress)(void *user, const elbo_progress *progress);

    /* Called with one line on what does not end the training: a picture that cannot be drawn, a parameter that no loss
     * moves. */
    void (*warning)(void *user, const char *message);
    void *user; /* of either */
} elbo_training;

/* Trains the weights of a run, from where they stand and with fresh moments. `test` may be NULL: it is evaluated after
 * each epoch and has no influence. *last (may be NULL) gets the last finished epoch, or zeros; when `progress` or a
 * watcher (tensor/watch.h) ended the training, the status is ELBO_OK and the weights are those of the last batch. A
 * loss, a weight or a figure of the test images that is not finite ends it with an error that names epoch and step; the
 * folder then still holds the last finished epoch. What can be known beforehand is an error before the first step:
 * memory for every plan, and room on the disk. */
ELBO_API elbo_status elbo_train(elbo_run *run, const elbo_images *train, const elbo_images *test,
                                const elbo_training *training, elbo_epoch *last) ELBO_MUST_CHECK;

/* The same choices as options: epochs, batch-size, test-draws, lr and ELBO_OPTIM_OPTIONS; and what a table of them
 * says, lr being 0 unless it was given. */
ELBO_API extern const elbo_option elbo_training_options[];
ELBO_API elbo_training elbo_training_of(const elbo_values *values);

#ifdef __cplusplus
}
#endif
#endif
