/* Masked linear layers, MADE and masked convolutions: values, what depends on what, the step of a flow, errors. */
#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "../autograd/op.h"
#include "../nn/layers/layers.h"
#include "rig.h"
#include "suites.h"

enum { B = 2, D = 4, H = 3 };
static const double rows[B * D] = {0.3, -1, 0.5, 2, -0.7, 0.1, 1.5, -0.4};
static const double context[B * H] = {1, -0.5, 0.25, 0.6, 2, -1};

static void settle(rig *r)
{
    ck_assert_msg(elbo__graph_settle(r->g) == ELBO_OK, "%s", elbo_error());
}

START_TEST(a_masked_weight_counts_as_0_and_is_not_moved)
{
    static const double mask[3 * D] = {1, 0, 0, 1, 0, 0, 0, 0, 1, 1, 0.5, 1};
    static const double w[3 * D] = {1, 2, 3, 4, 5, 6, 7, 8, -1, -2, -3, -4}, bias[3] = {0.5, -1, 2};
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    r.planned = _i;
    elbo_var *y = elbo_masked_linear(rig_input(&r, "x", ELBO_SHAPE(B, D), rows), "layer", 3, mask), *params[2], *d[2];
    ck_assert_int_eq(elbo_graph_params(r.g, params), 2);
    elbo_grad(elbo_sum_all(y), params, 2, d);
    settle(&r);
    rig_set_param(&r, "layer.weight", w);
    rig_set_param(&r, "layer.bias", bias);
    double got[B * 3], dw[3 * D], db[3];
    rig_run(&r, (elbo_var *[]){y, d[0], d[1]}, 3, (double *[]){got, dw, db});
    for (int j = 0; j < 3; j++) {
        ck_assert_double_eq(db[j], B);
        for (int b = 0; b < B; b++) {
            double expected = bias[j];
            for (int i = 0; i < D; i++)
                expected += rows[b * D + i] * w[j * D + i] * mask[j * D + i];
            assert_close(got[b * 3 + j], expected, 1e-15);
        }
        for (int i = 0; i < D; i++)
            assert_close(dw[j * D + i], mask[j * D + i] * (rows[i] + rows[D + i]), 1e-15);
    }
    rig_free(&r);
}
END_TEST

START_TEST(degrees_make_masks)
{
    static const int64_t from[3] = {3, 1, 2}, to[2] = {2, 1};
    static const double hidden[6] = {0, 1, 1, 0, 1, 0}, last[6] = {0, 1, 0, 0, 0, 0};
    double mask[6];
    elbo_made_mask(from, 3, to, 2, false, mask);
    for (int i = 0; i < 6; i++)
        ck_assert_double_eq(mask[i], hidden[i]);
    elbo_made_mask(from, 3, to, 2, true, mask);
    for (int i = 0; i < 6; i++)
        ck_assert_double_eq(mask[i], last[i]);
}
END_TEST

/* d out[n D + i] / d in[j], summed over the batch, is 0 where the entry must not be seen, and only there. */
static void assert_sees(rig *r, elbo_var *y, elbo_var *in, int i, int dims, bool (*sees)(int i, int j))
{
    elbo_var *d;
    double got[B * D];
    elbo_grad(elbo_sum_all(elbo_slice(y, -1, i, 1)), &in, 1, &d);
    rig_value(r, d, got);
    for (int b = 0; b < B; b++)
        for (int j = 0; j < dims; j++)
            ck_assert_msg((got[b * dims + j] != 0) == sees(i % D, j), "output %d and entry %d: %g", i, j,
                          got[b * dims + j]);
}

static bool before(int i, int j)
{
    return j < i;
}

static bool after(int i, int j)
{
    return j > i;
}

static bool always(int i, int j)
{
    (void)i, (void)j;
    return true;
}

START_TEST(an_output_of_made_sees_the_entries_before_it_and_the_context)
{
    for (int backwards = 0; backwards < 2; backwards++)
        for (int with = 0; with < 2; with++) {
            rig r = rig_new(ELBO_F64, ELBO_TRAIN);
            r.planned = _i;
            elbo_var *x = rig_input(&r, "x", ELBO_SHAPE(B, D), rows);
            elbo_var *c = with ? rig_input(&r, "c", ELBO_SHAPE(B, H), context) : NULL;
            elbo_made_shape shape = {(const int64_t[]){24, 24}, 2, "tanh", 2, backwards};
            elbo_var *y = elbo_made(x, c, "flow", shape);
            ck_assert(elbo_shape_equal(&(elbo_shape){2, {B, 2 * D}}, (elbo_shape[]){elbo_shape_of(y)}));
            settle(&r);
            for (int i = 0; i < 2 * D; i++) {
                assert_sees(&r, y, x, i, D, backwards ? after : before);
                if (c)
                    assert_sees(&r, y, c, i, H, always);
            }
            rig_free(&r);
        }
}
END_TEST

START_TEST(few_units_of_made_are_spread_over_all_entries)
{
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    elbo_var *x = rig_input(&r, "x", ELBO_SHAPE(B, D), rows), *c = rig_input(&r, "c", ELBO_SHAPE(B, H), context);
    elbo_var *y = elbo_made(x, c, "flow", (elbo_made_shape){(const int64_t[]){2}, 1, "tanh", 1, false}), *dx;
    double seen[B * D];
    settle(&r);
    elbo_grad(elbo_slice(y, 1, D - 1, 1), &x, 1, &dx);
    rig_value(&r, dx, seen);
    ck_assert_double_ne(seen[0], 0); /* units of degrees 0 and 2 */
    ck_assert_double_ne(seen[1], 0);
    ck_assert_double_eq(seen[2], 0);
    rig_free(&r);
}
END_TEST

START_TEST(made_names_its_layers_and_takes_draws)
{
    static const char *const names[] = {"flow.hidden.weight", "flow.hidden.bias", "flow.hidden2.weight",
                                        "flow.hidden2.bias",  "flow.out.weight",  "flow.out.bias"};
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    elbo_made_shape shape = {(const int64_t[]){5, 6}, 2, "relu", 3, false};
    elbo_var *z = rig_input(&r, "z", ELBO_SHAPE(B, 2, 2), rows), *c = rig_input(&r, "c", ELBO_SHAPE(B, H), context);
    elbo_var *y = elbo_made(z, c, "flow", shape);
    elbo_shape of = elbo_shape_of(y);
    ck_assert(elbo_shape_equal(&of, &ELBO_SHAPE(B, 2, 6)));
    settle(&r);
    ck_assert_int_eq(elbo_params_count(r.params), 6);
    for (int i = 0; i < 6; i++)
        ck_assert_str_eq(elbo_params_name(r.params, i), names[i]);
    double draws[B * 2 * 6], one[B * 6], first[B * 2];
    for (int b = 0; b < B; b++)
        for (int i = 0; i < 2; i++)
            first[b * 2 + i] = rows[b * 4 + i];
    elbo_var *alone = elbo_made(rig_input(&r, "first", ELBO_SHAPE(B, 2), first), c, "flow", shape);
    rig_run(&r, (elbo_var *[]){y, alone}, 2, (double *[]){draws, one});
    for (int b = 0; b < B; b++)
        for (int i = 0; i < 6; i++)
            assert_close(draws[b * 12 + i], one[b * 6 + i], 1e-15);
    rig_free(&r);
}
END_TEST

/* The step that layers.h shows: its Jacobian is triangular, with the gates on its diagonal. */
START_TEST(the_step_of_a_flow_has_the_determinant_that_its_log_density_says)
{
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    elbo_var *z = rig_input(&r, "z", ELBO_SHAPE(1, D), rows), *log_q = elbo_constant(r.g, 0), *d[D], *to = z;
    for (int t = 0; t < 2; t++) {
        elbo_made_shape shape = {(const int64_t[]){16}, 1, "tanh", 2, t == 1};
        elbo_var *h = elbo_made(to, NULL, elbo_numbered("flow", t + 1).text, shape);
        elbo_var *m = elbo_slice(h, -1, 0, D), *s = elbo_slice(h, -1, D, D), *gate = elbo_sigmoid(s);
        to = elbo_add(m, elbo_mul(gate, elbo_sub(to, m)));
        log_q = elbo_add(log_q, elbo_sum_axis(elbo_softplus(elbo_neg(s)), -1));
    }
    double jacobian[D][D], log_density, *out[D + 1] = {&log_density}, determinant = 1;
    elbo_var *outputs[D + 1] = {log_q};
    for (int i = 0; i < D; i++) {
        elbo_grad(elbo_sum_all(elbo_slice(to, -1, i, 1)), &z, 1, &d[i]);
        outputs[i + 1] = d[i];
        out[i + 1] = jacobian[i];
    }
    rig_run(&r, outputs, D + 1, out);
    for (int i = 0; i < D; i++) { /* elimination; pivots are not 0, being products of gates and more */
        determinant *= jacobian[i][i];
        for (int k = i + 1; k < D; k++)
            for (int j = D - 1; j >= i; j--)
                jacobian[k][j] -= jacobian[i][j] * jacobian[k][i] / jacobian[i][i];
    }
    assert_close(log_density, -log(fabs(determinant)), 1e-12);
    rig_free(&r);
}
END_TEST

/* ---- convolutions ------------------------------------------------------------------------------------------------ */

enum { SIDE = 5, PIXELS = SIDE * SIDE };

/* d y[i] / d x[j], summed over channels, is 0 where pixel i must not see pixel j, and only there. */
static void assert_sees_pixels(rig *r, elbo_var *y, elbo_var *x, bool (*sees)(int i, int j))
{
    const elbo_shape flat = ELBO_SHAPE(elbo_size(y, 1), PIXELS);
    for (int i = 0; i < PIXELS; i++) {
        elbo_var *d;
        double got[PIXELS];
        elbo_grad(elbo_sum_all(elbo_slice(elbo_reshape(y, flat), 1, i, 1)), &x, 1, &d);
        rig_value(r, d, got);
        for (int j = 0; j < PIXELS; j++)
            ck_assert_msg((got[j] != 0) == sees(i, j), "pixel %d and pixel %d: %g", i, j, got[j]);
    }
}

static bool near(int i, int j)
{
    return abs(i / SIDE - j / SIDE) <= 1 && abs(i % SIDE - j % SIDE) <= 1;
}

static bool near_before(int i, int j)
{
    return j < i && near(i, j);
}

static bool near_until(int i, int j)
{
    return j <= i && near(i, j);
}

/* For kernels of 5: all before i but what is further to the right than two columns a row. */
static bool before_in_rows(int i, int j)
{
    return j < i && j % SIDE - i % SIDE <= 2 * (i / SIDE - j / SIDE);
}

static elbo_var *square_input(rig *r)
{
    static double picture[PIXELS];
    for (int i = 0; i < PIXELS; i++)
        picture[i] = sin(3.0 * i) + 2;
    return rig_input(r, "x", ELBO_SHAPE(1, 1, SIDE, SIDE), picture);
}

START_TEST(a_masked_convolution_sees_what_comes_before)
{
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    r.planned = _i % 2;
    elbo_var *x = square_input(&r), *y = elbo_masked_conv2d(x, "conv", 3, 3, _i / 2);
    settle(&r);
    assert_sees_pixels(&r, y, x, _i / 2 ? near_until : near_before);
    rig_free(&r);
}
END_TEST

/* One of A and three of B: all that comes before but for the blind spot, and nothing else. */
START_TEST(a_stack_of_masked_convolutions_sees_what_comes_before)
{
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    elbo_var *x = square_input(&r), *y = elbo_masked_conv2d(x, "first", 4, 5, false);
    for (int i = 0; i < 3; i++)
        y = elbo_masked_conv2d(elbo_tanh(y), elbo_numbered("conv", i + 1).text, 4, 5, true);
    settle(&r);
    assert_sees_pixels(&r, y, x, before_in_rows);
    rig_free(&r);
}
END_TEST

/* A kernel of ones counts the pixels that are seen. */
START_TEST(a_masked_convolution_pads_with_nothing)
{
    static const double ones[9] = {1, 1, 1, 1, 1, 1, 1, 1, 1}, bias[1] = {0.5}, picture[4] = {1, 2, 4, 8},
                        expected[2][4] = {{0, 1, 3, 7}, {1, 3, 7, 15}};
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    elbo_var *x = rig_input(&r, "x", ELBO_SHAPE(1, 1, 2, 2), picture);
    elbo_var *y = elbo_masked_conv2d(x, "conv", 1, 3, _i);
    double got[4];
    settle(&r);
    rig_set_param(&r, "conv.weight", ones);
    rig_set_param(&r, "conv.bias", bias);
    rig_value(&r, y, got);
    for (int i = 0; i < 4; i++)
        ck_assert_double_eq(got[i], expected[_i][i] + 0.5);
    rig_free(&r);
}
END_TEST

START_TEST(inputs_that_do_not_fit_are_named)
{
    static const double mask[3 * D] = {0};
    for (int i = 0; i < 6; i++) {
        rig r = rig_new(ELBO_F32, ELBO_TRAIN);
        elbo_var *x = rig_input(&r, "x", ELBO_SHAPE(B, D), rows), *v = rig_input(&r, "v", ELBO_SHAPE(D), rows);
        static const char *const messages[] = {"masked_linear \"layer\": expected input (B, ...), got (4)",
                                               "masked_linear \"layer\": expected input (B, 4), got (B, 3)",
                                               "made \"flow\": expected input (B, ...), got (4)",
                                               "made \"flow\": 4 entries, 0 outputs for each",
                                               "masked_conv2d \"layer\": expected input (B, C, H, W), got (2, 4)",
                                               "masked_conv2d \"layer\": a kernel of 4; expected 1, 3, 5, ..."};
        switch (i) {
        case 0: elbo_masked_linear(v, "layer", 3, mask); break;
        case 1:
            elbo_masked_linear(x, "layer", 3, mask);
            elbo_masked_linear(elbo_slice(x, 1, 0, 3), "layer", 3, mask);
            break;
        case 2: elbo_made(v, NULL, "flow", (elbo_made_shape){NULL, 0, "", 1, false}); break;
        case 3: elbo_made(x, NULL, "flow", (elbo_made_shape){NULL, 0, "", 0, false}); break;
        case 4: elbo_masked_conv2d(x, "layer", 1, 3, true); break;
        case 5: elbo_masked_conv2d(elbo_reshape(x, ELBO_SHAPE(B, 1, 2, 2)), "layer", 1, 4, true); break;
        }
        rig_assert_error(&r, messages[i]);
        rig_free(&r);
    }
}
END_TEST

Suite *suite_layers_masked(void)
{
    Suite *s = suite_create("layers_masked");
    TCase *t = tcase_create("masked");
    tcase_add_loop_test(t, a_masked_weight_counts_as_0_and_is_not_moved, 0, 2);
    tcase_add_test(t, degrees_make_masks);
    tcase_add_loop_test(t, an_output_of_made_sees_the_entries_before_it_and_the_context, 0, 2);
    tcase_add_test(t, made_names_its_layers_and_takes_draws);
    tcase_add_test(t, few_units_of_made_are_spread_over_all_entries);
    tcase_add_test(t, the_step_of_a_flow_has_the_determinant_that_its_log_density_says);
    tcase_add_loop_test(t, a_masked_convolution_sees_what_comes_before, 0, 4);
    tcase_add_test(t, a_stack_of_masked_convolutions_sees_what_comes_before);
    tcase_add_loop_test(t, a_masked_convolution_pads_with_nothing, 0, 2);
    tcase_add_test(t, inputs_that_do_not_fit_are_named);
    suite_add_tcase(s, t);
    return s;
}
