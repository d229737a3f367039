/* Data sets as the graphs of a run read them, and sums of metrics over their batches. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "../../io/mapping.h"
#include "../../io/survey.h"
#include "../../tensor/memory.h"
#include "../../tensor/text.h"
#include "../../tensor/walk.h"
#include "../../tensor/random.h"
#include "run_private.h"

/* ---- checks ------------------------------------------------------------------------------------------------------ */

elbo_shape elbo__image_shape(const elbo_images *images)
{
    const elbo_shape *all = &images->images.layout.shape;
    elbo_shape image = {.ndim = all->ndim > 0 ? all->ndim - 1 : 0};
    memcpy(image.dim, all->dim + 1, (size_t)image.ndim * sizeof image.dim[0]);
    return image;
}

elbo__missing elbo__missing_of(const elbo_images *images)
{
    return !images->missing ? ELBO__NONE_MISSING : images->mask.data ? ELBO__MASKED : ELBO__NAN_MISSING;
}

elbo_status elbo__check_missing(const elbo_run *run, elbo__missing missing)
{
    return missing == ELBO__NONE_MISSING || !run->model->fit
               ? ELBO_OK
               : elbo__fail(ELBO_INVALID, "model \"%s\" is fitted to whole images, but values are missing",
                            run->model->name);
}

static elbo_status check_shape(const elbo_run *run, const elbo_images *images)
{
    const elbo_shape image = elbo__image_shape(images);
    if (!images->images.data)
        return elbo__fail(ELBO_INVALID, "there are no images");
    if (!elbo_shape_equal(&image, &run->image))
        return elbo__fail(ELBO_INVALID, "images of shape %s, but the model is for %s", elbo_shape_format(&image).text,
                          elbo_shape_format(&run->image).text);
    if (elbo__run_takes_labels(run) && !images->labels.data)
        return elbo__fail_for_labels(run->model, images);
    if (elbo__check_missing(run, elbo__missing_of(images)) != ELBO_OK)
        return ELBO_INVALID;
    if (images->count > INT32_MAX)
        return elbo__fail(ELBO_INVALID, "%lld images: at most %d", (long long)images->count, INT32_MAX);
    return ELBO_OK;
}

/* The first of x (n) that is not finite; n where all are. */
static int64_t find_not_finite(const float *x, int64_t n)
{
    int bad = 0; /* without a way out the loop is one of vectors */
    for (int64_t i = 0; i < n; i++)
        bad |= !(fabsf(x[i]) <= FLT_MAX);
    for (int64_t i = 0; bad && i < n; i++)
        if (!isfinite(x[i]))
            return i;
    return n;
}

elbo_status elbo__check_finite(const elbo_run *run, const char *what, const float *x, int64_t n)
{
    const int64_t at = find_not_finite(x, n);
    return at == n ? ELBO_OK
                   : elbo__fail(ELBO_INVALID, "model \"%s\": %s is not finite: %s", run->model->name, what,
                                elbo__not_finite(x[at]));
}

const char *elbo__run_spoilt(const elbo_run *run)
{
    const elbo_tensor all = elbo_params_slab(run->params, 0);
    bool spoilt = find_not_finite(all.data, all.layout.shape.dim[0]) < all.layout.shape.dim[0];
    for (int i = 0; i < elbo_params_count(run->params) && spoilt; i++) {
        const elbo_tensor w = elbo_params_tensor(run->params, i);
        for (elbo__walk at = elbo__walk_start(&w.layout.shape); at.more; elbo__walk_next(&at))
            if (!isfinite(elbo_tensor_get(&w, at.index)))
                return elbo_params_name(run->params, i);
    }
    return NULL;
}

/* ---- conversion -------------------------------------------------------------------------------------------------- */

/* Pixels as (N, D), u8 or f32: the caller's own where their layout allows it, else a copy. */
static elbo_status take_images(const elbo_run *run, const elbo_images *all, elbo__table *table)
{
    const elbo_tensor *images = &all->images;
    const elbo_shape flat = ELBO_SHAPE(table->count, run->pixels);
    table->images = *images;
    table->mapping = all->mapping;
    if (images->dtype != ELBO_F64 && elbo_layout_reshape(&images->layout, &flat, &table->images.layout))
        return ELBO_OK;
    const elbo_dtype dtype = images->dtype == ELBO_U8 ? ELBO_U8 : ELBO_F32;
    elbo_tensor copy = elbo_tensor_new(dtype, images->layout.shape);
    if (!copy.data)
        return ELBO_NO_MEMORY;
    elbo_tensor_copy(&copy, images);
    table->mapping = NULL;
    table->owned = copy.data;
    table->images = elbo_tensor_of(dtype, flat, copy.data);
    return ELBO_OK;
}

/* Whether an option of the model's that is a flag is set. */
static bool asks_for(const elbo_run *run, const char *flag)
{
    const elbo_value *value = elbo_values_get(run->options, flag, ELBO_FLAG);
    return value && value->flag;
}

/* Each value as 0 or 1, with itself as the probability of 1, in a copy: of the same data always the same one. What is
 * missing stays so. */
static elbo_status binarise_once(const elbo_run *run, const elbo_images *all, elbo__table *table)
{
    const elbo__random_key key = {.seed = all->fingerprint, .stream = elbo__stream("data", "binarise-once", 0)};
    const elbo_dtype dtype = table->images.dtype;
    elbo_tensor copy = elbo_tensor_new(dtype, table->images.layout.shape);
    float *uniform = elbo__calloc((size_t)run->pixels, sizeof *uniform);
    void *const before = table->owned;
    table->owned = copy.data;
    for (int64_t i = 0; copy.data && uniform && i < table->count; i++) {
        elbo__uniform_f32(uniform, 1, 1, run->pixels, key, (uint64_t)i, 0);
        for (int64_t k = 0; k < run->pixels; k++) {
            const double value = elbo_tensor_get(&table->images, (int64_t[]){i, k});
            const double one = dtype == ELBO_U8 ? 255 : 1;
            elbo_tensor_set(&copy, (int64_t[]){i, k}, isnan(value) ? value : uniform[k] < value / one ? one : 0);
        }
    }
    elbo__free(uniform);
    elbo__free(before);
    if (!copy.data || !uniform)
        return ELBO_NO_MEMORY;
    table->mapping = NULL;
    table->images = copy;
    return ELBO_OK;
}

static elbo_status take_labels(const elbo_run *run, const elbo_images *images, elbo__table *table)
{
    if (!elbo__run_takes_labels(run))
        return ELBO_OK;
    table->labels = elbo_tensor_new(ELBO_I32, ELBO_SHAPE(images->count));
    if (!table->labels.data)
        return ELBO_NO_MEMORY;
    elbo_tensor_copy(&table->labels, &images->labels);
    elbo_status status = elbo__run_relabel(run, images, 0, images->count, table->labels.data);
    if (status != ELBO_OK)
        return status;
    for (int64_t i = 0; i < images->count; i++) {
        int label = (int)elbo_tensor_get(&table->labels, &i);
        if (label < 0 || label >= run->classes)
            return elbo__fail(ELBO_INVALID, "label %lld: %d is outside the classes 0 to %d", (long long)i, label,
                              run->classes - 1);
    }
    return ELBO_OK;
}

elbo_status elbo__table_of(const elbo_run *run, const elbo_images *images, elbo__table *out)
{
    *out = (elbo__table){.count = images->count, .grey = images->grey};
    elbo_status status = check_shape(run, images);
    if (status == ELBO_OK)
        status = take_images(run, images, out);
    out->missing = elbo__missing_of(images);
    if (images->mask.data)
        out->mask = elbo_tensor_of(ELBO_U8, ELBO_SHAPE(images->count, run->pixels), images->mask.data);
    if (status == ELBO_OK)
        status = elbo__check_values(run, images, out);
    if (status == ELBO_OK && asks_for(run, "binarise-once") && !images->grey)
        status = binarise_once(run, images, out);
    if (status == ELBO_OK)
        status = take_labels(run, images, out);
    if (status != ELBO_OK)
        elbo__table_free(out);
    return status;
}

void elbo__table_free(elbo__table *table)
{
    elbo__free(table->owned);
    elbo_tensor_free(&table->labels);
    *table = (elbo__table){.count = 0};
}

elbo_status elbo_run_accepts(const elbo_run *run, const elbo_images *images)
{
    elbo__table table;
    elbo_status status = elbo__table_of(run, images, &table);
    elbo__table_free(&table);
    return status;
}

elbo__work elbo__table_work(const elbo__table *table, elbo__role role, int64_t batch, int64_t draws)
{
    return (elbo__work){.role = role,
                        .batch = batch,
                        .draws = draws,
                        .table = table->count,
                        .pixels = table->images.dtype,
                        .missing = table->missing,
                        .seen = table->grey};
}

/* Tells the mapping of a large file which rows are read next. */
static void tell_rows(const elbo__table *table, const int32_t *rows, int64_t batch)
{
    const elbo_layout *layout = &table->images.layout;
    const int64_t size = (int64_t)elbo_dtype_size(table->images.dtype), row = layout->shape.dim[1] * size;
    for (int64_t i = 0; table->mapping && i < batch; i++)
        elbo__mapping_reads(table->mapping,
                            (const char *)table->images.data + (layout->offset + rows[i] * layout->strides[0]) * size,
                            row);
}

elbo_status elbo__table_bind(const elbo__table *table, elbo_plan *plan, const int32_t *rows, int64_t batch)
{
    tell_rows(table, rows, batch);
    elbo_status status = elbo_plan_bind(plan, "images", table->images);
    if (status == ELBO_OK && table->labels.data)
        status = elbo_plan_bind(plan, "labels", table->labels);
    if (status == ELBO_OK && table->mask.data)
        status = elbo_plan_bind(plan, "mask", table->mask);
    if (status == ELBO_OK)
        status = elbo_plan_bind(plan, "rows", elbo_tensor_of(ELBO_I32, ELBO_SHAPE(batch), rows));
    return status;
}

/* x (n, D): pixels of images first, ..., which are there. */
static void take_rows(const elbo_images *images, int64_t first, int64_t n, float *x)
{
    elbo_tensor from = images->images;
    from.layout = elbo_layout_slice(&from.layout, 0, first, n);
    elbo_tensor to = elbo_tensor_of(ELBO_F32, from.layout.shape, x);
    const int64_t size = elbo_shape_size(&from.layout.shape), bytes = (int64_t)elbo_dtype_size(from.dtype);
    elbo__mapping_reads(images->mapping, (const char *)from.data + from.layout.offset * bytes, size * bytes);
    elbo_tensor_copy(&to, &from);
    for (int64_t i = 0; i < size && from.dtype == ELBO_U8; i++)
        x[i] *= 1.0f / 255;
    const unsigned char *there = images->mask.data;
    for (int64_t i = 0; i < size && there; i++)
        if (!there[size / n * first + i])
            x[i] = NAN;
}

elbo_status elbo_images_rows(const elbo_images *images, int64_t first, int64_t n, float *x, int *labels)
{
    if (first < 0 || n < 0 || first > images->count - n)
        return elbo__fail(ELBO_INVALID, "images %lld to %lld: there are %lld, counted from 0", (long long)first,
                          (long long)(first + n - 1), (long long)images->count);
    if (x)
        take_rows(images, first, n, x);
    for (int64_t i = 0; i < n && labels && images->labels.data; i++)
        labels[i] = (int)elbo_tensor_get(&images->labels, (int64_t[]){first + i});
    return ELBO_OK;
}

/* ---- sums of metrics --------------------------------------------------------------------------------------------- */

void elbo__figures_add(elbo_figures *sums, const elbo__planned *planned, int64_t images)
{
    for (int i = 0; i < planned->metrics.count; i++) {
        elbo_tensor output = elbo_plan_output(planned->plan, i);
        memcpy(sums->at[i].name, planned->metrics.at[i].name, sizeof sums->at[i].name);
        sums->at[i].own = planned->metrics.at[i].own;
        sums->at[i].value += (double)images * elbo_tensor_get(&output, NULL);
    }
    sums->count = planned->metrics.count;
    sums->losses = planned->metrics.losses;
}

void elbo__figures_divide(elbo_figures *sums, int64_t images)
{
    for (int i = 0; i < sums->count; i++)
        sums->at[i].value /= (double)images;
}
