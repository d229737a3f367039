/* A graph of operations, its gradient (more nodes of the same graph), and a plan that runs both. */
#include <elbo.h>
#include <math.h>
#include <stdio.h>

int main(void)
{
    /* y = sum sin(x)^2, so dy/dx = 2 sin(x) cos(x) = sin(2x) */
    elbo_graph *g = elbo_graph_new(NULL, ELBO_EVALUATE);
    elbo_var *x = elbo_input(g, "x", ELBO_F32, ELBO_SHAPE(3));
    elbo_var *y = elbo_sum_all(elbo_square(elbo_sin(x)));
    elbo_var *dx;
    elbo_grad(y, &x, 1, &dx);

    elbo_plan *plan = elbo_compile(g, (elbo_var *[]){y, dx}, 2); /* NULL: elbo_error() says what was wrong, and where */
    elbo_graph_free(g);

    const float at[3] = {0.1f, 0.5f, 2};
    if (!plan || elbo_plan_bind(plan, "x", elbo_tensor_of(ELBO_F32, ELBO_SHAPE(3), at)) != ELBO_OK ||
        elbo_plan_run(plan, NULL, (elbo_at){0}) != ELBO_OK) {
        fprintf(stderr, "%s\n", elbo_error());
        return 1;
    }
    int wrong = 0;
    const elbo_tensor value = elbo_plan_output(plan, 0), gradient = elbo_plan_output(plan, 1);
    printf("y = %.4f\n", elbo_tensor_get(&value, NULL));
    for (int64_t i = 0; i < 3; i++) {
        const double found = elbo_tensor_get(&gradient, &i);
        printf("dy/dx at %.1f: %.4f, sin 2x: %.4f\n", at[i], found, sin(2 * at[i]));
        wrong += fabs(found - sin(2 * at[i])) > 1e-5;
    }
    elbo_plan_free(plan);
    return wrong;
}
