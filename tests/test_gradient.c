/* elbo_grad: which nodes it reaches, and what stops it. That each op's derivative is right is shown by test_ops.c. */
#include <check.h>
#include <math.h>

#include "rig.h"
#include "suites.h"

enum { N = 4 };
static const double x_values[N] = {-1.5, 0.25, 2, 3}, w_values[N] = {2, -1, 0.5, 4};

typedef struct {
    rig r;
    elbo_var *x, *w;
} fixture;

static fixture start(bool planned)
{
    fixture f = {.r = rig_new(ELBO_F64, ELBO_TRAIN)};
    f.r.planned = planned;
    f.x = rig_input(&f.r, "x", ELBO_SHAPE(N), x_values);
    f.w = rig_input(&f.r, "w", ELBO_SHAPE(N), w_values);
    return f;
}

/* The derivative of sum(y) for `by` has these entries. */
static void assert_gradient(fixture *f, elbo_var *y, elbo_var *by, const double *expected)
{
    elbo_var *d;
    double got[N];
    elbo_grad(y, &by, 1, &d);
    rig_value(&f->r, d, got);
    for (int i = 0; i < N; i++)
        assert_close(got[i], expected[i], 1e-15);
}

static const double none[N], ones[N] = {1, 1, 1, 1};

START_TEST(what_a_node_does_not_depend_on_has_gradient_zero)
{
    fixture f = start(_i);
    elbo_var *y = elbo_exp(f.x), *later = elbo_square(elbo_add(f.x, y));
    assert_gradient(&f, y, f.w, none);
    assert_gradient(&f, y, later, none);                            /* made after y         */
    assert_gradient(&f, elbo_floor(f.x), f.x, none);                /* flat almost everywhere */
    assert_gradient(&f, elbo_cast(elbo_argmax(f.x, 0)), f.x, none); /* through whole numbers */
    assert_gradient(&f, elbo_constant(f.r.g, 2), f.x, none);
    rig_free(&f.r);
}
END_TEST

START_TEST(a_node_has_gradient_one_for_itself)
{
    fixture f = start(_i);
    assert_gradient(&f, f.x, f.x, ones);
    elbo_var *y = elbo_exp(f.x);
    assert_gradient(&f, y, y, ones);
    rig_free(&f.r);
}
END_TEST

START_TEST(contributions_of_all_uses_are_added)
{
    fixture f = start(_i);
    double expected[N];
    for (int i = 0; i < N; i++)
        expected[i] = 2 * x_values[i] + w_values[i] + 1; /* of x x + x w + x */
    elbo_var *y = elbo_add(elbo_add(elbo_mul(f.x, f.x), elbo_mul(f.x, f.w)), f.x);
    assert_gradient(&f, y, f.x, expected);
    assert_gradient(&f, y, f.w, x_values);
    rig_free(&f.r);
}
END_TEST

START_TEST(nodes_between_have_gradients_too)
{
    fixture f = start(_i);
    elbo_var *h = elbo_mul(f.x, f.w), *y = elbo_square(h);
    double expected[N];
    for (int i = 0; i < N; i++)
        expected[i] = 2 * x_values[i] * w_values[i];
    assert_gradient(&f, y, h, expected);
    rig_free(&f.r);
}
END_TEST

START_TEST(several_gradients_come_in_the_order_asked_for)
{
    fixture f = start(_i);
    elbo_var *y = elbo_mul(f.x, f.w), *d[3];
    double got[3][N];
    elbo_grad(y, (elbo_var *[]){f.w, f.x, f.w}, 3, d);
    rig_run(&f.r, d, 3, (double *[]){got[0], got[1], got[2]});
    for (int i = 0; i < N; i++) {
        ck_assert_double_eq(got[0][i], x_values[i]);
        ck_assert_double_eq(got[1][i], w_values[i]);
        ck_assert_double_eq(got[2][i], x_values[i]);
    }
    rig_free(&f.r);
}
END_TEST

START_TEST(gradients_may_take_the_place_of_the_nodes_in_the_list)
{
    fixture f = start(_i);
    elbo_var *list[] = {f.w, f.x};
    double got[2][N];
    elbo_grad(elbo_mul(f.x, f.w), list, 2, list);
    ck_assert(list[0] != f.w && list[1] != f.x);
    rig_run(&f.r, list, 2, (double *[]){got[0], got[1]});
    for (int i = 0; i < N; i++)
        ck_assert(got[0][i] == x_values[i] && got[1][i] == w_values[i]);
    rig_free(&f.r);
}
END_TEST

START_TEST(detach_passes_the_value_and_stops_the_gradient)
{
    fixture f = start(_i);
    double value[N];
    elbo_var *y = elbo_mul(f.x, elbo_detach(f.x)); /* as x times a constant */
    rig_value(&f.r, y, value);
    for (int i = 0; i < N; i++)
        ck_assert_double_eq(value[i], x_values[i] * x_values[i]);
    assert_gradient(&f, y, f.x, x_values);
    assert_gradient(&f, elbo_detach(elbo_exp(f.x)), f.x, none);
    rig_free(&f.r);
}
END_TEST

START_TEST(straight_through_has_the_value_of_one_and_the_gradient_of_the_other)
{
    fixture f = start(_i);
    double value[N];
    elbo_var *hard = elbo_scale(f.x, 0.1), *large = elbo_scale(elbo_mul(f.x, f.w), 1e9);
    elbo_var *y = elbo_straight_through(hard, large); /* of a soft value that would round the hard one away */
    rig_value(&f.r, y, value);
    for (int i = 0; i < N; i++)
        ck_assert_double_eq(value[i], 0.1 * x_values[i]);
    assert_gradient(&f, elbo_straight_through(elbo_floor(f.x), elbo_mul(f.x, f.w)), f.x, w_values);
    rig_free(&f.r);
}
END_TEST

START_TEST(gradients_of_gradients_can_be_taken_again)
{
    fixture f = start(_i);
    elbo_var *y = elbo_mul(elbo_square(elbo_square(f.x)), f.w), *d = y; /* x^4 w, then 4 x^3 w, 12 x^2 w, 24 x w */
    for (int order = 0; order < 3; order++)
        elbo_grad(d, &f.x, 1, &d);
    double expected[N], mixed[N];
    for (int i = 0; i < N; i++) {
        expected[i] = 24 * w_values[i];
        mixed[i] = 24 * x_values[i];
    }
    assert_gradient(&f, d, f.x, expected);
    assert_gradient(&f, d, f.w, mixed);
    rig_free(&f.r);
}
END_TEST

START_TEST(ties_of_maxima_go_where_they_are_said_to_go)
{
    const double tied[] = {1, 3, 3, -1};
    fixture f = start(_i);
    elbo_var *t = rig_input(&f.r, "tied", ELBO_SHAPE(N), tied), *copy = elbo_copy(t);
    elbo_var *zero = elbo_sub(t, elbo_detach(t)); /* its derivative is 1 */
    assert_gradient(&f, elbo_max(t, (int[]){0}, 1, false), t, (double[]){0, 0.5, 0.5, 0});
    assert_gradient(&f, elbo_maximum(t, copy), copy, none); /* to the first operand */
    assert_gradient(&f, elbo_minimum(t, copy), copy, none);
    assert_gradient(&f, zero, t, ones);
    assert_gradient(&f, elbo_relu(zero), t, none);
    assert_gradient(&f, elbo_abs(zero), t, none);
    rig_free(&f.r);
}
END_TEST

/* w (2,3) lies in memory as (3,2): its gradient is that of the logical matrix. */
START_TEST(the_gradient_of_a_parameter_has_its_logical_shape)
{
    const double x[] = {1, 2, 3}, w[] = {1, -1, 2, 0.5, 3, -2};
    double gradient[6];
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    r.planned = _i;
    elbo_var *weight = elbo_param(r.g, "w", ELBO_SHAPE(2, 3), (elbo_init){0}), *d;
    elbo_var *y = elbo_matmul(rig_input(&r, "x", ELBO_SHAPE(1, 3), x), elbo_transpose(weight)); /* (1,2) */
    elbo_grad(elbo_square(y), &weight, 1, &d);
    rig_value(&r, d, gradient); /* settles the set */
    rig_set_param(&r, "w", w);
    rig_value(&r, d, gradient);
    for (int i = 0; i < 2; i++)
        for (int j = 0; j < 3; j++) {
            double dot = w[3 * i] * x[0] + w[3 * i + 1] * x[1] + w[3 * i + 2] * x[2];
            assert_close(gradient[3 * i + j], 2 * dot * x[j], 1e-15);
        }
    rig_free(&r);
}
END_TEST

Suite *suite_gradient(void)
{
    Suite *s = suite_create("gradient");
    TCase *t = tcase_create("by interpreter and plan");
    tcase_add_loop_test(t, what_a_node_does_not_depend_on_has_gradient_zero, 0, 2);
    tcase_add_loop_test(t, a_node_has_gradient_one_for_itself, 0, 2);
    tcase_add_loop_test(t, contributions_of_all_uses_are_added, 0, 2);
    tcase_add_loop_test(t, nodes_between_have_gradients_too, 0, 2);
    tcase_add_loop_test(t, several_gradients_come_in_the_order_asked_for, 0, 2);
    tcase_add_loop_test(t, gradients_may_take_the_place_of_the_nodes_in_the_list, 0, 2);
    tcase_add_loop_test(t, detach_passes_the_value_and_stops_the_gradient, 0, 2);
    tcase_add_loop_test(t, straight_through_has_the_value_of_one_and_the_gradient_of_the_other, 0, 2);
    tcase_add_loop_test(t, gradients_of_gradients_can_be_taken_again, 0, 2);
    tcase_add_loop_test(t, ties_of_maxima_go_where_they_are_said_to_go, 0, 2);
    tcase_add_loop_test(t, the_gradient_of_a_parameter_has_its_logical_shape, 0, 2);
    suite_add_tcase(s, t);
    return s;
}
