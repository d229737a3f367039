/* What becomes of a model's graphs: the plans of a run, in words.
 *
 *     char *text = elbo_run_explain(run, &images, &(elbo_explanation){.role = "train", .batch = 128});
 *     puts(text);                                          // NULL: elbo_error() says why
 *     elbo_release(text);
 */
#ifndef ELBO_NN_EXPLAIN_H
#define ELBO_NN_EXPLAIN_H

#include "../objectives/optim.h"
#include "run.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What is 0 (or NULL) is the default. */
typedef struct {
    const char *role;        /* of elbo_role_names: train                                                         */
    int64_t batch;           /* images in a run of the plan: 128                                                  */
    const elbo_optim *optim; /* of role train: adam                                                               */
    int timed;               /* so many runs are timed, after a few that are not; train then moves the weights    */
} elbo_explanation;

/* The description (elbo_plan_describe) of the plan that the run has for a role. Roles train and evaluate pick rows from
 * `images`, as elbo_train does; the others take the first `batch` images as they are. A new string, freed with
 * elbo_release; NULL on failure. */
ELBO_API char *elbo_run_explain(elbo_run *run, const elbo_images *images, const elbo_explanation *how);

#ifdef __cplusplus
}
#endif
#endif
