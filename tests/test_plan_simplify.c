/* What the planner makes of a graph: what it simplifies and fuses, how values lie, and which are stored. */
#include <check.h>

#include "../autograd/plan/ir.h"
#include "rig.h"
#include "suites.h"

/* ---- what is simplified ------------------------------------------------------------------------------------------ */

static int working_nodes(const elbo_plan *plan)
{
    int n = 0;
    for (size_t i = 0; i < plan->n_nodes; i++)
        n += !plan->nodes[i].is_view && !(plan->nodes[i].op->flags & ELBO__LEAF);
    return n;
}

static elbo_var *input(elbo_graph *g, const char *name)
{
    return elbo_input(g, name, ELBO_F32, ELBO_SHAPE(3, 4));
}

static elbo_var *same_twice(elbo_graph *g)
{
    elbo_var *a = input(g, "a"), *b = input(g, "b");
    return elbo_mul(elbo_exp(elbo_add(a, b)), elbo_exp(elbo_add(a, b)));
}

static elbo_var *dead_branch(elbo_graph *g)
{
    (void)elbo_exp(elbo_sum_all(input(g, "b")));
    return elbo_neg(input(g, "a"));
}

static elbo_var *arithmetic_on_constants(elbo_graph *g)
{
    elbo_var *two = elbo_exp(elbo_log(elbo_add(elbo_constant(g, 1), elbo_constant(g, 1))));
    return elbo_mul(input(g, "a"), elbo_reciprocal(two));
}

static elbo_var *times_one(elbo_graph *g)
{
    return elbo_neg(elbo_mul(elbo_constant(g, 1), elbo_mul(input(g, "a"), elbo_constant(g, 1))));
}

static elbo_var *two_draws(elbo_graph *g)
{
    return elbo_sub(elbo_random_normal(g, "z", ELBO_SHAPE(3, 4), -1), elbo_random_normal(g, "z", ELBO_SHAPE(3, 4), -1));
}

static elbo_var *views_only(elbo_graph *g)
{
    elbo_var *t = elbo_transpose(elbo_neg(input(g, "a")));
    return elbo_expand(elbo_slice(elbo_reshape(t, ELBO_SHAPE(4, 3, 1)), 0, 1, 2), ELBO_SHAPE(5, 2, 3, 1));
}

static const struct {
    elbo_var *(*build)(elbo_graph *g);
    int work;
} simplified[] = {{same_twice, 3}, {dead_branch, 1}, {arithmetic_on_constants, 1},
                  {times_one, 1},  {two_draws, 3},   {views_only, 1}};

START_TEST(only_what_is_needed_is_computed_and_only_once)
{
    elbo_graph *g = elbo_graph_new(NULL, ELBO_TRAIN);
    elbo_var *y = simplified[_i].build(g);
    elbo_plan *plan = rig_compiled(g, &y, 1);
    ck_assert_int_eq(working_nodes(plan), simplified[_i].work);
    elbo_plan_free(plan);
    elbo_graph_free(g);
}
END_TEST

/* ---- memory ------------------------------------------------------------------------------------------------------ */

/* x (B, 3, 8, 8) through convolutions, one of them behind a mask that depends on what another reads. */
static elbo_var *convolutions(elbo_graph *g)
{
    elbo_init init = {rig_fill, {1}};
    elbo_var *x = elbo_input(g, "x", ELBO_F32, ELBO_SHAPE(32, 3, 8, 8)), *zero = elbo_constant(g, 0);
    elbo_var *h = elbo_conv2d(x, elbo_param(g, "w", ELBO_SHAPE(5, 3, 3, 3), init), 1, 1);
    h = elbo_relu(elbo_add(h, elbo_param(g, "bias", ELBO_SHAPE(5, 1, 1), init)));
    elbo_var *y = elbo_conv2d(h, elbo_param(g, "v", ELBO_SHAPE(5, 5, 3, 3), init), 1, 1);
    y = elbo_where(elbo_less(zero, h), y, zero);
    return elbo_conv2d(y, elbo_param(g, "u", ELBO_SHAPE(1, 5, 3, 3), init), 1, 1);
}

static elbo_plan *plan_of_convolutions(elbo_params *params)
{
    elbo_graph *g = elbo_graph_new(params, ELBO_TRAIN);
    elbo_var *out = convolutions(g);
    elbo_plan *plan = rig_compiled(g, &out, 1);
    elbo_graph_free(g);
    return plan;
}

static bool is_view_or_leaf(const elbo__node *node)
{
    return node->is_view || node->op->flags & ELBO__LEAF;
}

START_TEST(what_is_made_of_a_convolution_lies_with_its_channels_last)
{
    elbo_params *params = elbo_params_new(ELBO_F32, 1);
    elbo_plan *plan = plan_of_convolutions(params);
    int pictures = 0;
    for (size_t id = 0; id < plan->n_nodes; id++) {
        const elbo__node *node = &plan->nodes[id];
        if (is_view_or_leaf(node) || elbo_shape_size(&node->shape) != 32 * 5 * 8 * 8)
            continue;
        pictures++;
        ck_assert_msg(elbo_shape_equal(&node->shape, &ELBO_SHAPE(32, 8, 8, 5)), "node %d (%s) is %s", (int)id,
                      node->op->name, elbo_shape_format(&node->shape).text);
    }
    ck_assert_int_eq(pictures, 6); /* two convolutions, their sum with the bias, relu, less, where */
    elbo_plan_free(plan);
    elbo_params_free(params);
}
END_TEST

/* How many copies that turn images (32, 5, 4, 4) a plan has, and how many elementwise nodes that lie as those. */
typedef struct {
    int copies, alike;
} turned;

static turned turned_of(elbo_graph *g, elbo_var *const *outputs, int n)
{
    elbo_plan *plan = rig_compiled(g, outputs, n);
    turned found = {0};
    for (size_t id = 0; id < plan->n_nodes; id++) {
        const elbo__node *node = &plan->nodes[id];
        const bool last = !is_view_or_leaf(node) && elbo_shape_equal(&node->shape, &ELBO_SHAPE(32, 4, 4, 5));
        found.copies += last && node->op == &elbo__op_concat;
        found.alike += last && node->op == &elbo__op_elementwise;
    }
    elbo_plan_free(plan);
    return found;
}

START_TEST(images_of_a_dense_layer_are_turned_once_for_the_convolutions_that_read_them)
{
    elbo_params *params = elbo_params_new(ELBO_F32, 1);
    elbo_graph *g = elbo_graph_new(params, ELBO_TRAIN);
    elbo_init init = {rig_fill, {1}};
    elbo_var *x = elbo_input(g, "x", ELBO_F32, ELBO_SHAPE(32, 7)), *zero = elbo_constant(g, 0);
    elbo_var *dense = elbo_reshape(elbo_matmul(x, elbo_param(g, "w", ELBO_SHAPE(7, 80), init)),
                                   ELBO_SHAPE(32, 5, 4, 4));
    elbo_var *v = elbo_param(g, "v", ELBO_SHAPE(5, 5, 3, 3), init),
             *u = elbo_param(g, "u", ELBO_SHAPE(1, 5, 3, 3), init);
    elbo_var *one = elbo_conv2d(dense, v, 1, 1), *other = elbo_conv2d(dense, u, 1, 1);
    ck_assert_int_eq(turned_of(g, &one, 1).copies, 0); /* the kernel turns them itself */
    ck_assert_int_eq(turned_of(g, (elbo_var *[]){one, other}, 2).copies, 1);
    elbo_var *masked = elbo_conv2d(elbo_where(elbo_less(zero, one), dense, zero), u, 1, 1);
    turned found = turned_of(g, &masked, 1);
    ck_assert_int_eq(found.copies, 1);
    ck_assert_int_eq(found.alike, 2); /* less and where, as the convolution's result lies */
    elbo_graph_free(g);
    elbo_params_free(params);
}
END_TEST

START_TEST(what_one_node_reads_is_computed_with_it_and_not_stored)
{
    elbo_params *params = elbo_params_new(ELBO_F32, 1);
    elbo_plan *plan = plan_of_convolutions(params);
    int masks = 0;
    for (size_t id = 0; id < plan->n_nodes; id++) {
        const elbo__node *node = &plan->nodes[id];
        if (is_view_or_leaf(node) || node->op != &elbo__op_elementwise || node->attr.elementwise != ELBO__less)
            continue;
        masks++;
        ck_assert_int_eq(node->buffer, ELBO__NONE);
    }
    ck_assert_int_eq(masks, 1);
    elbo_plan_free(plan);
    elbo_params_free(params);
}
END_TEST

/* As the gradient of a gate: exp(-h^2) / u meets a product for which relu(h) has to be stored first. */
START_TEST(what_waits_for_a_product_is_computed_behind_it_with_all_that_leads_to_it)
{
    enum { BATCH = 32, WIDTH = 64 };
    elbo_params *params = elbo_params_new(ELBO_F32, 1);
    elbo_graph *g = elbo_graph_new(params, ELBO_TRAIN);
    elbo_init init = {rig_fill, {1}};
    elbo_var *x = elbo_input(g, "x", ELBO_F32, ELBO_SHAPE(BATCH, WIDTH)), *layers[3];
    for (int i = 0; i < 3; i++)
        layers[i] = elbo_param(g, (const char *[]){"w", "u", "v"}[i], ELBO_SHAPE(WIDTH, WIDTH), init);
    elbo_var *h = elbo_matmul(x, layers[0]), *u = elbo_matmul(x, layers[1]);
    elbo_var *late = elbo_div(elbo_exp(elbo_neg(elbo_square(h))), u);
    elbo_var *out = elbo_mul(late, elbo_matmul(elbo_relu(h), layers[2]));
    elbo_plan *plan = rig_compiled(g, &out, 1);
    elbo_graph_free(g);
    int waiting = 0;
    for (size_t id = 0; id < plan->n_nodes; id++) {
        const elbo__node *node = &plan->nodes[id];
        if (is_view_or_leaf(node) || node->op != &elbo__op_elementwise || node->attr.elementwise == ELBO__relu ||
            node->output)
            continue;
        waiting++;
        ck_assert_msg(node->buffer == ELBO__NONE, "node %d is stored", (int)id);
    }
    ck_assert_int_eq(waiting, 4); /* square, neg, exp, div */
    elbo_plan_free(plan);
    elbo_params_free(params);
}
END_TEST

/* In how many parts the product of (rows, 784) by a weight (256, 784) is made, forward; or of (rows, 256), back. */
static int64_t parts(int64_t rows, bool forward, bool updated)
{
    elbo_params *params = elbo_params_new(ELBO_F32, 1);
    elbo_graph *g = elbo_graph_new(params, ELBO_TRAIN);
    elbo_init init = {rig_fill, {1}};
    elbo_var *w = elbo_param(g, "w", ELBO_SHAPE(256, 784), init);
    elbo_var *x = elbo_input(g, "x", ELBO_F32, ELBO_SHAPE(rows, forward ? 784 : 256));
    elbo_var *y = elbo_matmul(x, forward ? elbo_transpose(w) : w);
    if (updated)
        (void)elbo_assign(w, elbo_scale(w, 0.5));
    elbo_plan *plan = rig_compiled(g, &y, 1);
    int64_t found = 1;
    for (size_t id = 0; id < plan->n_nodes; id++)
        if (plan->nodes[id].op == &elbo__op_matmul && plan->nodes[id].shape.ndim == 3)
            found = plan->nodes[id].shape.dim[0];
    for (size_t id = 0; id < plan->n_nodes; id++) /* the update is shared out as finely as ever */
        if (plan->nodes[id].op->flags & ELBO__ASSIGN)
            ck_assert_int_ge(plan->nodes[id].units, 256);
    elbo_plan_free(plan);
    elbo_graph_free(g);
    elbo_params_free(params);
    return found;
}

START_TEST(few_rows_meet_a_weight_that_is_updated_in_parts_of_their_sum)
{
    ck_assert_int_eq(parts(20, true, true), 8);
    ck_assert_int_eq(parts(40, true, true), 4);  /* more would write too much */
    ck_assert_int_eq(parts(41, true, true), 1);  /* many rows: a barrier costs more */
    ck_assert_int_eq(parts(1, true, true), 1);   /* a single one is nobody's to share */
    ck_assert_int_eq(parts(20, true, false), 1); /* no other thread writes the weight */
    ck_assert_int_eq(parts(20, false, true), 1); /* the sum goes along the rows in memory, not down them */
}
END_TEST

/* Several draws of an image are rows of a layer's product, and an axis of their own in what follows. */
START_TEST(what_is_done_to_rows_and_then_to_draws_is_one_group)
{
    enum { BATCH = 32, DRAWS = 3, IN = 4, OUT = 5 };
    elbo_params *params = elbo_params_new(ELBO_F32, 1);
    elbo_graph *g = elbo_graph_new(params, ELBO_TRAIN);
    elbo_init init = {rig_fill, {1}};
    elbo_var *x = elbo_input(g, "x", ELBO_F32, ELBO_SHAPE(BATCH, IN));
    elbo_var *z = elbo_add(elbo_reshape(x, ELBO_SHAPE(BATCH, 1, IN)),
                           elbo_param(g, "offsets", ELBO_SHAPE(DRAWS, IN), init));
    elbo_var *w = elbo_param(g, "w", ELBO_SHAPE(IN, OUT), init), *b = elbo_param(g, "b", ELBO_SHAPE(OUT), init);
    elbo_var *of_rows = elbo_add(elbo_matmul(elbo_reshape(z, ELBO_SHAPE(BATCH * DRAWS, IN)), w), b);
    elbo_var *out = elbo_mul(elbo_tanh(elbo_reshape(of_rows, ELBO_SHAPE(BATCH, DRAWS, OUT))),
                             elbo_reshape(elbo_slice(x, 1, 0, 1), ELBO_SHAPE(BATCH, 1, 1)));
    elbo_plan *plan = rig_compiled(g, &out, 1);
    elbo_graph_free(g);
    int groups = 0;
    for (size_t i = 0; i < plan->n_loops; i++)
        for (size_t k = 0; k < plan->loops[i].n_instrs; k++)
            groups += plan->loops[i].instrs[k].group != NULL;
    ck_assert_int_eq(groups, 2); /* what goes into the product, and what is made of it */
    elbo_plan_free(plan);
    elbo_params_free(params);
}
END_TEST

/* Images of some draws: x for each image, y for each draw, a bias for all, a weight for each draw of an image. */
static elbo_var *by_rows(rig *r, int64_t images, int64_t draws, int64_t length)
{
    static double numbers[16384];
    for (int i = 0; i < 16384; i++)
        numbers[i] = sin(i);
    elbo_var *x = rig_input(r, "x", ELBO_SHAPE(images, 1, length), numbers);
    elbo_var *y = rig_input(r, "y", ELBO_SHAPE(images, draws, length), numbers + 7);
    elbo_var *bias = rig_input(r, "bias", ELBO_SHAPE(length), numbers + 3);
    elbo_var *weight = rig_input(r, "weight", ELBO_SHAPE(images, draws, 1), numbers + 5);
    return elbo_mul(elbo_tanh(elbo_add(elbo_mul(x, y), bias)), weight);
}

/* Rows that are just short, just long, a chunk, two chunks, and three uneven ones. */
static const int64_t lengths[] = {127, 128, 256, 300, 514};

START_TEST(what_is_repeated_by_rows_agrees_with_the_interpreter)
{
    enum { PICTURES = 5, DRAWS = 3 };
    double expected[PICTURES * DRAWS * 514], got[PICTURES * DRAWS * 514];
    const int64_t n = PICTURES * DRAWS * lengths[_i];
    for (int planned = 0; planned < 2; planned++) {
        rig r = rig_new(ELBO_F64, ELBO_TRAIN);
        r.planned = planned;
        rig_value(&r, by_rows(&r, PICTURES, DRAWS, lengths[_i]), planned ? got : expected);
        rig_free(&r);
    }
    for (int64_t i = 0; i < n; i++)
        ck_assert_msg(fabs(got[i] - expected[i]) <= 1e-14, "rows of %lld: entry %lld is %.17g, expected %.17g",
                      (long long)lengths[_i], (long long)i, got[i], expected[i]);
}
END_TEST

START_TEST(long_rows_that_are_repeated_are_read_where_they_are)
{
    int copied = 0;
    rig r = rig_new(ELBO_F32, ELBO_TRAIN);
    elbo_var *out = by_rows(&r, 5, 3, lengths[_i]);
    elbo_plan *plan = rig_compiled(r.g, &out, 1);
    for (size_t i = 0; i < plan->n_loops; i++)
        for (size_t k = 0; k < plan->loops[i].n_instrs; k++) {
            const elbo__group *g = plan->loops[i].instrs[k].group;
            for (size_t s = 0; g && s < g->n_steps; s++)
                copied += g->steps[s].kind == ELBO__LOAD && !g->steps[s].direct;
        }
    ck_assert_int_eq(copied, lengths[_i] == 127 ? 3 : 1); /* the weight is no row */
    elbo_plan_free(plan);
    rig_free(&r);
}
END_TEST

/* The sum of columns, cut along them: (1, n), whose first axis has nowhere to step. A step of 1 would look like that of
 * neighbours, along which sums go entry by entry. */
/* Sums of what groups compute: along its rows, read on; of absolute values, turned; of squares that nobody else reads;
 * along longer rows; of a part of each row; along columns; of an axis that is no end of a row too. Returns how many. */
static int sums(rig *r, int64_t length, elbo_var **out)
{
    elbo_var *y = by_rows(r, 5, 3, length), *rows = elbo_reshape(y, ELBO_SHAPE(15, length));
    out[0] = elbo_exp(elbo_neg(elbo_sum(y, (int[]){2}, 1, false)));
    out[1] = elbo__sum_abs(elbo_transpose(rows), 0);
    out[2] = elbo_sum(elbo_square(y), (int[]){2}, 1, true);
    out[3] = elbo_sum(y, (int[]){1, 2}, 2, false);
    out[4] = elbo_sum(elbo_slice(y, 2, 1, length - 1), (int[]){2}, 1, false);
    out[5] = elbo_sum(rows, (int[]){0}, 1, false);
    elbo_var *more = elbo_mul(elbo_unsqueeze(y, 2), elbo_reshape(elbo_slice(y, 2, 0, 2), ELBO_SHAPE(5, 3, 2, 1)));
    out[6] = elbo_sum(more, (int[]){1, 3}, 2, false);
    return 7;
}

START_TEST(sums_along_rows_agree_with_the_interpreter)
{
    enum { SUMS = 7, MOST = 514 };
    static const int sizes[SUMS] = {15, 15, 15, 5, 15, 0, 10}; /* 0: a row's */
    double expected[SUMS][MOST], got[SUMS][MOST], alone[2][SUMS][MOST];
    elbo_var *out[SUMS];
    for (int planned = 0; planned < 2; planned++) {
        rig r = rig_new(ELBO_F64, ELBO_TRAIN);
        r.planned = planned;
        const int n = sums(&r, lengths[_i], out);
        double *values[SUMS];
        for (int i = 0; i < n; i++)
            values[i] = planned ? got[i] : expected[i];
        rig_run(&r, out, n, values); /* what is added up is stored for others */
        for (int i = 0; i < n; i++)
            rig_value(&r, out[i], alone[planned][i]); /* for none, as a rule */
        rig_free(&r);
    }
    for (int i = 0; i < SUMS; i++)
        for (int64_t k = 0; k < (sizes[i] ? sizes[i] : lengths[_i]); k++) {
            assert_close(got[i][k], expected[i][k], 1e-12);
            ck_assert_double_eq(alone[0][i][k], expected[i][k]);
            ck_assert_double_eq(alone[1][i][k], got[i][k]); /* stored or not, to the bit */
        }
}
END_TEST

START_TEST(what_a_group_computes_and_is_added_up_along_long_rows_is_added_up_there)
{
    elbo_var *out[7];
    rig r = rig_new(ELBO_F32, ELBO_TRAIN);
    const int n = sums(&r, lengths[_i], out);
    elbo_plan *plan = rig_compiled(r.g, out, n);
    int kernels = 0, steps = 0, stored = 0;
    for (size_t i = 0; i < plan->n_loops; i++)
        for (size_t k = 0; k < plan->loops[i].n_instrs; k++) {
            const elbo__instr *instr = &plan->loops[i].instrs[k];
            kernels += instr->op == &elbo__op_sum || instr->op == &elbo__op_sum_abs;
            for (size_t s = 0; instr->group && s < instr->group->n_steps; s++)
                steps += instr->group->steps[s].kind == ELBO__SUM;
        }
    for (size_t id = 0; id < plan->n_nodes; id++)
        stored += plan->nodes[id].op == &elbo__op_elementwise && plan->nodes[id].attr.elementwise == ELBO__square &&
                  plan->nodes[id].buffer != ELBO__NONE;
    ck_assert_int_eq(kernels, lengths[_i] == 127 ? 6 : 4); /* short rows, and whatever is no row of the group's */
    ck_assert_int_eq(steps, lengths[_i] == 127 ? 1 : 3);
    ck_assert_int_eq(stored, lengths[_i] == 127); /* it is only added up */
    elbo_plan_free(plan);
    rig_free(&r);
}
END_TEST

/* The numbers of an update that is left out are added up all the same. */
START_TEST(sums_beside_an_update_that_is_left_out_are_taken)
{
    double sum[2][5];
    for (int planned = 0; planned < 2; planned++) {
        rig r = rig_new(ELBO_F64, ELBO_TRAIN);
        r.planned = planned;
        elbo_var *w = elbo_table(r.g, "w", ELBO_SHAPE(5, 300), (elbo_init){rig_fill, {1}});
        elbo_var *next = elbo_scale(w, 0.5), *out = elbo_sum(next, (int[]){1}, 1, false);
        elbo_assign_if(rig_input(&r, "ok", ELBO_SCALAR, (double[]){0}), w, next);
        rig_value(&r, out, sum[planned]);
        rig_free(&r);
    }
    for (int i = 0; i < 5; i++)
        assert_close(sum[1][i], sum[0][i], 1e-12);
}
END_TEST

START_TEST(an_axis_of_1_has_no_step_of_neighbours)
{
    rig r = rig_new(ELBO_F32, ELBO_TRAIN);
    elbo_var *x = elbo_input(r.g, "x", ELBO_F32, ELBO_SHAPE(64, 784));
    elbo_var *sums = elbo_sum(elbo_tanh(x), (int[]){0}, 1, true), *out = elbo_square(sums);
    elbo_plan *plan = rig_compiled(r.g, &out, 1);
    int found = 0;
    for (size_t id = 0; id < plan->n_nodes; id++) {
        const elbo__node *node = &plan->nodes[id];
        if (is_view_or_leaf(node) || !elbo_shape_equal(&node->shape, &ELBO_SHAPE(1, 784)))
            continue;
        found += node->axis == 1;
        ck_assert_int_eq(node->layout.strides[0], 784);
    }
    ck_assert_int_gt(found, 0);
    elbo_plan_free(plan);
    rig_free(&r);
}
END_TEST

Suite *suite_plan_simplify(void)
{
    Suite *s = suite_create("plan_simplify");
    TCase *simplify = tcase_create("simplifying");
    tcase_add_test(simplify, what_is_made_of_a_convolution_lies_with_its_channels_last);
    tcase_add_test(simplify, images_of_a_dense_layer_are_turned_once_for_the_convolutions_that_read_them);
    tcase_add_test(simplify, what_one_node_reads_is_computed_with_it_and_not_stored);
    tcase_add_test(simplify, what_waits_for_a_product_is_computed_behind_it_with_all_that_leads_to_it);
    tcase_add_test(simplify, what_is_done_to_rows_and_then_to_draws_is_one_group);
    tcase_add_test(simplify, few_rows_meet_a_weight_that_is_updated_in_parts_of_their_sum);
    tcase_add_test(simplify, sums_beside_an_update_that_is_left_out_are_taken);
    tcase_add_test(simplify, an_axis_of_1_has_no_step_of_neighbours);
    tcase_add_loop_test(simplify, what_is_repeated_by_rows_agrees_with_the_interpreter, 0,
                        (int)(sizeof lengths / sizeof lengths[0]));
    tcase_add_loop_test(simplify, long_rows_that_are_repeated_are_read_where_they_are, 0,
                        (int)(sizeof lengths / sizeof lengths[0]));
    tcase_add_loop_test(simplify, sums_along_rows_agree_with_the_interpreter, 0,
                        (int)(sizeof lengths / sizeof lengths[0]));
    tcase_add_loop_test(simplify, what_a_group_computes_and_is_added_up_along_long_rows_is_added_up_there, 0,
                        (int)(sizeof lengths / sizeof lengths[0]));
    tcase_add_loop_test(simplify, only_what_is_needed_is_computed_and_only_once, 0,
                        (int)(sizeof simplified / sizeof simplified[0]));
    suite_add_tcase(s, simplify);
    return s;
}
