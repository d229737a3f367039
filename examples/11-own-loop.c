/* A training loop of one's own over a declared model: the same graph, batches and random numbers as elbo_train's, and
 * between two steps whatever one likes. Here the weight of the KL rises and the learning rate falls at every step. */
#include <elbo.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { N = 64, D = 16, B = 16, EPOCHS = 100, SEED = 1 };

static elbo_inference infer(elbo_in *in) /* q(z|x), and draws from it */
{
    elbo_var *h = elbo_tanh(elbo_linear(in->x, "encoder.hidden", 32));
    return elbo_infer_normal(in, elbo_linear(h, "encoder.mean", 2), elbo_linear(h, "encoder.logvar", 2));
}

static elbo_dist prior(elbo_in *in) /* p(z) */
{
    return elbo_standard_normal(in->g, ELBO_SHAPE(elbo_size(in->x, 0), 2));
}

static elbo_dist generate(elbo_in *in, elbo_var *z) /* p(x|z) */
{
    elbo_var *h = elbo_tanh(elbo_linear(z, "decoder.hidden", 32));
    return elbo_bernoulli(elbo_linear(h, "decoder.logits", elbo_size(in->x, -1)));
}

static const elbo_model mine = {
    .name = "mine", .summary = "a small VAE", .infer = infer, .prior = prior, .generate = generate};

/* One step: losses, gradients and their update. Its outputs are the metrics; *loss says which of them is the loss. */
static elbo_plan *step_of(elbo_run *run, int *loss)
{
    elbo_graph *g = elbo_graph_new(elbo_run_params(run), ELBO_TRAIN);
    elbo_var *images = elbo_input(g, "images", ELBO_F32, ELBO_SHAPE(N, D));
    elbo_in in = {.g = g, .model = elbo_run_model(run), .image = elbo_run_image(run), .draws = 1};
    in.x = elbo_gather(images, elbo_input(g, "rows", ELBO_I32, ELBO_SHAPE(B))); /* (B, D) */
    elbo_model_train(&in, &(elbo_optim){.clip_norm = 10});
    elbo_var *outputs[ELBO_MAX_METRICS];
    for (int i = 0; i < in.n_metrics; i++) {
        outputs[i] = in.metrics[i].value;
        if (strcmp(in.metrics[i].name, "loss") == 0)
            *loss = i;
    }
    elbo_plan *plan = elbo_compile(g, outputs, in.n_metrics);
    elbo_graph_free(g);
    return plan;
}

static elbo_status train(elbo_run *run, elbo_plan *plan, const float *x, int loss)
{
    int32_t rows[N];
    elbo_status status = elbo_plan_bind(plan, "images", elbo_tensor_of(ELBO_F32, ELBO_SHAPE(N, D), x));
    for (int64_t epoch = 1, step = 0; epoch <= EPOCHS && status == ELBO_OK; epoch++) {
        double sum = 0;
        elbo_shuffled_rows(N, SEED, epoch, rows);
        for (int64_t first = 0; first < N && status == ELBO_OK; first += B) {
            const elbo_at at = {.seed = SEED, .step = (uint64_t)++step, .first_row = (uint64_t)first};
            status = elbo_plan_bind(plan, "rows", elbo_tensor_of(ELBO_I32, ELBO_SHAPE(B), rows + first));
            if (status == ELBO_OK)
                status = elbo_plan_set(plan, "lr", 1e-2 * exp(-(double)step / 200));
            if (status == ELBO_OK)
                status = elbo_plan_set(plan, "beta", fmin(1, (double)step / 100));
            if (status == ELBO_OK)
                status = elbo_plan_set(plan, "step", (double)step); /* Adam's correction counts them from 1 */
            if (status == ELBO_OK)
                status = elbo_plan_run(plan, elbo_run_params(run), at);
            const elbo_tensor value = elbo_plan_output(plan, loss);
            sum += status == ELBO_OK ? elbo_tensor_get(&value, (int64_t[]){0}) : 0;
        }
        if (epoch % 25 == 0)
            printf("epoch %d: loss %.2f nats\n", (int)epoch, sum / (N / B));
    }
    return status;
}

int main(void)
{
    float x[N * D], picture[D], log_prob[N]; /* 4 by 4: one column lit, or one row */
    for (int i = 0; i < N * D; i++)
        x[i] = (i / D % 8 < 4 ? i % 4 : i % D / 4) == i / D % 4;
    int loss = 0;
    elbo_run *run = elbo_run_new(&mine, NULL, ELBO_SHAPE(4, 4), 0, SEED);
    elbo_plan *plan = run ? step_of(run, &loss) : NULL;
    const int failed = !plan || train(run, plan, x, loss) != ELBO_OK ||
                       elbo_run_log_prob(run, x, NULL, N, 100, 1, log_prob) != ELBO_OK || /* all that runs can do */
                       elbo_run_sample(run, NULL, 1, 1, picture) != ELBO_OK;
    if (failed)
        fprintf(stderr, "%s\n", elbo_error());
    else
        printf("image 0: log p(x) = %.2f nats\n", log_prob[0]);
    elbo_plan_free(plan);
    elbo_run_free(run);
    return failed;
}
