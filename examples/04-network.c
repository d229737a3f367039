/* Layers name their weights, an optimiser moves them: a network learns the exclusive or of two numbers. */
#include <elbo.h>
#include <stdio.h>

int main(void)
{
    static const float inputs[4 * 2] = {0, 0, 0, 1, 1, 0, 1, 1}, targets[4] = {0, 1, 1, 0};

    elbo_params *params = elbo_params_new(ELBO_F32, 1);
    elbo_graph *g = elbo_graph_new(params, ELBO_TRAIN);
    elbo_var *x = elbo_input(g, "x", ELBO_F32, ELBO_SHAPE(4, 2)), *y = elbo_input(g, "y", ELBO_F32, ELBO_SHAPE(4, 1));
    elbo_var *h = elbo_tanh(elbo_linear(x, "hidden", 8));      /* hidden.weight (8, 2), hidden.bias (8) */
    elbo_dist p = elbo_bernoulli(elbo_linear(h, "logits", 1)); /* p(y|x) */
    elbo_var *loss = elbo_neg(elbo_mean_all(elbo_log_prob(p, y, NULL)));
    elbo_minimise(loss, NULL, 0, &(elbo_optim){.name = "adam"}); /* NULL, 0: all parameters */
    elbo_plan *plan = elbo_compile(g, (elbo_var *[]){loss, elbo_dist_mean(p)}, 2);
    elbo_graph_free(g);

    int failed = !plan || elbo_plan_bind(plan, "x", elbo_tensor_of(ELBO_F32, ELBO_SHAPE(4, 2), inputs)) != ELBO_OK ||
                 elbo_plan_bind(plan, "y", elbo_tensor_of(ELBO_F32, ELBO_SHAPE(4, 1), targets)) != ELBO_OK ||
                 elbo_plan_set(plan, "lr", 0.05) != ELBO_OK;
    for (int step = 1; step <= 300 && !failed; step++)
        failed = elbo_plan_set(plan, "step", step) != ELBO_OK || elbo_plan_run(plan, params, (elbo_at){0}) != ELBO_OK;
    if (failed) {
        fprintf(stderr, "%s\n", elbo_error());
        return 1;
    }
    int wrong = 0;
    const elbo_tensor mean = elbo_plan_output(plan, 1);
    for (int i = 0; i < 4; i++) {
        const double one = elbo_tensor_get(&mean, (int64_t[]){i, 0});
        printf("%g xor %g = %g: p = %.3f\n", inputs[2 * i], inputs[2 * i + 1], targets[i], one);
        wrong += (one > 0.5) != (targets[i] > 0.5f);
    }
    elbo_plan_free(plan);
    elbo_params_free(params);
    return wrong;
}
