#include "codes.h"

#include <math.h>
#include <string.h>

#include "../io/bytes.h"
#include "../io/csv_parse.h"
#include "../io/npy.h"
#include "../nn/runs/code_map.h"
#include "../tensor/memory.h"
#include "../tensor/text.h"

/* ---- .npy -------------------------------------------------------------------------------------------------------- */

static elbo_status take_tensor(const elbo_tensor *tensor, const char *path, int64_t dims, codes *out)
{
    const elbo_shape *shape = &tensor->layout.shape;
    if ((tensor->dtype != ELBO_F32 && tensor->dtype != ELBO_F64) || shape->ndim != 2 || shape->dim[1] != dims)
        return elbo__fail(ELBO_FORMAT, "%s: expected codes (N, %lld) of f32 or f64, as the model has, got %s of %s",
                          path, (long long)dims, elbo_shape_format(shape).text, elbo_dtype_name(tensor->dtype));
    if (shape->dim[0] == 0)
        return elbo__fail(ELBO_FORMAT, "%s: holds no codes", path);
    out->n = shape->dim[0];
    out->z = elbo__alloc((size_t)(out->n * dims) * sizeof *out->z);
    if (!out->z)
        return ELBO_NO_MEMORY;
    for (int64_t i = 0; i < out->n * dims; i++) {
        const double value = elbo_tensor_get(tensor, (int64_t[]){i / dims, i % dims});
        out->z[i] = (float)value;
        if (!isfinite(out->z[i]))
            return elbo__fail(ELBO_FORMAT, "%s: code %lld, dimension %lld: %s cannot be decoded", path,
                              (long long)(i / dims), (long long)(i % dims + 1),
                              isfinite(value) ? "a number beyond those of f32" : elbo__not_finite(value));
    }
    return ELBO_OK;
}

/* Whole numbers (N, H, W, L), as the run has them */
static elbo_status take_numbers(elbo_run *run, const elbo_tensor *tensor, const char *path, codes *out)
{
    const elbo_code_map map = elbo_run_code_map(run);
    const elbo_shape *shape = &tensor->layout.shape;
    const int64_t n = shape->ndim == 4 ? shape->dim[0] : 0;
    if (n == 0 || !elbo_shape_equal(shape, &ELBO_SHAPE(n, map.height, map.width, map.levels)))
        return elbo__fail(ELBO_FORMAT, "%s: expected whole numbers (N, %lld, %lld, %lld), as the model has, got %s",
                          path, (long long)map.height, (long long)map.width, (long long)map.levels,
                          elbo_shape_format(shape).text);
    out->n = n;
    elbo_tensor numbers = elbo_tensor_new(ELBO_I32, *shape);
    out->z = elbo__alloc((size_t)(n * elbo_run_latent(run)) * sizeof *out->z);
    if (numbers.data)
        elbo_tensor_copy(&numbers, tensor);
    elbo_status status = out->z && numbers.data ? elbo_run_lookup(run, numbers.data, n, out->z) : ELBO_NO_MEMORY;
    elbo_tensor_free(&numbers);
    return status == ELBO_INVALID ? elbo__fail(ELBO_FORMAT, "%s: %s", path, elbo_error()) : status;
}

static elbo_status read_npy(elbo_run *run, const char *path, codes *out)
{
    elbo_tensor tensor;
    elbo_status status = elbo_npy_read(path, &tensor);
    const bool whole = tensor.dtype == ELBO_I32 || tensor.dtype == ELBO_U8;
    if (status == ELBO_OK && whole && elbo_run_code_map(run).codes)
        status = take_numbers(run, &tensor, path, out);
    else if (status == ELBO_OK)
        status = take_tensor(&tensor, path, elbo_run_latent(run), out);
    elbo_tensor_free(&tensor);
    return status;
}

/* ---- .csv -------------------------------------------------------------------------------------------------------- */

/* Where codes stand in a line. */
typedef struct {
    elbo__csv_reader *reader;
    int *columns; /* (Z) */
    int label;    /* -1: there is none, or the run takes none */
    size_t room;  /* for numbers, in codes.z                  */
    size_t named; /* for labels                               */
} sheet;

/* The columns z1, z2, ...; *count = how many follow each other. */
static void find_numbered(const sheet *s, int64_t dims, int64_t *count)
{
    for (*count = 0;; ++*count) {
        char name[24];
        elbo__print(name, sizeof name, "z%lld", (long long)*count + 1);
        const int at = elbo__csv_column(s->reader, name);
        if (at < 0)
            return;
        if (*count < dims)
            s->columns[*count] = at;
    }
}

static void find_others(const sheet *s, int64_t dims, int64_t *count)
{
    const elbo__listing *names = elbo__csv_columns(s->reader);
    *count = 0;
    for (size_t i = 0; i < names->count; i++) {
        if (strcmp(names->names[i], "file") == 0 || strcmp(names->names[i], "label") == 0)
            continue;
        if (*count < dims)
            s->columns[*count] = (int)i;
        ++*count;
    }
}

static elbo_status find_columns(const elbo_run *run, const char *path, sheet *s)
{
    const int64_t dims = elbo_run_latent(run);
    int64_t count;
    s->columns = elbo__calloc((size_t)dims, sizeof *s->columns);
    if (!s->columns)
        return ELBO_NO_MEMORY;
    find_numbered(s, dims, &count);
    if (count == 0)
        find_others(s, dims, &count);
    if (count != dims)
        return elbo__fail(ELBO_FORMAT, "%s: expected codes of %lld dimensions, as the model has, got %lld columns",
                          path, (long long)dims, (long long)count);
    s->label = elbo_run_classes(run) ? elbo__csv_column(s->reader, "label") : -1;
    return ELBO_OK;
}

static elbo_status take_number(const sheet *s, int column, float *out)
{
    double value;
    elbo_status status = elbo__csv_number(s->reader, column, &value);
    if (status != ELBO_OK)
        return status;
    *out = (float)value;
    return isfinite(*out) ? ELBO_OK : elbo__csv_wrong(s->reader, column, "a code is a finite number");
}

static elbo_status take_label(const elbo_run *run, const sheet *s, const char *text, int *out)
{
    *out = elbo_run_class(run, text);
    if (*out >= 0)
        return ELBO_OK;
    char *reason = elbo__strdup(elbo_error());
    const elbo_status status = reason ? elbo__csv_wrong(s->reader, s->label, reason) : ELBO_NO_MEMORY;
    elbo__free(reason);
    return status;
}

static elbo_status take_record(const elbo_run *run, sheet *s, const elbo__csv_record *record, codes *out)
{
    const int64_t dims = elbo_run_latent(run);
    elbo_status status = elbo__grow((void **)&out->z, &s->room, (size_t)((out->n + 1) * dims), sizeof *out->z);
    for (int64_t k = 0; k < dims && status == ELBO_OK; k++)
        status = take_number(s, s->columns[k], out->z + out->n * dims + k);
    if (status == ELBO_OK && s->label >= 0)
        status = elbo__grow((void **)&out->labels, &s->named, (size_t)out->n + 1, sizeof *out->labels);
    if (status == ELBO_OK && s->label >= 0)
        status = take_label(run, s, record->fields[s->label], out->labels + out->n);
    out->n++;
    return status;
}

static elbo_status read_csv(const elbo_run *run, const char *path, codes *out)
{
    sheet s = {.reader = NULL};
    const elbo__csv_record *record = NULL;
    elbo_status status = elbo__csv_reader_open(path, &s.reader);
    if (status == ELBO_OK)
        status = find_columns(run, path, &s);
    while (status == ELBO_OK && (status = elbo__csv_next(s.reader, &record)) == ELBO_OK && record)
        status = take_record(run, &s, record, out);
    if (status == ELBO_OK && out->n == 0)
        status = elbo__fail(ELBO_FORMAT, "%s: holds no codes", path);
    elbo__csv_reader_close(s.reader);
    elbo__free(s.columns);
    return status;
}

/* ---- either ------------------------------------------------------------------------------------------------------ */

elbo_status elbo__cli_read_codes(elbo_run *run, const char *path, codes *out)
{
    const char *dot = strrchr(path, '.');
    *out = (codes){.z = NULL};
    elbo_status status = dot && elbo__same_letters(dot, ".csv") ? read_csv(run, path, out) : read_npy(run, path, out);
    if (status != ELBO_OK)
        elbo__cli_free_codes(out);
    return status;
}

void elbo__cli_free_codes(codes *c)
{
    elbo__free(c->z);
    elbo__free(c->labels);
    *c = (codes){.z = NULL};
}

/* ---- labels from elsewhere --------------------------------------------------------------------------------------- */

static elbo_status make_room(codes *out)
{
    elbo__free(out->labels);
    out->labels = elbo__calloc((size_t)out->n, sizeof *out->labels);
    return out->labels ? ELBO_OK : ELBO_NO_MEMORY;
}

static elbo_status take_labels(const elbo_run *run, const char *path, const elbo_tensor *tensor, codes *out)
{
    const elbo_shape *shape = &tensor->layout.shape;
    if ((tensor->dtype != ELBO_U8 && tensor->dtype != ELBO_I32) || shape->ndim != 1 || shape->dim[0] != out->n)
        return elbo__fail(ELBO_FORMAT, "%s: expected labels (%lld) of u8 or i32, one for each code, got %s of %s", path,
                          (long long)out->n, elbo_shape_format(shape).text, elbo_dtype_name(tensor->dtype));
    elbo_status status = make_room(out);
    for (int64_t i = 0; i < out->n && status == ELBO_OK; i++) {
        out->labels[i] = (int)elbo_tensor_get(tensor, &i);
        if (out->labels[i] < 0 || out->labels[i] >= elbo_run_classes(run))
            status = elbo__fail(ELBO_FORMAT, "%s: label %lld: %d is outside the classes 0 to %d", path, (long long)i,
                                out->labels[i], elbo_run_classes(run) - 1);
    }
    return status;
}

elbo_status elbo__cli_read_labels(const elbo_run *run, const char *path, codes *out)
{
    elbo_tensor tensor;
    elbo_status status = elbo_npy_read(path, &tensor);
    if (status == ELBO_OK)
        status = take_labels(run, path, &tensor, out);
    elbo_tensor_free(&tensor);
    return status;
}

elbo_status elbo__cli_one_label(int label, codes *out)
{
    elbo_status status = make_room(out);
    for (int64_t i = 0; i < out->n && status == ELBO_OK; i++)
        out->labels[i] = label;
    return status;
}
