#include "columns.h"

#include <math.h>
#include <string.h>

#include "../../io/csv_write.h"
#include "../../io/npy.h"
#include "../../tensor/memory.h"
#include "../../tensor/text.h"

static elbo_status write_npy(const elbo__columns *columns, const char *path)
{
    double *all = elbo__calloc((size_t)columns->images, (size_t)columns->count * sizeof *all);
    if (!all)
        return ELBO_NO_MEMORY;
    for (int64_t i = 0; i < columns->images; i++)
        for (int k = 0; k < columns->count; k++)
            all[i * columns->count + k] = columns->at[k] ? columns->at[k][i] : NAN;
    const elbo_tensor table = elbo_tensor_of(ELBO_F64, ELBO_SHAPE(columns->images, columns->count), all);
    elbo_status status = elbo_npy_write(path, &table);
    elbo__free(all);
    return status;
}

static void write_header(elbo__csv_writer *csv, const elbo__columns *columns, const elbo_images *images)
{
    elbo__csv_words(csv, "index");
    if (images->labels.data)
        elbo__csv_words(csv, "label");
    if (images->file_names)
        elbo__csv_words(csv, "file");
    for (int k = 0; k < columns->count; k++)
        if (columns->at[k])
            elbo__csv_words(csv, columns->names[k]);
    elbo__csv_end_line(csv);
}

static void write_row(elbo__csv_writer *csv, const elbo__columns *columns, const elbo_images *images, int64_t i)
{
    elbo__csv_put_number(csv, (double)i);
    if (images->labels.data)
        elbo__csv_put_number(csv, elbo_tensor_get(&images->labels, &i));
    if (images->file_names)
        elbo__csv_words(csv, images->file_names[i]);
    for (int k = 0; k < columns->count; k++)
        if (columns->at[k])
            elbo__csv_put_number(csv, columns->at[k][i]);
    elbo__csv_end_line(csv);
}

static elbo_status write_csv(const elbo__columns *columns, const elbo_images *images, const char *path)
{
    elbo__csv_writer *csv;
    elbo_status status = elbo__csv_writer_open(path, &csv);
    if (status != ELBO_OK)
        return status;
    write_header(csv, columns, images);
    for (int64_t i = 0; i < columns->images; i++)
        write_row(csv, columns, images, i);
    return elbo__csv_writer_commit(csv);
}

elbo_status elbo__columns_write(const elbo__columns *columns, const elbo_images *images, const char *path)
{
    const char *dot = strrchr(path, '.');
    if (images->count < columns->images)
        return elbo__fail(ELBO_INVALID, "%s: figures of %lld images, of which there are %lld", path,
                          (long long)columns->images, (long long)images->count);
    if (dot && elbo__same_letters(dot, ".csv"))
        return write_csv(columns, images, path);
    if (dot && elbo__same_letters(dot, ".npy"))
        return write_npy(columns, path);
    return elbo__fail(ELBO_INVALID, "%s: expected a name that ends in .csv or .npy", path);
}
