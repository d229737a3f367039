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
#include "../io/ini.h"
#include "../nn/options/option.h"

enum { MOST_GROUPS = 3, MOST_EXAMPLES = 4 };

/* Options that stand together in the help. An alias of one letter is a short option. */
typedef struct {
    const char *title;
    const elbo_option *table; /* after parse with the defaults of the preset */
    bool of_model;            /* the table is a model's                      */
    const char *preset;       /* of it; NULL: none                           */
    elbo_values *values;      /* made by parse                               */
} option_group;

/* A command line that works, without the name of the program, and what comes of it. */
typedef struct {
    const char *line, *what;
} example;

typedef struct {
    const char *name;      /* of the command, for messages: "sample"  */
    const char *args;      /* what stands after the options: "RUN"    */
    const char *forms;     /* other forms of args, one a line, "--resume RUN"; NULL: there are none */
    const char *doc;       /* one paragraph                           */
    int least, most;       /* how many arguments                      */
    option_group groups[MOST_GROUPS + 2]; /* ends with a NULL table; parse adds that of every command */
    example examples[MOST_EXAMPLES + 1];  /* ends with a NULL line; every command has one        */
    const char **arguments;               /* [count], then NULL; made by parse                   */
    bool first_only;       /* OPTION_FIRST leaves the command no other images                  */
    bool fills_in;         /* DATA may stand behind RUN, and what is missing in it is what matters */
    const char *ends;      /* that the file of OPTION_OUTPUT may have, ".svg, .png"; NULL: any   */
    const char *exits;     /* what an exit status means for this command in particular, or NULL  */
    bool takes_model;      /* the model's name is an argument, and its options are some of these */
    const char *model;     /* the model that is named, or NULL                                   */
    int count;
    const char *config_path; /* a file of options that the command line wins over; NULL: none    */
    const elbo_ini *config;  /* what it holds                                                    */
} command_line;

/* What every command has: --quiet. */
extern const elbo_option elbo__cli_common_options[];

/* What argp has besides: --help, --usage, --version. */
extern const elbo_option elbo__cli_help_options[];

/* Fills in values and arguments. Ends the program on --help (0) and on wrong usage (64), naming the option, or the line
 * of the file: an option there is not, a value it cannot have, an option that is of no use beside the others. An option
 * of the file that is of no use beside those of the command line alone is dropped. */
void elbo__cli_parse(command_line *line, int argc, char **argv);
void elbo__cli_release(command_line *line);

/* What stands for the value of an option in the help: "N". */
const char *elbo__cli_metavar(const elbo_option *option);

/* Ends the program with 64: "elbo sample: MESSAGE", and where help is to be found. */
void elbo__cli_wrong_usage(const command_line *line, const char *format, ...)
    __attribute__((format(printf, 2, 3), noreturn));

/* The same for a long option that is in none of the tables, which end with NULL: names the
 * models whose option it is, or one that may be meant. */
void elbo__cli_unrecognized(const command_line *line, const elbo_option *const *tables, const char *option)
    __attribute__((noreturn));

/* ---- rows that several commands have ----------------------------------------------------------------------------- */

#define OPTION_CONFIG                                                                                                  \
    {.name = "config", .type = ELBO_TEXT, .metavar = "FILE",                                                          \
     .help = "take options from this file, of lines `option = value', such as config.ini of a run; what the command " \
             "line says wins"}
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
     .help = "at most one for each processor, 0: as OMP_NUM_THREADS says, or one each; results are the same"}
#define OPTION_JSON                                                                                                    \
    {.name = "json", .type = ELBO_FLAG, .help = "print the result as one JSON object"}
#define OPTION_OUTPUT(file)                                                                                            \
    {.name = "output", .alias = "o", .type = ELBO_TEXT, .default_value = file, .metavar = "FILE",                      \
     .help = "the file to write: .png is a picture, .npy and .csv are numbers"}
#define OUTPUT_ENDS ".png, .npy, .csv" /* of OPTION_OUTPUT */
#define OPTION_COUNT(n, what)                                                                                          \
    {.name = "count", .alias = "n", .type = ELBO_INTEGER, .default_value = n, .least = 1, .greatest = 100000,         \
     .metavar = "N", .help = what}
#define OPTION_FIRST                                                                                                   \
    {.name = "count", .alias = "n", .type = ELBO_INTEGER, .default_value = "0", .least = 0, .greatest = 1e9,          \
     .metavar = "N", .help = "only the first N images; 0: all"}
#define OPTION_STEPS(n, what)                                                                                          \
    {.name = "steps", .type = ELBO_INTEGER, .default_value = n, .least = 2, .greatest = 1000, .metavar = "N",         \
     .help = what}
#define OPTION_LABEL(otherwise)                                                                                        \
    {.name = "label", .type = ELBO_TEXT, .metavar = "CLASS",                                                          \
     .help = "of a model that takes labels: images of the class of this name, or else of this number; -1: " otherwise}

#endif
