/* The regularised autoencoder: Ghosh et al. 2020, arXiv:1903.12436. With the decoder's mean D(z) of its parameters t,
 *
 *     rae   E[recon + b/2 |z|^2 + g |dD/dz|_F^2] + d/2 |t|^2
 *
 * of options code-penalty, gradient-penalty and decoder-decay; a term of weight 0 is left out. Of the three ways in
 * which the paper makes the decoder smooth two are here, and the third is option spectral-norm. */
#include <string.h>

#include "../../tensor/memory.h"
#include "parts_private.h"

/* |z|^2 (B), a mean over the draws */
static elbo_var *length(elbo_var *z)
{
    return elbo_mean(elbo_sum_axis(elbo_square(z), 2), (int[]){1}, 1, false);
}

/* E_v |J^T v|^2 = |J|_F^2 of v ~ N(0, I) (Hutchinson 1990), from one v for each draw: (B). J = dD/dz, z (B, K, Z) */
static elbo_var *steepness(elbo_in *in, elbo_var *z, elbo_var *mean)
{
    elbo_var *v = elbo_random_normal(in->g, "steepness", elbo_shape_of(mean), 1), *back;
    elbo_grad(elbo_sum_all(elbo_mul(v, mean)), &z, 1, &back);
    return length(back);
}

/* |t|^2 () over all parameters of the decoder that the graph has met */
static elbo_var *size_of_decoder(elbo_in *in)
{
    const int n = elbo_graph_params(in->g, NULL);
    elbo_var **params = elbo__calloc((size_t)n + 1, sizeof *params), *sum = NULL;
    if (!params)
        return elbo_graph_fail(in->g, ELBO_NO_MEMORY, "rae: out of memory");
    elbo_graph_params(in->g, params);
    for (int i = 0; i < n; i++)
        if (strncmp(elbo_name_of(params[i]), "decoder.", strlen("decoder.")) == 0) {
            elbo_var *term = elbo_sum_all(elbo_square(params[i]));
            sum = sum ? elbo_add(sum, term) : term;
        }
    elbo__free(params);
    return sum ? sum : elbo_constant(in->g, 0);
}

static elbo_var *with(elbo_var *sum, double weight, elbo_var *term)
{
    term = elbo_scale(term, weight);
    return sum ? elbo_add(sum, term) : term;
}

static int rae(elbo_in *in, elbo_loss *out)
{
    elbo_inference inference;
    elbo_bound bound = elbo_model_bound(in, elbo_corrupted(in), &inference);
    const double b = elbo_option_number(in, "code-penalty"), g = elbo_option_number(in, "gradient-penalty");
    const double d = elbo_option_number(in, "decoder-decay");
    elbo_report_bound(in, &bound);
    if (elbo_graph_status(in->g) != ELBO_OK)
        return 0;
    elbo_var *penalty = inference.penalty, *size = length(inference.z);
    elbo_report(in, "code_size", size);
    if (b > 0)
        penalty = with(penalty, b / 2, size);
    if (g > 0) {
        elbo_var *steep = steepness(in, inference.z, elbo_dist_mean(bound.p));
        elbo_report(in, "steepness", steep);
        penalty = with(penalty, g, steep);
    }
    if (d > 0)
        penalty = with(penalty, d / 2, size_of_decoder(in));
    bound.kl = NULL; /* no part of it */
    elbo_var *loss = elbo_objective(in, &bound, penalty);
    out[0] = (elbo_loss){.value = elbo_path_gradient(&inference, loss, elbo_constant(in->g, 1))};
    return 1;
}

const elbo__objective elbo__objective_rae = {rae};
