/* The derivative of every layer for its input and its parameters, and the derivative of that. tests/layers looks here
 * for each function that nn/layers/layers.h declares. */
#include <check.h>
#include <stdio.h>

#include "../nn/layers/layers.h"
#include "derivatives.h"
#include "suites.h"

#define LAYER(name, y)                                                                                                 \
    static elbo_var *name(elbo_var **in)                                                                               \
    {                                                                                                                  \
        elbo_var *x = in[0];                                                                                           \
        return y;                                                                                                      \
    }
LAYER(linear, elbo_linear(x, "layer", 2))
LAYER(linear_init, elbo_linear_init(x, "layer", 3, elbo_init_he(), elbo_init_zeros()))
LAYER(affine, elbo_affine(x, in[1], in[2]))
LAYER(affine_alone, elbo_affine(x, in[1], NULL))
LAYER(mlp, elbo_mlp(x, "layer", ((const int64_t[]){3, 2}), 2, "tanh"))
LAYER(conv2d, elbo_conv2d_layer(x, "layer", 2, 2, 2, 1))
LAYER(conv_transpose2d, elbo_conv_transpose2d_layer(x, "layer", 2, 3, 2, 1, 1))
LAYER(leaky_relu, elbo_leaky_relu(x, 0.25))
LAYER(elu, elbo_elu(x, 0.5))
LAYER(gelu, elbo_gelu(x))
LAYER(silu, elbo_silu(x))
LAYER(softplus, elbo_activation(x, "softplus"))
LAYER(dropout, elbo_dropout(x, "noise", 0.5))
LAYER(condition, elbo_condition(x, in[1]))
LAYER(embedding, elbo_embedding(x, "layer", 4, 3))
LAYER(layer_norm, elbo_layer_norm(x, "layer"))
LAYER(batch_norm, elbo_batch_norm(x, "layer"))
LAYER(batch_norm_twice, elbo_mul(elbo_batch_norm(x, "layer"), elbo_batch_norm(elbo_tanh(x), "layer")))
LAYER(masked_conv2d, elbo_masked_conv2d(x, "layer", 2, 3, false))
LAYER(masked_conv2d_centre, elbo_masked_conv2d(x, "layer", 2, 3, true))
LAYER(masked_linear, elbo_masked_linear(x, "layer", 2, ((const double[]){1, 0, 1, 0, 1, 1})))
LAYER(made, elbo_made(x, NULL, "layer", (elbo_made_shape){(const int64_t[]){2}, 1, "tanh", 1, false}))
LAYER(made_backwards, elbo_made(x, in[1], "layer", (elbo_made_shape){(const int64_t[]){2}, 1, "tanh", 1, true}))

static elbo_var *frozen(elbo_var *x)
{
    elbo_freeze_statistics(elbo_graph_of(x), true);
    elbo_var *y = elbo_batch_norm(x, "layer");
    elbo_freeze_statistics(elbo_graph_of(x), false);
    return y;
}
LAYER(batch_norm_frozen, frozen(x))
LAYER(residual, elbo_residual_block(x, "block", elbo_size(x, 1), 1, "tanh"))
LAYER(residual_projected, elbo_residual_block(x, "block", 2, 2, "silu"))

/* The harness asks for images of one pixel as well. */
static int window(elbo_var *x)
{
    return elbo_size(x, 2) > 1 && elbo_size(x, 3) > 1 ? 2 : 1;
}
LAYER(max_pool2d, elbo_max_pool2d(x, window(x)))
LAYER(avg_pool2d, elbo_avg_pool2d(x, window(x)))
LAYER(upsample2d, elbo_upsample2d(x, 2))

static const elbo__case layers[] = {
    {"linear, of rows", linear, 1, {{2, {2, 3}}}, -3, 3, 0},
    {"linear, of draws", linear, 1, {{3, {2, 2, 3}}}, -3, 3, 0},
    {"linear_init", linear_init, 1, {{2, {2, 3}}}, -3, 3, 0},
    {"affine", affine, 3, {{2, {2, 3}}, {2, {4, 3}}, {1, {4}}}, -3, 3, 0},
    {"affine without a bias", affine_alone, 2, {{3, {2, 1, 3}}, {2, {4, 3}}}, -3, 3, 0},
    {"mlp", mlp, 1, {{2, {2, 3}}}, -2, 2, 0},
    {"conv2d_layer", conv2d, 1, {{4, {2, 1, 3, 2}}}, -4, 4, 0},
    {"conv_transpose2d_layer", conv_transpose2d, 1, {{4, {2, 1, 2, 2}}}, -4, 4, 0},
    {"max_pool2d", max_pool2d, 1, {{4, {1, 2, 3, 4}}}, -4, 4, 0},
    {"avg_pool2d", avg_pool2d, 1, {{4, {1, 2, 3, 4}}}, -4, 4, 0},
    {"upsample2d", upsample2d, 1, {{4, {1, 2, 3, 2}}}, -4, 4, 0},
    {"leaky_relu", leaky_relu, 1, {{2, {2, 3}}}, -3, 3, 0},
    {"elu", elu, 1, {{2, {2, 3}}}, -3, 3, 0},
    {"gelu", gelu, 1, {{2, {2, 3}}}, -3, 3, 0},
    {"silu", silu, 1, {{2, {2, 3}}}, -3, 3, 0},
    {"activation", softplus, 1, {{2, {2, 3}}}, -3, 3, 0},
    {"dropout, of rows", dropout, 1, {{2, {4, 3}}}, -3, 3, 0},
    {"dropout, of draws", dropout, 1, {{3, {2, 3, 4}}}, -3, 3, 0},
    {"condition, of rows", condition, 2, {{2, {2, 3}}, {2, {2, 4}}}, -3, 3, 0},
    {"condition, of draws", condition, 2, {{3, {2, 2, 3}}, {2, {2, 4}}}, -4, 4, 0},
    {"embedding", embedding, 1, {{1, {6}}}, -3, 3, 4},
    {"layer_norm, of rows", layer_norm, 1, {{2, {2, 4}}}, -3, 3, 0},
    {"layer_norm, of draws", layer_norm, 1, {{3, {2, 2, 3}}}, -3, 3, 0},
    {"batch_norm, of rows", batch_norm, 1, {{2, {5, 2}}}, -3, 3, 0},
    {"batch_norm, of images", batch_norm, 1, {{4, {2, 2, 2, 3}}}, -4, 4, 0},
    {"batch_norm, twice", batch_norm_twice, 1, {{2, {5, 2}}}, -3, 3, 0},
    {"batch_norm, frozen", batch_norm_frozen, 1, {{2, {5, 2}}}, -3, 3, 0},
    {"masked_linear", masked_linear, 1, {{2, {2, 3}}}, -3, 3, 0},
    {"masked_conv2d", masked_conv2d, 1, {{4, {2, 1, 3, 2}}}, -4, 4, 0},
    {"masked_conv2d with its centre", masked_conv2d_centre, 1, {{4, {1, 2, 2, 2}}}, -4, 4, 0},
    {"made, of rows", made, 1, {{2, {2, 3}}}, -3, 3, 0},
    {"made, of draws with a context", made_backwards, 2, {{3, {2, 2, 2}}, {2, {2, 1}}}, -3, 3, 0},
    {"residual_block", residual, 1, {{4, {2, 2, 2, 2}}}, -4, 4, 0},
    {"residual_block, projected", residual_projected, 1, {{4, {2, 1, 3, 2}}}, -4, 4, 0},
    {0},
};

/* Those that do something else when the graph is one for evaluation. */
static const elbo__case evaluated[] = {
    {"dropout", dropout, 1, {{2, {4, 3}}}, -3, 3, 0},
    {"batch_norm, of rows", batch_norm, 1, {{2, {2, 3}}}, -3, 3, 0},
    {"batch_norm, of images", batch_norm, 1, {{4, {2, 2, 2, 3}}}, -4, 4, 0},
    {"residual_block", residual_projected, 1, {{4, {2, 1, 2, 2}}}, -4, 4, 0},
    {0},
};

START_TEST(derivatives_agree_with_central_differences_in_training)
{
    derivative_report r = {0};
    check_derivatives("layer", layers, ELBO_TRAIN, _i, &r);
    printf("worst relative error of any layer's derivative of order %d in f64: %.1e (%s), of %ld entries\n", _i,
           r.worst, r.where, r.entries);
    fflush(stdout);
}
END_TEST

START_TEST(derivatives_agree_with_central_differences_in_evaluation)
{
    derivative_report r = {0};
    check_derivatives("layer", evaluated, ELBO_EVALUATE, _i, &r);
    ck_assert_int_gt(r.entries, 0);
}
END_TEST

Suite *suite_layer_derivatives(void)
{
    Suite *s = suite_create("layer_derivatives");
    TCase *t = tcase_create("order");
    tcase_add_loop_test(t, derivatives_agree_with_central_differences_in_training, 1, 3);
    tcase_add_loop_test(t, derivatives_agree_with_central_differences_in_evaluation, 1, 3);
    suite_add_tcase(s, t);
    return s;
}
