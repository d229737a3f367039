/* Internal: what a run is made of, and the parts that using, training and saving it share. */
#ifndef ELBO_NN_RUN_PRIVATE_H
#define ELBO_NN_RUN_PRIVATE_H

#include "../../autograd/plan.h"
#include "../../io/listing.h"
#include "../../io/safetensors.h"
#include "../model/role.h"
#include "code_map.h"
#include "run.h"

/* ---- plans ------------------------------------------------------------------------------------------------------- */

struct elbo__building;

/* What a run makes of a role: a row of ELBO__ROLE_TABLE. */
typedef struct {
    const char *doing; /* what a watcher is told */
    elbo_mode mode;
    unsigned takes;                          /* ELBO__TAKES_X, ... */
    elbo_var *(*one)(elbo_in *in);           /* the only output, or */
    void (*build)(struct elbo__building *b); /* all of them         */
} elbo__role_row;
extern const elbo__role_row elbo__roles[ELBO__ROLES];

/* Where a graph learns which values are missing. */
typedef enum {
    ELBO__NONE_MISSING,
    ELBO__NAN_MISSING, /* x is NaN there                                                               */
    ELBO__MASKED       /* input "mask" of the data set is 0 there, whatever the images have            */
} elbo__missing;

/* What a plan is for: all that its graph's shapes depend on, besides the run. */
typedef struct {
    elbo__role role;
    int64_t batch, draws;
    unsigned moving;   /* of a step: elbo_moving of it                                                            */
    elbo_accumulation accumulation; /* of a step that is a part of an update                                          */
    int64_t table;     /* N of the data set that inputs "rows" (B) pick from; 0: input "x" (B, D) is given itself */
    elbo_dtype pixels; /* of the data set                                                                         */
    elbo__missing missing;
    bool seen; /* x is given as the encoder sees it: binarised where that is asked for */
    bool cut;  /* what depends neither on draws nor on a z that is given is computed apart, by elbo__run_before */
} elbo__work;

typedef struct {
    elbo__work work;
    elbo_plan *plan;      /* NULL: an empty place                       */
    elbo_plan *before;    /* of cut work: computes what is fixed; NULL: nothing is */
    elbo_tensor *fixed;   /* [n_fixed] its outputs, which are inputs of the other */
    int n_fixed;
    int outputs;
    elbo_figures metrics; /* names of its outputs, where it has metrics */
    char unmoved[96];     /* a parameter that no loss of a step moves   */
    uint64_t used;        /* run->clock when it was last asked for      */
} elbo__planned;

enum { ELBO__KEPT_PLANS = 32 };

struct elbo_run {
    const elbo_model *model;
    elbo_values *options;
    elbo_params *params;
    elbo_shape image;
    int64_t pixels, latent; /* D, Z */
    elbo_code_map map;      /* codes 0: its codes are no whole numbers */
    int classes;
    int64_t seed;
    elbo_ini notes;            /* quoted, see io/quote.h                    */
    elbo__listing class_names; /* [classes], or none; what the notes say   */
    const elbo_optim *optim; /* of the training that is under way; else NULL */
    double average;          /* the same: decay of the averaged weights      */
    elbo_turns turns;        /* of the losses                                              */
    bool takes_draws;        /* of z, as many as in->draws                                 */
    bool normal_prior;       /* p(z|y) is a normal                                         */
    bool cost;               /* p(x|z,y) is no distribution                                */
    int64_t steps;           /* that it was trained for, as scalar "step" of an evaluation */
    int64_t images;          /* that it was trained on, as scalar "dataset-size"; 0: it was not  */
    elbo__planned plans[ELBO__KEPT_PLANS];
    uint64_t clock;
};

/* *out = the plan for some work, from the shelf or made now. Valid until the next call. */
elbo_status elbo__run_plan(elbo_run *run, const elbo__work *work, elbo__planned **out) ELBO_MUST_CHECK;
void elbo__run_forget(elbo_run *run, elbo__role role); /* frees the plans of that role */

/* Computes what is fixed by planned->before, whose inputs are bound; planned->plan reads it from then on. */
elbo_status elbo__run_before(elbo_run *run, elbo__planned *planned, elbo_at at) ELBO_MUST_CHECK;

/* Gives a plan the numbers that a model may read, as they are at the end of the training. */
elbo_status elbo__run_scalars(const elbo_run *run, elbo_plan *plan) ELBO_MUST_CHECK;

/* The graph for some work and its outputs, of which there are at most two unless they are metrics: for who reads a
 * graph instead of running it. Freed with elbo_graph_free in any case; its status says whether it is whole. */
elbo_graph *elbo__run_graph(const elbo_run *run, const elbo__work *work, elbo_var *out[ELBO_MAX_METRICS], int *outputs);

/* Makes the weights of a new run: meets every name that the model's graphs use and closes the set; finds Z. */
elbo_status elbo__run_open_weights(elbo_run *run) ELBO_MUST_CHECK;

/* elbo_run_load of a resume.safetensors, whose tensors are not the weights alone. */
elbo_run *elbo__run_load_resume(const char *path, const elbo_model *const *models);

double elbo__log_add(double a, double b); /* log(e^a + e^b) */

/* log p(z|y) under the model's own prior: z (n, Z) -> nats (n) */
elbo_status elbo__run_prior_density(elbo_run *run, const float *z, const int *labels, int64_t n,
                                    float *nats) ELBO_MUST_CHECK;

/* elbo_run_load of an open file, whose name the message does not have. */
elbo_run *elbo__run_of_file(const elbo_safetensors *file, const elbo_model *const *models);

/* Whether the names of a model's options can stand in a configuration. */
elbo_status elbo__run_check_names(const elbo_model *model) ELBO_MUST_CHECK;

/* Takes the weights from a file: every tensor of the file is one of the model or, in one to resume from, of the
 * training; and every one of the model is in the file, as f32, or as f64 where numbers may be rounded. The message does
 * not name the file. */
elbo_status elbo__run_read_weights(elbo_run *run, const elbo_safetensors *file, bool resume,
                                   bool rounded) ELBO_MUST_CHECK;

/* The name of a weight that is not finite; NULL: all are. */
const char *elbo__run_spoilt(const elbo_run *run);

/* ELBO_INVALID, naming `what`, unless all of x (n) is finite: weights of any size are finite, what comes of them
 * need not be. */
elbo_status elbo__check_finite(const elbo_run *run, const char *what, const float *x, int64_t n) ELBO_MUST_CHECK;

elbo__missing elbo__missing_of(const elbo_images *images);

/* ELBO_INVALID where the model cannot do with missing values: one that is fitted. */
elbo_status elbo__check_missing(const elbo_run *run, elbo__missing missing) ELBO_MUST_CHECK;

bool elbo__run_has_columns(const elbo_run *run); /* of a table: likelihood columns */

/* Whether the model is built with labels. */
bool elbo__run_takes_labels(const elbo_run *run);

/* ---- classes ----------------------------------------------------------------------------------------------------- */

#define ELBO__CLASS_NAMES "class-names" /* the note that says which class is which: cat,"dog, big" */

/* What is said of images without labels, which the model needs: ELBO_INVALID. */
elbo_status elbo__fail_for_labels(const elbo_model *model, const elbo_images *images);

/* Takes the names of the classes from the notes, or those of the images to the notes. */
elbo_status elbo__run_read_classes(elbo_run *run) ELBO_MUST_CHECK;
elbo_status elbo__run_note_classes(elbo_run *run, const elbo_images *images) ELBO_MUST_CHECK;

/* labels (n) of images first, first + 1, ... as the run knows the classes: by name where run and images have names. */
elbo_status elbo__run_relabel(const elbo_run *run, const elbo_images *images, int64_t first, int64_t n,
                              int *labels) ELBO_MUST_CHECK;

/* ---- data sets --------------------------------------------------------------------------------------------------- */

elbo_shape elbo__image_shape(const elbo_images *images); /* of one image */

/* A data set as graphs read it. */
typedef struct {
    elbo_tensor images; /* (N, D) u8 or f32, borrowed where the caller's own will do */
    elbo_tensor labels; /* (N) i32; data NULL: the run takes none                    */
    elbo_tensor mask;   /* (N, D) u8, borrowed; data NULL: there is none             */
    elbo__missing missing;
    bool grey; /* as they are: not to be binarised               */
    int64_t count;
    struct elbo_mapping *mapping;  /* of the images, borrowed; NULL: they are in memory */
    void *owned;        /* the pixels, where they had to be converted                */
} elbo__table;

/* ELBO_INVALID, naming the first value that the likelihood or an option of the run does not know what to do with. */
elbo_status elbo__check_values(const elbo_run *run, const elbo_images *images,
                               const elbo__table *table) ELBO_MUST_CHECK;

/* Refuses what elbo_run_accepts does. Free with elbo__table_free; on failure it is empty. */
elbo_status elbo__table_of(const elbo_run *run, const elbo_images *images, elbo__table *out) ELBO_MUST_CHECK;
void elbo__table_free(elbo__table *table);

/* Work on rows of it. */
elbo__work elbo__table_work(const elbo__table *table, elbo__role role, int64_t batch, int64_t draws);

/* Binds the data set and the rows of one batch to a plan. */
elbo_status elbo__table_bind(const elbo__table *table, elbo_plan *plan, const int32_t *rows,
                             int64_t batch) ELBO_MUST_CHECK;

/* The metrics over `count` images of a data set, those in `rows` or (NULL) the first ones, each with draws of its own:
 * the same figures for the same seed and weights. */
elbo_status elbo__run_evaluate(elbo_run *run, const elbo__table *table, const int32_t *rows, int64_t count,
                               int64_t draws, int64_t seed, elbo_figures *out) ELBO_MUST_CHECK;

/* What a plan has just computed: its outputs for draws first_draw, ... of images first, ..., until the next run. */
typedef struct {
    elbo__planned *planned;
    int64_t first, batch, first_draw, draws;
} elbo__piece;

/* What is asked of the first `count` images of a data set, in any role but a step. */
typedef struct {
    elbo__role role;
    int64_t count, draws, seed; /* draws = 0: one                                                      */
    int64_t round;              /* other random numbers of the same seed, binarisation included        */
    bool whole;                 /* all draws of an image in one piece; else in portions, where many     */
    elbo_status (*take)(void *user, const elbo__piece *piece); /* in order of images, then of draws    */
    void *user;
} elbo__question;
elbo_status elbo__run_ask(elbo_run *run, const elbo__table *table, const elbo__question *question) ELBO_MUST_CHECK;

/* Output i of a piece as rows out (batch, width); ELBO_INVALID where it is of another width. */
elbo_status elbo__piece_rows(const elbo_run *run, const elbo__piece *piece, int i, int64_t width,
                             float *out) ELBO_MUST_CHECK;

/* H W L, the whole numbers of an image's code; 0: it has none. */
int64_t elbo__run_numbers(const elbo_run *run);

/* How many images a plan of the run takes at once, other than in training, with so many draws of each. */
int64_t elbo__run_block(const elbo_run *run, int64_t draws);

int64_t elbo__run_draws(const elbo_run *run); /* option draws, or 1 */

/* As many draws as the test images had in the training of a run; else those above. */
int64_t elbo__run_usual_draws(const elbo_run *run);

/* ---- sums of metrics --------------------------------------------------------------------------------------------- */

/* Adds a plan's metrics, each `images` times, to sums that begin as zeros. */
void elbo__figures_add(elbo_figures *sums, const elbo__planned *planned, int64_t images);
void elbo__figures_divide(elbo_figures *sums, int64_t images);

#endif
