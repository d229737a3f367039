/* The log-normal distribution: log x is normal, so all is what it is for log x, but for the slope of the logarithm. */
#include "distribution_private.h"

static elbo_dist of_log(const elbo_dist *d)
{
    elbo_dist n = elbo_normal(d->args[0], d->args[1]);
    n.event_rank = d->event_rank;
    return n;
}

/* log N(log x; m, s^2) - log x. A masked x may be 0. */
static elbo_var *log_normal_log_prob(const elbo_dist *d, elbo_var *x, elbo_var *mask)
{
    elbo_var *log_x = elbo_log(elbo_maximum(x, elbo_constant(d->graph, 1e-30)));
    return elbo_sub(elbo_log_prob(of_log(d), log_x, mask), elbo_event_sum(log_x, mask, d->event_rank));
}

static elbo_draw log_normal_draw(const elbo_dist *d, const char *name, elbo_shape shape, int draw_axis)
{
    const elbo_dist n = of_log(d);
    elbo_var *log_x = n.kind->draw(&n, name, shape, draw_axis).z;
    return (elbo_draw){.z = elbo_exp(log_x)};
}

/* e^(m + s^2/2), as far as f32 goes */
static elbo_var *log_normal_mean(const elbo_dist *d)
{
    elbo_var *log_mean = elbo_add(d->args[0], elbo_scale(elbo_exp(d->args[1]), 0.5));
    return elbo_exp(elbo_minimum(log_mean, elbo_constant(d->graph, 80)));
}

/* m + 1/2 (log s^2 + 1 + log 2 pi) */
static elbo_var *log_normal_entropy(const elbo_dist *d)
{
    return elbo_add(elbo_event_sum(d->args[0], NULL, d->event_rank), elbo_entropy(of_log(d)));
}

static elbo_var *log_normal_kl(const elbo_dist *q, const elbo_dist *p)
{
    return p->kind == &elbo_kind_log_normal && p->event_rank == q->event_rank ? elbo_kl_dims(of_log(q), of_log(p))
                                                                              : NULL;
}

const elbo_dist_kind elbo_kind_log_normal = {
    .name = "log-normal",
    .reparametrised = true,
    .log_prob = log_normal_log_prob,
    .draw = log_normal_draw,
    .mean = log_normal_mean,
    .entropy = log_normal_entropy,
    .kl = log_normal_kl,
};

elbo_dist elbo_log_normal(elbo_var *mean, elbo_var *logvar)
{
    return elbo__dist_of_pair(&elbo_kind_log_normal, mean, logvar);
}
