/* Squared error in the place of a distribution: what an autoencoder minimises. */
#include "distribution.h"

/* -(x - m)^2, summed over the event: no logarithm of a density, so there is nothing to draw from */
static elbo_var *log_prob(const elbo_dist *d, elbo_var *x, elbo_var *mask)
{
    elbo_var *mean = elbo_align(d->args[0], d->event_rank, elbo_ndim(x));
    return elbo_neg(elbo_event_sum(elbo_square(elbo_sub(x, mean)), mask, d->event_rank));
}

static elbo_var *mean(const elbo_dist *d)
{
    return d->args[0];
}

const elbo_dist_kind elbo_kind_squared_error = {
    .name = "squared-error", .cost = true, .log_prob = log_prob, .mean = mean};

elbo_dist elbo_squared_error(elbo_var *centre)
{
    return elbo_dist_of(&elbo_kind_squared_error, elbo_shape_of(centre), centre);
}
