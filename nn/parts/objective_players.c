/* Objectives with two sides: a discriminator D learns to tell two kinds of rows apart, and the model learns from its
 * verdict. Each side's loss moves its own parameters alone, whatever else it depends on, so nothing is detached here.
 *
 *     factor        bound + w E[log-odds of z against shuffled z]               Kim and Mnih 2018, arXiv:1802.05983
 *     adversarial   E[recon] + w E[-log D(z)], D for draws of the prior         Makhzani et al. 2016, arXiv:1511.05644
 *     vae-gan       below                                                       Larsen et al. 2016, arXiv:1512.09300 */
#include "../model/model_check.h"
#include "discriminator.h"
#include "parts_private.h"

/* ---- factor ------------------------------------------------------------------------------------------------------ */

/* D takes codes of the batch for real and the same with their columns shuffled for made, so that its log-odds are
 * log q(z) - sum_j log q(z_j), of which the mean is the total correlation. The paper shuffles codes of a second batch;
 * here both are of one, so that every image counts for the bound: one row in B keeps two given columns together, and
 * costs the estimate about that share. Labels are left out: what is estimated is of q(z) over all of them. */
static int factor(elbo_in *in, elbo_loss *out)
{
    elbo_inference inference;
    const elbo_bound bound = elbo_model_bound(in, elbo_corrupted(in), &inference);
    elbo_report_bound(in, &bound);
    elbo_var *cost = elbo_objective(in, &bound, inference.penalty);
    if (elbo_graph_status(in->g) != ELBO_OK)
        return 0;
    const elbo__judgement codes = elbo__judge_codes(in, inference.z, false);
    const elbo__judgement shuffled = elbo__judge_codes(in, elbo_shuffle_columns(inference.z, "shuffle"), false);
    elbo_var *tc = elbo_mean_all(codes.logits);
    elbo_report(in, "tc", tc);
    cost = elbo__add_weighed(cost, tc, elbo_option_number(in, "tc-weight"));
    elbo_var *verdict = elbo_add(elbo__cost_of_real(codes), elbo__cost_of_made(shuffled));
    out[0] = (elbo_loss){.name = "loss",
                         .value = elbo_path_gradient(&inference, cost, elbo_constant(in->g, 1)),
                         .params = ELBO__ALL_BUT_DISCRIMINATOR};
    out[1] = elbo__discriminator(in, elbo_scale(verdict, 0.5));
    return 2;
}

const elbo__objective elbo__objective_factor = {factor};

/* ---- adversarial ------------------------------------------------------------------------------------------------- */

static int adversarial(elbo_in *in, elbo_loss *out)
{
    elbo_inference inference;
    elbo_bound bound = elbo_model_bound(in, elbo_corrupted(in), &inference);
    elbo_report_bound(in, &bound);
    const elbo_dist prior = elbo__fixed_prior_of(in, &bound);
    if (elbo_graph_status(in->g) != ELBO_OK)
        return 0;
    const int draws = (int)elbo_size(inference.z, 1);
    const elbo__judgement drawn = elbo__judge_codes(in, elbo_sample(prior, "prior", draws), true);
    const elbo__judgement codes = elbo__judge_codes(in, inference.z, true);
    elbo_var *taken_for_real = elbo__cost_of_real(codes);
    elbo_report(in, "deceit", taken_for_real);
    bound.kl = NULL; /* no part of it */
    elbo_var *cost = elbo_objective(in, &bound, inference.penalty);
    cost = elbo__add_weighed(cost, taken_for_real, elbo_option_number(in, "adversarial-weight"));
    out[0] = (elbo_loss){.name = "loss",
                         .value = elbo_path_gradient(&inference, cost, elbo_constant(in->g, 1)),
                         .params = ELBO__ALL_BUT_DISCRIMINATOR};
    out[1] = elbo__discriminator(in, elbo_add(elbo__cost_of_real(drawn), elbo__cost_of_made(codes)));
    return 2;
}

const elbo__objective elbo__objective_adversarial = {adversarial};

/* ---- vae-gan ----------------------------------------------------------------------------------------------------- *
 *
 * F: the units of a layer of D. x' and x": the means of p(x|z) at z ~ q(z|x) and at z ~ p(z).
 *
 *     R = 1/2 |F(x) - F(x')|^2
 *     G = -E log D(x) - 1/2 E log (1 - D(x')) - 1/2 E log (1 - D(x"))
 *
 *     encoder (and prior)   E[R + beta KL]
 *     decoder               (1 - a) E[R] - a G
 *     discriminator         G
 *
 * The paper's algorithm adds up the three terms of G; with halves what is made weighs as much as what is real, so that
 * the balance is at log 2 for either, near the equilibrium of the authors' program, which has but one of the two. From
 * there the switches: D rests in steps in which the cost of what is real or of what is made is below equilibrium -
 * margin, the decoder while either is above equilibrium + margin; neither where both would. */

/* R (B) */
static elbo_var *features_apart(elbo_in *in, const elbo__judgement *real, const elbo__judgement *made)
{
    const int64_t wanted = elbo_option_integer(in, "gan-layer"), images = elbo_size(in->x, 0);
    if (real->n == 0 || wanted > real->n) {
        elbo_graph_fail(in->g, ELBO_INVALID, "option \"gan-layer\": the discriminator has %d hidden layers", real->n);
        return in->x;
    }
    const int64_t layer = wanted > 0 ? wanted - 1 : real->n - 1;
    elbo_var *of_x = elbo_reshape(real->at[layer], ELBO_SHAPE(images, 1, -1));
    elbo_var *apart = elbo_sub(of_x, elbo_reshape(made->at[layer], ELBO_SHAPE(images, -1, elbo_size(of_x, 2))));
    return elbo_scale(elbo_mean(elbo_sum_axis(elbo_square(apart), 2), (int[]){1}, 1, false), 0.5);
}

/* x": pictures (B, K, D) from as many draws of the prior. Batch norms of the decoder keep the statistics of codes. */
static elbo_var *dreamt(elbo_in *in, elbo_dist prior, int draws)
{
    elbo_freeze_statistics(in->g, true);
    const elbo_dist p = elbo__model_generate(in, elbo_sample(prior, "prior", draws));
    elbo_freeze_statistics(in->g, false);
    return elbo_graph_status(in->g) == ELBO_OK ? elbo_dist_mean(p) : in->x;
}

/* 1 () where one of the costs is below / above a limit */
static elbo_var *any_below(elbo_var *a, elbo_var *b, elbo_var *limit)
{
    return elbo_maximum(elbo_less(a, limit), elbo_less(b, limit));
}

static elbo_var *any_above(elbo_var *a, elbo_var *b, elbo_var *limit)
{
    return elbo_maximum(elbo_less(limit, a), elbo_less(limit, b));
}

/* Who moves in a step, 1 () or 0, by what D pays for what is real and for what is made. */
static void take_turns(elbo_in *in, elbo_var *real, elbo_var *made, elbo_loss *decoder, elbo_loss *discriminator)
{
    const double equilibrium = elbo_option_number(in, "gan-equilibrium"), margin = elbo_option_number(in, "gan-margin");
    elbo_var *one = elbo_constant(in->g, 1);
    elbo_var *ahead = any_below(real, made, elbo_constant(in->g, equilibrium - margin));
    elbo_var *behind = any_above(real, made, elbo_constant(in->g, equilibrium + margin));
    elbo_var *both = elbo_mul(ahead, behind);
    discriminator->when = elbo_sub(one, elbo_sub(ahead, both));
    decoder->when = elbo_sub(one, elbo_sub(behind, both));
}

static int vae_gan(elbo_in *in, elbo_loss *out)
{
    elbo_inference inference;
    elbo_bound bound = elbo_model_bound(in, elbo_corrupted(in), &inference);
    elbo_report_bound(in, &bound);
    const elbo_dist prior = elbo__prior_of(in, &bound);
    if (elbo_graph_status(in->g) != ELBO_OK)
        return 0;
    elbo_var *remade = elbo_dist_mean(bound.p), *dreams = dreamt(in, prior, (int)elbo_size(inference.z, 1));
    const elbo__judgement real = elbo__judge_pictures(in, in->x);
    const elbo__judgement of_codes = elbo__judge_pictures(in, remade);
    const elbo__judgement of_prior = elbo__judge_pictures(in, dreams);
    bound.recon = features_apart(in, &real, &of_codes);
    if (elbo_graph_status(in->g) != ELBO_OK)
        return 0;
    elbo_var *for_real = elbo__cost_of_real(real);
    elbo_var *for_made = elbo_scale(elbo_add(elbo__cost_of_made(of_codes), elbo__cost_of_made(of_prior)), 0.5);
    elbo_var *game = elbo_add(for_real, for_made);
    const double alpha = elbo_option_number(in, "gan-alpha");
    elbo_var *features = elbo_mean_all(bound.recon), *encoder = elbo_objective(in, &bound, inference.penalty);
    elbo_var *decoder = elbo_sub(elbo_scale(features, 1 - alpha), elbo_scale(game, alpha));
    elbo_report(in, "features", features);
    elbo_report(in, "cost_of_real", for_real);
    elbo_report(in, "cost_of_made", for_made);
    out[0] = (elbo_loss){.name = "loss",
                         .value = elbo_path_gradient(&inference, encoder, elbo_constant(in->g, 1)),
                         .params = "!decoder. discriminator."};
    out[1] = (elbo_loss){.name = "decoder", .value = decoder, .params = "decoder."};
    out[2] = elbo__discriminator(in, game);
    take_turns(in, for_real, for_made, &out[1], &out[2]);
    return 3;
}

const elbo__objective elbo__objective_vae_gan = {vae_gan};
