/* Programs: a run's decoder and encoder as steps, and those as JSON. */
#include <check.h>
#include <jansson.h>
#include <string.h>

#include "../autograd/ops.h"
#include "../io/base64.h"
#include "../nn/exports/program.h"
#include "../nn/layers/layers.h"
#include "../tensor/memory.h"
#include "runs.h"
#include "scratch.h"
#include "suites.h"

static const elbo_shape picture = {2, {7, 6}};

/* ---- steps ------------------------------------------------------------------------------------------------------- */

/* The names of the steps in turn, without weights: "input linear relu". */
static void assert_steps(elbo_run *run, elbo__role role, const char *expected)
{
    char text[600] = "";
    elbo__program program;
    assert_ok(elbo__program_of(run, role, &program));
    for (int i = 0; i < program.count; i++) {
        const elbo__step *step = &program.steps[i];
        for (int k = 0; k < step->n_in; k++)
            ck_assert_int_lt(step->in[k], i);
        if (step->op == ELBO__STEP_WEIGHT)
            continue;
        ck_assert_uint_lt(strlen(text) + strlen(elbo__step_name(step)) + 2, sizeof text);
        strcat(strcat(text, *text ? " " : ""), elbo__step_name(step));
    }
    ck_assert_str_eq(text, expected);
    elbo__program_free(&program);
    elbo_run_free(run);
}

START_TEST(a_decoder_is_a_step_for_each_layer)
{
    assert_steps(run_of(&elbo_model_vae, NO_OPTIONS, picture, 0), ELBO__DECODE, "input linear relu linear sigmoid");
}
END_TEST

START_TEST(an_encoder_ends_in_two_layers)
{
    assert_steps(run_of(&elbo_model_vae, NO_OPTIONS, picture, 0), ELBO__ENCODE, "input linear relu linear linear");
}
END_TEST

START_TEST(labels_are_made_one_hot)
{
    assert_steps(run_of(&elbo_model_cvae, NO_OPTIONS, picture, 3), ELBO__DECODE,
                 "input one_hot input concat linear relu linear sigmoid");
}
END_TEST

START_TEST(a_tied_weight_is_not_turned_around)
{
    assert_steps(run_of(&elbo_model_ae, OPTIONS("tied", "yes", "hidden", "none"), picture, 0), ELBO__DECODE,
                 "input matmul add sigmoid");
}
END_TEST

START_TEST(batch_norm_is_one_step)
{
    assert_steps(run_of(&elbo_model_vae,
                        OPTIONS("net", "conv", "hidden", "none", "channels", "2", "norm", "batch", "residual", "1"),
                        picture, 0),
                 ELBO__ENCODE,
                 "input reshape conv2d batch_norm relu batch_norm relu conv2d batch_norm relu conv2d add reshape "
                 "linear linear");
}
END_TEST

START_TEST(an_odd_size_is_cut_from_an_even_one)
{
    assert_steps(run_of(&elbo_model_vae, OPTIONS("net", "conv", "hidden", "none", "channels", "2"), picture, 0),
                 ELBO__DECODE, "input linear reshape relu conv_transpose2d slice reshape sigmoid");
}
END_TEST

START_TEST(activations_are_steps)
{
    static const char *const names[] = {"relu", "leaky_relu", "elu", "gelu", "silu", "tanh", "sigmoid", "softplus"};
    char expected[64] = "input linear ";
    assert_steps(run_of(&elbo_model_vae, OPTIONS("activation", names[_i]), picture, 0), ELBO__DECODE,
                 strcat(strcat(expected, names[_i]), " linear sigmoid"));
}
END_TEST

START_TEST(the_encoder_takes_pixels_as_they_are_drawn)
{
    assert_steps(run_of(&elbo_model_vae, OPTIONS("binarise", "yes"), picture, 0), ELBO__ENCODE,
                 "input linear relu linear linear");
}
END_TEST

START_TEST(sizes_are_for_one_image_and_say_what_grows)
{
    elbo_run *run = run_of(&elbo_model_vae, OPTIONS("net", "conv", "hidden", "none", "channels", "2"), picture, 0);
    elbo__program program;
    assert_ok(elbo__program_of(run, ELBO__ENCODE, &program));
    for (int i = 0; i < program.count; i++) {
        const elbo__step *step = &program.steps[i];
        for (int axis = 0; axis < step->shape.ndim; axis++)
            ck_assert_int_eq(step->batch[axis], axis == 0 && step->op != ELBO__STEP_WEIGHT);
        if (step->op == ELBO__STEP_CONV2D)
            ck_assert(elbo_shape_equal(&step->shape, &ELBO_SHAPE(1, 2, 4, 3)));
    }
    ck_assert_int_eq(program.n_outputs, 2);
    ck_assert_str_eq(program.output_names[0], "mean");
    ck_assert_str_eq(program.output_names[1], "logvar");
    elbo__program_free(&program);
    elbo_run_free(run);
}
END_TEST

/* ---- models of one's own ----------------------------------------------------------------------------------------- */

static elbo_inference infer(elbo_in *in)
{
    return elbo_infer_code(elbo_linear(in->x, "code", 2));
}

static elbo_var *mixed_up(elbo_var *z)
{
    return elbo_add(z, elbo_mean(z, (int[]){0}, 1, true)); /* images that know of each other */
}

static elbo_dist of_all(elbo_in *in, elbo_var *z)
{
    return elbo_squared_error(elbo_linear(mixed_up(z), "out", elbo_size(in->x, 1)));
}

static elbo_dist of_noise(elbo_in *in, elbo_var *z)
{
    return elbo_squared_error(
        elbo_linear(elbo_add(z, elbo_random_normal(in->g, "noise", elbo_shape_of(z), -1)), "out", elbo_size(in->x, 1)));
}

static elbo_run *own(const elbo_model *model)
{
    return run_of(model, NO_OPTIONS, ELBO_SHAPE(3), 0);
}

static void assert_no_program(const elbo_model *model, const char *reason)
{
    elbo_run *run = own(model);
    elbo__program program;
    assert_refused(elbo__program_of(run, ELBO__DECODE, &program), reason);
    ck_assert_int_eq(program.count, 0);
    elbo__program_free(&program);
    elbo_run_free(run);
}

START_TEST(what_depends_on_the_batch_is_refused)
{
    static const elbo_model model = {.name = "all", .flags = ELBO_NO_PRIOR, .infer = infer, .generate = of_all};
    assert_no_program(&model, "model \"all\": decode depends on the size of the batch in \"constant\"");
}
END_TEST

START_TEST(a_random_number_is_refused)
{
    static const elbo_model model = {.name = "noisy", .flags = ELBO_NO_PRIOR, .infer = infer, .generate = of_noise};
    assert_no_program(&model, "model \"noisy\": the op \"random_normal\" has no place in an export");
}
END_TEST

/* ---- JSON -------------------------------------------------------------------------------------------------------- */

START_TEST(bytes_are_written_as_base64)
{
    static const char *const pairs[][2] = {{"", ""},
                                           {"f", "Zg=="},
                                           {"fo", "Zm8="},
                                           {"foo", "Zm9v"},
                                           {"foob", "Zm9vYg=="},
                                           {"fooba", "Zm9vYmE="},
                                           {"foobar", "Zm9vYmFy"}};
    char *text = elbo__base64(pairs[_i][0], strlen(pairs[_i][0])); /* RFC 4648, section 10 */
    ck_assert_str_eq(text, pairs[_i][1]);
    elbo__free(text);
}
END_TEST

static json_t *json_of(elbo_run *run, elbo__role role)
{
    elbo__program program;
    assert_ok(elbo__program_of(run, role, &program));
    char *text = elbo__program_json(&program);
    ck_assert_ptr_nonnull(text);
    ck_assert_ptr_null(strchr(text, '<'));
    json_error_t error;
    json_t *json = json_loads(text, 0, &error);
    ck_assert_msg(json != NULL, "%s", error.text);
    elbo__free(text);
    elbo__program_free(&program);
    return json;
}

START_TEST(a_program_is_written_as_json)
{
    elbo_run *run = run_of(&elbo_model_vae, OPTIONS("hidden", "none", "latent-dim", "1"), ELBO_SHAPE(1, 2), 0);
    run_set_param(run, "decoder.logits.weight", (const double[]){1, -2});
    run_set_param(run, "decoder.logits.bias", (const double[]){0.5, 0});
    json_t *json = json_of(run, ELBO__DECODE);
    json_t *expected = json_loads(
        "{\"format\": \"elbo-program\", \"version\": 1, \"model\": \"vae\", \"role\": \"decode\","
        " \"image\": [1, 2], \"latent\": 1, \"classes\": 0, \"steps\": ["
        "{\"op\": \"input\", \"name\": \"z\", \"shape\": [1, 1], \"batch\": [0]},"
        "{\"op\": \"weight\", \"name\": \"decoder.logits.weight\", \"shape\": [2, 1], \"data\": \"AACAPwAAAMA=\"},"
        "{\"op\": \"weight\", \"name\": \"decoder.logits.bias\", \"shape\": [2], \"data\": \"AAAAPwAAAAA=\"},"
        "{\"op\": \"linear\", \"in\": [0, 1, 2], \"shape\": [1, 2], \"batch\": [0]},"
        "{\"op\": \"sigmoid\", \"in\": [3], \"shape\": [1, 2], \"batch\": [0]}],"
        " \"outputs\": [{\"name\": \"x\", \"step\": 4}]}",
        0, NULL);
    ck_assert_ptr_nonnull(expected);
    ck_assert_msg(json_equal(json, expected), "%s", json_dumps(json, JSON_COMPACT));
    json_decref(json);
    json_decref(expected);
    elbo_run_free(run);
}
END_TEST

static json_t *find_step(json_t *json, const char *op)
{
    size_t i;
    json_t *step;
    json_array_foreach(json_object_get(json, "steps"), i,
                       step) if (strcmp(json_string_value(json_object_get(step, "op")), op) == 0) return step;
    ck_abort_msg("no step %s", op);
}

START_TEST(attributes_stand_beside_their_steps)
{
    elbo_run *run = run_of(&elbo_model_vae,
                           OPTIONS("net", "conv", "hidden", "none", "channels", "2", "activation", "leaky_relu"),
                           picture, 0);
    json_t *json = json_of(run, ELBO__DECODE), *step = find_step(json, "conv_transpose2d");
    ck_assert_int_eq(json_integer_value(json_object_get(step, "stride")), 2);
    ck_assert_int_eq(json_integer_value(json_object_get(step, "padding")), 1);
    step = find_step(json, "slice");
    ck_assert_int_eq(json_integer_value(json_object_get(step, "axis")), 2);
    ck_assert_int_eq(json_integer_value(json_object_get(step, "start")), 0);
    ck_assert_double_eq(json_real_value(json_object_get(find_step(json, "leaky_relu"), "value")), 0.01);
    json_decref(json);
    elbo_run_free(run);
}
END_TEST

static elbo_run *short_of_memory;

static elbo_status write_json(void)
{
    elbo__program program;
    elbo_status status = elbo__program_of(short_of_memory, ELBO__DECODE, &program);
    if (status != ELBO_OK)
        return status;
    char *text = elbo__program_json(&program);
    elbo__program_free(&program);
    elbo__free(text);
    return text ? ELBO_OK : ELBO_NO_MEMORY;
}

START_TEST(no_failing_allocation_loses_anything)
{
    short_of_memory = run_of(&elbo_model_cvae, OPTIONS("hidden", "3", "latent-dim", "1"), ELBO_SHAPE(1, 2), 2);
    assert_survives_failing_allocations(write_json);
    elbo_run_free(short_of_memory);
}
END_TEST

Suite *suite_program(void)
{
    Suite *suite = suite_create("program");
    TCase *steps = tcase_create("steps"), *json = tcase_create("json");
    tcase_add_test(steps, a_decoder_is_a_step_for_each_layer);
    tcase_add_test(steps, an_encoder_ends_in_two_layers);
    tcase_add_test(steps, labels_are_made_one_hot);
    tcase_add_test(steps, a_tied_weight_is_not_turned_around);
    tcase_add_test(steps, batch_norm_is_one_step);
    tcase_add_test(steps, an_odd_size_is_cut_from_an_even_one);
    tcase_add_loop_test(steps, activations_are_steps, 0, 8);
    tcase_add_test(steps, the_encoder_takes_pixels_as_they_are_drawn);
    tcase_add_test(steps, sizes_are_for_one_image_and_say_what_grows);
    tcase_add_test(steps, what_depends_on_the_batch_is_refused);
    tcase_add_test(steps, a_random_number_is_refused);
    tcase_add_loop_test(json, bytes_are_written_as_base64, 0, 7);
    tcase_add_test(json, a_program_is_written_as_json);
    tcase_add_test(json, attributes_stand_beside_their_steps);
    tcase_add_test(json, no_failing_allocation_loses_anything);
    suite_add_tcase(suite, steps);
    suite_add_tcase(suite, json);
    return suite;
}
