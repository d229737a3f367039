#include "objective.h"

#include <math.h>

/* (B, K) -> (B); what has no draws stays as it is */
static elbo_var *mean_over_draws(elbo_var *x)
{
    return elbo_ndim(x) < 2 ? x : elbo_mean(x, (int[]){1}, 1, false);
}

elbo_bound elbo_bound_of(elbo_dist q, elbo_draw draw, elbo_dist prior, elbo_dist p, elbo_var *x, elbo_var *mask)
{
    elbo_var *log_p = elbo_log_prob(p, x, mask);
    elbo_bound bound = {.recon = elbo_neg(mean_over_draws(log_p))};
    if (!q.kind && !draw.log_prob)
        return bound;
    if (draw.log_prob) {
        elbo_var *log_ratio = elbo_sub(draw.log_prob, elbo_log_prob(prior, draw.z, NULL));
        bound.log_weight = elbo_sub(log_p, log_ratio);
        if (!q.kind)
            bound.kl = mean_over_draws(log_ratio);
    }
    if (q.kind)
        bound.kl = mean_over_draws(elbo_kl(q, prior, draw.log_prob ? &draw : NULL));
    return bound;
}

elbo_var *elbo_negative_elbo(const elbo_bound *bound, elbo_var *beta)
{
    if (!bound->kl)
        return bound->recon;
    return elbo_add(bound->recon, beta ? elbo_mul(beta, bound->kl) : bound->kl);
}

elbo_var *elbo_iwae_bound(elbo_var *log_weight)
{
    if (elbo_ndim(log_weight) < 2)
        return log_weight;
    return elbo_shift(elbo_logsumexp(log_weight, 1), -log((double)elbo_size(log_weight, 1)));
}
