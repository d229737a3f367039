/* Options: declared once in a table, used for help, config.ini and checkpoint metadata alike.
 *
 *     static const elbo_option table[] = {
 *         {.name = "latent-dim", .alias = "latent", .type = ELBO_INTEGER, .default_value = "20", .least = 1,
 *          .greatest = 65536, .metavar = "N", .help = "dimensions of the latent space"},
 *         ELBO_OPTIONS_END};
 *     elbo_values *values = elbo_values_new(table);                       // every option has its default
 *     if (elbo_values_set(values, "latent", "0") != ELBO_OK) ...          // option "latent-dim": 0 is less than 1
 *     int64_t n = elbo_values_integer(values, "latent-dim");
 *
 * In nn/options: tables of what can be chosen, and the values of them. Nothing here knows what an option is for; who
 * reads it declares it.
 */
#ifndef ELBO_NN_OPTION_H
#define ELBO_NN_OPTION_H

#include <stdbool.h>
#include <stdint.h>

#include "../../tensor/error.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ELBO_MAX_SIZES 16

typedef enum {
    ELBO_INTEGER, /* 20                                       */
    ELBO_NUMBER,  /* 1e-3                                     */
    ELBO_SIZES,   /* 400,200: up to 16 integers, or none      */
    ELBO_CHOICE,  /* one word of a list                       */
    ELBO_FLAG,    /* yes or no; yes when given without a value */
    ELBO_TEXT     /* anything, such as a file name            */
} elbo_option_type;

/* A row of a table. What is left out is zero: no alias, no range (least = greatest), no choices. */
typedef struct elbo_option {
    const char *name;            /* as on the command line, without the dashes                       */
    const char *alias;           /* another name for it, or NULL                                     */
    elbo_option_type type;
    const char *default_value;   /* as text; NULL: "" for a text, no for a flag                      */
    double least, greatest;      /* both allowed; for ELBO_SIZES the range of each                   */
    bool exclusive;              /* `least` itself is not allowed                                    */
    const char *const *choices;  /* of ELBO_CHOICE: words, then NULL                                 */
    const char *needs;           /* "net=conv", "hidden!=none", "prior=vamp|mixture": of no use        */
                                 /* otherwise; NULL: always                                          */
    const char *metavar;         /* stands for the value in the help: N, FILE                        */
    const char *help;            /* one line                                                         */
} elbo_option;

#define ELBO_OPTIONS_END {.name = NULL} /* the last row of every table */

typedef struct {
    int n;
    int64_t at[ELBO_MAX_SIZES];
} elbo_sizes;

/* A value of any type: the field of its option's type is the one that counts. */
typedef struct {
    int64_t integer;
    double number;
    elbo_sizes sizes;
    const char *text; /* the word of a choice (the table's own string) or a text (borrowed) */
    bool flag;
} elbo_value;

/* ---- one option -------------------------------------------------------------------------------------------------- */

/* Text to value. On failure one line names the option: option "beta": -1 is less than 0. NULL text: a flag's yes. */
ELBO_API elbo_status elbo_option_parse(const elbo_option *option, const char *text, elbo_value *out) ELBO_MUST_CHECK;

/* Value to text that parses to the same value; a new string, freed with elbo_release. NULL on failure. */
ELBO_API char *elbo_option_print(const elbo_option *option, const elbo_value *value);

/* What the help says of it: its one line, the words of a choice, the default in brackets, and without which value of
 * another option it is of no use; a new string, freed with elbo_release. NULL on failure. */
ELBO_API char *elbo_option_help(const elbo_option *option);

/* The row with this name or alias; NULL, and a message that names one that may be meant, when there is none. */
ELBO_API const elbo_option *elbo_option_find(const elbo_option *table, const char *name);

/* (400, 200) -> (200, 400): a decoder that mirrors its encoder */
ELBO_API elbo_sizes elbo_sizes_reversed(elbo_sizes sizes);

/* ---- the values of a table --------------------------------------------------------------------------------------- */

typedef struct elbo_values elbo_values;

/* Every option at its default. The table is borrowed. NULL on failure (a default that does not parse is one). */
ELBO_API elbo_values *elbo_values_new(const elbo_option *table);
ELBO_API void elbo_values_free(elbo_values *values);

/* The same with other defaults for some of them, "posterior=iaf draws=5"; NULL: for none. */
ELBO_API elbo_values *elbo_values_new_preset(const elbo_option *table, const char *preset);

/* The table, with the defaults of the preset. */
ELBO_API const elbo_option *elbo_values_table(const elbo_values *values);

/* Sets one option from text; an unknown name, a text that does not parse and a value out of range change nothing. */
ELBO_API elbo_status elbo_values_set(elbo_values *values, const char *name, const char *text) ELBO_MUST_CHECK;

/* Whether the option was set since elbo_values_new. */
ELBO_API bool elbo_values_given(const elbo_values *values, const char *name);

/* Whether its value is another than its default. */
ELBO_API bool elbo_values_changed(const elbo_values *values, const char *name);

/* Back to the default, as if it had never been set. */
ELBO_API void elbo_values_reset(elbo_values *values, const char *name);

/* Whether an option is of use beside the values of the others, as its row says; if not, the message says so. */
ELBO_API elbo_status elbo_values_check_one(const elbo_values *values, const char *name) ELBO_MUST_CHECK;

/* Whether every option that was set is of use beside the others; the message names one that is not. */
ELBO_API elbo_status elbo_values_check(const elbo_values *values) ELBO_MUST_CHECK;

/* A copy of the value as text, freed with elbo_release; NULL on failure. */
ELBO_API char *elbo_values_print(const elbo_values *values, const char *name);

/* The value; NULL, without a message, when the table has no option of this name and type. */
ELBO_API const elbo_value *elbo_values_get(const elbo_values *values, const char *name, elbo_option_type type);

/* The same for code that knows its own table. An option that the table lacks is 0, {1, {1}}, "" or false. */
ELBO_API int64_t elbo_values_integer(const elbo_values *values, const char *name);
ELBO_API double elbo_values_number(const elbo_values *values, const char *name);
ELBO_API elbo_sizes elbo_values_sizes(const elbo_values *values, const char *name);
ELBO_API const char *elbo_values_choice(const elbo_values *values, const char *name);
ELBO_API bool elbo_values_flag(const elbo_values *values, const char *name);
ELBO_API const char *elbo_values_text(const elbo_values *values, const char *name);

#ifdef __cplusplus
}
#endif
#endif
