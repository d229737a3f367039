/* Optimisers: updates of parameters as nodes of the training graph.
 *
 *     elbo_minimise(loss, NULL, 0, &(elbo_optim){.name = "adam", .clip_norm = 5});
 *     ... compile; before each run: elbo_plan_set(plan, "lr", 1e-3), elbo_plan_set(plan, "step", 1, 2, 3, ...)
 *
 * The learning rate and the number of the step (from 1) are scalar inputs, so no plan is rebuilt when they change. The
 * moments are slabs of the parameter set: "sgd.velocity", "adam.m", "adam.v". Where updates may be left out (`when`,
 * `skip_nonfinite`) Adam counts those that it made, in slab "adam.updates", and does not read the number of the step.
 */
#ifndef ELBO_NN_OPTIM_H
#define ELBO_NN_OPTIM_H

#include "../../autograd/ops.h"
#include "../options/option.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What is 0 (or NULL) is the default; elbo_optim_of fills it in from a table of options. */
typedef struct {
    const char *name;    /* a name of elbo_optimisers; NULL: adam                                                     */
    double momentum;     /* of sgd                                                                                    */
    double beta1, beta2; /* of adam, adamw and adamax; 0: 0.9 and 0.999; beta1 below 0, of a loss of a model: none    */
    double eps;          /* of all but sgd; 0: 1e-8                                                                   */
    double decay;        /* of rmsprop; 0: 0.99                                                                       */
    double weight_decay; /* adamw: decoupled (w shrinks by lr weight_decay); others: added to the gradient            */
    double clip_norm;    /* gradients are scaled down to this Euclidean norm over all parameters; 0: they are not     */
    bool skip_nonfinite; /* no update at all in a step that may have an infinite or NaN gradient: see below           */
    const char *slab;    /* before the slabs' names, where two optimisers move the same tensor; NULL: nothing         */
    elbo_var *lr;        /* () the learning rate; NULL: scalar input lr                                               */
    elbo_var *step;      /* () how many updates this one makes; NULL: scalar input step, but see above                */
    elbo_var *when;      /* () 0: no update in this step, where players alternate; NULL: in each                      */
} elbo_optim;

/* With `skip_nonfinite`, a bound on the gradients' entries decides: for each image, the absolute sums of the factors
 * that they are products of. Where that is finite, so are they; near the largest number (3e38 in f32) the bound may
 * overflow when no gradient does, and the step is skipped as well. */

/* What a step knows about its gradients. */
typedef struct {
    elbo_var *norm;    /* () Euclidean norm before clipping; NULL unless clip_norm asks for it                       */
    elbo_var *skipped; /* () 1 when the step was skipped, 0 otherwise; NULL without `skip_nonfinite`                 */
} elbo_optim_report;

/* One update of `params` (NULL: every trained parameter that the graph has met) that lessens loss (). */
ELBO_API elbo_optim_report elbo_minimise(elbo_var *loss, elbo_var *const *params, int n, const elbo_optim *optim);

/* The same from gradients that are at hand. With several losses take all gradients first: what is added to the graph
 * after an update reads the new weights. */
ELBO_API elbo_optim_report elbo_apply_gradients(elbo_graph *g, elbo_var *const *params, elbo_var *const *grads, int n,
                                                const elbo_optim *optim);

/* Gradients of several batches make one update: those of the first are only added up, the last makes the update of
 * all. With scalar inputs accumulate-share s, the images of the batch, and accumulate-total, those of all of them,
 *
 *     ELBO_ACCUMULATE_MORE   slab accumulated <- accumulated + s g, and no update
 *     ELBO_ACCUMULATE_LAST   g <- (accumulated + s g) / total, the gradient of the mean over all images, and
 *                            accumulated <- 0 */
typedef enum { ELBO_ACCUMULATE_NONE, ELBO_ACCUMULATE_MORE, ELBO_ACCUMULATE_LAST } elbo_accumulation;

#define ELBO_ACCUMULATED "accumulated" /* the slabs */
#define ELBO_AVERAGE "average"

/* Replaces grads[i] of params[i] by what is to be applied; with ELBO_ACCUMULATE_MORE, by the sum so far. */
ELBO_API void elbo_accumulate_gradients(elbo_graph *g, elbo_var *const *params, elbo_var **grads, int n,
                                        elbo_accumulation part);

/* After the updates: slab average <- d average + (1 - d) w for every trained parameter w that the graph has met. The
 * slab is zero at first, so that after t updates average / (1 - d^t) is the mean of the weights so far, the latest
 * ones counting most (Polyak and Juditsky 1992, in exponential form). when () 0: not in this step; NULL: in each. */
ELBO_API void elbo_average_weights(elbo_graph *g, double decay, elbo_var *when);

/* One update of one parameter. g: its gradient; ok () or NULL: whether to update at all. */
typedef struct {
    const elbo_optim *optim; /* with the defaults filled in                                                           */
    elbo_var *w, *g, *ok;
    elbo_var *lr, *step;     /* () and (): the rate, and how many updates of the parameter this one makes             */
} elbo_update;

/* The known optimisers, in a table that ends with a NULL name.
 *   sgd    v <- momentum v + g;  w <- w - lr v                               (no v without momentum)
 *   adam   m <- b1 m + (1 - b1) g;  v <- b2 v + (1 - b2) g^2;
 *          w <- w - lr (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + eps)       (Kingma and Ba, arXiv:1412.6980)
 *   adamw  the same after w <- (1 - lr weight_decay) w                     (Loshchilov and Hutter, arXiv:1711.05101)
 *   adamax m as adam's;  u <- max(b2 u, |g| + eps);  w <- w - lr m / (1 - b1^t) / u          (Kingma and Ba, section 7)
 *   rmsprop  v <- a v + (1 - a) g^2;  w <- w - lr g / (sqrt(v) + eps)                  (Tieleman and Hinton 2012) */
typedef struct {
    const char *name;
    void (*update)(const elbo_update *u);
    bool counts;        /* it reads u->step */
} elbo_optimiser;
ELBO_API extern const elbo_optimiser elbo_optimisers[];
ELBO_API extern const char *const elbo_optimiser_names[]; /* then NULL */
ELBO_API const elbo_optimiser *elbo_optimiser_find(const char *name); /* NULL: there is none of that name */

/* Rows for a table of training options, and what they say. The learning rate belongs to the schedule, not here. */
#define ELBO_OPTIM_OPTIONS                                                                                            \
    {.name = "optimiser", .alias = "optimizer", .type = ELBO_CHOICE, .default_value = "adam",                         \
     .choices = elbo_optimiser_names, .metavar = "NAME", .help = "how weights are updated"},                          \
    {.name = "momentum", .type = ELBO_NUMBER, .default_value = "0", .least = 0, .greatest = 0.9999, .metavar = "X",   \
     .needs = "optimiser=sgd", .help = "momentum of sgd"},                                                            \
    {.name = "adam-beta1", .type = ELBO_NUMBER, .default_value = "0.9", .least = 1e-9, .greatest = 0.999999,          \
     .needs = "optimiser!=sgd|rmsprop", .metavar = "X", .help = "decay of adam's first moment"},                      \
    {.name = "adam-beta2", .type = ELBO_NUMBER, .default_value = "0.999", .least = 1e-9, .greatest = 0.999999999,     \
     .needs = "optimiser!=sgd|rmsprop", .metavar = "X", .help = "decay of adam's second moment"},                     \
    {.name = "adam-eps", .type = ELBO_NUMBER, .default_value = "1e-8", .least = 1e-30, .greatest = 1, .metavar = "X", \
     .needs = "optimiser!=sgd", .help = "added to the root of the second moment"},                                    \
    {.name = "rmsprop-decay", .type = ELBO_NUMBER, .default_value = "0.99", .least = 1e-9, .greatest = 0.999999999,   \
     .needs = "optimiser=rmsprop", .metavar = "X", .help = "decay of its second moment"},                             \
    {.name = "weight-decay", .type = ELBO_NUMBER, .default_value = "0", .least = 0, .greatest = 1e6, .metavar = "X",  \
     .help = "decay of weights: decoupled for adamw, else a squared penalty"},                                        \
    {.name = "clip-norm", .type = ELBO_NUMBER, .default_value = "0", .least = 0, .greatest = 1e30, .metavar = "X",    \
     .help = "largest norm of the gradient; 0: any"}

/* The optimiser that a table with the rows above asks for. Borrows from `values`. */
ELBO_API elbo_optim elbo_optim_of(const elbo_values *values);

#ifdef __cplusplus
}
#endif
#endif
