/* What PCA and its probabilistic form share: what is fitted, and how. */
#include "pca.h"

#include <math.h>

#include "../nn/pca/pca.h"
#include "../tensor/error_private.h"
#include "../tensor/text.h"

elbo__pca elbo__pca_find(elbo_in *in)
{
    const int64_t dims = elbo_option_integer(in, "latent-dim"), pixels = elbo_size(in->x, -1);
    const elbo_init one = elbo_init_constant(1);
    elbo__pca found; /* in statements of their own, which give the parameter set its order */
    found.mean = elbo_state(in->g, "mean", ELBO_SHAPE(pixels), elbo_init_zeros());
    found.axes = elbo_state(in->g, "components", ELBO_SHAPE(dims, pixels), elbo_init_zeros());
    found.variances = elbo_state(in->g, "variances", ELBO_SHAPE(dims), one);
    found.noise = elbo_state(in->g, "noise", ELBO_SCALAR, one);
    return found;
}

elbo_var *elbo__pca_project(elbo_in *in, const elbo__pca *f)
{
    return elbo_affine(elbo_sub(in->x, f->mean), f->axes, NULL);
}

elbo_var *elbo__pca_compose(elbo_var *c, const elbo__pca *f)
{
    return elbo_affine(c, elbo_transpose(f->axes), f->mean);
}

/* Copies numbers (any of the shape's size) to the weight of that name. */
static void set(elbo_run *run, const char *name, const double *values)
{
    elbo_params *params = elbo_run_params(run);
    elbo_tensor to = elbo_params_tensor(params, elbo_params_find(params, name));
    elbo_tensor from = elbo_tensor_of(ELBO_F64, to.layout.shape, values);
    elbo_tensor_copy(&to, &from);
}

elbo_status elbo__pca_fit(elbo_run *run, const elbo_images *images)
{
    const elbo_rows rows = elbo_rows_of_images(images);
    const int64_t dims = elbo_run_latent(run), others = rows.columns - dims;
    char explained[32];
    elbo_pca pca;
    elbo_status status = elbo_pca_fit(&rows, dims, &pca);
    if (status == ELBO_INVALID && (dims > rows.count || dims > rows.columns))
        return elbo__fail(status, "%s (option \"latent-dim\")", elbo_error());
    if (status != ELBO_OK)
        return status;
    const double share = elbo_pca_explained(&pca, dims);
    const double left = others > 0 ? pca.total * (1 - share) / (double)others : 0, noise = fmax(left, ELBO__PCA_LEAST);
    for (int64_t i = 0; i < dims; i++)
        pca.variances[i] = fmax(pca.variances[i], noise);
    set(run, "mean", pca.mean);
    set(run, "components", pca.axes);
    set(run, "variances", pca.variances);
    set(run, "noise", &noise);
    const char *method = pca.method;
    elbo_pca_free(&pca);
    elbo__print(explained, sizeof explained, "%.6f", share);
    status = elbo_run_note(run, "explained-variance", explained);
    return status == ELBO_OK ? elbo_run_note(run, "fitted-by", method) : status;
}
