/* Internal: how a command gives its result on stdout: as lines, or with --json as one JSON object.
 *
 *     result r = elbo__cli_result(job->values);                       // whose table has OPTION_JSON
 *                                                                     // lines               JSON
 *     elbo__cli_give_text(&r, "run", NULL, folder);                   // run runs/a          "run": "runs/a"
 *     elbo__cli_give_number(&r, "test_elbo", "test ELBO", elbo, 1, "nats per image");
 *                                                                     // test ELBO -105.5 nats per image
 *                                                                     //                     "test_elbo": -105.5213...
 *     return elbo__cli_result_end(&r, EXIT_SUCCESS);
 *
 * Lines appear as they are given; the object at the end, and only if the command has not failed with nothing given.
 * What goes wrong is said on stderr in either form. Units stand in the lines and in the manual, not in keys. A key is
 * one name for good: scripts depend on it. In JSON it has "_" for "-", "." and blanks. Numbers have the
 * fewest digits that read back as the same; one that is not finite is null there, and nan, inf or -inf in a line. A
 * text that is not UTF-8 stands in double quotes with \xHH for its bytes, as io/quote.h has it.
 */
#ifndef ELBO_CLI_RESULT_H
#define ELBO_CLI_RESULT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "../nn/options/option.h"

enum { RESULT_DEPTH = 8 };

typedef struct {
    json_t *open[RESULT_DEPTH]; /* the object of all, and what is open in it; open[0] NULL: lines */
    int depth;                  /* of the innermost that is open                                  */
    bool no_memory;
} result;

/* Lines; an object where `values` (or NULL) have the flag json set. */
result elbo__cli_result(const elbo_values *values);

/* Whether it is an object, for what only one of the two forms shows. */
bool elbo__cli_is_json(const result *r);

/* A member under `key`, and a line "LABEL VALUE UNIT". A label of NULL is the key itself. unit: NULL or "": none.
 * Numbers have so many digits behind the point in lines. */
void elbo__cli_give_text(result *r, const char *key, const char *label, const char *value);
void elbo__cli_give_integer(result *r, const char *key, const char *label, int64_t value, const char *unit);
void elbo__cli_give_number(result *r, const char *key, const char *label, double value, int digits, const char *unit);

/* A line alone, without the newline. */
void elbo__cli_line(const result *r, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Members alone; in a list the key is not looked at. value NULL: null. */
void elbo__cli_put_text(result *r, const char *key, const char *value);
void elbo__cli_put_integer(result *r, const char *key, int64_t value);
void elbo__cli_put_number(result *r, const char *key, double value);
void elbo__cli_put_flag(result *r, const char *key, bool value);
void elbo__cli_put_integers(result *r, const char *key, const int64_t *values, int64_t n);
void elbo__cli_put_numbers(result *r, const char *key, const double *values, int64_t n);

/* A member of the kind of its option: integer, number, list of integers, true or false, text. */
void elbo__cli_put_value(result *r, const char *key, elbo_option_type type, const elbo_value *value);

/* Until the close, members go into a new object or list. */
void elbo__cli_open_object(result *r, const char *key);
void elbo__cli_open_list(result *r, const char *key);
void elbo__cli_close(result *r);

/* Prints the object and frees it. Returns `status`, or FAILED with a line on stderr when memory was short. With a
 * failure nothing is printed: where figures are worth showing in spite of it, end with EXIT_SUCCESS and return the
 * failure. */
int elbo__cli_result_end(result *r, int status);

#endif
