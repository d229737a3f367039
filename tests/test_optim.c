#include <check.h>
#include <math.h>
#include <string.h>

#include "../autograd/op.h"
#include "../nn/layers/init.h"
#include "../nn/objectives/optim.h"
#include "rig.h"
#include "suites.h"

/* Two tensors, w (3, 2) and b (3), as one row of N numbers theta; loss = 1/2 sum a (theta - target)^2 */
enum { ROWS = 3, COLUMNS = 2, N_W = ROWS * COLUMNS, N = N_W + ROWS, STEPS = 6 };

static const double start[N] = {0.5, -0.3, 0.8, 0.1, -0.9, 0.4, 0.2, -0.6, 0.7};
static const double curvature[N] = {1, 3, 0.5, 2, 0.1, 4, 1.5, 0.7, 2.5};
static const double target[N] = {1, 0.2, -0.4, 0.3, 0.5, -1, 0.6, 0, -0.2};

/* ---- the same in plain C ----------------------------------------------------------------------------------------- */

typedef struct {
    double theta[N], m[N], v[N], norm;
} plain_state;

typedef struct {
    elbo_optim optim;
    void (*plain)(plain_state *s, const elbo_optim *o, double *g, double lr, int t);
} rule;

static void plain_sgd(plain_state *s, const elbo_optim *o, double *g, double lr, int t)
{
    (void)t;
    for (int i = 0; i < N; i++) {
        s->m[i] = o->momentum * s->m[i] + g[i] + o->weight_decay * s->theta[i];
        s->theta[i] -= lr * s->m[i];
    }
}

static void plain_adam(plain_state *s, const elbo_optim *o, double *g, double lr, int t)
{
    double b1 = o->beta1 ? fmax(o->beta1, 0) : 0.9, b2 = o->beta2 ? o->beta2 : 0.999, eps = o->eps ? o->eps : 1e-8;
    bool decoupled = strcmp(o->name, "adamw") == 0;
    for (int i = 0; i < N; i++) {
        if (!decoupled)
            g[i] += o->weight_decay * s->theta[i];
        s->m[i] = b1 * s->m[i] + (1 - b1) * g[i];
        s->v[i] = b2 * s->v[i] + (1 - b2) * g[i] * g[i];
        double step = lr * (s->m[i] / (1 - pow(b1, t))) / (sqrt(s->v[i] / (1 - pow(b2, t))) + eps);
        s->theta[i] -= step + (decoupled ? lr * o->weight_decay * s->theta[i] : 0);
    }
}

static void plain_adamax(plain_state *s, const elbo_optim *o, double *g, double lr, int t)
{
    double b1 = o->beta1 ? o->beta1 : 0.9, b2 = o->beta2 ? o->beta2 : 0.999, eps = o->eps ? o->eps : 1e-8;
    for (int i = 0; i < N; i++) {
        s->m[i] = b1 * s->m[i] + (1 - b1) * (g[i] + o->weight_decay * s->theta[i]);
        s->v[i] = fmax(b2 * s->v[i], fabs(g[i] + o->weight_decay * s->theta[i]) + eps);
        s->theta[i] -= lr / (1 - pow(b1, t)) * s->m[i] / s->v[i];
    }
}

static void plain_rmsprop(plain_state *s, const elbo_optim *o, double *g, double lr, int t)
{
    double a = o->decay ? o->decay : 0.99, eps = o->eps ? o->eps : 1e-8;
    (void)t;
    for (int i = 0; i < N; i++) {
        double d = g[i] + o->weight_decay * s->theta[i];
        s->v[i] = a * s->v[i] + (1 - a) * d * d;
        s->theta[i] -= lr * d / (sqrt(s->v[i]) + eps);
    }
}

static void plain_step(plain_state *s, const rule *r, double lr, int t)
{
    double g[N], squares = 0;
    for (int i = 0; i < N; i++) {
        g[i] = curvature[i] * (s->theta[i] - target[i]);
        squares += g[i] * g[i];
    }
    s->norm = sqrt(squares);
    for (int i = 0; i < N && r->optim.clip_norm > 0; i++)
        g[i] *= fmin(1, r->optim.clip_norm / s->norm);
    r->plain(s, &r->optim, g, lr, t);
}

/* ---- the graph --------------------------------------------------------------------------------------------------- */

static double learning_rate(int t)
{
    return 0.05 / t;
}

static rig set_up(elbo_dtype dtype)
{
    rig r = rig_new(dtype, ELBO_TRAIN);
    ck_assert_int_eq(elbo_params_add(r.params, "w", ELBO_SHAPE(ROWS, COLUMNS), true, elbo_init_zeros()), 0);
    ck_assert_int_eq(elbo_params_add(r.params, "b", ELBO_SHAPE(ROWS), true, elbo_init_zeros()), 1);
    ck_assert_int_eq(elbo_params_close(r.params), ELBO_OK);
    rig_set_param(&r, "w", start);
    rig_set_param(&r, "b", start + N_W);
    rig_next_graph(&r, ELBO_TRAIN);
    return r;
}

static elbo_var *half_square(elbo_graph *g, elbo_var *theta, const double *a, const double *at)
{
    elbo_shape shape = elbo_shape_of(theta);
    elbo_var *off = elbo_sub(theta, elbo_array(g, shape, at));
    return elbo_scale(elbo_sum_all(elbo_mul(elbo_array(g, shape, a), elbo_square(off))), 0.5);
}

/* The loss times scalar input "spoil", which a test sets to 1 or to infinity. */
static elbo_var *loss_of(rig *r)
{
    elbo_var *w = elbo_param(r->g, "w", ELBO_SHAPE(ROWS, COLUMNS), elbo_init_zeros());
    elbo_var *b = elbo_param(r->g, "b", ELBO_SHAPE(ROWS), elbo_init_zeros());
    elbo_var *loss = elbo_add(half_square(r->g, w, curvature, target),
                              half_square(r->g, b, curvature + N_W, target + N_W));
    rig_scalar(r, "spoil", 1);
    return elbo_mul(loss, elbo_scalar(r->g, "spoil"));
}

static void set_step(rig *r, int t)
{
    rig_scalar(r, "lr", learning_rate(t));
    rig_scalar(r, "step", t);
}

static void theta_of(const rig *r, double *theta)
{
    rig_param(r, "w", theta);
    rig_param(r, "b", theta + N_W);
}

static void assert_follows(elbo_dtype dtype, const rule *like)
{
    double tolerance = dtype == ELBO_F64 ? 1e-14 : 2e-6, theta[N];
    rig r = set_up(dtype);
    elbo_var *loss = loss_of(&r);
    elbo_optim_report report = elbo_minimise(loss, NULL, 0, &like->optim);
    plain_state plain = {.m = {0}};
    memcpy(plain.theta, start, sizeof start);
    for (int t = 1; t <= STEPS; t++) {
        set_step(&r, t);
        double norm = rig_number(&r, report.norm ? report.norm : loss);
        plain_step(&plain, like, learning_rate(t), t);
        if (report.norm)
            assert_close(norm, plain.norm, tolerance);
        theta_of(&r, theta);
        for (int i = 0; i < N; i++)
            assert_close(theta[i], plain.theta[i], tolerance);
    }
    rig_free(&r);
}

static const rule rules[] = {
    {{.name = "sgd"}, plain_sgd},
    {{.name = "sgd", .momentum = 0.9}, plain_sgd},
    {{.name = "sgd", .momentum = 0.5, .weight_decay = 0.1}, plain_sgd},
    {{.name = "sgd", .momentum = 0.9, .clip_norm = 0.7}, plain_sgd},
    {{.name = "adam"}, plain_adam},
    {{.name = "adam", .beta1 = 0.5, .beta2 = 0.9, .eps = 1e-2}, plain_adam},
    {{.name = "adam", .beta1 = -1, .beta2 = 0.9}, plain_adam},
    {{.name = "adam", .weight_decay = 0.2}, plain_adam},
    {{.name = "adam", .clip_norm = 0.5}, plain_adam},
    {{.name = "adam", .clip_norm = 1e6, .skip_nonfinite = true}, plain_adam},
    {{.name = "adamax"}, plain_adamax},
    {{.name = "adamax", .beta1 = 0.5, .beta2 = 0.7, .eps = 1e-2, .weight_decay = 0.1}, plain_adamax},
    {{.name = "rmsprop"}, plain_rmsprop},
    {{.name = "rmsprop", .decay = 0.6, .eps = 1e-2, .weight_decay = 0.1}, plain_rmsprop},
    {{.name = "adamw"}, plain_adam},
    {{.name = "adamw", .weight_decay = 0.5}, plain_adam},
};

START_TEST(an_optimiser_follows_the_same_loop_in_plain_c)
{
    assert_follows(ELBO_F64, &rules[_i]);
    assert_follows(ELBO_F32, &rules[_i]);
}
END_TEST

START_TEST(adam_is_what_no_name_means)
{
    double named[N], unnamed[N];
    for (int i = 0; i < 2; i++) {
        rig r = set_up(ELBO_F64);
        elbo_var *loss = loss_of(&r);
        elbo_minimise(loss, NULL, 0, i ? &(elbo_optim){.name = "adam"} : &(elbo_optim){.name = NULL});
        set_step(&r, 1);
        rig_number(&r, loss);
        theta_of(&r, i ? named : unnamed);
        rig_free(&r);
    }
    ck_assert_mem_eq(named, unnamed, sizeof named);
}
END_TEST

START_TEST(a_step_with_an_infinite_gradient_changes_nothing)
{
    const double spoilers[] = {INFINITY, NAN, -INFINITY};
    double before[N], after[N];
    rig r = set_up(ELBO_F32);
    elbo_optim_report report = elbo_minimise(loss_of(&r), NULL, 0,
                                             &(elbo_optim){.skip_nonfinite = true, .clip_norm = 1});
    set_step(&r, 1);
    ck_assert_double_eq(rig_number(&r, report.skipped), 0);
    theta_of(&r, before);
    for (int s = 0; s < 3; s++) {
        rig_scalar(&r, "spoil", spoilers[s]);
        set_step(&r, 2 + s);
        ck_assert_double_eq(rig_number(&r, report.skipped), 1);
        theta_of(&r, after);
        ck_assert_mem_eq(before, after, sizeof before);
    }
    for (int slab = 0; slab < elbo_params_slab_count(r.params); slab++) {
        elbo_tensor all = elbo_params_slab(r.params, slab);
        for (int64_t i = 0; i < all.layout.shape.dim[0]; i++)
            ck_assert(isfinite(elbo_tensor_get(&all, &i)));
    }
    rig_scalar(&r, "spoil", 1);
    set_step(&r, 5);
    ck_assert_double_eq(rig_number(&r, report.skipped), 0);
    theta_of(&r, after);
    for (int i = 0; i < N; i++)
        ck_assert_double_ne(before[i], after[i]);
    rig_free(&r);
}
END_TEST

/* loss = sum d (x w' + b), so the gradient of w is d' x and that of b the sum of d's rows; f32. Or, with ones e
 * (2, 2), the sum of e (e w) besides, before or after it, so that two products are added to the gradient of w. */
static const struct {
    const char *what;
    double x[4], d[4]; /* (2, 2) by rows */
    bool skipped;
} layers[] = {
    {"ordinary numbers", {1, 2, 3, 4}, {1, -1, 2, 0.5}, false},
    {"a NaN in the input", {1, 2, NAN, 4}, {1, -1, 2, 0.5}, true},
    {"an infinity in the input", {1, 2, 3, -INFINITY}, {1, -1, 2, 0.5}, true},
    {"a NaN from behind", {1, 2, 3, 4}, {1, NAN, 2, 0.5}, true},
    {"an infinity from behind", {1, 2, 3, 4}, {1, -1, INFINITY, 0.5}, true},
    {"a product that overflows, in rows that cancel", {1e30, 0, 0, 0}, {1e10, -1e10, 0, 0}, true},
    {"a sum that overflows, in rows that cancel", {0, 0, 0, 0}, {3e38, -3e38, 3e38, -3e38}, true},
    {"large numbers by small ones", {1e37, 1e37, 1e37, 1e37}, {1e-30, 1e-30, 1e-30, 1e-30}, false},
};

START_TEST(a_dense_layer_is_updated_unless_a_gradient_may_not_be_finite)
{
    for (int way = 0; way < 6; way++) {
        bool clips = way & 1, before_it = way / 2 == 1, after_it = way / 2 == 2;
        double before[6] = {0.1, 0.2, 0.3, 0.4, 0.5, 0.6}, after[6];
        rig r = rig_new(ELBO_F32, ELBO_TRAIN);
        elbo_var *w = elbo_param(r.g, "w", ELBO_SHAPE(2, 2), elbo_init_zeros());
        elbo_var *b = elbo_param(r.g, "b", ELBO_SHAPE(2), elbo_init_zeros());
        elbo_var *x = rig_input(&r, "x", ELBO_SHAPE(2, 2), layers[_i].x),
                 *d = rig_input(&r, "d", ELBO_SHAPE(2, 2), layers[_i].d);
        elbo_var *ones = rig_input(&r, "e", ELBO_SHAPE(2, 2), (double[]){1, 1, 1, 1}), *besides = NULL;
        if (before_it)
            besides = elbo_sum_all(elbo_mul(ones, elbo_matmul(ones, w)));
        elbo_var *loss = elbo_sum_all(elbo_mul(d, elbo_add(elbo_matmul(x, elbo_transpose(w)), b)));
        if (after_it)
            besides = elbo_sum_all(elbo_mul(ones, elbo_matmul(ones, w)));
        loss = besides ? elbo_add(loss, besides) : loss;
        elbo_optim_report report = elbo_minimise(
            loss, NULL, 0, &(elbo_optim){.name = "sgd", .skip_nonfinite = true, .clip_norm = clips ? 1e30 : 0});
        set_step(&r, 1);
        elbo_plan *plan = elbo_compile(r.g, (elbo_var *[]){report.skipped}, 1); /* settles the parameters */
        ck_assert_ptr_nonnull(plan);
        elbo_plan_free(plan);
        rig_set_param(&r, "w", before);
        rig_set_param(&r, "b", before + 4);
        rig_param(&r, "w", before);
        rig_param(&r, "b", before + 4);
        ck_assert_msg(rig_number(&r, report.skipped) == layers[_i].skipped, "%s: %sskipped", layers[_i].what,
                      layers[_i].skipped ? "not " : "");
        rig_param(&r, "w", after);
        rig_param(&r, "b", after + 4);
        bool same = memcmp(before, after, sizeof before) == 0;
        ck_assert_msg(same == layers[_i].skipped, "%s: the weights %s", layers[_i].what, same ? "stay" : "change");
        rig_free(&r);
    }
}
END_TEST

static elbo_var *pixel_by_rectified(elbo_var *x)
{
    return elbo_mul(elbo_scale(elbo_square(x), 0.5), elbo_relu(x));
}

static elbo_var *negative_by_rectified(elbo_var *x)
{
    return elbo_mul(elbo_scale(elbo_square(x), -0.5), elbo_relu(x));
}

static elbo_var *turned_sigmoid(elbo_var *x)
{
    return elbo_transpose(elbo_sigmoid(x));
}

static elbo_var *bytes_of(elbo_var *x)
{
    return elbo_scale(elbo_cast(elbo_input(elbo_graph_of(x), "u8", ELBO_U8, ELBO_SHAPE(2, 2))), 1.0 / 255);
}

static elbo_var *integers_of(elbo_var *x)
{
    return elbo_cast(elbo_input(elbo_graph_of(x), "i32", ELBO_I32, ELBO_SHAPE(2, 2)));
}

static const struct {
    const char *what;
    elbo_var *(*f)(elbo_var *);
    bool as_it_is; /* it has no other absolute value */
    bool of_x;
} functions[] = {
    {"relu", elbo_relu, true, true},
    {"square", elbo_square, true, true},
    {"exp", elbo_exp, true, true},
    {"softplus", elbo_softplus, true, true},
    {"sigmoid, transposed", turned_sigmoid, true, true},
    {"x^2 / 2 relu(x)", pixel_by_rectified, true, true},
    {"-x^2 / 2 relu(x)", negative_by_rectified, false, true},
    {"tanh", elbo_tanh, false, true},
    {"-x", elbo_neg, false, true},
    {"bytes / 255", bytes_of, true, false},
    {"integers", integers_of, false, false},
};

static const elbo_var *past_views(const elbo_var *x)
{
    while (x->op->flags & ELBO__VIEW)
        x = x->in[0];
    return x;
}

START_TEST(an_absolute_sum_takes_absolute_values_where_there_are_others)
{
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    elbo_var *x = rig_input(&r, "x", ELBO_SHAPE(2, 2), (double[]){1.5, -0.25, -3, 2});
    elbo_var *y = functions[_i].f(x), *sum = elbo__absolute_sum(y, 1);
    const elbo_var *summed = past_views(past_views(sum)->in[0]);
    ck_assert_msg((summed == past_views(y)) == functions[_i].as_it_is, "%s", functions[_i].what);
    double rows[2] = {0};
    for (int i = 0; i < 4 && functions[_i].of_x; i++) {
        elbo_var *entry = elbo_slice(elbo_slice(y, 0, i / 2, 1), 1, i % 2, 1);
        rows[i / 2] += fabs(rig_number(&r, elbo_reshape(entry, ELBO_SCALAR)));
    }
    for (int i = 0; i < 2 && functions[_i].of_x; i++) {
        const double got = rig_number(&r, elbo_reshape(elbo_slice(sum, 0, i, 1), ELBO_SCALAR));
        ck_assert_msg(got == rows[i], "%s: row %d is %g, expected %g", functions[_i].what, i, got, rows[i]);
    }
    rig_free(&r);
}
END_TEST

START_TEST(a_magnitude_has_rows_though_the_first_axis_is_1)
{
    rig r = rig_new(ELBO_F64, ELBO_TRAIN);
    elbo_var *x = rig_input(&r, "x", ELBO_SHAPE(1, 3, 1, 2), (double[]){1, -2, 3, 4, -5, -6});
    elbo_var *rows = elbo__magnitude_by_entries(x);
    const double expected[] = {3, 7, 11};
    double sums[3];
    ck_assert_int_eq(elbo_ndim(rows), 1);
    ck_assert_int_eq(elbo_size(rows, 0), 3);
    rig_value(&r, rows, sums);
    for (int i = 0; i < 3; i++)
        ck_assert_double_eq(sums[i], expected[i]);
    rig_free(&r);
}
END_TEST

START_TEST(without_skipping_an_infinite_gradient_spoils_the_weights)
{
    double theta[N];
    rig r = set_up(ELBO_F32);
    elbo_var *loss = loss_of(&r);
    elbo_minimise(loss, NULL, 0, &(elbo_optim){.name = "adam"});
    rig_scalar(&r, "spoil", INFINITY);
    set_step(&r, 1);
    rig_number(&r, elbo_constant(r.g, 0));
    theta_of(&r, theta);
    ck_assert(isnan(theta[0]));
    rig_free(&r);
}
END_TEST

START_TEST(an_update_can_be_left_out_by_a_condition)
{
    double theta[N];
    rig r = set_up(ELBO_F64);
    elbo_var *loss = loss_of(&r);
    elbo_minimise(loss, NULL, 0, &(elbo_optim){.name = "sgd", .when = elbo_scalar(r.g, "turn")});
    for (int turn = 0; turn <= 1; turn++) {
        rig_scalar(&r, "turn", turn);
        set_step(&r, 1);
        rig_number(&r, loss);
        theta_of(&r, theta);
        for (int i = 0; i < N; i++)
            ck_assert((theta[i] == start[i]) == (turn == 0));
    }
    rig_free(&r);
}
END_TEST

START_TEST(only_the_chosen_parameters_move)
{
    double theta[N];
    rig r = set_up(ELBO_F64);
    elbo_var *loss = loss_of(&r), *b = elbo_param(r.g, "b", ELBO_SHAPE(ROWS), elbo_init_zeros());
    elbo_minimise(loss, &b, 1, &(elbo_optim){.name = "sgd"});
    set_step(&r, 1);
    rig_number(&r, loss);
    theta_of(&r, theta);
    for (int i = 0; i < N; i++)
        ck_assert((theta[i] == start[i]) == (i < N_W));
    rig_free(&r);
}
END_TEST

static bool has_slab(const rig *r, const char *name)
{
    for (int i = 0; i < elbo_params_slab_count(r->params); i++)
        if (strcmp(elbo_params_slab_name(r->params, i), name) == 0)
            return true;
    return false;
}

START_TEST(moments_are_slabs_and_two_optimisers_have_their_own)
{
    rig r = set_up(ELBO_F32);
    elbo_var *loss = loss_of(&r);
    elbo_minimise(loss, NULL, 0, &(elbo_optim){.name = "adam", .slab = "critic"});
    elbo_minimise(loss, NULL, 0, &(elbo_optim){.name = "sgd", .momentum = 0.9});
    set_step(&r, 1);
    rig_number(&r, loss);
    ck_assert_int_eq(elbo_params_slab_count(r.params), 4);
    ck_assert(has_slab(&r, "critic.adam.m"));
    ck_assert(has_slab(&r, "critic.adam.v"));
    ck_assert(has_slab(&r, "sgd.velocity"));
    rig_free(&r);
}
END_TEST

START_TEST(an_unknown_optimiser_is_an_error)
{
    rig r = set_up(ELBO_F32);
    elbo_minimise(loss_of(&r), NULL, 0, &(elbo_optim){.name = "adm"});
    rig_assert_error(&r, "no optimiser \"adm\"");
    rig_free(&r);
}
END_TEST

START_TEST(options_describe_an_optimiser)
{
    static const elbo_option table[] = {ELBO_OPTIM_OPTIONS, ELBO_OPTIONS_END};
    elbo_values *values = elbo_values_new(table);
    ck_assert_ptr_nonnull(values);
    elbo_optim o = elbo_optim_of(values);
    ck_assert_str_eq(o.name, "adam");
    ck_assert_double_eq(o.beta1, 0.9);
    ck_assert_double_eq(o.beta2, 0.999);
    ck_assert_double_eq(o.eps, 1e-8);
    ck_assert_double_eq(o.clip_norm, 0);
    ck_assert_int_eq(elbo_values_set(values, "optimizer", "sgd"), ELBO_OK);
    ck_assert_int_eq(elbo_values_set(values, "momentum", "0.8"), ELBO_OK);
    ck_assert_int_eq(elbo_values_set(values, "weight-decay", "0.1"), ELBO_OK);
    ck_assert_int_eq(elbo_values_set(values, "clip-norm", "5"), ELBO_OK);
    o = elbo_optim_of(values);
    ck_assert_str_eq(o.name, "sgd");
    ck_assert_double_eq(o.momentum, 0.8);
    ck_assert_double_eq(o.weight_decay, 0.1);
    ck_assert_double_eq(o.clip_norm, 5);
    elbo_values_free(values);
}
END_TEST

Suite *suite_optim(void)
{
    Suite *suite = suite_create("optim");
    TCase *loops = tcase_create("against plain C");
    tcase_add_loop_test(loops, an_optimiser_follows_the_same_loop_in_plain_c, 0, sizeof rules / sizeof rules[0]);
    tcase_add_test(loops, adam_is_what_no_name_means);
    suite_add_tcase(suite, loops);
    TCase *choices = tcase_create("what is updated");
    tcase_add_test(choices, a_step_with_an_infinite_gradient_changes_nothing);
    tcase_add_loop_test(choices, a_dense_layer_is_updated_unless_a_gradient_may_not_be_finite, 0,
                        (int)(sizeof layers / sizeof layers[0]));
    tcase_add_loop_test(choices, an_absolute_sum_takes_absolute_values_where_there_are_others, 0,
                        (int)(sizeof functions / sizeof functions[0]));
    tcase_add_test(choices, a_magnitude_has_rows_though_the_first_axis_is_1);
    tcase_add_test(choices, without_skipping_an_infinite_gradient_spoils_the_weights);
    tcase_add_test(choices, an_update_can_be_left_out_by_a_condition);
    tcase_add_test(choices, only_the_chosen_parameters_move);
    tcase_add_test(choices, moments_are_slabs_and_two_optimisers_have_their_own);
    suite_add_tcase(suite, choices);
    TCase *options = tcase_create("options");
    tcase_add_test(options, an_unknown_optimiser_is_an_error);
    tcase_add_test(options, options_describe_an_optimiser);
    suite_add_tcase(suite, options);
    return suite;
}
