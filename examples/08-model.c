/* A model of one's own, declared as those of the library are: it trains, saves and loads in the same way. This one has
 * tanh layers, and asks for half a unit more KL where there is less, so that no dimension of z falls asleep. */
#include <elbo.h>
#include <stdio.h>

enum { N = 64, D = 16 };
#define FILE_NAME "08-model.safetensors"

static elbo_inference infer(elbo_in *in) /* q(z|x), and draws from it */
{
    elbo_var *h = elbo_tanh(elbo_linear(in->x, "encoder.hidden", elbo_option_integer(in, "width")));
    elbo_inference i = elbo_infer_normal(in, elbo_linear(h, "encoder.mean", 2), elbo_linear(h, "encoder.logvar", 2));
    elbo_var *kl = elbo_kl_dims(i.q, elbo_standard_normal(in->g, i.q.shape));         /* (B, 2) */
    i.penalty = elbo_sum_axis(elbo_relu(elbo_sub(elbo_constant(in->g, 0.5), kl)), 1); /* (B)    */
    return i;
}

static elbo_dist prior(elbo_in *in) /* p(z) */
{
    return elbo_standard_normal(in->g, ELBO_SHAPE(elbo_size(in->x, 0), 2));
}

static elbo_dist generate(elbo_in *in, elbo_var *z) /* p(x|z) */
{
    elbo_var *h = elbo_tanh(elbo_linear(z, "decoder.hidden", elbo_option_integer(in, "width")));
    return elbo_bernoulli(elbo_linear(h, "decoder.logits", elbo_size(in->x, -1)));
}

static const elbo_option options[] = {
    {.name = "width",
     .type = ELBO_INTEGER,
     .default_value = "32",
     .least = 1,
     .greatest = 4096,
     .metavar = "N",
     .help = "units of the hidden layers"},
    ELBO_OPTIONS_END,
};
static const elbo_model awake = {.name = "awake",
                                 .summary = "a VAE whose latent dimensions are all in use",
                                 .options = options,
                                 .infer = infer,
                                 .prior = prior,
                                 .generate = generate};

int main(void)
{
    float x[N * D], picture[D]; /* 4 by 4: one column lit, or one row */
    for (int i = 0; i < N * D; i++)
        x[i] = (i / D % 8 < 4 ? i % 4 : i % D / 4) == i / D % 4;
    const elbo_tensor pixels = elbo_tensor_of(ELBO_F32, ELBO_SHAPE(N, 4, 4), x);
    elbo_images images;
    elbo_epoch last = {0};
    elbo_run *run = NULL, *again = NULL;
    const elbo_training how = {.epochs = 100, .batch_size = 16, .lr = 5e-3};
    const int failed = elbo_images_of(&pixels, NULL, 0, &images) != ELBO_OK ||
                       !(run = elbo_run_for(&awake, NULL, &images, 1)) ||
                       elbo_train(run, &images, &images, &how, &last) != ELBO_OK ||
                       elbo_run_save(run, FILE_NAME) != ELBO_OK ||
                       !(again = elbo_run_load(FILE_NAME, (const elbo_model *[]){&awake, NULL})) ||
                       elbo_run_sample(again, NULL, 1, 1, picture) != ELBO_OK;
    if (failed)
        fprintf(stderr, "%s\n", elbo_error());
    else
        printf("test ELBO %.2f = -(%.2f + %.2f) nats per image\n", elbo_figures_get(&last.test, "elbo"),
               elbo_figures_get(&last.test, "recon"), elbo_figures_get(&last.test, "kl"));
    elbo_run_free(run);
    elbo_run_free(again);
    remove(FILE_NAME);
    return failed;
}
