/* The posteriors without more than a network: a normal distribution, and a code alone. */
#include "parts_private.h"

/* ---- normal: q = N(mean, diag(exp logvar)) ----------------------------------------------------------------------- */

static elbo_inference infer(elbo_in *in)
{
    return elbo_infer_from(in, elbo__net_law(in));
}

const elbo__posterior elbo__posterior_normal = {.infer = infer, .law = elbo__net_law};

/* ---- delta: a code, of which no density is known ----------------------------------------------------------------- */

static elbo_inference infer_code(elbo_in *in)
{
    return elbo_infer_code(elbo_net_code(in, elbo_net_encode(in)));
}

const elbo__posterior elbo__posterior_delta = {.infer = infer_code};
