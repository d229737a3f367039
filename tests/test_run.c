/* A run at work on arrays, and as a file. */
#include <check.h>
#include <math.h>
#include <string.h>

#include "../io/safetensors.h"
#include "../models/models.h"
#include "../nn/runs/run.h"
#include "../nn/training/train.h"
#include "patterns.h"
#include "scratch.h"
#include "suites.h"

enum { N = 24, D = PATTERN_PIXELS, Z = 3 };

/* ---- what the tests share ---------------------------------------------------------------------------------------- */

/* A model of a user's own: tanh, one hidden layer, options of its own. */
static elbo_inference own_infer(elbo_in *in)
{
    elbo_var *h = elbo_tanh(elbo_linear(in->x, "in", elbo_option_integer(in, "width")));
    return elbo_infer_normal(in, elbo_linear(h, "mean", 2), elbo_linear(h, "logvar", 2));
}

static elbo_dist own_generate(elbo_in *in, elbo_var *z)
{
    return elbo_bernoulli(elbo_linear(elbo_tanh(elbo_linear(z, "out", 9)), "pixels", elbo_size(in->x, -1)));
}

static elbo_dist own_prior(elbo_in *in)
{
    return elbo_standard_normal(in->g, ELBO_SHAPE(elbo_size(in->x, 0), 2));
}

static const elbo_option own_options[] = {
    {.name = "width", .type = ELBO_INTEGER, .default_value = "7", .least = 1, .greatest = 100}, ELBO_OPTIONS_END};
static const elbo_model own = {.name = "own",
                               .summary = "",
                               .options = own_options,
                               .infer = own_infer,
                               .prior = own_prior,
                               .generate = own_generate};

static elbo_run *new_run(const elbo_model *model)
{
    elbo_values *options = elbo_model_values(model);
    ck_assert_int_eq(elbo_values_set(options, "hidden", "11,9"), ELBO_OK);
    ck_assert_int_eq(elbo_values_set(options, "latent-dim", "3"), ELBO_OK);
    elbo_run *run = elbo_run_new(model, options, ELBO_SHAPE(PATTERN_SIDE, PATTERN_SIDE), PATTERN_CLASSES, 5);
    ck_assert_msg(run != NULL, "%s", elbo_error());
    elbo_values_free(options);
    return run;
}

static float x[N * D];
static int labels[N];
static elbo_images images;

static void setup(void)
{
    scratch_setup();
    images = pattern_images(N);
    ck_assert_int_eq(elbo_images_rows(&images, 0, N, x, labels), ELBO_OK);
}

static void assert_refused(elbo_status status, const char *reason)
{
    ck_assert_int_ne(status, ELBO_OK);
    ck_assert_msg(strstr(elbo_error(), reason) != NULL, "\"%s\" does not say \"%s\"", elbo_error(), reason);
}

static void assert_not_loaded(const char *name, const elbo_model *const *models, const char *reason)
{
    ck_assert_ptr_null(elbo_run_load(scratch_path(name), models));
    ck_assert_msg(strstr(elbo_error(), scratch_path(name)) == elbo_error() && strstr(elbo_error(), reason),
                  "\"%s\" does not say \"%s\"", elbo_error(), reason);
}

/* Everything that a run computes, in one row. */
enum { FIGURES = 4 * N * D + N + N * Z + 3 };
static void compute(elbo_run *run, float *out)
{
    elbo_figures figures;
    float z[N * Z];
    ck_assert_int_eq(elbo_run_encode(run, x, labels, N, z), ELBO_OK);
    memcpy(out, z, sizeof z);
    out += N * Z;
    ck_assert_int_eq(elbo_run_decode(run, z, labels, N, out), ELBO_OK);
    ck_assert_int_eq(elbo_run_sample(run, labels, N, 3, out + N * D), ELBO_OK);
    ck_assert_int_eq(elbo_run_reconstruct(run, x, labels, N, 3, out + 2 * N * D), ELBO_OK);
    ck_assert_int_eq(elbo_run_log_prob(run, x, labels, N, 5, 3, out + 3 * N * D), ELBO_OK);
    ck_assert_int_eq(elbo_run_evaluate(run, &images, 0, 3, &figures), ELBO_OK);
    out += 3 * N * D + N;
    out[0] = (float)elbo_figures_get(&figures, "elbo");
    out[1] = (float)elbo_figures_get(&figures, "recon");
    out[2] = (float)elbo_figures_get(&figures, "kl");
}

/* ---- at work ----------------------------------------------------------------------------------------------------- */

START_TEST(figures_belong_together)
{
    elbo_run *run = new_run(&elbo_model_cvae);
    static float out[FIGURES];
    compute(run, out);
    const float *last = out + N * Z + 3 * N * D + N;
    ck_assert_double_eq_tol(last[0], -(last[1] + last[2]), 1e-3);
    for (int i = N * Z; i < N * Z + 3 * N * D; i++)
        ck_assert(out[i] >= 0 && out[i] <= 1);
    elbo_run_free(run);
}
END_TEST

START_TEST(the_label_changes_the_picture)
{
    elbo_run *run = new_run(&elbo_model_cvae);
    float a[D], b[D];
    ck_assert_int_eq(elbo_run_sample(run, (int[]){0}, 1, 1, a), ELBO_OK);
    ck_assert_int_eq(elbo_run_sample(run, (int[]){1}, 1, 1, b), ELBO_OK);
    ck_assert_mem_ne(a, b, sizeof a);
    elbo_run_free(run);
}
END_TEST

START_TEST(the_images_of_a_sample_do_not_depend_on_how_many_there_are)
{
    enum { MANY = 503 }; /* more than one call of a plan, the last one smaller */
    elbo_run *run = new_run(&elbo_model_vae);
    static float many[MANY * D], few[2 * D], other[MANY * D];
    ck_assert_int_eq(elbo_run_sample(run, NULL, MANY, 9, many), ELBO_OK);
    ck_assert_int_eq(elbo_run_sample(run, NULL, 2, 9, few), ELBO_OK);
    for (int i = 0; i < 2 * D; i++)
        ck_assert_float_eq_tol(many[i], few[i], 1e-5f);
    ck_assert_int_eq(elbo_run_sample(run, NULL, MANY, 10, other), ELBO_OK);
    for (int i = 0; i < MANY; i++) {
        ck_assert_mem_ne(many + i * D, other + i * D, D * sizeof *many);
        ck_assert_mem_ne(many + i * D, many + (i + 1) % MANY * D, D * sizeof *many);
        ck_assert_mem_ne(many + i * D, many + (i + 500) % MANY * D, D * sizeof *many);
    }
    elbo_run_free(run);
}
END_TEST

START_TEST(more_draws_bring_the_bound_closer)
{
    elbo_run *run = new_run(&elbo_model_vae);
    float one[N], two[N], many[N], most[N];
    double mean_one = 0, mean_many = 0;
    ck_assert_int_eq(elbo_run_log_prob(run, x, NULL, N, 1, 1, one), ELBO_OK);
    ck_assert_int_eq(elbo_run_log_prob(run, x, NULL, N, 2, 1, two), ELBO_OK);
    ck_assert_int_eq(elbo_run_log_prob(run, x, NULL, N, 4000, 1, many), ELBO_OK);
    ck_assert_int_eq(elbo_run_log_prob(run, x, NULL, N, 9000, 1, most), ELBO_OK); /* in three portions */
    for (int i = 0; i < N; i++) {
        mean_one += one[i] / N;
        mean_many += many[i] / N;
        ck_assert_float_eq_tol(many[i], most[i], 0.1f);
        ck_assert_float_ne(one[i], two[i]);
    }
    ck_assert_double_gt(mean_many, mean_one);
    elbo_run_free(run);
}
END_TEST

START_TEST(wrong_arguments_are_refused)
{
    elbo_run *run = new_run(&elbo_model_cvae);
    float z[Z] = {0}, out[D];
    assert_refused(elbo_run_decode(run, z, NULL, 1, out), "needs labels");
    assert_refused(elbo_run_decode(run, z, (int[]){PATTERN_CLASSES}, 1, out), "label 4 is outside the classes 0 to 3");
    assert_refused(elbo_run_decode(run, z, (int[]){-1}, 1, out), "label -1");
    assert_refused(elbo_run_decode(run, z, labels, -1, out), "-1 images");
    assert_refused(elbo_run_log_prob(run, x, labels, 1, 0, 1, out), "0 draws");
    ck_assert_int_eq(elbo_run_decode(run, z, labels, 0, out), ELBO_OK);
    elbo_run_free(run);
    ck_assert_ptr_null(elbo_run_new(&elbo_model_cvae, NULL, ELBO_SHAPE(8, 8), 0, 1));
    ck_assert_ptr_null(elbo_run_new(&elbo_model_vae, NULL, ELBO_SHAPE(0), 0, 1));
    ck_assert_ptr_null(elbo_run_new(&elbo_model_vae, NULL, ELBO_SHAPE(8, 8), 0, -1));
}
END_TEST

/* Floats from 0 to 255, or images of another size: the usual mistakes with data of one's own. */
START_TEST(data_that_does_not_fit_is_refused)
{
    elbo_run *run = new_run(&elbo_model_vae);
    static float wrong[N * D];
    for (int i = 0; i < N * D; i++)
        wrong[i] = 255 * x[i];
    elbo_images part;
    elbo_tensor pixels = elbo_tensor_of(ELBO_F32, ELBO_SHAPE(N, PATTERN_SIDE, PATTERN_SIDE), wrong);
    ck_assert_int_eq(elbo_images_of(&pixels, NULL, 0, &part), ELBO_OK);
    assert_refused(elbo_run_accepts(run, &part), "value 255 is outside [0, 1]");
    pixels = elbo_tensor_of(ELBO_F32, ELBO_SHAPE(N, 4, 16), x);
    ck_assert_int_eq(elbo_images_of(&pixels, NULL, 0, &part), ELBO_OK);
    assert_refused(elbo_run_accepts(run, &part), "images of shape (4, 16), but the model is for (8, 8)");
    elbo_run_free(run);
}
END_TEST

/* ---- as a file --------------------------------------------------------------------------------------------------- */

static void assert_same_after_loading(const elbo_model *model)
{
    elbo_run *run = new_run(model);
    static float before[FIGURES], after[FIGURES];
    ck_assert_int_eq(elbo_train(run, &images, NULL, &(elbo_training){.epochs = 1, .batch_size = 10}, NULL), ELBO_OK);
    ck_assert_int_eq(elbo_run_note(run, "remark", "hello = there"), ELBO_OK);
    compute(run, before);
    ck_assert_int_eq(elbo_run_save(run, scratch_path("run.safetensors")), ELBO_OK);
    elbo_run_free(run);

    run = elbo_run_load(scratch_path("run.safetensors"), elbo_models);
    ck_assert_msg(run != NULL, "%s", elbo_error());
    compute(run, after);
    ck_assert_mem_eq(before, after, sizeof before);

    elbo_ini configuration = {.count = 0};
    ck_assert_int_eq(elbo_run_describe(run, &configuration), ELBO_OK);
    const char *const expected[][2] = {{"model", model->name}, {"image", "8,8"},      {"seed", "5"},
                                       {"hidden", "11,9"},     {"latent-dim", "3"},   {"beta", "1"},
                                       {"batch-size", "10"},   {"optimiser", "adam"}, {"remark", "hello = there"}};
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++)
        ck_assert_pstr_eq(elbo_ini_get(&configuration, expected[i][0]), expected[i][1]);
    elbo_ini_free(&configuration);
    elbo_run_free(run);
}

START_TEST(a_loaded_run_computes_the_same_numbers)
{
    assert_same_after_loading(&elbo_model_vae);
    assert_same_after_loading(&elbo_model_cvae);
}
END_TEST

START_TEST(a_model_of_ones_own_is_trained_saved_and_loaded)
{
    elbo_run *run = elbo_run_for(&own, NULL, &images, 1);
    ck_assert_msg(run != NULL, "%s", elbo_error());
    ck_assert_int_eq(elbo_train(run, &images, &images, &(elbo_training){.epochs = 1}, NULL), ELBO_OK);
    float before[N * 2], after[N * 2];
    ck_assert_int_eq(elbo_run_latent(run), 2);
    ck_assert_int_eq(elbo_run_encode(run, x, NULL, N, before), ELBO_OK);
    ck_assert_int_eq(elbo_run_save(run, scratch_path("own")), ELBO_OK);
    elbo_run_free(run);

    assert_not_loaded("own", elbo_models, "the model \"own\"");
    run = elbo_run_load(scratch_path("own"), (const elbo_model *[]){&elbo_model_vae, &own, NULL});
    ck_assert_msg(run != NULL, "%s", elbo_error());
    ck_assert_int_eq(elbo_run_encode(run, x, NULL, N, after), ELBO_OK);
    ck_assert_mem_eq(before, after, sizeof before);
    elbo_run_free(run);
}
END_TEST

/* Saves a run, has `edit` change the file's content, and writes that back. */
static void write_edited(void (*edit)(elbo_named_tensor *tensors, int64_t *count, elbo_pair *pairs, int64_t *n_pairs))
{
    elbo_run *run = new_run(&elbo_model_vae);
    ck_assert_int_eq(elbo_run_save(run, scratch_path("run")), ELBO_OK);
    elbo_run_free(run);
    elbo_safetensors file;
    ck_assert_int_eq(elbo_safetensors_open(scratch_path("run"), &file), ELBO_OK);
    elbo_named_tensor tensors[64];
    elbo_pair pairs[256];
    int64_t count = file.count, n_pairs = file.pairs;
    memcpy(tensors, file.tensors, (size_t)count * sizeof *tensors);
    memcpy(pairs, file.metadata, (size_t)n_pairs * sizeof *pairs);
    edit(tensors, &count, pairs, &n_pairs);
    ck_assert_int_eq(elbo_safetensors_write(scratch_path("edited"), tensors, count, pairs, n_pairs), ELBO_OK);
    elbo_safetensors_close(&file);
}

static void rename_a_parameter(elbo_named_tensor *tensors, int64_t *count, elbo_pair *pairs, int64_t *n_pairs)
{
    (void)pairs, (void)n_pairs;
    for (int64_t i = 0; i < *count; i++)
        if (strcmp(tensors[i].name, "encoder.mean.bias") == 0)
            tensors[i].name = "encoder.men.bias";
}

static void leave_out_a_parameter(elbo_named_tensor *tensors, int64_t *count, elbo_pair *pairs, int64_t *n_pairs)
{
    (void)pairs, (void)n_pairs;
    memmove(tensors, tensors + 1, (size_t)-- * count * sizeof *tensors);
}

static void forget_the_metadata(elbo_named_tensor *tensors, int64_t *count, elbo_pair *pairs, int64_t *n_pairs)
{
    (void)tensors, (void)count, (void)pairs;
    *n_pairs = 0;
}

static void set_pair(elbo_pair *pairs, int64_t n_pairs, const char *key, const char *value)
{
    for (int64_t i = 0; i < n_pairs; i++)
        if (strcmp(pairs[i].key, key) == 0)
            pairs[i].value = value;
}

static void change_the_latent_dimension(elbo_named_tensor *tensors, int64_t *count, elbo_pair *pairs, int64_t *n_pairs)
{
    (void)tensors, (void)count;
    set_pair(pairs, *n_pairs, "latent-dim", "4");
}

static void make_an_option_impossible(elbo_named_tensor *tensors, int64_t *count, elbo_pair *pairs, int64_t *n_pairs)
{
    (void)tensors, (void)count;
    set_pair(pairs, *n_pairs, "beta", "-1");
}

static void name_another_model(elbo_named_tensor *tensors, int64_t *count, elbo_pair *pairs, int64_t *n_pairs)
{
    (void)tensors, (void)count;
    set_pair(pairs, *n_pairs, "model", "vqvae");
}

START_TEST(files_that_are_no_run_of_a_known_model_are_refused)
{
    static const struct {
        void (*edit)(elbo_named_tensor *, int64_t *, elbo_pair *, int64_t *);
        const char *reason;
    } cases[] = {
        {rename_a_parameter, "has no parameter \"encoder.men.bias\"; the nearest is \"encoder.mean.bias\""},
        {leave_out_a_parameter, "lacks the parameter"},
        {forget_the_metadata, "name no model"},
        {change_the_latent_dimension, "but the model \"vae\" has f32"},
        {make_an_option_impossible, "option \"beta\": -1 is less than 0"},
        {name_another_model, "the model \"vqvae\", which is not known"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        write_edited(cases[i].edit);
        assert_not_loaded("edited", elbo_models, cases[i].reason);
    }
    assert_not_loaded("missing", elbo_models, "No such file");
    assert_not_loaded("", elbo_models, "holds no run: there is no model.safetensors");
}
END_TEST

START_TEST(what_the_model_says_cannot_be_noted)
{
    elbo_run *run = new_run(&elbo_model_vae);
    assert_refused(elbo_run_note(run, "hidden", "1"), "\"hidden\" is no note");
    assert_refused(elbo_run_note(run, "model", "x"), "\"model\" is no note");
    assert_refused(elbo_run_note(run, "a b", "x"), "cannot be a key");
    elbo_run_free(run);
}
END_TEST

Suite *suite_run(void)
{
    Suite *suite = suite_create("run");
    TCase *work = tcase_create("at work"), *file = tcase_create("as a file");
    tcase_add_checked_fixture(work, setup, scratch_teardown);
    tcase_add_test(work, figures_belong_together);
    tcase_add_test(work, the_label_changes_the_picture);
    tcase_add_test(work, the_images_of_a_sample_do_not_depend_on_how_many_there_are);
    tcase_add_test(work, more_draws_bring_the_bound_closer);
    tcase_add_test(work, wrong_arguments_are_refused);
    tcase_add_test(work, data_that_does_not_fit_is_refused);
    suite_add_tcase(suite, work);
    tcase_add_checked_fixture(file, setup, scratch_teardown);
    tcase_add_test(file, a_loaded_run_computes_the_same_numbers);
    tcase_add_test(file, a_model_of_ones_own_is_trained_saved_and_loaded);
    tcase_add_test(file, files_that_are_no_run_of_a_known_model_are_refused);
    tcase_add_test(file, what_the_model_says_cannot_be_noted);
    suite_add_tcase(suite, file);
    return suite;
}
