/* A likelihood of one's own: the Student-t VAE (Takahashi et al. 2018, Student-t variational autoencoder for robust
 * density estimation). Location, scale and degrees of freedom of each pixel come from the decoder; the tails forgive
 * pixels that lie far off.
 *
 *     13-student-t train [OPTION...]      see 12-program.c */
#include <elbo.h>
#include <math.h>

/* The parameters of a distribution for x of the given rank: location m, log s, log v */
static void parameters(const elbo_dist *d, int ndim, elbo_var **at)
{
    for (int i = 0; i < 3; i++)
        at[i] = elbo_align(d->args[i], d->event_rank, ndim);
}

/* log G((v+1)/2) - log G(v/2) - log(pi v)/2 - log s - (v+1)/2 log(1 + ((x-m)/s)^2/v), summed over the event */
static elbo_var *log_prob(const elbo_dist *d, elbo_var *x, elbo_var *mask)
{
    elbo_var *at[3];
    parameters(d, elbo_ndim(x), at);
    elbo_var *v = elbo_exp(at[2]), *half = elbo_scale(elbo_shift(v, 1), 0.5);
    elbo_var *u = elbo_mul(elbo_sub(x, at[0]), elbo_exp(elbo_neg(at[1])));
    elbo_var *tail = elbo_mul(half, elbo_log1p(elbo_div(elbo_square(u), v)));
    elbo_var *gammas = elbo_sub(elbo_lgamma(half), elbo_lgamma(elbo_scale(v, 0.5)));
    elbo_var *norm = elbo_add(elbo_scale(elbo_shift(at[2], log(acos(-1))), 0.5), at[1]);
    return elbo_event_sum(elbo_sub(gammas, elbo_add(norm, tail)), mask, d->event_rank);
}

/* m + s sqrt(v (u^(-2/v) - 1)) cos(2 pi w), u and w uniform on (0, 1) (Bailey 1994) */
static elbo_draw draw(const elbo_dist *d, const char *name, elbo_shape shape, int draw_axis)
{
    elbo_var *at[3];
    parameters(d, shape.ndim, at);
    elbo_var *u = elbo_random_uniform(d->graph, name, shape, draw_axis);
    elbo_var *w = elbo_random_uniform(d->graph, name, shape, draw_axis);
    elbo_var *v = elbo_exp(at[2]);
    elbo_var *radius = elbo_sqrt(elbo_mul(v, elbo_expm1(elbo_scale(elbo_div(elbo_log(u), v), -2))));
    elbo_var *t = elbo_mul(radius, elbo_cos(elbo_scale(w, 2 * acos(-1))));
    return (elbo_draw){.z = elbo_add(at[0], elbo_mul(elbo_exp(at[1]), t))};
}

static elbo_var *mean(const elbo_dist *d)
{
    return d->args[0];
}

static const elbo_dist_kind student_t = {
    .name = "student-t", .reparametrised = true, .log_prob = log_prob, .draw = draw, .mean = mean};

static elbo_dist generate(elbo_in *in, elbo_var *z) /* p(x|z): s above 0.01, v between e^-6 and e^6 */
{
    elbo_var *h = elbo_net_decode(in, z);
    elbo_var *location = elbo_sigmoid(elbo_net_output(in, h, "decoder.location"));
    elbo_var *scale = elbo_net_output(in, h, "decoder.scale"), *degrees = elbo_net_output(in, h, "decoder.degrees");
    scale = elbo_shift(elbo_softplus(elbo_shift(scale, -log(0.01))), log(0.01));
    degrees = elbo_scale(elbo_tanh(elbo_scale(degrees, 1.0 / 6)), 6);
    return elbo_dist_of(&student_t, elbo_shape_of(location), location, scale, degrees);
}

static const elbo_option options[] = {ELBO_OPTION_HIDDEN("400"), ELBO_OPTION_LATENT_DIM, ELBO_OPTION_ACTIVATION,
                                      ELBO_OPTION_SPREAD,        ELBO_OPTIONS_BETA,      ELBO_OPTION_DRAWS,
                                      ELBO_OPTIONS_END};
static const elbo_model model = {.name = "student-t-vae",
                                 .summary = "VAE whose pixels have Student-t distributions",
                                 .options = options,
                                 .infer = elbo_posterior,
                                 .generate = generate};

int main(int argc, char **argv)
{
    char *listing[] = {argv[0], "models", NULL};
    return elbo_main(argc > 1 ? argc : 2, argc > 1 ? argv : listing, (const elbo_model *const[]){&model, NULL});
}
