#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../nn/layers/layers.h"
#include "rig.h"
#include "suites.h"

enum { B = 3, K = 2, IN = 4, OUT = 5 };

/* Numbers that are easy to tell apart: 0.25, -0.5, 0.75, ... */
static void fill(double *x, int n)
{
    for (int i = 0; i < n; i++)
        x[i] = (i % 2 ? -0.25 : 0.25) * (i % 7 + 1);
}

/* ---- linear ------------------------------------------------------------------------------------------------------ */

/* y = x W^T + b for x (rows, IN), W (OUT, IN) */
static void plain_linear(int rows, const double *x, const double *w, const double *b, double *y)
{
    for (int r = 0; r < rows; r++)
        for (int o = 0; o < OUT; o++) {
            y[r * OUT + o] = b[o];
            for (int i = 0; i < IN; i++)
                y[r * OUT + o] += x[r * IN + i] * w[o * IN + i];
        }
}

START_TEST(linear_is_x_times_the_transposed_weight_plus_bias)
{
    double x[B * K * IN], y[B * K * OUT], w[OUT * IN], b[OUT], expected[B * K * OUT];
    fill(x, B * K * IN);
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    elbo_var *flat = elbo_linear(rig_input(&r, "flat", ELBO_SHAPE(B * K, IN), x), "layer", OUT);
    elbo_var *deep = elbo_linear(rig_input(&r, "deep", ELBO_SHAPE(B, K, IN), x), "layer", OUT);
    elbo_shape shape = elbo_shape_of(deep);
    ck_assert(elbo_shape_equal(&shape, &ELBO_SHAPE(B, K, OUT)));
    rig_value(&r, flat, y);
    rig_param(&r, "layer.weight", w);
    rig_param(&r, "layer.bias", b);
    plain_linear(B * K, x, w, b, expected);
    for (int i = 0; i < B * K * OUT; i++)
        assert_close(y[i], expected[i], 1e-15);
    rig_value(&r, deep, y);
    for (int i = 0; i < B * K * OUT; i++)
        assert_close(y[i], expected[i], 1e-15);
    rig_free(&r);
}
END_TEST

START_TEST(linear_takes_an_empty_batch)
{
    rig r = rig_new(ELBO_F32, ELBO_TRAIN);
    double none[1];
    elbo_var *y = elbo_linear(rig_input(&r, "x", ELBO_SHAPE(0, K, IN), none), "layer", OUT);
    elbo_shape shape = elbo_shape_of(y);
    ck_assert(elbo_shape_equal(&shape, &ELBO_SHAPE(0, K, OUT)));
    rig_free(&r);
}
END_TEST

START_TEST(a_layer_is_found_again_by_a_second_graph)
{
    double x[B * IN], first[B * OUT], second[B * OUT];
    fill(x, B * IN);
    rig r = rig_new(ELBO_F32, ELBO_TRAIN);
    rig_value(&r, elbo_linear(rig_input(&r, "x", ELBO_SHAPE(B, IN), x), "layer", OUT), first);
    rig_next_graph(&r, ELBO_EVALUATE);
    rig_value(&r, elbo_linear(rig_input(&r, "x", ELBO_SHAPE(B, IN), x), "layer", OUT), second);
    ck_assert_int_eq(elbo_params_count(r.params), 2);
    for (int i = 0; i < B * OUT; i++)
        ck_assert_double_eq(first[i], second[i]);
    rig_free(&r);
}
END_TEST

/* The message of a layer `name` of OUT outputs on an input of this shape, in a set that has "block.layer" (OUT, IN). */
static void assert_layer_error(elbo_shape input, const char *name, const char *message)
{
    double x[B * IN] = {0}, y[B * OUT];
    rig r = rig_new(ELBO_F32, ELBO_TRAIN);
    elbo_scope(r.g, "block");
    elbo_var *known = elbo_linear(rig_input(&r, "x", ELBO_SHAPE(B, IN), x), "layer", OUT);
    elbo_scope_end(r.g);
    rig_value(&r, known, y);
    rig_next_graph(&r, ELBO_TRAIN);
    elbo_scope(r.g, "block");
    elbo_linear(elbo_input(r.g, "x", ELBO_F32, input), name, OUT);
    elbo_scope_end(r.g);
    rig_assert_error(&r, message);
    rig_free(&r);
}

START_TEST(an_input_that_does_not_fit_names_the_layer_and_both_shapes)
{
    assert_layer_error(ELBO_SHAPE(B, 7), "layer", "linear \"block.layer\": expected input (B, 4), got (B, 7)");
    assert_layer_error(ELBO_SHAPE(B, 2, 7), "layer", "linear \"block.layer\": expected input (B, 2, 4), got (B, 2, 7)");
    assert_layer_error(ELBO_SHAPE(7), "layer", "linear \"block.layer\": expected input (B, ...), got (7)");
    assert_layer_error(ELBO_SCALAR, "layer", "linear \"block.layer\": expected input (B, ...), got ()");
}
END_TEST

START_TEST(an_unknown_layer_of_a_closed_set_names_the_nearest)
{
    assert_layer_error(ELBO_SHAPE(B, IN), "laser",
                       "parameter \"block.laser.weight\": the model has no such parameter; the nearest is "
                       "\"block.layer.weight\"");
}
END_TEST

START_TEST(two_layers_of_one_name_must_agree_before_the_set_is_closed)
{
    rig r = rig_new(ELBO_F32, ELBO_TRAIN);
    elbo_linear(elbo_input(r.g, "a", ELBO_F32, ELBO_SHAPE(B, IN)), "layer", OUT);
    elbo_linear(elbo_input(r.g, "b", ELBO_F32, ELBO_SHAPE(B, 9)), "layer", OUT);
    rig_assert_error(&r, "linear \"layer\": expected input (B, 4), got (B, 9)");
    rig_free(&r);
}
END_TEST

START_TEST(a_tied_layer_shares_its_weight)
{
    double x[B * IN], w[OUT * IN], b[OUT], y[B * IN], h[B * OUT];
    fill(x, B * IN);
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    elbo_var *down = elbo_linear(rig_input(&r, "x", ELBO_SHAPE(B, IN), x), "layer", OUT);
    elbo_var *weight = elbo_param(r.g, "layer.weight", ELBO_SHAPE(OUT, IN), elbo_init_zeros());
    rig_value(&r, elbo_affine(down, elbo_transpose(weight), NULL), y);
    ck_assert_int_eq(elbo_params_count(r.params), 2);
    rig_param(&r, "layer.weight", w);
    rig_param(&r, "layer.bias", b);
    plain_linear(B, x, w, b, h);
    for (int r_ = 0; r_ < B; r_++)
        for (int i = 0; i < IN; i++) {
            double expected = 0;
            for (int o = 0; o < OUT; o++)
                expected += h[r_ * OUT + o] * w[o * IN + i];
            assert_close(y[r_ * IN + i], expected, 1e-14);
        }
    rig_free(&r);
}
END_TEST

START_TEST(an_mlp_names_its_layers_in_order)
{
    rig r = rig_new(ELBO_F32, ELBO_TRAIN);
    elbo_var *x = elbo_input(r.g, "x", ELBO_F32, ELBO_SHAPE(B, IN));
    elbo_var *y = elbo_mlp(x, "encoder.hidden", (int64_t[]){8, 6, 7}, 3, "tanh");
    ck_assert_int_eq(elbo_size(y, -1), 7);
    elbo_var *params[6];
    ck_assert_int_eq(elbo_graph_params(r.g, NULL), 6);
    elbo_graph_params(r.g, params);
    static const char *const names[] = {"encoder.hidden.weight", "encoder.hidden.bias",    "encoder.hidden2.weight",
                                        "encoder.hidden2.bias",  "encoder.hidden3.weight", "encoder.hidden3.bias"};
    for (int i = 0; i < 6; i++)
        ck_assert_str_eq(elbo_name_of(params[i]), names[i]);
    ck_assert_int_eq(elbo_size(params[2], 0), 6);
    ck_assert_int_eq(elbo_size(params[2], 1), 8);
    rig_free(&r);
}
END_TEST

START_TEST(long_names_of_layers_keep_their_numbers)
{
    char name[101], longer[201];
    memset(name, 'n', 100);
    memset(longer, 'n', 200);
    name[100] = longer[200] = 0;
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    double x[B * IN];
    fill(x, B * IN);
    elbo_mlp(rig_input(&r, "x", ELBO_SHAPE(B, IN), x), name, (int64_t[]){OUT, OUT}, 2, "tanh");
    ck_assert_int_eq(elbo_graph_params(r.g, NULL), 4);
    elbo_mlp(elbo_input(r.g, "x", ELBO_F64, ELBO_SHAPE(B, IN)), longer, (int64_t[]){OUT}, 1, "tanh");
    ck_assert_int_ne(elbo_graph_status(r.g), ELBO_OK);
    rig_free(&r);
}
END_TEST

START_TEST(an_mlp_applies_its_activation_after_every_layer)
{
    double x[B * IN], y[B * 2], w1[OUT * IN], b1[OUT], w2[2 * OUT], b2[2], h[B * OUT];
    fill(x, B * IN);
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    rig_value(&r, elbo_mlp(rig_input(&r, "x", ELBO_SHAPE(B, IN), x), "m", (int64_t[]){OUT, 2}, 2, "tanh"), y);
    rig_param(&r, "m.weight", w1);
    rig_param(&r, "m.bias", b1);
    rig_param(&r, "m2.weight", w2);
    rig_param(&r, "m2.bias", b2);
    plain_linear(B, x, w1, b1, h);
    for (int i = 0; i < B; i++)
        for (int o = 0; o < 2; o++) {
            double sum = b2[o];
            for (int k = 0; k < OUT; k++)
                sum += w2[o * OUT + k] * tanh(h[i * OUT + k]);
            assert_close(y[i * 2 + o], tanh(sum), 1e-14);
        }
    rig_free(&r);
}
END_TEST

/* ---- activations ------------------------------------------------------------------------------------------------- */

static double plain_relu(double x)
{
    return x > 0 ? x : 0;
}
static double plain_leaky_relu(double x)
{
    return x > 0 ? x : 0.01 * x;
}
static double plain_elu(double x)
{
    return x > 0 ? x : exp(x) - 1;
}
static double plain_gelu(double x)
{
    return x / 2 * erfc(-x / sqrt(2));
}
static double plain_silu(double x)
{
    return x / (1 + exp(-x));
}
static double plain_sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}
static double plain_softplus(double x)
{
    return log(1 + exp(x));
}
static double plain_identity(double x)
{
    return x;
}

static const struct {
    const char *name;
    double (*plain)(double);
} activations[] = {
    {"relu", plain_relu},         {"leaky_relu", plain_leaky_relu},
    {"elu", plain_elu},           {"gelu", plain_gelu},
    {"silu", plain_silu},         {"tanh", tanh},
    {"sigmoid", plain_sigmoid},   {"softplus", plain_softplus},
    {"identity", plain_identity},
};

START_TEST(every_activation_agrees_with_its_formula)
{
    enum { N = 41, COUNT = sizeof activations / sizeof activations[0] };
    double x[N], y[N];
    for (int i = 0; i < N; i++)
        x[i] = -4 + 0.2 * i;
    for (int a = 0; a < COUNT; a++) {
        rig r = rig_new(ELBO_F64, ELBO_TRAIN);
        ck_assert_str_eq(elbo_activation_names[a], activations[a].name);
        rig_value(&r, elbo_activation(rig_input(&r, "x", ELBO_SHAPE(N), x), activations[a].name), y);
        for (int i = 0; i < N; i++)
            ck_assert_msg(fabs(y[i] - activations[a].plain(x[i])) < 1e-14, "%s(%g) = %.17g, expected %.17g",
                          activations[a].name, x[i], y[i], activations[a].plain(x[i]));
        rig_free(&r);
    }
    ck_assert_ptr_null(elbo_activation_names[COUNT]);
}
END_TEST

START_TEST(every_activation_and_its_derivative_are_finite_far_out)
{
    const double x[] = {-1e4, -300, -100, 0, 100, 300, 1e4};
    enum { N = sizeof x / sizeof x[0] };
    for (int a = 0; elbo_activation_names[a]; a++) {
        rig r = rig_new(ELBO_F32, ELBO_TRAIN);
        elbo_var *in = rig_input(&r, "x", ELBO_SHAPE(N), x), *dx;
        elbo_var *y = elbo_activation(in, elbo_activation_names[a]);
        elbo_grad(y, &in, 1, &dx);
        double value[N], slope[N];
        rig_run(&r, (elbo_var *[]){y, dx}, 2, (double *[]){value, slope});
        for (int i = 0; i < N; i++)
            ck_assert_msg(isfinite(value[i]) && isfinite(slope[i]), "%s at %g: %g, derivative %g",
                          elbo_activation_names[a], x[i], value[i], slope[i]);
        rig_free(&r);
    }
}
END_TEST

START_TEST(an_unknown_activation_is_an_error)
{
    rig r = rig_new(ELBO_F32, ELBO_TRAIN);
    elbo_activation(elbo_constant(r.g, 1), "rely");
    rig_assert_error(&r, "no activation \"rely\"");
    rig_free(&r);
}
END_TEST

/* ---- dropout and conditions -------------------------------------------------------------------------------------- */

START_TEST(dropout_keeps_the_right_share_and_the_mean)
{
    enum { ROWS = 200, COLUMNS = 100, N = ROWS * COLUMNS };
    const double p = 0.3;
    double *x = malloc(N * sizeof *x), *y = malloc(N * sizeof *y), *dx = malloc(N * sizeof *dx);
    for (int i = 0; i < N; i++)
        x[i] = 2;
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    elbo_var *in = rig_input(&r, "x", ELBO_SHAPE(ROWS, COLUMNS), x), *grad;
    elbo_var *out = elbo_dropout(in, "noise", p);
    elbo_grad(out, &in, 1, &grad);
    rig_run(&r, (elbo_var *[]){out, grad}, 2, (double *[]){y, dx});
    int zeros = 0;
    for (int i = 0; i < N; i++) {
        zeros += y[i] == 0;
        assert_close(dx[i], y[i] / 2, 1e-15);
        if (y[i] != 0)
            assert_close(y[i], 2 / (1 - p), 1e-15);
    }
    /* binomial: five standard deviations, wrong once in two million seeds */
    ck_assert_double_le(fabs(zeros - p * N), 5 * sqrt(N * p * (1 - p)));
    r.at.step = 1;
    int changed = 0;
    double *z = dx;
    rig_value(&r, out, z);
    for (int i = 0; i < N; i++)
        changed += (y[i] == 0) != (z[i] == 0);
    ck_assert_double_le(fabs(changed - 2 * p * (1 - p) * N), 5 * sqrt(N * 2 * p * (1 - p)));
    free(x);
    free(y);
    free(dx);
    rig_free(&r);
}
END_TEST

START_TEST(dropout_does_nothing_when_evaluating)
{
    rig r = rig_new(ELBO_F32, ELBO_EVALUATE);
    elbo_var *x = elbo_input(r.g, "x", ELBO_F32, ELBO_SHAPE(B, IN));
    ck_assert_ptr_eq(elbo_dropout(x, "noise", 0.5), x);
    rig_next_graph(&r, ELBO_TRAIN);
    x = elbo_input(r.g, "x", ELBO_F32, ELBO_SHAPE(B, IN));
    ck_assert_ptr_eq(elbo_dropout(x, "noise", 0), x);
    elbo_dropout(x, "noise", 1);
    rig_assert_error(&r, "dropout \"noise\": probability 1 is not in [0, 1)");
    rig_free(&r);
}
END_TEST

START_TEST(a_condition_stands_beside_every_draw)
{
    const double x[] = {1, 2, 3, 4, 5, 6, 7, 8}, y[] = {10, 20, 30, 40};
    const double flat[] = {1, 2, 10, 20, 3, 4, 30, 40};
    const double deep[] = {1, 2, 10, 20, 3, 4, 10, 20, 5, 6, 30, 40, 7, 8, 30, 40};
    double out[16];
    rig r = rig_new(ELBO_F32, ELBO_TRAIN);
    elbo_var *label = rig_input(&r, "y", ELBO_SHAPE(2, 2), y), *z = rig_input(&r, "z", ELBO_SHAPE(2, 2), x);
    rig_value(&r, elbo_condition(z, label), out);
    for (int i = 0; i < 8; i++)
        ck_assert_double_eq(out[i], flat[i]);
    rig_value(&r, elbo_condition(rig_input(&r, "draws", ELBO_SHAPE(2, 2, 2), x), label), out);
    for (int i = 0; i < 16; i++)
        ck_assert_double_eq(out[i], deep[i]);
    ck_assert_ptr_eq(elbo_condition(z, NULL), z);
    rig_free(&r);
}
END_TEST

/* ---- embeddings -------------------------------------------------------------------------------------------------- */

/* The input "index" (n) i32, which a rig does not feed by itself. */
static void bind_index(rig *r, int32_t *index, int n)
{
    r->feeds[r->n_feeds] = (elbo_feed){"index", elbo_tensor_new(ELBO_I32, ELBO_SHAPE(n))};
    for (int i = 0; i < n; i++)
        elbo_tensor_set(&r->feeds[r->n_feeds].data, (int64_t[]){i}, index[i]);
    r->n_feeds++;
}

START_TEST(an_embedding_looks_up_rows_of_its_weight)
{
    enum { ROWS = 5, DIMS = 3, N = 6 };
    int32_t index[N] = {4, 0, 4, ROWS, -1, 2}; /* two of them outside: zeros */
    static const double met[ROWS] = {1, 0, 1, 0, 2};
    double w[ROWS * DIMS], y[N * DIMS], dw[ROWS * DIMS];
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    r.planned = _i;
    bind_index(&r, index, N);
    elbo_var *out = elbo_embedding(elbo_input(r.g, "index", ELBO_I32, ELBO_SHAPE(N)), "label", ROWS, DIMS);
    elbo_var *weight = elbo_param(r.g, "label.weight", ELBO_SHAPE(ROWS, DIMS), elbo_init_zeros()), *d;
    elbo_grad(out, &weight, 1, &d);
    rig_run(&r, (elbo_var *[]){out, d}, 2, (double *[]){y, dw});
    rig_param(&r, "label.weight", w);
    for (int i = 0; i < N * DIMS; i++) {
        int row = index[i / DIMS];
        ck_assert_double_eq(y[i], row >= 0 && row < ROWS ? w[row * DIMS + i % DIMS] : 0);
    }
    for (int i = 0; i < ROWS * DIMS; i++)
        ck_assert_double_eq(dw[i], met[i / DIMS]);
    rig_free(&r);
}
END_TEST

START_TEST(an_embedding_takes_one_hot_rows_by_their_argmax)
{
    const double onehot[] = {0, 0, 1, 1, 0, 0};
    double w[9], y[6];
    rig r = rig_new(ELBO_F32, ELBO_TRAIN);
    elbo_var *index = elbo_argmax(rig_input(&r, "y", ELBO_SHAPE(2, 3), onehot), 1);
    rig_value(&r, elbo_embedding(index, "label", 3, 3), y);
    rig_param(&r, "label.weight", w);
    for (int i = 0; i < 6; i++)
        ck_assert_double_eq(y[i], w[i < 3 ? 6 + i : i - 3]);
    rig_free(&r);
}
END_TEST

START_TEST(an_embedding_begins_with_standard_normal_numbers)
{
    enum { N = 20000 };
    static double w[N];
    double mean = 0, square = 0;
    rig r = rig_new(ELBO_F32, ELBO_TRAIN);
    elbo_embedding(elbo_input(r.g, "index", ELBO_I32, ELBO_SHAPE(1)), "label", N / 20, 20);
    rig_number(&r, elbo_constant(r.g, 0));
    rig_param(&r, "label.weight", w);
    for (int i = 0; i < N; i++) {
        mean += w[i] / N;
        square += w[i] * w[i] / N;
    }
    ck_assert_double_le(fabs(mean), 5 / sqrt(N)); /* five standard deviations */
    ck_assert_double_le(fabs(square - 1), 5 * sqrt(2.0 / N));
    rig_free(&r);
}
END_TEST

START_TEST(an_index_that_does_not_fit_names_the_embedding)
{
    rig r = rig_new(ELBO_F32, ELBO_TRAIN);
    elbo_scope(r.g, "encoder");
    elbo_embedding(elbo_input(r.g, "y", ELBO_F32, ELBO_SHAPE(2)), "label", 10, 4);
    rig_assert_error(&r, "embedding \"encoder.label\": expected an index i32 (B), got f32 (2)");
    rig_free(&r);
    r = rig_new(ELBO_F32, ELBO_TRAIN);
    elbo_embedding(elbo_input(r.g, "y", ELBO_I32, ELBO_SHAPE(2, 10)), "label", 10, 4);
    rig_assert_error(&r, "embedding \"label\": expected an index i32 (B), got i32 (2, 10)");
    rig_free(&r);
}
END_TEST

Suite *suite_layers(void)
{
    Suite *suite = suite_create("layers");
    TCase *dense = tcase_create("dense");
    tcase_add_test(dense, linear_is_x_times_the_transposed_weight_plus_bias);
    tcase_add_test(dense, linear_takes_an_empty_batch);
    tcase_add_test(dense, a_layer_is_found_again_by_a_second_graph);
    tcase_add_test(dense, an_input_that_does_not_fit_names_the_layer_and_both_shapes);
    tcase_add_test(dense, an_unknown_layer_of_a_closed_set_names_the_nearest);
    tcase_add_test(dense, two_layers_of_one_name_must_agree_before_the_set_is_closed);
    tcase_add_test(dense, a_tied_layer_shares_its_weight);
    tcase_add_test(dense, an_mlp_names_its_layers_in_order);
    tcase_add_test(dense, long_names_of_layers_keep_their_numbers);
    tcase_add_test(dense, an_mlp_applies_its_activation_after_every_layer);
    suite_add_tcase(suite, dense);
    TCase *nonlinear = tcase_create("activations");
    tcase_add_test(nonlinear, every_activation_agrees_with_its_formula);
    tcase_add_test(nonlinear, every_activation_and_its_derivative_are_finite_far_out);
    tcase_add_test(nonlinear, an_unknown_activation_is_an_error);
    suite_add_tcase(suite, nonlinear);
    TCase *others = tcase_create("dropout and conditions");
    tcase_add_test(others, dropout_keeps_the_right_share_and_the_mean);
    tcase_add_test(others, dropout_does_nothing_when_evaluating);
    tcase_add_test(others, a_condition_stands_beside_every_draw);
    suite_add_tcase(suite, others);
    TCase *embedding = tcase_create("embeddings");
    tcase_add_loop_test(embedding, an_embedding_looks_up_rows_of_its_weight, 0, 2);
    tcase_add_test(embedding, an_embedding_takes_one_hot_rows_by_their_argmax);
    tcase_add_test(embedding, an_embedding_begins_with_standard_normal_numbers);
    tcase_add_test(embedding, an_index_that_does_not_fit_names_the_embedding);
    suite_add_tcase(suite, embedding);
    return suite;
}
