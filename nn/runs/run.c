/* Making a run, and what is asked of it. Plans are in run_plans.c, the work in run_work.c, files in run_file.c. */
#include <math.h>
#include <string.h>

#include "../../autograd/op.h"
#include "../../tensor/memory.h"
#include "../../tensor/product.h"
#include "../options/option_private.h"
#include "../parts/likelihood_private.h"
#include "run_private.h"

static elbo_values *copy_values(const elbo_model *model, const elbo_values *from)
{
    elbo_values *copy = elbo_model_values(model);
    for (const elbo_option *o = model->options; copy && from && o && o->name; o++) {
        char *text = elbo_values_print(from, o->name);
        if (!text || elbo_values_set(copy, o->name, text) != ELBO_OK) {
            elbo_values_free(copy);
            copy = NULL;
        }
        elbo_release(text);
    }
    return copy;
}

static elbo_status check(const elbo_model *model, const elbo_values *options, const elbo_shape *image, int classes,
                         int64_t seed)
{
    if (!model->infer || !model->generate)
        return elbo__fail(ELBO_INVALID, "model \"%s\" has no %s", model->name, model->infer ? "generate" : "infer");
    int rows = 0;
    while (model->options && model->options[rows].name)
        rows++;
    if (rows > ELBO__MOST_OPTIONS)
        return elbo__fail(ELBO_INVALID, "model \"%s\": %d options; at most %d", model->name, rows, ELBO__MOST_OPTIONS);
    if (elbo__run_check_names(model) != ELBO_OK)
        return ELBO_INVALID;
    if (options && rows && elbo__values_origin(options) != model->options)
        return elbo__fail(ELBO_INVALID, "model \"%s\": the options are those of another model", model->name);
    if (elbo_shape_check(image) != ELBO_OK || image->ndim < 1 || image->ndim > 3 || elbo_shape_size(image) < 1)
        return elbo__fail(ELBO_INVALID, "an image of shape %s: expected (D), (H, W) or (C, H, W)",
                          elbo_shape_format(image).text);
    if (classes < 0 || classes > ELBO_MAX_CLASSES || (elbo_model_takes_labels(model, options) && classes == 0))
        return elbo__fail(ELBO_INVALID, "model \"%s\": %d classes of labels", model->name, classes);
    if (seed < 0)
        return elbo__fail(ELBO_INVALID, "the seed is less than 0");
    return ELBO_OK;
}

elbo_run *elbo_run_new(const elbo_model *model, const elbo_values *options, elbo_shape image, int classes, int64_t seed)
{
    elbo_run *run = NULL;
    if (check(model, options, &image, classes, seed) != ELBO_OK || !(run = elbo__calloc(1, sizeof *run)))
        return NULL;
    *run = (elbo_run){
        .model = model,
        .options = copy_values(model, options),
        .params = elbo_params_new(ELBO_F32, (uint64_t)seed),
        .image = image,
        .pixels = elbo_shape_size(&image),
        .classes = elbo_model_takes_labels(model, options) ? classes : 0,
        .seed = seed,
    };
    if (!run->options)
        (void)elbo__fail(ELBO_INVALID, "model \"%s\": %s", model->name, elbo_error());
    if (!run->options || !run->params || elbo__run_open_weights(run) != ELBO_OK) {
        elbo_run_free(run);
        return NULL;
    }
    return run;
}

elbo_status elbo__fail_for_labels(const elbo_model *model, const elbo_images *images)
{
    return elbo__fail(ELBO_INVALID, "model \"%s\" needs labels: %s", model->name,
                      images->labelling ? images->labelling : "one whole number for each image");
}

elbo_run *elbo_run_for(const elbo_model *model, const elbo_values *options, const elbo_images *images, int64_t seed)
{
    if (elbo_model_takes_labels(model, options) && !images->labels.data) {
        (void)elbo__fail_for_labels(model, images);
        return NULL;
    }
    elbo_values *told = NULL;
    if (images->columns && elbo__likelihood_values(options) == ELBO__COLUMNS) {
        told = copy_values(model, options);
        if (!told || elbo_values_set(told, "columns", images->columns) != ELBO_OK) {
            elbo_values_free(told);
            return NULL;
        }
    }
    elbo_run *run = elbo_run_new(model, told ? told : options, elbo__image_shape(images), images->classes, seed);
    elbo_values_free(told);
    if (run && elbo__run_note_classes(run, images) != ELBO_OK) {
        elbo_run_free(run);
        run = NULL;
    }
    return run;
}

void elbo_run_free(elbo_run *run)
{
    if (!run)
        return;
    for (elbo__role role = 0; role < ELBO__ROLES; role++)
        elbo__run_forget(run, role);
    elbo_params_free(run->params);
    elbo_values_free(run->options);
    elbo_ini_free(&run->notes);
    elbo__listing_free(&run->class_names);
    elbo__free(run);
}

/* ---- asking ------------------------------------------------------------------------------------------------------ */

const elbo_model *elbo_run_model(const elbo_run *run)
{
    return run->model;
}

const elbo_values *elbo_run_options(const elbo_run *run)
{
    return run->options;
}

elbo_params *elbo_run_params(elbo_run *run)
{
    return run->params;
}

elbo_shape elbo_run_image(const elbo_run *run)
{
    return run->image;
}

int64_t elbo_run_pixels(const elbo_run *run)
{
    return run->pixels;
}

int64_t elbo_run_latent(const elbo_run *run)
{
    return run->latent;
}

int elbo_run_classes(const elbo_run *run)
{
    return run->classes;
}

int64_t elbo_run_seed(const elbo_run *run)
{
    return run->seed;
}

bool elbo_run_has_prior(const elbo_run *run)
{
    return elbo_model_has_prior(run->model, run->options);
}

bool elbo__run_takes_labels(const elbo_run *run)
{
    return run->classes > 0;
}

const char *elbo_kernels(void)
{
    return elbo__product_kernels();
}

static const double *find_figure(const elbo_figures *figures, const char *name)
{
    for (int i = 0; i < figures->count; i++)
        if (strcmp(figures->at[i].name, name) == 0)
            return &figures->at[i].value;
    return NULL;
}

bool elbo_figures_has(const elbo_figures *figures, const char *name)
{
    return find_figure(figures, name);
}

double elbo_figures_get(const elbo_figures *figures, const char *name)
{
    const double *value = find_figure(figures, name);
    return value ? *value : NAN;
}
