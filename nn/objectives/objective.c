#include "objective.h"

#include <math.h>

/* (B, K) -> (B); what has no draws stays as it is */
static elbo_var *mean_over_draws(elbo_var *x)
{
    return elbo_ndim(x) < 2 ? x : elbo_mean(x, (int[]){1}, 1, false);
}

/* 1/K sum_k |x - E[x|z_k]|^2 */
static elbo_var *squared_error(elbo_dist p, elbo_var *x, elbo_var *mask)
{
    elbo_var *mean = elbo_dist_mean(p);
    elbo_var *square = elbo_square(elbo_sub(elbo_align(x, p.event_rank, elbo_ndim(mean)), mean));
    return mean_over_draws(elbo_event_sum(square, mask, p.event_rank));
}

elbo_bound elbo_bound_of(elbo_dist q, elbo_draw draw, elbo_dist prior, elbo_dist p, elbo_var *x, elbo_var *mask)
{
    elbo_var *log_p = elbo_log_prob(p, x, mask);
    elbo_bound bound = {.recon = elbo_neg(mean_over_draws(log_p)), .q = q, .prior = prior, .p = p};
    if (p.kind->mean && p.kind != &elbo_kind_independent) /* of columns, whose units do not add up */
        bound.squared_error = squared_error(p, x, mask);
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

/* (..., D) -> (D) */
static elbo_var *mean_of_rows(elbo_var *x)
{
    int axes[ELBO_MAX_RANK], n = elbo_ndim(x) - 1;
    for (int i = 0; i < n; i++)
        axes[i] = i;
    return n > 0 ? elbo_mean(x, axes, n, false) : x;
}

elbo_var *elbo_free_bits_kl(const elbo_bound *bound, double nats)
{
    if (!bound->q.kind)
        return elbo_graph_fail(elbo_graph_of(bound->recon), ELBO_INVALID,
                               "free bits: KL(q || p) has no closed form where q is known only when drawing, as with a "
                               "gradient of less variance");
    if (!bound->q.kind->kl || !bound->q.kind->kl(&bound->q, &bound->prior))
        return elbo_graph_fail(elbo_graph_of(bound->recon), ELBO_INVALID,
                               "free bits: KL(%s || %s) has no closed form for each dimension", bound->q.kind->name,
                               bound->prior.kind->name);
    elbo_var *kl = mean_of_rows(elbo_kl_dims(bound->q, bound->prior)); /* (Z) */
    return elbo_sum_all(elbo_maximum(kl, elbo_constant(elbo_graph_of(kl), nats)));
}

elbo_var *elbo_sparseness(elbo_var *units, double rho)
{
    elbo_var *r = elbo_clamp(mean_of_rows(units), 1e-6, 1 - 1e-6);
    elbo_var *on = elbo_scale(elbo_log(r), -rho), *off = elbo_scale(elbo_log1p(elbo_neg(r)), rho - 1);
    return elbo_sum_all(elbo_shift(elbo_add(on, off), rho * log(rho) + (1 - rho) * log1p(-rho)));
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
