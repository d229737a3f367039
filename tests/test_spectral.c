/* Spectral normalisation: the largest singular value, its derivative, and the layers that are divided by it. */
#include <check.h>
#include <math.h>
#include <string.h>

#include "../autograd/op.h"
#include "../nn/layers/layers.h"
#include "../nn/layers/spectral.h"
#include "../tensor/eigen.h"
#include "numbers.h"
#include "rig.h"
#include "suites.h"

enum { M = 5, K = 7, STEPS = 300 };

static void settle(rig *r)
{
    ck_assert_msg(elbo__graph_settle(r->g) == ELBO_OK, "%s", elbo_error());
}

static void fill(double *x, int n, uint64_t seed)
{
    numbers random = {seed};
    for (int i = 0; i < n; i++)
        x[i] = numbers_between(&random, -1, 1);
}

/* By LAPACK, of a (rows, columns) with rows <= columns. */
static double largest_singular_value(const double *a, int rows, int columns)
{
    double copy[100], right[100], values[10];
    memcpy(copy, a, (size_t)(rows * columns) * sizeof *a);
    ck_assert_int_eq(elbo__singular_rows(rows, columns, copy, right, values), ELBO_OK);
    return values[0];
}

/* ---- the norm ---------------------------------------------------------------------------------------------------- */

START_TEST(after_some_steps_it_is_the_largest_singular_value)
{
    double w[M * K], norm = 0;
    fill(w, M * K, 3);
    for (int across = 0; across < 2; across++) {
        rig r = rig_new(_i ? ELBO_F64 : ELBO_F32, ELBO_TRAIN);
        r.planned = true;
        elbo_var *x = rig_input(&r, "w", ELBO_SHAPE(M, K), w), *sigma = elbo_spectral_norm(x, across, "layer");
        settle(&r);
        for (int t = 0; t < STEPS; t++)
            norm = rig_number(&r, sigma);
        ck_assert_double_le(fabs(norm - largest_singular_value(w, M, K)), 1e-5);
        rig_next_graph(&r, ELBO_EVALUATE); /* where it is found again by the state alone */
        norm = rig_number(&r, elbo_spectral_norm(rig_input(&r, "w", ELBO_SHAPE(M, K), w), across, "layer"));
        ck_assert_double_le(fabs(norm - largest_singular_value(w, M, K)), 1e-5);
        rig_free(&r);
    }
}
END_TEST

START_TEST(a_step_is_one_iteration)
{
    double w[M * K], u[M], expected[M] = {0}, across[K] = {0}, length = 0;
    fill(w, M * K, 4);
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    r.planned = _i;
    elbo_var *sigma = elbo_spectral_norm(rig_input(&r, "w", ELBO_SHAPE(M, K), w), 0, "layer");
    settle(&r);
    rig_param(&r, "layer.spectral", u);
    rig_number(&r, sigma);
    for (int i = 0; i < M * K; i++)
        across[i % K] += w[i] * u[i / K];
    for (int i = 0; i < M * K; i++)
        expected[i / K] += w[i] * across[i % K];
    for (int i = 0; i < M; i++)
        length += expected[i] * expected[i];
    rig_param(&r, "layer.spectral", u);
    for (int i = 0; i < M; i++)
        assert_close(u[i], expected[i] / sqrt(length), 1e-13);
    rig_free(&r);
}
END_TEST

START_TEST(the_iteration_rests_in_evaluation_and_while_statistics_are_frozen)
{
    double w[M * K], before[M], after[M];
    fill(w, M * K, 4);
    rig r = rig_new(ELBO_F64, _i ? ELBO_TRAIN : ELBO_EVALUATE);
    elbo_freeze_statistics(r.g, _i);
    elbo_var *sigma = elbo_spectral_norm(rig_input(&r, "w", ELBO_SHAPE(M, K), w), 0, "layer");
    elbo_freeze_statistics(r.g, false);
    settle(&r);
    rig_param(&r, "layer.spectral", before);
    rig_number(&r, sigma);
    rig_param(&r, "layer.spectral", after);
    ck_assert(memcmp(before, after, sizeof before) == 0);
    rig_free(&r);
}
END_TEST

/* With u fixed |W^T u| has the derivative u v^T, v its direction, exactly. */
START_TEST(the_derivative_is_that_of_differences)
{
    enum { ROWS = 3, COLUMNS = 4 };
    const double h = 1e-5;
    double w[ROWS * COLUMNS], d[ROWS * COLUMNS];
    fill(w, ROWS * COLUMNS, 5);
    rig r = rig_new(ELBO_F64, ELBO_EVALUATE);
    elbo_var *x = rig_input(&r, "w", ELBO_SHAPE(ROWS, COLUMNS), w), *dx;
    elbo_var *sigma = elbo_spectral_norm(x, 0, "layer");
    elbo_grad(sigma, &x, 1, &dx);
    rig_value(&r, dx, d);
    for (int i = 0; i < ROWS * COLUMNS; i++) {
        double sides[2];
        for (int s = 0; s < 2; s++) {
            double moved[ROWS * COLUMNS];
            memcpy(moved, w, sizeof w);
            moved[i] += s ? h : -h;
            rig_feed(&r, "w", ELBO_SHAPE(ROWS, COLUMNS), moved);
            sides[s] = rig_number(&r, sigma);
        }
        assert_close(d[i], (sides[1] - sides[0]) / (2 * h), 1e-9);
    }
    rig_free(&r);
}
END_TEST

/* Far from the end of the iteration, where u would follow W if it were not fixed. */
START_TEST(in_training_the_derivative_is_that_of_fixed_vectors)
{
    double w[M * K], d[M * K], u[M], v[K] = {0}, length = 0;
    fill(w, M * K, 5);
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    r.planned = _i;
    elbo_var *x = rig_input(&r, "w", ELBO_SHAPE(M, K), w), *sigma = elbo_spectral_norm(x, 0, "layer"), *dx;
    elbo_grad(sigma, &x, 1, &dx);
    rig_value(&r, dx, d);
    rig_param(&r, "layer.spectral", u);
    for (int i = 0; i < M * K; i++)
        v[i % K] += w[i] * u[i / K];
    for (int k = 0; k < K; k++)
        length += v[k] * v[k];
    for (int i = 0; i < M * K; i++)
        assert_close(d[i], u[i / K] * v[i % K] / sqrt(length), 1e-13);
    rig_free(&r);
}
END_TEST

/* ---- layers ------------------------------------------------------------------------------------------------------ */

enum { IN = 3, OUT = 2, KERNEL = 2, SIDE = 3, PIXELS = IN * SIDE * SIDE };

static elbo_var *dense(elbo_var *x)
{
    return elbo_linear(elbo_reshape(x, ELBO_SHAPE(1, PIXELS)), "layer", OUT);
}

static elbo_var *convolution(elbo_var *x)
{
    return elbo_conv2d_layer(x, "layer", OUT, KERNEL, 1, 0);
}

static elbo_var *transposed(elbo_var *x)
{
    return elbo_conv_transpose2d_layer(x, "layer", OUT, KERNEL, 1, 0, 0);
}

/* A layer, its weight as a matrix of outputs: (OUT, n), n entries of each taken from the weight by `at`. */
static const struct {
    elbo_var *(*layer)(elbo_var *x);
    int n;
    bool swapped; /* its weight is (IN, OUT, ...) */
} layers[] = {{dense, PIXELS, false}, {convolution, IN *KERNEL *KERNEL, false}, {transposed, IN *KERNEL *KERNEL, true}};

static void as_rows_of_outputs(const double *w, int n, bool swapped, double *out)
{
    const int square = KERNEL * KERNEL;
    for (int o = 0; o < OUT; o++)
        for (int i = 0; i < n; i++)
            out[o * n + i] = swapped ? w[(i / square * OUT + o) * square + i % square] : w[o * n + i];
}

START_TEST(a_layer_is_divided_by_the_norm_of_its_weight)
{
    double x[PIXELS], w[100], matrix[100], bias[OUT] = {0}, plain[100], divided[100];
    fill(x, PIXELS, 6);
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    r.planned = true;
    const elbo_shape image = ELBO_SHAPE(1, IN, SIDE, SIDE);
    elbo_var *in = rig_input(&r, "x", image, x);
    elbo_normalise_weights(r.g, true);
    elbo_var *y = layers[_i].layer(in);
    elbo_normalise_weights(r.g, false);
    elbo_var *without = layers[_i].layer(in);
    const elbo_shape shape = elbo_shape_of(y);
    settle(&r);
    ck_assert_int_eq(elbo_params_count(r.params), 3);
    ck_assert(!elbo_params_trained(r.params, elbo_params_find(r.params, "layer.spectral")));
    rig_set_param(&r, "layer.bias", bias);
    for (int t = 0; t < STEPS; t++)
        rig_run(&r, (elbo_var *[]){y, without}, 2, (double *[]){divided, plain});
    rig_param(&r, "layer.weight", w);
    as_rows_of_outputs(w, layers[_i].n, layers[_i].swapped, matrix);
    const double norm = largest_singular_value(matrix, OUT, layers[_i].n);
    for (int64_t i = 0; i < elbo_shape_size(&shape); i++)
        ck_assert_double_le(fabs(divided[i] - plain[i] / norm), 1e-9);
    rig_free(&r);
}
END_TEST

START_TEST(an_axis_that_there_is_not_is_an_error)
{
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    elbo_spectral_norm(rig_input(&r, "w", ELBO_SHAPE(2, 2), (double[4]){0}), 2, "layer");
    rig_assert_error(&r, "spectral_norm: axis 2 of a tensor of shape (2, 2)");
    rig_free(&r);
}
END_TEST

Suite *suite_spectral(void)
{
    Suite *s = suite_create("spectral");
    TCase *t = tcase_create("norm");
    tcase_add_loop_test(t, after_some_steps_it_is_the_largest_singular_value, 0, 2);
    tcase_add_loop_test(t, a_step_is_one_iteration, 0, 2);
    tcase_add_loop_test(t, the_iteration_rests_in_evaluation_and_while_statistics_are_frozen, 0, 2);
    tcase_add_test(t, the_derivative_is_that_of_differences);
    tcase_add_loop_test(t, in_training_the_derivative_is_that_of_fixed_vectors, 0, 2);
    tcase_add_test(t, an_axis_that_there_is_not_is_an_error);
    tcase_add_loop_test(t, a_layer_is_divided_by_the_norm_of_its_weight, 0, 3);
    suite_add_tcase(s, t);
    return s;
}
