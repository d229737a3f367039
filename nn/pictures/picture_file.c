/* Files of pictures: one of a grid, or of numbers, as the end of the name asks for. */
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "../../io/npy.h"
#include "../../io/png.h"
#include "../../tensor/memory.h"
#include "../../tensor/text.h"
#include "../../tensor/watch_private.h"
#include "picture_private.h"

enum { WATCHED_ROWS = 64 };

/* ---- the formats ------------------------------------------------------------------------------------------------- */

/* x (n) as grey levels, a new array: counts as shares of the greatest of them, what is missing black. NULL when memory
 * is short. */
static float *levels_of(const float *x, int64_t n, bool counts)
{
    float *levels = elbo__calloc((size_t)n, sizeof *levels), greatest = FLT_MIN;
    for (int64_t i = 0; i < n; i++)
        greatest = fmaxf(greatest, x[i]); /* which NaN is not */
    for (int64_t i = 0; levels && i < n; i++)
        levels[i] = isnan(x[i]) ? 0 : counts ? x[i] / greatest : x[i];
    return levels;
}

/* A row of a table is no picture. */
static elbo_status check_png(const elbo_run *run, const char *path)
{
    return elbo__run_has_columns(run)
               ? elbo__fail(ELBO_INVALID, "%s: rows of columns are no pictures: .csv and .npy are for them", path)
               : ELBO_OK;
}

static elbo_status write_png(const elbo__shown *s, const char *path)
{
    if (check_png(s->run, path) != ELBO_OK)
        return ELBO_INVALID;
    const elbo__frame f = elbo__frame_of(s->run);
    const bool counts = elbo__likelihood_values(s->run->options) == ELBO__COUNTS;
    const bool changed = counts || s->gaps;
    float *levels = changed ? levels_of(s->x, s->n * s->run->pixels, counts) : NULL;
    if (changed && !levels)
        return ELBO_NO_MEMORY;
    const elbo_tensor images = elbo_tensor_of(ELBO_F32, ELBO_SHAPE(s->n, f.channels, f.height, f.width),
                                              changed ? levels : s->x);
    const elbo_status status = elbo_png_grid(path, &images, (int)s->columns);
    elbo__free(levels);
    return status;
}

/* (N, D), (N, H, W) or (N, C, H, W), as the images of a data set */
static elbo_status write_npy(const elbo__shown *s, const char *path)
{
    const elbo_shape *image = &s->run->image;
    elbo_shape shape = {.ndim = image->ndim + 1, .dim = {s->n}};
    memcpy(shape.dim + 1, image->dim, (size_t)image->ndim * sizeof image->dim[0]);
    const elbo_tensor images = elbo_tensor_of(ELBO_F32, shape, s->x);
    return elbo_npy_write(path, &images);
}

static void put_label(elbo__csv_writer *csv, const elbo__shown *s, int label)
{
    if (s->class_names)
        elbo__csv_words(csv, s->class_names[label]);
    else
        elbo__csv_count(csv, "", label);
}

/* Columns have their names, and words are written as such. */
static void put_names(elbo__csv_writer *csv, const elbo__columns *columns, int64_t pixels)
{
    for (int64_t k = 0; columns->count == 0 && k < pixels; k++)
        elbo__csv_count(csv, "pixel", k);
    for (size_t i = 0; i < columns->count; i++)
        if (columns->at[i].kind != ELBO__COLUMN_SKIP)
            elbo__csv_words(csv, columns->at[i].name);
}

void elbo__csv_put_value(elbo__csv_writer *csv, const elbo__column *column, float x)
{
    if (elbo__column_has_words(column) && elbo__column_suits(column, x))
        elbo__csv_words(csv, column->words.names[(size_t)x]);
    else
        elbo__csv_put_float(csv, x);
}

static void put_row(elbo__csv_writer *csv, const elbo__columns *columns, const float *x, int64_t pixels)
{
    for (int64_t k = 0; columns->count == 0 && k < pixels; k++)
        elbo__csv_put_number(csv, x[k]);
    for (size_t i = 0; i < columns->count; i++)
        if (columns->at[i].kind != ELBO__COLUMN_SKIP)
            elbo__csv_put_value(csv, &columns->at[i], *x++);
}

static elbo_status write_rows(const elbo__shown *s, const elbo__columns *columns, const char *path)
{
    const int64_t pixels = s->run->pixels;
    elbo__csv_writer *csv;
    elbo_status status = elbo__csv_writer_open(path, &csv);
    if (status != ELBO_OK)
        return status;
    if (s->labels)
        elbo__csv_words(csv, "label");
    put_names(csv, columns, pixels);
    elbo__csv_end_line(csv);
    for (int64_t i = 0; i < s->n && status == ELBO_OK; i++) {
        if (i % WATCHED_ROWS == 0)
            status = elbo__watched("writing", i, s->n);
        if (s->labels)
            put_label(csv, s, s->labels[i]);
        put_row(csv, columns, s->x + i * pixels, pixels);
        elbo__csv_end_line(csv);
    }
    if (status == ELBO_OK)
        status = elbo__watched("writing", s->n, s->n);
    if (status == ELBO_OK)
        return elbo__csv_writer_commit(csv);
    elbo__csv_writer_abort(csv);
    return status;
}

static elbo_status write_csv(const elbo__shown *s, const char *path)
{
    elbo__columns columns = {.count = 0};
    elbo_status status = ELBO_OK;
    if (elbo__run_has_columns(s->run))
        status = elbo__columns_of(elbo_values_text(s->run->options, "columns"), s->run->pixels, &columns);
    if (status == ELBO_OK)
        status = write_rows(s, &columns, path);
    elbo__columns_free(&columns);
    return status;
}

typedef struct {
    const char *ending;
    elbo_status (*write)(const elbo__shown *s, const char *path);
} format;

/* A name without an end is one of the first. */
static const format formats[] = {{".png", write_png}, {".npy", write_npy}, {".csv", write_csv}};
enum { FORMATS = sizeof formats / sizeof formats[0] };

static elbo_status find_format(const char *path, const format **out)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path, *dot = strrchr(name, '.');
    *out = &formats[0];
    if (!dot || dot == name)
        return ELBO_OK;
    for (int i = 0; i < FORMATS; i++)
        if (elbo__same_letters(dot, formats[i].ending)) {
            *out = &formats[i];
            return ELBO_OK;
        }
    return elbo__fail(ELBO_INVALID, "%s: pictures are written as .png, .npy or .csv", path);
}

/* ---- writing ----------------------------------------------------------------------------------------------------- */

bool elbo__is_picture(const char *path)
{
    const format *f;
    return find_format(path, &f) == ELBO_OK && f->write == write_png;
}

elbo_status elbo__check_shown(const elbo_run *run, int64_t n, int64_t columns, const char *path)
{
    const format *f;
    elbo_status status = find_format(path, &f);
    if (status == ELBO_OK && f->write == write_png)
        status = check_png(run, path);
    return status == ELBO_OK && f->write == write_png ? elbo__check_grid(run, n, columns) : status;
}

const char *const *elbo__class_names_of(const elbo_run *run, const elbo_images *images)
{
    if (run->class_names.count > 0)
        return (const char *const *)run->class_names.names;
    return images ? (const char *const *)images->class_names : NULL;
}

elbo_status elbo__picture_write(const elbo__shown *shown, const char *path)
{
    const format *f;
    elbo_status status = find_format(path, &f);
    if (status == ELBO_OK && !shown->gaps)
        status = elbo__check_finite(shown->run, "what is drawn", shown->x, shown->n * shown->run->pixels);
    return status == ELBO_OK ? f->write(shown, path) : status;
}
