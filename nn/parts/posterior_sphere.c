/* Posteriors on the unit sphere of R^Z, with the uniform distribution for a prior: von Mises-Fisher (Davidson et al.,
 * arXiv:1804.00891) and power spherical (De Cao and Aziz, arXiv:2006.04437). The mean direction is that of layer
 * encoder.mean, the concentration 1 + softplus of encoder.concentration. The code is the mean direction. */
#include "../distributions/distribution_private.h"
#include "parts_private.h"

static elbo_dist law(elbo_in *in, elbo_dist (*make)(elbo_var *mean, elbo_var *concentration))
{
    const int64_t dims = elbo_option_integer(in, "latent-dim");
    elbo_var *h = elbo_net_encode(in);
    elbo_var *mean = elbo__on_sphere(elbo__net_linear(in, h, "encoder.mean", dims));
    elbo_var *concentration = elbo_shift(elbo_softplus(elbo__net_linear(in, h, "encoder.concentration", 1)), 1);
    if (dims < 2)
        elbo_graph_fail(in->g, ELBO_INVALID, "option \"latent-dim\": a sphere takes at least 2");
    return make(mean, concentration);
}

static elbo_inference infer(elbo_in *in, elbo_dist q)
{
    elbo_inference i = elbo_infer_from(in, q);
    i.code = q.args[0];
    return i;
}

static elbo_dist standard(elbo_in *in, int64_t dims)
{
    return elbo_sphere(in->g, ELBO_SHAPE(elbo_size(in->x, 0), dims));
}

/* Codes from elsewhere may lie beside the sphere. */
static elbo_var *place(elbo_in *in, elbo_var *z)
{
    (void)in;
    return elbo__on_sphere(z);
}

#define ON_SPHERE(id, make)                                                                                            \
    static elbo_dist law_##id(elbo_in *in)                                                                             \
    {                                                                                                                  \
        return law(in, make);                                                                                          \
    }                                                                                                                  \
    static elbo_inference infer_##id(elbo_in *in)                                                                      \
    {                                                                                                                  \
        return infer(in, law_##id(in));                                                                                \
    }                                                                                                                  \
    const elbo__posterior elbo__posterior_##id = {                                                                     \
        .infer = infer_##id, .standard = standard, .law = law_##id, .place = place};

ON_SPHERE(vmf, elbo_von_mises_fisher)
ON_SPHERE(power_spherical, elbo_power_spherical)
