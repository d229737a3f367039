/* Internal: what a likelihood is of, for those who bring it the data. */
#ifndef ELBO_NN_LIKELIHOOD_PRIVATE_H
#define ELBO_NN_LIKELIHOOD_PRIVATE_H

#include "likelihood.h"

typedef enum {
    ELBO__ANY,   /* any numbers                                                       */
    ELBO__UNIT,  /* numbers in [0, 1]; u8 counts as value / 255                       */
    ELBO__COUNTS /* 0, 1, 2, ...; u8 is such a number itself                          */
} elbo__values;

/* The values that option likelihood is for; ANY where there is no such option, or a choice of the model's own. */
elbo__values elbo__likelihood_values(const elbo_values *options);

/* in->x as networks take it, (B, E), by option likelihood where the model has it: counts as log(1 + x). */
elbo_var *elbo__likelihood_seen(elbo_in *in);

#endif
