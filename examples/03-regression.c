/* Parameters and a training step: y = w x + b fitted to points by gradient descent, the update part of the graph. */
#include <elbo.h>
#include <math.h>
#include <stdio.h>

enum { N = 20 };

int main(void)
{
    float xs[N], ys[N];
    for (int i = 0; i < N; i++) {
        xs[i] = (float)i / N;
        ys[i] = 3 * xs[i] - 1; /* what is to be found */
    }

    elbo_params *params = elbo_params_new(ELBO_F32, 1); /* 1: the seed of the initial values */
    elbo_graph *g = elbo_graph_new(params, ELBO_TRAIN);
    elbo_var *x = elbo_input(g, "x", ELBO_F32, ELBO_SHAPE(N)), *y = elbo_input(g, "y", ELBO_F32, ELBO_SHAPE(N));
    elbo_var *wb[2] = {elbo_param(g, "w", ELBO_SCALAR, elbo_init_zeros()),
                       elbo_param(g, "b", ELBO_SCALAR, elbo_init_zeros())};
    elbo_var *loss = elbo_mean_all(elbo_square(elbo_sub(elbo_add(elbo_mul(wb[0], x), wb[1]), y)));
    elbo_var *gradients[2];
    elbo_grad(loss, wb, 2, gradients);
    for (int i = 0; i < 2; i++) /* w := w - lr dloss/dw; lr is given at each run */
        elbo_assign(wb[i], elbo_sub(wb[i], elbo_mul(elbo_scalar(g, "lr"), gradients[i])));
    elbo_plan *plan = elbo_compile(g, &loss, 1);
    elbo_graph_free(g);

    const elbo_shape shape = ELBO_SHAPE(N);
    int failed = !plan || elbo_plan_bind(plan, "x", elbo_tensor_of(ELBO_F32, shape, xs)) != ELBO_OK ||
                 elbo_plan_bind(plan, "y", elbo_tensor_of(ELBO_F32, shape, ys)) != ELBO_OK ||
                 elbo_plan_set(plan, "lr", 0.5) != ELBO_OK;
    for (int step = 0; step < 200 && !failed; step++)
        failed = elbo_plan_run(plan, params, (elbo_at){.step = (uint64_t)step}) != ELBO_OK;
    if (failed) {
        fprintf(stderr, "%s\n", elbo_error());
        return 1;
    }
    const elbo_tensor w = elbo_params_tensor(params, elbo_params_find(params, "w"));
    const elbo_tensor b = elbo_params_tensor(params, elbo_params_find(params, "b"));
    const double slope = elbo_tensor_get(&w, NULL), height = elbo_tensor_get(&b, NULL);
    printf("y = %.3f x %+.3f\n", slope, height);
    elbo_plan_free(plan);
    elbo_params_free(params);
    return fabs(slope - 3) < 1e-2 && fabs(height + 1) < 1e-2 ? 0 : 1;
}
