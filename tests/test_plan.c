/* The planner: a whole training step, and whether faults in a plan are found. */
#include <check.h>
#include <math.h>
#include <pthread.h>
#include <string.h>

#include "../nn/objectives/optim.h"
#include "../tensor/memory.h"
#include "fuzz_graph.h"
#include "plan_faults.h"
#include "rig.h"
#include "suites.h"

enum { PIXELS = 50, HIDDEN = 40, LATENT = 5, IMAGES = 300, STEPS = 3 };

/* ---- a training step of a small VAE ------------------------------------------------------------------------------ */

static elbo_var *linear(const char *name, elbo_var *x, int64_t out) /* (B, in) -> (B, out) */
{
    elbo_graph *g = elbo_graph_of(x);
    elbo_init init = {rig_fill, {1 / sqrt((double)elbo_size(x, 1))}};
    elbo_scope(g, name);
    elbo_var *w = elbo_param(g, "weight", ELBO_SHAPE(out, elbo_size(x, 1)), init);
    elbo_var *b = elbo_param(g, "bias", ELBO_SHAPE(out), init);
    elbo_scope_end(g);
    return elbo_add(elbo_matmul(x, elbo_transpose(w)), b);
}

/* outs: loss (), reconstruction (B), the first weight's gradient */
static elbo_graph *vae_step(elbo_params *params, int64_t batch, elbo_var **outs)
{
    elbo_graph *g = elbo_graph_new(params, ELBO_TRAIN);
    elbo_var *images = elbo_input(g, "images", ELBO_U8, ELBO_SHAPE(IMAGES, PIXELS));
    elbo_var *x = elbo_gather(images, elbo_input(g, "rows", ELBO_I32, ELBO_SHAPE(batch)));
    x = elbo_scale(elbo_cast(x), 1 / 255.0);
    elbo_var *h = elbo_relu(linear("encoder.hidden", x, HIDDEN));
    elbo_var *m = linear("encoder.mean", h, LATENT), *v = linear("encoder.logvar", h, LATENT);
    elbo_var *noise = elbo_random_normal(g, "z", ELBO_SHAPE(batch, LATENT), -1);
    elbo_var *z = elbo_add(m, elbo_mul(elbo_exp(elbo_scale(v, 0.5)), noise));
    elbo_var *logits = linear("decoder.logits", elbo_relu(linear("decoder.hidden", z, HIDDEN)), PIXELS);
    elbo_var *rec = elbo_sum_axis(elbo_sub(elbo_softplus(logits), elbo_mul(x, logits)), 1);
    elbo_var *kl = elbo_sub(elbo_shift(elbo_add(elbo_square(m), elbo_exp(v)), -1), v);
    elbo_var *loss = elbo_mean_all(elbo_add(rec, elbo_scale(elbo_sum_axis(kl, 1), 0.5)));
    elbo_var *params_[16], *grads[16];
    int n = elbo_graph_params(g, params_);
    elbo_grad(loss, params_, n, grads);
    for (int i = 0; i < n; i++) {
        elbo_var *first = elbo_slab(params_[i], "m"), *second = elbo_slab(params_[i], "v");
        elbo_var *m1 = elbo_add(elbo_scale(first, 0.9), elbo_scale(grads[i], 0.1));
        elbo_var *v1 = elbo_add(elbo_scale(second, 0.99), elbo_scale(elbo_square(grads[i]), 0.01));
        elbo_assign(first, m1);
        elbo_assign(second, v1);
        elbo_var *step = elbo_div(m1, elbo_sqrt(elbo_shift(v1, 1e-4)));
        elbo_assign(params_[i], elbo_sub(params_[i], elbo_mul(elbo_scalar(g, "lr"), step)));
    }
    outs[0] = loss;
    outs[1] = rec;
    outs[2] = grads[0];
    return g;
}

static uint8_t pixels[IMAGES * PIXELS];
static int32_t rows[IMAGES];

static void make_data(void)
{
    for (int i = 0; i < IMAGES * PIXELS; i++)
        pixels[i] = (uint8_t)(fuzz_hash(1, (uint64_t)i) % 256);
    for (int i = 0; i < IMAGES; i++)
        rows[i] = (int32_t)(fuzz_hash(2, (uint64_t)i) % IMAGES);
}

static void must(elbo_status status)
{
    ck_assert_msg(status == ELBO_OK, "%s", elbo_error());
}

static void bind_all(elbo_plan *plan, int64_t batch)
{
    must(elbo_plan_bind(plan, "images", elbo_tensor_of(ELBO_U8, ELBO_SHAPE(IMAGES, PIXELS), pixels)));
    must(elbo_plan_bind(plan, "rows", elbo_tensor_of(ELBO_I32, ELBO_SHAPE(batch), rows)));
    must(elbo_plan_set(plan, "lr", 0.01));
}

START_TEST(a_dense_step_takes_two_stages)
{
    elbo_params *params = elbo_params_new(ELBO_F32, 1);
    elbo_var *outs[3];
    elbo_graph *g = vae_step(params, 128, outs);
    elbo_plan *plan = rig_compiled(g, outs, 1);
    char *text = elbo_plan_describe(plan);
    ck_assert_int_eq(plan->n_stages, 2);
    ck_assert_ptr_nonnull(strstr(text, "in 2 stages"));
    elbo_release(text);
    elbo_plan_free(plan);
    elbo_graph_free(g);
    elbo_params_free(params);
}
END_TEST

/* An autoencoder of two layers: both of w, or the second of a weight of its own. Returns the plan of a step that is
 * left out where a gradient is not finite. */
static elbo_plan *autoencoder_step(elbo_params *params, bool tied)
{
    elbo_graph *g = elbo_graph_new(params, ELBO_TRAIN);
    elbo_var *x = elbo_input(g, "x", ELBO_F32, ELBO_SHAPE(128, PIXELS));
    elbo_var *w = elbo_param(g, "w", ELBO_SHAPE(HIDDEN, PIXELS), (elbo_init){rig_fill, {0.1}});
    elbo_var *back = tied ? elbo_transpose(w)
                          : elbo_param(g, "back", ELBO_SHAPE(PIXELS, HIDDEN), (elbo_init){rig_fill, {0.1}});
    elbo_var *bias = elbo_param(g, "bias", ELBO_SHAPE(HIDDEN), (elbo_init){rig_fill, {0.1}}); /* where Adam counts */
    elbo_var *h = elbo_relu(elbo_add(elbo_matmul(x, elbo_transpose(w)), bias));
    elbo_var *error = elbo_sub(elbo_matmul(h, elbo_transpose(back)), x);
    elbo_minimise(elbo_mean_all(elbo_square(error)), NULL, 0, &(elbo_optim){.name = "adam", .skip_nonfinite = true});
    elbo_plan *plan = rig_compiled(g, NULL, 0);
    elbo_graph_free(g);
    return plan;
}

START_TEST(a_weight_used_both_ways_is_updated_where_its_derivatives_meet)
{
    int stages[2];
    for (int tied = 0; tied < 2; tied++) {
        elbo_params *params = elbo_params_new(ELBO_F32, 1);
        elbo_plan *plan = autoencoder_step(params, tied);
        stages[tied] = plan->n_stages;
        for (size_t id = 0; id < plan->n_nodes; id++) { /* in memory as the weights are */
            const elbo__node *node = &plan->nodes[id];
            if (node->op->flags & ELBO__ASSIGN)
                ck_assert(elbo__layout_same(&node->layout, &plan->nodes[node->in[0]].layout));
            bool large = elbo_shape_size(&node->shape) == PIXELS * HIDDEN && !node->is_view;
            if (node->op == &elbo__op_elementwise && large)
                ck_assert_msg(node->layout.strides[0] == 1, "node %d lies across", (int)id);
        }
        elbo_plan_free(plan);
        elbo_params_free(params);
    }
    ck_assert_int_eq(stages[1], stages[0]);
}
END_TEST

static void assert_within(const elbo_tensor *plan, const elbo_tensor *judge, const elbo_tensor *bound, const char *what)
{
    for (elbo__walk w = elbo__walk_start(&judge->layout.shape); w.more; elbo__walk_next(&w)) {
        double a = elbo_tensor_get(plan, w.index), b = elbo_tensor_get(judge, w.index);
        double slack = elbo_tensor_get(bound, w.index);
        if (!(fabs(a - b) <= slack && slack < 1e-9 * (1 + fabs(b))))
            ck_abort_msg("%s: %.17g and %.17g are not within %g", what, a, b, slack);
    }
}

/* In f64, within what rounding can do: a batch, then the smaller last one, on the same parameters. */
START_TEST(steps_and_the_smaller_last_one_agree_with_the_interpreter)
{
    make_data();
    elbo_params *params = elbo_params_new(ELBO_F64, 1), *judged = NULL, *bounds = NULL;
    for (int step = 0; step < STEPS; step++) {
        int64_t batch = step + 1 < STEPS ? 40 : 17;
        elbo_var *outs[3];
        elbo_graph *g = vae_step(params, batch, outs);
        elbo_plan *plan = rig_compiled(g, outs, 3);
        judged = judged ? judged : elbo_params_copy(params);
        bounds = bounds ? bounds : fuzz_bounds_of(params);
        bind_all(plan, batch);
        elbo_at at = {.seed = 1, .step = (uint64_t)step};
        must(elbo_plan_run(plan, params, at));
        double lr = 0.01;
        elbo_feed feeds[] = {{"images", elbo_tensor_of(ELBO_U8, ELBO_SHAPE(IMAGES, PIXELS), pixels)},
                             {"rows", elbo_tensor_of(ELBO_I32, ELBO_SHAPE(batch), rows)},
                             {"lr", elbo_tensor_of(ELBO_F64, ELBO_SCALAR, &lr)}};
        elbo_tensor out[3], bound[3];
        must(fuzz_bounded(g, judged, bounds, at, feeds, 3, outs, 3, out, bound));
        for (int i = 0; i < 3; i++) {
            elbo_tensor planned = elbo_plan_output(plan, i);
            assert_within(&planned, &out[i], &bound[i], "an output");
            elbo_tensor_free(&out[i]);
            elbo_tensor_free(&bound[i]);
        }
        for (int i = 0; i < elbo_params_slab_count(params); i++) {
            elbo_tensor a = elbo_params_slab(params, i), b = elbo_params_slab(judged, i),
                        c = elbo_params_slab(bounds, i);
            assert_within(&a, &b, &c, "the parameters");
        }
        elbo_plan_free(plan);
        elbo_graph_free(g);
    }
    elbo_params_free(params);
    elbo_params_free(judged);
    elbo_params_free(bounds);
}
END_TEST

/* What STEPS steps with these threads, this order and poisoned memory leave in the parameters. */
static elbo_params *train(const elbo_params *from, int threads, elbo__order order)
{
    elbo_params *params = elbo_params_copy(from);
    for (int step = 0; step < STEPS; step++) {
        int64_t batch = step + 1 < STEPS ? 128 : 96;
        elbo_var *outs[3];
        elbo_graph *g = vae_step(params, batch, outs);
        elbo_plan *plan = rig_compiled(g, outs, 3);
        plan->threads = threads;
        plan->order = order;
        plan->poison = true;
        must(elbo__plan_divide(plan));
        must(elbo__plan_allocate(plan));
        bind_all(plan, batch);
        must(elbo_plan_run(plan, params, (elbo_at){.seed = 1, .step = (uint64_t)step}));
        elbo_plan_free(plan);
        elbo_graph_free(g);
    }
    return params;
}

static void assert_same_params(const elbo_params *a, const elbo_params *b)
{
    ck_assert_int_eq(elbo_params_slab_count(a), elbo_params_slab_count(b));
    for (int i = 0; i < elbo_params_slab_count(a); i++) {
        elbo_tensor x = elbo_params_slab(a, i), y = elbo_params_slab(b, i);
        size_t bytes = (size_t)elbo_shape_size(&x.layout.shape) * elbo_dtype_size(x.dtype);
        ck_assert_msg(memcmp(x.data, y.data, bytes) == 0, "slab \"%s\" differs", elbo_params_slab_name(a, i));
    }
}

START_TEST(any_number_of_threads_in_any_order_leaves_the_same_bits)
{
    static const struct {
        int threads;
        elbo__order order;
    } ways[] = {{1, ELBO__REVERSED}, {2, ELBO__FORWARD}, {2, ELBO__SHUFFLED}, {3, ELBO__FORWARD},
                {3, ELBO__REVERSED}, {4, ELBO__FORWARD}, {4, ELBO__SHUFFLED}, {16, ELBO__FORWARD}};
    make_data();
    elbo_params *start = elbo_params_new(ELBO_F32, 1);
    elbo_var *outs[3];
    elbo_graph *g = vae_step(start, 128, outs);
    elbo_plan_free(rig_compiled(g, outs, 1));
    elbo_graph_free(g);
    elbo_params *alone = train(start, 1, ELBO__FORWARD);
    elbo_tensor slab = elbo_params_slab(alone, 0);
    for (elbo__walk w = elbo__walk_start(&slab.layout.shape); w.more; elbo__walk_next(&w))
        if (!isfinite(elbo_tensor_get(&slab, w.index)))
            ck_abort_msg("a parameter is no number: memory was read before it was written");
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        elbo_params *params = train(start, ways[i].threads, ways[i].order);
        assert_same_params(alone, params);
        elbo_params_free(params);
    }
    elbo_params_free(alone);
    elbo_params_free(start);
}
END_TEST

typedef struct {
    const elbo_params *start;
    elbo_params *left;
} trainer;

static void *train_aside(void *to)
{
    trainer *t = to;
    t->left = train(t->start, 2, ELBO__FORWARD);
    return NULL;
}

START_TEST(two_plans_run_at_once_from_two_threads)
{
    make_data();
    elbo_params *start = elbo_params_new(ELBO_F32, 1);
    elbo_var *outs[3];
    elbo_graph *g = vae_step(start, 128, outs);
    elbo_plan_free(rig_compiled(g, outs, 1));
    elbo_graph_free(g);
    elbo_params *alone = train(start, 1, ELBO__FORWARD);
    trainer trainers[2] = {{.start = start}, {.start = start}};
    pthread_t threads[2];
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, train_aside, &trainers[i]), 0);
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
        assert_same_params(alone, trainers[i].left);
        elbo_params_free(trainers[i].left);
    }
    elbo_params_free(alone);
    elbo_params_free(start);
}
END_TEST

/* ---- faults ------------------------------------------------------------------------------------------------------ */

START_TEST(every_planted_fault_is_caught_within_a_thousand_graphs)
{
    char why[FUZZ_WHY] = "";
    for (uint64_t seed = 1; seed <= 1000; seed++) {
        fuzz_program p = fuzz_generate(seed);
        if (fuzz_try(&p, _i, NULL, why) == FUZZ_WRONG)
            return;
    }
    ck_abort_msg("not caught: %s", plan_fault_name(_i));
}
END_TEST

Suite *suite_plan(void)
{
    Suite *s = suite_create("plan");
    TCase *step = tcase_create("a training step");
    tcase_add_test(step, a_dense_step_takes_two_stages);
    tcase_add_test(step, a_weight_used_both_ways_is_updated_where_its_derivatives_meet);
    tcase_add_test(step, steps_and_the_smaller_last_one_agree_with_the_interpreter);
    tcase_add_test(step, any_number_of_threads_in_any_order_leaves_the_same_bits);
    tcase_add_test(step, two_plans_run_at_once_from_two_threads);
    suite_add_tcase(s, step);
    TCase *faults = tcase_create("faults");
    tcase_add_loop_test(faults, every_planted_fault_is_caught_within_a_thousand_graphs, 0, plan_faults_count);
    suite_add_tcase(s, faults);
    return s;
}
