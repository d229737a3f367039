#include "small_model.h"

#include <check.h>
#include <string.h>

const double pixels[B * D] = {0,   1,   0.5, 0.2, 0.9, 0, 1, 1, 0, 0, 0.3, 0.6,
                              0.1, 0.8, 0.4, 0,   1,   1, 0, 0, 0, 1, 0.7, 0.5};
const double labels[B * C] = {1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 1, 0};

elbo_values *small_options(const elbo_model *model)
{
    elbo_values *values = elbo_model_values(model);
    ck_assert_ptr_nonnull(values);
    if (elbo_values_get(values, "hidden", ELBO_SIZES))
        ck_assert_int_eq(elbo_values_set(values, "hidden", "5"), ELBO_OK);
    ck_assert_int_eq(elbo_values_set(values, "latent-dim", "2"), ELBO_OK);
    if (elbo_values_get(values, "code-dim", ELBO_INTEGER)) /* of 2 by 3 pixels conv makes one position */
        ck_assert_int_eq(elbo_values_set(values, "code-dim", "2"), ELBO_OK);
    if (elbo_values_get(values, "ladder-dims", ELBO_SIZES))
        ck_assert_int_eq(elbo_values_set(values, "ladder-dims", "1,1"), ELBO_OK);
    return values;
}

elbo_in inputs(rig *r, const elbo_model *model, const elbo_values *options, int draws)
{
    elbo_in in = {.g = r->g, .model = model, .options = options, .image = ELBO_SHAPE(2, 3), .draws = draws};
    in.x = rig_input(r, "x", ELBO_SHAPE(B, D), pixels);
    if (elbo_model_takes_labels(model, options))
        in.y = rig_input(r, "y", ELBO_SHAPE(B, C), labels);
    rig_scalar(r, "beta", 1);
    rig_scalar(r, "lr", 0.01);
    rig_scalar(r, "step", 1);
    rig_scalar(r, "epoch", 1);
    rig_scalar(r, "dataset-size", 100);
    return in;
}

const elbo_metric *metric(const elbo_in *in, const char *name)
{
    for (int i = 0; i < in->n_metrics; i++)
        if (strcmp(in->metrics[i].name, name) == 0)
            return &in->metrics[i];
    return NULL;
}

double measured(rig *r, const elbo_in *in, const char *name)
{
    const elbo_metric *m = metric(in, name);
    ck_assert_msg(m != NULL, "no metric \"%s\"", name);
    return rig_number(r, m->value);
}

rig trained_rig(const elbo_model *model, const elbo_values *options, elbo_dtype dtype)
{
    rig r = rig_new(dtype, ELBO_TRAIN);
    elbo_in in = inputs(&r, model, options, 1);
    elbo_model_evaluate(&in);
    measured(&r, &in, "loss");
    rig_next_graph(&r, ELBO_EVALUATE);
    return r;
}
