#include "hmc.h"

#include <math.h>
#include <string.h>

#include "../../tensor/memory.h"
#include "../../tensor/random.h"
#include "../../tensor/watch_private.h"

/* n chains: places and momenta (n, Z) each, and what the density is there. */
typedef struct {
    int64_t n;
    double *z, *momentum, *gradient, *log_density;
} places;

static elbo_status look(const elbo__hmc *how, places *p)
{
    return how->density(how->user, p->z, p->n, p->log_density, p->gradient);
}

/* |p|^2 / 2 - log density of chain i */
static double energy(const elbo__hmc *how, const places *p, int64_t i)
{
    double square = 0;
    for (int64_t j = i * how->dims; j < (i + 1) * how->dims; j++)
        square += p->momentum[j] * p->momentum[j];
    return square / 2 - p->log_density[i];
}

static void push(const elbo__hmc *how, places *p, double step)
{
    for (int64_t j = 0; j < p->n * how->dims; j++)
        p->momentum[j] += step * p->gradient[j];
}

static elbo_status leap(const elbo__hmc *how, places *p)
{
    elbo_status status = ELBO_OK;
    for (int64_t i = 0; i < how->leaps && status == ELBO_OK; i++) {
        push(how, p, how->step / 2);
        for (int64_t j = 0; j < p->n * how->dims; j++)
            p->z[j] += how->step * p->momentum[j];
        status = look(how, p);
        push(how, p, how->step / 2);
    }
    return status;
}

/* Chain i of one to that of the other. */
static void copy_chain(const elbo__hmc *how, places *to, const places *from, int64_t i)
{
    const int64_t at = i * how->dims;
    const size_t size = (size_t)how->dims * sizeof *to->z;
    memcpy(to->z + at, from->z + at, size);
    memcpy(to->momentum + at, from->momentum + at, size);
    memcpy(to->gradient + at, from->gradient + at, size);
    to->log_density[i] = from->log_density[i];
}

/* Proposal number i of all chains. */
static elbo_status propose(const elbo__hmc *how, uint64_t seed, uint64_t first, uint64_t i, places *at, places *to,
                           int64_t *count)
{
    const elbo__random_key momenta = {.seed = seed, .stream = elbo__stream("sampler", "momentum", 0), .step = i},
                           chances = {.seed = seed, .stream = elbo__stream("sampler", "accept", 0), .step = i};
    elbo__normal_f64(at->momentum, at->n, 1, how->dims, momenta, first, 0);
    for (int64_t k = 0; k < at->n; k++)
        copy_chain(how, to, at, k);
    elbo_status status = leap(how, to);
    for (int64_t k = 0; k < at->n && status == ELBO_OK; k++) {
        double chance;
        elbo__uniform_f64(&chance, 1, 1, 1, chances, first + (uint64_t)k, 0);
        if (log(chance) < energy(how, at, k) - energy(how, to, k)) { /* which NaN is not */
            copy_chain(how, at, to, k);
            ++*count;
        }
    }
    return status;
}

static places places_in(double *room, int64_t n, int64_t dims)
{
    return (places){n, room, room + n * dims, room + 2 * n * dims, room + 3 * n * dims};
}

elbo_status elbo__hmc_run(const elbo__hmc *how, uint64_t seed, uint64_t first, int64_t n, double *z, double *accepted)
{
    const int64_t dims = how->dims;
    double *room = elbo__calloc((size_t)n, (size_t)(6 * dims + 2) * sizeof *room);
    int64_t count = 0;
    if (!room)
        return ELBO_NO_MEMORY;
    places at = places_in(room, n, dims), to = places_in(room + n * (3 * dims + 1), n, dims);
    memcpy(at.z, z, (size_t)(n * dims) * sizeof *z);
    elbo_status status = look(how, &at);
    for (int64_t i = 0; i < how->proposals && status == ELBO_OK; i++) {
        status = elbo__watched("drawing codes", i, how->proposals);
        if (status == ELBO_OK)
            status = propose(how, seed, first, (uint64_t)i, &at, &to, &count);
    }
    if (status == ELBO_OK)
        memcpy(z, at.z, (size_t)(n * dims) * sizeof *z);
    if (accepted)
        *accepted = how->proposals > 0 && n > 0 ? (double)count / ((double)how->proposals * (double)n) : 1;
    elbo__free(room);
    return status;
}
