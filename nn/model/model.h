/* The model interface: what a model declares, and what follows from that alone.
 *
 *     static elbo_inference infer(elbo_in *in)                          // q(z|x), drawn from
 *     {
 *         elbo_var *h = elbo_relu(elbo_linear(in->x, "encoder.hidden", 400));
 *         elbo_var *mean = elbo_linear(h, "encoder.mean", elbo_option_integer(in, "latent-dim"));
 *         elbo_var *logvar = elbo_linear(h, "encoder.logvar", elbo_option_integer(in, "latent-dim"));
 *         return elbo_infer_normal(in, mean, logvar);
 *     }
 *     static elbo_dist generate(elbo_in *in, elbo_var *z)               // p(x|z)
 *     {
 *         return elbo_likelihood(in, elbo_relu(elbo_linear(z, "decoder.hidden", 400)));
 *     }
 *     static const elbo_option options[] = {                                            // of nn/parts/options.h
 *         ELBO_OPTION_LATENT_DIM, ELBO_OPTION_LIKELIHOOD, ELBO_OPTIONS_OF_LIKELIHOODS, ELBO_OPTIONS_END};
 *     const elbo_model mine = {
 *         .name = "mine", .summary = "...", .options = options, .infer = infer, .generate = generate};
 *
 * From these the loop trains, and the program samples, reconstructs and evaluates: the functions at the end of this
 * page build those graphs, the same for every model. A model is built anew for each graph (training, another batch
 * size, sampling); its weights are found again by name.
 *
 * In nn/model: what a model declares, the graphs that follow from it, and parts that are chosen by its options
 * (networks, likelihoods, corruption). Weights and data come with nn/runs.
 */
#ifndef ELBO_NN_MODEL_H
#define ELBO_NN_MODEL_H

#include "../../io/dataset.h"
#include "../layers/layers.h"
#include "../objectives/objective.h"
#include "../objectives/optim.h"
#include "../options/option.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct elbo_model elbo_model;
struct elbo_run;

#define ELBO_MAX_METRICS 32
#define ELBO_MAX_LOSSES 4

/* A named number () of a run: a mean over the batch's images. */
typedef struct {
    char name[32];
    elbo_var *value;
    bool own;        /* reported by the model, not by the library                                                     */
} elbo_metric;

/* What `infer` returns. One of these functions fills it in, by what is known of the density of z:
 *
 *                       q  z (B, K, Z)    log_q (B, K)  code (B, Z)  KL                             examples
 *     elbo_infer_normal  N  draws of it    of the draws  mean         closed form                    VAE
 *     elbo_infer_from    q  draws of it    of the draws  mean of q    closed form, or at the draws   kinds of one's own
 *     elbo_infer_drawn   -  as given       as given      as given     at the draws                   flows, hierarchies
 *     elbo_infer_code    -  as given, K=1  -             z            none                           AE, VQ, WAE
 *
 * A `penalty` is added to it afterwards. q, where it is given, is the law of z itself: what is made of a draw of it has
 * another, which elbo_infer_drawn says. */
typedef struct {
    elbo_dist q;       /* q(z|x,y); without a kind its density is not known, or known at the draws alone              */
    elbo_var *z;       /* (B, K, Z) the draws                                                                         */
    elbo_var *log_q;   /* (B, K) their log-density, as transported                                                    */
    elbo_var *code;    /* (B, Z) what `encode` writes                                                                 */
    elbo_var *index;   /* (B, H, W, L) i32, the code as whole numbers: L at each of H by W positions; or NULL         */
    int64_t codes;     /* these are in 0 ... codes - 1                                                                */
    elbo_var *penalty; /* (B) or () extra cost, outside the ELBO; or NULL                                             */
    elbo_var *root;    /* (B, K, Z) what elbo_infer_from drew, as the rest was made of it                             */
    elbo_var *live;    /* (B, K, Z) the same with its derivative, where option gradient took that from root; or NULL  */
} elbo_inference;

/* The turns of n losses: loss i moves in steps t = 1, 2, ... with (t - 1) mod every[i] = phase[i]. */
typedef struct {
    int n, every[ELBO_MAX_LOSSES], phase[ELBO_MAX_LOSSES];
} elbo_turns;

/* What elbo_corrupted and elbo_model_bound gave, and of what: another x, y, mask, `seen` or number of draws is built
 * anew. */
typedef struct {
    elbo_var *corrupted, *whole;       /* by elbo_corrupted, of x                                                     */
    elbo_var *x, *seen, *y, *mask;     /* of the bound                                                                */
    int draws;
    elbo_inference inference;
    elbo_bound bound;
} elbo_built;

/* What a model is built from. A graph that only generates has an x too, whose shape counts and which is never read.
 * A copy with another x serves for what goes through the networks beside the batch; metrics that are reported to a copy
 * are not the original's. */
typedef struct {
    elbo_graph *g;
    const elbo_model *model;
    const elbo_values *options;  /* of model->options; NULL: their defaults                                           */
    elbo_var *x;                 /* (B, D) in the graph's dtype, pictures in [0, 1]; 0 where a value is missing       */
    elbo_var *y;                 /* (B, C) one-hot; NULL: no labels (always, unless the model asks for them)          */
    elbo_var *mask;              /* (B, D) 0 where a value is missing, 1 elsewhere, for elbo_log_prob; NULL: none is  */
    elbo_shape image;            /* one row of x as it was before: (784), (28, 28), (3, 64, 64)                       */
    int draws;                   /* K >= 1                                                                            */
    elbo_metric metrics[ELBO_MAX_METRICS]; /* filled while building, as are the next lines                            */
    int n_metrics;
    elbo_turns turns;            /* of the losses                                                                     */
    elbo_built built;            /* what was asked for before, so that it is built once                               */
    const char *unmoved;         /* a parameter that no loss of a training step moves, of the graph; or NULL          */
    unsigned moving;             /* given for one training step: elbo_moving of it; 0: asked of scalar step in each   */
    elbo_accumulation accumulation; /* given for a step that is a part of an update                                   */
    double average;              /* given for a training: decay of elbo_average_weights; 0: there is no average       */
} elbo_in;

/* One thing to minimise. Of several players (AAE, VAE-GAN) all gradients are taken at the same weights, then each
 * updates. What is 0 (or NULL) is the default. A critic that moves in each step, and an autoencoder that does in every
 * third (steps, not updates, make an epoch):
 *
 *     static int losses(elbo_in *in, elbo_loss *out)  // out is all 0; after an error of the graph any number will do
 *     {
 *         ...
 *         out[0] = (elbo_loss){.name = "critic", .params = "critic.", .value = mistakes, .lr = 1e-4};
 *         out[1] = (elbo_loss){.name = "autoencoder", .params = "!critic.", .value = loss, .every = 3, .phase = 2};
 *         return 2;                                      // how many there are
 *     }
 */
typedef struct {
    const char *name;   /* of its metric, and of its slabs where two losses move one tensor; NULL: "loss"             */
    elbo_var *value;    /* () a mean over the batch                                                                   */
    const char *params; /* it moves the parameters whose names begin so, "encoder. decoder.", or with "!critic. flow."*/
                        /* those whose names do not; NULL: all, those that another loss moves included                */
    elbo_optim optim;   /* its optimiser; without a name: that of the training. what is a node there is not looked at */
    double lr;          /* its learning rate; 0: that of the training                                                 */
    double lr_scale;    /* times either; 0: 1                                                                         */
    int every, phase;   /* it moves in steps t = 1, 2, ... with (t - 1) mod every = phase; every 0: in each           */
    elbo_var *when;     /* () 0: not in this step either                                                              */
} elbo_loss;

enum {
    ELBO_NEEDS_LABELS = 1, /* cannot be built without y                                                               */
    ELBO_NO_PRIOR = 2      /* cannot draw pictures from nothing (AE, PCA)                                             */
};

struct elbo_model {
    const char *name, *summary;                         /* as in `elbo train NAME`; one line for the list             */
    const char *family;                                 /* under which heading of the list; NULL: none                */
    const elbo_option *options;                         /* ends with ELBO_OPTIONS_END; NULL: none                     */
    const char *preset;                                 /* defaults that differ, "posterior=iaf draws=5"; NULL: none  */
    unsigned flags;
    elbo_inference (*infer)(elbo_in *in);               /* q(z|x,y) and draws from it                                 */
    elbo_dist (*prior)(elbo_in *in);                    /* p(z|y), of shape (B, Z); NULL: N(0, I), Z from latent-dim, */
                                                        /* unless flags say that there is none                        */
    elbo_dist (*generate)(elbo_in *in, elbo_var *z);    /* p(x|z,y): z (B, Z) or (B, K, Z) -> (B, D) or (B, K, D)     */
    elbo_var *(*lookup)(elbo_in *in, elbo_var *index);  /* the code (B, Z) of elbo_inference.index; NULL: none        */
    int (*losses)(elbo_in *in, elbo_loss *out);         /* fills out[<= ELBO_MAX_LOSSES], returns how many; NULL:     */
                                                        /* elbo_default_losses                                        */
    elbo_status (*fit)(struct elbo_run *run, const elbo_images *images); /* sets the weights; NULL: by gradient       */
};

/* The model's options at their defaults, those of its preset included; freed with elbo_values_free. NULL on failure. */
ELBO_API elbo_values *elbo_model_values(const elbo_model *model);

/* Whether it is built with labels: by its flags, or by an option `conditional`. Values NULL: the defaults. */
ELBO_API bool elbo_model_takes_labels(const elbo_model *model, const elbo_values *values);

/* Whether pictures can be drawn from nothing: unless flags or `none` of an option `prior` say otherwise. */
ELBO_API bool elbo_model_has_prior(const elbo_model *model, const elbo_values *values);

/* ---- for use inside a model -------------------------------------------------------------------------------------- */

/* The value of an option of the model. A name or type that its table lacks puts the graph in error; returns 1 or "". */
ELBO_API int64_t elbo_option_integer(elbo_in *in, const char *name);
ELBO_API double elbo_option_number(elbo_in *in, const char *name);
ELBO_API elbo_sizes elbo_option_sizes(elbo_in *in, const char *name);
ELBO_API const char *elbo_option_choice(elbo_in *in, const char *name);
ELBO_API bool elbo_option_flag(elbo_in *in, const char *name);
ELBO_API const char *elbo_option_text(elbo_in *in, const char *name);

/* Whether the model's table has the option: for what serves models with and without it. */
ELBO_API bool elbo_option_declared(const elbo_in *in, const char *name);

/* q = N(mean, exp logvar), in->draws draws of it, the mean as the code: mean, logvar (B, Z) */
ELBO_API elbo_inference elbo_infer_normal(elbo_in *in, elbo_var *mean, elbo_var *logvar);

/* The same for another q that can be drawn from with the derivative of its parameters and has a mean. Where the model
 * declares option gradient, and in training alone:
 *
 *     standard  log q has the derivative of its parameters
 *     stl       log q(z) is that of fixed parameters at the draw: the term of mean 0 is left out, and with it most of
 *               the variance where q is near the posterior (Roeder et al. 2017, arXiv:1703.09194)
 *     dreg      the same; and z has no derivative until elbo_path_gradient weighs it (Tucker et al. 2019,
 *               arXiv:1810.04152)
 *
 * A flow goes on from z and log_q, and leaves root and live as they are. */
ELBO_API elbo_inference elbo_infer_from(elbo_in *in, elbo_dist q);

/* Draws z (B, K, Z), K = in->draws, whose log-density log_q (B, K) is known for them alone; code (B, Z) */
ELBO_API elbo_inference elbo_infer_drawn(elbo_var *z, elbo_var *log_q, elbo_var *code);

/* z (B, Z), of which no density is known; it is the code, too */
ELBO_API elbo_inference elbo_infer_code(elbo_var *z);

/* Reports the mean over images of value (B), or value (), as a metric: a column of metrics.csv, a member of the epoch's
 * record, and (the first two) of the line that the program shows. The name has at most 31 letters, digits, "_", "-" and
 * ".". Where a figure depends on how many images are looked at together: evaluation takes up to 500. */
ELBO_API void elbo_report(elbo_in *in, const char *name, elbo_var *value);

/* Reports recon, kl, elbo = -(recon + kl), and iwae-K of K > 1 draws, whichever the model has; in evaluation also
 * squared_error. */
ELBO_API void elbo_report_bound(elbo_in *in, const elbo_bound *bound);

/* beta () of option beta and its schedule. A loss of one's own that does not ask for it leaves these options without
 * effect, and a run that sets one is refused. */
ELBO_API elbo_var *elbo_beta(elbo_in *in);

/* The parts of the bound on log p(x|y), x = in->x, with z inferred from `seen` (B, D), for in->draws draws. *inference
 * (may be NULL) gets what they were made from. With elbo_corrupted(in) as `seen` a model learns to repair, with in->x,
 * which NULL stands for, it does not. Asked again for the same it gives the same nodes. */
ELBO_API elbo_bound elbo_model_bound(elbo_in *in, elbo_var *seen, elbo_inference *inference);

/* p(z|y), the model's own or N(0, I), (B, Z) with the B of in->x: to draw from it in a loss. Built anew by each call;
 * elbo_bound.prior is that of the bound, of a posterior with a density. */
ELBO_API elbo_dist elbo_model_prior(elbo_in *in);

/* loss () with the derivative through the draws weighed: each draw's is multiplied by ratio (B, K) or (). Where option
 * gradient is not dreg: loss. Of an objective F(log w_1, ..., log w_K) the ratio is 1 - F''_kk / F'_k, derivatives by
 * log w_k: w_k / sum w for log 1/K sum_k w_k, 1 for means of log w. */
ELBO_API elbo_var *elbo_path_gradient(const elbo_inference *inference, elbo_var *loss, elbo_var *ratio);

ELBO_API extern const char *const elbo_gradient_names[]; /* standard, stl, dreg, NULL */

/* What training minimises as options beta and free-bits say, where they are declared, () from the parts of a bound:
 *
 *     mean_B (recon + beta kl + penalty);
 *     with option free-bits l, kl = sum_j max(l, mean_B KL_j) (Kingma et al. 2016, arXiv:1606.04934)
 *
 * penalty (B), () or NULL. */
ELBO_API elbo_var *elbo_objective(elbo_in *in, const elbo_bound *bound, elbo_var *penalty);

/* What a model without `losses` minimises, with its metrics: elbo_objective of the bound with z inferred from
 * elbo_corrupted(in). Fills *out and returns 1. A model with more to report calls it from `losses` of its own. */
ELBO_API int elbo_default_losses(elbo_in *in, elbo_loss *out);

/* ---- what every model can do: the graphs of the loop and the program --------------------------------------------- */

/* What errors call these graphs, and elbo_run_explain: "train", "evaluate", "encode", "codes", "lookup", "seen",
 * "prior", "prior-draws", "posterior-draws", "prior-density", "posterior-density", "decode", "metric", "sample",
 * "reconstruct", "elbo", "log-prob", "parts", "data", "joint", "simulate", "log-weights",
 * "log-ratios", "impute", "impute-draws", then NULL */
ELBO_API extern const char *const elbo_role_names[];

/* One training step: losses, gradients, updates, metrics (each loss by its name; recon, kl, elbo; skipped, and of a
 * single loss grad_norm, where an optimiser makes them). Scalar inputs: lr, step, beta; epoch, from 0, with its
 * fraction; dataset-size, the images of the training set, N; lr-factor, what the schedule
 * makes of the rate, where a loss has a rate of its own; those of elbo_accumulation. */
ELBO_API void elbo_model_train(elbo_in *in, const elbo_optim *optim);

/* Which losses move in step t >= 1, for elbo_in.moving: a graph for one such set has neither gradients nor updates of
 * the others. `turns` are elbo_in.turns of a graph that was built of the model before. */
ELBO_API unsigned elbo_moving(const elbo_turns *turns, int64_t step);

/* The same metrics without an update. Scalar inputs: beta, step, epoch, dataset-size. */
ELBO_API void elbo_model_evaluate(elbo_in *in);

/* -(recon + kl) (B), recon a mean over in->draws draws */
ELBO_API elbo_var *elbo_model_elbo(elbo_in *in);

/* log p(x|y) (B) from in->draws draws: the ELBO for one, closer to it from below for more */
ELBO_API elbo_var *elbo_model_log_prob(elbo_in *in);

/* The code of x: (B, Z); *logvar (may be NULL): the log-variances of a normal q(z|x,y) (B, Z), NULL of another one */
ELBO_API elbo_var *elbo_model_encode(elbo_in *in, elbo_var **logvar);

/* The code of x as whole numbers, i32 (B, H, W, L), and the code (B, Z) of such numbers */
ELBO_API elbo_var *elbo_model_codes(elbo_in *in);
ELBO_API elbo_var *elbo_model_lookup(elbo_in *in, elbo_var *index);

ELBO_API elbo_var *elbo_model_seen(elbo_in *in);                  /* x as the encoder sees it in training: (B, D)     */
ELBO_API elbo_var *elbo_model_decode(elbo_in *in, elbo_var *z);   /* E[x|z,y]: (B, Z) -> (B, D), or with draws        */
ELBO_API elbo_var *elbo_model_reconstruct(elbo_in *in);           /* E[x|z,y] at draws z from q(z|x,y): (B, K, D)     */
ELBO_API elbo_var *elbo_model_sample(elbo_in *in);                /* E[x|z,y] at draws z from the prior: (B, K, D)    */

#ifdef __cplusplus
}
#endif
#endif
