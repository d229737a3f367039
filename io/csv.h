/* CSV: a table of numbers that grows by a row at a time, as metrics.csv does during a training.
 *
 *     static const char *const columns[] = {"epoch", "train_loss", "test_elbo"};
 *     elbo_csv *csv;
 *     if (elbo_csv_open("runs/digits/metrics.csv", columns, 3, &csv) != ELBO_OK)
 *         ...                                                          // elbo_error() says why
 *     elbo_number row[] = {{"epoch", 1}, {"train_loss", 164.25}};      // test_elbo was not measured
 *     if (elbo_csv_row(csv, row, 2) != ELBO_OK)                        // adds the line  1,164.25,
 *         ...
 *     elbo_csv_close(csv);
 */
#ifndef ELBO_IO_CSV_H
#define ELBO_IO_CSV_H

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

#ifdef __cplusplus
}
#endif
#endif
