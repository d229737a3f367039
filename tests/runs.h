/* Runs with options of a test's choice, and data to run them on. */
#ifndef ELBO_TESTS_RUNS_H
#define ELBO_TESTS_RUNS_H

#include "../models/models.h"
#include "../nn/training/train.h"

/* Names and texts of options in turn: OPTIONS("hidden", "none", "latent-dim", "2"), or NO_OPTIONS. */
#define OPTIONS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define NO_OPTIONS ((const char *const[]){NULL})

/* All other options have their defaults. A failure fails the test. */
elbo_values *options_of(const elbo_model *model, const char *const *pairs);
elbo_run *run_of(const elbo_model *model, const char *const *pairs, elbo_shape image, int classes); /* seed 1 */

/* No run; elbo_error() contains `reason`. */
void assert_no_run(const elbo_model *model, const char *const *pairs, elbo_shape image, const char *reason);

/* `status` is no success, and elbo_error() contains `reason`. */
void assert_refused(elbo_status status, const char *reason);
void assert_ok(elbo_status status);

/* n images of the shape of one, f32; x (n, size of image), borrowed. */
elbo_images images_of(const float *x, int64_t n, elbo_shape image);

/* A metric over a data set, which the model must have. */
double evaluated(elbo_run *run, const elbo_images *images, int64_t seed, const char *name);

/* The row-major values of a parameter of a run; and setting them. */
void run_param(elbo_run *run, const char *name, double *out);
void run_set_param(elbo_run *run, const char *name, const double *values);

/* x (n) of numbers in [0, 1], the same in every run of the test. */
void grey_levels(float *x, int n);

/* Five pictures of 6 by 6, with labels of three classes where `labels`, cost the model less after 60 epochs than after
 * one. */
void assert_learns(const elbo_model *model, const char *const *pairs, bool labels);

#endif
