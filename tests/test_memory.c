/* Short memory: every single allocation of building, differentiating, compiling and interpreting a model made to fail.
 * The first error must be that memory is short, nothing may crash and no block may be lost. */
#include <check.h>
#include <string.h>

#include "../autograd/ops.h"
#include "../autograd/plan.h"
#include "../tensor/walk.h"
#include "scratch.h"
#include "suites.h"

enum { B = 4, X = 6, Z = 2 };

static void half(const elbo_tensor *tensor, uint64_t seed, const char *name, const double *args)
{
    (void)seed, (void)name, (void)args;
    for (elbo__walk w = elbo__walk_start(&tensor->layout.shape); w.more; elbo__walk_next(&w))
        elbo_tensor_set(tensor, w.index, 0.5);
}

static elbo_var *layer(elbo_graph *g, const char *name, elbo_var *x, int64_t out)
{
    elbo_scope(g, name);
    elbo_var *w = elbo_param(g, "weight", ELBO_SHAPE(out, elbo_size(x, 1)), (elbo_init){half, {0, 0}});
    elbo_var *b = elbo_param(g, "bias", ELBO_SHAPE(out), (elbo_init){0});
    elbo_var *y = elbo_add(elbo_matmul(x, elbo_transpose(w)), b);
    elbo_scope_end(g);
    return y;
}

/* A step of a small model that has something of everything: draws, state, slabs, arrays, an index, a node of six
 * operands, two heads on one input, an update under a condition. */
static elbo_var *build_step(elbo_graph *g)
{
    elbo_var *x = elbo_input(g, "x", ELBO_F32, ELBO_SHAPE(B, X)),
             *index = elbo_input(g, "index", ELBO_I32, ELBO_SHAPE(B));
    elbo_var *h = elbo_tanh(layer(g, "encoder", x, Z));
    elbo_var *mean = layer(g, "mean", h, Z), *scale = elbo_exp(layer(g, "scale", h, Z));
    elbo_var *z = elbo_add(mean, elbo_mul(scale, elbo_random_normal(g, "z", ELBO_SHAPE(B, Z), -1)));
    z = elbo_concat((elbo_var *[]){z, h, z, h, z, elbo_slice(h, 1, 0, 1)}, 6, 1);
    elbo_var *table = elbo_array(g, ELBO_SHAPE(3), (double[]){1, 2, 3});
    z = elbo_add(z, elbo_unsqueeze(elbo_gather(table, elbo_argmax(z, 1)), 1));
    elbo_var *y = elbo_softmax(layer(g, "decoder", elbo_reshape(elbo_transpose(z), ELBO_SHAPE(B, -1)), X), 1);
    elbo_var *loss = elbo_mean_all(elbo_square(elbo_sub(y, elbo_gather(x, index))));
    elbo_var *params[8], *gradients[8];
    int n = elbo_graph_params(g, params);
    if (elbo_graph_status(g) != ELBO_OK)
        return loss;
    ck_assert_int_eq(n, 8);
    elbo_grad(loss, params, n, gradients);
    elbo_var *count = elbo_state(g, "count", ELBO_SCALAR, (elbo_init){0});
    elbo_assign(count, elbo_shift(count, 1));
    for (int i = 0; i < n; i++) {
        elbo_var *m = elbo_slab(params[i], "momentum");
        elbo_assign(m, elbo_add(elbo_scale(m, 0.9), gradients[i]));
        elbo_assign_if(elbo_isfinite(loss), params[i], elbo_sub(params[i], elbo_mul(elbo_scalar(g, "lr"), m)));
    }
    return loss;
}

/* The status of a call that returned NULL. */
static elbo_status failed(void)
{
    return strstr(elbo_error(), "out of memory") ? ELBO_NO_MEMORY : ELBO_INVALID;
}

static const float x_values[B * X] = {1, -1, 0.5};
static const int32_t index_values[B] = {3, 2, 1, 0};

static elbo_status run_plan(elbo_graph *g, elbo_var *loss, elbo_params *params)
{
    elbo_plan *plan = elbo_compile(g, &loss, 1);
    if (!plan)
        return failed();
    elbo_status status = elbo_plan_bind(plan, "x", elbo_tensor_of(ELBO_F32, ELBO_SHAPE(B, X), x_values));
    if (status == ELBO_OK)
        status = elbo_plan_bind(plan, "index", elbo_tensor_of(ELBO_I32, ELBO_SHAPE(B), index_values));
    if (status == ELBO_OK)
        status = elbo_plan_set(plan, "lr", 0.1);
    if (status == ELBO_OK)
        status = elbo_plan_watch(plan, true);
    if (status == ELBO_OK)
        status = elbo_plan_run(plan, params, (elbo_at){.seed = 1});
    char *text = elbo_plan_describe(plan);
    if (status == ELBO_OK && !text)
        status = failed();
    elbo_release(text);
    elbo_plan_free(plan);
    return status;
}

static elbo_status run_interpreter(elbo_graph *g, elbo_var *loss, elbo_params *params)
{
    const float lr = 0.1f;
    const elbo_feed feeds[] = {{"x", elbo_tensor_of(ELBO_F32, ELBO_SHAPE(B, X), x_values)},
                               {"index", elbo_tensor_of(ELBO_I32, ELBO_SHAPE(B), index_values)},
                               {"lr", elbo_tensor_of(ELBO_F32, ELBO_SCALAR, &lr)}};
    elbo_tensor out[2];
    elbo_status status = elbo_interpret(g, params, (elbo_at){.seed = 1}, feeds, 3, (elbo_var *[]){loss, loss}, 2, out);
    for (int i = 0; i < 2 && status == ELBO_OK; i++)
        elbo_tensor_free(&out[i]);
    return status;
}

static elbo_status work(elbo_status (*execute)(elbo_graph *, elbo_var *, elbo_params *))
{
    elbo_params *params = elbo_params_new(ELBO_F32, 1);
    if (!params)
        return failed();
    elbo_graph *g = elbo_graph_new(params, ELBO_TRAIN);
    ck_assert_ptr_nonnull(g);
    elbo_var *loss = build_step(g);
    elbo_status status = elbo_graph_status(g);
    if (status != ELBO_OK)
        ck_assert_int_eq(elbo_params_count(params), 0);
    if (status == ELBO_OK)
        status = execute(g, loss, params);
    else
        ck_assert_ptr_null(elbo_compile(g, &loss, 1));
    elbo_graph_free(g);
    elbo_params_free(params);
    return status;
}

static elbo_status plan_a_step(void)
{
    return work(run_plan);
}

static elbo_status interpret_a_step(void)
{
    return work(run_interpreter);
}

START_TEST(a_planned_step_survives_every_failing_allocation)
{
    assert_survives_failing_allocations(plan_a_step);
}
END_TEST

START_TEST(an_interpreted_step_survives_every_failing_allocation)
{
    assert_survives_failing_allocations(interpret_a_step);
}
END_TEST

/* Nodes made on a graph that could not be allocated are as harmless as those of any other failed graph. */
static elbo_status build_on_nothing(void)
{
    elbo_graph *g = elbo_graph_new(NULL, ELBO_TRAIN);
    elbo_var *x = elbo_scalar(g, "x"), *dx;
    elbo_grad(elbo_square(x), &x, 1, &dx);
    elbo_plan *plan = elbo_compile(g, &dx, 1);
    elbo_status status = plan ? ELBO_OK : failed();
    ck_assert(status == ELBO_OK || elbo_graph_status(g) == ELBO_OK || elbo_graph_status(g) == ELBO_NO_MEMORY);
    elbo_plan_free(plan);
    elbo_graph_free(g);
    return status;
}

START_TEST(a_graph_that_memory_is_short_for_reports_it_when_compiled)
{
    assert_survives_failing_allocations(build_on_nothing);
}
END_TEST

Suite *suite_memory(void)
{
    Suite *s = suite_create("memory");
    TCase *t = tcase_create("every allocation fails once");
    tcase_add_test(t, a_planned_step_survives_every_failing_allocation);
    tcase_add_test(t, an_interpreted_step_survives_every_failing_allocation);
    tcase_add_test(t, a_graph_that_memory_is_short_for_reports_it_when_compiled);
    suite_add_tcase(s, t);
    return s;
}
