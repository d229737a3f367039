/* Small graphs that the planner once got wrong, cut into blocks of one unit: plan and interpreter must agree to the
 * bit. */
#include <check.h>
#include <math.h>
#include <string.h>

#include "fuzz_graph.h"
#include "suites.h"

enum { STEPS = 2, MOST_OUTPUTS = 3 };

static void fill(const elbo_tensor *t, uint64_t seed, const char *name, const double *args)
{
    (void)seed, (void)args;
    double next = (double)strlen(name);
    for (elbo__walk w = elbo__walk_start(&t->layout.shape); w.more; elbo__walk_next(&w))
        elbo_tensor_set(t, w.index, next++);
}

static elbo_var *input(elbo_graph *g, const char *name)
{
    return elbo_input(g, name, ELBO_F32, ELBO_SHAPE(6, 4));
}

static elbo_var *state(elbo_graph *g, const char *name, elbo_shape shape)
{
    return elbo_state(g, name, shape, (elbo_init){fill, {0}});
}

/* ---- the graphs: each returns how many outputs it has ------------------------------------------------------------ */

static int pads_and_joins_along_the_only_axis(elbo_graph *g, elbo_var **out)
{
    elbo_var *x = elbo_reshape(elbo_neg(input(g, "a")), ELBO_SHAPE(24));
    out[0] = elbo_pad(x, 0, 1, 2);
    out[1] = elbo_concat((elbo_var *[]){x, x, out[0]}, 3, 0);
    out[2] = elbo_scatter_add(x, elbo_argmax(elbo_one_hot(x, 24), 1), 5);
    return 3;
}

static int reshapes_that_copy(elbo_graph *g, elbo_var **out)
{
    out[0] = elbo_reshape(elbo_transpose(input(g, "a")), ELBO_SHAPE(3, 8));
    out[1] = elbo_reshape(state(g, "s", ELBO_SHAPE(6, 4)), ELBO_SHAPE(4, 6));
    return 2;
}

static int state_times_one_before_an_assignment(elbo_graph *g, elbo_var **out)
{
    elbo_var *s = state(g, "s", ELBO_SHAPE(6, 4));
    out[0] = elbo_mul(s, elbo_constant(g, 1));
    elbo_assign(s, input(g, "a"));
    out[1] = elbo_add(out[0], s);
    return 2;
}

/* Of rank 1, so that their memory is one row, and values can be computed right there. */
static int a_value_assigned_and_read_after_another_assignment(elbo_graph *g, elbo_var **out)
{
    elbo_var *a = elbo_reshape(input(g, "a"), ELBO_SHAPE(24)), *b = elbo_reshape(input(g, "b"), ELBO_SHAPE(24));
    elbo_var *s = state(g, "s", ELBO_SHAPE(24)), *sum = elbo_add(a, b);
    elbo_assign(s, sum);
    elbo_assign(s, a);
    out[0] = elbo_neg(sum);
    return 1;
}

static int a_state_assigned_to_another_and_then_anew(elbo_graph *g, elbo_var **out)
{
    elbo_var *s = state(g, "s", ELBO_SHAPE(24)), *t = state(g, "other", ELBO_SHAPE(24));
    elbo_assign(s, t);
    elbo_assign(t, elbo_reshape(input(g, "a"), ELBO_SHAPE(24)));
    out[0] = elbo_neg(s);
    return 1;
}

static int a_state_assigned_views_of_itself(elbo_graph *g, elbo_var **out)
{
    elbo_var *s = state(g, "s", ELBO_SHAPE(6, 6)), *t = state(g, "other", ELBO_SHAPE(6, 4));
    elbo_assign(s, elbo_transpose(s));
    elbo_assign(t, elbo_expand(elbo_slice(t, 0, 2, 1), ELBO_SHAPE(6, 4)));
    elbo_assign(t, t);
    out[0] = elbo_sub(s, elbo_transpose(s));
    return 1;
}

static int nothing_added_to_a_negative_zero(elbo_graph *g, elbo_var **out)
{
    out[0] = elbo_add(elbo_neg(elbo_relu(input(g, "a"))), elbo_constant(g, 0));
    return 1;
}

static int the_largest_of_zeros(elbo_graph *g, elbo_var **out)
{
    elbo_var *zeros = elbo_mul(input(g, "a"), elbo_constant(g, 0));
    out[0] = elbo_max(zeros, (int[]){0}, 1, false);
    out[1] = elbo_max(zeros, (int[]){1}, 1, false);
    return 2;
}

static int products_of_constants(elbo_graph *g, elbo_var **out)
{
    elbo_var *third = elbo_div(elbo_constant(g, 1), elbo_constant(g, 3)), *c = elbo_constant(g, 0.3);
    out[0] = elbo_add(input(g, "a"), elbo_mul(c, c));
    out[1] = elbo_mul(input(g, "a"), elbo_sub(elbo_mul(third, third), c));
    return 2;
}

/* Rows of a (6, 4) next to each other n times: (6, 4 n). */
static elbo_var *repeated(elbo_var *a, int n)
{
    enum { MOST = 64 };
    elbo_var *parts[MOST];
    for (int i = 0; i < n; i++)
        parts[i] = a;
    return elbo_concat(parts, n, 1);
}

static int several_rows_a_unit_and_then_an_axis_of_them(elbo_graph *g, elbo_var **out)
{
    elbo_var *rows = elbo_neg(elbo_reshape(repeated(input(g, "a"), 3), ELBO_SHAPE(18, 4)));
    out[0] = elbo_mul(elbo_reshape(rows, ELBO_SHAPE(6, 3, 4)), elbo_reshape(input(g, "b"), ELBO_SHAPE(6, 1, 4)));
    out[1] = elbo_neg(elbo_transpose(rows));
    return 2;
}

/* As many axes as there can be, and two entries a unit of the one that is cut. */
static int several_rows_a_unit_of_the_highest_rank(elbo_graph *g, elbo_var **out)
{
    elbo_var *a = repeated(input(g, "a"), 64);
    elbo_var *high = elbo_neg(elbo_reshape(a, ELBO_SHAPE(12, 2, 2, 2, 2, 2, 2, 2)));
    out[0] = elbo_mul(elbo_reshape(high, ELBO_SHAPE(6, 256)), a);
    out[1] = high;
    return 2;
}

static int (*const cases[])(elbo_graph *, elbo_var **) = {
    pads_and_joins_along_the_only_axis,
    reshapes_that_copy,
    state_times_one_before_an_assignment,
    a_value_assigned_and_read_after_another_assignment,
    a_state_assigned_to_another_and_then_anew,
    a_state_assigned_views_of_itself,
    nothing_added_to_a_negative_zero,
    the_largest_of_zeros,
    products_of_constants,
    several_rows_a_unit_and_then_an_axis_of_them,
    several_rows_a_unit_of_the_highest_rank,
};

/* ---- the test ---------------------------------------------------------------------------------------------------- */

static void assert_same(const elbo_tensor *plan, const elbo_tensor *judge)
{
    for (elbo__walk w = elbo__walk_start(&judge->layout.shape); w.more; elbo__walk_next(&w)) {
        double a = elbo_tensor_get(plan, w.index), b = elbo_tensor_get(judge, w.index);
        if (a != b || signbit(a) != signbit(b))
            ck_abort_msg("the plan has %.9g, the interpreter %.9g", a, b);
    }
}

START_TEST(plan_and_interpreter_agree)
{
    elbo_params *params = elbo_params_new(ELBO_F32, 1);
    elbo_graph *g = elbo_graph_new(params, ELBO_TRAIN);
    elbo_var *outputs[MOST_OUTPUTS];
    int n = cases[_i](g, outputs);
    elbo_plan *plan = elbo_compile(g, outputs, n);
    ck_assert_msg(plan && elbo__plan_recut(plan, 1, 1) == ELBO_OK, "%s", elbo_error());
    ck_assert_msg(elbo__plan_check(plan) == ELBO_OK, "%s", elbo_error());
    plan->poison = true;
    elbo_params *judged = elbo_params_copy(params);
    float a[24], b[24];
    for (int i = 0; i < 24; i++) {
        a[i] = (float)(i * 5 % 7 - 3);
        b[i] = (float)(i * 3 % 11 - 5);
    }
    const elbo_feed feeds[] = {{"a", elbo_tensor_of(ELBO_F32, ELBO_SHAPE(6, 4), a)},
                               {"b", elbo_tensor_of(ELBO_F32, ELBO_SHAPE(6, 4), b)}};
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(elbo_plan_bind(plan, feeds[i].name, feeds[i].data), ELBO_OK);
    for (int step = 0; step < STEPS; step++) {
        elbo_tensor out[MOST_OUTPUTS];
        ck_assert_msg(elbo_plan_run(plan, params, (elbo_at){0}) == ELBO_OK, "%s", elbo_error());
        ck_assert_msg(elbo_interpret(g, judged, (elbo_at){0}, feeds, 2, outputs, n, out) == ELBO_OK, "%s",
                      elbo_error());
        for (int i = 0; i < n; i++) {
            elbo_tensor planned = elbo_plan_output(plan, i);
            assert_same(&planned, &out[i]);
            elbo_tensor_free(&out[i]);
        }
        elbo_tensor left = elbo_params_slab(params, 0), right = elbo_params_slab(judged, 0);
        assert_same(&left, &right);
    }
    elbo_plan_free(plan);
    elbo_graph_free(g);
    elbo_params_free(params);
    elbo_params_free(judged);
}
END_TEST

Suite *suite_plan_cases(void)
{
    Suite *s = suite_create("plan_cases");
    TCase *t = tcase_create("cases");
    tcase_add_loop_test(t, plan_and_interpreter_agree, 0, (int)(sizeof cases / sizeof cases[0]));
    suite_add_tcase(s, t);
    return s;
}
