/* Internal: what a model needs of its table. */
#ifndef ELBO_NN_OPTION_PRIVATE_H
#define ELBO_NN_OPTION_PRIVATE_H

#include "option.h"

/* The default of an option; a text is borrowed from the table. Fails when the table's own text does not parse. */
elbo_status elbo__option_default(const elbo_option *option, elbo_value *out) ELBO_MUST_CHECK;

/* The same, or what a preset, "posterior=iaf draws=5", says of it (but for a text); NULL: none. */
elbo_status elbo__option_preset(const elbo_option *option, const char *preset, elbo_value *out) ELBO_MUST_CHECK;

/* The table that the values were made of, before the preset. */
const elbo_option *elbo__values_origin(const elbo_values *values);

/* The row with this name or alias, or NULL, without a word. */
const elbo_option *elbo__option_row(const elbo_option *table, const char *name);

#endif
