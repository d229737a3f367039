/* Networks by option: convolutions and their mirror image, and dense ones without hidden layers. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../nn/parts/net.h"
#include "patterns.h"
#include "rig.h"
#include "runs.h"
#include "suites.h"

enum { B = 2, K = 3, Z = 2, C = 3 };

static elbo_in net_inputs(rig *r, const elbo_model *model, const elbo_values *options, elbo_shape image, bool labels)
{
    elbo_in in = {.g = r->g, .model = model, .options = options, .image = image, .draws = 1};
    in.x = elbo_input(r->g, "x", elbo_graph_dtype(r->g), ELBO_SHAPE(B, elbo_shape_size(&image)));
    if (labels)
        in.y = rig_input(r, "y", ELBO_SHAPE(B, C), (const double[]){0, 1, 0, 1, 0, 0});
    return in;
}

/* ---- sizes ------------------------------------------------------------------------------------------------------- */

/* Shapes alone: nothing is run. */
static void assert_size_comes_back(const elbo_values *options, elbo_shape image)
{
    rig r = rig_new(ELBO_F32, ELBO_TRAIN);
    elbo_in in = net_inputs(&r, &elbo_model_vae, options, image, false);
    elbo_var *code = elbo_linear(elbo_net_encode(&in), "code", Z);
    elbo_var *out = elbo_net_output(&in, elbo_net_decode(&in, code), "out");
    const elbo_shape found = elbo_shape_of(out), expected = ELBO_SHAPE(B, elbo_shape_size(&image));
    ck_assert_msg(elbo_graph_status(r.g) == ELBO_OK, "%s: %s", elbo_shape_format(&image).text, elbo_error());
    ck_assert_msg(elbo_shape_equal(&found, &expected), "%s: %s", elbo_shape_format(&image).text,
                  elbo_shape_format(&found).text);
    rig_free(&r);
}

START_TEST(the_size_of_every_image_comes_back)
{
    static const char *const channels[] = {"2", "2,3", "3,2,2,1"};
    elbo_values *options = options_of(&elbo_model_vae, OPTIONS("net", "conv", "hidden", "4", "channels", channels[_i]));
    for (int height = 5; height <= 40; height++) {
        assert_size_comes_back(options, ELBO_SHAPE(height, height));
        assert_size_comes_back(options, ELBO_SHAPE(3, height, height));
        for (int width = 5 + height % 3; width <= 40; width += 3)
            assert_size_comes_back(options, ELBO_SHAPE(height, width));
    }
    assert_size_comes_back(options, ELBO_SHAPE(1, 1));
    assert_size_comes_back(options, ELBO_SHAPE(1, 40));
    elbo_values_free(options);
}
END_TEST

START_TEST(an_image_that_is_no_picture_is_an_error)
{
    assert_no_run(&elbo_model_vae, OPTIONS("net", "conv"), ELBO_SHAPE(64),
                  "net \"conv\": expected pictures (H, W) or (C, H, W), got (64)");
}
END_TEST

/* ---- draws and labels -------------------------------------------------------------------------------------------- */

static const double codes[B * K * Z] = {0.5, -1, 2, 0.3, -0.7, 1.1, 0.2, 0.9, -1.4, 0, 1.6, -0.4};

/* Pixels that layer "out" makes of z, of rank 2 or 3. */
static elbo_var *pixels_of(elbo_in *in, elbo_var *z)
{
    return elbo_net_output(in, elbo_net_decode(in, z), "out");
}

START_TEST(draws_are_decoded_as_if_each_were_alone)
{
    enum { PIXELS = 2 * 7 * 6 };
    static double together[B * K * PIXELS], alone[B * PIXELS];
    const bool labels = _i;
    const elbo_model *model = labels ? &elbo_model_cvae : &elbo_model_vae;
    elbo_values *options = options_of(model, OPTIONS("net", "conv", "hidden", "4", "channels", "2,3"));
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    elbo_in in = net_inputs(&r, model, options, ELBO_SHAPE(2, 7, 6), labels);
    elbo_var *all = pixels_of(&in, rig_input(&r, "z", ELBO_SHAPE(B, K, Z), codes));
    const elbo_shape shape = elbo_shape_of(all), expected = ELBO_SHAPE(B, K, PIXELS);
    ck_assert(elbo_shape_equal(&shape, &expected));
    rig_value(&r, all, together);
    for (int k = 0; k < K; k++) {
        double z[B * Z];
        for (int i = 0; i < B * Z; i++)
            z[i] = codes[(i / Z * K + k) * Z + i % Z];
        rig_next_graph(&r, ELBO_EVALUATE);
        in = net_inputs(&r, model, options, ELBO_SHAPE(2, 7, 6), labels);
        rig_value(&r, pixels_of(&in, rig_input(&r, "z", ELBO_SHAPE(B, Z), z)), alone);
        for (int i = 0; i < B * PIXELS; i++)
            assert_close(together[(i / PIXELS * K + k) * PIXELS + i % PIXELS], alone[i], 1e-13);
    }
    rig_free(&r);
    elbo_values_free(options);
}
END_TEST

START_TEST(several_numbers_of_a_value_stand_side_by_side)
{
    enum { CHANNELS = 2, PLANE = 42, PIXELS = CHANNELS * PLANE, N = 3 };
    static double y[B * K * PIXELS * N], bias[PIXELS * N], weight[PIXELS * N * 8 * 9];
    const bool conv = _i;
    elbo_values *options = options_of(&elbo_model_vae, OPTIONS("net", conv ? "conv" : "mlp", "hidden", "4",
                                                               conv ? "channels" : "draws", conv ? "2,3" : "1"));
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    for (int pass = 0; pass < 2; pass++) { /* the first makes the layer */
        elbo_in in = net_inputs(&r, &elbo_model_vae, options, ELBO_SHAPE(CHANNELS, 7, 6), false);
        elbo_var *z = rig_input(&r, "z", ELBO_SHAPE(B, K, Z), codes);
        elbo_var *all = elbo_net_outputs(&in, elbo_net_decode(&in, z), "out", N);
        const elbo_shape shape = elbo_shape_of(all), expected = ELBO_SHAPE(B, K, PIXELS, N);
        ck_assert(elbo_shape_equal(&shape, &expected));
        if (pass == 1) {
            for (int i = 0; i < PIXELS * N; i++)
                bias[i] = i;
            rig_set_param(&r, "out.weight", weight);
            rig_set_param(&r, "out.bias", bias);
        }
        rig_value(&r, all, y);
        rig_next_graph(&r, ELBO_EVALUATE);
    }
    for (int i = 0; i < B * K * PIXELS * N; i++) {
        const int pixel = i / N % PIXELS,
                  at = conv ? pixel / PLANE : pixel; /* a bias for each channel, or each value */
        ck_assert_double_eq(y[i], at * N + i % N);
    }
    rig_free(&r);
    elbo_values_free(options);
}
END_TEST

static void assert_parameters(elbo_run *run, const char *const *names, const elbo_shape *shapes, int n)
{
    elbo_params *params = elbo_run_params(run);
    ck_assert_int_eq(elbo_params_count(params), 2 * n);
    for (int i = 0; i < n; i++) {
        const char *name = elbo_params_name(params, 2 * i);
        const elbo_shape shape = elbo_params_shape(params, 2 * i);
        ck_assert_msg(strncmp(name, names[i], strlen(names[i])) == 0 && strcmp(name + strlen(names[i]), ".weight") == 0,
                      "%s in place of %s", name, names[i]);
        ck_assert_msg(elbo_shape_equal(&shape, &shapes[i]), "%s is %s", name, elbo_shape_format(&shape).text);
    }
}

START_TEST(a_label_is_one_more_channel_and_stands_beside_z)
{
    static const char *const names[] = {"encoder.label",  "encoder.conv",     "encoder.mean",
                                        "encoder.logvar", "decoder.features", "decoder.logits"};
    const elbo_shape shapes[] = {{2, {42, C}}, {4, {4, 3, 3, 3}}, {2, {Z, 48}},
                                 {2, {Z, 48}}, {2, {48, Z + C}},  {4, {4, 2, 3, 3}}};
    elbo_run *run = run_of(&elbo_model_cvae,
                           OPTIONS("net", "conv", "hidden", "none", "channels", "4", "latent-dim", "2"),
                           ELBO_SHAPE(2, 7, 6), C);
    assert_parameters(run, names, shapes, 6);
    elbo_run_free(run);
}
END_TEST

/* ---- latent maps ------------------------------------------------------------------------------------------------- */

/* Of 16 by 12 pixels a convolution makes 8 by 6 positions, each of 3 by 3 pixels. */
enum { HIGH = 8, WIDE = 6, NUMBERS = 2, PLANE = 4 * HIGH * WIDE };

static bool near(int pixel, int at, int reach)
{
    return abs(pixel - 2 * at) <= reach;
}

/* Whether the numbers are not 0 near position (row, column), which they must be, and 0 where they are too far away. */
static void assert_local(const double *of_pixels, int row, int column, int reach)
{
    double sum = 0;
    for (int i = 0; i < PLANE; i++) {
        const bool there = near(i / (2 * WIDE), row, reach) && near(i % (2 * WIDE), column, reach);
        sum += fabs(of_pixels[i]);
        ck_assert_msg(there || of_pixels[i] == 0, "position (%d, %d) and pixel %d: %g", row, column, i, of_pixels[i]);
    }
    ck_assert_double_gt(sum, 0);
}

START_TEST(each_position_of_a_map_stands_where_its_pixels_do)
{
    static double x[B * PLANE], z_of[B * HIGH * WIDE * NUMBERS], d[B * PLANE], dz[B * HIGH * WIDE * NUMBERS];
    elbo_values *options = options_of(&elbo_model_vae, OPTIONS("net", "conv", "channels", "3", "activation", "tanh"));
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    elbo_in in = net_inputs(&r, &elbo_model_vae, options, ELBO_SHAPE(2 * HIGH, 2 * WIDE), false);
    for (int i = 0; i < B * PLANE; i++)
        x[i] = (i * 37 % 101) / 101.0;
    for (int i = 0; i < B * HIGH * WIDE * NUMBERS; i++)
        z_of[i] = sin(i);
    rig_feed(&r, "x", ELBO_SHAPE(B, PLANE), x);
    const elbo_shape map = elbo_net_map(&in), expected = ELBO_SHAPE(B, HIGH, WIDE, NUMBERS);
    elbo_var *codes_made = elbo_net_encode_map(&in, NUMBERS);
    const elbo_shape found = elbo_shape_of(codes_made);
    ck_assert(elbo_shape_equal(&map, &ELBO_SHAPE(HIGH, WIDE)) && elbo_shape_equal(&found, &expected));
    elbo_var *z = rig_input(&r, "z", ELBO_SHAPE(B, HIGH * WIDE * NUMBERS), z_of);
    elbo_var *pixels = elbo_net_output(&in, elbo_net_decode_map(&in, z), "out");
    for (int row = 0; row < HIGH; row += 7)
        for (int column = 1; column < WIDE; column += 3) {
            const int at = (row * WIDE + column) * NUMBERS;
            elbo_var *one = elbo_slice(elbo_reshape(codes_made, ELBO_SHAPE(B, -1)), 1, at + 1, 1), *dx;
            elbo_grad(elbo_sum_all(one), &in.x, 1, &dx);
            rig_value(&r, dx, d);
            assert_local(d + PLANE, row, column, 1);
            elbo_var *there = elbo_slice(pixels, 1, 2 * row * 2 * WIDE + 2 * column, 1), *of_z;
            elbo_grad(elbo_sum_all(there), &z, 1, &of_z);
            rig_value(&r, of_z, dz);
            for (int i = 0; i < HIGH * WIDE * NUMBERS; i++) /* an even pixel is made of one position */
                ck_assert_msg((dz[i] != 0) == (i / NUMBERS == row * WIDE + column), "entry %d: %g", i, dz[i]);
        }
    rig_free(&r);
    elbo_values_free(options);
}
END_TEST

START_TEST(draws_of_maps_are_decoded_as_if_each_were_alone)
{
    enum { AREA = 2, PIXELS = 2 * 4 * 3, NUMBERS_OF = 2 * AREA * 2 };
    static double z[B * K * NUMBERS_OF], together[B * K * PIXELS], alone[B * PIXELS], one[B * NUMBERS_OF];
    const bool labels = _i;
    const elbo_model *model = labels ? &elbo_model_cvae : &elbo_model_vae;
    elbo_values *options = options_of(model, OPTIONS("net", "conv", "channels", "3"));
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    elbo_in in = net_inputs(&r, model, options, ELBO_SHAPE(2, 4, 3), labels);
    for (int i = 0; i < B * K * NUMBERS_OF; i++)
        z[i] = sin(i);
    elbo_var *all = elbo_net_decode_map(&in, rig_input(&r, "z", ELBO_SHAPE(B, K, NUMBERS_OF), z));
    rig_value(&r, elbo_net_output(&in, all, "out"), together);
    for (int k = 0; k < K; k++) {
        for (int i = 0; i < B * NUMBERS_OF; i++)
            one[i] = z[(i / NUMBERS_OF * K + k) * NUMBERS_OF + i % NUMBERS_OF];
        rig_next_graph(&r, ELBO_EVALUATE);
        in = net_inputs(&r, model, options, ELBO_SHAPE(2, 4, 3), labels);
        elbo_var *h = elbo_net_decode_map(&in, rig_input(&r, "z", ELBO_SHAPE(B, NUMBERS_OF), one));
        rig_value(&r, elbo_net_output(&in, h, "out"), alone);
        for (int i = 0; i < B * PIXELS; i++)
            assert_close(together[(i / PIXELS * K + k) * PIXELS + i % PIXELS], alone[i], 1e-13);
    }
    rig_free(&r);
    elbo_values_free(options);
}
END_TEST

START_TEST(numbers_that_are_no_map_are_refused)
{
    elbo_values *options = options_of(&elbo_model_vae, OPTIONS("net", "conv", "channels", "3"));
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    elbo_in in = net_inputs(&r, &elbo_model_vae, options, ELBO_SHAPE(4, 4), false);
    elbo_net_decode_map(&in, rig_input(&r, "z", ELBO_SHAPE(B, 6), codes));
    rig_assert_error(&r, "net \"conv\": 6 numbers are no map of 2 by 2 positions");
    rig_free(&r);
    elbo_values_free(options);
}
END_TEST

/* ---- dense ------------------------------------------------------------------------------------------------------- */

START_TEST(a_dense_network_may_have_no_hidden_layer)
{
    static const char *const names[] = {"encoder.mean", "encoder.logvar", "decoder.logits"};
    const elbo_shape shapes[] = {{2, {Z, PATTERN_PIXELS}}, {2, {Z, PATTERN_PIXELS}}, {2, {PATTERN_PIXELS, Z}}};
    elbo_images images = pattern_images(32);
    elbo_run *run = run_of(&elbo_model_vae, OPTIONS("hidden", "none", "latent-dim", "2"),
                           ELBO_SHAPE(PATTERN_SIDE, PATTERN_SIDE), 0);
    assert_parameters(run, names, shapes, 3);
    const double before = evaluated(run, &images, 1, "elbo");
    assert_ok(elbo_train(run, &images, NULL, &(elbo_training){.epochs = 60, .batch_size = 16, .lr = 1e-2}, NULL));
    ck_assert_double_gt(evaluated(run, &images, 1, "elbo"), before + 5);
    elbo_run_free(run);
}
END_TEST

START_TEST(a_convolutional_network_learns)
{
    elbo_images images = pattern_images(48);
    elbo_run *run = run_of(&elbo_model_vae,
                           OPTIONS("net", "conv", "channels", "8,16", "hidden", "none", "latent-dim", "4"),
                           ELBO_SHAPE(PATTERN_SIDE, PATTERN_SIDE), 0);
    assert_ok(elbo_train(run, &images, NULL, &(elbo_training){.epochs = 60, .batch_size = 16, .lr = 5e-3}, NULL));
    ck_assert_double_gt(evaluated(run, &images, 1, "elbo"), -PATTERN_MEANS_ALONE / 2);
    elbo_run_free(run);
}
END_TEST

Suite *suite_net(void)
{
    Suite *suite = suite_create("net");
    TCase *sizes = tcase_create("sizes"), *draws = tcase_create("draws and labels"), *whole = tcase_create("models");
    TCase *maps = tcase_create("maps");
    tcase_add_loop_test(sizes, the_size_of_every_image_comes_back, 0, 3);
    tcase_add_test(sizes, an_image_that_is_no_picture_is_an_error);
    suite_add_tcase(suite, sizes);
    tcase_add_loop_test(draws, draws_are_decoded_as_if_each_were_alone, 0, 2);
    tcase_add_loop_test(draws, several_numbers_of_a_value_stand_side_by_side, 0, 2);
    tcase_add_test(draws, a_label_is_one_more_channel_and_stands_beside_z);
    suite_add_tcase(suite, draws);
    tcase_add_test(maps, each_position_of_a_map_stands_where_its_pixels_do);
    tcase_add_loop_test(maps, draws_of_maps_are_decoded_as_if_each_were_alone, 0, 2);
    tcase_add_test(maps, numbers_that_are_no_map_are_refused);
    suite_add_tcase(suite, maps);
    tcase_add_test(whole, a_dense_network_may_have_no_hidden_layer);
    tcase_add_test(whole, a_convolutional_network_learns);
    suite_add_tcase(suite, whole);
    return suite;
}
