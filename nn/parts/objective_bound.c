/* Objectives made of the two terms of the bound. */
#include "parts_private.h"

/* ---- elbo: E[recon + beta KL + penalty] -------------------------------------------------------------------------- */

const elbo__objective elbo__objective_elbo = {elbo_default_losses};

/* ---- capacity: E[recon] + beta |E[KL] - C(t)|, C from 0 to option capacity: Burgess et al., arXiv:1804.03599 ----- */

static int capacity(elbo_in *in, elbo_loss *out)
{
    elbo_inference inference;
    const elbo_bound bound = elbo_model_bound(in, elbo_corrupted(in), &inference);
    elbo_report_bound(in, &bound);
    if (!bound.kl) {
        elbo_graph_fail(in->g, ELBO_INVALID, "option \"objective\": capacity needs a posterior with a density");
        return 0;
    }
    elbo_var *risen = elbo_scale(elbo_scalar(in->g, "epoch"), 1 / elbo_option_number(in, "capacity-epochs"));
    elbo_var *nats = elbo_scale(elbo_minimum(risen, elbo_constant(in->g, 1)), elbo_option_number(in, "capacity"));
    elbo_var *off = elbo_abs(elbo_sub(elbo_mean_all(bound.kl), nats));
    elbo_var *loss = elbo_add(elbo_mean_all(bound.recon), elbo_mul(elbo_beta(in), off));
    if (inference.penalty)
        loss = elbo_add(loss, elbo_mean_all(inference.penalty));
    out[0] = (elbo_loss){.value = elbo_path_gradient(&inference, loss, elbo_constant(in->g, 1))};
    return 1;
}

const elbo__objective elbo__objective_capacity = {capacity};
