/* Objectives made of importance weights w_k = p(x|z_k) p(z_k) / q(z_k|x) of K draws.
 *
 *     iwae   -log 1/K sum_k w_k                                              Burda et al. 2016, arXiv:1509.00519
 *     miwae  -1/M sum_m log M/K sum_{k in part m} w_k, M parts of K/M draws  Rainforth et al. 2018, arXiv:1802.04537
 *     piwae  encoder: miwae; all else: iwae, of the same draws               the same
 *     ciwae  -(a 1/K sum_k log w_k + (1 - a) log 1/K sum_k w_k)              the same
 *
 * The draw's share of each objective's derivative is softmax(log w) within its part, which is also what option gradient
 * dreg weighs the path through the draw by. */
#include "parts_private.h"

typedef struct {
    elbo_inference inference;
    elbo_var *log_weight; /* (B, K) */
} weights;

static weights find_weights(elbo_in *in)
{
    weights w;
    const elbo_bound bound = elbo_model_bound(in, elbo_corrupted(in), &w.inference);
    elbo_report_bound(in, &bound);
    w.log_weight = bound.log_weight;
    if (!w.log_weight)
        w.log_weight = elbo_graph_fail(
            in->g, ELBO_INVALID, "option \"objective\": needs a posterior with a density, for importance weights");
    return w;
}

/* () with what else the posterior costs */
static elbo_var *with_penalty(const weights *w, elbo_var *loss)
{
    return w->inference.penalty ? elbo_add(loss, elbo_mean_all(w->inference.penalty)) : loss;
}

/* -E log mean w within each of `parts` parts of the draws */
static elbo_var *in_parts(const weights *w, int64_t parts)
{
    const int64_t images = elbo_size(w->log_weight, 0), draws = elbo_size(w->log_weight, 1);
    elbo_var *of_parts = elbo_reshape(w->log_weight, ELBO_SHAPE(images * parts, draws / parts));
    elbo_var *loss = with_penalty(w, elbo_neg(elbo_mean_all(elbo_iwae_bound(of_parts))));
    elbo_var *ratio = elbo_reshape(elbo_softmax(of_parts, 1), ELBO_SHAPE(images, draws));
    return elbo_path_gradient(&w->inference, loss, ratio);
}

/* How many parts option estimates makes of the draws; where another number of draws is measured, one. */
static int64_t parts_of(elbo_in *in, const weights *w)
{
    const int64_t parts = elbo_option_integer(in, "estimates"), draws = elbo_size(w->log_weight, 1);
    if (draws % parts != 0 && elbo_graph_mode(in->g) == ELBO_TRAIN && draws == elbo_option_integer(in, "draws"))
        elbo_graph_fail(in->g, ELBO_INVALID, "option \"estimates\": %lld draws do not make %lld parts",
                        (long long)draws, (long long)parts);
    return draws % parts == 0 ? parts : 1;
}

static int iwae(elbo_in *in, elbo_loss *out)
{
    const weights w = find_weights(in);
    if (elbo_graph_status(in->g) == ELBO_OK)
        out[0] = (elbo_loss){.value = in_parts(&w, 1)};
    return 1;
}

const elbo__objective elbo__objective_iwae = {iwae};

static int miwae(elbo_in *in, elbo_loss *out)
{
    const weights w = find_weights(in);
    if (elbo_graph_status(in->g) == ELBO_OK)
        out[0] = (elbo_loss){.value = in_parts(&w, parts_of(in, &w))};
    return 1;
}

const elbo__objective elbo__objective_miwae = {miwae};

static int piwae(elbo_in *in, elbo_loss *out)
{
    const weights w = find_weights(in);
    if (elbo_graph_status(in->g) != ELBO_OK)
        return 0;
    out[0] = (elbo_loss){.name = "loss", .value = in_parts(&w, 1), .params = "!encoder."};
    out[1] = (elbo_loss){.name = "encoder_loss", .value = in_parts(&w, parts_of(in, &w)), .params = "encoder."};
    return 2;
}

const elbo__objective elbo__objective_piwae = {piwae};

static int ciwae(elbo_in *in, elbo_loss *out)
{
    const weights w = find_weights(in);
    if (elbo_graph_status(in->g) != ELBO_OK)
        return 0;
    const double a = elbo_option_number(in, "elbo-share"), draws = (double)elbo_size(w.log_weight, 1);
    elbo_var *bound = elbo_mean_all(elbo_iwae_bound(w.log_weight)), *mean = elbo_mean_all(w.log_weight);
    elbo_var *loss = with_penalty(&w, elbo_neg(elbo_add(elbo_scale(mean, a), elbo_scale(bound, 1 - a))));
    elbo_var *share = elbo_softmax(w.log_weight, 1);
    elbo_var *once = elbo_shift(elbo_scale(share, 1 - a), a / draws + 1e-30);
    elbo_var *twice = elbo_shift(elbo_scale(elbo_square(share), 1 - a), a / draws);
    out[0] = (elbo_loss){.value = elbo_path_gradient(&w.inference, loss, elbo_div(twice, once))};
    return 1;
}

const elbo__objective elbo__objective_ciwae = {ciwae};
