/* Internal: the command lines of all commands, for what is made of them besides parsing: manual pages, completion. */
#ifndef ELBO_CLI_DECLARED_H
#define ELBO_CLI_DECLARED_H

#include "command.h"
#include "options.h"

/* *out = the command line as the command declares it: what it would parse, without values. Of a command that takes the
 * name of a model, without those of a model, but where the program has one only. */
void elbo__cli_declared(const command *which, command_line *out);

/* Called before anything is parsed. Does not return where elbo__cli_declared asked. */
void elbo__cli_hand_over(const command_line *line);

#endif
