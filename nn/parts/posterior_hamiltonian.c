/* The Hamiltonian posterior: a draw of the encoder's normal, moved by leapfrog steps towards where log p(x, z) is large
 * (Caterini, Doucet and Sejdinovic, arXiv:1805.11328).
 *
 *     z_0 ~ q(z|x), g ~ N(0, I);  (z_0, g) -> (z_K, r_K) keeps volumes;  z = z_K,
 *     log q = log q(z_0|x) + log N(g) - log N(r_K)
 *
 * This log q is of z and momentum together, with N(r_K) for what the reverse would draw: the weights p(x, z) / q are
 * unbiased for p(x), and the bound holds. The code is where the mean goes without a momentum, which is E[z|x] where p
 * is linear and Gaussian. */
#include "motion.h"

/* log N(a; 0, I) - log N(b; 0, I): (B, K) */
static elbo_var *log_ratio(elbo_var *a, elbo_var *b)
{
    return elbo_scale(elbo_sum_axis(elbo_sub(elbo_square(b), elbo_square(a)), -1), 0.5);
}

/* z_K (B, Z) of z_0 = z (B, Z) and g = 0 */
static elbo_var *at_rest(elbo__motion *m, elbo_var *z)
{
    elbo_var *from = elbo_unsqueeze(z, 1), *none = elbo_expand(elbo_constant(m->in.g, 0), elbo_shape_of(from));
    m->in.draws = 1;
    return elbo_squeeze(elbo__leapfrog(m, (elbo__phase){from, none}).z, 1);
}

static elbo_inference infer(elbo_in *in)
{
    elbo_inference i = elbo_infer_from(in, elbo__net_law(in));
    if (elbo_graph_status(in->g) != ELBO_OK)
        return i;
    elbo__motion motion = elbo__motion_of(in, elbo_size(i.z, -1));
    if (motion.steps < 1)
        return i;
    elbo_var *g = elbo_random_normal(in->g, "momentum", elbo_shape_of(i.z), 1);
    const elbo__phase last = elbo__leapfrog(&motion, (elbo__phase){i.z, g});
    i.q = (elbo_dist){.kind = NULL};
    i.z = last.z;
    i.log_q = elbo_add(i.log_q, log_ratio(g, last.momentum));
    i.code = at_rest(&motion, i.code);
    return i;
}

const elbo__posterior elbo__posterior_hamiltonian = {.infer = infer, .law = elbo__net_law};
