/* Plans as a caller meets them: inputs and outputs, sets, lifetimes, threads. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "numbers.h"
#include "rig.h"
#include "suites.h"

static const elbo_init zeros;

static elbo_plan *compile(elbo_graph *g, elbo_var *const *outputs, int n)
{
    elbo_plan *plan = elbo_compile(g, outputs, n);
    ck_assert_msg(plan != NULL, "%s", elbo_error());
    return plan;
}

static void bind(elbo_plan *plan, const char *name, elbo_shape shape, const float *data)
{
    ck_assert_msg(elbo_plan_bind(plan, name, elbo_tensor_of(ELBO_F32, shape, data)) == ELBO_OK, "%s", elbo_error());
}

static void run(elbo_plan *plan, elbo_params *params)
{
    ck_assert_msg(elbo_plan_run(plan, params, (elbo_at){.seed = 1}) == ELBO_OK, "%s", elbo_error());
}

static double number(const elbo_plan *plan, int i)
{
    elbo_tensor out = elbo_plan_output(plan, i);
    ck_assert_int_eq(out.layout.shape.ndim, 0);
    return elbo_tensor_get(&out, NULL);
}

/* ---- inputs ------------------------------------------------------------------------------------------------------ */

START_TEST(data_of_another_dtype_shape_or_layout_is_refused)
{
    float data[12] = {0};
    rig r = rig_new(ELBO_F32, ELBO_TRAIN);
    elbo_var *y = elbo_sum_all(elbo_mul(elbo_input(r.g, "x", ELBO_F32, ELBO_SHAPE(2, 3)), elbo_scalar(r.g, "k")));
    elbo_plan *plan = compile(r.g, &y, 1);
    elbo_tensor turned = elbo_tensor_of(ELBO_F32, ELBO_SHAPE(3, 2), data);
    turned.layout = elbo_layout_permute(&turned.layout, (int[]){1, 0});
    const struct {
        elbo_tensor data;
        const char *message;
    } refused[] = {
        {elbo_tensor_of(ELBO_F64, ELBO_SHAPE(2, 3), data), "input \"x\": expected f32 (2, 3), got f64 (2, 3)"},
        {elbo_tensor_of(ELBO_F32, ELBO_SHAPE(3, 2), data), "input \"x\": expected f32 (2, 3), got f32 (3, 2)"},
        {turned, "input \"x\": the data must be contiguous"},
    };
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(elbo_plan_bind(plan, "x", refused[i].data), ELBO_INVALID);
        ck_assert_str_eq(elbo_error(), refused[i].message);
    }
    ck_assert_int_eq(elbo_plan_set(plan, "x", 1), ELBO_INVALID);
    ck_assert_str_eq(elbo_error(), "input \"x\" is not a scalar but f32 (2, 3)");
    elbo_plan_free(plan);
    rig_free(&r);
}
END_TEST

START_TEST(a_run_without_an_inputs_data_names_it)
{
    float data[3] = {1, 2, 3};
    rig r = rig_new(ELBO_F32, ELBO_TRAIN);
    elbo_var *x = elbo_input(r.g, "x", ELBO_F32, ELBO_SHAPE(3));
    elbo_input(r.g, "unused", ELBO_F32, ELBO_SHAPE(9)); /* which nothing depends on, needs none */
    elbo_var *y = elbo_sum_all(elbo_mul(x, elbo_scalar(r.g, "k")));
    elbo_plan *plan = compile(r.g, &y, 1);
    ck_assert_int_eq(elbo_plan_run(plan, r.params, r.at), ELBO_INVALID);
    ck_assert_str_eq(elbo_error(), "input \"x\" is not given");
    bind(plan, "x", ELBO_SHAPE(3), data);
    ck_assert_int_eq(elbo_plan_run(plan, r.params, r.at), ELBO_INVALID);
    ck_assert_str_eq(elbo_error(), "input \"k\" is not given");
    ck_assert_int_eq(elbo_plan_set(plan, "k", 2), ELBO_OK);
    ck_assert_int_eq(elbo_plan_set(plan, "no such scalar", 2), ELBO_OK);
    bind(plan, "no such input", ELBO_SHAPE(3), data);
    run(plan, r.params);
    ck_assert_double_eq(number(plan, 0), 12);
    elbo_plan_free(plan);

    elbo_tensor out;
    elbo_feed feeds[] = {{"x", elbo_tensor_of(ELBO_F32, ELBO_SHAPE(3), data)},
                         {"k", elbo_tensor_of(ELBO_F32, ELBO_SHAPE(1), data)}};
    ck_assert_int_eq(elbo_interpret(r.g, r.params, r.at, feeds, 1, &y, 1, &out), ELBO_INVALID);
    ck_assert_str_eq(elbo_error(), "input \"k\" is not given");
    ck_assert_int_eq(elbo_interpret(r.g, r.params, r.at, feeds, 2, &y, 1, &out), ELBO_INVALID);
    ck_assert_str_eq(elbo_error(), "input \"k\": expected f32 (), got f32 (1)");
    rig_free(&r);
}
END_TEST

START_TEST(data_is_borrowed_until_it_is_bound_again)
{
    float first[] = {0, 0, 1, 2, 3}, second[] = {10, 20, 30};
    rig r = rig_new(ELBO_F32, ELBO_TRAIN);
    elbo_var *y = elbo_sum_all(elbo_input(r.g, "x", ELBO_F32, ELBO_SHAPE(3)));
    elbo_plan *plan = compile(r.g, &y, 1);
    elbo_tensor data = elbo_tensor_of(ELBO_F32, ELBO_SHAPE(5), first);
    data.layout = elbo_layout_slice(&data.layout, 0, 2, 3); /* which begins in the middle */
    ck_assert_int_eq(elbo_plan_bind(plan, "x", data), ELBO_OK);
    run(plan, r.params);
    ck_assert_double_eq(number(plan, 0), 6);
    first[4] = 100;
    run(plan, r.params);
    ck_assert_double_eq(number(plan, 0), 103);
    bind(plan, "x", ELBO_SHAPE(3), second);
    run(plan, r.params);
    ck_assert_double_eq(number(plan, 0), 60);
    elbo_plan_free(plan);
    rig_free(&r);
}
END_TEST

/* ---- outputs ----------------------------------------------------------------------------------------------------- */

/* Leaves, views, the same node twice, a node that others are computed from, and one of i32. */
START_TEST(any_node_can_be_an_output_and_any_number_of_them)
{
    float data[6] = {1, 5, 3, 4, 2, 6};
    rig r = rig_new(ELBO_F32, ELBO_TRAIN);
    elbo_var *x = elbo_input(r.g, "x", ELBO_F32, ELBO_SHAPE(2, 3)), *y = elbo_neg(x), *turned = elbo_transpose(y);
    elbo_var *w = elbo_param(r.g, "w", ELBO_SHAPE(2), zeros), *most = elbo_argmax(x, 1);
    elbo_var *row = elbo_expand(elbo_slice(y, 0, 1, 1), ELBO_SHAPE(2, 3)), *five = elbo_constant(r.g, 5);
    elbo_var *outputs[] = {x, turned, w, elbo_transpose(x), y, most, turned, row, five, elbo_exp(elbo_sum_all(turned)),
                           x};
    enum { N = sizeof outputs / sizeof outputs[0] };
    elbo_plan *plan = compile(r.g, outputs, N);
    bind(plan, "x", ELBO_SHAPE(2, 3), data);
    run(plan, r.params);
    elbo_tensor expected[N];
    elbo_feed feed = {"x", elbo_tensor_of(ELBO_F32, ELBO_SHAPE(2, 3), data)};
    ck_assert_int_eq(elbo_interpret(r.g, r.params, r.at, &feed, 1, outputs, N, expected), ELBO_OK);
    for (int i = 0; i < N; i++) {
        elbo_tensor out = elbo_plan_output(plan, i);
        ck_assert_int_eq(out.dtype, expected[i].dtype);
        if (i == 9)
            assert_close(elbo_tensor_get(&out, NULL), exp(-21), 1e-15);
        else
            assert_same_numbers(&out, &expected[i], "output");
        elbo_tensor_free(&expected[i]);
    }
    elbo_tensor out = elbo_plan_output(plan, 1);
    ck_assert_double_eq(elbo_tensor_get(&out, (int64_t[]){1, 0}), -5);
    elbo_plan_free(plan);
    rig_free(&r);
}
END_TEST

START_TEST(a_plan_without_outputs_or_work_runs)
{
    rig r = rig_new(ELBO_F32, ELBO_TRAIN);
    elbo_neg(elbo_scalar(r.g, "unused"));
    elbo_plan *plan = compile(r.g, NULL, 0);
    run(plan, r.params);
    elbo_plan_free(plan);
    elbo_plan_free(NULL);
    rig_free(&r);
}
END_TEST

/* ---- lifetimes and sets ------------------------------------------------------------------------------------------ */

/* loss (), a sum over `rows` rows of x w + (1 2 3) */
static elbo_var *small_model(elbo_graph *g, int64_t rows)
{
    elbo_var *x = elbo_input(g, "x", ELBO_F32, ELBO_SHAPE(rows, 2));
    elbo_var *w = elbo_param(g, "w", ELBO_SHAPE(3, 2), zeros);
    elbo_var *bias = elbo_array(g, ELBO_SHAPE(3), (double[]){1, 2, 3});
    return elbo_sum_all(elbo_add(elbo_matmul(x, elbo_transpose(w)), bias));
}

START_TEST(a_plan_outlives_its_graph_and_a_graph_its_plan)
{
    float data[4] = {1, 2, 3, 4};
    rig r = rig_new(ELBO_F32, ELBO_TRAIN);
    elbo_var *loss = small_model(r.g, 2);
    elbo_plan *first = compile(r.g, &loss, 1);
    elbo_plan_free(first);
    elbo_plan *plan = compile(r.g, &loss, 1); /* the graph goes on, and can be added to */
    elbo_var *twice = elbo_scale(loss, 2);
    elbo_plan *other = compile(r.g, &twice, 1);
    elbo_graph_free(r.g);
    r.g = NULL;
    rig_set_param(&r, "w", (double[]){1, 0, 0, 1, 1, 1});
    bind(plan, "x", ELBO_SHAPE(2, 2), data);
    bind(other, "x", ELBO_SHAPE(2, 2), data);
    run(plan, r.params);
    run(other, r.params);
    ck_assert_double_eq(number(plan, 0), 32);
    ck_assert_double_eq(number(other, 0), 64);
    elbo_plan_free(plan);
    elbo_plan_free(other);
    rig_free(&r);
}
END_TEST

START_TEST(graphs_of_several_batch_sizes_share_one_set)
{
    static const int64_t rows[] = {128, 96, 1, 0};
    static float data[256];
    for (int i = 0; i < 256; i++)
        data[i] = 1;
    rig r = rig_new(ELBO_F32, ELBO_TRAIN);
    elbo_plan *plans[4];
    for (int i = 0; i < 4; i++) {
        rig_next_graph(&r, ELBO_TRAIN);
        elbo_var *loss = small_model(r.g, rows[i]);
        plans[i] = compile(r.g, &loss, 1);
        bind(plans[i], "x", ELBO_SHAPE(rows[i], 2), data);
    }
    ck_assert_int_eq(elbo_params_count(r.params), 1);
    rig_set_param(&r, "w", (double[]){1, 0, 0, 1, 1, 1});
    for (int i = 0; i < 4; i++) {
        run(plans[i], r.params);
        ck_assert_double_eq(number(plans[i], 0), (double)rows[i] * 10);
        elbo_plan_free(plans[i]);
    }
    rig_free(&r);
}
END_TEST

START_TEST(a_set_that_the_plan_was_not_made_for_is_refused)
{
    static const char message[] = "the parameter set is not the one the plan was compiled for";
    float data[4] = {1, 2, 3, 4};
    rig r = rig_new(ELBO_F32, ELBO_TRAIN);
    elbo_var *loss = small_model(r.g, 2);
    elbo_plan *plan = compile(r.g, &loss, 1);
    bind(plan, "x", ELBO_SHAPE(2, 2), data);
    elbo_params *open = elbo_params_new(ELBO_F32, 1), *small = elbo_params_new(ELBO_F32, 1);
    elbo_params *wide = elbo_params_new(ELBO_F64, 1), *narrow = elbo_params_new(ELBO_F32, 1);
    ck_assert_int_eq(elbo_params_add(open, "w", ELBO_SHAPE(3, 2), true, zeros), 0);
    ck_assert_int_eq(elbo_params_add(small, "w", ELBO_SHAPE(300, 2), true, zeros), 0);
    ck_assert_int_eq(elbo_params_add(wide, "w", ELBO_SHAPE(3, 2), true, zeros), 0);
    ck_assert_int_eq(elbo_params_close(small), ELBO_OK);
    ck_assert_int_eq(elbo_params_close(wide), ELBO_OK);
    /* whose strides are the same */
    ck_assert_int_eq(elbo_params_add(narrow, "w", ELBO_SHAPE(3, 1), true, zeros), 0);
    ck_assert_int_eq(elbo_params_close(narrow), ELBO_OK);
    elbo_params *refused[] = {NULL, open, small, wide, narrow};
    for (int i = 0; i < 5; i++) {
        ck_assert_msg(elbo_plan_run(plan, refused[i], r.at) == ELBO_INVALID, "set %d is taken", i);
        ck_assert_str_eq(elbo_error(), message);
        elbo_params_free(refused[i]);
    }
    elbo_plan_free(plan);
    rig_free(&r);
}
END_TEST

START_TEST(a_plan_describes_itself_and_counts_its_work)
{
    rig r = rig_new(ELBO_F32, ELBO_TRAIN);
    elbo_var *x = elbo_input(r.g, "x", ELBO_F32, ELBO_SHAPE(128, 64)),
             *w = elbo_param(r.g, "w", ELBO_SHAPE(32, 64), zeros);
    elbo_var *y = elbo_matmul(x, elbo_transpose(w));
    elbo_plan *plan = compile(r.g, &y, 1);
    ck_assert_double_eq(elbo_plan_product_flops(plan), 2.0 * 128 * 64 * 32);
    char *text = elbo_plan_describe(plan);
    ck_assert_ptr_nonnull(text);
    ck_assert_ptr_nonnull(strstr(text, "matmul"));
    elbo_release(text);
    elbo_plan_free(plan);
    rig_free(&r);
}
END_TEST

/* ---- threads ----------------------------------------------------------------------------------------------------- */

START_TEST(threads_are_at_least_one_and_at_most_the_processors)
{
    unsetenv("OMP_NUM_THREADS");
    int most = elbo_set_threads(0);
    ck_assert_int_ge(most, 1);
    ck_assert_int_eq(elbo_threads(), most);
    ck_assert_int_eq(elbo_set_threads(1), 1);
    ck_assert_int_eq(elbo_threads(), 1);
    ck_assert_int_eq(elbo_set_threads(1000000), most);
    ck_assert_int_eq(elbo_set_threads(-3), most);
}
END_TEST

START_TEST(the_environment_says_how_many_threads_there_are_where_the_program_does_not)
{
    setenv("ELBO_PROCESSORS", "4", 1); /* however many there are */
    const struct {
        const char *text;
        int threads;
    } cases[] = {{"1", 1}, {"3", 3}, {"2,1", 2}, {"9", 4}, {"0", 4}, {"many", 4}, {"", 4}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        setenv("OMP_NUM_THREADS", cases[i].text, 1);
        ck_assert_int_eq(elbo_set_threads(0), cases[i].threads);
        ck_assert_int_eq(elbo_set_threads(2), 2);
    }
    elbo_set_threads(0);
    unsetenv("OMP_NUM_THREADS");
    unsetenv("ELBO_PROCESSORS");
}
END_TEST

/* Four plans at once over one set, within the caller's own parallel region. */
START_TEST(plans_run_at_the_same_time_within_a_callers_parallel_region)
{
    enum { PLANS = 4, SIDE = 200 };
    static float data[SIDE * SIDE];
    numbers n = {1};
    elbo_tensor x = elbo_tensor_of(ELBO_F32, ELBO_SHAPE(SIDE, SIDE), data), alone[PLANS];
    fill_between(&x, &n, -1, 1);
    rig r = rig_new(ELBO_F32, ELBO_TRAIN);
    elbo_plan *plans[PLANS];
    for (int i = 0; i < PLANS; i++) {
        rig_next_graph(&r, ELBO_TRAIN);
        elbo_var *in = elbo_input(r.g, "x", ELBO_F32, ELBO_SHAPE(SIDE, SIDE));
        elbo_var *w = elbo_param(r.g, "w", ELBO_SHAPE(SIDE, SIDE), zeros);
        elbo_var *y = elbo_matmul(elbo_tanh(elbo_add(elbo_matmul(in, in), w)), elbo_shift(in, i));
        plans[i] = compile(r.g, &y, 1);
        bind(plans[i], "x", x.layout.shape, data);
        run(plans[i], r.params);
        alone[i] = elbo_tensor_new(ELBO_F32, x.layout.shape);
        elbo_tensor out = elbo_plan_output(plans[i], 0);
        elbo_tensor_copy(&alone[i], &out);
    }
    elbo_status status[PLANS];
    for (int repeat = 0; repeat < 5; repeat++) {
#pragma omp parallel for num_threads(PLANS)
        for (int i = 0; i < PLANS; i++)
            status[i] = elbo_plan_run(plans[i], r.params, (elbo_at){.seed = 1});
        for (int i = 0; i < PLANS; i++) {
            elbo_tensor out = elbo_plan_output(plans[i], 0);
            ck_assert_int_eq(status[i], ELBO_OK);
            ck_assert(same_bits(&out, &alone[i]));
        }
    }
    for (int i = 0; i < PLANS; i++) {
        elbo_plan_free(plans[i]);
        elbo_tensor_free(&alone[i]);
    }
    rig_free(&r);
}
END_TEST

Suite *suite_binding(void)
{
    Suite *s = suite_create("binding");
    TCase *t = tcase_create("inputs");
    tcase_add_test(t, data_of_another_dtype_shape_or_layout_is_refused);
    tcase_add_test(t, a_run_without_an_inputs_data_names_it);
    tcase_add_test(t, data_is_borrowed_until_it_is_bound_again);
    suite_add_tcase(s, t);
    t = tcase_create("outputs");
    tcase_add_test(t, any_node_can_be_an_output_and_any_number_of_them);
    tcase_add_test(t, a_plan_without_outputs_or_work_runs);
    suite_add_tcase(s, t);
    t = tcase_create("lifetimes and sets");
    tcase_add_test(t, a_plan_outlives_its_graph_and_a_graph_its_plan);
    tcase_add_test(t, graphs_of_several_batch_sizes_share_one_set);
    tcase_add_test(t, a_set_that_the_plan_was_not_made_for_is_refused);
    tcase_add_test(t, a_plan_describes_itself_and_counts_its_work);
    suite_add_tcase(s, t);
    t = tcase_create("threads");
    tcase_add_test(t, threads_are_at_least_one_and_at_most_the_processors);
    tcase_add_test(t, the_environment_says_how_many_threads_there_are_where_the_program_does_not);
    tcase_add_test(t, plans_run_at_the_same_time_within_a_callers_parallel_region);
    suite_add_tcase(s, t);
    return s;
}
