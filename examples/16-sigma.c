/* State that is no weight: the sigma-VAE (Rybkin, Daniilidis and Levine 2021, arXiv:2006.13202). All pixels have one
 * variance s, in training the one that is best for the batch, mean (x - mu)^2, of which the loss is known:
 *
 *     D/2 (log(2 pi s) + 1) + KL
 *
 * Elsewhere log s is a moving average, kept in state decoder.logvar.
 *
 *     16-sigma train [OPTION...]      see 12-program.c */
#include <elbo.h>
#include <math.h>

static elbo_var *average(elbo_in *in) /* of log s: () */
{
    return elbo_state(in->g, "decoder.logvar", ELBO_SCALAR, elbo_init_zeros());
}

static elbo_dist generate(elbo_in *in, elbo_var *z) /* p(x|z) */
{
    elbo_var *mean = elbo_sigmoid(elbo_net_output(in, elbo_net_decode(in, z), "decoder.mean"));
    return elbo_normal(mean, elbo_expand(average(in), elbo_shape_of(mean)));
}

/* Figures recon and elbo are those of the moving average, as it was before the batch. */
static int losses(elbo_in *in, elbo_loss *out)
{
    elbo_inference i;
    elbo_bound b = elbo_model_bound(in, in->x, &i);
    elbo_report_bound(in, &b);
    const double pixels = (double)elbo_size(in->x, 1);
    elbo_var *log_s = elbo_log(elbo_scale(elbo_mean_all(b.squared_error), 1 / pixels));
    elbo_report(in, "sigma", elbo_exp(elbo_scale(log_s, 0.5)));
    elbo_var *cost = elbo_scale(elbo_shift(log_s, log(2 * acos(-1)) + 1), pixels / 2);
    b.recon = elbo_expand(cost, elbo_shape_of(b.recon));
    out[0] = (elbo_loss){.value = elbo_objective(in, &b, i.penalty)};
    if (elbo_graph_mode(in->g) == ELBO_TRAIN)
        elbo_assign(average(in), elbo_lerp(average(in), log_s, elbo_constant(in->g, 0.1)));
    return 1;
}

static const elbo_option options[] = {ELBO_OPTION_HIDDEN("400"), ELBO_OPTION_LATENT_DIM, ELBO_OPTION_ACTIVATION,
                                      ELBO_OPTION_SPREAD,        ELBO_OPTIONS_BETA,      ELBO_OPTION_DRAWS,
                                      ELBO_OPTIONS_NET,          ELBO_OPTIONS_END};
static const elbo_model model = {.name = "sigma-vae",
                                 .summary = "VAE with the best variance of its pixels",
                                 .options = options,
                                 .infer = elbo_posterior,
                                 .generate = generate,
                                 .losses = losses};

int main(int argc, char **argv)
{
    char *listing[] = {argv[0], "models", NULL};
    return elbo_main(argc > 1 ? argc : 2, argc > 1 ? argv : listing, (const elbo_model *const[]){&model, NULL});
}
