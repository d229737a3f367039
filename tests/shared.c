/* A user's program: elbo.h and the library as it is exported or installed, nothing else. */
#include <elbo.h>

#include <stdio.h>
#include <string.h>

static int failures;

static void check(int holds, const char *what)
{
    if (!holds) {
        printf("not so: %s (last error: \"%s\")\n", what, elbo_error());
        failures++;
    }
}

static void headers_and_library_are_of_one_version(void)
{
    check(strcmp(elbo_version(), ELBO_VERSION) == 0, "elbo_version() is ELBO_VERSION");
}

/* x (3)  ->  d sum(x^2) / dx = 2 x */
static void a_gradient_is_compiled_and_run(void)
{
    elbo_graph *g = elbo_graph_new(NULL, ELBO_EVALUATE);
    elbo_var *x = elbo_input(g, "x", ELBO_F32, ELBO_SHAPE(3));
    elbo_var *dx;
    elbo_grad(elbo_sum_all(elbo_square(x)), &x, 1, &dx);
    elbo_plan *plan = elbo_compile(g, &dx, 1);
    check(plan != NULL, "the graph compiles");
    if (plan) {
        const float data[3] = {1, -2, 0.5f};
        check(elbo_plan_bind(plan, "x", elbo_tensor_of(ELBO_F32, ELBO_SHAPE(3), data)) == ELBO_OK, "x is bound");
        check(elbo_plan_run(plan, NULL, (elbo_at){.seed = 1}) == ELBO_OK, "the plan runs");
        elbo_tensor out = elbo_plan_output(plan, 0);
        for (int64_t i = 0; i < 3; i++)
            check(elbo_tensor_get(&out, &i) == 2 * data[i], "the derivative of x^2 is 2 x");
    }
    elbo_plan_free(plan);
    elbo_graph_free(g);
}

static void a_failure_leaves_a_message(void)
{
    elbo_shape impossible = ELBO_SHAPE(2, -1);
    check(elbo_shape_check(&impossible) == ELBO_INVALID, "a negative size is refused");
    check(elbo_error()[0] != '\0', "elbo_error() says why");
}

int main(void)
{
    headers_and_library_are_of_one_version();
    a_gradient_is_compiled_and_run();
    a_failure_leaves_a_message();
    return failures != 0;
}
