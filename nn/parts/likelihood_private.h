/* Internal: what a likelihood is of, for those who bring it the data. */
#ifndef ELBO_NN_LIKELIHOOD_PRIVATE_H
#define ELBO_NN_LIKELIHOOD_PRIVATE_H

#include "../../io/columns.h"
#include "likelihood.h"

typedef enum {
    ELBO__ANY,    /* any numbers                                                       */
    ELBO__UNIT,   /* numbers in [0, 1]; u8 counts as value / 255                       */
    ELBO__COUNTS, /* 0, 1, 2, ...; u8 is such a number itself                          */
    ELBO__COLUMNS /* what each column of a table can have: see option columns          */
} elbo__values;

/* The values that option likelihood is for; ANY where there is no such option, or a choice of the model's own. */
elbo__values elbo__likelihood_values(const elbo_values *options);

/* in->x as networks take it, (B, E), by option likelihood where the model has it: counts as log(1 + x). */
elbo_var *elbo__likelihood_seen(elbo_in *in);

/* What any numbers x (..., D) stand for in the place of data that are learned (a VampPrior's): pixels in (0, 1), or
 * counts above 0. */
elbo_var *elbo__likelihood_learned(elbo_in *in, elbo_var *x);

/* ---- columns of tables ------------------------------------------------------------------------------------------- */

/* *out = the columns that a text (of option columns) tells. Fails unless all are known, and as many as values of x. */
elbo_status elbo__columns_of(const char *text, int64_t pixels, elbo__columns *out) ELBO_MUST_CHECK;

elbo_dist elbo__columns_likelihood(elbo_in *in, elbo_var *h);
elbo_var *elbo__columns_seen(elbo_in *in);

/* ---- bounds of what decoders put out ----------------------------------------------------------------------------- */

elbo_var *elbo__variance_bounded(elbo_var *h);          /* log(1e-4 + e^h): a log-variance                       */
elbo_var *elbo__bounded(elbo_var *h, double most);      /* within -most..most, and nearly h where h is far away  */

#endif
