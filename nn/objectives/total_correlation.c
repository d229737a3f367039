/* The density of the aggregate posterior and of its marginals, from a batch. */
#include <math.h>
#include <string.h>

#include "aggregate.h"

/* ---- weights ----------------------------------------------------------------------------------------------------- */

/* log W (B, B), i before j, of N = images () images, at least B */
static elbo_var *mss(elbo_var *images, int64_t b)
{
    elbo_graph *g = elbo_graph_of(images);
    if (b == 1)
        return elbo_expand(elbo_constant(g, 0), ELBO_SHAPE(1, 1));
    const double m = (double)b - 1;
    elbo_var *j = elbo_arange(g, b), *i = elbo_unsqueeze(j, 1), *log_n = elbo_log(images);
    elbo_var *after = elbo_remainder(elbo_shift(i, 1), elbo_constant(g, (double)b));
    elbo_var *log_next = elbo_shift(elbo_sub(elbo_log(elbo_shift(images, -m)), log_n), -log(m));
    elbo_var *others = elbo_where(elbo_equal(after, j), log_next, elbo_constant(g, -log(m)));
    return elbo_where(elbo_equal(i, j), elbo_neg(log_n), others);
}

static elbo_var *mws(elbo_var *images, int64_t b)
{
    return elbo_expand(elbo_shift(elbo_neg(elbo_log(images)), -log((double)b)), ELBO_SHAPE(b, b));
}

/* One list for both tables. */
#define ESTIMATORS(ROW) ROW(mss) ROW(mws)
#define NAME(name) #name,
#define ENTRY(name) name,
const char *const elbo_aggregate_estimator_names[] = {ESTIMATORS(NAME) NULL};
static elbo_var *(*const estimators[])(elbo_var *images, int64_t b) = {ESTIMATORS(ENTRY)};

static elbo_var *log_weights(elbo_var *images, int64_t b, const char *name)
{
    elbo_graph *g = elbo_graph_of(images);
    for (int i = 0; elbo_aggregate_estimator_names[i]; i++)
        if (strcmp(elbo_aggregate_estimator_names[i], name) == 0)
            return estimators[i](elbo_maximum(images, elbo_constant(g, (double)b)), b);
    return elbo_graph_fail(g, ELBO_INVALID, "total correlation: no estimator \"%s\"", name);
}

/* ---- densities --------------------------------------------------------------------------------------------------- */

/* (B, Z) -> (1, 1, Z, B) */
static elbo_var *images_last(elbo_var *x)
{
    return elbo_unsqueeze(elbo_unsqueeze(elbo_transpose(x), 0), 0);
}

/* log q(z_id|x_j), z of image i: z (B, K, Z) -> (B, K, Z, B), images j last, over which sums go */
static elbo_var *log_densities(elbo_dist q, elbo_var *z)
{
    elbo_dist each = elbo_normal(images_last(elbo_dist_mean(q)), images_last(elbo_normal_logvar(q)));
    each.event_rank = 0;
    return elbo_log_prob(each, elbo_unsqueeze(z, 3), NULL);
}

elbo_aggregate elbo_aggregate_posterior(elbo_dist q, elbo_var *z, elbo_var *images, const char *estimator)
{
    elbo_graph *g = elbo_graph_of(z);
    if (!q.kind || !elbo_normal_logvar(q))
        elbo_graph_fail(g, ELBO_INVALID, "total correlation: needs a normal q(z|x), got %s",
                        q.kind && q.kind->name ? q.kind->name : "one that is known at its draws alone");
    if (elbo_graph_status(g) != ELBO_OK)
        return (elbo_aggregate){z, z};
    const int64_t b = elbo_size(z, 0);
    elbo_var *log_w = elbo_unsqueeze(log_weights(images, b, estimator), 1); /* (B, 1, B) */
    elbo_var *each = log_densities(q, z), *joint = elbo_add(elbo_sum_axis(each, 2), log_w);
    each = elbo_add(each, elbo_unsqueeze(log_w, 2));
    return (elbo_aggregate){elbo_logsumexp(joint, 2), elbo_sum_axis(elbo_logsumexp(each, 3), 2)};
}
