/* A table of numbers, read whole. */
#include <string.h>

#include "../tensor/memory.h"
#include "csv.h"
#include "csv_parse.h"

static elbo_status take_names(const elbo__listing *columns, elbo_csv_table *out)
{
    out->names = elbo__calloc(columns->count + 1, sizeof *out->names);
    if (!out->names)
        return ELBO_NO_MEMORY;
    for (out->columns = 0; (size_t)out->columns < columns->count; out->columns++) {
        out->names[out->columns] = elbo__strdup(columns->names[out->columns]);
        if (!out->names[out->columns])
            return ELBO_NO_MEMORY;
    }
    return ELBO_OK;
}

static elbo_status take_rows(elbo__csv_reader *reader, elbo_csv_table *out)
{
    const elbo__csv_record *record = NULL;
    size_t room = 0;
    elbo_status status = elbo__csv_next(reader, &record);
    while (status == ELBO_OK && record) {
        const size_t used = (size_t)out->rows * (size_t)out->columns;
        status = elbo__grow((void **)&out->values, &room, used + (size_t)out->columns, sizeof *out->values);
        for (int i = 0; i < out->columns && status == ELBO_OK; i++)
            status = elbo__csv_number(reader, i, &out->values[used + (size_t)i]);
        out->rows++;
        if (status == ELBO_OK)
            status = elbo__csv_next(reader, &record);
    }
    return status;
}

elbo_status elbo_csv_read(const char *path, elbo_csv_table *out)
{
    elbo__csv_reader *reader;
    *out = (elbo_csv_table){.rows = 0};
    elbo_status status = elbo__csv_reader_open(path, &reader);
    if (status == ELBO_OK)
        status = take_names(elbo__csv_columns(reader), out);
    if (status == ELBO_OK)
        status = take_rows(reader, out);
    elbo__csv_reader_close(reader);
    if (status != ELBO_OK)
        elbo_csv_free(out);
    return status;
}

int elbo_csv_column(const elbo_csv_table *table, const char *name)
{
    for (int i = 0; i < table->columns; i++)
        if (strcmp(table->names[i], name) == 0)
            return i;
    return -1;
}

void elbo_csv_free(elbo_csv_table *table)
{
    if (!table)
        return;
    for (int i = 0; table->names && i < table->columns; i++)
        elbo__free(table->names[i]);
    elbo__free(table->names);
    elbo__free(table->values);
    *table = (elbo_csv_table){.rows = 0};
}
