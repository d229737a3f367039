/* Two training steps of each model beside those that PyTorch made of the same numbers. */
#include <check.h>
#include <math.h>
#include <string.h>

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
    rig_scalar(r, "lr", c->lr);
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

enum { LARGEST = 200, MOST_TENSORS = 24 };

/* All in one run, which moves state too. */
static void assert_gradients(const golden_case *c, rig *r, const elbo_values *options, double tolerance)
{
    static double got[MOST_TENSORS][LARGEST];
    double *out[MOST_TENSORS];
    elbo_var *params[MOST_TENSORS], *grads[MOST_TENSORS];
    elbo_in in = golden_inputs(r, c, options, 0);
    elbo_model_evaluate(&in);
    elbo_var *loss = metric(&in, "loss")->value;
    int n = elbo_graph_params(r->g, NULL), at = 0;
    ck_assert_int_le(n, MOST_TENSORS);
    elbo_graph_params(r->g, params);
    elbo_grad(loss, params, n, grads);
    for (int i = 0; i < n; i++)
        out[i] = got[i];
    rig_run(r, grads, n, out);
    for (int i = 0; i < c->n_tensors; i++) {
        if (!c->tensors[i].gradient)
            continue;
        ck_assert_int_lt(at, n);
        ck_assert_str_eq(elbo_name_of(params[at]), c->tensors[i].name);
        assert_tensor(&c->tensors[i], "gradient", got[at++], c->tensors[i].gradient, tolerance);
    }
    ck_assert_int_eq(at, n);
    set_initial(r, c);
}

/* The metrics of one step, whose order is that of c->parts. A model without a kl has no elbo either. */
static void assert_metrics(const golden_case *c, rig *r, const elbo_in *in, const double *expected, double tolerance)
{
    static const char *const parts[] = {"loss", "recon", "kl", "elbo"};
    const int n = metric(in, "kl") ? 4 : 2;
    const double elbo = -expected[1] - expected[2];
    elbo_var *values[4];
    double got[4];
    ck_assert_msg(n == 4 || expected[2] == 0, "%s has no kl", c->model);
    for (int i = 0; i < n; i++) {
        ck_assert_msg(metric(in, parts[i]) != NULL, "%s has no %s", c->model, parts[i]);
        values[i] = metric(in, parts[i])->value;
    }
    rig_run(r, values, n, (double *[]){&got[0], &got[1], &got[2], &got[3]});
    for (int i = 0; i < n; i++)
        assert_close(got[i], i < 3 ? expected[i] : elbo, tolerance);
}

static void assert_steps(const golden_case *c, rig *r, const elbo_values *options, double tolerance)
{
    for (int step = 0; step < 2; step++) {
        rig_next_graph(r, ELBO_TRAIN);
        elbo_in in = golden_inputs(r, c, options, step);
        elbo_model_train(&in, &(elbo_optim){.name = "adam"});
        assert_metrics(c, r, &in, c->parts + 3 * step, tolerance);
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

Suite *suite_golden(void)
{
    Suite *suite = suite_create("golden");
    TCase *golden = tcase_create("golden steps");
    int n_golden = sizeof golden_cases / sizeof golden_cases[0];
    tcase_add_loop_test(golden, two_steps_in_f64_are_those_of_pytorch, 0, n_golden);
    tcase_add_loop_test(golden, two_steps_in_f32_are_those_of_pytorch, 0, n_golden);
    suite_add_tcase(suite, golden);
    return suite;
}
