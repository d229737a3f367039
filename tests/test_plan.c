/* The planner: a whole training step, what is simplified, and whether faults in a plan are found. */
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

static void fill(const elbo_tensor *t, uint64_t seed, const char *name, const double *args)
{
    uint64_t i = fuzz_hash(seed, strlen(name));
    for (elbo__walk w = elbo__walk_start(&t->layout.shape); w.more; elbo__walk_next(&w))
        elbo_tensor_set(t, w.index, args[0] * ((double)(fuzz_hash(7, i++) % 2001) / 1000 - 1));
}

static elbo_var *linear(const char *name, elbo_var *x, int64_t out) /* (B, in) -> (B, out) */
{
    elbo_graph *g = elbo_graph_of(x);
    elbo_init init = {fill, {1 / sqrt((double)elbo_size(x, 1))}};
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

static elbo_plan *compiled(elbo_graph *g, elbo_var *const *outs, int n)
{
    elbo_plan *plan = elbo_compile(g, outs, n);
    ck_assert_msg(plan != NULL, "%s", elbo_error());
    must(elbo__plan_check(plan));
    return plan;
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
    elbo_plan *plan = compiled(g, outs, 1);
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
    elbo_var *w = elbo_param(g, "w", ELBO_SHAPE(HIDDEN, PIXELS), (elbo_init){fill, {0.1}});
    elbo_var *back = tied ? elbo_transpose(w)
                          : elbo_param(g, "back", ELBO_SHAPE(PIXELS, HIDDEN), (elbo_init){fill, {0.1}});
    elbo_var *bias = elbo_param(g, "bias", ELBO_SHAPE(HIDDEN), (elbo_init){fill, {0.1}}); /* where Adam counts */
    elbo_var *h = elbo_relu(elbo_add(elbo_matmul(x, elbo_transpose(w)), bias));
    elbo_var *error = elbo_sub(elbo_matmul(h, elbo_transpose(back)), x);
    elbo_minimise(elbo_mean_all(elbo_square(error)), NULL, 0, &(elbo_optim){.name = "adam", .skip_nonfinite = true});
    elbo_plan *plan = compiled(g, NULL, 0);
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
        elbo_plan *plan = compiled(g, outs, 3);
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
        elbo_plan *plan = compiled(g, outs, 3);
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
    elbo_plan_free(compiled(g, outs, 1));
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
    elbo_plan_free(compiled(g, outs, 1));
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

/* ---- what is simplified ------------------------------------------------------------------------------------------ */

static int working_nodes(const elbo_plan *plan)
{
    int n = 0;
    for (size_t i = 0; i < plan->n_nodes; i++)
        n += !plan->nodes[i].is_view && !(plan->nodes[i].op->flags & ELBO__LEAF);
    return n;
}

static elbo_var *input(elbo_graph *g, const char *name)
{
    return elbo_input(g, name, ELBO_F32, ELBO_SHAPE(3, 4));
}

static elbo_var *same_twice(elbo_graph *g)
{
    elbo_var *a = input(g, "a"), *b = input(g, "b");
    return elbo_mul(elbo_exp(elbo_add(a, b)), elbo_exp(elbo_add(a, b)));
}

static elbo_var *dead_branch(elbo_graph *g)
{
    (void)elbo_exp(elbo_sum_all(input(g, "b")));
    return elbo_neg(input(g, "a"));
}

static elbo_var *arithmetic_on_constants(elbo_graph *g)
{
    elbo_var *two = elbo_exp(elbo_log(elbo_add(elbo_constant(g, 1), elbo_constant(g, 1))));
    return elbo_mul(input(g, "a"), elbo_reciprocal(two));
}

static elbo_var *times_one(elbo_graph *g)
{
    return elbo_neg(elbo_mul(elbo_constant(g, 1), elbo_mul(input(g, "a"), elbo_constant(g, 1))));
}

static elbo_var *two_draws(elbo_graph *g)
{
    return elbo_sub(elbo_random_normal(g, "z", ELBO_SHAPE(3, 4), -1), elbo_random_normal(g, "z", ELBO_SHAPE(3, 4), -1));
}

static elbo_var *views_only(elbo_graph *g)
{
    elbo_var *t = elbo_transpose(elbo_neg(input(g, "a")));
    return elbo_expand(elbo_slice(elbo_reshape(t, ELBO_SHAPE(4, 3, 1)), 0, 1, 2), ELBO_SHAPE(5, 2, 3, 1));
}

static const struct {
    elbo_var *(*build)(elbo_graph *g);
    int work;
} simplified[] = {{same_twice, 3}, {dead_branch, 1}, {arithmetic_on_constants, 1},
                  {times_one, 1},  {two_draws, 3},   {views_only, 1}};

START_TEST(only_what_is_needed_is_computed_and_only_once)
{
    elbo_graph *g = elbo_graph_new(NULL, ELBO_TRAIN);
    elbo_var *y = simplified[_i].build(g);
    elbo_plan *plan = compiled(g, &y, 1);
    ck_assert_int_eq(working_nodes(plan), simplified[_i].work);
    elbo_plan_free(plan);
    elbo_graph_free(g);
}
END_TEST

/* ---- memory ------------------------------------------------------------------------------------------------------ */

/* x (B, 3, 8, 8) through convolutions, one of them behind a mask that depends on what another reads. */
static elbo_var *convolutions(elbo_graph *g)
{
    elbo_init init = {fill, {1}};
    elbo_var *x = elbo_input(g, "x", ELBO_F32, ELBO_SHAPE(32, 3, 8, 8)), *zero = elbo_constant(g, 0);
    elbo_var *h = elbo_conv2d(x, elbo_param(g, "w", ELBO_SHAPE(5, 3, 3, 3), init), 1, 1);
    h = elbo_relu(elbo_add(h, elbo_param(g, "bias", ELBO_SHAPE(5, 1, 1), init)));
    elbo_var *y = elbo_conv2d(h, elbo_param(g, "v", ELBO_SHAPE(5, 5, 3, 3), init), 1, 1);
    y = elbo_where(elbo_less(zero, h), y, zero);
    return elbo_conv2d(y, elbo_param(g, "u", ELBO_SHAPE(1, 5, 3, 3), init), 1, 1);
}

static elbo_plan *plan_of_convolutions(elbo_params *params)
{
    elbo_graph *g = elbo_graph_new(params, ELBO_TRAIN);
    elbo_var *out = convolutions(g);
    elbo_plan *plan = compiled(g, &out, 1);
    elbo_graph_free(g);
    return plan;
}

static bool is_view_or_leaf(const elbo__node *node)
{
    return node->is_view || node->op->flags & ELBO__LEAF;
}

START_TEST(what_is_made_of_a_convolution_lies_with_its_channels_last)
{
    elbo_params *params = elbo_params_new(ELBO_F32, 1);
    elbo_plan *plan = plan_of_convolutions(params);
    int pictures = 0;
    for (size_t id = 0; id < plan->n_nodes; id++) {
        const elbo__node *node = &plan->nodes[id];
        if (is_view_or_leaf(node) || elbo_shape_size(&node->shape) != 32 * 5 * 8 * 8)
            continue;
        pictures++;
        ck_assert_msg(elbo_shape_equal(&node->shape, &ELBO_SHAPE(32, 8, 8, 5)), "node %d (%s) is %s", (int)id,
                      node->op->name, elbo_shape_format(&node->shape).text);
    }
    ck_assert_int_eq(pictures, 6); /* two convolutions, their sum with the bias, relu, less, where */
    elbo_plan_free(plan);
    elbo_params_free(params);
}
END_TEST

/* How many copies that turn images (32, 5, 4, 4) a plan has, and how many elementwise nodes that lie as those. */
typedef struct {
    int copies, alike;
} turned;

static turned turned_of(elbo_graph *g, elbo_var *const *outputs, int n)
{
    elbo_plan *plan = compiled(g, outputs, n);
    turned found = {0};
    for (size_t id = 0; id < plan->n_nodes; id++) {
        const elbo__node *node = &plan->nodes[id];
        const bool last = !is_view_or_leaf(node) && elbo_shape_equal(&node->shape, &ELBO_SHAPE(32, 4, 4, 5));
        found.copies += last && node->op == &elbo__op_concat;
        found.alike += last && node->op == &elbo__op_elementwise;
    }
    elbo_plan_free(plan);
    return found;
}

START_TEST(images_of_a_dense_layer_are_turned_once_for_the_convolutions_that_read_them)
{
    elbo_params *params = elbo_params_new(ELBO_F32, 1);
    elbo_graph *g = elbo_graph_new(params, ELBO_TRAIN);
    elbo_init init = {fill, {1}};
    elbo_var *x = elbo_input(g, "x", ELBO_F32, ELBO_SHAPE(32, 7)), *zero = elbo_constant(g, 0);
    elbo_var *dense = elbo_reshape(elbo_matmul(x, elbo_param(g, "w", ELBO_SHAPE(7, 80), init)),
                                   ELBO_SHAPE(32, 5, 4, 4));
    elbo_var *v = elbo_param(g, "v", ELBO_SHAPE(5, 5, 3, 3), init),
             *u = elbo_param(g, "u", ELBO_SHAPE(1, 5, 3, 3), init);
    elbo_var *one = elbo_conv2d(dense, v, 1, 1), *other = elbo_conv2d(dense, u, 1, 1);
    ck_assert_int_eq(turned_of(g, &one, 1).copies, 0); /* the kernel turns them itself */
    ck_assert_int_eq(turned_of(g, (elbo_var *[]){one, other}, 2).copies, 1);
    elbo_var *masked = elbo_conv2d(elbo_where(elbo_less(zero, one), dense, zero), u, 1, 1);
    turned found = turned_of(g, &masked, 1);
    ck_assert_int_eq(found.copies, 1);
    ck_assert_int_eq(found.alike, 2); /* less and where, as the convolution's result lies */
    elbo_graph_free(g);
    elbo_params_free(params);
}
END_TEST

START_TEST(what_one_node_reads_is_computed_with_it_and_not_stored)
{
    elbo_params *params = elbo_params_new(ELBO_F32, 1);
    elbo_plan *plan = plan_of_convolutions(params);
    int masks = 0;
    for (size_t id = 0; id < plan->n_nodes; id++) {
        const elbo__node *node = &plan->nodes[id];
        if (is_view_or_leaf(node) || node->op != &elbo__op_elementwise || node->attr.elementwise != ELBO__less)
            continue;
        masks++;
        ck_assert_int_eq(node->buffer, ELBO__NONE);
    }
    ck_assert_int_eq(masks, 1);
    elbo_plan_free(plan);
    elbo_params_free(params);
}
END_TEST

/* As the gradient of a gate: exp(-h^2) / u meets a product for which relu(h) has to be stored first. */
START_TEST(what_waits_for_a_product_is_computed_behind_it_with_all_that_leads_to_it)
{
    enum { BATCH = 32, WIDTH = 64 };
    elbo_params *params = elbo_params_new(ELBO_F32, 1);
    elbo_graph *g = elbo_graph_new(params, ELBO_TRAIN);
    elbo_init init = {fill, {1}};
    elbo_var *x = elbo_input(g, "x", ELBO_F32, ELBO_SHAPE(BATCH, WIDTH)), *layers[3];
    for (int i = 0; i < 3; i++)
        layers[i] = elbo_param(g, (const char *[]){"w", "u", "v"}[i], ELBO_SHAPE(WIDTH, WIDTH), init);
    elbo_var *h = elbo_matmul(x, layers[0]), *u = elbo_matmul(x, layers[1]);
    elbo_var *late = elbo_div(elbo_exp(elbo_neg(elbo_square(h))), u);
    elbo_var *out = elbo_mul(late, elbo_matmul(elbo_relu(h), layers[2]));
    elbo_plan *plan = compiled(g, &out, 1);
    elbo_graph_free(g);
    int waiting = 0;
    for (size_t id = 0; id < plan->n_nodes; id++) {
        const elbo__node *node = &plan->nodes[id];
        if (is_view_or_leaf(node) || node->op != &elbo__op_elementwise || node->attr.elementwise == ELBO__relu ||
            node->output)
            continue;
        waiting++;
        ck_assert_msg(node->buffer == ELBO__NONE, "node %d is stored", (int)id);
    }
    ck_assert_int_eq(waiting, 4); /* square, neg, exp, div */
    elbo_plan_free(plan);
    elbo_params_free(params);
}
END_TEST

/* Several draws of an image are rows of a layer's product, and an axis of their own in what follows. */
START_TEST(what_is_done_to_rows_and_then_to_draws_is_one_group)
{
    enum { BATCH = 32, DRAWS = 3, IN = 4, OUT = 5 };
    elbo_params *params = elbo_params_new(ELBO_F32, 1);
    elbo_graph *g = elbo_graph_new(params, ELBO_TRAIN);
    elbo_init init = {fill, {1}};
    elbo_var *x = elbo_input(g, "x", ELBO_F32, ELBO_SHAPE(BATCH, IN));
    elbo_var *z = elbo_add(elbo_reshape(x, ELBO_SHAPE(BATCH, 1, IN)),
                           elbo_param(g, "offsets", ELBO_SHAPE(DRAWS, IN), init));
    elbo_var *w = elbo_param(g, "w", ELBO_SHAPE(IN, OUT), init), *b = elbo_param(g, "b", ELBO_SHAPE(OUT), init);
    elbo_var *of_rows = elbo_add(elbo_matmul(elbo_reshape(z, ELBO_SHAPE(BATCH * DRAWS, IN)), w), b);
    elbo_var *out = elbo_mul(elbo_tanh(elbo_reshape(of_rows, ELBO_SHAPE(BATCH, DRAWS, OUT))),
                             elbo_reshape(elbo_slice(x, 1, 0, 1), ELBO_SHAPE(BATCH, 1, 1)));
    elbo_plan *plan = compiled(g, &out, 1);
    elbo_graph_free(g);
    int groups = 0;
    for (size_t i = 0; i < plan->n_loops; i++)
        for (size_t k = 0; k < plan->loops[i].n_instrs; k++)
            groups += plan->loops[i].instrs[k].group != NULL;
    ck_assert_int_eq(groups, 2); /* what goes into the product, and what is made of it */
    elbo_plan_free(plan);
    elbo_params_free(params);
}
END_TEST

/* Images of some draws: x for each image, y for each draw, a bias for all, a weight for each draw of an image. */
static elbo_var *by_rows(rig *r, int64_t images, int64_t draws, int64_t length)
{
    static double numbers[16384];
    for (int i = 0; i < 16384; i++)
        numbers[i] = sin(i);
    elbo_var *x = rig_input(r, "x", ELBO_SHAPE(images, 1, length), numbers);
    elbo_var *y = rig_input(r, "y", ELBO_SHAPE(images, draws, length), numbers + 7);
    elbo_var *bias = rig_input(r, "bias", ELBO_SHAPE(length), numbers + 3);
    elbo_var *weight = rig_input(r, "weight", ELBO_SHAPE(images, draws, 1), numbers + 5);
    return elbo_mul(elbo_tanh(elbo_add(elbo_mul(x, y), bias)), weight);
}

/* Rows that are just short, just long, a chunk, two chunks, and three uneven ones. */
static const int64_t lengths[] = {127, 128, 256, 300, 514};

START_TEST(what_is_repeated_by_rows_agrees_with_the_interpreter)
{
    enum { PICTURES = 5, DRAWS = 3 };
    double expected[PICTURES * DRAWS * 514], got[PICTURES * DRAWS * 514];
    const int64_t n = PICTURES * DRAWS * lengths[_i];
    for (int planned = 0; planned < 2; planned++) {
        rig r = rig_new(ELBO_F64, ELBO_TRAIN);
        r.planned = planned;
        rig_value(&r, by_rows(&r, PICTURES, DRAWS, lengths[_i]), planned ? got : expected);
        rig_free(&r);
    }
    for (int64_t i = 0; i < n; i++)
        ck_assert_msg(fabs(got[i] - expected[i]) <= 1e-14, "rows of %lld: entry %lld is %.17g, expected %.17g",
                      (long long)lengths[_i], (long long)i, got[i], expected[i]);
}
END_TEST

START_TEST(long_rows_that_are_repeated_are_read_where_they_are)
{
    int copied = 0;
    rig r = rig_new(ELBO_F32, ELBO_TRAIN);
    elbo_var *out = by_rows(&r, 5, 3, lengths[_i]);
    elbo_plan *plan = compiled(r.g, &out, 1);
    for (size_t i = 0; i < plan->n_loops; i++)
        for (size_t k = 0; k < plan->loops[i].n_instrs; k++) {
            const elbo__group *g = plan->loops[i].instrs[k].group;
            for (size_t s = 0; g && s < g->n_steps; s++)
                copied += g->steps[s].kind == ELBO__LOAD && !g->steps[s].direct;
        }
    ck_assert_int_eq(copied, lengths[_i] == 127 ? 3 : 1); /* the weight is no row */
    elbo_plan_free(plan);
    rig_free(&r);
}
END_TEST

/* The sum of columns, cut along them: (1, n), whose first axis has nowhere to step. A step of 1 would look like that of
 * neighbours, along which sums go entry by entry. */
START_TEST(an_axis_of_1_has_no_step_of_neighbours)
{
    rig r = rig_new(ELBO_F32, ELBO_TRAIN);
    elbo_var *x = elbo_input(r.g, "x", ELBO_F32, ELBO_SHAPE(64, 784));
    elbo_var *sums = elbo_sum(elbo_tanh(x), (int[]){0}, 1, true), *out = elbo_square(sums);
    elbo_plan *plan = compiled(r.g, &out, 1);
    int found = 0;
    for (size_t id = 0; id < plan->n_nodes; id++) {
        const elbo__node *node = &plan->nodes[id];
        if (is_view_or_leaf(node) || !elbo_shape_equal(&node->shape, &ELBO_SHAPE(1, 784)))
            continue;
        found += node->axis == 1;
        ck_assert_int_eq(node->layout.strides[0], 784);
    }
    ck_assert_int_gt(found, 0);
    elbo_plan_free(plan);
    rig_free(&r);
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
    TCase *simplify = tcase_create("simplifying");
    tcase_add_test(simplify, what_is_made_of_a_convolution_lies_with_its_channels_last);
    tcase_add_test(simplify, images_of_a_dense_layer_are_turned_once_for_the_convolutions_that_read_them);
    tcase_add_test(simplify, what_one_node_reads_is_computed_with_it_and_not_stored);
    tcase_add_test(simplify, what_waits_for_a_product_is_computed_behind_it_with_all_that_leads_to_it);
    tcase_add_test(simplify, what_is_done_to_rows_and_then_to_draws_is_one_group);
    tcase_add_test(simplify, an_axis_of_1_has_no_step_of_neighbours);
    tcase_add_loop_test(simplify, what_is_repeated_by_rows_agrees_with_the_interpreter, 0,
                        (int)(sizeof lengths / sizeof lengths[0]));
    tcase_add_loop_test(simplify, long_rows_that_are_repeated_are_read_where_they_are, 0,
                        (int)(sizeof lengths / sizeof lengths[0]));
    tcase_add_loop_test(simplify, only_what_is_needed_is_computed_and_only_once, 0,
                        (int)(sizeof simplified / sizeof simplified[0]));
    suite_add_tcase(s, simplify);
    TCase *faults = tcase_create("faults");
    tcase_add_loop_test(faults, every_planted_fault_is_caught_within_a_thousand_graphs, 0, plan_faults_count);
    suite_add_tcase(s, faults);
    return s;
}
