/* Internal: what help and manual pages say besides the options. */
#ifndef ELBO_CLI_HELP_H
#define ELBO_CLI_HELP_H

#include <argp.h>
#include <stdio.h>

#include "options.h"

/* A name and what it stands for, in lists that end with a NULL name. */
typedef struct {
    const char *name, *what;
} named_text;

extern const named_text elbo__cli_exits[];       /* statuses of the program                                     */
extern const named_text elbo__cli_environment[]; /* variables that it asks                                      */
extern const named_text elbo__cli_run_files[];   /* of a run folder                                             */

/* Rows of elbo__cli_help_options for argp, whose own are not asked for (ARGP_NO_HELP): they would be others than those
 * of manual and completion. Returns how many it has written, at most HELP_ROWS. */
enum { HELP_ROWS = 6, WITH_HELP = -1 /* the group of argp's that they stand in */ };
int elbo__cli_add_help_rows(struct argp_option *rows);

/* Prints what the key of one of these rows asks for and ends the program; does nothing for another key. */
void elbo__cli_help_on(int key, struct argp_state *state);

/* What a file of option "config" may hold. */
extern const char elbo__cli_config_text[];

/* The line of an example as it is typed; MODEL in it is the model that the command line names, or the first one. */
void elbo__cli_put_example(FILE *out, const command_line *line, const example *e);

/* What argp prints of a command besides its options: the paragraph, \v, examples and exit statuses. A new string, freed
 * with free; NULL when memory is short. */
char *elbo__cli_help_text(const command_line *line);

#endif
