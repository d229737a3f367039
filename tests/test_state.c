/* Assignments: who sees the old value and who the new one, and what a run leaves in the parameter set. */
#include <check.h>
#include <math.h>

#include "../tensor/walk.h"
#include "rig.h"
#include "suites.h"

/* A set with the state "s" of this shape, whose values are 1, 2, 3, ...; `s` is its node in the graph. */
typedef struct {
    rig r;
    elbo_shape shape;
    elbo_var *s;
} fixture;

enum { MOST = 64 * 300 };

static void count_up(const elbo_tensor *tensor, uint64_t seed, const char *name, const double *args)
{
    (void)seed, (void)name, (void)args;
    double value = 1;
    for (elbo__walk w = elbo__walk_start(&tensor->layout.shape); w.more; elbo__walk_next(&w))
        elbo_tensor_set(tensor, w.index, value++);
}

static fixture start(bool planned, elbo_shape shape)
{
    fixture f = {.r = rig_new(ELBO_F64, ELBO_TRAIN), .shape = shape};
    f.r.planned = planned;
    f.s = elbo_state(f.r.g, "s", shape, (elbo_init){count_up, {0, 0}});
    return f;
}

/* Runs once for these outputs of one number each. */
static void run_numbers(fixture *f, elbo_var *const *outputs, int n, double *out)
{
    double *to[8];
    ck_assert_int_le(n, 8);
    for (int i = 0; i < n; i++)
        to[i] = &out[i];
    rig_run(&f->r, outputs, n, to);
}

static double stored(const fixture *f)
{
    double value;
    rig_param(&f->r, "s", &value);
    return value;
}

START_TEST(readers_before_see_the_old_value_and_readers_after_the_new_one)
{
    fixture f = start(_i, ELBO_SCALAR);
    elbo_var *before = elbo_scale(f.s, 10);
    ck_assert_ptr_eq(elbo_assign(f.s, elbo_shift(f.s, 1)), f.s);
    elbo_var *between = elbo_scale(f.s, 10);
    elbo_assign(f.s, elbo_scale(f.s, 3));
    elbo_var *after = elbo_scale(f.s, 10);
    double out[3];
    run_numbers(&f, (elbo_var *[]){after, between, before}, 3, out);
    ck_assert(out[0] == 60 && out[1] == 20 && out[2] == 10);
    ck_assert_double_eq(stored(&f), 6);
    run_numbers(&f, (elbo_var *[]){after, between, before}, 3, out); /* the next run goes on from there */
    ck_assert(out[0] == 210 && out[1] == 70 && out[2] == 60);
    rig_free(&f.r);
}
END_TEST

START_TEST(derivatives_taken_after_an_assignment_read_the_new_value_and_that_of_a_copy_from_before_it)
{
    fixture f = start(_i, ELBO_SCALAR); /* 1 */
    elbo_var *x = elbo_scalar(f.r.g, "x"), *d[2];
    elbo_var *bare = elbo_mul(x, f.s), *copied = elbo_mul(x, elbo_copy(f.s));
    elbo_assign(f.s, elbo_constant(f.r.g, 7));
    elbo_grad(bare, &x, 1, &d[0]);
    elbo_grad(copied, &x, 1, &d[1]);
    rig_scalar(&f.r, "x", 2);
    double out[4];
    run_numbers(&f, (elbo_var *[]){d[0], d[1], bare, copied}, 4, out);
    ck_assert(out[0] == 7 && out[1] == 1 && out[2] == 2 && out[3] == 2);
    rig_free(&f.r);
}
END_TEST

START_TEST(a_product_made_before_and_added_to_after_has_the_old_value)
{
    fixture f = start(_i, ELBO_SHAPE(20)); /* 1 to 20 */
    elbo_var *product = elbo_mul(f.s, f.s);
    elbo_var *shown = elbo_assign(f.s, elbo_scale(f.s, 100));
    double out[1]; /* a plan could make one multiply-add of this, too late */
    run_numbers(&f, (elbo_var *[]){elbo_sum_all(elbo_add(product, shown))}, 1, out);
    ck_assert_double_eq(out[0], 2870 + 21000);
    rig_free(&f.r);
}
END_TEST

START_TEST(the_same_expression_before_and_after_is_not_one_node)
{
    fixture f = start(_i, ELBO_SHAPE(2));
    elbo_var *before = elbo_sum_all(elbo_exp(f.s));
    elbo_assign(f.s, elbo_neg(f.s));
    elbo_var *after = elbo_sum_all(elbo_exp(f.s));
    double out[2];
    run_numbers(&f, (elbo_var *[]){before, after}, 2, out);
    assert_close(out[0], exp(1) + exp(2), 1e-15);
    assert_close(out[1], exp(-1) + exp(-2), 1e-15);
    rig_free(&f.r);
}
END_TEST

START_TEST(a_view_made_before_and_read_after_sees_the_new_value)
{
    fixture f = start(_i, ELBO_SHAPE(2, 3));
    elbo_var *view = elbo_slice(elbo_transpose(f.s), 0, 2, 1); /* the last column: 3, 6 */
    elbo_var *before = elbo_sum_all(view);
    elbo_assign(f.s, elbo_scale(f.s, 100));
    elbo_var *after = elbo_sum_all(view);
    double out[2];
    run_numbers(&f, (elbo_var *[]){before, after}, 2, out);
    ck_assert(out[0] == 9 && out[1] == 900);
    rig_free(&f.r);
}
END_TEST

/* The state itself as an output is what the run leaves; a view of it is what it was where the view was made. */
START_TEST(outputs_that_are_state_or_views_of_it)
{
    fixture f = start(_i, ELBO_SHAPE(2));
    elbo_var *first = elbo_slice(f.s, 0, 0, 1);
    elbo_assign(f.s, elbo_scale(f.s, 10));
    elbo_var *last = elbo_slice(f.s, 0, 1, 1);
    double all[2], early, late;
    rig_run(&f.r, (elbo_var *[]){f.s, first, last}, 3, (double *[]){all, &early, &late});
    ck_assert(all[0] == 10 && all[1] == 20);
    ck_assert_double_eq(early, 1);
    ck_assert_double_eq(late, 20);
    rig_free(&f.r);
}
END_TEST

START_TEST(assignments_take_place_though_nothing_asks_for_them)
{
    fixture f = start(_i, ELBO_SCALAR);
    elbo_assign(f.s, elbo_shift(f.s, 1));
    for (int run = 0; run < 3; run++)
        rig_run(&f.r, NULL, 0, NULL);
    ck_assert_double_eq(stored(&f), 4);
    rig_free(&f.r);
}
END_TEST

START_TEST(a_conditional_assignment_takes_place_unless_the_condition_is_zero)
{
    fixture f = start(_i, ELBO_SHAPE(2));
    elbo_var *go = elbo_scalar(f.r.g, "go");
    elbo_assign_if(go, f.s, elbo_scale(f.s, 2));
    static const double conditions[] = {0, 1, 0, -0.5, -0.0}, expected[] = {1, 2, 2, 4, 4};
    for (int i = 0; i < 5; i++) {
        double values[2];
        rig_scalar(&f.r, "go", conditions[i]);
        rig_run(&f.r, NULL, 0, NULL);
        rig_param(&f.r, "s", values);
        ck_assert_double_eq(values[0], expected[i]);
        ck_assert_double_eq(values[1], 2 * expected[i]);
    }
    rig_free(&f.r);
}
END_TEST

START_TEST(a_step_that_is_not_finite_is_skipped)
{
    fixture f = start(_i, ELBO_SHAPE(2));
    elbo_var *step = elbo_div(f.s, elbo_scalar(f.r.g, "by"));
    elbo_var *norm = elbo_sqrt(elbo_sum_all(elbo_square(step)));
    elbo_assign_if(elbo_isfinite(norm), f.s, elbo_add(f.s, step));
    double values[2];
    for (int i = 0; i < 2; i++) {
        rig_scalar(&f.r, "by", i ? 1 : 0); /* 1/0, 2/0: infinite */
        rig_run(&f.r, NULL, 0, NULL);
        rig_param(&f.r, "s", values);
        ck_assert_double_eq(values[0], 1 + i);
    }
    rig_free(&f.r);
}
END_TEST

START_TEST(two_states_can_change_places)
{
    fixture f = start(_i, ELBO_SHAPE(2));
    elbo_var *t = elbo_state(f.r.g, "t", f.shape, (elbo_init){0}), *old = elbo_copy(f.s);
    elbo_assign(f.s, t);
    elbo_assign(t, old);
    double s[2], t_values[2];
    rig_run(&f.r, NULL, 0, NULL);
    rig_param(&f.r, "s", s);
    rig_param(&f.r, "t", t_values);
    ck_assert(s[0] == 0 && s[1] == 0 && t_values[0] == 1 && t_values[1] == 2);
    rig_free(&f.r);
}
END_TEST

/* ---- values that are views of the very state that they are assigned to ------------------------------------------- */

static elbo_var *turn(elbo_var *s)
{
    return elbo_transpose(s);
}

static elbo_var *first_row(elbo_var *s)
{
    return elbo_expand(elbo_slice(s, 0, 0, 1), elbo_shape_of(s));
}

static elbo_var *last_column(elbo_var *s)
{
    return elbo_expand(elbo_slice(s, 1, elbo_size(s, 1) - 1, 1), elbo_shape_of(s));
}

static elbo_var *rotate(elbo_var *s)
{
    int64_t n = elbo_size(s, 0);
    return elbo_concat((elbo_var *[]){elbo_slice(s, 0, 1, n - 1), elbo_slice(s, 0, 0, 1)}, 2, 0);
}

static elbo_var *mixed(elbo_var *s)
{
    return elbo_add(elbo_scale(elbo_transpose(s), 1000), s);
}

static elbo_var *squared(elbo_var *s)
{
    return elbo_matmul(s, s);
}

static const struct {
    elbo_var *(*value)(elbo_var *s);
    bool square;
} self_assignments[] = {{turn, true},    {first_row, false}, {last_column, false},
                        {rotate, false}, {mixed, true},      {squared, true}};
enum { SELF_ASSIGNMENTS = sizeof self_assignments / sizeof self_assignments[0] };

/* Against the value computed in a graph that assigns nothing. */
START_TEST(a_state_can_be_assigned_what_is_made_of_itself)
{
    static double expected[MOST], got[MOST];
    const elbo_shape shapes[] = {ELBO_SHAPE(3, 3), ELBO_SHAPE(70, 70), ELBO_SHAPE(5, 300), ELBO_SHAPE(64, 300)};
    for (int way = 0; way < 8; way++) {
        elbo_shape shape = shapes[way / 2];
        if (self_assignments[_i].square && shape.dim[0] != shape.dim[1])
            continue;
        fixture f = start(way % 2, shape);
        rig_value(&f.r, elbo_copy(self_assignments[_i].value(f.s)), expected);
        elbo_assign(f.s, self_assignments[_i].value(f.s));
        rig_run(&f.r, NULL, 0, NULL);
        rig_param(&f.r, "s", got);
        for (int64_t i = 0; i < elbo_shape_size(&shape); i++)
            if (got[i] != expected[i])
                ck_abort_msg("%s, %s: entry %lld is %g, expected %g", elbo_shape_format(&shape).text,
                             way % 2 ? "planned" : "interpreted", (long long)i, got[i], expected[i]);
        rig_free(&f.r);
    }
}
END_TEST

/* ---- parameters, slabs, sets ------------------------------------------------------------------------------------- */

/* Gradient descent with momentum on |w - target|^2 / 2, in two runs, against the same by hand. */
START_TEST(slabs_hold_the_moments_of_parameters)
{
    const double target[] = {5, -1, 2, 0, 0, 7};
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    r.planned = _i;
    elbo_var *w = elbo_param(r.g, "w", ELBO_SHAPE(2, 3), (elbo_init){count_up, {0, 0}}), *m = elbo_slab(w, "momentum");
    elbo_var *loss = elbo_scale(elbo_sum_all(elbo_square(elbo_sub(w, rig_input(&r, "t", ELBO_SHAPE(2, 3), target)))),
                                0.5);
    elbo_var *d;
    elbo_grad(loss, &w, 1, &d);
    elbo_assign(m, elbo_add(elbo_scale(m, 0.5), d));
    elbo_assign(w, elbo_sub(w, elbo_mul(elbo_scalar(r.g, "lr"), m)));
    rig_scalar(&r, "lr", 0.25);
    double expected[6] = {1, 2, 3, 4, 5, 6}, moment[6] = {0}, got[6];
    for (int step = 0; step < 2; step++) {
        double sum = 0;
        for (int i = 0; i < 6; i++) {
            sum += (expected[i] - target[i]) * (expected[i] - target[i]) / 2;
            moment[i] = moment[i] / 2 + expected[i] - target[i];
            expected[i] -= moment[i] / 4;
        }
        assert_close(rig_number(&r, loss), sum, 1e-15);
        rig_param(&r, "w", got);
        elbo_tensor slab = elbo_params_slab_tensor(r.params, 1, 0);
        for (int i = 0; i < 6; i++) {
            assert_close(got[i], expected[i], 1e-15);
            assert_close(elbo_tensor_get(&slab, (int64_t[]){i / 3, i % 3}), moment[i], 1e-15);
        }
    }
    rig_free(&r);
}
END_TEST

START_TEST(another_graph_finds_what_the_last_one_left)
{
    fixture f = start(_i, ELBO_SHAPE(2));
    elbo_assign(f.s, elbo_scale(f.s, 10));
    rig_run(&f.r, NULL, 0, NULL);
    rig_next_graph(&f.r, ELBO_EVALUATE);
    f.s = elbo_state(f.r.g, "s", ELBO_SHAPE(2), (elbo_init){count_up, {0, 0}});
    ck_assert_double_eq(rig_number(&f.r, elbo_sum_all(f.s)), 30);
    rig_free(&f.r);
}
END_TEST

START_TEST(a_plan_runs_over_a_copy_of_its_set_and_leaves_the_set_alone)
{
    fixture f = start(true, ELBO_SHAPE(2));
    elbo_var *sum = elbo_sum_all(f.s);
    elbo_assign(f.s, elbo_scale(f.s, 10));
    elbo_plan *plan = elbo_compile(f.r.g, &sum, 1);
    ck_assert_ptr_nonnull(plan);
    elbo_params *copy = elbo_params_copy(f.r.params);
    for (int run = 0; run < 2; run++) {
        ck_assert_int_eq(elbo_plan_run(plan, copy, f.r.at), ELBO_OK);
        elbo_tensor out = elbo_plan_output(plan, 0);
        ck_assert_double_eq(elbo_tensor_get(&out, NULL), run ? 30 : 3);
    }
    double values[2];
    rig_param(&f.r, "s", values);
    ck_assert(values[0] == 1 && values[1] == 2);
    elbo_plan_free(plan);
    elbo_params_free(copy);
    rig_free(&f.r);
}
END_TEST

Suite *suite_state(void)
{
    Suite *s = suite_create("state");
    TCase *t = tcase_create("by interpreter and plan");
    tcase_add_loop_test(t, readers_before_see_the_old_value_and_readers_after_the_new_one, 0, 2);
    tcase_add_loop_test(t, derivatives_taken_after_an_assignment_read_the_new_value_and_that_of_a_copy_from_before_it,
                        0, 2);
    tcase_add_loop_test(t, a_product_made_before_and_added_to_after_has_the_old_value, 0, 2);
    tcase_add_loop_test(t, the_same_expression_before_and_after_is_not_one_node, 0, 2);
    tcase_add_loop_test(t, a_view_made_before_and_read_after_sees_the_new_value, 0, 2);
    tcase_add_loop_test(t, outputs_that_are_state_or_views_of_it, 0, 2);
    tcase_add_loop_test(t, assignments_take_place_though_nothing_asks_for_them, 0, 2);
    tcase_add_loop_test(t, a_conditional_assignment_takes_place_unless_the_condition_is_zero, 0, 2);
    tcase_add_loop_test(t, a_step_that_is_not_finite_is_skipped, 0, 2);
    tcase_add_loop_test(t, two_states_can_change_places, 0, 2);
    tcase_add_loop_test(t, slabs_hold_the_moments_of_parameters, 0, 2);
    tcase_add_loop_test(t, another_graph_finds_what_the_last_one_left, 0, 2);
    suite_add_tcase(s, t);
    t = tcase_create("made of itself");
    tcase_add_loop_test(t, a_state_can_be_assigned_what_is_made_of_itself, 0, SELF_ASSIGNMENTS);
    suite_add_tcase(s, t);
    t = tcase_create("copies of sets");
    tcase_add_test(t, a_plan_runs_over_a_copy_of_its_set_and_leaves_the_set_alone);
    suite_add_tcase(s, t);
    return s;
}
