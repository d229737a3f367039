/* Internal: where something that is not finite begins, in a step that is made again, node by node. */
#ifndef ELBO_NN_NONFINITE_H
#define ELBO_NN_NONFINITE_H

#include "run_private.h"

typedef struct {
    const char *name;
    double value;
} elbo__scalar;

/* The step in question. */
typedef struct {
    const elbo__work *work; /* on rows of a table             */
    const elbo__table *table;
    const int32_t *rows;    /* (B)                            */
    elbo_at at;
    const elbo__scalar *scalars;
    int n_scalars;
    bool detailed;          /* name entry and operands, too   */
} elbo__questioned;

/* *where = the first operation of the step, in the order of its graph, whose result is not finite though its operands
 * are: exp (128, 20) after "encoder.logvar". With `detailed` also which entry, of which row of the data, and what it
 * was made of. The run's weights stay as they are. A new string, freed with elbo__free. */
elbo_status elbo__run_find_nonfinite(const elbo_run *run, const elbo__questioned *step, char **where) ELBO_MUST_CHECK;

#endif
