/* Layer norm and batch norm: values against plain loops, running statistics over runs, numbers far out, errors. */
#include <check.h>
#include <math.h>

#include "../autograd/op.h"
#include "../nn/layers/layers.h"
#include "rig.h"
#include "suites.h"

enum { B = 3, C = 2, H = 2, W = 4, PIXELS = H * W, N = B * C * PIXELS };
static const double EPS = 1e-5;

/* Numbers without a pattern of their own, between -2 and 2; another `seed`, other numbers. */
static void fill(double *x, int n, int seed)
{
    for (int i = 0; i < n; i++)
        x[i] = 2 * sin(1.7 * i * i + 0.6 * i + 3.1 * seed);
}

static rig start(bool planned, elbo_dtype dtype, elbo_mode mode)
{
    rig r = rig_new(dtype, mode);
    r.planned = planned;
    return r;
}

/* Closes the parameter set of the graph, so that its tensors can be set. */
static void settle(rig *r)
{
    ck_assert_msg(elbo__graph_settle(r->g) == ELBO_OK, "%s", elbo_error());
}

static void assert_all_close(const double *a, const double *b, int n, double tolerance)
{
    for (int i = 0; i < n; i++)
        assert_close(a[i], b[i], tolerance);
}

/* ---- layer norm -------------------------------------------------------------------------------------------------- */

static void plain_layer_norm(const double *x, double *y, int rows, int n, const double *weight, const double *bias)
{
    for (int r = 0; r < rows; r++, x += n, y += n) {
        double mean = 0, variance = 0;
        for (int i = 0; i < n; i++)
            mean += x[i] / n;
        for (int i = 0; i < n; i++)
            variance += (x[i] - mean) * (x[i] - mean) / n;
        for (int i = 0; i < n; i++)
            y[i] = (x[i] - mean) / sqrt(variance + EPS) * weight[i] + bias[i];
    }
}

START_TEST(layer_norm_is_over_the_last_axis)
{
    static const double weight[W] = {1, -2, 0.5, 3}, bias[W] = {0, 1, -1, 0.25};
    double x[N], y[N], expected[N];
    fill(x, N, 1);
    plain_layer_norm(x, expected, N / W, W, weight, bias);
    const elbo_shape shapes[] = {ELBO_SHAPE(N / W, W), ELBO_SHAPE(B, N / W / B, W), ELBO_SHAPE(B, C, H, W)};
    for (int i = 0; i < 3; i++) {
        rig r = start(_i, ELBO_F64, ELBO_TRAIN);
        elbo_var *out = elbo_layer_norm(rig_input(&r, "x", shapes[i], x), "norm");
        settle(&r);
        rig_set_param(&r, "norm.weight", weight);
        rig_set_param(&r, "norm.bias", bias);
        rig_value(&r, out, y);
        assert_all_close(y, expected, N, 1e-14);
        rig_free(&r);
    }
}
END_TEST

/* ---- batch norm -------------------------------------------------------------------------------------------------- */

/* For x (rows, C, pixels): mean (C), biased variance (C). */
static void plain_statistics(const double *x, int rows, int pixels, double *mean, double *variance)
{
    for (int c = 0; c < C; c++) {
        mean[c] = variance[c] = 0;
        for (int i = 0; i < rows * pixels; i++)
            mean[c] += x[(i / pixels * C + c) * pixels + i % pixels] / (rows * pixels);
        for (int i = 0; i < rows * pixels; i++)
            variance[c] += pow(x[(i / pixels * C + c) * pixels + i % pixels] - mean[c], 2) / (rows * pixels);
    }
}

static void plain_normalise(const double *x, double *y, int rows, int pixels, const double *mean,
                            const double *variance, const double *weight, const double *bias)
{
    for (int i = 0; i < rows * C * pixels; i++) {
        int c = i / pixels % C;
        y[i] = (x[i] - mean[c]) / sqrt(variance[c] + EPS) * weight[c] + bias[c];
    }
}

/* The shape of x (rows, C, pixels): as rows when pixels is 1, otherwise as images of H by pixels / H. */
static elbo_shape batch_shape(int rows, int pixels)
{
    return pixels == 1 ? ELBO_SHAPE(rows, C) : ELBO_SHAPE(rows, C, H, pixels / H);
}

static const double weights[C] = {2, -0.5}, biases[C] = {0.25, 3};

static void assert_running(const rig *r, const double *mean, const double *variance, double tolerance)
{
    double got[2][C];
    rig_param(r, "norm.running_mean", got[0]);
    rig_param(r, "norm.running_var", got[1]);
    assert_all_close(got[0], mean, C, tolerance);
    assert_all_close(got[1], variance, C, tolerance);
}

START_TEST(batch_norm_begins_with_these_tensors)
{
    static const struct {
        const char *name;
        bool trained;
        double value;
    } expected[] = {{"norm.weight", true, 1},
                    {"norm.bias", true, 0},
                    {"norm.running_mean", false, 0},
                    {"norm.running_var", false, 1}};
    rig r = start(false, ELBO_F32, ELBO_TRAIN);
    elbo_batch_norm(elbo_input(r.g, "x", ELBO_F32, ELBO_SHAPE(B, C, H, W)), "norm");
    settle(&r);
    ck_assert_int_eq(elbo_params_count(r.params), 4);
    for (int i = 0; i < 4; i++) {
        double values[C];
        elbo_shape shape = elbo_params_shape(r.params, i);
        ck_assert_str_eq(elbo_params_name(r.params, i), expected[i].name);
        ck_assert_int_eq(elbo_params_trained(r.params, i), expected[i].trained);
        ck_assert(elbo_shape_equal(&shape, &ELBO_SHAPE(C)));
        rig_param(&r, expected[i].name, values);
        ck_assert(values[0] == expected[i].value && values[1] == expected[i].value);
    }
    rig_free(&r);
}
END_TEST

/* Three batches, of rows or images: each by its own statistics, and the running ones follow. */
START_TEST(training_uses_the_batch_and_moves_the_running_statistics)
{
    double x[N], y[N], expected[N], mean[C], variance[C], running_mean[C] = {0, 0}, running_variance[C] = {1, 1};
    const int pixels = _i / 2 ? PIXELS : 1, n = B * C * pixels, count = B * pixels;
    rig r = start(_i % 2, ELBO_F64, ELBO_TRAIN);
    fill(x, n, 1);
    elbo_var *out = elbo_batch_norm(rig_input(&r, "x", batch_shape(B, pixels), x), "norm");
    settle(&r);
    rig_set_param(&r, "norm.weight", weights);
    rig_set_param(&r, "norm.bias", biases);
    for (int step = 1; step <= 3; step++) {
        fill(x, n, step);
        rig_feed(&r, "x", batch_shape(B, pixels), x);
        rig_value(&r, out, y);
        plain_statistics(x, B, pixels, mean, variance);
        plain_normalise(x, expected, B, pixels, mean, variance, weights, biases);
        assert_all_close(y, expected, n, 1e-14);
        for (int c = 0; c < C; c++) {
            running_mean[c] = 0.9 * running_mean[c] + 0.1 * mean[c];
            running_variance[c] = 0.9 * running_variance[c] + 0.1 * variance[c] * count / (count - 1);
        }
        assert_running(&r, running_mean, running_variance, 1e-15);
    }
    rig_free(&r);
}
END_TEST

START_TEST(evaluation_uses_the_running_statistics_and_leaves_them)
{
    static const double mean[C] = {0.5, -1}, variance[C] = {4, 0.25};
    double x[N], y[N], expected[N];
    const int pixels = _i / 2 ? PIXELS : 1, n = B * C * pixels;
    rig r = start(_i % 2, ELBO_F64, ELBO_EVALUATE);
    fill(x, n, 1);
    elbo_var *out = elbo_batch_norm(rig_input(&r, "x", batch_shape(B, pixels), x), "norm");
    settle(&r);
    rig_set_param(&r, "norm.weight", weights);
    rig_set_param(&r, "norm.bias", biases);
    rig_set_param(&r, "norm.running_mean", mean);
    rig_set_param(&r, "norm.running_var", variance);
    rig_value(&r, out, y);
    plain_normalise(x, expected, B, pixels, mean, variance, weights, biases);
    assert_all_close(y, expected, n, 1e-14);
    assert_running(&r, mean, variance, 0);
    rig_free(&r);
}
END_TEST

START_TEST(two_calls_in_one_graph_move_the_running_statistics_one_after_the_other)
{
    double x[2][N], y[2][N], expected[N], mean[C], variance[C], running_mean[C] = {0, 0}, running_variance[C] = {1, 1};
    rig r = start(_i, ELBO_F64, ELBO_TRAIN);
    elbo_var *out[2];
    for (int call = 0; call < 2; call++) { /* of batches that are not equally long */
        fill(x[call], N, call);
        out[call] = elbo_batch_norm(rig_input(&r, call ? "b" : "a", batch_shape(B - call, PIXELS), x[call]), "norm");
    }
    settle(&r);
    rig_set_param(&r, "norm.weight", weights);
    rig_set_param(&r, "norm.bias", biases);
    rig_run(&r, out, 2, (double *[]){y[0], y[1]});
    for (int call = 0; call < 2; call++) {
        const int rows = B - call, count = rows * PIXELS;
        plain_statistics(x[call], rows, PIXELS, mean, variance);
        plain_normalise(x[call], expected, rows, PIXELS, mean, variance, weights, biases);
        assert_all_close(y[call], expected, count * C, 1e-14);
        for (int c = 0; c < C; c++) {
            running_mean[c] = 0.9 * running_mean[c] + 0.1 * mean[c];
            running_variance[c] = 0.9 * running_variance[c] + 0.1 * variance[c] * count / (count - 1);
        }
    }
    assert_running(&r, running_mean, running_variance, 1e-15);
    rig_free(&r);
}
END_TEST

/* ---- batches out of the ordinary --------------------------------------------------------------------------------- */

/* In f32, of a mean that has three digits more than the deviation: E[x^2] - mean^2 would have none left. */
START_TEST(a_mean_far_from_zero_costs_no_digits)
{
    double x[N], y[N], expected[N], mean[C], variance[C], running[C];
    fill(x, N, 1);
    for (int i = 0; i < N; i++)
        x[i] = 4096 + floor(64 * x[i]) / 64; /* a number of f32 */
    plain_statistics(x, B, PIXELS, mean, variance);
    plain_normalise(x, expected, B, PIXELS, mean, variance, (const double[]){1, 1}, (const double[]){0, 0});
    rig r = start(_i, ELBO_F32, ELBO_TRAIN);
    rig_value(&r, elbo_batch_norm(rig_input(&r, "x", ELBO_SHAPE(B, C, H, W), x), "norm"), y);
    assert_all_close(y, expected, N, 1e-6);
    rig_param(&r, "norm.running_var", running);
    for (int c = 0; c < C; c++)
        assert_close(running[c], 0.9 + 0.1 * variance[c] * (B * PIXELS) / (B * PIXELS - 1), 1e-6);
    rig_free(&r);
}
END_TEST

/* The mean's rounding error of the largest has a square far above 1e-5: a variance that is a difference comes out
 * below -1e-5 there, and its root is NaN. */
START_TEST(constant_channels_give_their_bias_and_finite_derivatives)
{
    enum { ROWS = 100, SMALL = 3 };
    static const double constants[] = {0, 1.0 / 3, 1e3 / 3, 1e9, 1e10, 1e11, 1e12};
    enum { CHANNELS = sizeof constants / sizeof constants[0] };
    static double x[ROWS * CHANNELS], y[ROWS * CHANNELS], dx[ROWS * CHANNELS];
    double variance[CHANNELS];
    for (int i = 0; i < ROWS * CHANNELS; i++)
        x[i] = constants[i % CHANNELS];
    rig r = start(_i, ELBO_F32, ELBO_TRAIN);
    elbo_var *in = rig_input(&r, "x", ELBO_SHAPE(ROWS, CHANNELS), x), *d;
    elbo_var *out = elbo_batch_norm(in, "norm");
    elbo_grad(elbo_mul(out, out), &in, 1, &d);
    rig_run(&r, (elbo_var *[]){out, d}, 2, (double *[]){y, dx});
    rig_param(&r, "norm.running_var", variance);
    for (int i = 0; i < ROWS * CHANNELS; i++) {
        int c = i % CHANNELS;
        if (!isfinite(y[i]) || !isfinite(dx[i]) || (c < SMALL && fabs(y[i]) > 1e-3) || !(variance[c] >= 0.9f))
            ck_abort_msg("of %g: %g, derivative %g, variance %g", x[i], y[i], dx[i], variance[c]);
    }
    rig_free(&r);
}
END_TEST

START_TEST(one_number_for_each_channel_has_no_variance_to_learn_from)
{
    static const double x[C] = {3, -5}, mean[C] = {0.3, -0.5}, variance[C] = {1, 1};
    double y[C];
    rig r = start(_i, ELBO_F64, ELBO_TRAIN);
    elbo_var *out = elbo_batch_norm(rig_input(&r, "x", ELBO_SHAPE(1, C), x), "norm");
    settle(&r);
    rig_set_param(&r, "norm.bias", biases);
    rig_value(&r, out, y);
    assert_all_close(y, biases, C, 1e-15);
    assert_running(&r, mean, variance, 1e-15);
    rig_free(&r);
}
END_TEST

START_TEST(a_batch_that_is_not_finite_leaves_the_running_statistics)
{
    static const double bad[] = {NAN, INFINITY, -INFINITY, 1e30}; /* the last one's square is too large for f32 */
    double x[B * C], y[B * C], mean[C], variance[C];
    for (int k = 0; k < 4; k++) {
        fill(x, B * C, 1);
        plain_statistics(x, B, 1, mean, variance);
        x[2 * C] = bad[k]; /* of channel 0 */
        rig r = start(_i, ELBO_F32, ELBO_TRAIN);
        rig_value(&r, elbo_batch_norm(rig_input(&r, "x", ELBO_SHAPE(B, C), x), "norm"), y);
        double got[2][C];
        rig_param(&r, "norm.running_mean", got[0]);
        rig_param(&r, "norm.running_var", got[1]);
        ck_assert_double_eq(got[1][0], 1);
        ck_assert(isfinite(got[0][0]));
        assert_close(got[0][1], 0.1 * mean[1], 1e-6);
        assert_close(got[1][1], 0.9 + 0.1 * variance[1] * B / (B - 1), 1e-6);
        rig_free(&r);
    }
}
END_TEST

START_TEST(an_empty_batch_changes_nothing)
{
    double none[1], slope[C], mean[C] = {0, 0}, variance[C] = {1, 1};
    rig r = start(_i, ELBO_F64, ELBO_TRAIN);
    elbo_var *y = elbo_batch_norm(rig_input(&r, "x", ELBO_SHAPE(0, C, H, W), none), "norm"), *params[2], *d[2];
    elbo_graph_params(r.g, params);
    elbo_grad(y, params, 2, d);
    rig_value(&r, d[0], slope);
    ck_assert(slope[0] == 0 && slope[1] == 0);
    assert_running(&r, mean, variance, 0);
    rig_free(&r);
}
END_TEST

/* ---- errors ------------------------------------------------------------------------------------------------------ */

static const struct {
    elbo_var *(*layer)(elbo_var *x, const char *name);
    elbo_shape known, x;
    const char *message;
} errors[] = {
    {elbo_layer_norm, {2, {3, 4}}, {2, {3, 7}}, "layer_norm \"block.norm\": expected input (B, 4), got (B, 7)"},
    {elbo_layer_norm,
     {2, {3, 4}},
     {3, {3, 2, 7}},
     "layer_norm \"block.norm\": expected input (B, 2, 4), got (B, 2, 7)"},
    {elbo_layer_norm, {2, {3, 4}}, {1, {4}}, "layer_norm \"block.norm\": expected input (B, ...), got (4)"},
    {elbo_batch_norm, {2, {3, 4}}, {2, {3, 7}}, "batch_norm \"block.norm\": expected input (B, 4), got (B, 7)"},
    {elbo_batch_norm,
     {2, {3, 4}},
     {4, {3, 7, 2, 2}},
     "batch_norm \"block.norm\": expected input (B, 4, H, W), got (3, 7, 2, 2)"},
    {elbo_batch_norm,
     {4, {3, 4, 2, 2}},
     {3, {3, 5, 4}},
     "batch_norm \"block.norm\": expected input (B, D) or (B, C, H, W), got (3, 5, 4); for draws (B, K, D) use "
     "layer_norm"},
    {elbo_batch_norm,
     {4, {3, 4, 2, 2}},
     {1, {4}},
     "batch_norm \"block.norm\": expected input (B, D) or (B, C, H, W), got (4)"},
};

START_TEST(an_input_that_does_not_fit_names_the_layer_and_both_shapes)
{
    rig r = rig_new(ELBO_F32, ELBO_TRAIN);
    elbo_scope(r.g, "block");
    errors[_i].layer(elbo_input(r.g, "x", ELBO_F32, errors[_i].known), "norm");
    errors[_i].layer(elbo_input(r.g, "y", ELBO_F32, errors[_i].x), "norm");
    rig_assert_error(&r, errors[_i].message);
    rig_free(&r);
}
END_TEST

Suite *suite_layers_norm(void)
{
    Suite *s = suite_create("layers_norm");
    TCase *t = tcase_create("layer norm, by interpreter and plan");
    tcase_add_loop_test(t, layer_norm_is_over_the_last_axis, 0, 2);
    suite_add_tcase(s, t);
    t = tcase_create("batch norm, by interpreter and plan");
    tcase_add_test(t, batch_norm_begins_with_these_tensors);
    tcase_add_loop_test(t, training_uses_the_batch_and_moves_the_running_statistics, 0, 4);
    tcase_add_loop_test(t, evaluation_uses_the_running_statistics_and_leaves_them, 0, 4);
    tcase_add_loop_test(t, two_calls_in_one_graph_move_the_running_statistics_one_after_the_other, 0, 2);
    tcase_add_loop_test(t, a_mean_far_from_zero_costs_no_digits, 0, 2);
    tcase_add_loop_test(t, constant_channels_give_their_bias_and_finite_derivatives, 0, 2);
    tcase_add_loop_test(t, one_number_for_each_channel_has_no_variance_to_learn_from, 0, 2);
    tcase_add_loop_test(t, a_batch_that_is_not_finite_leaves_the_running_statistics, 0, 2);
    tcase_add_loop_test(t, an_empty_batch_changes_nothing, 0, 2);
    suite_add_tcase(s, t);
    t = tcase_create("errors");
    tcase_add_loop_test(t, an_input_that_does_not_fit_names_the_layer_and_both_shapes, 0,
                        sizeof errors / sizeof errors[0]);
    suite_add_tcase(s, t);
    return s;
}
