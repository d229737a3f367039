#include "on_codes.h"

#include <math.h>
#include <string.h>

#include "../../io/quote.h"
#include "../../tensor/memory.h"
#include "../../tensor/watch_private.h"
#include "../training/train.h"

/* ---- training ---------------------------------------------------------------------------------------------------- */

static elbo_values *choose(const elbo_sampler *s, const char *const *pairs)
{
    const elbo_model *model = s->kind->model;
    elbo_values *values = elbo_model_values(model);
    elbo_status status = values ? ELBO_OK : ELBO_NO_MEMORY;
    for (const elbo_option *o = model->options; o->name && status == ELBO_OK; o++) {
        if (!elbo_values_get(s->values, o->name, o->type))
            continue;
        char *text = elbo_values_print(s->values, o->name);
        status = text ? elbo_values_set(values, o->name, text) : ELBO_NO_MEMORY;
        elbo_release(text);
    }
    if (status == ELBO_OK && elbo__run_takes_labels(s->run))
        status = elbo_values_set(values, "conditional", "yes");
    for (; pairs && *pairs && status == ELBO_OK; pairs += 2)
        status = elbo_values_set(values, pairs[0], pairs[1]);
    if (status == ELBO_OK)
        return values;
    elbo_values_free(values);
    return NULL;
}

static void set_state(elbo_run *run, const char *name, int64_t at, double value)
{
    const elbo_tensor state = elbo_params_tensor(run->params, elbo_params_find(run->params, name));
    elbo_tensor_set(&state, &at, value);
}

/* The states mean and deviation: those of the codes, or 1 where a dimension does not vary. */
static void standardise(elbo_run *run, const elbo__codes *codes)
{
    const int64_t dims = run->pixels;
    for (int64_t j = 0; j < dims; j++) {
        double mean = 0, squares = 0;
        for (int64_t i = 0; i < codes->n; i++)
            mean += codes->z[i * dims + j] / (double)codes->n;
        for (int64_t i = 0; i < codes->n; i++)
            squares += (codes->z[i * dims + j] - mean) * (codes->z[i * dims + j] - mean) / (double)codes->n;
        set_state(run, "mean", j, mean);
        set_state(run, "deviation", j, squares > 0 ? sqrt(squares) : 1);
    }
    elbo_params_touch(run->params);
}

static bool go_on(void *user, const elbo_progress *progress)
{
    return elbo__watched(user, progress->epoch - 1, progress->epochs) == ELBO_OK;
}

static elbo_status train(elbo_sampler *s, const elbo_images *codes, const char *figure)
{
    enum { FEW = 20 }; /* codes, of which none can be spared to tell when to end */
    const bool few = codes->count < FEW;
    const elbo_training how = {.epochs = elbo_values_integer(s->values, "fit-epochs"),
                               .batch_size = elbo_values_integer(s->values, "fit-batch"),
                               .lr = elbo_values_number(s->values, "fit-lr"),
                               .val = few ? 0 : 0.1,
                               .patience = few ? 0 : elbo_values_integer(s->values, "fit-patience"),
                               .progress = go_on,
                               .user = "fitting a sampler"};
    elbo_run *run = s->fitted;
    elbo_epoch last;
    elbo_figures figures;
    elbo_status status = elbo_train(run, codes, NULL, &how, &last);
    if (status == ELBO_OK && !last.over)
        return elbo__fail(ELBO_STOPPED, "the fit of sampler %s was stopped", s->name);
    if (status == ELBO_OK)
        status = elbo_run_evaluate(run, codes, 1, run->seed, &figures);
    return status == ELBO_OK ? elbo__sampler_note(s, figure, elbo_figures_get(&figures, "elbo")) : status;
}

elbo_status elbo__on_codes_open(elbo_sampler *s, elbo_shape shape, const char *const *pairs)
{
    elbo_values *values = choose(s, pairs);
    if (values)
        s->fitted = elbo_run_new(s->kind->model, values, shape, s->run->classes, s->run->seed);
    elbo_values_free(values);
    return s->fitted ? ELBO_OK : ELBO_INVALID;
}

elbo_status elbo__on_codes_train(elbo_sampler *s, const float *x, const int *labels, int64_t n, const char *figure)
{
    const elbo_shape shape = elbo_run_image(s->fitted);
    elbo_shape all = {.ndim = shape.ndim + 1, .dim = {n}};
    memcpy(all.dim + 1, shape.dim, (size_t)shape.ndim * sizeof shape.dim[0]);
    const elbo_tensor codes = elbo_tensor_of(ELBO_F32, all, x), of = elbo_tensor_of(ELBO_I32, ELBO_SHAPE(n), labels);
    elbo_images images;
    elbo_status status = elbo_images_of(&codes, labels ? &of : NULL, s->run->classes, &images);
    if (status == ELBO_OK)
        status = train(s, &images, figure);
    elbo_images_free(&images);
    return status;
}

elbo_status elbo__on_codes_fit(elbo_sampler *s, const elbo__codes *codes)
{
    elbo_status status = elbo__on_codes_open(s, ELBO_SHAPE(s->run->latent), NULL);
    if (status != ELBO_OK)
        return status;
    standardise(s->fitted, codes);
    return elbo__on_codes_train(s, codes->z, codes->labels, codes->n, s->kind->log_prob ? "log-likelihood" : "elbo");
}

/* ---- at work ----------------------------------------------------------------------------------------------------- */

elbo_status elbo__on_codes_draw(elbo_sampler *s, const int *labels, int64_t n, int64_t seed, float *z)
{
    float *noise = elbo__calloc((size_t)n, (size_t)s->run->latent * sizeof *noise);
    elbo_status status = noise ? elbo_run_draw_prior(s->fitted, labels, n, seed, noise) : ELBO_NO_MEMORY;
    if (status == ELBO_OK)
        status = elbo_run_decode(s->fitted, noise, labels, n, z);
    elbo__free(noise);
    return status;
}

elbo_status elbo__on_codes_log_prob(elbo_sampler *s, const float *z, const int *labels, int64_t n, double *nats)
{
    float *own = elbo__calloc((size_t)n, sizeof *own);
    elbo_status status = own ? elbo_run_log_prob(s->fitted, z, labels, n, 1, 0, own) : ELBO_NO_MEMORY;
    for (int64_t i = 0; i < n && status == ELBO_OK; i++)
        nats[i] = own[i];
    elbo__free(own);
    return status;
}

/* ---- files ------------------------------------------------------------------------------------------------------- */

elbo_status elbo__on_codes_write(const elbo_sampler *s, const char *path, const elbo_ini *notes)
{
    elbo_run *run = s->fitted;
    elbo_ini own = {.count = 0};
    elbo_status status = elbo_run_describe(run, &own);
    for (size_t i = 0; i < notes->count && status == ELBO_OK; i++) {
        if (elbo_ini_get(&own, notes->entries[i].key)) /* an option of the model too, for one */
            continue;
        char *text = elbo__unquote(notes->entries[i].value);
        status = text ? elbo_run_note(run, notes->entries[i].key, text) : ELBO_NO_MEMORY;
        elbo__free(text);
    }
    elbo_ini_free(&own);
    return status == ELBO_OK ? elbo_run_save(run, path) : status;
}

elbo_status elbo__on_codes_load(elbo_sampler *s, const elbo_safetensors *file, elbo_shape shape)
{
    elbo_run *run = s->fitted = elbo__run_of_file(file, (const elbo_model *const[]){s->kind->model, NULL});
    if (run && (!elbo_shape_equal(&run->image, &shape) || run->classes != s->run->classes))
        return elbo__fail(ELBO_FORMAT, "is of codes of shape %s and %d classes, not of %s and %d",
                          elbo_shape_format(&run->image).text, run->classes, elbo_shape_format(&shape).text,
                          s->run->classes);
    return run ? ELBO_OK : ELBO_FORMAT;
}

elbo_status elbo__on_codes_read(elbo_sampler *s, const elbo_safetensors *file)
{
    return elbo__on_codes_load(s, file, ELBO_SHAPE(s->run->latent));
}

void elbo__on_codes_release(void *fitted)
{
    elbo_run_free(fitted);
}

/* ---- for the models ---------------------------------------------------------------------------------------------- */

elbo__scale elbo__scale_of(elbo_in *in)
{
    const elbo_shape shape = ELBO_SHAPE(elbo_size(in->x, -1));
    elbo_var *mean = elbo_state(in->g, "mean", shape, elbo_init_zeros());
    return (elbo__scale){mean, elbo_state(in->g, "deviation", shape, elbo_init_constant(1))};
}

elbo_dist elbo__noise(elbo_in *in)
{
    return elbo_standard_normal(in->g, elbo_shape_of(in->x));
}

static elbo_var *nothing(const elbo_dist *d, elbo_var *x, elbo_var *mask)
{
    elbo_shape shape = d->shape;
    (void)x, (void)mask;
    shape.ndim--;
    return elbo_expand(elbo_constant(d->graph, 0), shape);
}

static elbo_var *first(const elbo_dist *d)
{
    return d->args[0];
}

elbo_dist elbo__code_of_noise(elbo_in *in, elbo_var *z, elbo_var *(*back)(elbo_in *in, elbo_var *z))
{
    static const elbo_dist_kind known = {.name = "code", .log_prob = nothing, .mean = first},
                                bound = {.name = "code", .log_prob = nothing};
    const bool decoded = elbo_ndim(z) == 2;
    return elbo_dist_of(decoded ? &known : &bound, elbo_shape_of(z), decoded ? back(in, z) : z);
}
