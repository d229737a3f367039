/* CSV: a table of numbers that grows by a row at a time, as metrics.csv does during a training, and such tables read.
 *
 *     static const char *const columns[] = {"epoch", "train_loss", "test_elbo"};
 *     elbo_csv *csv;
 *     if (elbo_csv_open("runs/digits/metrics.csv", columns, 3, &csv) != ELBO_OK)
 *         ...                                                          // elbo_error() says why
 *     elbo_number row[] = {{"epoch", 1}, {"train_loss", 164.25}};      // test_elbo was not measured
 *     if (elbo_csv_row(csv, row, 2) != ELBO_OK)                        // adds the line  1,164.25,
 *         ...
 *     elbo_csv_close(csv);
 *
 *     elbo_csv_table table;
 *     if (elbo_csv_read("runs/digits/metrics.csv", &table) == ELBO_OK) {
 *         const int loss = elbo_csv_column(&table, "train_loss");      // -1: there is no such column
 *         for (int64_t i = 0; loss >= 0 && i < table.rows; i++)
 *             use(table.values[i * table.columns + loss]);
 *         elbo_csv_free(&table);
 *     }
 */
#ifndef ELBO_IO_CSV_H
#define ELBO_IO_CSV_H

#include <stdint.h>

#include "../tensor/error.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct elbo_csv elbo_csv;

typedef struct {
    const char *name;
    double value;
} elbo_number;

/* Opens a table for more rows: a new or empty file gets the header, a file that has rows must have this very header
 * (ELBO_FORMAT otherwise). A last line without its newline, torn by a crash, is cut off. Column names are copied;
 * they hold no comma, quote or control character. Close with elbo_csv_close. */
ELBO_API elbo_status elbo_csv_open(const char *path, const char *const *columns, int count,
                                   elbo_csv **out) ELBO_MUST_CHECK;

/* Adds one row, at once and whole: a row that does not fit the disk leaves the table as it was. A column that `numbers`
 * does not name stays empty. Values are written with 9 significant digits and a point in every locale, or as nan, inf
 * and -inf. ELBO_INVALID when a name is no column. */
ELBO_API elbo_status elbo_csv_row(elbo_csv *csv, const elbo_number *numbers, int count) ELBO_MUST_CHECK;

ELBO_API void elbo_csv_close(elbo_csv *csv); /* accepts NULL */

typedef struct {
    int64_t rows;
    int columns;
    char **names;   /* [columns]                                   */
    double *values; /* (rows, columns); NaN where a field is empty */
} elbo_csv_table;

/* Reads a file whose first line names the columns, and which holds numbers only: as RFC 4180 has it, with lines that
 * end in LF, CR LF or CR, a byte order mark of UTF-8 or none, plain or gzip. Free with elbo_csv_free; empty on failure.
 * ELBO_IO when the file cannot be read, ELBO_FORMAT for what is no such table; messages begin with "PATH:LINE: ". */
ELBO_API elbo_status elbo_csv_read(const char *path, elbo_csv_table *out) ELBO_MUST_CHECK;

ELBO_API int elbo_csv_column(const elbo_csv_table *table, const char *name); /* its place; -1: there is none */
ELBO_API void elbo_csv_free(elbo_csv_table *table);                          /* accepts NULL                 */

#ifdef __cplusplus
}
#endif
#endif
