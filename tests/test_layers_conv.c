/* Layers that change the size of images, against plain loops. Convolutions: test_conv.c. */
#include <check.h>
#include <math.h>

#include "../nn/layers.h"
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

/* ---- errors ------------------------------------------------------------------------------------------------------ */

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
};

START_TEST(what_does_not_fit_is_named)
{
    rig r = rig_new(ELBO_F32, ELBO_TRAIN);
    errors[_i].layer(elbo_input(r.g, "x", ELBO_F32, errors[_i].x), errors[_i].n);
    rig_assert_error(&r, errors[_i].message);
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
    suite_add_tcase(s, t);
    t = tcase_create("errors");
    tcase_add_loop_test(t, what_does_not_fit_is_named, 0, sizeof errors / sizeof errors[0]);
    suite_add_tcase(s, t);
    return s;
}
