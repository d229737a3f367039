/* Two training steps of each model beside those that PyTorch made of the same numbers. */
#include <check.h>
#include <math.h>
#include <string.h>

#include "../nn/objectives/schedule.h"
#include "golden/steps.h"
#include "small_model.h"
#include "suites.h"

static elbo_values *golden_options(const golden_case *c, const elbo_model *model)
{
    elbo_values *values = elbo_model_values(model);
    ck_assert_ptr_nonnull(values);
    for (size_t i = 0; i < sizeof c->options / sizeof c->options[0] && c->options[i].name; i++)
        ck_assert_msg(elbo_values_set(values, c->options[i].name, c->options[i].text) == ELBO_OK, "%s", elbo_error());
    return values;
}

/* Options that reach a graph from outside, by a training: where a case does not set them they are the model's own. */
static void assert_outer_options(const golden_case *c, const elbo_values *options)
{
    const elbo_model *model = elbo_model_find(c->model);
    ck_assert_msg(elbo_beta_at(options, c->epoch, INFINITY) == c->beta, "%s: beta", c->title);
    if (elbo_option_find(model->options, "draws"))
        ck_assert_msg(elbo_values_get(options, "draws", ELBO_INTEGER)->integer == c->draws, "%s: draws", c->title);
    ck_assert_msg(elbo_model_takes_labels(model, options) == (c->y != NULL), "%s: labels", c->title);
}

/* Inputs of step 0 or 1: data, noise from outside, scalars. */
static elbo_in golden_inputs(rig *r, const golden_case *c, const elbo_values *options, int step)
{
    elbo_in in = {
        .g = r->g, .model = elbo_model_find(c->model), .options = options, .image = c->image, .draws = c->draws};
    elbo_graph_feed_noise(r->g);
    in.x = rig_input(r, "x", ELBO_SHAPE(c->rows, c->features), c->x);
    if (c->y)
        in.y = rig_input(r, "y", ELBO_SHAPE(c->rows, c->classes), c->y);
    for (size_t i = 0; i < sizeof c->noise / sizeof c->noise[0] && c->noise[i].stream; i++)
        rig_feed(r, c->noise[i].stream, c->noise[i].shape,
                 c->noise[i].numbers + step * elbo_shape_size(&c->noise[i].shape));
    rig_scalar(r, "beta", c->beta);
    rig_scalar(r, "dataset-size", c->images);
    rig_scalar(r, "lr", c->lr);
    rig_scalar(r, "lr-factor", 1);
    rig_scalar(r, "step", step + 1);
    rig_scalar(r, "epoch", c->epoch);
    return in;
}

static void set_initial(rig *r, const golden_case *c)
{
    for (int i = 0; i < c->n_tensors; i++)
        rig_set_param(r, c->tensors[i].name, c->tensors[i].initial);
}

static rig golden_rig(const golden_case *c, elbo_dtype dtype)
{
    rig r = rig_new(dtype, ELBO_TRAIN);
    for (int i = 0; i < c->n_tensors; i++) {
        const golden_tensor *t = &c->tensors[i];
        ck_assert_int_eq(elbo_params_add(r.params, t->name, t->shape, t->gradient, elbo_init_zeros()), i);
    }
    ck_assert_int_eq(elbo_params_close(r.params), ELBO_OK);
    set_initial(&r, c);
    rig_next_graph(&r, ELBO_TRAIN);
    return r;
}

/* Relative to the largest number of the tensor: single ones may be close to 0. */
static void assert_tensor(const golden_tensor *t, const char *what, const double *got, const double *expected,
                          double tolerance)
{
    double largest = 0;
    int64_t n = elbo_shape_size(&t->shape);
    for (int64_t i = 0; i < n; i++)
        largest = fmax(largest, fabs(expected[i]));
    for (int64_t i = 0; i < n; i++)
        ck_assert_msg(fabs(got[i] - expected[i]) <= tolerance * largest, "%s of %s, element %d: %.17g, expected %.17g",
                      what, t->name, (int)i, got[i], expected[i]);
}

enum { LARGEST = 200, MOST_TENSORS = 32 };

/* The tensors that a loss moves, in their order. */
static int find_trained(const golden_case *c, const golden_tensor **trained)
{
    int n = 0;
    for (int i = 0; i < c->n_tensors; i++)
        if (c->tensors[i].gradient) {
            ck_assert_int_lt(n, MOST_TENSORS);
            trained[n++] = &c->tensors[i];
        }
    return n;
}

/* All in one run, which moves state too. */
static void assert_gradients(const golden_case *c, rig *r, const elbo_values *options, double tolerance)
{
    static double got[MOST_TENSORS][LARGEST];
    double *out[MOST_TENSORS];
    elbo_var *params[MOST_TENSORS], *grads[MOST_TENSORS];
    const golden_tensor *trained[MOST_TENSORS];
    elbo_in in = golden_inputs(r, c, options, 0);
    elbo_model_evaluate(&in);
    const int n = find_trained(c, trained);
    ck_assert_int_eq(elbo_graph_params(r->g, NULL), n);
    elbo_graph_params(r->g, params);
    for (int i = 0; i < n; i++) {
        ck_assert_str_eq(elbo_name_of(params[i]), trained[i]->name);
        elbo_grad(metric(&in, trained[i]->player)->value, &params[i], 1, &grads[i]);
        out[i] = got[i];
    }
    rig_run(r, grads, n, out);
    for (int i = 0; i < n; i++)
        assert_tensor(trained[i], "gradient", got[i], trained[i]->gradient, tolerance);
    set_initial(r, c);
}

/* The metrics of one step, in one run, which moves the weights. A model without a kl has no elbo either. */
static void assert_metrics(const golden_case *c, rig *r, const elbo_in *in, int step, double tolerance)
{
    enum { OTHERS = sizeof c->others / sizeof c->others[0], MOST = 4 + OTHERS };
    const double *parts = c->parts + 3 * step;
    const char *names[MOST] = {"loss", "recon", "kl", "elbo"};
    double expected[MOST] = {parts[0], parts[1], parts[2], -parts[1] - parts[2]}, got[MOST], *out[MOST];
    elbo_var *values[MOST];
    int n = metric(in, "kl") ? 4 : 2;
    ck_assert_msg(n == 4 || parts[2] == 0, "%s has no kl", c->model);
    for (int i = 0; i < OTHERS && c->others[i].name; i++) {
        names[n] = c->others[i].name;
        expected[n++] = c->others[i].numbers[step];
    }
    for (int i = 0; i < n; i++) {
        ck_assert_msg(metric(in, names[i]) != NULL, "%s has no %s", c->model, names[i]);
        values[i] = metric(in, names[i])->value;
        out[i] = &got[i];
    }
    rig_run(r, values, n, out);
    for (int i = 0; i < n; i++)
        assert_close(got[i], expected[i], tolerance);
}

static void assert_steps(const golden_case *c, rig *r, const elbo_values *options, double tolerance)
{
    for (int step = 0; step < 2; step++) {
        rig_next_graph(r, ELBO_TRAIN);
        elbo_in in = golden_inputs(r, c, options, step);
        elbo_model_train(&in, &(elbo_optim){.name = "adam"});
        assert_metrics(c, r, &in, step, tolerance);
    }
    for (int i = 0; i < c->n_tensors; i++) {
        double got[LARGEST];
        rig_param(r, c->tensors[i].name, got);
        assert_tensor(&c->tensors[i], "weights", got, c->tensors[i].after, tolerance);
    }
}

static void assert_golden(const golden_case *c, elbo_dtype dtype, bool planned, double tolerance)
{
    elbo_values *options = golden_options(c, elbo_model_find(c->model));
    assert_outer_options(c, options);
    rig r = golden_rig(c, dtype);
    r.planned = planned;
    assert_gradients(c, &r, options, tolerance);
    assert_steps(c, &r, options, tolerance);
    rig_free(&r);
    elbo_values_free(options);
}

START_TEST(two_steps_in_f64_are_those_of_pytorch)
{
    assert_golden(&golden_cases[_i], ELBO_F64, false, 1e-12);
    assert_golden(&golden_cases[_i], ELBO_F64, true, 1e-12);
}
END_TEST

START_TEST(two_steps_in_f32_are_those_of_pytorch)
{
    assert_golden(&golden_cases[_i], ELBO_F32, false, 1e-5);
    assert_golden(&golden_cases[_i], ELBO_F32, true, 1e-5);
}
END_TEST

static bool has_golden_step(const char *model)
{
    const int n = sizeof golden_cases / sizeof golden_cases[0];
    for (int i = 0; i < n; i++)
        if (strcmp(golden_cases[i].model, model) == 0)
            return true;
    return false;
}

/* Fitted in closed form, or without a bound: docs/models.md names their suites. */
static bool is_held_elsewhere(const char *model)
{
    static const char *const others[] = {"pca", "ppca", "classifier"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (strcmp(others[i], model) == 0)
            return true;
    return false;
}

START_TEST(every_model_has_a_golden_step_or_is_held_elsewhere)
{
    for (int i = 0; elbo_models[i]; i++)
        ck_assert_msg(has_golden_step(elbo_models[i]->name) != is_held_elsewhere(elbo_models[i]->name), "%s",
                      elbo_models[i]->name);
}
END_TEST

Suite *suite_golden(void)
{
    Suite *suite = suite_create("golden");
    TCase *golden = tcase_create("golden steps");
    int n_golden = sizeof golden_cases / sizeof golden_cases[0];
    tcase_add_loop_test(golden, two_steps_in_f64_are_those_of_pytorch, 0, n_golden);
    tcase_add_loop_test(golden, two_steps_in_f32_are_those_of_pytorch, 0, n_golden);
    tcase_add_test(golden, every_model_has_a_golden_step_or_is_held_elsewhere);
    suite_add_tcase(suite, golden);
    return suite;
}
