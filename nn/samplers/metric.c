/* Codes where a learned metric G says that there are images: p(z) in proportion to sqrt det G^-1(z), by Hamiltonian
 * Monte Carlo from one of the codes that the metric is made around (Chadebec et al., arXiv:2105.00026, section 4.3). */
#include <string.h>

#include "../../tensor/error_private.h"
#include "../../tensor/memory.h"
#include "../../tensor/random.h"
#include "hmc.h"
#include "sampler_private.h"

#define CENTROIDS "encoder.metric.centroids"

static elbo_status has_metric(const elbo_run *run)
{
    return elbo_params_find(run->params, CENTROIDS) >= 0
               ? ELBO_OK
               : elbo__fail(ELBO_INVALID, "sampler rhvae: model \"%s\" has learned no metric", run->model->name);
}

/* A run and room for n points. */
typedef struct {
    elbo_run *run;
    float *z, *density, *gradient;
} asked;

static elbo_status density(void *user, const double *z, int64_t n, double *log_density, double *gradient)
{
    const asked *a = user;
    const int64_t dims = a->run->latent;
    for (int64_t i = 0; i < n * dims; i++)
        a->z[i] = (float)z[i];
    elbo_status status = elbo_run_metric(a->run, a->z, n, a->density, a->gradient);
    for (int64_t i = 0; i < n && status == ELBO_OK; i++)
        log_density[i] = a->density[i];
    for (int64_t i = 0; i < n * dims && status == ELBO_OK; i++)
        gradient[i] = a->gradient[i];
    return status;
}

/* A chain of codes z (Z) begins at one of the centroids. */
static void begin(const elbo_run *run, int64_t seed, int64_t row, double *z)
{
    const elbo_tensor centroids = elbo_params_tensor(run->params, elbo_params_find(run->params, CENTROIDS));
    const elbo__random_key key = {.seed = (uint64_t)seed, .stream = elbo__stream("sampler", "centroid", 0)};
    double u;
    elbo__uniform_f64(&u, 1, 1, 1, key, (uint64_t)row, 0);
    const int64_t which = (int64_t)(u * (double)centroids.layout.shape.dim[0]);
    for (int64_t j = 0; j < run->latent; j++)
        z[j] = elbo_tensor_get(&centroids, (int64_t[]){which, j});
}

static elbo_status draw(elbo_sampler *s, const int *labels, int64_t n, int64_t seed, float *z)
{
    const int64_t dims = s->run->latent;
    const size_t count = n > 0 ? (size_t)n : 0, size = (size_t)dims;
    asked a = {s->run, elbo__calloc(count, size * sizeof(float)), elbo__calloc(count, sizeof(float)),
               elbo__calloc(count, size * sizeof(float))};
    double *at = elbo__calloc(count, size * sizeof *at);
    const elbo__hmc how = {.dims = dims,
                           .proposals = elbo_values_integer(s->values, "hmc-proposals"),
                           .leaps = elbo_values_integer(s->values, "hmc-leaps"),
                           .step = elbo_values_number(s->values, "hmc-step"),
                           .density = density,
                           .user = &a};
    elbo_status status = a.z && a.density && a.gradient && at ? ELBO_OK : ELBO_NO_MEMORY;
    (void)labels; /* on which the metric does not depend */
    for (int64_t i = 0; i < n && status == ELBO_OK; i++)
        begin(s->run, seed, i, at + i * dims);
    if (status == ELBO_OK)
        status = elbo__hmc_run(&how, (uint64_t)seed, 0, n, at, NULL);
    for (int64_t i = 0; i < n * dims && status == ELBO_OK; i++)
        z[i] = (float)at[i];
    elbo__free(a.z);
    elbo__free(a.density);
    elbo__free(a.gradient);
    elbo__free(at);
    return status;
}

const elbo__sampler_kind elbo__sampler_rhvae = {.check = has_metric, .draw = draw};
