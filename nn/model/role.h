/* Internal: what is built from a model and run. A role is one row here, which is read for its number, for its name
 * (nn/model/model.c) and for what a run makes of it (nn/runs/run_plans.c).
 *
 *     number, name in errors and in `elbo plan`, what a watcher is told, mode, what it takes, what builds its outputs:
 *     .one the only output, or .build all of them */
#ifndef ELBO_NN_ROLE_H
#define ELBO_NN_ROLE_H

enum {
    ELBO__TAKES_X = 1,     /* the pixels are read; else their shape alone counts           */
    ELBO__TAKES_TABLE = 2, /* x and y are rows of a data set; else they are given          */
    ELBO__TAKES_DRAWS = 4  /* as many draws of z as the model's own option says; else one  */
};

#define ELBO__ROLE_TABLE(ROLE)                                                                                         \
    /* an update of the weights by run->optim; metrics */                                                              \
    ROLE(STEP, "train", "training", TRAIN, ELBO__TAKES_X | ELBO__TAKES_TABLE | ELBO__TAKES_DRAWS, .build = build_step) \
    /* metrics */                                                                                                      \
    ROLE(EVALUATE, "evaluate", "evaluating", EVALUATE, ELBO__TAKES_X | ELBO__TAKES_TABLE | ELBO__TAKES_DRAWS,          \
         .build = build_evaluate)                                                                                      \
    /* x -> code (B, Z), and log-variances (B, Z) of a normal q(z|x) */                                                \
    ROLE(ENCODE, "encode", "encoding", EVALUATE, ELBO__TAKES_X, .build = build_encode)                                 \
    /* x -> (B, D) as the encoder sees it in training */                                                               \
    ROLE(SEEN, "seen", "looking at images", EVALUATE, ELBO__TAKES_X, .one = elbo_model_seen)                           \
    /* mean and log-variances (B, Z) of a normal p(z|y) */                                                             \
    ROLE(PRIOR, "prior", "looking at the prior", EVALUATE, 0, .build = build_prior)                                    \
    /* z (B, K, Z) from the prior */                                                                                   \
    ROLE(PRIOR_DRAWS, "prior-draws", "drawing codes", EVALUATE, 0, .one = elbo__model_prior_draws)                     \
    /* x -> z (B, K, Z) from q(z|x), or the code itself */                                                             \
    ROLE(POSTERIOR_DRAWS, "posterior-draws", "drawing codes", EVALUATE, ELBO__TAKES_X,                                 \
         .one = elbo__model_posterior_draws)                                                                           \
    /* z -> (B, D) */                                                                                                  \
    ROLE(DECODE, "decode", "decoding", EVALUATE, 0, .build = build_decode)                                             \
    /* (B, K, D) */                                                                                                    \
    ROLE(SAMPLE, "sample", "sampling", EVALUATE, 0, .one = elbo_model_sample)                                          \
    /* z -> (B, D) as "sample" has it */                                                                               \
    ROLE(SAMPLE_AT, "sample-at", "sampling", EVALUATE, 0, .build = build_sample_at)                                    \
    /* x -> (B, K, D) */                                                                                               \
    ROLE(RECONSTRUCT, "reconstruct", "reconstructing", EVALUATE, ELBO__TAKES_X, .one = elbo_model_reconstruct)         \
    /* x -> (B) the ELBO */                                                                                            \
    ROLE(ELBO, "elbo", "estimating the ELBO", EVALUATE, ELBO__TAKES_X | ELBO__TAKES_DRAWS, .one = elbo_model_elbo)     \
    /* x -> (B) */                                                                                                     \
    ROLE(LOG_PROB, "log-prob", "estimating log p(x)", EVALUATE, ELBO__TAKES_X | ELBO__TAKES_DRAWS,                     \
         .one = elbo_model_log_prob)                                                                                   \
    /* recon, kl, elbo, squared_error (B), whichever there are: evaluate gives their means */                          \
    ROLE(PARTS, "parts", "measuring images", EVALUATE, ELBO__TAKES_X | ELBO__TAKES_TABLE | ELBO__TAKES_DRAWS,          \
         .build = build_parts)                                                                                         \
    /* (B, K) */                                                                                                       \
    ROLE(LOG_WEIGHTS, "log-weights", "estimating log p(x)", EVALUATE,                                                  \
         ELBO__TAKES_X | ELBO__TAKES_TABLE | ELBO__TAKES_DRAWS, .one = elbo__model_log_weights)                        \
    /* (B, K), and (B, K, E) or (B, K, D) */                                                                           \
    ROLE(IMPUTE, "impute", "filling in", EVALUATE, ELBO__TAKES_X | ELBO__TAKES_TABLE | ELBO__TAKES_DRAWS,              \
         .build = build_impute)                                                                                        \
    ROLE(IMPUTE_DRAWS, "impute-draws", "filling in", EVALUATE,                                                         \
         ELBO__TAKES_X | ELBO__TAKES_TABLE | ELBO__TAKES_DRAWS, .build = build_impute_draws)

typedef enum {
#define NUMBER(id, ...) ELBO__##id,
    ELBO__ROLE_TABLE(NUMBER)
#undef NUMBER
    ELBO__ROLES
} elbo__role;

#endif
