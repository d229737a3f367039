/* A variational autoencoder from its parts, with a loop of one's own: encoder, draw, decoder, the negative ELBO. */
#include <elbo.h>
#include <stdio.h>

enum { N = 32, D = 16 };

/* x (N, 16) -> the negative ELBO in nats, averaged over the images */
static elbo_var *negative_elbo(elbo_var *x)
{
    elbo_var *h = elbo_relu(elbo_linear(x, "encoder.hidden", 32));                                     /* (N, 32) */
    elbo_dist q = elbo_normal(elbo_linear(h, "encoder.mean", 3), elbo_linear(h, "encoder.logvar", 3)); /* q(z|x)  */
    elbo_draw draw = elbo_rsample(q, "z", 0);                                                          /* z (N, 3) */
    h = elbo_relu(elbo_linear(draw.z, "decoder.hidden", 32));
    elbo_dist p = elbo_bernoulli(elbo_linear(h, "decoder.logits", D)); /* p(x|z)  */
    elbo_dist prior = elbo_standard_normal(elbo_graph_of(x), q.shape);
    return elbo_mean_all(elbo_sub(elbo_kl(q, prior, NULL), elbo_log_prob(p, x, NULL)));
}

int main(void)
{
    float images[N * D]; /* 4 by 4: one column lit, or one row */
    for (int i = 0; i < N * D; i++)
        images[i] = (i / D % 8 < 4 ? i % 4 : i % D / 4) == i / D % 4;

    elbo_params *params = elbo_params_new(ELBO_F32, 1);
    elbo_graph *g = elbo_graph_new(params, ELBO_TRAIN);
    elbo_var *loss = negative_elbo(elbo_input(g, "x", ELBO_F32, ELBO_SHAPE(N, D)));
    elbo_minimise(loss, NULL, 0, &(elbo_optim){.name = "adam"});
    elbo_plan *plan = elbo_compile(g, &loss, 1);
    elbo_graph_free(g);

    int failed = !plan || elbo_plan_bind(plan, "x", elbo_tensor_of(ELBO_F32, ELBO_SHAPE(N, D), images)) != ELBO_OK ||
                 elbo_plan_set(plan, "lr", 5e-3) != ELBO_OK;
    double last = 0;
    for (int step = 1; step <= 600 && !failed; step++) {
        failed = elbo_plan_set(plan, "step", step) != ELBO_OK ||
                 elbo_plan_run(plan, params, (elbo_at){.seed = 1, .step = (uint64_t)step}) != ELBO_OK;
        const elbo_tensor value = elbo_plan_output(plan, 0);
        last = elbo_tensor_get(&value, NULL);
        if (step % 100 == 0)
            printf("step %d: ELBO %.2f nats per image\n", step, -last);
    }
    if (failed)
        fprintf(stderr, "%s\n", elbo_error());
    elbo_plan_free(plan);
    elbo_params_free(params);
    return !failed && last < 8 ? 0 : 1; /* what knows the pixels' means alone: 16 H(1/4) = 9.0 */
}
