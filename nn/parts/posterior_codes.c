/* Posteriors of whole numbers: at each position of a latent map the nearest code of a codebook (vq: van den Oord et al.
 * 2017, arXiv:1711.00937), or codes of several codebooks one after the other (hrq: Hosking, Tang and Lapata 2022,
 * arXiv:2203.03463). nn/layers/quantise.h has the formulas. No density is known; what the codes cost is a penalty:
 *
 *     vq    sum over positions of |sg h - e|^2 + commitment |h - sg e|^2; without the first where codes are averages
 *     hrq   sum over positions of a sum_l KL(uniform || q_l) + b mean_l (max(s |q_l| / |q_l-1|, 1) - 1)^2, a and b of
 *           options code-kl and code-norm */
#include <math.h>
#include <string.h>

#include "parts_private.h"

const char *const elbo_codebook_names[] = {"gradient", "average", NULL};

static int64_t dims(elbo_in *in)
{
    const elbo_shape map = elbo_net_map(in);
    return elbo_shape_size(&map) * elbo_option_integer(in, "code-dim");
}

/* Codes (B, H, W, d) side by side: (B, H W d) */
static elbo_var *side_by_side(elbo_in *in, elbo_var *codes)
{
    return elbo_reshape(codes, ELBO_SHAPE(elbo_size(in->x, 0), -1));
}

/* code (B, H, W, d), index (B, H, W, L), penalty (B) */
static elbo_inference infer_code(elbo_in *in, elbo_var *code, elbo_var *index, elbo_var *penalty)
{
    elbo_inference i = elbo_infer_code(side_by_side(in, code));
    i.index = index;
    i.codes = elbo_option_integer(in, "codes");
    i.penalty = penalty;
    return i;
}

/* A model may be built twice in a graph, with one list of metrics. */
static void report_once(elbo_in *in, const char *name, elbo_var *value)
{
    bool reported = false;
    for (int i = 0; i < in->n_metrics; i++)
        reported |= strcmp(in->metrics[i].name, name) == 0;
    if (!reported)
        elbo_report(in, name, value);
}

/* ---- vq ---------------------------------------------------------------------------------------------------------- */

static elbo_codebook codebook(elbo_in *in)
{
    return (elbo_codebook){.codes = elbo_option_integer(in, "codes"),
                           .average = strcmp(elbo_option_choice(in, "codebook"), "average") == 0,
                           .decay = elbo_option_number(in, "code-decay"),
                           .restart = elbo_option_number(in, "code-restart")};
}

static elbo_inference infer_vq(elbo_in *in)
{
    elbo_var *h = elbo_net_encode_map(in, elbo_option_integer(in, "code-dim"));
    const elbo_quantised q = elbo_quantise(h, "codes", codebook(in));
    if (elbo_graph_status(in->g) != ELBO_OK)
        return (elbo_inference){.z = NULL};
    report_once(in, "perplexity", q.perplexity);
    report_once(in, "dead", q.dead);
    elbo_var *penalty = elbo_scale(q.commitment, elbo_option_number(in, "commitment"));
    return infer_code(in, q.code, elbo_unsqueeze(q.index, -1), q.codebook ? elbo_add(penalty, q.codebook) : penalty);
}

static elbo_var *lookup_vq(elbo_in *in, elbo_var *index)
{
    elbo_var *codes = elbo_codes(in->g, "codes", codebook(in), elbo_option_integer(in, "code-dim"));
    return side_by_side(in, elbo_gather(codes, elbo_reshape(index, ELBO_SHAPE(-1))));
}

const elbo__posterior elbo__posterior_vq = {.infer = infer_vq, .dims = dims, .map = true, .lookup = lookup_vq};

/* ---- hrq --------------------------------------------------------------------------------------------------------- */

/* max(e^(-epoch / (cooling 1.5^l)), least) of each level l */
static void find_temperatures(elbo_in *in, int levels, elbo_var *out[ELBO_MAX_LEVELS])
{
    const double cooling = elbo_option_number(in, "code-cooling"), least = elbo_option_number(in, "code-temperature");
    for (int l = 0; l < levels; l++) {
        elbo_var *risen = elbo_scale(elbo_scalar(in->g, "epoch"), -1 / (cooling * pow(1.5, l)));
        out[l] = elbo_maximum(elbo_exp(risen), elbo_constant(in->g, least));
    }
}

static elbo_residual_codebook codebooks(elbo_in *in, elbo_var *temperature[ELBO_MAX_LEVELS])
{
    const int levels = (int)elbo_option_integer(in, "code-levels");
    if (temperature)
        find_temperatures(in, levels, temperature);
    return (elbo_residual_codebook){.levels = levels,
                                    .codes = elbo_option_integer(in, "codes"),
                                    .temperature = temperature,
                                    .drop = elbo_option_number(in, "code-drop"),
                                    .shrink = elbo_option_number(in, "code-shrink")};
}

static elbo_inference infer_hrq(elbo_in *in)
{
    const bool trains = elbo_graph_mode(in->g) == ELBO_TRAIN;
    elbo_var *temperature[ELBO_MAX_LEVELS], *h = elbo_net_encode_map(in, elbo_option_integer(in, "code-dim"));
    const elbo_residual_codebook c = codebooks(in, trains ? temperature : NULL);
    const elbo_residual_quantised q = elbo_quantise_residual(h, "codes", c);
    if (elbo_graph_status(in->g) != ELBO_OK)
        return (elbo_inference){.z = NULL};
    for (int l = 0; l < c.levels; l++)
        report_once(in, elbo_numbered("perplexity", l + 1).text, q.perplexity[l]);
    elbo_var *penalty = elbo_scale(q.kl, elbo_option_number(in, "code-kl"));
    const double weight = elbo_option_number(in, "code-norm");
    return infer_code(in, q.code, q.index, q.norms ? elbo_add(penalty, elbo_scale(q.norms, weight)) : penalty);
}

static elbo_var *lookup_hrq(elbo_in *in, elbo_var *index)
{
    const elbo_residual_codebook c = codebooks(in, NULL);
    return side_by_side(in, elbo_residual_codes(index, "codes", c, elbo_option_integer(in, "code-dim")));
}

const elbo__posterior elbo__posterior_hrq = {.infer = infer_hrq, .dims = dims, .map = true, .lookup = lookup_hrq};
