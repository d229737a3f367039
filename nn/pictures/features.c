/* What the units of a first layer look for. */
#include <math.h>
#include <string.h>

#include "../../tensor/memory.h"
#include "picture_private.h"

enum { COLUMNS = 10 };

/* The first matrix of the set whose rows begin with one weight for each pixel: (units, D), or (units, D + C) with
 * labels. -1 where there is none, or where a convolution comes first: what follows it does not look at pixels. */
static int find_layer(elbo_run *run)
{
    for (int i = 0; i < elbo_params_count(run->params); i++) {
        const elbo_shape shape = elbo_params_shape(run->params, i);
        if (shape.ndim > 2)
            return -1;
        if (shape.ndim == 2 && (shape.dim[1] == run->pixels || shape.dim[1] == run->pixels + run->classes))
            return i;
    }
    return -1;
}

/* x_j = w_j / |w| as grey: 1/2 for 0, with the largest |x_j| at 0 or 1 */
static void draw_unit(const elbo_tensor *weight, int64_t unit, int64_t pixels, float *x)
{
    double most = 0;
    for (int64_t j = 0; j < pixels; j++) {
        x[j] = (float)elbo_tensor_get(weight, (int64_t[]){unit, j});
        most = fmax(most, fabs(x[j]));
    }
    for (int64_t j = 0; j < pixels; j++)
        x[j] = most > 0 ? (float)(0.5 + 0.5 * x[j] / most) : 0.5f;
}

elbo_status elbo_picture_features(elbo_run *run, int64_t n, const char *path)
{
    const int layer = find_layer(run), mean = elbo_params_find(run->params, "mean");
    if (layer < 0)
        return elbo__fail(ELBO_INVALID, "model \"%s\": no dense layer looks at the pixels themselves",
                          run->model->name);
    const elbo_tensor weight = elbo_params_tensor(run->params, layer);
    const elbo_shape shape = mean < 0 ? ELBO_SCALAR : elbo_params_shape(run->params, mean);
    const int64_t before = shape.ndim == 1 && shape.dim[0] == run->pixels, units = weight.layout.shape.dim[0];
    n = n < units ? n : units;
    elbo_status status = elbo__check_shown(run, n + before, COLUMNS, path);
    if (status != ELBO_OK)
        return status;
    float *x = elbo__numbers(n + before, run->pixels);
    if (!x)
        return n + before < 1 ? ELBO_INVALID : ELBO_NO_MEMORY;
    if (before) {
        const elbo_tensor from = elbo_params_tensor(run->params, mean);
        const elbo_tensor to = elbo_tensor_of(ELBO_F32, shape, x);
        elbo_tensor_copy(&to, &from);
    }
    for (int64_t i = 0; i < n; i++)
        draw_unit(&weight, i, run->pixels, x + (before + i) * run->pixels);
    status = elbo__picture_write(&(elbo__shown){.run = run, .x = x, .n = before + n, .columns = COLUMNS}, path);
    elbo__free(x);
    return status;
}
