/* A prior of one's own: autoregressive flows carry z to a standard normal u, so that the prior learns what the codes
 * are like (Chen et al. 2017, Variational lossy autoencoder, arXiv:1611.02731; Papamakarios, Pavlakou and Murray 2017,
 * arXiv:1705.07057). A step is u = (z - m) e^-a, m and a of an entry being made of the entries before it.
 *
 *     17-flow-prior train [OPTION...]      see 12-program.c */
#include <elbo.h>

enum { STEPS = 2 };

/* m and a of one step: z (..., Z) -> both (..., Z), |a| < 2 */
static elbo_var *step(elbo_var *z, int i, elbo_var **a)
{
    const int64_t dims = elbo_size(z, -1), sizes[] = {128, 128};
    const elbo_made_shape shape = {sizes, 2, "relu", 2, i % 2 == 1};
    elbo_var *h = elbo_made(z, NULL, elbo_numbered("prior.flow", i + 1).text, shape);
    *a = elbo_scale(elbo_tanh(elbo_slice(h, -1, dims, dims)), 2);
    return elbo_slice(h, -1, 0, dims);
}

/* log N(u; 0, I) - sum a */
static elbo_var *log_prob(const elbo_dist *d, elbo_var *z, elbo_var *mask)
{
    elbo_var *a, *sum = NULL;
    for (int i = 0; i < STEPS; i++) {
        elbo_var *m = step(z, i, &a);
        z = elbo_mul(elbo_sub(z, m), elbo_exp(elbo_neg(a)));
        sum = sum ? elbo_add(sum, a) : a;
    }
    elbo_var *log_u = elbo_log_prob(elbo_standard_normal(d->graph, d->shape), z, mask);
    return elbo_sub(log_u, elbo_event_sum(sum, mask, d->event_rank));
}

/* The steps backwards: after k times z = m + u e^a, k entries of z are right. */
static elbo_draw draw(const elbo_dist *d, const char *name, elbo_shape shape, int draw_axis)
{
    elbo_var *a, *z = elbo_random_normal(d->graph, name, shape, draw_axis);
    for (int i = STEPS - 1; i >= 0; i--) {
        elbo_var *u = z;
        for (int64_t k = 0; k < elbo_size(u, -1); k++) {
            elbo_var *m = step(z, i, &a);
            z = elbo_add(m, elbo_mul(u, elbo_exp(a)));
        }
    }
    return (elbo_draw){.z = z};
}

static const elbo_dist_kind kind = {.name = "flows", .reparametrised = true, .log_prob = log_prob, .draw = draw};

static elbo_dist prior(elbo_in *in) /* p(z): (B, Z) */
{
    const elbo_shape shape = ELBO_SHAPE(elbo_size(in->x, 0), elbo_option_integer(in, "latent-dim"));
    return elbo_dist_of(&kind, shape, elbo_constant(in->g, 0));
}

static const elbo_option options[] = {ELBO_MODEL_OPTIONS, ELBO_OPTIONS_NET, ELBO_OPTIONS_END};
static const elbo_model model = {.name = "flow-prior-vae",
                                 .summary = "VAE whose prior is an autoregressive flow",
                                 .options = options,
                                 .infer = elbo_posterior,
                                 .prior = prior,
                                 .generate = elbo_generate};

int main(int argc, char **argv)
{
    char *listing[] = {argv[0], "models", NULL};
    return elbo_main(argc > 1 ? argc : 2, argc > 1 ? argv : listing, (const elbo_model *const[]){&model, NULL});
}
