/* What the columns of a table hold, as one text. (internal)
 *
 *     age=count,income=positive,city=categorical,grade=ordinal:low<mid<high,id=skip        as a user has it
 *     age=count:3.6+-0.4,city=categorical:Berlin|Paris,grade=ordinal:low<mid<high,id=skip  as it is once known
 *
 *     real          any number
 *     positive      a number above 0, whose logarithm is what counts
 *     count         0, 1, 2, ...
 *     categorical   a word, or a number that stands for one; behind it all there are, between '|'
 *     ordinal       the same with an order, between '<'
 *     skip          the column is left out
 *
 * Behind numbers stand mean and deviation of what networks see of them (elbo__column_scaled). Columns stand between
 * commas or line breaks; a line that begins with '#' is a comment. What has one of these characters in it, or a blank
 * at an end, stands in double quotes, as io/quote.h has it.
 */
#ifndef ELBO_IO_COLUMNS_H
#define ELBO_IO_COLUMNS_H

#include <stdbool.h>

#include "listing.h"

typedef enum {
    ELBO__COLUMN_REAL,
    ELBO__COLUMN_POSITIVE,
    ELBO__COLUMN_COUNT,
    ELBO__COLUMN_CATEGORICAL,
    ELBO__COLUMN_ORDINAL,
    ELBO__COLUMN_SKIP
} elbo__column_kind;

extern const char *const elbo__column_kinds[]; /* their words, then NULL */

/* MOST_WORDS of a column, and bytes of the text of all of them: they stand in the file of a run. */
enum { ELBO__MOST_WORDS = 1000, ELBO__MOST_COLUMN_BYTES = 32768 };

typedef struct {
    char *name;
    elbo__column_kind kind;
    bool known;             /* words, or mean and deviation, are there    */
    double mean, deviation; /* of numbers: of t(x), see below             */
    elbo__listing words;    /* of words: 0, 1, ... in this order          */
} elbo__column;

typedef struct {
    elbo__column *at;
    size_t count, capacity;
} elbo__columns;

/* ELBO_INVALID, with a message that begins with "columns: ", for what is no such text. On failure *out is empty. */
elbo_status elbo__columns_parse(const char *text, elbo__columns *out) ELBO_MUST_CHECK;
char *elbo__columns_print(const elbo__columns *columns); /* a new string; NULL when memory is short */
void elbo__columns_free(elbo__columns *columns);         /* leaves it empty */

elbo_status elbo__columns_add(elbo__columns *columns, const char *name, elbo__column_kind kind) ELBO_MUST_CHECK;
elbo__column *elbo__columns_find(const elbo__columns *columns, const char *name); /* NULL: there is none */

size_t elbo__columns_used(const elbo__columns *columns); /* how many are not skipped                           */
bool elbo__columns_known(const elbo__columns *columns);  /* whether all of those are                           */

bool elbo__column_has_words(const elbo__column *column);
bool elbo__column_suits(const elbo__column *column, double x); /* whether x can be a value: words by number      */
double elbo__column_transformed(const elbo__column *column, double x); /* t(x) = x, log x or log(1 + x)          */

/* Whether a field says that there is no value: it is blank, or NA, N/A, NaN, null or ? in letters of either case. */
bool elbo__column_is_missing(const char *field);

/* Fills in what is not known by a CSV file: columns that are not named are real where all their fields are numbers, and
 * else categorical; words are sorted, but for those of an ordinal column that are no numbers, which must be given in
 * their order. `label` is the column of labels, or NULL. */
elbo_status elbo__columns_survey(const char *path, const char *label, elbo__columns *columns) ELBO_MUST_CHECK;

#endif
