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
    /* x -> the code as whole numbers (B, H, W, L) */                                                                  \
    ROLE(CODES, "codes", "encoding", EVALUATE, ELBO__TAKES_X, .one = elbo_model_codes)                                 \
    /* such numbers -> code (B, Z) */                                                                                  \
    ROLE(LOOKUP, "lookup", "looking codes up", EVALUATE, 0, .build = build_lookup)                                     \
    /* x -> (B, D) as the encoder sees it in training */                                                               \
    ROLE(SEEN, "seen", "looking at images", EVALUATE, ELBO__TAKES_X, .one = elbo_model_seen)                           \
    /* mean and log-variances (B, Z) of a normal p(z|y) */                                                             \
    ROLE(PRIOR, "prior", "looking at the prior", EVALUATE, 0, .build = build_prior)                                    \
    /* z (B, K, Z) from the prior */                                                                                   \
    ROLE(PRIOR_DRAWS, "prior-draws", "drawing codes", EVALUATE, 0, .one = elbo__model_prior_draws)                     \
    /* x -> z (B, K, Z) from q(z|x), or the code itself */                                                             \
    ROLE(POSTERIOR_DRAWS, "posterior-draws", "drawing codes", EVALUATE, ELBO__TAKES_X,                                 \
         .one = elbo__model_posterior_draws)                                                                           \
    /* z -> log p(z|y) (B) */                                                                                          \
    ROLE(PRIOR_DENSITY, "prior-density", "looking at the prior", EVALUATE, ELBO__TAKES_TABLE,                          \
         .build = build_prior_density)                                                                                 \
    /* x, z -> log q(z_m|x_b) (B, B) of each z with each x */                                                          \
    ROLE(POSTERIOR_DENSITY, "posterior-density", "comparing codes", EVALUATE, ELBO__TAKES_X | ELBO__TAKES_TABLE,       \
         .build = build_posterior_density)                                                                             \
    /* z -> (B, D) */                                                                                                  \
    ROLE(DECODE, "decode", "decoding", EVALUATE, 0, .build = build_decode)                                             \
    /* z -> (B, 1 + Z): elbo_metric_density and its derivative */                                                      \
    ROLE(METRIC, "metric", "measuring latent space", EVALUATE, 0, .build = build_metric)                               \
    /* (B, K, D) */                                                                                                    \
    ROLE(SAMPLE, "sample", "sampling", EVALUATE, 0, .one = elbo_model_sample)                                          \
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
    /* x as it is explained, binarised where that is asked for: (B, D) */                                              \
    ROLE(DATA, "data", "looking at images", EVALUATE, ELBO__TAKES_X | ELBO__TAKES_TABLE, .one = elbo__model_data)      \
    /* x, z -> log p(x|z), log p(z) (B, K), and their gradients */                                                     \
    ROLE(JOINT, "joint", "estimating log p(x)", EVALUATE, ELBO__TAKES_X, .build = build_joint)                         \
    /* z -> x (B, D) drawn from p(x|z) */                                                                              \
    ROLE(SIMULATE, "simulate", "drawing images", EVALUATE, 0, .build = build_simulate)                                 \
    /* (B, K) */                                                                                                       \
    ROLE(LOG_WEIGHTS, "log-weights", "estimating log p(x)", EVALUATE,                                                  \
         ELBO__TAKES_X | ELBO__TAKES_TABLE | ELBO__TAKES_DRAWS, .one = elbo__model_log_weights)                        \
    /* log p(x|z) - log q(z|x) (B, K), z (B, K, Z) */                                                                  \
    ROLE(LOG_RATIOS, "log-ratios", "estimating log p(x)", EVALUATE,                                                    \
         ELBO__TAKES_X | ELBO__TAKES_TABLE | ELBO__TAKES_DRAWS, .build = build_log_ratios)                             \
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
