/* Convolutions of all sizes against a plain loop, and what holds for every one of them. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../autograd/plan/ir.h"
#include "../nn/layers/layers.h"
#include "../tensor/convolve.h"
#include "../tensor/memory.h"
#include "../tensor/threads.h"
#include "numbers.h"
#include "rig.h"
#include "suites.h"

typedef struct {
    int64_t batch, channels, height, width, outputs, kernel_height, kernel_width;
    int stride, padding;
} setting;

/* Sizes that the stride does not divide, kernels that are not square or wider than the stride, images of many positions
 * and of few, strides beyond the kernel and far beyond the image, paddings beyond the kernel. All of them have few
 * channels; a second round has more of them, for which there are other ways. */
static const setting settings[] = {
    {2, 3, 5, 6, 4, 2, 3, 1, 0},   {3, 2, 5, 6, 3, 3, 3, 2, 1},  {5, 1, 28, 28, 7, 3, 3, 2, 1},
    {7, 4, 14, 14, 6, 3, 3, 2, 1}, {4, 3, 7, 7, 5, 1, 1, 1, 0},  {4, 3, 7, 7, 5, 1, 1, 2, 1},
    {3, 2, 8, 9, 2, 5, 4, 3, 2},   {2, 2, 9, 17, 3, 3, 2, 1, 1}, {6, 2, 4, 4, 2, 2, 2, 3, 3},
    {1, 5, 12, 11, 1, 4, 4, 2, 1}, {33, 2, 3, 3, 3, 3, 3, 1, 1}, {16, 1, 2, 20, 17, 2, 7, 1, 0},
    {2, 1, 1, 1, 1, 3, 3, 1, 1},   {9, 2, 6, 6, 40, 3, 3, 1, 1}, {2, 3, 4, 4, 2, 2, 2, 1 << 30, 0},
};
enum { SETTINGS = sizeof settings / sizeof settings[0] };

/* Setting i, and after the last of them the same with more channels. */
static setting setting_at(int i)
{
    enum { MORE = 4 };
    setting s = settings[i % SETTINGS];
    s.channels += i < SETTINGS ? 0 : MORE;
    s.outputs += i < SETTINGS ? 0 : MORE;
    return s;
}

static int64_t places(int64_t n, int64_t k, const setting *s)
{
    return (n + 2 * s->padding - k) / s->stride + 1;
}

typedef struct {
    elbo_shape x, w, y;
} shapes;

static shapes shapes_of(const setting *s)
{
    return (shapes){
        ELBO_SHAPE(s->batch, s->channels, s->height, s->width),
        ELBO_SHAPE(s->outputs, s->channels, s->kernel_height, s->kernel_width),
        ELBO_SHAPE(s->batch, s->outputs, places(s->height, s->kernel_height, s), places(s->width, s->kernel_width, s))};
}

/* For every number of x and of w that meet in one of y: adds to the one of the three that is `sum` the product of the
 * others. */
static void convolve_plainly(const setting *s, double *x, double *w, double *y, const double *sum)
{
    shapes of = shapes_of(s);
    elbo_shape all = {7,
                      {s->batch, s->outputs, of.y.dim[2], of.y.dim[3], s->channels, s->kernel_height, s->kernel_width}};
    elbo_layout lx = elbo_layout_of(&of.x), lw = elbo_layout_of(&of.w), ly = elbo_layout_of(&of.y);
    for (elbo__walk t = elbo__walk_start(&all); t.more; elbo__walk_next(&t)) {
        const int64_t *n = t.index;
        int64_t at_x[] = {n[0], n[4], n[2] * s->stride - s->padding + n[5], n[3] * s->stride - s->padding + n[6]};
        int64_t at_w[] = {n[1], n[4], n[5], n[6]};
        if (at_x[2] < 0 || at_x[2] >= s->height || at_x[3] < 0 || at_x[3] >= s->width)
            continue;
        double *px = &x[elbo__layout_at(&lx, at_x)], *pw = &w[elbo__layout_at(&lw, at_w)];
        double *py = &y[elbo__layout_at(&ly, n)];
        if (sum == y)
            *py += *px * *pw;
        else if (sum == x)
            *px += *py * *pw;
        else
            *pw += *py * *px;
    }
}

/* How operands reach the op: as they are fed, with their axes turned around in memory, or with the channels last. */
enum { WAYS = 3 };
static const int orders[WAYS][4] = {{0, 1, 2, 3}, {3, 1, 2, 0}, {0, 2, 3, 1}};

static elbo_var *feed(rig *r, const char *name, const elbo_tensor *values, int way)
{
    int back[4];
    elbo_tensor t = *values;
    for (int i = 0; i < 4; i++)
        back[orders[way][i]] = i;
    t.layout = elbo_layout_permute(&values->layout, orders[way]);
    elbo_tensor copy = elbo_tensor_new(ELBO_F64, t.layout.shape);
    elbo_tensor_copy(&copy, &t);
    elbo_var *x = elbo_permute(rig_input(r, name, t.layout.shape, copy.data), back);
    elbo_tensor_free(&copy);
    return x;
}

static elbo_tensor integers(numbers *n, elbo_shape shape)
{
    elbo_tensor t = elbo_tensor_new(ELBO_F64, shape);
    fill_integers(&t, n, 4);
    return t;
}

/* Small integers: exact in any order. All three by both, in f32 and f64. */
static void check_setting(const setting *s, elbo_dtype dtype, int way)
{
    static const char *const names[] = {"convolution", "derivative for x", "derivative for w",
                                        "transposed convolution"};
    numbers n = {(uint64_t)s->batch + 1};
    shapes of = shapes_of(s);
    elbo_tensor x = integers(&n, of.x), w = integers(&n, of.w), y = integers(&n, of.y);
    elbo_tensor expected[] = {elbo_tensor_new(ELBO_F64, of.y), elbo_tensor_new(ELBO_F64, of.x),
                              elbo_tensor_new(ELBO_F64, of.w), elbo_tensor_new(ELBO_F64, of.x)};
    convolve_plainly(s, x.data, w.data, expected[0].data, expected[0].data);
    convolve_plainly(s, expected[1].data, w.data, y.data, expected[1].data);
    convolve_plainly(s, x.data, expected[2].data, y.data, expected[2].data);
    memcpy(expected[3].data, expected[1].data, (size_t)elbo_shape_size(&of.x) * sizeof(double));
    rig r = rig_new(dtype, ELBO_TRAIN);
    elbo_var *vx = feed(&r, "x", &x, way), *vw = feed(&r, "w", &w, way), *vy = feed(&r, "y", &y, way);
    elbo_var *out[4] = {elbo_conv2d(vx, vw, s->stride, s->padding)};
    elbo_grad(elbo_sum_all(elbo_mul(vy, out[0])), (elbo_var *[]){vx, vw}, 2, &out[1]);
    int64_t high = (s->height + 2 * s->padding - s->kernel_height) % s->stride;
    int64_t wide = (s->width + 2 * s->padding - s->kernel_width) % s->stride;
    int count = high == wide ? 4 : 3; /* a transposed convolution has one output padding */
    if (count == 4)
        out[3] = elbo_conv_transpose2d(vy, vw, s->stride, s->padding, (int)high);
    for (r.planned = false;; r.planned = true) {
        for (int i = 0; i < count; i++) {
            elbo_tensor got = elbo_tensor_new(ELBO_F64, expected[i].layout.shape);
            rig_value(&r, out[i], got.data);
            assert_same_numbers(&got, &expected[i], names[i]);
            elbo_tensor_free(&got);
        }
        if (r.planned)
            break;
    }
    rig_free(&r);
    for (int i = 0; i < 4; i++)
        elbo_tensor_free(&expected[i]);
    elbo_tensor_free(&x);
    elbo_tensor_free(&w);
    elbo_tensor_free(&y);
}

START_TEST(convolutions_agree_with_a_plain_loop)
{
    const setting s = setting_at(_i);
    for (int way = 0; way < WAYS; way++) {
        check_setting(&s, ELBO_F32, way);
        check_setting(&s, ELBO_F64, way);
    }
}
END_TEST

/* ---- properties -------------------------------------------------------------------------------------------------- */

START_TEST(a_transposed_convolution_is_the_adjoint_of_a_convolution)
{
    const setting s = {3, 4, 9, 9, 5, 3, 3, 2, 1};
    shapes of = shapes_of(&s);
    numbers n = {3};
    elbo_tensor x = elbo_tensor_new(ELBO_F64, of.x), w = elbo_tensor_new(ELBO_F64, of.w);
    elbo_tensor y = elbo_tensor_new(ELBO_F64, of.y);
    fill_between(&x, &n, -1, 1);
    fill_between(&w, &n, -1, 1);
    fill_between(&y, &n, -1, 1);
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    r.planned = true;
    elbo_var *vx = feed(&r, "x", &x, 0), *vw = feed(&r, "w", &w, 0), *vy = feed(&r, "y", &y, 0);
    elbo_var *there = elbo_sum_all(elbo_mul(elbo_conv2d(vx, vw, 2, 1), vy));
    elbo_var *back = elbo_sum_all(elbo_mul(vx, elbo_conv_transpose2d(vy, vw, 2, 1, 0)));
    assert_close(rig_number(&r, there), rig_number(&r, back), 1e-13);
    rig_free(&r);
    elbo_tensor_free(&x);
    elbo_tensor_free(&w);
    elbo_tensor_free(&y);
}
END_TEST

/* An encoder and a decoder with every derivative that training needs, for a batch of `batch`. */
static int small_network(elbo_graph *g, int64_t batch, elbo_var **out)
{
    elbo_var *x = elbo_input(g, "x", elbo_graph_dtype(g), ELBO_SHAPE(batch, 1, 12, 12));
    elbo_var *h = elbo_relu(elbo_conv2d_layer(x, "down", 5, 3, 2, 1));  /* (B, 5, 6, 6) */
    h = elbo_relu(elbo_conv2d_layer(h, "down2", 8, 3, 2, 1));           /* (B, 8, 3, 3) */
    h = elbo_relu(elbo_conv_transpose2d_layer(h, "up", 5, 3, 2, 1, 1)); /* (B, 5, 6, 6) */
    h = elbo_conv_transpose2d_layer(h, "up2", 1, 3, 2, 1, 1);           /* (B, 1, 12, 12) */
    elbo_var *params[8];
    int n = elbo_graph_params(g, params);
    out[0] = elbo_mean_all(elbo_square(elbo_sub(h, x)));
    elbo_grad(out[0], params, n, out + 1);
    return 1 + n;
}

typedef struct {
    int threads;
    int64_t grain, run; /* 0: as planned */
    elbo__order order;
} way;

/* Runs the network in one way; the outputs one after the other in `all`. */
static void run_network(elbo_dtype dtype, int64_t batch, way how, elbo_tensor *all)
{
    numbers n = {5};
    elbo_tensor x = elbo_tensor_new(dtype, ELBO_SHAPE(batch, 1, 12, 12));
    fill_between(&x, &n, -1, 1);
    elbo_params *params = elbo_params_new(dtype, 1);
    elbo_graph *g = elbo_graph_new(params, ELBO_TRAIN);
    elbo_var *out[9];
    int count = small_network(g, batch, out);
    ck_assert_int_eq(elbo_set_threads(how.threads), how.threads);
    elbo_plan *plan = elbo_compile(g, out, count);
    ck_assert_msg(plan != NULL, "%s", elbo_error());
    plan->order = how.order;
    plan->poison = true;
    ck_assert_int_eq(elbo__plan_recut(plan, how.grain, how.run), ELBO_OK);
    ck_assert_int_eq(elbo__plan_check(plan), ELBO_OK);
    ck_assert_int_eq(elbo_plan_bind(plan, "x", x), ELBO_OK);
    ck_assert_int_eq(elbo_plan_run(plan, params, (elbo_at){.seed = 1}), ELBO_OK);
    *all = elbo_tensor_new(dtype, ELBO_SHAPE(elbo_params_slab(params, 0).layout.shape.dim[0]));
    int64_t at = 0;
    for (int i = 0; i < count; i++) {
        elbo_tensor value = elbo_plan_output(plan, i);
        elbo_tensor to = {dtype, elbo_layout_of(&value.layout.shape), all->data};
        to.layout.offset = at;
        elbo_tensor_copy(&to, &value);
        at += elbo_shape_size(&value.layout.shape);
    }
    elbo_plan_free(plan);
    elbo_graph_free(g);
    elbo_params_free(params);
    elbo_tensor_free(&x);
}

/* The gradients of weights are sums of 16, 12, 1, 10 and 1 parts. */
static const int64_t batches[] = {32, 24, 17, 10, 1};

START_TEST(bits_do_not_depend_on_threads_or_blocks)
{
    static const way ways[] = {{1, 1, 1, ELBO__FORWARD},  {1, 5, 1, ELBO__REVERSED}, {2, 0, 0, ELBO__FORWARD},
                               {2, 1, 3, ELBO__SHUFFLED}, {3, 0, 0, ELBO__FORWARD},  {3, 2, 2, ELBO__FORWARD},
                               {4, 0, 0, ELBO__FORWARD},  {4, 1, 1, ELBO__SHUFFLED}};
    setenv("ELBO_PROCESSORS", "4", 1);
    for (elbo_dtype dtype = ELBO_F32; dtype <= ELBO_F64; dtype++) {
        elbo_tensor once, again;
        run_network(dtype, batches[_i], (way){1, 0, 0, ELBO__FORWARD}, &once);
        for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
            run_network(dtype, batches[_i], ways[i], &again);
            ck_assert_msg(same_bits(&once, &again), "%s, way %zu", elbo_dtype_name(dtype), i);
            elbo_tensor_free(&again);
        }
        elbo_tensor_free(&once);
    }
}
END_TEST

/* ---- scratch memory ---------------------------------------------------------------------------------------------- */

static elbo_shape channels_last(elbo_shape s)
{
    return ELBO_SHAPE(s.dim[0], s.dim[2], s.dim[3], s.dim[1]);
}

START_TEST(kernels_keep_to_their_scratch_memory)
{
    enum { GUARD = 256, MARK = 0x5a };
    const setting with = setting_at(_i), *s = &with;
    shapes of = shapes_of(s);
    of.w = ELBO_SHAPE(1, s->outputs, s->channels, s->kernel_height, s->kernel_width);
    of.x = channels_last(of.x);
    of.y = channels_last(of.y);
    for (elbo_dtype dtype = ELBO_F32; dtype <= ELBO_F64; dtype++)
        for (elbo__convolution which = ELBO__CONVOLVE; which <= ELBO__CONVOLVE_WEIGHT; which++) {
            elbo_tensor x = elbo_tensor_new(dtype, of.x), w = elbo_tensor_new(dtype, of.w),
                        y = elbo_tensor_new(dtype, of.y);
            size_t bytes = elbo__convolve_scratch(which, dtype, &of.x, &of.w, &of.y, s->stride, s->padding);
            char *scratch = elbo__alloc(bytes + GUARD);
            memset(scratch, MARK, bytes + GUARD);
            elbo__convolve(which, &x, &w, &y, s->stride, s->padding, scratch);
            for (int i = 0; i < GUARD; i++)
                if (scratch[bytes + (size_t)i] != MARK)
                    ck_abort_msg("%s: byte %d behind the scratch memory is written", elbo_dtype_name(dtype), i);
            elbo__free(scratch);
            elbo_tensor_free(&x);
            elbo_tensor_free(&w);
            elbo_tensor_free(&y);
        }
}
END_TEST

/* ---- slices ------------------------------------------------------------------------------------------------------ */

/* Channels [2, 2 + n) of images that have 5 more, all others NaN, as ones of their own. */
static elbo_tensor slice_of(elbo_tensor *whole, elbo_shape of)
{
    elbo_shape wide = of;
    wide.dim[3] += 5;
    *whole = elbo_tensor_new(ELBO_F32, wide);
    for (elbo__walk t = elbo__walk_start(&wide); t.more; elbo__walk_next(&t))
        elbo_tensor_set(whole, t.index, NAN);
    return (elbo_tensor){ELBO_F32, elbo_layout_slice(&whole->layout, 3, 2, of.dim[3]), whole->data};
}

START_TEST(channels_of_wider_images_are_read_and_written_alone)
{
    const setting with = setting_at(_i), *s = &with;
    shapes of = shapes_of(s);
    of.w = ELBO_SHAPE(1, s->outputs, s->channels, s->kernel_height, s->kernel_width);
    of.x = channels_last(of.x);
    of.y = channels_last(of.y);
    for (elbo__convolution which = ELBO__CONVOLVE; which <= ELBO__CONVOLVE_WEIGHT; which++) {
        numbers n = {9};
        elbo_tensor whole[2], alone[] = {elbo_tensor_new(ELBO_F32, of.x), elbo_tensor_new(ELBO_F32, of.y)};
        elbo_tensor part[] = {slice_of(&whole[0], of.x), slice_of(&whole[1], of.y)};
        elbo_tensor w[] = {elbo_tensor_new(ELBO_F32, of.w), elbo_tensor_new(ELBO_F32, of.w)};
        fill_integers(&w[0], &n, 4);
        elbo_tensor_copy(&w[1], &w[0]);
        void *scratch = elbo__alloc(
            elbo__convolve_scratch(which, ELBO_F32, &of.x, &of.w, &of.y, s->stride, s->padding));
        for (int i = 0; i < 2; i++) {
            fill_integers(&alone[i], &n, 4);
            elbo_tensor_copy(&part[i], &alone[i]);
        }
        elbo__convolve(which, &alone[0], &w[0], &alone[1], s->stride, s->padding, scratch);
        elbo__convolve(which, &part[0], &w[1], &part[1], s->stride, s->padding, scratch);
        assert_same_numbers(&w[1], &w[0], "the weight");
        for (int i = 0; i < 2; i++) {
            assert_same_numbers(&part[i], &alone[i], i == 0 ? "x" : "y");
            for (elbo__walk t = elbo__walk_start(&whole[i].layout.shape); t.more; elbo__walk_next(&t))
                if ((t.index[3] < 2 || t.index[3] >= 2 + alone[i].layout.shape.dim[3]) &&
                    !isnan(elbo_tensor_get(&whole[i], t.index)))
                    ck_abort_msg("another channel was written");
            elbo_tensor_free(&whole[i]);
            elbo_tensor_free(&alone[i]);
            elbo_tensor_free(&w[i]);
        }
        elbo__free(scratch);
    }
}
END_TEST

Suite *suite_convolve(void)
{
    Suite *s = suite_create("convolve");
    TCase *t = tcase_create("any sizes");
    tcase_add_loop_test(t, convolutions_agree_with_a_plain_loop, 0, 2 * SETTINGS);
    tcase_add_loop_test(t, kernels_keep_to_their_scratch_memory, 0, 2 * SETTINGS);
    tcase_add_loop_test(t, channels_of_wider_images_are_read_and_written_alone, 0, 2 * SETTINGS);
    tcase_add_test(t, a_transposed_convolution_is_the_adjoint_of_a_convolution);
    tcase_add_loop_test(t, bits_do_not_depend_on_threads_or_blocks, 0, sizeof batches / sizeof batches[0]);
    suite_add_tcase(s, t);
    return s;
}
