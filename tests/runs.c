#include "runs.h"

#include <check.h>
#include <string.h>

#include "numbers.h"

elbo_values *options_of(const elbo_model *model, const char *const *pairs)
{
    elbo_values *values = elbo_model_values(model);
    ck_assert_msg(values != NULL, "%s", elbo_error());
    for (; *pairs; pairs += 2)
        assert_ok(elbo_values_set(values, pairs[0], pairs[1]));
    return values;
}

static elbo_run *new_run(const elbo_model *model, const char *const *pairs, elbo_shape image, int classes)
{
    elbo_values *values = options_of(model, pairs);
    elbo_run *run = elbo_run_new(model, values, image, classes, 1);
    elbo_values_free(values);
    return run;
}

elbo_run *run_of(const elbo_model *model, const char *const *pairs, elbo_shape image, int classes)
{
    elbo_run *run = new_run(model, pairs, image, classes);
    ck_assert_msg(run != NULL, "%s", elbo_error());
    return run;
}

void assert_no_run(const elbo_model *model, const char *const *pairs, elbo_shape image, const char *reason)
{
    ck_assert_ptr_null(new_run(model, pairs, image, 0));
    ck_assert_msg(strstr(elbo_error(), reason) != NULL, "\"%s\" does not say \"%s\"", elbo_error(), reason);
}

void assert_refused(elbo_status status, const char *reason)
{
    ck_assert_int_ne(status, ELBO_OK);
    ck_assert_msg(strstr(elbo_error(), reason) != NULL, "\"%s\" does not say \"%s\"", elbo_error(), reason);
}

void assert_ok(elbo_status status)
{
    ck_assert_msg(status == ELBO_OK, "%s", elbo_error());
}

elbo_images images_of(const float *x, int64_t n, elbo_shape image)
{
    elbo_images images;
    elbo_shape shape = {.ndim = image.ndim + 1, .dim = {n}};
    memcpy(shape.dim + 1, image.dim, (size_t)image.ndim * sizeof image.dim[0]);
    const elbo_tensor pixels = elbo_tensor_of(ELBO_F32, shape, x);
    assert_ok(elbo_images_of(&pixels, NULL, 0, &images));
    return images;
}

double evaluated(elbo_run *run, const elbo_images *images, int64_t seed, const char *name)
{
    elbo_figures figures;
    assert_ok(elbo_run_evaluate(run, images, 0, seed, &figures));
    for (int i = 0; i < figures.count; i++)
        if (strcmp(figures.at[i].name, name) == 0)
            return figures.at[i].value;
    ck_abort_msg("no metric \"%s\"", name);
}

static elbo_tensor param(elbo_run *run, const char *name)
{
    const int index = elbo_params_find(elbo_run_params(run), name);
    ck_assert_msg(index >= 0, "no parameter \"%s\"", name);
    return elbo_params_tensor(elbo_run_params(run), index);
}

void run_param(elbo_run *run, const char *name, double *out)
{
    const elbo_tensor from = param(run, name), to = elbo_tensor_of(ELBO_F64, from.layout.shape, out);
    elbo_tensor_copy(&to, &from);
}

void run_set_param(elbo_run *run, const char *name, const double *values)
{
    const elbo_tensor to = param(run, name), from = elbo_tensor_of(ELBO_F64, to.layout.shape, values);
    elbo_tensor_copy(&to, &from);
    elbo_params_touch(elbo_run_params(run));
}

void grey_levels(float *x, int n)
{
    numbers random = {1};
    for (int i = 0; i < n; i++)
        x[i] = (float)numbers_between(&random, 0, 1);
}

void assert_learns(const elbo_model *model, const char *const *pairs, bool labels)
{
    static float x[5 * 36];
    static int32_t y[5] = {0, 1, 2, 1, 0};
    grey_levels(x, 5 * 36);
    elbo_images images = images_of(x, 5, ELBO_SHAPE(6, 6));
    if (labels) {
        images.labels = elbo_tensor_of(ELBO_I32, ELBO_SHAPE(5), y);
        images.classes = 3;
    }
    elbo_run *run = run_of(model, pairs, ELBO_SHAPE(6, 6), labels ? 3 : 0);
    elbo_epoch epoch;
    assert_ok(elbo_train(run, &images, &images, &(elbo_training){.epochs = 1, .batch_size = 2}, &epoch));
    const double before = elbo_figures_get(&epoch.test, "loss");
    assert_ok(elbo_train(run, &images, &images, &(elbo_training){.epochs = 60, .batch_size = 2}, &epoch));
    const double after = elbo_figures_get(&epoch.test, "loss");
    ck_assert_msg(after < before - 0.5, "loss %g, then %g", before, after);
    elbo_run_free(run);
}
