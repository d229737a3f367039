/* Internal: the commands that take the name of a model: `elbo COMMAND MODEL [OPTION...]`, in any order. */
#ifndef ELBO_CLI_ON_MODEL_H
#define ELBO_CLI_ON_MODEL_H

#include "../nn/runs/run.h"
#include "options.h"

/* Their groups of options: the model's own, elbo_training_options, and the command's. */
enum { MODEL, TRAINING, GENERAL };

/* Parses the command line of command VERB into *line and returns the model; ends the program where none is named and
 * there are several. The doc (for --help without a model) and the group GENERAL of *line are there already. */
const elbo_model *elbo__cli_parse_for_model(command_line *line, const char *verb, int argc, char **argv);

/* The model of that name; ends the program where there is none. */
const elbo_model *elbo__cli_model(const command_line *line, const char *name);

#endif
