/* Convolutions: numbers found by hand, layers, errors. */
#include <check.h>
#include <math.h>

#include "../nn/layers/layers.h"
#include "rig.h"
#include "suites.h"

/* ---- by hand ----------------------------------------------------------------------------------------------------- */

static void assert_values(elbo_var *y, rig *r, elbo_shape shape, const double *expected)
{
    double values[64];
    elbo_shape got = elbo_shape_of(y);
    ck_assert_msg(elbo_shape_equal(&got, &shape), "shape %s", elbo_shape_format(&got).text);
    for (int planned = 0; planned < 2; planned++) {
        r->planned = planned;
        rig_value(r, y, values);
        for (int64_t i = 0; i < elbo_shape_size(&shape); i++)
            if (values[i] != expected[i])
                ck_abort_msg("%s: entry %lld is %g, expected %g", planned ? "planned" : "interpreted", (long long)i,
                             values[i], expected[i]);
    }
}

static const double one_to_nine[] = {1, 2, 3, 4, 5, 6, 7, 8, 9};

START_TEST(a_kernel_is_laid_on_the_image_as_it_is)
{
    rig r = rig_new(ELBO_F32, ELBO_TRAIN);
    elbo_var *x = rig_input(&r, "x", ELBO_SHAPE(1, 1, 3, 3), one_to_nine);
    elbo_var *w = rig_input(&r, "w", ELBO_SHAPE(1, 1, 2, 2), (double[]){1, 10, 100, 1000});
    /* 1 + 10 2 + 100 4 + 1000 5 = 5421 */
    assert_values(elbo_conv2d(x, w, 1, 0), &r, ELBO_SHAPE(1, 1, 2, 2), (double[]){5421, 6532, 8754, 9865});
    assert_values(elbo_conv2d(x, w, 2, 1), &r, ELBO_SHAPE(1, 1, 2, 2), (double[]){1000, 3200, 7040, 9865});
    rig_free(&r);
}
END_TEST

START_TEST(channels_are_summed_and_outputs_have_kernels_of_their_own)
{
    rig r = rig_new(ELBO_F32, ELBO_TRAIN);
    elbo_var *x = rig_input(&r, "x", ELBO_SHAPE(2, 2, 1, 2), (double[]){1, 2, 3, 4, 5, 6, 7, 8});
    elbo_var *w = rig_input(&r, "w", ELBO_SHAPE(3, 2, 1, 1), (double[]){1, 0, 0, 1, 10, 100});
    assert_values(elbo_conv2d(x, w, 1, 0), &r, ELBO_SHAPE(2, 3, 1, 2),
                  (double[]){1, 2, 3, 4, 310, 420, 5, 6, 7, 8, 750, 860});
    rig_free(&r);
}
END_TEST

START_TEST(a_transposed_convolution_spreads_each_pixel)
{
    rig r = rig_new(ELBO_F32, ELBO_TRAIN);
    elbo_var *x = rig_input(&r, "x", ELBO_SHAPE(1, 1, 2, 2), (double[]){1, 2, 3, 4});
    elbo_var *w = rig_input(&r, "w", ELBO_SHAPE(1, 1, 2, 2), (double[]){1, 10, 100, 1000});
    /* kernels side by side, and a last row and column that nothing reaches */
    assert_values(
        elbo_conv_transpose2d(x, w, 2, 0, 1), &r, ELBO_SHAPE(1, 1, 5, 5),
        (double[]){1, 10, 2, 20, 0, 100, 1000, 200, 2000, 0, 3, 30, 4, 40, 0, 300, 3000, 400, 4000, 0, 0, 0, 0, 0, 0});
    /* kernels that overlap: the middle is 4 1 + 3 10 + 2 100 + 1 1000 */
    assert_values(elbo_conv_transpose2d(x, w, 1, 0, 0), &r, ELBO_SHAPE(1, 1, 3, 3),
                  (double[]){1, 12, 20, 103, 1234, 2040, 300, 3400, 4000});
    assert_values(elbo_conv_transpose2d(x, w, 1, 1, 0), &r, ELBO_SHAPE(1, 1, 1, 1), (double[]){1234});
    rig_free(&r);
}
END_TEST

/* ---- layers ------------------------------------------------------------------------------------------------------ */

START_TEST(a_layer_adds_a_bias_to_each_channel)
{
    rig r = rig_new(ELBO_F32, ELBO_TRAIN);
    double none[16];
    elbo_var *x = rig_input(&r, "x", ELBO_SHAPE(1, 1, 2, 2), (double[]){1, 2, 3, 4});
    elbo_var *y = elbo_conv2d_layer(x, "conv", 2, 1, 1, 0), *z = elbo_conv_transpose2d_layer(y, "back", 1, 1, 2, 0, 1);
    rig_value(&r, z, none);
    rig_set_param(&r, "conv.weight", (double[]){1, 10});
    rig_set_param(&r, "conv.bias", (double[]){0.5, 0.25});
    rig_set_param(&r, "back.weight", (double[]){1, 2});
    rig_set_param(&r, "back.bias", (double[]){-1});
    assert_values(y, &r, ELBO_SHAPE(1, 2, 2, 2), (double[]){1.5, 2.5, 3.5, 4.5, 10.25, 20.25, 30.25, 40.25});
    assert_values(z, &r, ELBO_SHAPE(1, 1, 4, 4),
                  (double[]){21, -1, 42, -1, -1, -1, -1, -1, 63, -1, 84, -1, -1, -1, -1, -1});
    rig_free(&r);
}
END_TEST

/* The largest of n numbers comes near the bound of their uniform distribution. */
static void assert_uniform(const rig *r, const char *name, int64_t n, double bound)
{
    static double values[20000];
    double most = 0;
    ck_assert_int_le(n, 20000);
    rig_param(r, name, values);
    for (int64_t i = 0; i < n; i++)
        most = fmax(most, fabs(values[i]));
    if (!(most <= bound && most > 0.8 * bound))
        ck_abort_msg("%s: the largest is %g, expected nearly %g", name, most, bound);
}

START_TEST(layers_begin_like_pytorchs)
{
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    double *y = elbo_tensor_new(ELBO_F64, ELBO_SHAPE(64 * 9 * 9)).data;
    double x[8 * 4 * 4] = {0};
    elbo_var *h = elbo_conv2d_layer(rig_input(&r, "x", ELBO_SHAPE(1, 8, 4, 4), x), "conv", 32, 3, 1, 1);
    rig_value(&r, elbo_conv_transpose2d_layer(h, "back", 64, 3, 2, 0, 0), y);
    assert_uniform(&r, "conv.weight", 32 * 8 * 9, 1 / sqrt(8 * 9));
    assert_uniform(&r, "conv.bias", 32, 1 / sqrt(8 * 9));
    assert_uniform(&r, "back.weight", 32 * 64 * 9, 1 / sqrt(64 * 9));
    assert_uniform(&r, "back.bias", 64, 1 / sqrt(64 * 9));
    rig_free(&r);
    elbo_tensor_free(&(elbo_tensor){.data = y});
}
END_TEST

/* ---- errors ------------------------------------------------------------------------------------------------------ */

static const struct {
    elbo_shape x, w;
    int stride, padding, output_padding; /* the last below 0: not transposed */
    const char *message;
} errors[] = {
    {{3, {2, 3, 8}},
     {4, {4, 3, 3, 3}},
     1,
     0,
     -1,
     "conv2d: expected f32 x (B, C, H, W) and weight (O, C, h, w), got f32 (2, 3, 8) and f32 (4, 3, 3, 3)"},
    {{4, {2, 3, 8, 8}},
     {2, {4, 3}},
     1,
     0,
     0,
     "conv_transpose2d: expected f32 x (B, C, H, W) and weight (C, O, h, w), got f32 (2, 3, 8, 8) and f32 (4, 3)"},
    {{4, {2, 3, 8, 8}},
     {4, {4, 1, 3, 3}},
     1,
     0,
     -1,
     "conv2d: x (2, 3, 8, 8) has 3 channels, the weight (4, 1, 3, 3) takes 1"},
    {{4, {2, 3, 8, 8}},
     {4, {4, 3, 3, 3}},
     1,
     0,
     0,
     "conv_transpose2d: x (2, 3, 8, 8) has 3 channels, the weight (4, 3, 3, 3) takes 4"},
    {{4, {2, 3, 8, 8}}, {4, {4, 3, 0, 3}}, 1, 0, -1, "conv2d: the weight (4, 3, 0, 3) has an empty kernel"},
    {{4, {2, 3, 8, 8}}, {4, {4, 3, 3, 3}}, 0, 0, -1, "conv2d: stride 0 and padding 0; expected at least 1 and 0"},
    {{4, {2, 3, 8, 8}}, {4, {4, 3, 3, 3}}, 1, -1, -1, "conv2d: stride 1 and padding -1; expected at least 1 and 0"},
    {{4, {2, 3, 8, 2}},
     {4, {4, 3, 3, 5}},
     1,
     1,
     -1,
     "conv2d: x (2, 3, 8, 2) with padding 1 is smaller than the kernel of (4, 3, 3, 5)"},
    {{4, {2, 4, 8, 8}},
     {4, {4, 3, 3, 3}},
     2,
     1,
     2,
     "conv_transpose2d: output padding 2; expected 0 to 1, below the stride"},
    {{4, {1, 1, 1 << 28, 1 << 28}},
     {4, {1, 1, 1 << 28, 1 << 27}},
     1,
     1 << 28,
     -1,
     "conv2d: the patches of an image: shape (1, 268435456, 134217728, 1073741824, 939524096): too many elements"},
    {{4, {2, 4, 1, 8}},
     {4, {4, 3, 3, 3}},
     2,
     2,
     0,
     "conv_transpose2d: x (2, 4, 1, 8) by weight (4, 3, 3, 3) leaves nothing with padding 2"},
};

START_TEST(what_does_not_fit_is_named)
{
    rig r = rig_new(ELBO_F32, ELBO_TRAIN);
    elbo_var *x = elbo_input(r.g, "x", ELBO_F32, errors[_i].x), *w = elbo_input(r.g, "w", ELBO_F32, errors[_i].w);
    if (errors[_i].output_padding < 0)
        elbo_conv2d(x, w, errors[_i].stride, errors[_i].padding);
    else
        elbo_conv_transpose2d(x, w, errors[_i].stride, errors[_i].padding, errors[_i].output_padding);
    rig_assert_error(&r, errors[_i].message);
    rig_free(&r);
}
END_TEST

START_TEST(a_layer_names_itself_and_what_it_expects)
{
    rig r = rig_new(ELBO_F32, ELBO_TRAIN);
    elbo_scope(r.g, "encoder");
    elbo_conv2d_layer(elbo_input(r.g, "x", ELBO_F32, ELBO_SHAPE(2, 3, 8, 8)), "conv", 4, 3, 1, 1);
    elbo_conv2d_layer(elbo_input(r.g, "y", ELBO_F32, ELBO_SHAPE(2, 1, 8, 8)), "conv", 4, 3, 1, 1);
    rig_assert_error(&r, "conv2d \"encoder.conv\": expected input (B, 3, H, W), got (2, 1, 8, 8)");
    rig_free(&r);
    r = rig_new(ELBO_F32, ELBO_TRAIN);
    elbo_conv_transpose2d_layer(elbo_input(r.g, "x", ELBO_F32, ELBO_SHAPE(2, 3, 8)), "conv", 4, 3, 1, 1, 0);
    rig_assert_error(&r, "conv_transpose2d \"conv\": expected input (B, C, H, W), got (2, 3, 8)");
    rig_free(&r);
}
END_TEST

Suite *suite_conv(void)
{
    Suite *s = suite_create("conv");
    TCase *t = tcase_create("by hand");
    tcase_add_test(t, a_kernel_is_laid_on_the_image_as_it_is);
    tcase_add_test(t, channels_are_summed_and_outputs_have_kernels_of_their_own);
    tcase_add_test(t, a_transposed_convolution_spreads_each_pixel);
    suite_add_tcase(s, t);
    t = tcase_create("layers");
    tcase_add_test(t, a_layer_adds_a_bias_to_each_channel);
    tcase_add_test(t, layers_begin_like_pytorchs);
    suite_add_tcase(s, t);
    t = tcase_create("errors");
    tcase_add_loop_test(t, what_does_not_fit_is_named, 0, sizeof errors / sizeof errors[0]);
    tcase_add_test(t, a_layer_names_itself_and_what_it_expects);
    suite_add_tcase(s, t);
    return s;
}
