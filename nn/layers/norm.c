/* Normalisation: layer norm within a row, batch norm over the images of a batch. */
#include "../../autograd/op.h"
#include "layers_private.h"

static const double EPS = 1e-5;     /* added to variances, as in PyTorch         */
static const double MOMENTUM = 0.1; /* the new batch's part of running statistics */

static elbo_var *deviation(elbo_var *variance)
{
    return elbo_sqrt(elbo_shift(variance, EPS));
}

elbo_var *elbo_layer_norm(elbo_var *x, const char *name)
{
    elbo_graph *g = elbo_graph_of(x);
    if (!elbo__takes_rows("layer_norm", name, x, (elbo__fan){1, 0}))
        return elbo__harmless(x);
    const elbo_shape n = ELBO_SHAPE(elbo_size(x, -1));
    elbo_scope(g, name);
    elbo_var *weight = elbo_param(g, "weight", n, elbo_init_constant(1));
    elbo_var *bias = elbo_param(g, "bias", n, elbo_init_zeros());
    elbo_scope_end(g);
    elbo_var *centred = elbo_sub(x, elbo_mean(x, (int[]){-1}, 1, true));
    elbo_var *variance = elbo_mean(elbo_square(centred), (int[]){-1}, 1, true);
    return elbo_add(elbo_mul(elbo_div(centred, deviation(variance)), weight), bias);
}

/* ---- batch norm -------------------------------------------------------------------------------------------------- */

static bool takes_batch(const char *name, elbo_var *x)
{
    elbo_graph *g = elbo_graph_of(x);
    elbo_shape shape = elbo_shape_of(x);
    if (shape.ndim == 2)
        return elbo__takes_rows("batch_norm", name, x, (elbo__fan){1, 0});
    if (shape.ndim == 4)
        return elbo__takes_images("batch_norm", name, x, (elbo__fan){1, 0});
    const char *path = elbo__graph_ok(g) ? elbo__scoped(g, name) : NULL;
    if (path)
        elbo_graph_fail(g, ELBO_INVALID, "batch_norm \"%s\": expected input (B, D) or (B, C, H, W), got %s%s", path,
                        elbo_shape_format(&shape).text, shape.ndim == 3 ? "; for draws (B, K, D) use layer_norm" : "");
    return false;
}

/* The mean of each channel: x (B, C, H, W) or (B, C) -> (C). The pixels are summed first, where the images are. */
static elbo_var *channel_mean(elbo_var *x)
{
    if (elbo_ndim(x) == 4)
        x = elbo_mean(x, (int[]){2, 3}, 2, false);
    return elbo_mean(x, (int[]){0}, 1, false);
}

static int64_t count(elbo_var *x)
{
    elbo_shape shape = elbo_shape_of(x);
    return elbo_shape_size(&shape);
}

/* Moves a running statistic towards that of the batch. One that is not finite leaves it alone: an optimiser may skip
 * such a step, but nothing would ever bring a NaN back. */
static void follow(elbo_var *running, elbo_var *batch)
{
    elbo_var *next = elbo_lerp(running, batch, elbo_constant(elbo_graph_of(running), MOMENTUM));
    elbo_assign(running, elbo_where(elbo_isfinite(next), next, running));
}

/* Of a batch x less s (C): d = x - s, its mean p (C), and the variance (C) of either. (d - p) / deviation is normal. */
typedef struct {
    elbo_var *d, *p, *variance;
} statistics;

/* The shift is the mean, but to the derivative it is any number, since neither the mean s + p nor the variance
 * E[d^2] - p^2 depend on it: one pass over the batch and one barrier less. Nothing cancels, for p is but the rounding
 * error of s. */
static statistics of_batch(elbo_var *x, elbo_var *running_mean, elbo_var *running_variance)
{
    elbo_var *zero = elbo_constant(elbo_graph_of(x), 0), *s = elbo_detach(channel_mean(x));
    elbo_var *d = elbo_sub(x, elbo__for_channels(s, x)), *p = channel_mean(d);
    elbo_var *variance = elbo_sub(channel_mean(elbo_square(d)), elbo_square(p));
    variance = elbo_maximum(variance, zero); /* p^2 is rounded, too */
    const double n = (double)count(x) / (double)elbo_size(x, 1);
    follow(running_mean, elbo_add(s, p));
    if (n > 1) /* one number has no variance */
        follow(running_variance, elbo_scale(variance, n / (n - 1)));
    return (statistics){d, p, variance};
}

void elbo_freeze_statistics(elbo_graph *g, bool frozen)
{
    g->frozen = frozen;
}

elbo_var *elbo_batch_norm(elbo_var *x, const char *name)
{
    elbo_graph *g = elbo_graph_of(x);
    if (!takes_batch(name, x))
        return elbo__harmless(x);
    const elbo_shape channels = ELBO_SHAPE(elbo_size(x, 1));
    elbo_scope(g, name);
    elbo_var *weight = elbo_param(g, "weight", channels, elbo_init_constant(1));
    elbo_var *bias = elbo_param(g, "bias", channels, elbo_init_zeros());
    elbo_var *mean = elbo_state(g, "running_mean", channels, elbo_init_zeros());
    elbo_var *variance = elbo_state(g, "running_var", channels, elbo_init_constant(1));
    elbo_scope_end(g);
    if (elbo_graph_mode(g) == ELBO_TRAIN && !g->frozen && count(x) > 0) { /* no images have no mean */
        statistics batch = of_batch(x, mean, variance);
        weight = elbo_div(weight, deviation(batch.variance));
        bias = elbo_sub(bias, elbo_mul(batch.p, weight));
        x = batch.d;
    } else {
        weight = elbo_div(weight, deviation(variance));
        x = elbo_sub(x, elbo__for_channels(mean, x));
    }
    return elbo_add(elbo_mul(x, elbo__for_channels(weight, x)), elbo__for_channels(bias, x));
}
