/* Internal: the row of a table that an option of the command line stands for. Tables come as a list that ends with
 * NULL. */
#ifndef ELBO_CLI_ROWS_H
#define ELBO_CLI_ROWS_H

#include "../nn/options/option.h"

/* The row that "--name", "--name=value", "-n" or "-nvalue" stands for: the one of this name or alias, else the first
 * one whose name begins so, as argp takes it too; NULL where there is none. */
const elbo_option *elbo__cli_row_of(const elbo_option *const *tables, const char *option);

/* The name that may be meant by that of a long option, or by a name by itself; NULL: none is like it. */
const char *elbo__cli_nearest_name(const elbo_option *const *tables, const char *option);

/* Whose an option is, of those that depend on the model: "vae, cvae"; a new string, freed with free. NULL: nobody's. */
char *elbo__cli_owners(const char *option);

/* Whether the value of this option, of which the row is known or NULL, is the next word of the command line. */
bool elbo__cli_takes_next(const elbo_option *const *tables, const char *option);

#endif
