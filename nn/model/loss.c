/* What training minimises: the bound of a model, and what its options make of it. */
#include <string.h>

#include "corruption.h"
#include "model_check.h"
#include "model_private.h"

elbo_var *elbo_beta(elbo_in *in)
{
    static const char *const options[] = {"beta", "beta-schedule", "warmup", "cycles"}; /* the training looks at them */
    elbo_var *beta = elbo_scalar(in->g, "beta");
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++)
        elbo__option_effect(in, options[i], beta);
    return beta;
}

/* Whether the bound that is asked for is the one that was built last. */
static bool is_built(const elbo_in *in, const elbo_var *seen)
{
    const elbo_built *b = &in->built;
    return b->seen && b->seen == seen && b->x == in->x && b->y == in->y && b->mask == in->mask && b->draws == in->draws;
}

elbo_bound elbo_model_bound(elbo_in *in, elbo_var *seen, elbo_inference *inference)
{
    seen = seen ? seen : in->x;
    if (is_built(in, seen)) {
        if (inference)
            *inference = in->built.inference;
        return in->built.bound;
    }
    elbo_in seeing = *in;
    seeing.x = seen;
    const elbo_inference i = elbo__model_infer(&seeing);
    seeing.x = in->x;
    *in = seeing; /* with the metrics that `infer` reported */
    if (inference)
        *inference = i;
    if (elbo_graph_status(in->g) != ELBO_OK)
        return (elbo_bound){.recon = i.z};
    const bool density = i.q.kind || i.log_q;
    const elbo_dist prior = density ? elbo__model_prior(in)
                                    : (elbo_dist){.kind = NULL}; /* its layers are met before the decoder's */
    if (density && elbo_graph_status(in->g) == ELBO_OK && prior.shape.dim[1] != elbo_size(i.z, 2))
        elbo_graph_fail(in->g, ELBO_INVALID, "prior: has %lld dimensions, and z has %lld",
                        (long long)prior.shape.dim[1], (long long)elbo_size(i.z, 2));
    const elbo_dist p = elbo__model_generate(in, i.z);
    /* other gradients than the standard one are those of log q at the draws, which a KL in closed form has not */
    const bool closed = strcmp(elbo__model_gradient(in), "standard") == 0 || elbo_graph_mode(in->g) != ELBO_TRAIN;
    const elbo_dist q = closed || !i.log_q ? i.q : (elbo_dist){.kind = NULL};
    const elbo_bound bound = elbo_bound_of(q, (elbo_draw){i.z, i.log_q}, prior, p, in->x, in->mask);
    in->built = (elbo_built){in->built.corrupted, in->built.whole, in->x, seen, in->y, in->mask, in->draws, i, bound};
    return bound;
}

elbo_var *elbo_objective(elbo_in *in, const elbo_bound *bound, elbo_var *penalty)
{
    elbo_bound pressed = *bound;
    const bool has_free_bits = bound->kl && elbo_option_declared(in, "free-bits");
    const double free_bits = has_free_bits ? elbo_option_number(in, "free-bits") : 0;
    if (free_bits > 0) {
        pressed.kl = elbo_free_bits_kl(bound, free_bits);
        elbo__option_effect(in, "free-bits", pressed.kl);
    }
    elbo_var *cost = elbo_negative_elbo(&pressed, bound->kl ? elbo_beta(in) : NULL);
    return elbo_mean_all(penalty ? elbo_add(cost, penalty) : cost);
}

int elbo_default_losses(elbo_in *in, elbo_loss *out)
{
    elbo_inference inference;
    elbo_var *seen = elbo_corrupted(in);
    const elbo_bound bound = elbo_model_bound(in, seen, &inference);
    elbo_report_bound(in, &bound);
    if (seen != in->x && elbo_graph_mode(in->g) == ELBO_EVALUATE)
        elbo__report(in, "corrupted_error", elbo_sum_axis(elbo_square(elbo_sub(seen, in->x)), 1));
    elbo_var *loss = elbo_objective(in, &bound, inference.penalty);
    out[0] = (elbo_loss){.value = elbo_path_gradient(&inference, loss, elbo_constant(in->g, 1))};
    return 1;
}
