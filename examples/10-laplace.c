/* A variant that is not in the library: a VAE whose posterior is a Laplace distribution, trained on MNIST.
 *
 *     10-laplace [EPOCHS]         1; MNIST's files are in the folder that variable MNIST names, or in data/mnist
 *
 * A distribution of one's own is a table of functions. There is no closed form of the KL against a normal prior, so the
 * bound takes it at the draws. */
#include <elbo.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* -|x - m| / b - log 2 b, summed over the event; args: m, log b */
static elbo_var *log_prob(const elbo_dist *d, elbo_var *x, elbo_var *mask)
{
    elbo_var *m = elbo_align(d->args[0], d->event_rank, elbo_ndim(x));
    elbo_var *log_b = elbo_align(d->args[1], d->event_rank, elbo_ndim(x));
    elbo_var *scaled = elbo_mul(elbo_abs(elbo_sub(x, m)), elbo_exp(elbo_neg(log_b)));
    return elbo_event_sum(elbo_shift(elbo_neg(elbo_add(scaled, log_b)), -log(2)), mask, d->event_rank);
}

/* x = m - b sign(v) log(1 - 2 |v|), v = u - 1/2 uniform on (-1/2, 1/2): the inverse of the distribution function */
static elbo_draw draw(const elbo_dist *d, const char *name, elbo_shape shape, int draw_axis)
{
    elbo_var *m = elbo_align(d->args[0], d->event_rank, shape.ndim);
    elbo_var *log_b = elbo_align(d->args[1], d->event_rank, shape.ndim);
    elbo_var *v = elbo_shift(elbo_random_uniform(d->graph, name, shape, draw_axis), -0.5);
    elbo_var *size = elbo_neg(elbo_log1p(elbo_scale(elbo_abs(v), -2)));
    size = elbo_minimum(size, elbo_constant(d->graph, 30)); /* v may be rounded to an end */
    return (elbo_draw){.z = elbo_add(m, elbo_mul(elbo_exp(log_b), elbo_mul(elbo_sign(v), size)))};
}

static elbo_var *mean(const elbo_dist *d)
{
    return d->args[0];
}

static const elbo_dist_kind laplace = {
    .name = "laplace", .reparametrised = true, .log_prob = log_prob, .draw = draw, .mean = mean};

static elbo_inference infer(elbo_in *in) /* q(z|x), and draws from it */
{
    elbo_var *h = elbo_net_encode(in);
    elbo_var *m = elbo_linear(h, "encoder.mean", elbo_option_integer(in, "latent-dim"));
    elbo_var *log_b = elbo_linear(h, "encoder.log_scale", elbo_option_integer(in, "latent-dim"));
    return elbo_infer_from(in, elbo_dist_of(&laplace, elbo_shape_of(m), m, log_b));
}

static elbo_dist generate(elbo_in *in, elbo_var *z) /* p(x|z) */
{
    return elbo_likelihood(in, elbo_net_decode(in, z));
}

static const elbo_option options[] = {ELBO_MODEL_OPTIONS, ELBO_OPTIONS_END};
static const elbo_model laplace_vae = {.name = "laplace-vae",
                                       .summary = "variational autoencoder with a Laplace posterior",
                                       .options = options,
                                       .infer = infer,
                                       .generate = generate};

int main(int argc, char **argv)
{
    const char *folder = getenv("MNIST") ? getenv("MNIST") : "data/mnist";
    const elbo_training how = {.epochs = argc > 1 ? atoi(argv[1]) : 1};
    elbo_images train = {0}, test = {0};
    elbo_epoch last;
    elbo_run *run = NULL;
    const int failed = elbo_images_load(folder, "train", 0, &train) != ELBO_OK ||
                       elbo_images_load(folder, "t10k", 0, &test) != ELBO_OK ||
                       !(run = elbo_run_for(&laplace_vae, NULL, &train, 1)) ||
                       elbo_train(run, &train, &test, &how, &last) != ELBO_OK;
    if (failed)
        fprintf(stderr, "%s\n", elbo_error());
    else
        printf("test ELBO %.1f = -(%.1f + %.1f) nats\n", elbo_figures_get(&last.test, "elbo"),
               elbo_figures_get(&last.test, "recon"), elbo_figures_get(&last.test, "kl"));
    elbo_run_free(run);
    elbo_images_free(&train);
    elbo_images_free(&test);
    return failed;
}
