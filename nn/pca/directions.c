/* What a linear decoder can draw: its directions, by probing. */
#include <math.h>
#include <string.h>

#include "../../tensor/memory.h"
#include "../runs/run_private.h"
#include "pca.h"

/* Rows of z (Z + 2, Z): the unit vectors, 0, and the sum of all. */
static void fill_directions(int64_t dims, float *z)
{
    for (int64_t i = 0; i < dims; i++) {
        z[i * dims + i] = 1;
        z[(dims + 1) * dims + i] = 1;
    }
}

/* all (Z + 2, D), decoded from such rows, as differences to that of 0; whether those of the unit vectors add up to that
 * of their sum, as far as rounding allows. */
static bool take_differences(int64_t dims, int64_t pixels, float *all)
{
    const float *zero = all + dims * pixels;
    double most = 0, off = 0;
    for (int64_t k = 0; k < pixels; k++) {
        double sum = 0;
        for (int64_t i = 0; i < dims; i++) {
            all[i * pixels + k] -= zero[k];
            sum += all[i * pixels + k];
            most = fmax(most, fabs(all[i * pixels + k]));
        }
        off = fmax(off, fabs(sum - (all[(dims + 1) * pixels + k] - zero[k])));
    }
    return off <= 1e-5 * (double)dims * (most + 1);
}

elbo_status elbo_run_directions(elbo_run *run, float *x)
{
    const int64_t dims = run->latent;
    float *z = elbo__calloc((size_t)dims + 2, (size_t)dims * sizeof *z);
    float *all = elbo__calloc((size_t)dims + 2, (size_t)run->pixels * sizeof *all);
    int *labels = elbo__calloc((size_t)dims + 2, sizeof *labels);
    elbo_status status = z && all && labels ? ELBO_OK : ELBO_NO_MEMORY;
    if (status == ELBO_OK) {
        fill_directions(dims, z);
        status = elbo_run_decode(run, z, labels, dims + 2, all);
    }
    if (status == ELBO_OK)
        status = elbo__check_finite(run, "what it decodes", all, (dims + 2) * run->pixels);
    if (status == ELBO_OK && !take_differences(dims, run->pixels, all))
        status = elbo__fail(ELBO_INVALID, "model \"%s\": its decoder is not linear", run->model->name);
    if (status == ELBO_OK)
        memcpy(x, all, (size_t)(dims * run->pixels) * sizeof *x);
    elbo__free(z);
    elbo__free(all);
    elbo__free(labels);
    return status;
}
