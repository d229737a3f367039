/* Objectives of the aggregate posterior q(z) = 1/N sum_n q(z|x_n), as the images of a batch show it.
 *
 *     mmd       E[recon] + w MMD^2(q(z), p(z))                             Tolstikhin et al. 2018, arXiv:1711.01558
 *     info      E[recon + beta (1 - a) KL] + (a + l - 1) MMD^2             Zhao et al. 2017, arXiv:1706.02262
 *     beta-tc   E[recon + a information + beta total correlation + c rest] Chen et al. 2018, arXiv:1802.04942
 *
 * In a conditional model the two samples of an MMD are of codes with the label beside them, so that q(z|y) is drawn to
 * p(z|y); the total correlation is that of q(z) over all labels. */
#include "../objectives/aggregate.h"
#include "parts_private.h"

/* False puts the graph in error. */
static bool has_kl(elbo_in *in, const elbo_bound *bound, const char *objective)
{
    if (!bound->kl)
        elbo_graph_fail(in->g, ELBO_INVALID, "option \"objective\": %s needs a posterior with a density", objective);
    return elbo_graph_status(in->g) == ELBO_OK;
}

/* ---- mmd and info ------------------------------------------------------------------------------------------------ */

/* (B, K, Z) -> (K, B, Z + C): the K-th draws of all images are a sample, with the label y (B, C) where there is one */
static elbo_var *samples(elbo_in *in, elbo_var *z)
{
    return elbo_permute(elbo_condition(z, in->y), (int[]){1, 0, 2});
}

/* MMD^2 () of the draws z (B, K, Z) and as many of p(z|y) */
static elbo_var *mmd(elbo_in *in, elbo_dist prior, elbo_var *z)
{
    const char *kernel = elbo_option_choice(in, "mmd-kernel");
    const double bandwidth = elbo_option_number(in, "mmd-bandwidth");
    elbo_var *own = samples(in, z), *drawn = samples(in, elbo_sample(prior, "prior", (int)elbo_size(z, 1)));
    elbo_var *value = elbo_mean_all((in->y ? elbo_mmd_paired : elbo_mmd)(own, drawn, kernel, bandwidth));
    elbo_report(in, "mmd", value);
    return value;
}

static int wasserstein(elbo_in *in, elbo_loss *out)
{
    elbo_inference inference;
    elbo_bound bound = elbo_model_bound(in, elbo_corrupted(in), &inference);
    elbo_report_bound(in, &bound);
    const elbo_dist prior = elbo__fixed_prior_of(in, &bound);
    if (elbo_graph_status(in->g) != ELBO_OK)
        return 0;
    bound.kl = NULL; /* no part of it */
    elbo_var *cost = elbo_objective(in, &bound, inference.penalty);
    cost = elbo__add_weighed(cost, mmd(in, prior, inference.z), elbo_option_number(in, "mmd-weight"));
    out[0] = (elbo_loss){.value = elbo_path_gradient(&inference, cost, elbo_constant(in->g, 1))};
    return 1;
}

const elbo__objective elbo__objective_mmd = {wasserstein};

static int info(elbo_in *in, elbo_loss *out)
{
    const double alpha = elbo_option_number(in, "info-alpha"), lambda = elbo_option_number(in, "info-lambda");
    const double weight = alpha + lambda - 1;
    elbo_inference inference;
    elbo_bound bound = elbo_model_bound(in, elbo_corrupted(in), &inference);
    elbo_report_bound(in, &bound);
    if (weight < 0)
        elbo_graph_fail(in->g, ELBO_INVALID,
                        "options \"info-alpha\" and \"info-lambda\": the weight of the MMD, their sum less 1, is %g; "
                        "expected at least 0",
                        weight);
    if (!has_kl(in, &bound, "info"))
        return 0;
    elbo_var *beta = alpha == 0 ? elbo_beta(in) : elbo_scale(elbo_beta(in), 1 - alpha);
    elbo_var *cost = elbo_mean_all(elbo_negative_elbo(&bound, beta));
    if (inference.penalty)
        cost = elbo_add(cost, elbo_mean_all(inference.penalty));
    cost = elbo__add_weighed(cost, mmd(in, bound.prior, inference.z), weight);
    out[0] = (elbo_loss){.value = elbo_path_gradient(&inference, cost, elbo_constant(in->g, 1))};
    return 1;
}

const elbo__objective elbo__objective_info = {info};

/* ---- beta-tc ----------------------------------------------------------------------------------------------------- */

/* Reports E[part], a part (B, K) of the KL, and returns it times the weight. */
static elbo_var *part(elbo_in *in, const char *name, elbo_var *value, elbo_var *weight)
{
    elbo_var *mean = elbo_mean_all(value);
    elbo_report(in, name, mean);
    return elbo_mul(weight, mean);
}

static int beta_tc(elbo_in *in, elbo_loss *out)
{
    elbo_inference inference;
    elbo_bound bound = elbo_model_bound(in, elbo_corrupted(in), &inference);
    elbo_report_bound(in, &bound);
    if (!has_kl(in, &bound, "beta-tc"))
        return 0;
    const elbo_aggregate q = elbo_aggregate_posterior(inference.q, inference.z, elbo_scalar(in->g, "dataset-size"),
                                                      elbo_option_choice(in, "tc-estimator"));
    elbo_var *alpha = elbo_constant(in->g, elbo_option_number(in, "tc-alpha"));
    elbo_var *gamma = elbo_constant(in->g, elbo_option_number(in, "tc-gamma"));
    elbo_var *log_p = elbo_log_prob(bound.prior, inference.z, NULL);
    elbo_var *terms[] = {part(in, "information", elbo_sub(inference.log_q, q.log_q), alpha),
                         part(in, "tc", elbo_sub(q.log_q, q.log_product), elbo_beta(in)),
                         part(in, "marginal_kl", elbo_sub(q.log_product, log_p), gamma)};
    bound.kl = NULL; /* its parts stand for it */
    elbo_var *loss = elbo_objective(in, &bound, inference.penalty);
    for (int i = 0; i < 3; i++)
        loss = elbo_add(loss, terms[i]);
    out[0] = (elbo_loss){.value = elbo_path_gradient(&inference, loss, elbo_constant(in->g, 1))};
    return 1;
}

const elbo__objective elbo__objective_beta_tc = {beta_tc};
