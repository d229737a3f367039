#include "scene.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../models/models.h"
#include "../nn/training/train.h"
#include "patterns.h"

const double scene_pixels[IMAGES * PIXELS] = {0,   1,   0.5, 0.2, 0.9, 0, 1, 1, 0, 0, 0.3, 0.6,
                                              0.1, 0.8, 0.4, 0,   1,   1, 0, 0, 0, 1, 0.7, 0.5};
const double scene_labels[IMAGES * CLASSES] = {1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 1, 0};

static elbo_values *values_of(const char *before, const char *options)
{
    char preset[300];
    ck_assert_int_lt(snprintf(preset, sizeof preset, "%s %s", before, options), (int)sizeof preset);
    elbo_values *values = elbo_values_new_preset(elbo_options_of_parts, preset);
    ck_assert_msg(values != NULL, "%s", elbo_error());
    return values;
}

/* What the model is built from, in the present graph. */
static void put_in(scene *s)
{
    s->in = (elbo_in){.g = s->r.g,
                      .model = &s->model,
                      .options = s->options,
                      .image = ELBO_SHAPE(2, 3),
                      .draws = (int)elbo_values_integer(s->options, "draws")};
    s->in.x = rig_input(&s->r, "x", ELBO_SHAPE(IMAGES, PIXELS), scene_pixels);
    if (elbo_model_takes_labels(&s->model, s->options))
        s->in.y = rig_input(&s->r, "y", ELBO_SHAPE(IMAGES, CLASSES), scene_labels);
    rig_scalar(&s->r, "beta", elbo_values_number(s->options, "beta"));
    rig_scalar(&s->r, "dataset-size", 100);
    rig_scalar(&s->r, "lr", 1);
    rig_scalar(&s->r, "lr-factor", 1);
    rig_scalar(&s->r, "step", 1);
}

static scene *build(const char *options, elbo_inference (*infer)(elbo_in *in), bool fed)
{
    scene *s = calloc(1, sizeof *s);
    ck_assert_ptr_nonnull(s);
    s->r = rig_new(ELBO_F64, ELBO_TRAIN);
    s->options = values_of("hidden=5 latent-dim=2", options);
    s->model = elbo_model_vae;
    if (infer)
        s->model.infer = infer;
    if (fed)
        elbo_graph_feed_noise(s->r.g);
    put_in(s);
    s->n = s->model.losses(&s->in, s->losses);
    return s;
}

scene *scene_new(const char *options, elbo_inference (*infer)(elbo_in *in), bool fed)
{
    scene *s = build(options, infer, fed);
    ck_assert_msg(elbo_graph_status(s->r.g) == ELBO_OK, "%s", elbo_error());
    ck_assert_int_gt(s->n, 0);
    return s;
}

void scene_free(scene *s)
{
    rig_free(&s->r);
    elbo_values_free(s->options);
    free(s);
}

void scene_train(scene *s)
{
    rig_next_graph(&s->r, ELBO_TRAIN);
    put_in(s);
    elbo_model_train(&s->in, &(elbo_optim){.name = "sgd"});
}

double scene_metric(scene *s, const char *name)
{
    for (int i = 0; i < s->in.n_metrics; i++)
        if (strcmp(s->in.metrics[i].name, name) == 0)
            return rig_number(&s->r, s->in.metrics[i].value);
    ck_abort_msg("no metric \"%s\"", name);
    return NAN;
}

void assert_scene_refused(const char *options, const char *reason)
{
    scene *s = build(options, NULL, false);
    ck_assert_int_ne(elbo_graph_status(s->r.g), ELBO_OK);
    ck_assert_msg(strstr(elbo_error(), reason) != NULL, "\"%s\" does not say \"%s\"", elbo_error(), reason);
    scene_free(s);
}

/* ---- trainings --------------------------------------------------------------------------------------------------- */

static elbo_run *trained(const char *options)
{
    const elbo_images images = pattern_images(64); /* batches of 48 and 16 */
    elbo_values *values = values_of("hidden=400 latent-dim=20", options);
    elbo_run *run = elbo_run_for(&elbo_model_vae, values, &images, 1);
    ck_assert_msg(run != NULL, "%s", elbo_error());
    const elbo_training how = {.epochs = 4, .batch_size = 48, .lr = 1e-3};
    ck_assert_msg(elbo_train(run, &images, NULL, &how, NULL) == ELBO_OK, "%s", elbo_error());
    elbo_values_free(values);
    return run;
}

void assert_same_training(const char *options, const char *others)
{
    elbo_run *one = trained(options), *other = trained(others);
    elbo_params *params = elbo_run_params(one), *twins = elbo_run_params(other);
    ck_assert_int_gt(elbo_params_count(params), 0);
    for (int i = 0; i < elbo_params_count(params); i++) {
        const char *name = elbo_params_name(params, i);
        const int at = elbo_params_find(twins, name);
        ck_assert_msg(at >= 0, "no %s with %s", name, others);
        const elbo_tensor a = elbo_params_tensor(params, i), b = elbo_params_tensor(twins, at);
        static double x[26000], y[26000];
        const int64_t n = elbo_shape_size(&a.layout.shape);
        ck_assert_int_le(n, 26000);
        elbo_tensor to = elbo_tensor_of(ELBO_F64, a.layout.shape, x);
        elbo_tensor_copy(&to, &a);
        to = elbo_tensor_of(ELBO_F64, b.layout.shape, y);
        elbo_tensor_copy(&to, &b);
        for (int64_t k = 0; k < n; k++)
            ck_assert_msg(x[k] == y[k], "%s, element %d: %.9g with %s, %.9g with %s", name, (int)k, x[k], options, y[k],
                          others);
    }
    elbo_run_free(one);
    elbo_run_free(other);
}
