#include <check.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../models/models.h"
#include "../tensor/memory.h"
#include "golden/steps.h"
#include "rig.h"
#include "suites.h"

enum { B = 4, D = 6, C = 3, Z = 2, K = 3 };

static const double pixels[B * D] = {0,   1,   0.5, 0.2, 0.9, 0, 1, 1, 0, 0, 0.3, 0.6,
                                     0.1, 0.8, 0.4, 0,   1,   1, 0, 0, 0, 1, 0.7, 0.5};
static const double labels[B * C] = {1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 1, 0};

/* A small model: hidden layer of 5, two latent dimensions. */
static elbo_values *small_options(const elbo_model *model)
{
    elbo_values *values = elbo_values_new(model->options);
    ck_assert_ptr_nonnull(values);
    ck_assert_int_eq(elbo_values_set(values, "hidden", "5"), ELBO_OK);
    ck_assert_int_eq(elbo_values_set(values, "latent-dim", "2"), ELBO_OK);
    return values;
}

/* The inputs of a graph of `model` over the data above. */
static elbo_in inputs(rig *r, const elbo_model *model, const elbo_values *options, int draws)
{
    elbo_in in = {.g = r->g, .model = model, .options = options, .image = ELBO_SHAPE(2, 3), .draws = draws};
    in.x = rig_input(r, "x", ELBO_SHAPE(B, D), pixels);
    if (model->flags & ELBO_NEEDS_LABELS)
        in.y = rig_input(r, "y", ELBO_SHAPE(B, C), labels);
    rig_scalar(r, "beta", 1);
    rig_scalar(r, "lr", 0.01);
    rig_scalar(r, "step", 1);
    return in;
}

static const elbo_metric *metric(const elbo_in *in, const char *name)
{
    for (int i = 0; i < in->n_metrics; i++)
        if (strcmp(in->metrics[i].name, name) == 0)
            return &in->metrics[i];
    return NULL;
}

/* The value of a metric in one run. */
static double measured(rig *r, const elbo_in *in, const char *name)
{
    const elbo_metric *m = metric(in, name);
    ck_assert_msg(m != NULL, "no metric \"%s\"", name);
    return rig_number(r, m->value);
}

/* Makes the parameters of a model, as its first graph does. */
static rig trained_rig(const elbo_model *model, const elbo_values *options, elbo_dtype dtype)
{
    rig r = rig_new(dtype, ELBO_TRAIN);
    elbo_in in = inputs(&r, model, options, 1);
    elbo_model_evaluate(&in);
    measured(&r, &in, "loss");
    rig_next_graph(&r, ELBO_EVALUATE);
    return r;
}

/* ---- the list ---------------------------------------------------------------------------------------------------- */

START_TEST(a_model_is_found_by_its_name)
{
    ck_assert_ptr_eq(elbo_model_find("vae"), &elbo_model_vae);
    ck_assert_ptr_eq(elbo_model_find("cvae"), &elbo_model_cvae);
    for (int i = 0; elbo_models[i]; i++)
        ck_assert_ptr_eq(elbo_model_find(elbo_models[i]->name), elbo_models[i]);
}
END_TEST

START_TEST(an_unknown_model_names_the_nearest)
{
    ck_assert_ptr_null(elbo_model_find("cvea"));
    ck_assert_str_eq(elbo_error(), "no model \"cvea\"; the nearest is \"cvae\"");
}
END_TEST

START_TEST(every_model_has_a_summary_and_options_that_parse)
{
    for (int i = 0; elbo_models[i]; i++) {
        const elbo_model *m = elbo_models[i];
        elbo_values *values = elbo_values_new(m->options);
        ck_assert_msg(values != NULL, "%s: %s", m->name, elbo_error());
        ck_assert(m->summary && m->summary[0]);
        for (const elbo_option *o = m->options; o && o->name; o++)
            ck_assert_msg(o->help && o->help[0], "%s: --%s has no help", m->name, o->name);
        elbo_values_free(values);
    }
}
END_TEST

/* ---- parameters -------------------------------------------------------------------------------------------------- */

static void assert_parameters(const elbo_model *model, const char *const *expected, const elbo_shape *shapes, int n)
{
    elbo_values *options = small_options(model);
    rig r = trained_rig(model, options, ELBO_F32);
    ck_assert_int_eq(elbo_params_count(r.params), n);
    for (int i = 0; i < n; i++) {
        elbo_shape shape = elbo_params_shape(r.params, i);
        ck_assert_str_eq(elbo_params_name(r.params, i), expected[i]);
        ck_assert_msg(elbo_shape_equal(&shape, &shapes[i]), "%s is %s", expected[i], elbo_shape_format(&shape).text);
        ck_assert(elbo_params_trained(r.params, i));
    }
    rig_free(&r);
    elbo_values_free(options);
}

static const char *const names[] = {"encoder.hidden.weight", "encoder.hidden.bias",   "encoder.mean.weight",
                                    "encoder.mean.bias",     "encoder.logvar.weight", "encoder.logvar.bias",
                                    "decoder.hidden.weight", "decoder.hidden.bias",   "decoder.logits.weight",
                                    "decoder.logits.bias"};

START_TEST(the_parameters_of_a_vae_have_their_names_and_shapes)
{
    const elbo_shape shapes[] = {{2, {5, D}}, {1, {5}},    {2, {Z, 5}}, {1, {Z}},    {2, {Z, 5}},
                                 {1, {Z}},    {2, {5, Z}}, {1, {5}},    {2, {D, 5}}, {1, {D}}};
    assert_parameters(&elbo_model_vae, names, shapes, 10);
}
END_TEST

START_TEST(a_cvae_takes_the_label_into_encoder_and_decoder)
{
    const elbo_shape shapes[] = {{2, {5, D + C}}, {1, {5}},        {2, {Z, 5}}, {1, {Z}},    {2, {Z, 5}},
                                 {1, {Z}},        {2, {5, Z + C}}, {1, {5}},    {2, {D, 5}}, {1, {D}}};
    assert_parameters(&elbo_model_cvae, names, shapes, 10);
}
END_TEST

START_TEST(without_labels_a_cvae_is_an_error)
{
    elbo_values *options = small_options(&elbo_model_cvae);
    rig r = rig_new(ELBO_F32, ELBO_TRAIN);
    elbo_in in = inputs(&r, &elbo_model_cvae, options, 1);
    in.y = NULL;
    elbo_model_train(&in, &(elbo_optim){.name = "adam"});
    rig_assert_error(&r, "model \"cvae\" needs labels");
    rig_free(&r);
    elbo_values_free(options);
}
END_TEST

START_TEST(a_model_without_given_options_takes_its_defaults)
{
    rig r = rig_new(ELBO_F32, ELBO_TRAIN);
    elbo_in in = inputs(&r, &elbo_model_vae, NULL, 1);
    ck_assert_int_eq(elbo_option_integer(&in, "latent-dim"), 20);
    ck_assert_int_eq(elbo_option_sizes(&in, "hidden").at[0], 400);
    ck_assert_str_eq(elbo_option_choice(&in, "likelihood"), "bernoulli");
    ck_assert_int_eq(elbo_option_integer(&in, "latent-dims"), 1);
    rig_assert_error(&r, "model \"vae\" declares no option \"latent-dims\" of this type");
    rig_free(&r);
}
END_TEST

/* ---- golden steps ------------------------------------------------------------------------------------------------ */

static elbo_values *golden_options(const golden_case *c, const elbo_model *model)
{
    elbo_values *values = elbo_values_new(model->options);
    ck_assert_ptr_nonnull(values);
    for (size_t i = 0; i < sizeof c->options / sizeof c->options[0]; i++)
        ck_assert_msg(elbo_values_set(values, c->options[i].name, c->options[i].text) == ELBO_OK, "%s", elbo_error());
    return values;
}

/* Inputs of step 0 or 1: data, noise from outside, scalars. */
static elbo_in golden_inputs(rig *r, const golden_case *c, const elbo_values *options, int step)
{
    elbo_shape noise = ELBO_SHAPE(c->rows, c->draws, c->latent);
    elbo_in in = {.g = r->g, .model = elbo_model_find(c->model), .options = options, .draws = c->draws};
    elbo_graph_feed_noise(r->g);
    in.x = rig_input(r, "x", ELBO_SHAPE(c->rows, c->features), c->x);
    if (c->y)
        in.y = rig_input(r, "y", ELBO_SHAPE(c->rows, c->classes), c->y);
    rig_feed(r, "z#0", noise, c->noise + step * elbo_shape_size(&noise));
    rig_scalar(r, "beta", c->beta);
    rig_scalar(r, "lr", c->lr);
    rig_scalar(r, "step", step + 1);
    return in;
}

static rig golden_rig(const golden_case *c, elbo_dtype dtype)
{
    rig r = rig_new(dtype, ELBO_TRAIN);
    for (int i = 0; i < c->n_tensors; i++)
        ck_assert_int_eq(elbo_params_add(r.params, c->tensors[i].name, c->tensors[i].shape, true, elbo_init_zeros()),
                         i);
    ck_assert_int_eq(elbo_params_close(r.params), ELBO_OK);
    for (int i = 0; i < c->n_tensors; i++)
        rig_set_param(&r, c->tensors[i].name, c->tensors[i].initial);
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

enum { LARGEST = 200 };

static void assert_gradients(const golden_case *c, rig *r, const elbo_values *options, double tolerance)
{
    elbo_var *params[16], *grads[16];
    elbo_in in = golden_inputs(r, c, options, 0);
    elbo_model_evaluate(&in);
    elbo_var *loss = metric(&in, "loss")->value;
    int n = elbo_graph_params(r->g, params);
    ck_assert_int_eq(n, c->n_tensors);
    elbo_grad(loss, params, n, grads);
    for (int i = 0; i < n; i++) {
        double got[LARGEST];
        ck_assert_str_eq(elbo_name_of(params[i]), c->tensors[i].name);
        rig_value(r, grads[i], got);
        assert_tensor(&c->tensors[i], "gradient", got, c->tensors[i].gradient, tolerance);
    }
}

static void assert_steps(const golden_case *c, rig *r, const elbo_values *options, double tolerance)
{
    for (int step = 0; step < 2; step++) {
        rig_next_graph(r, ELBO_TRAIN);
        elbo_in in = golden_inputs(r, c, options, step);
        elbo_model_train(&in, &(elbo_optim){.name = "adam"});
        static const char *const parts[] = {"loss", "recon", "kl", "elbo"};
        elbo_var *values[4];
        double got[4];
        for (int i = 0; i < 4; i++) {
            ck_assert_ptr_nonnull(metric(&in, parts[i]));
            values[i] = metric(&in, parts[i])->value;
        }
        rig_run(r, values, 4, (double *[]){&got[0], &got[1], &got[2], &got[3]});
        for (int i = 0; i < 3; i++)
            assert_close(got[i], c->parts[step * 3 + i], tolerance);
        assert_close(got[3], -c->parts[step * 3 + 1] - c->parts[step * 3 + 2], tolerance);
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

/* ---- training ---------------------------------------------------------------------------------------------------- */

START_TEST(a_model_overfits_one_batch)
{
    /* Four binary pictures; without the KL term a code can tell them apart, and the cross-entropy goes towards 0. */
    const double binary[B * D] = {0, 1, 0, 1, 1, 0, 1, 1, 0, 0, 1, 0, 1, 0, 1, 0, 0, 1, 0, 0, 1, 1, 0, 1};
    enum { STEPS = 300 };
    const elbo_model *model = elbo_models[_i];
    elbo_values *options = small_options(model);
    ck_assert_int_eq(elbo_values_set(options, "hidden", "32"), ELBO_OK);
    rig r = rig_new(ELBO_F32, ELBO_TRAIN);
    elbo_in in = inputs(&r, model, options, 1);
    rig_feed(&r, "x", ELBO_SHAPE(B, D), binary);
    rig_scalar(&r, "beta", 0);
    rig_scalar(&r, "lr", 0.02);
    elbo_model_train(&in, &(elbo_optim){.name = "adam"});
    double first = measured(&r, &in, "loss"), last = first;
    for (int step = 2; step <= STEPS; step++) {
        r.at.step = (uint64_t)step;
        rig_scalar(&r, "step", step);
        last = measured(&r, &in, "loss");
    }
    ck_assert_double_gt(first, 3);
    ck_assert_double_lt(last, 0.01);
    rig_free(&r);
    elbo_values_free(options);
}
END_TEST

/* ---- what every model can do ------------------------------------------------------------------------------------- */

START_TEST(every_model_encodes_decodes_reconstructs_and_samples)
{
    for (int i = 0; elbo_models[i]; i++) {
        const elbo_model *model = elbo_models[i];
        elbo_values *options = small_options(model);
        rig r = trained_rig(model, options, ELBO_F64);
        elbo_in in = inputs(&r, model, options, K);
        elbo_var *code = elbo_model_encode(&in), *decoded = elbo_model_decode(&in, code);
        elbo_var *again = elbo_model_reconstruct(&in), *drawn = elbo_model_sample(&in),
                 *log_p = elbo_model_log_prob(&in);
        const struct {
            elbo_var *value;
            elbo_shape shape;
        } expected[] = {{code, ELBO_SHAPE(B, Z)},
                        {decoded, ELBO_SHAPE(B, D)},
                        {again, ELBO_SHAPE(B, K, D)},
                        {drawn, ELBO_SHAPE(B, K, D)},
                        {log_p, ELBO_SHAPE(B)}};
        for (int k = 0; k < 5; k++) {
            elbo_shape shape = elbo_shape_of(expected[k].value);
            ck_assert_msg(elbo_shape_equal(&shape, &expected[k].shape), "%s %d: %s", model->name, k,
                          elbo_shape_format(&shape).text);
            double values[B * K * D];
            rig_value(&r, expected[k].value, values);
            for (int64_t n = 0; n < elbo_shape_size(&shape); n++)
                ck_assert(k == 0 || k == 4 ? isfinite(values[n]) : values[n] > 0 && values[n] < 1);
        }
        rig_free(&r);
        elbo_values_free(options);
    }
}
END_TEST

START_TEST(a_graph_that_samples_needs_no_pictures)
{
    elbo_values *options = small_options(&elbo_model_cvae);
    rig r = trained_rig(&elbo_model_cvae, options, ELBO_F32);
    elbo_in in = inputs(&r, &elbo_model_cvae, options, 1);
    elbo_var *drawn = elbo_model_sample(&in);
    for (int i = 0; i < r.n_feeds; i++)
        if (strcmp(r.feeds[i].name, "x") == 0)
            r.feeds[i].name = "nothing";
    double out[B * D];
    rig_value(&r, drawn, out);
    rig_free(&r);
    elbo_values_free(options);
}
END_TEST

START_TEST(the_label_changes_what_a_cvae_generates)
{
    elbo_values *options = small_options(&elbo_model_cvae);
    rig r = trained_rig(&elbo_model_cvae, options, ELBO_F64);
    const double z[B * Z] = {0};
    elbo_in in = inputs(&r, &elbo_model_cvae, options, 1);
    double out[B * D];
    rig_value(&r, elbo_model_decode(&in, rig_input(&r, "z", ELBO_SHAPE(B, Z), z)), out);
    for (int d = 0; d < D; d++) {
        ck_assert_double_ne(out[d], out[D + d]);         /* labels 0 and 1 */
        ck_assert_double_eq(out[D + d], out[3 * D + d]); /* labels 1 and 1 */
    }
    rig_free(&r);
    elbo_values_free(options);
}
END_TEST

START_TEST(more_draws_tighten_the_estimate_of_the_likelihood)
{
    enum { DRAWS = 500 };
    elbo_values *options = small_options(&elbo_model_vae);
    rig r = trained_rig(&elbo_model_vae, options, ELBO_F64);
    elbo_in one = inputs(&r, &elbo_model_vae, options, DRAWS), many = one;
    double bound[B], tight[B];
    elbo_var *weights = elbo_model_bound(&one, NULL).log_weight;
    rig_run(&r, (elbo_var *[]){elbo_mean(weights, (int[]){1}, 1, false), elbo_iwae_bound(weights)}, 2,
            (double *[]){bound, tight});
    for (int b = 0; b < B; b++)
        ck_assert_double_gt(tight[b], bound[b]);
    elbo_model_log_prob(&many);
    ck_assert_int_eq(elbo_graph_status(r.g), ELBO_OK);
    rig_free(&r);
    elbo_values_free(options);
}
END_TEST

START_TEST(a_mask_changes_the_reconstruction_term_alone)
{
    const double none[B * D] = {0};
    elbo_values *options = small_options(&elbo_model_vae);
    rig r = trained_rig(&elbo_model_vae, options, ELBO_F64);
    elbo_in in = inputs(&r, &elbo_model_vae, options, 1), masked = in;
    masked.mask = rig_input(&r, "mask", ELBO_SHAPE(B, D), none);
    elbo_model_evaluate(&in);
    elbo_model_evaluate(&masked);
    ck_assert_double_eq(measured(&r, &masked, "recon"), 0);
    ck_assert_double_gt(measured(&r, &in, "recon"), 1);
    assert_close(measured(&r, &masked, "kl"), measured(&r, &in, "kl"), 0);
    rig_free(&r);
    elbo_values_free(options);
}
END_TEST

/* ---- when memory runs out ---------------------------------------------------------------------------------------- */

static int allocations_left;

static void *allocate(size_t bytes, void *user)
{
    (void)user;
    return allocations_left-- > 0 ? aligned_alloc(64, (bytes + 64) / 64 * 64) : NULL;
}

static void release(void *block, void *user)
{
    (void)user;
    free(block);
}

static void limit_memory(void)
{
    elbo_set_allocator(allocate, release, NULL);
}

static void restore_memory(void)
{
    elbo_set_allocator(NULL, NULL, NULL);
}

/* Builds a training step for which only so many allocations succeed; whether it could be built. */
static bool builds_with(int allocations)
{
    allocations_left = INT_MAX;
    elbo_params *params = elbo_params_new(ELBO_F32, 1);
    elbo_values *options = small_options(&elbo_model_cvae);
    allocations_left = allocations;
    elbo_graph *g = elbo_graph_new(params, ELBO_TRAIN);
    elbo_in in = {.g = g, .model = &elbo_model_cvae, .options = options, .draws = 2};
    in.x = elbo_input(g, "x", ELBO_F32, ELBO_SHAPE(B, D));
    in.y = elbo_input(g, "y", ELBO_F32, ELBO_SHAPE(B, C));
    elbo_model_train(&in, &(elbo_optim){.name = "adamw", .weight_decay = 1, .clip_norm = 1, .skip = true, .slab = "a"});
    elbo_status status = elbo_graph_status(g);
    ck_assert_msg(status == ELBO_OK || status == ELBO_NO_MEMORY, "%d allocations: %s", allocations, elbo_error());
    elbo_graph_free(g);
    elbo_values_free(options);
    elbo_params_free(params);
    return status == ELBO_OK;
}

START_TEST(every_failed_allocation_ends_in_an_error_of_the_graph)
{
    int n = 0;
    while (!builds_with(n))
        n += n < 50 ? 1 : 7;
    ck_assert_int_gt(n, 100);
}
END_TEST

/* ---- models of one's own ----------------------------------------------------------------------------------------- */

/* An autoencoder: no density, no prior. */
static elbo_inference ae_infer(elbo_in *in)
{
    elbo_var *code = elbo_linear(in->x, "encoder", elbo_option_integer(in, "latent-dim"));
    return (elbo_inference){.z = elbo_unsqueeze(code, 1), .code = code, .penalty = elbo_sum_axis(elbo_abs(code), 1)};
}

static elbo_dist linear_generate(elbo_in *in, elbo_var *z)
{
    return elbo_likelihood(in, z);
}

static const elbo_option options_of_all[] = {ELBO_MODEL_OPTIONS, ELBO_OPTIONS_END};
static const elbo_model autoencoder = {.name = "ae",
                                       .summary = "autoencoder",
                                       .options = options_of_all,
                                       .flags = ELBO_NO_PRIOR,
                                       .infer = ae_infer,
                                       .generate = linear_generate};

START_TEST(a_model_without_density_has_a_loss_but_no_elbo)
{
    elbo_values *options = small_options(&autoencoder);
    rig r = trained_rig(&autoencoder, options, ELBO_F64);
    elbo_in in = inputs(&r, &autoencoder, options, 1);
    elbo_model_evaluate(&in);
    double code[B * Z], penalty = 0;
    rig_value(&r, elbo_model_encode(&in), code);
    for (int i = 0; i < B * Z; i++)
        penalty += fabs(code[i]) / B;
    assert_close(measured(&r, &in, "loss"), measured(&r, &in, "recon") + penalty, 1e-13);
    ck_assert_ptr_null(metric(&in, "kl"));
    ck_assert_ptr_null(metric(&in, "elbo"));
    elbo_model_log_prob(&in);
    rig_assert_error(&r, "model \"ae\" has no density");
    rig_next_graph(&r, ELBO_EVALUATE);
    in = inputs(&r, &autoencoder, options, 1);
    elbo_model_sample(&in);
    rig_assert_error(&r, "model \"ae\" has no prior to draw from");
    rig_free(&r);
    elbo_values_free(options);
}
END_TEST

/* A flow: q is known only when drawing. z = 2 u + 1 of a normal u, so log q(z) = log q(u) - Z log 2. */
static elbo_inference flow_infer(elbo_in *in)
{
    int64_t dims = elbo_option_integer(in, "latent-dim");
    elbo_inference i = elbo_infer_normal(in, elbo_linear(in->x, "mean", dims), elbo_linear(in->x, "logvar", dims));
    i.q.kind = NULL;
    i.z = elbo_shift(elbo_scale(i.z, 2), 1);
    i.log_q = elbo_shift(i.log_q, -(double)dims * log(2));
    return i;
}

/* The same posterior said as a normal. */
static elbo_inference moved_infer(elbo_in *in)
{
    int64_t dims = elbo_option_integer(in, "latent-dim");
    elbo_var *mean = elbo_linear(in->x, "mean", dims), *logvar = elbo_linear(in->x, "logvar", dims);
    return elbo_infer_normal(in, elbo_shift(elbo_scale(mean, 2), 1), elbo_shift(logvar, 2 * log(2)));
}

/* A prior of one's own: N(1, 4 I) */
static elbo_dist wide_prior(elbo_in *in)
{
    elbo_shape shape = ELBO_SHAPE(elbo_size(in->x, 0), elbo_option_integer(in, "latent-dim"));
    return elbo_normal_fixed(elbo_expand(elbo_constant(in->g, 1), shape), 4);
}

static const elbo_model moved = {
    .name = "moved", .options = options_of_all, .infer = moved_infer, .prior = wide_prior, .generate = linear_generate};

START_TEST(a_prior_of_ones_own_is_the_one_that_counts)
{
    double bound_kl[B], own_kl[B];
    elbo_values *options = small_options(&moved);
    rig r = trained_rig(&moved, options, ELBO_F64);
    elbo_in in = inputs(&r, &moved, options, 1);
    elbo_inference inference;
    elbo_bound bound = elbo_model_bound(&in, &inference);
    rig_run(&r, (elbo_var *[]){bound.kl, elbo_kl(inference.q, wide_prior(&in), NULL)}, 2,
            (double *[]){bound_kl, own_kl});
    for (int b = 0; b < B; b++)
        ck_assert_double_eq(bound_kl[b], own_kl[b]);
    rig_free(&r);
    elbo_values_free(options);
}
END_TEST

START_TEST(a_posterior_known_only_when_drawing_gives_the_same_weights)
{
    static const elbo_model flow = {.name = "flow",
                                    .options = options_of_all,
                                    .infer = flow_infer,
                                    .prior = wide_prior,
                                    .generate = linear_generate};
    double weights[2][B * K], kl[B], closed[B];
    elbo_values *options = small_options(&flow);
    rig r = trained_rig(&flow, options, ELBO_F64);
    for (int i = 0; i < 2; i++) {
        rig_next_graph(&r, ELBO_EVALUATE);
        elbo_in in = inputs(&r, i ? &moved : &flow, options, K);
        elbo_bound bound = elbo_model_bound(&in, NULL);
        rig_run(&r, (elbo_var *[]){bound.log_weight, bound.kl}, 2, (double *[]){weights[i], i ? closed : kl});
    }
    for (int i = 0; i < B * K; i++)
        assert_close(weights[0][i], weights[1][i], 1e-13);
    for (int b = 0; b < B; b++)
        ck_assert_double_ne(kl[b], closed[b]); /* by draws, and in closed form */
    rig_free(&r);
    elbo_values_free(options);
}
END_TEST

/* Two losses over parts of the parameters, as in AAE and VAE-GAN. */
static int two_losses(elbo_in *in, elbo_loss *out)
{
    elbo_inference inference;
    elbo_bound bound = elbo_model_bound(in, &inference);
    elbo_var *critic = elbo_linear(inference.code, "critic", 1);
    out[0] = (elbo_loss){.name = "recon_loss", .value = elbo_mean_all(bound.recon), .params = "encoder. decoder."};
    out[1] = (elbo_loss){.name = "critic_loss",
                         .value = elbo_mean_all(elbo_square(critic)),
                         .params = "critic.",
                         .when = elbo_scalar(in->g, "turn")};
    return 2;
}

START_TEST(several_losses_move_their_own_parameters_in_their_turn)
{
    static const elbo_model game = {.name = "game",
                                    .options = options_of_all,
                                    .flags = ELBO_NO_PRIOR,
                                    .infer = ae_infer,
                                    .generate = linear_generate,
                                    .losses = two_losses};
    elbo_values *options = small_options(&game);
    double encoder[2][Z * D], critic[2][Z];
    for (int turn = 0; turn <= 1; turn++) {
        rig r = rig_new(ELBO_F64, ELBO_TRAIN);
        elbo_in in = inputs(&r, &game, options, 1);
        elbo_model_train(&in, &(elbo_optim){.name = "adam"});
        ck_assert_msg(elbo_graph_status(r.g) == ELBO_OK, "%s", elbo_error());
        rig_scalar(&r, "turn", turn);
        double losses[2];
        rig_run(&r, (elbo_var *[]){metric(&in, "recon_loss")->value, metric(&in, "critic_loss")->value}, 2,
                (double *[]){&losses[0], &losses[1]});
        rig_param(&r, "encoder.weight", encoder[turn]);
        rig_param(&r, "critic.weight", critic[turn]);
        rig_free(&r);
    }
    for (int i = 0; i < Z * D; i++)
        ck_assert_double_eq(encoder[0][i], encoder[1][i]); /* the critic's turn does not touch the encoder */
    for (int i = 0; i < Z; i++)
        assert_close(fabs(critic[0][i] - critic[1][i]), 0.01, 1e-6); /* Adam's first step is lr in size */
    elbo_values_free(options);
}
END_TEST

START_TEST(a_loss_that_moves_nothing_is_an_error)
{
    rig r = rig_new(ELBO_F32, ELBO_TRAIN);
    static const elbo_model constant = {.name = "constant",
                                        .options = options_of_all,
                                        .flags = ELBO_NO_PRIOR,
                                        .infer = ae_infer,
                                        .generate = linear_generate,
                                        .losses = two_losses};
    elbo_in in = inputs(&r, &constant, NULL, 1);
    elbo_scope(r.g, "elsewhere"); /* every name then begins with it */
    elbo_model_train(&in, &(elbo_optim){.name = "sgd"});
    elbo_scope_end(r.g);
    rig_assert_error(&r, "loss \"recon_loss\": there is no parameter to move");
    rig_free(&r);
}
END_TEST

START_TEST(clipping_and_skipping_are_reported)
{
    elbo_values *options = small_options(&elbo_model_vae);
    rig r = rig_new(ELBO_F32, ELBO_TRAIN);
    elbo_in in = inputs(&r, &elbo_model_vae, options, 1);
    elbo_model_train(&in, &(elbo_optim){.name = "adam", .clip_norm = 1, .skip = true});
    ck_assert_double_gt(measured(&r, &in, "grad_norm"), 0);
    ck_assert_double_eq(measured(&r, &in, "skipped"), 0);
    rig_free(&r);
    elbo_values_free(options);
}
END_TEST

Suite *suite_models(void)
{
    Suite *suite = suite_create("models");
    TCase *list = tcase_create("list");
    tcase_add_test(list, a_model_is_found_by_its_name);
    tcase_add_test(list, an_unknown_model_names_the_nearest);
    tcase_add_test(list, every_model_has_a_summary_and_options_that_parse);
    suite_add_tcase(suite, list);
    TCase *parameters = tcase_create("parameters");
    tcase_add_test(parameters, the_parameters_of_a_vae_have_their_names_and_shapes);
    tcase_add_test(parameters, a_cvae_takes_the_label_into_encoder_and_decoder);
    tcase_add_test(parameters, without_labels_a_cvae_is_an_error);
    tcase_add_test(parameters, a_model_without_given_options_takes_its_defaults);
    suite_add_tcase(suite, parameters);
    TCase *golden = tcase_create("golden steps");
    int n_golden = sizeof golden_cases / sizeof golden_cases[0];
    tcase_add_loop_test(golden, two_steps_in_f64_are_those_of_pytorch, 0, n_golden);
    tcase_add_loop_test(golden, two_steps_in_f32_are_those_of_pytorch, 0, n_golden);
    suite_add_tcase(suite, golden);
    TCase *training = tcase_create("training");
    tcase_add_loop_test(training, a_model_overfits_one_batch, 0, 2);
    suite_add_tcase(suite, training);
    TCase *uses = tcase_create("uses");
    tcase_add_test(uses, every_model_encodes_decodes_reconstructs_and_samples);
    tcase_add_test(uses, a_graph_that_samples_needs_no_pictures);
    tcase_add_test(uses, the_label_changes_what_a_cvae_generates);
    tcase_add_test(uses, more_draws_tighten_the_estimate_of_the_likelihood);
    tcase_add_test(uses, a_mask_changes_the_reconstruction_term_alone);
    suite_add_tcase(suite, uses);
    TCase *memory = tcase_create("memory");
    tcase_add_checked_fixture(memory, limit_memory, restore_memory);
    tcase_add_test(memory, every_failed_allocation_ends_in_an_error_of_the_graph);
    suite_add_tcase(suite, memory);
    TCase *own = tcase_create("models of one's own");
    tcase_add_test(own, a_model_without_density_has_a_loss_but_no_elbo);
    tcase_add_test(own, a_prior_of_ones_own_is_the_one_that_counts);
    tcase_add_test(own, a_posterior_known_only_when_drawing_gives_the_same_weights);
    tcase_add_test(own, several_losses_move_their_own_parameters_in_their_turn);
    tcase_add_test(own, a_loss_that_moves_nothing_is_an_error);
    tcase_add_test(own, clipping_and_skipping_are_reported);
    suite_add_tcase(suite, own);
    return suite;
}
