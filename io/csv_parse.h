/* CSV read line by line: a header that names the columns, and records of that many fields. (internal)
 *
 *     elbo__csv_reader *reader;
 *     elbo_status status = elbo__csv_reader_open("flowers.csv", &reader);
 *     const elbo__csv_record *record = NULL;
 *     while (status == ELBO_OK && (status = elbo__csv_next(reader, &record)) == ELBO_OK && record)
 *         use(record->fields);                                           // [record->count]
 *     elbo__csv_reader_close(reader);
 *
 * As RFC 4180 has it: fields stand between commas, and one in double quotes may hold commas, line breaks and, doubled,
 * quotes. Lines end in CR LF, LF or CR, the last one also with the file; a byte order mark of UTF-8 is skipped, and so
 * are empty lines, except in a file of one column, where one is a field. A gzip file is inflated. No more than one
 * record is in memory. Messages read "PATH:LINE: reason".
 */
#ifndef ELBO_IO_CSV_PARSE_H
#define ELBO_IO_CSV_PARSE_H

#include <stdint.h>

#include "../tensor/error.h"
#include "listing.h"

typedef struct elbo__csv_reader elbo__csv_reader;

typedef struct {
    int64_t line;        /* where it begins, from 1                   */
    int count;           /* as many as there are columns              */
    const char **fields; /* [count], without the quotes around them   */
} elbo__csv_record;

/* Opens a file and reads its header. ELBO_FORMAT where that is none: a name is empty or stands twice, or all are
 * numbers other than 0, 1, 2, ... or 1, 2, 3, ... in this order. */
elbo_status elbo__csv_reader_open(const char *path, elbo__csv_reader **out) ELBO_MUST_CHECK;
void elbo__csv_reader_close(elbo__csv_reader *reader); /* accepts NULL */

const elbo__listing *elbo__csv_columns(const elbo__csv_reader *reader);
int elbo__csv_column(const elbo__csv_reader *reader, const char *name); /* -1: there is none */

/* *out = the next record, which is valid until the next call; NULL at the end of the file. */
elbo_status elbo__csv_next(elbo__csv_reader *reader, const elbo__csv_record **out) ELBO_MUST_CHECK;

/* *out = the number in a field of the last record, NaN in one that is empty or blank. */
elbo_status elbo__csv_number(const elbo__csv_reader *reader, int column, double *out) ELBO_MUST_CHECK;

/* How many bytes of the file have been read, and how many there are. */
void elbo__csv_at(const elbo__csv_reader *reader, int64_t *done, int64_t *total);

/* "PATH:LINE: column "NAME": REASON" of the last record. */
elbo_status elbo__csv_wrong(const elbo__csv_reader *reader, int column, const char *reason) ELBO_MUST_CHECK;

#endif
