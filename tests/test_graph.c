/* The graph: its first error, names and scopes, what is asked of nodes. */
#include <check.h>
#include <string.h>

#include "../autograd/op.h"
#include "../nn/layers/init.h"
#include "rig.h"
#include "scratch.h"
#include "suites.h"

static const elbo_init zeros;

/* ---- the first error --------------------------------------------------------------------------------------------- */

START_TEST(the_first_error_is_kept_and_later_calls_are_harmless)
{
    rig r = rig_new(ELBO_F32, ELBO_TRAIN);
    elbo_var *x = elbo_input(r.g, "x", ELBO_F32, ELBO_SHAPE(2, 3)), *dx[2], *outputs[1];
    elbo_var *bad = elbo_matmul(x, x);
    static const char message[] = "matmul: f32 (2, 3) by f32 (2, 3)";
    rig_assert_error(&r, message);
    size_t nodes = r.g->n_nodes;

    /* everything that can be called with a node or a graph */
    elbo_var *y = elbo_add(elbo_exp(bad), elbo_param(r.g, "w", ELBO_SHAPE(2), zeros));
    y = elbo_where(elbo_less(y, bad), elbo_scale(elbo_cast(y), 2), elbo_clamp(elbo_shift(bad, 1), 0, 1));
    y = elbo_sum(elbo_max(y, (int[]){3}, 1, true), (int[]){0, 1}, 2, false);
    y = elbo_mean_all(elbo_sum_all(elbo_mean(elbo_sum_axis(y, 5), (int[]){7}, 1, false)));
    y = elbo_softmax(elbo_log_softmax(elbo_logsumexp(y, 9), 9), -9);
    y = elbo_reshape(elbo_permute(elbo_transpose(y), (int[]){5, 5}), ELBO_SHAPE(-4));
    y = elbo_expand(elbo_slice(elbo_pad(y, 3, -1, 0), 4, 9, 9), ELBO_SHAPE(1, 2));
    y = elbo_squeeze(elbo_unsqueeze(elbo_concat((elbo_var *[]){y, x}, 2, 6), 8), 8);
    y = elbo_one_hot(elbo_argmax(elbo_scatter_add(elbo_gather(y, x), y, -1), 5), 3);
    y = elbo_straight_through(elbo_detach(y), elbo_copy(y));
    y = elbo_assign_if(y, elbo_assign(elbo_slab(elbo_state(r.g, "s", ELBO_SHAPE(2), zeros), "m"), y), x);
    y = elbo_mul(elbo_array(r.g, ELBO_SHAPE(-1), NULL), elbo_arange(r.g, 3));
    y = elbo_mul(y, elbo_mul(elbo_constant(r.g, 1), elbo_scalar(r.g, "s")));
    y = elbo_mul(elbo_random_normal(r.g, "e", ELBO_SHAPE(2), 7), elbo_random_uniform(r.g, "u", ELBO_SHAPE(2), 7));
    elbo_scope(r.g, "scope");
    elbo_scope_end(r.g);
    elbo_scope_end(r.g);
    elbo_grad(y, (elbo_var *[]){x, bad}, 2, dx);
    elbo_graph_fail(r.g, ELBO_FORMAT, "a later error");

    ck_assert_uint_eq(r.g->n_nodes, nodes);
    ck_assert_ptr_eq(elbo_graph_of(y), r.g);
    ck_assert_int_eq(elbo_ndim(y), 0);
    ck_assert_int_eq(elbo_size(y, 3), 1);
    ck_assert_str_eq(elbo_name_of(dx[0]), "");
    ck_assert_int_eq(elbo_graph_status(r.g), ELBO_INVALID);
    rig_assert_error(&r, message);
    outputs[0] = y;
    elbo_tensor out;
    ck_assert_ptr_null(elbo_compile(r.g, outputs, 1));
    ck_assert_str_eq(elbo_error(), message);
    ck_assert_int_eq(elbo_interpret(r.g, r.params, r.at, NULL, 0, outputs, 1, &out), ELBO_INVALID);
    ck_assert_str_eq(elbo_error(), message);
    rig_free(&r);
}
END_TEST

START_TEST(a_failed_graph_adds_nothing_to_its_set)
{
    rig r = rig_new(ELBO_F32, ELBO_TRAIN);
    elbo_var *w = elbo_param(r.g, "w", ELBO_SHAPE(2), zeros);
    elbo_assign(elbo_slab(w, "m"), w);
    ck_assert_int_eq(elbo_params_count(r.params), 0);
    elbo_graph_fail(r.g, ELBO_INVALID, "a layer's own error: %d", 7);
    ck_assert_ptr_null(elbo_compile(r.g, NULL, 0));
    ck_assert_str_eq(elbo_error(), "a layer's own error: 7");
    ck_assert_int_eq(elbo_params_count(r.params), 0);
    ck_assert_int_eq(elbo_params_slab_count(r.params), 1);
    ck_assert(!elbo_params_closed(r.params));
    rig_next_graph(&r, ELBO_TRAIN);
    w = elbo_param(r.g, "other", ELBO_SHAPE(3), zeros);
    double values[3];
    rig_value(&r, w, values);
    ck_assert_int_eq(elbo_params_count(r.params), 1);
    rig_free(&r);
}
END_TEST

/* ---- what a call says when it does not fit ----------------------------------------------------------------------- */

#define IN(name, ...) elbo_input(g, name, ELBO_F32, ELBO_SHAPE(__VA_ARGS__))
#define I32(...) elbo_input(g, "index", ELBO_I32, ELBO_SHAPE(__VA_ARGS__))
#define MISTAKE(name, call)                                                                                            \
    static void name(elbo_graph *g)                                                                                    \
    {                                                                                                                  \
        call;                                                                                                          \
    }
MISTAKE(add_shapes, elbo_add(IN("a", 2, 3), IN("b", 4)))
MISTAKE(add_dtype, elbo_add(IN("a", 2), I32(2)))
MISTAKE(where_shapes, elbo_where(IN("a", 2), IN("b", 3), IN("a", 2)))
MISTAKE(matmul_rank, elbo_matmul(IN("a", 2, 3), IN("b", 3)))
MISTAKE(matmul_stack, elbo_matmul(IN("a", 2, 3, 4), IN("b", 5, 4, 3)))
MISTAKE(sum_axis, elbo_sum_axis(IN("a", 2, 3), 2))
MISTAKE(max_axis, elbo_max(IN("a", 2, 3), (int[]){-3}, 1, true))
MISTAKE(argmax_axis, elbo_argmax(IN("a", 2), 1))
MISTAKE(sum_dtype, elbo_sum_all(I32(2)))
MISTAKE(size_axis, elbo_size(IN("a", 2), 1))
MISTAKE(reshape_size, elbo_reshape(IN("a", 2, 3), ELBO_SHAPE(4)))
MISTAKE(reshape_open, elbo_reshape(IN("a", 2, 3), ELBO_SHAPE(-1, 4)))
MISTAKE(reshape_two_open, elbo_reshape(IN("a", 2, 3), ELBO_SHAPE(-1, -1)))
MISTAKE(permute_twice, elbo_permute(IN("a", 2, 3), (int[]){0, 0}))
MISTAKE(transpose_rank, elbo_transpose(IN("a", 3)))
MISTAKE(expand_shape, elbo_expand(IN("a", 2, 3), ELBO_SHAPE(4, 3)))
MISTAKE(expand_rank, elbo_expand(IN("a", 2, 3), ELBO_SHAPE(3)))
MISTAKE(slice_end, elbo_slice(IN("a", 2, 3), 1, 2, 2))
MISTAKE(slice_start, elbo_slice(IN("a", 2, 3), -1, -1, 2))
MISTAKE(unsqueeze_axis, elbo_unsqueeze(IN("a", 2), 3))
MISTAKE(unsqueeze_rank, elbo_unsqueeze(IN("a", 1, 1, 1, 1, 1, 1, 1, 1), 0))
MISTAKE(one_hot_rank, elbo_one_hot(IN("a", 1, 1, 1, 1, 1, 1, 1, 1), 2))
MISTAKE(squeeze_size, elbo_squeeze(IN("a", 2, 3), 1))
MISTAKE(pad_negative, elbo_pad(IN("a", 2, 3), 0, -1, 2))
MISTAKE(pad_overflow, elbo_pad(IN("a", 2, 3), 0, 1, INT64_MAX))
MISTAKE(concat_shapes, elbo_concat((elbo_var *[]){IN("a", 2, 3), IN("b", 3, 2)}, 2, 0))
MISTAKE(concat_ranks, elbo_concat((elbo_var *[]){IN("a", 2, 3), IN("b", 2)}, 2, 0))
MISTAKE(gather_index, elbo_gather(IN("a", 2, 3), IN("b", 2)))
MISTAKE(gather_index_rank, elbo_gather(IN("a", 2, 3), I32(2, 2)))
MISTAKE(gather_scalar, elbo_gather(elbo_scalar(g, "a"), I32(2)))
MISTAKE(scatter_rows, elbo_scatter_add(IN("a", 2, 3), I32(3), 5))
MISTAKE(input_again, (IN("a", 2, 3), IN("a", 3, 2)))
MISTAKE(input_dtype, elbo_input(g, "a", ELBO_F64, ELBO_SHAPE(2)))
MISTAKE(input_shape, IN("a", 2, -3))
MISTAKE(array_shape, elbo_array(g, ELBO_SHAPE(-1), NULL))
MISTAKE(too_large, elbo_expand(IN("a", 1), ELBO_SHAPE(INT64_MAX)))
MISTAKE(param_shape, (elbo_param(g, "w", ELBO_SHAPE(2), zeros), elbo_param(g, "w", ELBO_SHAPE(3), zeros)))
MISTAKE(slab_of_input, elbo_slab(IN("a", 2), "adam.m"))
MISTAKE(assign_input, elbo_assign(IN("a", 2), IN("b", 2)))
MISTAKE(assign_shape, elbo_assign(elbo_state(g, "s", ELBO_SHAPE(2), zeros), IN("b", 3)))
MISTAKE(draw_axis, elbo_random_normal(g, "eps", ELBO_SHAPE(2, 3), 0))
MISTAKE(draw_axis_rank, elbo_random_uniform(g, "u", ELBO_SHAPE(2), 1))
MISTAKE(scope_end, elbo_scope_end(g))
MISTAKE(grad_of_index, elbo_grad(I32(2), (elbo_var *[]){I32(2)}, 1, (elbo_var *[]){NULL}))

static const struct {
    void (*make)(elbo_graph *g);
    const char *message;
} mistakes[] = {
    {add_shapes, "add: shapes (2, 3) and (4) do not broadcast"},
    {add_dtype, "add: operand 1 is i32, expected f32 (elbo_cast converts it)"},
    {where_shapes, "where: shapes (2) and (3) do not broadcast"},
    {matmul_rank, "matmul: f32 (2, 3) by f32 (3)"},
    {matmul_stack, "matmul: (2, 3, 4) by (5, 4, 3)"},
    {sum_axis, "sum: axis 2 of a tensor of shape (2, 3)"},
    {max_axis, "max: axis -3 of a tensor of shape (2, 3)"},
    {argmax_axis, "argmax: axis 1 of a tensor of shape (2)"},
    {sum_dtype, "sum: the operand is i32, expected f32"},
    {size_axis, "axis 1 of a tensor of shape (2)"},
    {reshape_size, "reshape: (2, 3) does not fit into (4)"},
    {reshape_open, "reshape: (2, 3) does not fit into (1, 4)"},
    {reshape_two_open, "reshape: (2, 3) does not fit into (-6, -1)"},
    {permute_twice, "permute: the axes of (2, 3) are not a permutation"},
    {transpose_rank, "transpose: a tensor of shape (3)"},
    {expand_shape, "expand: (2, 3) does not stretch to (4, 3)"},
    {expand_rank, "expand: (2, 3) does not stretch to (3)"},
    {slice_end, "slice: entries 2 to 4 of axis 1 of (2, 3)"},
    {slice_start, "slice: entries -1 to 1 of axis -1 of (2, 3)"},
    {unsqueeze_axis, "unsqueeze: axis 3 of a tensor of shape (2)"},
    {unsqueeze_rank, "unsqueeze: axis 0 of a tensor of shape (1, 1, 1, 1, 1, 1, 1, 1)"},
    {one_hot_rank, "one_hot: a tensor of rank 8"},
    {squeeze_size, "squeeze: axis 1 of (2, 3) is not of size 1"},
    {pad_negative, "pad: -1 before and 2 after axis 0 of (2, 3)"},
    {pad_overflow, "pad: 1 before and 9223372036854775807 after axis 0 of (2, 3)"},
    {concat_shapes, "concat: f32 (3, 2) does not fit beside f32 (2, 3) along axis 0"},
    {concat_ranks, "concat: f32 (2) does not fit beside f32 (2, 3) along axis 0"},
    {gather_index, "gather: the index must be i32 (B), got f32 (2)"},
    {gather_index_rank, "gather: the index must be i32 (B), got i32 (2, 2)"},
    {gather_scalar, "gather: the table has no axis"},
    {scatter_rows, "scatter_add: f32 (2, 3) by an index (3) into 5 rows"},
    {input_again, "input \"a\": f32 (3, 2), but it was f32 (2, 3) before"},
    {input_dtype, "input \"a\": f64 in a graph of f32"},
    {input_shape, "input \"a\": shape (2, -3): a size is negative"},
    {array_shape, "array: shape (-1): a size is negative"},
    {too_large, "expand: shape (9223372036854775807): too many elements"},
    {param_shape, "parameter \"w\": it has shape (2), but (3) is asked for"},
    {slab_of_input, "elbo_slab \"adam.m\": input is not a parameter"},
    {assign_input, "assign: the target is not a parameter or state, but input"},
    {assign_shape, "assign \"s\": expected (2), got (3)"},
    {draw_axis, "random_normal \"eps\": the draw axis is 1 or -1, not 0"},
    {draw_axis_rank, "random_uniform \"u\": the draw axis is 1 or -1, not 1"},
    {scope_end, "elbo_scope_end without elbo_scope"},
    {grad_of_index, "grad: a node of dtype i32 has no derivative"},
};

START_TEST(a_call_that_does_not_fit_names_itself_and_the_shapes)
{
    rig r = rig_new(ELBO_F32, ELBO_TRAIN);
    mistakes[_i].make(r.g);
    rig_assert_error(&r, mistakes[_i].message);
    rig_free(&r);
}
END_TEST

START_TEST(nodes_of_two_graphs_do_not_mix)
{
    rig a = rig_new(ELBO_F32, ELBO_TRAIN), b = rig_new(ELBO_F32, ELBO_TRAIN);
    elbo_var *x = elbo_scalar(a.g, "x"), *y = elbo_scalar(b.g, "y"), *dx;
    elbo_add(x, y);
    rig_assert_error(&a, "add: operand 1 belongs to another graph");
    ck_assert_int_eq(elbo_graph_status(b.g), ELBO_OK);
    rig_next_graph(&a, ELBO_TRAIN);
    x = elbo_scalar(a.g, "x");
    elbo_grad(x, &y, 1, &dx);
    rig_assert_error(&a, "grad: node 0 of the list belongs to another graph");
    rig_next_graph(&a, ELBO_TRAIN);
    ck_assert_ptr_null(elbo_compile(a.g, &y, 1));
    ck_assert_str_eq(elbo_error(), "compile: output 0 belongs to another graph");
    rig_free(&a);
    rig_free(&b);
}
END_TEST

START_TEST(a_graph_without_a_set_has_inputs_but_no_parameters)
{
    elbo_graph *g = elbo_graph_new(NULL, ELBO_EVALUATE);
    ck_assert_int_eq(elbo_graph_dtype(g), ELBO_F32);
    ck_assert_int_eq(elbo_graph_mode(g), ELBO_EVALUATE);
    elbo_var *y = elbo_shift(elbo_scalar(g, "x"), 1);
    elbo_plan *plan = elbo_compile(g, &y, 1);
    ck_assert_ptr_nonnull(plan);
    ck_assert_int_eq(elbo_plan_set(plan, "x", 2), ELBO_OK);
    ck_assert_int_eq(elbo_plan_run(plan, NULL, (elbo_at){0}), ELBO_OK);
    elbo_tensor out = elbo_plan_output(plan, 0);
    ck_assert_double_eq(elbo_tensor_get(&out, NULL), 3);
    elbo_plan_free(plan);
    elbo_param(g, "w", ELBO_SCALAR, zeros);
    ck_assert_int_eq(elbo_graph_status(g), ELBO_INVALID);
    ck_assert_str_eq(elbo_error(), "parameter \"w\": the graph has no parameter set");
    elbo_graph_free(g);
}
END_TEST

/* ---- names ------------------------------------------------------------------------------------------------------- */

START_TEST(one_name_is_one_node)
{
    rig r = rig_new(ELBO_F32, ELBO_TRAIN);
    elbo_var *x = elbo_input(r.g, "x", ELBO_U8, ELBO_SHAPE(2, 3));
    ck_assert_ptr_eq(elbo_input(r.g, "x", ELBO_U8, ELBO_SHAPE(2, 3)), x);
    ck_assert_ptr_eq(elbo_scalar(r.g, "lr"), elbo_scalar(r.g, "lr"));
    elbo_var *w = elbo_param(r.g, "w", ELBO_SHAPE(2, 3), zeros);
    ck_assert_ptr_eq(elbo_param(r.g, "w", ELBO_SHAPE(2, 3), zeros), w);
    ck_assert_ptr_eq(elbo_slab(w, "adam.m"), elbo_slab(w, "adam.m"));
    ck_assert_ptr_ne(elbo_slab(w, "adam.m"), elbo_slab(w, "adam.v"));
    ck_assert_int_eq(elbo_dtype_of(x), ELBO_U8);
    ck_assert_str_eq(elbo_name_of(x), "x");
    ck_assert_str_eq(elbo_name_of(w), "w");
    ck_assert_str_eq(elbo_name_of(elbo_neg(w)), "");
    ck_assert_int_eq(elbo_graph_status(r.g), ELBO_OK);
    rig_free(&r);
}
END_TEST

START_TEST(scopes_are_prefixes_of_parameters_but_not_of_inputs)
{
    rig r = rig_new(ELBO_F32, ELBO_TRAIN);
    elbo_scope(r.g, "encoder");
    elbo_var *outer = elbo_param(r.g, "w", ELBO_SHAPE(2), zeros);
    elbo_scope(r.g, "block");
    elbo_var *inner = elbo_state(r.g, "w", ELBO_SHAPE(3), zeros);
    elbo_scope_end(r.g);
    ck_assert_ptr_eq(elbo_param(r.g, "w", ELBO_SHAPE(2), zeros), outer);
    ck_assert_str_eq(elbo_name_of(elbo_scalar(r.g, "beta")), "beta");
    ck_assert_str_eq(elbo_name_of(elbo_random_normal(r.g, "eps", ELBO_SHAPE(2), -1)), "encoder.eps#0");
    elbo_scope_end(r.g);
    ck_assert_str_eq(elbo_name_of(outer), "encoder.w");
    ck_assert_str_eq(elbo_name_of(inner), "encoder.block.w");
    ck_assert_ptr_eq(elbo_param(r.g, "encoder.w", ELBO_SHAPE(2), zeros), outer);
    elbo_var *trained[2];
    ck_assert_int_eq(elbo_graph_params(r.g, trained), 1); /* state is not trained */
    ck_assert_ptr_eq(trained[0], outer);
    rig_free(&r);
}
END_TEST

/* Two names of a closed set, asked for wrongly. */
START_TEST(a_closed_set_refuses_unknown_names_and_other_shapes)
{
    rig r = rig_new(ELBO_F32, ELBO_TRAIN);
    elbo_var *w = elbo_param(r.g, "encoder.weight", ELBO_SHAPE(2, 3), zeros);
    double values[6];
    elbo_param(r.g, "encoder.bias", ELBO_SHAPE(2), zeros);
    rig_value(&r, w, values);
    rig_next_graph(&r, ELBO_EVALUATE);
    elbo_param(r.g, "encoder.wieght", ELBO_SHAPE(2, 3), zeros);
    rig_assert_error(
        &r, "parameter \"encoder.wieght\": the model has no such parameter; the nearest is \"encoder.weight\"");
    rig_next_graph(&r, ELBO_EVALUATE);
    elbo_param(r.g, "encoder.weight", ELBO_SHAPE(3, 2), zeros);
    rig_assert_error(&r, "parameter \"encoder.weight\": it has shape (2, 3), but (3, 2) is asked for");
    rig_next_graph(&r, ELBO_EVALUATE);
    ck_assert_str_eq(elbo_name_of(elbo_param(r.g, "encoder.bias", ELBO_SHAPE(2), zeros)), "encoder.bias");
    ck_assert_int_eq(elbo_graph_params(r.g, NULL), 1);
    rig_free(&r);
}
END_TEST

/* Rows that go through a layer: (5, 3) by a weight (4, 3). What is looked at are the values, the product and both
 * derivatives of its square. */
START_TEST(a_table_is_a_parameter_that_lies_row_by_row)
{
    double seen[2][15 + 20 + 15 + 12];
    for (int table = 0; table < 2; table++) {
        rig r = rig_new(ELBO_F32, ELBO_TRAIN);
        r.planned = true;
        elbo_var *t = (table ? elbo_table : elbo_param)(r.g, "t", ELBO_SHAPE(5, 3), elbo_init_normal(0, 1));
        elbo_var *w = elbo_param(r.g, "w", ELBO_SHAPE(4, 3), elbo_init_normal(0, 1)), *of[2];
        elbo_var *y = elbo_matmul(t, elbo_transpose(w));
        elbo_grad(elbo_sum_all(elbo_square(y)), (elbo_var *[]){t, w}, 2, of);
        rig_run(&r, (elbo_var *[]){t, y, of[0], of[1]}, 4,
                (double *[]){seen[table], seen[table] + 15, seen[table] + 35, seen[table] + 50});
        elbo_params *copy = elbo_params_copy(r.params);
        for (int i = 0; i < 2; i++) {
            const elbo_tensor at = elbo_params_tensor(i ? copy : r.params, elbo_params_find(r.params, "t"));
            ck_assert_int_eq(at.layout.strides[0], table ? 3 : 1);
            ck_assert_int_eq(at.layout.strides[1], table ? 1 : 5);
        }
        elbo_params_free(copy);
        rig_free(&r);
    }
    ck_assert_mem_eq(seen[0], seen[1], sizeof seen[0]);
}
END_TEST

START_TEST(a_graph_that_evaluates_changes_no_state)
{
    rig r = rig_new(ELBO_F32, ELBO_EVALUATE);
    elbo_var *s = elbo_state(r.g, "codebook", ELBO_SHAPE(2), zeros);
    elbo_assign(s, elbo_shift(s, 1));
    rig_assert_error(&r, "assign \"codebook\": a graph that evaluates changes no state");
    rig_free(&r);
}
END_TEST

START_TEST(a_set_that_changes_while_a_graph_is_built_is_an_error)
{
    rig r = rig_new(ELBO_F32, ELBO_TRAIN);
    elbo_var *w = elbo_param(r.g, "w", ELBO_SHAPE(2), zeros);
    ck_assert_int_eq(elbo_params_add(r.params, "other", ELBO_SHAPE(2), true, zeros), 0);
    ck_assert_ptr_null(elbo_compile(r.g, &w, 1));
    ck_assert_str_eq(elbo_error(), "parameter \"w\": the set was changed while the graph was built");
    rig_free(&r);
}
END_TEST

START_TEST(a_graph_names_at_most_fifteen_slabs)
{
    rig r = rig_new(ELBO_F32, ELBO_TRAIN);
    elbo_var *w = elbo_param(r.g, "w", ELBO_SHAPE(2), zeros);
    for (char name[2] = "a"; name[0] < 'p'; name[0]++)
        ck_assert_str_eq(elbo_name_of(elbo_slab(w, name)), "w");
    elbo_slab(w, "p");
    rig_assert_error(&r, "elbo_slab \"p\": a graph names at most 15 slabs");
    rig_free(&r);
}
END_TEST

Suite *suite_graph(void)
{
    Suite *s = suite_create("graph");
    TCase *t = tcase_create("errors");
    tcase_add_test(t, the_first_error_is_kept_and_later_calls_are_harmless);
    tcase_add_test(t, a_failed_graph_adds_nothing_to_its_set);
    tcase_add_loop_test(t, a_call_that_does_not_fit_names_itself_and_the_shapes, 0,
                        (int)(sizeof mistakes / sizeof mistakes[0]));
    tcase_add_test(t, nodes_of_two_graphs_do_not_mix);
    tcase_add_test(t, a_graph_without_a_set_has_inputs_but_no_parameters);
    suite_add_tcase(s, t);
    t = tcase_create("names");
    tcase_add_test(t, one_name_is_one_node);
    tcase_add_test(t, scopes_are_prefixes_of_parameters_but_not_of_inputs);
    tcase_add_test(t, a_closed_set_refuses_unknown_names_and_other_shapes);
    tcase_add_test(t, a_table_is_a_parameter_that_lies_row_by_row);
    tcase_add_test(t, a_graph_that_evaluates_changes_no_state);
    tcase_add_test(t, a_set_that_changes_while_a_graph_is_built_is_an_error);
    tcase_add_test(t, a_graph_names_at_most_fifteen_slabs);
    suite_add_tcase(s, t);
    return s;
}
