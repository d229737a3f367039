/* The commands that take a trained run: `elbo COMMAND RUN [OPTION...]`. */
#ifndef ELBO_CLI_ON_RUN_H
#define ELBO_CLI_ON_RUN_H

#include "../nn/run.h"
#include "options.h"

/* Parses the command line (its first group has OPTION_THREADS), loads the run and works on it; `work` gets the run, its
 * name as it was given and the values of the first group. Returns the exit status. */
int on_run(command_line *line, int argc, char **argv,
           int (*work)(elbo_run *run, const char *path, const elbo_values *values));

#endif
