/* Work on draws in two: what is the same for all of them is computed once. */
#include <check.h>
#include <math.h>
#include <string.h>

#include "../autograd/op.h"
#include "../nn/parts/options.h"
#include "../nn/runs/run_private.h"
#include "numbers.h"
#include "rig.h"
#include "runs.h"
#include "suites.h"

enum { B = 3, K = 5, D = 4 };

/* ---- graphs ------------------------------------------------------------------------------------------------------ */

/* x (B, D), and a draw of normal numbers (B, K, D). */
static elbo_var *data_of(elbo_graph *g)
{
    return elbo_input(g, "x", ELBO_F64, ELBO_SHAPE(B, D));
}

static elbo_var *draws_of(elbo_graph *g)
{
    return elbo_random_normal(g, "z", ELBO_SHAPE(B, K, D), 1);
}

static elbo_graph *new_graph(elbo_params **params)
{
    *params = elbo_params_new(ELBO_F64, 1);
    return elbo_graph_new(*params, ELBO_EVALUATE);
}

static void end_graph(elbo_graph *g, elbo_params *params)
{
    elbo_graph_free(g);
    elbo_params_free(params);
}

static bool is_among(elbo_var *const *nodes, int n, const elbo_var *x)
{
    for (int i = 0; i < n; i++)
        if (nodes[i] == x)
            return true;
    return false;
}

START_TEST(what_draws_read_of_the_data_is_fixed_and_no_more)
{
    elbo_params *params;
    elbo_graph *g = new_graph(&params);
    int n;
    elbo_var *x = data_of(g), *inner = elbo_exp(x), *h = elbo_mul(inner, inner);
    elbo_var *y = elbo_add(draws_of(g), elbo_unsqueeze(h, 1)), *unused = elbo_sin(x);
    elbo_var **fixed = elbo__fixed_nodes(g, (elbo_var *[]){elbo_exp(y)}, 1, "z", &n);
    ck_assert_int_eq(n, 1); /* not what h is made of, and not the view of it */
    ck_assert_ptr_eq(fixed[0], h);
    ck_assert(!is_among(fixed, n, unused));
    end_graph(g, params);
}
END_TEST

START_TEST(parameters_are_fixed_where_a_product_is_made_of_them)
{
    elbo_params *params;
    elbo_graph *g = new_graph(&params);
    int n;
    elbo_var *w = elbo_param(g, "w", ELBO_SHAPE(D, D), elbo_init_normal(0, 1));
    elbo_var *product = elbo_matmul(w, w), *scaled = elbo_scale(w, 2);
    elbo_var *y = elbo_matmul(elbo_reshape(draws_of(g), ELBO_SHAPE(B * K, D)), elbo_add(w, scaled));
    elbo_var *z = elbo_matmul(y, product);
    elbo_var **fixed = elbo__fixed_nodes(g, &z, 1, "z", &n);
    ck_assert_int_eq(n, 1);
    ck_assert_ptr_eq(fixed[0], product); /* what is cheap is made again: a product reads parameters as they lie */
    end_graph(g, params);
}
END_TEST

START_TEST(numbers_without_a_draw_axis_are_the_same_for_all_draws)
{
    elbo_params *params;
    elbo_graph *g = new_graph(&params);
    int n;
    elbo_var *noise = elbo_random_uniform(g, "pixels", ELBO_SHAPE(B, D), -1), *z = draws_of(g);
    elbo_var *seen = elbo_less(noise, data_of(g)), *y = elbo_mul(z, elbo_unsqueeze(seen, 1));
    elbo_var **fixed = elbo__fixed_nodes(g, (elbo_var *[]){elbo_add(y, elbo_exp(z))}, 1, "z", &n);
    ck_assert_int_eq(n, 1);
    ck_assert_ptr_eq(fixed[0], seen);
    end_graph(g, params);
}
END_TEST

START_TEST(an_input_that_moves_is_as_a_draw)
{
    elbo_params *params;
    elbo_graph *g = new_graph(&params);
    int n;
    elbo_var *z = elbo_input(g, "z", ELBO_F64, ELBO_SHAPE(B, D)), *h = elbo_exp(data_of(g));
    elbo_var **fixed = elbo__fixed_nodes(g, (elbo_var *[]){elbo_mul(elbo_exp(z), h)}, 1, "z", &n);
    ck_assert_int_eq(n, 1);
    ck_assert_ptr_eq(fixed[0], h);
    end_graph(g, params);
}
END_TEST

START_TEST(what_is_only_repeated_is_not_kept_for_each_draw)
{
    elbo_params *params;
    elbo_graph *g = new_graph(&params);
    int n;
    elbo_var *z = draws_of(g), *h = elbo_exp(data_of(g));
    elbo_var *spread = elbo_scale(elbo_expand(elbo_unsqueeze(h, 1), elbo_shape_of(z)), 3);
    elbo_var **fixed = elbo__fixed_nodes(g, (elbo_var *[]){elbo_mul(z, spread)}, 1, "z", &n);
    ck_assert_int_eq(n, 1);
    ck_assert_ptr_eq(fixed[0], h);
    end_graph(g, params);
}
END_TEST

START_TEST(without_draws_nothing_is_fixed)
{
    elbo_params *params;
    elbo_graph *g = new_graph(&params);
    int n = 7;
    elbo_var *y = elbo_exp(data_of(g)), *z = elbo_exp(draws_of(g));
    ck_assert_ptr_nonnull(elbo__fixed_nodes(g, &y, 1, "z", &n));
    ck_assert_int_eq(n, 0);
    ck_assert_ptr_nonnull(elbo__fixed_nodes(g, &z, 1, "z", &n));
    ck_assert_int_eq(n, 0);
    end_graph(g, params);
}
END_TEST

/* ---- runs -------------------------------------------------------------------------------------------------------- */

enum { PIXELS = 12, HIDDEN = 7, Z = 2, IMAGES = 5 };

static float pixels[IMAGES * PIXELS];

static elbo__planned *planned_for(elbo_run *run, int64_t draws, bool cut)
{
    elbo__planned *planned;
    const elbo__work work = {.role = ELBO__LOG_WEIGHTS, .batch = IMAGES, .draws = draws, .cut = cut};
    assert_ok(elbo__run_plan(run, &work, &planned));
    return planned;
}

static double flops_of_layer(int64_t rows, int64_t in, int64_t out)
{
    return 2.0 * (double)rows * (double)in * (double)out;
}

START_TEST(the_encoder_is_in_the_first_plan_alone)
{
    enum { DRAWS = 6 };
    elbo_run *run = run_of(&elbo_model_vae, OPTIONS("hidden", "7", "latent-dim", "2"), ELBO_SHAPE(PIXELS), 0);
    elbo__planned *planned = planned_for(run, DRAWS, true);
    ck_assert_ptr_nonnull(planned->before);
    ck_assert_double_eq(elbo_plan_product_flops(planned->before),
                        flops_of_layer(IMAGES, PIXELS, HIDDEN) + 2 * flops_of_layer(IMAGES, HIDDEN, Z));
    ck_assert_double_eq(elbo_plan_product_flops(planned->plan),
                        flops_of_layer(IMAGES * DRAWS, Z, HIDDEN) + flops_of_layer(IMAGES * DRAWS, HIDDEN, PIXELS));
    ck_assert_ptr_null(planned_for(run, DRAWS, false)->before);
    elbo_run_free(run);
}
END_TEST

/* A mixture prior whose components are encoded pseudo-inputs (Tomczak and Welling, arXiv:1705.07120). */
static elbo_inference encode(elbo_in *in)
{
    return elbo_infer_normal(in, elbo_linear(in->x, "mean", Z), elbo_linear(in->x, "logvar", Z));
}

static elbo_dist of_pseudo_inputs(elbo_in *in)
{
    enum { C = 4 };
    elbo_in pseudo = *in;
    pseudo.x = elbo_sigmoid(elbo_param(in->g, "pseudo", ELBO_SHAPE(C, PIXELS), elbo_init_normal(0, 1)));
    const elbo_inference i = encode(&pseudo);
    elbo_var *equal = elbo_expand(elbo_constant(in->g, 0), ELBO_SHAPE(elbo_size(in->x, 0), C));
    return elbo_mixture(equal, elbo_normal(i.q.args[0], i.q.args[1]));
}

static elbo_dist decode(elbo_in *in, elbo_var *z)
{
    return elbo_bernoulli(elbo_linear(z, "logits", elbo_size(in->x, -1)));
}

static const elbo_option no_options[] = {ELBO_OPTIONS_END};
static const elbo_model vamp = {
    .name = "vamp", .options = no_options, .infer = encode, .prior = of_pseudo_inputs, .generate = decode};

/* log w (IMAGES, DRAWS) by one plan for all draws, and by portions of two cut ones: first 4 draws, then 2. */
static void assert_cut_agrees(elbo_run *run)
{
    enum { DRAWS = 6, FIRST = 4 };
    const elbo_images images = images_of(pixels, IMAGES, ELBO_SHAPE(PIXELS));
    elbo__table table;
    assert_ok(elbo__table_of(run, &images, &table));
    double all[IMAGES][DRAWS];
    const int32_t rows[IMAGES] = {0, 1, 2, 3, 4};
    for (int cut = 0; cut < 2; cut++)
        for (int64_t first = 0; first < DRAWS; first += cut ? FIRST : DRAWS) {
            const int64_t draws = !cut ? DRAWS : first ? DRAWS - FIRST : FIRST;
            elbo__work work = elbo__table_work(&table, ELBO__LOG_WEIGHTS, IMAGES, draws);
            work.cut = cut;
            elbo__planned *planned;
            assert_ok(elbo__run_plan(run, &work, &planned));
            const elbo_at at = {.seed = 3, .first_draw = (uint64_t)first};
            if (cut) {
                ck_assert_ptr_nonnull(planned->before);
                assert_ok(elbo__table_bind(&table, planned->before, rows, IMAGES));
                assert_ok(elbo__run_before(run, planned, at));
            }
            assert_ok(elbo__table_bind(&table, planned->plan, rows, IMAGES));
            assert_ok(elbo_plan_run(planned->plan, run->params, at));
            const elbo_tensor out = elbo_plan_output(planned->plan, 0);
            for (int64_t i = 0; i < IMAGES; i++)
                for (int64_t k = 0; k < draws; k++) {
                    const double w = elbo_tensor_get(&out, (int64_t[]){i, k});
                    if (cut)
                        assert_close(w, all[i][first + k], 1e-5);
                    else
                        all[i][k] = w;
                }
        }
    ck_assert_double_ne(all[0][0], all[0][1]);
    elbo__table_free(&table);
    elbo_run_free(run);
}

START_TEST(portions_of_cut_work_are_the_weights_of_all_draws)
{
    grey_levels(pixels, IMAGES * PIXELS);
    assert_cut_agrees(run_of(&elbo_model_vae, OPTIONS("hidden", "7", "latent-dim", "2"), ELBO_SHAPE(PIXELS), 0));
    assert_cut_agrees(
        run_of(&elbo_model_vae, OPTIONS("hidden", "7", "latent-dim", "2", "binarise", "yes"), ELBO_SHAPE(PIXELS), 0));
    assert_cut_agrees(run_of(&vamp, NO_OPTIONS, ELBO_SHAPE(PIXELS), 0));
}
END_TEST

START_TEST(a_prior_of_encoded_parameters_is_made_once)
{
    enum { DRAWS = 6, C = 4 };
    elbo_run *run = run_of(&vamp, NO_OPTIONS, ELBO_SHAPE(PIXELS), 0);
    elbo__planned *planned = planned_for(run, DRAWS, true);
    ck_assert_double_eq(elbo_plan_product_flops(planned->before), 2 * flops_of_layer(IMAGES + C, PIXELS, Z));
    ck_assert_double_eq(elbo_plan_product_flops(planned->plan), flops_of_layer(IMAGES * DRAWS, Z, PIXELS));
    elbo_run_free(run);
}
END_TEST

Suite *suite_cut(void)
{
    Suite *suite = suite_create("cut");
    TCase *graphs = tcase_create("graphs"), *runs = tcase_create("runs");
    tcase_add_test(graphs, what_draws_read_of_the_data_is_fixed_and_no_more);
    tcase_add_test(graphs, parameters_are_fixed_where_a_product_is_made_of_them);
    tcase_add_test(graphs, numbers_without_a_draw_axis_are_the_same_for_all_draws);
    tcase_add_test(graphs, an_input_that_moves_is_as_a_draw);
    tcase_add_test(graphs, what_is_only_repeated_is_not_kept_for_each_draw);
    tcase_add_test(graphs, without_draws_nothing_is_fixed);
    suite_add_tcase(suite, graphs);
    tcase_add_test(runs, the_encoder_is_in_the_first_plan_alone);
    tcase_add_test(runs, portions_of_cut_work_are_the_weights_of_all_draws);
    tcase_add_test(runs, a_prior_of_encoded_parameters_is_made_once);
    suite_add_tcase(suite, runs);
    return suite;
}
