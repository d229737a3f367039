/* Internal: the command line of a command, from the library's tables of options.
 *
 *     enum { GENERAL };
 *     static const elbo_option general[] = {OPTION_SEED, OPTION_THREADS, ELBO_OPTIONS_END};
 *     command_line line = {.name = "sample", .args = "RUN", .doc = "...", .most = 1,
 *                          .groups = {[GENERAL] = {"Options:", general}}};
 *     elbo__cli_parse(&line, argc, argv);
 *     int64_t seed = elbo_values_integer(line.groups[GENERAL].values, "seed");
 *     elbo__cli_release(&line);
 */
#ifndef ELBO_CLI_OPTIONS_H
#define ELBO_CLI_OPTIONS_H

#include "../io/dataset.h"
#include "../nn/options/option.h"

enum { MOST_GROUPS = 3, MOST_ARGUMENTS = 1 };

/* Options that stand together in the help. An alias of one letter is a short option. */
typedef struct {
    const char *title;
    const elbo_option *table;
    elbo_values *values; /* made by parse */
} option_group;

typedef struct {
    const char *name;      /* of the command, for messages: "sample"  */
    const char *args;      /* what stands after the options: "RUN"    */
    const char *doc;       /* one paragraph                           */
    int least, most;       /* how many arguments                      */
    option_group groups[MOST_GROUPS + 2]; /* ends with a NULL table; parse adds that of every command */
    const char *arguments[MOST_ARGUMENTS];
    int count;
} command_line;

/* What every command has: --quiet. */
extern const elbo_option elbo__cli_common_options[];

/* Fills in values and arguments. Ends the program on --help (0) and on wrong usage (64), naming the option. */
void elbo__cli_parse(command_line *line, int argc, char **argv);
void elbo__cli_release(command_line *line);

/* What stands for the value of an option in the help: "N". */
const char *elbo__cli_metavar(const elbo_option *option);

/* Ends the program with 64: "elbo sample: MESSAGE", and where help is to be found. */
void elbo__cli_wrong_usage(const command_line *line, const char *format, ...)
    __attribute__((format(printf, 2, 3), noreturn));

/* ---- rows that several commands have ----------------------------------------------------------------------------- */

#define OPTION_DATA(usual)                                                                                             \
    {.name = "data", .type = ELBO_TEXT, .metavar = "DATA",                                                            \
     .help = "a folder of IDX files named as MNIST's, of train.npy and test.npy (or .csv), or of PNG or JPEG files "  \
             "whose sub-folders are labels; an .npy, .npz, .csv or IDX file; images.npy:labels.npy; "                 \
             "data.csv:LABEL-COLUMN:28x28; mnist; sprites or sprites:FACTOR: made-up images (" usual ")"},            \
    {.name = "missing", .type = ELBO_FLAG,                                                                            \
     .help = "NaN in the data stands for a missing value; otherwise it is refused"}
#define OPTION_PART                                                                                                    \
    {.name = "part", .type = ELBO_CHOICE, .default_value = "test", .choices = elbo__cli_part_names,                   \
     .metavar = "NAME", .help = "which images of the data"}
#define OPTION_SEED                                                                                                    \
    {.name = "seed", .type = ELBO_INTEGER, .default_value = "1", .least = 0, .greatest = 9.2e18, .metavar = "N",      \
     .help = "of all random numbers"}
#define OPTION_THREADS                                                                                                 \
    {.name = "threads", .type = ELBO_INTEGER, .default_value = "0", .least = 0, .greatest = 4096, .metavar = "N",     \
     .help = "at most one a processor, which 0 stands for; the results are the same for any number"}
#define OPTION_OUTPUT(file)                                                                                            \
    {.name = "output", .alias = "o", .type = ELBO_TEXT, .default_value = file, .metavar = "FILE",                      \
     .help = "the PNG picture to write"}
#define OPTION_COUNT(n, what)                                                                                          \
    {.name = "count", .alias = "n", .type = ELBO_INTEGER, .default_value = n, .least = 1, .greatest = 100000,         \
     .metavar = "N", .help = what}
#define OPTION_STEPS(n, what)                                                                                          \
    {.name = "steps", .type = ELBO_INTEGER, .default_value = n, .least = 2, .greatest = 1000, .metavar = "N",         \
     .help = what}
#define OPTION_LABEL(otherwise)                                                                                        \
    {.name = "label", .type = ELBO_TEXT, .metavar = "CLASS",                                                          \
     .help = "of a model that takes labels: images of the class of this name, or else of this number; -1: " otherwise}

#endif
