/* CSV written as a whole, words and numbers. (internal) A table that grows is io/csv.h's.
 *
 *     elbo__csv_writer *csv;
 *     elbo_status status = elbo__csv_writer_open("codes.csv", &csv);
 *     if (status != ELBO_OK)
 *         return status;
 *     elbo__csv_words(csv, "file");                 // the first failure is kept, so nothing is checked here ...
 *     elbo__csv_count(csv, "z", 1);
 *     elbo__csv_end_line(csv);                      // file,z1
 *     elbo__csv_words(csv, "cat, big/1.png");
 *     elbo__csv_put_number(csv, 0.25);
 *     elbo__csv_end_line(csv);                      // "cat, big/1.png",0.25
 *     return elbo__csv_writer_commit(csv);          // ... but here, once
 *
 * As RFC 4180 has it, but with lines that end in LF: a field with a comma, a quote or a line break in it, or a blank at
 * an end, stands in double quotes. A file already there is replaced when all is written, and untouched on failure.
 */
#ifndef ELBO_IO_CSV_WRITE_H
#define ELBO_IO_CSV_WRITE_H

#include <stdint.h>

#include "../tensor/error.h"

typedef struct elbo__csv_writer elbo__csv_writer;

elbo_status elbo__csv_writer_open(const char *path, elbo__csv_writer **out) ELBO_MUST_CHECK;

/* One field each: any text; a name with a number behind it; a number with 9 digits, or nan, inf or -inf. */
void elbo__csv_words(elbo__csv_writer *csv, const char *text);
void elbo__csv_count(elbo__csv_writer *csv, const char *name, int64_t number);
void elbo__csv_put_number(elbo__csv_writer *csv, double value);
void elbo__csv_put_float(elbo__csv_writer *csv, float value); /* with as few digits as tell it; NaN: an empty field */
void elbo__csv_end_line(elbo__csv_writer *csv);

/* Either one frees the writer. The second leaves the message of the failure that led there, and accepts NULL. */
elbo_status elbo__csv_writer_commit(elbo__csv_writer *csv) ELBO_MUST_CHECK;
void elbo__csv_writer_abort(elbo__csv_writer *csv);

#endif
