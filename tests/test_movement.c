/* What the movement ops and the ops on rows by number give, by interpreter and plan, and what happens to a view that
 * strides cannot express. */
#include <check.h>
#include <string.h>

#include "numbers.h"
#include "rig.h"
#include "suites.h"

enum { MOST = 64 };

/* Each case takes x (2,3) = 0 1 2 / 3 4 5, or another shape with the numbers 0, 1, 2, ... */
typedef struct {
    const char *title;
    elbo_var *(*build)(elbo_var *x);
    elbo_shape in, out;
    double expected[MOST];
} movement;

#define X                                                                                                              \
    {                                                                                                                  \
        2,                                                                                                             \
        {                                                                                                              \
            2, 3                                                                                                       \
        }                                                                                                              \
    }
#define BUILD(name, y)                                                                                                 \
    static elbo_var *name(elbo_var *x)                                                                                 \
    {                                                                                                                  \
        return y;                                                                                                      \
    }

static elbo_var *index_of(elbo_var *x, const double *values, int64_t n)
{
    /* i32 nodes come from argmax: of rows that are 1 at the index and 0 elsewhere; -1 and beyond come from inputs */
    return elbo_argmax(elbo_one_hot(elbo_array(elbo_graph_of(x), ELBO_SHAPE(n), values), 8), -1);
}

BUILD(reshape, elbo_reshape(x, ELBO_SHAPE(3, 2)))
BUILD(reshape_open, elbo_reshape(x, ELBO_SHAPE(1, -1, 2)))
BUILD(reshape_turned, elbo_reshape(elbo_transpose(x), ELBO_SHAPE(2, 3)))
BUILD(reshape_repeated, elbo_reshape(elbo_expand(x, ELBO_SHAPE(2, 2, 3)), ELBO_SHAPE(4, 3)))
BUILD(reshape_repeated_column, elbo_reshape(elbo_expand(elbo_slice(x, 1, 1, 1), ELBO_SHAPE(2, 3)), ELBO_SHAPE(6)))
BUILD(reshape_slice, elbo_reshape(elbo_slice(x, 1, 1, 2), ELBO_SHAPE(4)))
BUILD(permute, elbo_permute(x, (int[]){2, 0, 1}))
BUILD(transpose, elbo_transpose(x))
BUILD(expand, elbo_expand(x, ELBO_SHAPE(2, 2, 3)))
BUILD(expand_axis, elbo_expand(elbo_slice(x, 0, 1, 1), ELBO_SHAPE(2, 3)))
BUILD(slice, elbo_slice(x, -1, 1, 2))
BUILD(slice_row, elbo_slice(x, 0, 1, 1))
BUILD(slice_nothing, elbo_slice(x, 0, 2, 0))
BUILD(unsqueeze, elbo_unsqueeze(x, -2))
BUILD(squeeze, elbo_squeeze(elbo_unsqueeze(x, 1), 1))
BUILD(pad, elbo_pad(x, 1, 1, 2))
BUILD(pad_rows, elbo_pad(elbo_transpose(x), 0, 0, 1))
BUILD(concat, elbo_concat((elbo_var *[]){x, elbo_neg(x)}, 2, 0))
BUILD(concat_columns, elbo_concat((elbo_var *[]){elbo_slice(x, 1, 2, 1), x, x, x, x}, 5, -1))
BUILD(concat_nothing, elbo_concat((elbo_var *[]){elbo_slice(x, 0, 0, 0), x}, 2, 0))
BUILD(gather, elbo_gather(x, index_of(x, (double[]){1, 0, 1}, 3)))
BUILD(gather_beyond, elbo_gather(x, index_of(x, (double[]){2, 1, 7}, 3)))
BUILD(scatter_add, elbo_scatter_add(x, index_of(x, (double[]){2, 2}, 2), 3))
BUILD(scatter_beyond, elbo_scatter_add(x, index_of(x, (double[]){4, 0}, 2), 2))
BUILD(one_hot, elbo_one_hot(elbo_slice(elbo_reshape(x, ELBO_SHAPE(6)), 0, 1, 3), 3))
BUILD(arange, elbo_add(elbo_arange(elbo_graph_of(x), 3), elbo_scale(x, 0)))
BUILD(array, elbo_array(elbo_graph_of(x), ELBO_SHAPE(2, 2), (double[]){1, 2, 3, 4}))
BUILD(constant, elbo_expand(elbo_constant(elbo_graph_of(x), 1.5), ELBO_SHAPE(2, 2)))
BUILD(computed_constant, elbo_scale(elbo_shift(elbo_constant(elbo_graph_of(x), 1.5), 1), 2))

static const movement movements[] = {
    {"reshape", reshape, X, {2, {3, 2}}, {0, 1, 2, 3, 4, 5}},
    {"reshape with an open size", reshape_open, X, {3, {1, 3, 2}}, {0, 1, 2, 3, 4, 5}},
    {"reshape of a transpose", reshape_turned, X, {2, {2, 3}}, {0, 3, 1, 4, 2, 5}},
    {"reshape of repeated rows", reshape_repeated, X, {2, {4, 3}}, {0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5}},
    {"reshape of a repeated column", reshape_repeated_column, X, {1, {6}}, {1, 1, 1, 4, 4, 4}},
    {"reshape of a slice", reshape_slice, X, {1, {4}}, {1, 2, 4, 5}},
    {"permute", permute, {3, {2, 1, 3}}, {3, {3, 2, 1}}, {0, 3, 1, 4, 2, 5}},
    {"transpose", transpose, X, {2, {3, 2}}, {0, 3, 1, 4, 2, 5}},
    {"expand by an axis", expand, X, {3, {2, 2, 3}}, {0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5}},
    {"expand an axis", expand_axis, X, X, {3, 4, 5, 3, 4, 5}},
    {"slice", slice, X, {2, {2, 2}}, {1, 2, 4, 5}},
    {"slice a row", slice_row, X, {2, {1, 3}}, {3, 4, 5}},
    {"slice nothing", slice_nothing, X, {2, {0, 3}}, {0}},
    {"unsqueeze", unsqueeze, X, {3, {2, 1, 3}}, {0, 1, 2, 3, 4, 5}},
    {"squeeze", squeeze, X, X, {0, 1, 2, 3, 4, 5}},
    {"pad", pad, X, {2, {2, 6}}, {0, 0, 1, 2, 0, 0, 0, 3, 4, 5, 0, 0}},
    {"pad rows of a transpose", pad_rows, X, {2, {4, 2}}, {0, 3, 1, 4, 2, 5, 0, 0}},
    {"concat", concat, X, {2, {4, 3}}, {0, 1, 2, 3, 4, 5, 0, -1, -2, -3, -4, -5}},
    {"concat of five by columns", concat_columns, {2, {1, 3}}, {2, {1, 13}}, {2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2}},
    {"concat with nothing", concat_nothing, X, X, {0, 1, 2, 3, 4, 5}},
    {"gather", gather, X, {2, {3, 3}}, {3, 4, 5, 0, 1, 2, 3, 4, 5}},
    {"gather rows that do not exist", gather_beyond, X, {2, {3, 3}}, {0, 0, 0, 3, 4, 5, 0, 0, 0}},
    {"scatter_add", scatter_add, X, {2, {3, 3}}, {0, 0, 0, 0, 0, 0, 3, 5, 7}},
    {"scatter_add to a row that does not exist", scatter_beyond, X, X, {3, 4, 5, 0, 0, 0}},
    {"one_hot", one_hot, X, {2, {3, 3}}, {0, 1, 0, 0, 0, 1, 0, 0, 0}},
    {"arange", arange, X, X, {0, 1, 2, 0, 1, 2}},
    {"array", array, X, {2, {2, 2}}, {1, 2, 3, 4}},
    {"constant", constant, X, {2, {2, 2}}, {1.5, 1.5, 1.5, 1.5}},
    {"arithmetic on constants", computed_constant, X, {0, {0}}, {5}},
};
enum { MOVEMENTS = sizeof movements / sizeof movements[0] };

/* The result itself, and what an op that computes makes of it: a plan may treat the two in different ways. */
START_TEST(movement_gives_what_it_says)
{
    const movement *m = &movements[_i];
    for (int way = 0; way < 8; way++) {
        bool planned = way & 1, computed = way & 2, from_memory = way & 4;
        rig r = rig_new(_i % 2 ? ELBO_F32 : ELBO_F64, ELBO_TRAIN);
        r.planned = planned;
        double x[MOST], y[MOST];
        for (int i = 0; i < MOST; i++)
            x[i] = from_memory ? i : -i;
        elbo_var *in = rig_input(&r, "x", m->in, x);
        elbo_var *out = m->build(from_memory ? in : elbo_neg(in));
        elbo_shape shape = elbo_shape_of(out);
        ck_assert_msg(elbo_graph_status(r.g) == ELBO_OK, "%s: %s", m->title, elbo_error());
        ck_assert(elbo_shape_equal(&shape, &m->out));
        rig_value(&r, computed ? elbo_shift(out, 100) : out, y);
        for (int64_t i = 0; i < elbo_shape_size(&shape); i++)
            if (y[i] != m->expected[i] + (computed ? 100 : 0))
                ck_abort_msg("%s, way %d: entry %lld is %g, expected %g", m->title, way, (long long)i, y[i],
                             m->expected[i]);
        rig_free(&r);
    }
}
END_TEST

/* ---- inputs of other dtypes -------------------------------------------------------------------------------------- */

/* images u8 (4,3), labels i32 (2): x = cast(rows of the images by label), h = one_hot(labels) */
START_TEST(bytes_and_labels_are_cast_inside_the_graph)
{
    const uint8_t images[] = {0, 1, 2, 50, 51, 52, 128, 129, 130, 253, 254, 255};
    const int32_t labels[] = {3, -1};
    const elbo_feed feeds[] = {{"images", elbo_tensor_of(ELBO_U8, ELBO_SHAPE(4, 3), images)},
                               {"labels", elbo_tensor_of(ELBO_I32, ELBO_SHAPE(2), labels)}};
    const double expected_x[] = {253, 254, 255, 0, 0, 0}, expected_h[] = {0, 0, 0, 1, 0, 0, 0, 0};
    for (int planned = 0; planned < 2; planned++) {
        elbo_params *params = elbo_params_new(ELBO_F32, 1);
        elbo_graph *g = elbo_graph_new(params, ELBO_TRAIN);
        elbo_var *index = elbo_input(g, "labels", ELBO_I32, ELBO_SHAPE(2));
        elbo_var *all = elbo_input(g, "images", ELBO_U8, ELBO_SHAPE(4, 3));
        elbo_var *outputs[] = {elbo_cast(elbo_gather(all, index)), elbo_one_hot(index, 4)};
        ck_assert_int_eq(elbo_dtype_of(outputs[0]), ELBO_F32);
        elbo_tensor out[2];
        elbo_plan *plan = NULL;
        if (planned) {
            ck_assert_ptr_nonnull(plan = elbo_compile(g, outputs, 2));
            for (int i = 0; i < 2; i++)
                ck_assert_int_eq(elbo_plan_bind(plan, feeds[i].name, feeds[i].data), ELBO_OK);
            ck_assert_int_eq(elbo_plan_run(plan, params, (elbo_at){0}), ELBO_OK);
            out[0] = elbo_plan_output(plan, 0);
            out[1] = elbo_plan_output(plan, 1);
        } else {
            ck_assert_int_eq(elbo_interpret(g, params, (elbo_at){0}, feeds, 2, outputs, 2, out), ELBO_OK);
        }
        elbo_tensor x = elbo_tensor_of(ELBO_F64, ELBO_SHAPE(2, 3), expected_x);
        elbo_tensor h = elbo_tensor_of(ELBO_F64, ELBO_SHAPE(2, 4), expected_h);
        assert_same_numbers(&out[0], &x, "images");
        assert_same_numbers(&out[1], &h, "labels");
        for (int i = 0; i < 2 && !planned; i++)
            elbo_tensor_free(&out[i]);
        elbo_plan_free(plan);
        elbo_graph_free(g);
        elbo_params_free(params);
    }
}
END_TEST

/* ---- elementwise ops --------------------------------------------------------------------------------------------- */

START_TEST(operands_broadcast_as_in_numpy)
{
    const double row[] = {1, 2, 3}, column[] = {10, 20}, expected[] = {11, 12, 13, 21, 22, 23};
    for (int planned = 0; planned < 2; planned++) {
        rig r = rig_new(ELBO_F64, ELBO_TRAIN);
        r.planned = planned;
        elbo_var *sum = elbo_add(rig_input(&r, "row", ELBO_SHAPE(3), row),
                                 rig_input(&r, "column", ELBO_SHAPE(1, 2, 1), column));
        elbo_shape shape = elbo_shape_of(sum);
        ck_assert(elbo_shape_equal(&shape, &ELBO_SHAPE(1, 2, 3)));
        double y[6];
        rig_value(&r, sum, y);
        for (int i = 0; i < 6; i++)
            ck_assert_double_eq(y[i], expected[i]);
        rig_free(&r);
    }
}
END_TEST

START_TEST(an_empty_axis_broadcasts_with_size_one_only)
{
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    double none[1], one[3] = {1, 2, 3}, y[1];
    elbo_var *empty = rig_input(&r, "empty", ELBO_SHAPE(0, 3), none),
             *row = rig_input(&r, "row", ELBO_SHAPE(1, 3), one);
    elbo_var *sum = elbo_add(empty, row);
    ck_assert_int_eq(elbo_size(sum, 0), 0);
    for (int planned = 0; planned < 2; planned++) {
        r.planned = planned;
        rig_value(&r, sum, y);
    }
    elbo_add(empty, elbo_expand(row, ELBO_SHAPE(2, 3)));
    rig_assert_error(&r, "add: shapes (0, 3) and (2, 3) do not broadcast");
    rig_free(&r);
}
END_TEST

Suite *suite_movement(void)
{
    Suite *s = suite_create("movement");
    TCase *t = tcase_create("movement");
    tcase_add_loop_test(t, movement_gives_what_it_says, 0, MOVEMENTS);
    suite_add_tcase(s, t);
    t = tcase_create("inputs of other dtypes");
    tcase_add_test(t, bytes_and_labels_are_cast_inside_the_graph);
    suite_add_tcase(s, t);
    t = tcase_create("broadcasting");
    tcase_add_test(t, operands_broadcast_as_in_numpy);
    tcase_add_test(t, an_empty_axis_broadcasts_with_size_one_only);
    suite_add_tcase(s, t);
    return s;
}
