/* A small model of parts with values of its options, its losses in a graph: what the tests of objectives share. */
#ifndef ELBO_TESTS_SCENE_H
#define ELBO_TESTS_SCENE_H

#include "../nn/parts/parts.h"
#include "rig.h"

enum { IMAGES = 4, PIXELS = 6, CLASSES = 3 };
extern const double scene_pixels[IMAGES * PIXELS], scene_labels[IMAGES * CLASSES];

typedef struct {
    rig r;                             /* of f64, a graph for training                  */
    elbo_values *options;
    elbo_model model;                  /* of parts, but for `infer` where one was given */
    elbo_in in;
    elbo_loss losses[ELBO_MAX_LOSSES]; /* n of them, without updates                    */
    int n;
} scene;

/* Options as in a preset, "objective=factor draws=2", over four made-up pictures of 2 by 3 (with labels where they say
 * conditional=yes); a hidden layer of 5, 2 dimensions. `infer` NULL: by option posterior. Noise is fed where `fed`. */
scene *scene_new(const char *options, elbo_inference (*infer)(elbo_in *in), bool fed);
void scene_free(scene *s);

/* The same model over the same weights, in a graph that updates them by gradients of learning rate 1; `losses` are
 * then those of no graph. */
void scene_train(scene *s);

/* A metric that the losses reported; in a graph that updates, what it was before. */
double scene_metric(scene *s, const char *name);

/* The model cannot be built from these options, for this reason. */
void assert_scene_refused(const char *options, const char *reason);

/* A VAE with these options, trained for four epochs, has the same bits in each of its weights as one with the
 * others. */
void assert_same_training(const char *options, const char *others);

#endif
