/* The columns of a CSV file as numbers, words by their place among the words of the column. (internal) */
#ifndef ELBO_IO_COLUMNS_CSV_H
#define ELBO_IO_COLUMNS_CSV_H

#include "columns.h"
#include "csv_parse.h"
#include "dictionary.h"

typedef struct {
    const elbo__column *column;
    int place; /* in the file */
    elbo__dictionary words;
} elbo__column_source;

/* Columns that are used and known, one behind the other: *out = a new array of elbo__columns_used(columns). Fails for
 * one that the file lacks. The columns must outlive it; free it with elbo__column_sources_free. */
elbo_status elbo__column_sources(const elbo__csv_reader *reader, const char *path, const elbo__columns *columns,
                                 elbo__column_source **out) ELBO_MUST_CHECK;
void elbo__column_sources_free(elbo__column_source *sources, size_t count); /* accepts NULL */

/* *out = the value of a field, NaN where it is missing. Fails for one that the column cannot have. */
elbo_status elbo__column_value(const elbo__csv_reader *reader, elbo__column_source *source, const char *field,
                               double *out) ELBO_MUST_CHECK;

/* ---- in parts ---------------------------------------------------------------------------------------------------- */

double elbo__column_parsed(const char *field); /* the number that a field is; NaN where it is none, or infinite */

/* The value of a field of numbers that is not missing. */
elbo_status elbo__column_number(const elbo__csv_reader *reader, int place, const elbo__column *column,
                                const char *field, double *out) ELBO_MUST_CHECK;

/* *out = the place of a column in a file; fails, with the nearest name, where it has none. */
elbo_status elbo__column_place(const elbo__csv_reader *reader, const char *path, const char *name,
                               int *out) ELBO_MUST_CHECK;

#endif
