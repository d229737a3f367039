/* Two players: an adversary guesses the label from z, and the encoder, whose decoder is told the label, learns codes
 * that do not give it away (Edwards and Storkey 2016, arXiv:1511.05897; Louizos et al. 2016, arXiv:1511.00830, who
 * compare the codes of the labels instead).
 *
 *     14-fair train [OPTION...]      see 12-program.c; figure accuracy is the adversary's
 *
 * The two take turns: the adversary moves in each step, encoder and decoder in every second one. That it guesses badly
 * does not mean that nobody can: another one, trained on the codes afterwards, finds more. */
#include <elbo.h>

/* -log p(y|z) of the adversary (): z (B, K, Z) */
static elbo_var *guess(elbo_in *in, elbo_var *z)
{
    elbo_var *y = elbo_unsqueeze(in->y, 1); /* (B, 1, C) */
    elbo_var *h = elbo_relu(elbo_linear(z, "adversary.hidden", 256));
    elbo_var *logits = elbo_linear(h, "adversary.logits", elbo_size(y, -1));
    elbo_var *hit = elbo_equal(elbo_cast(elbo_argmax(logits, -1)), elbo_cast(elbo_argmax(y, -1)));
    elbo_report(in, "accuracy", elbo_mean_all(hit));
    return elbo_neg(elbo_mean_all(elbo_sum_axis(elbo_mul(y, elbo_log_softmax(logits, -1)), -1)));
}

static int losses(elbo_in *in, elbo_loss *out)
{
    elbo_inference i;
    const elbo_bound b = elbo_model_bound(in, in->x, &i);
    elbo_report_bound(in, &b);
    elbo_var *cost = guess(in, i.z);
    elbo_var *value = elbo_sub(elbo_objective(in, &b, i.penalty), elbo_scale(cost, elbo_option_number(in, "fairness")));
    out[0] = (elbo_loss){.value = value, .params = "encoder. decoder.", .every = 2, .phase = 1};
    out[1] = (elbo_loss){.name = "adversary", .value = cost, .params = "adversary."};
    return 2;
}

static const elbo_option options[] = {
    ELBO_MODEL_OPTIONS,
    {.name = "fairness",
     .type = ELBO_NUMBER,
     .default_value = "10",
     .least = 0,
     .greatest = 1e6,
     .metavar = "X",
     .help = "weight of what the adversary's guess costs it"},
    ELBO_OPTIONS_END,
};
static const elbo_model model = {.name = "fair-vae",
                                 .summary = "VAE whose codes do not give the label away",
                                 .options = options,
                                 .flags = ELBO_NEEDS_LABELS,
                                 .infer = elbo_posterior,
                                 .generate = elbo_generate,
                                 .losses = losses};

int main(int argc, char **argv)
{
    char *listing[] = {argv[0], "models", NULL};
    return elbo_main(argc > 1 ? argc : 2, argc > 1 ? argv : listing, (const elbo_model *const[]){&model, NULL});
}
