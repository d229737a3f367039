#include "likelihood.h"

#include <math.h>
#include <string.h>

#include "net.h"

#define LEAST_VARIANCE 1e-4

const char *const elbo_likelihood_names[] = {"bernoulli", "continuous-bernoulli", "gaussian", "squared-error", NULL};
const char *const elbo_reconstruction_names[] = {"bernoulli", "squared-error", NULL};
const char *const elbo_learned_variance_names[] = {"no", "shared", "pixel", NULL};

static elbo_var *bounded_below(elbo_var *logvar)
{
    const double least = log(LEAST_VARIANCE);
    return elbo_shift(elbo_softplus(elbo_shift(logvar, -least)), least);
}

static elbo_dist gaussian(elbo_in *in, elbo_var *h)
{
    elbo_var *mean = elbo_net_output(in, h, "decoder.mean");
    const char *learned = elbo_option_declared(in, "learn-variance") ? elbo_option_choice(in, "learn-variance") : "no";
    const double variance = elbo_option_number(in, "variance");
    if (strcmp(learned, "pixel") == 0)
        return elbo_normal(mean, bounded_below(elbo_net_output(in, h, "decoder.logvar")));
    if (strcmp(learned, "no") == 0)
        return elbo_normal_fixed(mean, variance);
    if (variance <= LEAST_VARIANCE)
        return elbo_normal_fixed(elbo_graph_fail(in->g, ELBO_INVALID,
                                                 "variance %g: one that is learned begins above %g", variance,
                                                 LEAST_VARIANCE),
                                 1);
    const elbo_init begin = elbo_init_constant(log(variance - LEAST_VARIANCE)); /* bounded_below gives `variance` */
    elbo_var *one = elbo_param(in->g, "decoder.logvar", ELBO_SCALAR, begin);
    /* computed for each image, which is little, and spares the others the wait for a single number */
    elbo_shape of_each = elbo_shape_of(mean);
    for (int i = 1; i < of_each.ndim; i++)
        of_each.dim[i] = 1;
    return elbo_normal(mean, elbo_expand(bounded_below(elbo_expand(one, of_each)), elbo_shape_of(mean)));
}

static elbo_dist bernoulli(elbo_in *in, elbo_var *h)
{
    return elbo_bernoulli(elbo_net_output(in, h, "decoder.logits"));
}

static elbo_dist continuous_bernoulli(elbo_in *in, elbo_var *h)
{
    return elbo_continuous_bernoulli(elbo_net_output(in, h, "decoder.logits"));
}

static elbo_dist squared_error(elbo_in *in, elbo_var *h)
{
    return elbo_squared_error(elbo_net_output(in, h, "decoder.mean"));
}

elbo_dist elbo_likelihood(elbo_in *in, elbo_var *h)
{
    static const struct {
        const char *name;
        elbo_dist (*make)(elbo_in *in, elbo_var *h);
    } likelihoods[] = {{"bernoulli", bernoulli},
                       {"continuous-bernoulli", continuous_bernoulli},
                       {"gaussian", gaussian},
                       {"squared-error", squared_error}};
    const char *name = elbo_option_choice(in, "likelihood");
    for (size_t i = 0; i < sizeof likelihoods / sizeof likelihoods[0]; i++)
        if (strcmp(likelihoods[i].name, name) == 0)
            return likelihoods[i].make(in, h);
    return elbo_bernoulli(elbo_graph_fail(in->g, ELBO_INVALID, "no likelihood \"%s\"", name));
}
