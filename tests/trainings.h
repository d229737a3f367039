/* Small trainings on patterns: what the tests of training and of run folders share. */
#ifndef ELBO_TESTS_TRAININGS_H
#define ELBO_TESTS_TRAININGS_H

#include "../models/models.h"
#include "../nn/training/train.h"
#include "patterns.h"

enum { N = 50, TEST = 24 };

extern elbo_images train, test; /* N and TEST images, made by training_setup */

/* Checked fixtures: the images; the images and a scratch folder, which scratch_teardown removes. */
void training_setup(void);
void training_setup_with_scratch(void);

/* A hidden layer of 24 units, 4 latent dimensions. */
elbo_run *new_run(const elbo_model *model, int64_t seed);

void assert_trained(elbo_run *run, const elbo_training *how, elbo_epoch *last);
void assert_not_trained(elbo_run *run, const elbo_training *how, const char *reason);

/* Trains a cvae into a folder of the scratch folder. */
void train_into(const char *folder, elbo_training how, elbo_epoch *last);

#endif
