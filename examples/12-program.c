/* A program of one's own: all that `elbo` does, for a model that is declared here. This one is a VAE whose prior is
 * wider than the usual: p(z) = N(0, c I) with an option for c.
 *
 *     12-program train [OPTION...]      trains on data/mnist or what --data names, writes runs/wide-DATE-TIME
 *     12-program sample RUN             and so on: --help lists the commands, train --help the options
 *
 * Without arguments it lists its models: there is one. */
#include <elbo.h>

static elbo_inference infer(elbo_in *in) /* q(z|x), and draws from it */
{
    return elbo_infer_net(in, elbo_net_encode(in));
}

static elbo_dist prior(elbo_in *in) /* p(z): (B, Z) */
{
    const elbo_shape shape = ELBO_SHAPE(elbo_size(in->x, 0), elbo_option_integer(in, "latent-dim"));
    return elbo_normal_fixed(elbo_expand(elbo_constant(in->g, 0), shape), elbo_option_number(in, "prior-variance"));
}

static elbo_dist generate(elbo_in *in, elbo_var *z) /* p(x|z) */
{
    return elbo_likelihood(in, elbo_net_decode(in, z));
}

static const elbo_option options[] = {
    ELBO_MODEL_OPTIONS,
    {.name = "prior-variance",
     .type = ELBO_NUMBER,
     .default_value = "4",
     .least = 1e-3,
     .greatest = 1e3,
     .metavar = "C",
     .help = "of each dimension of z"},
    ELBO_OPTIONS_END,
};
static const elbo_model wide = {.name = "wide",
                                .summary = "a VAE with a wide prior",
                                .options = options,
                                .infer = infer,
                                .prior = prior,
                                .generate = generate};

int main(int argc, char **argv)
{
    char *listing[] = {argv[0], "models", NULL};
    return elbo_main(argc > 1 ? argc : 2, argc > 1 ? argv : listing, (const elbo_model *const[]){&wide, NULL});
}
