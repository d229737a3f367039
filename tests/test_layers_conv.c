/* Layers that change the size of images, and residual blocks, against plain loops. Convolutions: test_conv.c. */
#include <check.h>
#include <math.h>
#include <stdio.h>

#include "../autograd/op.h"
#include "../nn/layers/layers.h"
#include "rig.h"
#include "suites.h"

/* Images of (B, C, H, W) and their numbers. */
enum { MOST = 1024 };
typedef struct {
    int b, c, h, w;
    double at[MOST];
} images;

static double *pixel(images *x, int b, int c, int i, int k)
{
    return &x->at[((b * x->c + c) * x->h + i) * x->w + k];
}

static int count(const images *x)
{
    return x->b * x->c * x->h * x->w;
}

/* Numbers without a pattern of their own, between -2 and 2. */
static void fill(double *x, int n)
{
    for (int i = 0; i < n; i++)
        x[i] = 2 * sin(1.7 * i * i + 0.6 * i);
}

static images new_images(int b, int c, int h, int w)
{
    images x = {b, c, h, w, {0}};
    ck_assert_int_le(count(&x), MOST);
    fill(x.at, count(&x));
    return x;
}

static elbo_shape shape_of(const images *x)
{
    return ELBO_SHAPE(x->b, x->c, x->h, x->w);
}

static void assert_images(rig *r, elbo_var *y, const images *expected, double tolerance)
{
    static double got[MOST];
    elbo_shape shape = elbo_shape_of(y), want = shape_of(expected);
    ck_assert_msg(elbo_shape_equal(&shape, &want), "shape %s", elbo_shape_format(&shape).text);
    rig_value(r, y, got);
    for (int i = 0; i < count(expected); i++)
        assert_close(got[i], expected->at[i], tolerance);
}

/* ---- other sizes ------------------------------------------------------------------------------------------------- */

static images plain_pool(images *x, int size, bool maximum)
{
    images y = {x->b, x->c, x->h / size, x->w / size, {0}};
    for (int b = 0; b < y.b; b++)
        for (int c = 0; c < y.c; c++)
            for (int i = 0; i < y.h; i++)
                for (int k = 0; k < y.w; k++) {
                    double most = -INFINITY, sum = 0;
                    for (int n = 0; n < size * size; n++) {
                        double value = *pixel(x, b, c, i * size + n / size, k * size + n % size);
                        most = fmax(most, value);
                        sum += value;
                    }
                    *pixel(&y, b, c, i, k) = maximum ? most : sum / (size * size);
                }
    return y;
}

static images plain_upsample(images *x, int factor)
{
    images y = {x->b, x->c, x->h * factor, x->w * factor, {0}};
    for (int b = 0; b < y.b; b++)
        for (int c = 0; c < y.c; c++)
            for (int i = 0; i < y.h; i++)
                for (int k = 0; k < y.w; k++)
                    *pixel(&y, b, c, i, k) = *pixel(x, b, c, i / factor, k / factor);
    return y;
}

START_TEST(pools_are_of_whole_windows)
{
    for (int size = 1; size <= 5; size++) {
        images x = new_images(2, 3, 5, 7), most = plain_pool(&x, size, true), mean = plain_pool(&x, size, false);
        rig r = rig_new(ELBO_F64, ELBO_TRAIN);
        r.planned = _i;
        elbo_var *in = rig_input(&r, "x", shape_of(&x), x.at);
        assert_images(&r, elbo_max_pool2d(in, size), &most, 0);
        assert_images(&r, elbo_avg_pool2d(in, size), &mean, 1e-15);
        rig_free(&r);
    }
}
END_TEST

START_TEST(a_tie_of_a_max_pool_goes_to_the_first_in_row_major_order)
{
    static const double x[] = {1, 2, 2, 3, 3, 3, 0, 2, 5, 5, 5, 5, 4, 1, 5, 5}; /* three windows with ties */
    static const double expected[] = {0, 0, 0, 1, 1, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0};
    double got[16];
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    r.planned = _i;
    elbo_var *in = rig_input(&r, "x", ELBO_SHAPE(1, 1, 4, 4), x), *d;
    elbo_grad(elbo_max_pool2d(in, 2), &in, 1, &d);
    rig_value(&r, d, got);
    for (int i = 0; i < 16; i++)
        ck_assert_msg(got[i] == expected[i], "pixel %d: %g", i, got[i]);
    /* 7 twice, right above and left below */
    rig_feed(&r, "x", ELBO_SHAPE(1, 1, 4, 4), (double[]){0, 7, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0});
    rig_value(&r, d, got);
    ck_assert(got[1] == 1 && got[4] == 0);
    rig_free(&r);
}
END_TEST

START_TEST(upsampling_makes_each_pixel_a_square)
{
    for (int factor = 1; factor <= 4; factor++) {
        images x = new_images(2, 3, 2, 4), y = plain_upsample(&x, factor);
        rig r = rig_new(ELBO_F64, ELBO_TRAIN);
        r.planned = _i;
        assert_images(&r, elbo_upsample2d(rig_input(&r, "x", shape_of(&x), x.at), factor), &y, 0);
        rig_free(&r);
    }
}
END_TEST

/* ---- residual blocks --------------------------------------------------------------------------------------------- */

static double of_param(const rig *r, const char *name, int i)
{
    double values[MOST];
    rig_param(r, name, values);
    return values[i];
}

/* tanh of the batch norm NAME, by the batch's statistics */
static images plain_norm(const rig *r, const char *name, images *x)
{
    images y = *x;
    char weight[64], bias[64];
    snprintf(weight, sizeof weight, "%s.weight", name);
    snprintf(bias, sizeof bias, "%s.bias", name);
    const int n = x->b * x->h * x->w;
    for (int c = 0; c < x->c; c++) {
        double mean = 0, variance = 0, w = of_param(r, weight, c), b = of_param(r, bias, c);
        for (int pass = 0; pass < 3; pass++)
            for (int i = 0; i < n; i++) {
                double value = *pixel(x, i / (x->h * x->w), c, i / x->w % x->h, i % x->w);
                if (pass == 0)
                    mean += value / n;
                else if (pass == 1)
                    variance += (value - mean) * (value - mean) / n;
                else
                    *pixel(&y, i / (x->h * x->w), c, i / x->w % x->h,
                           i % x->w) = tanh((value - mean) / sqrt(variance + 1e-5) * w + b);
            }
    }
    return y;
}

/* The convolution NAME with a kernel that is centred, without its bias */
static images plain_conv(const rig *r, const char *name, images *x, int out, int kernel, int stride)
{
    images y = {x->b, out, (x->h - 1) / stride + 1, (x->w - 1) / stride + 1, {0}};
    double w[MOST];
    rig_param(r, name, w);
    for (int b = 0; b < y.b; b++)
        for (int n = 0; n < out * x->c * kernel * kernel; n++)
            for (int i = 0; i < y.h; i++)
                for (int k = 0; k < y.w; k++) {
                    int row = i * stride + n / kernel % kernel - kernel / 2,
                        column = k * stride + n % kernel - kernel / 2;
                    if (row >= 0 && row < x->h && column >= 0 && column < x->w)
                        *pixel(&y, b, n / (x->c * kernel * kernel), i,
                               k) += w[n] * *pixel(x, b, n / (kernel * kernel) % x->c, row, column);
                }
    return y;
}

static images plain_block(const rig *r, images *x, int out, int stride)
{
    images h = plain_norm(r, "block.norm", x), shortcut = *x;
    if (out != x->c || stride != 1)
        shortcut = plain_conv(r, "block.shortcut.weight", &h, out, 1, stride);
    h = plain_conv(r, "block.conv.weight", &h, out, 3, stride);
    h = plain_norm(r, "block.norm2", &h);
    h = plain_conv(r, "block.conv2.weight", &h, out, 3, 1);
    for (int i = 0; i < count(&h); i++)
        h.at[i] += shortcut.at[i] + of_param(r, "block.conv2.bias", i / (h.h * h.w) % out);
    return h;
}

static const struct {
    int out, stride;
} blocks[] = {{3, 1}, {2, 1}, {3, 2}, {4, 3}};

START_TEST(a_residual_block_is_its_formula)
{
    images x = new_images(2, 3, 5, 4);
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    r.planned = _i % 2;
    const int out = blocks[_i / 2].out, stride = blocks[_i / 2].stride;
    elbo_var *y = elbo_residual_block(rig_input(&r, "x", shape_of(&x), x.at), "block", out, stride, "tanh");
    ck_assert_int_eq(elbo__graph_settle(r.g), ELBO_OK);
    rig_set_param(&r, "block.norm.weight", (double[]){1, -2, 0.5});
    rig_set_param(&r, "block.norm2.bias", (double[]){0.25, -1, 0.5, 2});
    images expected = plain_block(&r, &x, out, stride);
    assert_images(&r, y, &expected, 1e-13);
    rig_free(&r);
}
END_TEST

START_TEST(a_residual_block_has_these_parameters)
{
    static const char *const names[] = {"block.norm.weight",      "block.norm.bias",          "block.norm.running_mean",
                                        "block.norm.running_var", "block.conv.weight",        "block.norm2.weight",
                                        "block.norm2.bias",       "block.norm2.running_mean", "block.norm2.running_var",
                                        "block.conv2.weight",     "block.conv2.bias",         "block.shortcut.weight"};
    for (int projected = 0; projected < 2; projected++) {
        rig r = rig_new(ELBO_F32, ELBO_TRAIN);
        elbo_var *x = elbo_input(r.g, "x", ELBO_F32, ELBO_SHAPE(2, 3, 4, 4));
        elbo_residual_block(x, "block", projected ? 5 : 3, 1, "relu");
        ck_assert_int_eq(elbo__graph_settle(r.g), ELBO_OK);
        ck_assert_int_eq(elbo_params_count(r.params), 11 + projected);
        for (int i = 0; i < 11 + projected; i++)
            ck_assert_msg(elbo_params_find(r.params, names[i]) >= 0, "no %s", names[i]);
        rig_free(&r);
    }
}
END_TEST

/* ---- errors ------------------------------------------------------------------------------------------------------ */

static elbo_var *block(elbo_var *x, int n)
{
    return elbo_residual_block(x, "block", n, 1, "relu");
}

static const struct {
    elbo_var *(*layer)(elbo_var *x, int n);
    elbo_shape x;
    int n;
    const char *message;
} errors[] = {
    {elbo_max_pool2d, {3, {2, 4, 4}}, 2, "max_pool2d: expected x (B, C, H, W), got (2, 4, 4)"},
    {elbo_max_pool2d, {4, {2, 1, 4, 4}}, 0, "max_pool2d: no window of size 0 in x (2, 1, 4, 4)"},
    {elbo_avg_pool2d, {4, {2, 1, 4, 4}}, -1, "avg_pool2d: no window of size -1 in x (2, 1, 4, 4)"},
    {elbo_avg_pool2d, {4, {2, 1, 3, 8}}, 4, "avg_pool2d: no window of size 4 in x (2, 1, 3, 8)"},
    {elbo_max_pool2d, {4, {2, 1, 8, 3}}, 4, "max_pool2d: no window of size 4 in x (2, 1, 8, 3)"},
    {elbo_upsample2d, {2, {2, 4}}, 2, "upsample2d: expected x (B, C, H, W), got (2, 4)"},
    {elbo_upsample2d, {4, {2, 1, 4, 4}}, 0, "upsample2d: factor 0; expected at least 1"},
    {block, {2, {2, 3}}, 3, "residual_block \"block\": expected input (B, C, H, W), got (2, 3)"},
};

START_TEST(what_does_not_fit_is_named)
{
    rig r = rig_new(ELBO_F32, ELBO_TRAIN);
    errors[_i].layer(elbo_input(r.g, "x", ELBO_F32, errors[_i].x), errors[_i].n);
    rig_assert_error(&r, errors[_i].message);
    rig_free(&r);
}
END_TEST

START_TEST(a_block_of_other_images_names_its_norm)
{
    rig r = rig_new(ELBO_F32, ELBO_TRAIN);
    block(elbo_input(r.g, "x", ELBO_F32, ELBO_SHAPE(2, 3, 4, 4)), 3);
    block(elbo_input(r.g, "y", ELBO_F32, ELBO_SHAPE(2, 5, 4, 4)), 3);
    rig_assert_error(&r, "batch_norm \"block.norm\": expected input (B, 3, H, W), got (2, 5, 4, 4)");
    rig_free(&r);
}
END_TEST

Suite *suite_layers_conv(void)
{
    Suite *s = suite_create("layers_conv");
    TCase *t = tcase_create("by interpreter and plan");
    tcase_add_loop_test(t, pools_are_of_whole_windows, 0, 2);
    tcase_add_loop_test(t, a_tie_of_a_max_pool_goes_to_the_first_in_row_major_order, 0, 2);
    tcase_add_loop_test(t, upsampling_makes_each_pixel_a_square, 0, 2);
    tcase_add_loop_test(t, a_residual_block_is_its_formula, 0, 2 * sizeof blocks / sizeof blocks[0]);
    suite_add_tcase(s, t);
    t = tcase_create("names and errors");
    tcase_add_test(t, a_residual_block_has_these_parameters);
    tcase_add_loop_test(t, what_does_not_fit_is_named, 0, sizeof errors / sizeof errors[0]);
    tcase_add_test(t, a_block_of_other_images_names_its_norm);
    suite_add_tcase(s, t);
    return s;
}
