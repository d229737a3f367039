/* The four parts of a model, chosen by their options. */
#include <string.h>

#include "../layers/spectral.h"
#include "parts_private.h"

const elbo_option elbo_options_of_parts[] = {ELBO_OPTIONS_OF_PARTS, ELBO_OPTIONS_END};

#define WORD(id, word) word,
#define POSTERIOR(id, word) &elbo__posterior_##id,
#define PRIOR(id, word) &elbo__prior_##id,
#define OBJECTIVE(id, word) &elbo__objective_##id,
const char *const elbo_posterior_names[] = {ELBO__POSTERIORS(WORD) NULL};
const char *const elbo_prior_names[] = {ELBO__PRIORS(WORD) NULL};
const char *const elbo_objective_names[] = {ELBO__OBJECTIVES(WORD) NULL};
static const elbo__posterior *const posteriors[] = {ELBO__POSTERIORS(POSTERIOR)};
static const elbo__prior *const priors[] = {ELBO__PRIORS(PRIOR)};
static const elbo__objective *const objectives[] = {ELBO__OBJECTIVES(OBJECTIVE)};

int elbo__part_place(elbo_in *in, const char *option, const char *const *words)
{
    const char *word = elbo_option_declared(in, option) ? elbo_option_choice(in, option) : words[0];
    for (int i = 0; words[i]; i++)
        if (strcmp(words[i], word) == 0)
            return i;
    elbo_graph_fail(in->g, ELBO_INVALID, "no %s \"%s\"", option, word);
    return 0;
}

const elbo__posterior *elbo__posterior_of(elbo_in *in)
{
    return posteriors[elbo__part_place(in, "posterior", elbo_posterior_names)];
}

int64_t elbo__dims_of(elbo_in *in)
{
    const elbo__posterior *q = elbo__posterior_of(in);
    return q->dims ? q->dims(in) : elbo_option_integer(in, "latent-dim");
}

elbo_inference elbo_posterior(elbo_in *in)
{
    return elbo__posterior_of(in)->infer(in);
}

elbo_dist elbo_prior(elbo_in *in)
{
    return priors[elbo__part_place(in, "prior", elbo_prior_names)]->make(in, elbo__dims_of(in));
}

elbo_var *elbo__add_weighed(elbo_var *cost, elbo_var *term, double weight)
{
    return weight == 0 ? cost : elbo_add(cost, elbo_scale(term, weight));
}

elbo_dist elbo__prior_of(elbo_in *in, const elbo_bound *bound)
{
    return bound->prior.kind || elbo_graph_status(in->g) != ELBO_OK ? bound->prior : elbo_model_prior(in);
}

elbo_dist elbo__fixed_prior_of(elbo_in *in, const elbo_bound *bound)
{
    if (elbo_option_declared(in, "prior") && strcmp(elbo_option_choice(in, "prior"), "standard") != 0)
        elbo_graph_fail(in->g, ELBO_INVALID,
                        "option \"prior\": objective %s is for a prior that does not learn; take "
                        "standard",
                        elbo_option_choice(in, "objective"));
    return elbo__prior_of(in, bound);
}

elbo_dist elbo_generate(elbo_in *in, elbo_var *z)
{
    const elbo__posterior *q = elbo__posterior_of(in);
    elbo_var *seen = q->place ? q->place(in, z) : z;
    const bool spectral = elbo_option_declared(in, "spectral-norm") && elbo_option_flag(in, "spectral-norm");
    elbo_normalise_weights(in->g, spectral);
    const elbo_dist p = elbo_likelihood(in, q->map ? elbo_net_decode_map(in, seen) : elbo_net_decode(in, seen));
    elbo_normalise_weights(in->g, false);
    return p;
}

elbo_var *elbo_lookup(elbo_in *in, elbo_var *index)
{
    const elbo__posterior *q = elbo__posterior_of(in);
    return q->lookup ? q->lookup(in, index)
                     : elbo_graph_fail(in->g, ELBO_INVALID, "codes of option \"posterior\" are no whole numbers");
}

int elbo_losses(elbo_in *in, elbo_loss *out)
{
    return objectives[elbo__part_place(in, "objective", elbo_objective_names)]->losses(in, out);
}
